//! A Coinbase session as a recorder sees it: one connection whose frames are counted, whole books
//! and their changes, trades every quarter of a second, a heartbeat a second.
//!
//! On purpose one frame is lost, so that the counter has a hole; then all products are subscribed
//! anew.

use std::collections::BTreeSet;
use std::io;

use super::crowd::{Crowd, Next, Schedule, every, levels_now};
use super::reel::{Fault, Recording, Reel, symbol, truth};
use crate::base::{Nanos, Side};
use crate::event::{Level, Trade};
use crate::sim::flow::Flow;
use crate::venue::coinbase::mirror::{self, Book, Envelope, Fill, Update};

/// Changes of a book are sent together for so long.
const BOOK_INTERVAL_NS: i64 = 40 * Nanos::MILLI;

const TRADE_INTERVAL_NS: i64 = 250 * Nanos::MILLI;

/// How long the venue's process had been up, seconds.
const UPTIME_SECONDS: u64 = 21_697;

#[derive(Clone, Copy, Debug)]
enum Duty {
    Heartbeat,
    Books(usize),
    Trades,
    LoseFrame,
    Unsubscribe,
    Subscribe,
}

/// What one product has not told yet.
#[derive(Clone, Debug, Default)]
struct Untold {
    bids: BTreeSet<i64>,
    asks: BTreeSet<i64>,
    last: Nanos,
    trades: Vec<(Trade, Nanos)>,
}

struct Session {
    reel: Reel,
    sequence: u64,
    untold: Vec<Untold>,
    are_books_subscribed: bool,
    is_next_lost: bool,
    faults: Vec<Fault>,
}

/// Records a session.
pub(super) fn record(
    mut crowd: Crowd<'_>,
    reel: Reel,
    schedule: Schedule,
) -> io::Result<Recording> {
    let products = crowd.flows.len();
    let mut session = Session {
        reel,
        sequence: 0,
        untold: vec![Untold::default(); products],
        are_books_subscribed: false,
        is_next_lost: false,
        faults: Vec::new(),
    };
    let end = schedule.end_ns;
    let mut timetable = vec![(0, Duty::Subscribe)];
    timetable.extend(every(Nanos::SECOND, Nanos::SECOND, end, Duty::Heartbeat));
    timetable.extend(every(TRADE_INTERVAL_NS, TRADE_INTERVAL_NS, end, Duty::Trades));
    for n in 0..products {
        let first = BOOK_INTERVAL_NS + n as i64 * BOOK_INTERVAL_NS / products as i64;
        timetable.extend(every(first, BOOK_INTERVAL_NS, end, Duty::Books(n)));
    }
    timetable.push((schedule.sixtieths(40), Duty::LoseFrame));
    timetable.push((schedule.sixtieths(41) - 60 * Nanos::MILLI, Duty::Unsubscribe));
    timetable.push((schedule.sixtieths(41), Duty::Subscribe));
    // What happened since the last interval is told at the end.
    timetable.extend((0..products).map(|n| (end, Duty::Books(n))));
    crowd.play(timetable, |crowd, at, next| match next {
        Next::Step(n) => session.step(&crowd.flows[n], n, at),
        Next::Due(duty) => session.due(crowd, duty, at),
    });
    let all = |flow: &Flow, side| flow.market.best(side, usize::MAX);
    let flows = crowd.flows.iter();
    let truths = flows.map(|f| truth(f.listing, all(f, Side::Buy), all(f, Side::Sell)));
    session.reel.finish(String::from("coinbase"), "coinbase", truths.collect(), session.faults)
}

impl Session {
    fn step(&mut self, flow: &Flow, n: usize, at: Nanos) {
        let untold = &mut self.untold[n];
        for (side, price) in &flow.market.changed {
            match side {
                Side::Buy => untold.bids.insert(*price),
                Side::Sell => untold.asks.insert(*price),
            };
        }
        untold.last = at;
        untold.trades.extend(flow.market.trades.iter().map(|trade| (*trade, at)));
    }

