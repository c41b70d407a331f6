//! Binance's signatures and times, its refusals, and the signed half of REST.
//!
//! In: parameters, as JSON or in queries and bodies. Out: who signed them, or a [`Fault`].
//! Never: a parameter that is read before its signature was checked.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::binance::{Asker, BinanceDesk};
use super::binance_ask::METHODS;
use super::floor::Floor;
use super::keyring::Holder;
use crate::base::Nanos;
use crate::sim::dialect::{Letter, Response, decoded};

const RECV_WINDOW_NS: i64 = 5_000 * Nanos::MILLI;
const RECV_WINDOW_MS_MAX: f64 = 60_000.0;

/// Parameters of one request, at most.
const PARAMS_MAX: usize = 64;

/// By name, as their texts.
pub(super) type Params = BTreeMap<String, String>;

/// A refusal: HTTP's status, the venue's code and words, and what else it says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) code: i32,
    pub(super) msg: String,
    pub(super) data: Option<Box<Value>>,
    pub(super) retry_after: Option<String>,
}

impl Fault {
    pub(super) fn new(status: u16, code: i32, msg: impl Into<String>) -> Fault {
        Fault { status, code, msg: msg.into(), data: None, retry_after: None }
    }

    /// A key that there is not, or that may not do that from there.
    pub(super) fn key() -> Fault {
        Fault::new(401, -2_015, "Invalid API-key, IP, or permissions for action.")
    }

    /// A failure of the venue's own.
    pub(super) fn unknown() -> Fault {
        let msg = "Timeout waiting for response from backend server. Send status unknown; \
            execution status unknown.";
        Fault::new(500, -1_007, msg)
    }

    pub(super) fn missing(name: &str) -> Fault {
        let rest = "was not sent, was empty/null, or malformed.";
        Fault::new(400, -1_102, format!("Mandatory parameter '{name}' {rest}"))
    }

    /// A refusal of the public half.
    pub(super) fn of(response: &Response) -> Fault {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let code = body["code"].as_i64().unwrap_or(-1_000) as i32;
        let retry = response.headers.iter().find(|(name, _)| *name == "retry-after");
        let retry_after = retry.map(|(_, seconds)| seconds.clone());
        let msg = body["msg"].as_str().unwrap_or_default();
        Fault { retry_after, ..Fault::new(response.status, code, msg) }
    }

    /// The same, of whoever used too much; on the WS API it says until when.
    pub(super) fn limited(response: &Response, now: Nanos) -> Fault {
        let fault = Fault::of(response);
        let seconds = fault.retry_after.as_ref().and_then(|s| s.parse::<i64>().ok()).unwrap_or(1);
        let (server, after) = (now.0 / Nanos::MILLI, now.0 / Nanos::MILLI + seconds * 1_000);
        let data = Some(Box::new(json!({"serverTime": server, "retryAfter": after})));
        Fault { data, ..fault }
    }

    /// As REST says it.
    pub(super) fn response(&self) -> Response {
        let mut body = json!({"code": self.code, "msg": self.msg});
        if let Some(data) = &self.data {
            body["data"] = (**data).clone();
        }
        let mut response = Response::with(self.status, body.to_string());
        response.headers.extend(self.retry_after.clone().map(|after| ("retry-after", after)));
        response
    }
}

/// Texts, numbers and flags of an object; `None` where there is anything else in it.
pub(super) fn parse_params(params: &Value) -> Option<Params> {
    let map = match params {
        Value::Null => return Some(Params::new()),
        Value::Object(map) if map.len() <= PARAMS_MAX => map,
        _ => return None,
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        // Lists of symbols are signed as they stand.
        Value::Number(_) | Value::Bool(_) | Value::Array(_) => Some(value.to_string()),
        _ => None,
    };
    map.iter().map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}

/// Is the time of a request within its window?
pub(super) fn check_time(params: &Params, now: Nanos) -> Result<(), Fault> {
    let time = params.get("timestamp").and_then(|text| text.parse::<i64>().ok());
    let time = time.filter(|time| *time > 0).ok_or_else(|| Fault::missing("timestamp"))?;
    // Microseconds have three digits more.
    let unit = if time >= 100_000_000_000_000 { 1_000 } else { Nanos::MILLI };
    let sent = time.saturating_mul(unit);
    let window_ns = match params.get("recvWindow") {
        None => RECV_WINDOW_NS,
        Some(text) => {
            let millis = text.parse::<f64>().ok().filter(|ms| *ms > 0.0);
            let millis = millis.ok_or_else(|| Fault::missing("recvWindow"))?;
            if millis > RECV_WINDOW_MS_MAX {
                return Err(Fault::new(400, -1_131, "recvWindow must be less than 60000"));
            }
            (millis * Nanos::MILLI as f64) as i64
        }
    };
    if sent >= now.0 + Nanos::SECOND {
        let msg = "Timestamp for this request was 1000ms ahead of the server's time.";
        return Err(Fault::new(400, -1_021, msg));
    }
    if now.0 - sent > window_ns {
        let msg = "Timestamp for this request is outside of the recvWindow.";
        return Err(Fault::new(400, -1_021, msg));
    }
    Ok(())
}

