//! Kraken's private REST: who asks is proved by a signature over path, nonce and body.
//!
//! In: letters. Out: results, or errors in the venue's words; the status is 200 for both.
//! Never: a nonce that is not larger than the key's last one.

use serde_json::{Map, Value, json};

use super::bank::Bank;
use super::floor::Floor;
use super::kraken::{Asker, KrakenDesk};
use super::kraken_ask::Answer;
use super::kraken_body as told;
use super::kraken_words as words;
use super::money::short;
use super::order::Order;
use crate::base::Nanos;
use crate::sim::dialect::{Letter, decoded};

/// Trades or closed orders of one answer.
const PAGE: usize = 50;

/// What this side and the websocket call the same parameter.
const NAMES: [(&str, &str); 10] = [
    ("ordertype", "order_type"),
    ("type", "side"),
    ("volume", "order_qty"),
    ("price", "limit_price"),
    ("timeinforce", "time_in_force"),
    ("userref", "order_userref"),
    ("stptype", "stp_type"),
    ("txid", "order_id"),
    ("displayvol", "display_qty"),
    ("limit_price", "limit_price"),
];

impl KrakenDesk {
    /// A request of REST's private half.
    pub(super) fn rest(
        &mut self,
        method: &str,
        letter: &Letter<'_>,
        floor: &mut Floor<'_>,
    ) -> Answer<String> {
        let now = floor.now();
        let body = parameters(letter).ok_or("EGeneral:Invalid arguments")?;
        let asker = self.authenticate(letter, &body)?;
        let cost = match method {
            "AddOrder" | "AmendOrder" | "CancelOrder" => 0,
            "TradesHistory" | "ClosedOrders" => 2,
            _ => 1,
        };
        if !self.meters[asker.who].ask(cost, now) {
            return Err("EAPI:Rate limit exceeded".into());
        }
        let may = |right: bool| {
            if right { Ok(()) } else { Err("EGeneral:Permission denied".to_owned()) }
        };
        match method {
            "GetWebSocketsToken" => {
                may(asker.rights.token)?;
                let token = self.token(asker, now);
                Ok(json!({"token": token, "expires": 900}).to_string())
            }
            "Balance" | "BalanceEx" | "OpenOrders" | "ClosedOrders" | "QueryOrders"
            | "TradesHistory" | "TradeVolume" => {
                may(asker.rights.read)?;
                let bank = self.behind.as_ref().map_or(&self.bank, |(_, bank)| bank);
                read(bank, asker.who, method, &body).map(|value| value.to_string())
            }
            "AddOrder" => {
                let params = self.translated(&body, now)?;
                let key = self.place(asker, &params, floor)?;
                let order = key.and_then(|key| self.bank.order(asker.who, key));
                let Some(order) = order else { return Ok("{\"descr\":{\"order\":\"\"}}".into()) };
                let (id, text) = (words::order_id(order.key), told::description(&self.bank, order));
                Ok(json!({"descr": {"order": text}, "txid": [id]}).to_string())
            }
            "AmendOrder" => {
                let params = self.translated(&body, now)?;
                let amended = self.amend(asker, &params, floor)?;
                let amended: Value = serde_json::from_str(&amended).unwrap_or_default();
                Ok(json!({"amend_id": amended["amend_id"]}).to_string())
            }
            "CancelOrder" => {
                let params = self.translated(&body, now)?;
                let all = self.cancel(asker, &params, floor)?;
                let count = all.iter().filter(|one| one.is_ok()).count();
                match all.into_iter().find_map(Result::err).filter(|_| count == 0) {
                    Some(why) => Err(why),
                    None => Ok(json!({"count": count}).to_string()),
                }
            }
            "CancelAll" => {
                self.cancel_all(asker, floor).map(|count| json!({"count": count}).to_string())
            }
            "CancelAllOrdersAfter" => self.cancel_after(asker, &Value::Object(body), floor),
            _ => Err("EGeneral:Unknown method".into()),
        }
    }

    fn authenticate(&mut self, letter: &Letter<'_>, body: &Map<String, Value>) -> Answer<Asker> {
        let name = letter.header("api-key").unwrap_or_default();
        let holder = self.keys.find(name).ok_or("EAPI:Invalid key")?;
        let nonce = match body.get("nonce") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let Ok(number) = nonce.parse::<u64>() else { return Err("EAPI:Invalid nonce".into()) };
        let sign = letter.header("api-sign").unwrap_or_default();
        if !holder.seal.is_kraken_signed(letter.ask.path, &nonce, letter.body, sign) {
            return Err("EAPI:Invalid signature".into());
        }
        if !holder.is_from(letter.peer) {
            return Err("EGeneral:Permission denied".into());
        }
        let last = self.nonces.entry(name.to_owned()).or_default();
        if number <= *last {
            return Err("EAPI:Invalid nonce".into());
        }
        *last = number;
        Ok(Asker { who: holder.who, rights: holder.rights })
    }

