//! The risk gate: all checks on an order, approved and denied, with and without its booking, with
//! its lane at hand and to be made anew, and the update by a view.

use std::hint::black_box;

use neural_kraken::base::{
    AccountId, AssetId, Instrument, InstrumentId, Instruments, Nanos, OrderId, Price, Qty, Side,
    Status, StrategyId, Symbol,
};
use neural_kraken::event::{
    Action, BookState, Child, Decision, Level, Order, OrderState, Quote, Report, Routed, Stamp,
    Style, Terms, Tick, View,
};
use neural_kraken::stage::contract::{Emit, Nowhere, On};
use neural_kraken::stage::risk::{
    AccountLimits, Gate, InstrumentLimits, OrderRate, Settings, StrategyLimits, VenueLimits,
};

use crate::support::{Bench, Case, Contender};

/// Orders in one timed item: one alone is too short for a stamp.
const BURST: u32 = 16;

const NOW: Nanos = Nanos(1_784_484_000_000_000_000);
const INSTRUMENTS: u32 = 8;

/// A limit that nothing here reaches.
const WIDE: i64 = 1 << 55;

/// There are one more children and views.
const MASK: usize = 63;

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    let children: Vec<Child> = (0..=MASK as u32).map(child).collect();
    let denied: Vec<Child> =
        children.iter().map(|child| Child { is_ready: false, ..*child }).collect();

    let mut gate = gate();
    let case = Case::new("checks, approved", "order", 2_000).split(BURST);
    bench.run(&case, &mut |index: usize| check(&mut gate, &children, index), &mut []);
    let case = Case::new("checks, approved, each after a change", "order", 2_000).split(BURST);
    let mut ours = |index: usize| {
        for n in 0..BURST as usize {
            // The change itself is one store and one addition.
            gate.set_balance(AccountId(0), AssetId(0), WIDE - n as i64);
            black_box(gate.check(black_box(&children[(index + n) & MASK])));
        }
    };
    bench.run(&case, &mut ours, &mut []);
    let case = Case::new("checks, denied", "order", 2_000).split(BURST);
    bench.run(&case, &mut |index: usize| check(&mut gate, &denied, index), &mut []);

    let mut gate = self::gate();
    let case = Case::new("denied", "order", 2_000).split(BURST);
    let mut ours = |index: usize| {
        for n in 0..BURST as usize {
            let child = &denied[(index + n) & MASK];
            gate.on(&Routed::Child(black_box(child)), &mut Sink);
        }
    };
    bench.run(&case, &mut ours, &mut []);

    let case = Case::new("approved and booked", "order", 2_000).split(BURST);
    let mut ours = Booked { gate: self::gate(), children: &children, sent: Vec::new() };
    bench.run(&case, &mut ours, &mut []);

    let mut gate = self::gate();
    let case = Case::new("view", "view", 2_000).split(BURST);
    let views: Vec<View> = (0..=MASK as u32).map(|n| view(n % INSTRUMENTS, i64::from(n))).collect();
    let mut ours = |index: usize| {
        for n in 0..BURST as usize {
            let view = &views[(index + n) & MASK];
            gate.on(&Routed::Market(black_box(view)), &mut Nowhere);
        }
    };
    bench.run(&case, &mut ours, &mut []);
}

/// Orders that were approved, at most 4,000: nobody but the gate makes one.
pub(crate) fn approved(count: usize) -> Vec<Order> {
    struct Kept(Vec<Order>);
    impl Emit<Decision<'_>> for Kept {
        fn emit(&mut self, message: &Decision<'_>) {
            match message {
                Decision::Order(order) => self.0.push(**order),
                Decision::Denied(denial) => panic!("denied: {:?}", denial.reasons),
            }
        }
    }
    let (mut gate, mut kept) = (gate(), Kept(Vec::new()));
    for n in 0..count as u32 {
        gate.on(&Routed::Child(&child(n)), &mut kept);
    }
    kept.0
}

fn check(gate: &mut Gate, children: &[Child], index: usize) {
    for n in 0..BURST as usize {
        black_box(gate.check(black_box(&children[(index + n) & MASK])));
    }
}

/// Looks at what is emitted, as the next stage would.
struct Sink;

impl Emit<Decision<'_>> for Sink {
    #[inline(always)]
    fn emit(&mut self, message: &Decision<'_>) {
        black_box(message);
    }
}

/// Notes the numbers of what was approved.
struct Noted<'a>(&'a mut Vec<(Child, OrderId)>);

