//! What the market of one instrument looks like now. From book to signal.

use super::market::{Level, Stamp};
use crate::base::{InstrumentId, Nanos};
use crate::limits::DEPTH_LEVELS;

/// How far a book can be trusted. Nothing quotes on a book that is not `Live`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum BookState {
    /// Nothing known yet.
    #[default]
    Empty,
    /// Changes arrive, their snapshot does not yet.
    Syncing,
    /// Proven by all that the venue offers for proof.
    Live,
    /// Was live; the connection has been silent for too long.
    Stale,
    /// Proven wrong or incomplete; waits for a snapshot.
    Broken,
}

impl BookState {
    /// As in output: lower case.
    pub const fn name(self) -> &'static str {
        match self {
            BookState::Empty => "empty",
            BookState::Syncing => "syncing",
            BookState::Live => "live",
            BookState::Stale => "stale",
            BookState::Broken => "broken",
        }
    }
}

/// Why a quote went out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum QuoteCause {
    /// The ten best levels changed.
    #[default]
    Book,
    /// The venue's top-of-book stream was ahead of the book.
    Top,
    /// A trade.
    Trade,
    /// The state changed.
    State,
}

/// The top of one book, with counters that only grow, so that a reader who missed some quotes has
/// lost nothing but time. Two cache lines of plain data.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub struct Quote {
    /// The frame that caused it.
    pub stamp: Stamp,
    /// When the venue says it happened; [`Nanos::NONE`] where it does not.
    pub venue_ns: Nanos,
    /// Best bid; quantity 0 where the side is empty. The fresher of book and top-of-book stream.
    pub bid: Level,
    /// Best ask; quantity 0 where the side is empty. The fresher of book and top-of-book stream.
    pub ask: Level,
    /// Sum of all quantities that takers bought since start, wrapping.
    pub bought: i64,
    /// Sum of all quantities that takers sold since start, wrapping.
    pub sold: i64,
    /// The instrument.
    pub instrument: u32,
    /// Changes applied since start, wrapping; snapshots count only where every message is one.
    pub updates: u32,
    /// Trades since start, wrapping.
    pub trades: u32,
    /// Decimals of the prices.
    pub price_decimals: u8,
    /// Decimals of the quantities.
    pub qty_decimals: u8,
    /// How far the book can be trusted.
    pub state: BookState,
    /// Why it went out.
    pub cause: QuoteCause,
}

/// The ten best levels a side, best first; goes with a [`Quote`] of cause `Book`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub struct Depth {
    /// Best first; only the first `bid_count` count, the rest is zero.
    pub bids: [Level; DEPTH_LEVELS],
    /// Best first; only the first `ask_count` count, the rest is zero.
    pub asks: [Level; DEPTH_LEVELS],
    /// The frame that last changed it.
    pub frame: u64,
    /// The instrument.
    pub instrument: u32,
    /// Levels in `bids`.
    pub bid_count: u8,
    /// Levels in `asks`.
    pub ask_count: u8,
}

/// What a book shows after a frame: lies in the book's own slot and is borrowed by who is on the
/// same core.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub struct View {
    /// The top.
    pub quote: Quote,
    /// Ten levels a side, those of the last frame that changed them.
    pub depth: Depth,
}

impl Quote {
    /// The instrument's id.
    pub const fn instrument(&self) -> InstrumentId {
        InstrumentId(self.instrument)
    }
}

const _: () = assert!(size_of::<Quote>() == 128, "a quote is two cache lines");
const _: () = assert!(size_of::<Depth>() == 384, "a depth is six cache lines");
