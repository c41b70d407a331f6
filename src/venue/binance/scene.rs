//! Scenes of a Binance session: metadata, subscriptions, snapshots and their weight.

use super::frames::{
    FEED, SECOND, TWO, depth, grant, granted, id_of, info, live, snapshot, told, two, waiting,
};
use super::session::OPENING;
use super::talk::depth_weight;
use crate::base::{InstrumentId, Nanos};
use crate::event::ResyncReason;
use crate::venue::session::stand::{HERE, Stand, settings};
use crate::venue::session::{Action, Answer, Pass, Settings, SettingsError, Stage};

#[test]
fn exchange_info_is_asked_for_before_anything() {
    let mut stand = Stand::new(&OPENING, two());
    assert_eq!(stand.dials(), []);
    let (id, path) = stand.fetches()[0].clone();
    assert_eq!(path, "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D");
    stand.answer(id, 200, info(&TWO, "TRADING"));
    assert!(stand.session.is_described());
    let described = stand.take(|action| match action {
        Action::Describe { id, described } => Some((id.0, **described)),
        _ => None,
    });
    assert_eq!((described.len(), described[0].0), (2, 100));
    assert_eq!(described[0].1.price_decimals, 8);
    assert_eq!((described[0].1.tick.mantissa, described[0].1.tick.scale), (1_000_000, 8));
    stand.pass(20);
    let addresses = stand.take(|action| match action {
        Action::Connect { address, .. } => Some(address.clone()),
        _ => None,
    });
    let path = "/stream?streams=btcusdt@depth@100ms/btcusdt@trade/btcusdt@bookTicker";
    assert_eq!((addresses[0].host.as_str(), addresses[0].port), ("stream.binance.com", 9_443));
    assert_eq!(addresses[0].path, path);
}

