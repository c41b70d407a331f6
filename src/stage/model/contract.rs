//! What a model offers.
//!
//! In: features, and the place of what the model keeps for their instrument. Out: what it expects.
//! Never: a clock, an allocation after construction, a number that differs between hosts.

use crate::event::Features;

/// What a model expects over its horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Log return of the mid, basis points.
    pub bps: f32,
    /// Probability that the mid is higher, 0 to 1.
    pub up: f32,
}

/// One way to come from features to an expectation.
pub trait Model {
    /// Horizons of the features that it reads, bit `h` for horizon `h`: it is asked only where all
    /// of them are ready.
    fn horizons(&self) -> u8;

    /// What it expects. `slot` counts the instruments of this model from 0: a model with a memory
    /// keeps it there. `None` where the numbers have no meaning.
    fn expect(&mut self, features: &Features, slot: usize) -> Option<Expected>;
}
