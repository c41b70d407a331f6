//! What every fuzz target checks.
//!
//! Frames: nothing panics; what a fast path takes, the strict path takes with the same events, on
//! every instruction set; books that say `Live` are not crossed and never silently wrong about
//! their own top. Input is cut into several frames at line feeds, so that books see sequences.

pub mod net;

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use neural_kraken::base::{
    ConnectionId, Instrument, InstrumentId, Instruments, Nanos, OrderId, Precision, Price, Qty,
    Side, Symbol,
};
use neural_kraken::event::{BookState, Market, Stamp, Terms, View};
use neural_kraken::journal::{self, Item, Reader};
use neural_kraken::neural;
use neural_kraken::stage::book::{Books, Settings};
use neural_kraken::stage::contract::{Emit, Idle, On};
use neural_kraken::stage::feed::Feed;
use neural_kraken::venue::wire::{FastLevel, Padded, Strict};
use neural_kraken::venue::{
    self, Decoded, Dialect, Input, Label, Listings, Raw, Request, Scale, Session, Target, settle,
};

/// Symbols that frames may be about, with their decimals.
const SYMBOLS: &[(&str, u8, u8)] = &[
    ("BTC/USD", 1, 8),
    ("XBT/USD", 5, 8),
    ("BTCUSDT", 8, 8),
    ("BTCUSD_PERP", 1, 0),
    ("BTC-USD", 2, 8),
    ("GOOG", 4, 0),
];

/// All that one dialect's frames go through. Kept from input to input, as a session would.
struct Stand {
    dialect: &'static Dialect,
    instruments: Instruments,
    listings: Listings,
    strict: Strict,
    raw: Raw,
    expected: Decoded,
    found: Decoded,
    feed: Feed,
    buffer: Vec<u8>,
}

thread_local! {
    static STAND: RefCell<Option<Stand>> = const { RefCell::new(None) };
}

/// Frames of a dialect, one a line.
pub fn frames(dialect: &str, data: &[u8]) {
    STAND.with_borrow_mut(|stand| {
        let stand = stand.get_or_insert_with(|| Stand::new(dialect));
        let settings = Settings::default();
        // Small windows: a fresh set of books for each input must not cost megabytes.
        let mut books = Books::new(&stand.instruments, &settings);
        for (n, text) in pieces(dialect, data).into_iter().enumerate() {
            stand.compare(&text);
            stand.play(n as u64, &text, &mut books);
        }
    });
}

/// A LOBSTER frame holds a line feed itself.
fn pieces(dialect: &str, data: &[u8]) -> Vec<Vec<u8>> {
    let lines: Vec<&[u8]> = data.split(|b| *b == b'\n').collect();
    if dialect == "nasdaq" {
        return lines.chunks(2).map(|pair| pair.join(&b'\n')).collect();
    }
    lines.into_iter().map(<[u8]>::to_vec).collect()
}

impl Stand {
    fn new(name: &str) -> Stand {
        let dialect = venue::dialect(name).expect("a dialect");
        let mut instruments = Instruments::default();
        let mut listings = Listings::empty();
        for (symbol, price, qty) in SYMBOLS {
            let symbol = Symbol::new(symbol.as_bytes()).expect("a symbol");
            let mut instrument = Instrument::plain(dialect.name, symbol, *price, *qty);
            instrument.precision = Precision::Declared;
            instrument.continuity = dialect.continuity;
            instrument.form = match dialect.form {
                neural_kraken::base::Form::Window { .. } => {
                    neural_kraken::base::Form::Window { ticks: 1 << 12 }
                }
                ladder => ladder,
            };
            let id = instruments.add(instrument).expect("room");
            let scale = Scale { price: *price, qty: *qty, inferred: false };
            listings.add(symbol, id, scale);
        }
        Stand {
            dialect,
            feed: Feed::new(&[dialect], &instruments, FastLevel::detect()),
            instruments,
            listings,
            strict: Strict::new(),
            raw: Raw::default(),
            expected: Decoded::with_steady_capacity(),
            found: Decoded::with_steady_capacity(),
            buffer: Vec::new(),
        }
    }

    /// Both paths, every instruction set.
    fn compare(&mut self, text: &[u8]) {
        let bytes = Padded::copied(text, &mut self.buffer);
        let input = Input { stamp: Stamp::default(), about: InstrumentId(0), bytes };
        self.raw.clear();
        self.expected.clear();
        let strict = (self.dialect.strict)(&input, &mut self.strict, &mut self.raw)
            .map_err(|refusal| (refusal, InstrumentId::NONE))
            .and_then(|()| settle(&self.raw, &input, &mut self.listings, &mut self.expected));
        let Some(fast) = self.dialect.fast else { return };
        for level in FastLevel::available() {
            self.found.clear();
            if fast(level, &input, &self.listings, &mut self.found) {
                assert!(strict.is_ok(), "{level:?} takes what is refused: {strict:?}");
                assert_eq!(told(&self.found), told(&self.expected), "{level:?}");
            }
        }
    }

