//! The live machine in virtual time, on the built-in venues, in bad weather: one thread brings
//! frames, late, twice, broken or not at all; lines die; questions stay without an answer.
//!
//! A seed is one history. `NEURAL_KRAKEN_SEEDS=FROM..TO cargo test --test machine storm` runs any.

mod audit;
mod audited;
mod carrier;
mod earnest;
mod judge;
mod member;
mod private;
mod request;
mod sky;
mod weather;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use neural_kraken::base::{ConnectionId, Instruments, Nanos};
use neural_kraken::config::Config;
use neural_kraken::journal::Fills;
use neural_kraken::pipeline::{Live, Plan, Station, Trading, live};
use neural_kraken::sim::{Accounts, Hall, Settings as Opening, World};
use neural_kraken::stage::book;
use neural_kraken::sys::alloc;
use neural_kraken::venue;
use neural_kraken::venue::session::{Follow, Settings};

use judge::{Fault, Told, journal, judge};
use sky::Sky;
use weather::{CALM, Chance, Weather, weather};

/// Trades within a second of its start.
const HASTY: &str = r#"
[signal]
horizons_ms = [20, 50, 100, 200, 300, 400, 500, 600]

[book]
stale_after_ms = 1500

[[strategies]]
name = "reversion"
horizon = 1
entry = "1"
hold_ms_max = 400
cooldown_ms = 50

[[strategies]]
name = "momentum"
hold_ms_max = 400
entry_bps = "0.2"
cooldown_ms = 50
"#;

/// Limits that are reached within a second, of every second seed.
const TIGHT: &str = r#"
[risk]
gross_max = "600"
net_max = "300"
open_orders_max = 3
orders_per_second = 2
orders_burst = 5
cancel_reserve = 1

[[risk.venues]]
venue = "binance"
exposure_max = "150"

[[risk.accounts]]
account = "kraken"
exposure_max = "250"
open_orders_max = 1

[[risk.assets]]
asset = "BTC"
exposure_max = "200"

[[risk.instruments]]
instrument = "coinbase:BTC-USD"
position_max = "0.002"
qty_max = "0.0016"
"#;

/// Lives through a seed: bad weather for three seconds and two to heal in. Where a request was lost
/// its time-out takes longer: then the same again, with two minutes to heal in, for so long may it
/// take until there is room for the weight of Binance's snapshots.
fn live_through(seed: u64) -> Result<Told, String> {
    let (weather, chance) = weather(seed);
    match live_for(seed, 5, (weather, chance.clone()), None) {
        Err(Fault::NotHealed(_)) => match live_for(seed, 133, (weather, chance), None) {
            Err(Fault::NotHealed(why)) => Err(format!("two minutes after the weather: {why}")),
            Err(Fault::Wrong(why)) => Err(why),
            Ok(told) => Ok(told),
        },
        Err(Fault::Wrong(why)) => Err(why),
        Ok(told) => Ok(told),
    }
}

/// Numbers the lives' folders: two tests may live through one seed at once.
static LIVES: AtomicU64 = AtomicU64::new(0);

