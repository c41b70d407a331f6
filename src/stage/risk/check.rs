//! The checks: all of them, each time, as one mask; a branch only at the end.

#![allow(clippy::needless_bitwise_bool, reason = "a lazy operator may become a branch")]

use super::exposure::{Cell, SANE_MAX};
use super::gate::Gate;
use super::rule::{Rule, key, place};
use crate::base::{AccountId, InstrumentId};
use crate::event::{Action, Child, Reason, Reasons};

const BPS: u128 = 10_000;

/// What came of the checks, and what the order changes where it passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed {
    pub(super) reasons: Reasons,
    // Places in the gate's tables.
    pub(super) rule: usize,
    pub(super) account: usize,
    pub(super) cell: usize,
    pub(super) strategy: usize,
    pub(super) strategy_cell: usize,
    pub(super) balance: usize,
    /// Units of the asset that is paid with.
    pub(super) reserve: i64,
    /// Quantity of the cell's side with it.
    pub(super) worst: i64,
    /// Worth of that.
    pub(super) worth: i64,
    /// By how much that is more.
    pub(super) more: i64,
    /// By how much the cell's exposure is more.
    pub(super) whole: i64,
    // The same of the strategy's cell.
    pub(super) strategy_worst: i64,
    pub(super) strategy_worth: i64,
    pub(super) strategy_whole: i64,
    /// The account's budget after it.
    pub(super) clear: i64,
}

impl Gate {
    /// The place of an instrument's rule; that of none where there is no such instrument.
    #[inline(always)]
    pub(super) fn rule_of(&self, instrument: InstrumentId) -> usize {
        instrument.index().min(self.rules.len() - 1)
    }

    /// The place of an account; that of nobody where there is no such account.
    #[inline(always)]
    pub(super) fn account_of(&self, account: AccountId) -> usize {
        account.index().min(self.accounts.len() - 1)
    }

    /// The place of an account's cell of an instrument; that of nobody where it is of another
    /// venue.
    #[inline(always)]
    pub(super) fn cell_of(&self, rule: usize, account: usize) -> usize {
        let (rule, account) = (&self.rules[rule], &self.accounts[account]);
        let is_here = rule.venue == account.venue;
        if is_here { rule.cells as usize + usize::from(account.ordinal) } else { 0 }
    }

    /// Checks an order that is to be placed.
    #[inline(always)]
    pub(super) fn weigh(&self, child: &Child) -> Weighed {
        let terms = &child.terms;
        let (at, now) = (place(terms.side), child.stamp.recv_ns.0);
        let (n, who) = (self.rule_of(child.instrument), self.account_of(child.account));
        let (rule, account) = (&self.rules[n], &self.accounts[who]);
        let strategy = child.strategy.index().min(self.strategies - 1);
        let (cell_at, strategy_at) = (self.cell_of(n, who), n * self.strategies + strategy);
        let exposures = &self.exposures;
        let (cell, own) = (&exposures.accounts[cell_at], &exposures.strategies[strategy_at]);
        let price = terms.price.0.clamp(0, SANE_MAX);
        let qty = terms.qty.0.clamp(0, SANE_MAX);
        let product = price as u128 * qty as u128;
        let is_vast = product > u128::from(u64::MAX);
        let product = if is_vast { u64::MAX } else { product as u64 };

        // What it would take from the account.
        let cost = &rule.costs[at];
        let reserve = cost.of(if at == 0 { product } else { qty as u64 });
        let balance_at = who * self.assets + usize::from(cost.asset);
        let balance = &self.balances[balance_at];
        let free = balance.total.saturating_sub(balance.reserved);

        // What it would make of the exposures.
        let (worst, worth, whole) = grown(rule, cell, at, qty);
        let more = worth - cell.worth[at];
        let (strategy_worst, strategy_worth, strategy_whole) = grown(rule, own, at, qty);
        let base = &exposures.asset[usize::from(rule.base)].0[at];
        let quote = &exposures.asset[usize::from(rule.quote)].0[1 - at];
        let of_strategy = &exposures.strategy[strategy];

        let clear = account.budget.after(now);
        let is_ours = rule.is_known & (rule.venue == account.venue);
        let is_stale = now.saturating_sub(rule.seen.0) > self.quote_age_max_ns;
        let is_too_many =
            (self.orders.open >= self.open_orders_max) | (account.open >= account.open_max);
        let is_unknown = strategy == self.strategies - 1;
        let reasons = terms_against(rule, child, price, qty, product)
            .with(Reason::Instrument, !is_ours)
            .with(Reason::BookStale, is_stale)
            .with(Reason::Balance, reserve > free)
            .with(Reason::Asset, base.breaks(more) | quote.breaks(more))
            .with(Reason::Strategy, of_strategy.breaks(strategy_whole) | is_unknown)
            .with(Reason::Account, account.exposure.breaks(whole))
            .with(Reason::Venue, exposures.venue[usize::from(rule.venue)].breaks(whole))
            .with(Reason::Gross, exposures.gross.breaks(whole))
            .with(Reason::Net, exposures.net.0[at].breaks(more))
            .with(Reason::OpenOrders, is_too_many)
            .with(Reason::Rate, account.budget.breaks(clear, now))
            .with(Reason::NotionalMax, is_vast)
            .with(Reason::Full, self.orders.is_full());
        Weighed {
            reasons: Reasons(reasons.0 | self.standing.0),
            rule: n,
            account: who,
            cell: cell_at,
            strategy,
            strategy_cell: strategy_at,
            balance: balance_at,
            reserve,
            worst,
            worth,
            more,
            whole,
            strategy_worst,
            strategy_worth,
            strategy_whole,
            clear,
        }
    }

