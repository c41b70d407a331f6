//! Book.

mod contract;
mod form;
mod ladder;
mod checksum;
mod window;
mod near;
mod far;
mod grid;
mod bitmap;
#[cfg(test)]
mod twin;

pub use contract::{Best, Sides};
pub use form::Form;
pub use ladder::Ladder;
pub use window::Window;
