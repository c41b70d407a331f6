//! Kraken v2, fast path: book changes, trades and heartbeats, in the key order of the wire.
//!
//! In: a frame. Out: one book event, or one event a trade.
//! Never: a snapshot of metadata, a ticker, any other order of keys: those are for the strict path.

use crate::base::{InstrumentId, Side};
use crate::event::{Body, BookChange, Head, Level, Part, Trade};
use crate::venue::contract::{Decoded, Input, Listings, Placed, Scanner};
use crate::venue::wire::{DayMemo, Kernel, Scan, Shape};

/// Decodes hot frames.
pub(super) struct Market;

impl Scanner for Market {
    /// All: updates are of one or two levels.
    #[inline(always)]
    fn is_worth_learning(_: &[u8]) -> bool {
        true
    }

    #[inline(always)]
    fn scan<K: Kernel>(
        kernel: K,
        input: &Input<'_>,
        listings: &Listings,
        out: &mut Decoded,
    ) -> Option<()> {
        if input.bytes.text() == b"{\"channel\":\"heartbeat\"}" {
            out.other += 1;
            return Some(());
        }
        let Decoded { quotes, .. } = out;
        // The quotation marks lie in a buffer of their own, so that `out` stays free for events.
        let mut quotes = std::mem::take(quotes);
        let taken = match Scan::new(kernel, input.bytes, &mut quotes) {
            Some(scan) if scan.has(0, BOOK) => book(scan, input, listings, out),
            Some(scan) if scan.has(0, TRADE) => trades(scan, input, listings, out),
            _ => None,
        };
        out.quotes = quotes;
        taken
    }
}

const BOOK: &[u8; 53] = b"{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":\"";
const TRADE: &[u8; 54] = b"{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"";

/// Quotation marks before the key `symbol`: three keys, two texts.
const MARKS_BEFORE_SYMBOL: usize = 10;

#[inline(always)]
fn book<K: Kernel>(
    mut scan: Scan<'_, K>,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<()> {
    scan.at = MARKS_BEFORE_SYMBOL;
    let (instrument, shape) = subject(&mut scan, listings)?;
    if !scan.is_key(b"\"bids\":[") {
        return None;
    }
    let mut place = scan.mark(0)? + 8;
    scan.at += 2;
    let bids = side(&mut scan, &mut place, shape, &mut out.levels)?;
    if !scan.has(place, b",\"asks\":[") {
        return None;
    }
    place += 9;
    scan.at += 2;
    let asks = side(&mut scan, &mut place, shape, &mut out.levels)?;
    if !scan.has(place, b",\"checksum\":") {
        return None;
    }
    let checksum = u32::try_from(scan.whole(b"\"checksum\":")?).ok()?;
    let venue_ns = last_time(&scan, &mut out.day)?;
    let change = BookChange {
        bids,
        asks,
        checksum: Some(checksum),
        part: Part::Whole,
        ..BookChange::default()
    };
    let head = Head {
        stamp: input.stamp,
        venue_ns,
        instrument,
        price_decimals: shape.price,
        qty_decimals: shape.qty,
        body: Body::Book(change),
    };
    out.events.push(Placed { head, start: 0, count: bids + asks });
    Some(())
}

/// Takes the timestamp that ends a frame of one object.
#[inline(always)]
fn last_time<K: Kernel>(scan: &Scan<'_, K>, day: &mut DayMemo) -> Option<crate::base::Nanos> {
    let from = scan.mark(0)? + 13;
    let end = scan.mark(3)?;
    if !scan.is_key(b"\"timestamp\":\"") || !scan.ends_with(end, b"\"}]}") {
        return None;
    }
    scan.time(from, end, day)
}

#[inline(always)]
fn subject<K: Kernel>(
    scan: &mut Scan<'_, K>,
    listings: &Listings,
) -> Option<(InstrumentId, Shape)> {
    let text = scan.string(b"\"symbol\":\"")?;
    listings.named(&scan.symbol(text)?)
}

/// Takes the levels of one side from `place`, just behind the opening bracket, and leaves `place`
/// behind the closing one.
#[inline(always)]
fn side<K: Kernel>(
    scan: &mut Scan<'_, K>,
    place: &mut usize,
    shape: Shape,
    levels: &mut Vec<Level>,
) -> Option<u32> {
    if scan.has(*place, b"]") {
        *place += 1;
        return Some(0);
    }
    let mut count = 0;
    loop {
        // `{"price":64525.3,"qty":0.00309336}` and, behind it, `,{"` or `],"`.
        if !scan.has(*place, b"{\"price\":") || scan.mark(0)? != *place + 1 {
            return None;
        }
        let qty_key = scan.mark(2)?;
        let behind = scan.mark(4)?;
        if !scan.has(qty_key - 1, b",\"qty\":") {
            return None;
        }
        let end = behind.checked_sub(3)?;
        let level = scan.bare_pair((*place + 9, qty_key - 1), (qty_key + 6, end), shape)?;
        levels.push(level);
        count += 1;
        scan.at += 4;
        *place = end + 2;
        if scan.has(end, b"},{\"") {
            continue;
        }
        return scan.has(end, b"}],\"").then_some(count);
    }
}

#[inline(always)]
fn trades<K: Kernel>(
    mut scan: Scan<'_, K>,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<()> {
    scan.at = MARKS_BEFORE_SYMBOL;
    loop {
        let (instrument, shape) = subject(&mut scan, listings)?;
        let (from, end) = scan.string(b"\"side\":\"")?;
        let taker = match scan.text(from, end)? {
            b"buy" => Side::Buy,
            b"sell" => Side::Sell,
            _ => return None,
        };
        if !scan.is_key(b"\"price\":") {
            return None;
        }
        let price = (scan.mark(0)? + 8, scan.mark(2)? - 1);
        let qty = (scan.mark(2)? + 6, scan.mark(4)? - 1);
        if !scan.has(price.1, b",\"qty\":") || !scan.has(qty.1, b",\"ord_type\":\"") {
            return None;
        }
        scan.at += 4;
        let Level { price, qty } = scan.bare_pair(price, qty, shape)?;
        scan.string(b"\"ord_type\":\"")?;
        let id = scan.whole(b"\"trade_id\":")?;
        let time = (scan.mark(0)? + 13, scan.mark(3)?);
        if !scan.is_key(b"\"timestamp\":\"") {
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
        out.events.push(Placed { head, start: 0, count: 0 });
        if scan.ends_with(time.1, b"\"}]}") {
            return Some(());
        }
        if !scan.has(time.1, b"\"},{\"") {
            return None;
        }
        scan.at += 4;
    }
}
