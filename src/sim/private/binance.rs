//! Binance's desk: the WS API with its sessions and user streams, and the signed half of REST.
//!
//! In: requests, signed or in a session. Out: answers with their status and limits, user events.
//! Never: a listen key: they are gone since February 2026.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::account::Accounts;
use super::bank::Bank;
use super::binance_ask::{METHODS, Method};
use super::binance_rest::{Fault, Params, parse_params};
use super::binance_words as words;
use super::contract::Desk;
use super::floor::{Floor, Mouth};
use super::keyring::{self, Keyring};
use super::order::{Cause, Key, What};
use super::rate::OrderCounts;
use super::seal::Seal;
use crate::base::Nanos;
use crate::sim::dialect::{Ask, Conn, Letter, Response};
use crate::sim::random::Random;
use crate::sim::world::{Update, World};

/// What the first fill of a resting order gives back of the unfilled order count.
const MAKER_BACK: i64 = 5;

/// User streams of one connection.
const STREAMS_MAX: usize = 16;

/// The stream of chance of generated order ids.
const CHANCE: u64 = 3_200;

/// Methods of the WS API that REST's public half answers too.
const PUBLIC: [(&str, &str); 4] =
    [("ping", "ping"), ("time", "time"), ("exchangeInfo", "exchangeInfo"), ("depth", "depth")];

/// See the module.
pub(super) struct BinanceDesk {
    pub(super) bank: Bank,
    pub(super) keys: Keyring,
    lines: BTreeMap<Conn, Line>,
    pub(super) counts: Vec<OrderCounts>,
    /// Of an order that is being ended or changed: the name of that request.
    pub(super) renamed: BTreeMap<Key, String>,
    pub(super) slow: Vec<(Nanos, usize, Key)>,
    pub(super) behind: Option<(Nanos, Bank)>,
    pub(super) random: Random,
}

/// A connection to the WS API.
#[derive(Clone, Debug)]
struct Line {
    since: Nanos,
    /// The key that it is logged on with, and since when.
    session: Option<(String, Nanos)>,
    /// Subscriptions, each with its member.
    streams: Vec<(u64, usize)>,
    last: u64,
    tells_limits: bool,
}

/// Who asks, and by which right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) who: usize,
}

impl BinanceDesk {
    pub(super) fn new(accounts: &Accounts, world: &World) -> BinanceDesk {
        let (bank, keys) = keyring::members(accounts, 1, world);
        BinanceDesk {
            counts: vec![OrderCounts::default(); bank.members.len()],
            bank,
            keys,
            lines: BTreeMap::new(),
            renamed: BTreeMap::new(),
            slow: Vec::new(),
            behind: None,
            random: Random::new(world.now().0 as u64, CHANCE),
        }
    }

    /// What a request of the WS API comes to.
    fn ask(
        &mut self,
        conn: Conn,
        peer: IpAddr,
        (name, params): (&str, &Params),
        floor: &mut Floor<'_>,
    ) -> Result<String, Fault> {
        let now = floor.now();
        if let Some((_, path)) = PUBLIC.iter().find(|(method, _)| *method == name) {
            let query: Vec<String> = params.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let path = format!("/api/v3/{path}");
            let ask = Ask { method: "GET", path: &path, query: &query.join("&") };
            let Floor { world, venues, venue, .. } = floor;
            let answer = venues[*venue].request(&ask, world);
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            return if answer.status == 200 { Ok(text) } else { Err(Fault::of(&answer)) };
        }
        if name.starts_with("session.") || name.starts_with("userDataStream.") {
            floor.own().charge(2, now).map_err(|refused| Fault::limited(&refused, now))?;
            return self.session(conn, peer, (name, params), floor);
        }
        let method = METHODS.iter().find(|method| method.name == name);
        let Some(method) = method else {
            return Err(Fault::new(400, -1_000, "Unknown method; see the WS API's list."));
        };
        let asker = self.asker(conn, peer, (method, params), now)?;
        self.charged(asker, method, params, floor)
    }

    /// Who asks: whoever signed, or whoever is logged on.
    fn asker(
        &self,
        conn: Conn,
        peer: IpAddr,
        (method, params): (&Method, &Params),
        now: Nanos,
    ) -> Result<Asker, Fault> {
        let logged = self.lines.get(&conn).and_then(|line| line.session.clone());
        match (params.get("apiKey"), logged) {
            (None, Some((key, _))) => {
                super::binance_rest::check_time(params, now)?;
                let holder = self.keys.find(&key).ok_or_else(Fault::key)?;
                method.allows(holder).then_some(Asker { who: holder.who }).ok_or_else(Fault::key)
            }
            _ => self.signed(peer, params, now, |holder| method.allows(holder)),
        }
    }

