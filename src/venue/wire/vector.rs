//! The kernels for x86-64: AVX2, and AVX-512 (F, BW, VL).
//!
//! A number is loaded as the sixteen bytes that end with it, so that digits are right-aligned
//! whatever their count; one shuffle takes the point out, three multiply-adds make two groups of
//! eight digits (W. Mula, "SIMD-ized parsing of integers"). Price and quantity go through the same
//! instructions side by side in the two halves of a 256-bit register.
#![allow(unsafe_code, reason = "vector loads and target features, each block argued")]

use std::arch::x86_64::{
    __m128i, __m256i, _mm_and_si128, _mm_cmpgt_epi8, _mm_cvtsi128_si64, _mm_loadu_si128,
    _mm_madd_epi16, _mm_maddubs_epi16, _mm_movemask_epi8, _mm_packus_epi32, _mm_set1_epi8,
    _mm_set1_epi16, _mm_set1_epi32, _mm_shuffle_epi8, _mm_xor_si128, _mm256_add_epi64,
    _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_extract_epi64,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_movemask_epi8,
    _mm256_mul_epu32, _mm256_or_si256, _mm256_packus_epi32, _mm256_set_m128i, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_shuffle_epi8,
    _mm256_srli_epi64, _mm256_xor_si256, _mm512_add_epi16, _mm512_castsi512_si256,
    _mm512_cmpeq_epi8_mask, _mm512_cmplt_epi8_mask, _mm512_cvtepu8_epi16,
    _mm512_extracti64x4_epi64, _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_set_epi8,
    _mm512_set1_epi8, _mm512_set1_epi16, _mm512_storeu_si512,
};

use super::kernel::{Job, Kernel, Shape, Span};
use super::padded::Padded;
use super::portable::scaled;
use crate::event::Level;

/// AVX2, BMI1, BMI2, LZCNT, POPCNT. Made only by [`Avx2::run`].
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// The same and AVX-512 F, BW, VL. Made only by [`Avx512::run`].
#[derive(Clone, Copy, Debug)]
pub struct Avx512 {
    /// VBMI2 is there too: it compresses bytes.
    compresses: bool,
}

impl Avx2 {
    /// Does `job` compiled for this instruction set.
    ///
    /// # Panics
    /// Where the machine does not have it.
    #[inline]
    pub fn run<J: Job>(job: J) -> J::Out {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inside<J: Job>(job: J) -> J::Out {
            job.run(Avx2(()))
        }
        assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2"), "no AVX2");
        // SAFETY: the features were detected just above (the detection is a cached load); LZCNT,
        // BMI1 and POPCNT are part of every x86-64 that has AVX2 and BMI2.
        unsafe { inside(job) }
    }
}

impl Avx512 {
    /// Does `job` compiled for this instruction set.
    ///
    /// # Panics
    /// Where the machine does not have it.
    #[inline]
    pub fn run<J: Job>(job: J) -> J::Out {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl")]
        fn inside<J: Job>(job: J) -> J::Out {
            job.run(Avx512 { compresses: is_x86_feature_detected!("avx512vbmi2") })
        }
        assert!(
            is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl"),
            "no AVX-512"
        );
        // SAFETY: the features were detected just above (the detection is a cached load); AVX-512
        // BW implies F, and every machine with it has AVX2, BMI1, BMI2, LZCNT and POPCNT.
        unsafe { inside(job) }
    }
}

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
static WITHOUT_POINT: [[u8; 16]; 17] = {
    let mut table = [[0; 16]; 17];
    let mut dot = 0;
    while dot < 16 {
        table[dot] = without_point(dot);
        table[16][dot] = dot as u8;
        dot += 1;
    }
    table
};

/// Sixteen bytes from place `n` on keep the last `n` digits.
static KEEP: [u8; 33] = {
    let mut mask = [0; 33];
    let mut n = 16;
    while n < 33 {
        mask[n] = 0xFF;
        n += 1;
    }
    mask
};

#[inline(always)]
fn load16(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the reference is valid for sixteen bytes and the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline(always)]
fn sixteen(frame: Padded<'_>, end: usize) -> Option<&[u8; 16]> {
    frame.raw().get(end.checked_sub(16)?..end)?.try_into().ok()
}

