//! How a whole picture comes into a book: a snapshot, in parts if it is large, and then the changes
//! that waited for it.
//!
//! Never: a picture that is older than the book, or too old for what waits.

use super::contract::Sides;
use super::one::Book;
use super::shared::Shared;
use super::sync::Verdict;
use crate::base::Side;
use crate::event::{Body, BookChange, BookState, Head, Level, Part, ResyncReason, Top};

/// Where in a picture of several parts the book is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picture {
    /// Not in one.
    Done,
    /// Taking its parts.
    Taken,
    /// Letting its parts pass: it is too old, or the book broke since.
    Passed,
}

impl Book {
    /// A picture or a part of one. True where the ten best or the quote changed.
    pub(super) fn take_picture(
        &mut self,
        shared: &mut Shared,
        head: &Head,
        change: &BookChange,
        levels: &[Level],
    ) -> bool {
        let part = if change.snapshot { change.part } else { Part::Whole };
        if part.is_first() {
            self.picture = Picture::Taken;
            if !self.is_welcome(shared, head, change) {
                self.picture = Picture::Passed;
            }
        }
        if self.picture == Picture::Taken {
            self.load(head, change, levels, part);
        }
        let is_complete = part.is_last() && self.picture == Picture::Taken;
        if part.is_last() {
            self.picture = Picture::Done;
        }
        if !is_complete {
            return false;
        }
        self.has_asked = false;
        self.view.quote.state = BookState::Live;
        self.proof.anchor(change.last_id);
        self.accept(shared, head, change) && self.bridge(shared) && self.refresh(head.stamp.frame)
    }

    fn load(&mut self, head: &Head, change: &BookChange, levels: &[Level], part: Part) {
        if part.is_first() && !self.is_in_scale(head) {
            self.rescale(head);
        }
        if part != Part::Whole {
            self.view.quote.state = BookState::Syncing;
        }
        let (bids, asks) = levels.split_at((change.bids as usize).min(levels.len()));
        self.form.load(bids, asks, part.is_first());
    }

    /// Is a picture newer than what the book has, and can it reach what waits? One that cannot is
    /// let pass, and another is asked for.
    fn is_welcome(&mut self, shared: &mut Shared, head: &Head, change: &BookChange) -> bool {
        if !self.proof.has_ids() {
            return true;
        }
        let is_older = change.last_id < self.proof.last_id();
        if self.is_proven() {
            self.integrity.stale_dropped += u64::from(is_older);
            return !is_older;
        }
        let mut anchored = self.proof;
        anchored.anchor(change.last_id);
        let is_too_old = match shared.pending.first(self.id()).map(|waiting| waiting.body) {
            Some(Body::Book(first)) => anchored.judge(&first) == Verdict::Gap,
            _ => is_older,
        };
        if is_too_old {
            self.integrity.stale_dropped += 1;
            self.has_asked = false;
            self.ask(shared, &head.stamp, ResyncReason::Gap);
        }
        !is_too_old
    }

    /// The decimals of the instrument have changed with a picture.
    fn rescale(&mut self, head: &Head) {
        let quote = &mut self.view.quote;
        quote.price_decimals = head.price_decimals;
        quote.qty_decimals = head.qty_decimals;
        // What the top-of-book stream said was said in other units.
        self.top = Top::default();
        let (tick, decimals) = self.tick;
        let finer = i32::from(head.price_decimals) - i32::from(decimals);
        let power = 10_i64.checked_pow(finer.unsigned_abs()).unwrap_or(i64::MAX);
        let tick = if finer < 0 {
            (tick % power == 0).then_some(tick / power)
        } else {
            tick.checked_mul(power)
        };
        // A tick of one unit was never said by the venue, and stays unsaid.
        let tick = if self.tick.0 > 1 { tick.unwrap_or(1) } else { 1 };
        self.form.declare(tick);
    }

    /// Applies what waited for the picture that was just loaded. False where the book failed.
    fn bridge(&mut self, shared: &mut Shared) -> bool {
        let id = self.id();
        while let Some(head) = shared.pending.first(id).copied() {
            let Body::Book(change) = head.body else { break };
            match self.proof.judge(&change) {
                Verdict::Stale => {
                    self.integrity.stale_dropped += 1;
                    shared.pending.pop(id);
                    continue;
                }
                Verdict::Gap => {
                    self.integrity.gaps += 1;
                    self.fail(shared, &head.stamp, ResyncReason::Gap);
                    return false;
                }
                Verdict::Next => {}
            }
            if !self.is_in_scale(&head) {
                shared.pending.clear(id);
                self.fail(shared, &head.stamp, ResyncReason::Precision);
                return false;
            }
            let mut bids_left = change.bids as usize;
            shared.pending.visit_first(id, |piece| {
                let (bids, asks) = piece.split_at(bids_left.min(piece.len()));
                bids_left -= bids.len();
                self.form.apply(Side::Buy, bids);
                self.form.apply(Side::Sell, asks);
            });
            shared.pending.pop(id);
            if !self.accept(shared, &head, &change) {
                return false;
            }
        }
        true
    }
}
