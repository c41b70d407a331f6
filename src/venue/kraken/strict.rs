//! Kraken v2, strict path: every message of the public channels.
//!
//! In: any frame. Out: raw events in the wire's own digits.
//! Never: a guess. A message of a known channel without its keys is refused; unknown channels and
//! replies count as `other`.

use crate::base::{Decimal, InstrumentKind, Nanos, Side, Status};
use crate::event::BookChange;
use crate::venue::contract::{Described, Input, Raw, RawBody, Refusal};
use crate::venue::wire::{Strict, Value, need};

/// Reads a frame.
pub(super) fn read(input: &Input<'_>, strict: &mut Strict, raw: &mut Raw) -> Result<(), Refusal> {
    strict.read(input.bytes.text(), |root| {
        let [channel, kind, data, result] =
            root.pick("message", ["channel", "type", "data", "result"])?;
        let Some(channel) = channel else {
            raw.other += 1;
            return acknowledged(result, raw);
        };
        let kind = kind.map(|k| k.text("type")).transpose()?;
        match channel.text("channel")? {
            "book" => each(need(data, "data")?, |item| book(item, kind, raw)),
            "trade" if kind == Some("update") => each(need(data, "data")?, |item| trade(item, raw)),
            "ticker" => each(need(data, "data")?, |item| ticker(item, raw)),
            "instrument" => instruments(need(data, "data")?, raw),
            // A trade snapshot holds trades from before the subscription: they are not new.
            _ => {
                raw.other += 1;
                Ok(())
            }
        }
    })
}

/// The acknowledgement of a book says its depth.
fn acknowledged(result: Option<Value<'_>>, raw: &mut Raw) -> Result<(), Refusal> {
    let Some(result) = result.filter(|r| r.is_object()) else {
        return Ok(());
    };
    let [channel, symbol, depth] = result.pick("result", ["channel", "symbol", "depth"])?;
    if let (Some(channel), Some(symbol), Some(depth)) = (channel, symbol, depth)
        && channel.text("channel")? == "book"
    {
        let depth = u32::try_from(depth.whole("depth")?).map_err(|_| Refusal::BadValue("depth"))?;
        raw.subscribed.push((symbol.symbol("symbol")?, depth));
    }
    Ok(())
}

fn each<'t>(
    data: Value<'t>,
    mut take: impl FnMut(Value<'t>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    data.items("data")?.try_for_each(&mut take)
}

fn book(item: Value<'_>, kind: Option<&str>, raw: &mut Raw) -> Result<(), Refusal> {
    let [symbol, bids, asks, checksum, time] =
        item.pick("data", ["symbol", "bids", "asks", "checksum", "timestamp"])?;
    let snapshot = match kind {
        Some("snapshot") => true,
        Some("update") => false,
        _ => return Err(Refusal::BadValue("type")),
    };
    let checksum = u32::try_from(need(checksum, "checksum")?.whole("checksum")?)
        .map_err(|_| Refusal::BadValue("checksum"))?;
    let change = BookChange { checksum: Some(checksum), snapshot, ..BookChange::default() };
    let venue_ns = time.map_or(Ok(Nanos::NONE), |t| t.time("timestamp"))?;
    raw.open(need(symbol, "symbol")?.symbol("symbol")?, venue_ns, RawBody::Book(change));
    side(need(bids, "bids")?, "bids", Side::Buy, raw)?;
    side(need(asks, "asks")?, "asks", Side::Sell, raw)
}

fn side(levels: Value<'_>, key: &'static str, side: Side, raw: &mut Raw) -> Result<(), Refusal> {
    for level in levels.items(key)? {
        let [price, qty] = level.pick(key, ["price", "qty"])?;
        raw.level(side, need(price, "price")?.decimal("price")?, need(qty, "qty")?.decimal("qty")?);
    }
    Ok(())
}

fn trade(item: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [symbol, side, price, qty, id, time] =
        item.pick("data", ["symbol", "side", "price", "qty", "trade_id", "timestamp"])?;
    let taker = match need(side, "side")?.text("side")? {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err(Refusal::BadValue("side")),
    };
    let body = RawBody::Trade {
        id: need(id, "trade_id")?.whole("trade_id")?,
        price: need(price, "price")?.decimal("price")?,
        qty: need(qty, "qty")?.decimal("qty")?,
        taker,
    };
    let venue_ns = need(time, "timestamp")?.time("timestamp")?;
    raw.open(need(symbol, "symbol")?.symbol("symbol")?, venue_ns, body);
    Ok(())
}

fn ticker(item: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [symbol, bid, bid_qty, ask, ask_qty, time] =
        item.pick("data", ["symbol", "bid", "bid_qty", "ask", "ask_qty", "timestamp"])?;
    let body = RawBody::Top {
        update_id: 0,
        bid: (need(bid, "bid")?.decimal("bid")?, need(bid_qty, "bid_qty")?.decimal("bid_qty")?),
        ask: (need(ask, "ask")?.decimal("ask")?, need(ask_qty, "ask_qty")?.decimal("ask_qty")?),
    };
    let venue_ns = time.map_or(Ok(Nanos::NONE), |t| t.time("timestamp"))?;
    raw.open(need(symbol, "symbol")?.symbol("symbol")?, venue_ns, body);
    Ok(())
}

fn instruments(data: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [pairs] = data.pick("data", ["pairs"])?;
    for pair in need(pairs, "pairs")?.items("pairs")? {
        let described = describe(pair)?;
        raw.described.push(described);
    }
    raw.other += 1;
    Ok(())
}

pub(super) fn describe(pair: Value<'_>) -> Result<Described, Refusal> {
    let [symbol, base, quote, status] =
        pair.pick("pairs", ["symbol", "base", "quote", "status"])?;
    let [price, qty] = pair.pick("pairs", ["price_precision", "qty_precision"])?;
    let [tick, lot, qty_min, cost_min] =
        pair.pick("pairs", ["price_increment", "qty_increment", "qty_min", "cost_min"])?;
    let decimals = |value, key| {
        let decimals = need(value, key)?.whole(key)?;
        u8::try_from(decimals).map_err(|_| Refusal::BadValue(key))
    };
    Ok(Described {
        symbol: need(symbol, "symbol")?.symbol("symbol")?,
        base: need(base, "base")?.symbol("base")?,
        quote: need(quote, "quote")?.symbol("quote")?,
        kind: InstrumentKind::Spot,
        contract_value: 1,
        price_decimals: decimals(price, "price_precision")?,
        qty_decimals: decimals(qty, "qty_precision")?,
        tick: need(tick, "price_increment")?.decimal("price_increment")?,
        lot: need(lot, "qty_increment")?.decimal("qty_increment")?,
        qty_min: need(qty_min, "qty_min")?.decimal("qty_min")?,
        notional_min: cost_min.map_or(Ok(Decimal::default()), |v| v.decimal("cost_min"))?,
        status: status_of(need(status, "status")?.text("status")?),
    })
}

/// The venue's words for "may it be traded".
fn status_of(word: &str) -> Status {
    match word {
        "online" => Status::Open,
        "post_only" => Status::PostOnly,
        "cancel_only" => Status::CancelOnly,
        _ => Status::Halted,
    }
}
