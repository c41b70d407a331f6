//! Kraken's private words: answers to requests, and the channels `executions` and `balances`.
//!
//! In: a frame. Out: [`Said`], with one [`Item`] for each order that it tells of.
//!
//! | message | what it does to its order |
//! |---|---|
//! | `add_order` answered | alive, and its venue id is known |
//! | `add_order` refused | rejected; unknown where the error leaves the outcome open |
//! | `amend_order` answered | nothing: `amended` follows |
//! | `cancel_order` answered | nothing: `canceled` follows, else it is asked for |
//! | `cancel_order` refused, unknown order | the cancel is refused, and the order is asked for |
//! | `pending_new` | nothing |
//! | `new`, `iceberg_refill` | alive |
//! | `trade` | filled up to `cum_qty`, also where it says `partially_filled` and that is all |
//! | `filled` | filled up to `cum_qty`; asked for where that is not all |
//! | `canceled`, `expired` | filled up to `cum_qty`, then over |
//! | `amended`, `restated` | its terms are others |
//! | `status` and snapshots | as `order_status` says |
//!
//! Updates are sparse: a fill names neither our name nor its symbol, so orders are found by the
//! venue's id, too.
//! Never: a word that is not known taken for one that is.

use super::causes::CAUSES;
use super::talk::System;
use crate::base::{Decimal, Nanos, Side, Symbol};
use crate::event::{ClientId, Liquidity};
use crate::venue::contract::Refusal;
use crate::venue::desk;
use crate::venue::trade::{Cause, Event, Fee, Last, Totals, VenueOrder, Word};
use crate::venue::wire::{Value, need};

/// What a private frame says.
#[derive(Debug)]
pub(super) enum Said {
    /// How the venue's system is.
    System(System),
    /// An answer to a request.
    Answer(Answer),
    /// What became of orders: in the items.
    Executions {
        is_snapshot: bool,
        sequence: u64,
        /// The venue's own counter of our requests, the highest that is said.
        rate_count: Option<u32>,
    },
    /// What is held: in the holdings.
    Balances { is_snapshot: bool, sequence: u64 },
    /// A sign of life, or what is of no use here.
    Other,
}

/// An answer to a request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) method: Method,
    pub(super) req_id: Option<u64>,
    pub(super) venue_order: VenueOrder,
    /// Why it was turned down.
    pub(super) cause: Option<&'static Cause>,
    /// The threshold of the venue's counter, where a subscription says it.
    pub(super) rate_max: Option<u32>,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Something about one order.
    Order,
    /// `subscribe` to `executions`.
    Executions,
    /// `subscribe` to `balances`.
    Balances,
    /// `cancel_all`.
    CancelAll,
    /// `cancel_all_orders_after`.
    Switch,
    /// Anything else.
    Other,
}

/// A word, and what a fact about its order needs beside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) word: Word,
    pub(super) symbol: Option<Symbol>,
    pub(super) side: Option<Side>,
}

/// What is held of an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    pub(super) asset: Symbol,
    pub(super) balance: Decimal,
    pub(super) at: Nanos,
}

