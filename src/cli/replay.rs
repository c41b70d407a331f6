//! `replay`: recordings through the machine, books proven, orders filled on paper, all of it
//! measured.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Args;

use super::account::Account;
use super::args;
use super::compare::{self, Other};
use super::output::{self, Failure};
use super::recordings::{self, Loaded, Recordings, Setup};
use super::report;
use super::state;
use super::table::grouped;
use crate::cold::{self, Beginning, Recorder};
use crate::config::Config;
use crate::journal::Fills;
use crate::pipeline::{self, Layout, Outcome, Pace, Plan, Progress, Trading};
use crate::stage::book::Settings;
use crate::venue::wire::FastLevel;

/// Play recordings through the machine: books proven, orders filled on paper, latency measured.
///
/// Each FILE is read as --venue and --format say, or as V:F:FILE says; several merge in time order.
/// Without one, the recordings that come with the program are played. Gzip is read as is. A journal
/// is played with the configuration that it was recorded with, unless --config names another.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    recordings: Recordings,
    /// Which stages share a core: one, venue-per-core, stage-per-core, auto; else as configured.
    #[arg(long, value_name = "L")]
    layout: Option<String>,
    /// How fast: max, or recorded.
    #[arg(long, default_value = "max")]
    pace: String,
    /// Take each approved order and expire it at once.
    #[arg(long)]
    no_fills: bool,
    /// Write what was played, ordered and filled to a journal in this directory.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Take up the risk gate's halt, positions and losses from this file, and leave them there; a
    /// journal does not hold them, so there is none of such a run.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "against"])]
    risk_state: Option<PathBuf>,
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
  neural-kraken replay kraken:frames:kraken.jsonl binance:stamped:btcusdt.log.gz --json
  neural-kraken replay --venue binance --format stamped btcusdt.log.gz --record session
  neural-kraken why 17 session";

impl Arguments {
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
        Ok(Plan { layout, pace, ..plan_of(config) })
    }
}

/// The plan that a configuration makes, before anything is known of the tape.
pub(super) fn plan_of(config: &Config) -> Plan {
    let stale_after_ns = config.book.stale_after_ns;
    Plan {
        layout: args::layout(config.pipeline.layout),
        level: config.pipeline.simd.unwrap_or_else(FastLevel::detect),
        sample_every: config.pipeline.sample_every,
        pin: config.pipeline.pin,
        books: Settings { stale_after_ns, ..Settings::default() },
        ..Plan::default()
    }
}

/// Adds to a plan what the tape decides: which connections fall silent when, what may be traded.
pub(super) fn fit(plan: &mut Plan, loaded: &mut Loaded, setup: &Setup) -> Account {
    let Setup { config, session, .. } = setup;
    plan.books.stale_after_ns_of = recordings::silences(&loaded.tape, config);
    let (resolved, mut notes) = config.resolve_onto(&mut loaded.instruments);
    if setup.is_recorded {
        notes.push(String::from("configured as the journal was recorded"));
    }
    plan.trading = Trading::new(config, &resolved, &plan.books, session.fills);
    plan.trading.dispatch.epoch = session.epoch;
    Account::new(config, &resolved, notes)
}

/// Runs the verb.
pub(super) fn run(
    arguments: &Arguments,
    config: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    let mut setup = arguments.recordings.setup(config)?;
    if arguments.no_fills {
        setup.session.fills = Fills::Nobody;
    }
    let mut plan = arguments.plan(&setup.config)?;
    let mut loaded = arguments.recordings.load(&setup.config)?;
    let mut account = fit(&mut plan, &mut loaded, &setup);
    let kept = match &arguments.risk_state {
        Some(path) => {
            let Loaded { instruments, .. } = &loaded;
            let names = state::restore(path, &mut account, instruments, &mut plan.trading)?;
            Some((path, names))
        }
        None => None,
    };
    // What may fail comes before a long play, not after it.
    let other = arguments.against.as_deref().map(Other::load).transpose()?;
    let recorder = match &arguments.record {
        Some(dir) => {
            let options = setup.config.journal.options;
            Some(Recorder::new(dir, options).map_err(Failure::failed)?)
        }
        None => None,
    };
    let outcome = play(&loaded, &plan)?;
    if let (Some(recorder), Some(dir)) = (recorder, &arguments.record) {
        record(recorder, dir, &loaded, &plan, &setup, &outcome)?;
    }
    if let Some((path, names)) = &kept {
        state::keep(path, names, &outcome)?;
    }
    let account = account.settle(&outcome);
    if as_json {
        output::print_json(&report::object(&loaded, &outcome, &account))?;
    } else {
        let is_built_in = arguments.recordings.are_built_in();
        output::print(&report::text(&loaded, &outcome, &account, is_built_in))?;
    }
    match &other {
        Some(other) => {
            let assets = &setup.config.universe.assets;
            compare::against(&loaded, &plan, &outcome, other, assets)
        }
        None => Ok(()),
    }
}

/// Writes the journal of the session.
fn record(
    recorder: Recorder,
    dir: &Path,
    loaded: &Loaded,
    plan: &Plan,
    setup: &Setup,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let venues = plan.trading.venues.iter();
    let accounts: Vec<_> = venues.map(|paper| (paper.account, paper.dialect.name)).collect();
    let beginning = Beginning {
        instruments: &loaded.instruments,
        setup: &setup.session,
        connections: &cold::connections(&loaded.tape),
        accounts: &accounts,
    };
    let logged = compare::logged(outcome);
    let recorded = recorder.record(&loaded.tape, &beginning, &logged).map_err(Failure::failed)?;
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

/// Plays the tape, with a bar beside it.
pub(super) fn play(loaded: &Loaded, plan: &Plan) -> Result<Outcome, Failure> {
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
