//! The logistic function with the same bits on every host.
//!
//! The C library's `exp` picks a variant for the processor it finds, and variants differ in the
//! last bit. This one is additions, multiplications and divisions only, each rounded once.

/// The two parts of ln 2: the first has zeros at its end, so that multiples of it are exact.
const LN2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);

/// Beyond it the result is 0 or 1 to the last bit of an `f32`.
const REACH: f64 = 40.0;

/// Of the rational approximation in fdlibm's `e_exp.c` (Sun Microsystems, 1993; freely usable):
/// on `|r| <= ln 2 / 2` it is exact to 2^-59.
const TERMS: [f64; 5] = [
    f64::from_bits(0x3FC5_5555_5555_553E),
    f64::from_bits(0xBF66_C16C_16BE_BD93),
    f64::from_bits(0x3F11_566A_AF25_DE2C),
    f64::from_bits(0xBEBB_BD41_C5D2_6BF1),
    f64::from_bits(0x3E66_3769_72BE_A4D0),
];

/// `1 / (1 + e^-x)`. Not a number stays not a number.
///
/// With `-x` as `k ln 2 + r`, and `c` as in fdlibm, `e^r` is `(2 - c + 2r) / (2 - c)`: so the two
/// divisions become one.
#[inline]
pub(super) fn logistic(x: f64) -> f64 {
    let x = -x.clamp(-REACH, REACH);
    // The nearest whole number of ln 2 in it; `as` truncates.
    let twos = (x * std::f64::consts::LOG2_E + if x < 0.0 { -0.5 } else { 0.5 }) as i64;
    let rest = (x - twos as f64 * LN2_HIGH) - twos as f64 * LN2_LOW;
    let square = rest * rest;
    // In pairs, so that one need not wait for the other.
    let low = TERMS[0] + square * TERMS[1];
    let high = (TERMS[2] + square * TERMS[3]) + (square * square) * TERMS[4];
    let below = 2.0 - (rest - square * (low + (square * square) * high));
    // `twos` is within +-58: a power of two by its exponent alone.
    let power = f64::from_bits(((1_023 + twos) as u64) << 52);
    below / (below + power * (below + 2.0 * rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_one_half_at_zero_and_saturates() {
        assert_eq!(logistic(0.0).to_bits(), 0.5_f64.to_bits());
        assert!((logistic(1e300) - 1.0).abs() < 1e-15);
        assert!(logistic(-1e300) < 1e-17);
        assert!(logistic(f64::NAN).is_nan());
    }

    proptest! {
        #[test]
        fn it_is_the_libraries_but_for_the_last_bits(x in -REACH..REACH) {
            let library = 1.0 / (1.0 + (-x).exp());
            prop_assert!((logistic(x) - library).abs() <= 6e-16 * library);
        }

        #[test]
        fn both_tails_come_to_one(x in -REACH..REACH) {
            prop_assert!((logistic(x) + logistic(-x) - 1.0).abs() < 1e-15);
        }
    }
}
