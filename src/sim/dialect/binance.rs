//! Binance's side: raw and combined streams of depth, best prices, trades and tickers; public REST.
//!
//! In: stream names in the path or in requests, steps of the world. Out: frames of
//! `venue::binance::mirror`, wrapped where the connection is a combined one; pings, and the closes
//! of those who break a limit.
//! Never: a hole in the update ids of a market: an interval begins after the last one's last id.
//!
//! A stream of an unknown symbol is taken and never speaks, as the venue does it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::binance_words as words;
use super::binance_words::Weights;
use super::contract::{Ask, Conn, Control, Out, Put, Response, Shop, Venue, Word};
use super::day::Day;
use crate::base::{Nanos, Side};
use crate::event::{Level, Top};
use crate::sim::engine::Trade;
use crate::sim::world::{Listed, Update, World};
use crate::venue::binance::mirror::{self, Depth, Fill, Snapshot};

/// Streams of one connection.
const STREAMS_MAX: usize = 1_024;

/// What a connection to the WS API costs.
const API_WEIGHT: u32 = 2;

/// Messages of a client in a second, control frames included.
const MESSAGES_MAX: usize = 5;

const PING_EVERY_NS: i64 = 20 * Nanos::SECOND;
const PONG_WITHIN_NS: i64 = 60 * Nanos::SECOND;
const LIFE_NS: i64 = 24 * 3_600 * Nanos::SECOND;

/// Intervals of the streams `@100ms` and of those without.
const PACES_NS: [i64; 2] = [100 * Nanos::MILLI, Nanos::SECOND];

/// The first update id is after this one.
const UPDATE_ID: u64 = 50_093_239_188;

/// See the module.
#[derive(Clone, Debug)]
pub struct Binance {
    shop: Shop,
    lines: BTreeMap<Conn, Line>,
    books: BTreeMap<usize, Told>,
    weights: Weights,
    last: Nanos,
}

/// A connection.
#[derive(Clone, Debug)]
struct Line {
    is_combined: bool,
    /// One of the WS API, whose requests are the members' desk's.
    is_api: bool,
    streams: Vec<(String, Option<Stream>)>,
    opened: Nanos,
    pinged: Nanos,
    /// Pings without a pong.
    unanswered: VecDeque<(Nanos, Vec<u8>)>,
    /// When it spoke in the last second.
    heard: VecDeque<Nanos>,
}

/// What a stream is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stream {
    market: usize,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Changes of the book at a pace of [`PACES_NS`].
    Depth(usize),
    /// So many best levels, at a pace.
    Partial(usize, usize),
    Best,
    Trade,
    AggTrade,
    Ticker,
    MiniTicker,
}

/// What a market's streams have told.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) update_id: u64,
    pub(super) day: Day,
    agg_id: u64,
    top: (Level, Level),
    /// By pace.
    intervals: [Interval; 2],
}

/// Prices that changed since the last frame of a pace.
#[derive(Clone, Debug, Default)]
struct Interval {
    told_id: u64,
    bids: BTreeSet<i64>,
    asks: BTreeSet<i64>,
}

impl Binance {
    /// The venue in a world.
    pub fn new(world: &World) -> Binance {
        let shop = Shop::new("binance", world);
        let interval = Interval { told_id: UPDATE_ID, ..Interval::default() };
        let told = |market| Told {
            update_id: UPDATE_ID,
            day: Day::of(world, market),
            intervals: [interval.clone(), interval.clone()],
            ..Told::default()
        };
        let books = shop.all().map(|(market, _)| (*market, told(*market))).collect();
        let (lines, weights) = (BTreeMap::new(), Weights::default());
        Binance { shop, lines, books, weights, last: world.now() }
    }

    fn stream(&self, name: &str) -> Option<Stream> {
        let (symbol, what) = name.split_once('@')?;
        let is_lower = !symbol.bytes().any(|byte| byte.is_ascii_uppercase());
        let (market, _) = self.shop.find(&symbol.to_ascii_uppercase()).filter(|_| is_lower)?;
        let (kind, pace) = match what.split_once('@') {
            Some((kind, "100ms")) => (kind, 0),
            Some((kind, "1000ms")) => (kind, 1),
            Some(_) => return None,
            None => (what, 1),
        };
        let what = match kind {
            "depth" => What::Depth(pace),
            "depth5" => What::Partial(5, pace),
            "depth10" => What::Partial(10, pace),
            "depth20" => What::Partial(20, pace),
            "bookTicker" => What::Best,
            "trade" => What::Trade,
            "aggTrade" => What::AggTrade,
            "ticker" => What::Ticker,
            "miniTicker" => What::MiniTicker,
            _ => return None,
        };
        Some(Stream { market: *market, what })
    }

