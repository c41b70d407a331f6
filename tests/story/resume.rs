//! `resume`: a halt outlives its run and is ended by word only.

use neural_kraken::base::Nanos;
use neural_kraken::cold::latch::{self, Names};
use neural_kraken::stage::risk::{Halt, HaltReason, State};

use super::stand::Folder;

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
