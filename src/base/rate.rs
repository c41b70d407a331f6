//! A factor between two units of money, as a binary fraction: multiplied, never divided by, on the
//! hot path.

/// A factor above zero: `factor * 2^-shift`, with the top bit of `factor` set, so that it is exact
/// to a part in 2^63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    factor: u64,
    shift: i32,
}

/// The largest power of ten in 128 bits.
const TENS_MAX: i32 = 38;

impl Rate {
    /// One.
    pub const ONE: Rate = Rate { factor: 1 << 63, shift: 63 };

    /// A whole number above zero, exact. Zero gives the smallest factor that there is.
    #[inline(always)]
    pub const fn whole(number: u64) -> Rate {
        if number == 0 {
            return Rate { factor: 1 << 63, shift: 4_096 };
        }
        let zeros = number.leading_zeros();
        Rate { factor: number << zeros, shift: zeros as i32 }
    }

    /// A power of ten; exact up to 10^27, else the nearest.
    pub fn ten_to(exponent: i32) -> Rate {
        if exponent < 0 {
            return Rate::ten_to(-exponent).inverse();
        }
        let (mut rate, mut left) = (Rate::ONE, exponent);
        while left > 0 {
            let tens = left.min(TENS_MAX);
            rate = rate.times(Rate::wide(10_u128.pow(tens as u32)));
            left -= tens;
        }
        rate
    }

    /// A whole number above zero, to the nearest factor.
    fn wide(number: u128) -> Rate {
        let zeros = number.leading_zeros();
        let rate = Rate::rounded(number << zeros);
        Rate { shift: rate.shift + zeros as i32 - 128, ..rate }
    }

    /// The same a number of times halved, exact; doubled, where it is negative.
    #[inline]
    pub const fn halved(self, times: i32) -> Rate {
        Rate { factor: self.factor, shift: self.shift + times }
    }

    /// The product.
    #[inline(always)]
    pub const fn times(self, other: Rate) -> Rate {
        let product = self.factor as u128 * other.factor as u128;
        // Both have their top bit set, so the product lacks one bit at most.
        let zeros = product.leading_zeros();
        let rate = Rate::rounded(product << zeros);
        Rate {
            factor: rate.factor,
            shift: rate.shift + self.shift + other.shift + zeros as i32 - 128,
        }
    }

    /// One divided by it. The only division here: for when a price moves, not for each order.
    pub const fn inverse(self) -> Rate {
        if self.factor == 1 << 63 {
            return Rate { factor: 1 << 63, shift: 126 - self.shift };
        }
        let factor = ((1 << 127) + (self.factor as u128 >> 1)) / self.factor as u128;
        Rate { factor: factor as u64, shift: 127 - self.shift }
    }

    /// `bits * 2^-128`, with its top bit set, times 2^128, rounded to 64 bits.
    #[inline(always)]
    const fn rounded(bits: u128) -> Rate {
        let (high, low) = ((bits >> 64) as u64, bits as u64);
        match high.checked_add(low >> 63) {
            Some(factor) => Rate { factor, shift: 64 },
            None => Rate { factor: 1 << 63, shift: 63 },
        }
    }

    /// An amount times this, to the nearest unit, halves away from zero; `None` where that does not
    /// fit.
    #[inline(always)]
    pub const fn of(self, amount: i64) -> Option<i64> {
        let product = amount.unsigned_abs() as u128 * self.factor as u128;
        let Some(units) = shifted(product, self.shift) else { return None };
        if units > i64::MAX as u128 {
            return None;
        }
        Some(if amount < 0 { -(units as i64) } else { units as i64 })
    }

    /// The same for an amount that may have 128 bits; of the amount, the first 64 count.
    #[inline(always)]
    pub const fn of_wide(self, amount: i128) -> Option<i64> {
        let size = amount.unsigned_abs();
        let over = 64_u32.saturating_sub(size.leading_zeros());
        let product = (size >> over) * self.factor as u128;
        let Some(units) = shifted(product, self.shift - over as i32) else { return None };
        if units > i64::MAX as u128 {
            return None;
        }
        Some(if amount < 0 { -(units as i64) } else { units as i64 })
    }
}

/// A [`Rate`] prepared for amounts up to a bound: one shift, one multiplication, and no question
/// how far to shift back.
#[derive(Clone, Copy, Debug)]
pub struct Quick {
    factor: u64,
    up: u32,
    most: u64,
}

impl Quick {
    /// For results up to `result_max`.
    pub const fn new(rate: Rate, result_max: i64) -> Quick {
        // By halves, since it may have 64 bits; one less, since it is rounded itself.
        let most = match rate.inverse().halved(1).of(result_max) {
            Some(half) => (2 * half as u64).saturating_sub(2),
            None => u64::MAX,
        };
        match rate.shift {
            64..=127 => {
                let down = rate.shift - 64;
                // To the nearest: of the whole product that is half a unit at most.
                let half = if down == 0 { 0 } else { rate.factor >> (down - 1) & 1 };
                // Without a shift there is nothing to round, so this does not overflow.
                Quick { factor: (rate.factor >> down) + half, up: 0, most }
            }
            128.. => Quick { factor: 0, up: 0, most },
            1..=63 => {
                let up = 64 - rate.shift;
                let room = u64::MAX >> up;
                let most = if most < room { most } else { room };
                Quick { factor: rate.factor, up: up as u32, most }
            }
            _ => Quick { factor: rate.factor, up: 0, most: 0 },
        }
    }

