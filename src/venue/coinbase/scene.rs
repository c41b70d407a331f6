//! Scenes of a Coinbase session: each rule of the venue, and each way in which it goes wrong.

use super::session::OPENING;
use crate::base::{InstrumentId, Status};
use crate::event::ResyncReason;
use crate::venue::session::stand::{HERE, START, Stand, settings};
use crate::venue::session::{Action, Line, Pass, Settings, Stage, Why};

pub(super) const TWO: [&str; 2] = ["BTC-USD", "ETH-USD"];
const FEED: Pass = Pass::Feed(HERE);
const SECOND: i64 = 1_000;

pub(super) fn product(name: &str, more: &str) -> String {
    let (base, quote) = name.split_once('-').unwrap();
    format!(
        r#"{{"product_id":"{name}","price":"68923.67","base_increment":"0.00000001","quote_increment":"0.01","price_increment":"0.01","base_min_size":"0.00000001","base_max_size":"3400","quote_min_size":"1","quote_max_size":"150000000","is_disabled":false,"status":"online","cancel_only":false,"limit_only":false,"post_only":false,"trading_disabled":false,"auction_mode":false,"view_only":false,"product_type":"SPOT","base_currency_id":"{base}","quote_currency_id":"{quote}",{more}"product_venue":"CBE"}}"#
    )
}

pub(super) fn heartbeat(sequence: u64) -> String {
    format!(
        r#"{{"channel":"heartbeats","client_id":"","timestamp":"2026-09-30T02:37:15.057778606Z","sequence_num":{sequence},"events":[{{"current_time":"2026-09-30 02:37:15.057778606 +0000 UTC m=+21697.195984854","heartbeat_counter":21697}}]}}"#
    )
}

pub(super) fn subscriptions(books: &[&str], trades: &[&str]) -> String {
    let list = |names: &[&str]| {
        names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<String>>().join(",")
    };
    let (books, trades) = (list(books), list(trades));
    format!(
        r#"{{"channel":"subscriptions","client_id":"","timestamp":"2026-04-07T14:30:00.000000Z","sequence_num":0,"events":[{{"subscriptions":{{"heartbeats":["heartbeats"],"level2":[{books}],"market_trades":[{trades}]}}}}]}}"#
    )
}

pub(super) fn book(kind: &str, products: &[&str]) -> String {
    let one = |product: &&str| {
        format!(
            r#"{{"type":"{kind}","product_id":"{product}","updates":[{{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"68900.00","new_quantity":"1.50000000"}}]}}"#
        )
    };
    let events: Vec<String> = products.iter().map(one).collect();
    let events = events.join(",");
    format!(
        r#"{{"channel":"l2_data","client_id":"","timestamp":"2026-04-07T14:30:01.456789Z","sequence_num":1,"events":[{events}]}}"#
    )
}

pub(super) const ERROR: &str = r#"{"type":"error","message":"failure to subscribe"}"#;

