//! Coinbase's private words: answers over REST, and the channel `user`.
//!
//! In: a body or a frame. Out: words about orders, and what is listed.
//!
//! | message | what it does to its order |
//! |---|---|
//! | `POST /orders`, `success` | alive, and its id is known; also where the name was used before |
//! | the same, no `success` | rejected by its reason; with `success` reasons mean nothing |
//! | HTTP 4xx | rejected |
//! | HTTP 5xx, 408, no answer | unknown: asked for by our name |
//! | `POST /orders/batch_cancel`, `success` | nothing: the end follows, else it is asked for |
//! | the same, no `success` | the cancel is refused, and the order is asked for |
//! | `POST /orders/edit`, `success` | its terms are those that were asked for |
//! | `PENDING`, `QUEUED` | nothing |
//! | `OPEN`, `CANCEL_QUEUED`, `EDIT_QUEUED` | filled up to the total, and alive |
//! | `FILLED` | filled up to the total; asked for where that is not all |
//! | `CANCELLED`, `EXPIRED`, `FAILED` | filled up to the total, then over |
//!
//! The channel knows sums only: a fill is what a sum is above the one before it, at its mean price,
//! and may be several fills in one. Booleans are texts there, and some keys are spelt in two ways.

use super::causes::CAUSES;
use crate::base::{Decimal, Nanos, Side, Symbol};
use crate::event::{ClientId, Liquidity};
use crate::venue::contract::Refusal;
use crate::venue::desk;
use crate::venue::trade::{Cause, Event, Fee, Totals, VenueOrder, Word};
use crate::venue::wire::{Value, need};

/// What a frame of the private line says.
#[derive(Debug)]
pub(super) enum Said {
    /// Orders: in the items; batches of a snapshot have 50, but for the last.
    User { sequence: u64, is_snapshot: bool, is_last: bool },
    /// A sign of life.
    Other { sequence: u64 },
    /// The venue refused a subscription.
    Refused { is_key: bool },
}

/// Orders of one batch of a snapshot.
const BATCH: usize = 50;

/// A word, and what a fact about its order needs beside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) word: Word,
    pub(super) product: Symbol,
    pub(super) side: Side,
}

/// What is held of an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    pub(super) asset: Symbol,
    pub(super) free: Decimal,
    pub(super) held: Decimal,
}

/// A fill of the past.
#[derive(Clone, Debug)]
pub(super) struct Trade {
    pub(super) id: String,
    pub(super) order: VenueOrder,
    pub(super) product: Symbol,
    pub(super) at: Nanos,
    pub(super) side: Side,
    pub(super) price: Decimal,
    pub(super) qty: Decimal,
    pub(super) fee: Decimal,
    pub(super) liquidity: Liquidity,
}

/// A page of something that is listed, and where it goes on.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    pub(super) cursor: Option<String>,
}

/// Reads a frame; what it tells of is put into `items`, which are emptied first.
pub(super) fn read(root: Value<'_>, items: &mut Vec<Item>) -> Result<Said, Refusal> {
    items.clear();
    let [kind, channel, sequence, events, message] =
        root.pick("message", ["type", "channel", "sequence_num", "events", "message"])?;
    if kind.is_some_and(|kind| kind.text("type") == Ok("error")) {
        let text = message.map_or(Ok(""), |message| message.text("message"))?;
        return Ok(Said::Refused { is_key: text.contains("authentication") });
    }
    let sequence = need(sequence, "sequence_num")?.whole("sequence_num")?;
    if need(channel, "channel")?.text("channel")? != "user" {
        return Ok(Said::Other { sequence });
    }
    let (mut is_snapshot, mut is_last) = (false, false);
    for event in need(events, "events")?.items("events")? {
        let [kind, orders] = event.pick("events", ["type", "orders"])?;
        let before = items.len();
        if let Some(orders) = orders.filter(|orders| orders.is_array()) {
            for row in orders.items("orders")? {
                items.push(streamed(row)?);
            }
        }
        if need(kind, "type")?.text("type")? == "snapshot" {
            is_snapshot = true;
            is_last |= items.len() - before < BATCH;
        }
    }
    Ok(Said::User { sequence, is_snapshot, is_last })
}

/// An order of the channel.
fn streamed(row: Value<'_>) -> Result<Item, Refusal> {
    let [id, client, filled, value, mean] = row.pick(
        "order",
        ["order_id", "client_order_id", "cumulative_quantity", "filled_value", "avg_price"],
    )?;
    let [leaves, fees, status, product, side] =
        row.pick("order", ["leaves_quantity", "total_fees", "status", "product_id", "order_side"])?;
    let [price, why, why_as_well] =
        row.pick("order", ["limit_price", "reject_reason", "reject_Reason"])?;
    let filled = need(filled, "cumulative_quantity")?.decimal("cumulative_quantity")?;
    let why = why.or(why_as_well).map_or(Ok(""), |why| why.text("reject_reason"))?;
    let event = of_status(need(status, "status")?.text("status")?, why);
    let mut word = Word::of(named(client), id_of(id)?, Nanos::NONE, event);
    word.totals = Some(Totals { qty: filled, amount: amount(value, mean, filled)? });
    word.fee = fees.map_or(Ok(Fee::Unsaid), |fees| fees.amount("total_fees").map(Fee::Total))?;
    word.price = optional(price, "limit_price")?;
    word.qty = optional(leaves, "leaves_quantity")?.and_then(|leaves| sum(leaves, filled));
    Ok(Item {
        word,
        product: need(product, "product_id")?.symbol("product_id")?,
        side: side_of(side, "order_side")?,
    })
}

