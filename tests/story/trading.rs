//! Paper trading on recordings: the same orders in every layout, at both paces and on every
//! instruction set; journals that replay; orders that can be explained.

use serde_json::Value;

use super::stand::{Folder, gzip, lines, recordings, text};

/// All generated recordings in the folder, as `replay` takes them.
fn all(folder: &Folder) -> String {
    let named = recordings().iter().map(|recording| {
        folder.file(&recording.name, &recording.gzip);
        format!("{}:stamped:{}", recording.dialect, recording.name)
    });
    named.collect::<Vec<_>>().join(" ")
}

/// Strategies that want something within the twelve seconds of a generated recording.
const EAGER: &str = "\
[[strategies]]
name = \"reversion\"
horizon = 0
entry = \"1.5\"
exit = \"0.5\"
stop = \"6\"

[[strategies]]
name = \"momentum\"
entry_bps = \"0.05\"
exit_bps = \"0.05\"
";

/// A folder with a recording `b` of one market, and the configuration `c.toml` of eager strategies.
fn eager(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file("b", gzip("binance-btcusdt"));
    folder.file("c.toml", EAGER);
    folder
}

/// What a run ordered, and what came of it.
fn traded(report: &Value) -> [&Value; 6] {
    ["orders", "cancels", "fills", "denied", "pnl", "output_hash"].map(|part| &report[part])
}

#[test]
fn every_layout_orders_the_same_with_and_without_fills() {
    let folder = Folder::new("trading-layouts");
    let files = all(&folder);
    let mut hashes = Vec::new();
    for fills in ["", " --no-fills"] {
        let played = |layout: &str| -> Value {
            folder.replay(&format!("{files} --json --layout {layout}{fills}")).is_well().json()
        };
        let one = played("one");
        assert!(one["orders"].as_u64() > Some(0), "{one}");
        for layout in ["venue-per-core", "stage-per-core", "auto"] {
            let other = played(layout);
            assert_eq!(traded(&one), traded(&other), "{layout}{fills}");
            assert_eq!(other["allocations_after_start"], 0, "{layout}{fills}");
        }
        hashes.push(one["output_hash"].clone());
    }
    assert_ne!(hashes[0], hashes[1], "a fill is not an expiry");
}

#[test]
fn without_fills_each_order_is_taken_and_expired() {
    let folder = eager("trading-no-fills");
    let told = folder.replay("binance:stamped:b --json --no-fills --config c.toml");
    let report = told.is_well().json();
    assert!(report["orders"].as_u64() > Some(0));
    assert_eq!(report["fills"], 0);
    assert_eq!(report["pnl"]["volume"], "0.00000000");
}

#[test]
fn an_order_that_is_over_makes_room_for_the_next_in_every_layout() {
    let folder = eager("trading-room");
    folder.file("c.toml", format!("[risk]\nopen_orders_max = 1\n{EAGER}"));
    for layout in ["one", "venue-per-core", "stage-per-core"] {
        let run = "binance:stamped:b --json --no-fills --config c.toml --layout";
        let report = folder.replay(&format!("{run} {layout}")).is_well().json();
        // Each is expired at once. The gate must hear it, or the first is the last; and so must
        // both strategies, or each has but one for each side.
        assert!(report["orders"].as_u64() > Some(4), "{layout}: {report}");
    }
}

#[test]
fn every_instruction_set_orders_the_same() {
    let folder = Folder::new("trading-simd");
    folder.file("b", gzip("binance-btcusdt"));
    let sets = neural_kraken::venue::wire::FastLevel::available();
    let hashes = sets.iter().map(|set| {
        folder.file("c.toml", format!("[pipeline]\nsimd = \"{}\"\n{EAGER}", set.name()));
        let told = folder.replay("binance:stamped:b --json --config c.toml");
        told.is_well().json()["output_hash"].clone()
    });
    let hashes: Vec<Value> = hashes.collect();
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
}

