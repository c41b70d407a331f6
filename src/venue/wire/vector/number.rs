//! Numbers: sixteen bytes that end with one, the point shuffled out, three multiply-adds.
//!
//! In: places of numbers in a frame. Out: whole units. Never: a loop over digits.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_and_si128, _mm_cmpgt_epi8, _mm_cvtsi128_si64, _mm_loadu_si128,
    _mm_madd_epi16, _mm_maddubs_epi16, _mm_movemask_epi8, _mm_packus_epi32, _mm_set1_epi8,
    _mm_set1_epi16, _mm_set1_epi32, _mm_shuffle_epi8, _mm_xor_si128, _mm256_add_epi64,
    _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_extract_epi64,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_movemask_epi8, _mm256_mul_epu32,
    _mm256_packus_epi32, _mm256_set_m128i, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_shuffle_epi8, _mm256_srli_epi64, _mm256_xor_si256,
};

use super::super::kernel::{Shape, Span};
use super::super::padded::Padded;
use super::super::portable::scaled;
use crate::event::Level;

/// A shuffle that takes out the point at place `DOT` of sixteen and moves what is before it up.
const fn without_point(dot: usize) -> [u8; 16] {
    let mut control = [0x80; 16];
    let mut n = 1;
    while n < 16 {
        control[n] = if n > dot { n as u8 } else { n as u8 - 1 };
        n += 1;
    }
    control
}

/// By place of the point; the last entry, for no point, leaves all where it is.
pub(super) static WITHOUT_POINT: [[u8; 16]; 17] = {
    let mut table = [[0; 16]; 17];
    let mut dot = 0;
    while dot < 16 {
        table[dot] = without_point(dot);
        table[16][dot] = dot as u8;
        dot += 1;
    }
    table
};

/// Sixteen bytes from place `n` on keep the last `n` digits; long enough for any five-bit place.
static KEEP: [u8; 48] = {
    let mut mask = [0; 48];
    let mut n = 16;
    while n < 48 {
        mask[n] = 0xFF;
        n += 1;
    }
    mask
};

/// Proof that the features of [`Avx2`](super::Avx2) are there: made only by a kernel.
#[derive(Clone, Copy)]
pub(super) struct Has(pub(super) ());

impl Has {
    #[inline(always)]
    pub(super) fn load16(self, bytes: &[u8; 16]) -> __m128i {
        // SAFETY: the reference is valid for sixteen bytes and the load needs no alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    /// Two times sixteen bytes side by side.
    #[inline(always)]
    pub(super) fn load16s(self, low: &[u8; 16], high: &[u8; 16]) -> __m256i {
        let (low, high) = (self.load16(low), self.load16(high));
        // SAFETY: AVX2 is there, as `self` says.
        unsafe { _mm256_set_m128i(high, low) }
    }

    /// Digit values of ASCII digits; anything else is above 9.
    #[inline(always)]
    fn digit_values(self, bytes: &[u8; 16]) -> __m128i {
        let text = self.load16(bytes);
        // SAFETY: AVX2 is there, as `self` says.
        unsafe { _mm_xor_si128(text, _mm_set1_epi8(0x30)) }
    }

    /// Bits of the bytes that are above 9.
    #[inline(always)]
    fn others(self, values: __m128i) -> u32 {
        // SAFETY: AVX2 is there, as `self` says.
        unsafe { _mm_movemask_epi8(_mm_cmpgt_epi8(values, _mm_set1_epi8(9))) as u32 }
    }

    #[inline(always)]
    fn and(self, values: __m128i, mask: &[u8; 16]) -> __m128i {
        let mask = self.load16(mask);
        // SAFETY: AVX2 is there, as `self` says.
        unsafe { _mm_and_si128(values, mask) }
    }

    #[inline(always)]
    fn shuffle(self, values: __m128i, control: &[u8; 16]) -> __m128i {
        let control = self.load16(control);
        // SAFETY: AVX2 is there, as `self` says.
        unsafe { _mm_shuffle_epi8(values, control) }
    }

    /// Sixteen digit values (0 to 9), most significant first, as a number.
    #[inline(always)]
    fn number(self, digits: __m128i) -> i64 {
        // SAFETY: AVX2 is there, as `self` says.
        let eights = unsafe {
            let tens = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
            let hundreds = _mm_madd_epi16(tens, _mm_set1_epi32(0x0001_0064));
            let packed = _mm_packus_epi32(hundreds, hundreds);
            _mm_cvtsi128_si64(_mm_madd_epi16(packed, _mm_set1_epi32(0x0001_2710)))
        };
        (eights & 0xFFFF_FFFF) * 100_000_000 + (eights >> 32)
    }

    #[inline(always)]
    pub(super) fn whole(self, frame: Padded<'_>, span: Span) -> Option<u64> {
        if span.len.wrapping_sub(1) >= 16 {
            return None;
        }
        let values = self.digit_values(sixteen(frame, span.end)?);
        let digits = self.and(values, keep(span.len));
        (self.others(digits) == 0).then(|| self.number(digits) as u64)
    }

    #[inline(always)]
    pub(super) fn decimal(self, frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64> {
        if span.len.wrapping_sub(1) >= 16 {
            return None;
        }
        let bytes = sixteen(frame, span.end)?;
        let values = self.digit_values(bytes);
        let inside = (0xFFFF_u32 << (16 - span.len)) & 0xFFFF;
        let others = self.others(values) & inside;
        if others == 0 {
            return scaled(self.number(self.and(values, keep(span.len))), 0, decimals);
        }
        let dot = others.trailing_zeros() as usize;
        let fraction = 15 - dot;
        // One point, a digit before it and one behind.
        if others & (others - 1) != 0
            || bytes[dot] != b'.'
            || fraction == 0
            || fraction + 2 > span.len
        {
            return None;
        }
        let closed = self.shuffle(values, &WITHOUT_POINT[dot]);
        scaled(self.number(self.and(closed, keep(span.len - 1))), fraction as u8, decimals)
    }
}

#[inline(always)]
pub(super) fn sixteen(frame: Padded<'_>, end: usize) -> Option<&[u8; 16]> {
    frame.raw().get(end.checked_sub(16)?..end)?.try_into().ok()
}

/// A mask that keeps the last `n` of sixteen bytes, `n` up to 16.
#[inline(always)]
pub(super) fn keep(n: usize) -> &'static [u8; 16] {
    KEEP[n & 31..][..16].as_array().unwrap_or(&WITHOUT_POINT[16])
}

/// What stays the same for all pairs of one instrument: loaded once, kept in registers.
#[derive(Clone, Copy)]
pub(super) struct Usual {
    /// Takes the points out.
    control: __m256i,
    /// Bits of the places where points stand: prices in the low half, quantities in the high one.
    points: u32,
    /// 1 where numbers have a point.
    price_point: usize,
    qty_point: usize,
    /// Bytes that a number has at least.
    price_least: usize,
    qty_least: usize,
}

impl Usual {
    /// `None` where a number of so many decimals has no room for its point.
    #[inline(always)]
    pub(super) fn new(has: Has, shape: Shape) -> Option<Usual> {
        if shape.price > 13 || shape.qty > 13 {
            return None;
        }
        let place = |decimals: u8| if decimals == 0 { 16 } else { 15 - usize::from(decimals) };
        let (price, qty) = (place(shape.price), place(shape.qty));
        Some(Usual {
            control: has.load16s(&WITHOUT_POINT[price], &WITHOUT_POINT[qty]),
            points: ((1_u32 << price) & 0xFFFF) | ((1_u64 << (qty + 16)) as u32),
            price_point: usize::from(price < 16),
            qty_point: usize::from(qty < 16),
            price_least: if price < 16 { usize::from(shape.price) + 2 } else { 1 },
            qty_least: if qty < 16 { usize::from(shape.qty) + 2 } else { 1 },
        })
    }

