//! Binance's private words: answers of the WS API, orders and accounts, events of user streams.
//!
//! In: what is to be said. Out: JSON with numbers as texts of eight decimals.
//! Never: a change of anything.

use serde_json::{Value, json};

use super::bank::Bank;
use super::binance_rest::Fault;
use super::money::fixed;
use super::order::{Cause, Fill, Note, Order, State, What};
use super::rate::ORDER_WINDOWS;
use crate::base::{Nanos, Side};
use crate::event::Style;
use crate::sim::engine::{SelfTrade, Size};
use crate::sim::world::Listed;

const DECIMALS: u32 = 8;

/// Weight of a minute.
const WEIGHT_MAX: u32 = 6_000;

/// Letters of a request's id, at most.
const ID_MAX: usize = 36;

pub(super) const fn millis(at: Nanos) -> i64 {
    at.0 / Nanos::MILLI
}

/// The id of a request, where it is one: a whole number, a short text, or null.
pub(super) fn id(value: &Value) -> Option<Value> {
    let is_id = match value {
        Value::Null => true,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::String(text) => text.len() <= ID_MAX,
        _ => false,
    };
    is_id.then(|| value.clone())
}

/// An answer of the WS API.
pub(super) fn answer(id: &Value, answer: Result<String, Fault>, limits: Option<Value>) -> String {
    let (status, body) = match answer {
        Ok(result) => (200, format!("\"result\":{result}")),
        Err(fault) => {
            let mut error = json!({"code": fault.code, "msg": fault.msg});
            if let Some(data) = fault.data {
                error["data"] = *data;
            }
            (fault.status, format!("\"error\":{error}"))
        }
    };
    let limits = limits.map_or_else(String::new, |limits| format!(",\"rateLimits\":{limits}"));
    format!("{{\"id\":{id},\"status\":{status},{body}{limits}}}")
}

/// What is used of the limits.
pub(super) fn limits(used: u32, counts: Option<[i64; 2]>) -> Value {
    let mut all = counts.map_or_else(Vec::new, |counts| match order_limits(counts) {
        Value::Array(list) => list,
        _ => Vec::new(),
    });
    all.push(json!({
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": WEIGHT_MAX,
        "count": used,
    }));
    Value::Array(all)
}

pub(super) fn order_limits(counts: [i64; 2]) -> Value {
    let names = [("SECOND", 10), ("DAY", 1)];
    let each = names.into_iter().zip(ORDER_WINDOWS).zip(counts);
    let each = each.map(|(((interval, number), (_, limit)), count)| {
        json!({
            "rateLimitType": "ORDERS",
            "interval": interval,
            "intervalNum": number,
            "limit": limit,
            "count": count,
        })
    });
    Value::Array(each.collect())
}

/// A connection's session.
pub(super) fn session(
    session: Option<(&str, Nanos)>,
    connected: Nanos,
    is_followed: bool,
    now: Nanos,
) -> String {
    json!({
        "apiKey": session.map(|(key, _)| key),
        "authorizedSince": session.map(|(_, since)| millis(since)),
        "connectedSince": millis(connected),
        "returnRateLimits": true,
        "serverTime": millis(now),
        "userDataStream": is_followed,
    })
    .to_string()
}

/// Numbers of an order's market as texts.
struct Scale<'a> {
    bank: &'a Bank,
    listed: &'a Listed,
}

impl<'a> Scale<'a> {
    fn of(bank: &'a Bank, order: &Order) -> Option<Scale<'a>> {
        Some(Scale { bank, listed: bank.listed(order.key.market)? })
    }

    fn price(&self, ticks: i64) -> String {
        fixed(ticks.into(), self.listed.shape.price.into(), DECIMALS)
    }

    fn qty(&self, lots: i64) -> String {
        fixed(lots.into(), self.listed.shape.qty.into(), DECIMALS)
    }

    fn money(&self, atoms: i128) -> String {
        fixed(atoms, self.bank.scale, DECIMALS)
    }

    /// What was asked for as an amount of the quote.
    fn amount(&self, order: &Order) -> String {
        match order.terms.size {
            Size::Amount(amount) => self.money(self.bank.quote_atoms(self.listed, amount, false)),
            Size::Lots(_) => self.money(0),
        }
    }
}

fn side(side: Side) -> &'static str {
    if side == Side::Buy { "BUY" } else { "SELL" }
}

