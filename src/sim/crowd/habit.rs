//! Habits: how busy each market's people are, and what they are like. Calibrated against recordings
//! (`neural-kraken sim --statistics`); the order is that of `listing`.
//!
//! Never: a rule. What the numbers do is in `people`.

/// What the people of one market are like.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct Habit {
    /// Things that somebody decides to do, a second. Cancels come on top, as lives end.
    pub(super) rate: i64,
    /// Takers, times in a thousand.
    pub(super) take: i64,
    /// Orders at the best price, times in a thousand.
    pub(super) touch: i64,
    /// Orders a little behind it, times in a thousand; the rest is deep in the book.
    pub(super) near: i64,
    /// How long an order lives at the best price, near it and deep, milliseconds, on average.
    pub(super) lives_ms: [i64; 3],
    /// The size of an order, lots, on average.
    pub(super) size_lots: i64,
    /// The size of a taker, lots, on average.
    pub(super) take_lots: i64,
    /// Most sizes are multiples of it, lots.
    pub(super) grain_lots: i64,
    /// How far orders near the best price and deep ones are from it, ticks, at most.
    pub(super) reach_ticks: [i64; 2],
    /// By how much a price may be off before it is corrected, ticks.
    pub(super) slack_ticks: i64,
}

/// Kraken, Binance, Coinbase; BTC in dollars, ETH in dollars, ETH in BTC.
#[rustfmt::skip]
pub(in crate::sim) static HABITS: [[Habit; 3]; 3] = [
    [
        Habit { rate: 60, take: 20, touch: 250, near: 450, lives_ms: [3_000, 8_000, 20_000], size_lots: 25_000_000, take_lots: 5_000_000, grain_lots: 10_000, reach_ticks: [60, 500], slack_ticks: 12 },
        Habit { rate: 40, take: 20, touch: 250, near: 450, lives_ms: [3_000, 8_000, 20_000], size_lots: 400_000_000, take_lots: 80_000_000, grain_lots: 100_000, reach_ticks: [20, 160], slack_ticks: 4 },
        Habit { rate: 15, take: 15, touch: 300, near: 400, lives_ms: [6_000, 15_000, 40_000], size_lots: 600_000_000, take_lots: 120_000_000, grain_lots: 100_000, reach_ticks: [6, 40], slack_ticks: 1 },
    ],
    [
        Habit { rate: 300, take: 90, touch: 350, near: 200, lives_ms: [1_500, 4_000, 15_000], size_lots: 60_000, take_lots: 6_000, grain_lots: 100, reach_ticks: [400, 10_000], slack_ticks: 25 },
        Habit { rate: 200, take: 90, touch: 350, near: 200, lives_ms: [1_500, 4_000, 15_000], size_lots: 120_000, take_lots: 12_000, grain_lots: 100, reach_ticks: [40, 800], slack_ticks: 2 },
        Habit { rate: 60, take: 60, touch: 400, near: 250, lives_ms: [4_000, 8_000, 30_000], size_lots: 200_000, take_lots: 40_000, grain_lots: 100, reach_ticks: [8, 100], slack_ticks: 1 },
    ],
    [
        Habit { rate: 80, take: 50, touch: 200, near: 300, lives_ms: [2_000, 6_000, 20_000], size_lots: 8_000_000, take_lots: 1_000_000, grain_lots: 10_000, reach_ticks: [400, 12_000], slack_ticks: 40 },
        Habit { rate: 60, take: 50, touch: 200, near: 300, lives_ms: [2_000, 6_000, 20_000], size_lots: 150_000_000, take_lots: 20_000_000, grain_lots: 100_000, reach_ticks: [30, 900], slack_ticks: 3 },
        Habit { rate: 20, take: 30, touch: 300, near: 300, lives_ms: [5_000, 12_000, 40_000], size_lots: 300_000_000, take_lots: 40_000_000, grain_lots: 100_000, reach_ticks: [8, 80], slack_ticks: 1 },
    ],
];