    /// The largest amount that it takes.
    #[inline(always)]
    pub const fn most(self) -> u64 {
        self.most
    }

    /// An amount times the rate, to the nearest unit; only where it is at most [`Quick::most`].
    #[inline(always)]
    pub const fn of(self, amount: u64) -> u64 {
        let product = (amount << self.up) as u128 * self.factor as u128;
        (product >> 64) as u64 + (product as u64 >> 63)
    }

    /// The same rounded down, or one less or more where the rate itself is rounded.
    #[inline(always)]
    pub const fn near_of(self, amount: u64) -> u64 {
        (((amount << self.up) as u128 * self.factor as u128) >> 64) as u64
    }
}

/// `number * 2^-shift`, to the nearest.
#[inline(always)]
const fn shifted(number: u128, shift: i32) -> Option<u128> {
    match shift {
        1..=128 => {
            let twice = number >> (shift - 1);
            Some((twice >> 1) + (twice & 1))
        }
        129.. => Some(0),
        _ if number == 0 => Some(0),
        _ if shift.unsigned_abs() < number.leading_zeros() => Some(number << shift.unsigned_abs()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_changes_nothing() {
        for amount in [0, 1, -1, 12_345, i64::MAX, -i64::MAX] {
            assert_eq!(Rate::ONE.of(amount), Some(amount));
            assert_eq!(Rate::ONE.of_wide(i128::from(amount)), Some(amount));
        }
    }

    #[test]
    fn powers_of_ten_are_themselves() {
        for exponent in 0..=18 {
            let power = 10_i64.pow(exponent as u32);
            assert_eq!(Rate::ten_to(exponent).of(1), Some(power));
            assert_eq!(Rate::ten_to(-exponent).of(power), Some(1));
            assert_eq!(Rate::ten_to(exponent).inverse().of(7 * power), Some(7));
        }
    }

    #[test]
    fn powers_beyond_128_bits_cancel() {
        let rate = Rate::ten_to(70).times(Rate::ten_to(-60));
        assert_eq!(rate.of(3), Some(30_000_000_000));
    }

    #[test]
    fn halves_go_away_from_zero() {
        let half = Rate::ONE.halved(1);
        assert_eq!([1, 3, -1, -3, 4].map(|n| half.of(n)), [1, 2, -1, -2, 2].map(Some));
    }

    #[test]
    fn too_much_is_none_and_too_little_is_zero() {
        assert_eq!(Rate::whole(2).of(i64::MAX), None);
        assert_eq!(Rate::ten_to(60).of(1), None);
        assert_eq!(Rate::ten_to(60).of(0), Some(0));
        assert_eq!(Rate::ten_to(-60).of(i64::MAX), Some(0));
        assert_eq!(Rate::ONE.of_wide(1 << 100), None);
    }

    proptest! {
        #[test]
        fn a_quick_rate_is_within_a_unit_of_the_rate(
            up in 1_u64..u64::MAX, down in 1_u64..u64::MAX, part in 0_u64..=u64::MAX,
        ) {
            let rate = Rate::whole(up).times(Rate::whole(down).inverse());
            let quick = Quick::new(rate, 1 << 60);
            let amount = ((u128::from(part) * u128::from(quick.most())) >> 64) as u64;
            let exact = rate.of_wide(i128::from(amount)).unwrap();
            prop_assert!((quick.of(amount) as i64 - exact).abs() <= 1);
            prop_assert!(quick.of(quick.most()) <= (1 << 60) + 1);
        }

        #[test]
        fn a_product_is_that_of_whole_numbers(
            a in 1_u64..1 << 31, b in 1_u64..1 << 31, n in 0_i64..2,
        ) {
            let product = Rate::whole(a).times(Rate::whole(b));
            prop_assert_eq!(product.of(n), Some((a * b) as i64 * n));
        }

        #[test]
        fn a_quotient_is_within_a_unit(
            amount in -(1_i64 << 50)..1 << 50, divisor in 1_u64..u64::MAX,
        ) {
            let off = Rate::whole(divisor).inverse().of(amount).unwrap();
            let exact = (i128::from(amount) / i128::from(divisor)) as i64;
            prop_assert!((off - exact).abs() <= 1);
        }

        #[test]
        fn of_wide_is_within_a_part_in_two_to_the_62(amount in any::<i128>()) {
            // Down by 80 bits, so that the result fits.
            let rate = Rate::ONE.halved(80);
            let exact = amount >> 80;
            let off = i128::from(rate.of_wide(amount).unwrap()) - exact;
            prop_assert!(off.abs() <= 1, "{off}");
        }
    }
}
