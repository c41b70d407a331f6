//! The one order that a strategy has in flight on one side of one instrument.
//!
//! In: what was sent, and reports. Out: whether the side is free.
//! Never: a side that is free while its order may still trade, or one that stays taken by an order
//! that is over.

use crate::base::{Nanos, OrderId, Price, Qty, Side};
use crate::event::{OrderState, Report, Style, Terms};
use crate::limits;

/// One side's order, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// The strategy's own number of the order; 0 where the side is free.
    intent: u64,
    /// Known from the first report on.
    order: OrderId,
    state: OrderState,
    terms: Terms,
    filled: i64,
    is_reducing: bool,
    sent: Nanos,
    /// Number of the cancel that is under way; 0 where none is.
    cancel: u64,
    cancel_sent: Nanos,
    /// No cancel before.
    cancel_from: Nanos,
    /// No order before.
    free_from: Nanos,
    /// Refusals in a row.
    refusals: u32,
}

/// What a report meant to a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It is about another order.
    Other,
    /// It is about this one.
    Ours,
    /// It is about this one, and its fill was counted before.
    Again,
}

impl Default for Slot {
    /// A side that is free and was never refused.
    fn default() -> Slot {
        let terms = Terms { price: Price(0), qty: Qty(0), side: Side::Buy, style: Style::Limit };
        Slot {
            intent: 0,
            order: OrderId::NONE,
            state: OrderState::Sent,
            terms,
            filled: 0,
            is_reducing: false,
            sent: Nanos::NONE,
            cancel: 0,
            cancel_sent: Nanos::NONE,
            cancel_from: Nanos::NONE,
            free_from: Nanos::NONE,
            refusals: 0,
        }
    }
}

impl Slot {
    /// Is there an order that may still trade?
    #[inline(always)]
    pub(super) fn is_taken(&self) -> bool {
        self.intent != 0
    }

    /// May an order be sent now?
    #[inline(always)]
    pub(super) fn is_free(&self, now: Nanos) -> bool {
        self.intent == 0 && now >= self.free_from
    }

    /// Is there an order that nobody knows the state of?
    pub(super) fn is_unknown(&self) -> bool {
        self.is_taken() && self.state == OrderState::Unknown
    }

    /// Is there an order that rests, or will?
    pub(super) fn is_resting(&self) -> bool {
        self.is_taken() && self.terms.style.rests()
    }

    /// What the order was sent as.
    pub(super) fn terms(&self) -> Terms {
        self.terms
    }

    /// How long the order has been there.
    pub(super) fn age_ns(&self, now: Nanos) -> i64 {
        now.0.saturating_sub(self.sent.0)
    }

    /// Price times quantity of what may still make a position larger.
    pub(super) fn adding(&self) -> i128 {
        if !self.is_taken() || self.is_reducing {
            return 0;
        }
        i128::from(self.terms.price.0) * i128::from((self.terms.qty.0 - self.filled).max(0))
    }

    /// An order was sent.
    pub(super) fn place(&mut self, intent: u64, terms: &Terms, is_reducing: bool, now: Nanos) {
        assert!(!self.is_taken(), "a side has one order at a time");
        *self = Slot {
            intent,
            terms: *terms,
            is_reducing,
            sent: now,
            refusals: self.refusals,
            ..Slot::default()
        };
    }

    /// The order to cancel, where it can be cancelled now.
    pub(super) fn cancellable(&self, now: Nanos) -> Option<OrderId> {
        let is_known = self.order != OrderId::NONE && self.state != OrderState::Unknown;
        let is_quiet = match self.cancel {
            0 => now >= self.cancel_from,
            _ => now.0 - self.cancel_sent.0 >= limits::CANCEL_AGAIN_NS,
        };
        (self.is_resting() && is_known && is_quiet).then_some(self.order)
    }

    /// A cancel was sent.
    pub(super) fn cancel(&mut self, intent: u64, now: Nanos) {
        self.cancel = intent;
        self.cancel_sent = now;
    }

    /// What an order of ours, or a cancel of it, came to.
    pub(super) fn on(&mut self, report: &Report) -> Heard {
        if !self.is_taken() {
            return Heard::Other;
        }
        let now = report.stamp.recv_ns;
        if report.intent != self.intent {
            if report.intent != self.cancel || self.cancel == 0 {
                return Heard::Other;
            }
            self.on_cancel(report, now);
            return Heard::Ours;
        }
        if report.is_cancel_refusal {
            self.refuse_cancel(now);
            if matches!(report.state, OrderState::Denied | OrderState::Rejected) {
                // That is where the cancel stands, not the order.
                return Heard::Ours;
            }
        }
        let is_again = report.is_fill() && report.filled.0 <= self.filled;
        self.order = report.order;
        self.state = report.state;
        self.filled = self.filled.max(report.filled.0);
        match report.state {
            OrderState::Open | OrderState::PartlyFilled | OrderState::Filled => self.refusals = 0,
            _ => {}
        }
        if report.state.is_over() {
            self.end(report.state, now);
        }
        if is_again { Heard::Again } else { Heard::Ours }
    }

    /// A report on the cancel itself. What became of the order is reported by the order's number,
    /// but for an end that only the cancel tells.
    fn on_cancel(&mut self, report: &Report, now: Nanos) {
        match report.state {
            OrderState::Denied | OrderState::Rejected => self.refuse_cancel(now),
            _ if report.is_cancel_refusal => self.refuse_cancel(now),
            state if state.is_over() => self.end(state, now),
            _ => {}
        }
    }

