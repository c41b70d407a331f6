//! `sim`: the built-in venues behind sockets, for our own machine and for any other client.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::output::{self, Failure};
use super::recordings::Recordings;
use crate::config::Config;
use crate::limits::CONFIG_BYTES_MAX;
use crate::sim::fault::{Entry, Plan};
use crate::sim::server::{self, Counts, Handle, Settings};
use crate::sim::{Accounts, Keys, Played, VENUES};
use crate::tape;

/// Serve Kraken, Binance and Coinbase as made up from a seed.
///
/// Market data, accounts and orders by websocket and REST as the venues speak them, with TLS from
/// an authority that is made at start, or plain. When all ports are open, one line of JSON on
/// stdout says where, and with which keys. Ctrl-C ends it.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Seed of all chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Faults on purpose, from this TOML file.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Accounts from this TOML file, instead of one at each venue with the keys of the first line.
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Without TLS.
    #[arg(long)]
    plain: bool,
    /// Where the authority's certificate is written; without it a file in the temporary directory,
    /// removed at the end.
    #[arg(long, value_name = "FILE", conflicts_with = "plain")]
    ca_file: Option<PathBuf>,
    /// Where Kraken listens; port 0 is any that is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    kraken: SocketAddr,
    /// Where Binance listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    binance: SocketAddr,
    /// Where Coinbase listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    coinbase: SocketAddr,
    /// Serve these recordings instead, each once, as FILE or V:F:FILE: their books and trades,
    /// with snapshots, checksums and numbers for whoever comes, at the times of now.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    replay: Vec<String>,
    /// Seconds of the world, or of a recording, in one of ours.
    #[arg(long, visible_alias = "pace", value_name = "X", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    speed: u32,
    /// A burst: so many messages a second more at Kraken's BTC/USD, from the third second on.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    burst: Option<u32>,
    /// How many seconds the burst takes.
    #[arg(long, value_name = "S", default_value_t = 10, requires = "burst",
        value_parser = clap::value_parser!(u32).range(1..=3_600))]
    burst_seconds: u32,
    /// End after so many seconds of ours.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..))]
    duration: Option<u64>,
}

const AFTER_HELP: &str = "\
Examples:
  neural-kraken sim --plain --kraken 127.0.0.1:8001
  neural-kraken sim --replay kraken:frames:session.gz --pace 10
  neural-kraken sim --seed 7 --speed 20 --duration 60 --faults faults.toml

A file of faults:
  [[fault]]
  at_ms = 5000        # virtual time since the start
  what = \"drop\"       # any of those below
  venue = \"kraken\"    # venue, connection and symbol are narrower than all
  count = 3           # frames, or refusals; or for_ms = 1000
  [random]
  per_minute = 6      # faults of chance beside them

What goes wrong:
  drop duplicate reorder corrupt   frames are lost, come twice, change places, have a wrong byte
  checksum      Kraken's checksums are wrong
  stall slow    frames wait for the end of the fault, or come delay_ms late
  half-open     nothing comes any more on connections that are open, and nobody listens
  disconnect    connections are closed
  maintenance   the venue says so as it does, closes its connections and refuses new ones and REST
  deaf refuse   what clients say is lost; subscriptions are refused in the venue's words
  lag           public REST answers are of delay_ms to twice as long ago, behind the socket
  skew          the venue's clock is skew_ms ahead, or behind below 0
  burst         somebody changes the book of symbol rate times a second more, for for_ms

A file of accounts:
  [[account]]
  venue = \"kraken\"    # or binance, coinbase
  key = \"..\"          # as the venue names it
  secret = \"..\"       # Kraken: base64. Binance: text, or PEM of Ed25519. Coinbase: PEM of P-256
                      # or Ed25519. A public key as PEM does as well
  # what follows may be left out
  name = \"main\"       # a second table of the same venue and name is one more key
  balances = { USD = \"50000\", BTC = \"1.5\" }
  permissions = [\"read\", \"trade\", \"cancel\", \"token\"]
  ips = [\"127.0.0.1\"]
  fees = { maker_ppm = 2500, taker_ppm = 4000 }
  tier = \"pro\"        # Kraken's rate limits: starter, intermediate, pro";

/// Recordings as markets.
fn played(files: &[String]) -> Result<Vec<Played>, Failure> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let recordings = Recordings {
        files: files.to_vec(),
        venue: None,
        format: None,
        symbols: Vec::new(),
        instrument: Vec::new(),
    };
    let loaded = recordings.load(&Config::load(None).map_err(Failure::failed)?)?;
    let played = tape::played(&loaded.tape, &loaded.instruments);
    if played.iter().all(|market| market.deeds.is_empty()) {
        let why = "the recordings hold no whole book of Kraken, Binance or Coinbase; name others";
        return Err(Failure::failed(why));
    }
    Ok(played)
}

/// How often signals and the time are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    let mut faults = arguments.faults.as_deref().map(plan).transpose()?.unwrap_or_default();
    if let Some(rate) = arguments.burst {
        faults.entries.push(Entry::burst(2_000, rate, arguments.burst_seconds));
    }
    let keys = Keys::new(arguments.seed).map_err(Failure::failed)?;
    let accounts = match &arguments.accounts {
        Some(file) => accounts(file)?,
        None => Accounts::of(&keys),
    };
    let own_file = std::env::temp_dir().join(format!("neural-kraken-{}.pem", std::process::id()));
    let ca_file = arguments.ca_file.clone().unwrap_or_else(|| own_file.clone());
    let settings = Settings {
        seed: arguments.seed,
        addresses: [arguments.kraken, arguments.binance, arguments.coinbase],
        ca_file: (!arguments.plain).then_some(ca_file),
        speed: arguments.speed,
        played: played(&arguments.replay)?,
        faults,
        accounts,
    };
    let is_ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&is_ended)).map_err(Failure::failed)?;
    }
    let keys = arguments.accounts.is_none().then_some(&keys);
    let handle = server::start(&settings).map_err(Failure::failed)?;
    let served = output::print_json(&ready(&handle, keys))
        .and_then(|()| wait(&handle, arguments.duration, &is_ended));
    let counts = handle.counts();
    handle.stop();
    if settings.ca_file.as_ref() == Some(&own_file) {
        // Where it is gone already, somebody has tidied up before us.
        let _ = fs::remove_file(&own_file);
    }
    served?;
    if as_json {
        return output::print_json(&object(&counts));
    }
    output::say(told(&counts));
    Ok(())
}

