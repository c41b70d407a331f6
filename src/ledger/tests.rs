//! The ledger against closed forms.

use super::*;
use crate::base::{Instrument, InstrumentKind, Symbol};
use crate::base::{MarkStep, OrderId};
use crate::event::{Liquidity, OrderState, Reasons, Stamp, Style, Terms};
use proptest::prelude::*;

const USD: AssetId = AssetId(0);
const BTC: AssetId = AssetId(1);
const USDT: AssetId = AssetId(2);
const BTC_USD: InstrumentId = InstrumentId(0);
const BTC_USDT: InstrumentId = InstrumentId(1);
const INVERSE: InstrumentId = InstrumentId(2);

fn instruments() -> Instruments {
    let mut all = Instruments::default();
    let mut add = |symbol: &str, quote, kind, contract_value| {
        let plain = Instrument::plain("venue", Symbol::new(symbol.as_bytes()).unwrap(), 1, 8);
        let (base, quote) = (Some(BTC), Some(quote));
        all.add(Instrument { base, quote, kind, contract_value, ..plain }).unwrap();
    };
    add("BTC/USD", USD, InstrumentKind::Spot, 1);
    add("BTC/USDT", USDT, InstrumentKind::Spot, 1);
    add("BTCUSD_PERP", USD, InstrumentKind::Inverse, 100);
    all
}

fn ledger(lots: Lots) -> Ledger {
    let asset = |name: &str, decimals| Asset { name: name.to_owned(), decimals };
    let assets = vec![asset("USD", 8), asset("BTC", 10), asset("USDT", 8)];
    let chains: [Option<Vec<MarkStep>>; 3] =
        [Some(vec![]), Some(vec![(USD, Some(BTC_USD))]), Some(vec![(USD, None)])];
    let marks = Marks::new(&[8, 10, 8], USD, &chains, &instruments());
    let account = |name: &str| Account {
        name: name.to_owned(),
        balances: vec![(USD, 100_000_000_000), (BTC, 5)],
    };
    let strategies = vec!["one".to_owned(), "other".to_owned()];
    let accounts = vec![account("here"), account("there")];
    Ledger::new(&instruments(), assets, marks, strategies, accounts, Settings { lots })
}

/// A fill of so many units at a price in tenths.
fn fill(of: InstrumentId, side: Side, price: i64, qty: i64, amount: i64, fee: i64) -> Report {
    let (price, qty) = (Price(price), Qty(qty));
    Report {
        stamp: Stamp::default(),
        order: OrderId(1),
        intent: 1,
        terms: Terms { price, qty, side, style: Style::Limit },
        fill: Fill { price, qty, amount, fee, fee_asset: USD, liquidity: Liquidity::Taker },
        filled: qty,
        instrument: of,
        reasons: Reasons::NONE,
        rejection: 0,
        strategy: StrategyId(0),
        account: AccountId(0),
        state: OrderState::Filled,
        is_cancel_refusal: false,
    }
}

const COIN: i64 = 100_000_000;
const DOLLAR: i64 = 100_000_000;

#[test]
fn a_round_trip_wins_the_difference_less_fees() {
    let mut ledger = ledger(Lots::Average);
    ledger.on(&fill(BTC_USD, Side::Buy, 1_000, COIN, 100 * DOLLAR, DOLLAR));
    ledger.on(&fill(BTC_USD, Side::Sell, 1_100, COIN, 110 * DOLLAR, DOLLAR));
    let sheet = ledger.sheet(By::Whole);
    let money = Money {
        realised: Some(10 * DOLLAR),
        unrealised: Some(0),
        fees: Some(2 * DOLLAR),
        total: Some(8 * DOLLAR),
    };
    assert_eq!(sheet.money, money);
    assert_eq!((sheet.fills, sheet.volume), (2, Some(210 * DOLLAR)));
    assert_eq!(ledger.balance(AccountId(0), USD), Some(i128::from(1_008 * DOLLAR)));
    assert_eq!(ledger.balance(AccountId(0), BTC), Some(5));
}

#[test]
fn what_is_open_is_worth_the_middle_of_bid_and_ask() {
    let mut ledger = ledger(Lots::Average);
    ledger.on(&fill(BTC_USD, Side::Buy, 1_000, COIN, 100 * DOLLAR, 0));
    assert_eq!(ledger.sheet(By::Whole).money.total, None, "no price yet");
    assert_eq!(ledger.lines()[0].average, Some(Price(1_000)));
    ledger.on_quote(BTC_USD, Price(1_200), Price(1_201));
    let expected = 20 * DOLLAR + DOLLAR / 20;
    assert_eq!(ledger.sheet(By::Whole).money.unrealised, Some(expected));
    for (bid, ask) in [(0, 9_999), (9_999, 0)] {
        ledger.on_quote(BTC_USD, Price(bid), Price(ask));
        assert_eq!(ledger.sheet(By::Whole).money.unrealised, Some(expected), "a side is empty");
    }
}

#[test]
fn a_line_says_what_was_bought_what_was_sold_and_what_both_came_to() {
    let mut ledger = ledger(Lots::Average);
    ledger.on(&fill(BTC_USD, Side::Buy, 1_000, 3 * COIN, 300 * DOLLAR, 0));
    ledger.on(&fill(BTC_USD, Side::Sell, 1_100, COIN, 110 * DOLLAR, 0));
    let line = &ledger.lines()[0];
    let coin = i128::from(COIN);
    assert_eq!((line.bought, line.sold, line.position), (3 * coin, coin, Qty(2 * COIN)));
    assert_eq!((line.fills, line.turnover), (2, i128::from(410 * DOLLAR)));
}

