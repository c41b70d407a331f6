//! Generated recordings through the whole machine: only what goes wrong on purpose goes wrong, and
//! every book ends as its venue had it.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;

use neural_kraken::base::{Instruments, render};
use neural_kraken::event::{BookState, Level, ResyncReason};
use neural_kraken::pipeline::{self, Layout, Outcome, Progress};
use neural_kraken::sim::{self, Plan, Recording, Truth};
use neural_kraken::stage::book::Shown;
use neural_kraken::tape::{self, SAMPLES, Spec, Tape};
use neural_kraken::venue;

/// A directory of its own for each test, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = format!("neural-kraken-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Plays recordings together.
fn played(recordings: &[Recording], folder: &Folder, layout: Layout) -> (Instruments, Outcome) {
    let specs: Vec<Spec> = recordings
        .iter()
        .map(|recording| {
            let path = folder.0.join(&recording.name);
            fs::write(&path, &recording.gzip).unwrap();
            let (dialect, format) = (venue::dialect(recording.dialect), tape::format("stamped"));
            Spec { dialect, format: format.unwrap(), path }
        })
        .collect();
    let mut tape = Tape::load(&specs, &mut |_, _| {}).unwrap();
    let survey = tape::survey(&mut tape, &[], &[]).unwrap();
    let plan = pipeline::Plan { layout, pin: false, ..pipeline::Plan::default() };
    let outcome =
        pipeline::replay(&tape, &survey.instruments, &plan, &Progress::default()).unwrap();
    (survey.instruments, outcome)
}

fn book<'a>(instruments: &Instruments, outcome: &'a Outcome, venue: &str, name: &str) -> &'a Shown {
    let symbol = neural_kraken::base::Symbol::new(name.as_bytes()).unwrap();
    let id = instruments.find(venue, &symbol).unwrap().id;
    &outcome.books[id.index()]
}

