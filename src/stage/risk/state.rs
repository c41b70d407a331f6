//! What must outlive a restart, as plain data.

use super::gate::Gate;
use super::orders::Slot;
use super::rule::place;
use crate::base::{
    AccountId, AssetId, InstrumentId, Nanos, OrderId, Position, Price, Qty, StrategyId,
};
use crate::event::Terms;

/// Why trading was halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HaltReason {
    /// Somebody said so.
    Command,
    /// The day's loss is over its limit.
    DailyLoss,
    /// The fall from the high-water mark is over its limit.
    Drawdown,
    /// A part of the machine failed.
    Fault,
}

/// A halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Why.
    pub reason: HaltReason,
    /// Since when.
    pub since: Nanos,
}

/// A position and the account that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The account.
    pub account: AccountId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// What it holds, what that cost and what it has won.
    pub position: Position,
}

/// A position and the strategy that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The strategy.
    pub strategy: StrategyId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Signed quantity, units of the instrument.
    pub qty: i64,
}

/// An order that is open or unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its number.
    pub id: OrderId,
    /// The intent that it serves.
    pub intent: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// The account.
    pub account: AccountId,
    /// The strategy.
    pub strategy: StrategyId,
    /// What was placed.
    pub terms: Terms,
    /// Filled so far.
    pub filled: Qty,
}

/// All of it. Ids are those of one configuration: whoever keeps it longer keeps names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The halt, where there is one.
    pub halt: Option<Halt>,
    /// By account and instrument, those only that were ever traded.
    pub held: Vec<Held>,
    /// By strategy and instrument, those only that are not zero.
    pub owned: Vec<Owned>,
    /// What is open counts as worst case until its venue is asked.
    pub orders: Vec<OpenOrder>,
    /// Paid so far: asset, units of it.
    pub fees: Vec<(AssetId, i128)>,
    /// The number of the next decision.
    pub next_order: u64,
    /// UTC day of the last tick, days since 1970; zero before the first.
    pub day: i64,
    /// Equity at its beginning, units of the reckoning asset.
    pub day_start: i64,
    /// Equity at the last tick.
    pub equity: i64,
    /// The highest equity so far.
    pub high: i64,
}

impl HaltReason {
    /// All.
    pub const ALL: [HaltReason; 4] =
        [HaltReason::Command, HaltReason::DailyLoss, HaltReason::Drawdown, HaltReason::Fault];

    /// As in output and in files.
    pub const fn name(self) -> &'static str {
        match self {
            HaltReason::Command => "command",
            HaltReason::DailyLoss => "daily_loss",
            HaltReason::Drawdown => "drawdown",
            HaltReason::Fault => "fault",
        }
    }
}

impl State {
    /// What [`Gate::resume`] does, on a state at rest.
    pub fn resume(&mut self) {
        if self.halt.take().is_some_and(|halt| halt.reason == HaltReason::Drawdown) {
            self.high = self.equity;
        }
    }
}

impl Gate {
    /// What must outlive a restart. Cold.
    pub fn state(&self) -> State {
        let exposures = &self.exposures;
        let held = exposures.active.iter().filter_map(|at| {
            let (at, owner) = (*at as usize, exposures.owners[*at as usize]);
            let (account, instrument) = (AccountId(owner.account), InstrumentId(owner.instrument));
            let position = exposures.positions[at];
            (position != Position::default()).then_some(Held { account, instrument, position })
        });
        let owned = exposures.active_strategies.iter().filter_map(|at| {
            let (at, qty) = (*at as usize, exposures.strategies[*at as usize].qty);
            let strategy = StrategyId((at % self.strategies) as u16);
            let instrument = InstrumentId((at / self.strategies) as u32);
            (qty != 0).then_some(Owned { strategy, instrument, qty })
        });
        let order = |slot: &Slot| OpenOrder {
            id: slot.id,
            intent: slot.intent,
            instrument: InstrumentId(slot.instrument),
            account: AccountId(slot.account),
            strategy: StrategyId(slot.strategy),
            terms: Terms {
                price: Price(slot.price),
                qty: Qty(slot.qty),
                side: slot.side,
                style: slot.style,
            },
            filled: Qty(slot.filled),
        };
        let mut state = State {
            halt: self.halt,
            held: held.collect(),
            owned: owned.collect(),
            orders: self.orders.iter_open().map(order).collect(),
            fees: Vec::new(),
            next_order: self.orders.next.0,
            day: self.equity.day,
            day_start: self.equity.day_start,
            equity: self.equity.now,
            high: self.equity.high,
        };
        for (asset, fees) in self.equity.fees.iter().enumerate().filter(|(_, fees)| **fees != 0) {
            state.fees.push((AssetId(asset as u16), *fees));
        }
        // In the order of their ids, not of what happened first: equal states are equal data.
        state.held.sort_by_key(|held| (held.account, held.instrument));
        state.owned.sort_by_key(|owned| (owned.strategy, owned.instrument));
        state.orders.sort_by_key(|order| order.id);
        state
    }

