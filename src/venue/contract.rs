//! What a venue offers: wire formats as decoders, bytes in and events out.
//!
//! Never: a socket or a clock. A decoder sees one frame at a time and accepts it whole or refuses
//! it whole.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use super::desk::Desk;
use super::session::Opening;
use super::trade;
use super::wire::{self, DayMemo, FastLevel, Job, Kernel, Learned, Padded, Shape, Strict};
use crate::base::{Continuity, DecimalError, Form, InstrumentId, Nanos, Symbol, SymbolTable};
use crate::event::{Head, Level, Stamp};
use crate::limits;

/// One wire format of one venue, as the registry knows it.
#[derive(Debug)]
pub struct Dialect {
    /// Name on the command line and in output: `kraken`, `binance-usdm`, `coinbase-exchange` ..
    pub name: &'static str,
    /// What it is, for the help text.
    pub about: &'static str,
    /// How books in it are proven.
    pub continuity: Continuity,
    /// How its books are held where nothing else says so.
    pub form: Form,
    /// The fast scanner: false where the frame is not one of its own, and then nothing was taken.
    pub fast: Option<Fast>,
    /// The strict path: every valid frame, into raw events.
    pub strict: fn(&Input<'_>, &mut Strict, &mut Raw) -> Result<(), Refusal>,
    /// How orders are placed in it; `None` where it is known from recordings only.
    pub desk: Option<&'static Desk>,
    /// How its market data is kept coming; `None` where it is known from recordings only.
    pub session: Option<&'static Opening>,
    /// How orders go out in earnest; `None` where they cannot.
    pub trade: Option<&'static trade::Opening>,
}

/// A fast scanner: false where the frame is none of its own, and then nothing was taken.
pub type Fast = fn(FastLevel, &Input<'_>, &Listings, &mut Decoded) -> bool;

/// A fast scanner's body, compiled once for each instruction set.
///
/// What it gives follows from the frame's bytes, the listings and the stamp alone. A number is
/// taken as it is: ids and times bound only by their types, prices and quantities not at all.
pub trait Scanner {
    /// Is it a frame like many others but for their digits, so that a template of it is worth
    /// learning? A cheap guess.
    fn is_worth_learning(_frame: &[u8]) -> bool {
        false
    }

    /// Takes a hot frame into `out`; `None` where it is none. Must be `#[inline(always)]`.
    fn scan<K: Kernel>(
        kernel: K,
        input: &Input<'_>,
        listings: &Listings,
        out: &mut Decoded,
    ) -> Option<()>;
}

/// The [`Fast`] function of a scanner.
pub fn fast<S: Scanner>(
    level: FastLevel,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> bool {
    struct Replay<'a>(&'a Input<'a>, &'a Listings, &'a mut Decoded);
    impl Job for Replay<'_> {
        type Out = Option<()>;

        #[inline(always)]
        fn run<K: Kernel>(self, kernel: K) -> Option<()> {
            wire::replay(kernel, self.0, self.1, self.2)
        }
    }
    struct Scan<'a, S>(&'a Input<'a>, &'a Listings, &'a mut Decoded, PhantomData<S>);
    impl<S: Scanner> Job for Scan<'_, S> {
        type Out = Option<()>;

        #[inline(always)]
        fn run<K: Kernel>(self, kernel: K) -> Option<()> {
            S::scan(kernel, self.0, self.1, self.2)
        }
    }
    // Apart, so that what is known by heart does not carry the weight of what is not.
    let learns = S::is_worth_learning(input.bytes.text());
    if learns && level.run(Replay(input, listings, &mut *out)).is_some() {
        return true;
    }
    let taken = level.run(Scan::<S>(input, listings, &mut *out, PhantomData)).is_some();
    if taken && learns {
        wire::learn::<S>(input, listings, out);
    }
    if !taken {
        out.clear();
    }
    taken
}

/// One frame on its way in.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Which frame, when, on which connection.
    pub stamp: Stamp,
    /// What a reply without a symbol is about (a REST snapshot), else [`InstrumentId::NONE`].
    pub about: InstrumentId,
    /// The bytes, with room to read past them.
    pub bytes: Padded<'a>,
}

