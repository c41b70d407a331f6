//! Coinbase Advanced Trade, fast path: book changes and trades, in the key order of the wire.
//!
//! In: a frame. Out: one event a product, one a trade, and the connection's counter.
//! Never: a snapshot, an acknowledgement, any other order of keys: those are for the strict path.

use crate::base::{Nanos, Side};
use crate::event::{Body, BookChange, Head, Level, Trade};
use crate::venue::contract::{Decoded, Input, Listings, Placed, Scanner};
use crate::venue::wire::{Kernel, Scan, Shape};

/// Decodes hot frames.
pub(super) struct Market;

impl Scanner for Market {
    #[inline(always)]
    fn scan<K: Kernel>(
        kernel: K,
        input: &Input<'_>,
        listings: &Listings,
        out: &mut Decoded,
    ) -> Option<()> {
        let book = input.bytes.text().starts_with(b"{\"channel\":\"l2_data\",\"");
        if !book && !input.bytes.text().starts_with(b"{\"channel\":\"market_trades\",\"") {
            return None;
        }
        // The quotation marks lie in a buffer of their own, so that `out` stays free for events.
        let mut quotes = std::mem::take(&mut out.quotes);
        let taken = match Scan::new(kernel, input.bytes, &mut quotes) {
            Some(scan) => frame(scan, book, input, listings, out),
            None => None,
        };
        out.quotes = quotes;
        taken
    }
}

#[inline(always)]
fn frame<K: Kernel>(
    mut scan: Scan<'_, K>,
    book: bool,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<()> {
    scan.at = 4;
    if scan.is_key(b"\"client_id\":\"") {
        scan.string(b"\"client_id\":\"")?;
    }
    let (from, end) = scan.string(b"\"timestamp\":\"")?;
    let venue_ns = scan.time(from, end, &mut out.day)?;
    out.sequence = Some(scan.whole(b"\"sequence_num\":")?);
    if !scan.is_key(b"\"events\":[{\"type\":\"update\",\"") {
        return None;
    }
    scan.at += 2;
    loop {
        let (from, end) = scan.string(b"\"type\":\"")?;
        if scan.text(from, end)? != b"update" {
            return None;
        }
        let end = if book {
            changes(&mut scan, venue_ns, input, listings, out)?
        } else {
            trades(&mut scan, input, listings, out)?
        };
        if scan.ends_with(end, b"]}]}") {
            return Some(());
        }
        if !scan.has(end, b"]},{\"type\":\"") {
            return None;
        }
    }
}

/// Takes the changes of one product and gives the place behind the last.
#[inline(always)]
fn changes<K: Kernel>(
    scan: &mut Scan<'_, K>,
    venue_ns: Nanos,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<usize> {
    let text = scan.string(b"\"product_id\":\"")?;
    let (instrument, shape) = listings.named(&scan.symbol(text)?)?;
    let start = out.levels.len();
    let mut end = scan.mark(0)? + 11;
    if !scan.is_key(b"\"updates\":[") {
        return None;
    }
    scan.at += 2;
    out.later.clear();
    if !scan.has(end, b"]") {
        end = level_list(scan, end, shape, &mut out.levels, &mut out.later)?;
    }
    let bids = (out.levels.len() - start) as u32;
    let asks = out.later.len() as u32;
    out.levels.extend_from_slice(&out.later);
    let change = BookChange { bids, asks, ..BookChange::default() };
    let head = Head {
        stamp: input.stamp,
        venue_ns,
        instrument,
        price_decimals: shape.price,
        qty_decimals: shape.qty,
        body: Body::Book(change),
    };
    out.events.push(Placed { head, start: start as u32, count: bids + asks });
    Some(end)
}

/// Takes objects of four texts from `place` on: bids into `bids`, offers into `asks`.
#[inline(always)]
fn level_list<K: Kernel>(
    scan: &mut Scan<'_, K>,
    mut place: usize,
    shape: Shape,
    bids: &mut Vec<Level>,
    asks: &mut Vec<Level>,
) -> Option<usize> {
    loop {
        if !scan.has(place, b"{") || scan.mark(0)? != place + 1 {
            return None;
        }
        let (from, end) = scan.string(b"\"side\":\"")?;
        let side = match scan.text(from, end)? {
            b"bid" => Side::Buy,
            b"offer" => Side::Sell,
            _ => return None,
        };
        scan.string(b"\"event_time\":\"")?;
        let price = scan.string(b"\"price_level\":\"")?;
        let qty = (scan.mark(0)? + 16, scan.mark(3)?);
        if !scan.is_key(b"\"new_quantity\":\"") {
            return None;
        }
        scan.at += 4;
        let level = scan.pair(price, qty, shape)?;
        match side {
            Side::Buy => bids.push(level),
            Side::Sell => asks.push(level),
        }
        if !scan.has(qty.1, b"\"},") {
            return scan.has(qty.1, b"\"}]").then_some(qty.1 + 2);
        }
        place = qty.1 + 3;
    }
}

/// Takes the trades of one event and gives the place behind the last. The side on the wire is the
/// maker's, so the taker's is the other.
#[inline(always)]
fn trades<K: Kernel>(
    scan: &mut Scan<'_, K>,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<usize> {
    if !scan.is_key(b"\"trades\":[{\"") {
        return None;
    }
    scan.at += 2;
    loop {
        let (from, end) = scan.string(b"\"trade_id\":\"")?;
        let id = scan.whole_in(from, end)?;
        let text = scan.string(b"\"product_id\":\"")?;
        let (instrument, shape) = listings.named(&scan.symbol(text)?)?;
        let price = scan.string(b"\"price\":\"")?;
        let qty = scan.string(b"\"size\":\"")?;
        let Level { price, qty } = scan.pair(price, qty, shape)?;
        let (from, end) = scan.string(b"\"side\":\"")?;
        let taker = match scan.text(from, end)? {
            b"BUY" => Side::Sell,
            b"SELL" => Side::Buy,
            _ => return None,
        };
        let time = (scan.mark(0)? + 8, scan.mark(3)?);
        if !scan.is_key(b"\"time\":\"") {
            return None;
        }
        let venue_ns = scan.time(time.0, time.1, &mut out.day)?;
        let head = Head {
            stamp: input.stamp,
            venue_ns,
            instrument,
            price_decimals: shape.price,
            qty_decimals: shape.qty,
            body: Body::Trade(Trade { id, price, qty, taker }),
        };
        let start = out.levels.len() as u32;
        out.events.push(Placed { head, start, count: 0 });
        scan.at += 4;
        if !scan.has(time.1, b"\"},{\"") {
            return scan.has(time.1, b"\"}]").then_some(time.1 + 2);
        }
    }
}
