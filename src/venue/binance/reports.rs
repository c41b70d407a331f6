//! Binance's private words: answers of the websocket API, and the user data stream on it.
//!
//! In: a frame. Out: [`Said`], with one [`Item`] for each order that it tells of.
//!
//! | message | what it does to its order |
//! |---|---|
//! | `order.place` answered | alive, and its number is known |
//! | `order.place` refused, status 4xx | rejected; unknown where the code leaves the outcome open |
//! | any answer with status 5xx | unknown: asked for by our name |
//! | `order.cancel`, `openOrders.cancelAll` answered | filled up to `executedQty`, then cancelled |
//! | `order.cancel` refused, unknown order | the cancel is refused, and the order is asked for |
//! | `order.amend.keepPriority` answered, `REPLACED` | its quantity is another |
//! | `NEW` | alive |
//! | `TRADE` | filled up to `z` |
//! | `CANCELED`, `EXPIRED`, `EXPIRED_IN_MATCH` | filled up to `z`, then over |
//! | `REJECTED` | rejected |
//! | `TRADE_PREVENTION` that leaves it open | nothing: the end or the amendment follows |
//! | `order.status`, `openOrders.status` | as `status` says |
//!
//! In the event of a cancel `c` names the cancel, and `C` the order.
//! Never: a key taken for another that differs from it by its case alone.

use super::causes::CAUSES;
use super::limited::{Counted, Limit};
use crate::base::{Decimal, Nanos, Side, Symbol};
use crate::event::{ClientId, Liquidity};
use crate::venue::contract::Refusal;
use crate::venue::desk;
use crate::venue::trade::{Cause, Event, Fee, Last, Totals, Trouble, VenueOrder, Word};
use crate::venue::wire::{Value, need};

/// What a private frame says.
#[derive(Debug)]
pub(super) enum Said {
    /// An answer to a request.
    Answer(Answer),
    /// What became of an order: in the items.
    Order,
    /// What is held: in the holdings.
    Balances,
    /// Own events end, or the connection will: somebody has to act.
    Ending,
    /// Of no use here.
    Other,
}

/// An answer to a request; what its result tells of is read by who knows what was asked.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// What the request was called; empty where it has no name.
    pub(super) id: String,
    pub(super) status: u16,
    /// Why it was turned down.
    pub(super) cause: Option<&'static Cause>,
    /// Until when we are shut out, ms since 1970; 0 where not said.
    pub(super) retry_at_ms: u64,
    /// The venue's time, where said, ms.
    pub(super) server_ms: Option<u64>,
    /// Fills of `myTrades`.
    pub(super) trades: Vec<Trade>,
}

/// A word, and what a fact about its order needs beside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) word: Word,
    pub(super) symbol: Symbol,
    pub(super) side: Side,
}

/// What is held of an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    pub(super) asset: Symbol,
    pub(super) free: Decimal,
    pub(super) locked: Decimal,
    pub(super) at: Nanos,
}

/// A fill of the past.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trade {
    pub(super) id: u64,
    pub(super) order: u64,
    pub(super) symbol: Symbol,
    pub(super) at: Nanos,
    pub(super) side: Side,
    pub(super) price: Decimal,
    pub(super) qty: Decimal,
    pub(super) fee: Decimal,
    pub(super) fee_asset: Symbol,
    pub(super) liquidity: Liquidity,
}

/// Where what a frame tells of is put.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) items: Vec<Item>,
    pub(super) holdings: Vec<Holding>,
    pub(super) limits: Vec<Limit>,
}