    /// Feed and books: whatever comes, a live book is not crossed.
    fn play(&mut self, n: u64, text: &[u8], books: &mut Books) {
        let mut buffer = Vec::new();
        let recv_ns = Nanos(1_700_000_000_000_000_000 + n as i64 * 1_000_000);
        let stamp = Stamp { frame: n, recv_ns, arrived_tsc: 0, connection: ConnectionId(0) };
        let bytes = Padded::copied(text, &mut buffer);
        let input = Input { stamp, about: InstrumentId(0), bytes };
        self.feed.decode(&input);
        self.feed.emit(&input, &mut Sink(books));
        books.idle();
        for instrument in &self.instruments {
            let view = books.view(instrument.id).expect("a book");
            if view.quote.state != BookState::Live {
                continue;
            }
            let best = |side| {
                let mut best = None;
                books.visit(instrument.id, side, &mut |level| best = best.or(Some(level)));
                best
            };
            if let (Some(bid), Some(ask)) = (best(Side::Buy), best(Side::Sell)) {
                assert!(bid.price < ask.price, "a live book is not crossed");
            }
        }
    }
}

struct Sink<'a>(&'a mut Books);

impl Emit<Market<'_>> for Sink<'_> {
    fn emit(&mut self, message: &Market<'_>) {
        self.0.on(message, &mut Quiet);
    }
}

struct Quiet;

impl Emit<View> for Quiet {
    fn emit(&mut self, _: &View) {}
}

fn told(decoded: &Decoded) -> (String, &[neural_kraken::event::Level], Option<u64>, u32) {
    let heads: Vec<_> = decoded.events.iter().map(|e| (e.head, e.start, e.count)).collect();
    (format!("{heads:?}"), &decoded.levels, decoded.sequence, decoded.other)
}

/// A request about an order: what a desk takes is what it would write itself for that order.
pub fn order(data: &[u8]) {
    for dialect in venue::DIALECTS {
        let Some(desk) = dialect.desk else { continue };
        let Ok(request) = desk.decode(data) else { continue };
        let again = match request {
            Request::Place { client, symbol, side, style, price, qty } => {
                // Our own names fill their place; a shorter one cannot be written.
                if client.0.contains(&0) {
                    continue;
                }
                let scale = price.map_or(0, |price| price.scale);
                let instrument = Instrument::plain(dialect.name, symbol, scale, qty.scale);
                let Some(mut template) = desk.template(&instrument, &Session::default()) else {
                    continue;
                };
                let price = Price(price.map_or(0, |price| price.mantissa));
                let terms = Terms { price, qty: Qty(qty.mantissa), side, style };
                let label = Label { order: OrderId(1), client, now: Nanos(1) };
                desk.decode(template.place(&label, &terms))
            }
            Request::Cancel { client } => {
                if client.0.contains(&0) {
                    continue;
                }
                let symbol = Symbol::new(b"BTC").expect("a symbol");
                let instrument = Instrument::plain(dialect.name, symbol, 1, 8);
                let mut template =
                    desk.template(&instrument, &Session::default()).expect("a template");
                let label = Label { order: OrderId(1), client, now: Nanos(1) };
                let target = Target { client, venue_order: None };
                desk.decode(template.cancel(&label, &target))
            }
        };
        assert_eq!(again, Ok(request), "{}", dialect.name);
    }
}

/// A segment of a journal: read to its end, whatever it holds.
pub fn journal(data: &[u8]) {
    let path: PathBuf =
        std::env::temp_dir().join(format!("neural-kraken-fuzz-{}", std::process::id()));
    fs::create_dir_all(&path).expect("a folder");
    fs::write(path.join("000000.nkj"), data).expect("a file");
    if let Ok(mut reader) = Reader::open(&path) {
        while let Some(item) = reader.read() {
            if let Item::Record(record) = item {
                assert!(record.bytes.len() <= neural_kraken::limits::FRAME_BYTES_MAX);
            }
        }
    }
}

/// Redaction keeps the length, is idempotent, and leaves no secret of a known key.
pub fn redact(data: &[u8]) {
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    journal::redact(data, &mut once);
    assert_eq!(once.len(), data.len(), "same length");
    journal::redact(&once, &mut twice);
    assert_eq!(once, twice, "what is masked stays masked");
    let mut marked = b"{\"token\":\"".to_vec();
    marked.extend(data.iter().filter(|b| b.is_ascii_alphanumeric()));
    marked.extend(b"SECRET\"}");
    let mut masked = Vec::new();
    journal::redact(&marked, &mut masked);
    assert!(!masked.windows(6).any(|w| w == b"SECRET"), "a token is masked");
}

/// A model's file, or an array for one: what is taken is sound, and is written and read as it is.
pub fn model(data: &[u8]) {
    if let Ok(array) = neural::Npy::decode(data) {
        assert_eq!(array.data.len(), array.shape.iter().product::<usize>());
    }
    let Ok(read) = neural::read(data) else { return };
    assert_eq!(read.network.check(), Ok(()), "only sound networks are read");
    if let Ok(file) = neural::write(&read.network, &read.meta) {
        let again = neural::read(&file).expect("what we write is read");
        assert_eq!(again.network, read.network);
    }
}
