//! Tests of the latch: what comes back, and what is refused.

use std::path::{Path, PathBuf};

use super::latch::{LatchError, Names, load, open, save};
use crate::base::{
    AccountId, AssetId, InstrumentId, Nanos, OrderId, Position, Price, Qty, Side, StrategyId,
};
use crate::event::{Style, Terms};
use crate::stage::risk::{Halt, HaltReason, Held, OpenOrder, Owned, State};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("neural-kraken-latch-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("state")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn names() -> Names {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Names {
        instruments: all(&["kraken:BTC/USD", "binance:BTCUSDT"]),
        accounts: all(&["kraken", "binance"]),
        strategies: all(&["reversion", "momentum"]),
        assets: all(&["USD", "BTC"]),
        reckoning: String::from("USD"),
        decimals: 8,
    }
}

fn state() -> State {
    let terms =
        Terms { price: Price(5), qty: Qty(7), side: Side::Sell, style: Style::ImmediateOrCancel };
    let (account, instrument, strategy) = (AccountId(1), InstrumentId(1), StrategyId(1));
    State {
        halt: Some(Halt { reason: HaltReason::Drawdown, since: Nanos(77) }),
        held: vec![Held {
            account,
            instrument,
            position: Position { qty: -3, cost: i128::MIN, realised: i128::MAX },
        }],
        owned: vec![Owned { strategy, instrument, qty: -3 }],
        orders: vec![OpenOrder {
            id: OrderId(u64::MAX),
            intent: 9,
            instrument,
            account,
            strategy,
            terms,
            filled: Qty(2),
        }],
        fees: vec![(AssetId(1), -5)],
        next_order: 12,
        day: 20_000,
        day_start: -4,
        equity: i64::MIN,
        high: i64::MAX,
    }
}

#[test]
fn what_was_saved_is_loaded() {
    let folder = Folder::new("same");
    assert!(load(&folder.file(), &names()).unwrap().is_none(), "there is none yet");
    for state in [state(), State::default()] {
        save(&folder.file(), &state, &names()).unwrap();
        assert_eq!(load(&folder.file(), &names()).unwrap(), Some(state.clone()));
        assert_eq!(open(&folder.file()).unwrap(), Some((state, names())));
    }
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn ids_follow_their_names_to_another_configuration() {
    let folder = Folder::new("names");
    save(&folder.file(), &state(), &names()).unwrap();
    let mut other = names();
    other.instruments.reverse();
    other.accounts.insert(0, String::from("third"));
    let loaded = load(&folder.file(), &other).unwrap().unwrap();
    assert_eq!(
        (loaded.held[0].instrument, loaded.held[0].account),
        (InstrumentId(0), AccountId(2))
    );
    other.strategies.truncate(1);
    let refused = load(&folder.file(), &other).unwrap_err().to_string();
    assert!(refused.contains("holds strategy momentum") && refused.contains("add it again"));
    let reckoning = Names { reckoning: String::from("EUR"), ..names() };
    let refused = load(&folder.file(), &reckoning).unwrap_err().to_string();
    assert!(refused.contains("is reckoned in USD"), "{refused}");
}

#[test]
fn a_byte_that_changed_anywhere_is_seen() {
    let folder = Folder::new("damage");
    save(&folder.file(), &state(), &names()).unwrap();
    let bytes = std::fs::read(folder.file()).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x01;
        std::fs::write(folder.file(), &damaged).unwrap();
        let refused = load(&folder.file(), &names());
        assert!(matches!(refused, Err(LatchError::Damaged { .. } | LatchError::Newer { .. })));
        std::fs::write(folder.file(), &bytes[..at]).unwrap();
        assert!(matches!(load(&folder.file(), &names()), Err(LatchError::Damaged { .. })));
    }
}

#[test]
fn a_newer_file_is_refused_with_its_version() {
    let folder = Folder::new("newer");
    std::fs::write(folder.file(), "neural-kraken risk state 2 00000000\n{}\n").unwrap();
    let refused = load(&folder.file(), &names()).unwrap_err().to_string();
    assert!(refused.contains("has version 2") && refused.contains("that wrote it"), "{refused}");
    assert!(matches!(load(&folder.0, &names()), Err(LatchError::Io { .. })));
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let missing = Path::new("/nonexistent/state");
    let refused = save(missing, &State::default(), &names()).unwrap_err().to_string();
    assert!(refused.contains("cannot write /nonexistent/state"), "{refused}");
}
