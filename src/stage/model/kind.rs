//! Every kind of model, one a line: which one it is, is a branch and no indirect call.

use super::beside::Beside;
use super::contract::{Answer, Model};
use super::linear::Linear;
use super::lstm::Lstm;
use super::settings::Form;
use crate::base::Nanos;
use crate::event::Features;

/// A model of some kind.
#[derive(Debug)]
pub(super) enum Kind {
    Linear(Linear),
    Lstm(Box<Lstm>),
    Beside(Box<Beside>),
}

impl Kind {
    /// For so many instruments.
    pub(super) fn new(form: &Form, slots: usize) -> Kind {
        match form {
            Form::Linear(coefficients) => Kind::Linear(Linear::new(coefficients)),
            Form::Lstm(network) => Kind::Lstm(Box::new(Lstm::new(network, slots))),
            Form::Beside(of) => Kind::Beside(Box::new(Beside::new(of, slots))),
        }
    }
}

impl Model for Kind {
    fn horizons(&self) -> u8 {
        match self {
            Kind::Linear(model) => model.horizons(),
            Kind::Lstm(model) => model.horizons(),
            Kind::Beside(model) => model.horizons(),
        }
    }

    #[inline(always)]
    fn expect(&mut self, now: Nanos, features: &Features, slot: usize) -> Answer {
        match self {
            Kind::Linear(model) => model.expect(now, features, slot),
            Kind::Lstm(model) => model.expect(now, features, slot),
            Kind::Beside(model) => model.expect(now, features, slot),
        }
    }

    #[inline(always)]
    fn forget(&mut self, slot: usize) {
        match self {
            Kind::Linear(model) => model.forget(slot),
            Kind::Lstm(model) => model.forget(slot),
            Kind::Beside(model) => model.forget(slot),
        }
    }

    #[inline(always)]
    fn rest(&mut self) {
        match self {
            Kind::Linear(model) => model.rest(),
            Kind::Lstm(model) => model.rest(),
            Kind::Beside(model) => model.rest(),
        }
    }
}
