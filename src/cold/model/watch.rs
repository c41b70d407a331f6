//! Watches of the model stage: one that measures, one that knows.
//!
//! Live a [`Stopwatch`] reads the counter around each answer; what is late goes through a ring to
//! who writes the journal, as [`Told::Late`](crate::journal::Told). In a replay [`Known`] holds
//! those records, and the same answers are late.
//! Never: an answer that is late and not told.

use std::fmt;

use crate::event::Late;
use crate::ring::{self, Consumer, Producer};
use crate::stage::model::Watch;
use crate::sys::clock::Clock;

/// Late answers that may wait to be written down.
const WAITING_MAX: usize = 4_096;

/// Measures.
pub struct Stopwatch {
    clock: Clock,
    begun: u64,
    late: Producer<Late>,
}

/// A watch that measures with this clock, and what it calls late.
pub fn stopwatch(clock: Clock) -> (Stopwatch, Consumer<Late>) {
    let (late, told) = ring::spsc(WAITING_MAX);
    (Stopwatch { clock, begun: 0, late }, told)
}

impl fmt::Debug for Stopwatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopwatch").finish_non_exhaustive()
    }
}

impl Watch for Stopwatch {
    #[inline]
    fn begin(&mut self) {
        self.begun = self.clock.ticks();
    }

    #[inline]
    fn is_late(&mut self, answer: Late, deadline_ns: i64) -> bool {
        let span = self.clock.ticks().saturating_sub(self.begun);
        let is_over = self.clock.span_ns(span) > deadline_ns.max(0) as u64;
        is_over && self.late.push(answer).is_ok()
    }
}

/// Knows what was late.
#[derive(Clone, Debug, Default)]
pub struct Known {
    late: Box<[Late]>,
}

impl Known {
    /// These, in any order.
    pub fn new(late: impl IntoIterator<Item = Late>) -> Known {
        let mut late: Vec<Late> = late.into_iter().collect();
        late.sort_unstable();
        Known { late: late.into() }
    }
}

impl Watch for Known {
    fn begin(&mut self) {}

    #[inline]
    fn is_late(&mut self, answer: Late, _deadline_ns: i64) -> bool {
        self.late.binary_search(&answer).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sys::deadline::Deadline;

    fn busy(span: Duration) {
        let end = Deadline::after(span);
        while end.left().is_some() {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn what_a_stopwatch_calls_late_is_told_and_known_again() {
        let clock = Clock::calibrate(Duration::from_millis(2));
        let (mut watch, mut told) = stopwatch(clock);
        let mut said = Vec::new();
        for answer in 1..=6_u64 {
            let late = Late { instrument: 4, answer };
            watch.begin();
            if answer % 3 == 0 {
                busy(Duration::from_millis(2));
            }
            said.push(watch.is_late(late, 1_000_000));
        }
        assert!(said[2] && said[5], "two milliseconds are more than one: {said:?}");
        let mut journalled = Vec::new();
        while let Some(late) = told.pop() {
            journalled.push(late);
        }
        let mut known = Known::new(journalled.into_iter().rev());
        for (n, said) in said.iter().enumerate() {
            let late = Late { instrument: 4, answer: n as u64 + 1 };
            assert_eq!(known.is_late(late, 0), *said);
            assert!(!known.is_late(Late { instrument: 5, ..late }, 0));
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_late() {
        let clock = Clock::calibrate(Duration::from_millis(2));
        let (mut watch, told) = stopwatch(clock);
        watch.begin();
        busy(Duration::from_millis(1));
        let late = |answer| Late { instrument: 0, answer };
        let said = (0..=WAITING_MAX as u64).filter(|n| watch.is_late(late(*n), 0)).count();
        assert_eq!((said, told.len()), (WAITING_MAX, WAITING_MAX));
    }
}