impl BinanceDesk {
    /// Whoever signed the parameters of a WS API request: all but the signature, sorted by name.
    pub(super) fn signed(
        &self,
        peer: IpAddr,
        params: &Params,
        now: Nanos,
        may: impl Fn(&Holder) -> bool,
    ) -> Result<Asker, Fault> {
        let key = params.get("apiKey").ok_or_else(|| Fault::missing("apiKey"))?;
        let signature = params.get("signature").ok_or_else(|| Fault::missing("signature"))?;
        let pairs = params.iter().filter(|(name, _)| *name != "signature");
        let payload: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        self.proved((key, peer), params, (payload.join("&").as_bytes(), signature), (now, &may))
    }

    /// Whoever a signature is of, if he may.
    fn proved(
        &self,
        (key, peer): (&str, IpAddr),
        params: &Params,
        (payload, signature): (&[u8], &str),
        (now, may): (Nanos, &dyn Fn(&Holder) -> bool),
    ) -> Result<Asker, Fault> {
        let Some(holder) = self.keys.find_from(key, peer) else {
            let is_key = key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return Err(if is_key || self.keys.find(key).is_some() {
                Fault::key()
            } else {
                Fault::new(401, -2_014, "API-key format invalid.")
            });
        };
        check_time(params, now)?;
        if !holder.seal.is_text_signed(payload, signature) {
            return Err(Fault::new(400, -1_022, "Signature for this request is not valid."));
        }
        may(holder).then_some(Asker { who: holder.who }).ok_or_else(Fault::key)
    }

    /// A request of REST's signed half; `None` where it is of the public one.
    pub(super) fn rest(&mut self, letter: &Letter<'_>, floor: &mut Floor<'_>) -> Option<Response> {
        let place = (letter.ask.method, letter.ask.path);
        let method = METHODS.iter().find(|method| method.rest == place)?;
        let now = floor.now();
        let answer = self.rest_asker(letter, now, &|holder| method.allows(holder));
        let who = answer.as_ref().ok().map(|(asker, _)| asker.who);
        let answer = answer.and_then(|(asker, params)| self.charged(asker, method, &params, floor));
        let mut response = match answer {
            Ok(body) => Response::ok(body),
            Err(fault) => fault.response(),
        };
        if let Ok(used) = floor.own().charge(0, now) {
            response.headers.push(("x-mbx-used-weight", used.to_string()));
            response.headers.push(("x-mbx-used-weight-1m", used.to_string()));
        }
        if let Some(who) = who.filter(|_| method.is_order) {
            let [seconds, day] = self.counts[who].now(now);
            response.headers.push(("x-mbx-order-count-10s", seconds.to_string()));
            response.headers.push(("x-mbx-order-count-1d", day.to_string()));
        }
        Some(response)
    }

    /// Whoever signed query and body, as they were sent, and their parameters.
    fn rest_asker(
        &self,
        letter: &Letter<'_>,
        now: Nanos,
        may: &dyn Fn(&Holder) -> bool,
    ) -> Result<(Asker, Params), Fault> {
        let key = letter.header("x-mbx-apikey").unwrap_or_default();
        let body = std::str::from_utf8(letter.body).map_err(|_| Fault::missing("timestamp"))?;
        let (query, of_query) = unsigned(letter.ask.query);
        let (body, of_body) = unsigned(body);
        let mut params = Params::new();
        for pair in query.split('&').chain(body.split('&')).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if params.insert(decoded(name), decoded(value)).is_some() || params.len() > PARAMS_MAX {
                let msg = "Duplicate values for a parameter detected.";
                return Err(Fault::new(400, -1_101, msg));
            }
        }
        let signature = of_body.or(of_query).ok_or_else(|| Fault::missing("signature"))?;
        let signature = decoded(signature).replace(' ', "+");
        let payload = [query, body].concat();
        let signed = (payload.as_bytes(), &*signature);
        let asker = self.proved((key, letter.peer), &params, signed, (now, may))?;
        Ok((asker, params))
    }
}

/// What is before a signature at the end, and that signature.
fn unsigned(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once("signature=") {
        Some((before, signature)) if before.is_empty() || before.ends_with('&') => {
            (before.strip_suffix('&').unwrap_or(before), Some(signature))
        }
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn times_are_within_their_window_or_refused() {
        let now = Nanos::from_millis(1_767_225_600_000);
        let code = |pairs: &[(&str, &str)]| check_time(&params(pairs), now).err().map(|f| f.code);
        assert_eq!(code(&[("timestamp", "1767225595000")]), None);
        assert_eq!(code(&[("timestamp", "1767225594999")]), Some(-1_021));
        assert_eq!(code(&[("timestamp", "1767225600999")]), None);
        assert_eq!(code(&[("timestamp", "1767225601000")]), Some(-1_021));
        assert_eq!(code(&[("timestamp", "1767225595000000")]), None);
        let wide = ("recvWindow", "60000");
        assert_eq!(code(&[("timestamp", "1767225540000"), wide]), None);
        let narrow = ("recvWindow", "0.5");
        assert_eq!(code(&[("timestamp", "1767225599999"), narrow]), Some(-1_021));
        assert_eq!(code(&[("timestamp", "1767225600000"), ("recvWindow", "60001")]), Some(-1_131));
        assert_eq!(code(&[]), Some(-1_102));
    }

    #[test]
    fn a_signature_is_taken_off_where_it_stands_last() {
        assert_eq!(unsigned("a=1&signature=xy"), ("a=1", Some("xy")));
        assert_eq!(unsigned("signature=xy"), ("", Some("xy")));
        assert_eq!(unsigned("a=1&mysignature=xy"), ("a=1&mysignature=xy", None));
        assert_eq!(unsigned(""), ("", None));
    }
}
