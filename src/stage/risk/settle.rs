//! What reports change: positions, balances, and what open orders hold.

use super::exposure::Growth;
use super::gate::Gate;
use super::rule::place;
use crate::base::{InstrumentKind, Side};
use crate::event::{Fill, Report};

impl Gate {
    /// Takes a report. A fill that is known already changes nothing; one that comes after its order
    /// was over, or of an order that is long forgotten, changes what is held all the same.
    pub(super) fn settle(&mut self, report: &Report) {
        // A denial was never booked, and of a cancel that failed its order knows nothing.
        if report.is_cancel_refusal || !report.reasons.is_empty() {
            return;
        }
        self.changes += 1;
        let at = place(report.terms.side);
        let known = self.orders.find(report.order).copied();
        let Some(slot) = known else {
            if report.is_fill() {
                self.fill(report);
                self.revalue(report, at, 0);
            }
            return;
        };
        let held = if slot.is_open { slot.left() } else { 0 };
        let is_new = report.is_fill() && report.filled.0 > slot.filled;
        if is_new {
            self.fill(report);
        }
        let rule = self.rule_of(report.instrument);
        if let Some(order) = self.orders.find_mut(report.order) {
            order.filled = order.filled.max(report.filled.0);
        }
        if report.state.is_over() && slot.is_open {
            self.orders.close(report.order, &mut self.rules[rule]);
            let account = self.account_of(report.account);
            self.accounts[account].open -= 1;
        }
        let holds = match self.orders.find(report.order) {
            Some(slot) if slot.is_open => slot.left(),
            _ => 0,
        };
        if holds != held {
            self.rereserve(report, holds);
        }
        if is_new || holds != held {
            self.revalue(report, at, holds - held);
        }
    }

    /// What an order still reserves, with so much of it left.
    fn rereserve(&mut self, report: &Report, left: i64) {
        let (rule, account) = (self.rule_of(report.instrument), self.account_of(report.account));
        let Some(order) = self.orders.find_mut(report.order) else { return };
        let at = place(order.side);
        let cost = &self.rules[rule].costs[at];
        let product = order.price as u128 * left as u128;
        let number = if at == 0 { u64::try_from(product).unwrap_or(u64::MAX) } else { left as u64 };
        // Never more than before: that was enough.
        let reserve = cost.of(number).min(order.reserve);
        let freed = order.reserve - reserve;
        order.reserve = reserve;
        self.balances[account * self.assets + usize::from(cost.asset)].reserved -= freed;
    }

    /// What is held after a fill: position, balances, fees.
    fn fill(&mut self, report: &Report) {
        let Fill { price, qty, amount, fee, fee_asset, .. } = report.fill;
        let side = report.terms.side;
        let (n, account) = (self.rule_of(report.instrument), self.account_of(report.account));
        let (cell, own) = (self.cell_of(n, account), self.own_cell(report));
        let rule = &mut self.rules[n];
        let signed = if side == Side::Buy { qty.0 } else { -qty.0 };
        rule.qty = rule.qty.saturating_add(signed);
        let exposures = &mut self.exposures;
        exposures.positions[cell].fill(rule.kind, side, price, qty, amount);
        for cell in [&mut exposures.accounts[cell], &mut exposures.strategies[own]] {
            cell.qty = cell.qty.saturating_add(signed);
        }
        let row = account * self.assets;
        if rule.kind == InstrumentKind::Spot {
            let base = rule.costs[1].down_of(qty.0);
            let (base, quote) = if side == Side::Buy { (base, -amount) } else { (-base, amount) };
            let of_base = &mut self.balances[row + usize::from(rule.base)].total;
            *of_base = of_base.saturating_add(base);
            let of_quote = &mut self.balances[row + usize::from(rule.quote)].total;
            *of_quote = of_quote.saturating_add(quote);
        }
        let asset = fee_asset.index().min(self.assets - 1);
        if asset + 1 < self.assets {
            let of_fee = &mut self.balances[row + asset].total;
            *of_fee = of_fee.saturating_sub(fee);
        }
        self.equity.fees[asset] += i128::from(fee);
    }

    /// Takes a change of what is open, and the worth of what it left, into every sum.
    fn revalue(&mut self, report: &Report, at: usize, open: i64) {
        let (n, account) = (self.rule_of(report.instrument), self.account_of(report.account));
        let (cell, own) = (self.cell_of(n, account), self.own_cell(report));
        self.exposures.touch(cell);
        self.exposures.touch_strategy(own);
        let rule = &mut self.rules[n];
        rule.open[at] += open;
        rule.make_room();
        let of_account = &mut self.exposures.accounts[cell];
        of_account.open[at] += open;
        let (sides, whole) = of_account.value(rule);
        self.accounts[account].exposure.add(whole);
        self.exposures.add(rule, Growth { sides, whole });
        let of_strategy = &mut self.exposures.strategies[own];
        of_strategy.open[at] += open;
        let (_, whole) = of_strategy.value(rule);
        let strategy = own % self.strategies;
        self.exposures.strategy[strategy].add(whole);
    }

    /// The place of the strategy's cell that a report is about.
    fn own_cell(&self, report: &Report) -> usize {
        let strategy = report.strategy.index().min(self.strategies - 1);
        self.rule_of(report.instrument) * self.strategies + strategy
    }
}
