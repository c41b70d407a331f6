//! Binance, fast path: depth updates, best bid and ask, trades, in the key order of the wire.
//!
//! In: a frame of a combined (`{"stream":..,"data":{..}}`) or raw stream. Out: one event.
//! Never: a REST body, a candle, any other order of keys. Those are for the strict path.

use crate::base::{InstrumentId, Nanos, Side};
use crate::event::{Body, BookChange, Head, Level, Part, Stamp, Top, Trade};
use crate::venue::contract::{Decoded, Input, Listings, Placed, Scanner};
use crate::venue::wire::{Kernel, Scan, Shape};

/// Decodes hot frames.
pub(super) struct Market;

impl Scanner for Market {
    /// All but depth updates, which end with an array: of those, no two have the same layout.
    #[inline(always)]
    fn is_worth_learning(frame: &[u8]) -> bool {
        !matches!(frame, [.., b']', b'}'] | [.., b']', b'}', b'}'])
    }

    #[inline(always)]
    fn scan<K: Kernel>(
        kernel: K,
        input: &Input<'_>,
        listings: &Listings,
        out: &mut Decoded,
    ) -> Option<()> {
        let Decoded { events, levels, quotes, .. } = out;
        let mut scan = Scan::new(kernel, input.bytes, quotes)?;
        let combined = scan.has(0, STREAM);
        if combined {
            let name_end = scan.mark(3)?;
            scan.pass((STREAM.len(), name_end))?;
            if !scan.has(name_end, b"\",\"data\":{\"") {
                return None;
            }
            scan.at = 6;
        } else if !scan.has(0, b"{\"") {
            return None;
        }
        let message = Message { stamp: input.stamp, listings, braces: 1 + usize::from(combined) };
        let event = if scan.is_key(b"\"e\":\"depthUpdate\",\"") {
            scan.at += 4;
            message.depth(&mut scan, levels)?
        } else if scan.is_key(b"\"e\":\"trade\",\"") {
            scan.at += 4;
            message.trade(&mut scan)?
        } else {
            message.top(&mut scan)?
        };
        events.push(event);
        Some(())
    }
}

/// How a frame of a combined stream begins.
const STREAM: &[u8; 11] = b"{\"stream\":\"";

/// What all kinds of message share.
struct Message<'a> {
    stamp: Stamp,
    listings: &'a Listings,
    /// Braces that close the frame.
    braces: usize,
}

/// Which instrument, and how its numbers are written.
#[derive(Clone, Copy)]
struct Subject {
    instrument: InstrumentId,
    shape: Shape,
}