/// Answers all questions about products.
fn tell(stand: &mut Stand) {
    for (id, path) in stand.fetches() {
        let name = path.rsplit('/').next().unwrap();
        stand.answer(id, 200, product(name, r#""alias":"","alias_to":["BTC-USDC"],"#));
    }
    stand.pass(20);
}

fn told(settings: Settings) -> Stand {
    let mut stand = Stand::new(&OPENING, settings);
    tell(&mut stand);
    stand
}

fn two() -> Settings {
    settings(&OPENING, &TWO)
}

/// Brings all products to life on a line.
fn serve(stand: &mut Stand, line: Line) {
    stand.pass(20);
    stand.texts(line);
    assert_eq!(stand.frame(line, book("snapshot", &["BTC-USD"])), FEED);
    assert_eq!(stand.frame(line, book("snapshot", &["ETH-USD"])), FEED);
    assert_eq!(stand.frame(line, subscriptions(&TWO, &TWO)), FEED);
    stand.pass(20);
}

fn live() -> (Stand, Line) {
    let mut stand = told(two());
    let line = stand.open();
    serve(&mut stand, line);
    (stand, line)
}

#[test]
fn products_are_asked_for_before_a_line() {
    let mut stand = Stand::new(&OPENING, two());
    assert_eq!(stand.dials(), []);
    let fetches = stand.fetches();
    assert_eq!(fetches[0].1, "/api/v3/brokerage/market/products/BTC-USD");
    stand.answer(fetches[0].0, 200, product("BTC-USD", ""));
    stand.pass(20);
    assert_eq!(stand.dials(), []);
    stand.answer(fetches[1].0, 200, product("ETH-USD", ""));
    let described = stand.take(|action| match action {
        Action::Describe { id, described } => Some((id.0, **described)),
        _ => None,
    });
    assert_eq!(described.len(), 2);
    assert_eq!((described[0].1.price_decimals, described[0].1.qty_decimals), (2, 8));
    assert_eq!(described[0].1.status, Status::Open);
    stand.pass(20);
    assert_eq!(stand.dials().len(), 1);
}

#[test]
fn a_product_that_is_not_listed_is_refused_alone() {
    let mut stand = Stand::new(&OPENING, two());
    let fetches = stand.fetches();
    stand.answer(fetches[0].0, 404, "");
    stand.answer(fetches[1].0, 200, product("ETH-USD", ""));
    stand.pass(20);
    let line = stand.open();
    stand.pass(20);
    let texts = stand.texts(line);
    assert!(texts.iter().all(|text| !text.contains("BTC-USD")), "{texts:?}");
    let state = stand.session.symbol_state(InstrumentId(100)).unwrap();
    assert_eq!(state.to_string(), "refused: the venue does not list it; check its spelling");
}

#[test]
fn a_product_that_comes_under_its_alias_is_refused_with_the_fix() {
    let mut stand = Stand::new(&OPENING, settings(&OPENING, &["BTC-USDC", "ETH-USD"]));
    let fetches = stand.fetches();
    stand.answer(fetches[0].0, 200, product("BTC-USDC", r#""alias":"BTC-USD","alias_to":[],"#));
    let state = stand.session.symbol_state(InstrumentId(100)).unwrap();
    let expected = "refused: the venue sends it under its alias; follow `BASE-USD` instead";
    assert_eq!(state.to_string(), expected);
}

#[test]
fn questions_stay_within_their_rate() {
    let names: Vec<String> = (0..12).map(|n| format!("C{n}-USD")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stand = Stand::new(&OPENING, settings(&OPENING, &names));
    let mut counts = Vec::new();
    for _ in 0..3 {
        counts.push(stand.fetches().len());
        stand.pass(SECOND);
    }
    assert_eq!(counts, [5, 5, 2]);
}

#[test]
fn after_429_over_rest_nothing_is_asked_for_a_while() {
    let mut stand = Stand::new(&OPENING, two());
    let fetches = stand.fetches();
    stand.answer_after(fetches[0].0, 429, 9, r#"{"errors":[{"id":"rate_limit_exceeded"}]}"#);
    stand.pass(8 * SECOND);
    assert_eq!(stand.fetches(), []);
    stand.pass(2 * SECOND);
    assert_eq!(stand.fetches().len(), 1);
}

#[test]
fn something_is_subscribed_to_right_after_the_line_opens() {
    let mut stand = told(two());
    let line = stand.open();
    let texts = stand.texts(line);
    assert_eq!(texts[0], r#"{"type":"subscribe","channel":"heartbeats"}"#);
}

#[test]
fn a_request_is_about_one_channel_and_several_products() {
    let mut stand = told(two());
    let line = stand.open();
    stand.pass(20);
    let books = r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"level2"}"#;
    let trades =
        r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"market_trades"}"#;
    assert_eq!(stand.texts(line)[1..], [books, trades]);
}

#[test]
fn eight_messages_a_second_are_never_reached() {
    let names: Vec<String> = (0..600).map(|n| format!("C{n}-USD")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stand = Stand::new(&OPENING, settings(&OPENING, &names));
    for _ in 0..125 {
        tell(&mut stand);
        stand.pass(SECOND - 20);
    }
    assert!(stand.session.is_described());
    let line = stand.open();
    let mut sent = Vec::new();
    for n in 0..6 {
        stand.pass(990);
        sent.push(stand.texts(line).len());
        stand.frame(line, heartbeat(n));
        stand.pass(10);
    }
    // Heartbeats, and twelve batches of each channel.
    assert_eq!(sent.iter().sum::<usize>(), 25, "{sent:?}");
    assert!(sent.iter().all(|count| *count <= 7), "{sent:?}");
}

#[test]
fn the_reply_may_come_after_the_snapshot() {
    let mut stand = told(two());
    let line = stand.open();
    stand.pass(20);
    assert_eq!(stand.frame(line, book("snapshot", &["BTC-USD"])), FEED);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Subscribing));
    stand.frame(line, subscriptions(&["BTC-USD", "ETH-USD"], &[]));
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Syncing));
    stand.frame(line, book("snapshot", &["ETH-USD"]));
    assert_eq!(stand.stage(1), Stage::Live);
}

#[test]
fn one_frame_may_hold_several_whole_books() {
    let mut stand = told(two());
    let line = stand.open();
    stand.pass(20);
    stand.frame(line, book("snapshot", &TWO));
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Live));
}

