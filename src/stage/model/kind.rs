//! Every kind of model, one a line: which one it is, is a branch and no indirect call.

use super::contract::{Expected, Model};
use super::linear::Linear;
use super::settings::Form;
use crate::event::Features;

/// A model of some kind.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Linear(Linear),
}

impl Kind {
    pub(super) fn new(form: &Form) -> Kind {
        match form {
            Form::Linear(coefficients) => Kind::Linear(Linear::new(coefficients)),
        }
    }
}

impl Model for Kind {
    fn horizons(&self) -> u8 {
        match self {
            Kind::Linear(model) => model.horizons(),
        }
    }

    #[inline(always)]
    fn expect(&mut self, features: &Features, slot: usize) -> Option<Expected> {
        match self {
            Kind::Linear(model) => model.expect(features, slot),
        }
    }
}