impl Message<'_> {
    #[inline(always)]
    fn depth<K: Kernel>(&self, scan: &mut Scan<'_, K>, levels: &mut Vec<Level>) -> Option<Placed> {
        let venue_ns = venue_time(scan)?;
        let subject = self.subject(scan)?;
        let first_id = scan.whole(b"\"U\":")?;
        let last_id = scan.whole(b"\"u\":")?;
        let prev_id = if scan.is_key(b"\"pu\":") { scan.whole(b"\"pu\":")? } else { 0 };
        if !scan.is_key(b"\"b\":[") {
            return None;
        }
        let mut place = scan.mark(0)? + 5;
        scan.at += 2;
        let bids = side(scan, &mut place, subject.shape, levels)?;
        if !scan.has(place, b",\"a\":[") {
            return None;
        }
        place += 6;
        scan.at += 2;
        let asks = side(scan, &mut place, subject.shape, levels)?;
        if !scan.closes(place, self.braces) {
            return None;
        }
        let change = BookChange {
            first_id,
            last_id,
            prev_id,
            bids,
            asks,
            checksum: None,
            snapshot: false,
            part: Part::Whole,
        };
        Some(self.placed(subject, venue_ns, Body::Book(change), bids + asks))
    }

    #[inline(always)]
    fn trade<K: Kernel>(&self, scan: &mut Scan<'_, K>) -> Option<Placed> {
        let mut venue_ns = venue_time(scan)?;
        let subject = self.subject(scan)?;
        let id = scan.whole(b"\"t\":")?;
        let price = scan.string(b"\"p\":\"")?;
        let qty = scan.string(b"\"q\":\"")?;
        let Level { price, qty } = scan.pair(price, qty, subject.shape)?;
        let buyer_is_maker = if scan.is_key(b"\"X\":\"") {
            scan.string(b"\"X\":\"")?;
            scan.last_flag(b"\"m\":", self.braces)?
        } else {
            venue_ns = millis(scan, b"\"T\":")?;
            let flag = scan.flag(b"\"m\":")?;
            scan.last_flag(b"\"M\":", self.braces)?;
            flag
        };
        let taker = if buyer_is_maker { Side::Sell } else { Side::Buy };
        Some(self.placed(subject, venue_ns, Body::Trade(Trade { id, price, qty, taker }), 0))
    }

    #[inline(always)]
    fn top<K: Kernel>(&self, scan: &mut Scan<'_, K>) -> Option<Placed> {
        skip_kind(scan);
        let update_id = scan.whole(b"\"u\":")?;
        skip_kind(scan);
        let subject = self.subject(scan)?;
        let bid = (scan.string(b"\"b\":\"")?, scan.string(b"\"B\":\"")?);
        let ask = scan.string(b"\"a\":\"")?;
        if !scan.is_key(b"\"A\":\"") {
            return None;
        }
        let ask_qty = (scan.mark(0)? + 5, scan.mark(3)?);
        let mut venue_ns = Nanos::NONE;
        if scan.has(ask_qty.1, b"\",\"T\":") {
            scan.at += 4;
            venue_ns = millis(scan, b"\"T\":")?;
            let event_time = scan.mark(0)? + 4;
            let end = scan.end().checked_sub(self.braces)?;
            if !scan.is_key(b"\"E\":") || !scan.closes(end, self.braces) {
                return None;
            }
            in_nanos(scan.whole_in(event_time, end)?)?;
        } else if !scan.has(ask_qty.1, b"\"") || !scan.closes(ask_qty.1 + 1, self.braces) {
            return None;
        }
        let bid = scan.pair(bid.0, bid.1, subject.shape)?;
        let top = Top { update_id, bid, ask: scan.pair(ask, ask_qty, subject.shape)? };
        Some(self.placed(subject, venue_ns, Body::Top(top), 0))
    }

    /// Takes `"s":".."` and, on COIN-M, the pair behind it.
    #[inline(always)]
    fn subject<K: Kernel>(&self, scan: &mut Scan<'_, K>) -> Option<Subject> {
        let text = scan.string(b"\"s\":\"")?;
        if scan.is_key(b"\"ps\":\"") {
            let pair = scan.string(b"\"ps\":\"")?;
            scan.pass(pair)?;
        }
        let (instrument, shape) = self.listings.named(&scan.symbol(text)?)?;
        Some(Subject { instrument, shape })
    }

    #[inline(always)]
    fn placed(&self, subject: Subject, venue_ns: Nanos, body: Body, count: u32) -> Placed {
        let head = Head {
            stamp: self.stamp,
            venue_ns,
            instrument: subject.instrument,
            price_decimals: subject.shape.price,
            qty_decimals: subject.shape.qty,
            body,
        };
        Placed { head, start: 0, count }
    }
}

/// Takes `"E":..` and, on futures, `"T":..`: the time of the match where there is one.
#[inline(always)]
fn venue_time<K: Kernel>(scan: &mut Scan<'_, K>) -> Option<Nanos> {
    let event_time = millis(scan, b"\"E\":")?;
    if scan.is_key(b"\"T\":") { millis(scan, b"\"T\":") } else { Some(event_time) }
}

#[inline(always)]
fn millis<K: Kernel>(scan: &mut Scan<'_, K>, key: &[u8; 4]) -> Option<Nanos> {
    in_nanos(scan.whole(key)?)
}

#[inline(always)]
fn in_nanos(millis: u64) -> Option<Nanos> {
    Some(Nanos((millis as i64).checked_mul(Nanos::MILLI)?))
}

#[inline(always)]
fn skip_kind<K: Kernel>(scan: &mut Scan<'_, K>) {
    if scan.is_key(b"\"e\":\"bookTicker\",\"") {
        scan.at += 4;
    }
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
    if !scan.has(*place, b"[\"") {
        return None;
    }
    let (count, last) = scan.quoted_pairs(shape, levels)?;
    *place = last + 3;
    scan.has(last, b"\"]]").then_some(count)
}
