//! The plain build of the whole chain: from a frame's bytes to an order's text.
//!
//! As a competent engineer would write it who does not try to be quick: `serde_json` into typed
//! structures, trees for books, running sums for signals, owned messages, `format!` for orders. An
//! order is made at every frame, so that each frame goes all the way.
//!
//! Three drivers of the same stages: [`Direct`] calls, [`Std`] channels on one thread, [`Tokio`]
//! channels on a runtime of one thread.
//!
//! It is spared what ours must do: the kind of a frame is known beforehand, holes in update ids are
//! not looked for, nothing is journalled or counted.

mod book;
mod channel;
mod direct;
mod encode;
mod message;
mod parse;
mod risk;
mod signal;
mod strategy;
mod task;

pub use book::Book;
pub use channel::Std;
pub use direct::Direct;
pub use message::{Order, Quote, Update, Venue};
pub use parse::{Kind, parse};
pub use task::Tokio;

/// A plain build, whatever drives it.
pub trait Plain {
    /// A frame in, the text of an order out; `None` while there is no book.
    ///
    /// # Panics
    /// Where the frame is not of its kind: a rival reads every frame, or it is no rival.
    fn frame(&mut self, kind: Kind, frame: &[u8]) -> Option<String>;

    /// Price and quantity of best bid and best ask.
    fn best(&self) -> Best;
}

/// Best bid and best ask, in the venue's own units.
pub type Best = (Option<(i64, i64)>, Option<(i64, i64)>);
