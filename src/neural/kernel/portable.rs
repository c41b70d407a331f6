//! Sixteen lanes for any machine: loops over arrays.

use super::lanes::{LANES, Lanes, PAIR, QUAD};

/// What every machine has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

fn each(of: impl Fn(usize) -> f32) -> [f32; LANES] {
    std::array::from_fn(of)
}

impl Lanes for Portable {
    type Floats = [f32; LANES];
    type Ints = [i32; LANES];
    type Quad = [i32; QUAD];
    type Pair = [i32; PAIR];

    const IS_WIDE: bool = false;

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; LANES] {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> [f32; LANES] {
        *from
    }

    #[inline(always)]
    fn store(self, x: [f32; LANES], to: &mut [f32; LANES]) {
        *to = x;
    }

    #[inline(always)]
    fn add(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|n| a[n] + b[n])
    }

    #[inline(always)]
    fn sub(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|n| a[n] - b[n])
    }

    #[inline(always)]
    fn mul(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|n| a[n] * b[n])
    }

    #[inline(always)]
    fn div(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        each(|n| a[n] / b[n])
    }

    #[inline(always)]
    fn fma(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        // Not `mul_add`, which is a call into a library where the instruction is missing.
        each(|n| a[n] * b[n] + c[n])
    }

    #[inline(always)]
    fn clamp(self, x: [f32; LANES], bound: [f32; LANES]) -> [f32; LANES] {
        each(|n| x[n].clamp(-bound[n], bound[n]))
    }

    #[inline(always)]
    fn whole(self, x: [f32; LANES]) -> [f32; LANES] {
        // Not `round_ties_even`, which is a call into a library where the instruction is missing:
        // from here on floats are whole numbers.
        const WHOLE: f32 = 12_582_912.0;
        each(|n| (x[n] + WHOLE) - WHOLE)
    }

    #[inline(always)]
    fn scale(self, x: [f32; LANES], by: [f32; LANES]) -> [f32; LANES] {
        each(|n| f32::from_bits(x[n].to_bits().wrapping_add(((by[n] as i32) << 23) as u32)))
    }

    #[inline(always)]
    fn relu(self, x: [f32; LANES]) -> [f32; LANES] {
        // Not `max`, which prefers the number to what is none.
        each(|n| if x[n] < 0.0 { 0.0 } else { x[n] })
    }

    #[inline(always)]
    fn origin(self, _offsets: &[i32; LANES]) -> [i32; LANES] {
        [0; LANES]
    }

    #[inline(always)]
    fn quad(self, bytes: [u8; QUAD]) -> [i32; QUAD] {
        bytes.map(|byte| i32::from(byte) - 128)
    }

    #[inline(always)]
    fn dot(self, sum: [i32; LANES], weights: &[i8; 64], quad: [i32; QUAD]) -> [i32; LANES] {
        let (weights, _) = weights.as_chunks::<QUAD>();
        std::array::from_fn(|n| {
            let w = weights[n].map(i32::from);
            sum[n] + w[0] * quad[0] + w[1] * quad[1] + w[2] * quad[2] + w[3] * quad[3]
        })
    }

    #[inline(always)]
    fn nothing(self) -> [i32; LANES] {
        [0; LANES]
    }

    #[inline(always)]
    fn pair(self, words: [i16; PAIR]) -> [i32; PAIR] {
        words.map(i32::from)
    }

    #[inline(always)]
    fn dot_words(self, sum: [i32; LANES], weights: &[i16; 32], pair: [i32; PAIR]) -> [i32; LANES] {
        let (weights, _) = weights.as_chunks::<PAIR>();
        std::array::from_fn(|n| {
            let w = weights[n].map(i32::from);
            sum[n] + w[0] * pair[0] + w[1] * pair[1]
        })
    }

    #[inline(always)]
    fn floats(self, sum: [i32; LANES]) -> [f32; LANES] {
        sum.map(|x| x as f32)
    }

    #[inline(always)]
    fn round(self, x: [f32; LANES], to: &mut [u8; LANES]) {
        *to = x.map(|x| (x.round_ties_even().clamp(-127.0, 127.0) as i32 + 128) as u8);
    }

    #[inline(always)]
    fn round_words(self, x: [f32; LANES], to: &mut [i16; LANES]) {
        *to = x.map(|x| x.round_ties_even() as i16);
    }
}
