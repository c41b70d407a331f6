//! Kraken's desk: tokens, private channels and orders of websocket v2, and REST's private half.
//!
//! In: requests with a token, or signed. Out: answers, the channels `executions` and `balances`
//! with a sequence each, from 1.
//! Never: a nonce twice, a token after its time but on the connection that subscribed by it.
//!
//! Fees are of the quote unless an order prefers the base, as live fills show them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::account::{Accounts, Rights};
use super::bank::Bank;
use super::contract::Desk;
use super::floor::{Floor, Mouth};
use super::keyring::{self, Keyring};
use super::kraken_ask::is_method;
use super::kraken_words as words;
use super::order::{Cause, Key, What};
use super::rate::KrakenMeter;
use crate::base::Nanos;
use crate::sim::dialect::{Conn, Letter, Response};
use crate::sim::random::Random;
use crate::sim::world::{Update, World};

/// How long a token may be used to begin with.
const TOKEN_NS: i64 = 900 * Nanos::SECOND;

/// Tokens that are known at once; the oldest goes.
const TOKENS_MAX: usize = 1_024;

/// The stream of chance of tokens.
const CHANCE: u64 = 3_100;

/// Trades of a snapshot.
const PAST_TRADES: usize = 50;

/// See the module.
pub(super) struct KrakenDesk {
    pub(super) bank: Bank,
    pub(super) keys: Keyring,
    /// The last nonce of each key.
    pub(super) nonces: BTreeMap<String, u64>,
    /// By its text; the number tells the oldest.
    tokens: BTreeMap<String, Token>,
    lines: BTreeMap<Conn, Line>,
    pub(super) meters: Vec<KrakenMeter>,
    /// When each member's orders are ended, unless he speaks before.
    pub(super) timers: Vec<Option<Nanos>>,
    /// Cancels that a trouble carries out later.
    pub(super) slow: Vec<(Nanos, usize, Key)>,
    /// What REST shows while it is behind.
    pub(super) behind: Option<(Nanos, Bank)>,
    random: Random,
}

#[derive(Clone, Debug)]
struct Token {
    who: usize,
    rights: Rights,
    until: Nanos,
    number: u64,
}

/// What a connection follows.
#[derive(Clone, Debug, Default)]
struct Line {
    executions: Option<Follower>,
    balances: Option<Follower>,
    /// The token that it subscribed by: good as long as the connection.
    token: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Follower {
    who: usize,
    sequence: u64,
    counts: bool,
    all_states: bool,
}

/// Who asks on a websocket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) who: usize,
    pub(super) rights: Rights,
}

impl KrakenDesk {
    pub(super) fn new(accounts: &Accounts, world: &World) -> KrakenDesk {
        let (bank, keys) = keyring::members(accounts, 0, world);
        let meters: Vec<_> = accounts.at(0).map(|a| KrakenMeter::new(a.tier)).collect();
        KrakenDesk {
            timers: vec![None; meters.len()],
            bank,
            keys,
            nonces: BTreeMap::new(),
            tokens: BTreeMap::new(),
            lines: BTreeMap::new(),
            meters,
            slow: Vec::new(),
            behind: None,
            random: Random::new(world.now().0 as u64, CHANCE),
        }
    }

    /// A new token for a member.
    pub(super) fn token(&mut self, asker: Asker, now: Nanos) -> String {
        let mut letter = || {
            let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
            char::from(letters[self.random.below(62) as usize])
        };
        let text: String = (0..43).map(|_| letter()).collect();
        if self.tokens.len() >= TOKENS_MAX {
            let oldest = self.tokens.iter().min_by_key(|(_, token)| token.number);
            if let Some(oldest) = oldest.map(|(text, _)| text.clone()) {
                self.tokens.remove(&oldest);
            }
        }
        let number = self.tokens.values().map(|token| token.number).max().unwrap_or(0) + 1;
        let Asker { who, rights } = asker;
        let until = Nanos(now.0 + TOKEN_NS);
        self.tokens.insert(text.clone(), Token { who, rights, until, number });
        text
    }

    fn asker(&self, conn: Conn, params: &Value, now: Nanos) -> Option<Asker> {
        let text = params["token"].as_str()?;
        let token = self.tokens.get(text)?;
        let is_bound =
            || self.lines.get(&conn).and_then(|line| line.token.as_deref()) == Some(text);
        (now <= token.until || is_bound()).then_some(Asker { who: token.who, rights: token.rights })
    }