fn in_force(order: &Order) -> &'static str {
    match order.terms.style {
        Style::ImmediateOrCancel => "IOC",
        Style::FillOrKill => "FOK",
        _ => "GTC",
    }
}

fn prevention(order: &Order) -> &'static str {
    match order.terms.self_trade {
        SelfTrade::Allow => "NONE",
        SelfTrade::Newest => "EXPIRE_TAKER",
        SelfTrade::Oldest => "EXPIRE_MAKER",
        SelfTrade::Both => "EXPIRE_BOTH",
    }
}

fn status(order: &Order) -> &'static str {
    match order.state {
        State::Open if order.done == 0 => "NEW",
        State::Open => "PARTIALLY_FILLED",
        State::Filled => "FILLED",
        State::Over(Cause::User) => "CANCELED",
        State::Over(Cause::SelfTrade) => "EXPIRED_IN_MATCH",
        State::Over(_) => "EXPIRED",
    }
}

/// An order, as queries show it.
pub(super) fn order(bank: &Bank, order: &Order) -> Value {
    let Some(scale) = Scale::of(bank, order) else { return Value::Null };
    json!({
        "symbol": scale.listed.symbol.as_str(),
        "orderId": order.key.number,
        "orderListId": -1,
        "clientOrderId": order.terms.client,
        "price": scale.price(order.terms.price),
        "origQty": scale.qty(order.qty()),
        "executedQty": scale.qty(order.done),
        "origQuoteOrderQty": scale.amount(order),
        "cummulativeQuoteQty": scale.money(order.cost),
        "status": status(order),
        "timeInForce": in_force(order),
        "type": order.terms.label,
        "side": side(order.terms.side),
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": millis(order.created),
        "updateTime": millis(order.updated),
        "isWorking": true,
        "workingTime": millis(order.created),
        "selfTradePreventionMode": prevention(order),
    })
}

/// The answer to a new order.
pub(super) fn placed(bank: &Bank, who: usize, order: &Order, kind: &str) -> Value {
    let Some(scale) = Scale::of(bank, order) else { return Value::Null };
    let mut value = json!({
        "symbol": scale.listed.symbol.as_str(),
        "orderId": order.key.number,
        "orderListId": -1,
        "clientOrderId": order.terms.client,
        "transactTime": millis(order.created),
    });
    if kind == "ACK" {
        return value;
    }
    let whole = self::order(bank, order);
    for key in [
        "price",
        "origQty",
        "executedQty",
        "origQuoteOrderQty",
        "cummulativeQuoteQty",
        "status",
        "timeInForce",
        "type",
        "side",
        "workingTime",
        "selfTradePreventionMode",
    ] {
        value[key] = whole[key].clone();
    }
    if kind == "FULL" {
        let fills = bank.members[who].fills.iter().filter(|fill| fill.key == order.key);
        let each = fills.map(|fill| {
            json!({
                "price": scale.price(fill.price),
                "qty": scale.qty(fill.lots),
                "commission": scale.money(fill.fee),
                "commissionAsset": fill.fee_asset.as_str(),
                "tradeId": fill.trade,
            })
        });
        value["fills"] = each.collect();
    }
    value
}

