//! Is a number a multiple of a step? Without a division, which takes thirty times as long.
//!
//! For an odd `d`, `n` is a multiple exactly where `n * d^-1 mod 2^64` is at most `2^64 / d`; the
//! powers of two of an even one are rotated out first, where any that is missing comes out on top
//! (T. Granlund and P. Montgomery, "Division by invariant integers using multiplication", 1994,
//! section 9).

/// A step above zero, prepared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    inverse: u64,
    most: u64,
    twos: u32,
}

impl Step {
    /// A step; what is below one counts as one.
    pub(super) const fn new(step: i64) -> Step {
        let step = if step < 1 { 1 } else { step as u64 };
        let twos = step.trailing_zeros();
        let odd = step >> twos;
        // Right to three bits; each turn doubles them.
        let mut inverse = odd;
        let mut turn = 0;
        while turn < 5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
            turn += 1;
        }
        Step { inverse, most: u64::MAX / step, twos }
    }

    /// Is it a multiple?
    #[inline(always)]
    pub(super) const fn divides(self, number: u64) -> bool {
        number.wrapping_mul(self.inverse).rotate_right(self.twos) <= self.most
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_numbers_are_as_by_division() {
        for step in 1..200_u64 {
            for number in 0..2_000 {
                let is_multiple = number % step == 0;
                assert_eq!(Step::new(step as i64).divides(number), is_multiple, "{number} {step}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_number_is_as_by_division(step in 1..i64::MAX, number: u64, times in 0_u64..1000) {
            let prepared = Step::new(step);
            prop_assert_eq!(prepared.divides(number), number % step as u64 == 0);
            if let Some(multiple) = (step as u64).checked_mul(times) {
                prop_assert!(prepared.divides(multiple));
            }
        }
    }
}
