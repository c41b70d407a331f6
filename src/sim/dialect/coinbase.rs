//! Coinbase's side: Advanced Trade with `level2`, trades, tickers, heartbeats, status; public REST.
//!
//! In: subscriptions, steps of the world. Out: frames of `venue::coinbase::mirror`, numbered by
//! connection over all channels from 0, and REST bodies.
//! Never: a number of the sequence that no frame had.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::coinbase_words as words;
use super::contract::{Ask, Conn, Control, Out, Put, Response, Shop, Venue, Word};
use super::day::Day;
use crate::base::{Nanos, Side, Symbol};
use crate::event::{Level, Trade};
use crate::sim::engine::Engine;
use crate::sim::world::{Listed, Update, World};
use crate::venue::coinbase::mirror::{self, Book, Envelope, Fill, Update as Change};

/// Changes of a book are sent together for so long.
const BOOK_EVERY_NS: i64 = 50 * Nanos::MILLI;

const TRADES_EVERY_NS: i64 = 250 * Nanos::MILLI;
const TICKER_BATCH_EVERY_NS: i64 = 5 * Nanos::SECOND;

/// A connection that has not subscribed by then is closed.
const SUBSCRIBE_WITHIN_NS: i64 = 5 * Nanos::SECOND;

/// A connection that is told nothing for so long is closed.
const IDLE_NS: i64 = 90 * Nanos::SECOND;

/// Trades of a snapshot.
const PAST_TRADES: usize = 100;

/// Channels of which each product is subscribed by itself, by the name of the request.
const CHANNELS: [&str; 6] =
    ["heartbeats", "level2", "market_trades", "status", "ticker", "ticker_batch"];

/// See the module.
#[derive(Clone, Debug)]
pub struct Coinbase {
    shop: Shop,
    lines: BTreeMap<Conn, Line>,
    books: BTreeMap<usize, Untold>,
    open: Nanos,
    last: Nanos,
}

/// A connection.
#[derive(Clone, Debug)]
struct Line {
    sequence: u64,
    opened: Nanos,
    said: Nanos,
    has_subscribed: bool,
    /// Markets by channel; those without products have all.
    channels: BTreeMap<&'static str, BTreeSet<usize>>,
}

/// What a market has not told yet, and its day.
#[derive(Clone, Debug, Default)]
struct Untold {
    bids: BTreeSet<i64>,
    asks: BTreeSet<i64>,
    last: Nanos,
    trades: Vec<(Trade, Nanos)>,
    day: Day,
}

impl Coinbase {
    /// The venue in a world.
    pub fn new(world: &World) -> Coinbase {
        let shop = Shop::new("coinbase", world);
        let untold = |market| Untold { day: Day::of(world, market), ..Untold::default() };
        let books = shop.all().map(|(market, _)| (*market, untold(*market))).collect();
        Coinbase { shop, lines: BTreeMap::new(), books, open: world.now(), last: world.now() }
    }

    /// What a request asks for: a channel and its markets; `None` where there is no such thing.
    fn asked(&self, request: &Value) -> Option<(&'static str, BTreeSet<usize>)> {
        let name = request["channel"].as_str()?;
        let channel = CHANNELS.into_iter().find(|channel| *channel == name)?;
        let all = || Some(self.shop.all().map(|(market, _)| *market).collect());
        let products = match &request["product_ids"] {
            Value::Array(products) if !products.is_empty() => products,
            _ if channel == "level2" => return None,
            _ => return Some((channel, all()?)),
        };
        let market = |product: &Value| Some(self.shop.find(product.as_str()?)?.0);
        let markets: Option<BTreeSet<usize>> = products.iter().map(market).collect();
        // Heartbeats and status are of the connection, whatever products are named.
        let markets = if channel == "heartbeats" { all() } else { markets };
        Some((channel, markets?))
    }

