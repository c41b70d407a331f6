//! The recordings that benches play, and what each frame of them is.
//!
//! In: the folder that `NEURAL_KRAKEN_RECORDINGS` names, else the built-in recordings. Out: a tape
//! with its instruments.

use std::path::PathBuf;

use neural_kraken::base::Instruments;
use neural_kraken::tape::{self, SAMPLES, Spec, Tape};
use neural_kraken::venue;

/// Kinds of frame that are timed apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Depth,
    Top,
    Trade,
    Kraken,
}

/// Where the frames come from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) venue: &'static str,
    format: &'static str,
    file: &'static str,
    pub(crate) kinds: &'static [Kind],
}

/// Every recording that is timed.
pub(crate) const SOURCES: &[Source] = &[
    Source {
        name: "spot",
        venue: "binance",
        format: "stamped",
        file: "hftbacktest_binance_raw/spot_btcusdt_20240808.log.gz",
        kinds: &[Kind::Top, Kind::Trade, Kind::Depth],
    },
    Source {
        name: "COIN-M",
        venue: "binance-coinm",
        format: "stamped",
        file: "hftbacktest_binance_raw/cm_btcusd_perp_20240808.log.gz",
        kinds: &[Kind::Top, Kind::Trade, Kind::Depth],
    },
    Source {
        name: "Kraken",
        venue: "kraken",
        format: "frames",
        file: "kraken_v2/btcusd_depth10_20260719T1754.jsonl",
        kinds: &[Kind::Kraken],
    },
];

impl Source {
    /// What a kind of frame of it is called in a case.
    pub(crate) fn title(&self, kind: Kind) -> String {
        let kind = match kind {
            Kind::Depth => "depth",
            Kind::Top => "top",
            Kind::Trade => "trade",
            Kind::Kraken => "book",
        };
        format!("{kind}, {}", self.name)
    }

    /// The recording, else the part of the built-in one that is of the same venue; `None` where
    /// there is neither.
    pub(crate) fn load(&self) -> Option<(Tape, Instruments)> {
        let folder = std::env::var_os("NEURAL_KRAKEN_RECORDINGS").map(PathBuf::from);
        let path = folder.map(|folder| folder.join(self.file)).filter(|path| path.exists());
        let (path, format) = if let Some(path) = path {
            (path, self.format)
        } else {
            let sample = SAMPLES.iter().find(|(_, venue, _)| *venue == self.venue)?;
            (PathBuf::from(sample.0), "stamped")
        };
        let dialect = venue::dialect(self.venue);
        let spec = Spec { dialect, format: tape::format(format)?, path };
        let mut tape = Tape::load(&[spec], &mut |_, _| {}).unwrap();
        let survey = tape::survey(&mut tape, &[], &[]).unwrap();
        Some((tape, survey.instruments))
    }
}
