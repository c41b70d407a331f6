//! Lanes against the full checks: whatever the limits and whatever happens, a lane lets nothing
//! pass that a check denies, and an ordinary order needs nothing more.

use proptest::prelude::*;

use super::stand::*;
use super::*;
use crate::base::{AccountId, InstrumentId, OrderId, Price, Qty, Side, Status, StrategyId};
use crate::event::{Child, Fill, OrderState, Reason, Style, Terms};
use crate::stage::contract::Idle;

fn limits() -> impl Strategy<Value = Settings> {
    let few = |most: i64| prop::option::weighted(0.6, -1..most);
    let dollars = move || few(60_000).prop_map(|limit| limit.map(|limit| limit * DOLLAR));
    let instrument = (few(COIN), few(2 * COIN), dollars(), prop::option::of(0_u32..200)).prop_map(
        |(qty_max, position_max, notional_max, collar_bps)| InstrumentLimits {
            qty_max,
            position_max,
            notional_max,
            collar_bps,
        },
    );
    let rate = (1_u32..5, 1_u32..6, 0_u32..3).prop_map(|(per_second, burst, cancel_reserve)| {
        OrderRate { per_second, burst, cancel_reserve }
    });
    let account = (dollars(), prop::option::of(0_u32..8), prop::option::weighted(0.3, rate));
    let sums = (dollars(), dollars(), prop::option::of(0_u32..12), 0_u32..20_000, dollars());
    (
        prop::collection::vec(instrument, 3),
        prop::collection::vec(account, 2),
        prop::collection::vec(dollars(), 7),
        sums,
        prop::option::of(prop::array::uniform4(0_i64..30_000)),
    )
        .prop_map(|(instruments, accounts, dollars, sums, balances)| {
            let mut all = settings();
            all.instruments = instruments;
            for (account, (exposure_max, open_orders_max, rate)) in
                all.accounts.iter_mut().zip(accounts)
            {
                (account.exposure_max, account.rate) = (exposure_max, rate);
                account.open_orders_max = open_orders_max;
                if let Some([usd, btc, eth, usdt]) = balances {
                    let cents = DOLLAR / 100;
                    account.balances = vec![
                        (USD, usd * DOLLAR),
                        (BTC, btc * cents),
                        (ETH, eth * 20 * cents),
                        (USDT, usdt * DOLLAR),
                    ];
                }
            }
            all.assets = dollars[..4].to_vec();
            all.strategies.iter_mut().zip(&dollars[4..]).for_each(|(s, max)| s.exposure_max = *max);
            (all.gross_max, all.net_max, all.open_orders_max) = (sums.0, sums.1, sums.2);
            all.venues =
                vec![VenueLimits { venue: "kraken", exposure_max: sums.4, fee_ppm: sums.3 }];
            all.quote_age_max_ns = Some(1_000);
            all
        })
}

/// What is wanted, and what happens before it.
#[derive(Clone, Debug)]
struct Step {
    instrument: u32,
    account: u16,
    strategy: u16,
    is_sale: bool,
    off: i64,
    qty: i64,
    odd: Option<(i64, i64)>,
    /// Of the orders before it, one ends in this way.
    ends: Option<(prop::sample::Index, bool)>,
    waits: i64,
    moves: Option<i64>,
    idles: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let odd = prop::sample::select(vec![i64::MIN, -1, 0, 1, 5_000, 1 << 40, 1 << 60, i64::MAX]);
    let what = (0_u32..4, 0_u16..3, 0_u16..3, any::<bool>(), -60_i64..60, 1_i64..4_000);
    let when = (
        prop::option::weighted(0.1, (odd.clone(), odd)),
        prop::option::weighted(0.4, (any::<prop::sample::Index>(), any::<bool>())),
        prop_oneof![8 => Just(0), 1 => 0_i64..2_000, 1 => Just(300_000_000)],
        prop::option::weighted(0.2, 90_i64..110),
        any::<bool>(),
    );
    let step = (what, when).prop_map(
        |((instrument, account, strategy, is_sale, off, qty), (odd, ends, waits, moves, idles))| {
            Step {
                instrument,
                // Mostly the one at its venue.
                account: if account == 2 { 1 } else { u16::from(instrument == 2) },
                strategy,
                is_sale,
                off,
                qty: qty * 10_000,
                odd,
                ends,
                waits,
                moves,
                idles,
            }
        },
    );
    prop::collection::vec(step, 1..60)
}

