//! What Binance is asked to do: one table of methods for the WS API and REST, and one set of rules.
//!
//! In: parameters whose signature was checked, and who signed. Out: results, or a [`Fault`].
//! Never: an order that a filter of its symbol does not let through.

use serde_json::{Value, json};

use super::bank::Bank;
use super::binance::{Asker, BinanceDesk};
use super::binance_filter::{Answer, filter, lots, market, price, size, style, text, wanted};
use super::binance_read::{find, read};
use super::binance_rest::{Fault, Params};
use super::binance_words as words;
use super::floor::Floor;
use super::keyring::Holder;
use super::order::{Cause, Key, Order, Refusal, Terms};
use super::rate::ORDER_WINDOWS;
use crate::base::{Nanos, Side};
use crate::event::Style;
use crate::sim::engine::{Reason, SelfTrade, Size};
use crate::sim::world::{Listed, World};

/// Open orders of a member in one symbol (`MAX_NUM_ORDERS`).
const ORDERS_MAX: usize = 200;

/// A price is at most so many times the last one, and at least one of so many parts of it
/// (`PERCENT_PRICE_BY_SIDE`).
const PERCENT_PRICE: i64 = 5;

/// A method, by its name on the WS API and its place in REST.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) rest: (&'static str, &'static str),
    /// Does it change orders? Then it costs nothing where it succeeds.
    pub(super) is_order: bool,
    weight: u32,
}

const fn of(
    name: &'static str,
    verb: &'static str,
    path: &'static str,
    is_order: bool,
    weight: u32,
) -> Method {
    Method { name, rest: (verb, path), is_order, weight }
}

#[rustfmt::skip]
pub(super) static METHODS: [Method; 13] = [
    of("order.place", "POST", "/api/v3/order", true, 1),
    of("order.test", "POST", "/api/v3/order/test", false, 1),
    of("order.cancel", "DELETE", "/api/v3/order", true, 1),
    of("order.cancelReplace", "POST", "/api/v3/order/cancelReplace", true, 1),
    of("order.amend.keepPriority", "PUT", "/api/v3/order/amend/keepPriority", true, 4),
    of("openOrders.cancelAll", "DELETE", "/api/v3/openOrders", true, 1),
    of("order.status", "GET", "/api/v3/order", false, 4),
    of("openOrders.status", "GET", "/api/v3/openOrders", false, 6),
    of("allOrders", "GET", "/api/v3/allOrders", false, 20),
    of("myTrades", "GET", "/api/v3/myTrades", false, 20),
    of("account.status", "GET", "/api/v3/account", false, 20),
    of("account.commission", "GET", "/api/v3/account/commission", false, 20),
    of("account.rateLimits.orders", "GET", "/api/v3/rateLimit/order", false, 40),
];

impl Method {
    /// May a key be used for it?
    pub(super) fn allows(&self, holder: &Holder) -> bool {
        let trades = self.is_order || self.name == "order.test";
        if trades { holder.rights.trade } else { holder.rights.read }
    }
}

impl BinanceDesk {
    /// Does it for what it costs.
    pub(super) fn charged(
        &mut self,
        asker: Asker,
        method: &Method,
        params: &Params,
        floor: &mut Floor<'_>,
    ) -> Answer<String> {
        let now = floor.now();
        let every = method.name == "openOrders.status" && !params.contains_key("symbol");
        let weight = if every { 80 } else { method.weight };
        let before = if method.is_order { 0 } else { weight };
        floor.own().charge(before, now).map_err(|refused| Fault::limited(&refused, now))?;
        let answer = self.act(asker, method.name, params, floor);
        if method.is_order && answer.is_err() {
            // Whoever is over the limit by this hears of it at his next request.
            let _ = floor.own().charge(weight, now);
        }
        answer
    }

