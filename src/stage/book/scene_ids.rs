//! Scenes of books that are proven by update ids, bridged from a snapshot.

use super::stand::{ONE, OTHER, Pairs, Stand, ids, level, snapshot};
use crate::base::Continuity::{PreviousId, UpdateId};
use crate::event::{Body, BookState, QuoteCause, ResyncReason};
use crate::limits::PENDING_EVENTS_MAX;

const BIDS: Pairs<'static> = &[(1_000, 5), (999, 6)];
const ASKS: Pairs<'static> = &[(1_001, 7), (1_002, 8)];

const BOOK_LIVE: (QuoteCause, BookState) = (QuoteCause::Book, BookState::Live);
const NOW_LIVE: (QuoteCause, BookState) = (QuoteCause::State, BookState::Live);
const NOW_BROKEN: (QuoteCause, BookState) = (QuoteCause::State, BookState::Broken);

/// A spot book that is live at id 100.
fn spot() -> Stand {
    let mut stand = Stand::window(UpdateId);
    stand.book(snapshot(100), BIDS, ASKS);
    assert_eq!(stand.said(), [NOW_LIVE]);
    stand
}

#[test]
fn changes_wait_for_their_snapshot_and_follow_it() {
    let mut stand = Stand::window(UpdateId);
    stand.book(ids(0, 95, 98), &[(990, 1)], &[]);
    stand.book(ids(0, 99, 102), &[(999, 0)], &[(1_001, 9)]);
    stand.book(ids(0, 103, 104), &[(998, 3)], &[]);
    assert_eq!(stand.said(), [(QuoteCause::State, BookState::Syncing)]);
    stand.book(snapshot(100), BIDS, ASKS);
    let shown = stand.shown();
    assert_eq!(shown.bids, [level(1_000, 5), level(998, 3)]);
    assert_eq!(shown.asks, [level(1_001, 9), level(1_002, 8)]);
    assert_eq!((shown.last_update_id, shown.updates), (104, 2));
    assert_eq!(shown.integrity.stale_dropped, 1);
    assert_eq!(stand.said(), [NOW_LIVE]);
    assert_eq!(stand.asked(), []);
}

#[test]
fn waiting_changes_of_many_levels_keep_their_sides() {
    let mut stand = Stand::window(UpdateId);
    let bids: Vec<(i64, i64)> = (1..40).map(|n| (1_000 - n, n)).collect();
    let asks: Vec<(i64, i64)> = (1..60).map(|n| (1_000 + n, n)).collect();
    stand.book(ids(0, 101, 101), &bids, &asks);
    stand.book(snapshot(100), &[(900, 1)], &[(2_000, 1)]);
    let shown = stand.shown();
    assert_eq!((shown.bid_levels, shown.ask_levels), (40, 60));
    assert_eq!((shown.bids[0], shown.asks[0]), (level(999, 1), level(1_001, 1)));
}

#[test]
fn snapshot_that_cannot_reach_what_waits_is_let_pass() {
    let mut stand = Stand::window(UpdateId);
    stand.book(ids(0, 105, 106), &[(998, 3)], &[]);
    stand.book(snapshot(100), BIDS, ASKS);
    assert_eq!(stand.state(), BookState::Syncing);
    assert_eq!(stand.asked(), [ResyncReason::Gap]);
    stand.book(snapshot(101), BIDS, ASKS);
    assert_eq!(stand.asked(), [ResyncReason::Gap]);
    stand.book(snapshot(104), BIDS, ASKS);
    assert_eq!((stand.state(), stand.shown().last_update_id), (BookState::Live, 106));
}

#[test]
fn hole_among_waiting_changes_breaks_the_book() {
    let mut stand = Stand::window(UpdateId);
    stand.book(ids(0, 99, 102), &[(999, 0)], &[]);
    stand.book(ids(0, 105, 106), &[(998, 3)], &[]);
    stand.book(snapshot(100), BIDS, ASKS);
    assert_eq!((stand.state(), stand.asked()), (BookState::Broken, vec![ResyncReason::Gap]));
    // What came after the hole still waits.
    stand.book(snapshot(104), BIDS, ASKS);
    assert_eq!((stand.state(), stand.shown().last_update_id), (BookState::Live, 106));
}