fn live_for(
    seed: u64,
    seconds: i64,
    (weather, chance): (Weather, Chance),
    burst: Option<(&str, usize)>,
) -> Result<Told, Fault> {
    let overlay = if seed % 2 == 1 { format!("{HASTY}{TIGHT}") } else { HASTY.to_owned() };
    let config = Config::parse(&overlay, Path::new("hasty")).unwrap();
    let mut instruments = followed(&config);
    let (resolved, _) = config.resolve_onto(&mut instruments);
    let books =
        book::Settings { stale_after_ns: config.book.stale_after_ns, ..book::Settings::default() };
    let trading = Trading::new(&config, &resolved, &books, Fills::Paper);
    let plan = Plan { trading, books, pin: false, ..Plan::default() };
    let world = World::new(seed, &Opening { history_ns: Nanos::SECOND, ..Opening::default() });
    let now = world.now();
    let mut stations = Vec::new();
    let mut names: Vec<&'static str> = instruments.iter().map(|i| i.venue).collect();
    names.dedup();
    for (n, name) in names.iter().enumerate() {
        stations.push(station(n, name, seed, &instruments, now));
    }
    let market = |symbol: &str| world.markets().iter().position(|m| m.symbol.as_str() == symbol);
    let burst = burst.map(|(symbol, times)| (market(symbol).unwrap(), times));
    let stop = AtomicBool::new(false);
    let outside = (Hall::of(world, &Accounts::default()), names.clone(), &instruments);
    let clears = Nanos(now.0 + 3 * Nanos::SECOND);
    let ends = Nanos(now.0 + seconds * Nanos::SECOND);
    let mut sky = Sky::new(outside, weather, chance, (clears, ends), &stop);
    sky.burst = burst;
    let life = LIVES.fetch_add(1, Ordering::Relaxed);
    let name = format!("neural-kraken-storm-{}-{seed}-{life}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&dir);
    let mut keeper = journal(&dir, &instruments, &plan, &names, &overlay, now);
    let machine = Live {
        carrier: &mut sky,
        stations: &mut stations,
        members: &mut [],
        ahead: None,
        stop: &stop,
        cores: &[],
        waits: true,
    };
    let ended = live(machine, &instruments, &plan, &mut keeper).map_err(|why| why.to_string())?;
    let told = judge(&dir, &instruments, &plan, keeper, ended, &mut sky);
    let _ = std::fs::remove_dir_all(&dir);
    // What its session makes of a book that is not live says where to look.
    told.map_err(|fault| match fault {
        Fault::NotHealed(why) => {
            let states: Vec<String> = stations
                .iter()
                .map(|station| {
                    let (session, name) = (&station.session, station.dialect.name);
                    let of = instruments.iter().filter(|i| i.venue == name);
                    let states: Vec<_> =
                        of.map(|i| session.symbol_state(i.id).map(|s| s.to_string())).collect();
                    format!("{name}: {states:?} {:?}", session.tally())
                })
                .collect();
            Fault::NotHealed(format!("{why}; {}", states.join("; ")))
        }
        wrong @ Fault::Wrong(_) => wrong,
    })
}

/// What is followed, numbered as a journal numbers it.
fn followed(config: &Config) -> Instruments {
    let mut instruments = Instruments::default();
    let resolved = config.resolve();
    let mut all: Vec<_> = resolved.instruments.iter().collect();
    all.retain(|i| venue::dialect(i.venue).unwrap().session.is_some());
    let place = |name: &str| venue::DIALECTS.iter().position(|dialect| dialect.name == name);
    all.sort_by_key(|i| (place(i.venue), i.symbol));
    for instrument in all {
        instruments.add(instrument.clone()).unwrap();
    }
    instruments
}

/// Our side of a venue's wire.
fn station(
    n: usize,
    name: &'static str,
    seed: u64,
    instruments: &Instruments,
    now: Nanos,
) -> Station {
    let dialect = venue::dialect(name).unwrap();
    let opening = dialect.session.unwrap();
    let of = instruments.iter().filter(|i| i.venue == name);
    let settings = Settings {
        connection: ConnectionId(n as u16),
        follow: of.map(|i| Follow { symbol: i.symbol, id: i.id }).collect(),
        seed,
        silence_ns_max: Nanos::SECOND,
        ..(opening.settings)()
    };
    let mut session = (opening.open)(settings, now).unwrap();
    session.begin(now);
    Station { dialect, session }
}

/// Bytes of the heap that may be in use when all seeds are over, whatever their number: what tests
/// beside this one hold. One seed that kept its journal would be 20 MB.
const HEAP_LEFT_MAX: u64 = 1 << 30;

/// The seeds to live through: 100 of them, or those that a variable of the environment names.
fn seeds(variable: &str) -> std::ops::Range<u64> {
    let Some(text) = std::env::var_os(variable) else { return 0..100 };
    let text = text.into_string().expect("FROM..TO");
    let (from, to) = text.split_once("..").expect("FROM..TO");
    from.parse().expect("FROM is a number")..to.parse().expect("TO is a number")
}

#[test]
fn books_and_journal_stay_right_in_any_weather() {
    let (seeds, all) = (Mutex::new(seeds("NEURAL_KRAKEN_SEEDS")), Mutex::new(Told::default()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let next = || seeds.lock().ok()?.next();
    let work = || {
        while let Some(seed) = next() {
            match live_through(seed) {
                Ok(told) => all.lock().unwrap().add(&told),
                Err(why) => panic!(
                    "seed {seed}: {why}\nagain: NEURAL_KRAKEN_SEEDS={seed}..{} cargo test --test \
                     machine storm",
                    seed + 1
                ),
            }
        }
    };
    // Another seed's failure ends all: its lock is poisoned, or the scope is.
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let all = all.into_inner().unwrap();
    println!("{all:?}");
    assert!(all.orders > 0 && all.troubles > 0 && all.compared > all.frames / 5, "{all:?}");
    assert!(all.fills > 0 && all.denied > 0, "{all:?}");
    let left = alloc::c_heap_bytes().unwrap_or_default();
    println!("{left} bytes of the heap are in use");
    assert!(left < HEAP_LEFT_MAX, "{left} bytes after all seeds: something grows");
}

#[test]
fn fifty_thousand_messages_a_second_are_taken_without_a_gap() {
    // Three seconds of 50 changes of a book in each millisecond, each of them a frame at Kraken.
    let told = match live_for(1, 4, (CALM, Chance(1)), Some(("BTC/USD", 50))) {
        Ok(told) => told,
        Err(Fault::Wrong(why) | Fault::NotHealed(why)) => panic!("{why}"),
    };
    assert!(told.frames > 140_000, "{told:?}");
    assert_eq!((told.resyncs, told.troubles), (0, 0), "{told:?}");
    assert!(told.compared > told.frames / 3, "{told:?}");
}