/// Reads a frame; `told` is emptied first.
pub(super) fn read(root: Value<'_>, told: &mut Told) -> Result<Said, Refusal> {
    told.items.clear();
    told.holdings.clear();
    told.limits.clear();
    let [id, status, event] = root.pick("message", ["id", "status", "event"])?;
    if let Some(event) = event {
        return of_event(event, told);
    }
    let Some(status) = status else { return Ok(Said::Other) };
    let mut answer = Answer {
        id: id.map_or("", |id| id.text("id").unwrap_or_default()).to_owned(),
        status: u16::try_from(status.whole("status")?).map_err(|_| Refusal::BadValue("status"))?,
        ..Answer::default()
    };
    let [result, error, limits] = root.pick("message", ["result", "error", "rateLimits"])?;
    if let Some(limits) = limits.filter(|limits| limits.is_array()) {
        for one in limits.items("rateLimits")? {
            told.limits.extend(limit(one)?);
        }
    }
    if answer.status != 200 {
        answer.cause = Some(refused(answer.status, error, &mut answer.retry_at_ms)?);
    } else if let Some(result) = result {
        of_result(result, &mut answer, told)?;
    }
    Ok(Said::Answer(answer))
}

/// Server faults leave the outcome open, whatever their code says.
fn refused(
    status: u16,
    error: Option<Value<'_>>,
    retry_at_ms: &mut u64,
) -> Result<&'static Cause, Refusal> {
    let (mut code, mut text) = (0, "");
    if let Some(error) = error {
        let [found, message, data] = error.pick("error", ["code", "msg", "data"])?;
        let found = need(found, "code")?.decimal("code")?.at(0).unwrap_or(0);
        code = i32::try_from(found).unwrap_or(0);
        text = message.map_or(Ok(""), |message| message.text("msg"))?;
        if let Some(data) = data.filter(|data| data.is_object()) {
            let [retry] = data.pick("data", ["retryAfter"])?;
            *retry_at_ms = retry.map_or(Ok(0), |retry| retry.whole("retryAfter"))?;
        }
    }
    let cause = Cause::of(CAUSES, code, text);
    let is_open = cause.trouble == Trouble::Outcome;
    Ok(match status {
        500.. if !is_open => Cause::of(CAUSES, -1000, ""),
        418 => Cause::of(CAUSES, -1003, "banned"),
        429 => Cause::of(CAUSES, -1003, ""),
        _ => cause,
    })
}

/// What a result tells of is told by its keys: what was asked has the same shape wherever it is
/// asked.
fn of_result(result: Value<'_>, answer: &mut Answer, told: &mut Told) -> Result<(), Refusal> {
    if result.is_array() {
        for one in result.items("result")? {
            let [is_trade, is_limit] = one.pick("result", ["isMaker", "rateLimitType"])?;
            if is_trade.is_some() {
                answer.trades.push(trade(one)?);
            } else if is_limit.is_some() {
                told.limits.extend(limit(one)?);
            } else {
                told.items.push(order(one)?);
            }
        }
        return Ok(());
    }
    if !result.is_object() {
        return Ok(());
    }
    let [amended, balances, id, at, server] = result
        .pick("result", ["amendedOrder", "balances", "orderId", "updateTime", "serverTime"])?;
    answer.server_ms = server.map(|server| server.whole("serverTime")).transpose()?;
    if let Some(amended) = amended {
        let mut item = order(amended)?;
        item.word.event = Event::Amended;
        told.items.push(item);
    } else if let Some(balances) = balances {
        let at = at.map_or(Ok(Nanos::NONE), |at| at.millis("updateTime"))?;
        for one in balances.items("balances")? {
            let [asset, free, locked] = one.pick("balances", ["asset", "free", "locked"])?;
            told.holdings.push(Holding {
                asset: need(asset, "asset")?.symbol("asset")?,
                free: need(free, "free")?.amount("free")?,
                locked: need(locked, "locked")?.amount("locked")?,
                at,
            });
        }
    } else if id.is_some() {
        told.items.push(order(result)?);
    }
    Ok(())
}

