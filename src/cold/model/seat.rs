//! One instrument's network on the thread beside: takes the rows that came, in order, each once.
//!
//! In: an [`Ask`] with the latest rows. Out: [`Advice`] on the newest of them.
//! Never: a network that was given rows with a hole between them, or from before a break.

use std::collections::VecDeque;

use crate::base::InstrumentId;
use crate::event::{Advice, Ask, ROWS_ASKED};
use crate::stage::model::{Expected, Outputs};

/// An engine that may allocate, block and fail; one for each instrument, since it has states.
pub trait Foreign: Send {
    /// States of zero.
    fn reset(&mut self);

    /// Runs over `rows`, one or a whole window of them, and writes the head's values to `out`.
    fn run(&mut self, rows: &[f32], out: &mut Vec<f32>) -> Result<(), String>;
}

/// An instrument's network and what it has seen.
pub struct Seat {
    instrument: InstrumentId,
    network: Box<dyn Foreign>,
    outputs: Outputs,
    /// Values of a row.
    wide: usize,
    /// Rows of a window; 1 where states are carried.
    window: usize,
    warmup: u64,
    rows: VecDeque<f32>,
    /// As in the last question.
    since: u64,
    /// The first row since states were zero.
    begun: u64,
    next: u64,
    out: Vec<f32>,
    /// Rows that were missed.
    pub(super) missed: u64,
    /// Runs that failed, and why the last one did.
    pub(super) failed: (u64, Option<String>),
}

impl Seat {
    /// A network for rows of `wide` values, over windows of `window` of them (1 where it carries
    /// states); advice only from `warmup` rows on.
    pub fn new(
        instrument: InstrumentId,
        network: Box<dyn Foreign>,
        outputs: Outputs,
        (wide, window, warmup): (usize, usize, u32),
    ) -> Seat {
        let window = window.max(1);
        Seat {
            instrument,
            network,
            outputs,
            wide,
            window,
            warmup: u64::from(warmup).max(window as u64),
            rows: VecDeque::with_capacity(wide * window),
            since: 1,
            begun: 1,
            next: 1,
            out: Vec::new(),
            missed: 0,
            failed: (0, None),
        }
    }

    /// Takes what is new in a question; what the network makes of the newest row.
    pub(super) fn take(&mut self, ask: &Ask) -> Option<Advice> {
        if ask.since != self.since {
            self.since = ask.since;
            self.begin(ask.since);
        }
        let oldest = ask.serial.saturating_sub(ROWS_ASKED as u64 - 1).max(ask.since);
        if self.next < oldest {
            self.missed += oldest - self.next;
            self.begin(oldest);
        }
        let mut expected = None;
        while self.next <= ask.serial {
            let row = ask.row(self.next)?;
            expected = Some(self.step(row.get(..self.wide)?));
            self.next += 1;
        }
        let seen = self.next - self.begun;
        let expected = expected.filter(|_| seen >= self.warmup)?;
        let (bps, up) = expected.map_or((f32::NAN, 0.5), |expected| (expected.bps, expected.up));
        let (instrument, row_ns) = (self.instrument.0, ask.row_ns);
        Some(Advice { instrument, serial: ask.serial, row_ns, bps, up })
    }

    fn begin(&mut self, with: u64) {
        self.network.reset();
        self.rows.clear();
        (self.begun, self.next) = (with, with);
    }

    /// One more row; `None` where it gives no number.
    fn step(&mut self, row: &[f32]) -> Option<Expected> {
        if self.rows.len() == self.wide * self.window {
            self.rows.drain(..self.wide);
        }
        self.rows.extend(row);
        if self.rows.len() < self.wide * self.window {
            return None;
        }
        self.out.clear();
        if let Err(why) = self.network.run(self.rows.make_contiguous(), &mut self.out) {
            self.failed = (self.failed.0 + 1, Some(why));
            return None;
        }
        let is_whole = self.out.len() >= self.outputs.count();
        is_whole.then(|| self.outputs.expected(&self.out)).flatten()
    }
}

