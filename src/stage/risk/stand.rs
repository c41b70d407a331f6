//! A stand for tests: three instruments at two venues, two accounts, two strategies, and no limits
//! but those that a test sets.
//!
//! At rest bitcoin is at 50000 dollars, and an ordinary order buys a tenth of one: 5000 dollars.

use super::*;
use crate::base::{
    AccountId, AssetId, Instrument, InstrumentId, Instruments, Nanos, OrderId, Price, Qty, Side,
    Status, StrategyId, Symbol,
};
use crate::event::{
    Action, BookState, Child, Decision, Fill, Level, OrderState, Quote, Reasons, Report, Routed,
    Stamp, Style, Terms, Tick, View,
};
use crate::stage::contract::{Emit, On};

pub(super) const USD: AssetId = AssetId(0);
pub(super) const BTC: AssetId = AssetId(1);
pub(super) const ETH: AssetId = AssetId(2);
pub(super) const USDT: AssetId = AssetId(3);

pub(super) const BTC_USD: InstrumentId = InstrumentId(0);
pub(super) const ETH_BTC: InstrumentId = InstrumentId(1);
pub(super) const BTC_USDT: InstrumentId = InstrumentId(2);

pub(super) const KRAKEN: AccountId = AccountId(0);
pub(super) const BINANCE: AccountId = AccountId(1);

/// One dollar, in units of the reckoning asset.
pub(super) const DOLLAR: i64 = 100_000_000;

/// One bitcoin, in units of quantity.
pub(super) const COIN: i64 = 100_000_000;

pub(super) const START: Nanos = Nanos(1_784_484_000_000_000_000);

/// A gate and what came out of it last.
pub(super) struct Stand {
    pub(super) gate: Gate,
    pub(super) now: Nanos,
    pub(super) out: Out,
}

/// Decisions, kept.
#[derive(Default)]
pub(super) struct Out(pub(super) Vec<(Child, OrderId, Reasons)>);

impl Emit<Decision<'_>> for Out {
    fn emit(&mut self, message: &Decision<'_>) {
        self.0.push(match message {
            Decision::Order(order) => (*order.child(), order.id(), Reasons::NONE),
            Decision::Denied(denial) => (denial.child, denial.id, denial.reasons),
        });
    }
}

pub(super) fn instruments() -> Instruments {
    let mut all = Instruments::default();
    for (venue, symbol, base, quote, price_decimals) in [
        ("kraken", "BTC/USD", BTC, USD, 1),
        ("kraken", "ETH/BTC", ETH, BTC, 5),
        ("binance", "BTCUSDT", BTC, USDT, 2),
    ] {
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        let plain = Instrument::plain(venue, symbol, price_decimals, 8);
        all.add(Instrument {
            base: Some(base),
            quote: Some(quote),
            tick: Price(5),
            lot: Qty(1_000),
            qty_min: Qty(10_000),
            notional_min: 50,
            status: Status::Open,
            ..plain
        });
    }
    all
}

pub(super) fn settings() -> Settings {
    let account = |venue, balances| AccountLimits { venue, balances, ..AccountLimits::default() };
    let rich = |asset| (asset, i64::MAX / 4);
    Settings {
        decimals: vec![8, 10, 10, 8],
        reckoning: USD,
        chains: vec![
            Some(vec![]),
            Some(vec![(USD, Some(BTC_USD))]),
            Some(vec![(BTC, Some(ETH_BTC)), (USD, Some(BTC_USD))]),
            Some(vec![(BTC, Some(BTC_USDT)), (USD, Some(BTC_USD))]),
        ],
        strategies: vec![StrategyLimits::default(); 2],
        accounts: vec![
            account("kraken", vec![rich(USD), rich(BTC), rich(ETH)]),
            account("binance", vec![rich(USDT), rich(BTC), rich(USD)]),
        ],
        ..Settings::default()
    }
}

impl Stand {
    /// With what `change` does to settings and instruments; its books are live at rest.
    pub(super) fn new(change: impl FnOnce(&mut Settings)) -> Stand {
        Stand::over(&instruments(), change)
    }

