//! Each reason alone: what about an order itself, its market and its means is wrong, and what is
//! just not.

use super::stand::*;
use super::*;
use crate::base::{AccountId, InstrumentId, OrderId, Price, Qty, Side, Status};
use crate::event::{
    Action, BookState, Child, Fill, Level, OrderState, Quote, Reason, Style, Terms,
};

fn styled(child: Child, style: Style) -> Child {
    Child { terms: Terms { style, ..child.terms }, ..child }
}

#[test]
fn an_instrument_must_be_one_and_of_the_venue_of_the_account() {
    let mut stand = Stand::new(|_| {});
    let foreign = Child { account: BINANCE, ..stand.buy() };
    stand.fails(&foreign, Reason::Instrument);
    let nobody = Child { account: AccountId(9), ..stand.buy() };
    assert!(stand.send(&nobody).1.has(Reason::Instrument));
    let nothing = Child { instrument: InstrumentId(9), ..stand.buy() };
    assert!(stand.send(&nothing).1.has(Reason::Instrument));
    let good = stand.buy();
    stand.passes(&good);
}

#[test]
fn an_instrument_is_open_by_the_word_of_its_venue() {
    let mut stand = Stand::new(|_| {});
    let (limit, post) = (stand.buy(), styled(stand.buy(), Style::PostOnly));
    for status in [Status::Halted, Status::CancelOnly, Status::Unknown] {
        stand.gate.set_status(BTC_USD, status);
        stand.fails(&limit, Reason::Closed);
        stand.fails(&post, Reason::Closed);
    }
    stand.gate.set_status(BTC_USD, Status::PostOnly);
    for style in [Style::Limit, Style::ImmediateOrCancel, Style::FillOrKill, Style::Market] {
        stand.fails(&styled(limit, style), Reason::Closed);
    }
    stand.passes(&post);
    stand.gate.set_status(BTC_USD, Status::Open);
    stand.passes(&limit);
}

#[test]
fn an_unknown_status_is_open_where_the_settings_say_so() {
    let mut stand = Stand::new(|settings| settings.is_unknown_open = true);
    stand.gate.set_status(BTC_USD, Status::Unknown);
    let child = stand.buy();
    stand.passes(&child);
}

#[test]
fn a_book_must_be_live() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    for state in [BookState::Empty, BookState::Syncing, BookState::Stale, BookState::Broken] {
        stand.view(BTC_USD, 499_995, 500_005, state);
        stand.fails(&child, Reason::BookNotLive);
    }
    stand.quote(BTC_USD, 499_995, 500_005);
    stand.passes(&child);
}

#[test]
fn a_book_in_other_decimals_than_its_instrument_is_not_read() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    let view = |price, price_decimals, qty_decimals| {
        let level = Level { price, qty: 1 };
        let (bid, ask) = (level, level);
        let state = BookState::Live;
        Quote { bid, ask, price_decimals, qty_decimals, state, ..Quote::default() }
    };
    for (price_decimals, qty_decimals) in [(2, 8), (1, 7), (1, 9), (0, 8)] {
        stand.raw(view(5_000_000, price_decimals, qty_decimals));
        stand.fails(&child, Reason::Instrument);
    }
    stand.raw(view(500_000, 1, 8));
    stand.passes(&child);
}

#[test]
fn a_book_in_other_decimals_moves_no_mark() {
    let mut stand = Stand::new(|settings| settings.drawdown_max = Some(DOLLAR));
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.fills(&buy, id);
    let before = stand.gate.state().equity;
    let level = Level { price: 50_000, qty: 1 };
    let (bid, ask, state) = (level, level, BookState::Live);
    let (price_decimals, qty_decimals) = (0, 8);
    stand.raw(Quote { bid, ask, price_decimals, qty_decimals, state, ..Quote::default() });
    stand.tick(1);
    assert_eq!((stand.gate.state().equity, stand.gate.halted()), (before, None));
}

