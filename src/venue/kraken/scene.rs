//! Scenes of a Kraken session: what is asked for, granted, refused and taken anew.

use super::frames::{
    FEED, HEARTBEAT, SECOND, TWO, asked, book, denied, granted, instrument, left, listed, live,
    req_id, two,
};
use super::session::OPENING;
use crate::base::Status;
use crate::event::ResyncReason;
use crate::venue::session::stand::{Stand, settings};
use crate::venue::session::{Action, Pass, Settings, SettingsError, Stage};

#[test]
fn instrument_is_asked_for_before_any_book() {
    let mut stand = two();
    let line = stand.open();
    stand.pass(SECOND);
    let texts = stand.texts(line);
    assert_eq!(texts.len(), 1, "{texts:?}");
    let expected =
        r#"{"method":"subscribe","params":{"channel":"instrument","snapshot":true},"req_id":6}"#;
    assert_eq!(texts[0], expected);
    stand.frame(line, listed(&TWO));
    stand.pass(20);
    let texts = stand.texts(line);
    let expected = r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD","ETH/USD"],"depth":10,"snapshot":true},"req_id":8}"#;
    assert_eq!(asked(&texts, "subscribe", "book"), [expected]);
    assert_eq!(asked(&texts, "subscribe", "trade").len(), 1);
}

#[test]
fn metadata_is_handed_out_as_data() {
    let mut stand = Stand::asleep(&OPENING, settings(&OPENING, &TWO));
    let line = stand.open();
    assert!(!stand.session.is_described());
    stand.frame(line, listed(&["BTC/USD", "ETH/USD", "DOGE/USD"]));
    assert!(stand.session.is_described());
    let described = stand.take(|action| match action {
        Action::Describe { id, described } => Some((id.0, **described)),
        _ => None,
    });
    assert_eq!(described.len(), 2);
    let (id, btc) = described[0];
    assert_eq!((id, btc.price_decimals, btc.qty_decimals), (100, 1, 8));
    assert_eq!((btc.lot.mantissa, btc.lot.scale, btc.status), (1, 8, Status::Open));
}

#[test]
fn before_it_begins_only_metadata_is_asked_for() {
    let mut stand = Stand::asleep(&OPENING, settings(&OPENING, &TWO));
    let line = stand.open();
    stand.frame(line, listed(&TWO));
    stand.pass(SECOND);
    assert_eq!(stand.texts(line).len(), 1);
    assert_eq!(stand.stage(0), Stage::Idle);
    stand.session.begin(stand.now);
    stand.pass(20);
    assert_eq!(stand.texts(line).len(), 2);
}

#[test]
fn each_symbol_is_granted_by_its_own_reply() {
    let mut stand = two();
    let line = stand.open();
    stand.frame(line, listed(&TWO));
    stand.pass(20);
    let id = req_id(&asked(&stand.texts(line), "subscribe", "book")[0]);
    stand.frame(line, granted("book", "BTC/USD", id));
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Syncing, Stage::Subscribing));
    // Data of the first comes between the replies.
    assert_eq!(stand.frame(line, book("snapshot", "BTC/USD")), FEED);
    assert_eq!(stand.frame(line, book("update", "BTC/USD")), FEED);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Subscribing));
    stand.frame(line, granted("book", "ETH/USD", id));
    stand.frame(line, book("snapshot", "ETH/USD"));
    assert_eq!(stand.stage(1), Stage::Live);
}

#[test]
fn a_symbol_that_is_refused_leaves_its_siblings_alone() {
    let mut stand = two();
    let line = stand.open();
    stand.frame(line, listed(&TWO));
    stand.pass(20);
    let texts = stand.texts(line);
    let id = req_id(&asked(&texts, "subscribe", "book")[0]);
    stand.frame(line, denied("BTC/USD", "Currency pair not supported BTC/USD", id));
    stand.frame(line, granted("book", "ETH/USD", id));
    stand.frame(line, book("snapshot", "ETH/USD"));
    stand.pass(SECOND);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Refused, Stage::Live));
    assert_eq!(stand.session.state().stage, Stage::Live);
}

#[test]
fn a_symbol_that_is_not_listed_is_refused_with_the_fix() {
    let mut stand = Stand::new(&OPENING, settings(&OPENING, &["XBT/USD", "ETH/USD"]));
    let line = stand.open();
    stand.frame(line, listed(&TWO));
    stand.pass(20);
    let state = stand.session.symbol_state(crate::base::InstrumentId(100)).unwrap();
    assert_eq!(state.to_string(), "refused: the venue does not list it; check its spelling");
    assert!(!stand.texts(line).iter().any(|text| text.contains("XBT/USD")));
    // It is listed later.
    stand.frame(line, instrument("update", &[("XBT/USD", "online")]));
    stand.pass(20);
    assert_eq!(asked(&stand.texts(line), "subscribe", "book").len(), 1);
}