fn wanted(stand: &Stand, step: &Step) -> Child {
    let mid = [500_000, 5_000, 5_000_000, 500_000][step.instrument as usize];
    let qty = if step.instrument == 1 { 20 * step.qty } else { step.qty };
    let (price, qty) = step.odd.unwrap_or((mid + 5 * step.off, qty));
    let side = if step.is_sale { Side::Sell } else { Side::Buy };
    let terms = Terms { price: Price(price), qty: Qty(qty), side, style: Style::Limit };
    Child {
        terms,
        instrument: InstrumentId(step.instrument),
        account: AccountId(step.account),
        strategy: StrategyId(step.strategy),
        ..stand.buy()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_lane_lets_nothing_pass_that_a_check_denies(limits in limits(), steps in steps()) {
        let mut stand = Stand::over(&instruments(), |settings| *settings = limits);
        let mut open = Vec::new();
        for step in &steps {
            if let Some((order, fills)) = step.ends.filter(|_| !open.is_empty()) {
                let (child, id): (Child, _) = open.remove(order.index(open.len()));
                if fills {
                    stand.fills(&child, id);
                } else {
                    stand.report(&child, id, OrderState::Cancelled, Fill::default());
                }
            }
            stand.now.0 += step.waits;
            if let Some(part) = step.moves {
                stand.quote(BTC_USD, 5_000 * part - 5, 5_000 * part + 5);
                stand.tick(0);
            }
            let child = wanted(&stand, step);
            if step.idles {
                stand.gate.idle();
            }
            let places = stand.gate.places(&child);
            let is_clear = stand.gate.is_clear(&child, places);
            let faults = stand.gate.faults(&child);
            prop_assert!(!is_clear || faults.is_empty(), "{:?} for {:?}", faults, child);
            let (id, reasons) = stand.send(&child);
            prop_assert_eq!(reasons, faults);
            if reasons.is_empty() {
                open.push((child, id));
            }
        }
    }
}

/// Does a lane alone let it pass?
fn is_clear(stand: &mut Stand, child: &Child) -> bool {
    let places = stand.gate.places(child);
    stand.gate.is_clear(child, places)
}

#[test]
fn an_ordinary_order_passes_by_its_lane_alone() {
    let mut stand = Stand::new(|settings| {
        settings.gross_max = Some(100_000 * DOLLAR);
        settings.daily_loss_max = Some(DOLLAR);
    });
    for (side, price) in [(Side::Buy, 499_995), (Side::Sell, 500_005)] {
        let child = with(stand.child(side), price, COIN / 10);
        assert!(is_clear(&mut stand, &child));
        stand.passes(&child);
        let held = with(stand.child(side), price, COIN / 10);
        assert!(is_clear(&mut stand, &held), "while others are open");
    }
}

#[test]
fn a_lane_is_shut_by_whatever_the_venue_or_a_halt_says() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    assert!(is_clear(&mut stand, &child));
    stand.gate.set_status(BTC_USD, Status::Halted);
    assert!(!is_clear(&mut stand, &child));
    stand.gate.set_status(BTC_USD, Status::Open);
    stand.gate.set_balance(KRAKEN, USD, 0);
    assert!(!is_clear(&mut stand, &child));
    stand.gate.set_balance(KRAKEN, USD, i64::MAX / 4);
    stand.gate.halt(HaltReason::Command, stand.now);
    assert!(!is_clear(&mut stand, &child));
    stand.gate.resume();
    assert!(is_clear(&mut stand, &child));
}

#[test]
fn a_fill_of_a_forgotten_order_narrows_a_lane_at_once() {
    let most = InstrumentLimits { position_max: Some(COIN / 5), ..InstrumentLimits::default() };
    let mut stand = Stand::new(|settings| settings.instruments = vec![most]);
    let child = with(stand.buy(), 500_000, COIN / 5);
    assert!(is_clear(&mut stand, &child));
    let old = stand.buy();
    stand.fills(&old, OrderId(999));
    assert!(!is_clear(&mut stand, &child));
    stand.fails(&child, Reason::Position);
}
