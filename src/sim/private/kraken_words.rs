//! Kraken's private words: answers, events of `executions` and `balances`, ids, REST bodies of
//! orders and trades.
//!
//! In: what is to be said. Out: JSON, on the websocket with bare numbers at full scale.
//! Never: a change of anything.

use serde_json::Value;

use super::bank::Bank;
use super::json::{Object, list};
use super::money::{fixed, floor, short};
use super::order::{Cause, Fill, Key, Note, Order, State, What};
use crate::base::{Nanos, Side, Symbol, render};
use crate::event::Style;
use crate::sim::engine::Size;
use crate::sim::world::Listed;
use crate::venue::wire::Pen;

/// An odd number whose products look like nothing in particular, and its inverse modulo 2^64.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
const UNMIX: u64 = 0xF1DE_83E1_9937_733D;

/// Letters of an id, and how many of them check the others.
const LETTERS: usize = 16;
const CHECK: u64 = 36 * 36 * 36;

/// Markets that an id tells apart.
const MARKETS: u64 = 16;

/// An id as the venue writes them: `OAVY7T-MV5VK-KHDF5X`.
pub(super) fn code(first: char, number: u64) -> String {
    let mixed = number.wrapping_mul(MIX);
    let mut letters = [0_u8; LETTERS];
    let (mut rest, mut check) = (mixed, mixed % CHECK);
    for (n, letter) in letters.iter_mut().enumerate().rev() {
        let digits = if n < 3 { &mut check } else { &mut rest };
        *letter = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(*digits % 36) as usize];
        *digits /= 36;
    }
    let text = String::from_utf8_lossy(&letters);
    format!("{first}{}-{}-{}", &text[..5], &text[5..10], &text[10..])
}

pub(super) fn order_id(key: Key) -> String {
    code('O', key.number * MARKETS + key.market as u64)
}

/// The order of an id; `None` where it is no id of ours.
pub(super) fn key(id: &str) -> Option<Key> {
    let rest = id.strip_prefix('O').filter(|_| id.len() == 19 && id.is_ascii())?;
    let mut mixed = 0_u64;
    for letter in rest.chars().filter(|c| *c != '-').skip(3) {
        let digit = letter.to_digit(36)?;
        mixed = mixed.checked_mul(36)?.checked_add(digit.into())?;
    }
    let number = mixed.wrapping_mul(UNMIX);
    let key = Key { market: (number % MARKETS) as usize, number: number / MARKETS };
    (order_id(key) == id).then_some(key)
}

pub(super) fn time(at: Nanos) -> String {
    let mut text = Vec::new();
    Pen::new(&mut text).time(at, 6);
    String::from_utf8_lossy(&text).into_owned()
}

/// Without a fraction.
pub(super) fn seconds(at: Nanos) -> String {
    let mut text = at.to_string();
    text.truncate(19);
    text + "Z"
}

fn head(request: &Value) -> Object {
    let head = Object::new().text("method", request["method"].as_str().unwrap_or_default());
    match request["req_id"].as_u64() {
        Some(req_id) => head.raw("req_id", req_id.to_string()),
        None => head,
    }
}

fn end(object: Object, now: Nanos) -> String {
    object.text("time_in", time(now)).text("time_out", time(now)).done()
}

/// It was done.
pub(super) fn success(request: &Value, result: &str, now: Nanos) -> String {
    end(head(request).raw("result", result).raw("success", "true"), now)
}

/// It was not.
pub(super) fn failure(request: &Value, why: &str, now: Nanos) -> String {
    end(head(request).raw("success", "false").text("error", why), now)
}

pub(super) fn answer(request: &Value, answer: Result<String, String>, now: Nanos) -> String {
    match answer {
        Ok(result) => success(request, &result, now),
        Err(why) => failure(request, &why, now),
    }
}

/// The answer to `batch_cancel`.
pub(super) fn counted(request: &Value, count: usize, now: Nanos) -> String {
    end(head(request).raw("orders_cancelled", count.to_string()).raw("success", "true"), now)
}

/// An order's id and its owner's names of it.
pub(super) fn named(order: &Order) -> String {
    names(Object::new().text("order_id", order_id(order.key)), order).done()
}

fn names(object: Object, order: &Order) -> Object {
    let object = object.some("cl_ord_id", &order.terms.client);
    match order.terms.userref {
        Some(userref) => object.raw("order_userref", userref.to_string()),
        None => object,
    }
}

/// A message of a private channel.
pub(super) fn message(channel: &str, kind: &str, data: &[String], sequence: u64) -> String {
    let message = Object::new().text("channel", channel).text("type", kind);
    message.raw("data", list(data)).raw("sequence", sequence.to_string()).done()
}

/// The shape of a market in which an order is.
pub(super) struct Scale<'a> {
    pub(super) bank: &'a Bank,
    pub(super) listed: &'a Listed,
}

