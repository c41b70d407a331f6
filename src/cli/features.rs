//! `features`: what the live signal stage says over recordings, with what came after, for research.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::output::{self, Failure};
#[cfg(feature = "parquet")]
use super::parquet;
use super::recordings::{self, Loaded, Recordings};
use super::replay::plan_of;
use super::table::grouped;
use crate::base::Instruments;
use crate::config::Config;
use crate::event::HORIZONS;
use crate::pipeline;
use crate::stage::signal::{Level, Signals};
use crate::tape::Tape;
use crate::train::{Desk, Sheet, Thinning};

/// Write what the signals say over recordings, with what the mid did afterwards, for research.
///
/// One row for each view of a book, by the same stage that trades: quote, features, which horizons
/// are ready (a bit each), and `ahead_h`, the log return of the mid over each horizon after the
/// row, basis points. A label is empty where the recording ends first or the book was not live all
/// the way.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    recordings: Recordings,
    /// Where the rows go: a name that ends in .csv or .parquet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One view in this many becomes a row, of each instrument.
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// At most one row in so many milliseconds, of each instrument.
    #[arg(long, value_name = "MS", default_value_t = 0,
        value_parser = clap::value_parser!(u32))]
    pace_ms: u32,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

const AFTER_HELP: &str = "\
Horizons and form are those of [signal] in the configuration.

Examples:
  neural-kraken features binance:stamped:btcusdt.log.gz --out btcusdt.csv
  neural-kraken features --venue kraken --format frames k.jsonl --out k.parquet --pace-ms 100";

/// What a file of rows is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv,
    #[cfg(feature = "parquet")]
    Parquet,
}

/// Runs the verb.
pub(super) fn run(
    arguments: &Arguments,
    config: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    // What may fail comes before a long play, not after it.
    let form = form(&arguments.out)?;
    if !arguments.force && arguments.out.exists() {
        return Err(Failure::failed(format_args!(
            "{} is there already: name another --out, or write over it with --force",
            arguments.out.display()
        )));
    }
    let config = arguments.recordings.setup(config)?.config;
    let Loaded { tape, instruments, .. } = arguments.recordings.load(&config)?;
    let pace_ns = i64::from(arguments.pace_ms) * 1_000_000;
    let thinning = Thinning { every: arguments.every, pace_ns };
    let (sheet, shortened) = sheet_of(&config, &tape, &instruments, thinning);
    write(&arguments.out, |file| match form {
        Form::Csv => {
            let mut out = BufWriter::with_capacity(1 << 16, file);
            sheet.write_csv(&instruments, &mut out)?;
            out.flush()
        }
        #[cfg(feature = "parquet")]
        Form::Parquet => parquet::write(&sheet, &instruments, file),
    })?;
    if shortened > 0 {
        output::say(format_args!(
            "warning: at {} views a window was shorter than configured, since more happened in it \
             than there is room for; shorten `horizons_ms` of [signal], or write form = \
             \"exponential\" there",
            grouped(shortened)
        ));
    }
    report(arguments, &config, &sheet, shortened, as_json)
}

fn report(
    arguments: &Arguments,
    config: &Config,
    sheet: &Sheet,
    shortened: u64,
    as_json: bool,
) -> Result<(), Failure> {
    let is_ready = |ready: u8| ready.count_ones() as usize == HORIZONS;
    let ready_rows = sheet.rows.iter().filter(|row| is_ready(row.ready)).count();
    let (rows, columns) = (sheet.rows.len(), Sheet::columns());
    if as_json {
        return output::print_json(&json!({
            "rows": rows,
            "ready_rows": ready_rows,
            "out": arguments.out.display().to_string(),
            "columns": columns,
            "horizons_ns": config.signal.horizons_ns,
            "form": config.signal.form.name(),
            "shortened": shortened,
        }));
    }
    output::print(&format!(
        "{} rows of {} columns in {}, {} of them with all horizons ready\n",
        grouped(rows as u64),
        columns.len(),
        arguments.out.display(),
        grouped(ready_rows as u64)
    ))
}

/// The form that a name asks for.
fn form(out: &Path) -> Result<Form, Failure> {
    match out.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(Form::Csv),
        #[cfg(feature = "parquet")]
        Some("parquet") => Ok(Form::Parquet),
        #[cfg(not(feature = "parquet"))]
        Some("parquet") => Err(Failure::misused(format_args!(
            "{}: this program was built without Parquet; build it with `cargo build --release \
             --features parquet`, or name a file that ends in .csv",
            out.display()
        ))),
        _ => Err(Failure::misused(format_args!(
            "`--out {}`: expected a name that ends in .csv or .parquet",
            out.display()
        ))),
    }
}

/// Plays the tape: all rows, and how many windows were too short.
pub(super) fn sheet_of(
    config: &Config,
    tape: &Tape,
    instruments: &Instruments,
    thinning: Thinning,
) -> (Sheet, u64) {
    let bar = output::progress(tape.len() as u64, "playing", false);
    let mut plan = plan_of(config);
    plan.books.stale_after_ns_of = recordings::silences(tape, config);
    let level = Level::named(plan.level.name()).filter(|level| level.is_here());
    let mut desk = Desk {
        signals: Signals::new(instruments, &config.signal.settings(level)),
        sheet: Sheet::new(instruments.len(), config.signal.horizons_ns, thinning),
        progress: &mut |frame| {
            if frame % 4_096 == 0 {
                bar.set_position(frame);
            }
        },
    };
    pipeline::watch(tape, instruments, &plan, &mut desk);
    bar.finish_and_clear();
    (desk.sheet, desk.signals.shortened())
}

/// All of a file or nothing of it: half a table would be taken for a whole one.
fn write(out: &Path, rows: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Failure> {
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = File::create(&part)
        .and_then(|mut file| rows(&mut file))
        .and_then(|()| fs::rename(&part, out));
    written.map_err(|why| {
        let _ = fs::remove_file(&part);
        Failure::failed(format_args!("cannot write {}: {why}; name another --out", out.display()))
    })
}
