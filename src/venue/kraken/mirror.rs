//! Kraken v2 seen from the venue's side: plain data to the bytes that it sends.
//!
//! In: levels, trades, instruments. Out: one frame at the end of a buffer, in the real key order
//! (live captures of 2026-07) with bare numbers at full scale.
//! Never: a clock, a socket, a number of its own making.

use crate::base::{Nanos, Side, Symbol};
use crate::event::{Level, Trade};
use crate::limits::DEPTH_LEVELS;
use crate::venue::wire::{Pen, Shape};

/// Digits of the fraction in times of public channels.
const TIME_DIGITS: u8 = 6;

/// Increments finer than this are written with an exponent.
const PLAIN_DECIMALS_MAX: u8 = 5;

/// What a reply is about.
#[derive(Clone, Copy, Debug)]
pub enum Topic {
    /// Books, cut to this many levels a side.
    Book {
        /// Whose.
        symbol: Symbol,
        /// Levels a side.
        depth: u32,
    },
    /// Trades.
    Trade {
        /// Whose.
        symbol: Symbol,
    },
    /// Best prices and the day behind.
    Ticker {
        /// Whose.
        symbol: Symbol,
        /// What it follows: `trades` or `bbo`.
        event_trigger: &'static str,
    },
    /// Metadata of all instruments.
    Instrument,
}

/// A reply to a subscribe or an unsubscribe: one for each symbol.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// Subscribed, or unsubscribed?
    pub subscribed: bool,
    /// To what.
    pub topic: Topic,
    /// Does a snapshot follow?
    pub snapshot: bool,
    /// The request's own number, where it had one.
    pub req_id: Option<u64>,
    /// When the request came in.
    pub time_in: Nanos,
    /// When this went out.
    pub time_out: Nanos,
}

/// A book or a change of one.
#[derive(Clone, Copy, Debug)]
pub struct Book<'a> {
    /// Whose.
    pub symbol: Symbol,
    /// Decimals of prices and quantities.
    pub shape: Shape,
    /// The whole book, or a change?
    pub snapshot: bool,
    /// In wire order; quantity 0 removes.
    pub bids: &'a [Level],
    /// In wire order; quantity 0 removes.
    pub asks: &'a [Level],
    /// Of the book after it: see [`checksum`].
    pub checksum: u32,
    /// When the engine made it, microseconds count.
    pub venue_ns: Nanos,
}

/// A trade, as part of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// Whose.
    pub symbol: Symbol,
    /// Decimals of price and quantity.
    pub shape: Shape,
    /// The trade.
    pub trade: Trade,
    /// Was the taker a market order, not a limit order?
    pub is_market: bool,
    /// When the engine made it, microseconds count.
    pub venue_ns: Nanos,
}

/// A coin or a currency.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its name: `BTC`.
    pub id: Symbol,
    /// Decimals that are booked.
    pub precision: u8,
    /// Decimals that are shown.
    pub precision_display: u8,
}

/// A pair that is traded.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Its name: `BTC/USD`.
    pub symbol: Symbol,
    /// What is bought.
    pub base: Symbol,
    /// What it is paid with.
    pub quote: Symbol,
    /// Decimals of prices and quantities: what checksums are made of.
    pub shape: Shape,
    /// Price step of orders, in units of the price.
    pub tick: i64,
    /// Quantity step of orders, in units of the quantity.
    pub lot: i64,
    /// The smallest order, in units of the quantity.
    pub qty_min: i64,
    /// The smallest price times quantity, in units of 10^-`cost_decimals`.
    pub cost_min: i64,
    /// Decimals of costs.
    pub cost_decimals: u8,
    /// May it be traded, in the venue's word: `online`, `post_only`, `cancel_only` ..
    pub status: &'static str,
}

/// The first frame of a connection.
pub fn status(connection_id: u64, system: &str, out: &mut Vec<u8>) {
    Pen::new(out)
        .text("{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"version\":\"2.0.10\",")
        .text("\"system\":\"")
        .text(system)
        .text("\",\"api_version\":\"v2\",\"connection_id\":")
        .whole(connection_id)
        .text("}]}");
}

/// A sign of life, about once a second.
pub fn heartbeat(out: &mut Vec<u8>) {
    Pen::new(out).text("{\"channel\":\"heartbeat\"}");
}