    fn act(
        &mut self,
        asker: Asker,
        name: &str,
        params: &Params,
        floor: &mut Floor<'_>,
    ) -> Answer<String> {
        let who = asker.who;
        match name {
            "order.place" => self.place(who, params, floor),
            "order.test" => {
                let terms = self.terms(who, params, floor)?;
                self.affordable(who, &terms, floor.world).map(|()| "{}".to_owned())
            }
            "order.cancel" => self.cancel(who, params, "", floor),
            "order.cancelReplace" => self.cancel_replace(who, params, floor),
            "order.amend.keepPriority" => self.amend(who, params, floor),
            "openOrders.cancelAll" => {
                let (market, _) = self.market(params)?;
                let open = self.bank.members[who].open.keys();
                let keys: Vec<Key> = open.filter(|key| key.market == market).copied().collect();
                if keys.is_empty() {
                    return Err(Fault::new(400, -2_011, "Unknown order sent."));
                }
                let each = keys.into_iter().map(|key| self.end(who, key, "", floor));
                let all: Answer<Vec<String>> = each.collect();
                all.map(|all| super::json::list(&all))
            }
            "account.rateLimits.orders" => {
                let counts = self.counts[who].now(floor.now());
                Ok(words::order_limits(counts).to_string())
            }
            _ => {
                let bank = self.behind.as_ref().map_or(&self.bank, |(_, bank)| bank);
                read(bank, who, name, params).map(|value| value.to_string())
            }
        }
    }

    fn market(&self, params: &Params) -> Answer<(usize, Listed)> {
        market(&self.bank, params)
    }

    /// A new order.
    fn place(&mut self, who: usize, params: &Params, floor: &mut Floor<'_>) -> Answer<String> {
        let now = floor.now();
        let terms = self.terms(who, params, floor)?;
        if let Some(window) = self.counts[who].full(now) {
            let (length, limit) = ORDER_WINDOWS[window];
            let span = if window == 0 { "10 SECOND" } else { "1 DAY" };
            let msg = format!("Too many new orders; current limit is {limit} orders per {span}.");
            let after = (now.0 / length + 1) * length / Nanos::MILLI;
            let data = json!({"serverTime": now.0 / Nanos::MILLI, "retryAfter": after});
            return Err(Fault { data: Some(Box::new(data)), ..Fault::new(429, -1_015, msg) });
        }
        let full = matches!(terms.style, Style::Market) || terms.label == "LIMIT";
        let kind = match text(params, "newOrderRespType") {
            "" if full => "FULL",
            "" => "ACK",
            kind @ ("ACK" | "RESULT" | "FULL") => kind,
            _ => return Err(Fault::new(400, -1_100, "Illegal parameter 'newOrderRespType'.")),
        };
        let key = self.bank.place(who, terms, floor).map_err(|refusal| refused(&refusal))?;
        self.counts[who].add(1, now);
        let order = self.bank.order(who, key).ok_or_else(Fault::unknown)?;
        Ok(words::placed(&self.bank, who, order, kind).to_string())
    }

    fn terms(&mut self, who: usize, params: &Params, floor: &mut Floor<'_>) -> Answer<Terms> {
        let (market, listed) = self.market(params)?;
        let side = match wanted(params, "side")? {
            "BUY" => Side::Buy,
            "SELL" => Side::Sell,
            _ => return Err(Fault::new(400, -1_117, "Invalid side.")),
        };
        let (style, label) = style(params)?;
        let price = match style {
            Style::Market => 0,
            _ => price(params, &listed)?,
        };
        let size = size(params, &listed, style)?;
        let last = floor.world.past(market).next_back().map(|(_, trade)| trade.price);
        if let Some(last) = last.filter(|_| style != Style::Market)
            && (price > last * PERCENT_PRICE || price * PERCENT_PRICE < last)
        {
            return filter("PERCENT_PRICE_BY_SIDE");
        }
        let worth = match size {
            Size::Lots(lots) if style == Style::Market => {
                i128::from(lots) * i128::from(last.unwrap_or_default())
            }
            Size::Lots(lots) => i128::from(lots) * i128::from(price),
            Size::Amount(amount) => amount,
        };
        if worth < listed.rules.notional_min {
            return filter("NOTIONAL");
        }
        let self_trade = match text(params, "selfTradePreventionMode") {
            "" | "EXPIRE_MAKER" => SelfTrade::Oldest,
            "EXPIRE_TAKER" => SelfTrade::Newest,
            "EXPIRE_BOTH" => SelfTrade::Both,
            "NONE" => SelfTrade::Allow,
            _ => {
                let msg = "This symbol does not allow the specified self-trade prevention mode.";
                return Err(Fault::new(400, -2_010, msg));
            }
        };
        let client = self.client(params, "newClientOrderId")?;
        if self.bank.open_by_client(who, &client).is_some() {
            return Err(Fault::new(400, -2_010, "Duplicate order sent."));
        }
        let of_symbol = |key: &&Key| key.market == market;
        let open = self.bank.members[who].open.keys().filter(of_symbol).count();
        if style.rests() && open >= ORDERS_MAX {
            return filter("MAX_NUM_ORDERS");
        }
        let (userref, expires, fee_in_base) = (None, None, false);
        Ok(Terms {
            market,
            side,
            style,
            price,
            size,
            self_trade,
            client,
            userref,
            expires,
            fee_in_base,
            label,
        })
    }