    fn subscribe(&mut self, conn: Conn, request: &Value, floor: &mut Floor<'_>) {
        let (params, now) = (&request["params"], floor.now());
        let channel = params["channel"].as_str().unwrap_or_default();
        let is_new = request["method"] == "subscribe";
        let refuse = |floor: &mut Floor<'_>, why: &str| {
            floor.mouth().reply(conn, words::failure(request, why, now));
        };
        let Some(Asker { who, rights }) = self.asker(conn, params, now) else {
            return refuse(floor, "ESession:Invalid session");
        };
        if !rights.read {
            return refuse(floor, "EGeneral:Permission denied");
        }
        let flag = |name: &str, default| params[name].as_bool().unwrap_or(default);
        let follower = Follower {
            who,
            sequence: 0,
            counts: flag("ratecounter", false),
            all_states: flag("order_status", true),
        };
        let line = self.lines.entry(conn).or_default();
        let slot = match channel {
            "executions" => &mut line.executions,
            _ => &mut line.balances,
        };
        if slot.is_some() == is_new {
            let why = if is_new { "Already subscribed" } else { "Subscription not found" };
            return refuse(floor, why);
        }
        *slot = is_new.then_some(follower);
        line.token = params["token"].as_str().map(String::from);
        floor.mouth().follows(conn, is_new);
        let mut result = json!({"channel": channel});
        if is_new && channel == "executions" {
            result["maxratecount"] = json!(self.meters[who].max());
            for (name, default) in [("snap_orders", true), ("snap_trades", false)] {
                result[name] = json!(flag(name, default));
            }
        } else if is_new {
            result["snapshot"] = json!(flag("snapshot", true));
        }
        let answer = words::success(request, &result.to_string(), now);
        floor.mouth().reply(conn, answer);
        let data = match channel {
            _ if !is_new => None,
            "executions" => self.executions(who, flag("snap_orders", true), params),
            _ => flag("snapshot", true).then(|| words::balances(&self.bank, who)),
        };
        if let (Some(data), Some(line)) = (data, self.lines.get_mut(&conn)) {
            let slot =
                if channel == "executions" { &mut line.executions } else { &mut line.balances };
            if let Some(follower) = slot {
                follower.say(conn, (channel, "snapshot"), &data, (&mut floor.mouth(), false));
            }
        }
    }

    /// What a new follower of `executions` is told.
    fn executions(&self, who: usize, orders: bool, params: &Value) -> Option<Vec<String>> {
        let trades = params["snap_trades"].as_bool().unwrap_or(false);
        if !orders && !trades {
            return None;
        }
        let member = &self.bank.members[who];
        let mut all = Vec::new();
        if orders {
            let open = member.open.values();
            all.extend(open.filter_map(|order| words::open_order(&self.bank, order)));
        }
        if trades {
            let fills = member.fills.iter().rev().take(PAST_TRADES);
            all.extend(fills.filter_map(|fill| words::past_trade(&self.bank, who, fill)));
        }
        Some(all)
    }

    /// Tells what the bank has noted.
    pub(super) fn tell(&mut self, mouth: &mut Mouth<'_>) {
        for note in self.bank.notes() {
            let KrakenDesk { bank, lines, meters, .. } = self;
            for (conn, line) in lines.iter_mut() {
                let who = note.who;
                if let Some(follower) = line.executions.as_mut().filter(|f| f.who == who) {
                    let count = meters[who].count(note.order.key.market, note.at);
                    let count = follower.counts.then_some(count);
                    for data in words::executions(bank, &note, count, follower.all_states) {
                        let is_fill = matches!(note.what, What::Traded(_));
                        let what = ("executions", "update");
                        follower.say(*conn, what, &[data], (&mut *mouth, is_fill));
                    }
                }
                if let (What::Traded(fill), Some(follower)) =
                    (note.what, line.balances.as_mut().filter(|f| f.who == who))
                {
                    let data = words::ledger(bank, &note, &fill);
                    follower.say(*conn, ("balances", "update"), &data, (&mut *mouth, true));
                }
            }
        }
    }

    /// What happens at its time: dead-man timers, dates of orders, slow cancels.
    fn due(&mut self, floor: &mut Floor<'_>) {
        let now = floor.now();
        for who in 0..self.timers.len() {
            if self.timers[who].is_some_and(|at| at <= now) {
                self.timers[who] = None;
                self.end_all(who, Cause::Timer, floor);
            }
        }
        let mut due: Vec<(usize, Key, Cause)> = Vec::new();
        for (who, member) in self.bank.members.iter().enumerate() {
            let over = |expires: Option<Nanos>| expires.is_some_and(|at| at <= now);
            let orders = member.open.values().filter(|order| over(order.terms.expires));
            due.extend(orders.map(|order| (who, order.key, Cause::Date)));
        }
        self.slow.retain(|(at, who, key)| {
            if *at <= now {
                due.push((*who, *key, Cause::User));
            }
            *at > now
        });
        for (who, key, cause) in due {
            // It may have filled in the meantime.
            let _ = self.bank.cancel(who, key, cause, floor);
        }
        self.tell(&mut floor.mouth());
    }

    /// Ends all orders of a member; how many there were.
    pub(super) fn end_all(&mut self, who: usize, cause: Cause, floor: &mut Floor<'_>) -> usize {
        let keys: Vec<Key> = self.bank.members[who].open.keys().copied().collect();
        let ended = keys.iter().filter(|key| self.bank.cancel(who, **key, cause, floor).is_ok());
        ended.count()
    }
}

