//! Binance, strict path: every message of the market streams, REST snapshots and `exchangeInfo`.
//!
//! In: any frame. Out: raw events in the wire's own digits.
//! Never: a guess. A message of a known kind without its keys is refused; an unknown kind counts as
//! `other`.

use crate::base::{Decimal, InstrumentKind, Nanos, Side, Status, Symbol};
use crate::event::{BookChange, Part};
use crate::venue::contract::{Described, Input, Raw, RawBody, Refusal};
use crate::venue::wire::{Strict, Value, need};

/// Reads a frame.
pub(super) fn read(input: &Input<'_>, strict: &mut Strict, raw: &mut Raw) -> Result<(), Refusal> {
    strict.read(input.bytes.text(), |root| {
        if !root.is_object() {
            return Err(Refusal::BadValue("message"));
        }
        let [stream, data] = root.pick("message", ["stream", "data"])?;
        match (stream, data) {
            (Some(_), Some(data)) => message(data, raw),
            _ => message(root, raw),
        }
    })
}

fn message(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [kind, last_id, update_id, bid, symbols] =
        root.pick("data", ["e", "lastUpdateId", "u", "b", "symbols"])?;
    match kind.map(|k| k.text("e")).transpose()? {
        Some("depthUpdate") => depth(root, raw),
        Some("trade") => trade(root, "t", raw),
        Some("aggTrade") => trade(root, "a", raw),
        Some("bookTicker") => top(root, raw),
        None if last_id.is_some() => snapshot(root, raw),
        None if update_id.is_some() && bid.is_some() => top(root, raw),
        None if symbols.is_some_and(Value::is_array) => {
            exchange_info(need(symbols, "symbols")?, raw)
        }
        _ => {
            raw.other += 1;
            Ok(())
        }
    }
}

fn depth(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [event, matched, symbol, first, last, prev, bids, asks] =
        root.pick("data", ["E", "T", "s", "U", "u", "pu", "b", "a"])?;
    let change = BookChange {
        first_id: need(first, "U")?.whole("U")?,
        last_id: need(last, "u")?.whole("u")?,
        prev_id: prev.map_or(Ok(0), |v| v.whole("pu"))?,
        ..BookChange::default()
    };
    let venue_ns = venue_time(event, matched)?;
    raw.open(need(symbol, "s")?.symbol("s")?, venue_ns, RawBody::Book(change));
    side(need(bids, "b")?, "b", Side::Buy, raw)?;
    side(need(asks, "a")?, "a", Side::Sell, raw)
}

fn snapshot(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [last, event, matched, symbol, bids, asks] =
        root.pick("snapshot", ["lastUpdateId", "E", "T", "symbol", "bids", "asks"])?;
    let change = BookChange {
        last_id: need(last, "lastUpdateId")?.whole("lastUpdateId")?,
        snapshot: true,
        part: Part::Whole,
        ..BookChange::default()
    };
    let symbol = symbol.map_or(Ok(Symbol::NONE), |v| v.symbol("symbol"))?;
    let venue_ns = if event.is_some() { venue_time(event, matched)? } else { Nanos::NONE };
    raw.open(symbol, venue_ns, RawBody::Book(change));
    side(need(bids, "bids")?, "bids", Side::Buy, raw)?;
    side(need(asks, "asks")?, "asks", Side::Sell, raw)
}

fn trade(root: Value<'_>, id_key: &'static str, raw: &mut Raw) -> Result<(), Refusal> {
    let [event, matched, symbol, id, price, qty, maker] =
        root.pick("data", ["E", "T", "s", id_key, "p", "q", "m"])?;
    let buyer_is_maker = need(maker, "m")?.flag("m")?;
    let body = RawBody::Trade {
        id: need(id, id_key)?.whole(id_key)?,
        price: need(price, "p")?.decimal("p")?,
        qty: need(qty, "q")?.decimal("q")?,
        taker: if buyer_is_maker { Side::Sell } else { Side::Buy },
    };
    raw.open(need(symbol, "s")?.symbol("s")?, venue_time(event, matched)?, body);
    Ok(())
}