    /// The answer to a request.
    fn answer(&mut self, conn: Conn, request: &Value) -> Value {
        let id = request["id"].clone();
        let list = request["params"].as_array();
        let names: Option<Vec<String>> =
            list.map(|list| list.iter().filter_map(Value::as_str).map(String::from).collect());
        let known: Vec<(String, Option<Stream>)> =
            names.unwrap_or_default().into_iter().map(|n| (n.clone(), self.stream(&n))).collect();
        let Some(line) = self.lines.get_mut(&conn) else { return Value::Null };
        let bad =
            |why: &str| json!({"code": 2, "msg": format!("Invalid request: {why}"), "id": id});
        match request["method"].as_str().unwrap_or_default() {
            "SUBSCRIBE" | "UNSUBSCRIBE" if known.is_empty() => bad("missing field `params`"),
            "SUBSCRIBE" => {
                let is_new = |(name, _): &(String, _)| !line.streams.iter().any(|(n, _)| n == name);
                let new: Vec<_> = known.into_iter().filter(is_new).collect();
                if line.streams.len() + new.len() > STREAMS_MAX {
                    return bad("more than 1024 streams on one connection");
                }
                line.streams.extend(new);
                json!({"result": null, "id": id})
            }
            "UNSUBSCRIBE" => {
                line.streams.retain(|(name, _)| !known.iter().any(|(n, _)| n == name));
                json!({"result": null, "id": id})
            }
            "LIST_SUBSCRIPTIONS" => {
                let names: Vec<&str> = line.streams.iter().map(|(name, _)| &**name).collect();
                json!({"result": names, "id": id})
            }
            "SET_PROPERTY" if request["params"][0] == json!("combined") => {
                let Some(is_combined) = request["params"][1].as_bool() else {
                    let msg = "Invalid value type: expected Boolean";
                    return json!({"code": 1, "msg": msg, "id": id});
                };
                line.is_combined = is_combined;
                json!({"result": null, "id": id})
            }
            "SET_PROPERTY" => json!({"code": 0, "msg": "Unknown property", "id": id}),
            _ => bad("unknown method, expected SUBSCRIBE, UNSUBSCRIBE or LIST_SUBSCRIPTIONS"),
        }
    }

    /// Gives a payload to all who follow a stream.
    fn publish(&self, market: usize, what: What, payload: &[u8], out: &mut Vec<Out>) {
        let stream = Some(Stream { market, what });
        for (conn, line) in &self.lines {
            for (name, _) in line.streams.iter().filter(|(_, followed)| *followed == stream) {
                let frame = if line.is_combined {
                    let head = format!("{{\"stream\":\"{name}\",\"data\":");
                    [head.as_bytes(), payload, b"}"].concat()
                } else {
                    payload.to_vec()
                };
                out.push(Out { conn: *conn, put: Put::Frame(frame) });
            }
        }
    }

    /// A client spoke: false, and he is gone, where he speaks too often.
    fn is_heard(&mut self, conn: Conn, now: Nanos, out: &mut Vec<Out>) -> bool {
        let Some(line) = self.lines.get_mut(&conn) else { return false };
        if line.is_api {
            return true;
        }
        line.heard.retain(|at| now.0 - at.0 < Nanos::SECOND);
        line.heard.push_back(now);
        if line.heard.len() <= MESSAGES_MAX {
            return true;
        }
        self.lines.remove(&conn);
        out.push(Out { conn, put: Put::Close(1_008, "Too many requests") });
        false
    }

