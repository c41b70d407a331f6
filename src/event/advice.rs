//! What passes between the model stage and what is beside it: rows for a network on a thread of its
//! own, what that made of them, and that an answer came late.
//!
//! [`Advice`] and [`Late`] are inputs: what they say depends on clocks and threads, so a live
//! session journals them and a replay is told them.

use super::feature::FEATURES;
use crate::base::Nanos;

/// The latest rows of an instrument that a question holds: so many may be missed between two looks
/// at a newest-value cell without a hole in what the network sees.
pub const ROWS_ASKED: usize = 8;

/// The latest rows of one instrument, as the network takes them. From model to its thread.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Ask {
    /// Number of the newest row of this instrument, counted from 1; 0 where there is none yet.
    pub serial: u64,
    /// Number of the first row since the book was last not live: what came before is forgotten.
    pub since: u64,
    /// Logical time of the newest row.
    pub row_ns: Nanos,
    /// Row number `n` is at place `n % ROWS_ASKED`; as many values as the network takes.
    pub rows: [[f32; FEATURES]; ROWS_ASKED],
}

impl Default for Ask {
    fn default() -> Ask {
        let rows = [[0.0; FEATURES]; ROWS_ASKED];
        Ask { serial: 0, since: 1, row_ns: Nanos::NONE, rows }
    }
}

impl Ask {
    /// A row by its number, if it is one of the latest; never one from before `since`.
    pub fn row(&self, serial: u64) -> Option<&[f32; FEATURES]> {
        let oldest = self.serial.saturating_sub(ROWS_ASKED as u64 - 1).max(self.since);
        let is_here = (oldest..=self.serial).contains(&serial);
        is_here.then(|| &self.rows[serial as usize % ROWS_ASKED])
    }
}

/// What a network on a thread of its own made of a row. From the thread, by way of the driver and
/// the journal, to model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct Advice {
    /// The instrument.
    pub instrument: u32,
    /// Number of the row that it is about, as in [`Ask::serial`].
    pub serial: u64,
    /// Logical time of that row.
    pub row_ns: Nanos,
    /// Expected log return of the mid over the horizon, basis points. Not finite where the network
    /// gave no number.
    pub bps: f32,
    /// Probability that the mid is higher after the horizon, 0 to 1.
    pub up: f32,
}

/// An answer took longer than its deadline: it was not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Late {
    /// The instrument.
    pub instrument: u32,
    /// Which of its answers, counted from 1 since the stage was made: the same in every layout.
    pub answer: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_there_for_as_long_as_they_are_among_the_latest() {
        let mut ask = Ask::default();
        assert!(ask.row(0).is_none() && ask.row(1).is_none(), "none yet");
        for serial in 1..=20_u64 {
            ask.serial = serial;
            ask.rows[serial as usize % ROWS_ASKED][0] = serial as f32;
        }
        for serial in 0..25 {
            let row = ask.row(serial).map(|row| row[0] as u64);
            assert_eq!(row, (13..=20).contains(&serial).then_some(serial));
        }
        ask.since = 18;
        assert!(ask.row(17).is_none(), "the book was not live in between");
        assert!(ask.row(18).is_some());
    }
}
