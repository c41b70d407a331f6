//! What an order would cost: the walk through the depth, slippage and fee.
//!
//! Whole numbers: amounts are price times quantity, in units of 10^-(`price_decimals` +
//! `qty_decimals`) of the quote asset.

use crate::base::Side;
use crate::event::{Depth, Level};

/// Fees are millionths.
pub const PPM: i128 = 1_000_000;

/// What taking a quantity at once would come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// What could be had of it within the limit and the ten levels that are shown.
    pub qty: i64,
    /// Sum of price times quantity.
    pub amount: i128,
    /// The last price that was needed; 0 where nothing could be had.
    pub worst: i64,
    /// What it is worse than all of it at the best price; never negative.
    pub slippage: i128,
    /// What the venue takes, rounded up; below zero where it gives (rebates are rounded down).
    pub fee: i128,
}

impl Cost {
    /// Walks the depth for an order of `side` and `qty` that trades at `limit` or better.
    pub fn walk(depth: &Depth, side: Side, qty: i64, limit: i64, fee_ppm: i64) -> Cost {
        let (levels, count) = match side {
            Side::Buy => (&depth.asks, depth.ask_count),
            Side::Sell => (&depth.bids, depth.bid_count),
        };
        let levels = &levels[..usize::from(count).min(levels.len())];
        let is_within = |level: &Level| match side {
            Side::Buy => level.price <= limit,
            Side::Sell => level.price >= limit,
        };
        let mut cost = Cost::default();
        let mut at_best: i128 = 0;
        for level in levels.iter().take_while(|level| is_within(level)) {
            let taken = level.qty.min(qty - cost.qty);
            if taken <= 0 {
                break;
            }
            cost.qty += taken;
            cost.amount += i128::from(level.price) * i128::from(taken);
            cost.worst = level.price;
            at_best += i128::from(levels[0].price) * i128::from(taken);
        }
        cost.slippage = (cost.amount - at_best).abs();
        cost.fee = -(-cost.amount * i128::from(fee_ppm)).div_euclid(PPM);
        cost
    }

    /// The average price, rounded against us; `None` where nothing could be had.
    pub fn average(&self, side: Side) -> Option<i64> {
        let qty = i128::from(self.qty);
        if qty == 0 {
            return None;
        }
        let up = if side == Side::Buy { qty - 1 } else { 0 };
        Some((self.amount + up).div_euclid(qty) as i64)
    }

    /// What a buy takes in all, or a sell brings: amount and fee together.
    pub fn total(&self, side: Side) -> i128 {
        match side {
            Side::Buy => self.amount + self.fee,
            Side::Sell => self.amount - self.fee,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Asks from 100 up and bids from 99 down, one tick and `qty` each.
    fn depth(qty: i64) -> Depth {
        let mut depth = Depth { bid_count: 10, ask_count: 10, ..Depth::default() };
        for n in 0..10 {
            depth.asks[n] = Level { price: 100 + n as i64, qty };
            depth.bids[n] = Level { price: 99 - n as i64, qty };
        }
        depth
    }

    #[test]
    fn a_walk_through_a_staircase_has_a_closed_form() {
        // n levels of 5 from 100 on: 5 (100 n + n (n - 1) / 2).
        for n in 1..=10_i128 {
            let cost = Cost::walk(&depth(5), Side::Buy, 5 * n as i64, i64::MAX, 1_000);
            let slippage = 5 * n * (n - 1) / 2;
            assert_eq!((cost.amount, cost.slippage), (500 * n + slippage, slippage));
            assert_eq!(cost.worst, 99 + n as i64);
            assert_eq!(cost.fee, (cost.amount + 999) / 1_000, "a thousandth, rounded up");
        }
    }

    #[test]
    fn a_sell_is_the_mirror_of_a_buy() {
        let cost = Cost::walk(&depth(5), Side::Sell, 12, 0, 0);
        assert_eq!((cost.amount, cost.slippage, cost.worst), (5 * 99 + 5 * 98 + 2 * 97, 9, 97));
        assert_eq!(cost.average(Side::Sell), Some(98), "98.25 is rounded against us");
        let cost = Cost::walk(&depth(5), Side::Buy, 12, 200, 0);
        assert_eq!(cost.average(Side::Buy), Some(101), "100.75 is rounded against us");
    }

    #[test]
    fn beyond_limit_and_depth_there_is_nothing() {
        assert_eq!(Cost::walk(&depth(5), Side::Buy, 100, 101, 0).qty, 10);
        assert_eq!(Cost::walk(&depth(5), Side::Buy, 100, i64::MAX, 0).qty, 50);
        let none = Cost::walk(&depth(5), Side::Buy, 100, 99, 0);
        assert_eq!((none, none.average(Side::Buy)), (Cost::default(), None));
        assert_eq!(Cost::walk(&Depth::default(), Side::Sell, 1, 0, 0), Cost::default());
    }

    #[test]
    fn a_rebate_is_rounded_down_and_makes_it_cheaper() {
        let cost = Cost::walk(&depth(5), Side::Buy, 5, 100, -1_500);
        assert_eq!((cost.fee, cost.total(Side::Buy)), (0, 500), "0.75 is none");
        let cost = Cost::walk(&depth(5), Side::Sell, 5, 99, 10_000);
        assert_eq!((cost.fee, cost.total(Side::Sell)), (5, 490));
    }

    proptest! {
        #[test]
        fn the_average_lies_between_best_and_worst(qty in 1_i64..60, each in 1_i64..9) {
            let cost = Cost::walk(&depth(each), Side::Buy, qty, i64::MAX, 0);
            let average = cost.average(Side::Buy).unwrap();
            prop_assert!((100..=cost.worst).contains(&average));
            prop_assert_eq!(cost.qty, qty.min(10 * each));
        }
    }
}
