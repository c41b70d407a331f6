//! One subscription on one line: from wanted to whole, and anew where its book is in doubt.
//!
//! In: what was asked, answered and came. Out: what is to be done next, and when.
//! Never: how it is asked. That is each venue's matter.

use super::backoff::{Jitter, Pace};
use crate::base::Nanos;

/// Time for an answer to a subscription.
pub const ANSWER_NS_MAX: i64 = 10 * Nanos::SECOND;

/// Time for a snapshot after its subscription was granted.
pub const SNAPSHOT_NS_MAX: i64 = 15 * Nanos::SECOND;

/// How often something is asked for on one line before the line is given up.
pub const ASKS_MAX: u32 = 3;

/// Time without trouble after which a book counts as sound again.
const CALM_NS: i64 = 120 * Nanos::SECOND;

/// Waits between two times that one book is taken anew.
const CALM: Pace = Pace { free: 1, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND };

/// How far a subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Not wanted on this line.
    Off,
    /// To be asked for.
    Wanted,
    /// Asked for, not answered.
    Asked,
    /// Granted; its first picture has not come.
    Granted,
    /// All came.
    Whole,
    /// In doubt: to be left and asked for anew.
    Doubted,
    /// Left, which is not answered yet.
    Leaving,
}

/// A subscription on a line.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// How far it is.
    pub step: Step,
    /// Since when.
    pub since: Nanos,
    /// Nothing more is done for it before.
    pub due: Nanos,
    /// Times that it was asked for without an answer.
    pub asks: u32,
}

/// How often a book was in doubt lately, and so how long to wait before it is taken anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calm {
    doubts: u32,
    last: Nanos,
}

impl Grant {
    /// Not wanted.
    pub const OFF: Grant = Grant { step: Step::Off, since: Nanos::NONE, due: Nanos::NONE, asks: 0 };

    /// Takes a step.
    pub fn turn(&mut self, step: Step, now: Nanos) {
        self.asks = match step {
            Step::Asked => self.asks + 1,
            Step::Wanted | Step::Leaving | Step::Doubted => self.asks,
            Step::Off | Step::Granted | Step::Whole => 0,
        };
        (self.step, self.since) = (step, now);
    }

    /// Is to be taken anew, from `due` on.
    pub fn doubt(&mut self, due: Nanos, now: Nanos) {
        self.turn(Step::Doubted, now);
        self.due = due;
    }

    /// Is it in this step, and may something be done for it?
    pub fn is_due(&self, step: Step, now: Nanos) -> bool {
        self.step == step && now >= self.due
    }

    /// Has it been in this step for longer than so long?
    pub fn is_overdue(&self, step: Step, after_ns: i64, now: Nanos) -> bool {
        self.step == step && now.0 - self.since.0 > after_ns
    }
}

impl Calm {
    /// The book is in doubt; when it may be taken anew.
    pub fn doubt(&mut self, now: Nanos, jitter: &mut Jitter) -> Nanos {
        if now.0 - self.last.0 > CALM_NS {
            self.doubts = 0;
        }
        self.doubts += 1;
        self.last = now;
        Nanos(now.0.saturating_add(CALM.wait_ns(self.doubts, jitter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_doubt_is_free_and_more_of_them_wait() {
        let (mut calm, mut jitter) = (Calm::default(), Jitter::new(1));
        let now = Nanos(CALM_NS * 2);
        assert_eq!(calm.doubt(now, &mut jitter), now);
        assert!(calm.doubt(now, &mut jitter) >= Nanos(now.0 + Nanos::SECOND / 2));
        assert!(calm.doubt(now, &mut jitter) >= Nanos(now.0 + Nanos::SECOND));
        let later = Nanos(now.0 + CALM_NS + 1);
        assert_eq!(calm.doubt(later, &mut jitter), later);
    }

    #[test]
    fn asks_count_until_there_is_an_answer() {
        let mut grant = Grant::OFF;
        for _ in 0..2 {
            grant.turn(Step::Wanted, Nanos(1));
            grant.turn(Step::Asked, Nanos(2));
        }
        assert_eq!(grant.asks, 2);
        assert!(grant.is_overdue(Step::Asked, 5, Nanos(8)));
        grant.turn(Step::Granted, Nanos(9));
        assert_eq!(grant.asks, 0);
    }
}
