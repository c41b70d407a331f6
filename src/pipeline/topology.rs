//! THE MACHINE ON ONE SCREEN: every stage, link, depth and overflow rule.
//!
//! ```text
//!   frames -> feed -> book -> signal -> model -> strategy -> route -> risk -> dispatch -> wire
//!               ^      |                           ^           ^       ^         |  ^       |
//!               +------+ resyncs                   +-----------+-------+---------+  +-------+
//!                                                        reports                     replies
//!
//!   one             [feed book signal model strategy route risk dispatch]
//!   venue-per-core  [feed book signal model ... dispatch] a venue, [strategy route risk] for all
//!   stage-per-core  [feed] [book] [signal] [model] [strategy] [route] [risk] [dispatch]
//! ```
//!
//! What is within brackets shares a core and is linked by calls; brackets are linked by rings. What
//! happens when one is full is decided here, never in a stage: in replay every ring waits. Arrows
//! up are rings in every layout.

use super::flow::carry::{
    CarriedDecision, CarriedOutlook, CarriedRouted, CarriedSeen, CarriedWanted,
};
use super::flow::exit::{Exit, Request};
use super::flow::link::{Flow, Link, Parcel, ToCore};
use super::flow::member::Shelf;
use super::flow::step::Step;
use super::flow::wait::Wait;
use super::trace::tap::Tapped;
use crate::event::{Decision, Head, Level, Reply, Report, Resync, View};
use crate::limits;
use crate::ring::{self, Consumer, Producer, level};
use crate::stage::contract::Emit;
use crate::stage::dispatch::Dispatch;
use crate::stage::model::Models;
use crate::stage::risk::Gate;
use crate::stage::route::Router;
use crate::stage::signal::Signals;
use crate::stage::strategy::Strategies;

/// The way to dispatch: its seat, its exit, or the rings to each venue's dispatch.
pub(super) type ToDispatch<'a> = Link<'a, Dispatch, Exit, ToVenues>;
/// The way to risk: its seat and what is behind it, or the ring to it. So each of these.
pub(super) type ToRisk<'a> = Link<'a, Gate, ToDispatch<'a>, ToCore<CarriedRouted>>;
/// The way to route.
pub(super) type ToRoute<'a> = Link<'a, Router, ToRisk<'a>, ToCore<CarriedWanted>>;
/// The way to strategy.
pub(super) type ToStrategy<'a> = Link<'a, Strategies, ToRoute<'a>, ToCore<CarriedOutlook>>;
/// The way to model.
pub(super) type ToModel<'a> = Link<'a, Models, ToStrategy<'a>, ToCore<CarriedSeen>>;
/// The way to signal.
pub(super) type ToSignal<'a> = Link<'a, Signals, ToModel<'a>, ToCore<View>>;
/// The way to book.
pub(super) type ToBook<'a> = Link<'a, Shelf<'a>, ToSignal<'a>, ToBooks>;

/// A market event on its way between cores; its levels travel beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    /// The event.
    pub(super) head: Head,
    /// How many levels it has.
    pub(super) levels: u32,
}

/// The writing end of the link from feed to book.
pub(super) struct ToBooks {
    pub(super) heads: ToCore<Carried>,
    pub(super) levels: level::Writer<Level>,
}

/// Its reading end.
pub(super) struct FromFeed {
    pub(super) heads: Consumer<Parcel<Carried>>,
    pub(super) levels: level::Reader<Level>,
}

/// The writing ends of the links from risk to each venue's dispatch.
#[derive(Debug)]
pub(super) struct ToVenues {
    pub(super) rings: Vec<ToCore<CarriedDecision>>,
    /// Which of them by account; what is of no account goes to the first.
    pub(super) of_account: Vec<usize>,
}

/// From book to feed: a request an instrument is the most that can be outstanding.
pub(super) fn resyncs() -> (Producer<Resync>, Consumer<Resync>) {
    ring::spsc(limits::RING_RESYNC_SLOTS)
}

/// From dispatch up to risk, to route or to strategy.
pub(super) fn reports() -> (Producer<Report>, Consumer<Report>) {
    ring::spsc(limits::RING_REPORT_SLOTS)
}

/// From the venues to dispatch.
pub(super) fn replies() -> (Producer<Reply>, Consumer<Reply>) {
    ring::spsc(limits::RING_REPORT_SLOTS)
}

/// From dispatch to the venues.
pub(super) fn wire() -> (Producer<Request>, Consumer<Request>) {
    ring::spsc(limits::RING_WIRE_SLOTS)
}

/// From dispatch to the cold side.
pub(super) fn tap() -> (Producer<Tapped>, Consumer<Tapped>) {
    ring::spsc(limits::RING_TAP_SLOTS)
}

/// A ring between two stages.
pub(super) fn stages<C>(wait: &Wait) -> (ToCore<C>, Consumer<Parcel<C>>) {
    let (ring, reader) = ring::spsc(limits::RING_STAGE_SLOTS);
    (ToCore { ring, wait: wait.clone() }, reader)
}

/// The link from feed to book.
pub(super) fn feed_book(wait: &Wait) -> (ToBooks, FromFeed) {
    let (ring, heads) = ring::spsc(limits::RING_MARKET_SLOTS);
    let (writer, reader) = level::ring(limits::RING_LEVEL_SLOTS);
    let to = ToBooks { heads: ToCore { ring, wait: wait.clone() }, levels: writer };
    (to, FromFeed { heads, levels: reader })
}

impl Emit<Decision<'_>> for ToVenues {
    fn emit(&mut self, decision: &Decision<'_>) {
        let account = match decision {
            Decision::Order(order) => order.child().account,
            Decision::Denied(denial) => denial.child.account,
        };
        let ring = self.of_account.get(account.index()).copied().unwrap_or(0);
        self.rings[ring].emit(decision);
    }
}

impl Flow for ToVenues {
    fn begin(&mut self, step: &Step) {
        self.rings.iter_mut().for_each(|ring| ring.begin(step));
    }

    fn done(&mut self, step: &Step) {
        self.rings.iter_mut().for_each(|ring| ring.done(step));
    }
}