#[cfg(feature = "ort")]
impl Foreign for crate::neural::Runtime {
    fn reset(&mut self) {
        crate::neural::Runtime::reset(self);
    }

    fn run(&mut self, rows: &[f32], out: &mut Vec<f32>) -> Result<(), String> {
        crate::neural::Runtime::run(self, rows, out).map_err(|why| why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Nanos;
    use crate::event::FEATURES;

    /// Says the sum of all first values since it was reset.
    struct Sum(f32);

    impl Foreign for Sum {
        fn reset(&mut self) {
            self.0 = 0.0;
        }

        fn run(&mut self, rows: &[f32], out: &mut Vec<f32>) -> Result<(), String> {
            assert_eq!(rows.len() % 2, 0, "whole rows");
            if rows[0] < 0.0 {
                return Err(String::from("it does not like that"));
            }
            self.0 += rows.iter().step_by(2).sum::<f32>();
            out.push(self.0);
            Ok(())
        }
    }

    fn seat(window: usize, warmup: u32) -> Seat {
        let outputs = Outputs::Move { scale_bps: 1.0 };
        Seat::new(InstrumentId(6), Box::new(Sum(0.0)), outputs, (2, window, warmup))
    }

    /// A question whose row number `n` says `n`.
    fn ask(serial: u64, since: u64) -> Ask {
        let mut ask = Ask { serial, since, row_ns: Nanos(serial as i64 * 10), ..Ask::default() };
        for n in serial.saturating_sub(ROWS_ASKED as u64 - 1)..=serial {
            let mut row = [0.0; FEATURES];
            row[0] = n as f32;
            ask.rows[n as usize % ROWS_ASKED] = row;
        }
        ask
    }

    fn said(advice: Option<Advice>) -> Option<(u64, f32)> {
        advice.map(|advice| (advice.serial, advice.bps))
    }

    #[test]
    fn each_row_is_taken_once_and_in_order() {
        let mut seat = seat(1, 1);
        assert_eq!(said(seat.take(&ask(1, 1))), Some((1, 1.0)));
        assert_eq!(said(seat.take(&ask(1, 1))), None, "nothing new");
        let advice = seat.take(&ask(4, 1));
        assert_eq!(said(advice), Some((4, 10.0)), "1 + 2 + 3 + 4");
        assert_eq!(advice.map(|a| (a.instrument, a.row_ns)), Some((6, Nanos(40))));
        assert_eq!(seat.missed, 0);
    }

    #[test]
    fn after_a_hole_it_begins_anew_and_warms_again() {
        let mut seat = seat(1, 3);
        seat.take(&ask(2, 1));
        // Rows 3 and 4 are gone: 5 to 12 are what it sees.
        assert_eq!(said(seat.take(&ask(12, 1))), Some((12, (5..=12).sum::<u32>() as f32)));
        assert_eq!(seat.missed, 2);
        assert_eq!(said(seat.take(&ask(14, 13))), None, "the book was not live in between");
        assert_eq!(said(seat.take(&ask(15, 13))), Some((15, (13 + 14 + 15) as f32)));
    }

    #[test]
    fn a_window_is_said_of_when_it_is_full() {
        let mut seat = seat(3, 1);
        assert_eq!(said(seat.take(&ask(2, 1))), None);
        assert_eq!(said(seat.take(&ask(3, 1))), Some((3, 6.0)));
        seat.network.reset();
        assert_eq!(said(seat.take(&ask(4, 1))), Some((4, 9.0)), "2 + 3 + 4");
    }

    #[test]
    fn a_run_that_fails_is_advice_without_a_number() {
        let mut seat = seat(1, 1);
        let mut bad = ask(1, 1);
        bad.rows[1][0] = -1.0;
        assert!(seat.take(&bad).is_some_and(|advice| advice.bps.is_nan()));
        assert_eq!(seat.failed, (1, Some(String::from("it does not like that"))));
    }
}