    /// What a new subscription is told first.
    fn tell_first(
        &mut self,
        conn: Conn,
        (channel, markets): (&str, &BTreeSet<usize>),
        world: &World,
        out: &mut Vec<Out>,
    ) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let now = world.now();
        let each = markets
            .iter()
            .filter_map(|market| Some((*market, self.shop.at(*market)?, world.market(*market)?)));
        for (market, listed, engine) in each {
            match channel {
                "level2" => {
                    let updates = picture(engine, now);
                    line.tell_book(conn, listed, true, &updates, (now, &mut *out));
                }
                "market_trades" => {
                    let past = world.past(market).rev().take(PAST_TRADES);
                    let fills: Vec<Fill> =
                        past.map(|(at, trade)| fill(listed, *trade, *at)).collect();
                    line.say(conn, now, out, |e, frame| mirror::past_trades(e, &fills, frame));
                }
                "ticker" | "ticker_batch" => {
                    let day = self.books.get(&market).map(|book| book.day).unwrap_or_default();
                    let what = (channel, "snapshot");
                    line.say(conn, now, out, |e, frame| {
                        words::ticker(e, what, (listed, engine, &day), frame);
                    });
                }
                _ => {}
            }
        }
        if channel == "status" {
            let all: Vec<&Listed> = self.shop.all().map(|(_, listed)| listed).collect();
            line.say(conn, now, out, |e, frame| words::status(e, &all, frame));
        }
    }

    fn tell_subscriptions(&mut self, conn: Conn, now: Nanos, out: &mut Vec<Out>) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let shop = &self.shop;
        let products = |channel: &str, markets: &BTreeSet<usize>| -> Vec<Symbol> {
            match channel {
                "heartbeats" => Symbol::new(b"heartbeats").into_iter().collect(),
                _ => markets.iter().filter_map(|m| Some(shop.at(*m)?.symbol)).collect(),
            }
        };
        let named: Vec<(&str, Vec<Symbol>)> =
            line.channels.iter().map(|(channel, m)| (*channel, products(channel, m))).collect();
        let texts: Vec<(&str, Vec<&str>)> =
            named.iter().map(|(c, s)| (*c, s.iter().map(Symbol::as_str).collect())).collect();
        let channels: Vec<(&str, &[&str])> = texts.iter().map(|(c, s)| (*c, &s[..])).collect();
        line.say(conn, now, out, |e, frame| mirror::subscriptions(e, &channels, frame));
    }

    /// What changed since it was last told.
    fn tell_books(&mut self, world: &World, out: &mut Vec<Out>) {
        for (market, listed) in self.shop.all() {
            let (Some(untold), Some(engine)) = (self.books.get_mut(market), world.market(*market))
            else {
                continue;
            };
            let at = untold.last;
            let change = |side, price| {
                let level = Level { price, qty: engine.qty(side, price) };
                Change { side, level, event_ns: at }
            };
            let bids = std::mem::take(&mut untold.bids).into_iter().rev();
            let asks = std::mem::take(&mut untold.asks).into_iter();
            let updates: Vec<Change> = bids
                .map(|price| change(Side::Buy, price))
                .chain(asks.map(|price| change(Side::Sell, price)))
                .collect();
            if updates.is_empty() {
                continue;
            }
            for (conn, line) in &mut self.lines {
                if line.follows("level2", *market) {
                    line.tell_book(*conn, listed, false, &updates, (world.now(), &mut *out));
                }
            }
        }
    }

    fn tell_trades(&mut self, now: Nanos, out: &mut Vec<Out>) {
        for (market, listed) in self.shop.all() {
            let Some(untold) = self.books.get_mut(market) else { continue };
            let trades = std::mem::take(&mut untold.trades).into_iter();
            let fills: Vec<Fill> = trades.map(|(trade, at)| fill(listed, trade, at)).collect();
            if fills.is_empty() {
                continue;
            }
            for (conn, line) in &mut self.lines {
                if line.follows("market_trades", *market) {
                    line.say(*conn, now, out, |e, frame| mirror::trades(e, &fills, frame));
                }
            }
        }
    }

    fn tell_tickers(&mut self, channel: &str, world: &World, market: usize, out: &mut Vec<Out>) {
        if let (Some(listed), Some(engine)) = (self.shop.at(market), world.market(market)) {
            self.tell_ticker(channel, (*listed, engine, market), world.now(), out);
        }
    }

    fn tell_ticker(
        &mut self,
        channel: &str,
        (listed, engine, market): (Listed, &Engine, usize),
        now: Nanos,
        out: &mut Vec<Out>,
    ) {
        let day = self.books.get(&market).map(|book| book.day).unwrap_or_default();
        for (conn, line) in &mut self.lines {
            if line.follows(channel, market) {
                line.say(*conn, now, out, |e, frame| {
                    words::ticker(e, (channel, "update"), (&listed, engine, &day), frame);
                });
            }
        }
    }
}

