//! `replay`: recordings through the machine, books proven, latency measured.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::args;
use super::compare;
use super::output::{self, Failure};
use super::table::{Table, grouped};
use crate::base::{ConnectionId, Instrument, Instruments, render};
use crate::cold;
use crate::config::Config;
use crate::event::Level;
use crate::metric::histogram::Percentiles;
use crate::pipeline::{self, Layout, Outcome, Pace, Plan, Progress};
use crate::stage::book::{Settings, Shown};
use crate::sys::clock::Clock;
use crate::tape::{self, Given, SAMPLES, Spec, Tape};
use crate::venue::wire::FastLevel;

/// Play recordings through the machine: books proven, latency measured.
///
/// Each FILE is read as --venue and --format say, or as V:F:FILE says; several merge in time order.
/// Gzip is read as is.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Recordings: FILE, or V:F:FILE.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Venue whose frames they hold.
    #[arg(long, value_name = "V")]
    venue: Option<String>,
    /// How frames are stored in them.
    #[arg(long, value_name = "F")]
    format: Option<String>,
    /// Only these symbols, as on the wire, with commas between.
    #[arg(long, value_name = "SYM", value_delimiter = ',')]
    symbols: Vec<String>,
    /// Decimals of a symbol, where the recording does not say, as BTCUSDT:2:8.
    #[arg(long, value_name = "SYM:P:Q")]
    instrument: Vec<String>,
    /// Which stages share a core: one, venue-per-core, stage-per-core, auto; else as configured.
    #[arg(long, value_name = "L")]
    layout: Option<String>,
    /// How fast: max, or recorded.
    #[arg(long, default_value = "max")]
    pace: String,
    /// Take each approved order and expire it at once. Nothing places orders yet.
    #[arg(long)]
    no_fills: bool,
    /// Write what was played to a journal in this directory.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Compare with a journal and name the first difference.
    #[arg(long, value_name = "JOURNAL")]
    against: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Venues: kraken, kraken-v1, binance, binance-usdm, binance-coinm, coinbase, coinbase-exchange, nasdaq
Formats: stamped (`<recv_ns> <json>` a line), frames (one JSON frame a line), cryptofeed, lobster
(the message and the orderbook file together), journal (a directory)

Examples:
  neural-kraken replay --venue binance --format stamped btcusdt.log.gz
  neural-kraken replay kraken:frames:kraken.jsonl binance:stamped:btcusdt.log.gz --json";

impl Arguments {
    /// What runs when no verb is given: the recordings that come with the program.
    pub(super) fn built_in() -> Arguments {
        Arguments {
            files: SAMPLES
                .iter()
                .map(|(name, venue, _)| format!("{venue}:stamped:{name}"))
                .collect(),
            venue: None,
            format: None,
            symbols: Vec::new(),
            instrument: Vec::new(),
            layout: None,
            pace: String::from("max"),
            no_fills: false,
            record: None,
            against: None,
        }
    }

    /// As configured, but for what the arguments say themselves.
    fn plan(&self, config: &Config) -> Result<Plan, Failure> {
        let layout = match &self.layout {
            None => args::layout(config.pipeline.layout),
            Some(layout) => Layout::named(layout).ok_or_else(|| {
                let known: Vec<_> = Layout::ALL.iter().map(|l| l.name()).collect();
                let known = known.join(", ");
                Failure::misused(format_args!("unknown layout `{layout}`: use one of {known}"))
            })?,
        };
        let pace = match self.pace.as_str() {
            "max" => Pace::Max,
            "recorded" => Pace::Recorded,
            other => {
                let why = format_args!("unknown pace `{other}`: use max or recorded");
                return Err(Failure::misused(why));
            }
        };
        let stale_after_ns = config.book.stale_after_ns;
        Ok(Plan {
            layout,
            pace,
            level: config.pipeline.simd.unwrap_or_else(FastLevel::detect),
            sample_every: config.pipeline.sample_every,
            pin: config.pipeline.pin,
            books: Settings { stale_after_ns, ..Settings::default() },
        })
    }

    /// Decimals that the arguments give, then those of instruments that the user's file lists.
    fn given(&self, config: &Config) -> Result<Vec<Given>, Failure> {
        let said = self.instrument.iter().map(|text| args::precision(text));
        let listed = config.universe.listed_by_user().map(|instrument| Given {
            venue: Some(instrument.venue.name),
            symbol: instrument.symbol,
            price_decimals: instrument.price_decimals,
            qty_decimals: instrument.qty_decimals,
        });
        said.chain(listed.map(Ok)).collect()
    }