    /// Parameters in the websocket's vocabulary.
    fn translated(&self, body: &Map<String, Value>, now: Nanos) -> Answer<Value> {
        let mut params = Map::new();
        for (key, value) in body {
            let name = NAMES.iter().find(|(from, _)| from == key).map_or(&**key, |(_, to)| *to);
            let value = match (name, value.as_str()) {
                ("order_userref", Some(text)) => {
                    json!(text.parse::<i64>().map_err(|_| "EGeneral:Invalid arguments:userref")?)
                }
                ("validate" | "post_only", Some(text)) => json!(text == "true"),
                ("time_in_force", Some(text)) => json!(text.to_ascii_lowercase()),
                ("stp_type", Some(text)) => json!(text.replace('-', "_")),
                _ => value.clone(),
            };
            params.insert(name.to_owned(), value);
        }
        if let Some(pair) = body.get("pair").and_then(Value::as_str) {
            let plain = pair.replace('/', "");
            let is_it = |name: String| name == plain || name.replace("XBT", "BTC") == plain;
            let all = &mut self.bank.shop.all();
            let found = all.find(|(_, listed)| {
                let long = told::asset(listed.base) + &told::asset(listed.quote);
                is_it(told::pair(listed)) || is_it(long)
            });
            let (_, listed) = found.ok_or("EQuery:Unknown asset pair")?;
            params.insert("symbol".into(), json!(listed.symbol.as_str()));
        }
        for flag in body.get("oflags").and_then(Value::as_str).unwrap_or_default().split(',') {
            match flag {
                "post" => params.insert("post_only".into(), json!(true)),
                "fcib" => params.insert("fee_preference".into(), json!("base")),
                "" | "fciq" | "nompp" => None,
                "viqc" => {
                    let cash = params.remove("order_qty").unwrap_or_default();
                    params.insert("cash_order_qty".into(), cash)
                }
                _ => return Err("EGeneral:Invalid arguments:oflags".into()),
            };
        }
        if let Some(text) = body.get("expiretm").and_then(Value::as_str).filter(|t| *t != "0") {
            let number = text.trim_start_matches('+').parse::<i64>().ok();
            let seconds = number.filter(|seconds| (0..=10_000_000_000).contains(seconds));
            let seconds = seconds.ok_or("EGeneral:Invalid arguments:expiretm")?;
            let from = if text.starts_with('+') { now.0 } else { 0 };
            let at = Nanos(from.saturating_add(seconds.saturating_mul(Nanos::SECOND)));
            params.insert("expire_time".into(), json!(at.to_string()));
        }
        Ok(Value::Object(params))
    }
}

/// Parameters of a form or of JSON.
fn parameters(letter: &Letter<'_>) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(letter.body).ok()?;
    if text.trim_start().starts_with('{') {
        return match serde_json::from_str(text).ok()? {
            Value::Object(map) => Some(map),
            _ => None,
        };
    }
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let each = pairs.map(|pair| {
        let (key, value) = pair.split_once('=')?;
        Some((decoded(key), Value::String(decoded(value))))
    });
    each.collect()
}

fn read(bank: &Bank, who: usize, method: &str, body: &Map<String, Value>) -> Answer<Value> {
    let member = &bank.members[who];
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let offset = text("ofs").parse().unwrap_or(0);
    let is_asked = |order: &&Order| {
        let (client, userref) = (text("cl_ord_id"), text("userref").parse::<i64>().ok());
        (client.is_empty() || order.terms.client == client)
            && (userref.is_none() || order.terms.userref == userref)
    };
    Ok(match method {
        "Balance" => {
            let all = member.purse.all().map(|(asset, balance)| {
                (told::asset(asset), json!(short(balance.total, bank.scale)))
            });
            told::by_id(all)
        }
        "BalanceEx" => {
            let all = member.purse.all().map(|(asset, balance)| {
                let [total, held] = [balance.total, balance.held].map(|a| short(a, bank.scale));
                (told::asset(asset), json!({"balance": total, "hold_trade": held}))
            });
            told::by_id(all)
        }
        "OpenOrders" => {
            let open = member.open.values().filter(is_asked);
            json!({"open": told::by_id(open.filter_map(|order| told::rest_order(bank, order)))})
        }
        "ClosedOrders" => {
            let count = member.closed.iter().filter(is_asked).count();
            let page = member.closed.iter().rev().filter(is_asked).skip(offset).take(PAGE);
            let page = page.filter_map(|order| told::rest_order(bank, order));
            json!({"closed": told::by_id(page), "count": count})
        }
        "QueryOrders" => {
            let mut found = Vec::new();
            let ids = text("txid").split(',').filter(|id| !id.is_empty()).take(PAGE);
            for id in ids {
                let order = words::key(id.trim()).and_then(|key| bank.order(who, key));
                found.push(order.ok_or("EOrder:Unknown order")?);
            }
            found.extend(bank.by_client(who, text("cl_ord_id")));
            if found.is_empty() {
                return Err("EGeneral:Invalid arguments:txid".into());
            }
            told::by_id(found.into_iter().filter_map(|order| told::rest_order(bank, order)))
        }
        "TradesHistory" => {
            let page = member.fills.iter().rev().skip(offset).take(PAGE);
            let page = page.filter_map(|fill| told::rest_trade(bank, who, fill));
            json!({"trades": told::by_id(page), "count": member.fills.len()})
        }
        _ => {
            let percent = |ppm: i64| short(ppm.into(), 4);
            let fees = |ppm: i64| {
                let each = bank.shop.all().map(|(_, listed)| {
                    (told::pair(listed), json!({"fee": percent(ppm), "tiervolume": "0.0000"}))
                });
                told::by_id(each)
            };
            let (maker, taker) = (fees(member.fees.maker), fees(member.fees.taker));
            json!({"currency": "ZUSD", "volume": "0.0000", "fees": taker, "fees_maker": maker})
        }
    })
}
