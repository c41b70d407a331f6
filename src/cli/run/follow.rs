//! A run: the machine on live markets, from its sessions to what came of it.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::super::account::{Account, Settled};
use super::super::output::{self, Failure};
use super::super::pace::Pace;
use super::super::replay::plan_of;
use super::super::session::{Kept, Over, Session};
use super::entry::{self, Breaks, KeyRing};
use super::venues;
use crate::base::{AccountId, Instruments, Nanos};
use crate::cold::dialer::Dialer;
use crate::cold::{Beginning, LatencyLog, Recorder, Scribe};
use crate::config::{Config, Resolved};
use crate::journal::ahead::Ahead;
use crate::journal::{self, Fills};
use crate::metric::histogram::{self, Percentiles};
use crate::pipeline::{self, Ended, Live, LiveAccount, Network, Trading};
use crate::sys::clock::Clock;
use crate::venue::session::State;
use crate::venue::trade::Network as Which;

/// The latency log, within the journal's directory.
pub(super) const LATENCY_LOG: &str = "latency.hlog";

/// How long, where to, and what ends it.
pub(super) struct Terms<'a> {
    pub(super) dir: &'a Path,
    pub(super) duration_ns: Option<i64>,
    pub(super) every_ns: Option<i64>,
    pub(super) stop: &'a AtomicBool,
    pub(super) cores: &'a [usize],
    pub(super) is_built_in: bool,
}

/// Who trades where orders leave the house.
#[derive(Default)]
struct Desk {
    members: Vec<LiveAccount>,
    epoch: u32,
    ahead: Option<Ahead>,
    kept: Option<Kept>,
}

impl Desk {
    const fn is_live(&self) -> bool {
        self.ahead.is_some()
    }
}

/// The ways out of the house.
struct Wires {
    clock: Clock,
    network: Network,
    waits: histogram::Reader,
}

/// What came of a run.
pub(super) struct Followed {
    pub(super) instruments: Instruments,
    pub(super) venues: Vec<&'static str>,
    pub(super) ended: Ended,
    pub(super) states: Vec<Option<State>>,
    pub(super) pace: Pace,
    pub(super) span_ns: i64,
    pub(super) settled: Settled,
    pub(super) mode: &'static str,
    /// What accounts hold otherwise than we think, where orders went to their venues.
    pub(super) breaks: Option<Breaks>,
    /// How long bytes lay in the kernel, where it stamps them.
    pub(super) waits: Percentiles,
}

impl Wires {
    fn new(config: &Config) -> Result<Wires, Failure> {
        let clock = Clock::calibrate(Duration::from_millis(20));
        let dialer = Dialer::start(venues::ways(config)).map_err(Failure::failed)?;
        let (waited, waits) = histogram::histogram();
        Ok(Wires { clock, network: Network::new(clock, dialer, waited), waits })
    }
}

/// Follows the venues, orders filled on paper.
pub(super) fn on_paper(
    config: &Config,
    overlay: String,
    terms: &Terms<'_>,
) -> Result<Followed, Failure> {
    follow(config, overlay, Wires::new(config)?, &mut Desk::default(), terms)
}

/// Follows the venues and trades at them: private sessions first, then the machine, then what the
/// accounts hold beside what we think they do.
pub(super) fn live(
    config: &Config,
    overlay: &str,
    keys: KeyRing,
    terms: &Terms<'_>,
) -> Result<Followed, Failure> {
    let mut instruments = venues::followed(config)?;
    let (resolved, _) = config.resolve_onto(&mut instruments);
    let venues = venues::of(&instruments);
    let mut wires = Wires::new(config)?;
    let now = wires.clock.unix_now();
    output::say(banner(config, terms.is_built_in));
    let members = entry::members((config, &resolved), &instruments, &venues, keys, now)?;
    // Held until the session is over: there is one at a time.
    let mut home = entry::home(config, terms.is_built_in.then_some(terms.dir))?;
    let (epoch, ahead, kept) = entry::begin(&mut home, (&resolved, &instruments), now)?;
    let mut desk = Desk { members, epoch, ahead: Some(ahead), kept: Some(kept) };
    let at = (venues.len(), &mut *desk.members);
    let opened = entry::open(&mut wires.network, at, &resolved, terms.stop)?;
    let overlay = entry::with_balances(overlay, &resolved, &opened)?;
    let name = Path::new("the configuration with balances");
    let config = Config::parse(&overlay, name).map_err(Failure::failed)?;
    let followed = follow(&config, overlay, wires, &mut desk, terms);
    drop(home);
    followed
}

/// What a user must have seen before orders leave the house.
fn banner(config: &Config, is_built_in: bool) -> &'static str {
    match (is_built_in, config.order_entry.is_rehearsal, config.order_entry.network) {
        (true, ..) => "LIVE ORDERS, to the built-in venues: play money over their real protocols",
        (_, true, _) => "REHEARSAL: orders go to their venues, which check but do not place them",
        (_, _, Which::Test) => "LIVE ORDERS, to the venues' test networks",
        (_, _, Which::Live) => "LIVE ORDERS: MONEY IN EARNEST",
    }
}

