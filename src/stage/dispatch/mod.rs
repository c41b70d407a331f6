//! Dispatch: writes orders as their venues take them, and makes reports of what venues answer.
//!
//! In: [`Decision`], [`Reply`]. Out: [`Outcome`] (bytes to send, or a report at once) for a
//! decision, [`Report`] for a reply.
//! Never: an allocation after construction, an order sent that is not remembered, a reply acted on
//! that is not about an order of this session and account.
//!
//! What a reply comes to, by where its order stands:
//!
//! | | sent, unknown | open, partly filled | filled, cancelled, rejected, expired |
//! |---|---|---|---|
//! | accepted | open | stale | stale |
//! | filled, some of what is left | partly filled | partly filled | the same, the fill counts |
//! | filled, all of what is left | filled | filled | the same, the fill counts |
//! | filled, more than is left | excess | excess | excess |
//! | cancelled | cancelled | cancelled | stale |
//! | expired | expired | expired | stale |
//! | rejected, nothing filled | rejected | rejected | stale |
//! | rejected, something filled | | cancelled | stale |
//! | cancel rejected | the same | the same | the same |
//! | unknown | unknown; stale if it was | stale | stale |
//! | amended to other terms | open, partly filled or filled, by quantity | the same | stale |
//! | amendment rejected | stale | stale | stale |
//!
//! Each is reported but what is stale (known already, or overtaken by what came before it: replies
//! and private streams race at all venues) and an excess (no fill is larger than what was ordered,
//! so it was told twice): these are counted. An order that is over never comes back, not even by a
//! fill. A reply about an order that is not known is counted and kept for who wants to look.
//!
//! What was approved but cannot be sent is rejected at once, with a number that no venue has
//! ([`Unsent`]) and without reasons: a report with reasons is about what was never approved, and
//! nothing was reserved for it.

mod name;
mod table;
mod life;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod shuffle;

pub use name::{client_id, order_of};

use life::Turn;
use name::Names;
use table::{Entry, Table};

use super::contract::{Emit, On};
use crate::base::{AccountId, InstrumentId, Instruments, OrderId, Qty};
use crate::event::{
    Action, Child, Decision, Denial, Fill, Happened, Order, OrderState, Outcome, Reasons, Reply,
    Report, Sent,
};
use crate::limits;
use crate::sys::memory;
use crate::venue::{Dialect, Label, Session, Target, Template};

/// How it is set up.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Number of the session, higher than that of every session before: a part of all names.
    pub epoch: u32,
    /// The venue of each account, by its id.
    pub accounts: Vec<&'static Dialect>,
}

/// Why an approved order was not sent: numbers of a [`Report::rejection`] that no venue has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Unsent {
    /// As many orders are open as there may be.
    Full = u32::MAX,
    /// The account's venue does not trade the instrument, or is known from recordings only.
    NoDesk = u32::MAX - 1,
    /// The order to cancel is not one that may still trade.
    NotOpen = u32::MAX - 2,
}

/// What came and went since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders sent.
    pub sent: u64,
    /// Cancels sent.
    pub cancels_sent: u64,
    /// Approved orders and cancels that were not sent.
    pub unsent: u64,
    /// Denials passed on.
    pub denied: u64,
    /// Replies: accepted.
    pub accepted: u64,
    /// Replies: filled.
    pub filled: u64,
    /// Replies: cancelled.
    pub cancelled: u64,
    /// Replies: expired.
    pub expired: u64,
    /// Replies: rejected.
    pub rejected: u64,
    /// Replies: cancel rejected.
    pub cancels_rejected: u64,
    /// Replies: no answer.
    pub unanswered: u64,
    /// Replies: amended, or an amendment refused.
    pub amended: u64,
    /// Of these, what was known already or overtaken: dropped.
    pub stale: u64,
    /// Of these, fills of more than was left: dropped.
    pub excess: u64,
    /// Of these, about no order that is known: dropped.
    pub unknown: u64,
}

/// The stage.
#[derive(Debug)]
pub struct Dispatch {
    templates: Vec<Template>,
    /// By account and instrument: the place of its template, or `NO_TEMPLATE`.
    desks: Box<[u32]>,
    instruments: usize,
    names: Names,
    orders: Table,
    counts: Counts,
    /// The last replies about orders that are not known, in a circle.
    strays: Vec<Reply>,
}

const NO_TEMPLATE: u32 = u32::MAX;