/// The instruments of one dialect, as its decoder needs them.
#[derive(Clone, Debug)]
pub struct Listings {
    /// From symbols to instruments.
    pub table: SymbolTable,
    /// Decimals by instrument id (of all instruments of the process).
    pub scales: Vec<Scale>,
    /// Which symbols are listed as what: no two that differ in it are the same.
    edition: u64,
}

/// Decimals of one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scale {
    /// Decimals of its prices.
    pub price: u8,
    /// Decimals of its quantities.
    pub qty: u8,
    /// Were they learned from a snapshot, so that a later one may make them finer?
    pub inferred: bool,
}

/// What a frame said, in the instruments' own units. Buffers are reused from frame to frame.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Places of the quotation marks of a frame: scratch of the fast path.
    pub quotes: Box<[u16]>,
    /// Levels that wait for their side's turn: scratch of the fast path.
    pub later: Vec<Level>,
    /// The last day seen: scratch of the fast path.
    pub day: DayMemo,
    /// Templates of frames that came before: memory of the fast path.
    pub learned: Learned,
    /// Events, with the place of their levels.
    pub events: Vec<Placed>,
    /// Levels of all events.
    pub levels: Vec<Level>,
    /// The connection's own counter, where the dialect has one.
    pub sequence: Option<u64>,
    /// Things said that are no market event: acks, heartbeats, candles.
    pub other: u32,
}

/// An event and where its levels lie in [`Decoded::levels`].
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// The event.
    pub head: Head,
    /// First of its levels.
    pub start: u32,
    /// How many.
    pub count: u32,
}

/// What a frame said, before it is known which instrument has which decimals: the strict path's
/// result, and all that the first pass over a recording looks at.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    /// Events in wire order.
    pub events: Vec<RawEvent>,
    /// Levels of all events, in wire order.
    pub levels: Vec<RawLevel>,
    /// The connection's own counter, where the dialect has one.
    pub sequence: Option<u64>,
    /// Things said that are no market event.
    pub other: u32,
    /// Instruments that the frame describes.
    pub described: Vec<Described>,
    /// Books that the frame says are subscribed, with their levels a side.
    pub subscribed: Vec<(Symbol, u32)>,
}

pub use super::raw::{Described, RawBody, RawEvent, RawLevel};

