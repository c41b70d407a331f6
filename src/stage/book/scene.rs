//! Scenes of the rules that hold for every book, and of those proven by checksum or by nothing.

use super::stand::{ONE, OTHER, Stand, ids, level, part, snapshot};
use crate::base::Continuity::{self, Checksum, ConnectionSequence, Picture, Unproven, UpdateId};
use crate::base::{Decimal, InstrumentId, Nanos, Side};
use crate::event::{Body, BookChange, BookState, Level, Part, QuoteCause, ResyncReason};
use crate::stage::contract::Idle;

type Texts<'a> = &'a [(&'a str, &'a str)];

/// Levels from the text on the wire, at some decimals.
fn units(texts: Texts<'_>, price_decimals: u8) -> Vec<(i64, i64)> {
    let at = |text: &str, decimals| Decimal::parse(text.as_bytes()).unwrap().at(decimals).unwrap();
    texts.iter().map(|(price, qty)| (at(price, price_decimals), at(qty, 8))).collect()
}

fn with(change: BookChange, checksum: u32) -> BookChange {
    BookChange { checksum: Some(checksum), ..change }
}

/// Sends a Kraken message and expects its checksum to be ours.
fn agree(stand: &mut Stand, change: BookChange, bids: Texts<'_>, asks: Texts<'_>, crc: u32) {
    let (bids, asks) = (units(bids, stand.decimals.0), units(asks, stand.decimals.0));
    stand.book(with(change, crc), &bids, &asks);
    let checksum = stand.shown().checksum.unwrap();
    assert_eq!((checksum.ours, checksum.theirs), (crc, crc));
    assert_eq!(stand.state(), BookState::Live);
}

fn live(continuity: Continuity) -> Stand {
    let mut stand = Stand::ladder(continuity);
    stand.book(snapshot(0), &[(1_000, 5)], &[(1_001, 7)]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Live)]);
    stand
}

#[rustfmt::skip]
#[test]
fn checksum_of_the_official_book_agrees() {
    let asks = [
        ("45285.2", "0.00100000"), ("45286.4", "1.54571953"), ("45286.6", "1.54571109"),
        ("45289.6", "1.54560911"), ("45290.2", "0.15890660"), ("45291.8", "1.54553491"),
        ("45294.7", "0.04454749"), ("45296.1", "0.35380000"), ("45297.5", "0.09945542"),
        ("45299.5", "0.18772827"),
    ];
    let bids = [
        ("45283.5", "0.10000000"), ("45283.4", "1.54582015"), ("45282.1", "0.10000000"),
        ("45281.0", "0.10000000"), ("45280.3", "1.54592586"), ("45279.0", "0.07990000"),
        ("45277.6", "0.03310103"), ("45277.5", "0.30000000"), ("45277.3", "1.54602737"),
        ("45276.6", "0.15445238"),
    ];
    agree(&mut Stand::ladder(Checksum), snapshot(0), &bids, &asks, 3_310_070_434);
    // The deep form computes the same.
    agree(&mut Stand::window(Checksum), snapshot(0), &bids, &asks, 3_310_070_434);
}

#[rustfmt::skip]
#[test]
fn checksum_of_trimmed_numbers_agrees_and_follows_an_update() {
    let asks = [
        ("0.5668", "4410.79769741"), ("0.5669", "4655.40412487"), ("0.567", "49844.89424998"),
        ("0.5671", "24306.41678"), ("0.5672", "29783.25223475"), ("0.5673", "57234.71239278"),
        ("0.5674", "45065.04744"), ("0.5675", "5912.76380354"), ("0.5676", "42514.92434778"),
        ("0.5677", "36304.0847022"),
    ];
    let bids = [
        ("0.5666", "4831.75496356"), ("0.5665", "6658.22734739"), ("0.5664", "18724.91513344"),
        ("0.5663", "11563.92544914"), ("0.5662", "14006.65365711"), ("0.5661", "17454.85679807"),
        ("0.566", "18097.1547"), ("0.5659", "33644.89175666"), ("0.5658", "148.3464"),
        ("0.5657", "606.70854372"),
    ];
    let mut stand = Stand::ladder(Checksum);
    stand.decimals = (4, 8);
    agree(&mut stand, snapshot(0), &bids, &asks, 2_439_117_997);
    agree(&mut stand, ids(0, 0, 0), &[("0.5657", "1098.3947558")], &[], 2_114_181_697);
}

