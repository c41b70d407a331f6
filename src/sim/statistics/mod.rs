//! Statistics: what a market is like, measured in the same way on a recording and on the world.
//!
//! In: [`View`](crate::event::View)s, as the book stage shows them; orders as they come and go.
//! Out: [`Measures`].
//! Never: anything that only one of the two sides could know.

mod figure;
mod gauge;
mod lives;
mod watch;

pub use figure::{Measure, Measures};
pub use gauge::Gauge;
pub use lives::Lives;
pub use watch::{Watched, watch};
