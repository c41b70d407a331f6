//! What is refused: by one line that names cause and fix, with exit code 1 or 2, never a panic.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::stand::{Folder, gzip, lines, text};

const BTC: &str = "binance-btcusdt";

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new("unreadable");
    folder.replay("binance:stamped:nope").is_refused(1, &["cannot read nope", "check the path"]);
    folder.replay("binance:stamped:.").is_refused(1, &["is a directory", "name the recording"]);
    folder.replay("binance:stamped:/dev/zero").is_refused(1, &["is a device", "name a file"]);
    folder.file("empty", "");
    folder.replay("binance:stamped:empty").is_refused(1, &["empty holds no frame", "--format"]);
    folder.replay("--format journal empty").is_refused(1, &["no journal segment", "--record"]);
}

#[test]
fn a_gzip_file_that_is_damaged_is_told_from_a_wrong_format() {
    let folder = Folder::new("gzip");
    let whole = gzip(BTC);
    folder.file("cut", &whole[..whole.len() / 2]);
    folder.replay("binance:stamped:cut").is_refused(1, &["damaged or cut off", "fetch it again"]);
    let mut changed = whole.to_vec();
    changed[whole.len() / 2] ^= 0x10;
    folder.file("changed", changed);
    folder.replay("binance:stamped:changed").is_refused(1, &["damaged", "fetch it again"]);
    folder.file("magic", [0x1F, 0x8B]);
    folder.replay("binance:stamped:magic").is_refused(1, &["damaged", "fetch it again"]);
}

#[test]
fn a_line_of_another_format_is_shown_without_commanding_the_terminal() {
    let folder = Folder::new("format");
    folder.file("b", gzip(BTC));
    folder.replay("binance:frames:b").is_refused(1, &["b line 1", "a JSON frame", "--format"]);
    folder.replay("binance:cryptofeed:b").is_refused(1, &["line 1", "<seconds>", "--format"]);
    folder.replay("binance:lobster:b").is_refused(1, &["needs its orderbook file", "name both"]);
    folder.file("garbage", b"\x1B[31m\x07\0\xFF\xFE binary\n");
    let told = folder.replay("binance:stamped:garbage");
    told.is_refused(1, &["garbage line 1", "\\u{1b}[31m\\u{7}\\u{0}"]);
}

#[test]
fn a_recording_of_another_venue_says_which() {
    let folder = Folder::new("venue");
    folder.file("b", gzip(BTC));
    folder.file("k", gzip("kraken"));
    for venue in ["kraken", "coinbase", "nasdaq", "binance-usdm", "binance-coinm"] {
        let told = folder.replay(&format!("{venue}:stamped:b"));
        told.is_refused(
            1,
            &[&format!("not of venue `{venue}`"), "looks like `binance`", "--venue"],
        );
    }
    let told = folder.replay("binance:stamped:b coinbase:stamped:k");
    told.is_refused(1, &["k is not of venue `coinbase`", "looks like `kraken`"]);
    folder.file("other", "1784484000000000000 {\"a\":1}\n");
    folder.replay("kraken:stamped:other").is_refused(1, &["no market event", "nor of any other"]);
}

#[test]
fn a_future_is_told_from_spot_by_its_links() {
    let folder = Folder::new("links");
    let depth = |u: u32| {
        let data = json!({
            "e": "depthUpdate", "E": 1_784_484_000_000_u64, "T": 1_784_484_000_000_u64,
            "s": "BTCUSDT", "U": u, "u": u, "pu": u - 1, "b": [["1.0", "2.0"]], "a": [],
        });
        let stream = "btcusdt@depth";
        format!("178448400{u:010} {}", json!({ "stream": stream, "data": data }))
    };
    folder.file("f", text(&[depth(7), depth(8)]));
    let words = ["not of venue `binance`", "`binance-usdm` or `binance-coinm`"];
    folder.replay("binance:stamped:f").is_refused(1, &words);
    folder.replay("binance-usdm:stamped:f").is_well();
}

#[test]
fn what_is_misspelt_on_the_command_line_is_misuse() {
    let folder = Folder::new("misuse");
    folder.file("b", gzip(BTC));
    for (words, told) in [
        ("b", &["no format given for b", "--format F", "V:F:FILE"][..]),
        ("--format stamped b", &["no venue given for b", "--venue V"]),
        ("binanc:stamped:b", &["unknown venue `binanc`", "binance-usdm"]),
        ("binance:stampd:b", &["unknown format `stampd`", "stamped, frames"]),
        ("binance:stamped:", &["names no file"]),
        ("binance:stamped", &["names no file"]),
        ("binance:stamped:b --layout two", &["unknown layout `two`", "stage-per-core"]),
        ("binance:stamped:b --pace slow", &["unknown pace `slow`", "max or recorded"]),
        ("binance:stamped:b --symbols A,", &["--symbols", "`` is no symbol"]),
        ("binance:stamped:b --instrument BTCUSDT", &["SYMBOL:PRICE_DECIMALS:QTY_DECIMALS"]),
        ("binance:stamped:b --instrument BTCUSDT:19:8", &["from 0 to 18"]),
        ("binance:stamped:b --instrument BTCUSDT:2:-1", &["from 0 to 18"]),
        ("binance:stamped:b --instrument A:1:1 --instrument A:2:1", &["a second time", "once"]),
    ] {
        folder.replay(words).is_refused(2, told);
    }
    folder.replay("--venue binance --format stamped b --symbols X").is_refused(1, &["BTCUSDT"]);
    assert_eq!(folder.run(["nonsense"]).code, Some(2));
}