impl Emit<Decision<'_>> for Noted<'_> {
    #[inline(always)]
    fn emit(&mut self, message: &Decision<'_>) {
        match black_box(message) {
            Decision::Order(order) => self.0.push((*order.child(), order.id())),
            Decision::Denied(denial) => panic!("denied: {:?}", denial.reasons),
        }
    }
}

/// Orders that are approved; what was opened is closed before the next item, untimed.
struct Booked<'a> {
    gate: Gate,
    children: &'a [Child],
    sent: Vec<(Child, OrderId)>,
}

impl Contender for Booked<'_> {
    fn prepare(&mut self, _index: usize) {
        for (child, order) in self.sent.drain(..) {
            let report = Report::of(&child, order, OrderState::Cancelled);
            self.gate.on(&report, &mut Nowhere);
        }
    }

    fn item(&mut self, index: usize) {
        for n in 0..BURST as usize {
            let child = &self.children[(index + n) & MASK];
            self.gate.on(&Routed::Child(black_box(child)), &mut Noted(&mut self.sent));
        }
    }
}

fn child(n: u32) -> Child {
    let side = if n.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let price = if side == Side::Buy { 499_990 } else { 500_010 };
    Child {
        stamp: Stamp { recv_ns: NOW, ..Stamp::default() },
        intent: u64::from(n),
        cancels: OrderId::NONE,
        terms: Terms { price: Price(price), qty: Qty(1_000_000), side, style: Style::PostOnly },
        instrument: InstrumentId(n % INSTRUMENTS),
        strategy: StrategyId((n % 2) as u16),
        account: AccountId(0),
        action: Action::Place,
        is_ready: true,
        is_reducing: false,
    }
}

fn view(instrument: u32, off: i64) -> View {
    let level = |price| Level { price, qty: 1 };
    let quote = Quote {
        stamp: Stamp { recv_ns: NOW, ..Stamp::default() },
        bid: level(499_995 + 5 * off),
        ask: level(500_005 + 5 * off),
        instrument,
        price_decimals: 1,
        qty_decimals: 8,
        state: BookState::Live,
        ..Quote::default()
    };
    View { quote, ..View::default() }
}

/// With every limit set, and wide.
fn gate() -> Gate {
    let mut instruments = Instruments::default();
    for n in 0..INSTRUMENTS {
        let symbol = Symbol::new(format!("COIN{n}/USD").as_bytes()).unwrap();
        instruments.add(Instrument {
            base: Some(AssetId(1 + n as u16)),
            quote: Some(AssetId(0)),
            tick: Price(5),
            lot: Qty(1_000),
            qty_min: Qty(10_000),
            notional_min: 5,
            status: Status::Open,
            ..Instrument::plain("kraken", symbol, 1, 8)
        });
    }
    let assets = INSTRUMENTS as usize + 1;
    let chain = |n: usize| match n {
        0 => Some(vec![]),
        n => Some(vec![(AssetId(0), Some(InstrumentId(n as u32 - 1)))]),
    };
    let limits = InstrumentLimits {
        qty_max: Some(WIDE),
        position_max: Some(WIDE),
        notional_max: Some(WIDE),
        collar_bps: Some(100),
    };
    let settings = Settings {
        decimals: vec![8; assets],
        reckoning: AssetId(0),
        chains: (0..assets).map(chain).collect(),
        instruments: vec![limits; INSTRUMENTS as usize],
        assets: vec![Some(WIDE); assets],
        strategies: vec![StrategyLimits { exposure_max: Some(WIDE) }; 2],
        accounts: vec![AccountLimits {
            venue: "kraken",
            exposure_max: Some(WIDE),
            open_orders_max: Some(4_000),
            rate: Some(OrderRate {
                per_second: 1_000_000_000,
                burst: 1_000_000_000,
                cancel_reserve: 1,
            }),
            balances: (0..assets).map(|n| (AssetId(n as u16), WIDE)).collect(),
        }],
        venues: vec![VenueLimits { venue: "kraken", exposure_max: Some(WIDE), fee_ppm: 4_000 }],
        gross_max: Some(WIDE),
        net_max: Some(WIDE),
        open_orders_max: Some(4_000),
        daily_loss_max: Some(WIDE),
        drawdown_max: Some(WIDE),
        quote_age_max_ns: Some(1_000_000_000),
        ..Settings::default()
    };
    let mut gate = Gate::new(&instruments, &settings);
    for n in 0..INSTRUMENTS {
        gate.on(&Routed::Market(&view(n, 0)), &mut Nowhere);
    }
    gate.on(&Tick { now: NOW, frame: 0 }, &mut Nowhere);
    gate
}