#[test]
fn one_wrong_name_is_found_by_halves_and_refused_alone() {
    let names = ["BTCUSDT", "ETHUSDT", "NOPEUSDT", "SOLUSDT"];
    let mut stand = Stand::new(&OPENING, settings(&OPENING, &names));
    let mut asked = 0;
    for _ in 0..10 {
        for (id, path) in stand.fetches() {
            asked += 1;
            let named: Vec<&str> = names.into_iter().filter(|n| path.contains(n)).collect();
            if path.contains("NOPE") {
                stand.answer(id, 400, r#"{"code":-1121,"msg":"Invalid symbol."}"#);
            } else {
                stand.answer(id, 200, info(&named, "TRADING"));
            }
        }
        stand.pass(20);
    }
    assert_eq!(asked, 5);
    assert!(stand.session.is_described());
    assert_eq!(stand.stage(2), Stage::Refused);
    let state = stand.session.symbol_state(InstrumentId(102)).unwrap();
    assert_eq!(state.to_string(), "refused: the venue does not list it; check its spelling");
    let line = stand.open();
    stand.pass(20);
    assert!(!grant(&mut stand, line)[0].contains("nope"));
}

#[test]
fn what_the_address_names_is_not_asked_for_again() {
    let mut stand = told(two());
    let line = stand.open();
    stand.pass(SECOND);
    let texts = stand.texts(line);
    let expected = r#"{"method":"SUBSCRIBE","params":["ethusdt@depth@100ms","ethusdt@trade","ethusdt@bookTicker"],"id":1}"#;
    assert_eq!(texts, [expected]);
    assert_eq!(stand.stage(1), Stage::Subscribing);
    stand.frame(line, granted(1));
    assert_eq!(stand.stage(1), Stage::Syncing);
}

#[test]
fn five_messages_a_second_are_never_reached_and_pongs_count() {
    let names: Vec<String> = (0..341).map(|n| format!("C{n}USDT")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stand = Stand::new(&OPENING, settings(&OPENING, &names));
    for _ in 0..3 {
        for (id, path) in stand.fetches() {
            let named: Vec<&str> =
                names.iter().copied().filter(|n| path.contains(&format!("22{n}%"))).collect();
            stand.answer(id, 200, info(&named, "TRADING"));
        }
        stand.pass(20);
    }
    let line = stand.dials()[0];
    stand.session.opened(line, stand.now, &mut stand.actions);
    stand.session.pinged(line, stand.now);
    stand.session.pinged(line, stand.now);
    stand.pass(SECOND - 20);
    assert_eq!(stand.texts(line).len(), 2);
    stand.pass(SECOND);
    assert_eq!(stand.texts(line).len(), 4);
    stand.pass(SECOND);
    assert_eq!(stand.texts(line).len(), 1, "341 symbols are 7 requests");
}

#[test]
fn more_streams_than_a_connection_takes_are_refused_at_start() {
    let names: Vec<String> = (0..342).map(|n| format!("C{n}USDT")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let error = (OPENING.open)(settings(&OPENING, &names), Nanos(1)).unwrap_err();
    let expected =
        SettingsError::TooMany { venue: "binance", what: "streams", found: 1_026, max: 1_024 };
    assert_eq!(error, expected);
}

#[test]
fn a_snapshot_is_fetched_when_changes_wait_for_it() {
    let mut stand = told(two());
    let line = stand.open();
    stand.pass(20);
    grant(&mut stand, line);
    stand.pass(SECOND);
    assert_eq!(stand.fetches(), []);
    assert_eq!(stand.frame(line, depth("BTCUSDT", 157, 160)), FEED);
    stand.pass(20);
    let fetches = stand.fetches();
    assert_eq!(fetches.len(), 1);
    assert_eq!(fetches[0].1, "/api/v3/depth?symbol=BTCUSDT&limit=5000");
}

#[test]
fn a_snapshot_older_than_the_first_change_is_fetched_again() {
    let (mut stand, _, ids) = waiting();
    assert_eq!(stand.answer(ids[0], 200, snapshot(155)), Pass::Drop);
    assert_eq!((stand.stage(0), stand.session.tally().snapshots_old), (Stage::Syncing, 1));
    stand.pass(SECOND);
    let (again, path) = stand.fetches()[0].clone();
    assert!(path.contains("BTCUSDT"));
    assert_eq!(stand.answer(again, 200, snapshot(158)), Pass::Snapshot(HERE, InstrumentId(100)));
    assert_eq!(stand.stage(0), Stage::Live);
}

#[test]
fn a_snapshot_that_ends_right_before_the_first_change_is_enough() {
    let (mut stand, _, ids) = waiting();
    assert_eq!(stand.answer(ids[0], 200, snapshot(156)), Pass::Snapshot(HERE, InstrumentId(100)));
}

#[test]
fn a_silent_symbol_gets_its_snapshot_after_the_first_message_timer() {
    let mut stand = told(two());
    let line = stand.open();
    stand.pass(20);
    grant(&mut stand, line);
    for n in 0..11 {
        stand.pass(SECOND);
        stand.frame(line, depth("BTCUSDT", 157 + n, 157 + n));
    }
    stand.pass(20);
    let paths: Vec<String> = stand.fetches().into_iter().map(|(_, path)| path).collect();
    assert!(paths.iter().any(|path| path.contains("ETHUSDT")), "{paths:?}");
}

#[test]
fn snapshots_stay_within_half_of_the_weight_of_a_minute() {
    assert_eq!(
        [100, 101, 500, 501, 1_000, 1_001, 5_000].map(depth_weight),
        [5, 25, 25, 50, 50, 250, 250]
    );
    let names: Vec<String> = (0..40).map(|n| format!("C{n}USDT")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stand = Stand::new(&OPENING, Settings { depth: 5_000, ..settings(&OPENING, &names) });
    let (id, _) = stand.fetches()[0];
    stand.answer(id, 200, info(&names, "TRADING"));
    stand.pass(20);
    let line = stand.open();
    let mut fetched = 0;
    for turn in 0..590 {
        stand.pass(100);
        grant(&mut stand, line);
        for name in &names {
            stand.frame(line, depth(name, 1 + turn, 1 + turn));
        }
        for (id, _) in stand.fetches() {
            fetched += 1;
            stand.answer(id, 200, snapshot(1_000));
        }
    }
    // 3000 less 20 for metadata, by 250.
    assert_eq!(fetched, 11);
    assert_eq!(stand.session.state().stage, Stage::Syncing);
    for turn in 0..1_900 {
        stand.pass(100);
        stand.frame(line, depth(names[0], 591 + turn, 591 + turn));
        for (id, _) in stand.fetches() {
            stand.answer(id, 200, snapshot(1_000));
        }
    }
    assert_eq!(stand.session.state().stage, Stage::Live);
}

#[test]
fn weight_that_others_used_is_not_used_again() {
    let (mut stand, line, ids) = waiting();
    let body = snapshot(160);
    let answer =
        Answer { status: 200, retry_after_ns: 0, used_weight: Some(2_990), body: body.as_bytes() };
    stand.session.fetched(ids[0], &answer, stand.now, &mut stand.actions);
    stand.answer(ids[1], 200, snapshot(160));
    stand.resync(0, ResyncReason::Gap);
    stand.frame(line, depth("BTCUSDT", 170, 171));
    stand.pass(SECOND);
    assert_eq!(stand.fetches(), []);
    for n in 0..60 {
        stand.pass(SECOND);
        stand.frame(line, depth("BTCUSDT", 172 + n, 172 + n));
    }
    assert!(stand.fetches().iter().any(|(_, path)| path.contains("depth")));
}

#[test]
fn after_429_nothing_is_asked_until_retry_after() {
    let (mut stand, line, ids) = waiting();
    stand.answer_after(ids[0], 429, 7, "");
    stand.answer(ids[1], 200, snapshot(160));
    for n in 0..6 {
        stand.pass(SECOND);
        stand.frame(line, depth("BTCUSDT", 161 + n, 161 + n));
        assert_eq!(stand.fetches(), []);
    }
    stand.pass(2 * SECOND);
    assert_eq!(stand.fetches().len(), 1);
    assert_eq!(stand.stage(1), Stage::Live, "its sibling lives on");
}

#[test]
fn after_418_nothing_is_dialled_either() {
    let (mut stand, line, ids) = waiting();
    stand.answer_after(ids[0], 418, 120, "");
    stand.closed(line);
    stand.pass(119 * SECOND);
    assert_eq!((stand.dials(), stand.fetches()), (vec![], vec![]));
    assert_eq!(stand.session.state().stage, Stage::Banned);
    stand.pass(2 * SECOND);
    assert_eq!(stand.dials().len(), 1);
}

#[test]
fn a_hole_in_update_ids_fetches_that_symbol_alone() {
    let (mut stand, line) = live();
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Live));
    stand.frame(line, depth("BTCUSDT", 170, 175));
    stand.resync(0, ResyncReason::Gap);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Syncing, Stage::Live));
    stand.frame(line, depth("BTCUSDT", 176, 180));
    stand.pass(20);
    let fetches = stand.fetches();
    assert_eq!(fetches.len(), 1);
    // The change that follows is what waits: an older snapshot cannot reach it.
    assert_eq!(stand.answer(fetches[0].0, 200, snapshot(174)), Pass::Drop);
    stand.pass(SECOND);
    let again = stand.fetches()[0].0;
    stand.answer(again, 200, snapshot(181));
    assert_eq!(stand.stage(0), Stage::Live);
}

