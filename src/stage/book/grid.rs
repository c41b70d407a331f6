//! From prices to ticks and back, without a division.
//!
//! Never: a rounding. A price off the grid gets an index that no window covers.

/// A grid of prices: the multiples of one tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    tick: i64,
    /// Inverse of the odd part of `tick`, modulo 2^64.
    inverse: u64,
    /// Trailing zero bits of `tick`.
    twos: u32,
}

impl Grid {
    /// The multiples of `tick`, at least 1.
    pub(super) fn new(tick: i64) -> Grid {
        let twos = tick.trailing_zeros();
        let odd = tick as u64 >> twos;
        // Newton's step doubles the right bits: 3 at the start, 96 after five of them.
        let mut inverse = odd;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        Grid { tick, inverse, twos }
    }

    pub(super) fn tick(self) -> i64 {
        self.tick
    }

    /// `price / tick` where that is whole and the price is not negative. All other prices get an
    /// index above [`Grid::index_max`] (Granlund and Montgomery's exact division).
    #[inline(always)]
    pub(super) fn index(self, price: i64) -> u64 {
        (price as u64).wrapping_mul(self.inverse).rotate_right(self.twos)
    }

    /// The price at an index.
    #[inline(always)]
    pub(super) fn price(self, index: u64) -> i64 {
        (index as i64).wrapping_mul(self.tick)
    }

    /// The largest index of a price.
    pub(super) fn index_max(self) -> u64 {
        (i64::MAX / self.tick) as u64
    }
}

/// The largest tick whose multiples all `prices` are; 0 where there is none.
pub(super) fn common_tick(prices: impl Iterator<Item = i64>) -> i64 {
    let mut common = 0_u64;
    for price in prices {
        let mut rest = price.unsigned_abs();
        while rest != 0 {
            (common, rest) = (rest, common % rest);
        }
        if common == 1 {
            break;
        }
    }
    i64::try_from(common).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_index_is_the_exact_quotient_or_out_of_reach(
            tick in prop_oneof![1_i64..1_000, 1_i64..1 << 50],
            price in prop_oneof![-1_000_i64..100_000, any::<i64>()],
            multiple in 0_i64..1 << 12,
        ) {
            let grid = Grid::new(tick);
            for price in [price, tick * multiple] {
                let index = grid.index(price);
                if price >= 0 && price % tick == 0 {
                    prop_assert_eq!(index, (price / tick) as u64);
                    prop_assert_eq!(grid.price(index), price);
                } else {
                    prop_assert!(index > grid.index_max(), "{} {} {}", tick, price, index);
                }
            }
        }

        #[test]
        fn the_common_tick_divides_every_price(
            tick in 1_i64..500,
            by in prop::collection::vec(1_i64..9_999, 2..20),
        ) {
            let prices = || by.iter().map(|b| b * tick);
            let common = common_tick(prices());
            prop_assert!(common % tick == 0 && prices().all(|p| p % common == 0));
        }
    }
}
