//! Counts and final books of every recording, as its description and `expected_final_books.json`
//! say.

use std::fs;

use neural_kraken::base::{Instrument, render};
use neural_kraken::event::{BookState, Level};
use neural_kraken::pipeline::{self, Layout, Outcome, Plan, Progress};
use neural_kraken::stage::book::Shown;
use serde_json::Value;

use super::Case;
use super::source::{self, Recording};

/// What must come out: frames, depth or book events, tops, trades, quote matches, checksums, stale
/// events before the snapshot. Books must be as under the key of `expected_final_books.json`.
struct Expected {
    recording: Recording,
    key: Option<&'static str>,
    frames: usize,
    book: u64,
    quote: u64,
    trade: u64,
    matches: u64,
    checksums: u64,
    stale: u64,
}

const fn expected(recording: Recording, key: &'static str, frames: usize) -> Expected {
    Expected {
        recording,
        key: Some(key),
        frames,
        book: 0,
        quote: 0,
        trade: 0,
        matches: 0,
        checksums: 0,
        stale: 0,
    }
}

#[rustfmt::skip]
fn table() -> Vec<Expected> {
    vec![
        Expected { book: 3_451 + 3_044 + 1, quote: 28_040 + 45_134, trade: 9_757 + 10_147, matches: 1_059, stale: 2,
            ..expected(source::SPOT, "hftbacktest_binance_raw/spot_btcusdt_2024080{8,9}", 41_249 + 58_325) },
        Expected { book: 6_551 + 1, quote: 66_089, trade: 21_313, matches: 447, stale: 4,
            ..expected(source::USDM, "hftbacktest_binance_raw/usdm_btcusdt_20240808", 93_954) },
        Expected { book: 26_847 + 17_948 + 1, quote: 19_136 + 29_219, trade: 2_286 + 2_949, matches: 1_885, stale: 23,
            ..expected(source::COINM_BTC, "hftbacktest_binance_raw/cm_btcusd_perp_2024080{8,9}", 48_270 + 50_116) },
        Expected { book: 22_909 + 16_246 + 1, quote: 15_812 + 19_751, trade: 1_732 + 1_863, matches: 2_278, stale: 22,
            ..expected(source::COINM_ETH, "hftbacktest_binance_raw/cm_ethusd_perp_2024080{8,9}", 40_454 + 37_860) },
        Expected { book: 1_254, checksums: 1_254,
            ..expected(source::KRAKEN_2026, "kraken_v2/btcusd_depth10_20260719T1754", 1_376) },
        Expected { book: 510, checksums: 510,
            ..expected(source::KRAKEN_2023, "kraken_v2/btcusd_depth10_20230730_rerendered", 510) },
        // v1 snapshots carry no checksum.
        Expected { book: 980, checksums: 979,
            ..expected(source::KRAKEN_V1, "kraken_v1/xbtusd_book10_20230830", 1_150) },
        Expected { book: 3_014 + 7, checksums: 3_014,
            ..expected(source::KRAKEN_V1_DEEP, "cryptofeed/KRAKEN.ws.50.0", 0) },
        Expected { book: 11, ..expected(source::COINBASE, "", 12) },
        Expected { book: 7_048 + 7, trade: 81,
            ..expected(source::EXCHANGE, "cryptofeed/COINBASE.ws.28.0", 0) },
        Expected { book: 177 + 4, quote: 84, trade: 2, matches: 26, stale: 5,
            ..expected(source::FEED_SPOT, "cryptofeed/BINANCE", 177 + 84 + 2 + 2 + 4) },
        Expected { book: 764 + 4, quote: 613, trade: 91, matches: 50, stale: 12,
            ..expected(source::FEED_USDM, "cryptofeed/BINANCE_FUTURES", 764 + 613 + 91 + 67 + 4) },
        // Executions: visible and hidden.
        Expected { book: 147_916, trade: 7_765 + 3_913, ..expected(source::GOOG, "", 147_916) },
        Expected { book: 118_497, trade: 23_658 + 11_332, ..expected(source::AAPL, "", 118_497) },
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = table()
        .into_iter()
        .map(|expected| {
            let name = format!("golden::{}_comes_out_as_it_is_described", expected.recording.name);
            let run: Box<dyn FnOnce() + Send> = Box::new(move || check(&expected));
            (name, run)
        })
        .collect();
    cases.push((
        "golden::every_layout_ends_with_the_same_books".into(),
        Box::new(every_layout_ends_with_the_same_books),
    ));
    cases.push((
        "golden::lobster_mids_move_as_often_as_described".into(),
        Box::new(lobster_mids_move_as_often_as_described),
    ));
    cases
}

fn play(recording: Recording, layout: Layout) -> (Outcome, Vec<Instrument>) {
    let (tape, instruments) = recording.load();
    let plan = Plan { layout, ..Plan::default() };
    let outcome = pipeline::replay(&tape, &instruments, &plan, &Progress::default()).unwrap();
    (outcome, instruments.iter().cloned().collect())
}

fn check(expected: &Expected) {
    let (outcome, instruments) = play(expected.recording, Layout::One);
    let (counts, integrity) = (outcome.counts, outcome.integrity);
    assert_eq!(counts.refused, 0, "{:?}", outcome.refused);
    if expected.frames > 0 {
        assert_eq!(counts.fast + counts.strict, expected.frames as u64, "frames");
    }
    assert_eq!(counts.book, expected.book, "book events");
    assert_eq!(counts.quote, expected.quote, "tops");
    assert_eq!(counts.trade, expected.trade, "trades");
    assert_eq!(integrity.quote_match, expected.matches, "quotes that match");
    assert_eq!(integrity.checksum_ok, expected.checksums, "checksums that match");
    assert_eq!(integrity.stale_dropped, expected.stale, "events before the snapshot");
    let wrong = [integrity.quote_mismatch, integrity.checksum_bad, integrity.gaps, counts.gaps];
    assert_eq!(wrong, [0; 4], "mismatches, bad checksums, gaps");
    assert_eq!((integrity.crossed, integrity.resyncs), (0, 0), "crossed, resyncs");
    if let Some(key) = expected.key.filter(|key| !key.is_empty()) {
        let all: Value =
            serde_json::from_slice(&fs::read(source::path("expected_final_books.json")).unwrap())
                .unwrap();
        let books = &all[key];
        assert!(books.is_object(), "{key} is not in expected_final_books.json");
        for (instrument, shown) in instruments.iter().zip(&outcome.books) {
            let own = &books[instrument.symbol.as_str()];
            same_book(if own.is_object() { own } else { books }, shown, &instrument.name());
        }
    }
}

fn same_book(expected: &Value, shown: &Shown, name: &str) {
    assert_eq!(shown.state, BookState::Live, "{name}");
    for (key, levels) in [("bids", &shown.bids), ("asks", &shown.asks)] {
        let text = |level: &Level| {
            serde_json::json!([
                render(level.price, shown.price_decimals),
                render(level.qty, shown.qty_decimals)
            ])
        };
        let ours: Vec<Value> = levels.iter().map(text).collect();
        assert_eq!(expected[key], Value::from(ours), "{name} {key}");
    }
    assert_eq!(expected["bid_levels"], shown.bid_levels, "{name}");
    assert_eq!(expected["ask_levels"], shown.ask_levels, "{name}");
    let numbers = [
        ("updates", u64::from(shown.updates)),
        ("depth_applied", u64::from(shown.updates)),
        ("last_update_id", shown.last_update_id),
        ("last_checksum", shown.checksum.map_or(0, |c| u64::from(c.ours))),
    ];
    for (key, ours) in numbers {
        let theirs = &expected[key];
        // Checksums of v1 are quoted.
        let theirs = theirs.as_u64().or_else(|| theirs.as_str()?.parse().ok());
        if let Some(theirs) = theirs {
            assert_eq!(theirs, ours, "{name} {key}");
        }
    }
}

fn every_layout_ends_with_the_same_books() {
    for recording in [source::SPOT, source::KRAKEN_V1_DEEP, source::FEED_USDM] {
        let (one, _) = play(recording, Layout::One);
        for layout in [Layout::StagePerCore, Layout::VenuePerCore, Layout::Auto] {
            let (other, _) = play(recording, layout);
            assert_eq!(one.counts, other.counts, "{layout:?}");
            assert_eq!(one.integrity, other.integrity, "{layout:?}");
            for (a, b) in one.books.iter().zip(&other.books) {
                assert_eq!((a.state, &a.bids, &a.asks), (b.state, &b.bids, &b.asks), "{layout:?}");
                assert_eq!((a.updates, a.last_update_id), (b.updates, b.last_update_id));
            }
        }
    }
}

fn lobster_mids_move_as_often_as_described() {
    struct Mids(Vec<i64>);
    impl neural_kraken::stage::contract::Emit<neural_kraken::event::View> for Mids {
        fn emit(&mut self, view: &neural_kraken::event::View) {
            let mid = view.quote.bid.price + view.quote.ask.price;
            if self.0.last() != Some(&mid) {
                self.0.push(mid);
            }
        }
    }
    let (tape, instruments) = source::GOOG.load();
    let mut mids = Mids(Vec::new());
    pipeline::watch(&tape, &instruments, &Plan::default(), &mut mids);
    assert_eq!(mids.0.len() - 1, 24_084, "changes of the mid");
}
