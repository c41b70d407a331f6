//! The checks: all of them, each time, as one mask; and what an order changes where it passes.

#![allow(clippy::needless_bitwise_bool, reason = "a lazy operator may become a branch")]

use super::exposure::{Cell, SANE_MAX};
use super::gate::Gate;
use super::rule::{Rule, key, place};
use crate::base::{AccountId, InstrumentId};
use crate::event::{Action, Child, Reason, Reasons};

const BPS: u128 = 10_000;

/// What an order makes of a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grown {
    /// Quantity of the order's side with it.
    pub(super) worst: i64,
    /// Worth of that.
    pub(super) worth: i64,
    /// By how much that is more.
    pub(super) more: i64,
    /// By how much the cell's exposure is more.
    pub(super) whole: i64,
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
        self.cells[rule * self.accounts.len() + account] as usize
    }

    /// Every reason against an order that is to be placed. Long: of what passes
    /// [`Gate::is_clear`] mostly knows without.
    #[inline(never)]
    pub(super) fn faults(&self, child: &Child) -> Reasons {
        let terms = &child.terms;
        let (at, now) = (place(terms.side), child.stamp.recv_ns.0);
        let places = self.places(child);
        let strategy_cell = places.rule * self.strategies + places.strategy;
        let (rule, account) = (&self.rules[places.rule], &self.accounts[places.account]);
        let exposures = &self.exposures;
        let price = terms.price.0.clamp(0, SANE_MAX);
        let qty = terms.qty.0.clamp(0, SANE_MAX);
        let product = price as u128 * qty as u128;
        let is_vast = product > u128::from(u64::MAX);
        let product = if is_vast { u64::MAX } else { product as u64 };

        let reserve = rule.costs[at].of(if at == 0 { product } else { qty as u64 });
        let asset = usize::from(rule.costs[at].asset);
        let free = self.balances[places.account * self.assets + asset].free();
        let Grown { more, whole, .. } = grown(rule, &exposures.accounts[places.cell], at, qty);
        let own = grown(rule, &exposures.strategies[strategy_cell], at, qty);
        let base = &exposures.asset[usize::from(rule.base)].0[at];
        let quote = &exposures.asset[usize::from(rule.quote)].0[1 - at];
        let of_strategy = &exposures.strategy[places.strategy];

        let is_ours = rule.is_known & rule.is_legible & (places.cell != 0);
        let is_stale = now.saturating_sub(rule.seen.0) > self.quote_age_max_ns;
        let is_too_many =
            (self.orders.open >= self.open_orders_max) | (account.open >= account.open_max);
        let is_unknown = places.strategy == self.strategies - 1;
        let reasons = terms_against(rule, child, price, qty, product)
            .with(Reason::Instrument, !is_ours)
            .with(Reason::BookStale, is_stale)
            .with(Reason::Balance, reserve > free)
            .with(Reason::Asset, base.breaks(more) | quote.breaks(more))
            .with(Reason::Strategy, of_strategy.breaks(own.whole) | is_unknown)
            .with(Reason::Account, account.exposure.breaks(whole))
            .with(Reason::Venue, exposures.venue[usize::from(rule.venue)].breaks(whole))
            .with(Reason::Gross, exposures.gross.breaks(whole))
            .with(Reason::Net, exposures.net.0[at].breaks(more))
            .with(Reason::OpenOrders, is_too_many)
            .with(Reason::Rate, account.budget.spare(now) < 0)
            .with(Reason::NotionalMax, is_vast)
            .with(Reason::Full, self.orders.is_full());
        Reasons(reasons.0 | self.standing.0)
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

/// What so much more on one side makes of a cell.
#[inline(always)]
pub(super) fn grown(rule: &Rule, cell: &Cell, at: usize, qty: i64) -> Grown {
    let worst = (cell.worst[at] + qty).min(SANE_MAX);
    let worth = rule.worth(worst);
    let whole = worth.max(cell.worth[1 - at]) - cell.exposure();
    Grown { worst, worth, more: worth - cell.worth[at], whole }
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
        .with(Reason::BookNotLive, rule.is_legible & !rule.is_live)
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