#[test]
fn changes_that_had_to_be_thrown_away_void_a_snapshot_on_its_way() {
    let (mut stand, _, ids) = waiting();
    stand.resync(0, ResyncReason::Overflow);
    assert_eq!(stand.answer(ids[0], 200, snapshot(160)), Pass::Drop);
    assert_eq!(stand.stage(0), Stage::Syncing);
}

#[test]
fn a_refused_request_is_repeated_for_each_symbol() {
    let names = ["AUSDT", "BUSDT", "CUSDT"];
    let mut stand = Stand::new(&OPENING, settings(&OPENING, &names));
    let (id, _) = stand.fetches()[0];
    stand.answer(id, 200, info(&names, "TRADING"));
    stand.pass(20);
    let line = stand.open();
    stand.pass(20);
    let texts = stand.texts(line);
    assert_eq!(texts.len(), 1);
    let error = r#"{"code":2,"msg":"Invalid request: unknown stream","id":"#;
    stand.frame(line, format!("{error}{}}}", id_of(&texts[0])));
    for _ in 0..100 {
        stand.pass(SECOND);
        for text in stand.texts(line) {
            let id = id_of(&text);
            let is_wrong = text.contains("busdt");
            stand.frame(line, if is_wrong { format!("{error}{id}}}") } else { granted(id) });
        }
    }
    assert_eq!(stand.stage(1), Stage::Refused);
    assert_ne!(stand.stage(2), Stage::Refused);
}

#[test]
fn a_halted_symbol_says_so_when_metadata_is_asked_for_again() {
    let (mut stand, line) = live();
    for _ in 0..301 {
        stand.pass(SECOND);
        for text in stand.texts(line) {
            stand.frame(line, format!(r#"{{"result":[],"id":{}}}"#, id_of(&text)));
        }
    }
    let (id, path) = stand.fetches()[0].clone();
    assert!(path.contains("exchangeInfo"));
    stand.answer(id, 200, info(&TWO, "HALT"));
    assert_eq!(stand.stage(0), Stage::Maintenance);
    assert_eq!(stand.session.state().stage, Stage::Maintenance);
}

#[test]
fn a_question_that_fails_is_asked_again_later_and_later() {
    let mut stand = Stand::new(&OPENING, two());
    let mut asked = 0;
    for _ in 0..3_000 {
        for (id, _) in stand.fetches() {
            asked += 1;
            stand.answer(id, 503, "");
        }
        stand.pass(100);
    }
    assert!((8..=16).contains(&asked), "{asked} in five minutes");
}

#[test]
fn an_answer_that_never_comes_is_given_up_and_may_come_late() {
    let (mut stand, _, ids) = waiting();
    stand.pass(33 * SECOND);
    assert_eq!(stand.answer(ids[0], 200, snapshot(160)), Pass::Drop);
}

#[test]
fn what_is_unknown_or_broken_does_no_harm() {
    let (mut stand, line) = live();
    assert_eq!(stand.frame(line, r#"{"stream":"btcusdt@kline_1m","data":{"e":"kline"}}"#), FEED);
    assert_eq!(stand.frame(line, r#"{"e":"whatever"}"#), FEED);
    assert_eq!(stand.frame(line, "{\"result\":"), FEED);
    assert_eq!(stand.session.tally().unread, 1);
    assert_eq!(stand.stage(0), Stage::Live);
}
