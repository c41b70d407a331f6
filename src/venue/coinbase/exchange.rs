//! Coinbase Exchange, strict path only: the feed of older recordings.
//!
//! In: any frame. Out: raw events in the wire's own digits.
//! Never: proof. `level2` has neither sequence nor checksum here.

use crate::base::{Nanos, Side};
use crate::event::BookChange;
use crate::venue::contract::{Input, Raw, RawBody, Refusal};
use crate::venue::wire::{Strict, Value, need};

/// Reads a frame.
pub(super) fn read(input: &Input<'_>, strict: &mut Strict, raw: &mut Raw) -> Result<(), Refusal> {
    strict.read(input.bytes.text(), |root| {
        // REST product lists are arrays: nothing in them that the wire does not say better.
        let [kind] = if root.is_object() { root.pick("message", ["type"])? } else { [None] };
        match kind.map(|k| k.text("type")).transpose()? {
            Some("snapshot") => snapshot(root, raw),
            Some("l2update") => update(root, raw),
            // `last_match` repeats a trade from before the subscription: it is not new.
            Some("match") => trade(root, raw),
            Some("ticker") => ticker(root, raw),
            _ => {
                raw.other += 1;
                Ok(())
            }
        }
    })
}

fn snapshot(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [product, bids, asks, time] =
        root.pick("snapshot", ["product_id", "bids", "asks", "time"])?;
    let change = BookChange { snapshot: true, ..BookChange::default() };
    let symbol = need(product, "product_id")?.symbol("product_id")?;
    raw.open(symbol, time_of(time)?, RawBody::Book(change));
    for (levels, key, side) in [(bids, "bids", Side::Buy), (asks, "asks", Side::Sell)] {
        for level in need(levels, key)?.items(key)? {
            let [price, qty] = level.leading(key)?;
            raw.level(side, price.decimal(key)?, qty.decimal(key)?);
        }
    }
    Ok(())
}

fn update(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [product, changes, time] = root.pick("l2update", ["product_id", "changes", "time"])?;
    let symbol = need(product, "product_id")?.symbol("product_id")?;
    raw.open(symbol, time_of(time)?, RawBody::Book(BookChange::default()));
    for change in need(changes, "changes")?.items("changes")? {
        let [side, price, qty] = change.leading("changes")?;
        raw.level(side_of(side)?, price.decimal("changes")?, qty.decimal("changes")?);
    }
    Ok(())
}

/// The side on the wire is the maker's, so the taker's is the other.
fn trade(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [product, id, price, size, side, time] =
        root.pick("match", ["product_id", "trade_id", "price", "size", "side", "time"])?;
    let body = RawBody::Trade {
        id: need(id, "trade_id")?.whole("trade_id")?,
        price: need(price, "price")?.decimal("price")?,
        qty: need(size, "size")?.decimal("size")?,
        taker: side_of(need(side, "side")?)?.opposite(),
    };
    raw.open(need(product, "product_id")?.symbol("product_id")?, time_of(time)?, body);
    Ok(())
}

/// Older tickers have no best quantities; a top of book needs them.
fn ticker(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [product, bid, bid_qty, ask, ask_qty, time] = root.pick(
        "ticker",
        ["product_id", "best_bid", "best_bid_size", "best_ask", "best_ask_size", "time"],
    )?;
    let (Some(bid), Some(bid_qty), Some(ask), Some(ask_qty)) = (bid, bid_qty, ask, ask_qty) else {
        raw.other += 1;
        return Ok(());
    };
    let body = RawBody::Top {
        update_id: 0,
        bid: (bid.decimal("best_bid")?, bid_qty.decimal("best_bid_size")?),
        ask: (ask.decimal("best_ask")?, ask_qty.decimal("best_ask_size")?),
    };
    raw.open(need(product, "product_id")?.symbol("product_id")?, time_of(time)?, body);
    Ok(())
}

fn side_of(side: Value<'_>) -> Result<Side, Refusal> {
    match side.text("side")? {
        "buy" => Ok(Side::Buy),
        "sell" => Ok(Side::Sell),
        _ => Err(Refusal::BadValue("side")),
    }
}

fn time_of(time: Option<Value<'_>>) -> Result<Nanos, Refusal> {
    time.map_or(Ok(Nanos::NONE), |t| t.time("time"))
}
