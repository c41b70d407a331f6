//! Net: a network that learns: its weights, both passes through it, and the steps downhill.
//!
//! Never: a recording, a label's meaning, a file.

mod chance;
mod weights;
mod cell;
mod pass;
mod adam;
#[cfg(test)]
mod proofs;

pub use adam::{Adam, Rate};
pub use chance::Chance;
pub use pass::{Batch, Dropout, Pass};
pub use weights::{Shape, Weights};
