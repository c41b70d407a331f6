//! What was learned from frames: templates, found by a sketch of the frame.
//!
//! Small frames of a stream differ in little but digits. So the first ones of a kind are read by
//! the venue's scanner, and then once more with a kernel that hands out tokens for numbers
//! ([`super::trace`]): where a token ends up is where the number goes. That makes a [`Template`],
//! with which the next frames are compared byte by byte and read without looking for anything. A
//! scanner need not know; it opts in by [`Scanner::is_worth_learning`].
//!
//! In: short frames. Out: their events.
//! Never: a template from a frame that was not taken, one for other listings, more of them than
//! there is room for, or an event that the scanner would not have given.

use super::kernel::Kernel;
use super::portable::Portable;
use super::template::{Template, sketch};
use super::trace::{Trace, Tracing};
use crate::event::Level;
use crate::limits::{FRAME_BYTES_LEARNED, FRAME_LEVELS_LEARNED, TEMPLATES_MAX};
use crate::venue::contract::{Decoded, Input, Listings, Placed, Scanner};

/// Templates that share a place.
const WAYS: usize = 2;

const PLACES: usize = TEMPLATES_MAX / WAYS;

/// How often at most a frame must come in vain before it replaces another's template.
const PATIENCE_MAX: u32 = 256;

/// Templates, two for each place.
#[derive(Clone, Debug)]
pub struct Learned {
    templates: Box<[[Template; WAYS]]>,
    waiting: Box<[Waiting]>,
    /// Sketch of the last frame, where no template fitted.
    missed: Option<u64>,
}

/// Who comes next at a place: two streams that meet there must not push each other out all the
/// time.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    sketch: u64,
    seen: u32,
    patience: u32,
    /// Who has to go.
    turn: usize,
}