#[test]
fn the_same_file_twice_is_refused_by_whatever_name() {
    let folder = Folder::new("twice");
    folder.file("b", gzip(BTC));
    symlink("b", folder.path().join("c")).unwrap();
    for words in ["binance:stamped:b binance:stamped:./b", "binance:stamped:b binance:stamped:c"] {
        folder.replay(words).is_refused(1, &["is named twice", "once"]);
    }
}

#[test]
fn a_time_that_is_not_in_nanoseconds_is_refused() {
    let folder = Folder::new("time");
    for stamp in ["1784484000", "-5", "9223372036854775807", "-9223372036854775808"] {
        folder.file("b", format!("{stamp} {{\"a\":1}}\n"));
        folder.replay("binance:stamped:b").is_refused(1, &[stamp, "ns since 1970"]);
    }
    folder.file("b", "99999999999999999999 {}\n");
    folder.replay("binance:stamped:b").is_refused(1, &["b line 1", "<recv_ns>"]);
}

#[test]
fn hostile_frames_are_refused_one_by_one_and_the_rest_is_played() {
    let folder = Folder::new("hostile");
    let mut lines = lines(BTC);
    let frames = lines.len();
    let stamp = lines[frames - 1].split(' ').next().unwrap().to_owned();
    let trade = "{\"e\":\"trade\",\"E\":1,\"s\":\"BTCUSDT\",\"t\":1,\"q\":\"1\",\"T\":1,\"m\":true";
    let mut hostile = vec![
        format!("{trade},\"p\":\"{}\"}}", "9".repeat(5_000)),
        format!("{trade},\"p\":\"1e999999999\"}}"),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{{\"e\":\"{}\"}}", "x".repeat(20 << 20)),
        String::from("{\"e\":\"trade\",\"s\":\"BTC"),
    ];
    for frame in &mut hostile {
        frame.insert_str(0, &format!("{stamp} "));
    }
    let mut bytes = text(&lines).into_bytes();
    lines = hostile;
    bytes.extend_from_slice(text(&lines).as_bytes());
    bytes.extend_from_slice(format!("{stamp} {{\"s\":\"").as_bytes());
    bytes.extend_from_slice(b"\xFF\xFE\"}\n");
    folder.file("b", bytes);
    let told = folder.replay("binance:stamped:b --json");
    let report = told.is_well().json();
    assert_eq!(report["source"]["frames"], frames + 6);
    assert!(report["decode"]["refused"].as_u64() >= Some(5), "{}", report["decode"]);
    assert_eq!(report["decode"]["oversized"], 1);
}

#[test]
fn a_pair_of_files_belongs_together() {
    let folder = Folder::new("pair");
    let name = |day: u32, what: &str| format!("AAPL_2012-06-{day}_34200000_57600000_{what}_1.csv");
    let message = "34200.1,1,1,18,5853300,1\n";
    let book = "5859400,200,5853300,18\n";
    folder.file(&name(21, "message"), message);
    folder.file(&name(21, "orderbook"), book);
    folder.file(&name(22, "message"), message);
    let replay =
        |a: &str, b: &str| folder.replay(format!("--venue nasdaq --format lobster {a} {b}").trim());
    replay(&name(21, "message"), &name(21, "orderbook")).is_well();
    replay(&name(21, "message"), "").is_refused(1, &["needs its orderbook file", "name both"]);
    replay(&name(21, "orderbook"), "").is_refused(1, &["needs its message file", "name both"]);
    replay(&name(22, "message"), &name(21, "orderbook")).is_refused(1, &["needs its orderbook"]);
    folder.file(&name(21, "message"), message.repeat(2));
    let told = replay(&name(21, "message"), &name(21, "orderbook"));
    told.is_refused(1, &["has 2 rows", "orderbook file 1"]);
    folder.file(&name(21, "message"), message.replace("34200", "9000000000"));
    replay(&name(21, "message"), &name(21, "orderbook")).is_refused(1, &["seconds after midnight"]);
}

#[test]
fn every_fault_of_a_configuration_is_told_at_once() {
    let folder = Folder::new("config");
    folder.file("c.toml", "[pipelin]\n[pipeline]\nlayot = 1\nsample_every = 3\n");
    let told = folder.run(["--config", "c.toml", "config", "check", "--json"]);
    assert_eq!(told.code, Some(1));
    told.says(&["c.toml:1:", "did you mean `pipeline`?", "c.toml:3:", "did you mean `layout`?"]);
    told.says(&["c.toml:4: pipeline.sample_every: found 3, expected a power of two"]);
    assert_eq!(told.json()["errors"].as_array().map(Vec::len), Some(3));
    folder.file("c.toml", format!("a = {}", "[".repeat(5_000)));
    let told = folder.run(["--config", "c.toml", "config", "check"]);
    assert_eq!((told.code, told.err.lines().count()), (Some(1), 2), "{told:?}");
    let told = folder.run(["--config", "nope", "replay", "binance:stamped:b"]);
    told.is_refused(1, &["cannot read nope", "check the path"]);
    assert!(fs::read_dir(folder.path()).unwrap().count() == 1, "nothing was written");
}
