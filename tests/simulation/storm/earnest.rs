//! The machine with live orders in bad weather: it trades at its venues over their private
//! protocols while lines break, requests and answers are lost, late or told twice.
//!
//! Looked at when it is over: nothing of ours is open at a venue, each order came to an end, every
//! account holds what the ledger says, and the journal replays to the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use neural_kraken::base::{AccountId, AssetId, Instruments, Nanos, OrderId, Symbol};
use neural_kraken::config::{Config, Resolved};
use neural_kraken::event::{Action, OrderState};
use neural_kraken::journal::{Fills, ahead};
use neural_kraken::pipeline::{
    self, Layout, Live, LiveAccount, Opened, Output, Plan, Progress, Put, Trading,
};
use neural_kraken::sim::{Accounts, Hall, Keys, Settings as Opening, World};
use neural_kraken::stage::book;
use neural_kraken::venue::trade::{Asset, KeyTexts, Network, Settings, Traded};

use super::judge::{Keeper, journal, reload};
use super::sky::Sky;
use super::weather::weather;
use super::{HASTY, LIVES, followed, station};

/// What a life came to.
#[derive(Debug, Default)]
struct Lived {
    orders: u64,
    fills: u64,
    unknown: u64,
    troubles: u64,
    /// Orders that were open when it was over.
    orphans: usize,
    /// A step in which an order rested.
    rests_at: Option<u64>,
}

