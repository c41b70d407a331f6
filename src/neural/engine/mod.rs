//! The own engine: weights packed once, steps and windows over them.
//!
//! In: a network, rows of features. Out: outputs.
//! Never: an allocation after construction.

mod forward;
mod head;
mod own;
mod pack;
mod product;
mod reach;
mod state;
#[cfg(test)]
mod tests;

pub use own::Engine;
pub use reach::Reach;
pub use state::{Scratch, State};
