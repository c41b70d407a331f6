//! Tests of what a session leaves behind: killed at any moment, its orders are all there.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::base::{
    AccountId, AssetId, Decimal, InstrumentId, OrderId, Price, Qty, Side, StrategyId,
};
use crate::event::{Fill, Liquidity, OrderState, Reasons, Report, Stamp, Style, Terms};
use crate::journal::ahead::{Deed, Full, Record};
use crate::limits;
use crate::stage::dispatch::client_id;
use crate::sys::deadline::Deadline;
use crate::venue::trade::VenueOrder;

/// Some moment of 2026.
const NOW: Nanos = Nanos(1_780_000_000 * Nanos::SECOND);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("neural-kraken-keep-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// A session whose ring lies in the folder, unless there is a file system of memory.
    fn begin(&self, policy: Policy, slots: usize) -> (Home, Begun) {
        let mut home = Home::open(&self.0.join("state")).unwrap();
        let keeping = Keeping { policy, slots, ..Keeping::default() };
        let begun = begin(&mut home, &names(), &keeping, NOW).unwrap();
        (home, begun)
    }

    fn log(&self) -> PathBuf {
        self.0.join("state").join(ORDERS)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Ok(home) = Home::open(&self.0.join("state")) {
            let _ = fs::remove_file(ring_path(&home, Path::new("/dev/shm")));
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn names() -> Names {
    let listed = |name: &str, price_decimals| Listed {
        name: name.to_owned(),
        price_decimals,
        qty_decimals: 8,
    };
    Names {
        instruments: vec![listed("kraken:BTC/USD", 1), listed("binance:ETHUSDT", 2)],
        accounts: vec!["main".into(), "other".into()],
        strategies: vec!["reversion".into()],
        assets: vec![("USD".into(), 4), ("BTC".into(), 8)],
    }
}

/// An order that is a function of its number.
fn record(epoch: u32, n: u64) -> Record {
    Record {
        deed: if n.is_multiple_of(3) { Deed::Cancel } else { Deed::Place },
        client: client_id(epoch, OrderId(n)),
        order: OrderId(n),
        intent: n + 7,
        account: AccountId((n % 2) as u16),
        strategy: StrategyId(0),
        instrument: InstrumentId((n % 2) as u32),
        terms: Terms {
            price: Price(640_000 + n as i64),
            qty: Qty(12_345_678),
            side: if n.is_multiple_of(2) { Side::Buy } else { Side::Sell },
            style: Style::PostOnly,
        },
        recv_ns: Nanos(NOW.0 + n as i64),
    }
}

fn placed(epoch: u32, n: u64) -> Placed {
    Placed::read(&placed::line(epoch, n, &record(epoch, n), &names())).unwrap()
}

#[test]
fn a_line_names_what_ids_stand_for() {
    let placed = placed(5, 2);
    assert_eq!((&*placed.account, &*placed.instrument), ("main", "kraken:BTC/USD"));
    assert_eq!(placed.price, Decimal::parse(b"64000.2").unwrap());
    assert_eq!(placed.qty, Decimal::parse(b"0.12345678").unwrap());
    assert_eq!(placed.client.text(), "n00000500000000002");
    assert_eq!((placed.sequence, placed.intent, placed.side), (2, 9, Side::Buy));
}

#[test]
fn orders_of_a_session_are_the_next_ones_past() {
    for (n, policy) in [Policy::Each, Policy::Never].into_iter().enumerate() {
        let folder = Folder::new(&format!("past-{n}"));
        let (home, mut first) = folder.begin(policy, 8);
        assert!(first.past.orders.is_empty());
        for n in 1..=30 {
            first.ahead.write(&record(first.epoch, n)).unwrap();
            if n % 4 == 0 {
                assert_eq!(first.copier.turn().unwrap(), 4);
            }
        }
        // As if it was killed: two are in the ring alone.
        drop(home);
        let (_home, second) = folder.begin(policy, 8);
        assert_eq!(second.epoch, first.epoch + 1);
        let expected: Vec<Placed> = (1..=30).map(|n| placed(first.epoch, n)).collect();
        assert_eq!(second.past.orders, expected);
        assert_eq!(second.past.recovered, 2);
        assert_eq!(second.past.sessions[&first.epoch], names());
    }
}

#[test]
fn a_disk_that_takes_nothing_fills_the_ring_and_loses_nothing() {
    let folder = Folder::new("full");
    let (_home, mut begun) = folder.begin(Policy::Each, 4);
    let epoch = begun.epoch;
    begun.copier.spoil(true);
    for n in 1..=4 {
        begun.ahead.write(&record(epoch, n)).unwrap();
        let text = begun.copier.turn().unwrap_err().to_string();
        assert!(text.contains("orders.log") && text.contains("room"), "{text}");
    }
    assert_eq!(begun.ahead.write(&record(epoch, 5)), Err(Full));
    begun.copier.spoil(false);
    begun.copier.turn().unwrap();
    begun.ahead.write(&record(epoch, 5)).unwrap();
    begun.copier.finish().unwrap();
    let expected: Vec<Placed> = (1..=5).map(|n| placed(epoch, n)).collect();
    assert_eq!(look(&folder.0.join("state")).unwrap().orders, expected);
}

#[test]
fn slots_are_freed_when_the_policy_has_brought_them_to_the_disk() {
    let folder = Folder::new("interval");
    let (_home, mut begun) = folder.begin(Policy::Interval(Duration::from_hours(1)), 2);
    let epoch = begun.epoch;
    // The first time is always due.
    begun.ahead.write(&record(epoch, 1)).unwrap();
    begun.copier.turn().unwrap();
    begun.ahead.write(&record(epoch, 2)).unwrap();
    begun.ahead.write(&record(epoch, 3)).unwrap();
    begun.copier.turn().unwrap();
    assert_eq!(begun.ahead.write(&record(epoch, 4)), Err(Full), "written, but not on the disk");
    begun.copier.finish().unwrap();
    begun.ahead.write(&record(epoch, 4)).unwrap();
}

const CHILD_FOLDER: &str = "NEURAL_KRAKEN_TEST_CHILD";

/// The session that is killed: it runs until then, and notes what it has sent.
#[test]
#[ignore = "the other process of `a_session_that_is_killed_loses_no_order`"]
fn child() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else { return };
    let folder = std::mem::ManuallyDrop::new(Folder(folder.into()));
    let policy = std::env::var("NEURAL_KRAKEN_TEST_POLICY").unwrap().parse().unwrap();
    let (home, Begun { epoch, mut ahead, copier, .. }) = folder.begin(policy, 64);
    let copying = copier.start().unwrap();
    let mut sent = File::create(folder.0.join("sent")).unwrap();
    for n in 1_u64.. {
        while ahead.write(&record(epoch, n)).is_err() {
            assert_eq!((copying.trouble(), copying.is_dead()), (None, false));
        }
        sent.write_all(&n.to_le_bytes()).unwrap();
    }
    drop(home);
}

fn start(folder: &Folder, policy: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["cold::keep::tests::child", "--exact", "--ignored"]).stdout(Stdio::null());
    command.env(CHILD_FOLDER, &folder.0).env("NEURAL_KRAKEN_TEST_POLICY", policy);
    command.spawn().unwrap()
}

#[test]
fn a_session_that_is_killed_loses_no_order() {
    let folder = Folder::new("kill");
    let mut expected = Vec::new();
    for (n, policy) in ["each", "interval 5", "never", "each", "never"].into_iter().enumerate() {
        let _ = fs::remove_file(folder.0.join("sent"));
        let mut child = start(&folder, policy);
        let patience = Deadline::after(Duration::from_mins(1));
        let enough = 8 * (300 * n as u64 + 1);
        let count = || fs::metadata(folder.0.join("sent")).map_or(0, |found| found.len());
        while count() < enough {
            assert!(patience.left().is_some(), "{policy}: nothing was sent");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let sent = count() / 8;
        let (home, begun) = folder.begin(Policy::Each, 4);
        let epoch = begun.epoch - 1;
        let written =
            begun.past.orders.iter().filter(|placed| placed.epoch == epoch).count() as u64;
        assert!((sent..=sent + 1).contains(&written), "{policy}: {sent} sent, {written} known");
        expected.extend((1..=written).map(|n| placed(epoch, n)));
        assert_eq!(begun.past.orders, expected, "{policy}");
        assert!(begun.past.torn.iter().all(|(_, torn)| !torn.was_complete));
        assert!(begun.past.damaged.is_empty());
        drop((home, begun));
    }
}

#[test]
fn a_log_cut_at_any_byte_keeps_its_whole_lines_and_takes_new_ones() {
    let folder = Folder::new("cut");
    let path = folder.0.join("some.log");
    let mut lines = Lines::open(&path, Policy::Never).unwrap();
    (0..3).for_each(|n| lines.put(&json!({ "n": n })));
    lines.write().unwrap();
    let whole = fs::read(&path).unwrap();
    let line = whole.len() / 3;
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        // A line that lacks nothing but its end is whole.
        let expected = (cut + 1) / line;
        let mut found = Vec::new();
        let reading = read(&path, &mut |value| found.push(value["n"].clone())).unwrap();
        assert_eq!((found.len(), reading.damaged), (expected, 0), "cut at {cut}");
        let mut lines = Lines::open(&path, Policy::Each).unwrap();
        lines.put(&json!({ "n": 9 }));
        lines.write().unwrap();
        let reading = read(&path, &mut |_| {}).unwrap();
        let lines = expected as u64 + 1;
        assert_eq!(reading, Reading { lines, ..Reading::default() }, "cut at {cut}");
    }
}

#[test]
fn a_line_that_changed_is_named_and_the_others_are_read() {
    let folder = Folder::new("changed");
    let path = folder.0.join("some.log");
    let mut lines = Lines::open(&path, Policy::Never).unwrap();
    (0..3).for_each(|n| lines.put(&json!({ "n": n })));
    lines.write().unwrap();
    let whole = fs::read(&path).unwrap();
    let line = whole.len() / 3;
    for at in line..2 * line - 1 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let mut found = Vec::new();
        let reading = read(&path, &mut |value| found.push(value["n"].clone())).unwrap();
        assert_eq!((found, reading.damaged_at), (vec![json!(0), json!(2)], vec![2]), "byte {at}");
    }
    let mut bytes = whole.clone();
    bytes.extend(std::iter::repeat_n(b'x', limits::LOG_LINE_BYTES_MAX * 2 + 5));
    bytes.push(b'\n');
    bytes.extend_from_slice(&whole[..line]);
    bytes.extend(std::iter::repeat_n(b'y', limits::LOG_LINE_BYTES_MAX * 2));
    fs::write(&path, &bytes).unwrap();
    let reading = read(&path, &mut |_| {}).unwrap();
    assert_eq!((reading.lines, reading.damaged_at), (4, vec![4, 6]));
    assert!(matches!(Lines::open(&path, Policy::Each), Err(KeepError::NoLine { .. })));
}

