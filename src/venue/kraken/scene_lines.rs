//! Scenes of a Kraken session: lines that fall silent, break, grow old or are not to be had.

use super::frames::{
    FEED, HEARTBEAT, SECOND, TWO, asked, book, granted, listed, live, req_id, serve, status, trade,
    two,
};
use super::session::OPENING;
use crate::venue::session::stand::{START, Stand, settings};
use crate::venue::session::{Action, Line, Pass, Settings, Stage, Why};

#[test]
fn a_line_without_traffic_is_pinged_before_the_venue_closes_it() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    for _ in 0..45 {
        stand.pass(SECOND);
        stand.frame(line, HEARTBEAT);
    }
    let texts = stand.texts(line);
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].starts_with(r#"{"method":"ping","req_id":"#));
    let pong = r#"{"method":"pong","req_id":101,"time_in":"2023-09-24T14:10:23.799685Z","time_out":"2023-09-24T14:10:23.799703Z"}"#;
    assert_eq!(stand.frame(line, pong), Pass::Drop);
}

#[test]
fn a_line_without_heartbeats_is_asked_then_closed_and_dialled_again() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    stand.pass(6 * SECOND);
    assert_eq!(stand.texts(line).len(), 1, "is it still there?");
    assert_eq!(stand.closes(), []);
    stand.pass(5 * SECOND);
    assert_eq!(stand.closes(), [(line, Why::Silence)]);
    assert_eq!(stand.resets(), [None]);
    assert_ne!(stand.stage(0), Stage::Live);
    let again = live(&mut stand, &TWO);
    assert!(again.attempt > line.attempt);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Live));
}

#[test]
fn heartbeats_keep_a_quiet_line_and_go_to_the_feed() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    for _ in 0..30 {
        stand.pass(SECOND);
        assert_eq!(stand.frame(line, HEARTBEAT), FEED);
    }
    assert_eq!(stand.closes(), []);
}

#[test]
fn what_comes_late_from_a_lost_line_is_dropped() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    stand.closed(line);
    assert_eq!(stand.frame(line, book("update", "BTC/USD")), Pass::Drop);
    stand.closed(line);
    assert_eq!(stand.resets(), [None], "once");
}

#[test]
fn attempts_stay_within_their_bound_in_any_ten_minutes() {
    let mut stand = Stand::new(&OPENING, Settings { attempts_max: 12, ..settings(&OPENING, &TWO) });
    let mut attempts = Vec::new();
    // The venue takes each connection and ends it at once.
    while stand.now.0 < START.0 + 3_600 * 1_000_000_000 {
        stand.pass(50);
        for line in stand.dials() {
            attempts.push(stand.now.0);
            stand.opened(line);
            stand.closed(line);
        }
    }
    assert!(attempts.len() > 48, "{}", attempts.len());
    // Less what lies between two looks.
    let span = 599_900 * 1_000_000;
    for from in &attempts {
        let within = attempts.iter().filter(|at| (*from..from + span).contains(at)).count();
        assert!(within <= 12, "{within}");
    }
    assert!(attempts[3] - attempts[0] < 1_000_000_000, "the first ones are made at once");
}

#[test]
fn shut_out_means_ten_minutes_without_an_attempt() {
    let mut stand = two();
    let line = stand.dials()[0];
    stand.failed(line, 429, 0);
    stand.pass(599 * SECOND);
    assert_eq!(stand.dials(), []);
    assert_eq!(stand.session.state().stage, Stage::Banned);
    stand.pass(2 * SECOND);
    assert_eq!(stand.dials().len(), 1);
}

#[test]
fn five_seconds_lie_between_attempts_after_maintenance() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    stand.frame(line, status("maintenance"));
    assert_eq!(stand.session.state().stage, Stage::Maintenance);
    stand.closed(line);
    for _ in 0..3 {
        stand.pass(4_990);
        assert_eq!(stand.dials(), []);
        stand.pass(20);
        let line = stand.dials()[0];
        stand.failed(line, 503, 0);
    }
    stand.await_dial();
    live(&mut stand, &TWO);
    assert_eq!(stand.session.state().stage, Stage::Live);
}

#[test]
fn orders_may_be_limited_while_the_market_goes_on() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    stand.frame(line, status("cancel_only"));
    stand.frame(line, status("post_only"));
    assert_eq!(stand.session.state().stage, Stage::Live);
}

/// Two lines at once.
fn doubled() -> (Stand, Line, Line) {
    let mut stand = Stand::new(&OPENING, Settings { redundancy: 2, ..settings(&OPENING, &TWO) });
    let lines = stand.dials();
    assert_eq!(lines.len(), 2);
    stand.opened(lines[0]);
    stand.opened(lines[1]);
    stand.frame(lines[0], listed(&TWO));
    stand.pass(20);
    serve(&mut stand, lines[0], &TWO);
    stand.pass(20);
    (stand, lines[0], lines[1])
}