#[rustfmt::skip]
#[test]
fn checksums_of_a_live_session_agree_step_by_step() {
    let bids = [
        ("64525.0", "0.53807066"), ("64524.2", "0.03095975"), ("64524.1", "0.24102802"),
        ("64524.0", "0.77490540"), ("64523.3", "0.00154900"), ("64522.9", "0.00005100"),
        ("64521.9", "0.77493047"), ("64521.5", "0.00123904"), ("64521.4", "0.37127532"),
        ("64521.3", "0.47213100"),
    ];
    let asks = [
        ("64525.1", "0.01077490"), ("64526.1", "0.00005100"), ("64529.3", "0.00005100"),
        ("64530.8", "0.03095975"), ("64530.9", "0.15498085"), ("64531.0", "0.77482234"),
        ("64532.2", "0.23247128"), ("64532.5", "0.00005100"), ("64532.6", "0.03099208"),
        ("64532.8", "1.23479983"),
    ];
    let steps: [(Texts<'_>, Texts<'_>, u32); 8] = [
        (&[], &[("64525.3", "0.00309336")], 1_848_203_113),
        (&[], &[("64525.3", "0"), ("64532.8", "1.23479983")], 2_175_437_505),
        (&[("64524.0", "0"), ("64521.2", "0.00200000")], &[], 3_906_264_065),
        (&[], &[("64531.0", "0"), ("64535.7", "0.01400000")], 1_519_900_485),
        (&[], &[("64525.3", "0.00309336")], 120_017_111),
        (&[], &[("64530.2", "0.77483158")], 891_214_259),
        (&[("64523.2", "0.77491443")], &[], 2_257_459_572),
        (&[], &[("64530.8", "0"), ("64532.8", "1.23479983"), ("64530.1", "0.03095975")],
            996_749_228),
    ];
    let mut stand = Stand::ladder(Checksum);
    agree(&mut stand, snapshot(0), &bids, &asks, 2_175_437_505);
    for (bids, asks, crc) in steps {
        agree(&mut stand, ids(0, 0, 0), bids, asks, crc);
    }
    assert_eq!(stand.shown().integrity.checksum_ok, 9);
}

#[test]
fn wrong_checksum_breaks_the_book_until_a_snapshot_heals_it() {
    let mut stand = live(Checksum);
    stand.book(with(ids(0, 0, 0), 1), &[(1_000, 6)], &[]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Broken)]);
    assert_eq!(stand.quote().0, (1_000, 5));
    // Changes are no cure, and one request is enough.
    stand.book(with(ids(0, 0, 0), 2), &[(1_000, 7)], &[]);
    assert_eq!((stand.said(), stand.asked()), (vec![], vec![ResyncReason::Checksum]));
    assert_eq!(stand.shown().integrity.checksum_bad, 1);
    stand.book(snapshot(0), &[(1_000, 8)], &[(1_001, 7)]);
    assert_eq!((stand.state(), stand.quote().0), (BookState::Live, (1_000, 8)));
    stand.book(with(ids(0, 0, 0), 1), &[(1_000, 6)], &[]);
    assert_eq!(stand.asked(), [ResyncReason::Checksum]);
}

#[test]
fn one_request_stands_until_its_snapshot_comes() {
    let mut stand = live(Checksum);
    for _ in 0..3 {
        stand.event(InstrumentId::NONE, Body::Gap, &[]);
    }
    assert_eq!(stand.asked(), [ResyncReason::Connection]);
    stand.book(snapshot(0), &[(1_000, 8)], &[(1_001, 7)]);
    stand.event(InstrumentId::NONE, Body::Gap, &[]);
    assert_eq!(stand.asked(), [ResyncReason::Connection]);
}

#[test]
fn a_change_in_other_decimals_breaks_the_book() {
    for decimals in [(2, 8), (1, 7)] {
        let mut stand = live(Unproven);
        stand.decimals = decimals;
        stand.book(ids(0, 0, 0), &[(1_000, 6)], &[]);
        assert_eq!(stand.asked(), [ResyncReason::Precision], "{decimals:?}");
        assert_eq!((stand.state(), stand.quote().0), (BookState::Broken, (1_000, 5)));
    }
}

#[test]
fn a_quote_carries_the_stamp_of_its_frame() {
    let mut stand = live(Unproven);
    let now = stand.now;
    stand.trade(Side::Buy, 5);
    let stamp = stand.views.last().unwrap().quote.stamp;
    assert_eq!((stamp.recv_ns, stamp.connection), (Nanos(now), stand.connection));
}

