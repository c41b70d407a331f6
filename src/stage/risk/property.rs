//! Whatever is wanted, whatever becomes of it and however often the machine is restarted: no order
//! passes that could bring anything over a limit, by the plain [`Twin`]'s reckoning.

use proptest::prelude::*;

use super::stand::*;
use super::twin::{Twin, Worst};
use super::*;
use crate::base::{AccountId, InstrumentId, OrderId, Price, Qty, Side, StrategyId};
use crate::event::{Action, Child, Fill, OrderState, Reasons, Style, Terms};

/// Each worth is rounded once in the gate, and the twin rounds the other way at worst.
const SLACK: i128 = 64;

const GROSS: i64 = 40_000 * DOLLAR;
const NET: i64 = 20_000 * DOLLAR;
const ACCOUNT: i64 = 30_000 * DOLLAR;
const STRATEGY: i64 = 25_000 * DOLLAR;
const ASSET: i64 = 22_000 * DOLLAR;
const POSITION: i64 = COIN / 2;
const OPEN: u32 = 12;

fn limited(settings: &mut Settings) {
    settings.gross_max = Some(GROSS);
    settings.net_max = Some(NET);
    settings.accounts.iter_mut().for_each(|account| account.exposure_max = Some(ACCOUNT));
    settings.strategies.iter_mut().for_each(|strategy| strategy.exposure_max = Some(STRATEGY));
    settings.assets = vec![None, Some(ASSET), Some(ASSET), None];
    settings.instruments =
        vec![InstrumentLimits { position_max: Some(POSITION), ..Default::default() }; 3];
    settings.open_orders_max = Some(OPEN);
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    Wants {
        instrument: u32,
        strategy: u16,
        is_sale: bool,
        off: i64,
        qty: i64,
    },
    Fills {
        order: prop::sample::Index,
        part: i64,
        twice: bool,
    },
    Ends {
        order: prop::sample::Index,
        state: OrderState,
    },
    /// No answer; or news that changes nothing.
    Hears {
        order: prop::sample::Index,
        state: OrderState,
    },
    /// A fill of an order that was over.
    Late {
        order: prop::sample::Index,
        qty: i64,
    },
    Cancels {
        order: prop::sample::Index,
    },
    Moves {
        instrument: u32,
        price: i64,
    },
    Restarts,
}

fn steps() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    let ends = prop::sample::select(vec![
        OrderState::Cancelled,
        OrderState::Rejected,
        OrderState::Expired,
        OrderState::Filled,
    ]);
    let hears = prop::sample::select(vec![OrderState::Sent, OrderState::Open, OrderState::Unknown]);
    prop_oneof![
        12 => (0_u32..3, 0_u16..2, any::<bool>(), -20_i64..20, 1_i64..4_000).prop_map(
            |(instrument, strategy, is_sale, off, qty)| {
                Step::Wants { instrument, strategy, is_sale, off, qty: qty * 10_000 }
            }
        ),
        4 => (index(), 1_i64..=10, any::<bool>())
            .prop_map(|(order, part, twice)| Step::Fills { order, part, twice }),
        3 => (index(), ends).prop_map(|(order, state)| Step::Ends { order, state }),
        2 => (index(), hears).prop_map(|(order, state)| Step::Hears { order, state }),
        1 => (index(), 1_i64..100)
            .prop_map(|(order, qty)| Step::Late { order, qty: qty * 10_000 }),
        1 => index().prop_map(|order| Step::Cancels { order }),
        2 => (0_u32..3, 90_i64..110).prop_map(|(instrument, price)| {
            Step::Moves { instrument, price }
        }),
        1 => Just(Step::Restarts),
    ]
}

/// The gate and its twin, and all orders so far.
struct Pair {
    stand: Stand,
    twin: Twin,
    mids: [i64; 3],
    open: Vec<(OrderId, Child, i64)>,
    over: Vec<(OrderId, Child, i64)>,
}

impl Pair {
    fn new() -> Pair {
        let mut twin = Twin::default();
        twin.twice = [1_000_000, 10_000, 10_000_000];
        let mids = [500_000, 5_000, 5_000_000];
        Pair { stand: Stand::new(limited), twin, mids, open: Vec::new(), over: Vec::new() }
    }

    fn wants(&mut self, step: (u32, u16, bool, i64, i64)) -> Result<(), TestCaseError> {
        let (instrument, strategy, is_sale, off, qty) = step;
        let price = self.mids[instrument as usize] + 5 * off;
        let side = if is_sale { Side::Sell } else { Side::Buy };
        // Ether is cheaper.
        let qty = if instrument == 1 { 20 * qty } else { qty };
        let terms = Terms { price: Price(price), qty: Qty(qty), side, style: Style::Limit };
        let child = Child {
            terms,
            instrument: InstrumentId(instrument),
            strategy: StrategyId(strategy),
            account: AccountId(u16::from(instrument == 2)),
            ..self.stand.buy()
        };
        let (id, reasons) = self.stand.send(&child);
        let before = self.twin.worst();
        let mut twin = self.twin.clone();
        twin.opens(id, &child);
        let breaks = breach(&before, &twin.worst(), SLACK);
        if reasons.is_empty() {
            prop_assert_eq!(breaks, None, "passed");
            prop_assert!(twin.open_orders() <= OPEN as usize);
            self.twin = twin;
            self.open.push((id, child, 0));
        } else if limits_only(reasons) {
            let is_full = twin.open_orders() > OPEN as usize;
            let breaks = breach(&before, &twin.worst(), -SLACK);
            prop_assert!(is_full || breaks.is_some(), "denied for {:?}", reasons);
        }
        Ok(())
    }

