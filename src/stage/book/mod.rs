//! Book: keeps one book per instrument, proves it by all that its venue offers, and says what the
//! market looks like now.
//!
//! In: [`Market`], [`Tick`]. Out: [`View`], only when the ten best levels, the quote or the state
//! changed, or a trade happened; [`Resync`] where a book can no longer be proven.
//! Never: a clock, an allocation after construction, a crossed or unproven book that says `Live`.

mod one;
mod picture;
mod shared;
mod pending;
mod sync;
mod integrity;
mod link;
mod form;
mod ladder;
mod checksum;
mod window;
mod near;
mod far;
mod grid;
mod bitmap;
mod room;
mod contract;
#[cfg(test)]
mod twin;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod scene_ids;

pub use contract::{Best, Sides};
pub use form::Form;
pub use integrity::Integrity;
pub use ladder::Ladder;
pub use link::Settings;
pub use one::Checksum;
pub use window::Window;

use link::Links;
use one::Book;
use shared::Shared;

use super::contract::{Emit, Idle, On};
use crate::base::{Continuity, InstrumentId, Instruments, Nanos, Side};
use crate::event::{Body, BookState, Head, Level, Market, QuoteCause, Resync, Stamp, Tick, View};

/// The stage: every book of the process, by instrument.
#[derive(Debug)]
pub struct Books {
    all: Box<[Book]>,
    links: Links,
    shared: Shared,
    /// Books whose window wants to move, for an idle moment; each at most once.
    astray: Vec<InstrumentId>,
}

/// What one book is, for output. Cold.
#[derive(Clone, Debug)]
pub struct Shown {
    /// How far it can be trusted.
    pub state: BookState,
    /// The ten best bids, best first; fewer where there are fewer.
    pub bids: Vec<Level>,
    /// The ten best asks, best first; fewer where there are fewer.
    pub asks: Vec<Level>,
    /// Bid levels in all.
    pub bid_levels: usize,
    /// Ask levels in all.
    pub ask_levels: usize,
    /// Changes applied since start, wrapping; snapshots count only where every message is one.
    pub updates: u32,
    /// Last update id that is in it, 0 where there is none.
    pub last_update_id: u64,
    /// The last checksum, where the venue sends them.
    pub checksum: Option<Checksum>,
    /// Were levels dropped because there was no room for them?
    pub truncated: bool,
    /// Decimals of the prices.
    pub price_decimals: u8,
    /// Decimals of the quantities.
    pub qty_decimals: u8,
    /// What was checked.
    pub integrity: Integrity,
}

impl Books {
    /// A book for each instrument, in the form and with the proof that it names.
    pub fn new(instruments: &Instruments, settings: &Settings) -> Books {
        let has_ids =
            |continuity| matches!(continuity, Continuity::UpdateId | Continuity::PreviousId);
        Books {
            all: instruments.iter().map(Book::new).collect(),
            links: Links::new(settings),
            shared: Shared::new(
                instruments.len(),
                instruments.iter().any(|instrument| has_ids(instrument.continuity)),
            ),
            astray: Vec::with_capacity(instruments.len()),
        }
    }

    /// Hands over the requests for snapshots. To be called after every frame: until then one
    /// request stands for all of its book.
    #[inline]
    pub fn drain_resyncs(&mut self, out: &mut impl Emit<Resync>) {
        for resync in self.shared.resyncs.drain(..) {
            out.emit(&resync);
        }
    }

    /// What a book shows now; `None` where there is no such instrument.
    pub fn view(&self, id: InstrumentId) -> Option<&View> {
        self.all.get(id.index()).map(|book| &book.view)
    }

    /// All about a book, for output. Cold.
    pub fn show(&self, id: InstrumentId) -> Option<Shown> {
        let book = self.all.get(id.index())?;
        let best = |side| {
            let mut levels = Vec::new();
            book.form.visit(side, &mut |level| {
                if levels.len() < crate::limits::DEPTH_LEVELS {
                    levels.push(level);
                }
            });
            levels
        };
        Some(Shown {
            state: book.state(),
            bids: best(Side::Buy),
            asks: best(Side::Sell),
            bid_levels: book.form.levels(Side::Buy),
            ask_levels: book.form.levels(Side::Sell),
            updates: book.view.quote.updates,
            last_update_id: book.last_update_id(),
            checksum: book.checksum,
            truncated: book.form.truncated(),
            price_decimals: book.view.quote.price_decimals,
            qty_decimals: book.view.quote.qty_decimals,
            integrity: book.integrity,
        })
    }

