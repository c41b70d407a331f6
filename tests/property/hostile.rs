//! Frames that no venue would send: each is refused with its reason, kept, and breaks what it was
//! about; nothing of it is applied and the feed goes on.

use neural_kraken::base::{ConnectionId, Instrument, InstrumentId, Instruments, Symbol};
use neural_kraken::event::{Body, Level, Market, Stamp};
use neural_kraken::limits;
use neural_kraken::stage::contract::Emit;
use neural_kraken::stage::feed::Feed;
use neural_kraken::venue::wire::{FastLevel, Padded};
use neural_kraken::venue::{self, Input};

/// All that came out, in words.
#[derive(Default)]
struct Seen(Vec<(Body, InstrumentId, Vec<Level>)>);

impl Emit<Market<'_>> for Seen {
    fn emit(&mut self, message: &Market<'_>) {
        self.0.push((message.head.body, message.head.instrument, message.levels.to_vec()));
    }
}

/// A feed for one instrument of one dialect.
struct Stand {
    feed: Feed,
    frames: u64,
}

impl Stand {
    fn new(dialect: &str, symbol: &str) -> Stand {
        let dialect = venue::dialect(dialect).unwrap();
        let mut instruments = Instruments::default();
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        let mut instrument = Instrument::plain(dialect.name, symbol, 8, 8);
        instrument.precision = neural_kraken::base::Precision::Declared;
        instruments.add(instrument).unwrap();
        let feed = Feed::new(&[dialect], &instruments, FastLevel::detect());
        Stand { feed, frames: 0 }
    }

    fn hear(&mut self, frame: &[u8]) -> Vec<(Body, InstrumentId, Vec<Level>)> {
        let mut buffer = Vec::new();
        let stamp = Stamp { frame: self.frames, connection: ConnectionId(0), ..Stamp::default() };
        self.frames += 1;
        let bytes = Padded::copied(frame, &mut buffer);
        let input = Input { stamp, about: InstrumentId(0), bytes };
        let mut seen = Seen::default();
        self.feed.decode(&input);
        self.feed.emit(&input, &mut seen);
        seen.0
    }

    /// Refused with `reason` in its words; the gap is about `instrument`.
    fn refuses(&mut self, frame: &[u8], reason: &str, instrument: InstrumentId) {
        let before = self.feed.counts().refused;
        let shown = String::from_utf8_lossy(&frame[..frame.len().min(120)]).into_owned();
        assert_eq!(self.hear(frame), [(Body::Gap, instrument, vec![])], "{shown}");
        assert_eq!(self.feed.counts().refused, before + 1, "{shown}");
        let kept = self.feed.refused().iter().last().unwrap();
        assert!(kept.reason.to_string().contains(reason), "{}: {shown}", kept.reason);
        assert_eq!((kept.frame, kept.len), (self.frames - 1, frame.len()));
        assert!(
            frame.starts_with(kept.bytes()) && kept.bytes().len() <= limits::REFUSED_BYTES_KEPT
        );
    }
}

const SOUND: &[u8] =
    br#"{"e":"depthUpdate","E":1672515782136,"s":"BTCUSDT","U":1,"u":2,"b":[["1.5","2"]],"a":[]}"#;

#[test]
fn malformed_frames_break_every_book_of_their_connection() {
    let mut stand = Stand::new("binance", "BTCUSDT");
    let none = InstrumentId::NONE;
    for end in 0..SOUND.len() {
        stand.refuses(&SOUND[..end], "", none);
    }
    let text = std::str::from_utf8(SOUND).unwrap();
    let with = |from: &str, to: &str| text.replacen(from, to, 1).into_bytes();
    stand.refuses(&with("\"a\":[]", "\"a\":[],\"U\":1"), "key `U` stands twice", none);
    stand.refuses(&with("\"U\":1,", ""), "key `U` is missing", none);
    stand.refuses(&with("\"U\":1", "\"U\":[]"), "key `U` has an unexpected value", none);
    stand.refuses(&with("\"U\":1", "\"U\":-1"), "key `U` has an unexpected value", none);
    stand.refuses(&with("\"1.5\"", "\"1.5.1\""), "not a decimal number", none);
    stand.refuses(&with("\"1.5\"", "\"NaN\""), "not a decimal number", none);
    let huge = format!("\"{}\"", "9".repeat(4_000));
    stand.refuses(&with("\"1.5\"", &huge), "more than 18 digits", none);
    stand.refuses(&with("BTCUSDT", "\u{202e}"), "", none);
    let mut invalid = SOUND.to_vec();
    invalid[44] = 0xFF;
    stand.refuses(&invalid, "not valid JSON", none);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    stand.refuses(deep.as_bytes(), "nested deeper", none);
    // And the feed goes on.
    assert!(matches!(stand.hear(SOUND)[..], [(Body::Book(_), InstrumentId(0), _)]));
}

