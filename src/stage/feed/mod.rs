//! Feed: turns frames into market events, and watches each connection's own counter.
//!
//! In: [`Input`], one frame at a time. Out: [`Market`].
//! Never: half a frame. A frame is decoded whole before its first event goes out, or it is refused,
//! counted and kept with its reason.

mod gap;
mod refused;

pub use gap::{Order, Sequence};
pub use refused::{Kept, Refused};

use crate::base::{ConnectionId, InstrumentId, Instruments, Precision};
use crate::event::{Body, BookChange, Head, Level, Market, Part};
use crate::limits;
use crate::stage::contract::Emit;
use crate::sys::memory;
use crate::venue::wire::{FastLevel, Strict};
use crate::venue::{Decoded, Dialect, Input, Listings, Placed, Raw, Refusal, Scale, settle};

/// Takes market events, whatever their lifetime.
pub trait EmitMarket: for<'a> Emit<Market<'a>> {}
impl<T: for<'a> Emit<Market<'a>>> EmitMarket for T {}

/// How frames were decoded, and what they said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames taken by the fast path.
    pub fast: u64,
    /// Frames taken by the strict path.
    pub strict: u64,
    /// Frames refused.
    pub refused: u64,
    /// Of the strict and refused ones, those over [`limits::FRAME_BYTES_STEADY`].
    pub oversized: u64,
    /// Book events, snapshots included.
    pub book: u64,
    /// Of the book events, snapshots.
    pub snapshots: u64,
    /// Top-of-book events.
    pub quote: u64,
    /// Trades.
    pub trade: u64,
    /// All else: acks, heartbeats, candles, events of instruments that are not listed.
    pub other: u64,
    /// Holes in a connection's counter.
    pub gaps: u64,
    /// Frames that a connection's counter showed to be old.
    pub stale_dropped: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.fast += other.fast;
        self.strict += other.strict;
        self.refused += other.refused;
        self.oversized += other.oversized;
        self.book += other.book;
        self.snapshots += other.snapshots;
        self.quote += other.quote;
        self.trade += other.trade;
        self.other += other.other;
        self.gaps += other.gaps;
        self.stale_dropped += other.stale_dropped;
    }
}

/// See the module.
#[derive(Debug)]
pub struct Feed {
    connections: Vec<Connection>,
    level: FastLevel,
    strict: Strict,
    raw: Raw,
    decoded: Decoded,
    verdict: Verdict,
    opening: Opening,
    counts: Counts,
    refused: Refused,
}

/// One connection: how its frames are read and where its counter stands.
#[derive(Debug)]
struct Connection {
    dialect: &'static Dialect,
    listings: Listings,
    sequence: Sequence,
}

/// What became of the frame that was decoded last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Its events may go out.
    Accepted,
    /// Nothing of it goes out; which book can no longer be trusted, or all of the connection.
    Refused(InstrumentId),
}

/// What the connection's counter says of the frame that was decoded last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    /// It follows on the one before.
    Next,
    /// It is old, and nothing of it goes out.
    Old,
    /// This goes out before its events: frames were lost, or the counter began anew.
    With(Body),
}

