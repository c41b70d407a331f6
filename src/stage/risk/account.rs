//! Accounts: their budget of requests, their count of open orders, and what they have.

use super::exposure::Sum;
use super::settings::OrderRate;
use crate::base::Nanos;

/// One account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    /// A place in the gate's table; one that no instrument has where there is no such account.
    pub(super) venue: u16,
    pub(super) open: u32,
    pub(super) open_max: u32,
    pub(super) exposure: Sum,
    pub(super) budget: Budget,
}

/// A budget of requests by the generic cell rate algorithm: one number says when all that was sent
/// is worked off (ITU-T I.371, annex A).
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// When all that was sent is worked off, ns.
    pub(super) clear: i64,
    /// What one request takes, ns; zero where nothing is limited.
    pub(super) interval: i64,
    /// How far ahead `clear` may be after a new order.
    order_ahead: i64,
    /// How far ahead it may be at all.
    ahead: i64,
}

/// What an account has of one asset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Balance {
    pub(super) total: i64,
    /// For open and unknown orders.
    pub(super) reserved: i64,
}

impl Budget {
    pub(super) fn new(rate: Option<OrderRate>) -> Budget {
        let Some(rate) = rate else {
            return Budget { clear: 0, interval: 0, order_ahead: i64::MAX, ahead: i64::MAX };
        };
        let interval = Nanos::SECOND / i64::from(rate.per_second.max(1));
        let ahead = interval * i64::from(rate.burst.max(1));
        let order_ahead = ahead - interval * i64::from(rate.cancel_reserve);
        Budget { clear: 0, interval, order_ahead, ahead }
    }

    /// Where it would be after one request more.
    #[inline(always)]
    pub(super) fn after(&self, now: i64) -> i64 {
        self.clear.max(now) + self.interval
    }

    /// What would be left for new orders after one more, ns; below zero where that is one too many.
    #[inline(always)]
    pub(super) fn spare(&self, now: i64) -> i64 {
        self.order_ahead - (self.after(now) - now)
    }

    /// From when on there is one for a new order; not below zero.
    #[inline(always)]
    pub(super) fn since(&self) -> i64 {
        (self.clear + self.interval).saturating_sub(self.order_ahead).max(0)
    }

    /// Is there ever one?
    #[inline(always)]
    pub(super) fn ever(&self) -> bool {
        self.interval <= self.order_ahead
    }

    /// Takes what a cancel costs, of whatever there is.
    #[inline(always)]
    pub(super) fn cancel(&mut self, now: i64) {
        self.clear = self.after(now).min(now.saturating_add(self.ahead));
    }
}

impl Balance {
    /// What no order holds.
    #[inline(always)]
    pub(super) fn free(&self) -> i64 {
        self.total.saturating_sub(self.reserved)
    }
}

impl Account {
    /// Where there is no account: nothing passes.
    pub(super) fn nobody() -> Account {
        Account {
            venue: u16::MAX - 1,
            open: 0,
            open_max: 0,
            exposure: Sum::new(None),
            budget: Budget::new(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget::new(Some(OrderRate { per_second: 10, burst: 3, cancel_reserve: 1 }))
    }

    fn order(budget: &mut Budget, now: i64) -> bool {
        let fits = budget.spare(now) >= 0;
        budget.clear = if fits { budget.after(now) } else { budget.clear };
        fits
    }

    #[test]
    fn orders_stop_at_the_reserve_and_come_back_with_time() {
        let mut budget = budget();
        assert!(order(&mut budget, 0) && order(&mut budget, 0) && !order(&mut budget, 0));
        assert!(!order(&mut budget, 99_999_999) && order(&mut budget, 100_000_000));
    }

    #[test]
    fn cancels_use_the_reserve_and_never_owe_more_than_the_burst() {
        let mut budget = budget();
        (0..100).for_each(|_| budget.cancel(0));
        assert!(!order(&mut budget, 199_999_999) && order(&mut budget, 200_000_000));
    }

    #[test]
    fn without_a_rate_nothing_is_limited() {
        let mut budget = Budget::new(None);
        assert!((0..1_000).all(|_| order(&mut budget, 0)));
    }
}
