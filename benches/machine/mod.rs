//! Our machine as the benches run it: all eight stages on one core, an order at every frame.
//!
//! In: frames. Out: order bytes.

#![allow(dead_code, reason = "each bench uses what it needs of it")]

pub(crate) mod chain;
mod desk;
pub(crate) mod outfit;
