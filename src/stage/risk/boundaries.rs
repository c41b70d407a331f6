//! Each limit on what is held and open alone: the last order that fits, and the first that does
//! not.

use super::stand::*;
use super::*;
use crate::base::{OrderId, Side, StrategyId};
use crate::event::{Action, Child, Fill, OrderState, Reason, Style, Terms};
use crate::limits;

/// Two orders of 5000 dollars fit into 10000, a third does not; what reduces always fits, and room
/// is there again when an order is over.
#[track_caller]
fn two_fit(reason: Reason, change: impl FnOnce(&mut Settings)) {
    let mut stand = Stand::new(change);
    let buy = stand.buy();
    let first = stand.passes(&buy);
    stand.passes(&buy);
    stand.fails(&buy, reason);
    stand.fails(&with(buy, 500_000, 10_000), reason);
    stand.report(&buy, first, OrderState::Unknown, Fill::default());
    stand.fails(&buy, reason);
    stand.report(&buy, first, OrderState::Cancelled, Fill::default());
    let third = stand.passes(&buy);
    stand.fills(&buy, third);
    stand.fails(&buy, reason);
    // A tenth is held and a tenth may come: a tenth may go, but not two more than that.
    let sell = with(stand.child(Side::Sell), 500_005, COIN / 10);
    stand.passes(&sell);
}

#[test]
fn exposure_to_an_asset_is_limited() {
    two_fit(Reason::Asset, |settings| settings.assets = vec![None, Some(10_000 * DOLLAR)]);
}

#[test]
fn a_purchase_is_a_sale_of_what_it_is_paid_with() {
    let mut stand =
        Stand::new(|settings| settings.assets = vec![None, Some(5_000 * DOLLAR), None, None]);
    let eth = with(Child { instrument: ETH_BTC, ..stand.buy() }, 5_000, 2 * COIN);
    stand.passes(&eth);
    stand.fails(&eth, Reason::Asset);
    // The other way for bitcoin.
    let buy = stand.buy();
    stand.passes(&buy);
    stand.fails(&buy, Reason::Asset);
}

#[test]
fn exposure_of_a_strategy_is_limited() {
    two_fit(Reason::Strategy, |settings| {
        settings.strategies[0].exposure_max = Some(10_000 * DOLLAR);
    });
    let mut stand = Stand::new(|settings| settings.strategies[0].exposure_max = Some(0));
    let other = Child { strategy: StrategyId(1), ..stand.buy() };
    stand.passes(&other);
    let nobody = Child { strategy: StrategyId(2), ..stand.buy() };
    stand.fails(&nobody, Reason::Strategy);
}

#[test]
fn exposure_of_an_account_is_limited() {
    two_fit(Reason::Account, |settings| {
        settings.accounts[0].exposure_max = Some(10_000 * DOLLAR);
    });
}

#[test]
fn exposure_at_a_venue_is_limited() {
    let venue = VenueLimits { venue: "kraken", exposure_max: Some(10_000 * DOLLAR), fee_ppm: 0 };
    two_fit(Reason::Venue, |settings| settings.venues = vec![venue]);
}

#[test]
fn gross_exposure_is_limited() {
    two_fit(Reason::Gross, |settings| settings.gross_max = Some(10_000 * DOLLAR));
}

#[test]
fn net_exposure_is_limited() {
    two_fit(Reason::Net, |settings| settings.net_max = Some(10_000 * DOLLAR));
}

#[test]
fn longs_and_shorts_count_for_gross_and_not_for_net() {
    let change = |settings: &mut Settings| {
        settings.gross_max = Some(15_000 * DOLLAR);
        settings.net_max = Some(5_000 * DOLLAR);
    };
    let mut stand = Stand::new(change);
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.fills(&buy, id);
    stand.fails(&buy, Reason::Net);
    let short = Child { instrument: BTC_USDT, account: BINANCE, ..stand.child(Side::Sell) };
    let short = with(short, 5_000_000, COIN / 10);
    let id = stand.passes(&short);
    // Not certain yet: the long is still alone.
    stand.fails(&buy, Reason::Net);
    stand.fills(&short, id);
    stand.passes(&buy);
}