#[test]
fn every_frame_of_the_line_goes_to_the_feed_since_all_count_in_its_sequence() {
    let (mut stand, line) = live();
    for text in [
        heartbeat(3),
        subscriptions(&TWO, &TWO),
        book("update", &TWO),
        String::from(ERROR),
        String::from(r#"{"channel":"weather","sequence_num":9,"events":[]}"#),
        String::from("{\"channel\":"),
    ] {
        assert_eq!(stand.frame(line, &text), FEED, "{text}");
    }
    assert_eq!(stand.session.tally().unread, 1);
}

#[test]
fn nothing_for_five_seconds_closes_the_line() {
    let (mut stand, line) = live();
    for n in 0..10 {
        stand.pass(SECOND);
        stand.frame(line, heartbeat(n));
    }
    assert_eq!(stand.closes(), []);
    stand.pass(5 * SECOND + 100);
    assert_eq!(stand.closes(), [(line, Why::Silence)]);
    assert_eq!(stand.resets(), [None]);
    let again = stand.open();
    serve(&mut stand, again);
    assert_eq!(stand.stage(0), Stage::Live);
}

#[test]
fn a_gap_takes_all_books_of_the_connection_anew_in_one_request() {
    let (mut stand, line) = live();
    stand.texts(line);
    stand.resync(0, ResyncReason::Connection);
    stand.resync(1, ResyncReason::Connection);
    stand.pass(20);
    let leave = r#"{"type":"unsubscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"level2"}"#;
    assert_eq!(stand.texts(line), [leave]);
    stand.frame(line, subscriptions(&[], &TWO));
    stand.pass(20);
    let again = r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"level2"}"#;
    assert_eq!(stand.texts(line), [again]);
    stand.frame(line, book("snapshot", &TWO));
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Live));
    assert_eq!(stand.session.tally().resyncs, 2);
}

#[test]
fn a_crossed_book_is_taken_anew_alone() {
    let (mut stand, line) = live();
    stand.texts(line);
    stand.resync(1, ResyncReason::Crossed);
    stand.pass(20);
    assert!(stand.texts(line)[0].contains(r#"["ETH-USD"]"#));
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Syncing));
}

