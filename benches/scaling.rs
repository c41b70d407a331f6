//! How cost grows with instruments: a recording multiplied under other names.
//!
//! Each contender plays the same frames the same number of times. `in turn`: many instruments have
//! each frame one after the other, which is the worst order for every cache. `mixed`: the next
//! frame is of the n-th instrument with a weight of 1/n (Zipf), as volume is spread over the
//! symbols of a venue. The ratio that counts is the one of the means.

use neural_kraken::base::{ConnectionId, Instrument, InstrumentId, Instruments, Nanos, Symbol};
use neural_kraken::event::{BookState, Stamp};
use neural_kraken::limits::FRAME_PAD_BYTES;
use neural_kraken::tape::Tape;
use neural_kraken::venue::wire::Padded;
use neural_kraken::venue::{Dialect, Input};

use crate::machine::chain::Chain;
use crate::machine::outfit;
use crate::support::source::SOURCES;
use crate::support::{Bench, Case, Contender};

/// Instruments of the contenders; ours is the first.
const INSTRUMENTS: [usize; 4] = [1, 8, 64, 512];

const NAMES: [&str; 4] = ["1 instrument", "8 instruments", "64 instruments", "512 instruments"];

/// Frames of the recording that are played, after its first book.
const FRAMES: usize = 4_096;

/// Frames of a pass that are mixed.
const MIXED: usize = 1 << 17;

/// What every symbol of the multiplied recording has for the first letters.
const SYMBOL: &[u8] = b"BTCUSDT";

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    let frames = if bench.tried_only() { 16 } else { FRAMES };
    let most = INSTRUMENTS[INSTRUMENTS.len() - 1];
    let mixed = if bench.tried_only() { 1_024 } else { MIXED };
    let cases = [("in turn", frames * most, false), ("mixed", mixed, true)];
    let case = |name: &str, items: usize| Case::new(name, "frame", items).passes(3).by_total();
    if !cases.iter().any(|(name, ..)| bench.wants(name)) {
        return;
    }
    let Some((tape, instruments)) = SOURCES[0].load() else { return };
    let instruments = outfit::tradable(&instruments);
    let Some(reel) = Reel::of(&tape, frames) else {
        eprintln!("scaling: left out, since the recording is too short");
        return;
    };
    let Some(first) = instruments.iter().next() else { return };
    for (name, items, is_mixed) in cases {
        let with = |count: &usize| {
            let many = Many::new(&tape, first, &reel, *count);
            let order = if is_mixed { zipf(*count, items) } else { Vec::new() };
            Many { order, ..many }
        };
        let mut many: Vec<Many<'_>> = INSTRUMENTS.iter().map(with).collect();
        let (ours, rivals) = many.split_at_mut(1);
        let rivals = NAMES[1..].iter().zip(rivals);
        let mut rivals: Vec<(&str, &mut dyn Contender)> =
            rivals.map(|(name, many)| (*name, many as &mut dyn Contender)).collect();
        bench.run(&case(name, items), &mut ours[0], &mut rivals);
    }
}

/// Which instrument each item is about: the n-th with a weight of 1/n.
fn zipf(count: usize, items: usize) -> Vec<u16> {
    let whole: f64 = (1..=count).map(|n| 1.0 / n as f64).sum();
    let mut sum = 0.0;
    let shares: Vec<f64> = (1..=count)
        .map(|n| {
            sum += 1.0 / n as f64 / whole;
            sum
        })
        .collect();
    // The same in every run: Knuth's MMIX generator, its upper bits.
    let mut state = 1_u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let pick = |at: f64| shares.partition_point(|share| *share < at).min(count - 1) as u16;
    (0..items).map(|_| pick(draw())).collect()
}

/// A part of a recording: frames up to and with the first book, and those that follow.
struct Reel {
    before: Vec<Take>,
    frames: Vec<Take>,
    largest: usize,
}

/// A frame, and where it names its instrument.
struct Take {
    text: Vec<u8>,
    recv_ns: Nanos,
    names: Vec<usize>,
}

impl Reel {
    fn of(tape: &Tape, frames: usize) -> Option<Reel> {
        let mut takes: Vec<Take> = tape
            .frames()
            .map(|frame| {
                let text = frame.bytes.text().to_vec();
                let names = text.windows(SYMBOL.len());
                let names = names.enumerate().filter(|(_, t)| t.eq_ignore_ascii_case(SYMBOL));
                let names = names.map(|(at, _)| at).collect();
                Take { text, recv_ns: frame.recv_ns, names }
            })
            .collect();
        let mark = b"{\"lastUpdateId\"";
        let snapshot = takes.iter().position(|take| take.text.starts_with(mark))?;
        let mut after = takes.split_off(snapshot + 1);
        after.truncate(frames);
        let largest = takes.iter().chain(&after).map(|take| take.text.len()).max()?;
        (after.len() == frames).then_some(Reel { before: takes, frames: after, largest })
    }
}

