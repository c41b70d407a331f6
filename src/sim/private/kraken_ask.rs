//! What Kraken is asked to do with orders, by websocket or by REST: one vocabulary, that of the
//! websocket, and one set of rules.
//!
//! In: parameters of a method, and who asks. Out: answers in the venue's words.
//! Never: an order that the venue's rules or the member's key do not allow.

use serde_json::{Value, json};

use super::floor::Floor;
use super::json::digits;
use super::kraken::{Asker, KrakenDesk};
use super::kraken_words as words;
use super::money::{self, Bad};
use super::order::{Cause, Key, Refusal, Terms};
use super::rate::{AMEND_PENALTY, CANCEL_PENALTY, penalty};
use crate::base::{Nanos, Side};
use crate::event::Style;
use crate::sim::engine::{Reason, SelfTrade, Size};
use crate::sim::world::Listed;

const METHODS: [&str; 7] = [
    "add_order",
    "amend_order",
    "batch_add",
    "batch_cancel",
    "cancel_all",
    "cancel_all_orders_after",
    "cancel_order",
];

/// Orders of one batch that are made, and that are ended.
const BATCH_ADD: std::ops::RangeInclusive<usize> = 2..=15;
const BATCH_CANCEL_MAX: usize = 50;

const DEADLINE_NS: std::ops::RangeInclusive<i64> = 500 * Nanos::MILLI..=60 * Nanos::SECOND;

/// How far ahead the end of an order may be: a month.
const EXPIRES_NS: i64 = 31 * 86_400 * Nanos::SECOND;

const TIMEOUT_MAX: i64 = 86_400;

pub(super) type Answer<T> = Result<T, String>;

/// Is it one that this file knows?
pub(super) fn is_method(method: &str) -> bool {
    METHODS.contains(&method)
}

fn invalid<T>(what: &str) -> Answer<T> {
    Err(format!("EGeneral:Invalid arguments:{what}"))
}

impl KrakenDesk {
    /// A request of the websocket; each order that it ends has an answer of its own.
    pub(super) fn order(
        &mut self,
        asker: Asker,
        request: &Value,
        floor: &mut Floor<'_>,
    ) -> Vec<String> {
        let (params, now) = (&request["params"], floor.now());
        let answer = match request["method"].as_str().unwrap_or_default() {
            "add_order" => self.add(asker, params, floor),
            "batch_add" => self.batch_add(asker, params, floor),
            "amend_order" => self.amend(asker, params, floor),
            "cancel_order" => {
                let all = self.cancel(asker, params, floor);
                let all = all.unwrap_or_else(|why| vec![Err(why)]);
                let worded = all.into_iter().map(|one| words::answer(request, one, now));
                return worded.collect();
            }
            "batch_cancel" => self
                .batch_cancel(asker, params, floor)
                .map(|count| return_count(request, count, now)),
            "cancel_all" => self
                .cancel_all(asker, floor)
                .map(|count| json!({"count": count, "warning": null}).to_string()),
            _ => self.cancel_after(asker, params, floor),
        };
        if request["method"] == "batch_cancel" && answer.is_ok() {
            return answer.into_iter().collect();
        }
        vec![words::answer(request, answer, now)]
    }

    /// A new order: its id, and his own names of it.
    pub(super) fn add(
        &mut self,
        asker: Asker,
        params: &Value,
        floor: &mut Floor<'_>,
    ) -> Answer<String> {
        let key = self.place(asker, params, floor)?;
        let Some(key) = key else { return Ok("{}".into()) };
        Ok(match self.bank.order(asker.who, key) {
            Some(order) => words::named(order),
            None => "{}".into(),
        })
    }

