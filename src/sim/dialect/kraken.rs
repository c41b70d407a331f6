//! Kraken's side: websocket v2 with books, trades, tickers, instruments, heartbeats; public REST.
//!
//! In: subscriptions, pings, steps of the world. Out: frames of `venue::kraken::mirror`, with a
//! checksum on each book message, and REST bodies. Books are cut to the depth that was asked for: a
//! level that falls out of it is not mentioned, one that comes back is sent again.
//! Never: a level that the other side does not need to hold the same book.
//!
//! Words of errors are the venue's as far as they are known; those for what the protocol sheet does
//! not name (an unknown channel, a text that is no request) are ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::contract::{Ask, Conn, Control, Out, Put, Response, Shop, Venue, Word};
use super::day::Day;
use super::kraken_words as words;
use crate::base::{Nanos, Side};
use crate::event::Level;
use crate::sim::world::{Listed, Update, World};
use crate::venue::kraken::mirror::{self, Fill, Reply, Topic};

/// Levels a side that may be subscribed; the first is what is given where nothing is said.
const DEPTHS: [u64; 5] = [10, 25, 100, 500, 1_000];

/// Trades of a snapshot.
const PAST_TRADES: usize = 50;

/// Silence after which a heartbeat is sent.
const HEARTBEAT_NS: i64 = Nanos::SECOND;

/// Silence of both sides after which a connection is closed.
const IDLE_NS: i64 = 60 * Nanos::SECOND;

/// See the module.
#[derive(Clone, Debug)]
pub struct Kraken {
    shop: Shop,
    lines: BTreeMap<Conn, Line>,
    days: BTreeMap<usize, Day>,
    system: &'static str,
}

/// A connection.
#[derive(Clone, Debug, Default)]
struct Line {
    books: BTreeMap<usize, Told>,
    trades: BTreeSet<usize>,
    tickers: BTreeMap<usize, Ticker>,
    is_told_instruments: bool,
    /// Private channels.
    private: usize,
    /// When it last heard from us, and when anybody last said anything.
    said: Nanos,
    active: Nanos,
}

/// What the other side knows of one book.
#[derive(Clone, Debug)]
struct Told {
    depth: usize,
    bids: Vec<Level>,
    asks: Vec<Level>,
}

#[derive(Clone, Debug)]
struct Ticker {
    follows_bbo: bool,
    top: (Level, Level),
}

/// A request to subscribe or to unsubscribe, for one symbol.
#[derive(Clone, Copy)]
struct Request<'a> {
    subscribed: bool,
    params: &'a Value,
    req_id: Option<u64>,
    now: Nanos,
}

impl Kraken {
    /// The venue in a world.
    pub fn new(world: &World) -> Kraken {
        let shop = Shop::new("kraken", world);
        let days = shop.all().map(|(market, _)| (*market, Day::of(world, *market))).collect();
        Kraken { shop, lines: BTreeMap::new(), days, system: "online" }
    }

    /// Changes the system's status: `online`, `post_only`, `cancel_only`, `maintenance`. Every
    /// connection is told.
    pub fn set_system(&mut self, system: &'static str, now: Nanos, out: &mut Vec<Out>) {
        self.system = system;
        for (conn, line) in &mut self.lines {
            line.say(*conn, now, out, |frame| {
                mirror::status(words::connection_id(*conn), system, frame);
            });
        }
    }

    fn subscribe(&mut self, conn: Conn, request: &Request<'_>, world: &World, out: &mut Vec<Out>) {
        let params = request.params;
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let channel = params["channel"].as_str().unwrap_or_default();
        if channel == "instrument" {
            return line.on_instrument(conn, request, &self.shop, out);
        }
        if !["book", "trade", "ticker"].contains(&channel) {
            return line.refuse(conn, request, None, "Channel not supported", out);
        }
        let Some(symbols) = params["symbol"].as_array() else {
            return line.refuse(conn, request, None, "Symbol(s) not found", out);
        };
        for symbol in symbols {
            let text = symbol.as_str().unwrap_or_default();
            let Some((market, listed)) = self.shop.find(text) else {
                let why = format!("Currency pair not supported {text}");
                line.refuse(conn, request, Some(text), &why, out);
                continue;
            };
            let place = (*market, listed);
            match channel {
                "book" => line.on_book(conn, request, place, world, out),
                "trade" => line.on_trade(conn, request, place, world, out),
                _ => {
                    let day = self.days.get(market).copied().unwrap_or_default();
                    line.on_ticker(conn, request, place, (world, &day), out);
                }
            }
        }
    }
}