impl Scale<'_> {
    pub(super) fn qty(&self, lots: i64) -> String {
        render(lots, self.listed.shape.qty)
    }

    pub(super) fn price(&self, ticks: i64) -> String {
        render(ticks, self.listed.shape.price)
    }

    pub(super) fn money(&self, atoms: i128) -> String {
        short(atoms, self.bank.scale)
    }

    /// The mean price of what an order has traded.
    pub(super) fn mean(&self, order: &Order) -> String {
        if order.done == 0 {
            return "0.0".into();
        }
        let unit = 10_i128.pow(self.listed.shape.qty.into());
        short(order.cost * unit / i128::from(order.done), self.bank.scale)
    }

    /// What a fee is in dollars, where the pair says that.
    pub(super) fn dollars(&self, order: &Order) -> String {
        let usd = Symbol::new(b"USD").unwrap_or(Symbol::NONE);
        if self.listed.quote != usd {
            return "0.0000".into();
        }
        let fee = if order.fee_asset == usd || order.done == 0 {
            order.fee
        } else {
            let base = floor(order.done.into(), self.listed.shape.qty.into(), self.bank.scale);
            order.fee * order.cost / base
        };
        fixed(fee, self.bank.scale, 4)
    }
}

pub(super) fn side(side: Side) -> &'static str {
    if side == Side::Buy { "buy" } else { "sell" }
}

pub(super) fn status(order: &Order) -> &'static str {
    match order.state {
        State::Open if order.done == 0 => "new",
        State::Open => "partially_filled",
        State::Filled => "filled",
        State::Over(Cause::Date) => "expired",
        State::Over(_) => "canceled",
    }
}

pub(super) fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::User => "User requested",
        Cause::Timer => "Cancel all orders after timeout",
        Cause::Date => "Order expired",
        Cause::Unfilled => "Insufficient liquidity",
        Cause::SelfTrade => "Self trade prevention",
    }
}

fn in_force(order: &Order) -> &'static str {
    match order.terms.style {
        Style::ImmediateOrCancel => "IOC",
        Style::FillOrKill => "FOK",
        _ if order.terms.expires.is_some() => "GTD",
        _ => "GTC",
    }
}

/// All of an order.
fn whole(scale: &Scale<'_>, order: &Order, exec_type: &str, state: &str) -> Object {
    let is_limit = order.terms.style != Style::Market;
    let mut object = Object::new()
        .text("order_id", order_id(order.key))
        .text("symbol", scale.listed.symbol.as_str());
    object = match order.terms.size {
        Size::Lots(lots) => object.raw("order_qty", scale.qty(lots)),
        Size::Amount(amount) => {
            let atoms = scale.bank.quote_atoms(scale.listed, amount, false);
            object.raw("cash_order_qty", scale.money(atoms))
        }
    };
    object = object
        .raw("cum_qty", scale.qty(order.done))
        .raw("cum_cost", scale.money(order.cost))
        .text("time_in_force", in_force(order))
        .text("exec_type", exec_type)
        .text("side", side(order.terms.side))
        .text("order_type", order.terms.label);
    object = names(object, order);
    if is_limit {
        object = object.text("limit_price_type", "static");
        object = object.raw("limit_price", scale.price(order.terms.price));
        object = object.raw("post_only", (order.terms.style == Style::PostOnly).to_string());
    }
    if let Some(at) = order.terms.expires {
        object = object.text("expire_time", time(at));
    }
    let preference = if order.terms.fee_in_base { "fcib" } else { "fciq" };
    object
        .raw("stop_price", "0.0")
        .text("order_status", state)
        .raw("avg_price", scale.mean(order))
        .raw("fee_usd_equiv", scale.dollars(order))
        .text("fee_ccy_pref", preference)
}

/// An open order in a snapshot.
pub(super) fn open_order(bank: &Bank, order: &Order) -> Option<String> {
    let scale = Scale { bank, listed: bank.listed(order.key.market)? };
    let whole = whole(&scale, order, "new", status(order));
    Some(whole.text("timestamp", time(order.updated)).done())
}

/// A trade in a snapshot.
pub(super) fn past_trade(bank: &Bank, who: usize, fill: &Fill) -> Option<String> {
    let scale = Scale { bank, listed: bank.listed(fill.key.market)? };
    let order = bank.order(who, fill.key)?;
    Some(traded(&scale, order, fill).text("order_status", status(order)).done())
}

fn traded(scale: &Scale<'_>, order: &Order, fill: &Fill) -> Object {
    let fee = Object::new()
        .text("asset", fill.fee_asset.as_str())
        .raw("qty", scale.money(fill.fee))
        .done();
    let object = Object::new().text("order_id", order_id(fill.key));
    names(object, order)
        .text("exec_id", code('T', fill.exec))
        .text("exec_type", "trade")
        .raw("trade_id", fill.trade.to_string())
        .text("symbol", scale.listed.symbol.as_str())
        .text("side", side(fill.side))
        .raw("last_qty", scale.qty(fill.lots))
        .raw("last_price", scale.price(fill.price))
        .text("liquidity_ind", if fill.is_maker { "m" } else { "t" })
        .raw("cost", scale.money(fill.cost))
        .text("order_type", order.terms.label)
        .raw("fees", list(&[fee]))
        .text("timestamp", time(fill.at))
}

