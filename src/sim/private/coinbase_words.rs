//! Coinbase's private words: orders, fills, accounts, events of `user`, refusals.
//!
//! In: what is to be said. Out: JSON with numbers, and on the channel flags too, as texts.
//! Never: a change of anything.

use serde_json::{Value, json};

use super::bank::Bank;
use super::money::{fixed, short};
use super::order::{Cause, Fill, Key, Order, State};
use crate::base::{Nanos, Side, Symbol, render};
use crate::event::Style;
use crate::sim::dialect::Response;
use crate::sim::engine::Size;
use crate::sim::keys::uuid;
use crate::sim::world::Listed;

/// What is over or not set.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// Markets that an id tells apart.
const MARKETS: u64 = 16;

/// What ids look like nothing in particular by: 60 bits.
const MASK: u64 = 0x0A5C_3E7F_19B4_D286;

/// An order's id, as random UUIDs look.
pub(super) fn order_id(key: Key) -> String {
    let number = (key.number * MARKETS + key.market as u64) ^ MASK;
    let head = format!("{number:015x}");
    let node = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    format!("{}-{}-4{}-8{:03x}-{node:012x}", &head[..8], &head[8..12], &head[12..], node % 4_096)
}

/// The order of an id; `None` where it is no id of ours.
pub(super) fn key(id: &str) -> Option<Key> {
    let parts = id.get(..8).zip(id.get(9..13)).zip(id.get(15..18));
    let ((one, two), three) = parts?;
    let number = u64::from_str_radix(&[one, two, three].concat(), 16).ok()? ^ MASK;
    let key = Key { market: (number % MARKETS) as usize, number: number / MARKETS };
    (order_id(key) == id).then_some(key)
}

/// A REST error.
pub(super) fn refusal(status: u16, error: &str, code: i32, message: &str) -> Response {
    let body = json!({"error": error, "code": code, "message": message, "details": []});
    Response::with(status, body.to_string())
}

pub(super) fn too_many() -> Response {
    let error = json!({"id": "rate_limit_exceeded", "message": "Too many requests"});
    Response::with(429, json!({"errors": [error]}).to_string())
}

/// Numbers of an order's market as texts.
struct Scale<'a> {
    bank: &'a Bank,
    listed: &'a Listed,
}

impl<'a> Scale<'a> {
    fn of(bank: &'a Bank, market: usize) -> Option<Scale<'a>> {
        Some(Scale { bank, listed: bank.listed(market)? })
    }

    fn qty(&self, lots: i64) -> String {
        short(lots.into(), self.listed.shape.qty.into())
    }

    fn price(&self, ticks: i64) -> String {
        render(ticks, self.listed.shape.price)
    }

    fn money(&self, atoms: i128) -> String {
        short(atoms, self.bank.scale)
    }

    fn mean(&self, order: &Order) -> String {
        let unit = 10_i128.pow(self.listed.shape.qty.into());
        let done = i128::from(order.done.max(1));
        self.money(order.cost * unit / done)
    }

    /// With fees: more of what is paid, less of what is received.
    fn after_fees(&self, order: &Order) -> String {
        let sign = if order.terms.side == Side::Buy { 1 } else { -1 };
        self.money(order.cost + sign * order.fee)
    }
}

fn side(side: Side) -> &'static str {
    if side == Side::Buy { "BUY" } else { "SELL" }
}

pub(super) fn status(order: &Order) -> &'static str {
    match order.state {
        State::Open => "OPEN",
        State::Filled => "FILLED",
        State::Over(Cause::Date) => "EXPIRED",
        State::Over(_) => "CANCELLED",
    }
}

fn in_force(order: &Order) -> &'static str {
    match order.terms.style {
        Style::Market if order.terms.label == "market_market_fok" => "FILL_OR_KILL",
        Style::Market | Style::ImmediateOrCancel => "IMMEDIATE_OR_CANCEL",
        Style::FillOrKill => "FILL_OR_KILL",
        _ if order.terms.expires.is_some() => "GOOD_UNTIL_DATE_TIME",
        _ => "GOOD_UNTIL_CANCELLED",
    }
}

fn percent(order: &Order) -> String {
    let part = i128::from(order.done) * 10_000 / i128::from(order.qty().max(1));
    short(part, 2)
}

fn reason(order: &Order) -> &'static str {
    match order.state {
        State::Over(Cause::User) => "User requested cancel",
        State::Over(Cause::SelfTrade) => "Self trade prevention",
        State::Over(Cause::Unfilled) => "Not enough liquidity",
        _ => "",
    }
}

fn kind(order: &Order) -> &'static str {
    if order.terms.style == Style::Market { "Market" } else { "Limit" }
}