#[test]
fn snapshot_alone_is_live_and_the_next_change_must_bridge() {
    let mut stand = spot();
    stand.book(ids(0, 101, 103), &[(1_000, 4)], &[]);
    assert_eq!(stand.said(), [BOOK_LIVE]);
    let mut stand = spot();
    stand.book(ids(0, 102, 103), &[(1_000, 4)], &[]);
    assert_eq!(stand.said(), [NOW_BROKEN]);
}

#[test]
fn gap_breaks_the_book_once_until_a_snapshot_heals_it() {
    let mut stand = spot();
    stand.book(ids(0, 105, 106), &[(998, 3)], &[]);
    stand.book(ids(0, 108, 109), &[(997, 3)], &[]);
    stand.book(ids(0, 110, 111), &[(996, 3)], &[]);
    assert_eq!(stand.said(), [NOW_BROKEN]);
    assert_eq!(stand.asked(), [ResyncReason::Gap]);
    assert_eq!(stand.shown().integrity.gaps, 1);
    stand.book(snapshot(108), BIDS, ASKS);
    assert_eq!(stand.said(), [NOW_LIVE]);
    assert_eq!((stand.shown().last_update_id, stand.shown().bid_levels), (111, 4));
}

#[test]
fn change_that_is_in_the_book_already_is_dropped() {
    let mut stand = spot();
    stand.book(ids(0, 99, 100), &[(1_000, 99)], &[]);
    assert_eq!((stand.said(), stand.quote().0), (vec![], (1_000, 5)));
    assert_eq!(stand.shown().integrity.stale_dropped, 1);
}

#[test]
fn older_snapshot_of_a_live_book_is_dropped_and_a_newer_replaces_it() {
    let mut stand = spot();
    stand.book(snapshot(99), &[(900, 1)], &[(2_000, 1)]);
    assert_eq!((stand.said(), stand.shown().integrity.stale_dropped), (vec![], 1));
    stand.book(snapshot(105), &[(900, 1)], &[(2_000, 1)]);
    assert_eq!(stand.said(), [BOOK_LIVE]);
    assert_eq!(stand.quote(), ((900, 1), (2_000, 1)));
    stand.book(ids(0, 101, 105), &[(1_000, 1)], &[]);
    assert_eq!(stand.said(), []);
    stand.book(ids(0, 106, 107), &[(901, 1)], &[]);
    assert_eq!(stand.quote().0, (901, 1));
}

#[test]
fn futures_changes_name_the_one_before() {
    let mut stand = Stand::window(PreviousId);
    stand.book(ids(80, 90, 99), &[(990, 1)], &[]);
    stand.book(ids(99, 100, 110), &[(999, 1)], &[]);
    stand.book(ids(110, 115, 120), &[(998, 1)], &[]);
    stand.book(snapshot(100), BIDS, ASKS);
    assert_eq!((stand.state(), stand.shown().last_update_id), (BookState::Live, 120));
    assert_eq!(stand.shown().integrity.stale_dropped, 1);
    stand.book(ids(119, 121, 125), &[(998, 1)], &[]);
    assert_eq!((stand.state(), stand.asked()), (BookState::Broken, vec![ResyncReason::Gap]));
}

#[test]
fn futures_change_may_follow_the_snapshot_exactly() {
    let mut stand = Stand::window(PreviousId);
    stand.book(snapshot(100), BIDS, ASKS);
    stand.book(ids(100, 104, 110), &[(1_000, 1)], &[]);
    assert_eq!((stand.state(), stand.quote().0), (BookState::Live, (1_000, 1)));
}

#[test]
fn full_buffer_drops_the_oldest_and_asks_for_its_snapshot() {
    let mut stand = Stand::window(UpdateId);
    for id in 0..PENDING_EVENTS_MAX as u64 {
        let instrument = if id < 10 { OTHER } else { ONE };
        stand.book_of(instrument, ids(0, id, id), &[], &[]);
    }
    assert_eq!(stand.asked(), []);
    stand.book(ids(0, 1, 1), &[], &[]);
    assert_eq!(stand.asked(), [ResyncReason::Overflow]);
    assert_eq!(stand.books.show(OTHER).unwrap().integrity.overflows, 1);
    assert_eq!(stand.shown().integrity.overflows, 0);
}