#[test]
fn changes_before_a_snapshot_are_ignored_where_nothing_orders_them() {
    for continuity in [Checksum, ConnectionSequence, Unproven] {
        let mut stand = Stand::ladder(continuity);
        stand.book(ids(0, 0, 0), &[(999, 5)], &[]);
        assert_eq!(stand.state(), BookState::Syncing);
        stand.book(snapshot(0), &[(1_000, 5)], &[(1_001, 7)]);
        stand.book(ids(0, 0, 0), &[(1_000, 6)], &[]);
        let shown = stand.shown();
        assert_eq!((shown.state, shown.updates), (BookState::Live, 1));
        assert_eq!(shown.bids, [level(1_000, 6)]);
    }
}

#[test]
fn crossed_book_asks_for_resync() {
    let mut stand = live(Unproven);
    stand.book(ids(0, 0, 0), &[(1_001, 1)], &[]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Broken)]);
    assert_eq!(stand.asked(), [ResyncReason::Crossed]);
    assert_eq!((stand.quote(), stand.shown().integrity.crossed), (((1_000, 5), (1_001, 7)), 1));
    // Half way through a message it may cross.
    let mut stand = live(Unproven);
    stand.book(ids(0, 0, 0), &[(1_001, 1)], &[(1_001, 0), (1_002, 3)]);
    assert_eq!((stand.state(), stand.quote()), (BookState::Live, ((1_001, 1), (1_002, 3))));
}

#[test]
fn crossed_snapshot_is_not_live() {
    let mut stand = Stand::window(UpdateId);
    stand.book(snapshot(5), &[(1_001, 5)], &[(1_001, 7)]);
    assert_eq!((stand.state(), stand.asked()), (BookState::Broken, vec![ResyncReason::Crossed]));
}

#[test]
fn picture_replaces_all_and_heals() {
    let mut stand = live(Picture);
    stand.book(ids(0, 0, 0), &[(990, 1)], &[(995, 1)]);
    assert_eq!((stand.quote(), stand.shown().bid_levels), (((990, 1), (995, 1)), 1));
    stand.book(ids(0, 0, 0), &[(995, 1)], &[(995, 1)]);
    stand.book(ids(0, 0, 0), &[(994, 1)], &[(995, 1)]);
    let states = stand.said().into_iter().map(|said| said.1).collect::<Vec<_>>();
    assert_eq!(states, [BookState::Live, BookState::Broken, BookState::Live]);
}

#[test]
fn snapshot_in_parts_is_live_with_its_last() {
    let mut stand = live(ConnectionSequence);
    stand.book(part(Part::First, 0), &[(990, 1), (980, 1)], &[]);
    stand.book(part(Part::Middle, 0), &[(970, 1)], &[(1_010, 2)]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Syncing)]);
    stand.book(part(Part::Last, 0), &[], &[(1_005, 2)]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Live)]);
    let shown = stand.shown();
    assert_eq!((shown.bid_levels, shown.ask_levels, shown.updates), (3, 2, 0));
    assert_eq!(stand.quote(), ((990, 1), (1_005, 2)));
}

#[test]
fn rest_of_a_snapshot_is_let_pass_after_a_gap() {
    let mut stand = live(ConnectionSequence);
    stand.book(part(Part::First, 0), &[(990, 1)], &[]);
    stand.event(InstrumentId::NONE, Body::Gap, &[]);
    stand.book(part(Part::Last, 0), &[], &[(1_005, 2)]);
    assert_eq!(stand.state(), BookState::Broken);
    assert_eq!(stand.asked(), [ResyncReason::Connection]);
}

#[test]
fn change_between_the_parts_of_a_snapshot_breaks_the_book() {
    let mut stand = live(Unproven);
    stand.book(part(Part::First, 0), &[(990, 1)], &[]);
    stand.book(ids(0, 0, 0), &[(991, 1)], &[]);
    stand.book(part(Part::Last, 0), &[], &[(1_005, 2)]);
    assert_eq!((stand.state(), stand.asked()), (BookState::Broken, vec![ResyncReason::Gap]));
}

#[test]
fn reset_makes_the_connections_books_wait_and_asks_for_nothing() {
    let mut stand = live(UpdateId);
    stand.book_of(OTHER, ids(0, 5, 6), &[(1, 1)], &[]);
    stand.said();
    stand.event(InstrumentId::NONE, Body::Reset, &[]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Syncing)]);
    assert_eq!(stand.asked(), []);
    // Nothing waits any more: this one could not follow 6.
    stand.book_of(OTHER, snapshot(2), &[(1, 1)], &[(2, 1)]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Live)]);
    // After a reset trouble is asked about anew.
    stand.book(ids(0, 5, 6), &[], &[]);
    stand.event(ONE, Body::Gap, &[]);
    stand.event(ONE, Body::Reset, &[]);
    stand.event(ONE, Body::Gap, &[]);
    assert_eq!(stand.asked(), [ResyncReason::Connection; 2]);
}