/// Why a frame was refused. Nothing of a refused frame is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Longer than any frame may be.
    #[error("frame of {bytes} bytes is over the limit of {max}", max = limits::FRAME_BYTES_MAX)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A change with more levels than travel at once.
    #[error("change of {levels} levels is over the limit of {max}", max = limits::PART_LEVELS_MAX)]
    TooManyLevels {
        /// How many.
        levels: usize,
    },
    /// Not valid JSON, or not valid UTF-8.
    #[error("not valid JSON near byte {at}")]
    Json {
        /// About where.
        at: usize,
    },
    /// Nested too deeply.
    #[error("nested deeper than {max} levels", max = limits::FRAME_NESTING_MAX)]
    Nesting,
    /// A key stands twice in one object.
    #[error("key `{0}` stands twice")]
    DuplicateKey(&'static str),
    /// A key that this kind of message must have is missing.
    #[error("key `{0}` is missing")]
    MissingKey(&'static str),
    /// A value is not of the kind or in the set that its key has.
    #[error("key `{0}` has an unexpected value")]
    BadValue(&'static str),
    /// A number was not taken.
    #[error("key `{key}`: {why}")]
    Number {
        /// Whose value.
        key: &'static str,
        /// Why not.
        why: DecimalError,
    },
    /// A request longer than any may be.
    #[error("request of {bytes} bytes is over the limit of {max}", max = limits::ORDER_BYTES_MAX)]
    RequestTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A request with a key that nobody here knows the meaning of.
    #[error("a key near byte {at} is not one that is understood here")]
    UnknownKey {
        /// About where.
        at: usize,
    },
    /// A reply without a symbol, and nobody knows what it is about.
    #[error("a snapshot that names no symbol, where several instruments are known")]
    NoSubject,
}

impl Listings {
    /// Nothing listed.
    pub fn empty() -> Listings {
        Listings {
            table: SymbolTable::with_capacity(0),
            scales: Vec::new(),
            edition: next_edition(),
        }
    }

    /// Lists an instrument.
    pub fn add(&mut self, symbol: Symbol, id: InstrumentId, scale: Scale) {
        self.table.insert(symbol, id);
        self.edition = next_edition();
        if self.scales.len() <= id.index() {
            self.scales.resize(id.index() + 1, Scale::default());
        }
        self.scales[id.index()] = scale;
    }

    /// Changes with every listing, and is another one in all other listings but clones.
    #[inline]
    pub fn edition(&self) -> u64 {
        self.edition
    }

    /// The instrument of a symbol and how its numbers are usually written; `None` where it is not
    /// listed, and then its frame is one for the strict path.
    #[inline(always)]
    pub fn named(&self, symbol: &Symbol) -> Option<(InstrumentId, Shape)> {
        let instrument = self.table.look_up(symbol);
        if instrument == InstrumentId::NONE {
            return None;
        }
        let scale = self.scale(instrument);
        Some((instrument, Shape { price: scale.price, qty: scale.qty }))
    }

    /// Decimals of an instrument.
    #[inline]
    pub fn scale(&self, id: InstrumentId) -> Scale {
        self.scales.get(id.index()).copied().unwrap_or_default()
    }
}

impl Decoded {
    /// Buffers sized for every frame up to [`limits::FRAME_BYTES_STEADY`].
    pub fn with_steady_capacity() -> Decoded {
        Decoded {
            // Not zeros, for which the system would hand out pages only when they are written.
            quotes: vec![u16::MAX; limits::FRAME_QUOTES_MAX].into_boxed_slice(),
            later: Vec::with_capacity(limits::FRAME_LEVELS_STEADY),
            day: DayMemo::default(),
            learned: Learned::with_capacity(),
            events: Vec::with_capacity(limits::FRAME_EVENTS_STEADY),
            levels: Vec::with_capacity(limits::FRAME_LEVELS_STEADY),
            sequence: None,
            other: 0,
        }
    }

    /// Forgets the last frame.
    #[inline]
    pub fn clear(&mut self) {
        self.events.clear();
        self.levels.clear();
        self.sequence = None;
        self.other = 0;
    }

    /// The levels of an event.
    #[inline]
    pub fn levels_of(&self, placed: &Placed) -> &[Level] {
        &self.levels[placed.start as usize..][..placed.count as usize]
    }
}

impl Raw {
    /// Buffers sized for every frame up to [`limits::FRAME_BYTES_STEADY`].
    pub fn with_steady_capacity() -> Raw {
        Raw {
            events: Vec::with_capacity(limits::FRAME_EVENTS_STEADY),
            levels: Vec::with_capacity(limits::FRAME_LEVELS_STEADY),
            described: Vec::with_capacity(limits::INSTRUMENTS_MAX),
            subscribed: Vec::with_capacity(limits::INSTRUMENTS_MAX),
            ..Raw::default()
        }
    }

    /// Forgets the last frame.
    pub fn clear(&mut self) {
        self.events.clear();
        self.levels.clear();
        self.described.clear();
        self.subscribed.clear();
        self.sequence = None;
        self.other = 0;
    }
}

fn next_edition() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// When the venue says a frame happened, for recordings without times of their own.
pub fn venue_time(decoded: &Decoded) -> Nanos {
    decoded.events.iter().map(|e| e.head.venue_ns).find(|ns| *ns != Nanos::NONE).unwrap_or_default()
}
