//! Sixteen lanes in one register of AVX-512, with or without VNNI.
#![allow(unsafe_code, reason = "intrinsics; each block is one")]

use std::arch::x86_64::{
    __m512, __m512i, __mmask64, _mm_storeu_si128, _mm256_storeu_si256, _mm512_abs_epi8,
    _mm512_add_epi32, _mm512_add_ps, _mm512_cvtepi32_epi8, _mm512_cvtepi32_epi16,
    _mm512_cvtepi32_ps, _mm512_cvtps_epi32, _mm512_div_ps, _mm512_dpbusd_epi32,
    _mm512_dpwssd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_madd_epi16,
    _mm512_maddubs_epi16, _mm512_mask_sub_epi8, _mm512_max_ps, _mm512_min_ps, _mm512_movepi8_mask,
    _mm512_mul_ps, _mm512_roundscale_ps, _mm512_scalef_ps, _mm512_set1_epi8, _mm512_set1_epi16,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512, _mm512_storeu_ps, _mm512_sub_ps,
    _mm512_xor_si512,
};

use super::lanes::{LANES, Lanes, PAIR, QUAD};

/// AVX-512 F, BW, DQ and VL; with `VNNI` that, too. There is one only in functions that may use it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512<const VNNI: bool>(());

impl Avx512<true> {
    /// Only in a function that was compiled for the set, and so runs only where it is.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    #[inline]
    pub(super) fn new() -> Avx512<true> {
        Avx512(())
    }
}

impl Avx512<false> {
    /// Only in a function that was compiled for the set, and so runs only where it is.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    #[inline]
    pub(super) fn new() -> Avx512<false> {
        Avx512(())
    }
}

/// Four bytes: as they are plus 128, as they are without sign, and which of them are negative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quad {
    raised: __m512i,
    sizes: __m512i,
    negative: __mmask64,
}

impl<const VNNI: bool> Lanes for Avx512<VNNI> {
    type Floats = __m512;
    type Ints = __m512i;
    type Quad = Quad;
    type Pair = __m512i;

