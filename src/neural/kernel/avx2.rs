//! Sixteen lanes in two registers of AVX2, with FMA.
#![allow(unsafe_code, reason = "intrinsics; each block is one")]

use std::arch::x86_64::*;

use super::lanes::{LANES, Lanes, QUAD};

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

impl Avx2 {
    #[inline(always)]
    fn halves(
        a: [__m256; 2],
        b: [__m256; 2],
        of: impl Fn(__m256, __m256) -> __m256,
    ) -> [__m256; 2] {
        [of(a[0], b[0]), of(a[1], b[1])]
    }
}

impl Lanes for Avx2 {
    type Floats = [__m256; 2];
    type Ints = [__m256i; 2];
    type Quad = Quad;

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
        [0, 1].map(|n| unsafe { _mm256_loadu_ps(halves[n].as_ptr()) })
    }

    #[inline(always)]
    fn store(self, x: [__m256; 2], to: &mut [f32; LANES]) {
        for (half, x) in to.as_chunks_mut::<8>().0.iter_mut().zip(x) {
            // SAFETY: features as above; the half has room for the eight that are written.
            unsafe { _mm256_storeu_ps(half.as_mut_ptr(), x) };
        }
    }

    #[inline(always)]
    fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        Avx2::halves(a, b, |a, b| unsafe { _mm256_add_ps(a, b) })
    }

    #[inline(always)]
    fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        Avx2::halves(a, b, |a, b| unsafe { _mm256_mul_ps(a, b) })
    }

    #[inline(always)]
    fn div(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        Avx2::halves(a, b, |a, b| unsafe { _mm256_div_ps(a, b) })
    }

    #[inline(always)]
    fn fma(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        [0, 1].map(|n| unsafe { _mm256_fmadd_ps(a[n], b[n], c[n]) })
    }

    #[inline(always)]
    fn clamp(self, x: [__m256; 2], bound: [__m256; 2]) -> [__m256; 2] {
        // The second operand is what comes out where one is no number.
        // SAFETY: `self` exists only where the features are.
        let x = Avx2::halves(bound, x, |bound, x| unsafe { _mm256_min_ps(bound, x) });
        let least = self.mul(bound, self.splat(-1.0));
        // SAFETY: as above.
        Avx2::halves(least, x, |least, x| unsafe { _mm256_max_ps(least, x) })
    }

    #[inline(always)]
    fn relu(self, x: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        Avx2::halves(self.splat(0.0), x, |zero, x| unsafe { _mm256_max_ps(zero, x) })
    }

    #[inline(always)]
    fn origin(self, _offsets: &[i32; LANES]) -> [__m256i; 2] {
        // SAFETY: `self` exists only where the features are.
        [unsafe { _mm256_setzero_si256() }; 2]
    }

    #[inline(always)]
    fn quad(self, bytes: [u8; QUAD]) -> Quad {
        let bytes = bytes.map(|byte| byte ^ 0x80);
        // SAFETY: `self` exists only where the features are.
        let signed = unsafe { _mm256_set1_epi32(i32::from_le_bytes(bytes)) };
        // SAFETY: as above.
        Quad { sizes: unsafe { _mm256_abs_epi8(signed) }, signed }
    }

    #[inline(always)]
    fn dot(self, sum: [__m256i; 2], weights: &[i8; 64], quad: Quad) -> [__m256i; 2] {
        let (halves, _) = weights.as_chunks::<32>();
        [0, 1].map(|n| {
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
            unsafe { _mm256_add_epi32(sum[n], quads) }
        })
    }

    #[inline(always)]
    fn floats(self, sum: [__m256i; 2]) -> [__m256; 2] {
        // SAFETY: `self` exists only where the features are.
        sum.map(|sum| unsafe { _mm256_cvtepi32_ps(sum) })
    }

    #[inline(always)]
    fn round(self, x: [__m256; 2], to: &mut [u8; LANES]) {
        let x = self.clamp(x, self.splat(127.0));
        for (half, x) in to.as_chunks_mut::<8>().0.iter_mut().zip(x) {
            // SAFETY: `self` exists only where the features are.
            let whole = unsafe { _mm256_cvtps_epi32(x) };
            let mut values = [0_i32; 8];
            // SAFETY: as above; the array has room for the eight that are written.
            unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), whole) };
            *half = values.map(|value| (value + 128) as u8);
        }
    }
}
