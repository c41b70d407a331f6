//! Scenes at the paper venue, against closed forms.

use super::stand::{BTC, SPOT, Stand, USD, client, instruments, settings};
use super::{Fees, NotTaken, Settings};
use crate::base::{Decimal, Form, Instruments, Nanos, OrderId, Price, Qty, Side, Status, Symbol};
use crate::event::{Body, Happened, Style, Terms};
use crate::limits;
use crate::venue::{self, Label, Request, Session, Target};

const NONE: [&str; 0] = [];

#[test]
fn a_taker_walks_the_levels_and_consumes_them() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Buy, Style::ImmediateOrCancel, 102, 15);
    assert_eq!(stand.said(1), ["accepted", "10 at 101 taker", "5 at 102 taker"]);
    stand.place(2, Side::Buy, Style::ImmediateOrCancel, 102, 15);
    assert_eq!(stand.said(2), ["accepted", "5 at 102 taker", "expired"]);
    stand.change(SPOT, &[], &[(101, 3)]);
    stand.place(3, Side::Buy, Style::Market, 0, 5);
    assert_eq!(stand.said(3), ["accepted", "3 at 101 taker", "2 at 103 taker"]);
}

#[test]
fn a_new_picture_gives_back_what_was_taken() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Sell, Style::Market, 0, 10);
    stand.snapshot(SPOT, &[(99, 4)], &[(101, 10)]);
    stand.place(2, Side::Sell, Style::Market, 0, 9);
    assert_eq!(stand.said(2), ["accepted", "4 at 99 taker", "expired"]);
}

#[test]
fn a_walk_goes_below_the_ten_best_levels() {
    let mut stand = Stand::new(&settings());
    let asks: Vec<(i64, i64)> = (0..30).map(|n| (101 + n, 1)).collect();
    stand.snapshot(SPOT, &[(99, 1)], &asks);
    stand.place(1, Side::Buy, Style::FillOrKill, 125, 25);
    assert_eq!(stand.said(1).last().unwrap(), "1 at 125 taker");
    stand.place(2, Side::Buy, Style::ImmediateOrCancel, 127, 25);
    assert_eq!(stand.said(2), ["accepted", "1 at 126 taker", "1 at 127 taker", "expired"]);
}

#[test]
fn all_or_nothing_takes_nothing_where_it_cannot_take_all() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Buy, Style::FillOrKill, 102, 21);
    assert_eq!(stand.said(1), ["accepted", "expired"]);
    stand.place(2, Side::Buy, Style::FillOrKill, 102, 20);
    assert_eq!(stand.said(2), ["accepted", "10 at 101 taker", "10 at 102 taker"]);
    assert_eq!(stand.has(USD).1, 0, "nothing is held back for what is over");
}

#[test]
fn what_a_limit_order_does_not_find_rests() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Buy, Style::Limit, 101, 15);
    assert_eq!(stand.said(1), ["accepted", "10 at 101 taker"]);
    assert_eq!(stand.has(USD).1, 5 * 101 * 100);
    let open: Vec<_> = stand.exchange.open_orders().collect();
    assert_eq!((open[0].left, open[0].price, open[0].instrument), (Qty(5), Price(101), SPOT));
    // What still rests there is what we took already.
    stand.change(SPOT, &[(98, 11)], &[]);
    assert_eq!(stand.said(1), NONE);
    stand.change(SPOT, &[], &[(101, 2)]);
    assert_eq!(stand.said(1), ["2 at 101 maker"], "two more came to our price");
}

#[test]
fn a_maker_waits_for_those_ahead() {
    for (trade, reached) in [(9, None), (10, None), (11, Some(1)), (12, Some(2)), (99, Some(2))] {
        let mut stand = Stand::live(&settings());
        stand.place(1, Side::Buy, Style::PostOnly, 99, 2);
        stand.trade(SPOT, Side::Sell, 99, trade);
        let expected = reached.map(|qty: i64| format!("{qty} at 99 maker"));
        assert_eq!(stand.said(1)[1..], expected.into_iter().collect::<Vec<_>>(), "{trade}");
    }
}

#[test]
fn our_own_orders_at_one_price_stand_behind_each_other() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Sell, Style::PostOnly, 101, 2);
    stand.place(2, Side::Sell, Style::PostOnly, 101, 3);
    stand.trade(SPOT, Side::Buy, 101, 14);
    assert_eq!(stand.said(1), ["accepted", "2 at 101 maker"]);
    assert_eq!(stand.said(2), ["accepted", "2 at 101 maker"]);
}

