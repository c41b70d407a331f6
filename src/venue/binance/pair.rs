//! A symbol that a Binance session follows: its subscriptions, how its book is anchored, and what
//! of it went to the feed.
//!
//! Never: a price. Only ids.

use crate::base::{InstrumentId, Nanos, Status, Symbol};
use crate::limits::LINES_MAX;
use crate::venue::session::{Calm, FetchId, Grant, Reason, Stage, State, Step};

/// How a book stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Book {
    /// Needs a snapshot, and why.
    Void(Reason),
    /// A snapshot is asked for.
    Fetching(FetchId),
    /// Its snapshot went to the feed.
    Anchored,
}

/// What is to become of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Feed,
    /// Another line brought it.
    Duplicate,
    /// It does not follow on what the feed has, and another line will bring what is missing.
    Ahead,
}

/// A symbol and its subscriptions, by line.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) symbol: Symbol,
    pub(super) id: InstrumentId,
    /// What the venue says of it; `None` before its metadata came.
    pub(super) status: Option<Status>,
    /// Why it cannot be followed.
    pub(super) refused: Option<Reason>,
    /// Its streams. Whole on a line that has brought a change which joins on what the feed has.
    pub(super) streams: [Grant; LINES_MAX],
    /// Is it asked for alone, since a request for several was turned down?
    pub(super) is_alone: bool,
    pub(super) book: Book,
    /// No snapshot is asked for before.
    pub(super) due: Nanos,
    pub(super) calm: Calm,
    /// The first update id of the first change since the book was void, 0 for none.
    pub(super) first_id: u64,
    /// The last update id that went to the feed since two lines are open, 0 for none.
    pub(super) seen_id: u64,
    pub(super) trade_id: u64,
    pub(super) quote_id: u64,
    pub(super) state: State,
}

impl Pair {
    pub(super) fn new(symbol: Symbol, id: InstrumentId, now: Nanos) -> Pair {
        Pair {
            symbol,
            id,
            status: None,
            refused: None,
            streams: [Grant::OFF; LINES_MAX],
            is_alone: false,
            book: Book::Void(Reason::Ordinary),
            due: now,
            calm: Calm::default(),
            first_id: 0,
            seen_id: 0,
            trade_id: 0,
            quote_id: 0,
            state: State::new(Stage::Idle, Reason::NoMetadata, now),
        }
    }

    pub(super) fn is_listed(&self) -> bool {
        self.status.is_some() && matches!(self.refused, None | Some(Reason::Denied))
    }

    /// The book must be anchored anew.
    pub(super) fn void(&mut self, reason: Reason, due: Nanos) {
        (self.book, self.due, self.first_id) = (Book::Void(reason), due, 0);
    }

    /// A snapshot did not come, or not the right one; what waits for it stays.
    pub(super) fn void_again(&mut self, reason: Reason, due: Nanos) {
        (self.book, self.due) = (Book::Void(reason), due);
    }

    /// From now on two lines bring its events.
    pub(super) fn compare(&mut self) {
        (self.seen_id, self.trade_id, self.quote_id) = (0, 0, 0);
    }

    /// Does a line bring its events?
    pub(super) fn is_granted(&self, index: u8) -> bool {
        matches!(self.streams[usize::from(index)].step, Step::Granted | Step::Whole)
    }

    /// A change of the book, with its first and last id, while two lines bring them. A change that
    /// leaves a hole counts only where the leader brings it: then it is a real one, and the book
    /// will say so.
    pub(super) fn change(&mut self, first: u64, last: u64, is_leader: bool) -> Verdict {
        if last <= self.seen_id {
            return Verdict::Duplicate;
        }
        let follows = self.seen_id != 0 && first <= self.seen_id + 1;
        if !follows && !is_leader {
            return Verdict::Ahead;
        }
        self.seen_id = last;
        Verdict::Feed
    }

    /// A trade: their ids count up by one.
    pub(super) fn trade(&mut self, id: u64, is_leader: bool) -> Verdict {
        if id <= self.trade_id {
            return Verdict::Duplicate;
        }
        if !is_leader && (self.trade_id == 0 || id != self.trade_id + 1) {
            return Verdict::Ahead;
        }
        self.trade_id = id;
        Verdict::Feed
    }

    /// A best bid and ask: the newest counts, whoever brings it.
    pub(super) fn quote(&mut self, id: u64) -> Verdict {
        if id <= self.quote_id {
            return Verdict::Duplicate;
        }
        self.quote_id = id;
        Verdict::Feed
    }

    /// Makes the state that is shown follow from all else. `line` is the state of the line that is
    /// lived on, `is_granted` whether one brings its events.
    pub(super) fn show(&mut self, line: State, is_granted: bool, begun: bool, now: Nanos) {
        if self.refused == Some(Reason::Denied) && is_granted {
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
        } else if !is_granted {
            (line.stage.min(Stage::Subscribing), line.reason)
        } else {
            match self.book {
                Book::Void(reason) => (Stage::Syncing, reason),
                Book::Fetching(_) => (Stage::Syncing, Reason::Ordinary),
                Book::Anchored => (Stage::Live, Reason::Ordinary),
            }
        };
        self.state.turn(stage, reason, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> Pair {
        Pair::new(Symbol::new(b"BTCUSDT").unwrap(), InstrumentId(1), Nanos(1))
    }

    #[test]
    fn the_first_of_two_lines_wins_where_ids_leave_no_hole() {
        let mut pair = pair();
        assert_eq!(pair.change(1, 5, false), Verdict::Ahead, "the leader has said nothing yet");
        assert_eq!(pair.change(1, 5, true), Verdict::Feed);
        assert_eq!(pair.change(1, 5, false), Verdict::Duplicate);
        assert_eq!(pair.change(6, 9, false), Verdict::Feed);
        assert_eq!(pair.change(6, 9, true), Verdict::Duplicate);
        // Other borders between events: what overlaps follows.
        assert_eq!(pair.change(8, 12, false), Verdict::Feed);
        assert_eq!(pair.change(20, 25, false), Verdict::Ahead);
        assert_eq!(pair.change(13, 19, true), Verdict::Feed);
        assert_eq!(pair.change(30, 31, true), Verdict::Feed, "a hole on the line lived on is real");
    }

    #[test]
    fn trades_come_once_and_without_holes() {
        let mut pair = pair();
        assert_eq!(pair.trade(7, true), Verdict::Feed);
        assert_eq!(pair.trade(7, false), Verdict::Duplicate);
        assert_eq!(pair.trade(9, false), Verdict::Ahead);
        assert_eq!(pair.trade(8, false), Verdict::Feed);
        assert_eq!(pair.trade(9, true), Verdict::Feed);
    }
}