    /// Shows all levels of a side, best first. Cold.
    pub fn visit(&self, id: InstrumentId, side: Side, seen: &mut dyn FnMut(Level)) {
        if let Some(book) = self.all.get(id.index()) {
            book.form.visit(side, seen);
        }
    }

    /// What was checked in all books together. Cold.
    pub fn integrity(&self) -> Integrity {
        let mut sum = Integrity::default();
        for book in &self.all {
            sum += book.integrity;
        }
        sum
    }

    /// Applies `change` to each book that an event about a connection or an instrument concerns.
    #[cold]
    fn each(
        &mut self,
        head: &Head,
        out: &mut impl Emit<View>,
        mut change: impl FnMut(&mut Book, &mut Shared) -> Option<QuoteCause>,
    ) {
        if head.instrument == InstrumentId::NONE {
            for book in self.all.iter_mut().filter(|b| b.is_on(head.stamp.connection)) {
                let cause = change(book, &mut self.shared);
                emit(book, head, cause, out);
            }
        } else if let Some(book) = self.all.get_mut(head.instrument.index()) {
            let cause = change(book, &mut self.shared);
            emit(book, head, cause, out);
        }
    }

    /// A connection speaks again after a silence. The book that `head` is about is left to its own
    /// event.
    #[cold]
    fn hear(&mut self, head: &Head, out: &mut impl Emit<View>) {
        if matches!(head.body, Body::Gap | Body::Reset) {
            return;
        }
        let about = match head.body {
            Body::Book(_) => head.instrument,
            _ => InstrumentId::NONE,
        };
        let head = Head::about_connection(head.stamp, Body::Alive);
        self.each(&head, out, |book, shared| {
            if book.view.quote.instrument() == about {
                return None;
            }
            book.on_voice(shared, &head.stamp)
        });
    }

    /// Tells books that what waited in them had to go.
    #[cold]
    fn spread_overflow(&mut self, stamp: &Stamp) {
        while let Some(id) = self.shared.overflowed.pop() {
            self.all[id.index()].on_overflow(&mut self.shared, stamp);
        }
    }
}

impl<'a> On<Market<'a>> for Books {
    type Out<'o> = View;

    #[inline]
    fn on(&mut self, message: &Market<'a>, out: &mut impl Emit<View>) {
        let head = message.head;
        if self.links.mark(head.stamp.connection, head.stamp.recv_ns) {
            self.hear(head, out);
        }
        let stamp = &head.stamp;
        match &head.body {
            Body::Gap => return self.each(head, out, |book, shared| book.on_gap(shared, stamp)),
            Body::Reset => return self.each(head, out, Book::on_reset),
            _ => {}
        }
        let Some(book) = self.all.get_mut(head.instrument.index()) else {
            return;
        };
        let cause = match &head.body {
            Body::Book(change) => book.on_book(&mut self.shared, head, change, message.levels),
            Body::Top(top) => book.on_top(head, top),
            Body::Trade(trade) => Some(book.on_trade(trade)),
            Body::Gap | Body::Reset | Body::Alive => None,
        };
        emit(book, head, cause, out);
        // Only levels move the best ones; asking after every trade would fetch lines for nothing.
        let has_levels = matches!(head.body, Body::Book(_));
        if has_levels && !book.is_queued && cause.is_some() && book.form.wants_recentre() {
            book.is_queued = true;
            self.astray.push(head.instrument);
        }
        if !self.shared.overflowed.is_empty() {
            self.spread_overflow(stamp);
        }
    }
}

impl On<Tick> for Books {
    type Out<'o> = View;

    fn on(&mut self, tick: &Tick, out: &mut impl Emit<View>) {
        while let Some(connection) = self.links.next_silent(tick.now) {
            for book in self.all.iter_mut().filter(|book| book.is_on(connection)) {
                if let Some(cause) = book.on_silence() {
                    book.view.quote.stamp.recv_ns = tick.now;
                    book.view.quote.venue_ns = Nanos::NONE;
                    book.view.quote.cause = cause;
                    out.emit(&book.view);
                }
            }
        }
    }
}

impl Idle for Books {
    fn idle(&mut self) {
        if let Some(id) = self.astray.pop() {
            let book = &mut self.all[id.index()];
            book.is_queued = false;
            book.form.recentre();
        }
    }
}

#[inline]
fn emit(book: &mut Book, head: &Head, cause: Option<QuoteCause>, out: &mut impl Emit<View>) {
    if let Some(cause) = cause {
        let quote = &mut book.view.quote;
        quote.stamp = head.stamp;
        quote.venue_ns = head.venue_ns;
        quote.cause = cause;
        out.emit(&book.view);
    }
}
