//! Book changes for the benches: of the recordings where they are, else drawn with their
//! statistics.
//!
//! In: the folder that `NEURAL_KRAKEN_RECORDINGS` names. Out: numbers,
//! parsed before anything is timed.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use neural_kraken::Decimal;
use neural_kraken::event::{BookChange, Level};
use serde_json::Value;

/// A message: bids first, then asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) change: BookChange,
    pub(crate) levels: Vec<Level>,
}

/// A snapshot and the changes that follow it.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    /// Where it is from: part of a case's name.
    pub(crate) name: &'static str,
    pub(crate) snapshot: Message,
    pub(crate) changes: Vec<Message>,
}

impl Message {
    pub(crate) fn bids(&self) -> &[Level] {
        &self.levels[..self.change.bids as usize]
    }

    pub(crate) fn asks(&self) -> &[Level] {
        &self.levels[self.change.bids as usize..]
    }
}

impl Tape {
    /// Levels of all changes.
    pub(crate) fn levels(&self) -> usize {
        self.changes.iter().map(|change| change.levels.len()).sum()
    }

    /// Binance spot, BTC-USDT, 8 August 2024.
    pub(crate) fn spot() -> Tape {
        let file = "hftbacktest_binance_raw/spot_btcusdt_20240808.log.gz";
        read_binance("spot", file, false).unwrap_or_else(|| draw("spot, drawn", 85, 16, 3_400))
    }

    /// Binance COIN-M, BTC-USD perpetual, 8 August 2024.
    pub(crate) fn coin() -> Tape {
        let file = "hftbacktest_binance_raw/cm_btcusd_perp_20240808.log.gz";
        read_binance("COIN-M", file, true).unwrap_or_else(|| draw("COIN-M, drawn", 55, 6, 20_000))
    }

    /// Kraken, BTC-USD at depth 10, 19 July 2026.
    pub(crate) fn kraken() -> Option<Tape> {
        let mut text = String::new();
        let file = "kraken_v2/btcusd_depth10_20260719T1754.jsonl";
        open(file)?.read_to_string(&mut text).ok()?;
        let frames = text.lines().filter(|line| line.contains("\"channel\":\"book\""));
        let mut messages = frames.filter_map(read_kraken);
        let snapshot = messages.next()?;
        Some(Tape { name: "Kraken", snapshot, changes: messages.collect() })
    }
}

fn open(file: &str) -> Option<std::fs::File> {
    let folder = std::env::var_os("NEURAL_KRAKEN_RECORDINGS").map(PathBuf::from)?;
    std::fs::File::open(folder.join(file)).ok()
}

fn read_binance(name: &'static str, file: &str, is_future: bool) -> Option<Tape> {
    let file = open(file)?;
    let mut snapshot: Option<Message> = None;
    let mut waiting = Vec::new();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.ok()?;
        let is_snapshot = line.contains("\"lastUpdateId\"");
        if !is_snapshot && !line.contains("@depth@") {
            continue;
        }
        let json: Value = serde_json::from_str(line.split_once(' ')?.1).ok()?;
        let data = json.get("data").unwrap_or(&json);
        let keys = if is_snapshot { ["bids", "asks"] } else { ["b", "a"] };
        let sides = keys.map(|key| read_levels(&data[key]));
        let id = |key: &str| data[key].as_u64().unwrap_or(0);
        let change = BookChange {
            first_id: id("U"),
            last_id: if is_snapshot { id("lastUpdateId") } else { id("u") },
            prev_id: id("pu"),
            snapshot: is_snapshot,
            ..BookChange::default()
        };
        if is_snapshot {
            snapshot = Some(message(change, sides));
        } else {
            waiting.push(message(change, sides));
        }
    }
    let snapshot = snapshot?;
    let id = snapshot.change.last_id;
    let is_in = |change: &BookChange| change.last_id < id + u64::from(!is_future);
    let changes = waiting.into_iter().filter(|message| !is_in(&message.change)).collect();
    Some(Tape { name, snapshot, changes })
}

fn read_kraken(line: &str) -> Option<Message> {
    // The digits as written: a float would lose the trailing zeros.
    let side = |key: &str| {
        let list = line.split_once(key)?.1.split_once(']')?.0;
        let numbers = list.split(['{', '}', ',']).filter_map(|pair| pair.split_once(':'));
        let mut units = Vec::new();
        for (key, text) in numbers {
            let decimals = if key.contains("price") { 1 } else { 8 };
            units.push(Decimal::parse(text.as_bytes()).ok()?.at(decimals).ok()?);
        }
        let pairs = units.chunks_exact(2).map(|pair| Level { price: pair[0], qty: pair[1] });
        Some(pairs.collect::<Vec<Level>>())
    };
    let sides = [side("\"bids\":[")?, side("\"asks\":[")?];
    let json: Value = serde_json::from_str(line).ok()?;
    let checksum = json["data"][0]["checksum"].as_u64()? as u32;
    let snapshot = json["type"] == "snapshot";
    let change = BookChange { checksum: Some(checksum), snapshot, ..BookChange::default() };
    Some(message(change, sides))
}

fn read_levels(list: &Value) -> Vec<Level> {
    let units = |value: &Value| {
        let text = value.as_str().unwrap_or("0");
        Decimal::parse(text.as_bytes()).unwrap().at(8).unwrap()
    };
    let pairs = list.as_array().into_iter().flatten();
    pairs.map(|pair| Level { price: units(&pair[0]), qty: units(&pair[1]) }).collect()
}

fn message(change: BookChange, [mut bids, asks]: [Vec<Level>; 2]) -> Message {
    let change = BookChange { bids: bids.len() as u32, asks: asks.len() as u32, ..change };
    bids.extend(asks);
    Message { change, levels: bids }
}

/// A book of a thousand levels a side at distances like the recordings', and changes whose distance
/// from the best has `median` and the long tail measured there.
fn draw(name: &'static str, median: u64, levels: u64, changes: u64) -> Tape {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    };
    let level = |is_bid: bool, distance: u64, qty: u64| {
        let away = 500_000 + 1_000_000 * distance as i64 * 7;
        let price = 6_183_763_500_000 + if is_bid { -away } else { away };
        Level { price, qty: qty as i64 }
    };
    let side = |is_bid| (0..1_000).map(|at| level(is_bid, at, 1_000_000 + at)).collect();
    let snapshot = BookChange { last_id: 1, snapshot: true, ..BookChange::default() };
    let snapshot = message(snapshot, [side(true), side(false)]);
    let changes = (2..changes + 2).map(|id| {
        let mut sides = [Vec::new(), Vec::new()];
        for _ in 0..=next(2 * levels) {
            // The median of the product of two uniform draws is 0.187; the tail is as long.
            let distance = next(1_000) * next(1_000) * median / 187_000;
            let at = next(2) as usize;
            let qty = next(3) * (1 + next(1_000_000));
            sides[at].push(level(at == 0, distance, qty));
        }
        let change =
            BookChange { first_id: id, last_id: id, prev_id: id - 1, ..BookChange::default() };
        message(change, sides)
    });
    Tape { name, snapshot, changes: changes.collect() }
}