    fn specs(&self) -> Result<Vec<Spec>, Failure> {
        let (venue, format) = (self.venue.as_deref(), self.format.as_deref());
        self.files.iter().map(|file| args::recording(file, venue, format)).collect()
    }
}

/// A tape that is ready to be played, and how long each step took.
struct Loaded {
    tape: Tape,
    instruments: Instruments,
    files: usize,
    read_ns: u64,
    survey_ns: u64,
}

/// Runs the verb.
pub(super) fn run(
    arguments: &Arguments,
    config: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    let config = Config::load(config).map_err(Failure::failed)?;
    let mut plan = arguments.plan(&config)?;
    let loaded = load(arguments, &config)?;
    plan.books.stale_after_ns_of = silences(&loaded.tape, &config);
    for warning in loaded.tape.warnings() {
        eprintln!("warning: {warning}");
    }
    let outcome = play(&loaded, &plan)?;
    if let Some(dir) = &arguments.record {
        let options = config.journal.options;
        let records = cold::record(&loaded.tape, &loaded.instruments, dir, options);
        let records = records.map_err(Failure::failed)?;
        eprintln!("recorded {} records to {}", grouped(records), dir.display());
    }
    if as_json {
        output::print_json(&object(&loaded, &outcome));
    } else {
        output::print(&text(&loaded, &outcome, arguments));
    }
    match &arguments.against {
        Some(journal) => compare::against(&loaded.tape, &loaded.instruments, &plan, journal),
        None => Ok(()),
    }
}

/// Connections of venues with a silence of their own.
fn silences(tape: &Tape, config: &Config) -> Vec<(ConnectionId, i64)> {
    let configured = |venue: &str| {
        config.book.stale_after_ns_of.iter().find(|(name, _)| *name == venue).map(|(_, ns)| *ns)
    };
    let sources = tape.sources().iter().enumerate();
    sources
        .filter_map(|(n, source)| Some((ConnectionId(n as u16), configured(source.dialect.name)?)))
        .collect()
}

fn load(arguments: &Arguments, config: &Config) -> Result<Loaded, Failure> {
    let specs = arguments.specs()?;
    let given = arguments.given(config)?;
    let wanted: Vec<_> =
        arguments.symbols.iter().map(|text| args::symbol_of(text)).collect::<Result<_, _>>()?;
    let clock = Clock::calibrate(Duration::from_millis(5));
    let begun = clock.ticks();
    let bar = output::progress(0, "reading", true);
    let mut tape = Tape::load(&specs, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })
    .map_err(Failure::failed)?;
    bar.finish_and_clear();
    let read = clock.ticks();
    let survey = tape::survey(&mut tape, &given, &wanted).map_err(Failure::failed)?;
    let surveyed = clock.ticks();
    Ok(Loaded {
        tape,
        instruments: survey.instruments,
        files: specs.len(),
        read_ns: clock.span_ns(read - begun),
        survey_ns: clock.span_ns(surveyed - read),
    })
}

/// Plays the tape, with a bar beside it.
fn play(loaded: &Loaded, plan: &Plan) -> Result<Outcome, Failure> {
    let progress = Progress::default();
    let over = AtomicBool::new(false);
    let bar = output::progress(loaded.tape.len() as u64, "playing", false);
    let outcome = thread::scope(|scope| {
        if !bar.is_hidden() {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    bar.set_position(progress.frames() as u64);
                    thread::park_timeout(Duration::from_millis(100));
                }
            });
        }
        let outcome = pipeline::replay(&loaded.tape, &loaded.instruments, plan, &progress);
        over.store(true, Ordering::Relaxed);
        outcome
    });
    bar.finish_and_clear();
    outcome.map_err(Failure::failed)
}

