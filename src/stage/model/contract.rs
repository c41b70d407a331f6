//! What a model offers, and what may stand beside the stage.
//!
//! In: features, the time, and the place of what the model keeps for their instrument. Out: what it
//! expects.
//! Never: a clock, an allocation after construction, a number that differs between hosts of one
//! instruction set.

use std::fmt::Debug;

use crate::base::Nanos;
use crate::event::{Ask, Features, Late};

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
    /// It came after its deadline.
    Late,
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

/// Says whether an answer came in time. A live session measures, and hands on what was late to be
/// journalled; a replay was told what was. So the stage has no clock, and both do the same.
pub trait Watch: Debug + Send {
    /// An answer is asked for.
    fn begin(&mut self);

    /// The answer is there: did it take longer than `deadline_ns`? True only where that is written
    /// down: what cannot be journalled is not late.
    fn is_late(&mut self, answer: Late, deadline_ns: i64) -> bool;
}

/// Where rows go for a network that runs on a thread of its own. A replay has none: it is told what
/// the network made of them.
pub trait Post: Debug + Send {
    /// The latest rows of the instrument at `slot` of its model.
    fn post(&mut self, slot: usize, ask: &Ask);
}
