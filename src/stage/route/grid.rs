//! From what is wanted to what a venue takes: prices on the tick, quantities in lots.

use crate::base::{Price, Qty, Side};
use crate::event::Terms;

/// An instrument's tick and lot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    tick: i64,
    lot: i64,
}

impl Grid {
    pub(super) fn new(tick: Price, lot: Qty) -> Grid {
        Grid { tick: tick.0.max(1), lot: lot.0.max(1) }
    }

    /// Terms on the grid: the price towards the passive side, never better for the market than what
    /// was wanted; the quantity down. What is below a lot becomes 0, which risk denies.
    pub(super) fn fit(self, terms: &Terms) -> Terms {
        let price = terms.price.0;
        let over = price.rem_euclid(self.tick);
        let price = match terms.side {
            _ if over == 0 => price,
            Side::Buy => price - over,
            // Where there is no number above it stays off the grid, which risk denies.
            Side::Sell => price.checked_add(self.tick - over).unwrap_or(price),
        };
        let qty = terms.qty.0 - terms.qty.0.rem_euclid(self.lot);
        Terms { price: Price(price), qty: Qty(qty), ..*terms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Style;
    use proptest::prelude::*;

    fn fit(side: Side, price: i64, qty: i64) -> (i64, i64) {
        let terms = Terms { price: Price(price), qty: Qty(qty), side, style: Style::Limit };
        let fitted = Grid::new(Price(10), Qty(7)).fit(&terms);
        (fitted.price.0, fitted.qty.0)
    }

    #[test]
    fn a_buy_goes_down_to_the_tick_and_a_sell_up() {
        assert_eq!(fit(Side::Buy, 109, 14), (100, 14));
        assert_eq!(fit(Side::Sell, 101, 14), (110, 14));
        assert_eq!(fit(Side::Sell, 110, 14), (110, 14), "what is on the grid stays");
    }

    #[test]
    fn a_quantity_below_a_lot_becomes_none() {
        assert_eq!(fit(Side::Buy, 100, 6), (100, 0));
        assert_eq!(fit(Side::Buy, 100, 20), (100, 14));
    }

    proptest! {
        #[test]
        fn nothing_is_given_away(buys in any::<bool>(), price in any::<i64>(), qty in 0..i64::MAX) {
            prop_assume!((i64::MIN + 10..i64::MAX - 10).contains(&price));
            let side = if buys { Side::Buy } else { Side::Sell };
            let (fitted, lots) = fit(side, price, qty);
            prop_assert_eq!((fitted % 10, lots % 7), (0, 0));
            let is_passive = if buys { fitted <= price } else { fitted >= price };
            prop_assert!(is_passive);
            prop_assert!((fitted - price).abs() < 10 && lots <= qty && qty - lots < 7);
        }
    }
}
