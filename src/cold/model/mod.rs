//! What models need of clocks, files and threads.
//!
//! [`Adviser`] runs networks on a thread of its own, [`Reloader`] looks at files for new ones,
//! [`Stopwatch`] measures answers, and [`Known`] knows from a journal what was measured then.
//! Never: a hot thread that waits, or that allocates by what it calls here.

mod adviser;
mod reloader;
mod seat;
#[cfg(test)]
mod tests;
mod watch;

pub use adviser::{Adviser, Letters, Tally};
pub use reloader::{Fresh, Made, Reloader, Watched};
pub use seat::{Foreign, Seat};
pub use watch::{Known, Stopwatch, stopwatch};
