//! What an order costs of an asset, exactly, and what can be paid for.

use crate::base::{Quick, Rate};

/// Costs from here on are no longer told apart: ten thousand million in units of eight decimals.
pub(super) const TOO_MUCH: i64 = 1 << 60;

/// Parts in a fee of one.
pub(super) const MILLION: u64 = 1_000_000;

/// From quantities to assets, exactly: `ceil(number * up / down)` units of an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    up: u64,
    down: u64,
    quick: Quick,
    /// From units of the asset to the number.
    inverse: Quick,
    /// The asset that it is taken from, as a place in the table of balances.
    pub(super) asset: u16,
}

impl Cost {
    /// Nothing, of an asset.
    pub(super) const fn nothing(asset: u16) -> Cost {
        let quick = Quick::new(Rate::ONE.halved(200), TOO_MUCH);
        Cost { up: 0, down: 1, quick, inverse: quick, asset }
    }

    /// Times `parts` millionths and ten to the `tens`; `None` where that takes more than 64 bits.
    pub(super) fn new(parts: u64, tens: i32, asset: u16) -> Option<Cost> {
        let power = 10_u64.checked_pow(tens.unsigned_abs())?;
        // Without a fee nothing is in millionths.
        let (parts, whole) = if parts == MILLION { (1, 1) } else { (parts, MILLION) };
        let (up, down) = if tens >= 0 {
            (parts.checked_mul(power)?, whole)
        } else {
            (parts, whole.checked_mul(power)?)
        };
        if down >= 1 << 62 {
            return None;
        }
        let rate = Rate::whole(up).times(Rate::whole(down).inverse());
        let (quick, inverse) = (Quick::new(rate, TOO_MUCH), Quick::new(rate.inverse(), 1 << 62));
        Some(Cost { up, down, quick, inverse, asset })
    }

    /// A number that costs no more than this, and nearly the largest such; below zero where there
    /// is none.
    #[inline(always)]
    pub(super) fn number_for(&self, units: i64) -> i64 {
        if self.up == 0 {
            return i64::MAX;
        }
        let units = (units.max(0) as u64).min(self.inverse.most());
        self.inverse.near_of(units).min(self.quick.most()) as i64 - 2
    }

    /// Units of the asset, rounded up, exactly; too much is the largest number.
    #[inline(always)]
    pub(super) fn of(&self, number: u64) -> i64 {
        let near = self.quick.near_of(number);
        // Right to within one, so that the remainder fits though the products may not.
        let rest = number.wrapping_mul(self.up).wrapping_sub(near.wrapping_mul(self.down)) as i64;
        let units = near + u64::from(rest > 0) + u64::from(rest > self.down as i64);
        if number > self.quick.most() { i64::MAX } else { units as i64 }
    }

    /// The same rounded down, of what came in. Cold: it divides.
    pub(super) fn down_of(&self, number: i64) -> i64 {
        let units = number.max(0) as u128 * u128::from(self.up) / u128::from(self.down);
        i64::try_from(units).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cost_without_a_fee_is_exact() {
        // 0.1 USD times 0.00000001 BTC in USD of eight decimals.
        let cost = Cost::new(MILLION, 8 - 9, 0).unwrap();
        assert_eq!(
            (cost.of(640_000 * 100_000_000), cost.of(11), cost.of(10)),
            (6_400_000_000_000, 2, 1)
        );
        let finer = Cost::new(MILLION, 2, 0).unwrap();
        assert_eq!((finer.of(0), finer.of(7)), (0, 700));
        assert_eq!(finer.of(u64::MAX), i64::MAX);
    }

    #[test]
    fn decimals_that_are_too_far_apart_make_no_cost() {
        assert!(Cost::new(MILLION, -20, 0).is_none() && Cost::new(MILLION + 1, -14, 0).is_none());
    }

    proptest! {
        #[test]
        fn what_is_paid_for_costs_no_more_and_nearly_all(
            units in 0_i64..1 << 59, fee in 0_u64..20_000, tens in -12_i32..6,
        ) {
            let cost = Cost::new(MILLION + fee, tens, 0).unwrap();
            let number = cost.number_for(units);
            prop_assert!(number < 0 || cost.of(number as u64) <= units, "{}", number);
            let is_cut = number as u64 + 4 > cost.quick.most()
                || number > i64::MAX - 8
                || units as u64 > cost.inverse.most();
            prop_assert!(is_cut || cost.of((number + 4) as u64) >= units, "{}", number);
        }

        #[test]
        fn a_cost_is_rounded_up_exactly(number: u64, fee in 0_u64..20_000, tens in -12_i32..6) {
            let cost = Cost::new(MILLION + fee, tens, 0).unwrap();
            let power = 10_u128.pow(tens.unsigned_abs());
            let all = u128::from(number) * u128::from(MILLION + fee);
            // By parts, so that the plain way has room.
            let exact = if tens >= 0 {
                all.checked_mul(power).map(|all| all.div_ceil(u128::from(MILLION)))
            } else {
                Some(all.div_ceil(u128::from(MILLION) * power))
            };
            let exact = exact.filter(|exact| *exact < TOO_MUCH as u128 - 2);
            match exact {
                Some(exact) => prop_assert_eq!(cost.of(number), exact as i64),
                None => prop_assert!(cost.of(number) >= TOO_MUCH - 2),
            }
        }
    }
}