/// A live account at each venue, as the configuration names them.
fn accounts(
    resolved: &Resolved,
    instruments: &Instruments,
    names: &[&'static str],
    (keys, seed, now): (&Keys, u64, Nanos),
) -> Vec<LiveAccount> {
    let account = |(n, account): (usize, &neural_kraken::config::Account)| {
        let venue = account.venue.name;
        let (name, secret) = match venue {
            "kraken" => &keys.kraken,
            "binance" => &keys.binance,
            "coinbase" => &keys.coinbase,
            other => panic!("{other} has no keys"),
        };
        let of = instruments.iter().filter(|instrument| instrument.venue == venue);
        let traded = of.map(|i| Traded {
            symbol: i.symbol,
            id: i.id,
            price_decimals: i.price_decimals,
            qty_decimals: i.qty_decimals,
            base: i.base.unwrap(),
            quote: i.quote.unwrap(),
        });
        let assets = resolved.assets.iter().enumerate().map(|(n, asset)| Asset {
            name: Symbol::new(asset.name.as_bytes()).unwrap(),
            id: AssetId(n as u16),
            decimals: asset.decimals,
        });
        let opening = account.venue.trade.unwrap();
        let settings = Settings {
            account: AccountId(n as u16),
            instruments: traded.collect(),
            assets: assets.collect(),
            key: KeyTexts { name: name.as_str().into(), secret: secret.as_str().into() },
            seed,
            answer_ns_max: 500 * Nanos::MILLI,
            since: now,
            ..(opening.settings)(Network::Live).unwrap()
        };
        LiveAccount {
            account: AccountId(n as u16),
            station: names.iter().position(|name| *name == venue).unwrap(),
            rest: settings.rest.clone(),
            kept: opening.kept,
            since: now,
            trader: (opening.open)(settings, now).unwrap(),
        }
    };
    resolved.accounts.iter().enumerate().map(account).collect()
}

fn plan(config: &Config, resolved: &Resolved, epoch: u32) -> Plan {
    let books =
        book::Settings { stale_after_ns: config.book.stale_after_ns, ..book::Settings::default() };
    let mut trading = Trading::new(config, resolved, &books, Fills::Venue);
    trading.dispatch.epoch = epoch;
    Plan { trading, books, pin: false, ..Plan::default() }
}

/// An empty folder for the journal of a life, and beside it no write-ahead ring.
fn folder(seed: u64) -> PathBuf {
    let life = LIVES.fetch_add(1, Ordering::Relaxed);
    let name = format!("neural-kraken-earnest-{}-{seed}-{life}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&dir);
    let _ = std::fs::remove_file(dir.with_extension("ahead"));
    dir
}

/// Venues of instruments, each once, in their order.
fn venues_of(instruments: &Instruments) -> Vec<&'static str> {
    let mut venues: Vec<&'static str> = instruments.iter().map(|i| i.venue).collect();
    venues.dedup();
    venues
}

/// Lives through a seed's weather; with `dies_at` until that frame, at which a stage panics.
fn live(seed: u64, dies_at: Option<u64>) -> Result<Lived, String> {
    let config = Config::parse(HASTY, Path::new("hasty")).unwrap();
    let mut instruments = followed(&config);
    let (resolved, _) = config.resolve_onto(&mut instruments);
    let mut plan = plan(&config, &resolved, 7 + seed as u32);
    plan.panic_at = dies_at.map(|frame| (pipeline::Stage::Risk, frame));
    let world = World::new(seed, &Opening { history_ns: Nanos::SECOND, ..Opening::default() });
    let (now, keys) = (world.now(), Keys::new(seed).unwrap());
    let names = venues_of(&instruments);
    let each = names.iter().enumerate();
    let mut stations: Vec<_> =
        each.map(|(n, name)| station(n, name, seed, &instruments, now)).collect();
    let mut members = accounts(&resolved, &instruments, &names, (&keys, seed, now));
    let (stop, never) = (AtomicBool::new(false), AtomicBool::new(false));
    let (weather, chance) = weather(seed);
    let outside = (Hall::of(world, &Accounts::of(&keys)), names.clone(), &instruments);
    let mut sky = Sky::new(outside, weather, chance, (now, Nanos(i64::MAX)), &stop);
    let open = |sky: &mut Sky<'_>, members: &mut [LiveAccount]| {
        pipeline::open(sky, names.len(), members, &never, &mut |_, _| {})
    };
    let before = open(&mut sky, &mut members).map_err(|why| why.to_string())?;
    sky.storm(Nanos(sky.now.0 + 3 * Nanos::SECOND), Nanos(sky.now.0 + 5 * Nanos::SECOND));
    let dir = folder(seed);
    let ring = dir.with_extension("ahead");
    let made = ahead::create(&ring, plan.trading.dispatch.epoch, 1 << 12);
    let (mut ahead, mut behind) = made.map_err(|why| why.to_string())?;
    let mut keeper = journal(&dir, &instruments, &plan, &names, HASTY, sky.now);
    let machine = Live {
        carrier: &mut sky,
        stations: &mut stations,
        members: &mut members,
        ahead: Some(&mut ahead),
        stop: &stop,
        cores: &[],
        waits: true,
    };
    let ended = pipeline::live(machine, &instruments, &plan, &mut keeper);
    let after = open(&mut sky, &mut members).map_err(|why| why.to_string())?;
    let orphans = after.iter().map(|one| one.orphans.len()).sum();
    let ended = match (ended, dies_at) {
        (Err(_), Some(_)) => {
            let _ = (std::fs::remove_dir_all(&dir), std::fs::remove_file(&ring));
            let again = open(&mut sky, &mut members).map_err(|why| why.to_string())?;
            assert!(again.iter().all(|one| one.orphans.is_empty()), "{again:?}");
            return Ok(Lived { orphans, ..Lived::default() });
        }
        (ended, _) => ended.map_err(|why| why.to_string())?,
    };
    let Keeper { scribe, hash, outputs, .. } = keeper;
    scribe.finish().map_err(|why| why.to_string())?;
    for layout in [Layout::One, Layout::VenuePerCore] {
        let tape = reload(&dir, &instruments).map_err(|why| format!("{why:?}"))?;
        let plan = Plan { layout, ..plan.clone() };
        let replayed = pipeline::replay(&tape, &instruments, &plan, &Progress::default());
        let replayed = replayed.map_err(|why| why.to_string())?;
        if ended.lost > 0 || pipeline::hash(&replayed.outputs) != hash.text() {
            return Err(format!("the journal replays to another hash in layout {}", layout.name()));
        }
    }
    let _ = std::fs::remove_dir_all(&dir);
    check_records(&mut behind, &outputs)?;
    let _ = std::fs::remove_file(&ring);
    if let Some(order) = after.iter().flat_map(|one| &one.orphans).next() {
        return Err(format!("an order of ours was left open: {order:?}"));
    }
    let mut lived = Lived { troubles: sky.troubles, ..Lived::default() };
    orders_end(&outputs, &mut lived)?;
    check_money((&config, &resolved), (&before, &after), &outputs, lived.fills)?;
    Ok(lived)
}

