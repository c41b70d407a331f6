//! The stages of a run, as they are made: what each front has of its own, and what decides for all.

use super::super::plan::{Plan, RESYNCS_KEPT};
use super::world::Venue;
use crate::base::{InstrumentId, Instruments, Nanos};
use crate::event::{Happened, Reply, Resync};
use crate::limits;
use crate::ring::Consumer;
use crate::stage::book::{Books, Shown};
use crate::stage::contract::Emit;
use crate::stage::dispatch::Dispatch;
use crate::stage::feed::Feed;
use crate::stage::model::Models;
use crate::stage::risk::Gate;
use crate::stage::route::Router;
use crate::stage::signal::Signals;
use crate::stage::strategy::Strategies;
use crate::sys::memory;
use crate::venue::Dialect;

/// The two ends of the machine and what is between the first of them and the decision, for one
/// venue or for all.
#[derive(Debug)]
pub(in crate::pipeline) struct Ends {
    /// The dialect whose frames come in here; `*` for all.
    pub(in crate::pipeline) venue: String,
    /// Which connections those are.
    pub(in crate::pipeline) mine: Vec<bool>,
    pub(in crate::pipeline) feed: Feed,
    pub(in crate::pipeline) books: Books,
    pub(in crate::pipeline) signals: Signals,
    pub(in crate::pipeline) models: Models,
    pub(in crate::pipeline) dispatch: Dispatch,
    pub(in crate::pipeline) venues: Vec<Venue>,
    pub(in crate::pipeline) asked: Requests,
    /// Requests that came when the last frame was out.
    pub(in crate::pipeline) left: Option<Consumer<Resync>>,
}

/// What decides, once for all venues.
#[derive(Debug)]
pub(in crate::pipeline) struct Mind {
    pub(in crate::pipeline) strategies: Strategies,
    pub(in crate::pipeline) router: Router,
    pub(in crate::pipeline) gate: Gate,
}

/// Keeps the first requests for snapshots.
#[derive(Debug)]
pub(in crate::pipeline) struct Requests(pub(in crate::pipeline) Vec<Resync>);

impl Requests {
    fn new() -> Requests {
        let mut room = Vec::with_capacity(RESYNCS_KEPT);
        memory::prefault_spare(&mut room);
        Requests(room)
    }
}

impl Emit<Resync> for Requests {
    fn emit(&mut self, message: &Resync) {
        if self.0.len() < RESYNCS_KEPT {
            self.0.push(*message);
        }
    }
}

impl Ends {
    /// For the venue of this name, or for all of them; `dialects` are those of the connections.
    pub(in crate::pipeline) fn new(
        venue: &str,
        dialects: &[&'static Dialect],
        instruments: &Instruments,
        plan: &Plan,
    ) -> Ends {
        let is_mine = |name: &str| venue == "*" || name == venue;
        let trading = &plan.trading;
        let papers = trading.venues.iter().filter(|paper| is_mine(paper.dialect.name));
        Ends {
            venue: venue.to_owned(),
            mine: dialects.iter().map(|dialect| is_mine(dialect.name)).collect(),
            feed: Feed::new(dialects, instruments, plan.level),
            books: Books::new(instruments, &plan.books),
            signals: Signals::new(instruments, &trading.signal),
            models: Models::new(instruments, &trading.model),
            dispatch: Dispatch::new(instruments, &trading.dispatch),
            venues: papers.map(|paper| paper.open(instruments)).collect(),
            asked: Requests::new(),
            left: None,
        }
    }

    /// What an instrument's book shows, if it is kept here.
    pub(in crate::pipeline) fn show(
        &self,
        id: InstrumentId,
        instruments: &Instruments,
    ) -> Option<Shown> {
        let venue = instruments.with_id(id)?.venue;
        let is_mine = self.venue == "*" || self.venue == venue;
        if is_mine { self.books.show(id) } else { None }
    }

    /// Cancels every open order, at the end or after a thread has died; says what became of them.
    /// Nothing comes after it, so its time is the end of time.
    pub(in crate::pipeline) fn cancel_all(&mut self) -> Swept {
        const SENT: Nanos = Nanos(limits::RECV_NS_MAX);
        let Ends { dispatch, venues, .. } = self;
        dispatch.cancel_all(&mut |account, bytes| {
            if let Some(venue) = venues.iter_mut().find(|venue| venue.account == account) {
                // One that a full venue does not take stays open there, and is not counted.
                let _ = venue.exchange.take(bytes, SENT);
            }
        });
        let mut replies: Vec<Reply> = Vec::new();
        for venue in venues {
            venue.exchange.advance(Nanos(i64::MAX), &mut replies);
        }
        let cancelled = replies.iter().filter(|reply| reply.happened == Happened::Cancelled);
        let filled = replies.iter().filter(|reply| matches!(reply.happened, Happened::Filled(_)));
        Swept { cancelled: cancelled.count(), filled: filled.count() }
    }

    /// Takes the requests that were left on their way.
    pub(in crate::pipeline) fn take_left(&mut self) {
        let Some(mut left) = self.left.take() else { return };
        while let Some(resync) = left.pop() {
            self.asked.emit(&resync);
        }
    }
}

/// What became of the orders that were open at the end, by the venues' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Swept {
    /// Cancelled.
    pub(in crate::pipeline) cancelled: usize,
    /// Fills that came before the cancel did: nobody has booked them.
    pub(in crate::pipeline) filled: usize,
}

impl Mind {
    pub(in crate::pipeline) fn new(instruments: &Instruments, plan: &Plan) -> Mind {
        let trading = &plan.trading;
        let mut gate = Gate::new(instruments, &trading.risk);
        if let Some(state) = &trading.risk_state {
            gate.restore(state);
        }
        Mind {
            strategies: Strategies::new(instruments, &trading.strategy),
            router: Router::new(instruments, &trading.route),
            gate,
        }
    }
}