impl Dispatch {
    /// Prepares the requests of every instrument at every account of its venue.
    pub fn new(instruments: &Instruments, settings: &Settings) -> Dispatch {
        let mut templates = Vec::new();
        let mut desks = Vec::with_capacity(settings.accounts.len() * instruments.len());
        for dialect in &settings.accounts {
            for instrument in instruments {
                let desk = dialect.desk.filter(|_| dialect.name == instrument.venue);
                let template = desk.and_then(|d| d.template(instrument, &Session::default()));
                desks.push(template.as_ref().map_or(NO_TEMPLATE, |_| templates.len() as u32));
                templates.extend(template);
            }
        }
        Dispatch {
            templates,
            desks: desks.into_boxed_slice(),
            instruments: instruments.len(),
            names: Names::new(settings.epoch),
            orders: Table::new(limits::OPEN_ORDERS_MAX, limits::OVER_ORDERS_KEPT),
            counts: Counts::default(),
            strays: memory::resident(limits::STRAY_REPLIES_KEPT),
        }
    }

    /// What came and went. Cold.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Orders that may still trade. Cold.
    pub fn open_orders(&self) -> usize {
        self.orders.open_count()
    }

    /// The last replies about orders that are not known, in no particular order. Cold.
    pub fn strays(&self) -> &[Reply] {
        &self.strays
    }

    /// Requests to cancel every order that may still trade, for when the rest of the machine has
    /// died: nobody is asked and nobody is told. Says how many there are. Cold.
    pub fn cancel_all(&mut self, send: &mut impl FnMut(AccountId, &[u8])) -> usize {
        let open: Vec<Entry> = self.orders.open().copied().collect();
        for entry in &open {
            let Some(desk) = self.desk(entry.account, entry.instrument) else { continue };
            let client = self.names.of(entry.order);
            let label = Label { order: entry.order, client, now: entry.stamp.recv_ns };
            let target = Target { client, venue_order: None };
            send(entry.account, self.templates[desk].cancel(&label, &target));
        }
        open.len()
    }

    fn place(&mut self, order: &Order, out: &mut impl for<'o> Emit<Outcome<'o>>) {
        let child = order.child();
        let Some(desk) = self.desk(child.account, child.instrument) else {
            return self.reject(order, Unsent::NoDesk, out);
        };
        if !self.orders.has_room() {
            return self.reject(order, Unsent::Full, out);
        }
        self.orders.insert(&Entry {
            stamp: child.stamp,
            order: order.id(),
            intent: child.intent,
            terms: child.terms,
            filled: Qty(0),
            instrument: child.instrument,
            strategy: child.strategy,
            account: child.account,
            state: OrderState::Sent,
        });
        self.counts.sent += 1;
        let client = self.names.of(order.id());
        let label = Label { order: order.id(), client, now: child.stamp.recv_ns };
        let bytes = self.templates[desk].place(&label, &child.terms);
        out.emit(&Outcome::Sent(&Sent { order, client, bytes }));
    }

    fn cancel(&mut self, order: &Order, out: &mut impl for<'o> Emit<Outcome<'o>>) {
        let child = order.child();
        let found = self.orders.find(child.cancels).map(|place| *self.orders.entry(place));
        let Some(entry) = found.filter(|entry| !entry.state.is_over()) else {
            return self.reject(order, Unsent::NotOpen, out);
        };
        // Where its order went: that it went there shows that there is a desk.
        let Some(desk) = self.desk(entry.account, entry.instrument) else {
            return self.reject(order, Unsent::NoDesk, out);
        };
        self.counts.cancels_sent += 1;
        let client = self.names.of(child.cancels);
        let own = self.names.of(order.id());
        let label = Label { order: order.id(), client: own, now: child.stamp.recv_ns };
        let target = Target { client, venue_order: None };
        let bytes = self.templates[desk].cancel(&label, &target);
        out.emit(&Outcome::Sent(&Sent { order, client, bytes }));
    }

    /// An approved order is not sent.
    #[cold]
    fn reject(&mut self, order: &Order, why: Unsent, out: &mut impl for<'o> Emit<Outcome<'o>>) {
        self.counts.unsent += 1;
        let mut report = refused(order.child(), order.id(), OrderState::Rejected);
        report.rejection = why as u32;
        out.emit(&Outcome::Report(&report));
    }