    fn affordable(&self, who: usize, terms: &Terms, world: &World) -> Answer<()> {
        let engine = world.market(terms.market).ok_or_else(Fault::unknown)?;
        let held = self.bank.affords(who, terms, engine);
        held.map(drop).ok_or_else(|| refused(&Refusal::Funds))
    }

    /// A name that the client gives, or one made up.
    fn client(&mut self, params: &Params, name: &str) -> Answer<String> {
        const RANGE: &str = "^[a-zA-Z0-9-_]{1,36}$";
        let Some(given) = params.get(name) else {
            let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
            let mut letter = || char::from(letters[self.random.below(62) as usize]);
            return Ok((0..22).map(|_| letter()).collect());
        };
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(1..=36).contains(&given.len()) || !given.bytes().all(is_letter) {
            let msg = format!(
                "Illegal characters found in parameter '{name}'; legal range is '{RANGE}'."
            );
            return Err(Fault::new(400, -1_100, msg));
        }
        Ok(given.clone())
    }

    /// An open order by id or name, whose parameters have these names.
    fn open(&self, who: usize, params: &Params, names: [&str; 2]) -> Answer<&Order> {
        let unknown = || Fault::new(400, -2_011, "Unknown order sent.");
        let order = find(&self.bank, who, params, names)?.ok_or_else(unknown)?;
        if order.is_open() { Ok(order) } else { Err(unknown()) }
    }

    /// Ends an order; with `cancel` as prefix by the parameters of a cancel-replace.
    fn cancel(
        &mut self,
        who: usize,
        params: &Params,
        prefix: &str,
        floor: &mut Floor<'_>,
    ) -> Answer<String> {
        let replaces = prefix == "cancel";
        let names = if replaces {
            ["cancelOrderId", "cancelOrigClientOrderId"]
        } else {
            ["orderId", "origClientOrderId"]
        };
        let order = self.open(who, params, names)?;
        let (key, done) = (order.key, order.done);
        let is_barred = match text(params, "cancelRestrictions") {
            "" => false,
            "ONLY_NEW" => done > 0,
            "ONLY_PARTIALLY_FILLED" => done == 0,
            _ => return Err(Fault::new(400, -1_145, "Invalid cancelRestrictions")),
        };
        if is_barred {
            let msg = "Order was not canceled due to cancel restrictions.";
            return Err(Fault::new(400, -2_011, msg));
        }
        let name = if replaces { "cancelNewClientOrderId" } else { "newClientOrderId" };
        let client = self.client(params, name)?;
        self.end(who, key, &client, floor)
    }

    fn end(&mut self, who: usize, key: Key, client: &str, floor: &mut Floor<'_>) -> Answer<String> {
        let client =
            if client.is_empty() { self.client(&Params::new(), "")? } else { client.to_owned() };
        self.renamed.insert(key, client.clone());
        if let Some(ns) = floor.troubles.slow_cancel() {
            self.slow.push((Nanos(floor.now().0 + ns), who, key));
        } else {
            let ended = self.bank.cancel(who, key, Cause::User, floor);
            ended.map_err(|refusal| refused(&refusal))?;
        }
        let order = self.bank.order(who, key).ok_or_else(Fault::unknown)?;
        Ok(words::cancelled(&self.bank, order, &client, floor.now()).to_string())
    }

