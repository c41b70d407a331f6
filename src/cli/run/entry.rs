//! Live order entry, as `run --live` has it: what it needs, its private sessions, and what the
//! accounts held before and after.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::super::output::{Failure, say};
use super::super::session::Kept;
use crate::base::{AccountId, AssetId, Instruments, Nanos, Symbol, render};
use crate::cold::home::Home;
use crate::cold::keep::{self, Keeping, Names};
use crate::cold::keys;
use crate::config::{Account, Asset as Named, Config, Resolved};
use crate::journal::ahead::Ahead;
use crate::ledger::{self, Ledger};
use crate::pipeline::{self, LiveAccount, Network, Opened};
use crate::sim::Keys;
use crate::venue::trade::{self, Asset, Balance, KeyTexts, Traded};

/// Keys by the name of their account.
pub(super) type KeyRing = Vec<(String, KeyTexts)>;

/// Keys of the accounts that are used, where all that live trading needs is there; else what is
/// missing. To be called before the process has a second thread.
pub(super) fn keys(config: &Config) -> Result<KeyRing, Failure> {
    let mut missing = Vec::new();
    if !config.order_entry.is_live {
        missing.push(String::from("trading.live is false; set `live = true` under [trading]"));
    }
    let mut ring = KeyRing::new();
    for account in &config.resolve().accounts {
        match keys::take(&account.name) {
            Ok(key) => ring.push((account.name.clone(), key)),
            Err(why) => missing.push(why.to_string()),
        }
    }
    if missing.is_empty() {
        return Ok(ring);
    }
    Err(Failure::failed(format_args!(
        "--live sends orders to their venues, and is refused:\n  {}",
        missing.join("\n  ")
    )))
}

/// Keys of the built-in venues' accounts.
pub(super) fn built_in(keys: &Keys) -> KeyRing {
    let key = |venue: &str, (name, secret): &(String, String)| {
        let (name, secret) = (name.as_str().into(), secret.as_str().into());
        (venue.to_owned(), KeyTexts { name, secret })
    };
    vec![
        key("kraken", &keys.kraken),
        key("binance", &keys.binance_ed25519),
        key("coinbase", &keys.coinbase),
    ]
}