#[test]
fn a_position_is_limited_for_all_accounts_together() {
    let most = InstrumentLimits { position_max: Some(COIN / 5), ..Default::default() };
    two_fit(Reason::Position, |settings| settings.instruments = vec![most]);
    let mut stand = Stand::new(|settings| settings.instruments = vec![most]);
    let sell = stand.child(Side::Sell);
    stand.passes(&sell);
    stand.passes(&sell);
    stand.fails(&with(sell, 500_000, 10_000), Reason::Position);
}

#[test]
fn a_limit_of_zero_lets_only_reductions_pass() {
    let mut stand = Stand::new(|_| {});
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.fills(&buy, id);
    let state = stand.gate.state();
    let mut stand = Stand::new(|settings| {
        settings.gross_max = Some(0);
        settings.net_max = Some(0);
        settings.assets = vec![Some(0); 4];
    });
    stand.gate.restore(&state);
    let (_, reasons) = stand.send(&buy);
    assert!(reasons.has(Reason::Gross) && reasons.has(Reason::Net) && reasons.has(Reason::Asset));
    let sell = stand.child(Side::Sell);
    stand.passes(&sell);
}

#[test]
fn open_orders_are_counted_whole_and_by_account() {
    let mut stand = Stand::new(|settings| settings.open_orders_max = Some(1));
    let child = stand.buy();
    let id = stand.passes(&child);
    stand.fails(&child, Reason::OpenOrders);
    stand.report(&child, id, OrderState::Rejected, Fill::default());
    stand.passes(&child);
    let mut stand = Stand::new(|settings| settings.accounts[0].open_orders_max = Some(1));
    stand.passes(&child);
    stand.fails(&child, Reason::OpenOrders);
    let other = Child { instrument: BTC_USDT, account: BINANCE, ..child };
    stand.passes(&with(other, 5_000_000, COIN));
}

#[test]
fn a_budget_of_requests_keeps_a_reserve_for_cancels() {
    let rate = OrderRate { per_second: 10, burst: 3, cancel_reserve: 1 };
    let mut stand = Stand::new(|settings| settings.accounts[0].rate = Some(rate));
    let child = stand.buy();
    let id = stand.passes(&child);
    stand.passes(&child);
    stand.fails(&child, Reason::Rate);
    for _ in 0..5 {
        stand.passes(&Child { action: Action::Cancel, cancels: id, ..child });
    }
    stand.now.0 += 199_999_999;
    let child = stand.buy();
    stand.fails(&child, Reason::Rate);
    stand.now.0 += 1;
    let child = stand.buy();
    stand.passes(&child);
}

#[test]
fn an_order_never_meets_one_of_our_own() {
    let mut stand = Stand::new(|_| {});
    let (buy, sell) = (stand.buy(), stand.child(Side::Sell));
    let id = stand.passes(&buy);
    stand.fails(&sell, Reason::SelfCross);
    stand.fails(&with(sell, 499_995, COIN), Reason::SelfCross);
    let above = stand.passes(&with(sell, 500_005, COIN));
    stand.fails(&with(buy, 500_005, COIN), Reason::SelfCross);
    stand.report(&buy, id, OrderState::Unknown, Fill::default());
    stand.fails(&sell, Reason::SelfCross);
    stand.report(&buy, id, OrderState::Expired, Fill::default());
    stand.passes(&sell);
    stand.report(&sell, above, OrderState::Cancelled, Fill::default());
    let other = Child { instrument: ETH_BTC, ..buy };
    stand.passes(&with(other, 600_000, COIN));
}

