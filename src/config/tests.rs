//! Tests of the whole: texts over the manual, good, wrong and hostile.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::base::{AccountId, AssetId, Form, InstrumentKind, Price, Qty, Symbol};
use crate::limits;
use crate::sim::exchange::Fees;
use crate::stage::signal::{Form as SignalForm, Settings};

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("my.toml"))
}

/// The faults of a text, one a line, as a user sees them.
fn faults(text: &str) -> Vec<String> {
    let error = parse(text).expect_err("a wrong configuration was taken");
    let lines: Vec<String> = error.to_string().lines().map(|line| line.trim().to_owned()).collect();
    lines[1..].to_vec()
}

/// The only fault of a text.
fn fault(text: &str) -> String {
    let faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults[0].clone()
}

#[test]
fn the_manual_itself_is_without_a_fault() {
    let resolved = parse("").unwrap().resolve();
    let instruments = &resolved.instruments;
    assert_eq!(instruments.len(), 9);
    let symbol = Symbol::new(b"BTC/USD").unwrap();
    let kraken = instruments.find("kraken", &symbol).unwrap();
    assert_eq!((kraken.tick, kraken.lot, kraken.qty_min), (Price(1), Qty(1), Qty(5_000)));
    assert_eq!((kraken.notional_min, kraken.form), (5, Form::Ladder { depth: 10 }));
    assert_eq!(kraken.kind, InstrumentKind::Spot);
    let deep = instruments.find("binance", &Symbol::new(b"BTCUSDT").unwrap()).unwrap();
    assert_eq!((deep.lot, deep.form), (Qty(1_000), Form::Window { ticks: 1 << 17 }));
    assert_eq!(resolved.accounts.len(), 3);
}

#[test]
fn signals_remember_as_the_stage_does_by_itself() {
    assert_eq!(parse("").unwrap().signal.settings(None), Settings::default());
    let over = "[signal]\nform = \"window\"\nhorizons_ms = [1, 2, 3, 4, 5, 6, 7, 3600000]";
    let signal = parse(over).unwrap().signal;
    assert_eq!((signal.form, signal.horizons_ns[7]), (SignalForm::Window, 3_600_000_000_000));
}

#[test]
fn horizons_that_do_not_ascend_or_are_not_eight_are_refused() {
    for list in
        ["[1, 2, 3, 4, 5, 6, 7]", "[1, 2, 3, 4, 5, 6, 7, 7]", "[0, 2, 3, 4, 5, 6, 7, 8]", "3"]
    {
        let fault = fault(&format!("[signal]\nhorizons_ms = {list}"));
        assert!(fault.contains("8 ascending whole numbers of ms from 1 to 3600000"), "{fault}");
    }
}

#[test]
fn every_traded_asset_comes_to_the_reporting_currency_by_its_marks() {
    let config = parse("").unwrap();
    let resolved = config.resolve();
    let id = |name: &str| resolved.assets.iter().position(|a| a.name == name).unwrap();
    let way = |name: &str| {
        let steps = resolved.conversions[id(name)].clone().unwrap().steps;
        steps
            .iter()
            .map(|step| {
                let by = step.by.and_then(|by| resolved.instruments.with_id(by)).unwrap().name();
                (resolved.assets[usize::from(step.to.0)].name.clone(), by)
            })
            .collect::<Vec<_>>()
    };
    let pair = |to: &str, by: &str| (to.to_owned(), by.to_owned());
    assert_eq!(resolved.reporting, AssetId(id("USD") as u16));
    assert_eq!(way("USD"), []);
    assert_eq!(way("USDT"), [pair("BTC", "binance:BTCUSDT"), pair("USD", "kraken:BTC/USD")]);
    assert_eq!(resolved.conversions[id("DOGE")], None, "nothing trades it");
}