    /// What changed in an interval that is over.
    fn tell_depth(&mut self, pace: usize, world: &World, out: &mut Vec<Out>) {
        for (market, listed) in self.shop.clone().all() {
            let (Some(told), Some(engine)) = (self.books.get_mut(market), world.market(*market))
            else {
                continue;
            };
            let interval = &mut told.intervals[pace];
            let last_id = told.update_id;
            let first_id = std::mem::replace(&mut interval.told_id, last_id) + 1;
            let now = |side, price| Level { price, qty: engine.qty(side, price) };
            let bids: Vec<Level> = interval.bids.iter().rev().map(|p| now(Side::Buy, *p)).collect();
            let asks: Vec<Level> = interval.asks.iter().map(|p| now(Side::Sell, *p)).collect();
            (interval.bids, interval.asks) = Default::default();
            let (symbol, shape, event_ns) = (listed.symbol, listed.shape, world.now());
            let (bids, asks) = (&bids[..], &asks[..]);
            let depth = Depth { symbol, shape, event_ns, first_id, last_id, bids, asks };
            if first_id <= last_id {
                let payload = words::bare(|frame| mirror::depth(&depth, frame));
                self.publish(*market, What::Depth(pace), &payload, out);
            }
            for levels in [5, 10, 20] {
                let [bids, asks] = [Side::Buy, Side::Sell].map(|side| engine.best(side, levels));
                let snapshot = Snapshot { shape, last_id, bids: &bids, asks: &asks };
                let mut payload = Vec::new();
                mirror::snapshot(&snapshot, &mut payload);
                self.publish(*market, What::Partial(levels, pace), &payload, out);
            }
        }
    }

    fn tell_tickers(&self, world: &World, out: &mut Vec<Out>) {
        for (market, listed) in self.shop.all() {
            let (Some(told), Some(engine)) = (self.books.get(market), world.market(*market)) else {
                continue;
            };
            let mini = words::mini_ticker(listed, &told.day, world.now());
            self.publish(*market, What::MiniTicker, &mini, out);
            let full = words::ticker(listed, engine, &told.day, world.now());
            self.publish(*market, What::Ticker, &full, out);
        }
    }

    fn tell_trades(&mut self, listed: &Listed, update: &Update<'_>, out: &mut Vec<Out>) {
        let (market, at) = (update.market, update.at);
        let trades: Vec<_> = update.trades().map(Trade::public).collect();
        for trade in &trades {
            let (symbol, shape, trade) = (listed.symbol, listed.shape, *trade);
            let fill = Fill { symbol, shape, trade, event_ns: at, venue_ns: at };
            let payload = words::bare(|frame| mirror::trade(&fill, frame));
            self.publish(market, What::Trade, &payload, out);
        }
        // One taker's trades at one price are one.
        for same in trades.chunk_by(|one, other| one.price == other.price) {
            let Some(told) = self.books.get_mut(&market) else { return };
            told.agg_id += 1;
            for trade in same {
                told.day.add(trade);
            }
            let payload = words::agg_trade(listed, told.agg_id, same, at);
            self.publish(market, What::AggTrade, &payload, out);
        }
    }
}

