//! What is left of the past: `1 - exp(-t/h)` for eight horizons `h` at once.
//!
//! A time is cut into three pieces: whole steps of 2^14, of 2^7 and of 1 times a small power of two
//! of nanoseconds, and a rest that is shorter than a 64th of the shortest horizon. The two upper
//! pieces are looked up, the rest is a polynomial, and shares are joined by `1 - (1-a)(1-b) = a +
//! (1-a) b`. Only additions and multiplications in a fixed order, so that every instruction set
//! gives the same bits.
//!
//! Never: a fused multiplication, an approximate reciprocal, the system's `exp`.

use crate::event::HORIZONS;

/// One number for each horizon, the shortest first.
pub(super) type Lanes = [f64; HORIZONS];

/// Bits of a time that one table looks up.
const BITS: u32 = 7;

/// A row for each value of those bits.
const ROWS: usize = 1 << BITS;

/// The rest of a time is at most this part of the shortest horizon.
const REST_PARTS: i64 = 64;

/// The horizons, and the tables made for them.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Decay {
    /// Reciprocals of the horizons, 1/ns.
    pub(super) inverse: Lanes,
    fine: [Lanes; ROWS],
    coarse: [Lanes; ROWS],
    /// Nanoseconds of a step, as a power of two.
    shift: u32,
}

/// A time, cut into what the kernels need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut<'a> {
    fine: &'a Lanes,
    coarse: &'a Lanes,
    rest_ns: f64,
    /// The whole time.
    pub(super) whole_ns: f64,
}

impl Decay {
    /// For these horizons, ascending.
    pub(super) fn new(horizons_ns: &[i64; HORIZONS]) -> Decay {
        let shift = (horizons_ns[0] / REST_PARTS).max(1).ilog2();
        let row = |steps: usize, shift: u32| {
            let ns = steps as f64 * (1_u64 << shift) as f64;
            horizons_ns.map(|h| faded(ns / h as f64))
        };
        Decay {
            inverse: horizons_ns.map(|h| 1.0 / h as f64),
            fine: std::array::from_fn(|n| row(n, shift)),
            coarse: std::array::from_fn(|n| row(n, shift + BITS)),
            shift,
        }
    }

    /// Cuts a time of at least 0. Rows are read where they lie; `spare` holds the one that the
    /// tables lack.
    #[inline(always)]
    pub(super) fn cut<'a>(&'a self, ns: i64, spare: &'a mut Lanes) -> Cut<'a> {
        let steps = (ns as u64 >> self.shift) as usize;
        let Some(coarse) = self.coarse.get(steps >> BITS) else {
            *spare = self.beyond(ns);
            return Cut { fine: spare, coarse: &self.coarse[0], rest_ns: 0.0, whole_ns: ns as f64 };
        };
        let rest = ns as u64 & ((1 << self.shift) - 1);
        Cut {
            coarse,
            fine: &self.fine[steps % ROWS],
            rest_ns: rest as i64 as f64,
            whole_ns: ns as f64,
        }
    }

    /// A time that is longer than the tables: all of it is one step.
    #[cold]
    fn beyond(&self, ns: i64) -> Lanes {
        self.inverse.map(|inverse| faded(ns as f64 * inverse))
    }

    /// The share that fades in a cut time, of the horizon in lane `h`.
    #[inline(always)]
    pub(super) fn share(&self, cut: &Cut<'_>, h: usize) -> f64 {
        let rest = near(cut.rest_ns * self.inverse[h]);
        let steps = cut.coarse[h] + (1.0 - cut.coarse[h]) * cut.fine[h];
        steps + (1.0 - steps) * rest
    }
}

/// `1 - exp(-x)` for `x` from 0 to 1/64 by its series: the first term left out is 2^-57 of the sum.
#[inline(always)]
fn near(x: f64) -> f64 {
    let q = x * x;
    let low = (1.0 - 0.5 * x) + (1.0 / 6.0 - x * (1.0 / 24.0)) * q;
    let high = (1.0 / 120.0 - x * (1.0 / 720.0)) + q * (1.0 / 5_040.0);
    x * (low + high * (q * q))
}

/// `1 - exp(-x)` for any `x` from 0 on: halved until the series holds, then joined with itself as
/// often. Cold.
fn faded(x: f64) -> f64 {
    // Beyond this nothing of the past is left in a number of 53 bits.
    if x > 64.0 {
        return 1.0;
    }
    let (mut x, mut halvings) = (x, 0);
    while x > 1.0 / 64.0 {
        x *= 0.5;
        halvings += 1;
    }
    (0..halvings).fold(near(x), |share, _| share + (1.0 - share) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    const HORIZONS_NS: [i64; HORIZONS] = [
        SECOND,
        3 * SECOND,
        5 * SECOND,
        10 * SECOND,
        30 * SECOND,
        60 * SECOND,
        300 * SECOND,
        3_600 * SECOND,
    ];

    /// Times from a nanosecond to a day, about four thousand of them.
    fn times() -> impl Iterator<Item = i64> {
        (0..4_000).map(|n| (1.0 + 8.64e13_f64.powf(f64::from(n) / 4_000.0)) as i64)
    }

    fn shares(decay: &Decay, ns: i64) -> Lanes {
        let mut spare = Lanes::default();
        let cut = decay.cut(ns, &mut spare);
        std::array::from_fn(|h| decay.share(&cut, h))
    }

    #[test]
    fn the_share_is_that_of_the_standard_library() {
        let decay = Decay::new(&HORIZONS_NS);
        for ns in times().chain([0, 1, i64::MAX]) {
            for (share, h) in shares(&decay, ns).into_iter().zip(HORIZONS_NS) {
                let truth = -(-(ns as f64) / h as f64).exp_m1();
                assert!((share - truth).abs() <= 1e-15 * truth, "{ns} over {h}: {share} {truth}");
                assert!((0.0..=1.0).contains(&share));
            }
        }
    }

    #[test]
    fn horizons_of_a_few_nanoseconds_are_good_too() {
        let horizons_ns = [1, 2, 3, 50, 100, 1_000, 100_000, 100_000_000];
        let decay = Decay::new(&horizons_ns);
        for ns in (0..400).chain(times()) {
            for (share, h) in shares(&decay, ns).into_iter().zip(horizons_ns) {
                let truth = -(-(ns as f64) / h as f64).exp_m1();
                assert!((share - truth).abs() <= 1e-15, "{ns} over {h}: {share} {truth}");
            }
        }
    }
}
