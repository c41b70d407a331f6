//! Sixteen lanes in two registers of AVX2, with FMA.
#![allow(unsafe_code, reason = "intrinsics; each block is one")]

use std::arch::x86_64::{
    __m256, __m256i, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _mm256_abs_epi8,
    _mm256_add_epi32, _mm256_add_ps, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cvtepi32_ps,
    _mm256_cvtps_epi32, _mm256_div_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps,
    _mm256_round_ps, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256,
    _mm256_sign_epi8, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_ps,
};

use super::lanes::{LANES, Lanes, PAIR, QUAD};

/// To the nearest, without a word about what is lost.
const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

/// AVX2 and FMA. There is one only in functions that may use them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    /// Only in a function that was compiled for the set, and so runs only where it is.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    pub(super) fn new() -> Avx2 {
        Avx2(())
    }
}

/// Four bytes: without sign, and with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quad {
    sizes: __m256i,
    signed: __m256i,
}

impl Lanes for Avx2 {
    type Floats = [__m256; 2];
    type Ints = [__m256i; 2];
    type Quad = Quad;
    type Pair = __m256i;

    const IS_WIDE: bool = false;

    #[inline(always)]
    fn splat(self, x: f32) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        [unsafe { _mm256_set1_ps(x) }; 2]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> [__m256; 2] {
        let (halves, _) = from.as_chunks::<8>();
        // SAFETY: features as above; each half has the eight numbers that are read.
        let low = unsafe { _mm256_loadu_ps(halves[0].as_ptr()) };
        // SAFETY: as above.
        let high = unsafe { _mm256_loadu_ps(halves[1].as_ptr()) };
        [low, high]
    }

    #[inline(always)]
    fn store(self, x: [__m256; 2], to: &mut [f32; LANES]) {
        let (halves, _) = to.as_chunks_mut::<8>();
        for n in 0..2 {
            // SAFETY: features as above; the half has room for the eight that are written.
            unsafe { _mm256_storeu_ps(halves[n].as_mut_ptr(), x[n]) };
        }
    }

