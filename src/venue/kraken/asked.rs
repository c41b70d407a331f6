//! Kraken's private REST calls: what is asked, and what the answers say.
//!
//! In: what is to be known. Out: form bodies, and the words of their answers.
//! The venue answers HTTP 200 also where it refuses: `error` is looked at first.

use super::causes::CAUSES;
use super::reports::{Item, named};
use crate::base::{Decimal, Nanos, Side, Symbol};
use crate::event::{ClientId, Liquidity};
use crate::venue::contract::Refusal;
use crate::venue::trade::{Cause, Event, Fee, Totals, VenueOrder, Word};
use crate::venue::wire::{Value, need};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// A token for the websocket.
    Token,
    /// An order by our name, among those that are open.
    Open(u32, ClientId),
    /// The same among those that are not.
    Closed(u32, ClientId),
    /// An order by the venue's id.
    Order(u32, VenueOrder),
    /// Fills since a time, from one on.
    Trades { since: Nanos, offset: u32 },
}

/// A fill of the past.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trade {
    pub(super) id: VenueOrder,
    pub(super) order: VenueOrder,
    pub(super) pair: Symbol,
    pub(super) at: Nanos,
    pub(super) side: Side,
    pub(super) price: Decimal,
    pub(super) qty: Decimal,
    pub(super) fee: Decimal,
    pub(super) liquidity: Liquidity,
}

/// What an answer says.
#[derive(Debug)]
pub(super) enum Told {
    Refused(&'static Cause),
    Token(String),
    /// Orders: in the items.
    Orders,
    Trades {
        trades: Vec<Trade>,
        /// How many there are in all.
        count: u32,
    },
}

impl Question {
    /// The path below `/0/private/`, and the body without its nonce.
    pub(super) fn form(&self) -> (&'static str, String) {
        match self {
            Question::Token => ("GetWebSocketsToken", String::new()),
            Question::Open(_, client) => ("OpenOrders", format!("&cl_ord_id={}", client.text())),
            Question::Closed(_, client) => {
                ("ClosedOrders", format!("&cl_ord_id={}", client.text()))
            }
            Question::Order(_, id) => ("QueryOrders", format!("&txid={}", id.as_letters())),
            Question::Trades { since, offset } => {
                let seconds = since.0 / Nanos::SECOND;
                ("TradesHistory", format!("&start={seconds}&ofs={offset}"))
            }
        }
    }

