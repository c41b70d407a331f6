//! What a model offers.
//!
//! In: features, the time, and the place of what the model keeps for their instrument. Out: what it
//! expects.
//! Never: a clock, an allocation after construction, a number that differs between hosts of one
//! instruction set.

use crate::base::Nanos;
use crate::event::Features;

/// What a model expects over its horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Log return of the mid, basis points.
    pub bps: f32,
    /// Probability that the mid is higher, 0 to 1.
    pub up: f32,
}

/// What a model says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// What it expects.
    Expected(Expected),
    /// It has not seen enough yet.
    Warming,
    /// The numbers have no meaning.
    Failed,
}

/// One way to come from features to an expectation.
pub trait Model {
    /// Horizons of the features that it reads, bit `h` for horizon `h`: it is asked only where all
    /// of them are ready.
    fn horizons(&self) -> u8;

    /// What it expects. `slot` counts the instruments of this model from 0: a model with a memory
    /// keeps it there.
    fn expect(&mut self, now: Nanos, features: &Features, slot: usize) -> Answer;

    /// The instrument's book is not live, or features are not ready: what was seen does not lead to
    /// what will be.
    fn forget(&mut self, _slot: usize) {}

    /// Work that can wait until the frame is out.
    fn rest(&mut self) {}
}
