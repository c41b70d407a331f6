//! Kraken v1, strict path only: the array format of older recordings.
//!
//! In: any frame. Out: raw events in the wire's own digits.
//! Never: decimals from REST `AssetPairs`: this wire prints more than they say, and the checksum is
//! over what it prints.

use crate::base::{Decimal, Nanos, Side, Symbol};
use crate::event::BookChange;
use crate::venue::contract::{Input, Raw, RawBody, Refusal};
use crate::venue::wire::{Strict, Value, need};

/// Reads a frame.
pub(super) fn read(input: &Input<'_>, strict: &mut Strict, raw: &mut Raw) -> Result<(), Refusal> {
    strict.read(input.bytes.text(), |root| {
        if root.is_array() {
            return channel(root, raw);
        }
        raw.other += 1;
        Ok(())
    })
}

/// `[channelID, {..}, ({..},) "book-10", "XBT/USD"]`.
fn channel(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let count = root.items("message")?.count();
    if !(4..=5).contains(&count) {
        return Err(Refusal::BadValue("message"));
    }
    let mut items = root.items("message")?;
    let (Some(first), second) = (items.nth(1), if count == 5 { items.next() } else { None }) else {
        return Err(Refusal::BadValue("message"));
    };
    let (Some(name), Some(pair)) = (items.next(), items.next()) else {
        return Err(Refusal::BadValue("message"));
    };
    let symbol = pair.symbol("pair")?;
    match name.text("channelName")? {
        "trade" => trades(first, symbol, raw),
        "ticker" => ticker(first, symbol, raw),
        name => match name.strip_prefix("book-").map(str::parse) {
            Some(Ok(depth)) => book_parts(first, second, (symbol, depth), raw),
            Some(Err(_)) => Err(Refusal::BadValue("channelName")),
            None => {
                raw.other += 1;
                Ok(())
            }
        },
    }
}

fn book_parts(
    first: Value<'_>,
    second: Option<Value<'_>>,
    (symbol, depth): (Symbol, u32),
    raw: &mut Raw,
) -> Result<(), Refusal> {
    let [all_asks, all_bids] = first.pick("book", ["as", "bs"])?;
    let snapshot = all_asks.is_some() || all_bids.is_some();
    if snapshot {
        raw.subscribed.push((symbol, depth));
    }
    let mut change = BookChange { snapshot, ..BookChange::default() };
    // The checksum stands in the last of the objects.
    for part in [Some(first), second].into_iter().flatten() {
        let [checksum] = part.pick("book", ["c"])?;
        if let Some(checksum) = checksum {
            let checksum = u32::try_from(checksum.whole("c")?);
            change.checksum = Some(checksum.map_err(|_| Refusal::BadValue("c"))?);
        }
    }
    raw.open(symbol, Nanos::NONE, RawBody::Book(change));
    let mut newest = Nanos::NONE;
    for part in [Some(first), second].into_iter().flatten() {
        let [asks, bids, all_asks, all_bids] = part.pick("book", ["a", "b", "as", "bs"])?;
        for (levels, side) in [(bids.or(all_bids), Side::Buy), (asks.or(all_asks), Side::Sell)] {
            let Some(levels) = levels else { continue };
            for level in levels.items("book")? {
                let [price, qty, time] = level.leading("book")?;
                newest = newest.max(seconds(time)?);
                raw.level(side, price.decimal("price")?, qty.decimal("volume")?);
            }
        }
    }
    if let Some(event) = raw.events.last_mut() {
        event.venue_ns = newest;
    }
    Ok(())
}

fn trades(list: Value<'_>, symbol: Symbol, raw: &mut Raw) -> Result<(), Refusal> {
    for item in list.items("trade")? {
        let [price, qty, time, side] = item.leading("trade")?;
        let taker = match side.text("side")? {
            "b" => Side::Buy,
            "s" => Side::Sell,
            _ => return Err(Refusal::BadValue("side")),
        };
        let (price, qty) = (price.decimal("price")?, qty.decimal("volume")?);
        raw.open(symbol, seconds(time)?, RawBody::Trade { id: 0, price, qty, taker });
    }
    Ok(())
}

fn ticker(item: Value<'_>, symbol: Symbol, raw: &mut Raw) -> Result<(), Refusal> {
    let [ask, bid] = item.pick("ticker", ["a", "b"])?;
    let mut tops = [(Decimal::default(), Decimal::default()); 2];
    for (top, value) in tops.iter_mut().zip([bid, ask]) {
        // Price, whole lot volume, lot volume.
        let [price, _, qty] = need(value, "ticker")?.leading("ticker")?;
        *top = (price.decimal("price")?, qty.decimal("volume")?);
    }
    let body = RawBody::Top { update_id: 0, bid: tops[0], ask: tops[1] };
    raw.open(symbol, Nanos::NONE, body);
    Ok(())
}

/// `"1693415330.621700"`, seconds since the epoch.
fn seconds(time: Value<'_>) -> Result<Nanos, Refusal> {
    let number = time.decimal("time")?;
    number.unsigned_at(9).map(Nanos).map_err(|why| Refusal::Number { key: "time", why })
}
