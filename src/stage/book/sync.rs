//! How a venue proves that a book missed nothing: which change may follow which.
//!
//! Never: levels. This only looks at ids.

use crate::base::Continuity;
use crate::event::BookChange;

/// What a book knows of its place in the venue's sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proof {
    rule: Continuity,
    /// Last update id that is in the book, or was when it broke.
    last_id: u64,
    /// Has a change followed the snapshot?
    is_bridged: bool,
}

/// What a change is to a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What comes next.
    Next,
    /// In the book already.
    Stale,
    /// Something before it is missing.
    Gap,
}

impl Proof {
    pub(super) const fn new(rule: Continuity) -> Proof {
        Proof { rule, last_id: 0, is_bridged: false }
    }

    pub(super) const fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Is it proven by update ids? Then changes wait for their snapshot instead of being lost.
    #[inline(always)]
    pub(super) const fn has_ids(&self) -> bool {
        matches!(self.rule, Continuity::UpdateId | Continuity::PreviousId)
    }

    /// Is every message a whole picture?
    #[inline(always)]
    pub(super) const fn is_picture(&self) -> bool {
        matches!(self.rule, Continuity::Picture)
    }

    /// Does a book that was not heard of for long miss nothing, if its connection lived on? Where
    /// the venue offers no proof at all, this is not taken on trust either.
    pub(super) const fn outlives_silence(&self) -> bool {
        !matches!(self.rule, Continuity::Unproven)
    }

    /// The connection started anew.
    pub(super) fn forget(&mut self) {
        *self = Proof::new(self.rule);
    }

    /// The book is now a snapshot with this id.
    pub(super) fn anchor(&mut self, id: u64) {
        self.last_id = id;
        self.is_bridged = false;
    }

    /// The book now has a change that was judged [`Verdict::Next`].
    #[inline(always)]
    pub(super) fn advance(&mut self, change: &BookChange) {
        self.last_id = change.last_id;
        self.is_bridged = true;
    }

    /// May this change follow?
    #[inline(always)]
    pub(super) fn judge(&self, change: &BookChange) -> Verdict {
        match self.rule {
            Continuity::UpdateId => self.judge_update_id(change),
            Continuity::PreviousId => self.judge_previous_id(change),
            _ => Verdict::Next,
        }
    }

    /// Binance spot: ids without a hole. Snapshot and change follow one another by the same rule.
    #[inline(always)]
    fn judge_update_id(&self, change: &BookChange) -> Verdict {
        if change.last_id <= self.last_id {
            Verdict::Stale
        } else if change.first_id <= self.last_id + 1 {
            Verdict::Next
        } else {
            Verdict::Gap
        }
    }

    /// Binance futures: each change names the last id of the one before. The first after a
    /// snapshot holds the snapshot's id, or follows it exactly.
    #[inline(always)]
    fn judge_previous_id(&self, change: &BookChange) -> Verdict {
        let follows = change.prev_id == self.last_id;
        if self.is_bridged {
            if follows {
                Verdict::Next
            } else if change.last_id <= self.last_id {
                Verdict::Stale
            } else {
                Verdict::Gap
            }
        } else if change.last_id < self.last_id {
            Verdict::Stale
        } else if follows || change.first_id <= self.last_id {
            Verdict::Next
        } else {
            Verdict::Gap
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(prev_id: u64, first_id: u64, last_id: u64) -> BookChange {
        BookChange { first_id, last_id, prev_id, ..BookChange::default() }
    }

    fn at(rule: Continuity, id: u64) -> Proof {
        let mut proof = Proof::new(rule);
        proof.anchor(id);
        proof
    }

    #[test]
    fn spot_change_follows_where_its_ids_leave_no_hole() {
        let proof = at(Continuity::UpdateId, 100);
        assert_eq!(proof.judge(&change(0, 90, 99)), Verdict::Stale);
        assert_eq!(proof.judge(&change(0, 90, 100)), Verdict::Stale);
        assert_eq!(proof.judge(&change(0, 90, 101)), Verdict::Next);
        assert_eq!(proof.judge(&change(0, 101, 109)), Verdict::Next);
        assert_eq!(proof.judge(&change(0, 102, 109)), Verdict::Gap);
    }

    #[test]
    fn first_futures_change_holds_or_follows_the_snapshots_id() {
        let proof = at(Continuity::PreviousId, 100);
        assert_eq!(proof.judge(&change(80, 90, 99)), Verdict::Stale);
        assert_eq!(proof.judge(&change(80, 90, 100)), Verdict::Next);
        assert_eq!(proof.judge(&change(100, 105, 109)), Verdict::Next);
        assert_eq!(proof.judge(&change(99, 101, 109)), Verdict::Gap);
    }

    #[test]
    fn later_futures_change_names_the_one_before() {
        let mut proof = at(Continuity::PreviousId, 100);
        proof.advance(&change(80, 90, 110));
        assert_eq!(proof.judge(&change(110, 115, 120)), Verdict::Next);
        assert_eq!(proof.judge(&change(80, 90, 110)), Verdict::Stale);
        assert_eq!(proof.judge(&change(109, 105, 120)), Verdict::Gap);
    }
}