/// An order as answers tell of it. An acknowledgement says no more than that it is there.
fn order(row: Value<'_>) -> Result<Item, Refusal> {
    let [symbol, id, client, original, status] =
        row.pick("order", ["symbol", "orderId", "clientOrderId", "origClientOrderId", "status"])?;
    let [price, whole, qty, filled, amount] =
        row.pick("order", ["price", "origQty", "qty", "executedQty", "cummulativeQuoteQty"])?;
    let [well_spelt, side, acted, updated] =
        row.pick("order", ["cumulativeQuoteQty", "side", "transactTime", "updateTime"])?;
    let client = original.or(client);
    let client = client.and_then(|name| named(name.text("clientOrderId").ok()?));
    let at = acted.or(updated).map_or(Ok(Nanos::NONE), |at| at.millis("transactTime"))?;
    let event = match status.map(|status| status.text("status")).transpose()? {
        None => Event::Alive,
        Some(status) => of_status(status),
    };
    let id = VenueOrder(u128::from(need(id, "orderId")?.whole("orderId")?));
    let mut word = Word::of(client, id, at, event);
    let decimal = |value: Option<Value<'_>>, key| value.map(|v| v.decimal(key)).transpose();
    if let Some(qty) = decimal(filled, "executedQty")? {
        let amount = decimal(amount.or(well_spelt), "cummulativeQuoteQty")?;
        // The venue writes a negative amount where it does not know it any more.
        word.totals = Some(Totals { qty, amount: amount.filter(|amount| amount.mantissa >= 0) });
    }
    word.price = decimal(price, "price")?;
    word.qty = decimal(whole.or(qty), "origQty")?;
    Ok(Item {
        word,
        symbol: need(symbol, "symbol")?.symbol("symbol")?,
        side: side.map_or(Ok(Side::Buy), |side| side_of(side, "side"))?,
    })
}

fn of_status(status: &str) -> Event {
    match status {
        "NEW" | "PARTIALLY_FILLED" => Event::Alive,
        "FILLED" => Event::Filled,
        "CANCELED" => Event::Cancelled,
        "EXPIRED" | "EXPIRED_IN_MATCH" => Event::Expired,
        "REJECTED" => Event::Rejected(Cause::of(CAUSES, -2010, "").number),
        _ => Event::Pending,
    }
}

fn of_event(event: Value<'_>, told: &mut Told) -> Result<Said, Refusal> {
    let [kind] = event.pick("event", ["e"])?;
    match need(kind, "e")?.text("e")? {
        "executionReport" => {
            told.items.push(execution(event)?);
            Ok(Said::Order)
        }
        "outboundAccountPosition" => {
            let [at, balances] = event.pick("event", ["u", "B"])?;
            let at = at.map_or(Ok(Nanos::NONE), |at| at.millis("u"))?;
            for one in need(balances, "B")?.items("B")? {
                let [asset, free, locked] = one.pick("B", ["a", "f", "l"])?;
                told.holdings.push(Holding {
                    asset: need(asset, "a")?.symbol("a")?,
                    free: need(free, "f")?.amount("f")?,
                    locked: need(locked, "l")?.amount("l")?,
                    at,
                });
            }
            Ok(Said::Balances)
        }
        "eventStreamTerminated" | "serverShutdown" => Ok(Said::Ending),
        _ => Ok(Said::Other),
    }
}

fn execution(event: Value<'_>) -> Result<Item, Refusal> {
    let [symbol, client, original, id, at] = event.pick("event", ["s", "c", "C", "i", "T"])?;
    let [kind, status, side, price, qty] = event.pick("event", ["x", "X", "S", "p", "q"])?;
    let [filled, amount, last_qty, last_price, trade] =
        event.pick("event", ["z", "Z", "l", "L", "t"])?;
    let [fee, fee_asset, maker] = event.pick("event", ["n", "N", "m"])?;
    let text = |value: Option<Value<'_>>| value.and_then(|value| named(value.text("c").ok()?));
    let client = text(original).or_else(|| text(client));
    let status = need(status, "X")?.text("X")?;
    let event = match need(kind, "x")?.text("x")? {
        "REPLACED" => Event::Amended,
        "TRADE_PREVENTION" if of_status(status) == Event::Alive => Event::Pending,
        "NEW" | "TRADE" | "CANCELED" | "EXPIRED" | "REJECTED" | "TRADE_PREVENTION" => {
            of_status(status)
        }
        _ => Event::Pending,
    };
    let id = VenueOrder(u128::from(need(id, "i")?.whole("i")?));
    let mut word = Word::of(client, id, need(at, "T")?.millis("T")?, event);
    word.totals = Some(Totals {
        qty: need(filled, "z")?.decimal("z")?,
        amount: Some(need(amount, "Z")?.decimal("Z")?),
    });
    let is_trade = trade.is_some_and(|trade| trade.whole("t").is_ok());
    if is_trade {
        word.last = Some(Last {
            price: need(last_price, "L")?.decimal("L")?,
            qty: need(last_qty, "l")?.decimal("l")?,
        });
        let is_maker = maker.is_some_and(|maker| maker.flag("m") == Ok(true));
        word.liquidity = Some(if is_maker { Liquidity::Maker } else { Liquidity::Taker });
        // The asset is null where there is no fee.
        if let Some(asset) = fee_asset.and_then(|asset| asset.symbol("N").ok()) {
            word.fee = Fee::Of { amount: need(fee, "n")?.decimal("n")?, asset };
        }
    }
    word.price = price.map(|price| price.decimal("p")).transpose()?;
    word.qty = qty.map(|qty| qty.decimal("q")).transpose()?;
    Ok(Item {
        word,
        symbol: need(symbol, "s")?.symbol("s")?,
        side: side_of(need(side, "S")?, "S")?,
    })
}