/// The chain with so many instruments.
struct Many<'a> {
    reel: &'a Reel,
    chain: Chain,
    /// Letters of each instrument's name: the same length for all.
    names: Vec<[u8; SYMBOL.len()]>,
    buffer: Vec<u8>,
    len: usize,
    stamp: Stamp,
    about: InstrumentId,
    /// The instrument of each item where they are mixed; else empty.
    order: Vec<u16>,
    /// Where they are mixed, the next frame of each instrument.
    cursors: Vec<usize>,
}

impl<'a> Many<'a> {
    fn new(tape: &Tape, like: &Instrument, reel: &'a Reel, count: usize) -> Many<'a> {
        let dialects: Vec<&'static Dialect> = tape.dialects();
        let names: Vec<[u8; SYMBOL.len()]> = (0..count).map(name).collect();
        let mut instruments = Instruments::default();
        for name in &names {
            let symbol = Symbol::new(name).unwrap();
            instruments.add(Instrument { symbol, ..like.clone() }).unwrap();
        }
        Many {
            reel,
            chain: Chain::new(&dialects, &instruments),
            names,
            buffer: vec![0; reel.largest + FRAME_PAD_BYTES],
            len: 0,
            stamp: Stamp::default(),
            about: InstrumentId::NONE,
            order: Vec::new(),
            cursors: vec![0; count],
        }
    }

    /// Puts a frame into the receive buffer, under the name of an instrument.
    fn take(&mut self, take: &Take, instrument: usize) {
        self.buffer[..take.text.len()].copy_from_slice(&take.text);
        for at in &take.names {
            let is_lower = take.text[*at].is_ascii_lowercase();
            for (to, from) in self.buffer[*at..].iter_mut().zip(self.names[instrument]) {
                *to = if is_lower { from.to_ascii_lowercase() } else { from };
            }
        }
        self.len = take.text.len();
        let connection = ConnectionId(0);
        self.stamp = Stamp { recv_ns: take.recv_ns, connection, ..self.stamp };
        self.stamp.frame += 1;
        self.about = InstrumentId(instrument as u32);
    }

    /// Which frame and instrument an item is.
    fn place(&self, index: usize) -> (usize, usize) {
        let (count, frames) = (self.names.len(), self.reel.frames.len());
        match self.order.get(index).map(|instrument| usize::from(*instrument)) {
            Some(instrument) => (self.cursors[instrument], instrument),
            None => (index / count % frames, index % count),
        }
    }

    /// Begins anew: all books are loaded. Mixed, each is at another part of the reel.
    fn begin(&mut self) {
        self.chain.reset();
        let (count, frames) = (self.names.len(), self.reel.frames.len());
        for instrument in 0..count {
            self.load(instrument);
            if !self.order.is_empty() {
                self.cursors[instrument] = frames * instrument / count;
                for n in 0..self.cursors[instrument] {
                    self.play(&self.reel.frames[n], instrument);
                }
            }
        }
    }

    fn load(&mut self, instrument: usize) {
        for take in &self.reel.before {
            self.play(take, instrument);
        }
        let id = InstrumentId(instrument as u32);
        assert_eq!(self.chain.view(id).quote.state, BookState::Live, "a book is loaded");
    }

    fn play(&mut self, take: &Take, instrument: usize) {
        self.take(take, instrument);
        self.item(0);
        self.chain.idle();
    }
}

/// Names of one length, like the recording's own.
fn name(instrument: usize) -> [u8; SYMBOL.len()] {
    const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut name = *SYMBOL.first_chunk().unwrap();
    (name[1], name[2]) = (LETTERS[instrument / 26 % 26], LETTERS[instrument % 26]);
    name
}

impl Contender for Many<'_> {
    fn lead_in(&mut self, index: usize) {
        self.chain.idle();
        let (frame, instrument) = self.place(index);
        if self.order.is_empty() {
            if (frame, instrument) == (0, 0) {
                self.begin();
            }
        } else if index == 0 {
            self.begin();
        } else if frame == self.reel.frames.len() {
            self.chain.reset_one(InstrumentId(instrument as u32));
            self.load(instrument);
            self.cursors[instrument] = 0;
        }
    }

    fn rest(&mut self) {
        let (sent, refused) = self.chain.orders();
        if refused > 0 {
            let (count, why) = (self.names.len(), self.chain.denied());
            eprintln!("scaling: of {count} instruments {sent} orders sent, {refused} not: {why:?}");
        }
    }

    fn prepare(&mut self, index: usize) {
        let (frame, instrument) = self.place(index);
        let reel = self.reel;
        self.take(&reel.frames[frame], instrument);
        self.cursors[instrument] = frame + 1;
    }

    fn item(&mut self, _: usize) {
        let bytes = Padded::new(&self.buffer, self.len).unwrap();
        self.chain.frame(&Input { stamp: self.stamp, about: self.about, bytes });
    }
}
