//! The plain book: two trees, and a checksum that is written out and hashed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Levels a side that count for the checksum.
const CHECKSUM_LEVELS: usize = 10;

/// Price and quantity.
pub type Pair = (i64, i64);

/// Bids and asks, from price to quantity.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    text: String,
}

impl Tree {
    /// Empties both sides.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// Sets a level, or removes it where the quantity is zero.
    #[inline]
    pub fn set(&mut self, is_bid: bool, price: i64, qty: i64) {
        let side = if is_bid { &mut self.bids } else { &mut self.asks };
        if qty == 0 {
            side.remove(&price);
        } else {
            side.insert(price, qty);
        }
    }

    /// Best bid and best ask.
    #[inline]
    pub fn best(&self) -> (Option<Pair>, Option<Pair>) {
        let pair = |(price, qty): (&i64, &i64)| (*price, *qty);
        (self.bids.last_key_value().map(pair), self.asks.first_key_value().map(pair))
    }

    /// Drops what is worse than the best `depth` levels of each side.
    #[inline]
    pub fn cut(&mut self, depth: usize) {
        while self.bids.len() > depth {
            self.bids.pop_first();
        }
        while self.asks.len() > depth {
            self.asks.pop_last();
        }
    }

    /// Kraken's checksum of the ten best levels a side. The text's buffer is kept.
    #[inline]
    pub fn checksum(&mut self) -> u32 {
        self.text.clear();
        for (price, qty) in self.asks.iter().take(CHECKSUM_LEVELS) {
            let _ = write!(self.text, "{price}{qty}");
        }
        for (price, qty) in self.bids.iter().rev().take(CHECKSUM_LEVELS) {
            let _ = write!(self.text, "{price}{qty}");
        }
        crc32fast::hash(self.text.as_bytes())
    }
}
