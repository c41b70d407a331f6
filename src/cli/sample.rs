//! `sample`: generated recordings of three venues, in their real frame formats.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::output::{self, Failure};
use super::table::{Table, grouped};
use crate::base::{Nanos, render};
use crate::event::Level;
use crate::sim::{self, Fault, Plan, Recording, Truth};

/// Write generated recordings, with faults in them on purpose.
///
/// The market is made up, the frames are as the venues send them. The same seed gives the same
/// bytes.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Directory for the recordings; made where there is none.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed of all chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How long the recordings are.
    #[arg(long, value_name = "N", default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(
            i64::from(Plan::SECONDS_MIN)..=i64::from(Plan::SECONDS_MAX)))]
    seconds: u32,
    /// Write over files that are there.
    #[arg(long)]
    force: bool,
}

const AFTER_HELP: &str = "\
Examples:
  neural-kraken sample --out samples
  neural-kraken sample --out /tmp/hour --seed 7 --seconds 3600";

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    let plan = Plan { seed: arguments.seed, seconds: arguments.seconds };
    let recordings = sim::record(&plan).map_err(Failure::failed)?;
    let files: Vec<PathBuf> = recordings.iter().map(|r| file_of(&arguments.out, r)).collect();
    // Nothing is written where something would be lost.
    if let Some(file) = files.iter().find(|file| !arguments.force && file.exists()) {
        return Err(Failure::failed(format_args!(
            "{} is there already: name another --out, or write over it with --force",
            file.display()
        )));
    }
    fs::create_dir_all(&arguments.out)
        .map_err(|why| unwritable(&arguments.out, "cannot make directory", &why))?;
    for (recording, file) in recordings.iter().zip(&files) {
        write(file, &recording.gzip).map_err(|why| unwritable(file, "cannot write", &why))?;
    }
    if as_json {
        output::print_json(&object(&recordings, &files, arguments))
    } else {
        output::print(&text(&recordings, &files, arguments))
    }
}

fn file_of(dir: &Path, recording: &Recording) -> PathBuf {
    dir.join(format!("{}.stamped.gz", recording.name))
}

/// All of a file or nothing of it: half a recording would be taken for a damaged one.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = file.with_extension("part");
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, file));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

fn unwritable(path: &Path, what: &str, why: &std::io::Error) -> Failure {
    Failure::failed(format_args!("{what} {}: {why}; name another --out", path.display()))
}

/// The arguments with which `replay` plays all files together.
fn replay_of(recordings: &[Recording], files: &[PathBuf]) -> String {
    let named = recordings
        .iter()
        .zip(files)
        .map(|(recording, file)| format!("{}:stamped:{}", recording.dialect, file.display()));
    format!("neural-kraken replay {}", named.collect::<Vec<_>>().join(" "))
}

fn text(recordings: &[Recording], files: &[PathBuf], arguments: &Arguments) -> String {
    let mut text = format!(
        "{} s of three venues, generated from seed {}, in the venues' real frame formats\n\n",
        arguments.seconds, arguments.seed
    );
    let mut table = Table::new(&["file", "frames", "inflated kB", "kB"]);
    for (recording, file) in recordings.iter().zip(files) {
        let kb = |bytes: usize| grouped(bytes as u64 / 1_000);
        let frames = grouped(recording.frames as u64);
        let (inflated, bytes) = (kb(recording.text_bytes), kb(recording.gzip.len()));
        table.row(vec![file.display().to_string(), frames, inflated, bytes]);
    }
    text.push_str(&table.render());
    text.push_str("\nBooks at the end\n");
    let mut table = Table::new(&["book", "bid", "ask", "bids", "asks"]);
    for recording in recordings {
        for truth in &recording.truths {
            table.row(book_row(recording, truth));
        }
    }
    text.push_str(&table.render());
    text.push_str("\nWrong on purpose\n");
    for recording in recordings {
        for fault in &recording.faults {
            let _ = writeln!(
                text,
                "  {} {} to {}: {}",
                subject(recording, fault),
                clock(fault.at),
                clock(fault.healed),
                fault.what
            );
        }
    }
    let _ = writeln!(text, "\nNext: play them\n  {}", replay_of(recordings, files));
    text
}

fn book_row(recording: &Recording, truth: &Truth) -> Vec<String> {
    let price = |levels: &[Level]| {
        levels.first().map_or(String::from("-"), |best| render(best.price, truth.shape.price))
    };
    vec![
        format!("{}:{}", recording.dialect, truth.symbol),
        price(&truth.bids),
        price(&truth.asks),
        grouped(truth.bids.len() as u64),
        grouped(truth.asks.len() as u64),
    ]
}

/// `binance:BTCUSDT`, or `coinbase` where the whole connection is concerned.
fn subject(recording: &Recording, fault: &Fault) -> String {
    match fault.symbol {
        Some(symbol) => format!("{}:{symbol}", recording.dialect),
        None => recording.dialect.to_owned(),
    }
}

/// The time of day, milliseconds.
fn clock(at: Nanos) -> String {
    at.to_string().get(11..23).unwrap_or_default().to_owned()
}

fn object(recordings: &[Recording], files: &[PathBuf], arguments: &Arguments) -> Value {
    let each = recordings.iter().zip(files);
    json!({
        "seed": arguments.seed,
        "seconds": arguments.seconds,
        "files": each.map(|(recording, file)| one(recording, file)).collect::<Vec<_>>(),
        "replay": replay_of(recordings, files),
    })
}

fn one(recording: &Recording, file: &Path) -> Value {
    let levels = |levels: &[Level], truth: &Truth| -> Vec<[String; 2]> {
        let text = |l: &Level| [render(l.price, truth.shape.price), render(l.qty, truth.shape.qty)];
        levels.iter().take(crate::limits::DEPTH_LEVELS).map(text).collect()
    };
    let book = |truth: &Truth| {
        json!({
            "symbol": truth.symbol.as_str(),
            "bids": levels(&truth.bids, truth),
            "asks": levels(&truth.asks, truth),
            "bid_levels": truth.bids.len(),
            "ask_levels": truth.asks.len(),
        })
    };
    let fault = |fault: &Fault| {
        json!({
            "what": fault.what,
            "symbol": fault.symbol.map(|symbol| symbol.to_string()),
            "at_ns": fault.at.0,
            "healed_ns": fault.healed.0,
        })
    };
    json!({
        "file": file.display().to_string(),
        "venue": recording.dialect,
        "format": "stamped",
        "frames": recording.frames,
        "bytes_inflated": recording.text_bytes,
        "bytes": recording.gzip.len(),
        "books": recording.truths.iter().map(book).collect::<Vec<_>>(),
        "faults": recording.faults.iter().map(fault).collect::<Vec<_>>(),
    })
}