#[test]
fn takers_of_our_own_side_do_not_reach_us() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Buy, Style::PostOnly, 99, 2);
    stand.trade(SPOT, Side::Buy, 99, 100);
    stand.trade(SPOT, Side::Buy, 101, 100);
    assert_eq!(stand.said(1), ["accepted"]);
}

#[test]
fn through_our_price_fills_us_wholly_at_our_price() {
    type Market = fn(&mut Stand);
    let through: [Market; 2] = [
        |stand| stand.trade(SPOT, Side::Sell, 97, 1),
        |stand| stand.change(SPOT, &[(99, 0), (98, 0)], &[(98, 1)]),
    ];
    for market in through {
        let mut stand = Stand::live(&settings());
        stand.place(1, Side::Buy, Style::PostOnly, 99, 7);
        market(&mut stand);
        assert_eq!(stand.said(1), ["accepted", "7 at 99 maker"]);
        assert_eq!(stand.exchange.open_orders().count(), 0);
    }
}

#[test]
fn the_venues_own_top_of_book_shows_the_price_going_through() {
    let mut all = Instruments::default();
    for instrument in &instruments("binance") {
        let continuity = crate::base::Continuity::UpdateId;
        all.add(crate::base::Instrument { continuity, ..instrument.clone() });
    }
    let mut stand = Stand::at("binance", &settings(), &all);
    stand.snapshot(SPOT, &[(99, 10)], &[(101, 10), (103, 10)]);
    stand.place(1, Side::Sell, Style::PostOnly, 101, 5);
    stand.top(SPOT, (102, 1), (103, 4));
    assert_eq!(stand.said(1), ["accepted", "5 at 101 maker"]);
    stand.place(2, Side::Buy, Style::ImmediateOrCancel, 103, 9);
    assert_eq!(stand.said(2), ["accepted", "4 at 103 taker", "expired"], "101 is gone");
}

#[test]
fn a_post_only_order_that_would_trade_is_refused() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Buy, Style::PostOnly, 101, 1);
    assert_eq!(stand.said(1), ["rejected: post_only"]);
    stand.place(2, Side::Buy, Style::PostOnly, 100, 1);
    assert_eq!(stand.said(2), ["accepted"]);
    stand.place(3, Side::Sell, Style::PostOnly, 100, 1);
    assert_eq!(stand.said(3), ["rejected: post_only"], "it would trade with our own");
}

#[test]
fn our_two_sides_never_trade_with_each_other() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Sell, Style::PostOnly, 102, 5);
    stand.place(2, Side::Buy, Style::Limit, 103, 50);
    assert_eq!(stand.said(2), ["accepted", "10 at 101 taker", "expired"]);
    assert_eq!(stand.said(1), ["accepted"]);
    assert_eq!(stand.has(USD).1, 0);
}

#[test]
fn orders_reach_the_book_after_their_latency_and_replies_come_back_after_theirs() {
    let late = Settings { order_latency_ns: 100, report_latency_ns: 30, ..settings() };
    let mut stand = Stand::live(&late);
    stand.now = 1_000;
    stand.place(1, Side::Buy, Style::ImmediateOrCancel, 101, 99);
    for (now, left) in [(1_050, 8), (1_100, 7)] {
        stand.now = now;
        stand.advance();
        stand.change(SPOT, &[], &[(101, left)]);
    }
    // The frame of 1100 came after the order had arrived: the book of 1050 is what it met.
    stand.now = 1_129;
    assert_eq!(stand.said(1), NONE, "the reply is on its way");
    assert_eq!(stand.exchange.next(), Some(Nanos(1_130)));
    stand.now = 1_130;
    stand.advance();
    assert!(stand.replies.iter().all(|r| (r.recv_ns, r.venue_ns) == (Nanos(1_130), Nanos(1_100))));
    assert_eq!(stand.said(1), ["accepted", "8 at 101 taker", "expired"]);
}

