//! One book: levels, their proof, a state, and what it shows.
//!
//! In: what concerns this instrument. Out: why a quote should go out, if one should.
//! Never: a crossed or unproven book that says `Live`. A book that fails keeps the prices that it
//! showed last, says `Broken` and asks for a snapshot once.

use super::contract::{Best, Sides};
use super::form::Form;
use super::integrity::Integrity;
use super::picture::Picture;
use super::shared::Shared;
use super::sync::{Proof, Verdict};
use crate::base::{ConnectionId, Instrument, InstrumentId, Side};
use crate::event::{
    BookChange, BookState, Head, Level, QuoteCause, Resync, ResyncReason, Stamp, Top, Trade, View,
};

/// The venue's checksum beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// What the ten best levels give.
    pub ours: u32,
    /// What the venue said that they give.
    pub theirs: u32,
}

/// One book.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) view: View,
    pub(super) form: Form,
    pub(super) proof: Proof,
    pub(super) picture: Picture,
    /// Is a snapshot on its way because we asked for it?
    pub(super) has_asked: bool,
    /// Of the last book event.
    connection: Option<ConnectionId>,
    /// The latest of the venue's top-of-book stream; update id 0 where there is none.
    pub(super) top: Top,
    pub(super) integrity: Integrity,
    pub(super) checksum: Option<Checksum>,
    /// Waits for [`Form::recentre`].
    pub(super) is_queued: bool,
    /// The venue's grid, and the decimals it is meant in.
    pub(super) tick: (i64, u8),
}

impl Book {
    pub(super) fn new(instrument: &Instrument) -> Book {
        let mut view = View::default();
        view.quote.instrument = instrument.id.0;
        view.depth.instrument = instrument.id.0;
        view.quote.price_decimals = instrument.price_decimals;
        view.quote.qty_decimals = instrument.qty_decimals;
        Book {
            view,
            form: Form::new(instrument.form, instrument.tick.0),
            proof: Proof::new(instrument.continuity),
            picture: Picture::Done,
            has_asked: false,
            connection: None,
            top: Top::default(),
            integrity: Integrity::default(),
            checksum: None,
            is_queued: false,
            tick: (instrument.tick.0, instrument.price_decimals),
        }
    }

    pub(super) fn state(&self) -> BookState {
        self.view.quote.state
    }

    pub(super) fn last_update_id(&self) -> u64 {
        self.proof.last_id()
    }

    pub(super) fn is_on(&self, connection: ConnectionId) -> bool {
        self.connection == Some(connection)
    }

    /// Levels changed, or a whole picture.
    #[inline]
    pub(super) fn on_book(
        &mut self,
        shared: &mut Shared,
        head: &Head,
        change: &BookChange,
        levels: &[Level],
    ) -> Option<QuoteCause> {
        let before = self.state();
        self.connection = Some(head.stamp.connection);
        if before == BookState::Stale && self.proof.outlives_silence() {
            self.view.quote.state = BookState::Live;
        }
        let has_changed = if change.snapshot || self.proof.is_picture() {
            self.take_picture(shared, head, change, levels)
        } else {
            self.take_change(shared, head, change, levels)
        };
        self.cause_since(before, has_changed.then_some(QuoteCause::Book))
    }

    /// The venue's own best bid and ask. Where it is newer than the book, the quote shows it until
    /// the book has caught up; the levels are never touched.
    #[inline]
    pub(super) fn on_top(&mut self, head: &Head, top: &Top) -> Option<QuoteCause> {
        let is_older = top.update_id <= self.top.update_id;
        let is_sided = top.bid.qty != 0 && top.ask.qty != 0;
        if is_older || (is_sided && top.bid.price >= top.ask.price) || !self.is_in_scale(head) {
            return None;
        }
        self.top = *top;
        if !self.is_behind_top() {
            return None;
        }
        self.view.quote.bid = top.bid;
        self.view.quote.ask = top.ask;
        Some(QuoteCause::Top)
    }

    /// A trade.
    #[inline]
    pub(super) fn on_trade(&mut self, trade: &Trade) -> QuoteCause {
        let quote = &mut self.view.quote;
        let sum = match trade.taker {
            Side::Buy => &mut quote.bought,
            Side::Sell => &mut quote.sold,
        };
        *sum = sum.wrapping_add(trade.qty);
        quote.trades = quote.trades.wrapping_add(1);
        QuoteCause::Trade
    }