fn trade(row: Value<'_>) -> Result<Trade, Refusal> {
    let [symbol, id, order, price, qty] =
        row.pick("trade", ["symbol", "id", "orderId", "price", "qty"])?;
    let [fee, fee_asset, at, buyer, maker] =
        row.pick("trade", ["commission", "commissionAsset", "time", "isBuyer", "isMaker"])?;
    let is_buyer = need(buyer, "isBuyer")?.flag("isBuyer")?;
    let is_maker = need(maker, "isMaker")?.flag("isMaker")?;
    Ok(Trade {
        id: need(id, "id")?.whole("id")?,
        order: need(order, "orderId")?.whole("orderId")?,
        symbol: need(symbol, "symbol")?.symbol("symbol")?,
        at: need(at, "time")?.millis("time")?,
        side: if is_buyer { Side::Buy } else { Side::Sell },
        price: need(price, "price")?.decimal("price")?,
        qty: need(qty, "qty")?.decimal("qty")?,
        fee: need(fee, "commission")?.decimal("commission")?,
        fee_asset: need(fee_asset, "commissionAsset")?.symbol("commissionAsset")?,
        liquidity: if is_maker { Liquidity::Maker } else { Liquidity::Taker },
    })
}

/// A limit of a kind that is counted here.
fn limit(row: Value<'_>) -> Result<Option<Limit>, Refusal> {
    let [kind, interval, number, max, count] =
        row.pick("limit", ["rateLimitType", "interval", "intervalNum", "limit", "count"])?;
    let counted = match need(kind, "rateLimitType")?.text("rateLimitType")? {
        "ORDERS" => Counted::Orders,
        "REQUEST_WEIGHT" => Counted::Weight,
        _ => return Ok(None),
    };
    let seconds: i64 = match need(interval, "interval")?.text("interval")? {
        "SECOND" => 1,
        "MINUTE" => 60,
        "HOUR" => 3_600,
        "DAY" => 86_400,
        _ => return Ok(None),
    };
    let number = need(number, "intervalNum")?.whole("intervalNum")?;
    let number = i64::try_from(number).ok().filter(|number| (1..=1_000).contains(number));
    let small = |value: Value<'_>, key| {
        value.whole(key).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    };
    Ok(Some(Limit {
        counted,
        span_ns: number.ok_or(Refusal::BadValue("intervalNum"))? * seconds * Nanos::SECOND,
        max: small(need(max, "limit")?, "limit")?,
        count: count.map(|count| small(count, "count")).transpose()?,
    }))
}

fn side_of(value: Value<'_>, key: &'static str) -> Result<Side, Refusal> {
    match value.text(key)? {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        _ => Err(Refusal::BadValue(key)),
    }
}

/// A name that could be ours.
fn named(text: &str) -> Option<ClientId> {
    desk::client(text.as_bytes(), "clientOrderId").ok()
}
