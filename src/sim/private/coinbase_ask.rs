//! What Coinbase is asked to do by REST, and its rules for it.
//!
//! In: requests whose token was checked, and who asks. Out: bodies; a refused order has the status
//! 200 and says that it was refused.
//! Never: a second order of one client's id: whoever asks again is given the first.

use serde_json::{Value, json};

use super::coinbase::{Asker, CoinbaseDesk};
use super::coinbase_read::read;
use super::coinbase_words as words;
use super::floor::Floor;
use super::money::{self, Bad};
use super::order::{Cause, Refusal, State, Terms};
use crate::base::{Nanos, Side};
use crate::event::Style;
use crate::sim::dialect::{Ask, Letter, Response};
use crate::sim::engine::{Engine, Reason, SelfTrade, Size};
use crate::sim::world::Listed;

pub(super) const PREFIX: &str = "/api/v3/brokerage/";

/// Orders that one request ends, at most.
const CANCELS_MAX: usize = 100;

/// Letters of a client's id, at most.
const CLIENT_MAX: usize = 128;

/// Is it of a path that wants a token?
pub(super) fn is_private(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    ["orders", "accounts", "transaction_summary", "products", "key_permissions"].contains(&first)
}

/// A refusal of an order: its reason, which is that of a preview too, and words for it.
type No = (&'static str, &'static str);

fn no<T>(reason: &'static str, message: &'static str) -> Result<T, No> {
    Err((reason, message))
}

/// How an order was configured.
struct Shaped {
    style: Style,
    label: &'static str,
    fills_whole: bool,
}

impl CoinbaseDesk {
    /// A request of a member.
    pub(super) fn rest(
        &mut self,
        asker: Asker,
        path: &str,
        letter: &Letter<'_>,
        floor: &mut Floor<'_>,
    ) -> Response {
        let who = asker.who;
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let is_post = letter.ask.method == "POST";
        if is_post && parts[0] == "orders" {
            if !asker.rights.trade {
                return words::refusal(403, "PERMISSION_DENIED", 7, "Missing required scopes");
            }
            let body: Value = serde_json::from_slice(letter.body).unwrap_or_default();
            if !body.is_object() {
                return words::refusal(400, "INVALID_ARGUMENT", 3, "the body is no JSON object");
            }
            return match parts[..] {
                ["orders"] => self.create(who, &body, floor),
                ["orders", "batch_cancel"] => self.batch_cancel(who, &body, floor),
                ["orders", "edit"] => self.edit(who, &body, floor),
                _ => words::refusal(404, "NOT_FOUND", 5, "no such path"),
            };
        }
        if letter.ask.method != "GET" {
            return words::refusal(405, "UNIMPLEMENTED", 12, "method not allowed");
        }
        if !asker.rights.read {
            return words::refusal(403, "PERMISSION_DENIED", 7, "Missing required scopes");
        }
        if parts[0] == "products" {
            let path = format!("{PREFIX}market/{path}");
            let ask = Ask { path: &path, ..letter.ask };
            let Floor { world, venues, venue, .. } = floor;
            return venues[*venue].request(&ask, world);
        }
        let bank = self.behind.as_ref().map_or(&self.bank, |(_, bank)| bank);
        read(bank, asker, &parts, &letter.ask)
    }

    fn create(&mut self, who: usize, body: &Value, floor: &mut Floor<'_>) -> Response {
        let configuration = &body["order_configuration"];
        let client = body["client_order_id"].as_str().unwrap_or_default();
        if client.is_empty() || client.len() > CLIENT_MAX || !client.is_ascii() {
            let message = "client_order_id is required, at most 128 letters";
            return words::refusal(400, "INVALID_ARGUMENT", 3, message);
        }
        if let Some(order) = self.bank.by_client(who, client) {
            return Response::ok(words::created(&self.bank, order, configuration).to_string());
        }
        let placed = self.terms(client, body, floor).and_then(|terms| {
            self.bank.place(who, terms, floor).map_err(|refusal| refused(&refusal))
        });
        let body = match placed {
            Ok(key) => match self.bank.order(who, key) {
                Some(order) => words::created(&self.bank, order, configuration),
                None => Value::Null,
            },
            Err((reason, message)) => words::refused(reason, message, configuration),
        };
        Response::ok(body.to_string())
    }

