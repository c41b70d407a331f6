//! Layouts, symbols, decimals and many files: what is shown does not depend on who shares a core.

use serde_json::Value;

use super::stand::{Folder, gzip, recordings};

/// All generated recordings in the folder, as `replay` takes them.
fn all(folder: &Folder) -> String {
    let named = recordings().iter().map(|recording| {
        folder.file(&recording.name, &recording.gzip);
        format!("{}:stamped:{}", recording.dialect, recording.name)
    });
    named.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_layout_shows_the_same_books_and_allocates_nothing() {
    let folder = Folder::new("layouts");
    let files = all(&folder);
    let played = |layout: &str| -> Value {
        folder.replay(&format!("{files} --json --layout {layout}")).is_well().json()
    };
    let one = played("one");
    assert_eq!(one["books"].as_object().map(serde_json::Map::len), Some(9));
    for layout in ["venue-per-core", "stage-per-core", "auto"] {
        let other = played(layout);
        for part in ["source", "decode", "events", "books"] {
            assert_eq!(one[part], other[part], "{layout}: {part}");
        }
        assert_eq!(other["allocations_after_start"], 0, "{layout}");
    }
}

#[test]
fn only_the_symbols_that_were_asked_for_are_shown() {
    let folder = Folder::new("symbols");
    let files = all(&folder);
    let told = folder.replay(&format!("{files} --json --symbols BTCUSDT,ETH/USD"));
    let report = told.is_well().json();
    let books: Vec<&String> = report["books"].as_object().unwrap().keys().collect();
    assert_eq!(books, ["kraken:ETH/USD", "binance:BTCUSDT"]);
    let told = folder.replay(&format!("{files} --symbols btcusdt"));
    told.is_refused(1, &["symbol `btcusdt` is not in the recording", "BTCUSDT"]);
}

#[test]
fn sixty_four_files_play_together() {
    let folder = Folder::new("many");
    let names: Vec<String> = (0..64).map(|n| format!("binance:stamped:{n}")).collect();
    for n in 0..64 {
        folder.file(&n.to_string(), gzip("binance-ethbtc"));
    }
    let report = folder.replay(&format!("{} --json", names.join(" "))).is_well().json();
    assert_eq!(report["source"]["files"], 64);
    assert_eq!(report["books"]["binance:ETHBTC"]["state"], "live");
}

#[test]
fn frames_out_of_order_are_played_in_the_order_of_their_times() {
    let folder = Folder::new("order");
    let lines = super::stand::lines("kraken");
    // Of frames with the same time the order stays, so only whole moments are turned around.
    let mut moments: Vec<Vec<String>> = Vec::new();
    for line in &lines {
        let stamp = line.split(' ').next();
        match moments.last_mut() {
            Some(moment) if moment[0].split(' ').next() == stamp => moment.push(line.clone()),
            _ => moments.push(vec![line.clone()]),
        }
    }
    let turned: Vec<String> = moments.into_iter().rev().flatten().collect();
    folder.file("k", super::stand::text(&lines));
    folder.file("t", super::stand::text(&turned));
    let straight = folder.replay("kraken:stamped:k --json").is_well().json();
    let turned = folder.replay("kraken:stamped:t --json").is_well().json();
    for part in ["books", "integrity", "resyncs"] {
        assert_eq!(straight[part], turned[part], "{part}");
    }
}

#[test]
fn a_recorded_pace_shows_the_same_books() {
    let folder = Folder::new("pace");
    let lines = super::stand::lines("binance-btcusdt");
    folder.file("b", super::stand::text(&lines[..100]));
    let played =
        |pace: &str| folder.replay(&format!("binance:stamped:b --json --pace {pace}")).json();
    let (max, recorded) = (played("max"), played("recorded"));
    for part in ["source", "books", "integrity", "events"] {
        assert_eq!(max[part], recorded[part], "{part}");
    }
}
