//! What a cell does with its four sums, and the functions that outputs go through.
//!
//! The hyperbolic tangent is the rational approximation of Eigen (`generic_fast_tanh_float`, MPL
//! 2.0), `tanh x = p(x) / q(x)`; the logistic function is `(1 + tanh(x / 2)) / 2`. Products of
//! functions share their division: three of them a cell, not five.
//! Never: an error of more than 5e-7.

use super::lanes::{LANES, Lanes};

/// Sums of input, output, forget and cell gate, the order of ONNX.
pub(crate) type Gates<L> = [<L as Lanes>::Floats; 4];

/// Beyond it the approximation is 1 to the last bit but two.
const REACH: f32 = 7.905_311;

/// Of the odd powers 1, 3 .. 13.
const P: [f32; 7] = [
    4.893_524_6e-3,
    6.372_619_3e-4,
    1.485_722_4e-5,
    5.122_297e-8,
    -8.604_672e-11,
    2.000_188e-13,
    -2.760_768_4e-16,
];

/// Of the even powers 0, 2, 4, 6.
const Q: [f32; 4] = [4.893_525e-3, 2.268_434_6e-3, 1.185_347_1e-4, 1.198_258_4e-6];

/// `tanh x` as a numerator and a denominator above zero.
#[inline(always)]
fn ratio<L: Lanes>(l: L, x: L::Floats) -> (L::Floats, L::Floats) {
    let x = l.clamp(x, l.splat(REACH));
    let x2 = l.mul(x, x);
    let x4 = l.mul(x2, x2);
    let pair = |low: f32, high: f32| l.fma(l.splat(high), x2, l.splat(low));
    // In pairs, so that one need not wait for the other.
    let (p0, p1, p2) = (pair(P[0], P[1]), pair(P[2], P[3]), pair(P[4], P[5]));
    let top = l.fma(l.splat(P[6]), x4, p2);
    let p = l.fma(l.fma(top, x4, p1), x4, p0);
    let q = l.fma(pair(Q[2], Q[3]), x4, pair(Q[0], Q[1]));
    (l.mul(x, p), q)
}

/// Hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(l: L, x: L::Floats) -> L::Floats {
    let (p, q) = ratio(l, x);
    l.div(p, q)
}

/// The logistic function.
#[inline(always)]
pub(crate) fn sigmoid<L: Lanes>(l: L, x: L::Floats) -> L::Floats {
    let half = l.splat(0.5);
    let (p, q) = ratio(l, l.mul(x, half));
    l.mul(half, l.div(l.add(q, p), q))
}

/// Sixteen cells: `c = sigmoid(f) c + sigmoid(i) tanh(g)`, `h = sigmoid(o) tanh(c)`. Returns `h`.
#[inline(always)]
pub(crate) fn step<L: Lanes>(l: L, sums: Gates<L>, c: &mut [f32; LANES]) -> L::Floats {
    let [input, output, forget, cell] = sums;
    let half = l.splat(0.5);
    let (fp, fq) = ratio(l, l.mul(forget, half));
    let (ip, iq) = ratio(l, l.mul(input, half));
    let (gp, gq) = ratio(l, cell);
    let (op, oq) = ratio(l, l.mul(output, half));
    let kept = l.div(l.mul(l.add(fp, fq), l.load(c)), fq);
    let taken = l.div(l.mul(l.add(ip, iq), gp), l.mul(iq, gq));
    let now = l.mul(half, l.add(kept, taken));
    l.store(now, c);
    let (cp, cq) = ratio(l, now);
    l.mul(half, l.div(l.mul(l.add(op, oq), cp), l.mul(oq, cq)))
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
