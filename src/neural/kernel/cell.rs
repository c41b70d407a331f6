//! What a cell does with its four sums, and the functions that outputs go through.
//!
//! All of it stands on `2^x`: the logistic function is `1 / (1 + e^-x)`, the hyperbolic tangent
//! `(1 - e^-2x) / (1 + e^-2x)`. What turns a power of e into one of 2 is in the weights of a cell
//! already ([`EXPONENTS`]), and products of functions share their division: two of them a cell, not
//! five.
//! Never: an error of more than 5e-7.

use std::f32::consts::LOG2_E;

use super::lanes::{LANES, Lanes};

/// Sums of input, output, forget and cell gate, the order of ONNX; each times its exponent.
pub(crate) type Gates<L> = [<L as Lanes>::Floats; 4];

/// What the sum of each gate is multiplied by: all that leads to it is, when it is packed.
pub(crate) const EXPONENTS: [f32; 4] = [-LOG2_E, -LOG2_E, -LOG2_E, -2.0 * LOG2_E];

/// Beyond it a function is 0 or 1 to the last bit, and three powers multiply to a number yet.
const REACH: f32 = 40.0;

/// Of the powers 1 to 5: `2^x - 1` on -1/2 to 1/2, off by less than 1.1e-7 of `2^x` (fitted here,
/// least greatest error, 0 at 0).
#[allow(clippy::approx_constant, reason = "fitted: near ln 2, and not it")]
const TERMS: [f32; 5] = [0.693_147, 0.240_222_42, 0.055_507_336, 0.009_671_517, 0.001_326_473_9];

/// `2^x`, and for an `x` beyond [`REACH`] that of the reach.
#[inline(always)]
fn two_to<L: Lanes>(l: L, x: L::Floats) -> L::Floats {
    let x = l.clamp(x, l.splat(REACH));
    let whole = l.whole(x);
    let r = l.sub(x, whole);
    let r2 = l.mul(r, r);
    let [c1, c2, c3, c4, c5] = TERMS.map(|term| l.splat(term));
    // In pairs, so that one need not wait for the other.
    let (low, middle, high) = (l.fma(c1, r, l.splat(1.0)), l.fma(c3, r, c2), l.fma(c5, r, c4));
    l.scale(l.fma(l.fma(high, r2, middle), r2, low), whole)
}

/// Hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(l: L, x: L::Floats) -> L::Floats {
    let one = l.splat(1.0);
    let e = two_to(l, l.mul(x, l.splat(EXPONENTS[3])));
    l.div(l.sub(one, e), l.add(one, e))
}

/// The logistic function.
#[inline(always)]
pub(crate) fn sigmoid<L: Lanes>(l: L, x: L::Floats) -> L::Floats {
    let one = l.splat(1.0);
    l.div(one, l.add(one, two_to(l, l.mul(x, l.splat(EXPONENTS[0])))))
}

/// Sixteen cells: `c = sigmoid(f) c + sigmoid(i) tanh(g)`, `h = sigmoid(o) tanh(c)`. Returns `h`.
#[inline(always)]
pub(crate) fn step<L: Lanes>(l: L, sums: Gates<L>, c: &mut [f32; LANES]) -> L::Floats {
    let one = l.splat(1.0);
    let [input, output, forget, cell] = sums;
    // Each gate is one over its sum, but for the cell gate, which is what it lacks to one over it.
    let keep = l.add(one, two_to(l, forget));
    let power = two_to(l, cell);
    let take = l.mul(l.add(one, two_to(l, input)), l.add(one, power));
    let top = l.fma(l.load(c), take, l.mul(l.sub(one, power), keep));
    let show = l.add(one, two_to(l, output));
    let now = l.div(top, l.mul(keep, take));
    l.store(now, c);
    let power = two_to(l, l.mul(now, l.splat(EXPONENTS[3])));
    l.div(l.sub(one, power), l.mul(show, l.add(one, power)))
}

/// The two parts of ln 2: multiples of the first are exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `e^x` as in Cephes' `expf.c` (Stephen Moshier), within two units of the last place; below -87 it
/// stays what it is there. The same bits on every machine, which the C library's is not.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const TERMS: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    let x = x.clamp(-87.0, 88.0);
    let twos = (x * std::f32::consts::LOG2_E).round_ties_even();
    let r = x - twos * LN2_HIGH - twos * LN2_LOW;
    // In pairs, so that one need not wait for the other.
    let r2 = r * r;
    let [high, middle, low] = [0, 2, 4].map(|n| TERMS[n] * r + TERMS[n + 1]);
    let sum = (high * r2 + middle) * r2 + low;
    let power = f32::from_bits(((twos as i32 + 127) << 23) as u32);
    (sum * r2 + (r + 1.0)) * power
}

#[cfg(test)]
mod tests {
    use super::super::level::{Here, Job, Level};
    use super::*;

    /// Both functions of sixteen values.
    struct Both<'a> {
        x: &'a [f32; LANES],
        tanh: &'a mut [f32; LANES],
        sigmoid: &'a mut [f32; LANES],
    }

    impl Job for Both<'_> {
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) {
            let x = l.load(self.x);
            l.store(tanh(l, x), self.tanh);
            l.store(sigmoid(l, x), self.sigmoid);
        }
    }

    fn both(level: Level, x: [f32; LANES]) -> ([f32; LANES], [f32; LANES]) {
        let (mut t, mut s) = ([0.0; LANES], [0.0; LANES]);
        Here::new(level).run(Both { x: &x, tanh: &mut t, sigmoid: &mut s });
        (t, s)
    }

    #[test]
    fn no_function_is_off_by_more_than_half_a_millionth() {
        for level in Level::available() {
            let (mut worst_tanh, mut worst_sigmoid) = (0.0_f64, 0.0_f64);
            for block in 0..250_000_i32 {
                let x = std::array::from_fn(|n| (block * 16 + n as i32 - 2_000_000) as f32 * 1e-5);
                let (t, s) = both(level, x);
                for n in 0..LANES {
                    let exact = f64::from(x[n]);
                    worst_tanh = worst_tanh.max((f64::from(t[n]) - exact.tanh()).abs());
                    let logistic = 1.0 / (1.0 + (-exact).exp());
                    worst_sigmoid = worst_sigmoid.max((f64::from(s[n]) - logistic).abs());
                }
            }
            assert!(worst_tanh < 5e-7 && worst_sigmoid < 5e-7, "{level:?} {worst_tanh:e}");
            assert!(worst_sigmoid < 3e-7, "{level:?} {worst_sigmoid:e}");
        }
    }

    #[test]
    fn infinities_saturate_and_what_is_no_number_stays_none() {
        for level in Level::available() {
            let mut x = [f32::INFINITY; LANES];
            x[3] = f32::NAN;
            x[5] = f32::NEG_INFINITY;
            let (t, s) = both(level, x);
            assert!(t[3].is_nan() && s[3].is_nan(), "{level:?}");
            assert!((t[0] - 1.0).abs() < 5e-7 && (t[5] + 1.0).abs() < 5e-7, "{level:?}");
            assert!((s[0] - 1.0).abs() < 5e-7 && s[5].abs() < 5e-7, "{level:?}");
        }
    }

    #[test]
    fn the_exponential_is_right_to_the_last_digits() {
        for n in -8_700..8_800_i32 {
            let x = n as f32 * 0.01;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 2.5e-7 * exact, "{x}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(0.0).to_bits(), 1.0_f32.to_bits());
    }
}
