//! Scenes of a Binance session: two lines, successors, silence and shut doors.

use super::frames::{
    FEED, SECOND, TWO, depth, doubled, grant, id_of, live, quote, snapshot, told, trade, two,
};
use crate::venue::session::stand::{START, Stand};
use crate::venue::session::{Action, Line, Pass, Settings, Stage, Why};

fn pair_of_lines() -> (Stand, Line, Line) {
    doubled(Settings { redundancy: 2, ..two() })
}

#[test]
fn the_first_line_to_bring_a_change_wins() {
    let (mut stand, first, second) = pair_of_lines();
    assert_eq!(stand.stage(0), Stage::Live);
    assert_eq!(stand.frame(second, depth("BTCUSDT", 161, 165)), FEED);
    assert_eq!(stand.frame(first, depth("BTCUSDT", 161, 165)), Pass::Drop);
    assert_eq!(stand.frame(first, depth("BTCUSDT", 166, 166)), FEED);
    assert_eq!(stand.frame(second, depth("BTCUSDT", 166, 166)), Pass::Drop);
    assert_eq!(stand.frame(second, trade("BTCUSDT", 9)), Pass::Drop, "the leader comes first");
    assert_eq!(stand.frame(first, trade("BTCUSDT", 9)), FEED);
    assert_eq!(stand.frame(second, trade("BTCUSDT", 10)), FEED);
    assert_eq!(stand.frame(first, trade("BTCUSDT", 10)), Pass::Drop);
    assert_eq!(stand.frame(second, quote("BTCUSDT", 170)), FEED);
    assert_eq!(stand.frame(first, quote("BTCUSDT", 169)), Pass::Drop);
}

#[test]
fn a_change_that_leaves_a_hole_waits_for_the_other_line() {
    let (mut stand, first, second) = pair_of_lines();
    assert_eq!(stand.frame(second, depth("BTCUSDT", 170, 175)), Pass::Drop);
    assert_eq!(stand.session.tally().ahead, 1);
    assert_eq!(stand.frame(first, depth("BTCUSDT", 161, 169)), FEED);
    assert_eq!(stand.frame(first, depth("BTCUSDT", 170, 175)), FEED);
    // On the line that is lived on it is a real one: the book shall see it.
    assert_eq!(stand.frame(first, depth("BTCUSDT", 180, 185)), FEED);
}

#[test]
fn a_line_that_breaks_takes_no_book_along_where_the_other_brings_it() {
    let (mut stand, first, second) = pair_of_lines();
    stand.closed(first);
    assert_eq!(stand.resets(), []);
    assert_eq!(stand.stage(0), Stage::Live);
    // It lags behind, and what the feed has is not given to it twice.
    assert_eq!(stand.frame(second, depth("BTCUSDT", 150, 155)), Pass::Drop);
    assert_eq!(stand.frame(second, depth("BTCUSDT", 161, 163)), FEED);
    stand.closed(second);
    assert_eq!(stand.resets(), [None], "now nobody brings them");
    assert_ne!(stand.stage(0), Stage::Live);
}

#[test]
fn a_book_that_the_other_line_does_not_bring_yet_is_void() {
    let (mut stand, first) = live();
    // A successor is opened, and has only what its address names.
    stand.frame(first, r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}"#);
    stand.pass(20);
    let second = stand.open();
    stand.closed(first);
    assert_eq!(stand.resets(), [Some(1)]);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Subscribing));
    assert_eq!(stand.frame(second, depth("BTCUSDT", 161, 163)), FEED);
}