    /// Checks a cancel: neither limits nor halts stop one, only that there is nothing to cancel or
    /// that it is something else than it says.
    #[inline(always)]
    pub(super) fn weigh_cancel(&self, child: &Child) -> Reasons {
        debug_assert!(child.action == Action::Cancel, "a placement has its own checks");
        match self.orders.find(child.cancels).filter(|slot| slot.is_open) {
            None => Reasons::NONE.with(Reason::UnknownOrder, true),
            Some(slot) => {
                let is_it =
                    (slot.instrument == child.instrument.0) & (slot.account == child.account.0);
                Reasons::NONE.with(Reason::Instrument, !is_it)
            }
        }
    }
}

/// What an order makes of a cell: quantity and worth of its side, and how much more it counts.
#[inline(always)]
fn grown(rule: &Rule, cell: &Cell, at: usize, qty: i64) -> (i64, i64, i64) {
    let worst = (cell.worst[at] + qty).min(SANE_MAX);
    let worth = rule.worth(worst);
    (worst, worth, worth.max(cell.worth[1 - at]) - cell.exposure())
}

/// The checks of an order's terms against its instrument and its market; price and quantity are cut
/// to what is sane, `product` is both multiplied.
#[inline(always)]
fn terms_against(rule: &Rule, child: &Child, price: i64, qty: i64, product: u64) -> Reasons {
    let terms = &child.terms;
    let at = place(terms.side);
    let is_price = (price == terms.price.0) & (price > 0);
    let is_qty = (qty == terms.qty.0) & (qty > 0);
    let notional = if rule.is_inverse { qty as u64 } else { product };
    let is_open = rule.styles >> terms.style as u8 & 1 != 0;
    let twice = (rule.bid as u64).wrapping_add(rule.ask as u64);
    let off = (2 * price as u64).abs_diff(twice);
    let is_off = u128::from(off) * BPS > u128::from(twice) * u128::from(rule.collar_bps);
    let is_one_sided = (rule.bid <= 0) | (rule.ask <= 0);
    let has_collar = rule.collar_bps != u64::MAX;
    let is_crossing = key(terms.side, price) + rule.keys[1 - at] >= 0;
    Reasons::NONE
        .with(Reason::Closed, !is_open)
        .with(Reason::BookNotLive, !rule.is_live)
        .with(Reason::FeatureNotReady, !child.is_ready)
        .with(Reason::Tick, !is_price | !rule.tick.divides(price as u64))
        .with(Reason::Lot, !is_qty | !rule.lot.divides(qty as u64))
        .with(Reason::QtyMin, qty < rule.qty_min)
        .with(Reason::NotionalMin, notional < rule.notional_min)
        .with(Reason::Collar, has_collar & (is_off | is_one_sided))
        .with(Reason::QtyMax, qty > rule.qty_max)
        .with(Reason::NotionalMax, notional > rule.notional_max)
        .with(Reason::Position, qty > rule.room[at])
        .with(Reason::SelfCross, is_crossing)
}
