//! What is won, lost and left, by hand: roundings, fees, and the day before the first tick.

use super::stand::*;
use super::*;
use crate::base::{AssetId, Qty};
use crate::event::{Fill, OrderState, Reason};

/// A part of an ordinary purchase, at its price.
fn part(qty: i64) -> Fill {
    let amount = 500_000 * qty / 10;
    Fill { price: crate::base::Price(500_000), qty: Qty(qty), amount, ..Fill::default() }
}

#[test]
fn what_comes_in_is_rounded_down_where_it_is_finer_than_its_asset() {
    let mut stand = Stand::new(|settings| {
        settings.decimals[BTC.index()] = 6;
        settings.accounts[0].balances[1] = (BTC, 0);
    });
    let buy = stand.buy();
    let id = stand.passes(&buy);
    // Quantities have eight decimals here, so 150 of them are one unit and a half.
    stand.report(&buy, id, OrderState::PartlyFilled, part(150));
    assert_eq!(stand.gate.balance(KRAKEN, BTC), Some((1, 0)));
}

#[test]
fn a_loss_before_the_first_tick_is_one_of_its_day() {
    let settings = Settings { daily_loss_max: Some(DOLLAR), ..settings() };
    let gate = Gate::new(&instruments(), &settings);
    let mut stand = Stand { gate, now: START, out: Out::default() };
    stand.quote(BTC_USD, 499_995, 500_005);
    let buy = stand.buy();
    let id = stand.passes(&buy);
    let Fill { price, qty, amount, .. } = part(COIN / 10);
    let fill = Fill { price, qty, amount, fee: DOLLAR + 1, fee_asset: USD, ..Fill::default() };
    stand.report(&buy, id, OrderState::Filled, fill);
    stand.tick(0);
    assert_eq!(stand.gate.halted().map(|halt| halt.reason), Some(HaltReason::DailyLoss));
}

#[test]
fn a_fee_in_an_asset_without_a_price_leaves_equity_where_it_was() {
    let mut stand = Stand::new(|settings| {
        settings.decimals.push(8);
        settings.chains.push(None);
    });
    let buy = stand.buy();
    let id = stand.passes(&buy);
    let fill = Fill { fee: 5, fee_asset: AssetId(4), ..part(COIN / 10) };
    stand.report(&buy, id, OrderState::Filled, fill);
    // A tenth of a bitcoin wins 100 dollars, but what was paid for it cannot be said.
    stand.quote(BTC_USD, 509_995, 510_005);
    stand.tick(0);
    assert_eq!(stand.gate.state().equity, 0);
}

#[test]
fn an_order_that_is_over_makes_room_for_another_of_its_account() {
    let mut stand = Stand::new(|settings| settings.accounts[0].open_orders_max = Some(1));
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.fails(&buy, Reason::OpenOrders);
    stand.report(&buy, id, OrderState::Cancelled, Fill::default());
    let id = stand.passes(&buy);
    stand.fills(&buy, id);
    stand.passes(&buy);
}

#[test]
fn a_restart_within_a_day_compares_with_the_morning() {
    let mut stand = Stand::new(|_| {});
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.fills(&buy, id);
    // A tenth of a bitcoin wins 100 dollars before midnight, and loses them after it.
    stand.quote(BTC_USD, 509_995, 510_005);
    stand.tick(86_400_000_000_000);
    let (now, state) = (stand.now, stand.gate.state());
    assert_eq!(state.day_start, 100 * DOLLAR);
    for (most, halt) in [(100, None), (99, Some(HaltReason::DailyLoss))] {
        let mut stand = Stand::new(|settings| settings.daily_loss_max = Some(most * DOLLAR));
        stand.now = now;
        stand.gate.restore(&state);
        stand.quote(BTC_USD, 499_995, 500_005);
        stand.tick(0);
        assert_eq!(stand.gate.halted().map(|halt| halt.reason), halt);
    }
}

#[test]
fn after_a_restart_open_orders_still_reserve_what_they_may_take() {
    let poor = |settings: &mut Settings| {
        settings.accounts[0].balances = vec![(USD, 10_000 * DOLLAR), (BTC, COIN)];
    };
    let mut stand = Stand::new(poor);
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.report(&buy, id, OrderState::PartlyFilled, part(COIN / 50));
    let state = stand.gate.state();
    let mut stand = Stand::new(poor);
    stand.gate.restore(&state);
    // Of the tenth that was ordered, a fiftieth was paid for already.
    assert_eq!(stand.gate.balance(KRAKEN, USD), Some((6_000 * DOLLAR, 4_000 * DOLLAR)));
}
