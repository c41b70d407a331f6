//! The recordings that come with the program: generated, in the venues' real frame formats.
//!
//! They are made by `neural-kraken sample --out samples --seed 1` and hold a gap, a wrong checksum
//! and a lost frame on purpose, so that a first look shows how a book says that it is broken, and
//! heals.

use std::path::Path;

/// Name, dialect, gzip bytes; the format is `stamped`.
pub static SAMPLES: &[(&str, &str, &[u8])] = &[
    ("built-in/kraken", "kraken", include_bytes!("../../samples/kraken.stamped.gz")),
    (
        "built-in/binance-btcusdt",
        "binance",
        include_bytes!("../../samples/binance-btcusdt.stamped.gz"),
    ),
    (
        "built-in/binance-ethusdt",
        "binance",
        include_bytes!("../../samples/binance-ethusdt.stamped.gz"),
    ),
    (
        "built-in/binance-ethbtc",
        "binance",
        include_bytes!("../../samples/binance-ethbtc.stamped.gz"),
    ),
    ("built-in/coinbase", "coinbase", include_bytes!("../../samples/coinbase.stamped.gz")),
];

/// The built-in recording of this name.
pub(super) fn named(path: &Path) -> Option<&'static [u8]> {
    SAMPLES.iter().find(|(name, ..)| Path::new(name) == path).map(|(.., bytes)| *bytes)
}