    fn refuse_cancel(&mut self, now: Nanos) {
        self.cancel = 0;
        self.cancel_from = Nanos(now.0 + limits::BACKOFF_NS);
    }

    /// The order is over: the side is free, after a wait where it came to nothing.
    fn end(&mut self, state: OrderState, now: Nanos) {
        let is_refused = matches!(state, OrderState::Denied | OrderState::Rejected);
        let is_wanted = self.cancel != 0 || self.filled > 0;
        let wait = match (is_refused, is_wanted) {
            (true, _) => {
                let doublings = self.refusals.min(limits::BACKOFF_DOUBLINGS_MAX);
                self.refusals = self.refusals.saturating_add(1);
                limits::BACKOFF_NS << doublings
            }
            (false, true) => {
                self.refusals = 0;
                0
            }
            (false, false) => limits::BACKOFF_NS,
        };
        let free_from = Nanos(now.0 + wait);
        *self = Slot { free_from, refusals: self.refusals, ..Slot::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::strategy::scene::report;

    fn taken() -> Slot {
        let mut slot = Slot::default();
        let (price, qty) = (Price(100), Qty(10));
        let terms = Terms { price, qty, side: Side::Buy, style: Style::PostOnly };
        slot.place(5, &terms, false, Nanos(0));
        slot
    }

    fn after(states: &[OrderState]) -> Slot {
        let mut slot = taken();
        for state in states {
            slot.on(&report(5, *state, 0, 0));
        }
        slot
    }

    #[test]
    fn every_end_frees_the_side_and_nothing_else_does() {
        for state in OrderState::ALL {
            let slot = after(&[state]);
            assert_eq!(slot.is_taken(), !state.is_over(), "{}", state.name());
        }
    }

    #[test]
    fn a_refusal_waits_longer_each_time() {
        let mut slot = taken();
        let mut waits = Vec::new();
        for _ in 0..9 {
            slot.on(&report(5, OrderState::Denied, 0, 0));
            waits.push(slot.free_from.0 / limits::BACKOFF_NS);
            let (price, qty) = (Price(100), Qty(10));
            let terms = Terms { price, qty, side: Side::Buy, style: Style::PostOnly };
            slot.place(5, &terms, false, Nanos(0));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
    }

    #[test]
    fn an_accepted_order_forgives_the_refusals_before() {
        let mut slot = after(&[OrderState::Denied]);
        assert_eq!(slot.refusals, 1);
        let (price, qty) = (Price(100), Qty(10));
        let terms = Terms { price, qty, side: Side::Buy, style: Style::PostOnly };
        slot.place(6, &terms, false, Nanos(0));
        slot.on(&report(6, OrderState::Open, 0, 0));
        assert_eq!(slot.refusals, 0);
    }

    #[test]
    fn an_unknown_order_blocks_the_side_and_is_not_cancelled() {
        let slot = after(&[OrderState::Open, OrderState::Unknown]);
        assert!(slot.is_taken() && slot.is_unknown());
        assert_eq!(slot.cancellable(Nanos(i64::MAX)), None);
    }

    #[test]
    fn an_order_is_cancelled_once_its_number_is_known() {
        assert_eq!(taken().cancellable(Nanos(1)), None);
        assert_eq!(after(&[OrderState::Sent]).cancellable(Nanos(1)), Some(OrderId(9)));
    }

    #[test]
    fn a_cancel_is_asked_for_again_only_after_a_while() {
        let mut slot = after(&[OrderState::Open]);
        slot.cancel(6, Nanos(0));
        assert_eq!(slot.cancellable(Nanos(limits::CANCEL_AGAIN_NS - 1)), None);
        assert!(slot.cancellable(Nanos(limits::CANCEL_AGAIN_NS)).is_some());
    }

    #[test]
    fn a_cancel_that_is_denied_leaves_the_order_where_it_is() {
        let mut slot = after(&[OrderState::Open]);
        slot.cancel(6, Nanos(0));
        assert_eq!(slot.on(&report(6, OrderState::Denied, 0, 0)), Heard::Ours);
        assert!(slot.is_taken());
        assert_eq!(slot.cancellable(Nanos(limits::BACKOFF_NS - 1)), None);
        assert!(slot.cancellable(Nanos(limits::BACKOFF_NS)).is_some());
    }

    #[test]
    fn a_fill_that_was_counted_is_known_again() {
        let mut slot = after(&[OrderState::Open]);
        assert_eq!(slot.on(&report(5, OrderState::PartlyFilled, 4, 4)), Heard::Ours);
        assert_eq!(slot.on(&report(5, OrderState::PartlyFilled, 4, 4)), Heard::Again);
        assert_eq!(slot.adding(), 600);
    }

    #[test]
    fn a_fill_that_races_the_cancel_ends_the_order() {
        let mut slot = after(&[OrderState::Open]);
        slot.cancel(6, Nanos(0));
        slot.on(&report(5, OrderState::Filled, 10, 10));
        assert!(!slot.is_taken());
        assert_eq!(slot.on(&report(6, OrderState::Rejected, 0, 0)), Heard::Other);
    }
}