#[test]
fn a_file_replaces_single_keys_and_adds_entries() {
    let text = r#"
[book]
stale_after_ms = 1500
[book.stale_after_ms_of]
binance = 700
[[instruments]]
venue = "kraken"
symbol = "BTC/USD"
depth = 100
[[instruments]]
venue = "kraken-v1"
symbol = "ETH/XBT"
base = "XETH"
quote = "XBT"
price_decimals = 5
qty_decimals = 8
tick = "1e-5"
lot = "0.00000001"
qty_min = "0"
notional_min = "0"
"#;
    let config = parse(text).unwrap();
    assert_eq!(config.book.stale_after_ns, 1_500_000_000);
    assert_eq!(config.book.stale_after_ns_of, [("binance", 700_000_000)]);
    assert_eq!(config.book.window_ticks_max, 1 << 17, "and the rest stays");
    let listed: Vec<_> = config.universe.listed_by_user().map(Instrument::name).collect();
    assert_eq!(listed, ["kraken:BTC/USD", "kraken-v1:ETH/XBT"]);
    let resolved = config.resolve();
    assert_eq!(resolved.instruments.len(), 10);
    let old = resolved.instruments.find("kraken-v1", &Symbol::new(b"ETH/XBT").unwrap()).unwrap();
    let same = resolved.instruments.find("kraken", &Symbol::new(b"ETH/BTC").unwrap()).unwrap();
    assert_eq!((old.base, old.quote), (same.base, same.quote), "aliases name the same assets");
    let known = resolved.instruments.find("kraken", &Symbol::new(b"BTC/USD").unwrap()).unwrap();
    assert_eq!((known.form, known.tick), (Form::Ladder { depth: 100 }, Price(1)));
}

#[test]
fn all_faults_of_a_file_are_told_at_once_each_with_its_line() {
    let text = r#"[pipeline]
layout = "two"
sample_every = 12
pin = "yes"
simd = "sse9"
speed = 1

[book]
stale_afer_ms = 100
window_ticks_max = 0
ladder_depth = 11

[[accounts]]
name = "a b"
venue = "krakn"

[[instruments]]
venue = "kraken"
symbol = "SOL/USD"
base = "SOL"
quote = "USD"
price_decimals = 2
qty_decimals = 19
tick = 0.01
lot = "0.001"
qty_min = "0"

[networking]
"#;
    let faults = faults(text);
    let lines: Vec<u32> = faults
        .iter()
        .map(|fault| fault.split(':').nth(1).and_then(|line| line.parse().ok()).unwrap())
        .collect();
    let wanted = [2, 3, 4, 5, 6, 9, 10, 11, 14, 15, 17, 20, 23, 24, 28];
    assert_eq!(lines, wanted, "{faults:#?}");
    assert!(faults.iter().all(|f| f.contains("expected ") && f.contains("; ")), "{faults:#?}");
    assert_eq!(
        faults[5],
        "my.toml:9: book: found the unknown key `stale_afer_ms`, expected a key of the manual, \
         default.toml; did you mean `stale_after_ms`?"
    );
    assert!(faults[3].contains("portable"), "names what this machine has: {}", faults[3]);
    assert!(faults[10].contains("notional_min: found nothing"), "{}", faults[10]);
    assert!(faults[11].contains("add [[assets]] name = \"SOL\""), "{}", faults[11]);
}

#[test]
fn values_beyond_a_limit_are_refused_with_its_name() {
    for (text, limit) in [
        ("[book]\nstale_after_ms = 0", "STALE_AFTER_MS_MAX"),
        ("[book]\nstale_after_ms = -5", "STALE_AFTER_MS_MAX"),
        ("[book]\nstale_after_ms = 3600001", "STALE_AFTER_MS_MAX"),
        ("[book]\nwindow_ticks_max = 262144", "WINDOW_TICKS_MAX"),
        ("[book]\nladder_depth = 99999999999999999999", "LADDER_LEVELS_MAX"),
        ("[pipeline]\nsample_every = 2097152", "SAMPLE_EVERY_MAX"),
        ("[journal]\nsegment_mib = 0", "JOURNAL_SEGMENT_MIB_MAX"),
        ("[paper]\nreport_latency_us = 60000001", "PAPER_LATENCY_US_MAX"),
        ("[journal]\nblock_kib = 9223372036854775807", "JOURNAL_BLOCK_KIB_MAX"),
    ] {
        let fault = fault(text);
        assert!(fault.starts_with("my.toml:2: ") && fault.contains(limit), "{fault}");
    }
    let fault = fault("[journal]\nquota_mib = 300");
    assert!(fault.contains("at least two segments of 256 MiB"), "{fault}");
}

#[test]
fn a_price_as_a_float_is_refused_because_it_is_not_exact() {
    let text = "[[instruments]]\nvenue = \"kraken\"\nsymbol = \"BTC/USD\"\ntick = 0.1";
    let fault = fault(text);
    assert!(fault.starts_with("my.toml:4: instruments kraken:BTC/USD, tick: found 0.1"), "{fault}");
    assert!(fault.contains("in quotation marks"), "{fault}");
}