/// Sixteen digit values (0 to 9), most significant first, as two groups of eight digits.
#[inline]
#[target_feature(enable = "avx2")]
fn eights(digits: __m128i) -> i64 {
    let tens = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
    let hundreds = _mm_madd_epi16(tens, _mm_set1_epi32(0x0001_0064));
    let packed = _mm_packus_epi32(hundreds, hundreds);
    let eights = _mm_cvtsi128_si64(_mm_madd_epi16(packed, _mm_set1_epi32(0x0001_2710)));
    (eights & 0xFFFF_FFFF) * 100_000_000 + (eights >> 32)
}

#[inline]
#[target_feature(enable = "avx2,bmi1")]
fn decimal(frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64> {
    if span.len.wrapping_sub(1) >= 16 {
        return None;
    }
    let bytes = sixteen(frame, span.end)?;
    let values = _mm_xor_si128(load16(bytes), _mm_set1_epi8(0x30));
    let inside = 0xFFFF_u32 << (16 - span.len);
    let others =
        _mm_movemask_epi8(_mm_cmpgt_epi8(values, _mm_set1_epi8(9))) as u32 & inside & 0xFFFF;
    if others == 0 {
        let digits = _mm_and_si128(values, load16(KEEP[span.len..][..16].try_into().ok()?));
        return scaled(eights(digits), 0, decimals);
    }
    let dot = others.trailing_zeros() as usize;
    let fraction = 15 - dot;
    // One point, a digit before it and one behind.
    if others & (others - 1) != 0 || bytes[dot] != b'.' || fraction == 0 || fraction + 2 > span.len
    {
        return None;
    }
    let closed = _mm_shuffle_epi8(values, load16(&WITHOUT_POINT[dot]));
    let digits = _mm_and_si128(closed, load16(KEEP[span.len - 1..][..16].try_into().ok()?));
    scaled(eights(digits), fraction as u8, decimals)
}

#[inline]
#[target_feature(enable = "avx2")]
fn whole(frame: Padded<'_>, span: Span) -> Option<u64> {
    if span.len.wrapping_sub(1) >= 16 {
        return None;
    }
    let values = _mm_xor_si128(load16(sixteen(frame, span.end)?), _mm_set1_epi8(0x30));
    let digits = _mm_and_si128(values, load16(KEEP[span.len..][..16].try_into().ok()?));
    let others = _mm_movemask_epi8(_mm_cmpgt_epi8(digits, _mm_set1_epi8(9)));
    (others == 0).then(|| eights(digits) as u64)
}

/// What stays the same for all pairs of one instrument: loaded once, kept in registers.
#[derive(Clone, Copy)]
struct Usual {
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
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(shape: Shape) -> Usual {
        let place = |decimals: u8| {
            if decimals == 0 { 16 } else { 15_usize.saturating_sub(decimals.into()) }
        };
        let (price, qty) = (place(shape.price), place(shape.qty));
        Usual {
            control: _mm256_set_m128i(load16(&WITHOUT_POINT[qty]), load16(&WITHOUT_POINT[price])),
            points: ((1_u32 << price) & 0xFFFF) | ((1_u64 << (qty + 16)) as u32),
            price_point: usize::from(price < 16),
            qty_point: usize::from(qty < 16),
            price_least: if price < 16 { usize::from(shape.price) + 2 } else { 1 },
            qty_least: if qty < 16 { usize::from(shape.qty) + 2 } else { 1 },
        }
    }

    /// Both numbers at once, where both are written with the usual decimals. A number of more than
    /// 13 decimals has no place for its point and is never usual.
    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn pair(&self, frame: Padded<'_>, price: Span, qty: Span) -> Option<Level> {
        let price_fits = price.len >= self.price_least && price.len <= 16;
        let qty_fits = qty.len >= self.qty_least && qty.len <= 16;
        if !(price_fits && qty_fits) {
            return None;
        }
        let text =
            _mm256_set_m128i(load16(sixteen(frame, qty.end)?), load16(sixteen(frame, price.end)?));
        let values = _mm256_xor_si256(text, _mm256_set1_epi8(0x30));
        let inside = ((0xFFFF_u32 << (16 - price.len)) & 0xFFFF) | (0xFFFF_u32 << (32 - qty.len));
        let over = _mm256_cmpgt_epi8(values, _mm256_set1_epi8(9));
        let point = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'.' as i8));
        // All that is no digit is a point, and points stand where they usually do.
        let others = _mm256_movemask_epi8(_mm256_xor_si256(over, point)) as u32;
        let points = _mm256_movemask_epi8(point) as u32;
        if (others | (points ^ self.points)) & inside != 0 {
            return None;
        }
        let keep = _mm256_set_m128i(
            load16(KEEP[qty.len - self.qty_point..][..16].try_into().ok()?),
            load16(KEEP[price.len - self.price_point..][..16].try_into().ok()?),
        );
        let digits = _mm256_and_si256(_mm256_shuffle_epi8(values, self.control), keep);
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

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn pair(frame: Padded<'_>, price: Span, qty: Span, shape: Shape) -> Option<Level> {
    if shape.price <= 13
        && shape.qty <= 13
        && let Some(level) = Usual::new(shape).pair(frame, price, qty)
    {
        return Some(level);
    }
    let price = decimal(frame, price, shape.price)?;
    Some(Level { price, qty: decimal(frame, qty, shape.qty)? })
}

/// The loop of [`Kernel::quoted_pairs`], with what all pairs share kept in registers.
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn quoted_pairs(
    frame: Padded<'_>,
    quotes: &[u16],
    shape: Shape,
    out: &mut Vec<Level>,
) -> Option<usize> {
    if shape.price > 13 || shape.qty > 13 {
        return None;
    }
    let usual = Usual::new(shape);
    let (fours, _) = quotes.as_chunks::<4>();
    let mut expected = usize::from(fours.first()?[0]);
    for (n, marks) in fours.iter().enumerate() {
        let [open, close, qty_open, qty_close] = marks.map(|mark| mark as usize);
        let price = Span { end: close, len: close.wrapping_sub(open + 1) };
        let qty = Span { end: qty_close, len: qty_close.wrapping_sub(qty_open + 1) };
        let between = four_bytes(frame, close)? & 0x00FF_FFFF;
        let behind = four_bytes(frame, qty_close)?;
        if between != u32::from_le_bytes(*b"\",\"\0") || open != expected {
            return None;
        }
        expected = qty_close + 4;
        let level = match usual.pair(frame, price, qty) {
            Some(level) => level,
            None => pair(frame, price, qty, shape)?,
        };
        out.push(level);
        if behind != u32::from_le_bytes(*b"\"],[") {
            return Some(n + 1);
        }
    }
    None
}

#[inline(always)]
fn four_bytes(frame: Padded<'_>, at: usize) -> Option<u32> {
    let bytes: &[u8; 4] = frame.raw().get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(*bytes))
}