fn top(root: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [event, matched, symbol, update_id, bid, bid_qty, ask, ask_qty] =
        root.pick("data", ["E", "T", "s", "u", "b", "B", "a", "A"])?;
    let body = RawBody::Top {
        update_id: need(update_id, "u")?.whole("u")?,
        bid: (need(bid, "b")?.decimal("b")?, need(bid_qty, "B")?.decimal("B")?),
        ask: (need(ask, "a")?.decimal("a")?, need(ask_qty, "A")?.decimal("A")?),
    };
    let venue_ns = if event.is_some() { venue_time(event, matched)? } else { Nanos::NONE };
    raw.open(need(symbol, "s")?.symbol("s")?, venue_ns, body);
    Ok(())
}

fn side(levels: Value<'_>, key: &'static str, side: Side, raw: &mut Raw) -> Result<(), Refusal> {
    for level in levels.items(key)? {
        let [price, qty] = level.leading(key)?;
        raw.level(side, price.decimal(key)?, qty.decimal(key)?);
    }
    Ok(())
}

/// The time of the match, else the time of the event.
fn venue_time(event: Option<Value<'_>>, matched: Option<Value<'_>>) -> Result<Nanos, Refusal> {
    let event = need(event, "E")?.millis("E")?;
    matched.map_or(Ok(event), |v| v.millis("T"))
}

fn exchange_info(symbols: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    for symbol in symbols.items("symbols")? {
        let described = describe(symbol)?;
        raw.described.push(described);
    }
    raw.other += 1;
    Ok(())
}

/// Decimals are those of the wire (`quotePrecision`, `baseAssetPrecision` on spot,
/// `pricePrecision`,
/// `quantityPrecision` on futures): aggregated sizes are finer than the lot step.
pub(super) fn describe(symbol: Value<'_>) -> Result<Described, Refusal> {
    let [name, status, base, quote, filters] =
        symbol.pick("symbols", ["symbol", "status", "baseAsset", "quoteAsset", "filters"])?;
    let [spot_price, spot_qty, price, qty, contract_size] = symbol.pick(
        "symbols",
        [
            "quotePrecision",
            "baseAssetPrecision",
            "pricePrecision",
            "quantityPrecision",
            "contractSize",
        ],
    )?;
    let decimals = |value: Option<Value<'_>>, key| match value {
        Some(value) => value.whole(key).map(|n| n.min(u64::from(u8::MAX)) as u8),
        None => Err(Refusal::MissingKey(key)),
    };
    let kind = match (price.is_some(), contract_size.is_some()) {
        (_, true) => InstrumentKind::Inverse,
        (true, false) => InstrumentKind::Linear,
        (false, false) => InstrumentKind::Spot,
    };
    let mut described = Described {
        symbol: need(name, "symbol")?.symbol("symbol")?,
        base: need(base, "baseAsset")?.symbol("baseAsset")?,
        quote: need(quote, "quoteAsset")?.symbol("quoteAsset")?,
        kind,
        contract_value: contract_size.map_or(Ok(1), |v| v.whole("contractSize"))? as i64,
        price_decimals: decimals(price.or(spot_price), "quotePrecision")?,
        qty_decimals: decimals(qty.or(spot_qty), "baseAssetPrecision")?,
        tick: Decimal::default(),
        lot: Decimal::default(),
        qty_min: Decimal::default(),
        notional_min: Decimal::default(),
        status: match status.map(|s| s.text("status")).transpose()? {
            Some("TRADING") | None => Status::Open,
            Some("CANCEL_ONLY") => Status::CancelOnly,
            Some(_) => Status::Halted,
        },
    };
    for filter in need(filters, "filters")?.items("filters")? {
        read_filter(filter, &mut described)?;
    }
    Ok(described)
}

fn read_filter(filter: Value<'_>, described: &mut Described) -> Result<(), Refusal> {
    let [kind, tick, step, qty_min, notional_min] =
        filter.pick("filters", ["filterType", "tickSize", "stepSize", "minQty", "minNotional"])?;
    match need(kind, "filterType")?.text("filterType")? {
        "PRICE_FILTER" => described.tick = need(tick, "tickSize")?.decimal("tickSize")?,
        "LOT_SIZE" => {
            described.lot = need(step, "stepSize")?.decimal("stepSize")?;
            described.qty_min = need(qty_min, "minQty")?.decimal("minQty")?;
        }
        "NOTIONAL" | "MIN_NOTIONAL" => {
            if let Some(least) = notional_min {
                described.notional_min = least.decimal("minNotional")?;
            }
        }
        _ => {}
    }
    Ok(())
}