    /// Both numbers at once, where both are written with the usual decimals.
    #[inline(always)]
    pub(super) fn pair(
        &self,
        has: Has,
        frame: Padded<'_>,
        price: Span,
        qty: Span,
    ) -> Option<Level> {
        let price_text = sixteen(frame, price.end)?;
        self.read(has, (price_text, price.len), (sixteen(frame, qty.end)?, qty.len))
    }

    /// The same, of the sixteen bytes that end with each number, and its length.
    #[inline(always)]
    pub(super) fn read(
        &self,
        has: Has,
        price: (&[u8; 16], usize),
        qty: (&[u8; 16], usize),
    ) -> Option<Level> {
        let text = has.load16s(price.0, qty.0);
        let (price_len, qty_len) = (price.1, qty.1);
        // Unsigned: too short is as far over the span as too long.
        if price_len.wrapping_sub(self.price_least) > 16 - self.price_least
            || qty_len.wrapping_sub(self.qty_least) > 16 - self.qty_least
        {
            return None;
        }
        let inside = (0xFFFF_0000_u32 >> price_len) & 0xFFFF;
        let inside = inside | ((0xFFFF_0000_0000_u64 >> qty_len) as u32 & !0xFFFF);
        let kept = has.load16s(keep(price_len - self.price_point), keep(qty_len - self.qty_point));
        // SAFETY: AVX2 is there, as `has` says.
        unsafe {
            let values = _mm256_xor_si256(text, _mm256_set1_epi8(0x30));
            let over = _mm256_cmpgt_epi8(values, _mm256_set1_epi8(9));
            let point = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'.' as i8));
            // All that is no digit is a point, and points stand where they usually do.
            let others = _mm256_movemask_epi8(_mm256_xor_si256(over, point)) as u32;
            let points = _mm256_movemask_epi8(point) as u32;
            if (others | (points ^ self.points)) & inside != 0 {
                return None;
            }
            let digits = _mm256_and_si256(_mm256_shuffle_epi8(values, self.control), kept);
            let tens = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
            let hundreds = _mm256_madd_epi16(tens, _mm256_set1_epi32(0x0001_0064));
            let packed = _mm256_packus_epi32(hundreds, hundreds);
            let eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x0001_2710));
            let high = _mm256_mul_epu32(eights, _mm256_set1_epi64x(100_000_000));
            let value = _mm256_add_epi64(high, _mm256_srli_epi64::<32>(eights));
            Some(Level {
                price: _mm256_extract_epi64::<0>(value),
                qty: _mm256_extract_epi64::<2>(value),
            })
        }
    }
}

/// Each number by itself, where they are not written as usual.
#[cold]
#[target_feature(enable = "avx2,bmi1,bmi2")]
pub(super) fn unusual_pair(
    has: Has,
    frame: Padded<'_>,
    price: Span,
    qty: Span,
    shape: Shape,
) -> Option<Level> {
    let price = has.decimal(frame, price, shape.price)?;
    Some(Level { price, qty: has.decimal(frame, qty, shape.qty)? })
}