impl Venue for Kraken {
    fn name(&self) -> &'static str {
        "kraken"
    }

    fn open(
        &mut self,
        conn: Conn,
        ask: &Ask<'_>,
        world: &World,
        out: &mut Vec<Out>,
    ) -> Result<(), Response> {
        if ask.path.trim_end_matches('/') != "/v2" {
            return Err(Response::with(404, "{\"error\":[\"EGeneral:Unknown path, use /v2\"]}"));
        }
        let now = world.now();
        let mut line = Line { active: now, ..Line::default() };
        line.say(conn, now, out, |frame| {
            mirror::status(words::connection_id(conn), self.system, frame);
        });
        self.lines.insert(conn, line);
        Ok(())
    }

    fn text(&mut self, conn: Conn, text: &str, world: &World, out: &mut Vec<Out>) {
        let now = world.now();
        let Some(line) = self.lines.get_mut(&conn) else { return };
        line.active = now;
        let message: Value = serde_json::from_str(text).unwrap_or_default();
        let method = message["method"].as_str().unwrap_or_default();
        let params = &message["params"];
        let req_id = message["req_id"].as_u64();
        let request = Request { subscribed: method == "subscribe", params, req_id, now };
        match method {
            "subscribe" | "unsubscribe" => self.subscribe(conn, &request, world, out),
            "ping" => line.say(conn, now, out, |frame| words::pong(req_id, now, frame)),
            _ => {
                let why =
                    if message.is_object() { "Method not supported" } else { "Malformed JSON" };
                line.say(conn, now, out, |frame| {
                    words::error((method, req_id, now), None, why, frame);
                });
            }
        }
    }

    fn control(&mut self, conn: Conn, _control: Control<'_>, now: Nanos, _out: &mut Vec<Out>) {
        if let Some(line) = self.lines.get_mut(&conn) {
            line.active = now;
        }
    }

    fn request(&mut self, ask: &Ask<'_>, world: &World) -> Response {
        words::rest(ask, world, &self.shop, &self.days, self.system)
    }

    fn on_update(&mut self, update: &Update<'_>, out: &mut Vec<Out>) {
        let Some(listed) = self.shop.at(update.market) else { return };
        let day = self.days.entry(update.market).or_default();
        let fills: Vec<Fill> = update
            .trades()
            .map(|trade| {
                day.add(&trade.public());
                let is_market = trade.taker.style == crate::event::Style::Market;
                words::fill(listed, trade.public(), is_market, update.at)
            })
            .collect();
        for (conn, line) in &mut self.lines {
            line.tell_book(*conn, listed, update, out);
            if !fills.is_empty() && line.trades.contains(&update.market) {
                line.say(*conn, update.at, out, |frame| mirror::trades(&fills, frame));
            }
            line.tell_ticker(*conn, (listed, day, !fills.is_empty()), update, out);
        }
    }

    fn advance(&mut self, world: &World, out: &mut Vec<Out>) {
        let now = world.now();
        for (conn, line) in &mut self.lines {
            if line.is_subscribed() && now.0 - line.said.0 >= HEARTBEAT_NS {
                line.say(*conn, now, out, mirror::heartbeat);
            }
        }
        self.lines.retain(|conn, line| {
            let is_idle = now.0 - line.active.0.max(line.said.0) >= IDLE_NS;
            if is_idle {
                out.push(Out { conn: *conn, put: Put::Close(1_000, "idle for a minute") });
            }
            !is_idle
        });
    }

    fn closed(&mut self, conn: Conn) {
        self.lines.remove(&conn);
    }

    fn tell(&mut self, conn: Conn, word: Word, now: Nanos, out: &mut Vec<Out>) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        match word {
            Word::Said(text) => {
                line.say(conn, now, out, |frame| frame.extend(text));
            }
            Word::Joined => line.private += 1,
            Word::Left => line.private = line.private.saturating_sub(1),
        }
    }

    fn system(&self) -> &'static str {
        self.system
    }

    fn maintain(&mut self, begins: bool, now: Nanos, out: &mut Vec<Out>) {
        self.set_system(if begins { "maintenance" } else { "online" }, now, out);
    }

    fn copied(&self) -> Box<dyn Venue> {
        Box::new(self.clone())
    }
}