    fn session(
        &mut self,
        conn: Conn,
        peer: IpAddr,
        (name, params): (&str, &Params),
        floor: &mut Floor<'_>,
    ) -> Result<String, Fault> {
        let now = floor.now();
        let follow = |line: &mut Line, who: usize| {
            if line.streams.iter().any(|(_, of)| *of == who) {
                let why = "User Data Stream subscription already active.";
                return Err(Fault::new(400, -2_035, why));
            }
            if line.streams.len() >= STREAMS_MAX {
                return Err(Fault::new(400, -2_035, "Too many subscriptions on one connection."));
            }
            let id = line.last;
            line.streams.push((id, who));
            line.last += 1;
            Ok(json!({"subscriptionId": id}).to_string())
        };
        if name == "session.logon" {
            let key = params.get("apiKey").map(String::as_str).unwrap_or_default();
            if self.keys.find(key).is_some_and(|holder| matches!(holder.seal, Seal::Hmac(_))) {
                let why = "HMAC_SHA256 API key is not supported.";
                return Err(Fault::new(400, -4_056, why));
            }
            self.signed(peer, params, now, |_| true)?;
            let Some(line) = self.lines.get_mut(&conn) else { return Err(Fault::key()) };
            line.session = Some((key.to_owned(), now));
            return Ok(words::session(Some((key, now)), line.since, !line.streams.is_empty(), now));
        }
        if name == "userDataStream.subscribe.signature" {
            let asker = self.signed(peer, params, now, |holder| holder.rights.read)?;
            let Some(line) = self.lines.get_mut(&conn) else { return Err(Fault::key()) };
            return follow(line, asker.who);
        }
        let keys = &self.keys;
        let Some(line) = self.lines.get_mut(&conn) else { return Err(Fault::key()) };
        match name {
            "session.status" | "session.logout" => {
                if name == "session.logout" {
                    line.session = None;
                }
                let session = line.session.as_ref().map(|(key, since)| (&**key, *since));
                Ok(words::session(session, line.since, !line.streams.is_empty(), now))
            }
            "session.subscriptions" => {
                let ids = line.streams.iter().map(|(id, _)| json!({"subscriptionId": id}));
                Ok(Value::Array(ids.collect()).to_string())
            }
            "userDataStream.subscribe" => {
                let holder = line.session.as_ref().and_then(|(key, _)| keys.find(key));
                let holder = holder.filter(|holder| holder.rights.read).ok_or_else(Fault::key)?;
                follow(line, holder.who)
            }
            "userDataStream.unsubscribe" => {
                let id = params.get("subscriptionId").and_then(|id| id.parse::<u64>().ok());
                let before = line.streams.len();
                line.streams.retain(|(of, _)| id.is_some_and(|id| id != *of));
                if line.streams.len() == before {
                    let why = "User Data Stream subscription not active.";
                    return Err(Fault::new(400, -2_036, why));
                }
                Ok("{}".into())
            }
            _ => Err(Fault::new(400, -1_000, "Unknown method; see the WS API's list.")),
        }
    }

    /// Tells what the bank has noted: a report of each, and the balances after it.
    fn tell(&mut self, mouth: &mut Mouth<'_>) {
        let notes = self.bank.notes();
        for (n, note) in notes.iter().enumerate() {
            if matches!(note.what, What::Traded(_)) && note.order.fills == 1 {
                let What::Traded(fill) = note.what else { continue };
                let back = if fill.is_maker { MAKER_BACK } else { 1 };
                self.counts[note.who].add(-back, note.at);
            }
            let is_last = notes
                .get(n + 1)
                .is_some_and(|next| next.order.key == note.order.key && next.what == What::Filled);
            let renamed = match note.what {
                What::Over(Cause::User) | What::Amended => self.renamed.remove(&note.order.key),
                _ => None,
            };
            let Some(report) = words::report(&self.bank, note, renamed.as_deref(), is_last) else {
                continue;
            };
            let Some(position) = words::position(&self.bank, note) else { continue };
            let is_fill = matches!(note.what, What::Traded(_));
            for (conn, line) in &self.lines {
                for (id, _) in line.streams.iter().filter(|(_, who)| *who == note.who) {
                    for event in [&report, &position] {
                        let text = format!("{{\"subscriptionId\":{id},\"event\":{event}}}");
                        mouth.event(*conn, text, is_fill);
                    }
                }
            }
        }
    }
}

