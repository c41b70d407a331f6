//! `run`: the machine on live markets, orders filled on paper.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::account::{Account, Settled};
use super::built_in::BuiltIn;
use super::output::{self, Failure};
use super::pace::Pace;
use super::replay::plan_of;
use super::report;
use super::session::{Over, Session};
use super::table::grouped;
use crate::base::{ConnectionId, Instruments, Nanos};
use crate::cold::dialer::{Dialer, Ways};
use crate::cold::{Beginning, LatencyLog, Recorder};
use crate::config::Config;
use crate::journal;
use crate::metric::histogram::{self, Percentiles};
use crate::net::TlsSettings;
use crate::pipeline::{self, Ended, Live, Network, NoPost, Station, Trading};
use crate::sys::clock::Clock;
use crate::venue::session::{Follow, Settings, State};
use crate::venue::{DIALECTS, dialect as dialect_of};

/// Run the machine on live markets, with paper money.
///
/// Without --config it starts the built-in venues on loopback and trades on their markets over TLS
/// for a minute. With --config it follows the real venues until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Seconds to run; without it a minute on the built-in venues, and until Ctrl-C on real ones.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    duration: Option<u32>,
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
Ctrl-C ends it in order: open orders are cancelled, the journal is written, the summary printed. A
second one ends it at once.

Examples:
  neural-kraken run
  neural-kraken run --duration 10 --seed 7 --record session
  neural-kraken --config my.toml run";

/// The latency log, within the journal's directory.
const LATENCY_LOG: &str = "latency.hlog";

/// Seconds on the built-in venues where nothing is said.
const SECONDS_BUILT_IN: u32 = 60;

