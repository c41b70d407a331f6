//! The exit: what dispatch puts out. Orders go to the wire, reports go up, and all of it is tapped
//! for the cold side.

use super::super::trace::span::Reaction;
use super::super::trace::tap::{Tap, Tapped};
use super::link::{Flow, Inbox, Member, Spent};
use super::step::{Grid, Step};
use super::wait::Wait;
use crate::base::{AccountId, InstrumentId, OrderId};
use crate::event::{ClientId, Outcome, Report, Sent, Terms};
use crate::limits;
use crate::ring::Producer;
use crate::stage::contract::{Emit, On};
use crate::stage::dispatch::Dispatch;
use crate::sys::clock;
use crate::venue::trade::{Kind, Parcel};

/// An order's bytes on their way to the venue.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct Request {
    pub(in crate::pipeline) account: AccountId,
    kind: Kind,
    client: ClientId,
    order: OrderId,
    instrument: InstrumentId,
    terms: Terms,
    len: u16,
    bytes: [u8; limits::ORDER_BYTES_MAX],
}

impl Request {
    fn new(sent: &Sent<'_>) -> Request {
        let mut bytes = [0; limits::ORDER_BYTES_MAX];
        bytes[..sent.bytes.len()].copy_from_slice(sent.bytes);
        let Parcel { kind, client, order, instrument, terms, .. } = Parcel::of(sent);
        let account = sent.order.child().account;
        let len = sent.bytes.len() as u16;
        Request { account, kind, client, order, instrument, terms, len, bytes }
    }

    pub(in crate::pipeline) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// As a private session takes it.
    pub(in crate::pipeline) fn parcel(&self) -> Parcel<'_> {
        let Request { kind, client, order, instrument, terms, .. } = *self;
        Parcel { kind, client, order, instrument, terms, bytes: self.bytes() }
    }
}

/// Where dispatch puts what comes out of it.
#[derive(Debug)]
pub(in crate::pipeline) struct Exit {
    pub(in crate::pipeline) wire: Producer<Request>,
    /// To risk, to route, to strategy; empty in the last of these where nobody listens.
    pub(in crate::pipeline) reports: [Producer<Report>; 3],
    pub(in crate::pipeline) tap: Tap,
    pub(in crate::pipeline) reaction: Reaction,
    pub(in crate::pipeline) wait: Wait,
    /// Has an order of this step gone out?
    has_ordered: bool,
    is_measured: bool,
    /// Number of the step that is on its way; between two, of the next one.
    step: u64,
    /// What handing things on took in this step: none of dispatch's own time.
    spent: Spent,
}

impl Exit {
    pub(in crate::pipeline) fn new(
        wire: Producer<Request>,
        reports: [Producer<Report>; 3],
        tap: Tap,
        reaction: Reaction,
        wait: Wait,
    ) -> Exit {
        let (has_ordered, is_measured, spent) = (false, false, Spent::default());
        Exit { wire, reports, tap, reaction, wait, has_ordered, is_measured, step: 0, spent }
    }

    #[inline]
    fn send(&mut self, sent: &Sent<'_>) {
        if !self.has_ordered {
            self.has_ordered = true;
            let arrived = sent.order.child().stamp.arrived_tsc;
            // What follows from a report or from the time alone has no frame that it answers.
            if arrived != 0 {
                self.reaction.order(clock::counter().wrapping_sub(arrived));
            }
        }
        let request = Request::new(sent);
        push(&mut self.wire, request, "orders");
        self.tap.push(&Tapped::sent(self.step, sent), &self.wait);
    }

    fn report(&mut self, report: &Report) {
        for ring in &mut self.reports {
            push(ring, *report, "reports");
        }
        self.tap.push(&Tapped::Report(self.step, *report), &self.wait);
    }
}

/// Appends to a ring that is read between steps, so that waiting for room would be waiting for
/// oneself. It has room for all that a step can bring; a step that brings more is out of hand, and
/// the machine halts rather than lose an order or a report.
#[inline]
fn push<T>(ring: &mut Producer<T>, element: T, what: &str) {
    assert!(
        ring.push(element).is_ok(),
        "{what} of one step are more than {} slots hold",
        ring.capacity()
    );
}

impl Emit<Outcome<'_>> for Exit {
    #[inline]
    fn emit(&mut self, outcome: &Outcome<'_>) {
        let before = if self.is_measured { clock::counter() } else { 0 };
        match outcome {
            Outcome::Sent(sent) => self.send(sent),
            Outcome::Report(report) => self.report(report),
        }
        if self.is_measured {
            self.spent.ticks += clock::counter().wrapping_sub(before);
            self.spent.calls += 1;
        }
    }
}

impl Flow for Exit {
    fn begin(&mut self, step: &Step) {
        self.has_ordered = false;
        self.is_measured = step.is_measured;
        self.step = step.frame;
        self.spent = Spent::default();
    }

    fn spent(&self) -> Spent {
        self.spent
    }

    #[inline]
    fn done(&mut self, step: &Step) {
        self.step = step.frame + 1;
        // A front that did not have the frame has nothing to time.
        if step.arrived_tsc != 0 {
            self.reaction.decision(step.arrived_tsc);
        }
    }
}

/// Turns what dispatch says of a reply into what its exit takes.
struct AsOutcome<'a, O>(&'a mut O);

impl<O: for<'o> Emit<Outcome<'o>>> Emit<Report> for AsOutcome<'_, O> {
    fn emit(&mut self, report: &Report) {
        self.0.emit(&Outcome::Report(report));
    }
}

impl Member for Dispatch {
    type Out<'o> = Outcome<'o>;

    fn begin(
        &mut self,
        _step: &Step,
        _grid: &mut Grid,
        inbox: &mut Inbox,
        out: &mut impl for<'o> Emit<Outcome<'o>>,
    ) {
        for replies in &mut inbox.replies {
            while let Some(reply) = replies.pop() {
                inbox.heard += 1;
                self.on(&reply, &mut AsOutcome(out));
            }
        }
    }

    fn open_orders(&self) -> Option<usize> {
        Some(Dispatch::open_orders(self))
    }
}
