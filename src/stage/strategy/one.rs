//! One strategy with its seats: what each message means to it.

use super::contract::Strategy;
use super::desk::{Counts, Desk};
use super::kind::Kind;
use super::purse::Purse;
use super::seat::Seat;
use super::settings::Given;
use super::slot::Heard;
use crate::base::{InstrumentId, InstrumentKind, Instruments, StrategyId};
use crate::event::{BookState, Intent, Outlook, Quote, Report, Stamp, Tick};

/// One strategy with its seats.
#[derive(Debug)]
pub(super) struct One {
    pub(super) id: StrategyId,
    pub(super) name: String,
    kind: Kind,
    pub(super) seats: Box<[Seat]>,
    /// By instrument; [`NOWHERE`] where it does not trade.
    places: Box<[u32]>,
    pub(super) purse: Purse,
    pub(super) counts: Counts,
    last_intent: u64,
    rest_ns_max: i64,
    /// Does it ever leave an order resting?
    may_rest: bool,
    /// Is it only to take back what rests?
    is_closing: bool,
}

/// Not traded.
const NOWHERE: u32 = u32::MAX;

impl One {
    pub(super) fn new(id: StrategyId, given: &Given, instruments: &Instruments) -> One {
        let mut purse = Purse::new(given.purse);
        let mut places = vec![NOWHERE; instruments.len()];
        let mut seats = Vec::with_capacity(given.instruments.len());
        for instrument in given.instruments.iter().filter_map(|id| instruments.with_id(*id)) {
            let place = &mut places[instrument.id.index()];
            if *place == NOWHERE && instrument.kind != InstrumentKind::Inverse {
                *place = seats.len() as u32;
                let fund = purse.fund(instrument.quote);
                seats.push(Seat::new(instrument, &given.purse, fund));
            }
        }
        let kind = Kind::new(&given.form);
        let rest_ns_max = kind.rest_ns_max();
        One {
            id,
            name: given.name.clone(),
            kind,
            seats: seats.into(),
            places: places.into(),
            purse,
            counts: Counts::default(),
            last_intent: 0,
            rest_ns_max,
            may_rest: rest_ns_max != i64::MAX,
            is_closing: false,
        }
    }

    /// The seat at an instrument.
    pub(super) fn place(&self, instrument: InstrumentId) -> Option<usize> {
        let place = self.places.get(instrument.index()).copied().unwrap_or(NOWHERE);
        (place != NOWHERE).then_some(place as usize)
    }

    /// The market moved at one of its seats.
    #[inline]
    pub(super) fn look(&mut self, place: usize, outlook: &Outlook<'_>, out: &mut Vec<Intent>) {
        let quote = &outlook.view.quote;
        // Apart, so that the rules are read where they lie while the desk holds the rest.
        let One { id, kind, seats, purse, counts, last_intent, rest_ns_max, is_closing, .. } = self;
        let mut desk = Desk {
            strategy: *id,
            stamp: quote.stamp,
            seat: &mut seats[place],
            purse,
            counts,
            last_intent,
            out,
        };
        let can_act = is_live(quote) && desk.seat.knows(quote) && kind.is_ready(outlook);
        if !can_act {
            desk.cancel_all();
            return;
        }
        if desk.seat.holding.net != 0 {
            desk.mark(quote.bid.price.saturating_add(quote.ask.price));
        }
        desk.cancel_old(*rest_ns_max);
        if *is_closing {
            desk.cancel_all();
        } else if desk.purse.stopped {
            desk.cancel_all();
            desk.leave(quote);
        } else {
            kind.decide(outlook, &mut desk);
        }
    }

    /// Logical time went on: what has rested for too long is taken back, whether or not the market
    /// of its instrument moves.
    pub(super) fn on_time(&mut self, tick: &Tick, out: &mut Vec<Intent>) {
        if !self.may_rest && !self.is_closing {
            return;
        }
        let rest_ns_max = if self.is_closing { 0 } else { self.rest_ns_max };
        for place in 0..self.seats.len() {
            let (frame, recv_ns) = (tick.frame, tick.now);
            let stamp = Stamp { frame, recv_ns, ..Stamp::default() };
            self.desk(place, stamp, out).cancel_old(rest_ns_max);
        }
    }

    /// From now on nothing is wanted but that what rests is taken back.
    pub(super) fn close(&mut self, tick: &Tick, out: &mut Vec<Intent>) {
        self.is_closing = true;
        self.on_time(tick, out);
    }

    /// What became of an order.
    pub(super) fn on_report(&mut self, report: &Report, out: &mut Vec<Intent>) {
        let Some(place) = self.place(report.instrument) else {
            self.counts.strays += 1;
            return;
        };
        let mut desk = self.desk(place, report.stamp, out);
        let seat = &mut *desk.seat;
        let mut is_counted = false;
        for slot in &mut seat.slots {
            is_counted |= slot.on(report) == Heard::Again;
        }
        if is_counted {
            desk.counts.repeats += 1;
        } else if report.is_fill() {
            // A fill counts even where its order was thought to be over.
            let fill = &report.fill;
            if seat.holding.fill(report.terms.side, fill.price.0, fill.qty.0) {
                seat.held_since = report.stamp.recv_ns;
            }
            desk.counts.fills += 1;
            desk.mark(fill.price.0.saturating_mul(2));
        }
        desk.settle();
    }

    #[inline(always)]
    fn desk<'a>(&'a mut self, place: usize, stamp: Stamp, out: &'a mut Vec<Intent>) -> Desk<'a> {
        Desk {
            strategy: self.id,
            stamp,
            seat: &mut self.seats[place],
            purse: &mut self.purse,
            counts: &mut self.counts,
            last_intent: &mut self.last_intent,
            out,
        }
    }
}

/// Can it be traded on?
#[inline(always)]
fn is_live(quote: &Quote) -> bool {
    let has_sides = quote.bid.qty > 0 && quote.ask.qty > 0;
    quote.state == BookState::Live && has_sides && quote.bid.price < quote.ask.price
}