/// A private session for each account, not connected yet. `stations` are the venues that are
/// followed, in their order.
pub(super) fn members(
    (config, resolved): (&Config, &Resolved),
    instruments: &Instruments,
    stations: &[&'static str],
    mut ring: KeyRing,
    now: Nanos,
) -> Result<Vec<LiveAccount>, Failure> {
    let mut members = Vec::new();
    for (n, account) in resolved.accounts.iter().enumerate() {
        let Some(station) = stations.iter().position(|venue| *venue == account.venue.name) else {
            continue;
        };
        let Some(place) = ring.iter().position(|(name, _)| *name == account.name) else {
            return Err(Failure::failed(format_args!("account {}: no key", account.name)));
        };
        let (_, key) = ring.swap_remove(place);
        members.push(member((config, resolved), instruments, (n, account), station, key, now)?);
    }
    Ok(members)
}

fn member(
    (config, resolved): (&Config, &Resolved),
    instruments: &Instruments,
    (n, account): (usize, &Account),
    station: usize,
    key: KeyTexts,
    now: Nanos,
) -> Result<LiveAccount, Failure> {
    let (venue, entry) = (account.venue.name, &config.order_entry);
    let opening = account.venue.trade.ok_or_else(|| {
        Failure::failed(format_args!("account {}: orders cannot go to {venue}", account.name))
    })?;
    let given = (opening.settings)(entry.network).ok_or_else(|| {
        Failure::failed(format_args!(
            "account {}: {venue} has no test network; set `network = \"live\"` under [trading], \
             with `rehearsal = true` where orders are not to be placed",
            account.name
        ))
    })?;
    let of = instruments.iter().filter(|instrument| instrument.venue == venue);
    let traded = of.filter_map(|instrument| {
        Some(Traded {
            symbol: instrument.symbol,
            id: instrument.id,
            price_decimals: instrument.price_decimals,
            qty_decimals: instrument.qty_decimals,
            base: instrument.base?,
            quote: instrument.quote?,
        })
    });
    let id = AccountId(n as u16);
    let since = Nanos(now.0 - SINCE_NS);
    let settings = trade::Settings {
        account: id,
        instruments: traded.collect(),
        assets: assets(&resolved.assets, venue),
        key,
        answer_ns_max: entry.answer_ns_max,
        dead_man_s: if given.dead_man_s > 0 { entry.dead_man_s } else { 0 },
        is_rehearsal: entry.is_rehearsal,
        since,
        seed: now.0 as u64 ^ n as u64,
        ..given
    };
    let rest = settings.rest.clone();
    let trader = (opening.open)(settings, now).map_err(Failure::failed)?;
    Ok(LiveAccount { account: id, station, rest, kept: opening.kept, since, trader })
}

/// Fills of the last day are asked for at the start.
const SINCE_NS: i64 = 86_400 * Nanos::SECOND;

/// All assets by the names that a venue has for them.
fn assets(all: &[Named], venue: &str) -> Vec<Asset> {
    let mut assets: Vec<Asset> = Vec::new();
    for (n, asset) in all.iter().enumerate() {
        let aliases = asset.aliases.iter().filter(|(dialect, _)| *dialect == venue);
        let names = aliases.map(|(_, name)| name).chain([&asset.name]);
        for name in names.filter_map(|name| Symbol::new(name.as_bytes())) {
            if !assets.iter().any(|known| known.name == name) {
                assets.push(Asset { name, id: AssetId(n as u16), decimals: asset.decimals });
            }
        }
    }
    assets
}

/// Opens the private sessions; says what was found.
pub(super) fn open(
    network: &mut Network,
    (stations, members): (usize, &mut [LiveAccount]),
    resolved: &Resolved,
    stop: &AtomicBool,
) -> Result<Vec<Opened>, Failure> {
    let name = |account: AccountId| &*resolved.accounts[account.index()].name;
    let mut tell =
        |account: AccountId, state| say(format_args!("{} (orders): {state}", name(account)));
    let opened = pipeline::open(network, stations, members, stop, &mut tell).map_err(|why| {
        let of = why.account().map_or("orders", name);
        Failure::failed(format_args!("{of}: {why}"))
    })?;
    for one in &opened {
        let name = name(one.account);
        for order in &one.orphans {
            say(format_args!(
                "warning: {name}: order {:?} of an earlier session was still open at {}; cancelled",
                order.client, order.symbol
            ));
        }
        for order in &one.foreign {
            say(format_args!(
                "{name}: an open order at {} is none of ours, and is left alone",
                order.symbol
            ));
        }
    }
    Ok(opened)
}

/// The folder where sessions are numbered: the configured one, else the user's own; that of the
/// built-in venues, which begin anew with each session, is in the session's own.
pub(super) fn home(config: &Config, built_in: Option<&Path>) -> Result<Home, Failure> {
    let given = &config.order_entry.state_dir;
    let dir = match built_in {
        Some(session) => session.join("state"),
        None if given.as_os_str().is_empty() => users_own()?,
        None => given.clone(),
    };
    Home::open(&dir).map_err(Failure::failed)
}

/// Begins a session in its folder: its number, where the hot thread records orders, and what keeps
/// them and their fills.
pub(super) fn begin(
    home: &mut Home,
    (resolved, instruments): (&Resolved, &Instruments),
    now: Nanos,
) -> Result<(u32, Ahead, Kept), Failure> {
    let accounts = resolved.accounts.iter().map(|account| account.name.clone()).collect();
    let strategies = &resolved.trading.strategies.strategies;
    let strategies = strategies.iter().map(|strategy| strategy.name.clone()).collect();
    let asset = |a: &Named| ledger::Asset { name: a.name.clone(), decimals: a.decimals };
    let assets: Vec<_> = resolved.assets.iter().map(asset).collect();
    let names = Names::of(instruments, accounts, strategies, &assets);
    let begun = keep::begin(home, &names, &Keeping::default(), now).map_err(Failure::failed)?;
    for note in &begun.notes {
        say(format_args!("warning: {note}"));
    }
    if begun.past.recovered > 0 {
        say(format_args!(
            "{} orders of the last session had not reached its log; they were saved",
            begun.past.recovered
        ));
    }
    let copying = begun.copier.start().map_err(Failure::failed)?;
    Ok((begun.epoch, begun.ahead, Kept { copying, fills: begun.fills }))
}

/// `neural-kraken` in `$XDG_STATE_HOME` or `~/.local/state`.
fn users_own() -> Result<PathBuf, Failure> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let states = of("XDG_STATE_HOME").or_else(|| Some(of("HOME")?.join(".local/state")));
    let states = states.ok_or_else(|| {
        Failure::failed("there is no $HOME to keep state in; set `state_dir` under [trading]")
    })?;
    Ok(states.join("neural-kraken"))
}

