//! Coinbase's desk: orders and accounts by REST with a token for each request, the channel `user`.
//!
//! In: requests and subscriptions with tokens. Out: bodies, and events of `user` for the envelope
//! of the connection.
//! Never: a single fill on the channel: it tells of sums, and what happens in one step at once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use super::account::{Accounts, Rights};
use super::bank::Bank;
use super::coinbase_ask::{PREFIX, is_private};
use super::coinbase_token::verify;
use super::coinbase_words as words;
use super::contract::Desk;
use super::floor::{Floor, Mouth};
use super::keyring::{self, Keyring};
use super::order::{Cause, Key, Order, What};
use super::rate::PerSecond;
use crate::base::Nanos;
use crate::sim::dialect::{Conn, Letter, Out, Put, Response};
use crate::sim::world::{Update, World};

/// Private requests of a member in a second.
const REQUESTS_MAX: i64 = 30;

/// Orders of one event of a snapshot; one with fewer is the last.
const BATCH: usize = 50;

/// Where tokens may say that they are for, beside the host that was asked.
const HOSTS: [&str; 2] = ["api.coinbase.com", "api-sandbox.coinbase.com"];

/// See the module.
pub(super) struct CoinbaseDesk {
    pub(super) bank: Bank,
    keys: Keyring,
    /// Who follows `user`, and for which markets.
    lines: BTreeMap<Conn, (usize, BTreeSet<usize>)>,
    rates: Vec<PerSecond>,
    pub(super) slow: Vec<(Nanos, usize, Key)>,
    pub(super) behind: Option<(Nanos, Bank)>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) who: usize,
    pub(super) rights: Rights,
}

impl CoinbaseDesk {
    pub(super) fn new(accounts: &Accounts, world: &World) -> CoinbaseDesk {
        let (bank, keys) = keyring::members(accounts, 2, world);
        CoinbaseDesk {
            rates: vec![PerSecond::default(); bank.members.len()],
            bank,
            keys,
            lines: BTreeMap::new(),
            slow: Vec::new(),
            behind: None,
        }
    }

    fn follow(&mut self, conn: Conn, peer: IpAddr, request: &Value, floor: &mut Floor<'_>) {
        let now = floor.now();
        let token = request["jwt"].as_str().unwrap_or_default();
        let holder = verify(&self.keys, (token, peer), &[], now);
        let Some(who) = holder.ok().filter(|h| h.rights.read).map(|holder| holder.who) else {
            return refuse(conn, "authentication failure", floor);
        };
        if request["type"] == "unsubscribe" {
            if self.lines.remove(&conn).is_some() {
                floor.mouth().follows(conn, false);
            }
            return;
        }
        let all = self.bank.shop.all().map(|(market, _)| *market);
        let markets: Option<BTreeSet<usize>> = match &request["product_ids"] {
            Value::Array(list) if !list.is_empty() => {
                let market = |id: &Value| Some(self.bank.shop.find(id.as_str()?)?.0);
                list.iter().map(market).collect()
            }
            _ => Some(all.collect()),
        };
        let Some(markets) = markets else {
            return refuse(conn, "failure to subscribe", floor);
        };
        let open = self.bank.members[who].open.values();
        let orders: Vec<&Order> = open.filter(|o| markets.contains(&o.key.market)).collect();
        let last = if orders.len().is_multiple_of(BATCH) { Some(&[][..]) } else { None };
        for batch in orders.chunks(BATCH).chain(last) {
            let each: Vec<Value> =
                batch.iter().map(|order| words::told(&self.bank, order, None)).collect();
            floor.mouth().event(conn, words::event("snapshot", &each), false);
        }
        self.lines.insert(conn, (who, markets));
        floor.mouth().follows(conn, true);
    }

    /// Who a request is of, and the status of the refusal where it is nobody's, or not allowed.
    fn asker(&mut self, letter: &Letter<'_>, now: Nanos) -> Result<Asker, Response> {
        let bearer = letter.header("authorization").unwrap_or_default();
        let token = bearer.strip_prefix("Bearer ").unwrap_or_default();
        let hosts = HOSTS.into_iter().chain(letter.header("host"));
        let (method, path) = (letter.ask.method, letter.ask.path);
        let uris: Vec<String> = hosts.map(|host| format!("{method} {host}{path}")).collect();
        let holder = verify(&self.keys, (token, letter.peer), &uris, now);
        let asker = holder.map(|holder| Asker { who: holder.who, rights: holder.rights });
        asker.map_err(|_| words::refusal(401, "UNAUTHENTICATED", 16, "Unauthorized"))
    }