#[test]
fn replies_of_long_waits_keep_their_own_times_and_order() {
    let late = Settings { order_latency_ns: 5, report_latency_ns: 7, ..settings() };
    let mut stand = Stand::live(&late);
    for n in 0..5 {
        stand.now = 10 + n;
        let client = client(n as u64);
        stand.send(&Request::Cancel { client });
    }
    stand.now = 1_000;
    stand.advance();
    let times: Vec<i64> = stand.replies.iter().map(|reply| reply.recv_ns.0).collect();
    assert_eq!(times, [22, 23, 24, 25, 26]);
}

#[test]
fn a_cancel_that_is_late_finds_the_order_filled() {
    let late = Settings { order_latency_ns: 10, report_latency_ns: 10, ..settings() };
    let mut stand = Stand::live(&late);
    stand.place(1, Side::Buy, Style::PostOnly, 99, 2);
    stand.now = 11;
    stand.advance();
    stand.cancel(1);
    stand.trade(SPOT, Side::Sell, 99, 11);
    stand.now = 20;
    stand.advance();
    stand.trade(SPOT, Side::Sell, 99, 1);
    stand.now = 100;
    let expected = ["accepted", "1 at 99 maker", "1 at 99 maker", "cancel rejected: unknown"];
    assert_eq!(stand.said(1), expected);
}

#[test]
fn a_cancel_in_time_gives_back_what_was_held() {
    let mut stand = Stand::live(&settings());
    let before = stand.has(USD);
    stand.place(1, Side::Buy, Style::Limit, 99, 2);
    assert_eq!(stand.has(USD), (before.0 - 2 * 9_900, 2 * 9_900));
    stand.cancel(1);
    assert_eq!(stand.said(1), ["accepted", "cancelled"]);
    assert_eq!(stand.has(USD), before);
}

#[test]
fn nothing_is_filled_on_a_book_that_is_not_live() {
    let mut stand = Stand::live(&settings());
    stand.place(1, Side::Buy, Style::Limit, 99, 2);
    stand.event(SPOT, Body::Gap, &[]);
    stand.trade(SPOT, Side::Sell, 99, 100);
    stand.trade(SPOT, Side::Sell, 90, 100);
    stand.place(2, Side::Buy, Style::Market, 0, 2);
    stand.place(3, Side::Buy, Style::Limit, 101, 2);
    assert_eq!(stand.said(1), ["accepted"]);
    assert_eq!(stand.said(2), ["accepted", "expired"]);
    assert_eq!(stand.said(3), ["accepted"], "it rests");
    stand.snapshot(SPOT, &[(98, 10)], &[(100, 10)]);
    assert_eq!(stand.said(1), NONE);
    assert_eq!(stand.said(3), ["2 at 101 maker"], "the market has gone through its price");
    stand.trade(SPOT, Side::Sell, 99, 1);
    assert_eq!(stand.said(1), ["1 at 99 maker"], "nothing is ahead of it any more");
}

#[test]
fn a_silent_connection_makes_its_books_stale_here_too() {
    let mut stand = Stand::live(&settings());
    stand.now = 10 * Nanos::SECOND;
    stand.place(1, Side::Buy, Style::Market, 0, 2);
    assert_eq!(stand.said(1), ["accepted", "expired"]);
}

#[test]
fn below_the_depth_of_a_shallow_book_all_that_appears_is_ahead() {
    let mut all = Instruments::default();
    for instrument in &instruments("kraken") {
        let form = Form::Ladder { depth: 10 };
        all.add(crate::base::Instrument { form, ..instrument.clone() });
    }
    let mut stand = Stand::at("kraken", &settings(), &all);
    let bids: Vec<(i64, i64)> = (0..10).map(|n| (99 - n, 1)).collect();
    stand.snapshot(SPOT, &bids, &[(101, 10)]);
    stand.place(1, Side::Buy, Style::Limit, 80, 1);
    let gone: Vec<(i64, i64)> = (0..10).map(|n| (99 - n, 0)).chain([(80, 5)]).collect();
    stand.change(SPOT, &gone, &[]);
    stand.trade(SPOT, Side::Sell, 80, 5);
    assert_eq!(stand.said(1), ["accepted"]);
    stand.trade(SPOT, Side::Sell, 80, 1);
    assert_eq!(stand.said(1), ["1 at 80 maker"]);
}