    /// Frames of the connection were lost. What waits for a snapshot has a hole too.
    pub(super) fn on_gap(&mut self, shared: &mut Shared, stamp: &Stamp) -> Option<QuoteCause> {
        let before = self.state();
        shared.pending.clear(self.id());
        self.integrity.gaps += u64::from(before != BookState::Broken);
        self.fail(shared, stamp, ResyncReason::Connection);
        self.cause_since(before, None)
    }

    /// The connection started anew: its snapshot comes by itself.
    pub(super) fn on_reset(&mut self, shared: &mut Shared) -> Option<QuoteCause> {
        let before = self.state();
        shared.pending.clear(self.id());
        self.proof.forget();
        self.top = Top::default();
        self.has_asked = false;
        self.leave(BookState::Syncing);
        self.cause_since(before, None)
    }

    /// The connection has been silent for too long.
    pub(super) fn on_silence(&mut self) -> Option<QuoteCause> {
        let is_live = self.state() == BookState::Live;
        is_live.then(|| {
            self.view.quote.state = BookState::Stale;
            QuoteCause::State
        })
    }

    /// The connection speaks again, and nothing says that it lost anything. A book that nothing
    /// ever proves asks for a snapshot instead of trusting that.
    pub(super) fn on_voice(&mut self, shared: &mut Shared, stamp: &Stamp) -> Option<QuoteCause> {
        if self.state() != BookState::Stale {
            return None;
        }
        if self.proof.outlives_silence() {
            self.view.quote.state = BookState::Live;
            return Some(QuoteCause::State);
        }
        self.ask(shared, stamp, ResyncReason::Connection);
        None
    }

    /// The changes that waited for a snapshot had to go.
    pub(super) fn on_overflow(&mut self, shared: &mut Shared, stamp: &Stamp) {
        self.integrity.overflows += 1;
        self.ask(shared, stamp, ResyncReason::Overflow);
    }

    pub(super) fn id(&self) -> InstrumentId {
        self.view.quote.instrument()
    }

    pub(super) fn is_proven(&self) -> bool {
        matches!(self.state(), BookState::Live | BookState::Stale)
    }

    pub(super) fn is_in_scale(&self, head: &Head) -> bool {
        let quote = &self.view.quote;
        (head.price_decimals, head.qty_decimals) == (quote.price_decimals, quote.qty_decimals)
    }

    fn is_behind_top(&self) -> bool {
        self.state() == BookState::Live
            && self.proof.has_ids()
            && self.top.update_id > self.proof.last_id()
    }

    fn cause_since(&self, before: BookState, other: Option<QuoteCause>) -> Option<QuoteCause> {
        if self.state() == before { other } else { Some(QuoteCause::State) }
    }

    /// A change. True where the ten best or the quote changed.
    #[inline]
    fn take_change(
        &mut self,
        shared: &mut Shared,
        head: &Head,
        change: &BookChange,
        levels: &[Level],
    ) -> bool {
        if !self.is_proven() {
            self.wait(shared, head, levels);
            return false;
        }
        match self.proof.judge(change) {
            Verdict::Stale => {
                self.integrity.stale_dropped += 1;
                return false;
            }
            Verdict::Gap => {
                self.integrity.gaps += 1;
                self.fail(shared, &head.stamp, ResyncReason::Gap);
                self.wait(shared, head, levels);
                return false;
            }
            Verdict::Next => {}
        }
        if !self.is_in_scale(head) {
            self.fail(shared, &head.stamp, ResyncReason::Precision);
            return false;
        }
        let (bids, asks) = levels.split_at((change.bids as usize).min(levels.len()));
        self.form.apply(Side::Buy, bids);
        self.form.apply(Side::Sell, asks);
        self.accept(shared, head, change) && self.refresh(head.stamp.frame)
    }