impl Line {
    fn is_subscribed(&self) -> bool {
        let is_none = self.books.is_empty() && self.trades.is_empty() && self.tickers.is_empty();
        !is_none || self.is_told_instruments || self.private > 0
    }

    fn say(
        &mut self,
        conn: Conn,
        now: Nanos,
        out: &mut Vec<Out>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let mut frame = Vec::new();
        write(&mut frame);
        self.said = now;
        out.push(Out { conn, put: Put::Frame(frame) });
    }

    fn refuse(
        &mut self,
        conn: Conn,
        request: &Request<'_>,
        symbol: Option<&str>,
        why: &str,
        out: &mut Vec<Out>,
    ) {
        let method = if request.subscribed { "subscribe" } else { "unsubscribe" };
        let head = (method, request.req_id, request.now);
        self.say(conn, request.now, out, |frame| words::error(head, symbol, why, frame));
    }

    /// Says that it was done.
    fn confirm(
        &mut self,
        conn: Conn,
        request: &Request<'_>,
        topic: Topic,
        snapshot: bool,
        out: &mut Vec<Out>,
    ) {
        let Request { subscribed, req_id, now, .. } = *request;
        let reply = Reply { subscribed, topic, snapshot, req_id, time_in: now, time_out: now };
        self.say(conn, now, out, |frame| mirror::reply(&reply, frame));
    }

    /// Is it as the request supposes? Says so where it is not.
    fn suits(
        &mut self,
        conn: Conn,
        request: &Request<'_>,
        listed: &Listed,
        is_there: bool,
        out: &mut Vec<Out>,
    ) -> bool {
        if is_there != request.subscribed {
            return true;
        }
        let why = if is_there { "Already subscribed" } else { "Subscription not found" };
        self.refuse(conn, request, Some(listed.symbol.as_str()), why, out);
        false
    }

    fn on_instrument(
        &mut self,
        conn: Conn,
        request: &Request<'_>,
        shop: &Shop,
        out: &mut Vec<Out>,
    ) {
        let snapshot = request.params["snapshot"].as_bool().unwrap_or(true);
        self.is_told_instruments = request.subscribed;
        self.confirm(conn, request, Topic::Instrument, snapshot, out);
        if request.subscribed && snapshot {
            self.say(conn, request.now, out, |frame| words::instruments(shop, frame));
        }
    }

    fn on_book(
        &mut self,
        conn: Conn,
        request: &Request<'_>,
        (market, listed): (usize, &Listed),
        world: &World,
        out: &mut Vec<Out>,
    ) {
        let depth = request.params.get("depth").map_or(Some(DEPTHS[0]), Value::as_u64);
        let Some(depth) = depth.filter(|depth| DEPTHS.contains(depth)) else {
            let symbol = Some(listed.symbol.as_str());
            return self.refuse(conn, request, symbol, "Subscription depth not supported", out);
        };
        let is_there = self.books.contains_key(&market);
        if !self.suits(conn, request, listed, is_there, out) {
            return;
        }
        let snapshot = request.params["snapshot"].as_bool().unwrap_or(true);
        let topic = Topic::Book { symbol: listed.symbol, depth: depth as u32 };
        self.confirm(conn, request, topic, snapshot, out);
        let Some(engine) = world.market(market).filter(|_| request.subscribed) else {
            self.books.remove(&market);
            return;
        };
        let depth = depth as usize;
        let [bids, asks] = [Side::Buy, Side::Sell].map(|side| engine.best(side, depth));
        if snapshot {
            self.say(conn, request.now, out, |frame| {
                words::book(listed, true, (&bids, &asks), (&bids, &asks), request.now, frame);
            });
        }
        self.books.insert(market, Told { depth, bids, asks });
    }

