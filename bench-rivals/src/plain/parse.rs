//! Frame bytes into an update, by `serde_json` and the standard library's own number parser.

use serde::Deserialize;

use super::message::{Level, Update, Venue};
use crate::decode::{Combined, Depth, Kraken, KrakenLevel, Top, Trade};

/// What a frame is, known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `depthUpdate`.
    Depth,
    /// `bookTicker`.
    Top,
    /// `trade`.
    Trade,
    /// A reply with a whole book.
    Snapshot,
    /// A Kraken v2 book message.
    Kraken,
}

/// `GET depth`'s reply.
#[derive(Debug, Deserialize)]
struct Snapshot<'a> {
    #[serde(rename = "lastUpdateId")]
    last_id: u64,
    #[serde(borrow)]
    bids: Vec<[&'a str; 2]>,
    #[serde(borrow)]
    asks: Vec<[&'a str; 2]>,
}

/// Parses a frame.
///
/// # Errors
/// Where it is not of its kind.
pub fn parse(venue: Venue, kind: Kind, frame: &[u8]) -> Result<Update, serde_json::Error> {
    Ok(match kind {
        Kind::Depth => {
            let depth = serde_json::from_slice::<Combined<Depth<'_>>>(frame)?.data;
            Update::Depth {
                symbol: depth.symbol.to_owned(),
                bids: levels(venue, &depth.bids),
                asks: levels(venue, &depth.asks),
                last_id: depth.last_id,
                prev_id: depth.prev_id,
                snapshot: false,
                checksum: None,
            }
        }
        Kind::Top => {
            let top = serde_json::from_slice::<Combined<Top<'_>>>(frame)?.data;
            Update::Top {
                symbol: top.symbol.to_owned(),
                update_id: top.update_id,
                bid: level(venue, &[top.bid, top.bid_qty]),
                ask: level(venue, &[top.ask, top.ask_qty]),
            }
        }
        Kind::Trade => {
            let trade = serde_json::from_slice::<Combined<Trade<'_>>>(frame)?.data;
            let (price, qty) = level(venue, &[trade.price, trade.qty]);
            let is_buy = !trade.buyer_is_maker;
            Update::Trade { symbol: trade.symbol.to_owned(), price, qty, is_buy }
        }
        Kind::Snapshot => {
            let whole = serde_json::from_slice::<Snapshot<'_>>(frame)?;
            Update::Depth {
                symbol: String::new(),
                bids: levels(venue, &whole.bids),
                asks: levels(venue, &whole.asks),
                last_id: whole.last_id,
                prev_id: 0,
                snapshot: true,
                checksum: None,
            }
        }
        Kind::Kraken => kraken(venue, frame)?,
    })
}

fn kraken(venue: Venue, frame: &[u8]) -> Result<Update, serde_json::Error> {
    use serde::de::Error as _;
    let message = serde_json::from_slice::<Kraken<'_>>(frame)?;
    let book = message.data.first().ok_or_else(|| serde_json::Error::custom("no book"))?;
    let (price, qty) = venue.scales();
    let levels = |levels: &[KrakenLevel]| {
        levels.iter().map(|l| (units(l.price, price), units(l.qty, qty))).collect()
    };
    Ok(Update::Depth {
        symbol: book.symbol.to_owned(),
        bids: levels(&book.bids),
        asks: levels(&book.asks),
        last_id: 0,
        prev_id: 0,
        snapshot: message.kind == "snapshot",
        checksum: Some(book.checksum),
    })
}

fn levels(venue: Venue, pairs: &[[&str; 2]]) -> Vec<Level> {
    pairs.iter().map(|pair| level(venue, pair)).collect()
}

fn level(venue: Venue, pair: &[&str; 2]) -> Level {
    let (price, qty) = venue.scales();
    let number = |text: &str| text.parse::<f64>().unwrap_or_default();
    (units(number(pair[0]), price), units(number(pair[1]), qty))
}

/// To whole units, so that a tree can be keyed by it: prices below 90 million are exact.
fn units(value: f64, scale: f64) -> i64 {
    (value * scale).round() as i64
}