/// A reply to a request.
pub fn reply(reply: &Reply, out: &mut Vec<u8>) {
    let mut pen = Pen::new(out);
    pen.text("{\"method\":\"")
        .text(if reply.subscribed { "subscribe" } else { "unsubscribe" })
        .text("\",\"result\":{\"channel\":\"");
    let symbol = match reply.topic {
        Topic::Book { symbol, depth } => {
            pen.text("book\",\"depth\":").whole(u64::from(depth));
            Some(symbol)
        }
        Topic::Trade { symbol } => {
            pen.text("trade\"");
            Some(symbol)
        }
        Topic::Ticker { symbol, event_trigger } => {
            pen.text("ticker\",\"event_trigger\":\"").text(event_trigger).text("\"");
            Some(symbol)
        }
        Topic::Instrument => {
            pen.text("instrument\"");
            None
        }
    };
    if reply.subscribed {
        pen.text(",\"snapshot\":").flag(reply.snapshot);
    }
    if let Some(symbol) = symbol {
        pen.text(",\"symbol\":\"").text(symbol.as_str()).text("\"");
    }
    pen.text("},\"success\":true,\"time_in\":\"")
        .time(reply.time_in, TIME_DIGITS)
        .text("\",\"time_out\":\"")
        .time(reply.time_out, TIME_DIGITS)
        .text("\"");
    if let Some(req_id) = reply.req_id {
        pen.text(",\"req_id\":").whole(req_id);
    }
    pen.text("}");
}

/// A book or a change of one.
pub fn book(book: &Book<'_>, out: &mut Vec<u8>) {
    let shape = book.shape;
    let level = |pen: &mut Pen<'_>, level: &Level| {
        pen.text("{\"price\":").decimal(level.price, shape.price);
        pen.text(",\"qty\":").decimal(level.qty, shape.qty).text("}");
    };
    Pen::new(out)
        .text("{\"channel\":\"book\",\"type\":\"")
        .text(if book.snapshot { "snapshot" } else { "update" })
        .text("\",\"data\":[{\"symbol\":\"")
        .text(book.symbol.as_str())
        .text("\",\"bids\":[")
        .list(book.bids, level)
        .text("],\"asks\":[")
        .list(book.asks, level)
        .text("],\"checksum\":")
        .whole(u64::from(book.checksum))
        .text(",\"timestamp\":\"")
        .time(book.venue_ns, TIME_DIGITS)
        .text("\"}]}");
}

/// The checksum of a book: CRC32 over the digits of the ten best asks, then of the ten best bids,
/// without point and leading zeros. Best first.
pub fn checksum(bids: &[Level], asks: &[Level]) -> u32 {
    let mut digits = Vec::with_capacity(512);
    let mut pen = Pen::new(&mut digits);
    for level in asks.iter().take(DEPTH_LEVELS).chain(bids.iter().take(DEPTH_LEVELS)) {
        pen.whole(level.price.unsigned_abs()).whole(level.qty.unsigned_abs());
    }
    crc32fast::hash(&digits)
}

/// A batch of trades.
pub fn trades(fills: &[Fill], out: &mut Vec<u8>) {
    batch("update", fills, out);
}

/// The latest trades from before a subscription.
pub fn past_trades(fills: &[Fill], out: &mut Vec<u8>) {
    batch("snapshot", fills, out);
}

fn batch(kind: &str, fills: &[Fill], out: &mut Vec<u8>) {
    Pen::new(out)
        .text("{\"channel\":\"trade\",\"type\":\"")
        .text(kind)
        .text("\",\"data\":[")
        .list(fills, |pen, fill| {
            let Trade { id, price, qty, taker } = fill.trade;
            pen.text("{\"symbol\":\"")
                .text(fill.symbol.as_str())
                .text(match taker {
                    Side::Buy => "\",\"side\":\"buy\",\"price\":",
                    Side::Sell => "\",\"side\":\"sell\",\"price\":",
                })
                .decimal(price, fill.shape.price)
                .text(",\"qty\":")
                .decimal(qty, fill.shape.qty)
                .text(",\"ord_type\":\"")
                .text(if fill.is_market { "market" } else { "limit" })
                .text("\",\"trade_id\":")
                .whole(id)
                .text(",\"timestamp\":\"")
                .time(fill.venue_ns, TIME_DIGITS)
                .text("\"}");
        })
        .text("]}");
}

