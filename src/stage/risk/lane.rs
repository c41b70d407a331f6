//! Lanes: what the limits leave to one strategy on one account for one instrument, as bounds of an
//! order's own numbers, and the quick proof that an order keeps within them.
//!
//! A lane is made anew when something has moved since: a report, an order, a mark, a word of the
//! venue. The lanes of the last orders are made when a frame is out, others when an order comes. A
//! lane may promise less than the limits leave, never more: what
//! stands at the very edge, what only reduces where a limit is reached, what has no mark, and what
//! is near 2^63 is left to the full checks, and so are the reasons of a denial.
//!
//! A sign bit is the cheapest way to keep a comparison: a subtraction and an or, one branch at the
//! end. Bounds are not below -1 and numbers not below zero, so that no difference wraps.

#![allow(clippy::needless_bitwise_bool, reason = "no branch where each part is cheap")]

use super::collar::{PRICE_MAX, off_by};
use super::gate::Gate;
use super::rule::place;
use crate::event::Child;
use crate::limits;
use crate::stage::contract::Idle;

/// One side of a lane.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Lane {
    /// The gate's count of changes when it was made.
    made: u64,
    /// From when on the budget of requests has one for it.
    since: i64,
    qty_low: i64,
    qty_high: i64,
    /// Price times quantity.
    product_low: i64,
    product_high: i64,
    /// One bit a style; none where the lane is shut.
    styles: u8,
}

/// Where an order belongs, as places in the gate's tables.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) rule: usize,
    pub(super) account: usize,
    pub(super) cell: usize,
    pub(super) strategy: usize,
    pub(super) lane: usize,
}

/// The lanes that orders came on last, the oldest first from `next` on.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    all: [Places; limits::LANES_KEPT],
    next: usize,
}

impl Recent {
    fn note(&mut self, places: Places) {
        self.all[self.next % limits::LANES_KEPT] = places;
        self.next = self.next.wrapping_add(1);
    }
}

impl Lane {
    /// Not made yet: no gate has counted as far.
    pub(super) const NONE: Lane = Lane {
        made: u64::MAX,
        since: i64::MAX,
        qty_low: 1,
        qty_high: 0,
        product_low: 0,
        product_high: 0,
        styles: 0,
    };
}

impl Gate {
    /// Where an order belongs.
    #[inline(always)]
    pub(super) fn places(&self, child: &Child) -> Places {
        let (rule, account) = (self.rule_of(child.instrument), self.account_of(child.account));
        let strategy = child.strategy.index().min(self.strategies - 1);
        let cell = self.cell_of(rule, account);
        let lane = 2 * (cell * self.strategies + strategy) + place(child.terms.side);
        Places { rule, account, cell, strategy, lane }
    }

    /// Does an order that is to be placed pass every check, provably?
    #[inline(always)]
    pub(super) fn is_clear(&mut self, child: &Child, places: Places) -> bool {
        let is_made = self.lanes[places.lane].made == self.changes;
        if is_made { self.fits(child, places) } else { self.fits_anew(child) }
    }

    /// The same, with its lane made anew before. Apart, so that who finds it made keeps its
    /// registers.
    #[inline(never)]
    fn fits_anew(&mut self, child: &Child) -> bool {
        let places = self.places(child);
        self.make_lane(places);
        self.recent.note(places);
        self.fits(child, places)
    }

    /// Does an order keep within its lane, and to its market?
    #[inline(always)]
    fn fits(&self, child: &Child, places: Places) -> bool {
        let (lane, rule) = (&self.lanes[places.lane], &self.rules[places.rule]);
        let terms = &child.terms;
        let (at, now) = (place(terms.side), child.stamp.recv_ns.0);
        let (price, qty) = (terms.price.0, terms.qty.0);
        let product = u128::from(price as u64) * u128::from(qty as u64);
        let (high, product) = ((product >> 64) as i64, product as i64);

        let mut bad = price | qty | now | product | high.wrapping_neg();
        bad |= rule.market | (PRICE_MAX - 1).wrapping_sub(price);
        bad |= off_by(price, rule.twice, rule.reach);
        bad |= self.quote_age_max_ns.wrapping_sub(now.wrapping_sub(rule.seen.0));
        bad |= now.wrapping_sub(lane.since);
        bad |= qty.wrapping_sub(lane.qty_low) | lane.qty_high.wrapping_sub(qty);
        bad |= product.wrapping_sub(lane.product_low) | lane.product_high.wrapping_sub(product);
        // A purchase stays below each sale of ours, and the other way round.
        let sign = -(at as i64);
        bad |= !((price ^ sign).wrapping_sub(sign).wrapping_add(rule.keys[1 - at]));

        let is_open = lane.styles >> terms.style as u8 & 1 != 0;
        let is_divided = rule.tick.divides(price as u64) & rule.lot.divides(qty as u64);
        is_open & is_divided & child.is_ready & (bad >= 0)
    }

    /// Makes a lane anew.
    #[inline(always)]
    fn make_lane(&mut self, places: Places) {
        let Places { rule, account, strategy, lane, .. } = places;
        let at = lane & 1;
        let (rule, of_account) = (&self.rules[rule], &self.accounts[account]);
        let is_open = (lane >= 2 * self.strategies)
            & (strategy != self.strategies - 1)
            & self.standing.is_empty()
            & (self.orders.open < self.open_most)
            & (of_account.open < of_account.open_max)
            & of_account.budget.ever();
        // No exposure grows by more than what the order is worth for itself.
        let exposures = &self.exposures;
        let base = &exposures.asset[usize::from(rule.base)].0[at];
        let quote = &exposures.asset[usize::from(rule.quote)].0[1 - at];
        let side = base.left().min(quote.left()).min(exposures.net.0[at].left());
        let whole = exposures.gross.left().min(exposures.venue[usize::from(rule.venue)].left());
        let own = of_account.exposure.left().min(exposures.strategy[strategy].left());
        let qty = rule.room[at].min(rule.qty_most).min(rule.qty_worth(side.min(whole).min(own)));
        let cost = &rule.costs[at];
        let balance = &self.balances[account * self.assets + usize::from(cost.asset)];
        let number = cost.number_for(balance.free());
        let (of_qty, of_product) = if at == 0 { (i64::MAX, number) } else { (number, i64::MAX) };
        self.lanes[lane] = Lane {
            made: self.changes,
            since: of_account.budget.since(),
            qty_low: rule.qty_low,
            qty_high: qty.min(of_qty).max(-1),
            product_low: rule.product_low,
            product_high: rule.product_high.min(of_product).max(-1),
            styles: if is_open { rule.styles } else { 0 },
        };
    }
}

impl Idle for Gate {
    /// Makes the lanes anew that orders came on last, where something has moved.
    fn idle(&mut self) {
        for places in self.recent.all {
            if self.lanes[places.lane].made != self.changes {
                self.make_lane(places);
            }
        }
    }
}