#[test]
fn a_tick_finer_than_the_decimals_and_a_lot_of_zero_are_refused() {
    let text = "[[instruments]]\nvenue = \"kraken\"\nsymbol = \"BTC/USD\"\ntick = \"0.01\"\n\
                lot = \"0\"\nqty_min = \"-1\"";
    let faults = faults(text);
    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(faults[0].contains("at most 1 decimals"), "{}", faults[0]);
    assert!(faults[1].contains("above 0"), "{}", faults[1]);
    assert!(faults[2].contains("not below 0"), "{}", faults[2]);
}

#[test]
fn an_entry_stands_once_in_a_file() {
    let text = "[[assets]]\nname = \"SOL\"\ndecimals = 9\n[[assets]]\nname = \"SOL\"\ndecimals = 8";
    let fault = fault(text);
    assert!(fault.contains("assets SOL") && fault.contains("after line 1"), "{fault}");
}

#[test]
fn what_an_entry_refers_to_must_be_there() {
    let off = "[[instruments]]\nvenue = \"kraken\"\nsymbol = \"ETH/USD\"\nenabled = false";
    let fault_off = fault(off);
    assert!(fault_off.contains("marks ETH: found kraken:ETH/USD, which is not enabled"));
    let typo = fault("[[marks]]\nasset = \"BTC\"\ninstrument = \"kraken:BTC/USDD\"");
    assert!(typo.contains("did you mean \"kraken:BTC/USD\"?"), "{typo}");
    let foreign = fault("[[marks]]\nasset = \"BTC\"\ninstrument = \"kraken:ETH/USD\"");
    assert!(foreign.contains("an instrument with BTC in it"), "{foreign}");
    let nowhere = fault("[money]\nreporting = \"EUR\"");
    assert!(nowhere.contains("an asset of `assets`"), "{nowhere}");
}

#[test]
fn assets_that_cannot_be_reckoned_are_listed() {
    let faults = faults("[money]\nreporting = \"USDC\"");
    assert_eq!(faults.len(), 4, "{faults:#?}");
    assert!(faults.iter().all(|f| f.contains("a chain of marks to USDC")), "{faults:#?}");
    let text = "[money]\nreporting = \"USDC\"\n[[money.fungible]]\nname = \"dollars\"\n\
                assets = [\"USD\", \"USDC\"]\nbasis_bps_max = 20";
    let resolved = parse(text).unwrap().resolve();
    assert_eq!(resolved.fungible[0].basis_bps_max, 20);
    let dollar = resolved.conversions[0].clone().unwrap();
    assert_eq!(dollar.steps, [Step { to: resolved.reporting, by: None }]);
}

#[test]
fn accounts_say_what_they_pay_and_hold_in_whole_units() {
    let text = "[paper]\nlots = \"fifo\"\norder_latency_us = 250\n\
                [[accounts]]\nname = \"kraken\"\nmaker_bps = \"-0.25\"\n\
                balances.ZUSD = \"7.00000001\"\n\
                [[accounts]]\nname = \"second\"\nvenue = \"kraken\"";
    let config = parse(text).unwrap();
    let resolved = config.resolve();
    let id = |name: &str| resolved.assets.iter().position(|a| a.name == name).unwrap() as u16;
    let [first, binance] = [0, 1].map(|n| resolved.funds[n].clone());
    assert_eq!(first.fees, Fees { maker_ppm: -25, taker_ppm: 4_000 });
    assert_eq!(first.balances.len(), 1, "what is not named is nothing");
    assert!(binance.balances.contains(&(AssetId(id("BTC")), 5_000_000_000)), "0.5 of ten decimals");
    assert!(first.balances.contains(&(AssetId(id("USD")), 700_000_001)), "by the venue's name");
    assert!(binance.balances.contains(&(AssetId(id("USDT")), 5_000_000_000_000)));
    let second = resolved.funds.last().unwrap();
    assert_eq!((second.fees, second.balances.len()), (first.fees, 0), "as the first one there");
    let settings = resolved.exchange(AccountId(1), &config.paper);
    assert_eq!((settings.order_latency_ns, settings.report_latency_ns), (250_000, 5_000_000));
    assert_eq!(settings.fees, Fees { maker_ppm: 1_000, taker_ppm: 1_000 });
    let ledger = resolved.ledger(vec![], &config.paper);
    assert_eq!(ledger.balance(AccountId(1), AssetId(id("USDT"))), Some(5_000_000_000_000));
}

