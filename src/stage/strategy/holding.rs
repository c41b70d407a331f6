//! What a strategy holds of one instrument: position, what it cost, what it brought.
//!
//! Whole numbers: price times quantity in units of 10^-(`price_decimals` + `qty_decimals`) of the
//! quote asset. Fees are the ledger's business and are left out here.

use crate::base::Side;

/// A position at average cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holding {
    /// Above zero long, below short.
    pub(super) net: i64,
    /// What the position cost (short: brought), never negative.
    pub(super) cost: i128,
    /// What all fills brought, less what they cost.
    pub(super) cash: i128,
}

impl Holding {
    /// Applies a fill; says whether it made the position larger.
    pub(super) fn fill(&mut self, side: Side, price: i64, qty: i64) -> bool {
        let signed = match side {
            Side::Buy => qty,
            Side::Sell => -qty,
        };
        self.cash -= i128::from(price) * i128::from(signed);
        let closed = if self.net.signum() == -signed.signum() {
            qty.min(self.net.saturating_abs())
        } else {
            0
        };
        if closed > 0 {
            // The part that stays is rounded up: a budget never has more room than it should.
            let held = i128::from(self.net.unsigned_abs());
            self.cost -= self.cost * i128::from(closed) / held;
        }
        let opened = qty - closed;
        self.cost += i128::from(price) * i128::from(opened);
        self.net = self.net.saturating_add(signed);
        opened > 0
    }

    /// Twice of what closing at half of `bid_and_ask` would leave.
    #[inline(always)]
    pub(super) fn worth_twice(&self, bid_and_ask: i64) -> i128 {
        2 * self.cash + i128::from(self.net) * i128::from(bid_and_ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_round_trip_leaves_what_it_brought() {
        let mut holding = Holding::default();
        assert!(holding.fill(Side::Buy, 100, 6));
        assert!(holding.fill(Side::Buy, 130, 3));
        assert_eq!(holding, Holding { net: 9, cost: 990, cash: -990 });
        assert!(!holding.fill(Side::Sell, 120, 3), "it only makes it smaller");
        assert_eq!((holding.net, holding.cost), (6, 660));
        assert!(holding.fill(Side::Sell, 120, 10), "through zero");
        assert_eq!((holding.net, holding.cost), (-4, 480));
        assert!(!holding.fill(Side::Buy, 110, 4));
        assert_eq!(holding, Holding { net: 0, cost: 0, cash: 130 });
    }

    proptest! {
        #[test]
        fn a_flat_position_costs_nothing_and_worth_is_cash(
            fills in prop::collection::vec((any::<bool>(), 1_i64..1_000_000, 1_i64..1_000), 1..40),
        ) {
            let mut holding = Holding::default();
            for (buys, price, qty) in fills {
                holding.fill(if buys { Side::Buy } else { Side::Sell }, price, qty);
                prop_assert!(holding.cost >= 0);
                prop_assert_eq!(holding.net == 0, holding.cost == 0);
            }
            let net = holding.net;
            if net != 0 {
                let side = if net > 0 { Side::Sell } else { Side::Buy };
                let worth = holding.worth_twice(2 * 777);
                holding.fill(side, 777, net.abs());
                prop_assert_eq!(worth, 2 * holding.cash);
            }
            prop_assert_eq!(holding.cost, 0);
        }
    }
}
