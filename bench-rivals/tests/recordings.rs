//! The plain build against what is known: it is a rival only if it does the work.
//!
//! Recordings are in the folder that `NEURAL_KRAKEN_RECORDINGS` names; without it these tests are
//! ignored by name.

use std::io::Read;
use std::path::PathBuf;

use bench_rivals::plain::{Direct, Kind, Plain, Std, Tokio, Venue};
use flate2::read::GzDecoder;
use serde_json::Value;

fn folder() -> PathBuf {
    std::env::var_os("NEURAL_KRAKEN_RECORDINGS").map(PathBuf::from).expect("run with --ignored")
}

/// Lines of files, one after the other.
fn lines(files: &[&str]) -> Vec<String> {
    let mut text = String::new();
    for file in files {
        let file = std::fs::File::open(folder().join(file)).unwrap();
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
    }
    text.lines().map(str::to_owned).collect()
}

fn kind(frame: &str) -> Option<Kind> {
    let start = &frame[..frame.len().min(120)];
    let marks = [
        ("\"lastUpdateId\"", Kind::Snapshot),
        ("\"depthUpdate\"", Kind::Depth),
        ("@bookTicker\"", Kind::Top),
        ("@trade\"", Kind::Trade),
    ];
    marks.iter().find(|(mark, _)| start.contains(mark)).map(|(_, kind)| *kind)
}

#[test]
#[ignore = "needs the recordings"]
fn spot_ends_with_the_book_that_is_known() {
    let files = ["spot_btcusdt_20240808.log.gz", "spot_btcusdt_20240809.log.gz"]
        .map(|name| format!("hftbacktest_binance_raw/{name}"));
    let mut plain = Direct::new(Venue::Spot);
    for line in lines(&[&files[0], &files[1]]) {
        let (_, frame) = line.split_once(' ').unwrap();
        if let Some(kind) = kind(frame) {
            plain.frame(kind, frame.as_bytes());
        }
    }
    let known = std::fs::read(folder().join("expected_final_books.json")).unwrap();
    let known: Value = serde_json::from_slice(&known).unwrap();
    let book = &known["hftbacktest_binance_raw/spot_btcusdt_2024080{8,9}"];
    let units = |side: &str, n: usize| {
        let text = book[side][0][n].as_str().unwrap();
        text.replace('.', "").parse::<i64>().unwrap()
    };
    let pair = |side| Some((units(side, 0), units(side, 1)));
    assert_eq!(plain.best(), (pair("bids"), pair("asks")));
}

#[test]
#[ignore = "needs the recordings"]
fn kraken_keeps_every_checksum() {
    let file = folder().join("kraken_v2/btcusd_depth10_20260719T1754.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    let mut plain = Direct::new(Venue::Kraken);
    for frame in text.lines().filter(|line| line.starts_with("{\"channel\":\"book\"")) {
        plain.frame(Kind::Kraken, frame.as_bytes());
    }
    assert!(plain.book.checksums_ok > 100, "{} checked", plain.book.checksums_ok);
    assert_eq!(plain.book.checksums_bad, 0);
}

const FRAMES: [(Kind, &str); 4] = [
    (
        Kind::Depth,
        r#"{"stream":"s","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":4,"u":6,"b":[["99.00000000","2.00000000"]],"a":[]}}"#,
    ),
    (
        Kind::Snapshot,
        r#"{"lastUpdateId":5,"bids":[["98.50000000","1.00000000"]],"asks":[["101.00000000","1.00000000"]]}"#,
    ),
    (
        Kind::Top,
        r#"{"stream":"s","data":{"u":9,"s":"BTCUSDT","b":"99.50000000","B":"3.00000000","a":"100.50000000","A":"1.00000000"}}"#,
    ),
    (
        Kind::Trade,
        r#"{"stream":"s","data":{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"100.50000000","q":"0.10000000","T":1,"m":false,"M":true}}"#,
    ),
];

#[test]
fn what_came_before_the_snapshot_is_applied_after_it() {
    let mut plain = Direct::new(Venue::Spot);
    let orders: Vec<_> =
        FRAMES[..2].iter().map(|(kind, frame)| plain.frame(*kind, frame.as_bytes())).collect();
    assert_eq!(orders[0], None, "no book, no order");
    let unit = 100_000_000;
    assert_eq!(plain.best(), (Some((99 * unit, 2 * unit)), Some((101 * unit, unit))));
    assert!(orders[1].is_some());
}

#[test]
fn all_drivers_write_the_same_orders() {
    let mut drivers: [Box<dyn Plain>; 3] = [
        Box::new(Direct::new(Venue::Spot)),
        Box::new(Std::new(Venue::Spot)),
        Box::new(Tokio::new(Venue::Spot)),
    ];
    let written = drivers
        .each_mut()
        .map(|driver| FRAMES.map(|(kind, frame)| driver.frame(kind, frame.as_bytes())));
    assert_eq!(written[0], written[1]);
    assert_eq!(written[0], written[2]);
    let last = written[0][3].as_deref().unwrap();
    assert!(last.contains(r#""symbol":"BTCUSDT","side":"BUY","type":"LIMIT""#), "{last}");
    assert!(last.contains(r#""price":"99.50","quantity":"0.01000""#), "{last}");
}
