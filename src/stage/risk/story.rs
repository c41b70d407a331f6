//! What happens over several messages: fills, partial, late and repeated; halts and their cancels;
//! restarts.

use super::stand::*;
use super::*;
use crate::base::{
    AssetId, Instrument, InstrumentKind, Instruments, OrderId, Price, Qty, Side, Status, Symbol,
};
use crate::event::{Action, Child, Fill, OrderState, Reason, Terms};
use crate::limits;

fn fill(qty: i64, amount: i64) -> Fill {
    Fill { price: Price(500_000), qty: Qty(qty), amount, ..Fill::default() }
}

#[test]
fn a_partial_fill_moves_what_is_reserved_into_what_is_held() {
    let mut stand = Stand::new(|settings| {
        settings.accounts[0].balances = vec![(USD, 10_000 * DOLLAR), (BTC, 0)];
    });
    let buy = stand.buy();
    let id = stand.passes(&buy);
    assert_eq!(stand.gate.balance(KRAKEN, USD), Some((5_000 * DOLLAR, 5_000 * DOLLAR)));
    let part = Fill { fee: 7, fee_asset: BTC, ..fill(COIN / 25, 2_000 * DOLLAR) };
    stand.report(&buy, id, OrderState::PartlyFilled, part);
    assert_eq!(stand.gate.balance(KRAKEN, USD), Some((5_000 * DOLLAR, 3_000 * DOLLAR)));
    assert_eq!(stand.gate.balance(KRAKEN, BTC), Some((4 * COIN - 7, 0)));
    stand.report_filled(&buy, id, OrderState::Cancelled, Fill::default(), Qty(COIN / 25));
    assert_eq!(stand.gate.balance(KRAKEN, USD), Some((8_000 * DOLLAR, 0)));
    assert_eq!((stand.gate.position(BTC_USD), stand.gate.open_orders()), (COIN / 25, 0));
}

#[test]
fn a_repeated_fill_counts_once() {
    let mut stand = Stand::new(|_| {});
    let buy = stand.buy();
    let id = stand.passes(&buy);
    for _ in 0..3 {
        stand.report(&buy, id, OrderState::PartlyFilled, fill(COIN / 50, 1_000 * DOLLAR));
    }
    assert_eq!(stand.gate.position(BTC_USD), COIN / 50);
    stand.report_filled(
        &buy,
        id,
        OrderState::Filled,
        fill(COIN / 25 * 2, 4_000 * DOLLAR),
        Qty(COIN / 10),
    );
    stand.fills(&buy, id);
    assert_eq!(stand.gate.position(BTC_USD), COIN / 10);
    let held = stand.gate.position_of(KRAKEN, BTC_USD);
    assert_eq!(held.cost, i128::from(COIN / 10) * 500_000);
}

#[test]
fn a_fill_after_the_cancel_counts() {
    let mut stand = Stand::new(|settings| settings.gross_max = Some(5_000 * DOLLAR));
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.report(&buy, id, OrderState::Cancelled, Fill::default());
    stand.report(&buy, id, OrderState::Cancelled, fill(COIN / 10, 5_000 * DOLLAR));
    assert_eq!((stand.gate.position(BTC_USD), stand.gate.open_orders()), (COIN / 10, 0));
    stand.fails(&buy, Reason::Gross);
    // Of an order that nobody remembers, too.
    stand.report(&buy, OrderId(999), OrderState::Filled, fill(COIN / 10, 5_000 * DOLLAR));
    assert_eq!(stand.gate.position(BTC_USD), COIN / 5);
}

#[test]
fn news_of_an_order_that_is_over_opens_nothing() {
    let mut stand = Stand::new(|_| {});
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.report(&buy, id, OrderState::Rejected, Fill::default());
    for state in [OrderState::Open, OrderState::Unknown, OrderState::Cancelled] {
        stand.report(&buy, id, state, Fill::default());
    }
    assert_eq!(stand.gate.open_orders(), 0);
    assert_eq!(stand.gate.balance(KRAKEN, USD).map(|(_, reserved)| reserved), Some(0));
    let sell = stand.child(Side::Sell);
    stand.passes(&sell);
}

#[test]
fn a_halt_cancels_each_open_order_once() {
    let mut stand = Stand::new(|_| {});
    let child = stand.buy();
    let small = with(child, 500_000, 10_000);
    let mut ids: Vec<OrderId> = (0..150).map(|_| stand.passes(&small)).collect();
    stand.report(&small, ids.remove(3), OrderState::Cancelled, Fill::default());
    stand.report(&small, ids[9], OrderState::Unknown, Fill::default());
    stand.gate.halt(HaltReason::Fault, stand.now);
    let mut cancelled = Vec::new();
    for n in 0..6 {
        stand.out.0.clear();
        stand.tick(0);
        stand.quote(BTC_USD, 499_995, 500_005 + 5 * n);
        assert!(stand.out.0.len() <= 2 * limits::EMIT_BURST_MAX);
        for (child, id, reasons) in &stand.out.0 {
            assert!(reasons.is_empty() && child.action == Action::Cancel && id.0 > 150);
            cancelled.push(child.cancels);
        }
    }
    assert_eq!(cancelled, ids);
    stand.gate.halt(HaltReason::Command, stand.now);
    assert_eq!(stand.gate.halted().map(|halt| halt.reason), Some(HaltReason::Fault), "the first");
}