#[test]
fn the_venue_checks_orders_as_venues_do() {
    let mut all = Instruments::default();
    for instrument in &instruments("kraken") {
        let rules = crate::base::Instrument {
            tick: Price(5),
            lot: Qty(2),
            qty_min: Qty(4),
            notional_min: 1_000,
            ..instrument.clone()
        };
        all.add(rules);
    }
    let poor = Settings { balances: vec![(USD, 200_000), (BTC, 1_000)], ..settings() };
    let mut stand = Stand::at("kraken", &poor, &all);
    let mut n = 0;
    let mut said = |side, price, qty| {
        n += 1;
        stand.place(n, side, Style::Limit, price, qty);
        stand.said(n).join(", ")
    };
    assert_eq!(said(Side::Buy, 101, 10), "rejected: tick");
    assert_eq!(said(Side::Buy, 0, 10), "rejected: tick");
    assert_eq!(said(Side::Buy, 100, 11), "rejected: lot");
    assert_eq!(said(Side::Buy, 100, 0), "rejected: lot");
    assert_eq!(said(Side::Buy, 500, 2), "rejected: qty_min");
    assert_eq!(said(Side::Buy, 95, 10), "rejected: notional_min");
    assert_eq!(said(Side::Buy, 100, 22), "rejected: funds");
    assert_eq!(said(Side::Sell, 300, 12), "rejected: funds");
    assert_eq!(said(Side::Buy, i64::MAX / 5 * 5, 1_000), "rejected: amount");
    assert_eq!(said(Side::Buy, 100, 20), "accepted");
    assert_eq!(said(Side::Sell, 300, 10), "accepted");
    assert_eq!(said(Side::Sell, 300, 4), "rejected: funds", "all of it is held back");
}

#[test]
fn names_must_be_new_and_instruments_known_and_open() {
    let mut all = Instruments::default();
    for instrument in &instruments("kraken") {
        let status = if instrument.id == SPOT { Status::Open } else { Status::Halted };
        all.add(crate::base::Instrument { status, ..instrument.clone() });
    }
    let mut stand = Stand::at("kraken", &settings(), &all);
    stand.place(1, Side::Buy, Style::Limit, 9, 1);
    stand.place(1, Side::Buy, Style::Limit, 9, 1);
    assert_eq!(stand.said(1), ["accepted", "rejected: duplicate"]);
    stand.place_in(super::stand::LINEAR, 2, Side::Buy, Style::Limit, 9, 1);
    assert_eq!(stand.said(2), ["rejected: closed"]);
    let one = Decimal { mantissa: 1, scale: 0 };
    let symbol = Symbol::new(b"NOWHERE").unwrap();
    let (side, style, price) = (Side::Buy, Style::Limit, Some(one));
    stand.send(&Request::Place { client: client(3), symbol, side, style, price, qty: one });
    assert_eq!(stand.said(3), ["rejected: instrument"]);
    stand.cancel(4);
    assert_eq!(stand.said(4), ["cancel rejected: unknown"]);
}

#[test]
fn fees_are_of_the_money_that_moves_and_held_back_before() {
    let fees = Fees { maker_ppm: 1_000, taker_ppm: 4_000 };
    let mut stand = Stand::live(&Settings { fees, ..settings() });
    let before = stand.has(USD).0;
    stand.place(1, Side::Buy, Style::Limit, 101, 15);
    // 10 at 101 are 1010.00 and cost 4.04; the rest holds 505.00 and 2.02.
    assert_eq!(stand.has(USD), (before - 101_000 - 404 - 50_500 - 202, 50_702));
    stand.trade(SPOT, Side::Sell, 100, 1);
    assert_eq!(stand.has(USD), (before - 101_000 - 404 - 50_500 - 51, 0), "0.505 is rounded up");
}

#[test]
fn one_venue_takes_its_fee_of_a_purchase_in_what_was_bought() {
    let fees = Fees { maker_ppm: 0, taker_ppm: 1_000 };
    let settings = Settings { fees, ..settings() };
    let mut stand = Stand::at("binance", &settings, &instruments("binance"));
    stand.snapshot(SPOT, &[(99, 10)], &[(101, 10)]);
    let (dollars, coins) = (stand.has(USD).0, stand.has(BTC).0);
    stand.place(1, Side::Buy, Style::Market, 0, 10);
    assert_eq!((stand.has(USD).0, stand.has(BTC).0), (dollars - 101_000, coins + 1_000 - 1));
    stand.place(2, Side::Sell, Style::Market, 0, 10);
    assert_eq!(stand.has(USD).0, dollars - 101_000 + 99_000 - 99);
}

