//! A Binance session as a recorder sees it: one symbol, changes of its book every 100 ms, the best
//! bid and ask as they change, trades, and the REST replies beside them.
//!
//! On purpose the changes begin before the snapshot arrives, so that it must be bridged; and in the
//! first symbol one frame of changes is lost, and a later snapshot mends that.

use std::collections::BTreeSet;
use std::io;

use super::crowd::{Crowd, Next, Schedule, every, levels_now};
use super::reel::{Fault, Recording, Reel, symbol, truth};
use crate::base::{Nanos, Side, Symbol};
use crate::event::{Level, Top};
use crate::sim::flow::Flow;
use crate::sim::listing::Listing;
use crate::venue::binance::mirror::{self, Depth, Fill, Listed, Snapshot};

/// The interval of the stream `@depth@100ms`.
const INTERVAL_NS: i64 = 100 * Nanos::MILLI;

/// From the moment that a snapshot shows to its arrival.
const REST_WAY_NS: i64 = 73 * Nanos::MILLI;

/// Levels a side of a snapshot, as asked for: more than there are.
const SNAPSHOT_LEVELS: usize = 5_000;

#[derive(Clone, Copy, Debug)]
enum Duty {
    Depth,
    LoseDepth,
    Snapshot,
    Heal,
}

struct Session {
    reel: Reel,
    symbol: Symbol,
    update_id: u64,
    /// The last update id that went out with a change of the book.
    told_id: u64,
    told_top: Option<(Level, Level)>,
    /// Prices that changed in this interval.
    bids: BTreeSet<i64>,
    asks: BTreeSet<i64>,
    is_next_lost: bool,
    faults: Vec<Fault>,
}

/// Records a session of the only market of `crowd`. `loses` is whether a frame of it is lost.
pub(super) fn record(
    mut crowd: Crowd<'_>,
    reel: Reel,
    schedule: Schedule,
    loses: bool,
) -> io::Result<Recording> {
    let listing = crowd.flows[0].listing;
    let first_id =
        50_093_239_188 + crowd.flows[0].market.level(Side::Buy, 0).map_or(0, |l| l.qty) as u64;
    let mut session = Session {
        reel,
        symbol: symbol(listing.symbol),
        update_id: first_id,
        told_id: first_id,
        told_top: None,
        bids: BTreeSet::new(),
        asks: BTreeSet::new(),
        is_next_lost: false,
        faults: Vec::new(),
    };
    session.begin(listing, crowd.begin);
    let mut timetable = every(INTERVAL_NS, INTERVAL_NS, schedule.end_ns, Duty::Depth);
    // Not at the end of an interval: a change that reaches over the snapshot must bridge it.
    timetable.push((schedule.sixtieths(1) - 57 * Nanos::MILLI, Duty::Snapshot));
    if loses {
        timetable.push((schedule.sixtieths(20), Duty::LoseDepth));
        timetable.push((schedule.sixtieths(25) - 57 * Nanos::MILLI, Duty::Heal));
    }
    crowd.play(timetable, |crowd, at, next| {
        let flow = &crowd.flows[0];
        match next {
            Next::Step(_) => session.step(flow, at),
            Next::Due(Duty::Depth) => session.tell_depth(flow, at),
            Next::Due(Duty::LoseDepth) => session.is_next_lost = true,
            Next::Due(Duty::Snapshot) => session.tell_all(flow, at),
            Next::Due(Duty::Heal) => {
                session.tell_all(flow, at);
                if let Some(fault) = session.faults.last_mut() {
                    fault.healed = Nanos(at.0 + REST_WAY_NS);
                }
            }
        }
    });
    let market = &crowd.flows[0].market;
    let [bids, asks] = [Side::Buy, Side::Sell].map(|side| market.best(side, usize::MAX));
    let name = format!("binance-{}", listing.symbol.to_ascii_lowercase());
    session.reel.finish(name, "binance", vec![truth(listing, bids, asks)], session.faults)
}

impl Session {
    fn begin(&mut self, listing: &Listing, at: Nanos) {
        let listed = Listed {
            symbol: self.symbol,
            base: symbol(listing.base),
            quote: symbol(listing.quote),
            shape: listing.shape,
            tick: 1,
            lot: 1,
            qty_min: 1,
            notional_min: if listing.quote == "BTC" { 10 } else { 500 },
            status: "TRADING",
        };
        self.reel.reply(at, |out| mirror::exchange_info(at, &[listed], out));
        self.reel.frame(at, |out| mirror::reply(1, out));
    }

    /// Tells of one step: the best prices if they changed, then the trades.
    fn step(&mut self, flow: &Flow, at: Nanos) {
        for (side, price) in &flow.market.changed {
            self.update_id += 1;
            match side {
                Side::Buy => self.bids.insert(*price),
                Side::Sell => self.asks.insert(*price),
            };
        }
        let (symbol, shape) = (self.symbol, flow.listing.shape);
        let best = |side| flow.market.level(side, 0).unwrap_or_default();
        let (bid, ask) = (best(Side::Buy), best(Side::Sell));
        if self.told_top.replace((bid, ask)) != Some((bid, ask)) {
            let top = Top { update_id: self.update_id, bid, ask };
            self.reel.frame(at, |out| mirror::top(symbol, shape, &top, out));
        }
        for trade in flow.market.trades.iter().copied() {
            let fill = Fill { symbol, shape, trade, event_ns: at, venue_ns: at };
            self.reel.frame(at, |out| mirror::trade(&fill, out));
        }
    }

    /// Tells what changed in the interval that ends now.
    fn tell_depth(&mut self, flow: &Flow, at: Nanos) {
        if self.update_id == self.told_id {
            return;
        }
        let bids = levels_now(flow, Side::Buy, self.bids.iter().rev().copied());
        let asks = levels_now(flow, Side::Sell, self.asks.iter().copied());
        let depth = Depth {
            symbol: self.symbol,
            shape: flow.listing.shape,
            event_ns: at,
            first_id: self.told_id + 1,
            last_id: self.update_id,
            bids: &bids,
            asks: &asks,
        };
        if std::mem::take(&mut self.is_next_lost) {
            let what = "a gap in the update ids, healed by a new snapshot";
            let symbol = Some(self.symbol);
            self.faults.push(Fault { what, symbol, at, healed: Nanos::NONE });
        } else {
            self.reel.frame(at, |out| mirror::depth(&depth, out));
        }
        self.told_id = self.update_id;
        self.bids.clear();
        self.asks.clear();
    }

    /// The whole book of this moment, which arrives a little later.
    fn tell_all(&mut self, flow: &Flow, at: Nanos) {
        let [bids, asks] =
            [Side::Buy, Side::Sell].map(|side| flow.market.best(side, SNAPSHOT_LEVELS));
        let (shape, last_id) = (flow.listing.shape, self.update_id);
        let snapshot = Snapshot { shape, last_id, bids: &bids, asks: &asks };
        self.reel.reply(Nanos(at.0 + REST_WAY_NS), |out| mirror::snapshot(&snapshot, out));
    }
}