#[test]
fn what_an_account_pays_and_holds_must_be_sensible() {
    let kraken = |line: &str| fault(&format!("[[accounts]]\nname = \"kraken\"\n{line}"));
    let fine = kraken("maker_bps = \"0.001\"");
    assert!(fine.starts_with("my.toml:3: accounts kraken, maker_bps"), "{fine}");
    assert!(kraken("taker_bps = \"1000.01\"").contains("FEE_PPM_MAX"));
    assert!(kraken("taker_bps = 40").contains("in quotation marks"));
    let float = kraken("balances.USD = 0.1");
    assert!(float.contains("accounts kraken, balances.USD") && float.contains("float"), "{float}");
    assert!(kraken("balances.USD = \"-1\"").contains("not below 0"));
    let finer = kraken("balances.USD = \"0.000000001\"");
    assert!(finer.contains("found 0.000000001") && finer.contains("8 decimals"), "{finer}");
    let unknown = kraken("balances.UDS = \"1\"");
    assert!(unknown.contains("an asset of `assets`"), "{unknown}");
    let free = fault("[[accounts]]\nname = \"x\"\nvenue = \"binance-usdm\"");
    assert!(free.contains("what the venue charges; add `maker_bps = ..`"), "{free}");
}

#[test]
fn groups_hold_an_asset_once() {
    let group = |name: &str| {
        format!(
            "[[money.fungible]]\nname = \"{name}\"\nassets = [\"USD\", \"USDT\"]\n\
             basis_bps_max = 9\n"
        )
    };
    let faults = faults(&(group("a") + &group("b")));
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults[0].contains("USD, which is in group a, too"), "{}", faults[0]);
}

#[test]
fn a_line_that_is_no_toml_is_told_with_the_other_faults() {
    let faults = faults("[pipeline]\npin = \nlayout = \"two\"\n[book\nstale_after_ms = 0\n");
    assert!(faults[0].starts_with("my.toml:2: found `pin =`, expected TOML"), "{faults:#?}");
    assert!(faults.iter().any(|f| f.starts_with("my.toml:3: pipeline.layout")), "{faults:#?}");
    assert!(faults.iter().any(|f| f.starts_with("my.toml:4: found `[book`")), "{faults:#?}");
}

#[test]
fn deep_nesting_is_refused_before_it_costs_anything() {
    let deep = format!("x = {}{}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(!faults(&deep).is_empty());
    let shallow = fault("[book.stale_after_ms_of]\nx = [[[[[[[[[1]]]]]]]]]");
    assert!(shallow.contains("CONFIG_NESTING_MAX") || shallow.contains("a venue"), "{shallow}");
    let dotted = format!("{}x = 1", "a.".repeat(50_000));
    assert!(!faults(&dotted).is_empty());
}

#[test]
fn no_more_faults_are_shown_than_a_person_reads() {
    let keys: Vec<String> = (0..5_000).map(|n| format!("key_{n} = {n}")).collect();
    let error = parse(&keys.join("\n")).unwrap_err();
    let wrong = error.wrong().unwrap();
    assert_eq!((wrong.faults.len(), wrong.more), (limits::CONFIG_FAULTS_MAX, 4_900));
}

#[test]
fn too_long_a_file_and_a_file_that_is_no_text_are_refused() {
    let dir = std::env::temp_dir().join(format!("neural-kraken-config-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("config.toml");
    std::fs::write(&path, vec![b'#'; limits::CONFIG_BYTES_MAX + 1]).unwrap();
    assert!(matches!(Config::load(Some(&path)), Err(ConfigError::TooLarge { .. })));
    std::fs::write(&path, b"[book]\n# \xff\n").unwrap();
    let error = Config::load(Some(&path)).unwrap_err();
    assert_eq!(error.wrong().unwrap().faults[0].place.line, 2);
    assert!(matches!(Config::load(Some(&dir)), Err(ConfigError::Unreadable { .. })));
    let missing = Config::load(Some(&dir.join("none.toml"))).unwrap_err();
    assert!(missing.to_string().contains("check the path"), "{missing}");
    std::fs::remove_dir_all(&dir).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The manual with a few characters changed is taken or refused, and refused with lines.
    #[test]
    fn damaged_text_never_ends_in_a_panic(
        damage in prop::collection::vec(
            (any::<prop::sample::Index>(), "[\\[\\]{}=\"#.,a1 \n\\-]"),
            1..12,
        ),
    ) {
        let mut text: Vec<u8> = load::MANUAL.as_bytes().to_vec();
        for (at, with) in damage {
            let at = at.index(text.len());
            text[at] = with.as_bytes()[0];
        }
        if let Err(error) = parse(&String::from_utf8(text).unwrap()) {
            let wrong = error.wrong().unwrap();
            prop_assert!(!wrong.faults.is_empty());
            prop_assert!(wrong.faults.iter().all(|fault| fault.place.line > 0));
        }
    }
}
