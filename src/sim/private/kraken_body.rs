//! Kraken's bodies of orders and trades in REST, and the names that pairs and assets have there.
//!
//! In: what is to be said. Out: JSON with numbers as texts.
//! Never: a change of anything.

use serde_json::{Map, Value, json};

use super::bank::Bank;
use super::kraken_words::{self as words, Scale, reason, side, status};
use super::order::{Fill, Order, State};
use crate::base::{Nanos, Symbol, render};
use crate::event::Style;
use crate::sim::world::Listed;

/// The name of a pair in REST: `XBTUSD`.
pub(super) fn pair(listed: &Listed) -> String {
    listed.symbol.as_str().replace('/', "").replace("BTC", "XBT")
}

/// The name of an asset in REST's balances.
pub(super) fn asset(asset: Symbol) -> String {
    match asset.as_str() {
        "BTC" => "XXBT".into(),
        "ETH" => "XETH".into(),
        name @ ("USD" | "EUR" | "GBP") => format!("Z{name}"),
        name => name.into(),
    }
}

fn epoch(at: Nanos) -> Value {
    json!(at.0 as f64 / Nanos::SECOND as f64)
}

/// What an order is, in one line.
pub(super) fn description(bank: &Bank, order: &Order) -> String {
    let Some(listed) = bank.listed(order.key.market) else { return String::new() };
    let (kind, qty) = (side(order.terms.side), render(order.qty(), listed.shape.qty));
    let head = format!("{kind} {qty} {} @ {}", pair(listed), order.terms.label);
    match order.terms.style {
        Style::Market => head,
        _ => format!("{head} {}", render(order.terms.price, listed.shape.price)),
    }
}

/// An order in REST.
pub(super) fn rest_order(bank: &Bank, order: &Order) -> Option<(String, Value)> {
    let scale = Scale { bank, listed: bank.listed(order.key.market)? };
    let state = match status(order) {
        "new" | "partially_filled" => "open",
        "filled" => "closed",
        other => other,
    };
    let price = match order.terms.style {
        Style::Market => "0".into(),
        _ => scale.price(order.terms.price),
    };
    let flags = if order.terms.fee_in_base { "fcib" } else { "fciq" };
    let flags = [flags, if order.terms.style == Style::PostOnly { ",post" } else { "" }].concat();
    let mut value = json!({
        "refid": null,
        "userref": order.terms.userref,
        "status": state,
        "opentm": epoch(order.created),
        "starttm": 0,
        "expiretm": order.terms.expires.map_or(json!(0), epoch),
        "descr": {
            "pair": pair(scale.listed),
            "type": side(order.terms.side),
            "ordertype": order.terms.label,
            "price": price,
            "price2": "0",
            "leverage": "none",
            "order": description(bank, order),
            "close": "",
        },
        "vol": scale.qty(order.qty()),
        "vol_exec": scale.qty(order.done),
        "cost": scale.money(order.cost),
        "fee": scale.money(order.fee),
        "price": scale.mean(order),
        "stopprice": "0.00000",
        "limitprice": "0.00000",
        "misc": "",
        "oflags": flags,
    });
    if !order.terms.client.is_empty() {
        value["cl_ord_id"] = json!(order.terms.client);
    }
    if let State::Over(cause) = order.state {
        value["reason"] = json!(reason(cause));
    }
    if !order.is_open() {
        value["closetm"] = epoch(order.updated);
    }
    Some((words::order_id(order.key), value))
}

/// A trade in REST.
pub(super) fn rest_trade(bank: &Bank, who: usize, fill: &Fill) -> Option<(String, Value)> {
    let scale = Scale { bank, listed: bank.listed(fill.key.market)? };
    let label = bank.order(who, fill.key).map_or("limit", |order| order.terms.label);
    let value = json!({
        "ordertxid": words::order_id(fill.key),
        "postxid": words::code('T', fill.trade),
        "pair": pair(scale.listed),
        "time": epoch(fill.at),
        "type": side(fill.side),
        "ordertype": label,
        "price": scale.price(fill.price),
        "cost": scale.money(fill.cost),
        "fee": scale.money(fill.fee),
        "vol": scale.qty(fill.lots),
        "margin": "0.00000",
        "misc": "",
        "trade_id": fill.trade,
        "maker": fill.is_maker,
    });
    Some((words::code('T', fill.exec), value))
}

/// Pairs of ids and bodies as an object.
pub(super) fn by_id(all: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(all.collect::<Map<String, Value>>())
}