    const IS_WIDE: bool = true;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: features as above; the array has the sixteen numbers that are read.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, x: __m512, to: &mut [f32; LANES]) {
        // SAFETY: features as above; the array has room for the sixteen that are written.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), x) };
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn clamp(self, x: __m512, bound: __m512) -> __m512 {
        // The second operand is what comes out where one is no number.
        // SAFETY: `self` exists only where the features are.
        let x = unsafe { _mm512_min_ps(bound, x) };
        let least = self.mul(bound, self.splat(-1.0));
        // SAFETY: as above.
        unsafe { _mm512_max_ps(least, x) }
    }

    #[inline(always)]
    fn whole(self, x: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_roundscale_ps::<0>(x) }
    }

    #[inline(always)]
    fn scale(self, x: __m512, n: __m512) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_scalef_ps(x, n) }
    }

    #[inline(always)]
    fn relu(self, x: __m512) -> __m512 {
        let zero = self.splat(0.0);
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_max_ps(zero, x) }
    }

    #[inline(always)]
    fn origin(self, offsets: &[i32; LANES]) -> __m512i {
        if VNNI {
            // SAFETY: features as above; the array has the sixteen numbers that are read.
            unsafe { _mm512_loadu_si512(offsets.as_ptr().cast()) }
        } else {
            // SAFETY: `self` exists only where the features are.
            unsafe { _mm512_setzero_si512() }
        }
    }

    #[inline(always)]
    fn quad(self, bytes: [u8; QUAD]) -> Quad {
        // SAFETY: `self` exists only where the features are.
        let raised = unsafe { _mm512_set1_epi32(i32::from_le_bytes(bytes)) };
        // SAFETY: as above.
        let top = unsafe { _mm512_set1_epi8(-128) };
        // SAFETY: as above.
        let signed = unsafe { _mm512_xor_si512(raised, top) };
        // SAFETY: as above.
        let sizes = unsafe { _mm512_abs_epi8(signed) };
        // SAFETY: as above.
        let negative = unsafe { _mm512_movepi8_mask(signed) };
        Quad { raised, sizes, negative }
    }

    #[inline(always)]
    fn dot(self, sum: __m512i, weights: &[i8; 64], quad: Quad) -> __m512i {
        // SAFETY: features as above; the array has the 64 bytes that are read.
        let w = unsafe { _mm512_loadu_si512(weights.as_ptr().cast()) };
        if VNNI {
            // SAFETY: with `VNNI` it exists only where that feature is.
            return unsafe { _mm512_dpbusd_epi32(sum, quad.raised, w) };
        }
        // SAFETY: `self` exists only where the features are.
        let zero = unsafe { _mm512_setzero_si512() };
        // SAFETY: as above.
        let w = unsafe { _mm512_mask_sub_epi8(w, quad.negative, zero, w) };
        // Two products of at most 127 x 127 fit 16 bits: nothing saturates.
        // SAFETY: as above.
        let pairs = unsafe { _mm512_maddubs_epi16(quad.sizes, w) };
        // SAFETY: as above.
        let ones = unsafe { _mm512_set1_epi16(1) };
        // SAFETY: as above.
        let quads = unsafe { _mm512_madd_epi16(pairs, ones) };
        // SAFETY: as above.
        unsafe { _mm512_add_epi32(sum, quads) }
    }

    #[inline(always)]
    fn nothing(self) -> __m512i {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn pair(self, words: [i16; PAIR]) -> __m512i {
        let [low, high] = words.map(i16::to_le_bytes);
        let both = i32::from_le_bytes([low[0], low[1], high[0], high[1]]);
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_set1_epi32(both) }
    }

    #[inline(always)]
    fn dot_words(self, sum: __m512i, weights: &[i16; 32], pair: __m512i) -> __m512i {
        // SAFETY: features as above; the array has the 64 bytes that are read.
        let w = unsafe { _mm512_loadu_si512(weights.as_ptr().cast()) };
        if VNNI {
            // SAFETY: with `VNNI` it exists only where that feature is.
            return unsafe { _mm512_dpwssd_epi32(sum, pair, w) };
        }
        // SAFETY: `self` exists only where the features are.
        let products = unsafe { _mm512_madd_epi16(pair, w) };
        // SAFETY: as above.
        unsafe { _mm512_add_epi32(sum, products) }
    }

    #[inline(always)]
    fn floats(self, sum: __m512i) -> __m512 {
        // SAFETY: `self` exists only where the features are.
        unsafe { _mm512_cvtepi32_ps(sum) }
    }

    #[inline(always)]
    fn round(self, x: __m512, to: &mut [u8; LANES]) {
        // SAFETY: `self` exists only where the features are.
        let bound = unsafe { _mm512_set1_ps(127.0) };
        // SAFETY: as above.
        let whole = unsafe { _mm512_cvtps_epi32(self.clamp(x, bound)) };
        // SAFETY: as above.
        let half = unsafe { _mm512_set1_epi32(128) };
        // SAFETY: as above.
        let raised = unsafe { _mm512_add_epi32(whole, half) };
        // SAFETY: as above.
        let bytes = unsafe { _mm512_cvtepi32_epi8(raised) };
        // SAFETY: as above; the array has room for the sixteen bytes that are written.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), bytes) };
    }

    #[inline(always)]
    fn round_words(self, x: __m512, to: &mut [i16; LANES]) {
        // SAFETY: `self` exists only where the features are.
        let whole = unsafe { _mm512_cvtps_epi32(x) };
        // SAFETY: as above.
        let words = unsafe { _mm512_cvtepi32_epi16(whole) };
        // SAFETY: as above; the array has room for the sixteen words that are written.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), words) };
    }
}