    /// Takes up where a state was left. To be called on a new gate, before its first message.
    /// Balances are not in it: they are what the venue says after a restart, with what is reserved
    /// by the orders here still in them. A halt sends cancels for all that is open once more.
    pub fn restore(&mut self, state: &State) {
        for Held { account, instrument, position } in &state.held {
            let (rule, account) = (self.rule_of(*instrument), self.account_of(*account));
            let cell = self.cell_of(rule, account);
            self.exposures.positions[cell] = *position;
            self.exposures.accounts[cell].qty = position.qty;
            self.rules[rule].qty = self.rules[rule].qty.saturating_add(position.qty);
            self.exposures.touch(cell);
        }
        for Owned { strategy, instrument, qty } in &state.owned {
            let strategy = strategy.index().min(self.strategies - 1);
            let cell = self.rule_of(*instrument) * self.strategies + strategy;
            self.exposures.strategies[cell].qty = *qty;
            self.exposures.touch_strategy(cell);
        }
        state.orders.iter().for_each(|order| self.reopen(order));
        for (asset, fees) in &state.fees {
            self.equity.fees[asset.index().min(self.assets - 1)] = *fees;
        }
        self.orders.next.0 = self.orders.next.0.max(state.next_order);
        self.equity.now = state.equity;
        self.equity.high = state.high;
        self.equity.day = state.day;
        self.equity.day_start = state.day_start;
        // The marks are to come, and with them what all this is worth.
        self.value_all();
        if let Some(halt) = state.halt {
            self.halt(halt.reason, halt.since);
        }
        self.stand();
    }

    /// Books an order that was open.
    fn reopen(&mut self, order: &OpenOrder) {
        let Terms { price, qty, side, style } = order.terms;
        let (at, left) = (place(side), (qty.0 - order.filled.0).max(0));
        let (n, account) = (self.rule_of(order.instrument), self.account_of(order.account));
        let cell = self.cell_of(n, account);
        let strategy = order.strategy.index().min(self.strategies - 1);
        let rule = &mut self.rules[n];
        let cost = rule.costs[at];
        let product = price.0.max(0) as u128 * left as u128;
        let number = if at == 0 { u64::try_from(product).unwrap_or(u64::MAX) } else { left as u64 };
        let reserve = cost.of(number);
        rule.open[at] = rule.open[at].saturating_add(left);
        let slot = Slot {
            id: order.id,
            intent: order.intent,
            price: price.0,
            qty: qty.0,
            filled: order.filled.0,
            reserve,
            instrument: order.instrument.0,
            account: order.account.0,
            strategy: order.strategy.0,
            side,
            style,
            ..Slot::NOTHING
        };
        self.orders.open(slot, rule);
        self.accounts[account].open += 1;
        let balance = &mut self.balances[account * self.assets + usize::from(cost.asset)];
        balance.reserved = balance.reserved.saturating_add(reserve);
        let own = n * self.strategies + strategy;
        for cell in [&mut self.exposures.accounts[cell], &mut self.exposures.strategies[own]] {
            cell.open[at] = cell.open[at].saturating_add(left);
        }
        self.exposures.touch(cell);
        self.exposures.touch_strategy(own);
    }
}
