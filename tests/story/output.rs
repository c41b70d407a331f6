//! What is printed, and where: help, JSON, a reader that goes away, a disk that is full.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::stand::{Folder, Told, gzip};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_neural-kraken"))
}

#[test]
fn the_first_look_needs_no_argument_and_no_file() {
    let folder = Folder::new("first");
    let told = folder.run(["replay"]);
    for word in
        ["Three faults are in it on purpose", "binance:BTCUSDT", "Latency, ns", "Next: play"]
    {
        assert!(told.is_well().out.contains(word), "{word}: {told:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn every_verb_has_help_and_every_success_is_one_json_object() {
    let folder = Folder::new("json");
    folder.file("b", gzip("binance-ethbtc"));
    let verbs: [&[&str]; 7] = [
        &[],
        &["replay"],
        &["sample"],
        &["features"],
        &["config"],
        &["config", "check"],
        &["config", "manual"],
    ];
    for verb in verbs {
        let told = folder.run(verb.iter().chain(&["--help"]));
        assert!(told.is_well().out.contains("Usage: "), "{verb:?}");
    }
    assert!(folder.run(["replay", "--help"]).out.contains("several merge in time order"));
    let runs: [&[&str]; 5] = [
        &["replay"],
        &["replay", "binance:stamped:b"],
        &["sample", "--out", "s", "--seconds", "12"],
        &["config", "check"],
        &["config", "manual"],
    ];
    for run in runs {
        folder.run(run.iter().chain(&["--json"])).is_well().json();
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = program().args(["config", "manual"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_full_disk_behind_stdout_is_a_failure_and_one_behind_stderr_no_panic() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let output =
        program().args(["config", "manual"]).stdout(full()).stderr(Stdio::piped()).output();
    Told::new(output.unwrap()).is_refused(1, &["cannot write to stdout", "another place"]);
    let status = program().args(["replay", "binance:stamped:nope"]).stderr(full()).status();
    assert_eq!(status.unwrap().code(), Some(1));
}

#[test]
fn samples_are_written_whole_and_never_over_others() {
    let folder = Folder::new("samples");
    let sample = |words: &str| folder.run(["sample"].into_iter().chain(words.split(' ')));
    sample("--out s --seconds 12").is_well();
    sample("--out s --seconds 12").is_refused(1, &["is there already", "--force"]);
    sample("--out s --seconds 12 --force").is_well();
    sample("--out s/kraken.stamped.gz").is_refused(1, &["cannot", "name another --out"]);
    let names = fs::read_dir(folder.path().join("s")).unwrap();
    let names: Vec<_> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 5);
    assert!(names.iter().all(|name| name.ends_with(".stamped.gz")), "{names:?}");
}

#[test]
fn a_pipe_is_read_like_a_file() {
    let folder = Folder::new("pipe");
    let path = folder.file("b", gzip("binance-ethbtc"));
    let mut cat = Command::new("cat").arg(path).stdout(Stdio::piped()).spawn().unwrap();
    let output = program()
        .args(["replay", "binance:stamped:/dev/stdin", "--json"])
        .stdin(Stdio::from(cat.stdout.take().unwrap()))
        .output();
    let report = Told::new(output.unwrap()).is_well().json();
    assert_eq!(report["books"]["binance:ETHBTC"]["state"], "live");
    assert!(cat.wait().unwrap().success());
}