    fn due(&mut self, crowd: &Crowd<'_>, duty: Duty, at: Nanos) {
        match duty {
            Duty::Heartbeat => {
                let uptime_ns = at.0 - crowd.begin.0 + UPTIME_SECONDS as i64 * Nanos::SECOND;
                let counter = (uptime_ns / Nanos::SECOND) as u64;
                self.send(at, |e, out| mirror::heartbeat(e, counter, uptime_ns, out));
            }
            Duty::Books(n) => self.tell_book(&crowd.flows[n], n, at),
            Duty::Trades => (0..crowd.flows.len()).for_each(|n| self.tell_trades(crowd, n, at)),
            Duty::LoseFrame => self.is_next_lost = true,
            Duty::Unsubscribe => {
                self.are_books_subscribed = false;
                self.tell_subscriptions(crowd, at);
            }
            Duty::Subscribe => {
                (0..crowd.flows.len()).for_each(|n| self.tell_all(&crowd.flows[n], n, at));
                self.are_books_subscribed = true;
                self.tell_subscriptions(crowd, at);
                if let Some(fault) = self.faults.last_mut() {
                    fault.healed = at;
                }
            }
        }
    }

    fn tell_subscriptions(&mut self, crowd: &Crowd<'_>, at: Nanos) {
        let products: Vec<&str> = crowd.flows.iter().map(|flow| flow.listing.symbol).collect();
        let (books, beats) = (("level2", &products[..]), ("heartbeats", &["heartbeats"][..]));
        let trades = ("market_trades", &products[..]);
        let channels = [beats, trades, books];
        let channels = if self.are_books_subscribed { &channels[..] } else { &channels[..2] };
        self.send(at, |envelope, out| mirror::subscriptions(envelope, channels, out));
    }

    /// The whole book.
    fn tell_all(&mut self, flow: &Flow, n: usize, at: Nanos) {
        let updates: Vec<Update> = [Side::Buy, Side::Sell]
            .into_iter()
            .flat_map(|side| update_all(side, flow.market.best(side, usize::MAX), at))
            .collect();
        self.untold[n].bids.clear();
        self.untold[n].asks.clear();
        self.send_book(flow, true, &updates, at);
    }

    /// What changed since it was last told.
    fn tell_book(&mut self, flow: &Flow, n: usize, at: Nanos) {
        let untold = &mut self.untold[n];
        let bids = levels_now(flow, Side::Buy, untold.bids.iter().rev().copied());
        let asks = levels_now(flow, Side::Sell, untold.asks.iter().copied());
        if !self.are_books_subscribed || (bids.is_empty() && asks.is_empty()) {
            return;
        }
        untold.bids.clear();
        untold.asks.clear();
        let mut updates = update_all(Side::Buy, bids, untold.last);
        updates.extend(update_all(Side::Sell, asks, untold.last));
        self.send_book(flow, false, &updates, at);
    }

    fn send_book(&mut self, flow: &Flow, snapshot: bool, updates: &[Update], at: Nanos) {
        let (product, shape) = (symbol(flow.listing.symbol), flow.listing.shape);
        let book = Book { product, shape, snapshot, updates };
        if !snapshot && std::mem::take(&mut self.is_next_lost) {
            self.sequence += 1;
            let what = "a lost frame, healed by new snapshots of all products";
            self.faults.push(Fault { what, symbol: None, at, healed: Nanos::NONE });
            return;
        }
        self.send(at, |envelope, out| mirror::books(envelope, &[book], out));
    }

    fn tell_trades(&mut self, crowd: &Crowd<'_>, n: usize, at: Nanos) {
        let listing = crowd.flows[n].listing;
        let (product, shape) = (symbol(listing.symbol), listing.shape);
        let trades = std::mem::take(&mut self.untold[n].trades);
        let fills: Vec<Fill> = trades
            .into_iter()
            .map(|(trade, venue_ns)| Fill { product, shape, trade, venue_ns })
            .collect();
        if !fills.is_empty() {
            self.send(at, |envelope, out| mirror::trades(envelope, &fills, out));
        }
    }

    /// Sends the next frame of the connection.
    fn send(&mut self, at: Nanos, write: impl FnOnce(&Envelope, &mut Vec<u8>)) {
        // What is due on the grid goes out a little later, and never on it.
        let sent_ns = Nanos(at.0 + 84_371 + (self.sequence as i64 * 7_919) % 40_000);
        let envelope = Envelope { sent_ns, sequence: self.sequence };
        self.sequence += 1;
        self.reel.frame(sent_ns, |out| write(&envelope, out));
    }
}

fn update_all(side: Side, levels: Vec<Level>, event_ns: Nanos) -> Vec<Update> {
    levels.into_iter().map(|level| Update { side, level, event_ns }).collect()
}
