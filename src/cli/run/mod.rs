//! `run`: the machine on live markets, orders filled on paper or at their venues.

mod entry;
mod follow;
mod told;
mod venues;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use follow::Terms;
use told::Told;

use super::built_in::BuiltIn;
use super::output::{self, Failure};
use crate::base::Nanos;
use crate::config::Config;
use crate::pipeline;
use crate::sys::clock::Clock;

/// Run the machine on live markets, with paper money unless told --live.
///
/// Without --config it starts the built-in venues on loopback and trades on their markets over TLS
/// for a minute. With --config it follows the real venues until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Seconds to run; without it a minute on the built-in venues, and until Ctrl-C on real ones.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    duration: Option<u32>,
    /// Send orders to the venues instead of filling them on paper. The built-in venues take them
    /// with play money; real ones need `trading.live = true` in the configuration and a key for
    /// each account.
    #[arg(long)]
    live: bool,
    /// Directory of the journal; without it one is made beside other temporary files.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Seconds between two rows of memory and latency; without it there are none.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    every: Option<u32>,
    /// Seed of the built-in venues.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Trouble of the built-in venues, by file (see `sim --help`).
    #[arg(long, value_name = "FILE")]
    pub(super) faults: Option<PathBuf>,
    /// How fast time goes at the built-in venues.
    #[arg(long, value_name = "X", default_value_t = 1)]
    pub(super) speed: u32,
}

const AFTER_HELP: &str = "\
Ctrl-C ends it in order: open orders are cancelled, the journal is written, the summary printed.
With --live it waits until the outcome of each order is known, three minutes at most. A second one
ends it at once; then the next start cancels what is still open.

Examples:
  neural-kraken run
  neural-kraken run --duration 10 --seed 7 --record session
  neural-kraken run --live --duration 20
  neural-kraken --config my.toml run
  neural-kraken --config my.toml run --live";

/// Seconds on the built-in venues where nothing is said.
const SECONDS_BUILT_IN: u32 = 60;

impl Arguments {
    /// What runs when no verb is given.
    pub(super) fn built_in() -> Arguments {
        Arguments {
            duration: None,
            live: false,
            record: None,
            every: None,
            seed: 1,
            faults: None,
            speed: 1,
        }
    }
}

/// Runs the verb.
pub(super) fn run(
    arguments: &Arguments,
    file: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The second one finds the flag raised, and ends the process at once.
        flag::register_conditional_shutdown(signal, 1, stop.clone()).map_err(Failure::failed)?;
        flag::register(signal, stop.clone()).map_err(Failure::failed)?;
    }
    let config = Config::load(file).map_err(Failure::failed)?;
    // Before anything is started: keys leave the environment while there is one thread, and what is
    // started keeps off the hot thread's core.
    let mut keys = match file {
        Some(_) if arguments.live => Some(entry::keys(&config)?),
        _ => None,
    };
    let is_pinned = config.pipeline.pin;
    let cores = if is_pinned { pipeline::reserve(1).map_err(Failure::failed)? } else { Vec::new() };
    let built_in = match file {
        Some(_) => None,
        None => Some(BuiltIn::start(arguments)?),
    };
    if let Some(built_in) = built_in.as_ref().filter(|_| arguments.live) {
        keys = Some(entry::built_in(built_in.keys()));
    }
    let overlay = match (&built_in, file) {
        (Some(built_in), _) => built_in.overlay(),
        (None, Some(path)) => std::fs::read_to_string(path).map_err(Failure::failed)?,
        (None, None) => String::new(),
    };
    let name = file.unwrap_or_else(|| Path::new("the built-in venues"));
    let config = Config::parse(&overlay, name).map_err(Failure::failed)?;
    let seconds = arguments.duration.or(built_in.as_ref().map(|_| SECONDS_BUILT_IN));
    let duration_ns = seconds.map(|s| i64::from(s) * Nanos::SECOND);
    let dir = arguments.record.clone().unwrap_or_else(temporary);
    let every_ns = arguments.every.map(|s| i64::from(s) * Nanos::SECOND);
    let is_built_in = built_in.is_some();
    let terms = Terms { dir: &dir, duration_ns, every_ns, stop: &stop, cores: &cores, is_built_in };
    let outcome = match keys {
        None => follow::on_paper(&config, overlay, &terms)?,
        Some(keys) => follow::live(&config, &overlay, keys, &terms)?,
    };
    let told = Told { is_built_in, dir: &dir, outcome: &outcome };
    if as_json { output::print_json(&told.object()) } else { output::print(&told.text()) }
}

/// A directory for a journal that nobody asked for.
fn temporary() -> PathBuf {
    let now = Clock::calibrate(Duration::from_millis(1)).unix_now();
    std::env::temp_dir().join(format!("neural-kraken-{}", now.0 / Nanos::SECOND))
}
