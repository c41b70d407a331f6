//! A product that a Coinbase session follows, and its subscriptions on the line that is lived on.
//!
//! Never: a price. Only whether its book comes.

use super::talk::Channel;
use crate::base::{InstrumentId, Nanos, Status, Symbol};
use crate::venue::session::{
    ANSWER_NS_MAX, Calm, FetchId, Grant, Jitter, Pace, Reason, SNAPSHOT_NS_MAX, Stage, State, Step,
};

/// A product and its subscriptions.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) product: Symbol,
    pub(super) id: InstrumentId,
    /// What the venue says of it; `None` before its metadata came.
    pub(super) status: Option<Status>,
    /// Why it cannot be followed.
    pub(super) refused: Option<Reason>,
    pub(super) book: Grant,
    pub(super) trade: Grant,
    pub(super) calm: Calm,
    /// Metadata is asked for from then on.
    pub(super) info_due: Nanos,
    /// The question that is not answered, and since when.
    pub(super) info: Option<(FetchId, Nanos)>,
    pub(super) info_failures: u32,
    pub(super) state: State,
}

impl Pair {
    pub(super) fn new(product: Symbol, id: InstrumentId, now: Nanos) -> Pair {
        Pair {
            product,
            id,
            status: None,
            refused: None,
            book: Grant::OFF,
            trade: Grant::OFF,
            calm: Calm::default(),
            info_due: now,
            info: None,
            info_failures: 0,
            state: State::new(Stage::Idle, Reason::NoMetadata, now),
        }
    }

    pub(super) fn is_listed(&self) -> bool {
        self.status.is_some() && matches!(self.refused, None | Some(Reason::Denied))
    }

    pub(super) fn is_described(&self) -> bool {
        self.status.is_some() || self.refused.is_some()
    }

    pub(super) fn grant(&mut self, channel: Channel) -> &mut Grant {
        if channel == Channel::Trade { &mut self.trade } else { &mut self.book }
    }

    /// Its metadata did not come.
    pub(super) fn put_off(&mut self, pace: Pace, jitter: &mut Jitter, now: Nanos) {
        self.info = None;
        self.info_failures = self.info_failures.saturating_add(1);
        self.info_due = Nanos(now.0.saturating_add(pace.wait_ns(self.info_failures, jitter)));
    }

    /// There is no line any more.
    pub(super) fn forget(&mut self) {
        (self.book, self.trade) = (Grant::OFF, Grant::OFF);
        if self.refused == Some(Reason::Denied) {
            self.refused = None;
        }
    }

    /// Takes the steps that only time decides.
    pub(super) fn step(&mut self, now: Nanos) {
        for grant in [&mut self.book, &mut self.trade] {
            if grant.is_overdue(Step::Asked, ANSWER_NS_MAX, now)
                || grant.is_overdue(Step::Leaving, ANSWER_NS_MAX, now)
            {
                grant.turn(Step::Wanted, now);
            }
        }
        if self.book.is_overdue(Step::Granted, SNAPSHOT_NS_MAX, now) {
            self.book.doubt(now, now);
        }
    }

    /// The venue lists what is subscribed on the line.
    pub(super) fn told(&mut self, channel: Channel, is_subscribed: bool, now: Nanos) {
        let grant = self.grant(channel);
        match (grant.step, is_subscribed) {
            (Step::Asked, true) if channel == Channel::Book => grant.turn(Step::Granted, now),
            (Step::Asked, true) => grant.turn(Step::Whole, now),
            (Step::Leaving, false) => grant.turn(Step::Wanted, now),
            _ => {}
        }
    }

    /// Its whole book came, perhaps before the subscription was confirmed.
    pub(super) fn whole(&mut self, now: Nanos) {
        if matches!(self.book.step, Step::Asked | Step::Granted | Step::Whole) {
            self.book.turn(Step::Whole, now);
        }
    }

    /// Makes the state that is shown follow from all else. `line` is the state of the line that is
    /// lived on or to be.
    pub(super) fn show(&mut self, line: State, has_line: bool, begun: bool, now: Nanos) {
        let is_granted = |grant: &Grant| matches!(grant.step, Step::Granted | Step::Whole);
        if self.refused == Some(Reason::Denied) && is_granted(&self.book) {
            self.refused = None;
        }
        let (stage, reason) = if let Some(reason) = self.refused {
            (Stage::Refused, reason)
        } else if self.status.is_none() {
            (Stage::Idle, Reason::NoMetadata)
        } else if !begun {
            (Stage::Idle, Reason::NotBegun)
        } else if self.status == Some(Status::Halted) {
            (Stage::Maintenance, Reason::Halted)
        } else if !has_line {
            (line.stage, line.reason)
        } else {
            match self.book.step {
                Step::Off | Step::Wanted | Step::Asked => (Stage::Subscribing, Reason::Ordinary),
                Step::Granted => (Stage::Syncing, Reason::Ordinary),
                Step::Doubted | Step::Leaving => (Stage::Syncing, Reason::Unproven),
                Step::Whole => (Stage::Live, Reason::Ordinary),
            }
        };
        self.state.turn(stage, reason, now);
    }
}