/// Reads a frame by a template; `None` where there is none, and then nothing was taken.
#[inline(always)]
pub fn replay<K: Kernel>(
    kernel: K,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<()> {
    let Decoded { learned, events, levels, .. } = out;
    learned.missed = None;
    if input.bytes.len() > FRAME_BYTES_LEARNED {
        return None;
    }
    let sketch = sketch(kernel, input.bytes);
    for template in &learned.templates[place(sketch)] {
        if template.sketch == sketch
            && template.edition == listings.edition()
            && template.fits(kernel, input.bytes)
            && let Some(instrument) = template.subject(listings, input.bytes)
        {
            return template.read(kernel, input, instrument, events, levels);
        }
    }
    learned.missed = Some(sketch);
    None
}

/// Learns from a frame that the scanner `S` has just taken and no template fitted.
#[inline(always)]
pub fn learn<S: Scanner>(input: &Input<'_>, listings: &Listings, out: &mut Decoded) {
    if let Some(sketch) = out.learned.missed
        && let [placed] = out.events[..]
        && out.levels.len() <= FRAME_LEVELS_LEARNED
        && out.sequence.is_none()
    {
        learn_one::<S>(sketch, &placed, input, listings, out);
    }
}

#[cold]
#[inline(never)]
fn learn_one<S: Scanner>(
    sketch: u64,
    placed: &Placed,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) {
    if !out.learned.is_due(sketch) {
        return;
    }
    let mut levels = [Level::default(); FRAME_LEVELS_LEARNED];
    let count = out.levels.len();
    levels[..count].copy_from_slice(&out.levels);
    let template = traced::<S>(input, listings, out)
        .and_then(|template| proven(template, placed, &levels[..count], input, listings, out));
    if let Some(mut template) = template {
        (template.sketch, template.edition) = (sketch, listings.edition());
        out.learned.keep(&template);
    }
    // The result is the scanner's own, whatever became of the template.
    out.events.clear();
    out.events.push(*placed);
    out.levels.clear();
    out.levels.extend_from_slice(&levels[..count]);
}

/// The template of a frame.
fn traced<S: Scanner>(
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<Template> {
    let trace = Trace::default();
    out.clear();
    S::scan(Tracing(&trace), input, listings, out)?;
    let [placed] = &out.events[..] else {
        return None;
    };
    Template::new(input.bytes, &trace, placed, &out.levels)
}

/// The template, if it reads its own frame as the scanner did.
fn proven(
    mut template: Template,
    placed: &Placed,
    levels: &[Level],
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<Template> {
    out.clear();
    let instrument = placed.head.instrument;
    template.read(Portable, input, instrument, &mut out.events, &mut out.levels)?;
    let read = out.events.last()?;
    template.set_midnight(read.head.venue_ns, placed.head.venue_ns)?;
    let same = template.fits(Portable, input.bytes)
        && template.subject(listings, input.bytes) == Some(instrument)
        && read.head.body == placed.head.body
        && (read.start, read.count) == (placed.start, placed.count)
        && out.levels == levels;
    same.then_some(template)
}

impl Learned {
    /// Room for all that is ever learned.
    pub fn with_capacity() -> Learned {
        Learned {
            templates: vec![[Template::none(); WAYS]; PLACES].into_boxed_slice(),
            waiting: vec![Waiting { patience: 1, ..Waiting::default() }; PLACES].into_boxed_slice(),
            missed: None,
        }
    }

    /// Has this frame waited long enough?
    fn is_due(&mut self, sketch: u64) -> bool {
        let waiting = &mut self.waiting[place(sketch)];
        if waiting.sketch != sketch {
            (waiting.sketch, waiting.seen) = (sketch, 0);
        }
        waiting.seen += 1;
        waiting.seen > waiting.patience
    }

    /// Puts a template into its place.
    fn keep(&mut self, template: &Template) {
        let place = place(template.sketch);
        let waiting = &mut self.waiting[place];
        let old = &mut self.templates[place][waiting.turn];
        if old.edition == template.edition {
            waiting.patience = (waiting.patience * 2).min(PATIENCE_MAX);
        }
        (waiting.seen, waiting.turn) = (0, (waiting.turn + 1) % WAYS);
        *old = *template;
    }
}

/// Where templates with this sketch are.
#[inline(always)]
fn place(sketch: u64) -> usize {
    // The upper bits of a product depend on all bits of its factors.
    (((sketch >> 32) * PLACES as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{InstrumentId, Symbol};
    use crate::event::Stamp;
    use crate::venue::contract::{Dialect, Raw, Scale};
    use crate::venue::wire::{FastLevel, Padded, Strict};
    use crate::venue::{binance, kraken, settle};

    const TOP: &str = r#"{"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}"#;

    const FRAMES: &[(&Dialect, &str, Scale)] = &[
        (&binance::SPOT, TOP, scale(8, 8)),
        (
            &binance::SPOT,
            r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}"#,
            scale(8, 8),
        ),
        (
            &binance::COINM,
            r#"{"u":1007198632021,"e":"bookTicker","s":"BTCUSDT","ps":"BTCUSD","b":"61804.7","B":"35","a":"61804.8","A":"1645","T":1723161257465,"E":1723161257476}"#,
            scale(1, 0),
        ),
        (
            &kraken::V2,
            r#"{"channel":"book","type":"update","data":[{"symbol":"BTCUSDT","bids":[{"price":64523.2,"qty":0.77491443}],"asks":[{"price":9.5,"qty":12},{"price":64532.8,"qty":1.23479983}],"checksum":2175437505,"timestamp":"2026-07-19T17:54:39.784623Z"}]}"#,
            scale(1, 8),
        ),
        (
            &kraken::V2,
            r#"{"channel":"trade","type":"update","data":[{"symbol":"BTCUSDT","side":"sell","price":64525.0,"qty":0.5,"ord_type":"limit","trade_id":7,"timestamp":"2026-07-19T23:09:00.7Z"}]}"#,
            scale(1, 8),
        ),
    ];

    const fn scale(price: u8, qty: u8) -> Scale {
        Scale { price, qty, inferred: false }
    }

    fn listed(id: u32, scale: Scale) -> Listings {
        let mut listings = Listings::empty();
        listings.add(Symbol::new(b"BTCUSDT").unwrap(), InstrumentId(id), scale);
        listings
    }

    /// Reads on the fast path: what was said, where it was taken, and whether by heart.
    fn read(
        level: FastLevel,
        dialect: &Dialect,
        listings: &Listings,
        text: &[u8],
        out: &mut Decoded,
    ) -> (Option<String>, bool) {
        let mut buffer = Vec::new();
        let bytes = Padded::copied(text, &mut buffer);
        let input = Input { stamp: Stamp::default(), about: InstrumentId::NONE, bytes };
        out.clear();
        let taken = dialect.fast.unwrap()(level, &input, listings, out);
        (taken.then(|| told(out)), taken && out.learned.missed.is_none())
    }

    fn told(out: &Decoded) -> String {
        format!("{:?} {:?}", out.events, out.levels)
    }

    #[test]
    fn what_is_read_by_heart_is_what_the_strict_path_says_whatever_byte_changes() {
        let (mut strict, mut raw) = (Strict::new(), Raw::default());
        let (mut out, mut expected) =
            (Decoded::with_steady_capacity(), Decoded::with_steady_capacity());
        for (dialect, frame, scale) in FRAMES {
            let mut listings = listed(3, *scale);
            for level in FastLevel::available() {
                out.learned = Learned::with_capacity();
                let known =
                    (0..3).map(|_| read(level, dialect, &listings, frame.as_bytes(), &mut out).1);
                assert!(known.last().unwrap(), "not learned on {}: {frame}", level.name());
                for place in 0..frame.len() {
                    for byte in (0..=255).filter(|b| b % 16 < 12 || *b == b'}') {
                        let mut text = frame.as_bytes().to_vec();
                        text[place] = byte;
                        let (said, _) = read(level, dialect, &listings, &text, &mut out);
                        let Some(said) = said else { continue };
                        let mut buffer = Vec::new();
                        let bytes = Padded::copied(&text, &mut buffer);
                        let about = InstrumentId::NONE;
                        let input = Input { stamp: Stamp::default(), about, bytes };
                        raw.clear();
                        expected.clear();
                        (dialect.strict)(&input, &mut strict, &mut raw).unwrap();
                        settle(&raw, &input, &mut listings, &mut expected).unwrap();
                        assert_eq!(said, told(&expected), "{}", String::from_utf8_lossy(&text));
                    }
                }
            }
        }
    }

    #[test]
    fn a_template_is_of_its_own_listings_and_decimals_only() {
        let mut out = Decoded::with_steady_capacity();
        let level = FastLevel::detect();
        let (mut first, second) = (listed(1, scale(8, 8)), listed(2, scale(8, 8)));
        let mut said =
            |listings: &Listings| read(level, &binance::SPOT, listings, TOP.as_bytes(), &mut out);
        for _ in 0..3 {
            said(&first);
        }
        assert!(said(&first).1);
        let (other, by_heart) = said(&second);
        assert!(!by_heart && other.unwrap().contains("instrument: InstrumentId(2)"));
        first.scales[1] = scale(9, 8);
        let (finer, by_heart) = said(&first);
        assert!(!by_heart && finer.unwrap().contains("price: 61837630000000"));
    }

    #[test]
    fn symbols_of_one_length_share_a_template() {
        let mut out = Decoded::with_steady_capacity();
        let level = FastLevel::detect();
        let mut listings = listed(1, scale(8, 8));
        listings.add(Symbol::new(b"ETHUSDT").unwrap(), InstrumentId(2), scale(8, 8));
        listings.add(Symbol::new(b"XRPUSDT").unwrap(), InstrumentId(3), scale(9, 8));
        let mut said = |symbol: &str| {
            let lower = symbol.to_lowercase();
            let text = TOP.replace("BTCUSDT", symbol).replace("btcusdt", &lower);
            read(level, &binance::SPOT, &listings, text.as_bytes(), &mut out)
        };
        for _ in 0..3 {
            said("BTCUSDT");
        }
        let (other, by_heart) = said("ETHUSDT");
        assert!(by_heart && other.unwrap().contains("instrument: InstrumentId(2)"));
        let (finer, by_heart) = said("XRPUSDT");
        assert!(!by_heart && finer.unwrap().contains("price: 61837630000000"));
        assert_eq!(said("LTCUSDT"), (None, false), "what is not listed is for the strict path");
    }

    #[test]
    fn two_streams_that_meet_push_each_other_out_ever_less_often() {
        let mut learned = Learned::with_capacity();
        let mut template = Template::none();
        template.edition = 1;
        let mut learned_after = Vec::new();
        for sketch in [1, 2, 3, 4, 5, 6] {
            let waited = (1..99).find(|_| learned.is_due(sketch)).unwrap();
            learned_after.push(waited);
            template.sketch = sketch;
            learned.keep(&template);
        }
        assert_eq!(learned_after, [2, 2, 2, 3, 5, 9]);
    }
}