#[test]
fn an_average_between_two_prices_is_the_nearer_one() {
    let mut ledger = ledger(Lots::Average);
    ledger.on(&fill(BTC_USD, Side::Buy, 1_000, COIN, 100 * DOLLAR, 0));
    // 100.0 once and 100.1 twice are 100.0667 on average.
    ledger.on(&fill(BTC_USD, Side::Buy, 1_001, 2 * COIN, 2_002 * DOLLAR / 10, 0));
    assert_eq!(ledger.lines()[0].average, Some(Price(1_001)));
}

#[test]
fn groups_add_up_to_the_whole() {
    let mut ledger = ledger(Lots::Fifo);
    let other = |report: Report| Report { strategy: StrategyId(1), ..report };
    let there = |report: Report| Report { account: AccountId(1), ..report };
    ledger.on(&fill(BTC_USD, Side::Buy, 1_000, COIN, 100 * DOLLAR, 3));
    ledger.on(&other(fill(BTC_USD, Side::Sell, 1_010, COIN, 101 * DOLLAR, 4)));
    ledger.on(&there(fill(BTC_USDT, Side::Buy, 1_020, COIN, 102 * DOLLAR, 5)));
    ledger.on_quote(BTC_USD, Price(1_005), Price(1_007));
    ledger.on_quote(BTC_USDT, Price(1_005), Price(1_007));
    let whole = ledger.sheet(By::Whole).money;
    let sum = |groups: [By; 2]| {
        let [a, b] = groups.map(|by| ledger.sheet(by).money);
        a.plus(b)
    };
    assert_eq!(sum([By::Strategy(StrategyId(0)), By::Strategy(StrategyId(1))]), whole);
    assert_eq!(sum([By::Account(AccountId(0)), By::Account(AccountId(1))]), whole);
    assert_eq!(sum([By::Instrument(BTC_USD), By::Instrument(BTC_USDT)]), whole);
    assert_eq!(ledger.sheet(By::Instrument(BTC_USD)).positions, [], "long and short are flat");
}

#[test]
fn an_inverse_contract_wins_base() {
    let mut ledger = ledger(Lots::Average);
    // Ten contracts of 100 at 50000 are 0.02 coins, at 40000 they are 0.025.
    let long = 200_000_000;
    ledger.on(&fill(INVERSE, Side::Sell, 500_000, 10 * COIN, long, 0));
    assert_eq!(ledger.lines()[0].average, Some(Price(500_000)));
    ledger.on_quote(INVERSE, Price(400_000), Price(400_000));
    assert_eq!(ledger.lines()[0].unrealised, Some(50_000_000));
    ledger.on(&fill(INVERSE, Side::Buy, 400_000, 10 * COIN, 250_000_000, 0));
    assert_eq!(ledger.lines()[0].realised, 50_000_000);
    assert_eq!(ledger.balance(AccountId(0), BTC), Some(50_000_005));
}

#[test]
fn what_nobody_knows_is_counted_and_not_booked() {
    let mut ledger = ledger(Lots::Average);
    ledger.on(&fill(InstrumentId(9), Side::Buy, 1, 1, 1, 0));
    ledger.on(&Report { account: AccountId(9), ..fill(BTC_USD, Side::Buy, 1, 1, 1, 0) });
    assert_eq!((ledger.unbooked(), ledger.lines().len()), (2, 0));
}

#[test]
fn an_asset_without_a_mark_is_named() {
    let mut ledger = ledger(Lots::Average);
    let mut report = fill(BTC_USDT, Side::Buy, 1_000, COIN, 100 * DOLLAR, 7);
    report.fill.fee_asset = BTC;
    ledger.on(&report);
    ledger.on_quote(BTC_USDT, Price(1_000), Price(1_000));
    assert_eq!(ledger.unmarked(), [BTC]);
    assert_eq!(ledger.sheet(By::Whole).money.fees, None);
    ledger.on_quote(BTC_USD, Price(1_000), Price(1_000));
    assert_eq!(ledger.unmarked(), []);
}

/// Is it a purchase, its price, its quantity and its fee: below zero where it comes in.
fn any_fill() -> impl Strategy<Value = (bool, i64, i64, i64)> {
    (any::<bool>(), 1_i64..2_000, 1_i64..COIN, -9_i64..9)
}

proptest! {
    #[test]
    fn the_total_is_what_the_balances_are_worth(
        fills in prop::collection::vec(any_fill(), 1..60),
        mark in 1_i64..2_000,
    ) {
        let [mut average, mut fifo] = [Lots::Average, Lots::Fifo].map(ledger);
        for (is_buy, price, qty, fee) in fills {
            let side = if is_buy { Side::Buy } else { Side::Sell };
            let report = fill(BTC_USD, side, price, qty, price * qty / 10, fee);
            average.on(&report);
            fifo.on(&report);
        }
        for ledger in [&mut average, &mut fifo] {
            ledger.on_quote(BTC_USD, Price(mark), Price(mark));
            let money = ledger.sheet(By::Whole).money;
            let sum = money.realised.unwrap() + money.unrealised.unwrap() - money.fees.unwrap();
            prop_assert_eq!(Some(sum), money.total);
            let coins = ledger.balance(AccountId(0), BTC).unwrap() - 5;
            let dollars = ledger.balance(AccountId(0), USD).unwrap() - 100_000_000_000;
            // Coins have ten decimals, prices one and dollars eight.
            let worth = (coins * i128::from(mark)).div_euclid(1_000);
            prop_assert_eq!(i128::from(sum), worth + dollars);
        }
        prop_assert_eq!(average.sheet(By::Whole).money.total, fifo.sheet(By::Whole).money.total);
    }
}
