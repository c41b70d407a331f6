//! What all is worth, on the grid of ticks: the day's loss and the fall from the high-water mark.
//!
//! Equity is what was won and lost since the first order, fees included, in units of the reckoning
//! asset. Between ticks limits are compared with the marks of the last one: they are 100 ms old at
//! most, and the market's own message stays as cheap as a few stores.

use super::exposure::Growth;
use super::gate::Gate;
use super::state::HaltReason;
use crate::base::{AssetId, InstrumentId, Nanos};
use crate::event::{Reason, Reasons};

const DAY_NS: i64 = 86_400 * Nanos::SECOND;

/// Equity, and what it is compared with.
#[derive(Clone, Debug)]
pub(super) struct Equity {
    /// Paid so far by asset, units of it; the last one for what is no asset.
    pub(super) fees: Box<[i128]>,
    pub(super) now: i64,
    pub(super) high: i64,
    /// The UTC day, in days since 1970; zero before the first tick.
    pub(super) day: i64,
    pub(super) day_start: i64,
    daily_loss_max: i64,
    drawdown_max: i64,
}

impl Equity {
    pub(super) fn new(
        assets: usize,
        daily_loss_max: Option<i64>,
        drawdown_max: Option<i64>,
    ) -> Equity {
        Equity {
            fees: vec![0; assets].into(),
            now: 0,
            high: 0,
            day: 0,
            day_start: 0,
            daily_loss_max: daily_loss_max.unwrap_or(i64::MAX),
            drawdown_max: drawdown_max.unwrap_or(i64::MAX),
        }
    }

    fn is_lost(&self) -> bool {
        self.day_start.saturating_sub(self.now) > self.daily_loss_max
    }

    fn is_fallen(&self) -> bool {
        self.high.saturating_sub(self.now) > self.drawdown_max
    }
}

impl Gate {
    /// Logical time has come: takes the marks, and looks whether too much was lost.
    pub(super) fn reckon(&mut self, now: Nanos) {
        self.remark();
        // While a price is missing the last sum is as good as any.
        if let Some(equity) = self.worth() {
            self.equity.now = equity;
        }
        let day = now.0.div_euclid(DAY_NS);
        if day != self.equity.day {
            // The first tick of all begins no day: what was restored is of today then.
            if self.equity.day != 0 {
                self.equity.day_start = self.equity.now;
            }
            self.equity.day = day;
        }
        self.equity.high = self.equity.high.max(self.equity.now);
        if self.equity.is_lost() {
            self.halt(HaltReason::DailyLoss, now);
        } else if self.equity.is_fallen() {
            self.halt(HaltReason::Drawdown, now);
        }
        self.stand();
    }

    /// Takes the reasons that do not depend on an order.
    pub(super) fn stand(&mut self) {
        self.changes += 1;
        self.standing = Reasons::NONE
            .with(Reason::Halted, self.halt.is_some())
            .with(Reason::DailyLoss, self.equity.is_lost())
            .with(Reason::Drawdown, self.equity.is_fallen());
    }

    /// Takes the marks from the books, and with them the worth of everything.
    pub(super) fn remark(&mut self) {
        let mut has_moved = false;
        for instrument in &self.marking {
            let rule = &self.rules[*instrument as usize];
            // Even of a book that is not live: the last price is better than none.
            let (bid, ask) = (rule.bid, rule.ask);
            has_moved |= self.marks.on_quote(InstrumentId(*instrument), bid, ask);
        }
        if has_moved {
            self.value_all();
        }
    }

    /// Takes the worth of everything anew, from the marks as they are.
    pub(super) fn value_all(&mut self) {
        self.changes += 1;
        for rule in self.rules.iter_mut().filter(|rule| rule.is_known) {
            rule.mark(&self.marks);
            rule.make_room();
        }
        self.exposures.clear();
        for account in &mut self.accounts {
            account.exposure.clear();
        }
        for n in 0..self.exposures.active.len() {
            let at = self.exposures.active[n] as usize;
            let owner = self.exposures.owners[at];
            let rule = &self.rules[(owner.instrument as usize).min(self.rules.len() - 1)];
            let cell = &mut self.exposures.accounts[at];
            cell.value(rule);
            let growth = Growth { sides: cell.worth, whole: cell.exposure() };
            self.accounts[usize::from(owner.account)].exposure.add(growth.whole);
            self.exposures.add(rule, growth);
        }
        for n in 0..self.exposures.active_strategies.len() {
            let at = self.exposures.active_strategies[n] as usize;
            let rule = &self.rules[at / self.strategies];
            let cell = &mut self.exposures.strategies[at];
            cell.value(rule);
            let whole = cell.exposure();
            self.exposures.strategy[at % self.strategies].add(whole);
        }
    }

    /// What was won and lost so far; `None` while a price is missing or where it does not fit.
    fn worth(&self) -> Option<i64> {
        let mut sum: i64 = 0;
        for at in &self.exposures.active {
            let owner = self.exposures.owners[*at as usize];
            let Some(rule) = self.rules.get(owner.instrument as usize) else { continue };
            let position = &self.exposures.positions[*at as usize];
            let held = rule.rate.of(position.qty)?;
            let held = if rule.is_inverse { -held } else { held };
            let money = rule.money.of_wide(position.realised - position.cost)?;
            sum = sum.checked_add(held)?.checked_add(money)?;
        }
        for (asset, fees) in self.equity.fees.iter().enumerate().filter(|(_, fees)| **fees != 0) {
            let Some(rate) = self.marks.rate(AssetId(asset as u16)) else {
                // What is no asset has no worth; an asset without a price has one, unknown.
                if asset + 1 == self.assets {
                    continue;
                }
                return None;
            };
            sum = sum.checked_sub(rate.of_wide(*fees)?)?;
        }
        Some(sum)
    }
}
