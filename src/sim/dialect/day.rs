//! Day: what tickers say of the time behind, as far as the world remembers it.
//!
//! In: trades. Out: first, highest, lowest and last price, volume and its mean price.
//! Never: a float; the mean is rounded down to the price's decimals.

use crate::event::Trade;
use crate::sim::world::World;

/// Trades of one market, summed up. Prices in ticks, volume in lots.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    pub(super) open: i64,
    pub(super) high: i64,
    pub(super) low: i64,
    pub(super) last: i64,
    /// Quantity and number of the last trade.
    pub(super) last_qty: i64,
    pub(super) first_id: u64,
    pub(super) last_id: u64,
    pub(super) volume: i64,
    /// Price times quantity of all trades.
    pub(super) cost: i128,
}

impl Day {
    /// What a market has behind it.
    pub(super) fn of(world: &World, market: usize) -> Day {
        let mut day = Day::default();
        world.past(market).for_each(|(_, trade)| day.add(trade));
        day
    }

    pub(super) fn add(&mut self, trade: &Trade) {
        if self.first_id == 0 {
            (self.open, self.high, self.low) = (trade.price, trade.price, trade.price);
            self.first_id = trade.id;
        }
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        (self.last, self.last_qty, self.last_id) = (trade.price, trade.qty, trade.id);
        self.volume = self.volume.saturating_add(trade.qty);
        self.cost += i128::from(trade.price) * i128::from(trade.qty);
    }

    /// How many trades.
    pub(super) const fn count(&self) -> u64 {
        if self.first_id == 0 { 0 } else { self.last_id - self.first_id + 1 }
    }

    /// Mean price, ticks; 0 where nothing traded.
    pub(super) const fn mean(&self) -> i64 {
        if self.volume == 0 { 0 } else { (self.cost / self.volume as i128) as i64 }
    }

    /// From the first price to the last, ticks.
    pub(super) const fn change(&self) -> i64 {
        self.last - self.open
    }

    /// The same in parts of 10^-`decimals` of a percent; 0 where nothing traded.
    pub(super) fn change_percent(&self, decimals: u32) -> i64 {
        if self.open == 0 {
            return 0;
        }
        let parts = i128::from(self.change()) * 100 * 10_i128.pow(decimals);
        (parts / i128::from(self.open)) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Side;

    #[test]
    fn a_day_is_the_sum_of_its_trades() {
        let mut day = Day::default();
        assert_eq!((day.count(), day.mean(), day.change_percent(2)), (0, 0, 0));
        for (id, price, qty) in [(7, 200, 1), (8, 100, 2), (9, 210, 1)] {
            day.add(&Trade { id, price, qty, taker: Side::Buy });
        }
        assert_eq!((day.open, day.high, day.low, day.last), (200, 210, 100, 210));
        assert_eq!((day.count(), day.volume, day.mean()), (3, 4, 152));
        assert_eq!((day.change(), day.change_percent(2)), (10, 500));
    }
}