#[test]
fn a_quote_may_be_as_old_as_the_limit_and_no_older() {
    let mut stand = Stand::new(|settings| settings.quote_age_max_ns = Some(1_000));
    stand.now.0 += 1_000;
    let child = stand.buy();
    stand.passes(&child);
    stand.now.0 += 1;
    let child = stand.buy();
    stand.fails(&child, Reason::BookStale);
    stand.quote(BTC_USD, 499_995, 500_005);
    stand.passes(&child);
}

#[test]
fn what_an_order_rests_on_must_be_ready() {
    let mut stand = Stand::new(|_| {});
    let child = Child { is_ready: false, ..stand.buy() };
    stand.fails(&child, Reason::FeatureNotReady);
}

#[test]
fn a_price_is_a_multiple_of_the_tick_above_zero() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    stand.fails(&with(child, 500_001, COIN), Reason::Tick);
    stand.fails(&with(child, 499_999, COIN), Reason::Tick);
    stand.passes(&with(child, 500_005, COIN));
    for price in [0, -5, i64::MIN, i64::MAX] {
        assert!(stand.send(&with(child, price, COIN)).1.has(Reason::Tick), "{price}");
    }
}

#[test]
fn a_quantity_is_a_multiple_of_the_lot_above_zero() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    stand.fails(&with(child, 500_000, COIN + 1), Reason::Lot);
    stand.passes(&with(child, 500_000, COIN + 1_000));
    for qty in [0, -1_000, i64::MIN, i64::MAX] {
        assert!(stand.send(&with(child, 500_000, qty)).1.has(Reason::Lot), "{qty}");
    }
}

#[test]
fn a_quantity_reaches_the_minimum() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    stand.fails(&with(child, 5_000_000, 9_000), Reason::QtyMin);
    stand.passes(&with(child, 5_000_000, 10_000));
}

#[test]
fn a_notional_reaches_the_minimum() {
    // Five dollars are 10000 units of bitcoin at 50000 dollars.
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    stand.fails(&with(child, 499_995, 10_000), Reason::NotionalMin);
    stand.passes(&with(child, 500_000, 10_000));
}

#[test]
fn a_purchase_takes_its_price_and_the_worst_fee() {
    let fee = |settings: &mut Settings, dollars: i64| {
        let venue = VenueLimits { venue: "kraken", exposure_max: None, fee_ppm: 4_000 };
        settings.venues = vec![venue];
        settings.accounts[0].balances = vec![(USD, dollars)];
    };
    let mut stand = Stand::new(|settings| fee(settings, 5_020 * DOLLAR - 1));
    let child = stand.buy();
    stand.fails(&child, Reason::Balance);
    let mut stand = Stand::new(|settings| fee(settings, 5_020 * DOLLAR));
    stand.passes(&child);
    assert_eq!(stand.gate.balance(KRAKEN, USD), Some((0, 5_020 * DOLLAR)));
}

#[test]
fn spot_cannot_go_short() {
    let mut stand = Stand::new(|settings| {
        settings.accounts[0].balances = vec![(BTC, 10_000_000_000 / 10)];
    });
    let sell = stand.child(Side::Sell);
    stand.fails(&with(sell, 500_000, COIN / 10 + 1_000), Reason::Balance);
    stand.passes(&sell);
    stand.fails(&with(sell, 500_000, 10_000), Reason::Balance);
}

#[test]
fn a_price_stays_within_the_collar_around_the_mid() {
    let collar = InstrumentLimits { collar_bps: Some(100), ..InstrumentLimits::default() };
    let mut stand = Stand::new(|settings| settings.instruments = vec![collar]);
    for side in [Side::Buy, Side::Sell] {
        let child = stand.child(side);
        stand.fails(&with(child, 505_005, COIN), Reason::Collar);
        stand.fails(&with(child, 494_995, COIN), Reason::Collar);
        let low = stand.passes(&with(child, 495_000, COIN));
        stand.report(&child, low, OrderState::Cancelled, Fill::default());
        let high = stand.passes(&with(child, 505_000, COIN));
        stand.report(&child, high, OrderState::Cancelled, Fill::default());
    }
    stand.quote(BTC_USD, 499_995, 0);
    let child = stand.buy();
    stand.fails(&child, Reason::Collar);
}