#[test]
fn a_number_that_is_too_fine_breaks_only_its_own_book() {
    let mut stand = Stand::new("binance", "BTCUSDT");
    let text = std::str::from_utf8(SOUND).unwrap();
    let fine = text.replacen("\"1.5\"", "\"1.0000000001\"", 1);
    stand.refuses(fine.as_bytes(), "finer than the 8 decimals", InstrumentId(0));
    let negative = text.replacen("\"2\"", "\"-2\"", 1);
    stand.refuses(negative.as_bytes(), "number is negative", InstrumentId(0));
    // Trailing zeros are no digits.
    let padded = text.replacen("\"1.5\"", "\"1.50000000000000\"", 1);
    assert!(matches!(stand.hear(padded.as_bytes())[..], [(Body::Book(_), InstrumentId(0), _)]));
}

#[test]
fn a_frame_over_the_limit_is_refused_unread() {
    let mut stand = Stand::new("kraken", "BTC/USD");
    let mut frame = br#"{"channel":"book","x":""#.to_vec();
    frame.resize(limits::FRAME_BYTES_MAX - 1, b'a');
    frame.extend(b"\"}");
    assert_eq!(frame.len(), limits::FRAME_BYTES_MAX + 1);
    stand.refuses(&frame, "over the limit", InstrumentId::NONE);
    assert_eq!(stand.feed.counts().oversized, 1);
}

#[test]
fn a_snapshot_larger_than_the_buffers_is_taken_in_parts_and_counted() {
    let mut stand = Stand::new("coinbase", "BTC-USD");
    let mut frame = String::from(
        r#"{"channel":"l2_data","timestamp":"2026-04-07T14:30:01Z","sequence_num":0,"events":[{"type":"snapshot","product_id":"BTC-USD","updates":["#,
    );
    let levels = 40_000;
    for n in 0..levels {
        let (side, price) = if n % 2 == 0 { ("bid", 50_000 - n) } else { ("offer", 50_000 + n) };
        let comma = if n == 0 { "" } else { "," };
        let level =
            r#""event_time":"1970-01-01T00:00:00Z","price_level":"PRICE","new_quantity":"1"}"#;
        let level = level.replace("PRICE", &price.to_string());
        frame.extend([comma, r#"{"side":""#, side, "\",", &level]);
    }
    frame.push_str("]}]}");
    assert!(frame.len() > limits::FRAME_BYTES_STEADY);
    let seen = stand.hear(frame.as_bytes());
    let counts = stand.feed.counts();
    assert_eq!((counts.oversized, counts.strict, counts.refused), (1, 1, 0));
    assert_eq!(seen.len(), 40_000_usize.div_ceil(limits::PART_LEVELS_MAX));
    let all: usize = seen.iter().map(|(_, _, levels)| levels.len()).sum();
    assert_eq!(all, levels);
    let bids: u32 = seen
        .iter()
        .map(|(body, ..)| if let Body::Book(change) = body { change.bids } else { 0 })
        .sum();
    assert_eq!(bids, levels as u32 / 2);
    assert!(seen.iter().all(|(_, _, part)| part.len() <= limits::PART_LEVELS_MAX));
}

#[test]
fn unknown_channels_and_other_symbols_are_signs_of_life_and_no_more() {
    for (dialect, symbol, frame) in [
        ("kraken", "BTC/USD", r#"{"channel":"new_thing","data":[1,2,{"x":1e5}]}"#),
        ("kraken", "BTC/USD", r#"{"channel":"trade","type":"snapshot","data":[]}"#),
        ("binance", "BTCUSDT", r#"{"stream":"x@kline_1m","data":{"e":"kline","k":{}}}"#),
        ("coinbase", "BTC-USD", r#"{"channel":"status","sequence_num":4,"events":[]}"#),
        ("coinbase-exchange", "BTC-USD", r#"{"type":"last_match","trade_id":1}"#),
        ("kraken-v1", "XBT/USD", r#"[1,{"a":1},"ohlc-5","XBT/USD"]"#),
    ] {
        let mut stand = Stand::new(dialect, symbol);
        let seen = stand.hear(frame.as_bytes());
        assert_eq!(seen, [(Body::Alive, InstrumentId::NONE, vec![])], "{frame}");
        assert_eq!((stand.feed.counts().refused, stand.feed.counts().other), (0, 1), "{frame}");
    }
    let mut stand = Stand::new("binance", "ETHUSDT");
    assert_eq!(stand.hear(SOUND), [(Body::Alive, InstrumentId::NONE, vec![])]);
}
