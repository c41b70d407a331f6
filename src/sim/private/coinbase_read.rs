//! What Coinbase shows of orders, fills and accounts.
//!
//! In: a path and a query, and who asks. Out: bodies, page by page.
//! Never: a change of anything; a thing of another member.

use serde_json::{Value, json};

use super::bank::Bank;
use super::coinbase::Asker;
use super::coinbase_words as words;
use super::order::{Fill, Order};
use crate::sim::dialect::{Ask, Response, decoded};

/// Rows of an answer where nothing is said, and at most.
const ROWS: (usize, usize) = (100, 1_000);

/// Which rows are asked for.
struct Page {
    from: usize,
    limit: usize,
}

impl Page {
    fn of(ask: &Ask<'_>) -> Page {
        let number = |name: &str| ask.param(name).and_then(|text| text.parse::<usize>().ok());
        let limit = number("limit").unwrap_or(ROWS.0).min(ROWS.1);
        Page { from: number("cursor").unwrap_or(0), limit }
    }

    /// Are there more than these, and from where?
    fn next(&self, count: usize) -> (bool, String) {
        let next = self.from.saturating_add(self.limit);
        if next < count { (true, next.to_string()) } else { (false, String::new()) }
    }
}

/// What is only looked at.
pub(super) fn read(bank: &Bank, asker: Asker, parts: &[&str], ask: &Ask<'_>) -> Response {
    let (who, page) = (asker.who, Page::of(ask));
    let body = match *parts {
        ["orders", "historical", "batch"] => orders(bank, who, ask, &page),
        ["orders", "historical", "fills"] => fills(bank, who, ask, &page),
        ["orders", "historical", id] => {
            let Some(order) = words::key(id).and_then(|key| bank.order(who, key)) else {
                return words::refusal(
                    404,
                    "NOT_FOUND",
                    5,
                    "order with this orderID was not found",
                );
            };
            json!({"order": words::order(bank, order)})
        }
        ["accounts"] => {
            let found: Vec<Value> = words::accounts(bank, who);
            let (has_next, cursor) = page.next(found.len());
            let shown: Vec<&Value> = found.iter().skip(page.from).take(page.limit).collect();
            let size = shown.len();
            json!({"accounts": shown, "has_next": has_next, "cursor": cursor, "size": size})
        }
        ["accounts", id] => {
            let found = words::accounts(bank, who).into_iter().find(|one| one["uuid"] == id);
            let Some(account) = found else {
                return words::refusal(404, "NOT_FOUND", 5, "account not found");
            };
            json!({"account": account})
        }
        ["transaction_summary"] => words::summary(bank, who),
        ["key_permissions"] => json!({
            "can_view": asker.rights.read,
            "can_trade": asker.rights.trade,
            "can_transfer": false,
            "portfolio_uuid": "",
            "portfolio_type": "DEFAULT",
        }),
        _ => return words::refusal(404, "NOT_FOUND", 5, "no such path"),
    };
    Response::ok(body.to_string())
}

/// A parameter that may stand several times, in the singular or the plural.
fn all(ask: &Ask<'_>, names: [&str; 2]) -> Vec<String> {
    let pairs = ask.query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| names.contains(name)).map(|(_, value)| decoded(value)).collect()
}

/// Is a market among products, where any are named?
fn is_of(bank: &Bank, market: usize, products: &[String]) -> bool {
    let product = bank.listed(market).map(|listed| listed.symbol);
    let is_it = |name: &String| product.is_some_and(|product| product.as_str() == name);
    products.is_empty() || products.iter().any(is_it)
}

fn orders(bank: &Bank, who: usize, ask: &Ask<'_>, page: &Page) -> Value {
    let member = &bank.members[who];
    let states = all(ask, ["order_status", "order_statuses"]);
    let products = all(ask, ["product_id", "product_ids"]);
    let is_asked = |order: &&Order| {
        (states.is_empty() || states.iter().any(|of| of == words::status(order)))
            && is_of(bank, order.key.market, &products)
    };
    let newest = member.open.values().rev().chain(member.closed.iter().rev());
    let found: Vec<&Order> = newest.filter(is_asked).collect();
    let (has_next, cursor) = page.next(found.len());
    let shown = found.iter().skip(page.from).take(page.limit);
    let shown: Vec<Value> = shown.map(|order| words::order(bank, order)).collect();
    json!({"orders": shown, "sequence": "0", "has_next": has_next, "cursor": cursor})
}

fn fills(bank: &Bank, who: usize, ask: &Ask<'_>, page: &Page) -> Value {
    let ids = all(ask, ["order_id", "order_ids"]);
    let products = all(ask, ["product_id", "product_ids"]);
    let is_asked = |fill: &&Fill| {
        (ids.is_empty() || ids.iter().any(|id| words::key(id) == Some(fill.key)))
            && is_of(bank, fill.key.market, &products)
    };
    let found: Vec<&Fill> = bank.members[who].fills.iter().rev().filter(is_asked).collect();
    let (_, cursor) = page.next(found.len());
    let shown = found.iter().skip(page.from).take(page.limit);
    let shown: Vec<Value> = shown.map(|fill| words::fill(bank, who, fill)).collect();
    json!({"fills": shown, "cursor": cursor})
}
