//! Every kind of strategy, one a line: which one it is, is a branch and no indirect call.

use super::contract::Strategy;
use super::desk::Desk;
use super::settings::{Form, Momentum, Reversion};
use crate::event::Outlook;

/// A strategy of some kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Reversion(Reversion),
    Momentum(Momentum),
}

impl Kind {
    pub(super) fn new(form: &Form) -> Kind {
        match form {
            Form::Reversion(reversion) => Kind::Reversion(*reversion),
            Form::Momentum(momentum) => Kind::Momentum(*momentum),
        }
    }
}

impl Strategy for Kind {
    #[inline(always)]
    fn is_ready(&self, outlook: &Outlook<'_>) -> bool {
        match self {
            Kind::Reversion(reversion) => reversion.is_ready(outlook),
            Kind::Momentum(momentum) => momentum.is_ready(outlook),
        }
    }

    #[inline(always)]
    fn decide(&self, outlook: &Outlook<'_>, desk: &mut Desk<'_>) {
        match self {
            Kind::Reversion(reversion) => reversion.decide(outlook, desk),
            Kind::Momentum(momentum) => momentum.decide(outlook, desk),
        }
    }

    fn rest_ns_max(&self) -> i64 {
        match self {
            Kind::Reversion(reversion) => reversion.rest_ns_max(),
            Kind::Momentum(momentum) => momentum.rest_ns_max(),
        }
    }
}