    fn on_trade(
        &mut self,
        conn: Conn,
        request: &Request<'_>,
        (market, listed): (usize, &Listed),
        world: &World,
        out: &mut Vec<Out>,
    ) {
        let is_there = self.trades.contains(&market);
        if !self.suits(conn, request, listed, is_there, out) {
            return;
        }
        let snapshot = request.params["snapshot"].as_bool().unwrap_or(false);
        self.confirm(conn, request, Topic::Trade { symbol: listed.symbol }, snapshot, out);
        if !request.subscribed {
            self.trades.remove(&market);
            return;
        }
        self.trades.insert(market);
        if snapshot {
            let past = world.past(market).rev().take(PAST_TRADES);
            let mut fills: Vec<Fill> =
                past.map(|(at, trade)| words::fill(listed, *trade, false, *at)).collect();
            fills.reverse();
            self.say(conn, request.now, out, |frame| mirror::past_trades(&fills, frame));
        }
    }

    fn on_ticker(
        &mut self,
        conn: Conn,
        request: &Request<'_>,
        (market, listed): (usize, &Listed),
        (world, day): (&World, &Day),
        out: &mut Vec<Out>,
    ) {
        let is_there = self.tickers.contains_key(&market);
        if !self.suits(conn, request, listed, is_there, out) {
            return;
        }
        let snapshot = request.params["snapshot"].as_bool().unwrap_or(true);
        let follows_bbo = request.params["event_trigger"] == json!("bbo");
        let event_trigger = if follows_bbo { "bbo" } else { "trades" };
        let topic = Topic::Ticker { symbol: listed.symbol, event_trigger };
        self.confirm(conn, request, topic, snapshot, out);
        let Some(engine) = world.market(market).filter(|_| request.subscribed) else {
            self.tickers.remove(&market);
            return;
        };
        let top = words::top(engine);
        self.tickers.insert(market, Ticker { follows_bbo, top });
        if snapshot {
            self.say(conn, request.now, out, |frame| {
                words::ticker(listed, "snapshot", top, day, request.now, frame);
            });
        }
    }

    fn tell_book(&mut self, conn: Conn, listed: &Listed, update: &Update<'_>, out: &mut Vec<Out>) {
        let Some(told) = self.books.get_mut(&update.market) else { return };
        if !update.changed().iter().any(|(side, level)| told.reaches(*side, level.price)) {
            return;
        }
        let engine = update.engine;
        let [bids, asks] = [Side::Buy, Side::Sell].map(|side| engine.best(side, told.depth));
        let bid_changes = words::changes(update, Side::Buy, &told.bids, &bids);
        let ask_changes = words::changes(update, Side::Sell, &told.asks, &asks);
        (told.bids, told.asks) = (bids.clone(), asks.clone());
        if bid_changes.is_empty() && ask_changes.is_empty() {
            return;
        }
        self.say(conn, update.at, out, |frame| {
            words::book(
                listed,
                false,
                (&bid_changes, &ask_changes),
                (&bids, &asks),
                update.at,
                frame,
            );
        });
    }

    fn tell_ticker(
        &mut self,
        conn: Conn,
        (listed, day, has_traded): (&Listed, &Day, bool),
        update: &Update<'_>,
        out: &mut Vec<Out>,
    ) {
        let Some(ticker) = self.tickers.get_mut(&update.market) else { return };
        let top = words::top(update.engine);
        let has_moved = std::mem::replace(&mut ticker.top, top) != top;
        if if ticker.follows_bbo { has_moved } else { has_traded } {
            self.say(conn, update.at, out, |frame| {
                words::ticker(listed, "update", top, day, update.at, frame);
            });
        }
    }
}

impl Told {
    /// May a change at this price be within what is shown?
    fn reaches(&self, side: Side, price: i64) -> bool {
        let (levels, is_bid) = match side {
            Side::Buy => (&self.bids, true),
            Side::Sell => (&self.asks, false),
        };
        let is_within =
            |worst: &Level| if is_bid { price >= worst.price } else { price <= worst.price };
        levels.len() < self.depth || levels.last().is_none_or(is_within)
    }
}