impl Follower {
    fn say(
        &mut self,
        conn: Conn,
        (channel, kind): (&str, &str),
        data: &[String],
        (mouth, is_fill): (&mut Mouth<'_>, bool),
    ) {
        self.sequence += 1;
        let text = words::message(channel, kind, data, self.sequence);
        mouth.event(conn, text, is_fill);
    }
}

impl Desk for KrakenDesk {
    fn text(&mut self, conn: Conn, _peer: IpAddr, text: &str, floor: &mut Floor<'_>) -> bool {
        let Ok(request) = serde_json::from_str::<Value>(text) else { return false };
        let method = request["method"].as_str().unwrap_or_default();
        let channel = request["params"]["channel"].as_str().unwrap_or_default();
        let is_subscription = ["subscribe", "unsubscribe"].contains(&method);
        if is_subscription && ["executions", "balances"].contains(&channel) {
            self.subscribe(conn, &request, floor);
            return true;
        }
        if !is_method(method) {
            return false;
        }
        let now = floor.now();
        let answers = match self.asker(conn, &request["params"], now) {
            Some(asker) => self.order(asker, &request, floor),
            None => vec![words::failure(&request, "ESession:Invalid session", now)],
        };
        for answer in answers {
            let is_error = floor.troubles.is_error();
            let failed = || words::failure(&request, "EGeneral:Internal error", now);
            floor.mouth().reply(conn, if is_error { failed() } else { answer });
        }
        self.tell(&mut floor.mouth());
        true
    }

    fn request(&mut self, letter: &Letter<'_>, floor: &mut Floor<'_>) -> Option<Response> {
        let method = letter.ask.path.strip_prefix("/0/private/")?;
        let answer = self.rest(method, letter, floor);
        self.tell(&mut floor.mouth());
        Some(Response::ok(match answer {
            Ok(result) => format!("{{\"error\":[],\"result\":{result}}}"),
            Err(why) => json!({"error": [why]}).to_string(),
        }))
    }

    fn is_move(&self, text: &str) -> bool {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        is_method(request["method"].as_str().unwrap_or_default())
    }

    fn is_move_by_rest(&self, letter: &Letter<'_>) -> bool {
        let method = letter.ask.path.strip_prefix("/0/private/").unwrap_or_default();
        ["Add", "Amend", "Cancel", "Edit"].iter().any(|verb| method.starts_with(verb))
    }

    fn failure(&self) -> Response {
        Response::ok("{\"error\":[\"EGeneral:Internal error\"]}")
    }

    fn on_update(&mut self, update: &Update<'_>, mouth: &mut Mouth<'_>) {
        self.bank.on_update(update);
        self.tell(mouth);
    }

    fn advance(&mut self, floor: &mut Floor<'_>) {
        self.due(floor);
        let (now, lag_ns) = (floor.now(), floor.troubles.lag_ns(floor.now()));
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
