//! Rates: how much a member may ask for in a time, as each venue counts it.
//!
//! In: requests, with their time. Out: whether there is room for them, and how much was used.
//! Never: a clock.

use std::collections::BTreeMap;

use crate::base::Nanos;

/// Kraken: threshold, decay a second in hundredths, and open orders per pair, by tier; then REST's
/// threshold and decay.
const KRAKEN_TIERS: [(i64, i64, usize, i64, i64); 3] =
    [(60, 100, 60, 15, 33), (125, 234, 80, 20, 50), (180, 375, 225, 20, 100)];

/// Hundredths of a counter, a second's decay over nanoseconds.
const PARTS: i64 = 100;

/// What an action costs by the age of its order: below so many seconds, so much.
pub(super) const AMEND_PENALTY: &[(i64, i64)] = &[(5, 3), (10, 2), (15, 1)];
/// See [`AMEND_PENALTY`].
pub(super) const CANCEL_PENALTY: &[(i64, i64)] =
    &[(5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)];

/// A counter that decays.
#[derive(Clone, Copy, Debug, Default)]
struct Decaying {
    parts: i64,
    at: Nanos,
}

impl Decaying {
    fn now(&mut self, decay_parts: i64, now: Nanos) -> i64 {
        let gone = i128::from(now.0 - self.at.0) * i128::from(decay_parts);
        let gone = (gone / i128::from(Nanos::SECOND)) as i64;
        if gone >= self.parts {
            (self.parts, self.at) = (0, now);
        } else {
            // What is less than a part stays to be counted.
            self.parts -= gone;
            self.at = Nanos(self.at.0 + gone * Nanos::SECOND / decay_parts);
        }
        self.parts
    }
}

/// Kraken: a member's counters, one for each pair, and REST's.
#[derive(Clone, Debug)]
pub(super) struct KrakenMeter {
    tier: usize,
    pairs: BTreeMap<usize, Decaying>,
    rest: Decaying,
}

impl KrakenMeter {
    pub(super) fn new(tier: usize) -> KrakenMeter {
        KrakenMeter { tier, pairs: BTreeMap::new(), rest: Decaying::default() }
    }

    pub(super) const fn max(&self) -> i64 {
        KRAKEN_TIERS[self.tier].0
    }

    /// Open orders in one pair, at most.
    pub(super) const fn orders_max(&self) -> usize {
        KRAKEN_TIERS[self.tier].2
    }

    /// The counter of a pair, in whole.
    pub(super) fn count(&mut self, market: usize, now: Nanos) -> i64 {
        let decay = KRAKEN_TIERS[self.tier].1;
        self.pairs.entry(market).or_default().now(decay, now) / PARTS
    }

    /// Counts so much; false, and nothing is counted, where that is beyond the threshold.
    pub(super) fn spend(&mut self, market: usize, count: i64, now: Nanos) -> bool {
        let (max, decay, ..) = KRAKEN_TIERS[self.tier];
        let counter = self.pairs.entry(market).or_default();
        let has_room = counter.now(decay, now) + count * PARTS <= max * PARTS;
        if has_room {
            counter.parts += count * PARTS;
        }
        has_room
    }

    /// Counts so much, whatever there is: a cancel is always taken.
    pub(super) fn burden(&mut self, market: usize, count: i64, now: Nanos) {
        let decay = KRAKEN_TIERS[self.tier].1;
        let counter = self.pairs.entry(market).or_default();
        counter.now(decay, now);
        counter.parts += count * PARTS;
    }

    /// A private REST request of so much; false where it is beyond the threshold.
    pub(super) fn ask(&mut self, count: i64, now: Nanos) -> bool {
        let (.., max, decay) = KRAKEN_TIERS[self.tier];
        let has_room = self.rest.now(decay, now) + count * PARTS <= max * PARTS;
        if has_room {
            self.rest.parts += count * PARTS;
        }
        has_room
    }
}

/// By a table of penalties, for an order of this age.
pub(super) fn penalty(table: &[(i64, i64)], age_ns: i64) -> i64 {
    table.iter().find(|(below, _)| age_ns < below * Nanos::SECOND).map_or(0, |(_, count)| *count)
}