#[test]
fn what_any_layout_records_replays_to_its_own_hash_in_any_layout() {
    let folder = Folder::new("trading-record");
    let files = all(&folder);
    for layout in ["one", "venue-per-core", "stage-per-core"] {
        let told = folder.replay(&format!("{files} --json --layout {layout} --record j-{layout}"));
        let recorded = told.json()["output_hash"].clone();
        for other in ["one", "venue-per-core", "stage-per-core"] {
            let journal = format!("--format journal j-{layout}");
            let told = folder.replay(&format!("{journal} --json --layout {other}"));
            assert_eq!(told.is_well().json()["output_hash"], recorded, "{layout} in {other}");
        }
    }
}

#[test]
fn a_journal_brings_its_configuration_along_and_another_one_parts_from_it() {
    let folder = eager("trading-config");
    let told = folder.replay("binance:stamped:b --json --no-fills --config c.toml --record j");
    let recorded = told.json();
    let again = folder.replay("--format journal j --json").is_well().json();
    assert_eq!(again["output_hash"], recorded["output_hash"]);
    folder.file("d.toml", "");
    let told = folder.replay("--format journal j --config d.toml --against j --json");
    assert_eq!(told.code, Some(1), "{told:?}");
    told.says(&["runs differ first in what goes out on account", "here:", "journal:", "frame "]);
}