impl Venue for Coinbase {
    fn name(&self) -> &'static str {
        "coinbase"
    }

    fn open(
        &mut self,
        conn: Conn,
        ask: &Ask<'_>,
        world: &World,
        _out: &mut Vec<Out>,
    ) -> Result<(), Response> {
        if !["", "/"].contains(&ask.path) {
            return Err(words::refusal(404, "NOT_FOUND", "no such path: use /"));
        }
        let (opened, channels) = (world.now(), BTreeMap::new());
        let line = Line { sequence: 0, opened, said: opened, has_subscribed: false, channels };
        self.lines.insert(conn, line);
        Ok(())
    }

    fn text(&mut self, conn: Conn, text: &str, world: &World, out: &mut Vec<Out>) {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let is_new = match request["type"].as_str() {
            Some("subscribe") => true,
            Some("unsubscribe") => false,
            _ => return out.push(words::error(conn, "failure to subscribe")),
        };
        let Some((channel, markets)) = self.asked(&request) else {
            return out.push(words::error(conn, "failure to subscribe"));
        };
        let Some(line) = self.lines.get_mut(&conn) else { return };
        line.has_subscribed |= is_new;
        let followed = line.channels.entry(channel).or_default();
        if is_new {
            followed.extend(&markets);
            self.tell_first(conn, (channel, &markets), world, out);
        } else {
            followed.retain(|market| !markets.contains(market));
            line.channels.retain(|_, markets| !markets.is_empty());
        }
        self.tell_subscriptions(conn, world.now(), out);
    }

    fn control(&mut self, _: Conn, _: Control<'_>, _: Nanos, _: &mut Vec<Out>) {}

    fn request(&mut self, ask: &Ask<'_>, world: &World) -> Response {
        let days = |market: usize| self.books.get(&market).map(|book| book.day).unwrap_or_default();
        words::rest(ask, world, &self.shop, days)
    }

    fn on_update(&mut self, update: &Update<'_>, out: &mut Vec<Out>) {
        let Some(listed) = self.shop.at(update.market).copied() else { return };
        let Some(untold) = self.books.get_mut(&update.market) else { return };
        for (side, level) in update.changed() {
            match side {
                Side::Buy => untold.bids.insert(level.price),
                Side::Sell => untold.asks.insert(level.price),
            };
        }
        untold.last = update.at;
        let before = untold.trades.len();
        untold.trades.extend(update.trades().map(|trade| (trade.public(), update.at)));
        let new = &untold.trades[before..];
        for (trade, _) in new {
            untold.day.add(trade);
        }
        if !new.is_empty() {
            self.tell_ticker("ticker", (listed, update.engine, update.market), update.at, out);
        }
    }

    fn advance(&mut self, world: &World, out: &mut Vec<Out>) {
        let (now, last) = (world.now(), std::mem::replace(&mut self.last, world.now()));
        let is_due = |every: i64| now.0 / every != last.0 / every;
        if is_due(BOOK_EVERY_NS) {
            self.tell_books(world, out);
        }
        if is_due(TRADES_EVERY_NS) {
            self.tell_trades(now, out);
        }
        if is_due(TICKER_BATCH_EVERY_NS) {
            let markets: Vec<usize> = self.shop.all().map(|(market, _)| *market).collect();
            for market in markets {
                self.tell_tickers("ticker_batch", world, market, out);
            }
        }
        let uptime_ns = now.0 - self.open.0;
        self.lines.retain(|conn, line| {
            if is_due(Nanos::SECOND) && line.channels.contains_key("heartbeats") {
                let counter = (uptime_ns / Nanos::SECOND).unsigned_abs();
                line.say(*conn, now, out, |e, f| mirror::heartbeat(e, counter, uptime_ns, f));
            }
            let is_mute = !line.has_subscribed && now.0 - line.opened.0 >= SUBSCRIBE_WITHIN_NS;
            let is_idle = now.0 - line.said.0 >= IDLE_NS;
            if is_mute || is_idle {
                let why = if is_mute { "no subscription within 5 s" } else { "no updates" };
                out.push(Out { conn: *conn, put: Put::Close(1_008, why) });
            }
            !is_mute && !is_idle
        });
    }

    fn closed(&mut self, conn: Conn) {
        self.lines.remove(&conn);
    }

    fn tell(&mut self, conn: Conn, word: Word, now: Nanos, out: &mut Vec<Out>) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        match word {
            Word::Said(event) => line.say(conn, now, out, |envelope, frame| {
                mirror::open("user", envelope, frame).text(&String::from_utf8_lossy(&event));
                frame.extend_from_slice(b"]}");
            }),
            Word::Joined => {
                line.has_subscribed = true;
                let all = self.shop.all().map(|(market, _)| *market).collect();
                line.channels.insert("user", all);
                self.tell_subscriptions(conn, now, out);
            }
            Word::Left => {
                line.channels.remove("user");
                self.tell_subscriptions(conn, now, out);
            }
        }
    }

    /// This venue says nothing.
    fn maintain(&mut self, _begins: bool, _now: Nanos, _out: &mut Vec<Out>) {}

    fn copied(&self) -> Box<dyn Venue> {
        Box::new(self.clone())
    }
}

