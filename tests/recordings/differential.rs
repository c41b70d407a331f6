//! The fast path and the strict path agree on every frame of every recording, and on mutations of
//! them: what the fast one accepts, the strict one accepts with the same events.

use neural_kraken::base::{InstrumentId, Instruments, Precision};
use neural_kraken::event::Stamp;
use neural_kraken::tape::Tape;
use neural_kraken::venue::wire::{FastLevel, Padded, Strict};
use neural_kraken::venue::{self, Decoded, Dialect, Input, Listings, Raw, Scale, settle};

use super::Case;
use super::source::{self, Recording};

const WITH_A_FAST_PATH: &[Recording] = &[
    source::SPOT,
    source::USDM,
    source::COINM_BTC,
    source::COINM_ETH,
    source::KRAKEN_2026,
    source::KRAKEN_2023,
    source::COINBASE,
    source::FEED_SPOT,
    source::FEED_USDM,
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for recording in WITH_A_FAST_PATH {
        let name = recording.name;
        cases.push((
            format!("differential::{name}_reads_the_same_on_both_paths"),
            Box::new(move || agree_on_all(*recording)),
        ));
        cases.push((
            format!("differential::{name}_mutated_is_refused_or_reads_the_same"),
            Box::new(move || agree_on_mutations(*recording)),
        ));
    }
    for recording in [source::KRAKEN_V1, source::EXCHANGE, source::AAPL] {
        let name = recording.name;
        cases.push((
            format!("differential::{name}_mutated_is_refused_or_read_without_a_panic"),
            Box::new(move || agree_on_mutations(recording)),
        ));
    }
    cases
}

/// Both decoders of one dialect, and room for their results.
struct Pair {
    dialect: &'static Dialect,
    listings: Listings,
    strict: Strict,
    raw: Raw,
    expected: Decoded,
    found: Decoded,
    buffer: Vec<u8>,
}

impl Pair {
    fn new(recording: Recording, instruments: &Instruments) -> Pair {
        let mut listings = Listings::empty();
        for i in instruments {
            // Declared, so that no frame changes what the next one means.
            let inferred = false;
            assert!(matches!(i.precision, Precision::Declared | Precision::Inferred));
            let scale = Scale { price: i.price_decimals, qty: i.qty_decimals, inferred };
            listings.add(i.symbol, i.id, scale);
        }
        Pair {
            dialect: venue::dialect(recording.venue).unwrap(),
            listings,
            strict: Strict::new(),
            raw: Raw::default(),
            expected: Decoded::with_steady_capacity(),
            found: Decoded::with_steady_capacity(),
            buffer: Vec::new(),
        }
    }

    /// Reads a frame on both paths; how many instruction sets took it on the fast one.
    fn read(&mut self, about: InstrumentId, text: &[u8]) -> usize {
        let bytes = Padded::copied(text, &mut self.buffer);
        let input = Input { stamp: Stamp::default(), about, bytes };
        self.raw.clear();
        self.expected.clear();
        let strict = (self.dialect.strict)(&input, &mut self.strict, &mut self.raw)
            .map_err(|refusal| (refusal, InstrumentId::NONE))
            .and_then(|()| settle(&self.raw, &input, &mut self.listings, &mut self.expected));
        let Some(fast) = self.dialect.fast else { return 0 };
        let mut taken = 0;
        for level in FastLevel::available() {
            self.found.clear();
            if !fast(level, &input, &self.listings, &mut self.found) {
                assert!(self.found.events.is_empty() && self.found.levels.is_empty());
                continue;
            }
            taken += 1;
            let shown = String::from_utf8_lossy(text);
            assert!(strict.is_ok(), "{level:?} takes what is refused with {strict:?}: {shown}");
            assert_eq!(told(&self.found), told(&self.expected), "{level:?}: {shown}");
        }
        assert!(
            taken == 0 || taken == FastLevel::available().len(),
            "instruction sets disagree on {}",
            String::from_utf8_lossy(text)
        );
        taken
    }
}

/// All that a decoded frame says.
fn told(decoded: &Decoded) -> (String, &[neural_kraken::event::Level], Option<u64>, u32) {
    let heads: Vec<_> = decoded.events.iter().map(|e| (e.head, e.start, e.count)).collect();
    (format!("{heads:?}"), &decoded.levels, decoded.sequence, decoded.other)
}

fn agree_on_all(recording: Recording) {
    let (tape, instruments) = recording.load();
    let mut pair = Pair::new(recording, &instruments);
    let taken = tape.frames().filter(|f| pair.read(f.about, f.bytes.text()) > 0).count();
    // All but snapshots, acknowledgements and candles are hot.
    assert!(taken * 100 >= tape.len() * 80, "{taken} of {} frames were fast", tape.len());
}

fn agree_on_mutations(recording: Recording) {
    let (tape, instruments) = recording.load();
    let mut pair = Pair::new(recording, &instruments);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for frame in spread(&tape) {
        let text = frame.1;
        for end in 0..text.len().min(700) {
            pair.read(frame.0, &text[..end]);
        }
        for _ in 0..60 {
            let mutant = mutate(text, &mut dice);
            pair.read(frame.0, &mutant);
        }
    }
}

/// Some frames from all over a tape, short ones.
fn spread(tape: &Tape) -> Vec<(InstrumentId, &[u8])> {
    let step = (tape.len() / 150).max(1);
    (0..tape.len())
        .step_by(step)
        .filter_map(|n| tape.frame(n))
        .map(|frame| (frame.about, frame.bytes.text()))
        .filter(|(_, text)| text.len() < 4_000)
        .collect()
}

fn mutate(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    const TELLING: &[u8] = b"0123456789.-+eE\"\\,:{}[] \0\x7f\xc3\xff\tnulltrue";
    let mut text = text.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(text.len());
        let byte = TELLING[dice.below(TELLING.len())];
        match dice.below(6) {
            0 => text[at] = byte,
            1 => text.insert(at, byte),
            2 if text.len() > 1 => drop(text.remove(at)),
            3 => text[at] ^= 1 << dice.below(8),
            4 => {
                let end = (at + 1 + dice.below(40)).min(text.len());
                let piece = text[at..end].to_vec();
                let to = dice.below(text.len());
                text.splice(to..to, piece);
            }
            _ => {
                let end = (at + 1 + dice.below(20)).min(text.len());
                if end - at < text.len() {
                    text.drain(at..end);
                }
            }
        }
    }
    text
}

/// `SplitMix64` (S. Vigna, public domain).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
