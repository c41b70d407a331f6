//! The markets of the box: nine, three pairs at three venues, and how busy each is.
//!
//! Never: a rule. What the numbers do is in `flow`.

use super::value::Pair;
use crate::venue::wire::Shape;

/// One market: what it is called, how its numbers are written, and what its people are like.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) symbol: &'static str,
    pub(super) base: &'static str,
    pub(super) quote: &'static str,
    pub(super) pair: Pair,
    /// Decimals of prices and quantities; a tick and a lot are one unit of each.
    pub(super) shape: Shape,
    /// The first guess of a size, lots.
    pub(super) size_lots: i64,
    /// Most sizes are multiples of it, lots.
    pub(super) grain_lots: i64,
    /// Levels a side that the market tends to.
    pub(super) levels: usize,
    /// Ticks between levels near the best, on average.
    pub(super) gap_ticks: i64,
    /// Things that happen, a second.
    pub(super) rate: i64,
    /// What happens, times in a thousand.
    pub(super) habits: Habits,
}

/// Times in a thousand; the rest is orders and cancels deep in the book.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Sizes change at the best price.
    pub(super) touch: i64,
    /// Orders and cancels a few levels away from it.
    pub(super) near: i64,
    /// Takers.
    pub(super) take: i64,
}

/// A venue: when it learns of a new value, and how far its prices are off.
#[derive(Debug)]
pub(super) struct House {
    /// Milliseconds until it knows.
    pub(super) lag_ms: i64,
    /// Parts in 10^9, on pairs against dollars.
    pub(super) basis: i64,
    /// From its engine to us, microseconds: at least, and on average beyond that.
    pub(super) way_us: (i64, i64),
    pub(super) markets: [Listing; 3],
}

/// Books are cut to ten levels, so what happens deep is not seen.
pub(super) static KRAKEN: House = House {
    lag_ms: 40,
    basis: 30_000,
    way_us: (17_000, 900),
    markets: [
        Listing {
            symbol: "BTC/USD",
            base: "BTC",
            quote: "USD",
            pair: Pair::BtcUsd,
            shape: Shape { price: 1, qty: 8 },
            size_lots: 25_000_000,
            grain_lots: 10_000,
            levels: 40,
            gap_ticks: 12,
            rate: 105,
            habits: Habits { touch: 200, near: 660, take: 40 },
        },
        Listing {
            symbol: "ETH/USD",
            base: "ETH",
            quote: "USD",
            pair: Pair::EthUsd,
            shape: Shape { price: 2, qty: 8 },
            size_lots: 400_000_000,
            grain_lots: 100_000,
            levels: 40,
            gap_ticks: 4,
            rate: 75,
            habits: Habits { touch: 200, near: 640, take: 50 },
        },
        Listing {
            symbol: "ETH/BTC",
            base: "ETH",
            quote: "BTC",
            pair: Pair::EthBtc,
            shape: Shape { price: 5, qty: 8 },
            size_lots: 600_000_000,
            grain_lots: 100_000,
            levels: 40,
            gap_ticks: 1,
            rate: 25,
            habits: Habits { touch: 300, near: 600, take: 30 },
        },
    ],
};

/// The busiest.
pub(super) static BINANCE: House = House {
    lag_ms: 0,
    basis: 180_000,
    way_us: (9_000, 400),
    markets: [
        Listing {
            symbol: "BTCUSDT",
            base: "BTC",
            quote: "USDT",
            pair: Pair::BtcUsd,
            shape: Shape { price: 2, qty: 5 },
            size_lots: 60_000,
            grain_lots: 100,
            levels: 400,
            gap_ticks: 25,
            rate: 560,
            habits: Habits { touch: 350, near: 60, take: 140 },
        },
        Listing {
            symbol: "ETHUSDT",
            base: "ETH",
            quote: "USDT",
            pair: Pair::EthUsd,
            shape: Shape { price: 2, qty: 4 },
            size_lots: 120_000,
            grain_lots: 100,
            levels: 400,
            gap_ticks: 2,
            rate: 330,
            habits: Habits { touch: 370, near: 60, take: 140 },
        },
        Listing {
            symbol: "ETHBTC",
            base: "ETH",
            quote: "BTC",
            pair: Pair::EthBtc,
            shape: Shape { price: 5, qty: 4 },
            size_lots: 200_000,
            grain_lots: 100,
            levels: 120,
            gap_ticks: 1,
            rate: 100,
            habits: Habits { touch: 500, near: 150, take: 100 },
        },
    ],
};

/// Full depth on one connection.
pub(super) static COINBASE: House = House {
    lag_ms: 20,
    basis: -20_000,
    way_us: (6_000, 300),
    markets: [
        Listing {
            symbol: "BTC-USD",
            base: "BTC",
            quote: "USD",
            pair: Pair::BtcUsd,
            shape: Shape { price: 2, qty: 8 },
            size_lots: 8_000_000,
            grain_lots: 10_000,
            levels: 400,
            gap_ticks: 40,
            rate: 110,
            habits: Habits { touch: 100, near: 100, take: 60 },
        },
        Listing {
            symbol: "ETH-USD",
            base: "ETH",
            quote: "USD",
            pair: Pair::EthUsd,
            shape: Shape { price: 2, qty: 8 },
            size_lots: 150_000_000,
            grain_lots: 100_000,
            levels: 300,
            gap_ticks: 3,
            rate: 90,
            habits: Habits { touch: 100, near: 100, take: 60 },
        },
        Listing {
            symbol: "ETH-BTC",
            base: "ETH",
            quote: "BTC",
            pair: Pair::EthBtc,
            shape: Shape { price: 5, qty: 8 },
            size_lots: 300_000_000,
            grain_lots: 100_000,
            levels: 100,
            gap_ticks: 1,
            rate: 30,
            habits: Habits { touch: 150, near: 150, take: 40 },
        },
    ],
};