/// An order as REST tells of it.
pub(super) fn listed(row: Value<'_>) -> Result<Item, Refusal> {
    let [id, client, filled, value, mean] = row.pick(
        "order",
        ["order_id", "client_order_id", "filled_size", "filled_value", "average_filled_price"],
    )?;
    let [fees, status, product, side, why] =
        row.pick("order", ["total_fees", "status", "product_id", "side", "reject_reason"])?;
    let [configuration] = row.pick("order", ["order_configuration"])?;
    let filled = optional(filled, "filled_size")?.unwrap_or_default();
    let why = why.map_or(Ok(""), |why| why.text("reject_reason"))?;
    let event = of_status(need(status, "status")?.text("status")?, why);
    let mut word = Word::of(named(client), id_of(id)?, Nanos::NONE, event);
    word.totals = Some(Totals { qty: filled, amount: amount(value, mean, filled)? });
    word.fee = optional_sum(fees, "total_fees")?.map_or(Fee::Unsaid, Fee::Total);
    if let Some(terms) = configuration.filter(|configuration| configuration.is_object())
        && let Some((_, terms)) = terms.fields("order_configuration")?.next()
        && terms.is_object()
    {
        let [size, price] = terms.pick("order_configuration", ["base_size", "limit_price"])?;
        (word.qty, word.price) = (optional(size, "base_size")?, optional(price, "limit_price")?);
    }
    Ok(Item {
        word,
        product: need(product, "product_id")?.symbol("product_id")?,
        side: side_of(side, "side")?,
    })
}

/// A page of orders.
pub(super) fn orders(root: Value<'_>) -> Result<Page<Item>, Refusal> {
    page(root, "orders", listed)
}

/// The one order of an answer.
pub(super) fn order(root: Value<'_>) -> Result<Item, Refusal> {
    let [order] = root.pick("answer", ["order"])?;
    listed(need(order, "order")?)
}

/// A page of what is held.
pub(super) fn accounts(root: Value<'_>) -> Result<Page<Holding>, Refusal> {
    page(root, "accounts", |row| {
        let [currency, free, held] =
            row.pick("account", ["currency", "available_balance", "hold"])?;
        let value = |money: Value<'_>| {
            let [value] = money.pick("balance", ["value"])?;
            need(value, "value")?.amount("value")
        };
        Ok(Holding {
            asset: need(currency, "currency")?.symbol("currency")?,
            free: value(need(free, "available_balance")?)?,
            held: held.map_or(Ok(Decimal::default()), value)?,
        })
    })
}

/// A page of fills.
pub(super) fn fills(root: Value<'_>) -> Result<Page<Trade>, Refusal> {
    page(root, "fills", |row| {
        let [id, entry, order, at, price] =
            row.pick("fill", ["trade_id", "entry_id", "order_id", "trade_time", "price"])?;
        let [qty, fee, product, liquidity, side] =
            row.pick("fill", ["size", "commission", "product_id", "liquidity_indicator", "side"])?;
        let liquidity = liquidity.map_or(Ok(""), |word| word.text("liquidity_indicator"))?;
        Ok(Trade {
            id: need(entry.or(id), "trade_id")?.text("trade_id")?.to_owned(),
            order: id_of(order)?,
            product: need(product, "product_id")?.symbol("product_id")?,
            at: need(at, "trade_time")?.time("trade_time")?,
            side: side_of(side, "side")?,
            price: need(price, "price")?.decimal("price")?,
            qty: need(qty, "size")?.decimal("size")?,
            fee: need(fee, "commission")?.amount("commission")?,
            liquidity: if liquidity == "MAKER" { Liquidity::Maker } else { Liquidity::Taker },
        })
    })
}

