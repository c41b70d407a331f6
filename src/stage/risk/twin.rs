//! The gate's limits once more, in the plainest way: maps of whole numbers of 128 bits, everything
//! added up anew for each question. Shares no code with the gate.

use std::collections::BTreeMap;

use crate::base::{AccountId, InstrumentId, OrderId, Side, StrategyId};
use crate::event::Child;

/// An order that may still fill.
#[derive(Clone, Copy, Debug)]
struct Order {
    child: Child,
    left: i128,
}

/// What is held and open, and what that may come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Twin {
    open: BTreeMap<OrderId, Order>,
    held: BTreeMap<(AccountId, StrategyId, InstrumentId), i128>,
    /// Bid plus ask of the three instruments of the stand, at the last tick.
    pub(super) twice: [i128; 3],
}

/// The worst that may be, in hundred-millionths of a dollar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Worst {
    pub(super) gross: i128,
    /// Long and short.
    pub(super) net: [i128; 2],
    pub(super) accounts: BTreeMap<AccountId, i128>,
    pub(super) strategies: BTreeMap<StrategyId, i128>,
    /// By instrument and side, in units of quantity.
    pub(super) positions: BTreeMap<(InstrumentId, usize), i128>,
    /// Bitcoin and ether, by number of the asset and side.
    pub(super) assets: BTreeMap<(usize, usize), i128>,
}

impl Twin {
    pub(super) fn opens(&mut self, id: OrderId, child: &Child) {
        self.open.insert(id, Order { child: *child, left: i128::from(child.terms.qty.0) });
    }

    pub(super) fn fills(&mut self, id: OrderId, child: &Child, qty: i64) {
        let sign = if child.terms.side == Side::Buy { 1 } else { -1 };
        let key = (child.account, child.strategy, child.instrument);
        *self.held.entry(key).or_default() += sign * i128::from(qty);
        if let Some(order) = self.open.get_mut(&id) {
            order.left -= i128::from(qty);
        }
    }

    pub(super) fn closes(&mut self, id: OrderId) {
        self.open.remove(&id);
    }

    pub(super) fn open_orders(&self) -> usize {
        self.open.len()
    }

    pub(super) fn held(&self, instrument: InstrumentId) -> i128 {
        let all = self.held.iter().filter(|((.., of), _)| *of == instrument);
        all.map(|(_, qty)| qty).sum()
    }

    /// Units of eight decimals of dollars for a quantity of eight decimals.
    fn worth(&self, instrument: InstrumentId, qty: i128) -> i128 {
        // Prices of bitcoin in dollars have one decimal, of ether in bitcoin five; twice the mid.
        let btc = self.twice[0];
        match instrument.0 {
            0 | 2 => qty * btc / 20,
            _ => qty * self.twice[1] * btc / (200_000 * 20),
        }
    }

    /// Long and short if all orders of a side fill, of whatever `takes` takes.
    fn sides(&self, takes: impl Fn(&(AccountId, StrategyId, InstrumentId)) -> bool) -> [i128; 2] {
        let held: i128 = self.held.iter().filter(|(key, _)| takes(key)).map(|(_, qty)| qty).sum();
        let mut sides = [held, -held];
        for Order { child, left } in self.open.values() {
            if takes(&(child.account, child.strategy, child.instrument)) {
                sides[child.terms.side as usize] += left;
            }
        }
        sides
    }

    pub(super) fn worst(&self) -> Worst {
        let mut worst = Worst::default();
        let mut assets = [[0_i128; 2]; 4];
        for n in 0..3 {
            let instrument = InstrumentId(n);
            let sides = self.sides(|(.., of)| *of == instrument);
            worst.positions.insert((instrument, 0), sides[0]);
            worst.positions.insert((instrument, 1), sides[1]);
            for account in [0, 1].map(AccountId) {
                let sides = self.sides(|(by, _, of)| *of == instrument && *by == account);
                let sides = sides.map(|qty| self.worth(instrument, qty));
                let more = sides[0].max(sides[1]);
                worst.gross += more;
                *worst.accounts.entry(account).or_default() += more;
                let (base, quote) = [(1, 0), (2, 1), (1, 3)][n as usize];
                for side in 0..2 {
                    worst.net[side] += sides[side];
                    assets[base][side] += sides[side];
                    assets[quote][1 - side] += sides[side];
                }
            }
            for strategy in [0, 1].map(StrategyId) {
                let sides = self.sides(|(_, by, of)| *of == instrument && *by == strategy);
                let sides = sides.map(|qty| self.worth(instrument, qty));
                *worst.strategies.entry(strategy).or_default() += sides[0].max(sides[1]);
            }
        }
        for asset in [1, 2] {
            worst.assets.insert((asset, 0), assets[asset][0]);
            worst.assets.insert((asset, 1), assets[asset][1]);
        }
        worst
    }
}