fn ended(order: &Order) -> String {
    order.terms.expires.map_or(NO_TIME.into(), iso)
}

fn iso(at: Nanos) -> String {
    let mut text = at.to_string();
    text.truncate(26);
    text + "Z"
}

/// An order of an event of `user`; with this state where it is not the one that it has.
pub(super) fn told(bank: &Bank, order: &Order, state: Option<&str>) -> Value {
    let Some(scale) = Scale::of(bank, order.key.market) else { return Value::Null };
    let is_post_only = order.terms.style == Style::PostOnly;
    json!({
        "order_id": order_id(order.key),
        "client_order_id": order.terms.client,
        "cumulative_quantity": scale.qty(order.done),
        "leaves_quantity": if order.is_open() { scale.qty(order.left()) } else { "0".into() },
        "avg_price": scale.mean(order),
        "filled_value": scale.money(order.cost),
        "completion_percentage": percent(order),
        "number_of_fills": order.fills.to_string(),
        "limit_price": scale.price(order.terms.price),
        "total_fees": scale.money(order.fee),
        "status": state.unwrap_or(status(order)),
        "product_id": scale.listed.symbol.as_str(),
        "creation_time": iso(order.created),
        "end_time": ended(order),
        "start_time": NO_TIME,
        "order_side": side(order.terms.side),
        "order_type": kind(order),
        "post_only": is_post_only.to_string(),
        "outstanding_hold_amount": scale.money(order.held),
        "cancel_reason": reason(order),
        "reject_reason": "",
        "total_value_after_fees": scale.after_fees(order),
        "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE",
        "product_type": "SPOT",
        "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE",
        "time_in_force": in_force(order),
        "trigger_status": "INVALID_ORDER_TYPE",
    })
}

/// An event of `user`.
pub(super) fn event(kind: &str, orders: &[Value]) -> String {
    json!({
        "type": kind,
        "orders": orders,
        "positions": {"perpetual_futures_positions": [], "expiring_futures_positions": []},
    })
    .to_string()
}

/// How an order was configured, as it stands now.
fn configuration(scale: &Scale<'_>, order: &Order) -> Value {
    let terms = &order.terms;
    let mut config = match terms.size {
        Size::Lots(lots) => json!({"base_size": scale.qty(lots)}),
        Size::Amount(amount) => {
            let atoms = scale.bank.quote_atoms(scale.listed, amount, false);
            json!({"quote_size": scale.money(atoms)})
        }
    };
    if terms.style != Style::Market {
        config["limit_price"] = json!(scale.price(terms.price));
    }
    if terms.style.rests() {
        config["post_only"] = json!(terms.style == Style::PostOnly);
    }
    if let Some(at) = terms.expires {
        config["end_time"] = json!(iso(at));
    }
    json!({ terms.label: config })
}

/// An order in REST.
pub(super) fn order(bank: &Bank, order: &Order) -> Value {
    let Some(scale) = Scale::of(bank, order.key.market) else { return Value::Null };
    let last = bank.members.iter().flat_map(|member| member.fills.iter().rev());
    let last = last.filter(|fill| fill.key == order.key).map(|fill| fill.at).max();
    json!({
        "order_id": order_id(order.key),
        "product_id": scale.listed.symbol.as_str(),
        "user_id": "",
        "order_configuration": configuration(&scale, order),
        "side": side(order.terms.side),
        "client_order_id": order.terms.client,
        "status": status(order),
        "time_in_force": in_force(order),
        "created_time": iso(order.created),
        "completion_percentage": percent(order),
        "filled_size": scale.qty(order.done),
        "average_filled_price": scale.mean(order),
        "fee": "",
        "number_of_fills": order.fills.to_string(),
        "filled_value": scale.money(order.cost),
        "pending_cancel": false,
        "size_in_quote": matches!(order.terms.size, Size::Amount(_)),
        "total_fees": scale.money(order.fee),
        "size_inclusive_of_fees": false,
        "total_value_after_fees": scale.after_fees(order),
        "trigger_status": "INVALID_ORDER_TYPE",
        "order_type": kind(order).to_ascii_uppercase(),
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": !order.is_open(),
        "product_type": "SPOT",
        "reject_message": "",
        "cancel_message": reason(order),
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": scale.money(order.held),
        "is_liquidation": false,
        "last_fill_time": last.map(iso),
        "edit_history": [],
    })
}

/// The answer to a new order, or to one whose client's id is an old one.
pub(super) fn created(bank: &Bank, order: &Order, configuration: &Value) -> Value {
    let product = bank.listed(order.key.market).map(|listed| listed.symbol.as_str().to_owned());
    json!({
        "success": true,
        "success_response": {
            "order_id": order_id(order.key),
            "product_id": product,
            "side": side(order.terms.side),
            "client_order_id": order.terms.client,
        },
        "order_configuration": configuration,
    })
}