#[test]
fn lost_frames_break_every_book_of_the_connection() {
    let mut stand = spot();
    stand.book_of(OTHER, snapshot(7), BIDS, ASKS);
    stand.said();
    stand.event(crate::base::InstrumentId::NONE, Body::Gap, &[]);
    assert_eq!(stand.said(), [NOW_BROKEN, NOW_BROKEN]);
    assert_eq!(stand.asked(), [ResyncReason::Connection; 2]);
    stand.book(snapshot(101), BIDS, ASKS);
    stand.event(ONE, Body::Gap, &[]);
    assert_eq!(stand.said(), [NOW_LIVE, NOW_BROKEN]);
    assert_eq!(stand.books.integrity().gaps, 3);
}

#[test]
fn quote_at_the_same_id_must_be_the_books() {
    let mut stand = spot();
    stand.top(101, (1_000, 4), (1_001, 7));
    stand.book(ids(0, 101, 101), &[(1_000, 4)], &[]);
    assert_eq!((stand.state(), stand.shown().integrity.quote_match), (BookState::Live, 1));
    stand.top(102, (1_000, 4), (1_001, 6));
    stand.book(ids(0, 102, 102), &[(990, 4)], &[]);
    assert_eq!((stand.state(), stand.asked()), (BookState::Broken, vec![ResyncReason::Quote]));
    assert_eq!(stand.shown().integrity.quote_mismatch, 1);
}

#[test]
fn newer_quote_is_shown_until_the_book_has_caught_up() {
    let mut stand = spot();
    stand.top(103, (1_000, 4), (1_001, 2));
    assert_eq!(stand.said(), [(QuoteCause::Top, BookState::Live)]);
    assert_eq!(stand.quote(), ((1_000, 4), (1_001, 2)));
    assert_eq!(stand.shown().bids[0], level(1_000, 5));
    stand.book(ids(0, 101, 102), &[(1_000, 3)], &[]);
    assert_eq!((stand.said(), stand.quote().0), (vec![BOOK_LIVE], (1_000, 4)));
    // An older quote says nothing any more.
    stand.top(102, (1_000, 3), (1_001, 7));
    assert_eq!(stand.said(), []);
    stand.book(ids(0, 103, 104), &[(1_000, 8)], &[]);
    assert_eq!((stand.said(), stand.quote()), (vec![BOOK_LIVE], ((1_000, 8), (1_001, 7))));
}

#[test]
fn catching_up_is_shown_even_where_no_level_changed() {
    let mut stand = spot();
    stand.top(103, (1_000, 4), (1_001, 2));
    stand.said();
    stand.book(ids(0, 101, 104), &[], &[]);
    assert_eq!((stand.said(), stand.quote()), (vec![BOOK_LIVE], ((1_000, 5), (1_001, 7))));
}

#[test]
fn quote_without_an_id_is_never_shown_and_a_broken_book_shows_none() {
    let mut stand = spot();
    stand.top(0, (1_000, 1), (1_001, 1));
    stand.book(ids(0, 200, 201), &[], &[]);
    assert_eq!(stand.said(), [NOW_BROKEN]);
    stand.top(300, (1_000, 1), (1_001, 1));
    assert_eq!((stand.said(), stand.quote().0), (vec![], (1_000, 5)));
}

#[test]
fn number_in_other_decimals_breaks_the_book_until_a_snapshot_has_them() {
    let mut stand = spot();
    stand.decimals = (2, 8);
    stand.book(ids(0, 101, 102), &[(10_000, 4)], &[]);
    assert_eq!(stand.asked(), [ResyncReason::Precision]);
    stand.book(snapshot(102), &[(10_000, 4)], &[(10_011, 4)]);
    stand.book(ids(0, 103, 103), &[(10_001, 4)], &[]);
    assert_eq!((stand.state(), stand.quote().0), (BookState::Live, (10_001, 4)));
    assert_eq!(stand.shown().price_decimals, 2);
}
