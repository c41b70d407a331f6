//! One market: what rests at each price, and what the last step changed.
//!
//! In: levels set, takers let in. Out: the levels that changed, with what rests there now, and the
//! trades that were made.
//! Never: a crossed book; an order that would cross is the caller's to send as a taker.

use std::collections::BTreeMap;

use crate::base::Side;
use crate::event::{Level, Trade};

/// See the module. Prices in ticks, quantities in lots.
#[derive(Clone, Debug, Default)]
pub(super) struct Market {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    /// Levels that the step changed, each once.
    pub(super) changed: Vec<(Side, i64)>,
    /// Trades of the step.
    pub(super) trades: Vec<Trade>,
    trade_id: u64,
}

impl Market {
    /// An empty market whose next trade has the number after `trade_id`.
    pub(super) fn new(trade_id: u64) -> Market {
        Market { trade_id, ..Market::default() }
    }

    /// Forgets what the last step changed.
    pub(super) fn begin_step(&mut self) {
        self.changed.clear();
        self.trades.clear();
    }

    /// What rests at a price now, 0 where nothing does.
    pub(super) fn qty(&self, side: Side, price: i64) -> i64 {
        self.side(side).get(&price).copied().unwrap_or_default()
    }

    /// Levels of a side.
    pub(super) fn len(&self, side: Side) -> usize {
        self.side(side).len()
    }

    /// The level at a place, the best at 0.
    pub(super) fn level(&self, side: Side, place: usize) -> Option<Level> {
        let of = |(price, qty): (&i64, &i64)| Level { price: *price, qty: *qty };
        match side {
            Side::Buy => self.bids.iter().nth_back(place).map(of),
            Side::Sell => self.asks.iter().nth(place).map(of),
        }
    }

    /// The best levels of a side, at most so many, best first.
    pub(super) fn best(&self, side: Side, levels: usize) -> Vec<Level> {
        let of = |(price, qty): (&i64, &i64)| Level { price: *price, qty: *qty };
        match side {
            Side::Buy => self.bids.iter().rev().take(levels).map(of).collect(),
            Side::Sell => self.asks.iter().take(levels).map(of).collect(),
        }
    }

    /// Lets so much rest at a price; 0 removes the level.
    pub(super) fn set(&mut self, side: Side, price: i64, qty: i64) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if qty == 0 {
            levels.remove(&price);
        } else {
            levels.insert(price, qty);
        }
        if !self.changed.contains(&(side, price)) {
            self.changed.push((side, price));
        }
    }

    /// Lets a taker in: trades up to `qty` at prices no worse than `limit`, a trade a level, at
    /// most `levels` of them.
    pub(super) fn take(&mut self, taker: Side, limit: i64, qty: i64, levels: usize) {
        let maker = taker.opposite();
        let mut left = qty;
        for _ in 0..levels {
            let Some(best) = self.level(maker, 0) else { return };
            let is_worse = match taker {
                Side::Buy => best.price > limit,
                Side::Sell => best.price < limit,
            };
            if is_worse || left <= 0 {
                return;
            }
            let traded = left.min(best.qty);
            left -= traded;
            self.trade_id += 1;
            self.trades.push(Trade { id: self.trade_id, price: best.price, qty: traded, taker });
            self.set(maker, best.price, best.qty - traded);
        }
    }

    fn side(&self, side: Side) -> &BTreeMap<i64, i64> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taker_trades_level_by_level_until_his_limit() {
        let mut market = Market::new(7);
        for (price, qty) in [(101, 5), (102, 5), (103, 5)] {
            market.set(Side::Sell, price, qty);
        }
        market.begin_step();
        market.take(Side::Buy, 102, 100, 9);
        let traded: Vec<_> = market.trades.iter().map(|t| (t.id, t.price, t.qty)).collect();
        assert_eq!(traded, [(8, 101, 5), (9, 102, 5)]);
        assert_eq!(market.changed, [(Side::Sell, 101), (Side::Sell, 102)]);
        assert_eq!(market.best(Side::Sell, 10), [Level { price: 103, qty: 5 }]);
    }

    #[test]
    fn best_bid_is_the_highest() {
        let mut market = Market::new(0);
        market.set(Side::Buy, 99, 1);
        market.set(Side::Buy, 100, 2);
        assert_eq!(market.level(Side::Buy, 0), Some(Level { price: 100, qty: 2 }));
        assert_eq!(market.best(Side::Buy, 1), [Level { price: 100, qty: 2 }]);
    }
}