fn follow(
    config: &Config,
    overlay: String,
    wires: Wires,
    desk: &mut Desk,
    terms: &Terms<'_>,
) -> Result<Followed, Failure> {
    let Wires { clock, mut network, waits } = wires;
    let mut instruments = venues::followed(config)?;
    let mut plan = plan_of(config);
    let (resolved, notes) = config.resolve_onto(&mut instruments);
    let mut stations = venues::stations(config, &instruments, clock.unix_now())?;
    let venues = venues::of(&instruments);
    plan.books.stale_after_ns_of = venues::silences(config, &venues);
    let fills = if desk.is_live() { Fills::Venue } else { Fills::Paper };
    plan.trading = Trading::new(config, &resolved, &plan.books, fills);
    plan.trading.dispatch.epoch = desk.epoch;
    let setup = journal::Session { fills, epoch: desk.epoch, overlay };
    let accounts = accounts_of(&resolved, &venues);
    let begun = clock.unix_now();
    let scribe = begin(config, (&instruments, &venues, &accounts), &setup, terms.dir, begun)?;
    let log = LatencyLog::create(&terms.dir.join(LATENCY_LOG), begun).map_err(Failure::failed)?;
    let pace = Pace::new(terms.every_ns, Some(log));
    let account = Account::new(config, &resolved, notes);
    let names = names(&resolved, &venues, &desk.members);
    let span = (terms.duration_ns, pace);
    let mut session = Session::new(account, Some(scribe), &instruments, names, span, terms.stop);
    session.keep(desk.kept.take());
    let machine = Live {
        carrier: &mut network,
        stations: &mut stations,
        members: &mut desk.members,
        ahead: desk.ahead.as_mut(),
        stop: terms.stop,
        cores: terms.cores,
        waits: false,
    };
    let ended = pipeline::live(machine, &instruments, &plan, &mut session);
    if ended.is_err() && desk.is_live() {
        entry::rescue(&mut network, (venues.len(), &mut desk.members), &resolved);
    }
    let over = session.finish();
    let ended = ended.map_err(Failure::failed)?;
    if let Some(Err(why)) = &over.journal {
        return Err(Failure::failed(why));
    }
    if let Some(Err(why)) = &over.kept {
        return Err(Failure::failed(why));
    }
    let Over { account, states, pace, span_ns, .. } = over;
    let mut settled = account.settle(&ended.outcome);
    let mode = mode(config, desk.is_live());
    if desk.is_live() {
        settled.filled(if mode == "live" { "Live orders" } else { "Rehearsal" });
    }
    let breaks = if desk.is_live() {
        let at = (venues.len(), &mut *desk.members);
        let booked = (settled.ledger(), settled.tally().fills);
        Some(entry::close(&mut network, at, &resolved, booked))
    } else {
        None
    };
    let waits = waits.snapshot().percentiles();
    Ok(Followed { instruments, venues, ended, states, pace, span_ns, settled, mode, breaks, waits })
}

/// In which way orders are filled, as in output.
fn mode(config: &Config, is_live: bool) -> &'static str {
    match (is_live, config.order_entry.is_rehearsal) {
        (false, _) => "paper",
        (true, false) => "live",
        (true, true) => "rehearsal",
    }
}

/// Begins the journal.
fn begin(
    config: &Config,
    (instruments, venues, accounts): (&Instruments, &[&'static str], &[(AccountId, &'static str)]),
    setup: &journal::Session,
    dir: &Path,
    now: Nanos,
) -> Result<Scribe, Failure> {
    let recorder = Recorder::new(dir, config.journal.options).map_err(Failure::failed)?;
    let connections: Vec<_> =
        venues.iter().map(|venue| (*venue, format!("live:{venue}"))).collect();
    let beginning = Beginning { instruments, setup, connections: &connections, accounts };
    recorder.begin(&beginning, now).map_err(Failure::failed)
}

/// The accounts of the venues that are followed, with their dialects.
fn accounts_of(resolved: &Resolved, venues: &[&'static str]) -> Vec<(AccountId, &'static str)> {
    let all = resolved.accounts.iter().enumerate();
    let named = all.map(|(n, account)| (AccountId(n as u16), account.venue.name));
    named.filter(|(_, venue)| venues.contains(venue)).collect()
}

/// Names of what things happen at: venues, behind them members; and those of all accounts.
fn names(
    resolved: &Resolved,
    venues: &[&'static str],
    members: &[LiveAccount],
) -> (Vec<String>, Vec<String>) {
    let accounts: Vec<String> = resolved.accounts.iter().map(|one| one.name.clone()).collect();
    let of_members = members.iter().map(|member| accounts[member.account.index()].clone());
    let sources = venues.iter().map(|venue| (*venue).to_owned()).chain(of_members).collect();
    (sources, accounts)
}