    /// What it costs of the REST counter.
    pub(super) fn cost(&self) -> u32 {
        if matches!(self, Question::Trades { .. }) { 2 } else { 1 }
    }
}

/// Reads an answer.
pub(super) fn read(
    root: Value<'_>,
    question: &Question,
    items: &mut Vec<Item>,
) -> Result<Told, Refusal> {
    items.clear();
    let [error, result] = root.pick("answer", ["error", "result"])?;
    if let Some(first) = need(error, "error")?.items("error")?.next() {
        return Ok(Told::Refused(Cause::of(CAUSES, 0, first.text("error")?)));
    }
    let result = need(result, "result")?;
    match question {
        Question::Token => {
            let [token] = result.pick("result", ["token"])?;
            let token = need(token, "token")?.text("token")?;
            let is_plain = token.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
            if !is_plain || token.is_empty() || token.len() > 256 {
                return Err(Refusal::BadValue("token"));
            }
            Ok(Told::Token(token.to_owned()))
        }
        Question::Open(..) => orders(result, Some("open"), items),
        Question::Closed(..) => orders(result, Some("closed"), items),
        Question::Order(..) => orders(result, None, items),
        Question::Trades { .. } => trades(result),
    }
}

fn orders(
    result: Value<'_>,
    key: Option<&'static str>,
    items: &mut Vec<Item>,
) -> Result<Told, Refusal> {
    let all = match key {
        Some(key) => {
            let [all] = result.pick("result", [key])?;
            need(all, key)?
        }
        None => result,
    };
    for (id, order) in all.fields("orders")? {
        let id = VenueOrder::letters(id).ok_or(Refusal::BadValue("order_id"))?;
        items.push(order_of(id, order)?);
    }
    Ok(Told::Orders)
}

fn order_of(id: VenueOrder, order: Value<'_>) -> Result<Item, Refusal> {
    let [client, status, filled, cost, fee, flags, qty, opened] = order.pick(
        "order",
        ["cl_ord_id", "status", "vol_exec", "cost", "fee", "oflags", "vol", "opentm"],
    )?;
    let event = match need(status, "status")?.text("status")? {
        "open" => Event::Alive,
        "closed" => Event::Filled,
        "canceled" => Event::Cancelled,
        "expired" => Event::Expired,
        _ => Event::Pending,
    };
    let client = client.and_then(|name| named(name.text("cl_ord_id").ok()?));
    let at = opened.map_or(Ok(Nanos::NONE), |at| seconds(at, "opentm"))?;
    let mut word = Word::of(client, id, at, event);
    let qty_filled = need(filled, "vol_exec")?.decimal("vol_exec")?;
    let amount = cost.map(|cost| cost.amount("cost")).transpose()?;
    word.totals = Some(Totals { qty: qty_filled, amount });
    // Fees in the base asset are not summed up in the quote asset's column.
    let is_in_base = flags.is_some_and(|f| f.text("oflags").is_ok_and(|f| f.contains("fcib")));
    if let Some(fee) = fee.filter(|_| !is_in_base) {
        word.fee = Fee::Total(fee.amount("fee")?);
    }
    word.qty = qty.map(|qty| qty.decimal("vol")).transpose()?;
    Ok(Item { word, symbol: None, side: None })
}

fn trades(result: Value<'_>) -> Result<Told, Refusal> {
    let [all, count] = result.pick("result", ["trades", "count"])?;
    let mut trades = Vec::new();
    for (id, row) in need(all, "trades")?.fields("trades")? {
        let [order, pair, time, side] = row.pick("trade", ["ordertxid", "pair", "time", "type"])?;
        let [price, qty, fee, maker] = row.pick("trade", ["price", "vol", "fee", "maker"])?;
        let letters = |text: &str| VenueOrder::letters(text).ok_or(Refusal::BadValue("txid"));
        trades.push(Trade {
            id: letters(id)?,
            order: letters(need(order, "ordertxid")?.text("ordertxid")?)?,
            pair: need(pair, "pair")?.symbol("pair")?,
            at: seconds(need(time, "time")?, "time")?,
            side: match need(side, "type")?.text("type")? {
                "buy" => Side::Buy,
                "sell" => Side::Sell,
                _ => return Err(Refusal::BadValue("type")),
            },
            price: need(price, "price")?.decimal("price")?,
            qty: need(qty, "vol")?.decimal("vol")?,
            fee: need(fee, "fee")?.decimal("fee")?,
            liquidity: match maker.map(|maker| maker.flag("maker")).transpose()? {
                Some(true) => Liquidity::Maker,
                _ => Liquidity::Taker,
            },
        });
    }
    let count = count.map_or(Ok(trades.len() as u64), |count| count.whole("count"))?;
    Ok(Told::Trades { trades, count: u32::try_from(count).unwrap_or(u32::MAX) })
}

/// A time as seconds with a fraction: `1688667796.8802`.
fn seconds(value: Value<'_>, key: &'static str) -> Result<Nanos, Refusal> {
    let ns = value.decimal(key)?.towards_zero_at(9);
    if ns < 0 || ns == i64::MAX { Err(Refusal::BadValue(key)) } else { Ok(Nanos(ns)) }
}

/// Is this REST's name of a pair? `XBTUSD` and `XXBTZUSD` are `BTC/USD`.
pub(super) fn is_pair(name: &str, symbol: &str) -> bool {
    let Some((base, quote)) = symbol.split_once('/') else { return false };
    let old = |asset: &str| match asset {
        "BTC" => String::from("XBT"),
        "DOGE" => String::from("XDG"),
        other => other.to_owned(),
    };
    let (base, quote) = (old(base), old(quote));
    let marks = ["", "X", "Z"];
    let fits = |left: &str, right: &str| {
        name.strip_prefix(left)
            .and_then(|rest| rest.strip_prefix(&*base))
            .and_then(|rest| rest.strip_prefix(right))
            .is_some_and(|rest| rest == quote)
    };
    name == symbol || marks.iter().any(|left| marks.iter().any(|right| fits(left, right)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pairs_are_found_in_each_of_their_forms() {
        for name in ["XBTUSD", "XXBTZUSD", "BTC/USD"] {
            assert!(is_pair(name, "BTC/USD"), "{name}");
        }
        assert!(is_pair("SOLUSD", "SOL/USD") && is_pair("XETHXXBT", "ETH/BTC"));
        assert!(!is_pair("XBTUSDT", "BTC/USD") && !is_pair("XXBTZEUR", "BTC/USD"));
    }
}