/// What accounts hold beside what the ledger says they do.
#[derive(Debug)]
pub(super) struct Breaks {
    /// Each that is more than rounding.
    pub(super) lines: Vec<String>,
    /// The largest difference that rounding explains, units of its asset.
    pub(super) rounded: u128,
}

/// Compares what the accounts hold with the ledger, says what is otherwise, and takes leave.
pub(super) fn close(
    network: &mut Network,
    (stations, members): (usize, &mut [LiveAccount]),
    resolved: &Resolved,
    (ledger, fills): (&Ledger, u64),
) -> Breaks {
    let stop = AtomicBool::new(false);
    let (mut breaks, mut rounded) = (Vec::new(), 0);
    let opened = open(network, (stations, members), resolved, &stop).unwrap_or_else(|why| {
        breaks.push(format!("accounts could not be compared with the ledger: {why}"));
        Vec::new()
    });
    // Venues count finer than the ledger: a fill's amount and its fee are each cut to a unit.
    let slack = u128::from(2 * fills);
    for one in opened {
        let account = &resolved.accounts[one.account.index()];
        let held: Vec<_> = held(&one.balances).collect();
        for (n, asset) in resolved.assets.iter().enumerate() {
            let id = AssetId(n as u16);
            let ours = ledger.balance(one.account, id).unwrap_or(0);
            let theirs = held.iter().find(|(held, _)| *held == id).map_or(0, |(_, total)| *total);
            let gap = (ours - i128::from(theirs)).unsigned_abs();
            rounded = rounded.max(if gap <= slack { gap } else { 0 });
            if gap > slack {
                let ours = i64::try_from(ours).unwrap_or(i64::MAX);
                breaks.push(format!(
                    "account {}: the venue holds {} {}, the ledger says {}",
                    account.name,
                    render(theirs, asset.decimals),
                    asset.name,
                    render(ours, asset.decimals)
                ));
            }
        }
    }
    pipeline::leave(network, stations, members);
    Breaks { lines: breaks, rounded }
}

/// The machine has died: every order of ours that is still open is cancelled at its venue.
pub(super) fn rescue(network: &mut Network, at: (usize, &mut [LiveAccount]), resolved: &Resolved) {
    say("the machine has died; open orders are cancelled at their venues");
    let stop = AtomicBool::new(false);
    match open(network, at, resolved, &stop) {
        Ok(_) => say("no order of ours is open any more"),
        Err(why) => say(format_args!(
            "error: {why}; orders of ours may still be open: cancel them at the venue, or start \
             again, which does so first"
        )),
    }
}

/// The configuration with what the accounts hold in place of what they were said to.
pub(super) fn with_balances(
    overlay: &str,
    resolved: &Resolved,
    opened: &[Opened],
) -> Result<String, Failure> {
    let mut table: toml::Table = overlay.parse().map_err(Failure::failed)?;
    let accounts = table.entry("accounts").or_insert_with(|| toml::Value::Array(Vec::new()));
    let Some(accounts) = accounts.as_array_mut() else { return Ok(overlay.to_owned()) };
    for one in opened {
        let name = &resolved.accounts[one.account.index()].name;
        let held: toml::Table = held(&one.balances)
            .map(|(asset, total)| {
                let Named { name, decimals, .. } = &resolved.assets[asset.index()];
                (name.clone(), toml::Value::from(render(total, *decimals)))
            })
            .collect();
        let is_it = |entry: &toml::Value| entry.get("name").and_then(|n| n.as_str()) == Some(name);
        let place = if let Some(place) = accounts.iter().position(is_it) {
            place
        } else {
            let mut entry = toml::Table::new();
            entry.insert("name".into(), name.clone().into());
            accounts.push(entry.into());
            accounts.len() - 1
        };
        let place = &mut accounts[place];
        if let Some(entry) = place.as_table_mut() {
            entry.insert("balances".into(), held.into());
        }
    }
    toml::to_string(&table).map_err(Failure::failed)
}

/// What is held of each asset that we know; a venue may have several names for one.
fn held(balances: &[Balance]) -> impl Iterator<Item = (AssetId, i64)> {
    let mut sums: Vec<(AssetId, i64)> = Vec::new();
    for balance in balances.iter().filter(|balance| balance.asset != AssetId::NONE) {
        match sums.iter_mut().find(|(asset, _)| *asset == balance.asset) {
            Some((_, sum)) => *sum = sum.saturating_add(balance.total),
            None => sums.push((balance.asset, balance.total)),
        }
    }
    sums.into_iter().filter(|(_, total)| *total > 0)
}
