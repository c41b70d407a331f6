//! What one frame said about one instrument, or about its connection. From feed to book.

use crate::base::{ConnectionId, InstrumentId, Nanos, Side};

/// Which frame, when: travels unchanged with everything that follows from the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Stamp {
    /// Number of the frame: counts all frames of the process from 0, gaps never.
    pub frame: u64,
    /// Logical time: when we got it. From the tape in replay; all that stages see.
    pub recv_ns: Nanos,
    /// Time stamp counter at arrival. For measurement only: enters no decision, journal or hash.
    pub arrived_tsc: u64,
    /// The connection it came on.
    pub connection: ConnectionId,
}

/// A price level: the quantity that now rests at a price, zero to remove it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Level {
    /// In units of 10^-`price_decimals` of the instrument.
    pub price: i64,
    /// In units of 10^-`qty_decimals` of the instrument; absolute, never a difference.
    pub qty: i64,
}

/// One event of a frame, with its levels: first `bids` bids, then `asks` asks, in wire order.
#[derive(Clone, Copy, Debug)]
pub struct Market<'a> {
    /// All but the levels.
    pub head: &'a Head,
    /// Levels of a [`Body::Book`]; empty otherwise.
    pub levels: &'a [Level],
}

/// All of a market event but its levels: two cache lines of plain data.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Head {
    /// Frame and stamps.
    pub stamp: Stamp,
    /// When the venue says it happened; [`Nanos::NONE`] where it does not.
    pub venue_ns: Nanos,
    /// The instrument; [`InstrumentId::NONE`] for events about the connection.
    pub instrument: InstrumentId,
    /// Decimals of the prices in this event.
    pub price_decimals: u8,
    /// Decimals of the quantities in this event.
    pub qty_decimals: u8,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Levels changed, or a whole picture.
    Book(BookChange),
    /// Best bid and ask, from the venue's own top-of-book stream.
    Top(Top),
    /// A trade.
    Trade(Trade),
    /// Frames of this connection were lost or refused: none of its books is proven any more.
    Gap,
    /// The connection started anew: what its books knew of sequence is void.
    Reset,
    /// A sign of life: the venue said something that changes no book.
    Alive,
}

/// Levels changed, or a whole picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookChange {
    /// First update id in it (Binance `U`), 0 where there is none.
    pub first_id: u64,
    /// Last update id in it (Binance `u`, a snapshot's `lastUpdateId`), 0 where there is none.
    pub last_id: u64,
    /// Last update id of the event before (Binance futures `pu`), 0 where there is none.
    pub prev_id: u64,
    /// How many of the levels are bids: they come first.
    pub bids: u32,
    /// How many are asks.
    pub asks: u32,
    /// CRC32 of the book after it (Kraken), where the venue sends one.
    pub checksum: Option<u32>,
    /// Replaces the book instead of changing it.
    pub snapshot: bool,
    /// A large snapshot comes in parts.
    pub part: Part,
}

/// Where in a snapshot of several parts this one stands; a change is always `Whole`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// The first of several: clears the book.
    First,
    /// One in between.
    Middle,
    /// The last: now the book may be checked and shown.
    Last,
}

/// Best bid and ask, from the venue's own top-of-book stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Top {
    /// Update id, comparable with a book's `last_id` (Binance), 0 where there is none.
    pub update_id: u64,
    /// Best bid; quantity 0 where the side is empty.
    pub bid: Level,
    /// Best ask; quantity 0 where the side is empty.
    pub ask: Level,
}

/// A trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The venue's id, 0 where there is none.
    pub id: u64,
    /// Price, in units of the instrument.
    pub price: i64,
    /// Quantity, in units of the instrument.
    pub qty: i64,
    /// Side of the taker: `Buy` where the aggressor bought.
    pub taker: Side,
}

impl Head {
    /// An event about a connection, not about an instrument.
    pub const fn about_connection(stamp: Stamp, body: Body) -> Head {
        Head {
            stamp,
            venue_ns: Nanos::NONE,
            instrument: InstrumentId::NONE,
            price_decimals: 0,
            qty_decimals: 0,
            body,
        }
    }
}

impl Part {
    /// Does it begin a picture?
    pub const fn is_first(self) -> bool {
        matches!(self, Part::Whole | Part::First)
    }

    /// Does it end a picture?
    pub const fn is_last(self) -> bool {
        matches!(self, Part::Whole | Part::Last)
    }
}

const _: () = assert!(size_of::<Head>() <= 128, "a market head is two cache lines");
const _: () = assert!(size_of::<Level>() == 16);