impl Desk for BinanceDesk {
    fn text(&mut self, conn: Conn, peer: IpAddr, text: &str, floor: &mut Floor<'_>) -> bool {
        if !floor.own().is_private(conn) {
            return false;
        }
        let now = floor.now();
        self.lines.entry(conn).or_insert(Line {
            since: now,
            session: None,
            streams: Vec::new(),
            last: 0,
            tells_limits: true,
        });
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let id = words::id(&request["id"]);
        let params = parse_params(&request["params"]);
        let name = request["method"].as_str().unwrap_or_default();
        let answer = match (id.is_some() && request.is_object(), &params) {
            (false, _) => Err(Fault::new(400, -1_000, "Malformed request: no JSON, or a bad id.")),
            (_, None) => Err(Fault::new(400, -1_000, "Malformed request: bad params.")),
            (_, Some(params)) => self.ask(conn, peer, (name, params), floor),
        };
        let is_error = floor.troubles.is_error();
        let answer = if is_error { Err(Fault::unknown()) } else { answer };
        let who = METHODS.iter().find(|method| method.name == name && method.is_order);
        let used = floor.own().charge(0, now).unwrap_or_default();
        let counts = who.and_then(|_| self.counts_of(conn, params.as_ref(), now));
        let asked = params.as_ref().and_then(|params| params.get("returnRateLimits"));
        let tells = asked.map_or_else(
            || self.lines.get(&conn).is_none_or(|line| line.tells_limits),
            |asked| asked == "true",
        );
        let limits = tells.then(|| words::limits(used, counts));
        let answer = words::answer(&id.unwrap_or(Value::Null), answer, limits);
        floor.mouth().reply(conn, answer);
        self.tell(&mut floor.mouth());
        true
    }

    fn request(&mut self, letter: &Letter<'_>, floor: &mut Floor<'_>) -> Option<Response> {
        let response = self.rest(letter, floor)?;
        self.tell(&mut floor.mouth());
        Some(response)
    }

    fn is_move(&self, text: &str) -> bool {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let name = request["method"].as_str().unwrap_or_default();
        METHODS.iter().any(|method| method.name == name && method.is_order)
    }

    fn is_move_by_rest(&self, letter: &Letter<'_>) -> bool {
        let (method, path) = (letter.ask.method, letter.ask.path);
        METHODS.iter().any(|of| of.is_order && of.rest == (method, path))
    }

    fn failure(&self) -> Response {
        Fault::unknown().response()
    }

    fn on_update(&mut self, update: &Update<'_>, mouth: &mut Mouth<'_>) {
        self.bank.on_update(update);
        self.tell(mouth);
    }

    fn advance(&mut self, floor: &mut Floor<'_>) {
        let now = floor.now();
        let due: Vec<_> = self.slow.iter().filter(|(at, ..)| *at <= now).copied().collect();
        self.slow.retain(|(at, ..)| *at > now);
        for (_, who, key) in due {
            // It may have filled in the meantime.
            let _ = self.bank.cancel(who, key, Cause::User, floor);
        }
        self.tell(&mut floor.mouth());
        let lag_ns = floor.troubles.lag_ns(now);
        let is_old = |(at, _): &(Nanos, Bank)| now.0 - at.0 >= lag_ns;
        if lag_ns == 0 {
            self.behind = None;
        } else if self.behind.as_ref().is_none_or(is_old) {
            self.behind = Some((now, self.bank.clone()));
        }
    }

    fn closed(&mut self, conn: Conn) {
        self.lines.remove(&conn);
    }
}

impl BinanceDesk {
    /// The order counts of whoever asks.
    fn counts_of(&mut self, conn: Conn, params: Option<&Params>, now: Nanos) -> Option<[i64; 2]> {
        let logged = self.lines.get(&conn).and_then(|line| line.session.as_ref());
        let key = params.and_then(|p| p.get("apiKey")).or(logged.map(|(key, _)| key))?;
        let who = self.keys.find(key)?.who;
        Some(self.counts[who].now(now))
    }
}