    fn cancel_replace(
        &mut self,
        who: usize,
        params: &Params,
        floor: &mut Floor<'_>,
    ) -> Answer<String> {
        let stops = match wanted(params, "cancelReplaceMode")? {
            "STOP_ON_FAILURE" => true,
            "ALLOW_FAILURE" => false,
            _ => return Err(Fault::new(400, -1_145, "Invalid cancelReplaceMode")),
        };
        self.market(params)?;
        let json = |answer: &Answer<String>| match answer {
            Ok(text) => serde_json::from_str(text).unwrap_or_default(),
            Err(fault) => json!({"code": fault.code, "msg": fault.msg}),
        };
        let word = |answer: &Answer<String>| if answer.is_ok() { "SUCCESS" } else { "FAILURE" };
        let cancelled = self.cancel(who, params, "cancel", floor);
        let placed = (cancelled.is_ok() || !stops).then(|| self.place(who, params, floor));
        let body = json!({
            "cancelResult": word(&cancelled),
            "newOrderResult": placed.as_ref().map_or("NOT_ATTEMPTED", word),
            "cancelResponse": json(&cancelled),
            "newOrderResponse": placed.as_ref().map_or(Value::Null, json),
        });
        let is_placed = placed.is_some_and(|placed| placed.is_ok());
        let fault = match (cancelled.is_ok(), is_placed) {
            (true, true) => return Ok(body.to_string()),
            (false, false) => Fault::new(400, -2_022, "Order cancel-replace failed."),
            _ => Fault::new(409, -2_021, "Order cancel-replace partially failed."),
        };
        Err(Fault { data: Some(Box::new(body)), ..fault })
    }

    /// Makes an order smaller; it keeps its place.
    fn amend(&mut self, who: usize, params: &Params, floor: &mut Floor<'_>) -> Answer<String> {
        let (_, listed) = self.market(params)?;
        let unknown = || Fault::new(400, -2_013, "Order does not exist.");
        let order = find(&self.bank, who, params, ["orderId", "origClientOrderId"])?;
        let order = order.filter(|order| order.is_open()).ok_or_else(unknown)?;
        let (key, qty, done) = (order.key, order.qty(), order.done);
        let was = order.terms.client.clone();
        let lots = lots(params, "newQty", &listed)?;
        if lots >= qty {
            let msg = "Order amend (quantity increase) is not supported.";
            return Err(Fault::new(400, -2_038, msg));
        }
        if lots <= done {
            let msg = "The requested action would change no state; rejecting.";
            return Err(Fault::new(400, -2_038, msg));
        }
        let client = self.client(params, "newClientOrderId")?;
        if client != was && self.bank.open_by_client(who, &client).is_some() {
            return Err(Fault::new(400, -2_038, "Duplicate order sent."));
        }
        let rename = |bank: &mut Bank, name: &str| {
            if let Some(order) = bank.members[who].open.get_mut(&key) {
                name.clone_into(&mut order.terms.client);
            }
        };
        rename(&mut self.bank, &client);
        self.renamed.insert(key, was.clone());
        if let Err(refusal) = self.bank.amend(who, key, (None, Some(lots)), floor) {
            rename(&mut self.bank, &was);
            self.renamed.remove(&key);
            return Err(refused(&refusal));
        }
        let order = self.bank.order(who, key).ok_or_else(Fault::unknown)?;
        Ok(words::amended(&self.bank, order, &was, floor.now()).to_string())
    }
}

fn refused(refusal: &Refusal) -> Fault {
    let (code, msg) = match refusal {
        Refusal::Funds => (-2_010, "Account has insufficient balance for requested action."),
        Refusal::Unknown | Refusal::Market(Reason::Unknown(_)) => (-2_011, "Unknown order sent."),
        Refusal::Market(reason) => match reason {
            Reason::WouldTake(_) => (-2_010, "Order would immediately match and take."),
            Reason::NoOtherSide => (-2_010, "Market is closed."),
            Reason::Price(_) => (-1_013, "Filter failure: PRICE_FILTER"),
            Reason::Notional(_) | Reason::Amount(_) => (-1_013, "Filter failure: NOTIONAL"),
            Reason::Full(_) => (-1_013, "Filter failure: MAX_NUM_ORDERS"),
            _ => (-1_013, "Filter failure: LOT_SIZE"),
        },
    };
    Fault::new(400, code, msg)
}