impl Arguments {
    /// What runs when no verb is given.
    pub(super) fn built_in() -> Arguments {
        Arguments { duration: None, record: None, every: None, seed: 1, faults: None, speed: 1 }
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
    // Before anything is started: what is, keeps off the hot thread's core.
    let is_pinned = Config::load(file).map_err(Failure::failed)?.pipeline.pin;
    let cores = if is_pinned { pipeline::reserve(1).map_err(Failure::failed)? } else { Vec::new() };
    let built_in = match file {
        Some(_) => None,
        None => Some(BuiltIn::start(arguments)?),
    };
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
    let outcome = follow(&config, overlay, &dir, (duration_ns, every_ns), (&stop, &cores))?;
    let told = Told { is_built_in: built_in.is_some(), dir: &dir, outcome: &outcome };
    if as_json { output::print_json(&told.object()) } else { output::print(&told.text()) }
}

/// A directory for a journal that nobody asked for.
fn temporary() -> PathBuf {
    let now = Clock::calibrate(Duration::from_millis(1)).unix_now();
    std::env::temp_dir().join(format!("neural-kraken-{}", now.0 / Nanos::SECOND))
}

/// What came of a run.
struct Followed {
    instruments: Instruments,
    venues: Vec<&'static str>,
    ended: Ended,
    states: Vec<Option<State>>,
    pace: Pace,
    span_ns: i64,
    settled: Settled,
    /// How long bytes lay in the kernel, where it stamps them.
    waits: Percentiles,
}

/// Follows the venues of a configuration until it is told to stop.
fn follow(
    config: &Config,
    overlay: String,
    dir: &Path,
    (duration_ns, every_ns): (Option<i64>, Option<i64>),
    (stop, cores): (&AtomicBool, &[usize]),
) -> Result<Followed, Failure> {
    let mut instruments = followed(config)?;
    let (mut plan, clock) = (plan_of(config), Clock::calibrate(Duration::from_millis(20)));
    let (resolved, notes) = config.resolve_onto(&mut instruments);
    let mut stations = stations(config, &instruments, clock.unix_now())?;
    let venues: Vec<_> = stations.iter().map(|station| station.dialect.name).collect();
    plan.books.stale_after_ns_of = silences(config, &venues);
    plan.trading = Trading::new(config, &resolved, &plan.books, true);
    let account = Account::new(config, &resolved, notes);
    let scribe = {
        let options = config.journal.options;
        let recorder = Recorder::new(dir, options).map_err(Failure::failed)?;
        let papers = plan.trading.venues.iter();
        let accounts: Vec<_> = papers.map(|paper| (paper.account, paper.dialect.name)).collect();
        let connections: Vec<_> =
            venues.iter().map(|venue| (*venue, format!("live:{venue}"))).collect();
        let beginning = Beginning {
            instruments: &instruments,
            setup: &journal::Session { fills: true, overlay },
            connections: &connections,
            accounts: &accounts,
        };
        recorder.begin(&beginning, clock.unix_now()).map_err(Failure::failed)?
    };
    let log = LatencyLog::create(&dir.join(LATENCY_LOG), clock.unix_now());
    let pace = Pace::new(every_ns, Some(log.map_err(Failure::failed)?));
    let dialer = Dialer::start(ways(config)).map_err(Failure::failed)?;
    let (waited, waits) = histogram::histogram();
    let mut network = Network::new(clock, dialer, waited);
    let mut session = Session::new(
        account,
        Some(scribe),
        (&instruments, venues.clone()),
        (duration_ns, pace),
        stop,
    );
    let machine = Live {
        carrier: &mut network,
        post: NoPost,
        stations: &mut stations,
        stop,
        cores,
        waits: false,
    };
    let ended = pipeline::live(machine, &instruments, &plan, &mut session);
    let over = session.finish();
    let ended = ended.map_err(Failure::failed)?;
    if let Some(Err(why)) = &over.journal {
        return Err(Failure::failed(why));
    }
    let Over { account, states, pace, span_ns, .. } = over;
    let settled = account.settle(&ended.outcome);
    let waits = waits.snapshot().percentiles();
    Ok(Followed { instruments, venues, ended, states, pace, span_ns, settled, waits })
}

/// How the world is reached.
fn ways(config: &Config) -> Ways {
    let live = &config.live;
    Ways {
        tls: TlsSettings {
            ca_files: live.ca_files.clone(),
            stock: live.stock_tls,
            ..TlsSettings::default()
        },
        addresses: live.addresses.clone(),
        kernel_stamps: live.kernel_stamps,
        plain: false,
    }
}

/// Instruments that are used and whose venues can be followed, numbered as a replay of the journal
/// numbers them.
fn followed(config: &Config) -> Result<Instruments, Failure> {
    let resolved = config.resolve();
    let mut all: Vec<_> = resolved.instruments.iter().collect();
    all.retain(|instrument| dialect_of(instrument.venue).is_some_and(|d| d.session.is_some()));
    let place = |venue: &str| DIALECTS.iter().position(|dialect| dialect.name == venue);
    all.sort_by_key(|instrument| (place(instrument.venue), instrument.symbol));
    let mut instruments = Instruments::default();
    for instrument in all {
        instruments.add(instrument.clone());
    }
    if instruments.is_empty() {
        return Err(Failure::failed(
            "no instrument is enabled whose venue can be followed live: enable one of kraken, \
             binance or coinbase in [[instruments]]",
        ));
    }
    Ok(instruments)
}

/// A session for each venue.
fn stations(
    config: &Config,
    instruments: &Instruments,
    now: Nanos,
) -> Result<Vec<Station>, Failure> {
    let mut venues: Vec<&'static str> = instruments.iter().map(|i| i.venue).collect();
    venues.dedup();
    let station = |(n, venue): (usize, &&'static str)| {
        let opening = dialect_of(venue).and_then(|dialect| Some((dialect, dialect.session?)));
        let (dialect, opening) = opening.ok_or_else(|| {
            Failure::failed(format_args!(
                "{venue} cannot be followed live: disable its instruments"
            ))
        })?;
        let of = instruments.iter().filter(|instrument| instrument.venue == *venue);
        let settings = Settings {
            connection: ConnectionId(n as u16),
            follow: of.map(|i| Follow { symbol: i.symbol, id: i.id }).collect(),
            redundancy: config.live.redundancy,
            seed: now.0 as u64 ^ n as u64,
            ..(opening.settings)()
        };
        let mut session = (opening.open)(settings, now).map_err(Failure::failed)?;
        session.begin(now);
        Ok(Station { dialect, session })
    };
    venues.iter().enumerate().map(station).collect()
}

/// Silences of single venues, by station.
fn silences(config: &Config, venues: &[&'static str]) -> Vec<(ConnectionId, i64)> {
    let of = &config.book.stale_after_ns_of;
    let own = |venue: &str| of.iter().find(|(name, _)| *name == venue).map(|(_, ns)| *ns);
    let numbered = venues.iter().enumerate();
    numbered.filter_map(|(n, venue)| Some((ConnectionId(n as u16), own(venue)?))).collect()
}

/// What a user is told of a run.
struct Told<'a> {
    is_built_in: bool,
    dir: &'a Path,
    outcome: &'a Followed,
}

impl Told<'_> {
    fn text(&self) -> String {
        let Followed { instruments, venues, ended, states, pace, span_ns, settled, .. } =
            self.outcome;
        let (outcome, counts) = (&ended.outcome, ended.outcome.counts);
        let integrity = outcome.integrity;
        let mut text = String::new();
        if self.is_built_in {
            text.push_str(BUILT_IN);
        }
        let _ = writeln!(
            text,
            "{:.1} s live: {} frames decoded fast, {} strict, {} refused\n\
             proven    {} checksums, {} quotes; against {} bad checksums, {} mismatches, {} gaps, \
             {} crossed\n",
            *span_ns as f64 / 1e9,
            grouped(counts.fast),
            grouped(counts.strict),
            grouped(counts.refused),
            grouped(integrity.checksum_ok),
            grouped(integrity.quote_match),
            grouped(integrity.checksum_bad),
            grouped(integrity.quote_mismatch),
            grouped(integrity.gaps + counts.gaps),
            grouped(integrity.crossed),
        );
        for (venue, state) in venues.iter().zip(states) {
            let state = state.map_or_else(|| String::from("never begun"), |s| s.to_string());
            let _ = writeln!(text, "  {venue}: {state}");
        }
        text.push('\n');
        text.push_str(&report::book_table(instruments, outcome).render());
        text.push_str(&report::troubles(instruments, outcome));
        text.push_str(&settled.text());
        if ended.cancelled > 0 {
            let _ = writeln!(text, "{} orders were open at the end and cancelled", ended.cancelled);
        }
        if ended.unbooked > 0 {
            let _ = writeln!(
                text,
                "warning: {} fills came while open orders were cancelled; they are not in the \
                 account above",
                ended.unbooked
            );
        }
        text.push_str(&self.latency());
        text.push_str(&self.host());
        text.push_str(&pace.text());
        let _ = writeln!(
            text,
            "\njournal {}\nlatency by second, for viewers of HdrHistogram logs: {}",
            self.dir.display(),
            self.dir.join(LATENCY_LOG).display()
        );
        if ended.lost > 0 {
            let _ = writeln!(
                text,
                "warning: {} frames found no room on their way to the journal; give it a \
                 faster disk",
                grouped(ended.lost)
            );
        }
        let dir = self.dir.display();
        let _ = writeln!(
            text,
            "\nNext: play the session again, and ask it about an order\n  neural-kraken replay \
             --format journal {dir}\n  neural-kraken why 1 {dir}\n  neural-kraken config manual"
        );
        text
    }