#[test]
fn a_line_gets_its_successor_before_24_hours_are_over() {
    let (mut stand, first) = live();
    let mut id = 160;
    let second = loop {
        stand.pass(5 * SECOND);
        id += 1;
        for symbol in TWO {
            stand.frame(first, depth(symbol, id, id));
        }
        for (fetch, path) in stand.fetches() {
            assert!(path.contains("exchangeInfo"));
            stand.answer(fetch, 200, super::frames::info(&TWO, "TRADING"));
        }
        stand.texts(first);
        if let Some(line) = stand.dials().first() {
            break *line;
        }
    };
    let age_s = (stand.now.0 - START.0) / 1_000_000_000;
    assert!((21 * 3_600..=23 * 3_600 + 10).contains(&age_s), "{age_s}");
    stand.opened(second);
    stand.pass(20);
    grant(&mut stand, second);
    assert_eq!(stand.frame(first, depth("BTCUSDT", id + 1, id + 2)), FEED);
    assert_eq!(stand.frame(second, depth("BTCUSDT", id + 1, id + 2)), Pass::Drop);
    stand.pass(20);
    assert_eq!(stand.closes(), [], "the other book has not joined");
    assert_eq!(stand.frame(first, depth("ETHUSDT", id + 1, id + 2)), FEED);
    assert_eq!(stand.frame(second, depth("ETHUSDT", id + 3, id + 4)), FEED);
    stand.pass(20);
    assert_eq!(stand.closes(), [(first, Why::Succeeded)]);
    assert_eq!((stand.resets(), stand.stage(0)), (vec![], Stage::Live));
    assert_eq!(stand.frame(second, depth("ETHUSDT", id + 5, id + 6)), FEED);
    assert_eq!(stand.session.tally().successions, 1);
}

#[test]
fn before_the_server_stops_a_successor_is_dialled_at_once() {
    let (mut stand, first) = live();
    assert_eq!(stand.frame(first, r#"{"e":"serverShutdown","E":1770123456789}"#), Pass::Drop);
    stand.pass(20);
    assert_eq!(stand.dials().len(), 1);
    assert_eq!(stand.closes(), [], "the old one brings the market still");
    assert_eq!(stand.frame(first, depth("BTCUSDT", 161, 162)), FEED);
}

#[test]
fn a_silent_line_is_asked_then_closed() {
    let (mut stand, first) = live();
    stand.pass(6 * SECOND);
    let texts = stand.texts(first);
    assert!(texts[0].starts_with(r#"{"method":"LIST_SUBSCRIPTIONS""#), "{texts:?}");
    stand.frame(first, format!(r#"{{"result":["btcusdt@trade"],"id":{}}}"#, id_of(&texts[0])));
    stand.pass(6 * SECOND);
    assert_eq!(stand.closes(), [], "it answered");
    stand.pass(5 * SECOND);
    assert_eq!(stand.closes(), [(first, Why::Silence)]);
    assert_eq!(stand.resets(), [None]);
}

#[test]
fn attempts_stay_within_their_bound_in_any_five_minutes() {
    let mut stand = told(Settings { attempts_max: 10, ..two() });
    let mut attempts = Vec::new();
    while stand.now.0 < START.0 + 1_800 * 1_000_000_000 {
        stand.pass(50);
        for line in stand.dials() {
            attempts.push(stand.now.0);
            stand.failed(line, 0, 0);
        }
        for (id, _) in stand.fetches() {
            stand.answer(id, 200, super::frames::info(&TWO, "TRADING"));
        }
    }
    assert!(attempts.len() > 30, "{}", attempts.len());
    // Less what lies between two looks.
    let span = 299_900 * 1_000_000;
    for from in &attempts {
        let within = attempts.iter().filter(|at| (*from..from + span).contains(at)).count();
        assert!(within <= 10, "{within}");
    }
}

#[test]
fn a_shut_door_says_for_how_long() {
    let mut stand = told(two());
    let line = stand.dials()[0];
    stand.failed(line, 418, 300);
    stand.pass(299 * SECOND);
    assert_eq!(stand.dials(), []);
    assert_eq!(stand.session.state().stage, Stage::Banned);
    stand.pass(2 * SECOND);
    assert_eq!(stand.dials().len(), 1);
}

#[test]
fn what_comes_late_from_a_lost_line_is_dropped() {
    let (mut stand, first) = live();
    stand.closed(first);
    assert_eq!(stand.frame(first, depth("BTCUSDT", 161, 162)), Pass::Drop);
    stand.take(|action| matches!(action, Action::Reset { .. }).then_some(()));
    stand.closed(first);
    assert_eq!(stand.resets(), []);
    // It comes back, and all begins anew.
    stand.await_dial();
    let again = stand.open();
    stand.pass(20);
    grant(&mut stand, again);
    stand.frame(again, depth("BTCUSDT", 200, 210));
    stand.pass(20);
    let (id, _) = stand.fetches()[0];
    stand.answer(id, 200, snapshot(205));
    assert_eq!(stand.stage(0), Stage::Live);
}