/// Reads a frame; what it tells of is put into `items` and `holdings`, which are emptied first.
pub(super) fn read(
    root: Value<'_>,
    items: &mut Vec<Item>,
    holdings: &mut Vec<Holding>,
) -> Result<Said, Refusal> {
    items.clear();
    holdings.clear();
    let [method, channel, kind, data, sequence] =
        root.pick("message", ["method", "channel", "type", "data", "sequence"])?;
    if let Some(method) = method {
        return answer(root, method.text("method")?);
    }
    let Some(channel) = channel else {
        return answer(root, "");
    };
    let is_snapshot = kind.is_some_and(|kind| kind.text("type") == Ok("snapshot"));
    let sequence = sequence.map_or(Ok(0), |value| value.whole("sequence"));
    match channel.text("channel")? {
        "status" => {
            let [first] = need(data, "data")?.leading("data")?;
            let [system] = first.pick("data", ["system"])?;
            Ok(Said::System(match need(system, "system")?.text("system")? {
                "online" => System::Online,
                "maintenance" => System::Maintenance,
                _ => System::Limited,
            }))
        }
        "executions" => {
            let mut rate_count = None;
            for row in need(data, "data")?.items("data")? {
                items.push(execution(row, is_snapshot)?);
                let [counter] = row.pick("data", ["ratecount"])?;
                let counter = counter.and_then(|value| value.decimal("ratecount").ok());
                let counter = counter.map(|counter| counter.towards_zero_at(0).max(0) as u32);
                rate_count = rate_count.max(counter);
            }
            Ok(Said::Executions { is_snapshot, sequence: sequence?, rate_count })
        }
        "balances" => {
            for row in need(data, "data")?.items("data")? {
                holdings.extend(holding(row)?);
            }
            Ok(Said::Balances { is_snapshot, sequence: sequence? })
        }
        _ => Ok(Said::Other),
    }
}

fn answer(root: Value<'_>, method: &str) -> Result<Said, Refusal> {
    let [req_id, result, success, error] =
        root.pick("message", ["req_id", "result", "success", "error"])?;
    let req_id = req_id.and_then(|id| id.whole("req_id").ok());
    let mut answer = Answer {
        method: Method::Other,
        req_id,
        venue_order: VenueOrder(0),
        cause: None,
        rate_max: None,
    };
    let mut channel = None;
    if let Some(result) = result.filter(|result| result.is_object()) {
        let [name, order, counter] =
            result.pick("result", ["channel", "order_id", "maxratecount"])?;
        channel = name.map(|name| name.text("channel")).transpose()?;
        if let Some(order) = order {
            let order = VenueOrder::letters(order.text("order_id")?);
            answer.venue_order = order.ok_or(Refusal::BadValue("order_id"))?;
        }
        let counter = counter.and_then(|value| value.decimal("maxratecount").ok());
        answer.rate_max = counter.map(|max| max.towards_zero_at(0).max(0) as u32);
    }
    answer.method = match (method, channel) {
        ("add_order" | "amend_order" | "cancel_order", _) => Method::Order,
        ("subscribe", Some("executions")) => Method::Executions,
        ("subscribe", Some("balances")) => Method::Balances,
        ("cancel_all", _) => Method::CancelAll,
        ("cancel_all_orders_after", _) => Method::Switch,
        _ => Method::Other,
    };
    let has_failed = success.is_some_and(|s| s.flag("success") == Ok(false)) || error.is_some();
    if has_failed {
        let text = error.map_or(Ok(""), |error| error.text("error"))?;
        answer.cause = Some(Cause::of(CAUSES, 0, text));
    }
    Ok(Said::Answer(answer))
}