/// What followers of `executions` hear of a note, message by message: an order that is taken is
/// pending, then new.
pub(super) fn executions(
    bank: &Bank,
    note: &Note,
    count: Option<i64>,
    all_states: bool,
) -> Vec<String> {
    let order = &note.order;
    let Some(listed) = bank.listed(order.key.market) else { return Vec::new() };
    let scale = Scale { bank, listed };
    let sparse = |exec_type: &str, state: &str| {
        let object = Object::new().text("timestamp", time(note.at));
        let object = object.text("order_status", state).text("exec_type", exec_type);
        names(object, order).text("order_id", order_id(order.key))
    };
    let sums = |object: Object| {
        object
            .raw("cum_qty", scale.qty(order.done))
            .raw("cum_cost", scale.money(order.cost))
            .raw("avg_price", scale.mean(order))
            .raw("fee_usd_equiv", scale.dollars(order))
    };
    let mut all = match note.what {
        What::Taken => {
            let pending = whole(&scale, order, "pending_new", "pending_new");
            let pending = pending.text("timestamp", time(note.at));
            let mut all = vec![sparse("new", "new")];
            if all_states {
                all.insert(0, pending);
            } else {
                all = vec![whole(&scale, order, "new", "new").text("timestamp", time(note.at))];
            }
            all
        }
        What::Traded(fill) => {
            let object = traded(&scale, order, &fill).text("order_status", "partially_filled");
            vec![sums(object)]
        }
        What::Filled => vec![sums(sparse("filled", "filled"))],
        What::Amended if !all_states => Vec::new(),
        What::Amended => {
            let object = sparse("amended", status(order)).raw("amended", "true");
            let object = object.text("reason", "User requested");
            let object = object.raw("order_qty", scale.qty(order.qty()));
            let object = object.text("limit_price_type", "static");
            vec![
                object
                    .raw("limit_price", scale.price(order.terms.price))
                    .raw("cum_qty", scale.qty(order.done)),
            ]
        }
        What::Over(cause) => {
            let exec_type = if cause == Cause::Date { "expired" } else { "canceled" };
            let object = sums(sparse(exec_type, exec_type));
            vec![object.text("cancel_reason", reason(cause)).text("reason", reason(cause))]
        }
    };
    if let Some(count) = count
        && let Some(last) = all.pop()
    {
        all.push(last.raw("ratecount", count.to_string()));
    }
    all.into_iter().map(Object::done).collect()
}

/// A snapshot of `balances`.
pub(super) fn balances(bank: &Bank, who: usize) -> Vec<String> {
    let all = bank.members[who].purse.all();
    let each = all.map(|(asset, balance)| {
        let total = short(balance.total, bank.scale);
        let wallet = Object::new().text("type", "spot").text("id", "main");
        let wallets = list(&[wallet.raw("balance", &total).done()]);
        let object = Object::new().text("asset", asset.as_str()).text("asset_class", "currency");
        object.raw("balance", &total).raw("wallets", wallets).done()
    });
    each.collect()
}

/// Both entries of the ledger of a trade.
pub(super) fn ledger(bank: &Bank, note: &Note, fill: &Fill) -> Vec<String> {
    let Some(listed) = bank.listed(fill.key.market) else { return Vec::new() };
    let base = floor(fill.lots.into(), listed.shape.qty.into(), bank.scale);
    let sign = if fill.side == Side::Buy { 1 } else { -1 };
    let legs = [(listed.base, sign * base), (listed.quote, -sign * fill.cost)];
    let each = legs.into_iter().zip(note.after).enumerate().map(|(n, ((asset, amount), after))| {
        let fee = if asset == fill.fee_asset { fill.fee } else { 0 };
        Object::new()
            .text("asset", asset.as_str())
            .text("asset_class", "currency")
            .raw("amount", short(amount, bank.scale))
            .raw("balance", short(after.total, bank.scale))
            .raw("fee", short(fee, bank.scale))
            .text("ledger_id", code('L', 2 * fill.exec + n as u64))
            .text("ref_id", code('T', fill.exec))
            .text("timestamp", time(fill.at))
            .text("type", "trade")
            .text("subtype", "")
            .text("category", "trade")
            .text("wallet_type", "spot")
            .text("wallet_id", "main")
            .done()
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_venues_form_and_lead_back_to_their_order() {
        assert_eq!(MIX.wrapping_mul(UNMIX), 1);
        for key in [Key { market: 2, number: 9_876_543_210 }, Key { market: 0, number: 1 }] {
            let id = order_id(key);
            assert_eq!((id.len(), &id[6..7], &id[12..13]), (19, "-", "-"), "{id}");
            assert_eq!(super::key(&id), Some(key));
            let other = if id.ends_with('A') { "B" } else { "A" };
            assert_eq!(super::key(&format!("{}{other}", &id[..18])), None);
        }
        for bad in ["", "O", "OAAAAA-BBBBB-CCCCCC", "ZZZZZZZZZZZZZZZZZZZ", "Ö"] {
            assert_eq!(super::key(bad), None, "{bad}");
        }
    }
}