#[test]
fn a_large_log_is_put_aside_and_read_on() {
    let folder = Folder::new("rotate");
    let (home, mut begun) = folder.begin(Policy::Never, 4);
    begun.ahead.write(&record(begun.epoch, 1)).unwrap();
    begun.copier.finish().unwrap();
    drop((home, begun));
    let old = fs::read(folder.log()).unwrap();
    let filler = "00000000 {}\n".repeat(limits::LOG_BYTES_ROTATED as usize / 12 + 1);
    fs::write(folder.log(), [filler.as_bytes(), &old].concat()).unwrap();
    let (_home, begun) = folder.begin(Policy::Never, 4);
    assert_eq!(begun.past.orders, [placed(begun.epoch - 1, 1)]);
    let name = format!("orders-{}.log", begun.epoch);
    assert!(folder.0.join("state").join(name).exists());
    assert!(fs::metadata(folder.log()).unwrap().len() < 4_096);
}

#[test]
fn a_policy_is_one_of_three() {
    assert_eq!("each".parse(), Ok(Policy::Each));
    assert_eq!("never".parse(), Ok(Policy::Never));
    for text in ["interval 50", "interval 50 ms", "interval 50ms"] {
        assert_eq!(text.parse(), Ok(Policy::Interval(Duration::from_millis(50))));
    }
    for text in ["", "always", "interval", "interval 0", "interval -1", "interval 99999999"] {
        let text = text.parse::<Policy>().unwrap_err();
        assert!(text.contains("interval 50"), "{text}");
    }
}

