//! A Kraken session as a recorder sees it: one connection, books of ten levels with checksums,
//! trades, a heartbeat a second.
//!
//! On purpose one checksum is wrong; then the symbol is unsubscribed and subscribed again.

use std::io;

use super::crowd::{Crowd, Next, Schedule, every};
use super::reel::{Fault, Recording, Reel, symbol, truth};
use crate::base::{Nanos, Side, Symbol};
use crate::event::Level;
use crate::limits::DEPTH_LEVELS;
use crate::sim::flow::Flow;
use crate::sim::listing::Listing;
use crate::venue::kraken::mirror::{self, Asset, Book, Fill, Pair, Reply, Topic};

/// The market whose checksum is wrong once.
const PATIENT: usize = 1;

/// Makes a wrong checksum out of a right one.
const WRONG: u32 = 0x0BAD_C0DE;

#[derive(Clone, Copy, Debug)]
enum Duty {
    Heartbeat,
    SpoilChecksum,
    Unsubscribe,
    Subscribe,
    End,
}

/// What the other side knows of one book.
#[derive(Clone, Debug, Default)]
struct Told {
    bids: Vec<Level>,
    asks: Vec<Level>,
    is_subscribed: bool,
    is_next_wrong: bool,
}

struct Session {
    reel: Reel,
    told: Vec<Told>,
    faults: Vec<Fault>,
}

/// Records a session.
pub(super) fn record(
    mut crowd: Crowd<'_>,
    reel: Reel,
    schedule: Schedule,
) -> io::Result<Recording> {
    let mut session =
        Session { reel, told: vec![Told::default(); crowd.flows.len()], faults: Vec::new() };
    session.begin(&crowd);
    let second = Nanos::SECOND;
    let mut timetable = every(second, second, schedule.end_ns, Duty::Heartbeat);
    timetable.push((schedule.sixtieths(30), Duty::SpoilChecksum));
    timetable.push((schedule.sixtieths(32) - 60 * Nanos::MILLI, Duty::Unsubscribe));
    timetable.push((schedule.sixtieths(32), Duty::Subscribe));
    timetable.push((schedule.end_ns, Duty::End));
    crowd.play(timetable, |crowd, at, next| match next {
        Next::Step(n) => session.step(crowd, n, at),
        Next::Due(duty) => session.due(crowd, duty, at),
    });
    let shown = |flow: &Flow, side| flow.market.best(side, DEPTH_LEVELS);
    let flows = crowd.flows.iter();
    let truths = flows.map(|f| truth(f.listing, shown(f, Side::Buy), shown(f, Side::Sell)));
    session.reel.finish(String::from("kraken"), "kraken", truths.collect(), session.faults)
}

impl Session {
    fn begin(&mut self, crowd: &Crowd<'_>) {
        let at = crowd.begin;
        self.reel.frame(at, |out| mirror::status(13_834_774_380_200_032_777, "online", out));
        self.reply(Topic::Instrument, true, at);
        let assets = ["BTC", "ETH", "USD"].map(asset);
        let pairs: Vec<Pair> = crowd.flows.iter().map(|flow| pair(flow.listing)).collect();
        self.reel.frame(at, |out| mirror::instruments(&assets, &pairs, out));
        for n in 0..crowd.flows.len() {
            self.subscribe(&crowd.flows[n], n, at);
        }
        for flow in &crowd.flows {
            self.reply(Topic::Trade { symbol: symbol(flow.listing.symbol) }, true, at);
        }
    }

    fn due(&mut self, crowd: &Crowd<'_>, duty: Duty, at: Nanos) {
        let flow = &crowd.flows[PATIENT];
        let symbol = symbol(flow.listing.symbol);
        match duty {
            Duty::Heartbeat => self.reel.frame(at, mirror::heartbeat),
            Duty::SpoilChecksum => self.told[PATIENT].is_next_wrong = true,
            Duty::Unsubscribe => {
                self.told[PATIENT].is_subscribed = false;
                self.reply(Topic::Book { symbol, depth: DEPTH_LEVELS as u32 }, false, at);
            }
            Duty::Subscribe => {
                self.subscribe(flow, PATIENT, at);
                if let Some(fault) = self.faults.last_mut() {
                    fault.healed = at;
                }
            }
            Duty::End => {}
        }
    }

