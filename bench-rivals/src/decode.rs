//! Frames into typed structures, the way most would: `serde` with one of three parsers.
//!
//! They are spared what ours must do: the kind of a frame is known beforehand, prices stay text
//! (Kraken's bare numbers become floats), nothing is checked against an instrument.

use serde::Deserialize;

/// A frame of a combined stream.
#[derive(Debug, Deserialize)]
pub struct Combined<T> {
    /// What happened.
    pub data: T,
}

/// `depthUpdate` of spot and futures.
#[derive(Debug, Deserialize)]
pub struct Depth<'a> {
    /// Event time, ms.
    #[serde(rename = "E")]
    pub event_ms: i64,
    /// Symbol.
    #[serde(rename = "s", borrow)]
    pub symbol: &'a str,
    /// First update id.
    #[serde(rename = "U")]
    pub first_id: u64,
    /// Last update id.
    #[serde(rename = "u")]
    pub last_id: u64,
    /// Last update id of the event before.
    #[serde(rename = "pu", default)]
    pub prev_id: u64,
    /// Bids.
    #[serde(rename = "b", borrow)]
    pub bids: Vec<[&'a str; 2]>,
    /// Asks.
    #[serde(rename = "a", borrow)]
    pub asks: Vec<[&'a str; 2]>,
}

/// `bookTicker`.
#[derive(Debug, Deserialize)]
pub struct Top<'a> {
    /// Update id.
    #[serde(rename = "u")]
    pub update_id: u64,
    /// Symbol.
    #[serde(rename = "s", borrow)]
    pub symbol: &'a str,
    /// Best bid.
    #[serde(rename = "b", borrow)]
    pub bid: &'a str,
    /// Its quantity.
    #[serde(rename = "B", borrow)]
    pub bid_qty: &'a str,
    /// Best ask.
    #[serde(rename = "a", borrow)]
    pub ask: &'a str,
    /// Its quantity.
    #[serde(rename = "A", borrow)]
    pub ask_qty: &'a str,
}

/// `trade`.
#[derive(Debug, Deserialize)]
pub struct Trade<'a> {
    /// Match time, ms.
    #[serde(rename = "T")]
    pub match_ms: i64,
    /// Symbol.
    #[serde(rename = "s", borrow)]
    pub symbol: &'a str,
    /// Id.
    #[serde(rename = "t")]
    pub id: u64,
    /// Price.
    #[serde(rename = "p", borrow)]
    pub price: &'a str,
    /// Quantity.
    #[serde(rename = "q", borrow)]
    pub qty: &'a str,
    /// Was the buyer the maker?
    #[serde(rename = "m")]
    pub buyer_is_maker: bool,
}

/// A Kraken v2 book message.
#[derive(Debug, Deserialize)]
pub struct Kraken<'a> {
    /// `snapshot` or `update`.
    #[serde(rename = "type", borrow)]
    pub kind: &'a str,
    /// One book.
    #[serde(borrow)]
    pub data: Vec<KrakenBook<'a>>,
}

/// One book of it.
#[derive(Debug, Deserialize)]
pub struct KrakenBook<'a> {
    /// Symbol.
    #[serde(borrow)]
    pub symbol: &'a str,
    /// Bids.
    pub bids: Vec<KrakenLevel>,
    /// Asks.
    pub asks: Vec<KrakenLevel>,
    /// CRC32.
    pub checksum: u32,
    /// Time.
    #[serde(borrow)]
    pub timestamp: &'a str,
}

/// A level of it.
#[derive(Debug, Deserialize)]
pub struct KrakenLevel {
    /// Price.
    pub price: f64,
    /// Quantity.
    pub qty: f64,
}

/// The kinds of hot frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Depth`].
    Depth,
    /// [`Top`].
    Top,
    /// [`Trade`].
    Trade,
    /// [`Kraken`].
    Kraken,
}

/// Which parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parser {
    /// `serde_json::from_slice`.
    Serde,
    /// `sonic_rs::from_slice`.
    Sonic,
    /// `simd_json::serde::from_slice_with_buffers`, in place.
    Simd,
}

/// Buffers of `simd-json`.
pub type Buffers = simd_json::Buffers;

/// Parses a frame and hands the result to the optimiser's blind eye; false where it did not parse.
/// `simd-json` writes into `frame`.
#[inline(never)]
pub fn parse(parser: Parser, kind: Kind, frame: &mut [u8], buffers: &mut Buffers) -> bool {
    match kind {
        Kind::Depth => typed::<Combined<Depth<'_>>>(parser, frame, buffers),
        Kind::Top => typed::<Combined<Top<'_>>>(parser, frame, buffers),
        Kind::Trade => typed::<Combined<Trade<'_>>>(parser, frame, buffers),
        Kind::Kraken => typed::<Kraken<'_>>(parser, frame, buffers),
    }
}

#[inline(always)]
fn typed<'a, T: Deserialize<'a>>(
    parser: Parser,
    frame: &'a mut [u8],
    buffers: &mut Buffers,
) -> bool {
    match parser {
        Parser::Serde => seen(serde_json::from_slice::<T>(frame)),
        Parser::Sonic => seen(sonic_rs::from_slice::<T>(frame)),
        Parser::Simd => seen(simd_json::serde::from_slice_with_buffers::<T>(frame, buffers)),
    }
}

fn seen<T, E>(parsed: Result<T, E>) -> bool {
    std::hint::black_box(parsed).is_ok()
}
