//! Signals without a memory: spread, microprice, imbalance of the depth.

use crate::event::{Depth, Level, Now, Quote};

/// Values in the order of [`Now`].
pub(super) type Present = [f32; Now::ALL.len()];

/// Imbalance of the five and of the ten best levels: the bids' quantity less the asks' over both,
/// -1 to 1. Cont, Stoikov and Talreja, "A stochastic model for order book dynamics", 2010, use the
/// same of the best level.
#[inline(always)]
pub(super) fn imbalances(depth: &Depth) -> [f64; 2] {
    let (bids, asks) = (sums(&depth.bids), sums(&depth.asks));
    [imbalance(bids[0], asks[0]), imbalance(bids[1], asks[1])]
}

/// Quantities of the five and of the ten best levels together.
#[inline(always)]
fn sums(levels: &[Level; 10]) -> [f64; 2] {
    let any = levels.iter().fold(0, |any, level| any | level.qty);
    if any >> 59 != 0 {
        return large_sums(levels);
    }
    let sum = |levels: &[Level]| levels.iter().map(|level| level.qty).sum::<i64>();
    let (near, far) = levels.split_at(5);
    let near = sum(near);
    [near as f64, (near + sum(far)) as f64]
}

/// The same where the sum of ten need not fit 64 bits.
#[cold]
fn large_sums(levels: &[Level; 10]) -> [f64; 2] {
    let sum = |count| levels.iter().take(count).map(|level| i128::from(level.qty)).sum::<i128>();
    [sum(5) as f64, sum(10) as f64]
}

#[inline(always)]
fn imbalance(bid: f64, ask: f64) -> f64 {
    if bid + ask > 0.0 { (bid - ask) / (bid + ask) } else { 0.0 }
}

/// All five. The best quotes are the fresher ones of book and top-of-book stream; `deep` is
/// [`imbalances`] of the last depth. `bps` is 10^4 over twice the mid.
///
/// The microprice is `(bid ask_qty + ask bid_qty) / (bid_qty + ask_qty)` (Gatheral and Oomen,
/// "Zero-intelligence realized variance estimation", 2010), so that its distance from the mid is
/// half the spread times the imbalance of the best level.
#[inline(always)]
pub(super) fn present(quote: &Quote, deep: [f64; 2], bps: f64) -> Present {
    let spread = (quote.ask.price - quote.bid.price) as f64 * (2.0 * bps);
    let best = imbalance(quote.bid.qty as f64, quote.ask.qty as f64);
    [spread, 0.5 * spread * best, best, deep[0], deep[1]].map(|value| value as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::DEPTH_LEVELS;

    #[test]
    fn spread_and_microprice_are_those_of_the_book() {
        let (bid, ask) = (Level { price: 999, qty: 3 }, Level { price: 1_001, qty: 1 });
        let quote = Quote { bid, ask, ..Quote::default() };
        let micro = (999.0 * 1.0 + 1_001.0 * 3.0) / 4.0;
        let values = present(&quote, [0.25, -0.5], 1e4 / 2_000.0);
        let expected = [20.0, (micro - 1_000.0) / 1_000.0 * 1e4, 0.5, 0.25, -0.5];
        assert_eq!(values.map(f64::from), expected);
    }

    #[test]
    fn imbalance_counts_five_and_ten_levels_and_none() {
        let level = |qty| Level { price: 1, qty };
        let mut depth = Depth::default();
        assert_eq!(imbalances(&depth), [0.0, 0.0]);
        for n in 0..DEPTH_LEVELS {
            depth.bids[n] = level(if n < 5 { 3 } else { 1 });
            depth.asks[n] = level(if n < 5 { 1 } else { 7 });
        }
        assert_eq!(imbalances(&depth), [0.5, -1.0 / 3.0]);
        depth.asks = [Level::default(); DEPTH_LEVELS];
        assert_eq!(imbalances(&depth), [1.0, 1.0]);
        depth.bids = [level(i64::MAX); DEPTH_LEVELS];
        depth.asks = [level(i64::MAX); DEPTH_LEVELS];
        assert_eq!(imbalances(&depth), [0.0, 0.0]);
    }
}