    fn subscribe(&mut self, flow: &Flow, n: usize, at: Nanos) {
        let symbol = symbol(flow.listing.symbol);
        self.reply(Topic::Book { symbol, depth: DEPTH_LEVELS as u32 }, true, at);
        let [bids, asks] = [Side::Buy, Side::Sell].map(|side| flow.market.best(side, DEPTH_LEVELS));
        self.told[n] = Told { bids, asks, is_subscribed: true, is_next_wrong: false };
        let told = &self.told[n];
        let checksum = mirror::checksum(&told.bids, &told.asks);
        let (bids, asks) = (&told.bids[..], &told.asks[..]);
        let (shape, venue_ns) = (flow.listing.shape, at);
        let book = Book { symbol, shape, snapshot: true, bids, asks, checksum, venue_ns };
        self.reel.frame(at, |out| mirror::book(&book, out));
    }

    /// Tells of one step of a market: first the book, then the trades.
    fn step(&mut self, crowd: &Crowd<'_>, n: usize, at: Nanos) {
        let flow = &crowd.flows[n];
        let (symbol, shape) = (symbol(flow.listing.symbol), flow.listing.shape);
        self.tell_book(flow, n, symbol, at);
        if flow.market.trades.is_empty() {
            return;
        }
        let fill = |trade| Fill { symbol, shape, trade, is_market: false, venue_ns: at };
        let fills: Vec<Fill> = flow.market.trades.iter().copied().map(fill).collect();
        self.reel.frame(at, |out| mirror::trades(&fills, out));
    }

    fn tell_book(&mut self, flow: &Flow, n: usize, symbol: Symbol, at: Nanos) {
        let told = &mut self.told[n];
        if !told.is_subscribed {
            return;
        }
        let [bids, asks] = [Side::Buy, Side::Sell].map(|side| flow.market.best(side, DEPTH_LEVELS));
        let bid_changes = changes(flow, Side::Buy, &told.bids, &bids);
        let ask_changes = changes(flow, Side::Sell, &told.asks, &asks);
        if bid_changes.is_empty() && ask_changes.is_empty() {
            return;
        }
        let mut checksum = mirror::checksum(&bids, &asks);
        if std::mem::take(&mut told.is_next_wrong) {
            checksum ^= WRONG;
            let what = "a wrong checksum, healed by a new subscription";
            self.faults.push(Fault { what, symbol: Some(symbol), at, healed: Nanos::NONE });
        }
        (told.bids, told.asks) = (bids, asks);
        let book = Book {
            symbol,
            shape: flow.listing.shape,
            snapshot: false,
            bids: &bid_changes,
            asks: &ask_changes,
            checksum,
            venue_ns: at,
        };
        self.reel.frame(at, |out| mirror::book(&book, out));
    }

    fn reply(&mut self, topic: Topic, subscribed: bool, at: Nanos) {
        let time_in = Nanos(at.0 - 45_000);
        let snapshot = !matches!(topic, Topic::Trade { .. });
        let reply = Reply { subscribed, topic, snapshot, req_id: None, time_in, time_out: at };
        self.reel.frame(at, |out| mirror::reply(&reply, out));
    }
}

/// What must be said for the other side to have `now` after it had `before`. A level that only fell
/// out of the ten best is not mentioned; one that came (back) into them is.
fn changes(flow: &Flow, side: Side, before: &[Level], now: &[Level]) -> Vec<Level> {
    let is_gone = |level: &&Level| flow.market.qty(side, level.price) == 0;
    let gone = before.iter().filter(is_gone).map(|level| Level { qty: 0, ..*level });
    gone.chain(now.iter().filter(|level| !before.contains(level)).copied()).collect()
}

fn asset(id: &str) -> Asset {
    let (precision, precision_display) = if id == "USD" { (4, 2) } else { (10, 5) };
    Asset { id: symbol(id), precision, precision_display }
}

fn pair(listing: &Listing) -> Pair {
    Pair {
        symbol: symbol(listing.symbol),
        base: symbol(listing.base),
        quote: symbol(listing.quote),
        shape: listing.shape,
        tick: 1,
        lot: 1,
        qty_min: if listing.base == "BTC" { 5_000 } else { 200_000 },
        cost_min: if listing.quote == "USD" { 50_000 } else { 2 },
        cost_decimals: 5,
        status: "online",
    }
}