/// Every account's balances changed by what the ledger says.
fn check_money(
    (config, resolved): (&Config, &Resolved),
    (before, after): (&[Opened], &[Opened]),
    outputs: &[Output],
    fills: u64,
) -> Result<(), String> {
    let names = resolved.trading.strategies.strategies.iter().map(|s| s.name.clone()).collect();
    let mut ledger = resolved.ledger(names, &config.paper);
    let began = |(account, asset, _)| ledger_of(&ledger, account, asset);
    let began: Vec<i128> = each_held(before).map(began).collect();
    for output in outputs {
        if let Put::Report(report) = &output.put {
            ledger.on(report);
        }
    }
    // Venues count finer than the ledger: a fill's amount and its fee are each cut to a unit.
    let slack = i128::from(2 * fills + 1);
    for ((account, asset, held), began) in each_held(before).zip(began) {
        let now = each_held(after).find(|(a, b, _)| (*a, *b) == (account, asset));
        let theirs = i128::from(now.map_or(0, |(_, _, held)| held) - held);
        let ours = ledger_of(&ledger, account, asset) - began;
        // Of a fill that was missed and made good by asking for the order, Binance says no fee: up
        // to a thousandth of what was traded.
        let unsaid = untold(outputs, account, asset, resolved);
        if theirs - ours > slack || ours - theirs > slack + unsaid {
            let name = &resolved.assets[asset.index()].name;
            return Err(format!(
                "account {}: {name} changed by {theirs} at the venue, by {ours} in the ledger",
                account.0
            ));
        }
    }
    Ok(())
}

/// Fees that a venue may not have told, units of an asset.
fn untold(outputs: &[Output], account: AccountId, asset: AssetId, resolved: &Resolved) -> i128 {
    let fee = |output: &Output| match &output.put {
        Put::Report(report) if report.account == account && report.is_fill() => {
            let instrument = resolved.instruments.with_id(report.instrument)?;
            let decimals = i32::from(resolved.assets[asset.index()].decimals);
            let is_untold = report.fill.fee == 0;
            if !is_untold {
                None
            } else if instrument.quote == Some(asset) {
                Some(i128::from(report.fill.amount) / 1_000 + 1)
            } else if instrument.base == Some(asset) {
                let scale = decimals - i32::from(instrument.qty_decimals);
                let units = i128::from(report.fill.qty.0) * 10_i128.pow(scale.max(0) as u32);
                Some(units / 1_000 + 1)
            } else {
                None
            }
        }
        _ => None,
    };
    outputs.iter().filter_map(fee).sum()
}

fn ledger_of(ledger: &neural_kraken::ledger::Ledger, account: AccountId, asset: AssetId) -> i128 {
    ledger.balance(account, asset).unwrap()
}

/// What was held of each asset that we know.
fn each_held(opened: &[Opened]) -> impl Iterator<Item = (AccountId, AssetId, i64)> {
    opened.iter().flat_map(|one| {
        let known = one.balances.iter().filter(|balance| balance.asset != AssetId::NONE);
        known.map(|balance| (one.account, balance.asset, balance.total))
    })
}

