//! The feed: frame bytes into events, by kind of frame, beside `serde` with three parsers.
//!
//! Small frames are timed eight at a time, different ones. Each is copied into one receive buffer
//! before the clock starts, as if just decrypted.

use std::hint::black_box;

use neural_kraken::base::{InstrumentId, Instruments};
use neural_kraken::event::{Body, Stamp};
use neural_kraken::limits::FRAME_PAD_BYTES;
use neural_kraken::tape::Tape;
use neural_kraken::venue::wire::{FastLevel, Padded, Strict};
use neural_kraken::venue::{self, Decoded, Dialect, Input, Listings, Raw, Scale, settle};

use crate::support::source::{Kind, SOURCES, Source};
use crate::support::{Bench, Case, Contender};

/// Small frames in one timed item.
const BURST: usize = 8;

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    for source in SOURCES {
        let cases: Vec<(Kind, String)> =
            source.kinds.iter().map(|kind| (*kind, source.title(*kind))).collect();
        let cold = |name: &str| format!("{name}, cold");
        if !cases.iter().any(|(_, name)| bench.wants(name) || bench.wants(&cold(name))) {
            continue;
        }
        let Some((tape, instruments)) = source.load() else { continue };
        for (kind, name) in &cases {
            run_kind(bench, source, *kind, name, &tape, &instruments);
        }
    }
    run_levels(bench);
}

/// Every instruction set on the same frames: what the vectors are worth.
fn run_levels(bench: &mut Bench) {
    let source = &SOURCES[0];
    let name = |kind, level: FastLevel| format!("{}, {}", source.title(kind), level.name());
    for kind in [Kind::Top, Kind::Depth] {
        if !FastLevel::available().into_iter().any(|level| bench.wants(&name(kind, level))) {
            continue;
        }
        let Some((tape, instruments)) = source.load() else { return };
        let frames = Frames::of(source, kind, &tape, &instruments);
        for level in FastLevel::available() {
            let case = frames.case(kind, name(kind, level));
            bench.run(&case, &mut Ours::new(source, &instruments, &frames, level), &mut []);
        }
    }
}

fn run_kind(
    bench: &mut Bench,
    source: &Source,
    kind: Kind,
    name: &str,
    tape: &Tape,
    instruments: &Instruments,
) {
    let frames = Frames::of(source, kind, tape, instruments);
    let case = frames.case(kind, name);
    for case in [case.clone(), case.cold()] {
        let mut ours = Ours::new(source, instruments, &frames, FastLevel::detect());
        let mut boxed = rivals(kind, &frames);
        let mut rivals: Vec<(&str, &mut dyn Contender)> =
            boxed.iter_mut().map(|(name, rival)| (*name, &mut **rival as _)).collect();
        bench.run(&case, &mut ours, &mut rivals);
    }
}

/// Frames of one kind, in items.
struct Frames {
    items: Vec<Vec<Vec<u8>>>,
    levels: u64,
}

impl Frames {
    fn of(source: &Source, kind: Kind, tape: &Tape, instruments: &Instruments) -> Frames {
        let mut decoder = Decoder::new(source, instruments, FastLevel::detect());
        let mut frames = Vec::new();
        let mut levels = 0;
        for frame in tape.frames() {
            let text = frame.bytes.text();
            if decoder.read_strictly(text) == Some(kind) && decoder.read(frame.bytes) {
                levels += decoder.out.levels.len() as u64;
                frames.push(text.to_vec());
            }
        }
        let size = if kind == Kind::Depth { 1 } else { BURST };
        let items = frames.chunks_exact(size).map(<[_]>::to_vec).collect();
        Frames { items, levels }
    }

    /// The case that times them, by the level where it is depth.
    fn case(&self, kind: Kind, name: impl Into<String>) -> Case {
        let case = Case::new(name, "frame", self.items.len());
        if kind == Kind::Depth { case.units(self.levels) } else { case.split(BURST as u32) }
    }
}

/// Both decoders of one venue.
struct Decoder {
    dialect: &'static Dialect,
    level: FastLevel,
    listings: Listings,
    out: Decoded,
    strict: Strict,
    raw: Raw,
}

impl Decoder {
    fn new(source: &Source, instruments: &Instruments, level: FastLevel) -> Decoder {
        let mut listings = Listings::empty();
        for i in instruments {
            let scale = Scale { price: i.price_decimals, qty: i.qty_decimals, inferred: false };
            listings.add(i.symbol, i.id, scale);
        }
        let dialect = venue::dialect(source.venue).unwrap();
        let out = Decoded::with_steady_capacity();
        Decoder { dialect, level, listings, out, strict: Strict::new(), raw: Raw::default() }
    }

