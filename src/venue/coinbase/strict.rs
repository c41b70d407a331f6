//! Coinbase Advanced Trade, strict path: every message of the market channels, and products.
//!
//! In: any frame. Out: raw events in the wire's own digits, and the connection's counter.
//! Never: a guess. A message of a known channel without its keys is refused; unknown channels count
//! as `other`, with their place in the sequence.

use crate::base::{Decimal, InstrumentKind, Nanos, Side, Status, Symbol};
use crate::event::BookChange;
use crate::venue::contract::{Described, Input, Raw, RawBody, Refusal};
use crate::venue::wire::{Strict, Value, need};

/// Reads a frame.
pub(super) fn read(input: &Input<'_>, strict: &mut Strict, raw: &mut Raw) -> Result<(), Refusal> {
    strict.read(input.bytes.text(), |root| {
        let [channel, time, sequence, events, products, product] = root.pick(
            "message",
            ["channel", "timestamp", "sequence_num", "events", "products", "product_id"],
        )?;
        raw.sequence = sequence.map(|s| s.whole("sequence_num")).transpose()?;
        let Some(channel) = channel else {
            if let Some(products) = products {
                return each(products, "products", |item| product_of(item, raw));
            }
            if product.is_some() {
                return product_of(root, raw);
            }
            raw.other += 1;
            return Ok(());
        };
        let events = |key| need(events, key);
        match channel.text("channel")? {
            "l2_data" => {
                let venue_ns = time.map_or(Ok(Nanos::NONE), |t| t.time("timestamp"))?;
                each(events("events")?, "events", |event| book(event, venue_ns, raw))
            }
            "market_trades" => each(events("events")?, "events", |event| trades(event, raw)),
            "ticker" => {
                let venue_ns = time.map_or(Ok(Nanos::NONE), |t| t.time("timestamp"))?;
                each(events("events")?, "events", |event| tickers(event, venue_ns, raw))
            }
            _ => {
                raw.other += 1;
                Ok(())
            }
        }
    })
}

fn each<'t>(
    list: Value<'t>,
    key: &'static str,
    mut take: impl FnMut(Value<'t>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    list.items(key)?.try_for_each(&mut take)
}

fn book(event: Value<'_>, venue_ns: Nanos, raw: &mut Raw) -> Result<(), Refusal> {
    let [kind, product, updates] = event.pick("events", ["type", "product_id", "updates"])?;
    let snapshot = match need(kind, "type")?.text("type")? {
        "snapshot" => true,
        "update" => false,
        _ => return Err(Refusal::BadValue("type")),
    };
    let change = BookChange { snapshot, ..BookChange::default() };
    let symbol = need(product, "product_id")?.symbol("product_id")?;
    raw.open(symbol, venue_ns, RawBody::Book(change));
    each(need(updates, "updates")?, "updates", |update| {
        let [side, price, qty] = update.pick("updates", ["side", "price_level", "new_quantity"])?;
        let side = match need(side, "side")?.text("side")? {
            "bid" => Side::Buy,
            "offer" => Side::Sell,
            _ => return Err(Refusal::BadValue("side")),
        };
        let price = need(price, "price_level")?.decimal("price_level")?;
        raw.level(side, price, need(qty, "new_quantity")?.decimal("new_quantity")?);
        Ok(())
    })
}

/// The side on the wire is the maker's, so the taker's is the other. A snapshot holds trades from
/// before the subscription: they are not new.
fn trades(event: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [kind, trades] = event.pick("events", ["type", "trades"])?;
    if need(kind, "type")?.text("type")? != "update" {
        raw.other += 1;
        return Ok(());
    }
    each(need(trades, "trades")?, "trades", |trade| {
        let [id, product, price, size, side, time] =
            trade.pick("trades", ["trade_id", "product_id", "price", "size", "side", "time"])?;
        let taker = match need(side, "side")?.text("side")? {
            "BUY" => Side::Sell,
            "SELL" => Side::Buy,
            _ => return Err(Refusal::BadValue("side")),
        };
        let body = RawBody::Trade {
            id: need(id, "trade_id")?.whole("trade_id")?,
            price: need(price, "price")?.decimal("price")?,
            qty: need(size, "size")?.decimal("size")?,
            taker,
        };
        let venue_ns = need(time, "time")?.time("time")?;
        raw.open(need(product, "product_id")?.symbol("product_id")?, venue_ns, body);
        Ok(())
    })
}

/// Without the best quantities (as `ticker_batch` sends it) it is no top of book.
fn tickers(event: Value<'_>, venue_ns: Nanos, raw: &mut Raw) -> Result<(), Refusal> {
    let [tickers] = event.pick("events", ["tickers"])?;
    each(need(tickers, "tickers")?, "tickers", |ticker| {
        let [product, bid, bid_qty, ask, ask_qty] = ticker.pick(
            "tickers",
            ["product_id", "best_bid", "best_bid_quantity", "best_ask", "best_ask_quantity"],
        )?;
        let (Some(bid), Some(bid_qty), Some(ask), Some(ask_qty)) = (bid, bid_qty, ask, ask_qty)
        else {
            raw.other += 1;
            return Ok(());
        };
        let body = RawBody::Top {
            update_id: 0,
            bid: (bid.decimal("best_bid")?, bid_qty.decimal("best_bid_quantity")?),
            ask: (ask.decimal("best_ask")?, ask_qty.decimal("best_ask_quantity")?),
        };
        raw.open(need(product, "product_id")?.symbol("product_id")?, venue_ns, body);
        Ok(())
    })
}

/// A product of REST `/products`: tick and lot are its increments, and so are the wire's decimals.
fn product_of(item: Value<'_>, raw: &mut Raw) -> Result<(), Refusal> {
    let [name, base, quote, status] =
        item.pick("products", ["product_id", "base_currency_id", "quote_currency_id", "status"])?;
    let [price, quote_step, lot, qty_min, notional_min] = item.pick(
        "products",
        ["price_increment", "quote_increment", "base_increment", "base_min_size", "quote_min_size"],
    )?;
    let [cancel_only, post_only, disabled, halted, view_only] = item.pick(
        "products",
        ["cancel_only", "post_only", "is_disabled", "trading_disabled", "view_only"],
    )?;
    let is_set = |value: Option<Value<'_>>| value.is_some_and(|v| v.flag("flag") == Ok(true));
    let online = status.is_none_or(|s| s.text("status") == Ok("online"));
    let tick = need(price.or(quote_step), "price_increment")?.decimal("price_increment")?;
    let lot = need(lot, "base_increment")?.decimal("base_increment")?;
    let asset = |value: Option<Value<'_>>, key| value.map_or(Ok(Symbol::NONE), |v| v.symbol(key));
    raw.described.push(Described {
        symbol: need(name, "product_id")?.symbol("product_id")?,
        base: asset(base, "base_currency_id")?,
        quote: asset(quote, "quote_currency_id")?,
        kind: InstrumentKind::Spot,
        contract_value: 1,
        price_decimals: tick.scale,
        qty_decimals: lot.scale,
        tick,
        lot,
        qty_min: qty_min.map_or(Ok(Decimal::default()), |v| v.decimal("base_min_size"))?,
        notional_min: notional_min
            .map_or(Ok(Decimal::default()), |v| v.decimal("quote_min_size"))?,
        status: if !online || is_set(disabled) || is_set(halted) || is_set(view_only) {
            Status::Halted
        } else if is_set(cancel_only) {
            Status::CancelOnly
        } else if is_set(post_only) {
            Status::PostOnly
        } else {
            Status::Open
        },
    });
    raw.other += 1;
    Ok(())
}