impl Venue for Binance {
    fn name(&self) -> &'static str {
        "binance"
    }

    fn open(
        &mut self,
        conn: Conn,
        ask: &Ask<'_>,
        world: &World,
        _out: &mut Vec<Out>,
    ) -> Result<(), Response> {
        let path = ask.path.trim_end_matches('/');
        let is_api = path == "/ws-api/v3";
        let (is_combined, names) = match path {
            _ if is_api => {
                self.weights.spend(API_WEIGHT, world.now())?;
                (false, String::new())
            }
            "/stream" => (true, ask.param("streams").unwrap_or_default()),
            "/ws" => (false, String::new()),
            path => match path.strip_prefix("/ws/") {
                Some(names) => (false, names.to_owned()),
                None => {
                    return Err(words::refusal(
                        404,
                        -1_000,
                        "Path not found: use /ws, /stream, /ws-api/v3",
                    ));
                }
            },
        };
        let names = names.split('/').filter(|name| !name.is_empty());
        let streams: Vec<_> = names.map(|name| (name.to_owned(), self.stream(name))).collect();
        if streams.len() > STREAMS_MAX {
            return Err(words::refusal(400, -1_000, "More than 1024 streams"));
        }
        let (opened, unanswered, heard) = (world.now(), VecDeque::new(), VecDeque::new());
        let pinged = opened;
        let line = Line { is_combined, is_api, streams, opened, pinged, unanswered, heard };
        self.lines.insert(conn, line);
        Ok(())
    }

    fn text(&mut self, conn: Conn, text: &str, world: &World, out: &mut Vec<Out>) {
        if !self.is_heard(conn, world.now(), out) {
            return;
        }
        let answer = match serde_json::from_str::<Value>(text) {
            Ok(request) => self.answer(conn, &request),
            Err(why) => json!({"code": 3, "msg": format!("Invalid JSON: {why}")}),
        };
        out.push(Out { conn, put: Put::Frame(answer.to_string().into_bytes()) });
    }

    fn control(&mut self, conn: Conn, control: Control<'_>, now: Nanos, out: &mut Vec<Out>) {
        if let (true, Control::Pong(payload)) = (self.is_heard(conn, now, out), control)
            && let Some(line) = self.lines.get_mut(&conn)
            && let Some(n) = line.unanswered.iter().position(|(_, sent)| sent == payload)
        {
            line.unanswered.drain(..=n);
        }
    }

    fn request(&mut self, ask: &Ask<'_>, world: &World) -> Response {
        let weight = words::weight(ask, &self.shop);
        match self.weights.spend(weight, world.now()) {
            Ok(used) => {
                let mut response = words::rest(ask, world, &self.shop, &self.books);
                response.headers.push(("x-mbx-used-weight", used.to_string()));
                response.headers.push(("x-mbx-used-weight-1m", used.to_string()));
                response
            }
            Err(refused) => refused,
        }
    }

    fn on_update(&mut self, update: &Update<'_>, out: &mut Vec<Out>) {
        let Some(listed) = self.shop.at(update.market).copied() else { return };
        let Some(told) = self.books.get_mut(&update.market) else { return };
        for (side, level) in update.changed() {
            told.update_id += 1;
            for interval in &mut told.intervals {
                match side {
                    Side::Buy => interval.bids.insert(level.price),
                    Side::Sell => interval.asks.insert(level.price),
                };
            }
        }
        let best = |side| update.engine.level(side, 0).unwrap_or_default();
        let (bid, ask) = (best(Side::Buy), best(Side::Sell));
        if std::mem::replace(&mut told.top, (bid, ask)) != (bid, ask) {
            let top = Top { update_id: told.update_id, bid, ask };
            let payload =
                words::bare(|frame| mirror::top(listed.symbol, listed.shape, &top, frame));
            self.publish(update.market, What::Best, &payload, out);
        }
        self.tell_trades(&listed, update, out);
    }

    fn advance(&mut self, world: &World, out: &mut Vec<Out>) {
        let (now, last) = (world.now(), std::mem::replace(&mut self.last, world.now()));
        for (pace, every) in PACES_NS.into_iter().enumerate() {
            if now.0 / every != last.0 / every {
                self.tell_depth(pace, world, out);
                if every == Nanos::SECOND {
                    self.tell_tickers(world, out);
                }
            }
        }
        self.lines.retain(|conn, line| {
            if now.0 - line.pinged.0 >= PING_EVERY_NS {
                let payload = (now.0 / Nanos::MILLI).to_string().into_bytes();
                line.pinged = now;
                line.unanswered.push_back((now, payload.clone()));
                out.push(Out { conn: *conn, put: Put::Ping(payload) });
            }
            let oldest = line.unanswered.front().map_or(now, |(at, _)| *at);
            let put = if now.0 - oldest.0 >= PONG_WITHIN_NS {
                Put::Close(1_008, "Pong timeout")
            } else if now.0 - line.opened.0 >= LIFE_NS {
                Put::Close(1_001, "24 hours are over")
            } else {
                return true;
            };
            out.push(Out { conn: *conn, put });
            false
        });
    }

    fn closed(&mut self, conn: Conn) {
        self.lines.remove(&conn);
    }

    fn tell(&mut self, conn: Conn, word: Word, _now: Nanos, out: &mut Vec<Out>) {
        if let (Word::Said(frame), true) = (word, self.lines.contains_key(&conn)) {
            out.push(Out { conn, put: Put::Frame(frame) });
        }
    }

    fn is_private(&self, conn: Conn) -> bool {
        self.lines.get(&conn).is_some_and(|line| line.is_api)
    }

    fn charge(&mut self, weight: u32, now: Nanos) -> Result<u32, Response> {
        self.weights.spend(weight, now)
    }

    fn maintain(&mut self, begins: bool, now: Nanos, out: &mut Vec<Out>) {
        for (conn, line) in self.lines.iter().filter(|_| begins) {
            let event = json!({"e": "serverShutdown", "E": now.0 / Nanos::MILLI});
            let event = if line.is_api {
                json!({"event": event})
            } else if line.is_combined {
                json!({"stream": "!serverShutdown", "data": event})
            } else {
                event
            };
            out.push(Out { conn: *conn, put: Put::Frame(event.to_string().into_bytes()) });
        }
    }

    fn copied(&self) -> Box<dyn Venue> {
        Box::new(self.clone())
    }
}
