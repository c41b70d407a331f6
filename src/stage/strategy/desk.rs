//! What a strategy acts through: one seat for the time of one message.
//!
//! In: what the strategy wants. Out: intents, where budget, minima, back-off and its own other
//! orders allow them.
//! Never: two orders on one side, an order that could trade with one of its own, an entry over the
//! budget or after the strategy has stopped.

use super::purse::Purse;
use super::seat::Seat;
use crate::base::{AccountId, Nanos, OrderId, Price, Qty, Side, StrategyId};
use crate::event::{Action, Intent, Quote, Stamp, Style, Terms};
use crate::limits;

/// How often a strategy did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders that make a position larger.
    pub entries: u64,
    /// Orders that make one smaller.
    pub exits: u64,
    /// Orders taken back.
    pub cancels: u64,
    /// Entries that the budget had no room for.
    pub unaffordable: u64,
    /// Fills.
    pub fills: u64,
    /// Fills that were reported a second time.
    pub repeats: u64,
    /// Reports about an instrument that it does not trade.
    pub strays: u64,
}

/// One seat for the time of one message.
pub(super) struct Desk<'a> {
    pub(super) strategy: StrategyId,
    pub(super) stamp: Stamp,
    pub(super) seat: &'a mut Seat,
    pub(super) purse: &'a mut Purse,
    pub(super) counts: &'a mut Counts,
    /// The strategy's last intent's number.
    pub(super) last_intent: &'a mut u64,
    pub(super) out: &'a mut Vec<Intent>,
}

impl Desk<'_> {
    fn now(&self) -> Nanos {
        self.stamp.recv_ns
    }

    /// The position, where it is worth an order; else zero.
    #[inline(always)]
    pub(super) fn net(&self, quote: &Quote) -> i64 {
        // Where it would be closed at the worse price it is still large enough at the better one.
        self.seat.net(quote.bid.price)
    }

    /// How long the position has not grown.
    pub(super) fn held_ns(&self) -> i64 {
        self.now().0.saturating_sub(self.seat.held_since.0)
    }

    /// Is there an order that rests on this side?
    #[inline(always)]
    pub(super) fn rests(&self, side: Side) -> bool {
        self.seat.slot(side).is_resting()
    }

    /// Enters no more for a while.
    pub(super) fn cool(&mut self, ns: i64) {
        self.seat.cool_until = Nanos(self.now().0.saturating_add(ns));
    }

    /// Wants a position, or a larger one.
    pub(super) fn enter(&mut self, side: Side, price: i64, style: Style) {
        let seat = &*self.seat;
        let is_calm = self.now() >= seat.cool_until && !self.purse.stopped;
        let is_alone = !seat.slot(side.opposite()).is_taken();
        if !is_calm || !is_alone || !seat.slot(side).is_free(self.now()) {
            return;
        }
        let may_sell = self.purse.means.allow_short || side == Side::Buy;
        let qty = seat.entry_qty(price);
        if !may_sell || qty == 0 {
            return;
        }
        let money = seat.money(i128::from(price) * i128::from(qty));
        if !self.purse.has_room(seat.fund, money) {
            self.counts.unaffordable += 1;
            return;
        }
        let terms = Terms { price: Price(price), qty: Qty(qty), side, style };
        self.counts.entries += u64::from(self.place(terms, false));
    }

    /// Wants no position any more: takes back what would make it larger, then closes it at the best
    /// price of the other side. Says whether it sent an order.
    pub(super) fn leave(&mut self, quote: &Quote) -> bool {
        let net = self.net(quote);
        if net == 0 {
            return false;
        }
        let (side, price) =
            if net > 0 { (Side::Sell, quote.bid.price) } else { (Side::Buy, quote.ask.price) };
        self.cancel(side.opposite());
        let (own, other) = (self.seat.slot(side), self.seat.slot(side.opposite()));
        // An order that nobody knows of must not keep a position open; risk counts it all the same.
        if !own.is_free(self.now()) || (other.is_taken() && !other.is_unknown()) {
            return false;
        }
        let qty = Qty(self.seat.allowed(net.saturating_abs(), price));
        if qty.0 == 0 {
            return false;
        }
        let style = Style::ImmediateOrCancel;
        let is_sent = self.place(Terms { price: Price(price), qty, side, style }, true);
        self.counts.exits += u64::from(is_sent);
        is_sent
    }

    /// Takes back the order that rests on a side, where there is one.
    pub(super) fn cancel(&mut self, side: Side) {
        let now = self.now();
        let Some(order) = self.seat.slot(side).cancellable(now) else { return };
        let terms = self.seat.slot(side).terms();
        if let Some(id) = self.send(Action::Cancel, order, terms, false) {
            self.seat.slots[side as usize].cancel(id, now);
            self.counts.cancels += 1;
        }
    }

    /// Takes back what has rested for too long.
    pub(super) fn cancel_old(&mut self, rest_ns_max: i64) {
        for side in [Side::Buy, Side::Sell] {
            let slot = self.seat.slot(side);
            if slot.is_resting() && slot.age_ns(self.now()) >= rest_ns_max {
                self.cancel(side);
            }
        }
    }

    /// Takes back all that rests.
    pub(super) fn cancel_all(&mut self) {
        self.cancel(Side::Buy);
        self.cancel(Side::Sell);
    }

    fn place(&mut self, terms: Terms, is_reducing: bool) -> bool {
        let Some(id) = self.send(Action::Place, OrderId::NONE, terms, is_reducing) else {
            return false;
        };
        let now = self.now();
        self.seat.slots[terms.side as usize].place(id, &terms, is_reducing, now);
        self.settle();
        true
    }

    /// The market is at half of `bid_and_ask`.
    #[inline(always)]
    pub(super) fn mark(&mut self, bid_and_ask: i64) {
        let gain = self.seat.gain_at(bid_and_ask);
        self.purse.gain(self.seat.fund, self.seat.gain, gain);
        self.seat.gain = gain;
    }

    /// What the seat takes of the budget may have changed.
    pub(super) fn settle(&mut self) {
        let now = self.seat.commitment();
        self.purse.commit(self.seat.fund, self.seat.committed, now);
        self.seat.committed = now;
    }

    /// Puts an intent out and gives its number; `None` where this message brought too many: the
    /// next one brings it again.
    fn send(
        &mut self,
        action: Action,
        cancels: OrderId,
        terms: Terms,
        is_reducing: bool,
    ) -> Option<u64> {
        if self.out.len() >= limits::EMIT_BURST_MAX {
            return None;
        }
        *self.last_intent += 1;
        let id = *self.last_intent;
        self.out.push(Intent {
            stamp: self.stamp,
            id,
            cancels,
            terms,
            instrument: self.seat.instrument,
            strategy: self.strategy,
            account: AccountId::NONE,
            action,
            // Nothing is asked for where they are not; a cancel rests on none.
            is_ready: true,
            is_reducing,
        });
        Some(id)
    }
}
