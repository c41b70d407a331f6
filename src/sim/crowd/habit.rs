//! Habits: how busy each market's people are, and what they are like. Calibrated against recordings
//! (`neural-kraken sim --statistics`); the order is that of `listing`.
//!
//! Never: a rule. What the numbers do is in `people`.

/// What the people of one market are like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    /// Things that somebody decides to do, a second. Cancels come on top, as lives end.
    pub(super) rate: i64,
    /// How many times faster they come while prices are not what they should be.
    pub(super) haste: i64,
    /// Takers, times in a thousand.
    pub(super) take: i64,
    /// Orders at the best price, times in a thousand.
    pub(super) touch: i64,
    /// Orders a little behind it, times in a thousand; the rest is deep in the book.
    pub(super) near: i64,
    /// How long an order lives at the best price, near it and deep, milliseconds, on average.
    pub(super) lives_ms: [i64; 3],
    /// The size of an order there, lots, on average.
    pub(super) sizes_lots: [i64; 3],
    /// The size of a taker, lots, on average.
    pub(super) take_lots: i64,
    /// Most sizes are multiples of it, lots.
    pub(super) grain_lots: i64,
    /// How far orders near the best price and deep ones are from it, ticks, at most.
    pub(super) reach_ticks: [i64; 2],
    /// By how much a price may be off before it is corrected, ticks.
    pub(super) slack_ticks: i64,
}

/// How far prices against dollars are from their value, by venue, parts in 10^9. Binance's are
/// against a coin that is worth a little less than a dollar.
pub(super) static BASIS: [i64; 3] = [3_000, 180_000, -2_000];

/// Kraken, Binance, Coinbase; BTC in dollars, ETH in dollars, ETH in BTC.
pub(super) static HABITS: [[Habit; 3]; 3] = [
    [
        Habit {
            rate: 12,
            haste: 40,
            take: 100,
            touch: 200,
            near: 300,
            lives_ms: [15_000, 30_000, 200_000],
            sizes_lots: [12_000_000, 8_000_000, 10_000_000],
            take_lots: 2_000_000,
            grain_lots: 10_000,
            reach_ticks: [200, 2_000],
            slack_ticks: 40,
        },
        Habit {
            rate: 10,
            haste: 40,
            take: 100,
            touch: 250,
            near: 350,
            lives_ms: [15_000, 30_000, 200_000],
            sizes_lots: [400_000_000, 200_000_000, 300_000_000],
            take_lots: 40_000_000,
            grain_lots: 100_000,
            reach_ticks: [60, 600],
            slack_ticks: 12,
        },
        Habit {
            rate: 4,
            haste: 40,
            take: 50,
            touch: 300,
            near: 400,
            lives_ms: [15_000, 30_000, 200_000],
            sizes_lots: [600_000_000, 400_000_000, 400_000_000],
            take_lots: 60_000_000,
            grain_lots: 100_000,
            reach_ticks: [8, 60],
            slack_ticks: 0,
        },
    ],
    [
        Habit {
            rate: 120,
            haste: 30,
            take: 120,
            touch: 250,
            near: 250,
            lives_ms: [5_000, 20_000, 200_000],
            sizes_lots: [45_000, 15_000, 60_000],
            take_lots: 6_000,
            grain_lots: 10,
            reach_ticks: [3_000, 20_000],
            slack_ticks: 80,
        },
        Habit {
            rate: 80,
            haste: 30,
            take: 120,
            touch: 250,
            near: 250,
            lives_ms: [5_000, 20_000, 200_000],
            sizes_lots: [90_000, 40_000, 120_000],
            take_lots: 12_000,
            grain_lots: 100,
            reach_ticks: [200, 1_500],
            slack_ticks: 4,
        },
        Habit {
            rate: 30,
            haste: 30,
            take: 60,
            touch: 300,
            near: 300,
            lives_ms: [8_000, 20_000, 200_000],
            sizes_lots: [200_000, 100_000, 150_000],
            take_lots: 30_000,
            grain_lots: 100,
            reach_ticks: [10, 120],
            slack_ticks: 0,
        },
    ],
    [
        Habit {
            rate: 40,
            haste: 60,
            take: 80,
            touch: 250,
            near: 350,
            lives_ms: [8_000, 20_000, 200_000],
            sizes_lots: [5_000_000, 30_000_000, 30_000_000],
            take_lots: 1_000_000,
            grain_lots: 1_000,
            reach_ticks: [2_000, 20_000],
            slack_ticks: 150,
        },
        Habit {
            rate: 30,
            haste: 60,
            take: 80,
            touch: 250,
            near: 350,
            lives_ms: [8_000, 20_000, 200_000],
            sizes_lots: [150_000_000, 150_000_000, 300_000_000],
            take_lots: 20_000_000,
            grain_lots: 100_000,
            reach_ticks: [150, 1_500],
            slack_ticks: 8,
        },
        Habit {
            rate: 8,
            haste: 60,
            take: 50,
            touch: 300,
            near: 400,
            lives_ms: [15_000, 30_000, 200_000],
            sizes_lots: [300_000_000, 300_000_000, 300_000_000],
            take_lots: 40_000_000,
            grain_lots: 100_000,
            reach_ticks: [10, 100],
            slack_ticks: 0,
        },
    ],
];