    pub(super) fn over(instruments: &Instruments, change: impl FnOnce(&mut Settings)) -> Stand {
        let mut settings = settings();
        change(&mut settings);
        let gate = Gate::new(instruments, &settings);
        let mut stand = Stand { gate, now: START, out: Out::default() };
        stand.quote(BTC_USD, 499_995, 500_005);
        stand.quote(ETH_BTC, 4_995, 5_005);
        stand.quote(BTC_USDT, 4_999_950, 5_000_050);
        stand.tick(0);
        stand
    }

    pub(super) fn quote(&mut self, instrument: InstrumentId, bid: i64, ask: i64) {
        self.view(instrument, bid, ask, BookState::Live);
    }

    pub(super) fn view(&mut self, instrument: InstrumentId, bid: i64, ask: i64, state: BookState) {
        let price_decimals = [1, 5, 2][instrument.index()];
        let level = |price| Level { price, qty: 1 };
        let quote = Quote {
            stamp: self.stamp(),
            bid: level(bid),
            ask: level(ask),
            instrument: instrument.0,
            price_decimals,
            qty_decimals: 8,
            state,
            ..Quote::default()
        };
        self.raw(quote);
    }

    pub(super) fn raw(&mut self, quote: Quote) {
        let view = View { quote, ..View::default() };
        self.gate.on(&Routed::Market(&view), &mut self.out);
    }

    /// Lets time pass, then ticks.
    pub(super) fn tick(&mut self, ns: i64) {
        self.now.0 += ns;
        self.gate.on(&Tick { now: self.now, frame: 0 }, &mut self.out);
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp { recv_ns: self.now, ..Stamp::default() }
    }

    /// An ordinary order at the mid of [`BTC_USD`].
    pub(super) fn child(&self, side: Side) -> Child {
        let terms = Terms { price: Price(500_000), qty: Qty(COIN / 10), side, style: Style::Limit };
        Child {
            stamp: self.stamp(),
            intent: 1,
            cancels: OrderId::NONE,
            terms,
            instrument: BTC_USD,
            strategy: StrategyId(0),
            account: KRAKEN,
            action: Action::Place,
            is_ready: true,
            is_reducing: false,
        }
    }

    pub(super) fn buy(&self) -> Child {
        self.child(Side::Buy)
    }

    /// Sends a child through; its number, and why not.
    pub(super) fn send(&mut self, child: &Child) -> (OrderId, Reasons) {
        self.out.0.clear();
        self.gate.on(&Routed::Child(child), &mut self.out);
        let (_, id, reasons) = *self.out.0.last().expect("each child is answered");
        (id, reasons)
    }

    /// A child that must pass; its number.
    #[track_caller]
    pub(super) fn passes(&mut self, child: &Child) -> OrderId {
        let (id, reasons) = self.send(child);
        assert_eq!(reasons.iter().collect::<Vec<_>>(), [], "denied");
        id
    }

    /// A child that must be denied, for this reason alone.
    #[track_caller]
    pub(super) fn fails(&mut self, child: &Child, reason: crate::event::Reason) {
        let before = self.gate.denied()[reason as usize];
        let (_, reasons) = self.send(child);
        assert_eq!(reasons.iter().collect::<Vec<_>>(), [reason]);
        assert_eq!(self.gate.denied()[reason as usize], before + 1, "each reason is counted");
    }

    /// What became of an order.
    pub(super) fn report(&mut self, child: &Child, id: OrderId, state: OrderState, fill: Fill) {
        let filled = Qty(fill.qty.0);
        self.report_filled(child, id, state, fill, filled);
    }

    pub(super) fn report_filled(
        &mut self,
        child: &Child,
        id: OrderId,
        state: OrderState,
        fill: Fill,
        filled: Qty,
    ) {
        let report = Report { stamp: self.stamp(), fill, filled, ..Report::of(child, id, state) };
        self.out.0.clear();
        self.gate.on(&report, &mut self.out);
    }

    /// All of an order fills at its price, in dollars without a fee.
    pub(super) fn fills(&mut self, child: &Child, id: OrderId) {
        let Terms { price, qty, .. } = child.terms;
        let amount = price.0 * qty.0 / 10;
        let fill = Fill { price, qty, amount, ..Fill::default() };
        self.report(child, id, OrderState::Filled, fill);
    }
}

/// A child with other terms.
pub(super) fn with(child: Child, price: i64, qty: i64) -> Child {
    Child { terms: Terms { price: Price(price), qty: Qty(qty), ..child.terms }, ..child }
}
