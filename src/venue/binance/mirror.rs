//! Binance spot seen from the venue's side: plain data to the bytes that it sends.
//!
//! In: levels, quotes, trades, instruments. Out: one frame of a combined stream or one REST body at
//! the end of a buffer, in the real key order (live captures of 2024-08), numbers as texts with
//! eight decimals.
//! Never: a clock, a socket, a number of its own making.

use crate::base::{Nanos, Side, Symbol};
use crate::event::{Level, Top, Trade};
use crate::venue::wire::{Pen, Shape};

/// Decimals of every price and quantity on the wire, whatever the tick.
const WIRE_DECIMALS: u8 = 8;

/// Changes of a book, collected over the stream's interval.
#[derive(Clone, Copy, Debug)]
pub struct Depth<'a> {
    /// Whose.
    pub symbol: Symbol,
    /// Decimals of prices and quantities, at most eight.
    pub shape: Shape,
    /// When the interval ended, milliseconds count.
    pub event_ns: Nanos,
    /// First update id in it.
    pub first_id: u64,
    /// Last update id in it.
    pub last_id: u64,
    /// In wire order; quantity 0 removes.
    pub bids: &'a [Level],
    /// In wire order; quantity 0 removes.
    pub asks: &'a [Level],
}

/// A whole book, as REST `depth` gives it: without a symbol.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    /// Decimals of prices and quantities, at most eight.
    pub shape: Shape,
    /// Last update id in it.
    pub last_id: u64,
    /// Best first.
    pub bids: &'a [Level],
    /// Best first.
    pub asks: &'a [Level],
}

/// A trade.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// Whose.
    pub symbol: Symbol,
    /// Decimals of price and quantity, at most eight.
    pub shape: Shape,
    /// The trade.
    pub trade: Trade,
    /// When it was sent, milliseconds count.
    pub event_ns: Nanos,
    /// When it was made, milliseconds count.
    pub venue_ns: Nanos,
}

/// A symbol that is traded.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Its name: `BTCUSDT`.
    pub symbol: Symbol,
    /// What is bought.
    pub base: Symbol,
    /// What it is paid with.
    pub quote: Symbol,
    /// Decimals of the numbers below, at most eight.
    pub shape: Shape,
    /// Price step of orders, in units of the price.
    pub tick: i64,
    /// Quantity step of orders, in units of the quantity.
    pub lot: i64,
    /// The smallest order, in units of the quantity.
    pub qty_min: i64,
    /// The smallest price times quantity, in units of the price.
    pub notional_min: i64,
    /// May it be traded, in the venue's word: `TRADING`, `HALT`, `CANCEL_ONLY` ..
    pub status: &'static str,
}

/// A reply to a subscribe or an unsubscribe.
pub fn reply(id: u64, out: &mut Vec<u8>) {
    Pen::new(out).text("{\"result\":null,\"id\":").whole(id).text("}");
}

/// `depthUpdate` of the stream `@depth@100ms`.
pub fn depth(depth: &Depth<'_>, out: &mut Vec<u8>) {
    let mut pen = Pen::new(out);
    open(&mut pen, depth.symbol, "@depth@100ms");
    pen.text("\"e\":\"depthUpdate\",\"E\":")
        .whole(millis(depth.event_ns))
        .text(",\"s\":\"")
        .text(depth.symbol.as_str())
        .text("\",\"U\":")
        .whole(depth.first_id)
        .text(",\"u\":")
        .whole(depth.last_id)
        .text(",\"b\":[");
    levels(&mut pen, depth.bids, depth.shape);
    pen.text("],\"a\":[");
    levels(&mut pen, depth.asks, depth.shape);
    pen.text("]}}");
}

/// The best bid and ask, of the stream `@bookTicker`.
pub fn top(symbol: Symbol, shape: Shape, top: &Top, out: &mut Vec<u8>) {
    let mut pen = Pen::new(out);
    open(&mut pen, symbol, "@bookTicker");
    pen.text("\"u\":").whole(top.update_id).text(",\"s\":\"").text(symbol.as_str());
    pen.text("\",\"b\":\"").padded(top.bid.price, shape.price, WIRE_DECIMALS);
    pen.text("\",\"B\":\"").padded(top.bid.qty, shape.qty, WIRE_DECIMALS);
    pen.text("\",\"a\":\"").padded(top.ask.price, shape.price, WIRE_DECIMALS);
    pen.text("\",\"A\":\"").padded(top.ask.qty, shape.qty, WIRE_DECIMALS).text("\"}}");
}

