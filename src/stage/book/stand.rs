//! A stand for the scenes: two books on one connection, and what came out of them.

use super::{Books, Settings, Shown};
use crate::base::{
    ConnectionId, Continuity, Form, Instrument, InstrumentId, Instruments, Nanos, Side, Symbol,
};
use crate::event::{
    Body, BookChange, BookState, Head, Level, Market, Part, QuoteCause, Resync, ResyncReason,
    Stamp, Tick, Top, Trade, View,
};
use crate::stage::contract::On;

pub(super) const ONE: InstrumentId = InstrumentId(0);
pub(super) const OTHER: InstrumentId = InstrumentId(1);

pub(super) type Pairs<'a> = &'a [(i64, i64)];

/// A book change in the making.
pub(super) fn ids(prev_id: u64, first_id: u64, last_id: u64) -> BookChange {
    BookChange { first_id, last_id, prev_id, ..BookChange::default() }
}

pub(super) fn snapshot(last_id: u64) -> BookChange {
    BookChange { last_id, snapshot: true, ..BookChange::default() }
}

pub(super) fn part(part: Part, last_id: u64) -> BookChange {
    BookChange { part, ..snapshot(last_id) }
}

pub(super) fn level(price: i64, qty: i64) -> Level {
    Level { price, qty }
}

pub(super) struct Stand {
    pub(super) books: Books,
    pub(super) views: Vec<View>,
    pub(super) now: i64,
    pub(super) decimals: (u8, u8),
    pub(super) connection: ConnectionId,
    frame: u64,
    resyncs: Vec<Resync>,
}

impl Stand {
    pub(super) fn new(continuity: Continuity, form: Form) -> Stand {
        let mut instruments = Instruments::default();
        for symbol in ["ONE", "OTHER"] {
            let symbol = Symbol::new(symbol.as_bytes()).unwrap();
            let plain = Instrument::plain("venue", symbol, 1, 8);
            instruments.add(Instrument { continuity, form, ..plain }).unwrap();
        }
        Stand {
            books: Books::new(&instruments, &Settings::default()),
            views: Vec::new(),
            now: Nanos::SECOND,
            decimals: (1, 8),
            connection: ConnectionId(3),
            frame: 0,
            resyncs: Vec::new(),
        }
    }

    pub(super) fn window(continuity: Continuity) -> Stand {
        Stand::new(continuity, Form::Window { ticks: 1 << 12 })
    }

    pub(super) fn ladder(continuity: Continuity) -> Stand {
        Stand::new(continuity, Form::Ladder { depth: 10 })
    }

    pub(super) fn event(&mut self, instrument: InstrumentId, body: Body, levels: &[Level]) {
        let stamp = Stamp {
            frame: self.frame,
            recv_ns: Nanos(self.now),
            connection: self.connection,
            ..Stamp::default()
        };
        let (price_decimals, qty_decimals) = self.decimals;
        let venue_ns = Nanos(self.now - 1);
        let head = Head { stamp, venue_ns, instrument, price_decimals, qty_decimals, body };
        self.books.on(&Market { head: &head, levels }, &mut self.views);
        self.books.drain_resyncs(&mut self.resyncs);
        self.frame += 1;
        self.now += 1;
    }

    pub(super) fn book_of(
        &mut self,
        id: InstrumentId,
        change: BookChange,
        bids: Pairs<'_>,
        asks: Pairs<'_>,
    ) {
        let change = BookChange { bids: bids.len() as u32, asks: asks.len() as u32, ..change };
        let levels: Vec<Level> = bids.iter().chain(asks).map(|(p, q)| level(*p, *q)).collect();
        self.event(id, Body::Book(change), &levels);
    }

    pub(super) fn book(&mut self, change: BookChange, bids: Pairs<'_>, asks: Pairs<'_>) {
        self.book_of(ONE, change, bids, asks);
    }

    pub(super) fn top(&mut self, update_id: u64, bid: (i64, i64), ask: (i64, i64)) {
        let (bid, ask) = (level(bid.0, bid.1), level(ask.0, ask.1));
        self.event(ONE, Body::Top(Top { update_id, bid, ask }), &[]);
    }

    pub(super) fn trade(&mut self, taker: Side, qty: i64) {
        self.event(ONE, Body::Trade(Trade { id: 1, price: 1_000, qty, taker }), &[]);
    }

    pub(super) fn tick_after(&mut self, ns: i64) {
        self.now += ns;
        self.books.on(&Tick { now: Nanos(self.now), frame: self.frame }, &mut self.views);
    }

    /// Why quotes went out since last asked, and in which state.
    pub(super) fn said(&mut self) -> Vec<(QuoteCause, BookState)> {
        self.views.drain(..).map(|view| (view.quote.cause, view.quote.state)).collect()
    }

    /// What was asked for since last asked.
    pub(super) fn asked(&mut self) -> Vec<ResyncReason> {
        self.resyncs.drain(..).map(|resync| resync.reason).collect()
    }

    pub(super) fn shown(&self) -> Shown {
        self.books.show(ONE).unwrap()
    }

    pub(super) fn state(&self) -> BookState {
        self.shown().state
    }

    pub(super) fn quote(&self) -> ((i64, i64), (i64, i64)) {
        let quote = &self.books.view(ONE).unwrap().quote;
        ((quote.bid.price, quote.bid.qty), (quote.ask.price, quote.ask.qty))
    }
}
