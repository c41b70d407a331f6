//! Ours as a whole: frame bytes in, order bytes out, through all eight stages as the pipeline's
//! layout `one` chains them: each stage calls the next.
//!
//! In: frames. Out: the bytes of an order at every frame, as in the plain builds. The desk of
//! `desk.rs` stands where strategies do; all other stages are those that ship.
//! Never: an order that stays open. What went out is expired before the next frame, untimed.

use std::hint::black_box;

use neural_kraken::base::{AccountId, InstrumentId, Instruments, Nanos};
use neural_kraken::event::{
    Body, ClientId, Happened, Head, Market, Outcome, Reply, Stamp, Tick, View,
};
use neural_kraken::stage::book::{Books, Settings};
use neural_kraken::stage::contract::{Emit, Idle, Nowhere, On};
use neural_kraken::stage::dispatch::{self, Dispatch};
use neural_kraken::stage::feed::Feed;
use neural_kraken::stage::model::Models;
use neural_kraken::stage::risk::Gate;
use neural_kraken::stage::route::Router;
use neural_kraken::stage::signal::{self, Signals};
use neural_kraken::venue::wire::FastLevel;
use neural_kraken::venue::{Dialect, Input};

use super::desk::Desk;
use super::outfit;

/// Every stage, on one core; `L` takes the orders' bytes.
pub(crate) struct Chain<L = Void> {
    feed: Feed,
    rest: ToBooks<L>,
    /// Logical time up to which ticks went out.
    ticked: Nanos,
}

/// A stage and what comes behind it, which it calls directly.
struct Then<S, N> {
    stage: S,
    next: N,
}

type ToBooks<L> = Then<Books, ToSignals<L>>;
type ToSignals<L> = Then<Signals, ToModels<L>>;
type ToModels<L> = Then<Models, ToDesk<L>>;
type ToDesk<L> = Then<Desk, ToRouter<L>>;
type ToRouter<L> = Then<Router, ToGate<L>>;
type ToGate<L> = Then<Gate, ToDispatch<L>>;
type ToDispatch<L> = Then<Dispatch, Exit<L>>;

impl<M, S, N> Emit<M> for Then<S, N>
where
    S: On<M>,
    N: for<'o> Emit<S::Out<'o>>,
{
    #[inline(always)]
    fn emit(&mut self, message: &M) {
        self.stage.on(message, &mut self.next);
    }
}

/// What takes the orders' bytes.
pub(crate) trait Line {
    /// An order goes out.
    fn order(&mut self, bytes: &[u8]);
}

/// They end here.
#[derive(Debug, Default)]
pub(crate) struct Void;

impl Line for Void {
    #[inline(always)]
    fn order(&mut self, bytes: &[u8]) {
        black_box(bytes);
    }
}

/// Where orders' bytes end.
struct Exit<L> {
    line: L,
    /// Orders that went out and are still open.
    open: Vec<(AccountId, ClientId)>,
    /// Orders that went out since start.
    sent: u64,
    /// Orders that did not.
    refused: u64,
}

impl<L: Line> Emit<Outcome<'_>> for Exit<L> {
    #[inline(always)]
    fn emit(&mut self, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Sent(sent) => {
                self.line.order(sent.bytes);
                self.sent += 1;
                self.open.push((sent.order.child().account, sent.client));
            }
            Outcome::Report(report) => {
                black_box(report);
                self.refused += 1;
            }
        }
    }
}

