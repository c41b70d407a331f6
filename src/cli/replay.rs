//! `replay`: recordings through the machine, books proven, latency measured.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Args;

use super::args;
use super::compare::{self, Other};
use super::output::{self, Failure};
use super::report::{self, Loaded};
use super::table::grouped;
use crate::base::ConnectionId;
use crate::cold;
use crate::config::Config;
use crate::pipeline::{self, Layout, Outcome, Pace, Plan, Progress};
use crate::stage::book::Settings;
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
            ..Plan::default()
        })
    }

    /// Decimals that the arguments give, then those of instruments that the user's file lists.
    fn given(&self, config: &Config) -> Result<Vec<Given>, Failure> {
        let mut given = args::precisions(&self.instrument)?;
        let listed = config.universe.listed_by_user().map(|instrument| Given {
            venue: Some(instrument.venue.name),
            symbol: instrument.symbol,
            price_decimals: instrument.price_decimals,
            qty_decimals: instrument.qty_decimals,
        });
        given.extend(listed);
        Ok(given)
    }

    /// Is it the recording that comes with the program?
    fn is_built_in(&self) -> bool {
        self.files.iter().all(|file| file.contains(":built-in/"))
    }

    fn specs(&self) -> Result<Vec<Spec>, Failure> {
        let (venue, format) = (self.venue.as_deref(), self.format.as_deref());
        self.files.iter().map(|file| args::recording(file, venue, format)).collect()
    }
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
        output::say(format_args!("warning: {warning}"));
    }
    // What may fail comes before a long play, not after it.
    let other = arguments.against.as_deref().map(Other::load).transpose()?;
    if let Some(dir) = &arguments.record {
        record(&loaded, dir, &config)?;
    }
    let outcome = play(&loaded, &plan)?;
    if as_json {
        output::print_json(&report::object(&loaded, &outcome))?;
    } else {
        output::print(&report::text(&loaded, &outcome, arguments.is_built_in()))?;
    }
    match &other {
        Some(other) => compare::against(&loaded.tape, &loaded.instruments, &plan, other),
        None => Ok(()),
    }
}

/// Writes the journal of what is on the tape.
fn record(loaded: &Loaded, dir: &Path, config: &Config) -> Result<(), Failure> {
    let recorded = cold::record(&loaded.tape, &loaded.instruments, dir, config.journal.options)
        .map_err(Failure::failed)?;
    output::say(format_args!(
        "recorded {} records to {}",
        grouped(recorded.records),
        dir.display()
    ));
    if recorded.segments_deleted > 0 {
        output::say(format_args!(
            "warning: {} is over its quota, and its first {} segments were deleted; raise \
             `quota_mib` of [journal]",
            dir.display(),
            recorded.segments_deleted
        ));
    }
    Ok(())
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
    let wanted: Vec<_> = arguments
        .symbols
        .iter()
        .map(|text| args::symbol_of("--symbols", text))
        .collect::<Result<_, _>>()?;
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