impl Feed {
    /// A feed for connections in the order of their ids. Allocates all it will need.
    pub fn new(dialects: &[&'static Dialect], instruments: &Instruments, level: FastLevel) -> Feed {
        let connections = dialects
            .iter()
            .map(|dialect| Connection {
                dialect,
                listings: listings_of(dialect, instruments),
                sequence: Sequence::default(),
            })
            .collect();
        let mut raw = Raw::with_steady_capacity();
        memory::prefault_spare(&mut raw.events);
        memory::prefault_spare(&mut raw.levels);
        memory::prefault_spare(&mut raw.described);
        memory::prefault_spare(&mut raw.subscribed);
        let mut decoded = Decoded::with_steady_capacity();
        memory::prefault_spare(&mut decoded.events);
        memory::prefault_spare(&mut decoded.levels);
        memory::prefault_spare(&mut decoded.later);
        Feed {
            connections,
            level,
            strict: Strict::new(),
            raw,
            decoded,
            verdict: Verdict::Accepted,
            opening: Opening::Next,
            counts: Counts::default(),
            refused: Refused::new(),
        }
    }

    /// Decodes a frame; [`Feed::emit`] then sends what it said.
    ///
    /// # Panics
    /// Where the frame's connection is none of those given to [`Feed::new`].
    #[inline]
    pub fn decode(&mut self, input: &Input<'_>) {
        let connection = &mut self.connections[input.stamp.connection.index()];
        self.decoded.clear();
        if let Some(fast) = connection.dialect.fast
            && fast(self.level, input, &connection.listings, &mut self.decoded)
        {
            self.counts.fast += 1;
            self.verdict = Verdict::Accepted;
            return;
        }
        self.decode_strictly(input);
    }

    /// Sends the events of the frame that was decoded last.
    #[inline]
    pub fn emit(&mut self, input: &Input<'_>, out: &mut impl EmitMarket) {
        self.opening = Opening::Next;
        if self.verdict == Verdict::Accepted {
            if let Some(sequence) = self.decoded.sequence {
                self.open(input, sequence);
            }
            if self.opening != Opening::Old {
                self.count();
            }
        }
        self.again(input, out);
    }

    /// Sends the same events once more, to somebody else.
    #[inline]
    pub fn again(&self, input: &Input<'_>, out: &mut impl EmitMarket) {
        let stamp = input.stamp;
        if let Verdict::Refused(instrument) = self.verdict {
            let head = Head { instrument, ..Head::about_connection(stamp, Body::Gap) };
            out.emit(&Market { head: &head, levels: &[] });
            return;
        }
        match self.opening {
            Opening::Next => {}
            Opening::Old => return,
            Opening::With(body) => {
                let head = Head::about_connection(stamp, body);
                out.emit(&Market { head: &head, levels: &[] });
            }
        }
        if self.decoded.events.is_empty() {
            let head = Head::about_connection(stamp, Body::Alive);
            out.emit(&Market { head: &head, levels: &[] });
        }
        for placed in &self.decoded.events {
            let levels = self.decoded.levels_of(placed);
            if levels.len() > limits::PART_LEVELS_MAX {
                emit_in_parts(placed, levels, out);
            } else {
                out.emit(&Market { head: &placed.head, levels });
            }
        }
    }

    /// Forgets a connection's counter: it has begun a new session.
    pub fn restart(&mut self, connection: ConnectionId) {
        self.connections[connection.index()].sequence.reset();
    }

    /// How frames were decoded, and what they said.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The latest refused frames.
    pub fn refused(&self) -> &Refused {
        &self.refused
    }

    /// Decimals of an instrument as they are now.
    pub fn scale(&self, connection: ConnectionId, instrument: InstrumentId) -> Scale {
        self.connections[connection.index()].listings.scale(instrument)
    }

    #[cold]
    fn decode_strictly(&mut self, input: &Input<'_>) {
        let connection = &mut self.connections[input.stamp.connection.index()];
        let text = input.bytes.text();
        self.counts.oversized += u64::from(text.len() > limits::FRAME_BYTES_STEADY);
        self.raw.clear();
        let result = (connection.dialect.strict)(input, &mut self.strict, &mut self.raw)
            .map_err(|refusal| (refusal, InstrumentId::NONE))
            .and_then(|()| settle(&self.raw, input, &mut connection.listings, &mut self.decoded))
            .and_then(|()| fits(&self.decoded));
        match result {
            Ok(()) => {
                self.counts.strict += 1;
                self.verdict = Verdict::Accepted;
            }
            Err((reason, instrument)) => {
                self.counts.refused += 1;
                self.decoded.clear();
                self.refused.keep(input.stamp.frame, input.stamp.connection, reason, text);
                self.verdict = Verdict::Refused(instrument);
            }
        }
    }

    /// Counts what the frame says.
    #[inline]
    fn count(&mut self) {
        self.counts.other += u64::from(self.decoded.other);
        for placed in &self.decoded.events {
            match placed.head.body {
                Body::Book(change) => {
                    self.counts.book += 1;
                    self.counts.snapshots += u64::from(change.snapshot);
                }
                Body::Top(_) => self.counts.quote += 1,
                Body::Trade(_) => self.counts.trade += 1,
                _ => {}
            }
        }
    }

    /// Checks the connection's counter.
    fn open(&mut self, input: &Input<'_>, sequence: u64) {
        let order = self.connections[input.stamp.connection.index()].sequence.on(sequence);
        self.opening = match order {
            Order::Next => Opening::Next,
            Order::Old => {
                self.counts.stale_dropped += 1;
                Opening::Old
            }
            Order::Gap(_) => {
                self.counts.gaps += 1;
                Opening::With(Body::Gap)
            }
            Order::Restart => Opening::With(Body::Reset),
        };
    }
}

fn listings_of(dialect: &Dialect, instruments: &Instruments) -> Listings {
    let mut listings = Listings::empty();
    for instrument in instruments.iter().filter(|i| i.venue == dialect.name) {
        let scale = Scale {
            price: instrument.price_decimals,
            qty: instrument.qty_decimals,
            inferred: instrument.precision == Precision::Inferred,
        };
        listings.add(instrument.symbol, instrument.id, scale);
    }
    listings
}

/// A change that is no snapshot travels whole, so it must fit the level ring with room to spare.
fn fits(decoded: &Decoded) -> Result<(), (Refusal, InstrumentId)> {
    let too_large = decoded.events.iter().find(|placed| {
        matches!(placed.head.body, Body::Book(change) if !change.snapshot)
            && placed.count as usize > limits::PART_LEVELS_MAX
    });
    too_large.map_or(Ok(()), |placed| {
        Err((Refusal::TooManyLevels { levels: placed.count as usize }, placed.head.instrument))
    })
}

/// Sends a large snapshot in parts, bids before asks in each, the last one marked.
#[cold]
fn emit_in_parts(placed: &Placed, levels: &[Level], out: &mut impl EmitMarket) {
    let Body::Book(whole) = placed.head.body else {
        return;
    };
    let bids = whole.bids as usize;
    let count = levels.len().div_ceil(limits::PART_LEVELS_MAX);
    for (n, part) in levels.chunks(limits::PART_LEVELS_MAX).enumerate() {
        let start = n * limits::PART_LEVELS_MAX;
        let part_bids = bids.saturating_sub(start).min(part.len());
        let change = BookChange {
            bids: part_bids as u32,
            asks: (part.len() - part_bids) as u32,
            part: match n {
                0 => Part::First,
                n if n + 1 == count => Part::Last,
                _ => Part::Middle,
            },
            ..whole
        };
        let head = Head { body: Body::Book(change), ..placed.head };
        out.emit(&Market { head: &head, levels: part });
    }
}
