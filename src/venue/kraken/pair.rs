//! A pair that a Kraken session follows: what the venue says of it, and its subscriptions.
//!
//! Never: a price. Only whether its book comes, and on which line.

use super::talk::Channel;
use crate::base::{InstrumentId, Nanos, Status, Symbol};
use crate::limits::LINES_MAX;
use crate::venue::session::{ASKS_MAX, Calm, Grant, Reason, SNAPSHOT_NS_MAX, Stage, State, Step};

/// Wait where the venue leaves one symbol without an answer again and again.
const UNANSWERED_REST_NS: i64 = 60 * Nanos::SECOND;

/// A pair and its subscriptions, by line.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) symbol: Symbol,
    pub(super) id: InstrumentId,
    /// What the venue says of it; `None` before its metadata came.
    pub(super) status: Option<Status>,
    /// Why it cannot be followed.
    pub(super) refused: Option<Reason>,
    pub(super) book: [Grant; LINES_MAX],
    pub(super) trade: [Grant; LINES_MAX],
    /// The line whose changes of its book count.
    pub(super) owner: Option<u8>,
    pub(super) calm: Calm,
    /// The latest trade seen while two lines bring them, 0 for none.
    pub(super) trade_id: u64,
    /// As shown.
    pub(super) state: State,
}

impl Pair {
    pub(super) fn new(symbol: Symbol, id: InstrumentId, now: Nanos) -> Pair {
        Pair {
            symbol,
            id,
            status: None,
            refused: None,
            book: [Grant::OFF; LINES_MAX],
            trade: [Grant::OFF; LINES_MAX],
            owner: None,
            calm: Calm::default(),
            trade_id: 0,
            state: State::new(Stage::Idle, Reason::NoMetadata, now),
        }
    }

    /// Is it known what it is, and may it be asked for?
    pub(super) fn is_listed(&self) -> bool {
        self.status.is_some() && matches!(self.refused, None | Some(Reason::Denied))
    }

    /// Its subscription to a channel on a line.
    pub(super) fn grant(&mut self, channel: Channel, index: u8) -> Option<&mut Grant> {
        match channel {
            Channel::Book => self.book.get_mut(usize::from(index)),
            Channel::Trade => self.trade.get_mut(usize::from(index)),
            Channel::Instrument | Channel::Other => None,
        }
    }

    /// Takes the steps that only time decides.
    pub(super) fn step(&mut self, index: u8, answer_ns_max: i64, now: Nanos) {
        let n = usize::from(index);
        for grant in [&mut self.book[n], &mut self.trade[n]] {
            if grant.is_overdue(Step::Asked, answer_ns_max, now)
                || grant.is_overdue(Step::Leaving, answer_ns_max, now)
            {
                grant.turn(Step::Wanted, now);
                if grant.asks >= ASKS_MAX {
                    grant.due = Nanos(now.0 + UNANSWERED_REST_NS);
                }
            }
        }
        if self.book[n].is_overdue(Step::Granted, SNAPSHOT_NS_MAX, now) {
            self.book[n].doubt(now, now);
        }
    }

    /// Makes the state that is shown follow from all else. `line` is the state of the line that
    /// is lived on.
    pub(super) fn show(&mut self, line: Option<State>, begun: bool, now: Nanos) {
        let is_granted = |grant: &Grant| matches!(grant.step, Step::Granted | Step::Whole);
        if self.refused == Some(Reason::Denied)
            && self.owner.is_some_and(|n| is_granted(&self.book[usize::from(n)]))
        {
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
        } else if let Some(owner) = self.owner {
            let book = &self.book[usize::from(owner)];
            match book.step {
                Step::Off | Step::Wanted | Step::Asked => (Stage::Subscribing, Reason::Ordinary),
                Step::Granted => (Stage::Syncing, Reason::Ordinary),
                Step::Doubted | Step::Leaving => (Stage::Syncing, Reason::Unproven),
                Step::Whole => (Stage::Live, Reason::Ordinary),
            }
        } else {
            line.map_or((Stage::Idle, Reason::NoLine), |line| (line.stage, line.reason))
        };
        self.state.turn(stage, reason, now);
    }
}
