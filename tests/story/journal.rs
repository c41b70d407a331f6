//! Journals from outside: recorded, replayed, compared, cut and changed.

use std::fs;

use super::stand::{Folder, gzip, lines, text};

const BTC: &str = "binance-btcusdt";

/// A folder with a recording `b` and the journal `j` of it.
fn recorded(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file("b", gzip(BTC));
    let told = folder.replay("binance:stamped:b --record j");
    assert_eq!(told.code, Some(0), "{told:?}");
    told.says(&["recorded ", " records to j"]);
    folder
}

#[test]
fn a_journal_replays_as_what_it_was_made_of() {
    let folder = recorded("same");
    let (first, again) =
        (folder.replay("binance:stamped:b --json"), folder.replay("--format journal j --json"));
    for part in ["source", "books", "integrity", "resyncs", "events"] {
        let (first, again) = (&first.is_well().json()[part], &again.is_well().json()[part]);
        assert_eq!(first, again, "{part}");
    }
    let told = folder.replay("binance:stamped:b --against j");
    assert_eq!(told.code, Some(0), "{told:?}");
    told.says(&["same as j"]);
}

#[test]
fn a_run_that_differs_names_the_first_difference() {
    let folder = recorded("differs");
    let whole = lines(BTC);
    let compared = |lines: &[String]| {
        folder.file("c", text(lines));
        let told = folder.replay("binance:stamped:c --against j --json");
        assert_eq!(told.code, Some(1), "{told:?}");
        told.json();
        told
    };
    let mut changed = whole.clone();
    let at = (1_000..changed.len()).find(|n| changed[*n].contains("\"B\":\"")).unwrap();
    changed[at] = changed[at].replace("\"B\":\"", "\"B\":\"1");
    compared(&changed).says(&[&format!("frame {at} differs at byte"), "here:", "journal:"]);
    let mut later = whole.clone();
    let last = later.len() - 1;
    let (stamp, frame) = later[last].split_once(' ').unwrap();
    later[last] = format!("{} {frame}", stamp.parse::<u64>().unwrap() + 1);
    compared(&later).says(&[&format!("frame {last} differs in its time")]);
    let told = compared(&whole[..1_000]);
    told.says(&["1000 frames here", &format!("{} in the journal", whole.len())]);
}

#[test]
fn a_masked_secret_is_no_difference() {
    let folder = Folder::new("masked");
    let mut lines = lines(BTC);
    let at = lines.iter().position(|line| line.contains("{\"stream\"")).unwrap();
    lines[at] = lines[at].replacen('{', "{\"token\":\"S3CRET-S3CRET\",", 1);
    folder.file("b", text(&lines));
    folder.replay("binance:stamped:b --record j").says(&["recorded"]);
    let told = folder.replay("binance:stamped:b --against j");
    assert_eq!(told.code, Some(0), "{told:?}");
    lines[at] = lines[at].replace("S3CRET-S3CRET\"", "S3CRET-S3CRET-and-more\"");
    folder.file("c", text(&lines));
    let told = folder.replay("binance:stamped:c --against j");
    told.says(&[&format!("frame {at} differs")]);
    assert!(!told.err.contains("S3CRET"), "{told:?}");
}

#[test]
fn a_journal_is_refused_before_anything_is_played() {
    let folder = recorded("refused");
    let told = folder.replay("binance:stamped:b --record j");
    told.is_refused(1, &["holds a journal already", "choose another directory"]);
    folder.replay("binance:stamped:b --record b").is_refused(1, &["cannot create b: ", "check"]);
    folder.replay("binance:stamped:b --against no").is_refused(1, &["cannot read no: ", "check"]);
    fs::create_dir(folder.path().join("none")).unwrap();
    folder.replay("--format journal none").is_refused(1, &["no journal segment", "--record"]);
}

#[test]
fn a_journal_cut_anywhere_is_replayed_up_to_there_and_says_so() {
    let folder = recorded("cut");
    let whole = fs::read(folder.path().join("j/000000.nkj")).unwrap();
    let frames = lines(BTC).len() as u64;
    fs::create_dir(folder.path().join("c")).unwrap();
    let step = whole.len() / 23;
    for at in (0..whole.len()).step_by(step).chain([1, 23, 24, 25, 51, 52, whole.len() - 1]) {
        folder.file("c/000000.nkj", &whole[..at]);
        let told = folder.replay("--format journal c --json");
        if told.code == Some(0) {
            told.says(&["warning: c"]);
            assert!(told.json()["source"]["frames"].as_u64().unwrap() <= frames, "{told:?}");
        } else {
            told.is_refused(1, &["error: c"]);
        }
    }
}

#[test]
fn a_changed_byte_is_never_played() {
    let folder = recorded("changed");
    let whole = fs::read(folder.path().join("j/000000.nkj")).unwrap();
    fs::create_dir(folder.path().join("c")).unwrap();
    let step = whole.len() / 17;
    for at in (0..whole.len()).step_by(step).chain(20..30) {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        folder.file("c/000000.nkj", changed);
        let told = folder.replay("--format journal c --json");
        if told.code == Some(0) {
            told.says(&["warning: c: segment 000000 is damaged at byte"]);
        } else {
            told.is_refused(1, &["c", "damaged"]);
        }
    }
}

#[test]
fn a_silence_of_years_is_recorded_in_a_bounded_journal() {
    let folder = Folder::new("silence");
    let mut lines = lines(BTC);
    let frame = lines.pop().unwrap();
    lines.push(format!("4000000000000000000 {}", frame.split_once(' ').unwrap().1));
    folder.file("b", text(&lines));
    folder.replay("binance:stamped:b --record j").says(&["recorded"]);
    assert!(fs::metadata(folder.path().join("j/000000.nkj")).unwrap().len() < 4 << 20);
}

#[test]
fn a_journal_whose_beginning_is_gone_says_so() {
    let folder = Folder::new("beginning");
    folder.file("c.toml", "[journal]\nsegment_mib = 1\ncompress = false\n");
    folder.file("b", gzip(BTC));
    folder.file("k", gzip("kraken"));
    let recorded = "--config c.toml replay binance:stamped:b kraken:stamped:k --record j";
    let told = folder.run(recorded.split(' '));
    assert_eq!(told.code, Some(0), "{told:?}");
    folder.replay("--format journal j").is_well();
    fs::remove_file(folder.path().join("j/000000.nkj")).unwrap();
    let told = folder.replay("--format journal j");
    assert_eq!(told.code, Some(0), "{told:?}");
    told.says(&["begins with segment 1", "`quota_mib`"]);
}
