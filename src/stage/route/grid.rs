//! From what is wanted to what a venue takes: prices on the tick, quantities in lots.

use crate::base::{Price, Qty, Side};
use crate::event::Terms;

/// An instrument's tick and lot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    tick: i64,
    lot: i64,
    ticks: Multiples,
    lots: Multiples,
}

/// The multiples of a number, known without a division (Granlund and Montgomery, "Division by
/// invariant integers using multiplication", 1994, section 9).
#[derive(Clone, Copy, Debug)]
struct Multiples {
    /// Inverse of the number's odd part, modulo 2^64.
    inverse: u64,
    /// Trailing zero bits of the number.
    twos: u32,
    /// The largest quotient.
    most: u64,
}

impl Multiples {
    /// Of a number above zero.
    fn of(number: i64) -> Multiples {
        let twos = number.trailing_zeros();
        let odd = number as u64 >> twos;
        // Newton's step doubles the right bits: 3 at the start, 96 after five of them.
        let step =
            |inverse: u64, _| inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        Multiples { inverse: (0..5).fold(odd, step), twos, most: (i64::MAX / number) as u64 }
    }

    /// Is it one of them, and not below zero?
    #[inline(always)]
    fn holds(self, number: i64) -> bool {
        (number as u64).wrapping_mul(self.inverse).rotate_right(self.twos) <= self.most
    }
}

impl Grid {
    pub(super) fn new(tick: Price, lot: Qty) -> Grid {
        let (tick, lot) = (tick.0.max(1), lot.0.max(1));
        Grid { tick, lot, ticks: Multiples::of(tick), lots: Multiples::of(lot) }
    }

    /// Terms on the grid: the price towards the passive side, never better for the market than what
    /// was wanted; the quantity down. What is below a lot becomes 0, which risk denies.
    #[inline(always)]
    pub(super) fn fit(self, terms: &Terms) -> Terms {
        // Strategies mostly want what is on the grid already.
        if self.ticks.holds(terms.price.0) && self.lots.holds(terms.qty.0) {
            return *terms;
        }
        self.moved(terms)
    }

    #[inline(never)]
    fn moved(self, terms: &Terms) -> Terms {
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
        fn a_multiple_is_known_as_one_and_nothing_else_is(
            of in prop_oneof![1_i64..1_000, 1_i64..1 << 50, Just(i64::MAX)],
            number in prop_oneof![-1_000_i64..100_000, any::<i64>()],
            times in 0_i64..1 << 12,
        ) {
            let multiples = Multiples::of(of);
            for number in [number, of.saturating_mul(times)] {
                prop_assert_eq!(multiples.holds(number), number >= 0 && number % of == 0);
            }
        }

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
