//! Rules: what a market takes, and what it answers to anything else.
//!
//! In: an order as it is asked for. Out: the first [`Reason`] against it.
//! Never: a look at who asks.

use super::ticket::{Reason, Size, Ticket, Wish};
use crate::base::Side;
use crate::event::Style;

/// What a market takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Prices are multiples of it, ticks.
    pub tick: i64,
    /// Quantities are multiples of it, lots.
    pub lot: i64,
    /// The smallest quantity, lots.
    pub qty_min: i64,
    /// The largest quantity, lots.
    pub qty_max: i64,
    /// The highest price, ticks.
    pub price_max: i64,
    /// What an order must come to at least, price times lots.
    pub notional_min: i128,
    /// Orders that rest at once, all owners together.
    pub orders_max: usize,
}

impl Rules {
    /// What is wrong with a new order, if anything is. `other` is the best price of the other side,
    /// `resting` how many orders there are.
    pub(super) fn refusal(
        &self,
        wish: &Wish,
        other: Option<i64>,
        resting: usize,
    ) -> Option<Reason> {
        let is_market = wish.style == Style::Market;
        if !is_market && !self.is_price(wish.price) {
            return Some(Reason::Price(wish.price));
        }
        if is_market && other.is_none() {
            return Some(Reason::NoOtherSide);
        }
        let notional = match wish.size {
            Size::Amount(amount) if amount <= 0 || !is_market => {
                return Some(Reason::Amount(amount));
            }
            Size::Amount(amount) => amount,
            Size::Lots(lots) if !self.is_qty(lots) => return Some(Reason::Qty(lots)),
            Size::Lots(lots) => {
                let price = if is_market { other.unwrap_or_default() } else { wish.price };
                i128::from(price) * i128::from(lots)
            }
        };
        if notional < self.notional_min {
            return Some(Reason::Notional(notional));
        }
        if would_take(wish.style, wish.side, wish.price, other) {
            return Some(Reason::WouldTake(wish.price));
        }
        let is_full = wish.style.rests() && resting >= self.orders_max;
        is_full.then_some(Reason::Full(resting))
    }

    /// What is wrong with new terms of an order that rests.
    pub(super) fn amendment(
        &self,
        was: &Ticket,
        price: i64,
        qty: i64,
        other: Option<i64>,
    ) -> Result<(), Reason> {
        let notional = i128::from(price) * i128::from(qty);
        if !self.is_price(price) {
            Err(Reason::Price(price))
        } else if !self.is_qty(qty) {
            Err(Reason::Qty(qty))
        } else if qty <= was.done {
            Err(Reason::Done(was.done))
        } else if notional < self.notional_min {
            Err(Reason::Notional(notional))
        } else if would_take(was.style, was.side, price, other) {
            Err(Reason::WouldTake(price))
        } else {
            Ok(())
        }
    }

    fn is_price(&self, price: i64) -> bool {
        (1..=self.price_max).contains(&price) && price % self.tick == 0
    }

    fn is_qty(&self, lots: i64) -> bool {
        (self.qty_min.max(1)..=self.qty_max).contains(&lots) && lots % self.lot == 0
    }
}

/// Is it an order that must not trade at once, and would?
fn would_take(style: Style, side: Side, price: i64, other: Option<i64>) -> bool {
    style == Style::PostOnly && other.is_some_and(|other| is_met(side, price, other))
}

/// Does a limit reach a price of the other side?
pub(super) fn is_met(side: Side, limit: i64, price: i64) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}