    fn fills(&mut self, at: usize, part: i64, twice: bool) {
        let (id, child, filled) = self.open[at];
        let left = child.terms.qty.0 - filled;
        let qty = (left * part / 10).max(1).min(left);
        if qty == 0 {
            return;
        }
        let total = filled + qty;
        let state = if qty == left { OrderState::Filled } else { OrderState::PartlyFilled };
        self.tell_fill(&child, id, state, qty, total);
        if twice {
            self.tell_fill(&child, id, state, qty, total);
        }
        self.twin.fills(id, &child, qty);
        self.open[at].2 = total;
        if state == OrderState::Filled {
            self.ends(at);
        }
    }

    fn tell_fill(&mut self, child: &Child, id: OrderId, state: OrderState, qty: i64, total: i64) {
        let fill = Fill { price: child.terms.price, qty: Qty(qty), ..Fill::default() };
        self.stand.report_filled(child, id, state, fill, Qty(total));
    }

    fn ends(&mut self, at: usize) {
        let gone = self.open.remove(at);
        self.twin.closes(gone.0);
        self.over.push(gone);
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Wants { instrument, strategy, is_sale, off, qty } => {
                self.wants((instrument, strategy, is_sale, off, qty))?;
            }
            Step::Fills { order, part, twice } if !self.open.is_empty() => {
                self.fills(order.index(self.open.len()), part, twice);
            }
            Step::Ends { order, state } if !self.open.is_empty() => {
                let at = order.index(self.open.len());
                let (id, child, filled) = self.open[at];
                self.stand.report_filled(&child, id, state, Fill::default(), Qty(filled));
                self.ends(at);
            }
            Step::Hears { order, state } => {
                let all = self.open.len() + self.over.len();
                if all > 0 {
                    let at = order.index(all);
                    let (id, child, filled) = *self.open.iter().chain(&self.over).nth(at).unwrap();
                    self.stand.report_filled(&child, id, state, Fill::default(), Qty(filled));
                }
            }
            Step::Late { order, qty } if !self.over.is_empty() => {
                let at = order.index(self.over.len());
                let (id, child, filled) = self.over[at];
                self.tell_fill(&child, id, OrderState::Cancelled, qty, filled + qty);
                self.twin.fills(id, &child, qty);
                self.over[at].2 = filled + qty;
            }
            Step::Cancels { order } if !self.open.is_empty() => {
                let (id, child, _) = self.open[order.index(self.open.len())];
                self.stand.passes(&Child { action: Action::Cancel, cancels: id, ..child });
            }
            Step::Moves { instrument, price } => {
                let at = instrument as usize;
                self.mids[at] = [5_000, 50, 50_000][at] * price;
                self.stand.quote(InstrumentId(instrument), self.mids[at] - 5, self.mids[at] + 5);
                self.stand.tick(0);
                self.twin.twice[at] = 2 * i128::from(self.mids[at]);
            }
            Step::Restarts => {
                let state = self.stand.gate.state();
                let mut stand = Stand::new(limited);
                stand.gate.restore(&state);
                for (n, mid) in self.mids.into_iter().enumerate() {
                    stand.quote(InstrumentId(n as u32), mid - 5, mid + 5);
                }
                stand.tick(0);
                self.stand = stand;
                // What was over is forgotten with the rest of the memory.
                self.over.clear();
            }
            _ => {}
        }
        for n in 0..3 {
            let held = i128::from(self.stand.gate.position(InstrumentId(n)));
            prop_assert_eq!(held, self.twin.held(InstrumentId(n)));
        }
        prop_assert_eq!(self.stand.gate.open_orders() as usize, self.twin.open_orders());
        Ok(())
    }
}

/// Only such reasons as the twin knows of?
fn limits_only(reasons: Reasons) -> bool {
    use crate::event::Reason::{Account, Asset, Gross, Net, OpenOrders, Position, Strategy};
    let known = [Account, Asset, Gross, Net, OpenOrders, Position, Strategy];
    reasons.iter().all(|reason| known.contains(&reason))
}

/// What became worse and is over its limit by more than `slack`.
fn breach(before: &Worst, after: &Worst, slack: i128) -> Option<String> {
    let over =
        |before: i128, after: i128, most: i64| after > before && after > i128::from(most) + slack;
    let mut all = vec![
        ("gross", before.gross, after.gross, GROSS),
        ("long", before.net[0], after.net[0], NET),
        ("short", before.net[1], after.net[1], NET),
    ];
    for (key, value) in &after.accounts {
        all.push(("account", before.accounts[key], *value, ACCOUNT));
    }
    for (key, value) in &after.strategies {
        all.push(("strategy", before.strategies[key], *value, STRATEGY));
    }
    for (key, value) in &after.assets {
        all.push(("asset", before.assets[key], *value, ASSET));
    }
    let found = all.into_iter().find(|(_, before, after, most)| over(*before, *after, *most));
    if let Some((what, _, after, most)) = found {
        return Some(format!("{what} {after} over {most}"));
    }
    let positions = after
        .positions
        .iter()
        .find(|(key, value)| **value > before.positions[key] && **value > i128::from(POSITION));
    positions.map(|(key, value)| format!("position {key:?} {value} over {POSITION}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_limit_is_passed_whatever_happens(steps in prop::collection::vec(steps(), 1..120)) {
        let mut pair = Pair::new();
        for step in steps {
            pair.step(&step)?;
        }
    }
}