impl Line {
    fn follows(&self, channel: &str, market: usize) -> bool {
        self.channels.get(channel).is_some_and(|markets| markets.contains(&market))
    }

    /// The next frame of the connection.
    fn say(
        &mut self,
        conn: Conn,
        now: Nanos,
        out: &mut Vec<Out>,
        write: impl FnOnce(&Envelope, &mut Vec<u8>),
    ) {
        let envelope = Envelope { sent_ns: now, sequence: self.sequence };
        self.sequence += 1;
        self.said = now;
        let mut frame = Vec::new();
        write(&envelope, &mut frame);
        out.push(Out { conn, put: Put::Frame(frame) });
    }

    fn tell_book(
        &mut self,
        conn: Conn,
        listed: &Listed,
        snapshot: bool,
        updates: &[Change],
        (now, out): (Nanos, &mut Vec<Out>),
    ) {
        let book = Book { product: listed.symbol, shape: listed.shape, snapshot, updates };
        self.say(conn, now, out, |envelope, frame| mirror::books(envelope, &[book], frame));
    }
}

/// A whole book: bids, then asks, best first.
fn picture(engine: &Engine, at: Nanos) -> Vec<Change> {
    let side = |side| engine.levels(side).map(move |level| Change { side, level, event_ns: at });
    side(Side::Buy).chain(side(Side::Sell)).collect()
}

fn fill(listed: &Listed, trade: Trade, venue_ns: Nanos) -> Fill {
    Fill { product: listed.symbol, shape: listed.shape, trade, venue_ns }
}