#[test]
fn fills_come_back_as_they_were_booked() {
    let folder = Folder::new("fills");
    let (home, mut begun) = folder.begin(Policy::Each, 4);
    let report = Report {
        stamp: Stamp { recv_ns: NOW, ..Stamp::default() },
        order: OrderId(3),
        intent: 1,
        terms: record(begun.epoch, 3).terms,
        fill: Fill {
            price: Price(640_001),
            qty: Qty(50_000_000),
            amount: 320_000_500,
            fee: -25,
            fee_asset: AssetId(0),
            liquidity: Liquidity::Maker,
        },
        filled: Qty(75_000_000),
        instrument: InstrumentId(0),
        reasons: Reasons::NONE,
        rejection: 0,
        strategy: StrategyId(0),
        account: AccountId(1),
        state: OrderState::PartlyFilled,
        is_cancel_refusal: false,
    };
    begun.fills.on(&report);
    let ended = Report { fill: Fill::default(), state: OrderState::Cancelled, ..report };
    begun.fills.on(&ended);
    begun.fills.on(&Report { is_cancel_refusal: true, ..ended });
    begun.fills.on(&Report { state: OrderState::Denied, ..ended });
    begun.fills.name_order(&client_id(begun.epoch, OrderId(3)), VenueOrder(u128::MAX));
    assert!(begun.fills.turn().unwrap());
    let epoch = begun.epoch;
    drop((home, begun));
    let decimal = |text: &str| Decimal::parse(text.as_bytes()).unwrap();
    let expected = Filled {
        account: "other".into(),
        client: client_id(epoch, OrderId(3)),
        strategy: "reversion".into(),
        instrument: "kraken:BTC/USD".into(),
        side: Side::Sell,
        price: decimal("64000.1"),
        qty: decimal("0.50000000"),
        amount: 320_000_500,
        fee: decimal("-0.0025"),
        fee_asset: "USD".into(),
        liquidity: Liquidity::Maker,
        total: decimal("0.75000000"),
        at: NOW,
    };
    let (_home, begun) = folder.begin(Policy::Each, 4);
    let client = expected.client;
    assert_eq!(begun.past.fills, [expected]);
    assert_eq!(begun.past.over, [(client, OrderState::Cancelled)]);
    assert_eq!(begun.past.venue_orders, [(VenueOrder(u128::MAX), client)]);
}

#[test]
fn a_folder_of_no_memory_takes_the_ring_and_says_so() {
    let folder = Folder::new("disk");
    let mut home = Home::open(&folder.0.join("state")).unwrap();
    // Not a file system of memory on any host: a folder of processes.
    let keeping = Keeping { memory: PathBuf::from("/proc/self"), slots: 4, ..Keeping::default() };
    let begun = begin(&mut home, &names(), &keeping, NOW).unwrap();
    assert!(begun.notes[0].contains("tmpfs"), "{:?}", begun.notes);
    assert!(home.path(RING).exists());
}