    fn terms(&self, client: &str, body: &Value, floor: &mut Floor<'_>) -> Result<Terms, No> {
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let Some((market, listed)) = self.bank.shop.find(text("product_id")) else {
            return no("INVALID_PRODUCT_ID", "no such product");
        };
        let side = match text("side") {
            "BUY" => Side::Buy,
            "SELL" => Side::Sell,
            _ => return no("UNKNOWN_FAILURE_REASON", "side must be BUY or SELL"),
        };
        let configuration = body["order_configuration"].as_object();
        let one = configuration.filter(|map| map.len() == 1).and_then(|map| map.iter().next());
        let Some((label, config)) = one else {
            let message = "order_configuration must hold exactly one configuration";
            return no("UNSUPPORTED_ORDER_CONFIGURATION", message);
        };
        let Shaped { style, label, fills_whole } = shaped(label, config)?;
        let expires = match label {
            "limit_limit_gtd" => Some(end_time(config, floor.now())?),
            _ => None,
        };
        let price = match style {
            Style::Market => 0,
            _ => price(config, listed)?,
        };
        let size = size(config, listed, (style, price))?;
        let engine = floor.world.market(*market);
        if fills_whole && !engine.is_some_and(|engine| is_enough(engine, side, size)) {
            return no("INVALID_NO_LIQUIDITY", "there is not enough on the other side");
        }
        Ok(Terms {
            market: *market,
            side,
            style,
            price,
            size,
            self_trade: SelfTrade::Newest,
            client: client.to_owned(),
            userref: None,
            expires,
            fee_in_base: false,
            label,
        })
    }

    fn batch_cancel(&mut self, who: usize, body: &Value, floor: &mut Floor<'_>) -> Response {
        let ids = body["order_ids"].as_array();
        let Some(ids) = ids.filter(|ids| (1..=CANCELS_MAX).contains(&ids.len())) else {
            let message = "order_ids must hold from 1 to 100 ids";
            return words::refusal(400, "INVALID_ARGUMENT", 3, message);
        };
        let each = ids.iter().map(|id| {
            let id = id.as_str().unwrap_or_default();
            let reason = self.cancel(who, id, floor).err();
            json!({
                "success": reason.is_none(),
                "failure_reason": reason.unwrap_or("UNKNOWN_CANCEL_FAILURE_REASON"),
                "order_id": id,
            })
        });
        let results: Vec<Value> = each.collect();
        Response::ok(json!({"results": results}).to_string())
    }

    fn cancel(&mut self, who: usize, id: &str, floor: &mut Floor<'_>) -> Result<(), &'static str> {
        let order = words::key(id).and_then(|key| self.bank.order(who, key));
        let order = order.ok_or("UNKNOWN_CANCEL_ORDER")?;
        let key = order.key;
        match order.state {
            State::Open => {}
            State::Filled => return Err("ORDER_IS_FULLY_FILLED"),
            State::Over(_) => return Err("UNKNOWN_CANCEL_ORDER"),
        }
        if self.slow.iter().any(|(_, _, of)| *of == key) {
            return Err("DUPLICATE_CANCEL_REQUEST");
        }
        if let Some(ns) = floor.troubles.slow_cancel() {
            self.slow.push((Nanos(floor.now().0 + ns), who, key));
            return Ok(());
        }
        self.bank.cancel(who, key, Cause::User, floor).map_err(|_| "UNKNOWN_CANCEL_ORDER")
    }

    fn edit(&mut self, who: usize, body: &Value, floor: &mut Floor<'_>) -> Response {
        let reason = self.try_edit(who, body, floor).err();
        let errors: Vec<Value> = reason
            .iter()
            .map(|reason| {
                json!({
                    "edit_failure_reason": reason,
                    "preview_failure_reason": "UNKNOWN_PREVIEW_FAILURE_REASON",
                })
            })
            .collect();
        Response::ok(json!({"success": reason.is_none(), "errors": errors}).to_string())
    }

    fn try_edit(
        &mut self,
        who: usize,
        body: &Value,
        floor: &mut Floor<'_>,
    ) -> Result<(), &'static str> {
        let id = body["order_id"].as_str().unwrap_or_default();
        let order = words::key(id).and_then(|key| self.bank.members[who].open.get(&key));
        let order = order.ok_or("ORDER_NOT_FOUND")?;
        if order.terms.label != "limit_limit_gtc" {
            return Err("ONLY_LIMIT_ORDER_EDITS_SUPPORTED");
        }
        let (key, done) = (order.key, order.done);
        let listed = *self.bank.listed(key.market).ok_or("ORDER_NOT_FOUND")?;
        let config = json!({"limit_price": body["price"], "base_size": body["size"]});
        let price = price(&config, &listed).map_err(|_| "INVALID_EDITED_PRICE")?;
        let lots = lots(&config, &listed).map_err(|_| "INVALID_EDITED_SIZE")?;
        if lots <= done {
            return Err("CANNOT_EDIT_TO_BELOW_FILLED_SIZE");
        }
        let amended = self.bank.amend(who, key, (Some(price), Some(lots)), floor);
        amended.map_err(|refusal| match refusal {
            Refusal::Funds => "INSUFFICIENT_FUND",
            Refusal::Unknown => "ORDER_NOT_FOUND",
            Refusal::Market(Reason::WouldTake(_)) => "INVALID_LIMIT_PRICE_POST_ONLY",
            Refusal::Market(Reason::Price(_)) => "INVALID_EDITED_PRICE",
            Refusal::Market(_) => "INVALID_EDITED_SIZE",
        })
    }
}