    /// The same; `None` where it was only to be looked at.
    pub(super) fn place(
        &mut self,
        Asker { who, rights }: Asker,
        params: &Value,
        floor: &mut Floor<'_>,
    ) -> Answer<Option<Key>> {
        if !rights.trade {
            return Err("EGeneral:Permission denied".into());
        }
        let now = floor.now();
        let terms = self.terms(who, params, floor)?;
        let engine = floor.world.market(terms.market).ok_or("EService:Unavailable")?;
        if params["validate"] == true {
            let funds = self.bank.affords(who, &terms, engine);
            return funds.map(|_| None).ok_or_else(|| "EOrder:Insufficient funds".into());
        }
        let of_pair = |key: &&Key| key.market == terms.market;
        let open = self.bank.members[who].open.keys().filter(of_pair).count();
        if terms.style.rests() && open >= self.meters[who].orders_max() {
            return Err("EOrder:Orders limit exceeded".into());
        }
        if !self.meters[who].spend(terms.market, 1, now) {
            return Err("EOrder:Rate limit exceeded".into());
        }
        let placed = self.bank.place(who, terms, floor);
        placed.map(Some).map_err(|refusal| refused(&refusal))
    }

    fn batch_add(&mut self, asker: Asker, params: &Value, floor: &mut Floor<'_>) -> Answer<String> {
        let orders = params["orders"].as_array();
        let Some(orders) = orders.filter(|orders| BATCH_ADD.contains(&orders.len())) else {
            return invalid("orders");
        };
        let each = orders.iter().map(|order| {
            let mut order = order.clone();
            for shared in ["symbol", "deadline", "validate"] {
                if let Some(value) = params.get(shared) {
                    order[shared] = value.clone();
                }
            }
            let answer = self.add(asker, &order, floor);
            answer.unwrap_or_else(|why| json!({"error": why}).to_string())
        });
        Ok(super::json::list(&each.collect::<Vec<_>>()))
    }

    /// What is asked for, by the venue's rules.
    fn terms(&self, who: usize, params: &Value, floor: &mut Floor<'_>) -> Answer<Terms> {
        let now = floor.now();
        let text = |name: &str| params[name].as_str().unwrap_or_default();
        let Some((market, listed)) = self.bank.shop.find(text("symbol")) else {
            return Err("EQuery:Unknown asset pair".into());
        };
        deadline(params, now)?;
        let side = match text("side") {
            "buy" => Side::Buy,
            "sell" => Side::Sell,
            _ => return invalid("side"),
        };
        let is_post_only = params["post_only"] == true;
        let style = match (text("order_type"), text("time_in_force")) {
            ("market", "" | "gtc" | "ioc") if !is_post_only => Style::Market,
            ("limit", "" | "gtc" | "gtd") if is_post_only => Style::PostOnly,
            ("limit", "" | "gtc" | "gtd") => Style::Limit,
            ("limit", "ioc") if !is_post_only => Style::ImmediateOrCancel,
            ("limit", "fok") if !is_post_only => Style::FillOrKill,
            ("limit" | "market", _) => return invalid("time_in_force"),
            _ => return invalid("order_type"),
        };
        match floor.own().system() {
            "online" => {}
            "post_only" if style == Style::PostOnly => {}
            "post_only" => return Err("EService:Market in post_only mode".into()),
            "cancel_only" => return Err("EService:Market in cancel_only mode".into()),
            _ => return Err("EService:Unavailable".into()),
        }
        if params["reduce_only"] == true {
            return Err("EOrder:Reduce only:No position exists".into());
        }
        let self_trade = match text("stp_type") {
            "" | "cancel_newest" => SelfTrade::Newest,
            "cancel_oldest" => SelfTrade::Oldest,
            "cancel_both" => SelfTrade::Both,
            _ => return invalid("stp_type"),
        };
        let price = if style == Style::Market { 0 } else { price(params, listed)? };
        let (client, userref) = self.client(who, params)?;
        Ok(Terms {
            market: *market,
            side,
            style,
            price,
            size: size(params, listed, (style, side, price))?,
            self_trade,
            client,
            userref,
            expires: expires(params, now)?,
            fee_in_base: text("fee_preference") == "base",
            label: if style == Style::Market { "market" } else { "limit" },
        })
    }

