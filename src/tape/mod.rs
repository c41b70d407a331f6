//! Tapes: recorded frames in memory, merged in time order, for whoever drives the machine with
//! them.
//!
//! In: recordings in any of [`FORMATS`], plain or gzip. Out: frames with their time, connection and
//! subject; the instruments that the frames speak of.
//! Never: a frame changed or left out. What cannot be decoded is the feed's to refuse.

mod error;
mod deck;
mod contract;
mod load;
mod file;
mod stamped;
mod frames;
mod cryptofeed;
mod lobster;
mod journal;
mod sample;
mod guess;
mod survey;
mod played;

pub use contract::{Format, Spec};
pub use deck::{Came, Frame, Logged, Sink, Source, Tape};
pub use error::TapeError;
pub use journal::{ACCOUNT_URL, session};
pub use played::played;
pub use sample::SAMPLES;
pub use survey::{Given, Survey, survey};

/// Every recording format that is understood.
pub static FORMATS: &[&Format] =
    &[&stamped::FORMAT, &frames::FORMAT, &cryptofeed::FORMAT, &lobster::FORMAT, &journal::FORMAT];

/// The format with this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|f| f.name == name)
}
