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