    /// His own names of an order.
    fn client(&self, who: usize, params: &Value) -> Answer<(String, Option<i64>)> {
        let userref = match params.get("order_userref") {
            Some(value) => Some(value.as_i64().ok_or("EGeneral:Invalid arguments:userref")?),
            None => None,
        };
        let Some(client) = params.get("cl_ord_id") else { return Ok((String::new(), userref)) };
        let client = client.as_str().unwrap_or_default();
        if userref.is_some() || !is_client(client) {
            return invalid("cl_ord_id");
        }
        if self.bank.open_by_client(who, client).is_some() {
            return Err("EOrder:Duplicate cl_ord_id".into());
        }
        Ok((client.to_owned(), None))
    }

    pub(super) fn amend(
        &mut self,
        Asker { who, rights }: Asker,
        params: &Value,
        floor: &mut Floor<'_>,
    ) -> Answer<String> {
        if !rights.trade {
            return Err("EGeneral:Permission denied".into());
        }
        let now = floor.now();
        deadline(params, now)?;
        let ids = ["order_id", "cl_ord_id"].map(|name| params[name].as_str());
        let found = match ids {
            [Some(id), None] => {
                words::key(id).and_then(|key| self.bank.members[who].open.get(&key))
            }
            [None, Some(client)] => self.bank.open_by_client(who, client),
            _ => return invalid("order_id"),
        };
        let order = found.ok_or("EOrder:Unknown order")?;
        let (key, done, age_ns) = (order.key, order.done, now.0 - order.renewed.0);
        let listed = *self.bank.listed(key.market).ok_or("EOrder:Unknown order")?;
        let new_price = match params.get("limit_price") {
            Some(_) => Some(price(params, &listed)?),
            None => None,
        };
        let lots = match params.get("order_qty") {
            Some(value) => Some(lots(value, &listed)?),
            None => None,
        };
        if new_price.is_none() && lots.is_none() {
            return invalid("order_qty");
        }
        let engine = floor.world.market(key.market).ok_or("EService:Unavailable")?;
        let side = order.terms.side;
        let best = engine.level(side.opposite(), 0).map(|level| level.price);
        let crosses = |price: i64| match side {
            Side::Buy => best.is_some_and(|best| best <= price),
            Side::Sell => best.is_some_and(|best| best >= price),
        };
        if params["post_only"] == true && new_price.is_some_and(crosses) {
            return Err("EOrder:Post only order".into());
        }
        let count = 1 + penalty(AMEND_PENALTY, age_ns);
        if !self.meters[who].spend(key.market, count, now) {
            return Err("EOrder:Rate limit exceeded".into());
        }
        // No more than what has traded: the rest ends.
        let amended = match lots {
            Some(lots) if lots <= done => self.bank.cancel(who, key, Cause::User, floor),
            _ => self.bank.amend(who, key, (new_price, lots), floor),
        };
        amended.map_err(|refusal| refused(&refusal))?;
        let amend_id = words::code('T', now.0 as u64);
        let [name, id] = match ids {
            [Some(id), _] => ["order_id", id],
            [_, id] => ["cl_ord_id", id.unwrap_or_default()],
        };
        Ok(json!({"amend_id": amend_id, name: id}).to_string())
    }

    /// Ends orders, each with its own outcome.
    pub(super) fn cancel(
        &mut self,
        asker: Asker,
        params: &Value,
        floor: &mut Floor<'_>,
    ) -> Answer<Vec<Answer<String>>> {
        if !asker.rights.cancel {
            return Err("EGeneral:Permission denied".into());
        }
        let mut ids = Vec::new();
        for name in ["order_id", "cl_ord_id", "order_userref"] {
            match params.get(name) {
                Some(Value::Array(list)) => ids.extend(list.iter().map(|id| (name, id))),
                Some(one) => ids.push((name, one)),
                None => {}
            }
        }
        if ids.is_empty() || ids.len() > BATCH_CANCEL_MAX {
            return invalid("order_id");
        }
        let mut answers = Vec::new();
        for (name, id) in ids {
            let keys = self.named(asker.who, name, id);
            if keys.is_empty() {
                answers.push(Err("EOrder:Unknown order".to_owned()));
            }
            for key in keys {
                answers.push(self.end(asker.who, key, floor));
            }
        }
        Ok(answers)
    }

