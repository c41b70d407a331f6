//! The unit that mids are counted in: the largest power of ten that divides all of a memory.
//!
//! Venues write prices with more decimals than their tick has (`61720.01000000`). Counted in such
//! units mids are a million times as large as they need to be, and the sums of their squares do not
//! fit 64 bits. What the tick is need not be known: mids say it themselves.

/// 10^`zeros`, and what divides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Zeros that each mid ends in, in half units of the price.
    zeros: u32,
    /// Reciprocal of 5^`zeros` modulo 2^64.
    inverse: u64,
    /// The largest quotient.
    most: u64,
}

impl Unit {
    /// One half unit of the price.
    const ONE: Unit = Unit { zeros: 0, inverse: 1, most: u64::MAX };

    /// The largest one that divides a mid above 0.
    pub(super) fn of(mid2: i64) -> Unit {
        let (mut unit, mut left) = (Unit::ONE, mid2);
        while left > 0 && left % 10 == 0 {
            left /= 10;
            unit = unit.tenfold();
        }
        unit
    }

    /// The largest unit that divides this one and a mid above 0.
    pub(super) fn finer(self, mid2: i64) -> Unit {
        let other = Unit::of(mid2);
        if other.zeros < self.zeros { other } else { self }
    }

    fn tenfold(self) -> Unit {
        // 5 times this is 1 modulo 2^64.
        const FIFTH: u64 = 0xCCCC_CCCC_CCCC_CCCD;
        Unit {
            zeros: self.zeros + 1,
            inverse: self.inverse.wrapping_mul(FIFTH),
            most: self.most / 10,
        }
    }

    /// A mid in this unit, or `None` where it is no multiple of it: an exact division is a
    /// multiplication modulo 2^64, and gives too much where there is a rest (Granlund and
    /// Montgomery, "Division by invariant integers using multiplication", 1994, section 9).
    #[inline(always)]
    pub(super) fn count(self, mid2: i64) -> Option<i64> {
        let quotient = (mid2 as u64).wrapping_mul(self.inverse).rotate_right(self.zeros);
        (quotient <= self.most).then_some(quotient as i64)
    }

    /// How often a finer unit fits into this one.
    pub(super) fn over(self, finer: Unit) -> i64 {
        10_i64.pow(self.zeros - finer.zeros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_a_division_and_none_where_there_is_a_rest() {
        let mut seed = 1_u64;
        for zeros in 0..14 {
            let ten = 10_i64.pow(zeros);
            let unit = Unit::of(ten);
            for n in 0..2_000 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let bits = 18 + (seed >> 60) as u32;
                let any = (seed >> bits) as i64;
                let any = if n % 2 == 0 { any } else { any / ten * ten };
                for mid2 in [any, any + n % 3, (seed >> 18) as i64] {
                    let expected = (mid2 % ten == 0).then_some(mid2 / ten);
                    assert_eq!(unit.count(mid2), expected, "{mid2} in {ten}");
                }
            }
        }
    }

    #[test]
    fn the_unit_of_a_mid_is_its_last_digit_that_is_not_zero() {
        assert_eq!(Unit::of(1_234_502_000).count(1_234_502_000), Some(1_234_502));
        assert_eq!(Unit::of(70).count(71), None);
        assert_eq!(Unit::of(71).count(1), Some(1));
        assert_eq!(Unit::of(7_000).over(Unit::of(30)), 100);
    }
}
