//! Where the recordings are, and how each is loaded.

use std::path::PathBuf;

use neural_kraken::base::Instruments;
use neural_kraken::tape::{self, Spec, Tape};
use neural_kraken::venue;

/// A recording: its name in these tests, venue, format, files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recording {
    pub(crate) name: &'static str,
    pub(crate) venue: &'static str,
    pub(crate) format: &'static str,
    pub(crate) files: &'static [&'static str],
}

macro_rules! recordings {
    ($(
        $constant:ident = $name:literal, $venue:literal, $format:literal, [$($file:literal),+];
    )+) => {
        $(pub(crate) const $constant: Recording = Recording {
            name: $name, venue: $venue, format: $format, files: &[$($file),+],
        };)+
        /// All of them.
        pub(crate) const ALL: &[Recording] = &[$($constant),+];
    };
}

recordings! {
    SPOT = "spot_btc", "binance", "stamped",
        ["hftbacktest_binance_raw/spot_btcusdt_20240808.log.gz",
         "hftbacktest_binance_raw/spot_btcusdt_20240809.log.gz"];
    USDM = "usdm_btc", "binance-usdm", "stamped",
        ["hftbacktest_binance_raw/usdm_btcusdt_20240808.log.gz"];
    COINM_BTC = "coinm_btc", "binance-coinm", "stamped",
        ["hftbacktest_binance_raw/cm_btcusd_perp_20240808.log.gz",
         "hftbacktest_binance_raw/cm_btcusd_perp_20240809.log.gz"];
    COINM_ETH = "coinm_eth", "binance-coinm", "stamped",
        ["hftbacktest_binance_raw/cm_ethusd_perp_20240808.log.gz",
         "hftbacktest_binance_raw/cm_ethusd_perp_20240809.log.gz"];
    KRAKEN_2026 = "kraken_2026", "kraken", "frames",
        ["kraken_v2/btcusd_depth10_20260719T1754.jsonl"];
    KRAKEN_2023 = "kraken_2023", "kraken", "frames",
        ["kraken_v2/btcusd_depth10_20230730_rerendered.jsonl"];
    KRAKEN_V1 = "kraken_v1", "kraken-v1", "frames", ["kraken_v1/xbtusd_book10_20230830.jsonl"];
    KRAKEN_V1_DEEP = "kraken_v1_deep", "kraken-v1", "cryptofeed", ["cryptofeed/KRAKEN.ws.50.0.gz"];
    COINBASE = "coinbase", "coinbase", "frames",
        ["coinbase_advanced/btcusd_level2_20260824.jsonl"];
    EXCHANGE = "coinbase_exchange", "coinbase-exchange", "cryptofeed",
        ["cryptofeed/COINBASE.ws.28.0.gz"];
    FEED_SPOT = "cryptofeed_spot", "binance", "cryptofeed",
        ["cryptofeed/BINANCE.ws.1.0", "cryptofeed/BINANCE.http.0.0"];
    FEED_USDM = "cryptofeed_usdm", "binance-usdm", "cryptofeed",
        ["cryptofeed/BINANCE_FUTURES.ws.1.0", "cryptofeed/BINANCE_FUTURES.http.0.0"];
    GOOG = "lobster_goog", "nasdaq", "lobster",
        ["lobster/GOOG_2012-06-21_34200000_57600000_message_10.csv.gz",
         "lobster/GOOG_2012-06-21_34200000_57600000_orderbook_10.csv.gz"];
    AAPL = "lobster_aapl", "nasdaq", "lobster",
        ["lobster/AAPL_2012-06-21_34200000_57600000_message_1.csv.gz",
         "lobster/AAPL_2012-06-21_34200000_57600000_orderbook_1.csv.gz"];
}

/// The folder of the recordings, where it is named.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os("NEURAL_KRAKEN_RECORDINGS").map(PathBuf::from)
}

/// A file of that folder.
pub(crate) fn path(file: &str) -> PathBuf {
    let path = folder().expect("NEURAL_KRAKEN_RECORDINGS").join(file);
    assert!(path.exists(), "{} is missing from the recordings", path.display());
    path
}

impl Recording {
    pub(crate) fn specs(&self) -> Vec<Spec> {
        let dialect = venue::dialect(self.venue);
        let format = tape::format(self.format).unwrap();
        self.files.iter().map(|file| Spec { dialect, format, path: path(file) }).collect()
    }

    /// The frames and the instruments of a recording.
    pub(crate) fn load(&self) -> (Tape, Instruments) {
        let mut tape = Tape::load(&self.specs(), &mut |_, _| {}).unwrap();
        let survey = tape::survey(&mut tape, &[], &[]).unwrap();
        (tape, survey.instruments)
    }
}