    /// Tells what the bank has noted; fills of one step are told as one.
    fn tell(&mut self, mouth: &mut Mouth<'_>) {
        let notes = self.bank.notes();
        for (n, note) in notes.iter().enumerate() {
            let goes_on = notes.get(n + 1).is_some_and(|next| {
                let is_sum = matches!(next.what, What::Traded(_) | What::Filled);
                next.order.key == note.order.key && is_sum
            });
            let is_fill = matches!(note.what, What::Traded(_));
            let states: &[&str] = match note.what {
                What::Traded(_) if goes_on => continue,
                What::Taken => &["PENDING", "OPEN"],
                What::Over(Cause::User) => &["CANCEL_QUEUED", "CANCELLED"],
                What::Traded(_) | What::Filled | What::Amended | What::Over(_) => &[""],
            };
            for (conn, (who, markets)) in &self.lines {
                if *who != note.who || !markets.contains(&note.order.key.market) {
                    continue;
                }
                for state in states {
                    let state = Some(*state).filter(|state| !state.is_empty());
                    let told = words::told(&self.bank, &note.order, state);
                    let is_fill = is_fill || note.what == What::Filled;
                    mouth.event(*conn, words::event("update", &[told]), is_fill);
                }
            }
        }
    }
}

fn refuse(conn: Conn, why: &str, floor: &mut Floor<'_>) {
    // Such a message has no number of the sequence.
    let frame = serde_json::json!({"type": "error", "message": why}).to_string();
    floor.out.push(Out { conn, put: Put::Frame(frame.into_bytes()) });
}

impl Desk for CoinbaseDesk {
    fn text(&mut self, conn: Conn, peer: IpAddr, text: &str, floor: &mut Floor<'_>) -> bool {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let is_subscription = request["type"] == "subscribe" || request["type"] == "unsubscribe";
        if request["channel"] != "user" || !is_subscription {
            return false;
        }
        self.follow(conn, peer, &request, floor);
        true
    }

    fn request(&mut self, letter: &Letter<'_>, floor: &mut Floor<'_>) -> Option<Response> {
        let path = letter.ask.path.strip_prefix(PREFIX).filter(|path| is_private(path))?;
        let now = floor.now();
        let asker = match self.asker(letter, now) {
            Ok(asker) => asker,
            Err(refused) => return Some(refused),
        };
        let left = self.rates[asker.who].ask(REQUESTS_MAX, now);
        let mut response = match left {
            Some(_) => self.rest(asker, path, letter, floor),
            None => words::too_many(),
        };
        let reset = (now.0 / Nanos::SECOND + 1).to_string();
        response.headers.push(("x-ratelimit-limit", REQUESTS_MAX.to_string()));
        response.headers.push(("x-ratelimit-remaining", left.unwrap_or(0).to_string()));
        response.headers.push(("x-ratelimit-reset", reset));
        self.tell(&mut floor.mouth());
        Some(response)
    }

    fn is_move(&self, _text: &str) -> bool {
        false
    }

    fn is_move_by_rest(&self, letter: &Letter<'_>) -> bool {
        let path = letter.ask.path.strip_prefix(PREFIX).unwrap_or_default();
        letter.ask.method == "POST" && path.starts_with("orders")
    }

    fn failure(&self) -> Response {
        words::refusal(500, "INTERNAL", 13, "internal server error")
    }

    fn on_update(&mut self, update: &Update<'_>, mouth: &mut Mouth<'_>) {
        self.bank.on_update(update);
        self.tell(mouth);
    }

    fn advance(&mut self, floor: &mut Floor<'_>) {
        let now = floor.now();
        let mut due: Vec<(usize, Key, Cause)> = Vec::new();
        for (who, member) in self.bank.members.iter().enumerate() {
            let over = |order: &&Order| order.terms.expires.is_some_and(|at| at <= now);
            due.extend(member.open.values().filter(over).map(|o| (who, o.key, Cause::Date)));
        }
        let slow = self.slow.iter().filter(|(at, ..)| *at <= now);
        due.extend(slow.map(|(_, who, key)| (*who, *key, Cause::User)));
        self.slow.retain(|(at, ..)| *at > now);
        for (who, key, cause) in due {
            // It may have filled in the meantime.
            let _ = self.bank.cancel(who, key, cause, floor);
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