pub(super) fn plan(file: &Path) -> Result<Plan, Failure> {
    let text = read(file, "--faults")?;
    Plan::parse(&text).map_err(|why| Failure::failed(format_args!("{}: {why}", file.display())))
}

fn accounts(file: &Path) -> Result<Accounts, Failure> {
    let text = read(file, "--accounts")?;
    let named = |why| Failure::failed(format_args!("{}: {why}", file.display()));
    Accounts::parse(&text).map_err(named)
}

fn read(file: &Path, option: &str) -> Result<String, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::failed(format_args!(
            "cannot read {}: {why}; name another {option}",
            file.display()
        ))
    };
    let bytes = fs::metadata(file).map_err(|why| unreadable(&why))?.len();
    if bytes > CONFIG_BYTES_MAX as u64 {
        return Err(unreadable(&format_args!("{bytes} bytes, more than {CONFIG_BYTES_MAX}")));
    }
    fs::read_to_string(file).map_err(|why| unreadable(&why))
}

/// Where the venues are, and what their built-in accounts sign with.
fn ready(handle: &Handle, keys: Option<&Keys>) -> Value {
    let mut venues = Map::new();
    for (n, name) in VENUES.into_iter().enumerate() {
        let mut venue = Map::new();
        venue.insert("url".into(), json!(handle.addresses()[n].to_string()));
        for (key, value) in keys.into_iter().flat_map(|keys| named(keys, n)) {
            venue.insert(key.into(), json!(value));
        }
        venues.insert(name.into(), Value::Object(venue));
    }
    json!({"ready": true, "ca_file": handle.ca_file(), "venues": venues})
}

/// The keys of one venue, by name.
fn named(keys: &Keys, venue: usize) -> Vec<(&'static str, &str)> {
    match venue {
        0 => vec![("api_key", &keys.kraken.0), ("secret", &keys.kraken.1)],
        1 => vec![
            ("api_key", &keys.binance.0),
            ("secret", &keys.binance.1),
            ("ed25519_api_key", &keys.binance_ed25519.0),
            ("ed25519_private_key", &keys.binance_ed25519.1),
        ],
        _ => vec![("key_name", &keys.coinbase.0), ("private_key", &keys.coinbase.1)],
    }
}

/// Until a signal, the time, or the server's own end.
fn wait(handle: &Handle, seconds: Option<u64>, is_ended: &AtomicBool) -> Result<(), Failure> {
    let bar = ProgressBar::new_spinner();
    let limit = seconds.map(Duration::from_secs);
    while !is_ended.load(Ordering::Relaxed) {
        if !handle.is_alive() {
            return Err(Failure::failed("the server's thread has ended; please report it"));
        }
        if limit.is_some_and(|limit| bar.elapsed() >= limit) {
            break;
        }
        bar.set_message(format!("{}  {}", handle.now(), told(&handle.counts())));
        thread::park_timeout(LOOK);
    }
    bar.finish_and_clear();
    Ok(())
}

fn told(counts: &Counts) -> String {
    let Counts { connections: [kraken, binance, coinbase], frames, requests, slow, faults } =
        counts;
    format!(
        "connections {kraken} {binance} {coinbase}, {frames} frames, {requests} requests, {slow} \
         too slow, {faults} faults"
    )
}

fn object(counts: &Counts) -> Value {
    json!({
        "frames": counts.frames,
        "requests": counts.requests,
        "slow": counts.slow,
        "faults": counts.faults,
    })
}
