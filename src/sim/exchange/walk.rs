//! How an order takes from the other side of a book: level by level from the best price on.
//!
//! In: levels as they are offered, best first. Out: the steps that it takes.
//! Never: a price beyond its limit, a trade with an order of our own, an allocation after
//! construction.

use crate::base::Side;
use crate::limits::PAPER_WALK_LEVELS_MAX;
use crate::sys::memory;

/// What an order would take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) side: Side,
    /// The worst price; `None` for any.
    pub(super) limit: Option<i64>,
    /// The best price at which an order of our own rests on the other side.
    pub(super) own: Option<i64>,
    pub(super) qty: i64,
}

/// One step: so much at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) price: i64,
    pub(super) qty: i64,
}

/// What it takes.
#[derive(Debug)]
pub(super) struct Walk {
    wish: Wish,
    pub(super) steps: Vec<Step>,
    /// What is left of the order.
    pub(super) left: i64,
    /// The last price that was offered.
    last: Option<i64>,
}

impl Wish {
    /// Is a price as good as the limit or better?
    pub(super) fn reaches(&self, price: i64) -> bool {
        self.limit.is_none_or(|limit| !is_worse(self.side, price, limit))
    }

    /// Would it trade with our own order, if it came that far?
    fn meets_own(&self) -> bool {
        self.own.is_some_and(|own| self.reaches(own))
    }
}

impl Walk {
    pub(super) fn new() -> Walk {
        let wish = Wish { side: Side::Buy, limit: None, own: None, qty: 0 };
        let steps = memory::resident(PAPER_WALK_LEVELS_MAX);
        Walk { wish, steps, left: 0, last: None }
    }

    pub(super) fn begin(&mut self, wish: Wish) {
        self.steps.clear();
        self.wish = wish;
        self.left = wish.qty;
        self.last = None;
    }

    /// Offers what can be taken at a price, in whole lots. A price that is no worse than the last
    /// one offered is passed over.
    pub(super) fn offer(&mut self, price: i64, qty: i64) {
        let side = self.wish.side;
        if self.last.is_some_and(|last| !is_worse(side, price, last)) {
            return;
        }
        self.last = Some(price);
        let is_own = self.wish.own.is_some_and(|own| !is_worse(side, own, price));
        if is_own || !self.wish.reaches(price) || self.steps.len() >= PAPER_WALK_LEVELS_MAX {
            return;
        }
        let qty = qty.min(self.left);
        if qty > 0 {
            self.left -= qty;
            self.steps.push(Step { price, qty });
        }
    }

    /// Does it want more than was offered?
    pub(super) fn wants_more(&self) -> bool {
        self.left > 0 && self.last.is_none_or(|last| self.wish.reaches(last))
    }

    /// Must what is left end, because it would trade with our own order or took too many levels?
    pub(super) fn must_end(&self) -> bool {
        self.left > 0 && (self.wish.meets_own() || self.steps.len() >= PAPER_WALK_LEVELS_MAX)
    }

    /// Takes nothing after all.
    pub(super) fn take_nothing(&mut self) {
        self.steps.clear();
        self.left = self.wish.qty;
    }
}

/// Is a price worse than another one for a taker of this side?
fn is_worse(side: Side, price: i64, than: i64) -> bool {
    match side {
        Side::Buy => price > than,
        Side::Sell => price < than,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(wish: Wish) -> (Vec<(i64, i64)>, i64, bool) {
        let mut walk = Walk::new();
        walk.begin(wish);
        for price in 101..=105 {
            walk.offer(price, 10);
        }
        let steps = walk.steps.iter().map(|step| (step.price, step.qty)).collect();
        (steps, walk.left, walk.must_end())
    }

    #[test]
    fn an_order_takes_from_the_best_price_to_its_limit() {
        let wish = Wish { side: Side::Buy, limit: Some(102), own: None, qty: 25 };
        assert_eq!(walked(wish), (vec![(101, 10), (102, 10)], 5, false));
        let wish = Wish { limit: None, ..wish };
        assert_eq!(walked(wish), (vec![(101, 10), (102, 10), (103, 5)], 0, false));
    }

    #[test]
    fn what_would_trade_with_our_own_ends() {
        let wish = Wish { side: Side::Buy, limit: Some(104), own: Some(102), qty: 25 };
        assert_eq!(walked(wish), (vec![(101, 10)], 15, true));
        let wish = Wish { own: Some(105), ..wish };
        assert_eq!(walked(wish), (vec![(101, 10), (102, 10), (103, 5)], 0, false));
        let wish = Wish { limit: Some(101), own: Some(102), ..wish };
        assert_eq!(walked(wish), (vec![(101, 10)], 15, false), "it never comes that far");
    }

    #[test]
    fn what_would_take_too_many_levels_ends() {
        let mut walk = Walk::new();
        walk.begin(Wish { side: Side::Sell, limit: None, own: None, qty: 1_000 });
        for n in 0..300 {
            walk.offer(1_000 - n, 1);
        }
        assert_eq!((walk.steps.len(), walk.must_end()), (PAPER_WALK_LEVELS_MAX, true));
    }
}
