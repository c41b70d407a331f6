//! An ear for one dialect: decodes a frame in every way there is, and all must agree.

use std::cell::RefCell;

use neural_kraken::base::{InstrumentId, Nanos, Symbol};
use neural_kraken::event::{Body, Level, Stamp};
use neural_kraken::venue::wire::{FastLevel, Padded, Shape, Strict};
use neural_kraken::venue::{Decoded, Dialect, Input, Listings, Raw, Scale, settle};

pub(crate) const ID: InstrumentId = InstrumentId(0);

/// All of an event that its venue said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) venue_ns: Nanos,
    pub(crate) body: Body,
    pub(crate) levels: Vec<Level>,
}

thread_local! {
    /// What decoding needs is dear to make: once a test is enough.
    static BUFFERS: RefCell<(Strict, Raw, Decoded)> =
        RefCell::new((Strict::new(), Raw::default(), Decoded::with_steady_capacity()));
}

/// What a frame said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Heard {
    pub(crate) said: Vec<Said>,
    pub(crate) sequence: Option<u64>,
    pub(crate) other: u32,
}

/// Decoders of one dialect with one instrument.
pub(crate) struct Ear {
    dialect: &'static Dialect,
    listings: Listings,
}

impl Ear {
    pub(crate) fn new(dialect: &'static Dialect, name: Symbol, shape: Shape) -> Ear {
        let mut listings = Listings::empty();
        listings.add(name, ID, Scale { price: shape.price, qty: shape.qty, inferred: false });
        Ear { dialect, listings }
    }

    /// Decodes strictly, and on every instruction set of the fast path; all must agree.
    pub(crate) fn hear(&self, frame: &[u8], is_hot: bool) -> Heard {
        let mut buffer = Vec::new();
        let bytes = Padded::copied(frame, &mut buffer);
        let input = Input { stamp: Stamp::default(), about: ID, bytes };
        BUFFERS.with_borrow_mut(|(strict, raw, decoded)| {
            let text = String::from_utf8_lossy(frame);
            raw.clear();
            decoded.clear();
            (self.dialect.strict)(&input, strict, raw)
                .unwrap_or_else(|refusal| panic!("{refusal}: {text}"));
            settle(raw, &input, &mut self.listings.clone(), decoded)
                .unwrap_or_else(|(refusal, _)| panic!("{refusal}: {text}"));
            let heard = heard(decoded);
            let Some(fast) = self.dialect.fast else { return heard };
            for level in FastLevel::available() {
                decoded.clear();
                let is_taken = fast(level, &input, &self.listings, decoded);
                assert!(is_taken || !is_hot, "{} falls to the strict path: {text}", level.name());
                if is_taken {
                    assert_eq!(self::heard(decoded), heard, "{}: {text}", level.name());
                }
            }
            heard
        })
    }
}

fn heard(decoded: &Decoded) -> Heard {
    let said = decoded.events.iter().map(|placed| {
        assert_eq!(placed.head.instrument, ID);
        let (venue_ns, body) = (placed.head.venue_ns, placed.head.body);
        Said { venue_ns, body, levels: decoded.levels_of(placed).to_vec() }
    });
    Heard { said: said.collect(), sequence: decoded.sequence, other: decoded.other }
}

pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

pub(crate) fn name(text: &str) -> Symbol {
    Symbol::new(text.as_bytes()).unwrap()
}