    fn read(&mut self, bytes: Padded<'_>) -> bool {
        let input = Input { stamp: Stamp::default(), about: InstrumentId::NONE, bytes };
        self.out.clear();
        (self.dialect.fast.unwrap())(self.level, &input, &self.listings, &mut self.out)
    }

    /// The kind of a frame, by the strict path.
    fn read_strictly(&mut self, text: &[u8]) -> Option<Kind> {
        let mut buffer = Vec::new();
        let bytes = Padded::copied(text, &mut buffer);
        let input = Input { stamp: Stamp::default(), about: InstrumentId::NONE, bytes };
        self.out.clear();
        self.raw.clear();
        (self.dialect.strict)(&input, &mut self.strict, &mut self.raw).ok()?;
        settle(&self.raw, &input, &mut self.listings, &mut self.out).ok()?;
        match self.out.events.first()?.head.body {
            Body::Book(change) if change.checksum.is_some() => Some(Kind::Kraken),
            Body::Book(_) => Some(Kind::Depth),
            Body::Top(_) => Some(Kind::Top),
            Body::Trade(_) => Some(Kind::Trade),
            _ => None,
        }
    }
}

/// Receive buffers, one a frame of an item.
struct Received {
    buffers: Vec<Vec<u8>>,
    lens: Vec<usize>,
}

impl Received {
    fn new(frames: &Frames) -> Received {
        let largest = frames.items.iter().flatten().map(Vec::len).max().unwrap_or_default();
        let count = frames.items.first().map_or(0, Vec::len);
        let buffers = vec![vec![0; largest + FRAME_PAD_BYTES]; count];
        Received { buffers, lens: vec![0; count] }
    }

    fn take(&mut self, item: &[Vec<u8>]) {
        for ((buffer, len), frame) in self.buffers.iter_mut().zip(&mut self.lens).zip(item) {
            buffer[..frame.len()].copy_from_slice(frame);
            *len = frame.len();
        }
    }
}

struct Ours<'a> {
    decoder: Decoder,
    frames: &'a Frames,
    received: Received,
}

impl<'a> Ours<'a> {
    fn new(
        source: &Source,
        instruments: &Instruments,
        frames: &'a Frames,
        level: FastLevel,
    ) -> Ours<'a> {
        let decoder = Decoder::new(source, instruments, level);
        Ours { decoder, frames, received: Received::new(frames) }
    }
}

impl Contender for Ours<'_> {
    fn prepare(&mut self, index: usize) {
        self.received.take(&self.frames.items[index]);
    }

    fn item(&mut self, _: usize) {
        for (buffer, len) in self.received.buffers.iter().zip(&self.received.lens) {
            let taken = self.decoder.read(Padded::new(buffer, *len).unwrap());
            assert!(taken, "a hot frame is read by the fast path");
            black_box(&self.decoder.out);
        }
    }
}

#[cfg(not(feature = "rivals"))]
fn rivals<'a>(_: Kind, _: &'a Frames) -> Vec<(&'static str, Box<dyn Contender + 'a>)> {
    Vec::new()
}

#[cfg(feature = "rivals")]
fn rivals<'a>(kind: Kind, frames: &'a Frames) -> Vec<(&'static str, Box<dyn Contender + 'a>)> {
    use bench_rivals::decode::{self, Parser};
    let kind = match kind {
        Kind::Depth => decode::Kind::Depth,
        Kind::Top => decode::Kind::Top,
        Kind::Trade => decode::Kind::Trade,
        Kind::Kraken => decode::Kind::Kraken,
    };
    [("serde_json", Parser::Serde), ("sonic-rs", Parser::Sonic), ("simd-json", Parser::Simd)]
        .into_iter()
        .map(|(name, parser)| {
            let received = Received::new(frames);
            let buffers = decode::Buffers::new(1 << 16);
            let rival = Theirs { parser, kind, frames, received, buffers };
            (name, Box::new(rival) as Box<dyn Contender>)
        })
        .collect()
}

#[cfg(feature = "rivals")]
struct Theirs<'a> {
    parser: bench_rivals::decode::Parser,
    kind: bench_rivals::decode::Kind,
    frames: &'a Frames,
    received: Received,
    buffers: bench_rivals::decode::Buffers,
}

#[cfg(feature = "rivals")]
impl Contender for Theirs<'_> {
    fn prepare(&mut self, index: usize) {
        self.received.take(&self.frames.items[index]);
    }

    fn item(&mut self, _: usize) {
        for (buffer, len) in self.received.buffers.iter_mut().zip(&self.received.lens) {
            let frame = &mut buffer[..*len];
            let parsed =
                bench_rivals::decode::parse(self.parser, self.kind, frame, &mut self.buffers);
            assert!(parsed, "a rival reads every frame");
        }
    }
}