/// An order was refused.
pub(super) fn refused(reason: &str, message: &str, configuration: &Value) -> Value {
    // What is known of a preview only has no reason of its own.
    let is_preview_only = reason.contains("_TOO_");
    let preview = match reason {
        "UNKNOWN_FAILURE_REASON" => "UNKNOWN_PREVIEW_FAILURE_REASON".into(),
        reason => format!("PREVIEW_{reason}"),
    };
    json!({
        "success": false,
        "error_response": {
            "error": if is_preview_only { "UNKNOWN_FAILURE_REASON" } else { reason },
            "message": message,
            "error_details": "",
            "preview_failure_reason": preview,
            "new_order_failure_reason": "UNKNOWN_FAILURE_REASON",
        },
        "order_configuration": configuration,
    })
}

/// A fill in REST.
pub(super) fn fill(bank: &Bank, who: usize, fill: &Fill) -> Value {
    let Some(scale) = Scale::of(bank, fill.key.market) else { return Value::Null };
    json!({
        "entry_id": uuid(fill.exec, fill.trade),
        "trade_id": uuid(fill.trade, fill.trade),
        "order_id": order_id(fill.key),
        "trade_time": iso(fill.at),
        "trade_type": "FILL",
        "price": scale.price(fill.price),
        "size": scale.qty(fill.lots),
        "commission": scale.money(fill.fee),
        "product_id": scale.listed.symbol.as_str(),
        "sequence_timestamp": iso(fill.at),
        "liquidity_indicator": if fill.is_maker { "MAKER" } else { "TAKER" },
        "size_in_quote": false,
        "user_id": uuid(who as u64, 0),
        "side": side(fill.side),
        "retail_portfolio_id": "",
    })
}

/// One account for each asset.
pub(super) fn accounts(bank: &Bank, who: usize) -> Vec<Value> {
    let usd = Symbol::new(b"USD");
    let each = bank.members[who].purse.all().enumerate().map(|(n, (asset, balance))| {
        let name = asset.as_str();
        let is_fiat = Some(asset) == usd;
        let amount = |atoms| json!({"value": short(atoms, bank.scale), "currency": name});
        json!({
            "uuid": uuid(who as u64 + 1, n as u64 + 1),
            "name": format!("{name} Wallet"),
            "currency": name,
            "available_balance": amount(balance.free()),
            "default": true,
            "active": true,
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "deleted_at": null,
            "type": if is_fiat { "ACCOUNT_TYPE_FIAT" } else { "ACCOUNT_TYPE_CRYPTO" },
            "ready": true,
            "hold": amount(balance.held),
            "retail_portfolio_id": "",
            "platform": "ACCOUNT_PLATFORM_CONSUMER",
        })
    });
    each.collect()
}

/// Fees, and what was traded.
pub(super) fn summary(bank: &Bank, who: usize) -> Value {
    let member = &bank.members[who];
    let fees = member.fees;
    let usd = Symbol::new(b"USD");
    let in_usd = |fill: &&Fill| bank.listed(fill.key.market).map(|l| l.quote) == usd;
    let fills = member.fills.iter().filter(in_usd);
    let (cost, fee) = fills.fold((0, 0), |(cost, fee), f| (cost + f.cost, fee + f.fee));
    let dollars = |atoms: i128| json!(fixed(atoms, bank.scale, 2).parse::<f64>().unwrap_or(0.0));
    json!({
        "total_volume": dollars(cost),
        "total_fees": dollars(fee),
        "fee_tier": {
            "pricing_tier": "Intro 1",
            "usd_from": "0",
            "usd_to": "10000",
            "maker_fee_rate": short(fees.maker.into(), 6),
            "taker_fee_rate": short(fees.taker.into(), 6),
        },
        "margin_rate": null,
        "goods_and_services_tax": null,
        "advanced_trade_only_volume": dollars(cost),
        "advanced_trade_only_fees": dollars(fee),
        "coinbase_pro_volume": 0,
        "coinbase_pro_fees": 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_uuids_and_lead_back_to_their_order() {
        for key in [Key { market: 8, number: 9_876_543_210 }, Key { market: 0, number: 1 }] {
            let id = order_id(key);
            assert_eq!((id.len(), id.matches('-').count(), &id[14..15]), (36, 4, "4"));
            assert_eq!(super::key(&id), Some(key));
        }
        for bad in ["", "0000", "11111111-1111-1111-1111-111111111111", "Ö-------------------"] {
            assert_eq!(super::key(bad), None, "{bad}");
        }
    }
}
