//! The vow of the risk gate by itself: no allocation over more orders and reports than recordings
//! bring.

use neural_kraken::base::{
    AccountId, AssetId, Instrument, InstrumentId, Instruments, Nanos, OrderId, Price, Qty, Side,
    Status, StrategyId, Symbol,
};
use neural_kraken::event::{
    Action, BookState, Child, Decision, Fill, Level, OrderState, Quote, Report, Routed, Stamp,
    Style, Terms, Tick, View,
};
use neural_kraken::stage::contract::{Emit, Idle, Nowhere, On};
use neural_kraken::stage::risk::{AccountLimits, Gate, Settings, StrategyLimits};
use neural_kraken::sys::alloc;

use super::Case;

pub(crate) fn cases() -> Vec<Case> {
    vec![(
        "gate::allocates_nothing_over_orders_and_reports".into(),
        Box::new(|| gate_keeps(20_000)),
    )]
}

/// The last decision: whether it passed, and its number.
struct Last(Option<(bool, OrderId)>);

impl Emit<Decision<'_>> for Last {
    fn emit(&mut self, message: &Decision<'_>) {
        self.0 = Some(match message {
            Decision::Order(order) => (true, order.id()),
            Decision::Denied(denial) => (false, denial.id),
        });
    }
}

/// A gate over two instruments, with some limits, and books that are live.
fn gate() -> Gate {
    let mut instruments = Instruments::default();
    for n in 0..2 {
        instruments.add(Instrument {
            base: Some(AssetId(1 + n)),
            quote: Some(AssetId(0)),
            status: Status::Open,
            ..Instrument::plain("kraken", Symbol::new(b"COIN/USD").unwrap(), 1, 8)
        });
    }
    let chain = |n: u32| Some(vec![(AssetId(0), Some(InstrumentId(n)))]);
    let settings = Settings {
        decimals: vec![8; 3],
        reckoning: AssetId(0),
        chains: vec![Some(vec![]), chain(0), chain(1)],
        strategies: vec![StrategyLimits::default(); 2],
        accounts: vec![AccountLimits {
            venue: "kraken",
            balances: (0..3).map(|n| (AssetId(n), 1 << 55)).collect(),
            ..AccountLimits::default()
        }],
        open_orders_max: Some(16),
        ..Settings::default()
    };
    Gate::new(&instruments, &settings)
}

fn view(n: u32, off: i64, now: Nanos) -> View {
    let level = |price| Level { price, qty: 1 };
    let quote = Quote {
        stamp: Stamp { recv_ns: now, ..Stamp::default() },
        bid: level(499_995 + off),
        ask: level(500_005 + off),
        instrument: n,
        price_decimals: 1,
        qty_decimals: 8,
        state: BookState::Live,
        ..Quote::default()
    };
    View { quote, ..View::default() }
}

fn child(n: u32, now: Nanos) -> Child {
    let side = if n.is_multiple_of(4) { Side::Sell } else { Side::Buy };
    let price = Price(if side == Side::Sell { 500_100 } else { 499_900 });
    Child {
        stamp: Stamp { recv_ns: now, ..Stamp::default() },
        intent: u64::from(n),
        cancels: OrderId::NONE,
        terms: Terms { price, qty: Qty(1_000_000), side, style: Style::PostOnly },
        instrument: InstrumentId(n % 2),
        strategy: StrategyId((n % 3) as u16),
        account: AccountId(0),
        action: Action::Place,
        is_ready: true,
        is_reducing: false,
    }
}

/// Views, orders that pass and orders that do not, fills and ends, ticks and idle moments.
fn gate_keeps(rounds: u32) {
    let mut gate = gate();
    let mut open = [None; 64];
    let (mut passed, mut denied) = (0, 0);
    let before = alloc::of_thread();
    let hot = alloc::hot();
    for n in 0..rounds {
        let now = Nanos(1_784_484_000_000_000_000 + i64::from(n) * 1_000);
        gate.on(&Routed::Market(&view(n % 2, i64::from(n % 7), now)), &mut Nowhere);
        if n.is_multiple_of(100) {
            gate.on(&Tick { now, frame: 0 }, &mut Nowhere);
        }
        let (child, mut last) = (child(n, now), Last(None));
        gate.on(&Routed::Child(&child), &mut last);
        let (has_passed, id) = last.0.unwrap();
        if has_passed {
            passed += 1;
            // Some lie open until their place is wanted: more than may be open at once.
            let old = open[n as usize % open.len()].replace((child, id));
            if let Some((child, id)) = old {
                gate.on(&report(&child, id, n.is_multiple_of(3)), &mut Nowhere);
            }
        } else {
            denied += 1;
            let old = open[(n as usize * 7) % open.len()].take();
            if let Some((child, id)) = old {
                gate.on(&report(&child, id, n.is_multiple_of(3)), &mut Nowhere);
            }
        }
        gate.idle();
    }
    drop(hot);
    assert_eq!(alloc::of_thread(), before);
    assert!(passed > rounds / 20 && denied > rounds / 20, "{passed} {denied}");
}

/// All of an order filled, or none of it.
fn report(child: &Child, order: OrderId, is_fill: bool) -> Report {
    let Terms { price, qty, .. } = child.terms;
    let fill = Fill { price, qty, amount: price.0 * qty.0 / 10, ..Fill::default() };
    let filled = Report { fill, filled: qty, ..Report::of(child, order, OrderState::Filled) };
    if is_fill { filled } else { Report::of(child, order, OrderState::Cancelled) }
}