    #[cold]
    fn deny(&mut self, denial: &Denial, out: &mut impl for<'o> Emit<Outcome<'o>>) {
        self.counts.denied += 1;
        let mut report = refused(&denial.child, denial.id, OrderState::Denied);
        report.reasons = denial.reasons;
        out.emit(&Outcome::Report(&report));
    }

    /// The place of the template for an instrument at an account.
    #[inline]
    fn desk(&self, account: AccountId, instrument: InstrumentId) -> Option<usize> {
        if instrument.index() >= self.instruments {
            return None;
        }
        let place = self.desks.get(account.index() * self.instruments + instrument.index())?;
        (*place != NO_TEMPLATE).then_some(*place as usize)
    }

    /// The place of the order that a reply is about.
    #[inline]
    fn known(&mut self, reply: &Reply) -> Option<u32> {
        let place = self.orders.find(self.names.order(&reply.client)?)?;
        (self.orders.entry(place).account == reply.account).then_some(place)
    }

    #[cold]
    fn keep_stray(&mut self, reply: &Reply) {
        if self.strays.len() < limits::STRAY_REPLIES_KEPT {
            self.strays.push(*reply);
        } else {
            self.strays[self.counts.unknown as usize % limits::STRAY_REPLIES_KEPT] = *reply;
        }
        self.counts.unknown += 1;
    }

    fn count(&mut self, happened: &Happened) {
        let counts = &mut self.counts;
        *match happened {
            Happened::Accepted => &mut counts.accepted,
            Happened::Filled(_) => &mut counts.filled,
            Happened::Cancelled => &mut counts.cancelled,
            Happened::Expired => &mut counts.expired,
            Happened::Rejected(_) => &mut counts.rejected,
            Happened::CancelRejected(_) => &mut counts.cancels_rejected,
            Happened::Unknown => &mut counts.unanswered,
            Happened::Amended { .. } | Happened::AmendRejected(_) => &mut counts.amended,
        } += 1;
    }
}

impl<'d> On<Decision<'d>> for Dispatch {
    type Out<'o> = Outcome<'o>;

    #[inline]
    fn on(&mut self, decision: &Decision<'d>, out: &mut impl for<'o> Emit<Outcome<'o>>) {
        match decision {
            Decision::Order(order) => match order.child().action {
                Action::Place => self.place(order, out),
                Action::Cancel => self.cancel(order, out),
            },
            Decision::Denied(denial) => self.deny(denial, out),
        }
    }
}

impl On<Reply> for Dispatch {
    type Out<'o> = Report;

    fn on(&mut self, reply: &Reply, out: &mut impl Emit<Report>) {
        self.count(&reply.happened);
        let Some(place) = self.known(reply) else {
            return self.keep_stray(reply);
        };
        let entry = self.orders.entry(place);
        let was_over = entry.state.is_over();
        let turn = life::turn(entry, &reply.happened);
        let report = report(entry, reply);
        if report.state.is_over() && !was_over {
            self.orders.close(place);
        }
        match turn {
            Turn::News | Turn::CancelRefused => out.emit(&report),
            Turn::Stale => self.counts.stale += 1,
            Turn::Excess => self.counts.excess += 1,
        }
    }
}

/// What a reply makes known of an order.
fn report(entry: &Entry, reply: &Reply) -> Report {
    let mut stamp = entry.stamp;
    stamp.recv_ns = reply.recv_ns;
    // What follows from a reply does not answer the frame that the order answered.
    stamp.arrived_tsc = 0;
    let (fill, rejection) = match reply.happened {
        Happened::Filled(fill) => (fill, 0),
        Happened::Rejected(why) | Happened::CancelRejected(why) | Happened::AmendRejected(why) => {
            (Fill::default(), why)
        }
        _ => (Fill::default(), 0),
    };
    Report {
        stamp,
        order: entry.order,
        intent: entry.intent,
        terms: entry.terms,
        fill,
        filled: entry.filled,
        instrument: entry.instrument,
        reasons: Reasons::NONE,
        rejection,
        strategy: entry.strategy,
        account: entry.account,
        state: entry.state,
        is_cancel_refusal: matches!(reply.happened, Happened::CancelRejected(_)),
    }
}

/// What is said of an order, or of a cancel, that did not go out.
fn refused(child: &Child, id: OrderId, state: OrderState) -> Report {
    let is_cancel_refusal = child.action == Action::Cancel;
    Report { is_cancel_refusal, ..Report::of(child, id, state) }
}