/// A trade, of the stream `@trade`.
pub fn trade(fill: &Fill, out: &mut Vec<u8>) {
    let Trade { id, price, qty, taker } = fill.trade;
    let mut pen = Pen::new(out);
    open(&mut pen, fill.symbol, "@trade");
    pen.text("\"e\":\"trade\",\"E\":")
        .whole(millis(fill.event_ns))
        .text(",\"s\":\"")
        .text(fill.symbol.as_str())
        .text("\",\"t\":")
        .whole(id)
        .text(",\"p\":\"")
        .padded(price, fill.shape.price, WIRE_DECIMALS)
        .text("\",\"q\":\"")
        .padded(qty, fill.shape.qty, WIRE_DECIMALS)
        .text("\",\"T\":")
        .whole(millis(fill.venue_ns))
        .text(",\"m\":")
        .flag(taker == Side::Sell)
        .text(",\"M\":true}}");
}

/// The body of REST `GET /api/v3/depth`.
pub fn snapshot(snapshot: &Snapshot<'_>, out: &mut Vec<u8>) {
    let mut pen = Pen::new(out);
    pen.text("{\"lastUpdateId\":").whole(snapshot.last_id).text(",\"bids\":[");
    levels(&mut pen, snapshot.bids, snapshot.shape);
    pen.text("],\"asks\":[");
    levels(&mut pen, snapshot.asks, snapshot.shape);
    pen.text("]}");
}

/// The body of REST `GET /api/v3/exchangeInfo`, without what nothing here reads.
pub fn exchange_info(server_ns: Nanos, listed: &[Listed], out: &mut Vec<u8>) {
    Pen::new(out)
        .text("{\"timezone\":\"UTC\",\"serverTime\":")
        .whole(millis(server_ns))
        .text(",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",")
        .text("\"intervalNum\":1,\"limit\":6000}],\"exchangeFilters\":[],\"symbols\":[")
        .list(listed, symbol)
        .text("]}");
}

fn symbol(pen: &mut Pen<'_>, listed: &Listed) {
    let shape = listed.shape;
    pen.text("{\"symbol\":\"")
        .text(listed.symbol.as_str())
        .text("\",\"status\":\"")
        .text(listed.status)
        .text("\",\"baseAsset\":\"")
        .text(listed.base.as_str())
        .text("\",\"baseAssetPrecision\":8,\"quoteAsset\":\"")
        .text(listed.quote.as_str())
        .text("\",\"quotePrecision\":8,\"quoteAssetPrecision\":8,\"orderTypes\":[\"LIMIT\",")
        .text("\"LIMIT_MAKER\",\"MARKET\"],\"filters\":[{\"filterType\":\"PRICE_FILTER\",");
    pen.text("\"minPrice\":\"").padded(listed.tick, shape.price, WIRE_DECIMALS);
    pen.text("\",\"maxPrice\":\"1000000.00000000\",\"tickSize\":\"");
    pen.padded(listed.tick, shape.price, WIRE_DECIMALS);
    pen.text("\"},{\"filterType\":\"LOT_SIZE\",\"minQty\":\"");
    pen.padded(listed.qty_min, shape.qty, WIRE_DECIMALS);
    pen.text("\",\"maxQty\":\"9000.00000000\",\"stepSize\":\"");
    pen.padded(listed.lot, shape.qty, WIRE_DECIMALS);
    pen.text("\"},{\"filterType\":\"NOTIONAL\",\"minNotional\":\"");
    pen.padded(listed.notional_min, shape.price, WIRE_DECIMALS);
    pen.text("\",\"applyMinToMarket\":true,\"maxNotional\":\"9000000.00000000\",");
    pen.text("\"applyMaxToMarket\":false,\"avgPriceMins\":5}]}");
}

/// `{"stream":"btcusdt@trade","data":{`, to be closed by two braces.
fn open(pen: &mut Pen<'_>, symbol: Symbol, stream: &str) {
    pen.text("{\"stream\":\"").lower(symbol.as_str()).text(stream).text("\",\"data\":{");
}

fn levels(pen: &mut Pen<'_>, levels: &[Level], shape: Shape) {
    pen.list(levels, |pen, level| {
        pen.text("[\"")
            .padded(level.price, shape.price, WIRE_DECIMALS)
            .text("\",\"")
            .padded(level.qty, shape.qty, WIRE_DECIMALS)
            .text("\"]");
    });
}

fn millis(at: Nanos) -> u64 {
    (at.0 / Nanos::MILLI).unsigned_abs()
}
