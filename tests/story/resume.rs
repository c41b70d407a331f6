//! `resume`: a halt outlives its run and is ended by word only.

use neural_kraken::base::Nanos;
use neural_kraken::cold::latch::{self, Names};
use neural_kraken::stage::risk::{Halt, HaltReason, State};

use super::stand::{Folder, gzip};

/// A strategy that wants something at once, and loses at once what it may.
const LOSING: &str = "\
[risk]
drawdown_max = \"0.01\"

[[strategies]]
name = \"momentum\"
entry_bps = \"0.05\"
exit_bps = \"0.05\"
";

fn halted(folder: &Folder) {
    let names = Names { reckoning: String::from("USD"), decimals: 2, ..Names::default() };
    let since = Nanos(1_784_484_000_000_000_000);
    let halt = Some(Halt { reason: HaltReason::Drawdown, since });
    let state = State { halt, equity: -12_345, high: 500, ..State::default() };
    latch::save(&folder.path().join("state"), &state, &names).unwrap();
}

#[test]
fn without_a_yes_a_halt_is_shown_and_stays() {
    let folder = Folder::new("resume-show");
    halted(&folder);
    for _ in 0..2 {
        let told = folder.run(["resume", "--state", "state"]);
        let out = &told.is_well().out;
        for part in ["Halted: drawdown, since 2026-07-19T18:00:00", "-123.45 USD", "--yes"] {
            assert!(out.contains(part), "{part}: {out}");
        }
    }
}

#[test]
fn with_a_yes_a_halt_is_ended() {
    let folder = Folder::new("resume-yes");
    halted(&folder);
    let told = folder.run(["resume", "--state", "state", "--yes", "--json"]);
    let report = told.is_well().json();
    assert_eq!((&report["resumed"], &report["halt"]["reason"]), (&true.into(), &"drawdown".into()));
    let told = folder.run(["resume", "--state", "state"]);
    assert!(told.is_well().out.starts_with("Not halted\n"), "{told:?}");
    let (state, _) = latch::open(&folder.path().join("state")).unwrap().unwrap();
    assert_eq!((state.halt, state.high), (None, -12_345), "the mark starts anew");
}

#[test]
fn a_file_that_is_damaged_or_missing_is_refused() {
    let folder = Folder::new("resume-damaged");
    halted(&folder);
    let mut bytes = std::fs::read(folder.path().join("state")).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    folder.file("state", &bytes);
    folder.run(["resume", "--state", "state", "--yes"]).is_refused(1, &["is damaged", "restore"]);
    folder.run(["resume", "--state", "none"]).is_refused(1, &["no such file", "name the state"]);
    assert_eq!(std::fs::read(folder.path().join("state")).unwrap(), bytes, "it stays as it was");
}

#[test]
fn a_run_that_ends_halted_halts_the_next_until_it_is_resumed() {
    let folder = Folder::new("resume-runs");
    folder.file("b", gzip("binance-btcusdt"));
    folder.file("c.toml", LOSING);
    let run = || {
        let words = "binance:stamped:b --json --config c.toml --risk-state state";
        folder.replay(words).is_well().json()
    };
    let notes = |report: &serde_json::Value| report["pnl"]["notes"].to_string();
    let first = run();
    assert!(first["orders"].as_u64() > Some(0), "{first}");
    assert!(notes(&first).contains("trading is halted: drawdown"), "{first}");
    assert!(!notes(&first).contains("before it began"), "{first}");
    for _ in 0..2 {
        let next = run();
        assert_eq!(next["orders"], 0, "{next}");
        assert!(next["denied"]["halted"].as_u64() > Some(0), "{next}");
        assert!(notes(&next).contains("resume --state state --yes"), "{next}");
    }
    let told = folder.run(["resume", "--state", "state", "--yes"]);
    assert!(told.is_well().out.starts_with("Halted: drawdown, since "), "{told:?}");
    assert!(run()["orders"].as_u64() > Some(0));
}

#[test]
fn a_run_that_does_not_halt_leaves_a_state_without_open_orders() {
    let folder = Folder::new("resume-well");
    folder.file("b", gzip("binance-btcusdt"));
    let words = "binance:stamped:b --json --risk-state state";
    let report = folder.replay(words).is_well().json();
    let (state, _) = latch::open(&folder.path().join("state")).unwrap().unwrap();
    assert_eq!((state.halt, state.orders.len()), (None, 0), "{report}");
    let decided = report["orders"].as_u64().unwrap() + report["cancels"].as_u64().unwrap();
    assert!(state.next_order > decided, "{state:?}");
    folder.replay(words).is_well();
}

#[test]
fn a_state_of_another_configuration_and_a_journal_of_a_run_with_one_are_refused() {
    let folder = Folder::new("resume-other");
    folder.file("b", gzip("binance-btcusdt"));
    halted(&folder);
    let told = folder.replay("binance:stamped:b --risk-state state");
    told.is_refused(1, &["is reckoned in USD of 2 decimals", "or move the file away"]);
    let told = folder.replay("binance:stamped:b --risk-state other --record j");
    assert_eq!(told.code, Some(2), "{told:?}");
}