/// Places of the set bits of `marks`, counted from `base`, eight at a time without a branch each.
#[inline(always)]
fn flatten(mut marks: u64, base: u16, quotes: &mut [u16], count: usize) -> Option<usize> {
    let found = marks.count_ones() as usize;
    let mut at = count;
    while marks != 0 {
        let eight = quotes.get_mut(at..at + 8)?;
        for place in eight {
            *place = base.wrapping_add(marks.trailing_zeros() as u16);
            marks &= marks.wrapping_sub(1);
        }
        at += 8;
    }
    Some(count + found)
}

#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn index_avx2(frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
    let mut count = 0;
    let mut refused = 0_u64;
    let (blocks, _) = frame.raw().as_chunks::<64>();
    for (n, block) in blocks.iter().take(frame.len().div_ceil(64)).enumerate() {
        let (halves, _) = block.as_chunks::<32>();
        let mut marks = [0_u64; 2];
        let mut bad = [0_u64; 2];
        for side in 0..2 {
            // SAFETY: a half is thirty-two bytes and the load needs no alignment.
            let text = unsafe { _mm256_loadu_si256(halves[side].as_ptr().cast()) };
            let quote = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'"' as i8));
            let slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'\\' as i8));
            // Signed: control characters and everything above ASCII are below a blank.
            let below = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), text);
            marks[side] = u64::from(_mm256_movemask_epi8(quote) as u32);
            bad[side] = u64::from(_mm256_movemask_epi8(_mm256_or_si256(slash, below)) as u32);
        }
        let inside = inside_frame(frame.len(), n * 64);
        refused |= (bad[0] | bad[1] << 32) & inside;
        count = flatten((marks[0] | marks[1] << 32) & inside, (n * 64) as u16, quotes, count)?;
    }
    (refused == 0).then_some(count)
}

/// One block's quotation marks, and the bytes that make it one for the strict path.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn marks_avx512(block: &[u8; 64]) -> (u64, u64) {
    // SAFETY: a block is sixty-four bytes and the load needs no alignment.
    let text = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let slash = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(b'\\' as i8));
    // Signed: control characters and everything above ASCII are below a blank.
    let below = _mm512_cmplt_epi8_mask(text, _mm512_set1_epi8(0x20));
    (_mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(b'"' as i8)), slash | below)
}