/// The JSON object of the run.
fn object(loaded: &Loaded, outcome: &Outcome) -> Value {
    let (counts, integrity) = (outcome.counts, outcome.integrity);
    let books: Map<String, Value> = loaded
        .instruments
        .iter()
        .zip(&outcome.books)
        .map(|(instrument, shown)| (instrument.name(), book(shown)))
        .collect();
    let refusals: Vec<Value> = outcome.refused.iter().map(refusal).collect();
    let resyncs = outcome.resyncs.iter().map(|r| resync(r, &loaded.instruments));
    let resyncs: Vec<Value> = resyncs.collect();
    json!({
        "source": {
            "files": loaded.files,
            "frames": loaded.tape.len(),
            "bytes": loaded.tape.bytes(),
            "span_ns": loaded.tape.span_ns(),
        },
        "decode": {
            "fast": counts.fast,
            "strict": counts.strict,
            "refused": counts.refused,
            "oversized": counts.oversized,
        },
        "refusals": refusals,
        "events": {
            "book": counts.book,
            "quote": counts.quote,
            "trade": counts.trade,
            "other": counts.other,
            "snapshots": counts.snapshots,
        },
        "books": books,
        "integrity": {
            "gaps": integrity.gaps + counts.gaps,
            "checksum_ok": integrity.checksum_ok,
            "checksum_bad": integrity.checksum_bad,
            "stale_dropped": integrity.stale_dropped + counts.stale_dropped,
            "crossed": integrity.crossed,
            "quote_match": integrity.quote_match,
            "quote_mismatch": integrity.quote_mismatch,
            "resyncs": integrity.resyncs,
        },
        "resyncs": resyncs,
        "latency_ns": {
            "decode": percentiles(&outcome.latency.decode),
            "book": percentiles(&outcome.latency.book),
            "tick_to_decision": percentiles(&outcome.latency.tick_to_decision),
        },
        "frames_per_s": frames_per_s(loaded, outcome),
        "pass_ns": outcome.pass_ns,
        "read_ns": loaded.read_ns,
        "survey_ns": loaded.survey_ns,
        "allocations_after_start": outcome.allocations.map(|a| a.allocations),
        "page_faults_after_start": outcome.page_faults,
        "layout": outcome.layout.name(),
        "cores": outcome.cores,
    })
}

fn book(shown: &Shown) -> Value {
    let levels = |levels: &[Level]| -> Vec<[String; 2]> {
        let text = |level: &Level| {
            [render(level.price, shown.price_decimals), render(level.qty, shown.qty_decimals)]
        };
        levels.iter().map(text).collect()
    };
    json!({
        "state": shown.state.name(),
        "bids": levels(&shown.bids),
        "asks": levels(&shown.asks),
        "bid_levels": shown.bid_levels,
        "ask_levels": shown.ask_levels,
        "updates": shown.updates,
        "last_update_id": (shown.last_update_id != 0).then_some(shown.last_update_id),
        "checksum": shown.checksum.map(|c| c.ours),
        "truncated": shown.truncated,
    })
}

fn refusal(kept: &crate::stage::feed::Kept) -> Value {
    json!({
        "frame": kept.frame,
        "reason": kept.reason.to_string(),
        "bytes": kept.len,
        "text": String::from_utf8_lossy(&kept.bytes()[..kept.bytes().len().min(200)]),
    })
}

fn resync(resync: &crate::event::Resync, instruments: &Instruments) -> Value {
    json!({
        "frame": resync.frame,
        "book": instruments.with_id(resync.instrument).map(Instrument::name),
        "reason": resync.reason.name(),
    })
}

fn percentiles(p: &Percentiles) -> Value {
    json!({
        "count": p.count, "p50": p.p50, "p90": p.p90, "p99": p.p99,
        "p999": p.p999, "p9999": p.p9999, "max": p.max,
    })
}

fn frames_per_s(loaded: &Loaded, outcome: &Outcome) -> u64 {
    (loaded.tape.len() as f64 * 1e9 / outcome.pass_ns.max(1) as f64) as u64
}

/// The run as a person wants to see it.
fn text(loaded: &Loaded, outcome: &Outcome, arguments: &Arguments) -> String {
    let mut text = String::new();
    let built_in = arguments.files.iter().all(|f| f.contains(":built-in/"));
    if built_in {
        text.push_str(
            "A generated minute of three venues, in their real frame formats, with three faults
\
             in it on purpose: a hole in Binance's update ids, a wrong checksum from Kraken, a
\
             lost frame of Coinbase. Each book says that it is broken, asks for a snapshot, and
\
             heals with it.

",
        );
    }
    text.push_str(&summary(loaded, outcome));
    text.push_str(&book_table(loaded, outcome).render());
    text.push_str(&troubles(loaded, outcome));
    text.push_str("\nLatency, ns\n");
    text.push_str(&latency_table(outcome).render());
    text.push_str(&next_steps(built_in));
    text
}

