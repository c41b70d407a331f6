//! What Binance shows of orders, trades and accounts.
//!
//! In: parameters, and whose things are asked for. Out: lists and objects.
//! Never: a change of anything; a thing of another member.

use serde_json::Value;

use super::bank::Bank;
use super::binance_filter::{Answer, market, text, wanted};
use super::binance_rest::{Fault, Params};
use super::binance_words as words;
use super::order::{Fill, Key, Order};

/// Rows of one answer where nothing is said, and at most.
const ROWS: (usize, usize) = (500, 1_000);

/// An order by id or name, whose parameters have these names, open or over.
pub(super) fn find<'a>(
    bank: &'a Bank,
    who: usize,
    params: &Params,
    [by_id, by_name]: [&str; 2],
) -> Answer<Option<&'a Order>> {
    let (market, _) = market(bank, params)?;
    let of_market = |order: &&Order| order.key.market == market;
    let name = text(params, by_name);
    let Some(id) = params.get(by_id) else {
        wanted(params, by_name).map_err(|_| Fault::missing(by_id))?;
        return Ok(bank.by_client(who, name).filter(of_market));
    };
    let number = id.parse::<u64>().map_err(|_| Fault::missing(by_id))?;
    let order = bank.order(who, Key { market, number });
    if order.is_some_and(|order| !name.is_empty() && order.terms.client != name) {
        let msg = "Client order ID is not correct for this order ID.";
        return Err(Fault::new(400, -2_039, msg));
    }
    Ok(order)
}

/// What is only looked at.
pub(super) fn read(bank: &Bank, who: usize, name: &str, params: &Params) -> Answer<Value> {
    let member = &bank.members[who];
    let limit = match params.get("limit") {
        None => ROWS.0,
        Some(text) => text.parse::<usize>().map_err(|_| Fault::missing("limit"))?.min(ROWS.1),
    };
    let number = |name: &str| text(params, name).parse::<u64>().ok();
    Ok(match name {
        "order.status" => {
            let order = find(bank, who, params, ["orderId", "origClientOrderId"])?;
            let order = order.ok_or_else(|| Fault::new(400, -2_013, "Order does not exist."))?;
            words::order(bank, order)
        }
        "openOrders.status" => {
            let of =
                if params.contains_key("symbol") { Some(market(bank, params)?.0) } else { None };
            let open = member.open.values().filter(|o| of.is_none_or(|of| o.key.market == of));
            open.map(|order| words::order(bank, order)).collect()
        }
        "allOrders" => {
            let (market, _) = market(bank, params)?;
            let from = number("orderId").unwrap_or(0);
            let mut all: Vec<&Order> = member.closed.iter().chain(member.open.values()).collect();
            all.retain(|order| order.key.market == market && order.key.number >= from);
            all.sort_by_key(|order| order.key.number);
            let skipped = if from > 0 { 0 } else { all.len().saturating_sub(limit) };
            all.iter().skip(skipped).take(limit).map(|order| words::order(bank, order)).collect()
        }
        "myTrades" => {
            let (market, _) = market(bank, params)?;
            let (from, order) = (number("fromId"), number("orderId"));
            let is_asked = |fill: &&Fill| {
                fill.key.market == market
                    && from.is_none_or(|from| fill.trade >= from)
                    && order.is_none_or(|order| fill.key.number == order)
            };
            let all: Vec<_> = member.fills.iter().filter(is_asked).collect();
            let skipped = if from.is_some() { 0 } else { all.len().saturating_sub(limit) };
            all.iter().skip(skipped).take(limit).map(|fill| words::trade(bank, fill)).collect()
        }
        "account.commission" => {
            let (_, listed) = market(bank, params)?;
            words::commission(bank, who, &listed)
        }
        _ => words::account(bank, who, text(params, "omitZeroBalances") == "true"),
    })
}