/// The answer to a cancel: the order's name is the original one, the other is the cancel's.
pub(super) fn cancelled(bank: &Bank, order: &Order, client: &str, now: Nanos) -> Value {
    let Some(scale) = Scale::of(bank, order) else { return Value::Null };
    json!({
        "symbol": scale.listed.symbol.as_str(),
        "origClientOrderId": order.terms.client,
        "orderId": order.key.number,
        "orderListId": -1,
        "clientOrderId": client,
        "transactTime": millis(now),
        "price": scale.price(order.terms.price),
        "origQty": scale.qty(order.qty()),
        "executedQty": scale.qty(order.done),
        "origQuoteOrderQty": scale.amount(order),
        "cummulativeQuoteQty": scale.money(order.cost),
        "status": "CANCELED",
        "timeInForce": in_force(order),
        "type": order.terms.label,
        "side": side(order.terms.side),
        "selfTradePreventionMode": prevention(order),
    })
}

/// The answer to an amendment of an order that was called `was`.
pub(super) fn amended(bank: &Bank, order: &Order, was: &str, now: Nanos) -> Value {
    let Some(scale) = Scale::of(bank, order) else { return Value::Null };
    json!({
        "transactTime": millis(now),
        "executionId": order.key.number,
        "amendedOrder": {
            "symbol": scale.listed.symbol.as_str(),
            "orderId": order.key.number,
            "orderListId": -1,
            "origClientOrderId": was,
            "clientOrderId": order.terms.client,
            "price": scale.price(order.terms.price),
            "qty": scale.qty(order.qty()),
            "executedQty": scale.qty(order.done),
            "preventedQty": "0.00000000",
            "quoteOrderQty": "0.00000000",
            "cumulativeQuoteQty": scale.money(order.cost),
            "status": status(order),
            "timeInForce": in_force(order),
            "type": order.terms.label,
            "side": side(order.terms.side),
            "workingTime": millis(order.created),
            "selfTradePreventionMode": prevention(order),
        },
    })
}

/// A trade, as `myTrades` shows it.
pub(super) fn trade(bank: &Bank, fill: &Fill) -> Value {
    let Some(listed) = bank.listed(fill.key.market) else { return Value::Null };
    let scale = Scale { bank, listed };
    json!({
        "symbol": listed.symbol.as_str(),
        "id": fill.trade,
        "orderId": fill.key.number,
        "orderListId": -1,
        "price": scale.price(fill.price),
        "qty": scale.qty(fill.lots),
        "quoteQty": scale.money(fill.cost),
        "commission": scale.money(fill.fee),
        "commissionAsset": fill.fee_asset.as_str(),
        "time": millis(fill.at),
        "isBuyer": fill.side == Side::Buy,
        "isMaker": fill.is_maker,
        "isBestMatch": true,
    })
}

fn rates(bank: &Bank, who: usize) -> Value {
    let fees = bank.members[who].fees;
    let rate = |ppm: i64| fixed(ppm.into(), 6, DECIMALS);
    json!({
        "maker": rate(fees.maker),
        "taker": rate(fees.taker),
        "buyer": "0.00000000",
        "seller": "0.00000000",
    })
}

pub(super) fn commission(bank: &Bank, who: usize, listed: &Listed) -> Value {
    let none = json!({
        "maker": "0.00000000", "taker": "0.00000000", "buyer": "0.00000000", "seller": "0.00000000",
    });
    json!({
        "symbol": listed.symbol.as_str(),
        "standardCommission": rates(bank, who),
        "specialCommission": none,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": false,
            "enabledForSymbol": false,
            "discountAsset": "BNB",
            "discount": "0.75000000",
        },
    })
}

/// An account, with all balances or those that are not zero.
pub(super) fn account(bank: &Bank, who: usize, omits_zero: bool) -> Value {
    let member = &bank.members[who];
    let all = member.purse.all().filter(|(_, balance)| !omits_zero || balance.total != 0);
    let balances = all.map(|(asset, balance)| {
        let [free, locked] = [balance.free(), balance.held].map(|a| fixed(a, bank.scale, DECIMALS));
        json!({"asset": asset.as_str(), "free": free, "locked": locked})
    });
    let updated = member.fills.back().map_or(0, |fill| millis(fill.at));
    json!({
        "makerCommission": member.fees.maker / 100,
        "takerCommission": member.fees.taker / 100,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "canTrade": true,
        "canWithdraw": false,
        "canDeposit": false,
        "commissionRates": rates(bank, who),
        "brokered": false,
        "requireSelfTradePrevention": false,
        "preventSor": false,
        "updateTime": updated,
        "accountType": "SPOT",
        "balances": balances.collect::<Vec<Value>>(),
        "permissions": ["SPOT"],
        "uid": who + 1,
    })
}