/// Each order that was placed had been recorded, in its order and with its terms.
fn check_records(behind: &mut ahead::Behind, outputs: &[Output]) -> Result<(), String> {
    let placed = outputs.iter().filter_map(|output| match &output.put {
        Put::Sent { order, action: Action::Place, .. } => Some(*order),
        _ => None,
    });
    let recorded = std::iter::from_fn(|| behind.read()).filter_map(|found| match found {
        ahead::Found::Record(_, record) if record.deed == ahead::Deed::Place => Some(record.order),
        _ => None,
    });
    let (placed, recorded): (Vec<_>, Vec<_>) = (placed.collect(), recorded.collect());
    if placed == recorded {
        Ok(())
    } else {
        Err(format!("placed {placed:?}, recorded {recorded:?}"))
    }
}

/// Every order that went out came to an end, and none went out twice.
fn orders_end(outputs: &[Output], lived: &mut Lived) -> Result<(), String> {
    let mut states: BTreeMap<OrderId, OrderState> = BTreeMap::new();
    let mut opened: BTreeMap<OrderId, u64> = BTreeMap::new();
    for output in outputs {
        match &output.put {
            Put::Sent { order, action: Action::Place, .. } => {
                lived.orders += 1;
                if states.insert(*order, OrderState::Sent).is_some() {
                    return Err(format!("order {} went out twice", order.0));
                }
            }
            Put::Sent { .. } => {}
            Put::Report(report) => {
                lived.fills += u64::from(report.is_fill());
                lived.unknown += u64::from(report.state == OrderState::Unknown);
                if report.state == OrderState::Open {
                    opened.insert(report.order, output.step);
                } else if let Some(step) = opened.remove(&report.order)
                    && output.step > step + 2
                {
                    lived.rests_at.get_or_insert(step + 1);
                }
                if let Some(state) = states.get_mut(&report.order)
                    && !report.is_cancel_refusal
                {
                    *state = report.state;
                }
            }
        }
    }
    let Some((open, state)) = states.iter().find(|(_, state)| !state.is_over()) else {
        return Ok(());
    };
    let story = outputs.iter().filter_map(|output| match &output.put {
        Put::Sent { order, bytes, .. } if order == open => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        Put::Report(report) if report.order == *open => {
            Some(format!("{} at {}", report.state.name(), report.stamp.recv_ns))
        }
        _ => None,
    });
    let story: Vec<String> = story.collect();
    Err(format!("order {} is {} at the end: {}", open.0, state.name(), story.join("; ")))
}

#[test]
fn a_machine_that_dies_leaves_no_order_open() {
    let mut left = 0;
    for seed in 0..8 {
        // The same life again, until an order rests.
        let Some(frame) = live(seed, None).unwrap().rests_at else { continue };
        left += live(seed, Some(frame)).unwrap().orphans;
    }
    assert!(left > 0, "some machine was to die with an order open");
}

#[test]
fn live_orders_come_to_their_venues_ends_in_any_weather() {
    let seeds = super::seeds("NEURAL_KRAKEN_LIVE_SEEDS");
    // One in five: each is opened, lived, closed and replayed twice.
    let step = if seeds.end - seeds.start > 5 { 5 } else { 1 };
    let mut all = Lived::default();
    for seed in seeds.step_by(step) {
        let lived = live(seed, None).unwrap_or_else(|why| {
            panic!(
                "seed {seed}: {why}\nagain: NEURAL_KRAKEN_LIVE_SEEDS={seed}..{} cargo test --test \
                 machine live_orders",
                seed + 1
            )
        });
        all.orders += lived.orders;
        all.fills += lived.fills;
        all.unknown += lived.unknown;
        all.troubles += lived.troubles;
    }
    println!("{all:?}");
    assert!(all.orders > 0 && all.fills > 0 && all.unknown > 0 && all.troubles > 0, "{all:?}");
}