#[test]
fn an_error_that_names_no_product_is_found_by_asking_for_each_alone() {
    let mut stand = told(settings(&OPENING, &["BTC-USD", "BAD-USD", "ETH-USD"]));
    let line = stand.open();
    stand.pass(20);
    stand.texts(line);
    stand.frame(line, ERROR);
    let mut granted: Vec<&str> = Vec::new();
    let mut trades: Vec<&str> = Vec::new();
    for n in 0..200 {
        stand.pass(SECOND);
        for text in stand.texts(line) {
            let products = text.matches("-USD").count();
            assert_eq!(products, 1, "{text}");
            let list = if text.contains("level2") { &mut granted } else { &mut trades };
            let name = ["BTC-USD", "BAD-USD", "ETH-USD"].into_iter().find(|n| text.contains(n));
            match name.unwrap() {
                "BAD-USD" => {
                    stand.frame(line, ERROR);
                    continue;
                }
                name => list.push(name),
            }
            let is_book = text.contains("level2");
            stand.frame(line, subscriptions(&granted, &trades));
            if is_book {
                stand.frame(line, book("snapshot", &[granted[granted.len() - 1]]));
            }
        }
        stand.frame(line, heartbeat(n));
    }
    let stages = [0, 1, 2].map(|n| stand.stage(n));
    assert_eq!(stages, [Stage::Live, Stage::Refused, Stage::Live]);
}

#[test]
fn a_second_line_stands_by_with_heartbeats_and_takes_over() {
    let mut stand = told(Settings { redundancy: 2, ..two() });
    let lines = stand.dials();
    let (first, second) = (lines[0], lines[1]);
    stand.opened(first);
    stand.opened(second);
    serve(&mut stand, first);
    let heartbeats = r#"{"type":"subscribe","channel":"heartbeats"}"#;
    assert_eq!(stand.texts(second), [heartbeats]);
    assert_eq!(stand.frame(second, heartbeat(1)), Pass::Drop);
    stand.closed(first);
    assert_eq!(stand.resets(), [None]);
    assert_eq!(stand.stage(0), Stage::Subscribing);
    assert_eq!(stand.frame(second, heartbeat(2)), FEED);
    serve(&mut stand, second);
    assert_eq!(stand.stage(0), Stage::Live);
}

#[test]
fn an_old_line_is_replaced_by_one_that_is_open() {
    let age = 60_000_000_000;
    let mut stand = told(Settings { line_age_ns_max: age, ..two() });
    let old = stand.open();
    serve(&mut stand, old);
    let mut n = 0;
    let new = loop {
        stand.pass(SECOND);
        stand.frame(old, heartbeat(n));
        n += 1;
        if let Some(line) = stand.dials().first() {
            break *line;
        }
    };
    stand.opened(new);
    assert_eq!(stand.closes(), [], "nothing was heard on the new one");
    assert_eq!(stand.frame(new, heartbeat(0)), Pass::Drop);
    stand.pass(20);
    assert_eq!((stand.closes(), stand.resets()), (vec![(old, Why::Succeeded)], vec![None]));
    serve(&mut stand, new);
    assert_eq!(stand.stage(0), Stage::Live);
}

#[test]
fn connections_stay_within_their_rate() {
    let mut stand = told(Settings { attempts_max: 2, ..two() });
    let mut attempts = Vec::new();
    while stand.now.0 < START.0 + 600 * 1_000_000_000 {
        stand.pass(10);
        for line in stand.dials() {
            attempts.push(stand.now.0);
            stand.opened(line);
            stand.closed(line);
        }
        tell(&mut stand);
    }
    for from in &attempts {
        let within = attempts.iter().filter(|at| (*from..from + 980_000_000).contains(at)).count();
        assert!(within <= 2, "{within}");
    }
}

#[test]
fn a_halted_product_says_so_when_metadata_is_asked_for_again() {
    let (mut stand, line) = live();
    for n in 0..301 {
        stand.pass(SECOND);
        stand.frame(line, heartbeat(n));
    }
    let fetches = stand.fetches();
    let halted =
        product("BTC-USD", "").replace(r#""trading_disabled":false"#, r#""trading_disabled":true"#);
    stand.answer(fetches[0].0, 200, halted);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Maintenance, Stage::Live));
    assert_eq!(stand.session.state().stage, Stage::Live);
}

#[test]
fn what_comes_late_from_a_lost_line_is_dropped() {
    let (mut stand, line) = live();
    stand.closed(line);
    assert_eq!(stand.frame(line, book("update", &TWO)), Pass::Drop);
}
