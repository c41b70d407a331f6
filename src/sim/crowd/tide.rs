//! Tide: what coins are worth, for as long as anybody wants to know.
//!
//! In: chance. Out: the value of a pair at a time, in units of 10^-9 of its quote.
//! Never: a market price; a memory that grows.
//!
//! Assumed: values jump at times of a Poisson process, ETH with BTC, more strongly, and on its own.
//! A venue learns of a value its lag later; what it is late by at most, the tide remembers.

use std::collections::VecDeque;

use crate::base::Nanos;
use crate::sim::random::Random;
use crate::sim::value::{Pair, moved};

/// One unit of quote.
const UNIT: i64 = 1_000_000_000;

/// Values change on this grid.
const GRID_NS: i64 = 10 * Nanos::MILLI;

/// Steps of the grid that are remembered: more than the longest lag.
const STEPS_KEPT: usize = 64;

/// Jumps in a thousand steps of the grid.
const JUMPS: i64 = 20;

/// Deviations of a jump, parts in 10^9: what is common, and what BTC and ETH do on their own.
const COMMON: i64 = 48_000;
const BTC_ALONE: i64 = 14_000;
const ETH_ALONE: i64 = 34_000;

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Tide {
    random: Random,
    /// When the newest of the steps is.
    now_ns: i64,
    /// BTC and ETH in USD, the oldest step first.
    steps: VecDeque<(i64, i64)>,
}

impl Tide {
    /// A tide that begins at a time.
    pub(in crate::sim) fn new(random: Random, begin: Nanos) -> Tide {
        let steps = VecDeque::from([(64_525 * UNIT, 1_797 * UNIT + UNIT / 4)]);
        Tide { random, now_ns: begin.0, steps }
    }

    /// Goes on to a time.
    pub(in crate::sim) fn advance(&mut self, to: Nanos) {
        while self.now_ns + GRID_NS <= to.0 {
            self.now_ns += GRID_NS;
            let (mut btc, mut eth) = self.newest();
            if self.random.chance(JUMPS) {
                let common = self.random.bell(COMMON);
                btc = moved(btc, common + self.random.bell(BTC_ALONE));
                eth = moved(eth, common * 6 / 5 + self.random.bell(ETH_ALONE));
            }
            if self.steps.len() == STEPS_KEPT {
                self.steps.pop_front();
            }
            self.steps.push_back((btc, eth));
        }
    }

    /// The value of a pair at a time that is remembered; else the nearest that is.
    pub(in crate::sim) fn value(&self, pair: Pair, at: Nanos) -> i64 {
        let ago = ((self.now_ns - at.0).max(0) + GRID_NS - 1) / GRID_NS;
        let place = self.steps.len() as i64 - 1 - ago;
        let (btc, eth) = self.steps.get(place.max(0) as usize).copied().unwrap_or(self.newest());
        match pair {
            Pair::BtcUsd => btc,
            Pair::EthUsd => eth,
            Pair::EthBtc => (i128::from(eth) * i128::from(UNIT) / i128::from(btc)) as i64,
        }
    }

    fn newest(&self) -> (i64, i64) {
        self.steps.back().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Nanos = Nanos(1_000 * Nanos::SECOND);

    fn at(ms: i64) -> Nanos {
        Nanos(BEGIN.0 + ms * Nanos::MILLI)
    }

    #[test]
    fn cross_value_is_the_ratio_of_the_others() {
        let mut tide = Tide::new(Random::new(1, 0), BEGIN);
        for ms in [0, 15, 1_000, 60_000] {
            tide.advance(at(ms));
            let [btc, eth, cross] =
                [Pair::BtcUsd, Pair::EthUsd, Pair::EthBtc].map(|pair| tide.value(pair, at(ms)));
            let ratio = eth as f64 / btc as f64 * UNIT as f64;
            assert!((ratio - cross as f64).abs() <= 1.0, "{eth} / {btc} is not {cross}");
        }
    }

    #[test]
    fn how_it_is_walked_does_not_matter() {
        let mut one = Tide::new(Random::new(2, 0), BEGIN);
        let mut other = one.clone();
        one.advance(at(30_000));
        for ms in (0..=30_000).step_by(7) {
            other.advance(at(ms));
        }
        other.advance(at(30_000));
        assert_eq!(one.steps, other.steps);
    }

    #[test]
    fn whoever_is_late_sees_what_was() {
        let mut tide = Tide::new(Random::new(3, 0), BEGIN);
        let mut seen = Vec::new();
        for ms in (10..=5_000).step_by(10) {
            tide.advance(at(ms));
            seen.push(tide.value(Pair::BtcUsd, at(ms)));
            if seen.len() > 4 {
                let late = tide.value(Pair::BtcUsd, at(ms - 40));
                assert_eq!(late, seen[seen.len() - 5]);
            }
        }
        assert!(seen.windows(2).any(|two| two[0] != two[1]));
    }

    #[test]
    fn a_minute_moves_prices_by_a_plausible_part() {
        let moves: Vec<f64> = (0..200)
            .map(|seed| {
                let mut tide = Tide::new(Random::new(seed, 0), BEGIN);
                let first = tide.value(Pair::BtcUsd, BEGIN) as f64;
                tide.advance(at(60_000));
                1e4 * (tide.value(Pair::BtcUsd, at(60_000)) as f64 / first).ln()
            })
            .collect();
        // Two jumps a second of 50 parts in 10^6: 0.7 bps in a second, 5.5 in a minute.
        let deviation = (moves.iter().map(|bps| bps * bps).sum::<f64>() / 200.0).sqrt();
        assert!((4.5..6.5).contains(&deviation), "{deviation} bps");
    }
}