#[test]
fn a_quantity_stays_within_its_maximum() {
    let most = InstrumentLimits { qty_max: Some(COIN), ..InstrumentLimits::default() };
    let mut stand = Stand::new(|settings| settings.instruments = vec![most]);
    let child = stand.buy();
    stand.fails(&with(child, 500_000, COIN + 1_000), Reason::QtyMax);
    stand.passes(&with(child, 500_000, COIN));
}

#[test]
fn a_notional_stays_within_its_maximum() {
    let most = InstrumentLimits { notional_max: Some(5_000 * DOLLAR), ..Default::default() };
    let mut stand = Stand::new(|settings| settings.instruments = vec![most; 3]);
    let child = stand.buy();
    stand.fails(&with(child, 500_005, COIN / 10), Reason::NotionalMax);
    stand.passes(&child);
    // 0.1 BTC is 5000 USD: 2 ETH at 0.05.
    let eth = Child { instrument: ETH_BTC, ..child };
    stand.fails(&with(eth, 5_005, 2 * COIN), Reason::NotionalMax);
    stand.passes(&with(eth, 5_000, 2 * COIN));
}

#[test]
fn a_product_beyond_64_bits_is_too_much_whatever_the_limits() {
    let mut stand = Stand::new(|_| {});
    let vast = with(stand.child(Side::Buy), 5_000_000_000_000, 1_000_000_000_000_000);
    assert!(stand.send(&vast).1.has(Reason::NotionalMax));
    // What is left of this product below 2^64 is an ordinary notional.
    let wrapped = with(stand.child(Side::Buy), (5 << 40) + 5, 1_000 << 24);
    assert!(stand.send(&wrapped).1.has(Reason::NotionalMax));
}

#[test]
fn a_cancel_is_for_an_open_order_of_ours() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    let id = stand.passes(&child);
    let cancel = |cancels| Child { action: Action::Cancel, cancels, ..child };
    stand.fails(&cancel(OrderId(77)), Reason::UnknownOrder);
    stand.fails(&cancel(OrderId::NONE), Reason::UnknownOrder);
    stand.fails(&Child { instrument: ETH_BTC, ..cancel(id) }, Reason::Instrument);
    stand.fails(&Child { account: BINANCE, ..cancel(id) }, Reason::Instrument);
    stand.passes(&cancel(id));
    stand.fills(&child, id);
    stand.fails(&cancel(id), Reason::UnknownOrder);
}

#[test]
fn an_order_with_many_faults_is_denied_with_all_of_them() {
    let mut stand = Stand::new(|settings| {
        settings.gross_max = Some(0);
        settings.instruments = vec![InstrumentLimits { qty_max: Some(5), ..Default::default() }];
    });
    stand.view(BTC_USD, 499_995, 500_005, BookState::Broken);
    let child = Child { is_ready: false, ..stand.buy() };
    let terms = Terms { price: Price(500_001), qty: Qty(COIN + 1), ..child.terms };
    let (_, reasons) = stand.send(&Child { terms, ..child });
    let all = [
        Reason::BookNotLive,
        Reason::FeatureNotReady,
        Reason::Tick,
        Reason::Lot,
        Reason::QtyMax,
        Reason::Gross,
    ];
    assert_eq!(reasons.iter().collect::<Vec<_>>(), all);
    assert_eq!(stand.gate.denied().iter().sum::<u64>(), 6);
}

#[test]
fn decisions_are_numbered_one_after_the_other() {
    let mut stand = Stand::new(|settings| settings.first_order = 40);
    let (good, bad) = (stand.buy(), Child { is_ready: false, ..stand.buy() });
    let ids = [&good, &bad, &good].map(|child| stand.send(child).0);
    assert_eq!(ids, [40, 41, 42].map(OrderId));
}