#[test]
fn the_loss_of_a_day_is_limited_until_midnight() {
    let mut stand = Stand::new(|settings| settings.daily_loss_max = Some(100 * DOLLAR));
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.fills(&buy, id);
    // 0.1 BTC lose 100 dollars when a bitcoin loses 1000.
    stand.quote(BTC_USD, 489_995, 490_005);
    stand.tick(0);
    assert_eq!(stand.gate.halted(), None);
    stand.quote(BTC_USD, 489_990, 490_005);
    stand.tick(0);
    assert_eq!(stand.gate.halted().map(|halt| halt.reason), Some(HaltReason::DailyLoss));
    stand.gate.resume();
    stand.fails(&buy, Reason::DailyLoss);
    stand.tick(86_400_000_000_000);
    stand.passes(&buy);
}

#[test]
fn the_fall_from_the_high_water_mark_is_limited() {
    let mut stand = Stand::new(|settings| settings.drawdown_max = Some(100 * DOLLAR));
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.fills(&buy, id);
    stand.quote(BTC_USD, 509_995, 510_005);
    stand.tick(0);
    stand.quote(BTC_USD, 499_995, 500_005);
    stand.tick(86_400_000_000_000);
    assert_eq!(stand.gate.halted(), None);
    stand.quote(BTC_USD, 499_990, 500_005);
    stand.tick(0);
    assert_eq!(stand.gate.halted().map(|halt| halt.reason), Some(HaltReason::Drawdown));
    let (_, reasons) = stand.send(&buy);
    assert_eq!(reasons.iter().collect::<Vec<_>>(), [Reason::Drawdown, Reason::Halted]);
    // From here on it counts anew.
    stand.gate.resume();
    stand.passes(&buy);
}

#[test]
fn a_fee_is_a_loss() {
    let mut stand = Stand::new(|settings| settings.daily_loss_max = Some(DOLLAR));
    let buy = stand.buy();
    let Terms { price, qty, .. } = buy.terms;
    let amount = 5_000 * DOLLAR;
    let fill = |fee| Fill { price, qty, amount, fee, fee_asset: USD, ..Fill::default() };
    let id = stand.passes(&buy);
    stand.report(&buy, id, OrderState::Filled, fill(DOLLAR));
    stand.tick(0);
    assert_eq!(stand.gate.halted(), None);
    let id = stand.passes(&buy);
    stand.report(&buy, id, OrderState::Filled, fill(1));
    stand.tick(0);
    assert!(stand.gate.halted().is_some());
}

#[test]
fn a_halt_stops_everything_but_cancels() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    let id = stand.passes(&child);
    stand.gate.halt(HaltReason::Command, stand.now);
    stand.fails(&child, Reason::Halted);
    let reducing = Child { is_reducing: true, ..stand.child(Side::Sell) };
    stand.fails(&with(reducing, 500_005, COIN), Reason::Halted);
    stand.passes(&Child { action: Action::Cancel, cancels: id, ..child });
    stand.gate.resume();
    stand.passes(&child);
}

#[test]
fn a_full_table_takes_no_order() {
    let mut stand = Stand::new(|_| {});
    let child = Child { ..stand.buy() };
    let small = with(child, 500_000, 10_000);
    for _ in 0..limits::OPEN_ORDERS_MAX {
        stand.passes(&small);
    }
    stand.fails(&small, Reason::Full);
    stand.report(&small, OrderId(7), OrderState::Cancelled, Fill::default());
    stand.passes(&small);
    let style = Style::PostOnly;
    let last = Child { terms: Terms { style, ..small.terms }, ..small };
    stand.fails(&last, Reason::Full);
}

#[test]
fn nothing_that_a_limit_is_on_passes_while_a_price_is_missing() {
    let mut settings = settings();
    settings.gross_max = Some(1_000_000_000 * DOLLAR);
    let mut gate = Gate::new(&instruments(), &settings);
    let stand = Stand::new(|_| {});
    assert!(gate.check(&stand.buy()).has(Reason::Gross));
    settings.gross_max = None;
    gate = Gate::new(&instruments(), &settings);
    assert!(!gate.check(&stand.buy()).has(Reason::Gross));
}