#[test]
fn trade_goes_out_with_sums_that_only_grow() {
    let mut stand = live(Checksum);
    stand.trade(Side::Buy, 5);
    stand.trade(Side::Sell, 3);
    stand.trade(Side::Buy, 1);
    let quote = stand.views.last().unwrap().quote;
    assert_eq!((quote.bought, quote.sold, quote.trades), (6, 3, 3));
    assert_eq!(stand.said(), [(QuoteCause::Trade, BookState::Live); 3]);
}

#[test]
fn only_what_changes_the_ten_best_goes_out() {
    let mut stand = Stand::window(ConnectionSequence);
    let bids: Vec<(i64, i64)> = (0..12).map(|n| (1_000 - n, 5)).collect();
    stand.book(snapshot(0), &bids, &[(1_001, 7)]);
    stand.said();
    let frame = stand.books.view(ONE).unwrap().depth.frame;
    stand.book(ids(0, 0, 0), &[(990, 1), (500, 1)], &[(1_001, 7)]);
    assert_eq!(stand.said(), []);
    assert_eq!(stand.books.view(ONE).unwrap().depth.frame, frame);
    stand.book(ids(0, 0, 0), &[(991, 1)], &[]);
    assert_eq!(stand.said(), [(QuoteCause::Book, BookState::Live)]);
    let depth = stand.books.view(ONE).unwrap().depth;
    assert_eq!((depth.frame, depth.bids[9], depth.bid_count), (frame + 2, level(991, 1), 10));
}

#[test]
fn silent_connection_makes_its_books_stale_and_its_voice_revives_them() {
    for continuity in [Checksum, UpdateId, ConnectionSequence] {
        let mut stand = live(continuity);
        stand.book_of(OTHER, snapshot(0), &[(1_000, 5)], &[(1_001, 7)]);
        stand.said();
        stand.tick_after(4 * Nanos::SECOND);
        stand.event(InstrumentId::NONE, Body::Alive, &[]);
        stand.tick_after(4 * Nanos::SECOND);
        assert_eq!(stand.said(), []);
        stand.tick_after(2 * Nanos::SECOND);
        stand.tick_after(Nanos::SECOND);
        assert_eq!(stand.said(), [(QuoteCause::State, BookState::Stale); 2]);
        stand.book(ids(0, 1, 1), &[(1_000, 6)], &[]);
        assert_eq!(stand.said(), [(QuoteCause::State, BookState::Live); 2]);
        assert_eq!((stand.quote().0, stand.asked()), ((1_000, 6), vec![]));
    }
}

#[test]
fn stale_book_with_a_gap_is_broken_at_once() {
    let mut stand = live(UpdateId);
    stand.tick_after(6 * Nanos::SECOND);
    stand.said();
    stand.book(ids(0, 9, 9), &[(1_000, 6)], &[]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Broken)]);
}

#[test]
fn book_without_any_proof_stays_stale_until_a_snapshot() {
    let mut stand = live(Unproven);
    stand.tick_after(6 * Nanos::SECOND);
    stand.book(ids(0, 0, 0), &[(1_000, 6)], &[]);
    assert_eq!(stand.state(), BookState::Stale);
    stand.event(InstrumentId::NONE, Body::Alive, &[]);
    assert_eq!((stand.state(), stand.quote().0), (BookState::Stale, (1_000, 6)));
    stand.book(snapshot(0), &[(1_000, 5)], &[(1_001, 7)]);
    assert_eq!(stand.state(), BookState::Live);
}

#[test]
fn window_follows_the_market_between_frames() {
    let mut stand = Stand::window(ConnectionSequence);
    stand.book(snapshot(0), &[(100_000, 1)], &[(100_001, 1)]);
    for step in 0..40 {
        let (old, new) = (100_000 + step * 500, 100_500 + step * 500);
        stand.book(ids(0, 0, 0), &[(new, 1)], &[(old + 1, 0), (new + 1, 1)]);
        stand.books.idle();
    }
    assert_eq!(stand.quote(), ((120_000, 1), (120_001, 1)));
    assert_eq!((stand.shown().bid_levels, stand.shown().ask_levels), (41, 1));
    assert!(!stand.books.all[0].form.wants_recentre());
}

#[test]
fn event_of_an_unknown_instrument_changes_nothing() {
    let mut stand = live(Checksum);
    let levels = [Level::default()];
    stand.event(InstrumentId(77), Body::Book(snapshot(0)), &levels);
    stand.event(InstrumentId(77), Body::Gap, &levels);
    assert!(stand.books.show(InstrumentId(77)).is_none());
    assert_eq!(stand.said(), []);
}