#[test]
fn without_fills_every_order_ends_at_once() {
    let late = Settings { fills: false, order_latency_ns: 4, report_latency_ns: 5, ..settings() };
    let mut stand = Stand::live(&late);
    stand.place(1, Side::Buy, Style::Limit, 101, 15);
    stand.cancel(1);
    stand.now += 8;
    assert_eq!(stand.said(1), NONE);
    stand.now += 1;
    assert_eq!(stand.said(1), ["accepted", "expired", "cancel rejected: unknown"]);
    assert_eq!(stand.has(USD), (1_000_000_000, 0));
}

#[test]
fn what_does_not_fit_is_turned_away_at_the_door_and_all_else_is_answered() {
    let late = Settings { order_latency_ns: 1_000, report_latency_ns: 1_000, ..settings() };
    let mut stand = Stand::live(&late);
    let mut sent = 0;
    for round in 0..20 {
        stand.now += 1_000;
        stand.advance();
        while stand.exchange.ask(&Request::Cancel { client: client(0) }, Nanos(stand.now)).is_ok() {
            sent += 1;
        }
        assert_eq!(stand.exchange.counts().turned_away, round + 1);
    }
    let full = stand.exchange.ask(&Request::Cancel { client: client(0) }, Nanos(stand.now));
    assert!(matches!(full, Err(NotTaken::Full { .. })));
    stand.now += 5_000;
    assert_eq!(stand.said(0).len(), sent);
}

#[test]
fn orders_beyond_the_bound_are_refused() {
    let mut stand = Stand::live(&settings());
    for n in 0..=limits::OPEN_ORDERS_MAX as u64 {
        stand.place(n, Side::Buy, Style::Limit, 1, 1);
    }
    assert_eq!(stand.said(limits::OPEN_ORDERS_MAX as u64), ["rejected: full"]);
    let refused =
        stand.replies.iter().filter(|r| matches!(r.happened, Happened::Rejected(_))).count();
    assert_eq!(refused, 0);
}

#[test]
fn no_request_overtakes_another_though_the_clock_goes_back() {
    let late = Settings { order_latency_ns: 5, report_latency_ns: 7, ..settings() };
    let mut stand = Stand::live(&late);
    for (n, now) in [(1, 20), (2, 12), (3, 40)] {
        stand.now = now;
        let (symbol, side, style) =
            (instruments("kraken").with_id(SPOT).unwrap().symbol, Side::Buy, Style::Limit);
        let (price, qty) =
            (Some(Decimal { mantissa: 90, scale: 0 }), Decimal { mantissa: 1, scale: 0 });
        stand.send(&Request::Place { client: client(n), symbol, side, style, price, qty });
    }
    stand.now = 100;
    stand.advance();
    let times: Vec<i64> = stand.replies.iter().map(|reply| reply.venue_ns.0).collect();
    assert_eq!(times, [25, 25, 45]);
}

#[test]
fn bytes_as_dispatch_writes_them_are_taken_and_others_are_not() {
    let mut stand = Stand::live(&settings());
    let desk = venue::dialect("kraken").unwrap().desk.unwrap();
    let spot = stand.instruments.with_id(SPOT).unwrap();
    let mut template = desk.template(spot, &Session { token: "t", api_key: "" }).unwrap();
    let label = Label { order: OrderId(1), client: client(1), now: Nanos(stand.now) };
    let (price, qty) = (Price(99), Qty(7));
    let terms = Terms { price, qty, side: Side::Buy, style: Style::PostOnly };
    let placed = template.place(&label, &terms).to_vec();
    let target = Target { client: client(1), venue_order: None };
    let cancelled = template.cancel(&label, &target).to_vec();
    stand.exchange.take(&placed, Nanos(stand.now)).unwrap();
    stand.advance();
    let open = stand.exchange.open_orders().next().unwrap();
    assert_eq!((open.client, open.price, open.left), (client(1), price, qty));
    stand.exchange.take(&cancelled, Nanos(stand.now)).unwrap();
    assert_eq!(stand.said(1), ["accepted", "cancelled"]);
    let cut = stand.exchange.take(&placed[..placed.len() - 1], Nanos(stand.now));
    assert!(matches!(cut, Err(NotTaken::Malformed(_))));
    assert_eq!(stand.exchange.counts().malformed, 1);
}