/// Metadata of all instruments.
pub fn instruments(assets: &[Asset], pairs: &[Pair], out: &mut Vec<u8>) {
    Pen::new(out)
        .text("{\"channel\":\"instrument\",\"type\":\"snapshot\",\"data\":{\"assets\":[")
        .list(assets, |pen, asset| {
            pen.text("{\"id\":\"")
                .text(asset.id.as_str())
                .text("\",\"status\":\"enabled\",\"precision\":")
                .whole(u64::from(asset.precision))
                .text(",\"precision_display\":")
                .whole(u64::from(asset.precision_display))
                .text(",\"borrowable\":false,\"collateral_value\":1.00,\"multiplier\":1}");
        })
        .text("],\"pairs\":[")
        .list(pairs, pair)
        .text("]}}");
}

fn pair(pen: &mut Pen<'_>, pair: &Pair) {
    pen.text("{\"symbol\":\"")
        .text(pair.symbol.as_str())
        .text("\",\"base\":\"")
        .text(pair.base.as_str())
        .text("\",\"quote\":\"")
        .text(pair.quote.as_str())
        .text("\",\"status\":\"")
        .text(pair.status)
        .text("\",\"qty_precision\":")
        .whole(u64::from(pair.shape.qty));
    increment(pen.text(",\"qty_increment\":"), pair.lot, pair.shape.qty);
    increment(pen.text(",\"qty_min\":"), pair.qty_min, pair.shape.qty);
    pen.text(",\"price_precision\":").whole(u64::from(pair.shape.price));
    increment(pen.text(",\"price_increment\":"), pair.tick, pair.shape.price);
    pen.text(",\"cost_precision\":").whole(u64::from(pair.cost_decimals));
    increment(pen.text(",\"cost_min\":"), pair.cost_min, pair.cost_decimals);
    pen.text(",\"marginable\":false,\"has_index\":true");
    increment(pen.text(",\"tick_size\":"), pair.tick, pair.shape.price);
    pen.text("}");
}

/// `0.00005`, but `1e-08`: as the venue prints its floats.
fn increment(pen: &mut Pen<'_>, units: i64, decimals: u8) {
    let (mut digits, mut exponent) = (units.unsigned_abs(), decimals);
    while exponent > 0 && digits.is_multiple_of(10) {
        digits /= 10;
        exponent -= 1;
    }
    if exponent <= PLAIN_DECIMALS_MAX || digits >= 10 {
        pen.trimmed(units, decimals);
        return;
    }
    pen.whole(digits).text(if exponent < 10 { "e-0" } else { "e-" }).whole(u64::from(exponent));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn increment_text(units: i64, decimals: u8) -> String {
        let mut out = Vec::new();
        increment(&mut Pen::new(&mut out), units, decimals);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fine_increments_have_an_exponent() {
        assert_eq!(increment_text(1, 8), "1e-08");
        assert_eq!(increment_text(5_000, 8), "0.00005");
        assert_eq!(increment_text(1, 1), "0.1");
        assert_eq!(increment_text(100, 2), "1");
    }

    #[test]
    fn checksum_is_that_of_the_venues_own_example() {
        let side = |pairs: [(i64, i64); 10]| pairs.map(|(price, qty)| Level { price, qty });
        let asks = side([
            (452_852, 100_000),
            (452_864, 154_571_953),
            (452_866, 154_571_109),
            (452_896, 154_560_911),
            (452_902, 15_890_660),
            (452_918, 154_553_491),
            (452_947, 4_454_749),
            (452_961, 35_380_000),
            (452_975, 9_945_542),
            (452_995, 18_772_827),
        ]);
        let bids = side([
            (452_835, 10_000_000),
            (452_834, 154_582_015),
            (452_821, 10_000_000),
            (452_810, 10_000_000),
            (452_803, 154_592_586),
            (452_790, 7_990_000),
            (452_776, 3_310_103),
            (452_775, 30_000_000),
            (452_773, 154_602_737),
            (452_766, 15_445_238),
        ]);
        assert_eq!(checksum(&bids, &asks), 3_310_070_434);
    }
}
