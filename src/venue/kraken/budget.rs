//! Kraken's budget of requests: a counter for each pair that decays with time.
//!
//! Placing costs 1. Amending and cancelling cost more the younger the order is, counted from when
//! it was placed or last amended. Over the threshold new orders are refused, so new orders leave a
//! reserve alone. Figures: the venue's page on rate limits of spot trading, September 2026.
//! Never: a float.

use crate::base::Nanos;
use crate::venue::trade::{Kind, Rates};

/// A counter in units of 10^-12: so many thousandths a second are so many units a nanosecond.
const ONE: i64 = 1_000_000_000_000;

/// A counter that decays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    level: i64,
    at: Nanos,
    decay: i64,
    max: i64,
}

impl Counter {
    /// Nothing counted yet.
    pub(super) fn new(max: u32, decay_milli: u32, now: Nanos) -> Counter {
        Counter { level: 0, at: now, decay: i64::from(decay_milli), max: i64::from(max) * ONE }
    }

    /// The same for a pair.
    pub(super) fn of(rates: &Rates, now: Nanos) -> Counter {
        Counter::new(rates.max, rates.decay_milli, now)
    }

    /// Counts so much.
    pub(super) fn add(&mut self, now: Nanos, counts: u32) {
        self.decay(now);
        self.level = self.level.saturating_add(i64::from(counts) * ONE);
    }

    /// How many more of one may be counted, a reserve left alone.
    pub(super) fn room(&mut self, now: Nanos, reserve: u32) -> u32 {
        self.decay(now);
        let left = self.max - self.level - i64::from(reserve) * ONE;
        (left.max(0) / ONE) as u32
    }

    /// The venue says where its counter stands: a higher one counts, since others trade on the
    /// account, too; a lower one is older than what is counted here.
    pub(super) fn learn(&mut self, now: Nanos, counts: u32) {
        self.decay(now);
        self.level = self.level.max(i64::from(counts) * ONE);
    }

    /// The venue says what its threshold is.
    pub(super) fn limit(&mut self, max: u32) {
        self.max = i64::from(max) * ONE;
    }

    fn decay(&mut self, now: Nanos) {
        let elapsed = (now.0 - self.at.0).max(0);
        self.level = (self.level - elapsed.saturating_mul(self.decay)).max(0);
        self.at = Nanos(self.at.0.max(now.0));
    }
}

/// What a request costs, by the age of its order.
pub(super) fn cost(kind: Kind, age_ns: i64) -> u32 {
    let by_age = |steps: &[(i64, u32)]| {
        let step = steps.iter().find(|(seconds, _)| age_ns < seconds * Nanos::SECOND);
        step.map_or(0, |(_, counts)| *counts)
    };
    match kind {
        Kind::Place => 1,
        Kind::Amend => 1 + by_age(&[(5, 3), (10, 2), (15, 1)]),
        Kind::Cancel => by_age(&[(5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)]),
    }
}

/// The dearest cancel.
pub(super) const CANCEL_MAX: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Nanos {
        Nanos(1_767_225_600 * Nanos::SECOND + millis * Nanos::MILLI)
    }

    fn seconds(seconds: i64) -> i64 {
        seconds * Nanos::SECOND
    }

    /// The venue's own example: add, amend at 7 s, cancel 36 s after that: 8 before decay.
    #[test]
    fn the_sheets_example_comes_to_eight() {
        let costs =
            [cost(Kind::Place, 0), cost(Kind::Amend, seconds(7)), cost(Kind::Cancel, seconds(36))];
        assert_eq!(costs, [1, 3, 4]);
        let mut counter = Counter::new(125, 0, at(0));
        for counts in costs {
            counter.add(at(0), counts);
        }
        assert_eq!(counter.room(at(0), 0), 125 - 8);
    }

    #[test]
    fn penalties_are_those_of_the_table_on_both_sides_of_each_step() {
        let cancels = [(0, 8), (5, 6), (10, 5), (15, 4), (45, 2), (90, 1), (300, 0)];
        for pair in cancels.windows(2) {
            assert_eq!(cost(Kind::Cancel, seconds(pair[1].0) - 1), pair[0].1);
            assert_eq!(cost(Kind::Cancel, seconds(pair[1].0)), pair[1].1);
        }
        let amends = [(0, 4), (5, 3), (10, 2), (15, 1)];
        for pair in amends.windows(2) {
            assert_eq!(cost(Kind::Amend, seconds(pair[1].0) - 1), pair[0].1);
            assert_eq!(cost(Kind::Amend, seconds(pair[1].0)), pair[1].1);
        }
        assert_eq!(cost(Kind::Cancel, 0), CANCEL_MAX);
    }

    #[test]
    fn an_intermediate_tier_decays_by_2_34_a_second() {
        let mut counter = Counter::new(125, 2_340, at(0));
        counter.add(at(0), 125);
        assert_eq!(counter.room(at(0), 0), 0);
        // 100 seconds give back 234, and never more than all.
        assert_eq!(counter.room(at(1_000), 0), 2);
        assert_eq!(counter.room(at(10_000), 0), 23);
        assert_eq!(counter.room(at(100_000), 0), 125);
        counter.add(at(100_000), 100);
        assert_eq!((counter.room(at(100_000), 20), counter.room(at(100_000), 25)), (5, 0));
    }

    #[test]
    fn the_venues_own_counter_is_believed_where_it_is_higher() {
        let mut counter = Counter::new(125, 2_340, at(0));
        counter.add(at(0), 10);
        counter.learn(at(0), 40);
        assert_eq!(counter.room(at(0), 0), 85);
        counter.learn(at(0), 3);
        assert_eq!(counter.room(at(0), 0), 85);
        counter.limit(60);
        assert_eq!(counter.room(at(0), 0), 20);
        // Time that goes back gives nothing.
        assert_eq!(counter.room(at(-5_000), 0), 20);
        assert_eq!(counter.room(at(0), 0), 20);
    }
}