impl Chain {
    /// Nothing seen. `instruments` are those that [`outfit::tradable`] made.
    pub(crate) fn new(dialects: &[&'static Dialect], instruments: &Instruments) -> Chain {
        Chain::onto(Void, dialects, instruments)
    }

    /// The same with other models.
    pub(crate) fn with(
        models: Models,
        dialects: &[&'static Dialect],
        instruments: &Instruments,
    ) -> Chain {
        Chain::made(Void, models, dialects, instruments)
    }
}

impl<L: Line> Chain<L> {
    /// The same, with orders going onto `line`.
    pub(crate) fn onto(
        line: L,
        dialects: &[&'static Dialect],
        instruments: &Instruments,
    ) -> Chain<L> {
        Chain::made(line, outfit::models(instruments), dialects, instruments)
    }

    fn made(
        line: L,
        models: Models,
        dialects: &[&'static Dialect],
        instruments: &Instruments,
    ) -> Chain<L> {
        let accounts = dispatch::Settings { epoch: 7, accounts: dialects.to_vec() };
        let exit = Exit { line, open: Vec::with_capacity(4_096), sent: 0, refused: 0 };
        let stage = Dispatch::new(instruments, &accounts);
        let next = Then { stage, next: exit };
        let next = Then { stage: outfit::gate(dialects, instruments), next };
        let next = Then { stage: outfit::router(dialects, instruments), next };
        let next = Then { stage: Desk::new(instruments), next };
        let next = Then { stage: models, next };
        let signals = Signals::new(instruments, &signal::Settings::default());
        let next = Then { stage: signals, next };
        Chain {
            feed: Feed::new(dialects, instruments, FastLevel::detect()),
            rest: Then { stage: Books::new(instruments, &Settings::default()), next },
            ticked: Nanos(0),
        }
    }

    /// Forgets every book; what the feed has learned stays.
    pub(crate) fn reset(&mut self) {
        self.idle();
        let head = Head::about_connection(Stamp::default(), Body::Reset);
        self.rest.emit(&Market { head: &head, levels: &[] });
        self.desk().stage.forget();
        self.ticked = Nanos(0);
    }

    /// Forgets one book.
    pub(crate) fn reset_one(&mut self, id: InstrumentId) {
        self.idle();
        let about = Head::about_connection(Stamp::default(), Body::Reset);
        let head = Head { instrument: id, ..about };
        self.rest.emit(&Market { head: &head, levels: &[] });
    }

    /// A frame in, all that follows from it out. This is what is timed.
    #[inline]
    pub(crate) fn frame(&mut self, input: &Input<'_>) {
        self.feed.decode(input);
        self.feed.emit(input, &mut self.rest);
        let desk = &mut self.rest.next.next.next;
        desk.stage.insist(&input.stamp, &mut desk.next);
    }

    /// The work that waits until the frame is out: orders are over, time goes on. Not timed.
    pub(crate) fn idle(&mut self) {
        self.rest.stage.drain_resyncs(&mut Vec::new());
        self.rest.stage.idle();
        self.rest.next.next.stage.idle();
        let now = self.desk().stage.now();
        let mut reports = Vec::new();
        let dispatch = self.dispatch();
        while let Some((account, client)) = dispatch.next.open.pop() {
            let happened = Happened::Expired;
            let (recv_ns, venue_ns) = (now, now);
            let reply = Reply { recv_ns, venue_ns, account, client, venue_order: 0, happened };
            dispatch.stage.on(&reply, &mut reports);
        }
        let router = &mut self.desk().next;
        for report in &reports {
            router.stage.on(report, &mut Nowhere);
            router.next.stage.on(report, &mut Nowhere);
        }
        if now.0 - self.ticked.0 >= Tick::GRID_NS {
            self.ticked = now;
            self.desk().next.next.stage.on(&Tick { now, frame: 0 }, &mut Nowhere);
        }
    }

    fn desk(&mut self) -> &mut ToDesk<L> {
        &mut self.rest.next.next.next
    }

    fn dispatch(&mut self) -> &mut ToDispatch<L> {
        &mut self.desk().next.next.next
    }

    /// What takes the orders.
    pub(crate) fn line(&mut self) -> &mut L {
        &mut self.dispatch().next.line
    }

    /// What a book shows.
    pub(crate) fn view(&self, id: InstrumentId) -> &View {
        self.rest.stage.view(id).unwrap()
    }

    /// Orders that went out, and orders that were wanted and did not.
    pub(crate) fn orders(&self) -> (u64, u64) {
        let exit = &self.rest.next.next.next.next.next.next.next;
        (exit.sent, exit.refused)
    }

    /// How often each reason denied an order.
    pub(crate) fn denied(&self) -> Vec<(&'static str, u64)> {
        let counts = self.rest.next.next.next.next.next.stage.denied();
        let reasons = neural_kraken::event::Reason::ALL.iter().zip(counts);
        reasons.filter(|(_, count)| *count > 0).map(|(r, count)| (r.name(), count)).collect()
    }
}