#[inline]
#[target_feature(enable = "bmi1,popcnt,avx512f,avx512bw")]
fn index_avx512(frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
    let mut count = 0;
    let mut refused = 0_u64;
    let (blocks, _) = frame.raw().as_chunks::<64>();
    for (n, block) in blocks.iter().take(frame.len().div_ceil(64)).enumerate() {
        let (marks, bad) = marks_avx512(block);
        let inside = inside_frame(frame.len(), n * 64);
        refused |= bad & inside;
        count = flatten(marks & inside, (n * 64) as u16, quotes, count)?;
    }
    (refused == 0).then_some(count)
}

/// As `index_avx512`, but the places of a block are compressed out of a row of all places at once,
/// whatever their count: no loop and no branch that depends on the data.
#[inline]
#[target_feature(enable = "popcnt,avx512f,avx512bw,avx512vbmi2")]
fn index_compressing(frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
    let all = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    );
    let mut count = 0;
    let mut refused = 0_u64;
    let (blocks, _) = frame.raw().as_chunks::<64>();
    for (n, block) in blocks.iter().take(frame.len().div_ceil(64)).enumerate() {
        let (marks, bad) = marks_avx512(block);
        let inside = inside_frame(frame.len(), n * 64);
        refused |= bad & inside;
        let places = _mm512_maskz_compress_epi8(marks & inside, all);
        let base = _mm512_set1_epi16((n * 64) as i16);
        let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places));
        let low = _mm512_add_epi16(low, base);
        let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(places));
        let high = _mm512_add_epi16(high, base);
        let room: &mut [u16; 64] = quotes.get_mut(count..count + 64)?.try_into().ok()?;
        let (first, second) = room.split_at_mut(32);
        // SAFETY: `first` is thirty-two places of two bytes and the store needs no alignment.
        unsafe { _mm512_storeu_si512(first.as_mut_ptr().cast(), low) };
        // SAFETY: `second` is thirty-two places of two bytes and the store needs no alignment.
        unsafe { _mm512_storeu_si512(second.as_mut_ptr().cast(), high) };
        count += (marks & inside).count_ones() as usize;
    }
    (refused == 0).then_some(count)
}

/// Bits of the bytes of the block at `start` that belong to a frame of `len` bytes.
#[inline(always)]
fn inside_frame(len: usize, start: usize) -> u64 {
    let rest = len - start;
    if rest >= 64 { !0 } else { (1 << rest) - 1 }
}

macro_rules! kernel {
    ($name:ident, $index:expr) => {
        impl Kernel for $name {
            #[inline(always)]
            fn index(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
                ($index)(self, frame, quotes)
            }

            #[inline(always)]
            fn decimal(self, frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64> {
                // SAFETY: `self` exists only inside `run`, which has detected the features.
                unsafe { decimal(frame, span, decimals) }
            }

            #[inline(always)]
            fn whole(self, frame: Padded<'_>, span: Span) -> Option<u64> {
                // SAFETY: `self` exists only inside `run`, which has detected the features.
                unsafe { whole(frame, span) }
            }

            #[inline(always)]
            fn pair(
                self,
                frame: Padded<'_>,
                price: Span,
                qty: Span,
                shape: Shape,
            ) -> Option<Level> {
                // SAFETY: `self` exists only inside `run`, which has detected the features.
                unsafe { pair(frame, price, qty, shape) }
            }

            #[inline(always)]
            fn quoted_pairs(
                self,
                frame: Padded<'_>,
                quotes: &[u16],
                shape: Shape,
                out: &mut Vec<Level>,
            ) -> Option<usize> {
                // SAFETY: `self` exists only inside `run`, which has detected the features.
                unsafe { quoted_pairs(frame, quotes, shape, out) }
            }
        }
    };
}

kernel!(Avx2, |_, frame, quotes| {
    // SAFETY: an `Avx2` exists only inside `run`, which has detected the features.
    unsafe { index_avx2(frame, quotes) }
});
kernel!(Avx512, |kernel: Avx512, frame, quotes| {
    if kernel.compresses {
        // SAFETY: `compresses` says that VBMI2 was detected, `run` has detected the rest.
        unsafe { index_compressing(frame, quotes) }
    } else {
        // SAFETY: an `Avx512` exists only inside `run`, which has detected the features.
        unsafe { index_avx512(frame, quotes) }
    }
});