fn execution(row: Value<'_>, is_snapshot: bool) -> Result<Item, Refusal> {
    let [order, client, kind, status, at] =
        row.pick("data", ["order_id", "cl_ord_id", "exec_type", "order_status", "timestamp"])?;
    let [cum_qty, cum_cost, last_qty, last_price, liquidity] =
        row.pick("data", ["cum_qty", "cum_cost", "last_qty", "last_price", "liquidity_ind"])?;
    let [fees, price, qty, symbol, side] =
        row.pick("data", ["fees", "limit_price", "order_qty", "symbol", "side"])?;
    let venue_order = VenueOrder::letters(need(order, "order_id")?.text("order_id")?);
    let venue_order = venue_order.ok_or(Refusal::BadValue("order_id"))?;
    let client = client.and_then(|name| named(name.text("cl_ord_id").ok()?));
    let at = at.map_or(Ok(Nanos::NONE), |at| at.time("timestamp"))?;
    let kind = need(kind, "exec_type")?.text("exec_type")?;
    let status = status.map_or(Ok(""), |status| status.text("order_status"))?;
    let event = match kind {
        _ if is_snapshot => of_status(status),
        "new" | "trade" | "iceberg_refill" => Event::Alive,
        "filled" => Event::Filled,
        "canceled" => Event::Cancelled,
        "expired" => Event::Expired,
        "amended" | "restated" => Event::Amended,
        "status" => of_status(status),
        _ => Event::Pending,
    };
    let decimal = |value: Option<Value<'_>>, key| value.map(|v| v.decimal(key)).transpose();
    let mut word = Word::of(client, venue_order, at, event);
    if let Some(qty) = decimal(cum_qty, "cum_qty")? {
        word.totals =
            Some(Totals { qty, amount: cum_cost.map(|cost| cost.amount("cum_cost")).transpose()? });
    } else if kind == "trade" {
        // Without it the fill could be told twice.
        return Err(Refusal::MissingKey("cum_qty"));
    }
    if let (Some(price), Some(qty)) = (last_price, last_qty) {
        let (price, qty) = (price.decimal("last_price")?, qty.decimal("last_qty")?);
        word.last = Some(Last { price, qty });
    }
    word.fee = fee(fees)?;
    word.liquidity = match liquidity.map(|l| l.text("liquidity_ind")).transpose()? {
        Some("m") => Some(Liquidity::Maker),
        Some("t") => Some(Liquidity::Taker),
        _ => None,
    };
    (word.price, word.qty) = (decimal(price, "limit_price")?, decimal(qty, "order_qty")?);
    let side = match side.map(|side| side.text("side")).transpose()? {
        Some("buy") => Some(Side::Buy),
        Some("sell") => Some(Side::Sell),
        Some(_) => return Err(Refusal::BadValue("side")),
        None => None,
    };
    Ok(Item { word, symbol: symbol.map(|s| s.symbol("symbol")).transpose()?, side })
}

/// A name that could be ours.
pub(super) fn named(text: &str) -> Option<ClientId> {
    desk::client(text.as_bytes(), "cl_ord_id").ok()
}

fn of_status(status: &str) -> Event {
    match status {
        "new" | "partially_filled" | "triggered" => Event::Alive,
        "filled" => Event::Filled,
        "canceled" => Event::Cancelled,
        "expired" => Event::Expired,
        _ => Event::Pending,
    }
}

/// Fees of a fill are taken in one asset; where there were two, the first one counts here and the
/// other in the ledger's comparison.
fn fee(fees: Option<Value<'_>>) -> Result<Fee, Refusal> {
    let Some(first) = fees.map(|fees| fees.items("fees")).transpose()?.and_then(|mut f| f.next())
    else {
        return Ok(Fee::Unsaid);
    };
    let [asset, qty] = first.pick("fees", ["asset", "qty"])?;
    Ok(Fee::Of {
        amount: need(qty, "qty")?.amount("qty")?,
        asset: need(asset, "asset")?.symbol("asset")?,
    })
}

/// What is held in the spot wallet; what is held elsewhere (earn) cannot be traded with.
fn holding(row: Value<'_>) -> Result<Option<Holding>, Refusal> {
    let [asset, balance, wallets, wallet, at] =
        row.pick("data", ["asset", "balance", "wallets", "wallet_type", "timestamp"])?;
    if wallet.is_some_and(|wallet| wallet.text("wallet_type").is_ok_and(|w| w != "spot")) {
        return Ok(None);
    }
    let mut balance = need(balance, "balance")?.amount("balance")?;
    for one in wallets.map(|wallets| wallets.items("wallets")).transpose()?.into_iter().flatten() {
        let [kind, part] = one.pick("wallets", ["type", "balance"])?;
        if need(kind, "type")?.text("type")? == "spot" {
            balance = need(part, "balance")?.amount("balance")?;
        }
    }
    let at = at.map_or(Ok(Nanos::NONE), |at| at.time("timestamp"))?;
    Ok(Some(Holding { asset: need(asset, "asset")?.symbol("asset")?, balance, at }))
}