/// The execution report of a note; `None` where the venue says nothing of it: that an order is
/// filled is said with its last trade. `renamed` is the name of the request that ended the order,
/// or the one that the order had before an amendment.
pub(super) fn report(
    bank: &Bank,
    note: &Note,
    renamed: Option<&str>,
    is_last: bool,
) -> Option<String> {
    let order = &note.order;
    let scale = Scale::of(bank, order)?;
    let (kind, state) = match note.what {
        What::Taken => ("NEW", "NEW"),
        What::Traded(_) if is_last => ("TRADE", "FILLED"),
        What::Traded(_) => ("TRADE", "PARTIALLY_FILLED"),
        What::Filled => return None,
        What::Amended => ("REPLACED", status(order)),
        What::Over(Cause::User) => ("CANCELED", "CANCELED"),
        What::Over(Cause::SelfTrade) => ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
        What::Over(_) => ("EXPIRED", "EXPIRED"),
    };
    let fill = if let What::Traded(fill) = note.what { Some(fill) } else { None };
    let own = &*order.terms.client;
    let (client, original) = match (note.what, renamed) {
        (What::Over(_), Some(name)) => (name, own),
        (_, Some(name)) => (own, name),
        (_, None) => (own, ""),
    };
    let traded = |of: &dyn Fn(&Fill) -> String| fill.as_ref().map_or(scale.money(0), of);
    let report = json!({
        "e": "executionReport",
        "E": millis(note.at),
        "s": scale.listed.symbol.as_str(),
        "c": client,
        "S": side(order.terms.side),
        "o": order.terms.label,
        "f": in_force(order),
        "q": scale.qty(order.qty()),
        "p": scale.price(order.terms.price),
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": original,
        "x": kind,
        "X": state,
        "r": "NONE",
        "i": order.key.number,
        "l": traded(&|fill| scale.qty(fill.lots)),
        "z": scale.qty(order.done),
        "L": traded(&|fill| scale.price(fill.price)),
        "n": fill.map_or("0".into(), |fill| scale.money(fill.fee)),
        "N": fill.map(|fill| fill.fee_asset.as_str().to_owned()),
        "T": millis(note.at),
        "t": fill.map_or(-1, |fill| fill.trade as i64),
        "I": note.exec,
        "w": order.is_open() && order.terms.style.rests() && !is_last,
        "m": fill.is_some_and(|fill| fill.is_maker),
        "M": false,
        "O": millis(order.created),
        "Z": scale.money(order.cost),
        "Y": traded(&|fill| scale.money(fill.cost)),
        "Q": scale.amount(order),
        "W": millis(order.created),
        "V": prevention(order),
    });
    Some(report.to_string())
}

/// What a member has of both assets after a note.
pub(super) fn position(bank: &Bank, note: &Note) -> Option<String> {
    let listed = bank.listed(note.order.key.market)?;
    let each = [listed.base, listed.quote].into_iter().zip(note.after);
    let balances: Vec<Value> = each
        .map(|(asset, balance)| {
            let [free, held] =
                [balance.free(), balance.held].map(|a| fixed(a, bank.scale, DECIMALS));
            json!({"a": asset.as_str(), "f": free, "l": held})
        })
        .collect();
    let at = millis(note.at);
    let position = json!({"e": "outboundAccountPosition", "E": at, "u": at, "B": balances});
    Some(position.to_string())
}