/// Levels as text, so that it does not matter how many decimals each side holds.
fn told(levels: &[Level], price_decimals: u8, qty_decimals: u8) -> Vec<(String, String)> {
    let plain = |units, decimals| {
        let text = render(units, decimals);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let both = |l: &Level| (plain(l.price, price_decimals), plain(l.qty, qty_decimals));
    levels.iter().take(10).map(both).collect()
}

fn assert_is(shown: &Shown, truth: &Truth) {
    let symbol = truth.symbol;
    assert_eq!(shown.state, BookState::Live, "{symbol}");
    for (shown_levels, all) in [(&shown.bids, &truth.bids), (&shown.asks, &truth.asks)] {
        let ours = told(shown_levels, shown.price_decimals, shown.qty_decimals);
        assert_eq!(ours, told(all, truth.shape.price, truth.shape.qty), "{symbol}");
    }
    assert_eq!(shown.bid_levels, truth.bids.len(), "bids of {symbol}");
    assert_eq!(shown.ask_levels, truth.asks.len(), "asks of {symbol}");
}

/// Only the planted faults, each seen once and healed.
fn assert_only_planted(recordings: &[Recording], instruments: &Instruments, outcome: &Outcome) {
    assert_eq!(recordings.iter().map(|r| r.faults.len()).sum::<usize>(), 3);
    for recording in recordings {
        for truth in &recording.truths {
            let symbol = truth.symbol;
            let shown = book(instruments, outcome, recording.dialect, symbol.as_str());
            assert_is(shown, truth);
            let (is_gapped, is_patient) =
                (symbol.as_str() == "BTCUSDT", symbol.as_str() == "ETH/USD");
            // A hole in a connection's counter is one in each of its books.
            let gaps = u64::from(is_gapped || recording.dialect == "coinbase");
            assert_eq!(shown.integrity.gaps, gaps, "gaps of {symbol}");
            assert_eq!(shown.integrity.checksum_bad, u64::from(is_patient), "{symbol}");
            let is_bridged = recording.dialect == "binance";
            assert_eq!(shown.integrity.stale_dropped > 0, is_bridged, "waiting of {symbol}");
            assert_eq!(shown.integrity.quote_match > 0, is_bridged, "quotes of {symbol}");
        }
    }
    let (counts, integrity) = (outcome.counts, outcome.integrity);
    assert_eq!(counts.gaps, 1);
    assert_eq!((counts.refused, counts.oversized, counts.stale_dropped), (0, 0, 0));
    assert_eq!((integrity.crossed, integrity.quote_mismatch, integrity.overflows), (0, 0, 0));
    let mut asked: Vec<_> = outcome.resyncs.iter().map(|r| r.reason.name()).collect();
    asked.sort_unstable();
    let [gap, checksum, lost] =
        [ResyncReason::Gap, ResyncReason::Checksum, ResyncReason::Connection]
            .map(ResyncReason::name);
    assert_eq!(asked, [checksum, lost, lost, lost, gap]);
}

#[test]
fn planted_faults_are_all_that_is_found_and_every_book_heals() {
    let folder = Folder::new("planted");
    let recordings = sim::record(&Plan { seed: 1, seconds: 60 }).unwrap();
    for layout in [Layout::One, Layout::VenuePerCore, Layout::StagePerCore] {
        let (instruments, outcome) = played(&recordings, &folder, layout);
        assert_eq!(instruments.len(), 9);
        assert_only_planted(&recordings, &instruments, &outcome);
    }
}

#[test]
fn other_seeds_hold_too() {
    let folder = Folder::new("seeds");
    for seed in 2..8 {
        let recordings = sim::record(&Plan { seed, seconds: Plan::SECONDS_MIN }).unwrap();
        let (instruments, outcome) = played(&recordings, &folder, Layout::One);
        assert_only_planted(&recordings, &instruments, &outcome);
    }
}

#[test]
fn hot_frames_are_taken_by_the_fast_path() {
    let folder = Folder::new("fast");
    let recordings = sim::record(&Plan { seed: 1, seconds: 60 }).unwrap();
    let (_, outcome) = played(&recordings, &folder, Layout::One);
    // Snapshots, replies, Coinbase's heartbeats, and times on the full second.
    assert!(outcome.counts.strict < 120, "{} strict", outcome.counts.strict);
}

fn inflated(gzip: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(gzip).read_to_end(&mut text).unwrap();
    text
}

#[test]
fn built_in_recordings_are_what_the_generator_writes() {
    let recordings = sim::record(&Plan { seed: 1, seconds: 60 }).unwrap();
    assert_eq!(SAMPLES.len(), recordings.len());
    for ((name, dialect, gzip), recording) in SAMPLES.iter().zip(&recordings) {
        assert_eq!(*name, format!("built-in/{}", recording.name));
        assert_eq!(*dialect, recording.dialect);
        assert!(inflated(gzip) == inflated(&recording.gzip), "{name}: run `sample --out samples`");
    }
    let bytes: usize = SAMPLES.iter().map(|(.., gzip)| gzip.len()).sum();
    assert!(bytes < 1_500_000, "{bytes} bytes are too many to carry in the program");
}

#[test]
fn sample_writes_over_nothing_unless_forced() {
    let folder = Folder::new("verb");
    let sample = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neural-kraken"));
        command.args(["sample", "--seconds", "12", "--out"]).arg(&folder.0).args(more);
        command.output().unwrap()
    };
    let first = sample(&["--json"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let said: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(said["files"].as_array().map(Vec::len), Some(5));
    let file = folder.0.join("kraken.stamped.gz");
    let written = fs::read(&file).unwrap();
    let second = sample(&[]);
    assert_eq!(second.status.code(), Some(1));
    let why = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(why.contains("is there already") && why.contains("--force"), "{why}");
    fs::write(&file, b"other").unwrap();
    assert!(sample(&["--force"]).status.success());
    assert_eq!(fs::read(&file).unwrap(), written);
    assert_eq!(sample(&["--seconds", "1"]).status.code(), Some(2));
}