    /// Open orders of a name.
    pub(super) fn named(&self, who: usize, name: &str, id: &Value) -> Vec<Key> {
        let open = &self.bank.members[who].open;
        if name == "order_userref" {
            let userref = id.as_i64();
            let of = open.values().filter(|o| userref.is_some() && o.terms.userref == userref);
            return of.map(|order| order.key).collect();
        }
        let text = id.as_str().unwrap_or_default();
        let by_id = words::key(text).filter(|key| name == "order_id" && open.contains_key(key));
        let by_client = || self.bank.open_by_client(who, text).map(|order| order.key);
        let is_client = name == "cl_ord_id";
        by_id.or_else(|| by_client().filter(|_| is_client)).into_iter().collect()
    }

    fn end(&mut self, who: usize, key: Key, floor: &mut Floor<'_>) -> Answer<String> {
        let now = floor.now();
        let order = self.bank.order(who, key).filter(|order| order.is_open());
        let order = order.ok_or("EOrder:Unknown order")?;
        let (named, age_ns) = (words::named(order), now.0 - order.renewed.0);
        self.meters[who].burden(key.market, penalty(CANCEL_PENALTY, age_ns), now);
        if let Some(ns) = floor.troubles.slow_cancel() {
            self.slow.push((Nanos(now.0 + ns), who, key));
            return Ok(named);
        }
        let ended = self.bank.cancel(who, key, Cause::User, floor);
        ended.map(|()| named).map_err(|refusal| refused(&refusal))
    }

    fn batch_cancel(
        &mut self,
        asker: Asker,
        params: &Value,
        floor: &mut Floor<'_>,
    ) -> Answer<usize> {
        let mut ids = json!({});
        for (from, to) in [("orders", "order_id"), ("cl_ord_id", "cl_ord_id")] {
            if let Some(list) = params.get(from) {
                ids[to] = list.clone();
            }
        }
        let all = self.cancel(asker, &ids, floor)?;
        Ok(all.iter().filter(|one| one.is_ok()).count())
    }

    pub(super) fn cancel_all(&mut self, asker: Asker, floor: &mut Floor<'_>) -> Answer<usize> {
        if !asker.rights.cancel {
            return Err("EGeneral:Permission denied".into());
        }
        Ok(self.end_all(asker.who, Cause::User, floor))
    }

    /// The dead-man timer: all orders are ended after so many seconds; 0 is never.
    pub(super) fn cancel_after(
        &mut self,
        asker: Asker,
        params: &Value,
        floor: &mut Floor<'_>,
    ) -> Answer<String> {
        if !asker.rights.cancel {
            return Err("EGeneral:Permission denied".into());
        }
        let timeout = digits(&params["timeout"]).and_then(|text| text.parse::<i64>().ok());
        let Some(timeout) = timeout.filter(|seconds| (0..=TIMEOUT_MAX).contains(seconds)) else {
            return invalid("timeout");
        };
        let now = floor.now();
        let at = Nanos(now.0 + timeout * Nanos::SECOND);
        self.timers[asker.who] = (timeout > 0).then_some(at);
        let trigger = if timeout > 0 { words::seconds(at) } else { "0".into() };
        Ok(json!({"currentTime": words::seconds(now), "triggerTime": trigger}).to_string())
    }
}

fn return_count(request: &Value, count: usize, now: Nanos) -> String {
    words::counted(request, count, now)
}

fn refused(refusal: &Refusal) -> String {
    let text = match refusal {
        Refusal::Funds => "EOrder:Insufficient funds",
        Refusal::Unknown | Refusal::Market(Reason::Unknown(_)) => "EOrder:Unknown order",
        Refusal::Market(reason) => match reason {
            Reason::Price(_) => "EOrder:Invalid price",
            Reason::Notional(_) | Reason::Amount(_) => "EOrder:Cost minimum not met",
            Reason::WouldTake(_) => "EOrder:Post only order",
            Reason::NoOtherSide => "EOrder:Insufficient liquidity",
            Reason::Full(_) => "EOrder:Orders limit exceeded",
            _ => "EOrder:Order minimum not met",
        },
    };
    text.into()
}

