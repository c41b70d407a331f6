//! Coinbase's budget: so many requests within a second, wherever it begins.
//!
//! The venue's figure is not on a page of its own; 30 private requests a second are commonly
//! quoted, so 25 are used. New orders leave a reserve for cancels.
//! Never: an allocation after construction.

use crate::base::Nanos;

/// The times of the last requests, in a circle, as many as there may be in a second.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    times: Box<[Nanos]>,
    /// Where the next one goes: the place of the oldest.
    next: usize,
    not_before: Nanos,
}

const LONG_AGO: Nanos = Nanos(i64::MIN / 2);

impl Budget {
    /// Nothing asked yet.
    pub(super) fn new(max: u32) -> Budget {
        let times = vec![LONG_AGO; max.max(1) as usize].into_boxed_slice();
        Budget { times, next: 0, not_before: LONG_AGO }
    }

    /// How many more requests there may be now, a reserve left alone.
    pub(super) fn room(&self, now: Nanos, reserve: u32) -> u32 {
        if now < self.not_before {
            return 0;
        }
        let is_over = |time: &&Nanos| now.0 - time.0 >= Nanos::SECOND;
        let free = self.times.iter().filter(is_over).count();
        (free as u32).saturating_sub(reserve)
    }

    /// A request goes out.
    pub(super) fn spend(&mut self, now: Nanos) {
        self.times[self.next] = now;
        self.next = (self.next + 1) % self.times.len();
    }

    /// The venue found that it was too much.
    pub(super) fn rest(&mut self, for_ns: i64, now: Nanos) {
        self.not_before = Nanos(now.0.saturating_add(for_ns.max(Nanos::SECOND)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reserve_is_left_for_cancels_and_a_refusal_stops_all() {
        let mut budget = Budget::new(25);
        for _ in 0..20 {
            budget.spend(Nanos(0));
        }
        assert_eq!((budget.room(Nanos(1), 5), budget.room(Nanos(1), 0)), (0, 5));
        assert_eq!(budget.room(Nanos(Nanos::SECOND), 5), 20);
        budget.rest(0, Nanos(Nanos::SECOND));
        assert_eq!(budget.room(Nanos(2 * Nanos::SECOND - 1), 0), 0);
        assert_eq!(budget.room(Nanos(2 * Nanos::SECOND), 0), 25);
    }

    proptest! {
        #[test]
        fn no_second_holds_more_than_the_bound(waits in prop::collection::vec(0_i64..400, 1..80)) {
            let mut budget = Budget::new(5);
            let (mut now, mut taken) = (0, Vec::new());
            for wait in waits {
                now += wait * Nanos::MILLI;
                if budget.room(Nanos(now), 0) > 0 {
                    budget.spend(Nanos(now));
                    taken.push(now);
                }
            }
            for from in &taken {
                let within = taken.iter().filter(|at| (*from..from + Nanos::SECOND).contains(*at));
                prop_assert!(within.count() <= 5);
            }
        }
    }
}