fn shaped(label: &str, config: &Value) -> Result<Shaped, No> {
    let is_post_only = config["post_only"] == true;
    let resting = if is_post_only { Style::PostOnly } else { Style::Limit };
    let (style, label) = match label {
        "market_market_ioc" => (Style::Market, "market_market_ioc"),
        "market_market_fok" => (Style::Market, "market_market_fok"),
        "sor_limit_ioc" => (Style::ImmediateOrCancel, "sor_limit_ioc"),
        "limit_limit_gtc" => (resting, "limit_limit_gtc"),
        "limit_limit_gtd" => (resting, "limit_limit_gtd"),
        "limit_limit_fok" => (Style::FillOrKill, "limit_limit_fok"),
        _ => return no("UNSUPPORTED_ORDER_CONFIGURATION", "this configuration is not offered"),
    };
    Ok(Shaped { style, label, fills_whole: label == "market_market_fok" })
}

fn refused(refusal: &Refusal) -> No {
    match refusal {
        Refusal::Funds => ("INSUFFICIENT_FUND", "Insufficient balance in source account"),
        Refusal::Unknown => ("INVALID_PRODUCT_ID", "no such product"),
        Refusal::Market(reason) => match reason {
            Reason::WouldTake(_) => {
                ("INVALID_LIMIT_PRICE_POST_ONLY", "Post only limit price would cross the book")
            }
            Reason::NoOtherSide => ("INVALID_NO_LIQUIDITY", "nothing is on the other side"),
            Reason::Price(_) => ("INVALID_LIMIT_PRICE", "the limit price is out of bounds"),
            _ => ("UNKNOWN_FAILURE_REASON", "the size is out of bounds"),
        },
    }
}

/// Is all of it on the other side?
fn is_enough(engine: &Engine, side: Side, size: Size) -> bool {
    let mut levels = engine.levels(side.opposite());
    let (mut lots, mut cost) = (0, 0);
    levels.any(|level| {
        lots += level.qty;
        cost += i128::from(level.qty) * i128::from(level.price);
        match size {
            Size::Lots(wanted) => lots >= wanted,
            Size::Amount(wanted) => cost >= wanted,
        }
    })
}

fn end_time(config: &Value, now: Nanos) -> Result<Nanos, No> {
    let at = config["end_time"].as_str().and_then(|text| Nanos::parse(text.as_bytes()).ok());
    at.filter(|at| *at > now)
        .ok_or(("UNSUPPORTED_ORDER_CONFIGURATION", "end_time must be a time that is yet to come"))
}

fn price(config: &Value, listed: &Listed) -> Result<i64, No> {
    let text = config["limit_price"].as_str().unwrap_or_default();
    match money::parse(text, listed.shape.price.into()) {
        Ok(ticks) if (1..=listed.rules.price_max.into()).contains(&ticks) => Ok(ticks as i64),
        Err(Bad::Fine) => no("INVALID_PRICE_PRECISION", "the limit price has too many decimals"),
        _ => no("INVALID_LIMIT_PRICE", "the limit price is no number above zero"),
    }
}

fn lots(config: &Value, listed: &Listed) -> Result<i64, No> {
    let text = config["base_size"].as_str().unwrap_or_default();
    let rules = &listed.rules;
    match money::parse(text, listed.shape.qty.into()) {
        Ok(lots) if lots < rules.qty_min.into() => {
            no("INVALID_BASE_SIZE_TOO_SMALL", "the size is below the smallest")
        }
        Ok(lots) if lots > rules.qty_max.into() => {
            no("INVALID_BASE_SIZE_TOO_LARGE", "the size is above the largest")
        }
        Ok(lots) => Ok(lots as i64),
        Err(Bad::Fine) => no("INVALID_SIZE_PRECISION", "the size has too many decimals"),
        Err(_) => no("UNKNOWN_FAILURE_REASON", "the size is no number"),
    }
}

fn size(config: &Value, listed: &Listed, (style, price): (Style, i64)) -> Result<Size, No> {
    let small = || no("INVALID_QUOTE_SIZE_TOO_SMALL", "the order comes to less than the least");
    if let (Some(quote), true) = (config["quote_size"].as_str(), style == Style::Market) {
        let decimals = u32::from(listed.shape.price) + u32::from(listed.shape.qty);
        if !config["base_size"].is_null() {
            return no("UNSUPPORTED_ORDER_CONFIGURATION", "give one of quote_size and base_size");
        }
        return match money::parse(quote, decimals) {
            Ok(amount) if amount < listed.rules.notional_min => small(),
            Ok(amount) => Ok(Size::Amount(amount)),
            Err(Bad::Fine) => no("INVALID_SIZE_PRECISION", "the size has too many decimals"),
            Err(_) => no("UNKNOWN_FAILURE_REASON", "the size is no number"),
        };
    }
    let lots = lots(config, listed)?;
    let worth = i128::from(lots) * i128::from(price);
    if style != Style::Market && worth < listed.rules.notional_min {
        return small();
    }
    Ok(Size::Lots(lots))
}