#[test]
fn a_restart_takes_up_where_it_was_left() {
    let limit = |settings: &mut Settings| settings.gross_max = Some(10_000 * DOLLAR);
    let mut stand = Stand::new(limit);
    let buy = stand.buy();
    let id = stand.passes(&buy);
    let open = stand.passes(&buy);
    stand.report(
        &buy,
        id,
        OrderState::Filled,
        Fill { fee: DOLLAR, fee_asset: USD, ..fill(COIN / 10, 5_000 * DOLLAR) },
    );
    stand.quote(BTC_USD, 509_995, 510_005);
    stand.tick(0);
    stand.gate.halt(HaltReason::Command, stand.now);
    let state = stand.gate.state();
    assert_eq!((state.equity, state.high, state.day_start), (99 * DOLLAR, 99 * DOLLAR, 0));
    let mut stand = Stand::new(limit);
    stand.gate.restore(&state);
    assert_eq!(stand.gate.state(), state);
    assert_eq!(stand.gate.halted(), state.halt);
    stand.out.0.clear();
    stand.tick(0);
    assert_eq!(stand.out.0.iter().map(|(child, ..)| child.cancels).collect::<Vec<_>>(), [open]);
    stand.gate.resume();
    let (next, reasons) = stand.send(&buy);
    assert_eq!(reasons.iter().collect::<Vec<_>>(), [Reason::Gross]);
    assert!(next > open);
    stand.fills(&buy, open);
    assert_eq!(stand.gate.position(BTC_USD), COIN / 5);
}

#[test]
fn a_day_that_turned_while_the_machine_was_off_is_a_new_day() {
    let mut stand = Stand::new(|_| {});
    let buy = stand.buy();
    let id = stand.passes(&buy);
    stand.fills(&buy, id);
    stand.quote(BTC_USD, 509_995, 510_005);
    stand.tick(0);
    let state = stand.gate.state();
    let mut stand = Stand::new(|settings| settings.daily_loss_max = Some(99 * DOLLAR));
    stand.quote(BTC_USD, 509_995, 510_005);
    stand.gate.restore(&state);
    stand.tick(86_400_000_000_000);
    stand.quote(BTC_USD, 499_995, 500_005);
    stand.tick(0);
    assert_eq!(stand.gate.halted().map(|halt| halt.reason), Some(HaltReason::DailyLoss));
}

#[test]
fn a_state_is_resumed_as_a_gate_is() {
    let halt = |reason| Some(Halt { reason, since: START });
    let state = |reason| State { halt: halt(reason), equity: 5, high: 9, ..State::default() };
    for (reason, high) in [(HaltReason::Drawdown, 5), (HaltReason::Command, 9)] {
        let mut state = state(reason);
        state.resume();
        assert_eq!((state.halt, state.high), (None, high));
    }
}

/// A contract of 100 USD, settled in bitcoin, and one of a bitcoin, settled in dollars.
fn futures() -> Instruments {
    let mut all = instruments();
    for (symbol, kind, contract_value) in
        [("INV", InstrumentKind::Inverse, 100), ("LIN", InstrumentKind::Linear, 2)]
    {
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        let (base, quote): (AssetId, AssetId) = (BTC, USD);
        all.add(Instrument {
            base: Some(base),
            quote: Some(quote),
            kind,
            contract_value,
            status: Status::Open,
            ..Instrument::plain("kraken", symbol, 1, 0)
        });
    }
    all
}

#[test]
fn futures_count_what_their_contracts_are_worth() {
    let all = futures();
    let mut stand = Stand::over(&all, |settings| settings.gross_max = Some(100_000 * DOLLAR));
    let future = |id: u32, qty: i64| {
        let terms = Terms { price: Price(500_000), qty: Qty(qty), ..stand.buy().terms };
        Child { instrument: crate::base::InstrumentId(id), terms, ..stand.buy() }
    };
    let (inverse, linear) = (future(3, 500), future(4, 1));
    let breaks = |gate: &Gate, child: &Child| gate.clone().check(child).has(Reason::Gross);
    assert!(!breaks(&stand.gate, &future(3, 1_000)) && breaks(&stand.gate, &future(3, 1_001)));
    assert!(!breaks(&stand.gate, &linear) && breaks(&stand.gate, &future(4, 2)));
    // Bitcoin falls by a half: who is short 500 inverse contracts of 100 dollars wins a bitcoin,
    // which is 25000 dollars.
    let amount = 10_000_000_000;
    let short = Child { terms: Terms { side: Side::Sell, ..inverse.terms }, ..inverse };
    let fill = Fill { price: Price(500_000), qty: Qty(500), amount, ..Fill::default() };
    stand.report(&short, OrderId(999), OrderState::Filled, fill);
    stand.quote(BTC_USD, 249_995, 250_005);
    stand.tick(0);
    assert_eq!(stand.gate.state().equity, 25_000 * DOLLAR);
    assert_eq!(stand.gate.balance(KRAKEN, USD).map(|(_, reserved)| reserved), Some(0));
}