/// A UUID, 32 digits of hex, or up to 18 letters.
fn is_client(text: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = || {
        let parts: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| is_hex(part))
    };
    let is_free = (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    is_free || (text.len() == 32 && is_hex(text)) || is_uuid()
}

fn deadline(params: &Value, now: Nanos) -> Answer<()> {
    let Some(text) = params.get("deadline") else { return Ok(()) };
    let at = text.as_str().and_then(|text| Nanos::parse(text.as_bytes()).ok());
    let Some(at) = at else { return invalid("deadline") };
    if at <= now {
        return Err("EService:Deadline elapsed".into());
    }
    // What was within bounds when it was sent may be nearer by now.
    if at.0 - now.0 > *DEADLINE_NS.end() {
        return invalid("deadline");
    }
    Ok(())
}

fn expires(params: &Value, now: Nanos) -> Answer<Option<Nanos>> {
    let is_dated = params["time_in_force"] == "gtd";
    let at = params["expire_time"].as_str().and_then(|text| Nanos::parse(text.as_bytes()).ok());
    match at {
        None if !is_dated => Ok(None),
        Some(at) if is_dated && at > now && at.0 - now.0 <= EXPIRES_NS => Ok(Some(at)),
        _ => invalid("expire_time"),
    }
}

fn price(params: &Value, listed: &Listed) -> Answer<i64> {
    let decimals = listed.shape.price;
    let text = digits(&params["limit_price"]).unwrap_or_default();
    match money::parse(&text, decimals.into()) {
        Ok(ticks) if ticks <= 0 || ticks > listed.rules.price_max.into() => {
            Err("EOrder:Invalid price".into())
        }
        Ok(ticks) if ticks % i128::from(listed.rules.tick) != 0 => {
            Err("EOrder:Tick size check failed".into())
        }
        Ok(ticks) => Ok(ticks as i64),
        Err(Bad::Fine) => Err(format!(
            "EOrder:Invalid price:{} price can only be specified up to {decimals} decimals.",
            listed.symbol
        )),
        Err(_) => invalid("price"),
    }
}

fn lots(value: &Value, listed: &Listed) -> Answer<i64> {
    let text = digits(value).unwrap_or_default();
    let rules = &listed.rules;
    match money::parse(&text, listed.shape.qty.into()) {
        Ok(lots) if lots < rules.qty_min.into() => Err("EOrder:Order minimum not met".into()),
        Ok(lots) if lots > rules.qty_max.into() || lots % i128::from(rules.lot) != 0 => {
            invalid("volume")
        }
        Ok(lots) => Ok(lots as i64),
        Err(_) => invalid("volume"),
    }
}

fn size(params: &Value, listed: &Listed, (style, side, price): (Style, Side, i64)) -> Answer<Size> {
    if let Some(cash) = params.get("cash_order_qty") {
        let decimals = u32::from(listed.shape.price) + u32::from(listed.shape.qty);
        let amount = money::parse(&digits(cash).unwrap_or_default(), decimals);
        return match amount {
            _ if style != Style::Market || side != Side::Buy => invalid("cash_order_qty"),
            Ok(amount) if amount < listed.rules.notional_min => {
                Err("EOrder:Cost minimum not met".into())
            }
            Ok(amount) => Ok(Size::Amount(amount)),
            Err(_) => invalid("cash_order_qty"),
        };
    }
    let lots = lots(&params["order_qty"], listed)?;
    let cost = i128::from(lots) * i128::from(price);
    if style != Style::Market && cost < listed.rules.notional_min {
        return Err("EOrder:Cost minimum not met".into());
    }
    Ok(Size::Lots(lots))
}
