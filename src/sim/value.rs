//! What coins are worth: one hidden path that all venues follow, each late and off in its own way.
//!
//! In: chance. Out: the value of a pair at a time, in units of 10^-9 of its quote.
//! Never: a market price; those are made by orders.

use super::random::Random;

/// One unit of quote.
const UNIT: i64 = 1_000_000_000;

/// Values change on this grid, milliseconds.
const GRID_MS: i64 = 10;

/// What a market trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    BtcUsd,
    EthUsd,
    EthBtc,
}

/// Values over time.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// BTC and ETH in USD, by step of the grid.
    steps: Vec<(i64, i64)>,
}

impl Path {
    /// A path over so many milliseconds. Values jump eight times a second: the market digests
    /// news, it does not diffuse.
    pub(super) fn new(random: &mut Random, millis: i64) -> Path {
        let (mut btc, mut eth) = (64_525 * UNIT, 1_797 * UNIT + UNIT / 4);
        let mut steps = Vec::new();
        for _ in 0..=millis / GRID_MS {
            if random.chance(80) {
                // Parts in 10^9. ETH moves with BTC, more strongly, and on its own.
                let common = random.bell(17_000);
                btc = moved(btc, common + random.bell(5_000));
                eth = moved(eth, common * 6 / 5 + random.bell(12_000));
            }
            steps.push((btc, eth));
        }
        Path { steps }
    }

    /// The value of a pair so many milliseconds after the start.
    pub(super) fn value(&self, pair: Pair, at_ms: i64) -> i64 {
        let step = (at_ms / GRID_MS).clamp(0, self.steps.len() as i64 - 1);
        let (btc, eth) = self.steps[step as usize];
        match pair {
            Pair::BtcUsd => btc,
            Pair::EthUsd => eth,
            Pair::EthBtc => (i128::from(eth) * i128::from(UNIT) / i128::from(btc)) as i64,
        }
    }
}

/// A value after a move of so many parts in 10^9.
pub(super) fn moved(value: i64, parts: i64) -> i64 {
    value + (i128::from(value) * i128::from(parts) / i128::from(UNIT)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_value_is_the_ratio_of_the_others() {
        let path = Path::new(&mut Random::new(1, 0), 60_000);
        for at_ms in [0, 10_005, 59_999, 70_000] {
            let [btc, eth, cross] =
                [Pair::BtcUsd, Pair::EthUsd, Pair::EthBtc].map(|pair| path.value(pair, at_ms));
            let ratio = eth as f64 / btc as f64 * UNIT as f64;
            assert!((ratio - cross as f64).abs() <= 1.0, "{eth} / {btc} is not {cross}");
        }
    }

    #[test]
    fn a_minute_moves_prices_by_a_plausible_part() {
        for seed in 0..20 {
            let path = Path::new(&mut Random::new(seed, 0), 60_000);
            let (first, last) = (path.value(Pair::BtcUsd, 0), path.value(Pair::BtcUsd, 60_000));
            let parts = (last - first).abs() / (first / 1_000_000);
            assert!(parts < 4_000, "moved {parts} parts in 10^6");
        }
    }
}
