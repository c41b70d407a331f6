//! The logarithm of a ratio of two prices.
//!
//! Never: the system's `ln`, which differs from library to library in the last bit.

/// Up to this quotient of difference and sum six terms are exact to the last bits: prices that
/// differ by 3 %.
pub(super) const NEAR: f64 = 1.0 / 64.0;

/// ln of `after / before`, both above zero.
#[inline(always)]
pub(super) fn log_ratio(before: f64, after: f64) -> f64 {
    let s = (after - before) / (after + before);
    if s.abs() <= NEAR { near(s) } else { far(before, after) }
}

/// ln of `(1 + s) / (1 - s)` for an `s` of at most [`NEAR`] either way: `2 artanh s` as its series
/// (Abramowitz and Stegun, 4.1.27), cut where a term is below 2^-62 of the first.
#[inline(always)]
pub(super) fn near(s: f64) -> f64 {
    let q = s * s;
    let q2 = q * q;
    let low = 1.0 + q * (1.0 / 3.0);
    let middle = 1.0 / 5.0 + q * (1.0 / 7.0);
    let high = 1.0 / 9.0 + q * (1.0 / 11.0);
    (s + s) * (low + q2 * (middle + q2 * high))
}

/// The same for any ratio: powers of two are taken out until the rest is within a root of two.
#[cold]
pub(super) fn far(before: f64, after: f64) -> f64 {
    const ROOT: f64 = std::f64::consts::SQRT_2;
    let (mut after, mut twos) = (after, 0.0);
    while after > before * ROOT {
        after *= 0.5;
        twos += 1.0;
    }
    while after * ROOT < before {
        after *= 2.0;
        twos -= 1.0;
    }
    let s = (after - before) / (after + before);
    let q = s * s;
    // At this distance a term is at least 34 times smaller than the one before.
    let series = (0..14).rev().fold(0.0, |sum, n| sum * q + 1.0 / f64::from(2 * n + 1));
    twos * std::f64::consts::LN_2 + 2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_that_of_the_standard_library() {
        for step in 1..20_000_u32 {
            let (before, after) = (10_000.0, f64::from(step));
            let ours = log_ratio(before, after);
            // Of a ratio near 1 `ln` itself loses digits, `ln_1p` of an exact quotient does not.
            let is_near = (5_000..20_000).contains(&step);
            let theirs =
                if is_near { ((after - before) / before).ln_1p() } else { (after / before).ln() };
            assert!((ours - theirs).abs() <= 5e-16 * theirs.abs(), "{step}: {ours} {theirs}");
        }
        for power in -60..60 {
            let after = 1.37 * 2_f64.powi(power);
            let theirs = after.ln();
            assert!((log_ratio(1.0, after) - theirs).abs() <= 1e-15 * theirs.abs().max(1.0));
        }
    }

    #[test]
    fn there_and_back_is_nothing() {
        for after in [10_001.0, 10_160.0, 10_400.0, 70_000.0] {
            let sum = log_ratio(10_000.0, after) + log_ratio(after, 10_000.0);
            assert!(sum.abs() < 1e-15, "{after}");
        }
        assert_eq!(log_ratio(5.0, 5.0), 0.0);
    }
}