    #[inline(always)]
    fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        let low = unsafe { _mm256_add_ps(a[0], b[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_add_ps(a[1], b[1]) };
        [low, high]
    }

    #[inline(always)]
    fn sub(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        let low = unsafe { _mm256_sub_ps(a[0], b[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_sub_ps(a[1], b[1]) };
        [low, high]
    }

    #[inline(always)]
    fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        let low = unsafe { _mm256_mul_ps(a[0], b[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_mul_ps(a[1], b[1]) };
        [low, high]
    }

    #[inline(always)]
    fn div(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        let low = unsafe { _mm256_div_ps(a[0], b[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_div_ps(a[1], b[1]) };
        [low, high]
    }

    #[inline(always)]
    fn fma(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        let low = unsafe { _mm256_fmadd_ps(a[0], b[0], c[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_fmadd_ps(a[1], b[1], c[1]) };
        [low, high]
    }

    #[inline(always)]
    fn clamp(self, mut x: [__m256; 2], bound: [__m256; 2]) -> [__m256; 2] {
        let least = self.mul(bound, self.splat(-1.0));
        for n in 0..2 {
            // The second operand is what comes out where one is no number.
            // SAFETY: `self` exists only where the features are.
            x[n] = unsafe { _mm256_min_ps(bound[n], x[n]) };
            // SAFETY: as above.
            x[n] = unsafe { _mm256_max_ps(least[n], x[n]) };
        }
        x
    }

    #[inline(always)]
    fn whole(self, x: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        let low = unsafe { _mm256_round_ps::<NEAREST>(x[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_round_ps::<NEAREST>(x[1]) };
        [low, high]
    }

    #[inline(always)]
    fn scale(self, mut x: [__m256; 2], by: [__m256; 2]) -> [__m256; 2] {
        for n in 0..2 {
            // SAFETY: `self` exists only where the features are.
            let twos = unsafe { _mm256_cvtps_epi32(by[n]) };
            // SAFETY: as above.
            let twos = unsafe { _mm256_slli_epi32::<23>(twos) };
            // SAFETY: as above.
            let bits = unsafe { _mm256_castps_si256(x[n]) };
            // SAFETY: as above.
            let bits = unsafe { _mm256_add_epi32(bits, twos) };
            // SAFETY: as above.
            x[n] = unsafe { _mm256_castsi256_ps(bits) };
        }
        x
    }

    #[inline(always)]
    fn relu(self, mut x: [__m256; 2]) -> [__m256; 2] {
        let zero = self.splat(0.0);
        for n in 0..2 {
            // SAFETY: `self` exists only where the features are.
            x[n] = unsafe { _mm256_max_ps(zero[n], x[n]) };
        }
        x
    }

    #[inline(always)]
    fn origin(self, _offsets: &[i32; LANES]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features are.
        [unsafe { _mm256_setzero_si256() }; 2]
    }

    #[inline(always)]
    fn quad(self, bytes: [u8; QUAD]) -> Quad {
        let bytes = i32::from_le_bytes(bytes) ^ i32::from_le_bytes([0x80; QUAD]);
        // SAFETY: `self` exists only where the features are.
        let signed = unsafe { _mm256_set1_epi32(bytes) };
        // SAFETY: as above.
        Quad { sizes: unsafe { _mm256_abs_epi8(signed) }, signed }
    }

    #[inline(always)]
    fn dot(self, mut sum: [__m256i; 2], weights: &[i8; 64], quad: Quad) -> [__m256i; 2] {
        let (halves, _) = weights.as_chunks::<32>();
        for n in 0..2 {
            // SAFETY: features as above; each half has the 32 bytes that are read.
            let w = unsafe { _mm256_loadu_si256(halves[n].as_ptr().cast()) };
            // SAFETY: `self` exists only where the features are.
            let w = unsafe { _mm256_sign_epi8(w, quad.signed) };
            // Two products of at most 127 x 127 fit 16 bits: nothing saturates.
            // SAFETY: as above.
            let pairs = unsafe { _mm256_maddubs_epi16(quad.sizes, w) };
            // SAFETY: as above.
            let ones = unsafe { _mm256_set1_epi16(1) };
            // SAFETY: as above.
            let quads = unsafe { _mm256_madd_epi16(pairs, ones) };
            // SAFETY: as above.
            sum[n] = unsafe { _mm256_add_epi32(sum[n], quads) };
        }
        sum
    }

    #[inline(always)]
    fn nothing(self) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features are.
        [unsafe { _mm256_setzero_si256() }; 2]
    }

    #[inline(always)]
    fn pair(self, words: [i16; PAIR]) -> __m256i {
        let [low, high] = words.map(i16::to_le_bytes);
        let both = i32::from_le_bytes([low[0], low[1], high[0], high[1]]);
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm256_set1_epi32(both) }
    }

    #[inline(always)]
    fn dot_words(self, mut sum: [__m256i; 2], weights: &[i16; 32], pair: __m256i) -> [__m256i; 2] {
        let (halves, _) = weights.as_chunks::<16>();
        for n in 0..2 {
            // SAFETY: features as above; each half has the 32 bytes that are read.
            let w = unsafe { _mm256_loadu_si256(halves[n].as_ptr().cast()) };
            // SAFETY: `self` exists only where the features are.
            let products = unsafe { _mm256_madd_epi16(pair, w) };
            // SAFETY: as above.
            sum[n] = unsafe { _mm256_add_epi32(sum[n], products) };
        }
        sum
    }

    #[inline(always)]
    fn floats(self, sum: [__m256i; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        let low = unsafe { _mm256_cvtepi32_ps(sum[0]) };
        // SAFETY: as above.
        let high = unsafe { _mm256_cvtepi32_ps(sum[1]) };
        [low, high]
    }

    #[inline(always)]
    fn round(self, x: [__m256; 2], to: &mut [u8; LANES]) {
        let values = whole(self, self.clamp(x, self.splat(127.0)));
        for n in 0..LANES {
            to[n] = (values[n] + 128) as u8;
        }
    }

    #[inline(always)]
    fn round_words(self, x: [__m256; 2], to: &mut [i16; LANES]) {
        let values = whole(self, x);
        for n in 0..LANES {
            to[n] = values[n] as i16;
        }
    }
}

/// The nearest whole numbers. An `Avx2` exists only where the features are.
#[inline(always)]
fn whole(_: Avx2, x: [__m256; 2]) -> [i32; LANES] {
    let mut values = [0_i32; LANES];
    let (halves, _) = values.as_chunks_mut::<8>();
    for n in 0..2 {
        // SAFETY: an `Avx2` was given.
        let whole = unsafe { _mm256_cvtps_epi32(x[n]) };
        // SAFETY: as above; the half has room for the eight that are written.
        unsafe { _mm256_storeu_si256(halves[n].as_mut_ptr().cast(), whole) };
    }
    values
}