/// Was an order placed: its id, or why not.
pub(super) fn placed(root: Value<'_>) -> Result<Result<VenueOrder, &'static Cause>, Refusal> {
    let [success, done, failed] =
        root.pick("answer", ["success", "success_response", "error_response"])?;
    if need(success, "success")?.flag("success")? {
        let [id] = need(done, "success_response")?.pick("success_response", ["order_id"])?;
        return Ok(Ok(id_of(id)?));
    }
    let mut words = String::new();
    if let Some(failed) = failed.filter(|failed| failed.is_object()) {
        let keys = ["error", "preview_failure_reason", "new_order_failure_reason"];
        for reason in failed.pick("error_response", keys)?.into_iter().flatten() {
            words.push_str(reason.text("error")?);
            words.push(' ');
        }
    }
    Ok(Err(Cause::of(CAUSES, 0, &words)))
}

/// Was the cancel of an order taken, or why not.
pub(super) fn cancelled(root: Value<'_>) -> Result<Option<&'static Cause>, Refusal> {
    let [results] = root.pick("answer", ["results"])?;
    let [first] = need(results, "results")?.leading("results")?;
    let [success, why] = first.pick("results", ["success", "failure_reason"])?;
    if need(success, "success")?.flag("success")? {
        return Ok(None);
    }
    let why = why.map_or(Ok(""), |why| why.text("failure_reason"))?;
    Ok(Some(Cause::of(CAUSES, 0, why)))
}

/// Was an edit taken, or why not.
pub(super) fn edited(root: Value<'_>) -> Result<Option<&'static Cause>, Refusal> {
    let [success, errors] = root.pick("answer", ["success", "errors"])?;
    if need(success, "success")?.flag("success")? {
        return Ok(None);
    }
    let mut words = String::new();
    for error in need(errors, "errors")?.items("errors")? {
        let keys = ["edit_failure_reason", "preview_failure_reason"];
        for reason in error.pick("errors", keys)?.into_iter().flatten() {
            words.push_str(reason.text("errors")?);
            words.push(' ');
        }
    }
    Ok(Some(Cause::of(CAUSES, 0, &words)))
}

fn page<T>(
    root: Value<'_>,
    key: &'static str,
    read: impl Fn(Value<'_>) -> Result<T, Refusal>,
) -> Result<Page<T>, Refusal> {
    let [rows, more, cursor] = root.pick("answer", [key, "has_next", "cursor"])?;
    let rows = need(rows, key)?.items(key)?.map(read).collect::<Result<Vec<T>, Refusal>>()?;
    let cursor = cursor.map_or(Ok(""), |cursor| cursor.text("cursor"))?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+/.".contains(&byte);
    if cursor.len() > 512 || !cursor.bytes().all(is_plain) {
        return Err(Refusal::BadValue("cursor"));
    }
    let has_more = more.is_none_or(|more| more.flag("has_next") == Ok(true)) && !cursor.is_empty();
    Ok(Page { rows, cursor: has_more.then(|| cursor.to_owned()) })
}

fn of_status(status: &str, why: &str) -> Event {
    match status {
        "OPEN" | "CANCEL_QUEUED" | "EDIT_QUEUED" => Event::Alive,
        "FILLED" => Event::Filled,
        "CANCELLED" => Event::Cancelled,
        "EXPIRED" => Event::Expired,
        "FAILED" => Event::Rejected(Cause::of(CAUSES, 0, why).number),
        _ => Event::Pending,
    }
}

/// What all fills came to: as said, else quantity times mean price.
fn amount(
    value: Option<Value<'_>>,
    mean: Option<Value<'_>>,
    filled: Decimal,
) -> Result<Option<Decimal>, Refusal> {
    if let Some(value) = optional_sum(value, "filled_value")? {
        return Ok(Some(value));
    }
    let Some(mean) = optional_sum(mean, "avg_price")? else { return Ok(None) };
    let mut mantissa = i128::from(mean.mantissa) * i128::from(filled.mantissa);
    let mut scale = mean.scale + filled.scale;
    while scale > 12 || i64::try_from(mantissa).is_err() {
        if scale == 0 {
            return Ok(None);
        }
        (mantissa, scale) = ((mantissa + 5) / 10, scale - 1);
    }
    Ok(Some(Decimal { mantissa: mantissa as i64, scale }))
}

/// The sum of two numbers; `None` where it does not fit.
fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let scale = a.scale.max(b.scale);
    let mantissa = a.at(scale).ok()?.checked_add(b.at(scale).ok()?)?;
    Some(Decimal { mantissa, scale })
}

/// A number that may be an empty text where there is none.
fn optional(value: Option<Value<'_>>, key: &'static str) -> Result<Option<Decimal>, Refusal> {
    let value = value.filter(|value| value.text(key) != Ok(""));
    value.map(|value| value.decimal(key)).transpose()
}

/// A sum or a mean that may be an empty text where there is none.
fn optional_sum(value: Option<Value<'_>>, key: &'static str) -> Result<Option<Decimal>, Refusal> {
    let value = value.filter(|value| value.text(key) != Ok(""));
    value.map(|value| value.amount(key)).transpose()
}

fn id_of(value: Option<Value<'_>>) -> Result<VenueOrder, Refusal> {
    let text = need(value, "order_id")?.text("order_id")?;
    VenueOrder::uuid(text).ok_or(Refusal::BadValue("order_id"))
}

fn side_of(value: Option<Value<'_>>, key: &'static str) -> Result<Side, Refusal> {
    match need(value, key)?.text(key)? {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        _ => Err(Refusal::BadValue(key)),
    }
}

/// A name that could be ours.
fn named(value: Option<Value<'_>>) -> Option<ClientId> {
    let text = value?.text("client_order_id").ok()?;
    desk::client(text.as_bytes(), "client_order_id").ok()
}