#[test]
fn an_order_is_explained_from_the_frame_to_what_became_of_it() {
    let folder = eager("trading-why");
    folder.replay("binance:stamped:b --json --config c.toml --record j");
    let told = folder.run(["why", "1", "j"]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{told:?}");
    for part in [
        "order 1 was decided in frame",
        "\nframe\n  {",
        "\nbook of binance:BTCUSDT, live",
        "zscore_3",
        "\nforecast\n",
        "\nintent ",
        "\nroute\n",
        "\nrisk: order 1 ",
        "self_cross",
        "\nsent\n  {",
        "\nroutes considered\n",
        "\nwhat became of it\n",
        "\ntime, ns",
    ] {
        assert!(told.out.contains(part), "`{part}` is missing in {}", told.out);
    }
    let report = folder.run(["why", "1", "j", "--json"]).json();
    assert_eq!(report["order"], 1);
    assert!(report["said"].as_array().is_some_and(|said| said.len() > 5), "{report}");
}

#[test]
fn with_another_setting_why_says_where_decisions_part() {
    let folder = eager("trading-fork");
    folder.replay("binance:stamped:b --json --config c.toml --record j");
    let same = folder.run(["why", "1", "j", "--set", "journal.compress=false"]);
    assert!(same.out.contains("every decision is the same"), "{same:?}");
    let set = "strategies.reversion.enabled=false";
    let other =
        folder.run(["why", "1", "j", "--set", set, "--set", "strategies.momentum.enabled=false"]);
    assert!(other.out.contains(" orders before, 0 with it"), "{other:?}");
    assert!(other.out.contains("runs differ first in what goes out"), "{other:?}");
}

#[test]
fn an_order_that_is_not_there_is_refused_with_those_that_are() {
    let folder = eager("trading-none");
    folder.replay("binance:stamped:b --json --config c.toml --record j");
    let told = folder.run(["why", "999999", "j"]);
    told.is_refused(1, &["order 999999 is not in this session", "its orders are 1 to "]);
    let told = folder.run(["why", "1", "j", "--set", "nothing"]);
    told.is_refused(2, &["`nothing` sets nothing", "KEY=VALUE"]);
    let told = folder.run(["why", "1", "elsewhere"]);
    told.is_refused(1, &["elsewhere holds no journal segment"]);
}

#[test]
fn a_recording_of_one_market_is_reckoned_in_a_stand_in_and_says_so() {
    let folder = Folder::new("trading-stand-in");
    folder.file("b", gzip("binance-btcusdt"));
    let report = folder.replay("binance:stamped:b --json").is_well().json();
    assert_eq!(report["pnl"]["currency"], "USDT");
    assert!(report["pnl"]["notes"][0].as_str().unwrap().contains("reckoned in USDT"), "{report}");
    folder.file("c.toml", "[money]\nstand_ins = []\n");
    let report = folder.replay("binance:stamped:b --json --config c.toml").is_well().json();
    assert_eq!(report["pnl"]["currency"], "USD");
    let everything = folder.replay(&format!("{} --json", all(&folder))).is_well().json();
    assert_eq!(everything["pnl"]["currency"], "USD");
}

#[test]
fn an_hour_of_silence_while_orders_rest_is_played_through() {
    let folder = eager("trading-silence");
    let whole = lines("binance-btcusdt");
    // At each place in turn, so that an order rests at some of them.
    for at in (2_000..4_000).step_by(250) {
        let (before, after) = whole.split_at(at);
        let later = |line: &String| {
            let (stamp, frame) = line.split_once(' ').unwrap();
            format!("{} {frame}", stamp.parse::<u64>().unwrap() + 3_700_000_000_000)
        };
        let lines: Vec<String> = before.iter().cloned().chain(after.iter().map(later)).collect();
        folder.file("g", text(&lines));
        let told = folder.replay("binance:stamped:g --json --config c.toml");
        let report = told.is_well().json();
        let [orders, cancels] = ["orders", "cancels"].map(|part| report[part].as_u64().unwrap());
        assert!(orders > 0 && cancels <= 2 * orders, "{orders} orders, {cancels} cancels");
    }
}

#[test]
fn balances_of_an_account_replace_those_of_the_manual() {
    let folder = Folder::new("trading-balances");
    folder.file("b", gzip("binance-btcusdt"));
    let text = "[[accounts]]\nname = \"binance\"\nbalances = { USDT = \"7\" }\n";
    folder.file("c.toml", text);
    let report = folder.replay("binance:stamped:b --json --config c.toml").is_well().json();
    let held = &report["pnl"]["balances"]["binance"];
    assert_eq!(held, &serde_json::json!({ "USDT": "7.00000000" }));
}

#[test]
fn a_cancel_by_time_is_explained_from_the_frame_whose_time_it_was() {
    let folder = eager("trading-why-cancel");
    // Rests as long as the price stays, and is taken back by time.
    let text = EAGER.replace("stop = \"6\"", "stop = \"6\"\nrest_ms_max = 300");
    folder.file("c.toml", text);
    let report = folder.replay("binance:stamped:b --json --config c.toml --record j").json();
    assert!(report["cancels"].as_u64() > Some(0), "{report}");
    let orders = report["orders"].as_u64().unwrap() + report["cancels"].as_u64().unwrap();
    let told = (1..=orders)
        .map(|n| folder.run(["why", &n.to_string(), "j"]).out)
        .find(|out| out.contains("cancel an order of binance:BTCUSDT"));
    let told = told.expect("one of the orders is a cancel");
    assert!(!told.contains("was decided in frame 0\n"), "{told}");
    assert!(told.contains("\nframe\n  {"), "{told}");
}

#[test]
fn why_plays_a_journal_as_it_was_recorded() {
    let folder = eager("trading-why-config");
    folder.replay("binance:stamped:b --json --config c.toml --record j");
    let told = folder.run(["why", "1", "j", "--config", "c.toml"]);
    told.is_refused(2, &["plays a journal as it was recorded", "--set"]);
}

#[test]
fn a_stablecoin_may_be_the_currency_of_reports() {
    let folder = Folder::new("trading-reporting");
    folder.file("b", gzip("binance-btcusdt"));
    let marks = "\n[[marks]]\nasset = \"BTC\"\ninstrument = \"binance:BTCUSDT\"\n\
                 [[marks]]\nasset = \"ETH\"\ninstrument = \"binance:ETHUSDT\"\n\
                 [[marks]]\nasset = \"USD\"\ninstrument = \"kraken:BTC/USD\"\n";
    folder.file("c.toml", format!("[money]\nreporting = \"USDT\"\n{marks}"));
    let report = folder.replay("binance:stamped:b --json --config c.toml").is_well().json();
    assert_eq!(report["pnl"]["currency"], "USDT");
    assert_eq!(report["pnl"]["notes"], serde_json::json!([]));
}

#[test]
fn a_recording_that_nothing_trades_says_so() {
    let folder = Folder::new("trading-nothing");
    folder.file("b", gzip("binance-ethbtc"));
    let told = folder.replay("binance:stamped:b");
    assert!(told.is_well().out.contains("nothing was ordered"), "{told:?}");
    assert!(told.out.contains("no strategy trades an instrument of this recording"), "{told:?}");
}