    fn latency(&self) -> String {
        let Followed { ended, waits, .. } = self.outcome;
        let mut text = String::from("\nLatency, ns, from the return of the read\n");
        text.push_str(&report::latency_table(&ended.outcome).render());
        text.push_str("  first: where a read brought several frames, the first of them alone\n");
        if waits.count > 0 {
            let _ = writeln!(
                text,
                "  from the kernel's stamp to the read: p50 {} p99 {}",
                grouped(waits.p50),
                grouped(waits.p99)
            );
        }
        text
    }

    /// What the host did to the hot thread: the noise floor of the figures above.
    fn host(&self) -> String {
        let outcome = &self.outcome.ended.outcome;
        let mut text = String::new();
        for (_, regimes) in &outcome.regimes {
            let all = regimes.working_ns + regimes.caught_up_ns + regimes.pressed_ns;
            let _ = writeln!(
                text,
                "host      the hot thread worked {:.1} % of its time; stopped {} times while idle, \
                 the longest {} us",
                regimes.working_ns as f64 * 100.0 / all.max(1) as f64,
                grouped(regimes.hiccups),
                grouped(regimes.hiccup_ns_max / 1_000),
            );
        }
        if let Some(allocations) = outcome.allocations {
            let _ = writeln!(
                text,
                "          {} allocations, {} page faults on it",
                grouped(allocations.allocations),
                grouped(outcome.page_faults)
            );
        }
        text
    }

    fn object(&self) -> Value {
        let Followed { instruments, venues, ended, states, pace, span_ns, settled, waits } =
            self.outcome;
        let (outcome, counts) = (&ended.outcome, ended.outcome.counts);
        let integrity = outcome.integrity;
        let books: serde_json::Map<String, Value> = instruments
            .iter()
            .zip(&outcome.books)
            .map(|(instrument, shown)| (instrument.name(), report::book(shown)))
            .collect();
        let sessions: serde_json::Map<String, Value> = venues
            .iter()
            .zip(states)
            .map(|(venue, state)| {
                let stage = state.map(|state| state.stage.name());
                let reason = state.map(|state| state.reason.to_string());
                ((*venue).to_owned(), json!({ "stage": stage, "reason": reason }))
            })
            .collect();
        let mut object = json!({
            "mode": "paper",
            "venues": sessions,
            "span_ns": span_ns,
            "decode": { "fast": counts.fast, "strict": counts.strict, "refused": counts.refused },
            "books": books,
            "integrity": {
                "gaps": integrity.gaps + counts.gaps,
                "checksum_ok": integrity.checksum_ok,
                "checksum_bad": integrity.checksum_bad,
                "crossed": integrity.crossed,
                "quote_match": integrity.quote_match,
                "quote_mismatch": integrity.quote_mismatch,
                "resyncs": integrity.resyncs,
            },
            "refusals": outcome.refused.iter().map(report::refusal).collect::<Vec<_>>(),
            "latency_ns": report::latencies(outcome),
            "loops": report::loops(outcome),
            "allocations_after_start": outcome.allocations.map(|a| a.allocations),
            "page_faults_after_start": outcome.page_faults,
            "cancelled_at_end": ended.cancelled,
            "unbooked_at_end": ended.unbooked,
            "kernel_to_read_ns": report::percentiles(waits),
            "intervals": pace.object(),
            "journal": self.dir,
            "latency_log": self.dir.join(LATENCY_LOG),
            "journal_lost": ended.lost,
        });
        if let Value::Object(map) = &mut object {
            map.extend(settled.object());
        }
        object
    }
}

/// What the built-in venues are.
const BUILT_IN: &str = "\
The built-in venues: Kraken, Binance and Coinbase in a box, a made-up market behind their
real protocols, reached over TLS websockets on loopback and traded with paper money.

";