    /// A change that cannot be applied yet.
    fn wait(&mut self, shared: &mut Shared, head: &Head, levels: &[Level]) {
        if self.proof.has_ids() {
            shared.put_off(self.id(), head, levels);
        } else if self.picture == Picture::Taken {
            // A change between the parts of a picture: we cannot know which of them is newer.
            self.fail(shared, &head.stamp, ResyncReason::Gap);
        }
        if self.state() == BookState::Empty {
            self.view.quote.state = BookState::Syncing;
        }
    }

    /// The levels of a message are in: checks all that the venue offers. False where the book
    /// failed.
    #[inline]
    pub(super) fn accept(&mut self, shared: &mut Shared, head: &Head, change: &BookChange) -> bool {
        self.form.settle();
        if !change.snapshot {
            self.proof.advance(change);
        }
        let counts = !change.snapshot || self.proof.is_picture();
        self.view.quote.updates = self.view.quote.updates.wrapping_add(u32::from(counts));
        let failure = self.find_fault(change);
        if let Some(reason) = failure {
            self.fail(shared, &head.stamp, reason);
        }
        failure.is_none()
    }

    #[inline]
    fn find_fault(&mut self, change: &BookChange) -> Option<ResyncReason> {
        if let Some(theirs) = change.checksum {
            let ours = self.form.checksum();
            self.checksum = Some(Checksum { ours, theirs });
            if ours != theirs {
                self.integrity.checksum_bad += 1;
                return Some(ResyncReason::Checksum);
            }
            self.integrity.checksum_ok += 1;
        }
        let has_top = self.top.update_id != 0 && self.top.update_id == change.last_id;
        if !has_top && !self.form.touched(Side::Buy) && !self.form.touched(Side::Sell) {
            return None;
        }
        let (bid, ask) = (self.form.best(Side::Buy), self.form.best(Side::Sell));
        if let (Some(bid), Some(ask)) = (bid, ask)
            && bid.price >= ask.price
        {
            self.integrity.crossed += 1;
            return Some(ResyncReason::Crossed);
        }
        if has_top {
            let there = |level: Level| (level.qty != 0).then_some(level);
            if (bid, ask) != (there(self.top.bid), there(self.top.ask)) {
                self.integrity.quote_mismatch += 1;
                return Some(ResyncReason::Quote);
            }
            self.integrity.quote_match += 1;
        }
        None
    }

    /// Brings the view up to date. True where the ten best or the quote changed.
    #[inline]
    pub(super) fn refresh(&mut self, frame: u64) -> bool {
        let depth = &mut self.view.depth;
        let mut has_changed = false;
        for side in [Side::Buy, Side::Sell] {
            if !self.form.touched(side) {
                continue;
            }
            let (levels, count) = match side {
                Side::Buy => (&mut depth.bids, &mut depth.bid_count),
                Side::Sell => (&mut depth.asks, &mut depth.ask_count),
            };
            let mut best = Best::default();
            *count = self.form.top(side, &mut best) as u8;
            if best != *levels {
                *levels = best;
                depth.frame = frame;
                has_changed = true;
            }
        }
        let (bid, ask) = if self.is_behind_top() {
            (self.top.bid, self.top.ask)
        } else {
            (self.view.depth.bids[0], self.view.depth.asks[0])
        };
        let quote = &mut self.view.quote;
        has_changed |= (quote.bid, quote.ask) != (bid, ask);
        (quote.bid, quote.ask) = (bid, ask);
        has_changed
    }

    #[cold]
    pub(super) fn fail(&mut self, shared: &mut Shared, stamp: &Stamp, reason: ResyncReason) {
        self.leave(BookState::Broken);
        self.ask(shared, stamp, reason);
    }

    /// Into a state in which the book is not proven.
    fn leave(&mut self, state: BookState) {
        self.view.quote.state = state;
        if self.picture == Picture::Taken {
            self.picture = Picture::Passed;
        }
    }

    pub(super) fn ask(&mut self, shared: &mut Shared, stamp: &Stamp, reason: ResyncReason) {
        let instrument = self.id();
        if self.has_asked {
            return;
        }
        self.has_asked = true;
        self.integrity.resyncs += 1;
        // One that was not picked up yet stands for this one too.
        if shared.resyncs.iter().all(|resync| resync.instrument != instrument) {
            let connection = self.connection.unwrap_or(stamp.connection);
            shared.resyncs.push(Resync { frame: stamp.frame, instrument, connection, reason });
        }
    }
}