fn summary(loaded: &Loaded, outcome: &Outcome) -> String {
    let (counts, integrity) = (outcome.counts, outcome.integrity);
    let allocations = match outcome.allocations {
        Some(counts) => format!("{} allocations", counts.allocations),
        None => String::from("allocations not counted"),
    };
    format!(
        "{} frames of {:.1} s in {:.1} ms: {} frames/s, layout {}, {allocations}, {} page faults\n\
         decoded   {} fast, {} strict, {} refused, {} oversized\n\
         events    {} book ({} snapshots), {} quote, {} trade, {} other\n\
         proven    {} checksums, {} quotes; against {} bad checksums, {} mismatches, {} gaps, \
         {} crossed\n\n",
        grouped(loaded.tape.len() as u64),
        loaded.tape.span_ns() as f64 / 1e9,
        outcome.pass_ns as f64 / 1e6,
        grouped(frames_per_s(loaded, outcome)),
        outcome.layout.name(),
        outcome.page_faults,
        grouped(counts.fast),
        grouped(counts.strict),
        grouped(counts.refused),
        grouped(counts.oversized),
        grouped(counts.book),
        grouped(counts.snapshots),
        grouped(counts.quote),
        grouped(counts.trade),
        grouped(counts.other),
        grouped(integrity.checksum_ok),
        grouped(integrity.quote_match),
        grouped(integrity.checksum_bad),
        grouped(integrity.quote_mismatch),
        grouped(integrity.gaps + counts.gaps),
        grouped(integrity.crossed),
    )
}

fn book_table(loaded: &Loaded, outcome: &Outcome) -> Table {
    let head = ["book", "state", "bid", "quantity", "ask", "quantity", "bids", "asks", "updates"];
    let mut table = Table::new(&head);
    for (instrument, shown) in loaded.instruments.iter().zip(&outcome.books) {
        let best = |levels: &[Level]| match levels.first() {
            Some(level) => {
                (render(level.price, shown.price_decimals), render(level.qty, shown.qty_decimals))
            }
            None => (String::from("-"), String::from("-")),
        };
        let ((bid, bid_qty), (ask, ask_qty)) = (best(&shown.bids), best(&shown.asks));
        let cut = if shown.truncated { "+" } else { "" };
        table.row(vec![
            instrument.name(),
            shown.state.name().to_owned(),
            bid,
            bid_qty,
            ask,
            ask_qty,
            format!("{}{cut}", grouped(shown.bid_levels as u64)),
            format!("{}{cut}", grouped(shown.ask_levels as u64)),
            grouped(u64::from(shown.updates)),
        ]);
    }
    table
}

/// What went wrong: requests for snapshots and refused frames, the first of each.
fn troubles(loaded: &Loaded, outcome: &Outcome) -> String {
    const SHOWN: usize = 8;
    let mut text = String::new();
    for resync in outcome.resyncs.iter().take(SHOWN) {
        let book = loaded.instruments.with_id(resync.instrument).map(Instrument::name);
        let _ = writeln!(
            text,
            "  frame {}: {} asks for a snapshot ({})",
            resync.frame,
            book.unwrap_or_default(),
            resync.reason.name()
        );
    }
    for kept in outcome.refused.iter().take(SHOWN) {
        let _ = writeln!(text, "  frame {}: refused, {}", kept.frame, kept.reason);
    }
    let left_out = outcome.resyncs.len().saturating_sub(SHOWN) as u64
        + (outcome.counts.refused).saturating_sub(SHOWN as u64);
    if left_out > 0 {
        let _ = writeln!(text, "  .. and {} more (see --json)", grouped(left_out));
    }
    if text.is_empty() { text } else { format!("\nTrouble, and who said so\n{text}") }
}

fn latency_table(outcome: &Outcome) -> Table {
    let mut table = Table::new(&["stage", "count", "p50", "p90", "p99", "p99.9", "p99.99", "max"]);
    for (name, p) in [
        ("decode", outcome.latency.decode),
        ("book", outcome.latency.book),
        ("tick to decision", outcome.latency.tick_to_decision),
    ] {
        let cells = [p.count, p.p50, p.p90, p.p99, p.p999, p.p9999, p.max].map(grouped);
        table.row(std::iter::once(name.to_owned()).chain(cells).collect());
    }
    table
}

fn next_steps(built_in: bool) -> String {
    if !built_in {
        return String::new();
    }
    String::from(
        "\nNext: play a recording of your own\n  \
         neural-kraken replay --venue binance --format stamped FILE\n  \
         neural-kraken replay --help\n",
    )
}