#[test]
fn a_second_line_stands_by_and_takes_over_without_dialling() {
    let (mut stand, first, second) = doubled();
    assert_eq!(stand.stage(0), Stage::Live);
    assert_eq!(stand.texts(second), Vec::<String>::new());
    assert_eq!(stand.frame(second, HEARTBEAT), Pass::Drop);
    stand.closed(first);
    assert_eq!(stand.resets(), [None]);
    stand.pass(20);
    let texts = stand.texts(second);
    assert!(texts[0].contains("instrument"));
    let id = req_id(&asked(&texts, "subscribe", "book")[0]);
    assert_eq!(stand.stage(0), Stage::Subscribing);
    stand.frame(second, granted("book", "BTC/USD", id));
    assert_eq!(stand.frame(second, book("snapshot", "BTC/USD")), FEED);
    assert_eq!(stand.frame(second, book("update", "BTC/USD")), FEED);
    assert_eq!(stand.stage(0), Stage::Live);
    assert_eq!(stand.dials().len(), 1, "the lost one is dialled again, to stand by");
}

#[test]
fn a_line_that_stands_by_is_pinged_so_that_its_death_is_seen() {
    let (mut stand, first, second) = doubled();
    for _ in 0..8 {
        stand.pass(SECOND);
        stand.frame(first, HEARTBEAT);
    }
    assert_ne!(stand.texts(second), Vec::<String>::new());
    stand.frame(second, r#"{"method":"pong","req_id":1}"#);
    for _ in 0..12 {
        stand.pass(SECOND);
        stand.frame(first, HEARTBEAT);
    }
    assert_eq!(stand.closes(), [(second, Why::Silence)]);
    assert_eq!((stand.resets(), stand.stage(0)), (vec![], Stage::Live));
}

/// A line that has grown old, and its successor, open.
fn aged() -> (Stand, Line, Line) {
    let settings = Settings { line_age_ns_max: 60_000_000_000, ..settings(&OPENING, &TWO) };
    let mut stand = Stand::new(&OPENING, settings);
    let old = live(&mut stand, &TWO);
    while stand.actions.iter().all(|action| !matches!(action, Action::Connect { .. })) {
        stand.pass(100);
        stand.frame(old, HEARTBEAT);
    }
    let new = stand.open();
    stand.frame(new, listed(&TWO));
    stand.pass(20);
    (stand, old, new)
}

#[test]
fn a_successor_is_made_before_the_old_line_is_broken() {
    let (mut stand, old, new) = aged();
    let texts = stand.texts(new);
    let (books, trades) = (asked(&texts, "subscribe", "book"), asked(&texts, "subscribe", "trade"));
    // Both bring the first book; the new one counts from its own snapshot on.
    assert_eq!(stand.frame(new, book("update", "BTC/USD")), Pass::Drop);
    assert_eq!(stand.frame(old, book("update", "BTC/USD")), FEED);
    stand.frame(new, granted("book", "BTC/USD", req_id(&books[0])));
    assert_eq!(stand.frame(new, book("snapshot", "BTC/USD")), FEED);
    assert_eq!(stand.frame(new, book("update", "BTC/USD")), FEED);
    assert_eq!(stand.frame(old, book("update", "BTC/USD")), Pass::Drop);
    assert_eq!(stand.frame(old, book("update", "ETH/USD")), FEED);
    assert_eq!((stand.stage(0), stand.closes()), (Stage::Live, vec![]));
    stand.frame(new, book("snapshot", "ETH/USD"));
    for symbol in TWO {
        stand.frame(new, granted("trade", symbol, req_id(&trades[0])));
    }
    stand.pass(20);
    assert_eq!(stand.closes(), [(old, Why::Succeeded)]);
    assert_eq!(stand.resets(), [], "no book was in doubt");
    assert_eq!(stand.session.tally().successions, 1);
    assert_eq!(stand.frame(old, book("update", "BTC/USD")), Pass::Drop);
    assert_eq!(stand.frame(new, book("update", "ETH/USD")), FEED);
    assert_eq!(stand.session.state().stage, Stage::Live);
}

#[test]
fn while_two_lines_bring_trades_each_goes_to_the_feed_once() {
    let (mut stand, old, new) = aged();
    assert_eq!(stand.frame(old, trade("BTC/USD", 7)), FEED);
    assert_eq!(stand.frame(new, trade("BTC/USD", 7)), Pass::Drop);
    assert_eq!(stand.frame(new, trade("BTC/USD", 8)), FEED);
    assert_eq!(stand.frame(old, trade("BTC/USD", 8)), Pass::Drop);
    assert_eq!(stand.frame(old, trade("ETH/USD", 8)), FEED);
}

#[test]
fn a_successor_that_breaks_leaves_its_books_in_doubt_and_no_others() {
    let (mut stand, old, new) = aged();
    stand.frame(new, book("snapshot", "ETH/USD"));
    stand.closed(new);
    assert_eq!(stand.resets(), [Some(1)]);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Syncing));
    stand.pass(20);
    let texts = stand.texts(old);
    assert!(asked(&texts, "unsubscribe", "book")[0].contains(r#"["ETH/USD"]"#));
}

#[test]
fn an_old_line_that_breaks_hands_over_to_what_has_come_of_its_successor() {
    let (mut stand, old, new) = aged();
    stand.frame(new, book("snapshot", "ETH/USD"));
    stand.texts(new);
    stand.closed(old);
    // A reset voids both books, the one that had moved too.
    assert_eq!(stand.resets(), [None]);
    stand.pass(20);
    assert!(asked(&stand.texts(new), "unsubscribe", "book")[0].contains(r#"["ETH/USD"]"#));
    assert_eq!(stand.frame(new, book("snapshot", "BTC/USD")), FEED);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Syncing));
}