#[test]
fn symbols_are_asked_for_in_batches_within_the_message_rate() {
    let names: Vec<String> = (0..2_500).map(|n| format!("C{n}/USD")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stand = Stand::new(&OPENING, settings(&OPENING, &names));
    let line = stand.open();
    stand.texts(line);
    stand.pass(SECOND);
    stand.frame(line, listed(&names));
    let mut all = 0;
    for _ in 0..6 {
        stand.pass(990);
        let sent = stand.texts(line).len();
        assert!(sent <= 10, "{sent} messages in a second");
        all += sent;
        stand.pass(10);
    }
    // 25 batches of books and as many of trades.
    assert_eq!(all + stand.texts(line).len(), 50);
}

#[test]
fn a_depth_that_is_not_offered_is_named() {
    let settings = Settings { depth: 50, ..settings(&OPENING, &TWO) };
    let error = (OPENING.open)(settings, crate::base::Nanos(1)).unwrap_err();
    let expected =
        SettingsError::Depth { venue: "kraken", found: 50, offered: "10, 25, 100, 500, 1000" };
    assert_eq!(error, expected);
}

#[test]
fn a_halted_pair_says_so_and_comes_back() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    stand.take(|action| matches!(action, Action::Describe { .. }).then_some(()));
    stand.frame(line, instrument("update", &[("ETH/USD", "maintenance")]));
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Live, Stage::Maintenance));
    let statuses = stand.take(|action| match action {
        Action::Describe { described, .. } => Some(described.status),
        _ => None,
    });
    assert_eq!(statuses, [Status::Halted]);
    stand.frame(line, instrument("update", &[("ETH/USD", "online")]));
    assert_eq!(stand.stage(1), Stage::Live);
}

#[test]
fn a_wrong_checksum_takes_that_book_anew_and_no_other() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    stand.resync(0, ResyncReason::Checksum);
    stand.pass(20);
    let texts = stand.texts(line);
    assert_eq!(texts.len(), 1);
    let expected =
        r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10}"#;
    assert!(texts[0].starts_with(expected), "{}", texts[0]);
    assert_eq!((stand.stage(0), stand.stage(1)), (Stage::Syncing, Stage::Live));
    stand.frame(line, left("BTC/USD"));
    stand.pass(20);
    let again = asked(&stand.texts(line), "subscribe", "book");
    assert!(again[0].contains(r#""symbol":["BTC/USD"]"#));
    stand.frame(line, granted("book", "BTC/USD", req_id(&again[0])));
    stand.frame(line, book("snapshot", "BTC/USD"));
    assert_eq!(stand.stage(0), Stage::Live);
    assert_eq!(stand.session.tally().resyncs, 1);
}

#[test]
fn a_book_that_fails_again_and_again_is_taken_anew_more_and_more_seldom() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    let mut requests = 0;
    for _ in 0..600 {
        stand.resync(0, ResyncReason::Checksum);
        stand.pass(100);
        for text in stand.texts(line) {
            if text.contains("unsubscribe") {
                stand.frame(line, left("BTC/USD"));
                requests += 1;
            } else if text.contains("\"subscribe\"") {
                stand.frame(line, granted("book", "BTC/USD", req_id(&text)));
                stand.frame(line, book("snapshot", "BTC/USD"));
            }
        }
        stand.frame(line, HEARTBEAT);
    }
    assert!((4..=10).contains(&requests), "{requests} in a minute");
    assert_eq!(stand.stage(1), Stage::Live);
}

#[test]
fn what_is_subscribed_already_is_left_first() {
    let mut stand = two();
    let line = stand.open();
    stand.frame(line, listed(&TWO));
    stand.pass(20);
    let id = req_id(&asked(&stand.texts(line), "subscribe", "book")[0]);
    stand.frame(line, denied("BTC/USD", "Already subscribed", id));
    stand.pass(20);
    assert_eq!(asked(&stand.texts(line), "unsubscribe", "book").len(), 1);
}

#[test]
fn too_many_messages_means_to_wait() {
    let mut stand = two();
    let line = stand.open();
    stand.texts(line);
    stand.frame(line, listed(&TWO));
    stand.pass(20);
    stand.texts(line);
    stand.frame(line, r#"{"error":"Exceeded msg rate","success":false}"#);
    stand.pass(4 * SECOND);
    assert_eq!(stand.texts(line), Vec::<String>::new());
    stand.pass(2 * SECOND);
    assert_eq!(asked(&stand.texts(line), "subscribe", "book").len(), 1);
}

#[test]
fn an_unanswered_request_is_repeated() {
    let mut stand = two();
    let line = stand.open();
    stand.frame(line, listed(&TWO));
    stand.pass(20);
    assert_eq!(asked(&stand.texts(line), "subscribe", "book").len(), 1);
    for _ in 0..11 {
        stand.pass(SECOND);
        stand.frame(line, HEARTBEAT);
    }
    assert_eq!(asked(&stand.texts(line), "subscribe", "book").len(), 1);
}

#[test]
fn a_grant_without_its_snapshot_is_taken_anew() {
    let mut stand = two();
    let line = stand.open();
    stand.frame(line, listed(&TWO));
    stand.pass(20);
    let id = req_id(&asked(&stand.texts(line), "subscribe", "book")[0]);
    stand.frame(line, granted("book", "BTC/USD", id));
    for _ in 0..16 {
        stand.pass(SECOND);
        stand.frame(line, HEARTBEAT);
    }
    assert!(asked(&stand.texts(line), "unsubscribe", "book")[0].contains("BTC/USD"));
}

#[test]
fn keys_in_another_order_are_understood() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    let update = r#"{"type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[],"checksum":1}],"channel":"book"}"#;
    assert_eq!(stand.frame(line, update), FEED);
    let other = r#"{"type":"update","data":[{"symbol":"LTC/USD","bids":[],"asks":[],"checksum":1}],"channel":"book"}"#;
    assert_eq!(stand.frame(line, other), Pass::Drop);
}

#[test]
fn what_is_unknown_or_broken_does_no_harm() {
    let mut stand = two();
    let line = live(&mut stand, &TWO);
    for text in [r#"{"channel":"weather","data":[]}"#, r#"{"method":"dance"}"#, "{}"] {
        assert_eq!(stand.frame(line, text), Pass::Drop, "{text}");
    }
    // The feed refuses it, and its books are in doubt.
    assert_eq!(stand.frame(line, r#"{"channel":"#), FEED);
    assert_eq!(stand.session.tally().unread, 1);
    assert_eq!(stand.stage(0), Stage::Live);
}