/// Binance: orders that have not filled, in ten seconds and in a day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OrderCounts {
    windows: [(i64, i64); 2],
}

/// Binance: how long each window is, and how many orders it takes.
pub(super) const ORDER_WINDOWS: [(i64, i64); 2] =
    [(10 * Nanos::SECOND, 50), (86_400 * Nanos::SECOND, 160_000)];

impl OrderCounts {
    /// Orders in each window.
    pub(super) fn now(&mut self, now: Nanos) -> [i64; 2] {
        for ((window, count), (length, _)) in self.windows.iter_mut().zip(ORDER_WINDOWS) {
            if *window != now.0 / length {
                (*window, *count) = (now.0 / length, 0);
            }
        }
        self.windows.map(|(_, count)| count)
    }

    /// The window that is full, by its place.
    pub(super) fn full(&mut self, now: Nanos) -> Option<usize> {
        let counts = self.now(now);
        (0..2).find(|n| counts[*n] >= ORDER_WINDOWS[*n].1)
    }

    /// One order more, or so many fewer; never below none.
    pub(super) fn add(&mut self, count: i64, now: Nanos) {
        self.now(now);
        for (_, orders) in &mut self.windows {
            *orders = (*orders + count).max(0);
        }
    }
}

/// Coinbase: requests of a member in one second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PerSecond {
    second: i64,
    count: i64,
}

impl PerSecond {
    /// Counts one; how many are left, or none where it was one too many.
    pub(super) fn ask(&mut self, max: i64, now: Nanos) -> Option<i64> {
        let second = now.0 / Nanos::SECOND;
        if second != self.second {
            *self = PerSecond { second, count: 0 };
        }
        self.count += 1;
        (self.count <= max).then(|| max - self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Nanos {
        Nanos(1_000 * Nanos::SECOND + seconds * Nanos::SECOND)
    }

    #[test]
    fn the_example_of_the_venue_comes_to_eight() {
        // Add, amend at 7 s, cancel 36 s after that: without decay 1 + (1 + 2) + 4.
        let second = Nanos::SECOND;
        let amend = 1 + penalty(AMEND_PENALTY, 7 * second);
        let cancel = penalty(CANCEL_PENALTY, 36 * second);
        assert_eq!(1 + amend + cancel, 8);
        assert_eq!(penalty(CANCEL_PENALTY, 4 * second), 8);
        assert_eq!(penalty(CANCEL_PENALTY, 300 * second), 0);
    }

    #[test]
    fn a_counter_decays_by_its_tier_and_says_when_it_is_full() {
        let mut meter = KrakenMeter::new(1);
        assert!((0..125).all(|_| meter.spend(0, 1, at(0))));
        assert!(!meter.spend(0, 1, at(0)) && meter.spend(1, 1, at(0)));
        assert_eq!(meter.count(0, at(10)), 101);
        assert!(meter.spend(0, 1, at(10)));
        meter.burden(0, 100, at(10));
        assert_eq!(meter.count(0, at(10)), 202);
    }

    #[test]
    fn small_steps_decay_as_much_as_a_large_one() {
        let mut meter = KrakenMeter::new(0);
        assert!(meter.spend(0, 50, at(0)));
        for n in 0..10_000 {
            meter.count(0, Nanos(at(0).0 + n * Nanos::MILLI));
        }
        let count = meter.count(0, at(10));
        assert!((40..=41).contains(&count), "{count}");
    }

    #[test]
    fn orders_are_counted_by_window_and_fills_give_back() {
        let mut counts = OrderCounts::default();
        for _ in 0..50 {
            assert_eq!(counts.full(at(0)), None);
            counts.add(1, at(0));
        }
        assert_eq!(counts.full(at(1)), Some(0));
        counts.add(-5, at(1));
        assert_eq!((counts.full(at(1)), counts.now(at(10))), (None, [0, 45]));
        counts.add(-100, at(10));
        assert_eq!(counts.now(at(10)), [0, 0]);
    }
}
