//! The kernels for x86-64: AVX2, and AVX-512 (F, BW, VL).
//!
//! A number is loaded as the sixteen bytes that end with it, so that digits are right-aligned
//! whatever their count; one shuffle takes the point out, three multiply-adds make two groups of
//! eight digits (W. Mula, "SIMD-ized parsing of integers"). Price and quantity go through the same
//! instructions side by side in the two halves of a 256-bit register.
//!
//! Everything is `#[inline(always)]` down from the scanner, since a function with its own target
//! features is not inlined there and would reload its constants at every number. So the intrinsics
//! are called where the compiler does not know the features, which makes each call `unsafe`; what
//! makes it sound is said once: a kernel exists only inside `run`, which has detected its features.
#![allow(unsafe_code, reason = "vector loads and target features, each block argued")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a chain of intrinsics without pointers has one argument, that of its target feature"
)]

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

/// Proof that the features of [`Avx2`] are there: made only by a kernel.
#[derive(Clone, Copy)]
struct Has(());

impl Has {
    #[inline(always)]
    fn load16(self, bytes: &[u8; 16]) -> __m128i {
        // SAFETY: the reference is valid for sixteen bytes and the load needs no alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    /// Two times sixteen bytes side by side.
    #[inline(always)]
    fn load16s(self, low: &[u8; 16], high: &[u8; 16]) -> __m256i {
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
    fn whole(self, frame: Padded<'_>, span: Span) -> Option<u64> {
        if span.len.wrapping_sub(1) >= 16 {
            return None;
        }
        let values = self.digit_values(sixteen(frame, span.end)?);
        let digits = self.and(values, keep(span.len));
        (self.others(digits) == 0).then(|| self.number(digits) as u64)
    }

    #[inline(always)]
    fn decimal(self, frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64> {
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
fn sixteen(frame: Padded<'_>, end: usize) -> Option<&[u8; 16]> {
    frame.raw().get(end.checked_sub(16)?..end)?.try_into().ok()
}

/// A mask that keeps the last `n` of sixteen bytes, `n` up to 16.
#[inline(always)]
fn keep(n: usize) -> &'static [u8; 16] {
    KEEP[n & 31..][..16].as_array().unwrap_or(&WITHOUT_POINT[16])
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
    /// `None` where a number of so many decimals has no room for its point.
    #[inline(always)]
    fn new(has: Has, shape: Shape) -> Option<Usual> {
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
    fn pair(&self, has: Has, frame: Padded<'_>, price: Span, qty: Span) -> Option<Level> {
        let price_text = sixteen(frame, price.end)?;
        self.read(has, (price_text, price.len), (sixteen(frame, qty.end)?, qty.len))
    }

    /// The same, of the sixteen bytes that end with each number, and its length.
    #[inline(always)]
    fn read(&self, has: Has, price: (&[u8; 16], usize), qty: (&[u8; 16], usize)) -> Option<Level> {
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
fn unusual_pair(
    has: Has,
    frame: Padded<'_>,
    price: Span,
    qty: Span,
    shape: Shape,
) -> Option<Level> {
    let price = has.decimal(frame, price, shape.price)?;
    Some(Level { price, qty: has.decimal(frame, qty, shape.qty)? })
}

/// The loop of [`Kernel::quoted_pairs`], with what all pairs share kept in registers.
#[inline(always)]
fn quoted_pairs(
    has: Has,
    frame: Padded<'_>,
    quotes: &[u16],
    shape: Shape,
    out: &mut Vec<Level>,
) -> Option<usize> {
    let usual = Usual::new(has, shape)?;
    let (fours, _) = quotes.as_chunks::<4>();
    let mut expected = usize::from(fours.first()?[0]);
    out.reserve(fours.len());
    let before = out.len();
    let mut count = 0;
    let mut is_whole = false;
    for (marks, room) in fours.iter().zip(out.spare_capacity_mut()) {
        let [open, close, qty_open, qty_close] = marks.map(usize::from);
        let (Some(price), Some(qty)) = (around(frame, close), around(frame, qty_close)) else {
            break;
        };
        if price.1 & 0x00FF_FFFF != u32::from_le_bytes(*b"\",\"\0") || open != expected {
            break;
        }
        expected = qty_close + 4;
        let (price_len, qty_len) =
            (close.wrapping_sub(open + 1), qty_close.wrapping_sub(qty_open + 1));
        let level = usual.read(has, (price.0, price_len), (qty.0, qty_len));
        let level = match level {
            Some(level) => level,
            None => {
                let price = Span { end: close, len: price_len };
                let qty = Span { end: qty_close, len: qty_len };
                // SAFETY: AVX2 is there, as `has` says.
                match unsafe { unusual_pair(has, frame, price, qty, shape) } {
                    Some(level) => level,
                    None => break,
                }
            }
        };
        room.write(level);
        count += 1;
        if qty.1 != u32::from_le_bytes(*b"\"],[") {
            is_whole = true;
            break;
        }
    }
    // SAFETY: the first `count` elements behind `before` were written just now, in order.
    unsafe { out.set_len(before + count) };
    is_whole.then_some(count)
}

/// The sixteen bytes before a place and the four from it on.
#[inline(always)]
fn around(frame: Padded<'_>, place: usize) -> Option<(&[u8; 16], u32)> {
    let bytes: &[u8; 20] = frame.raw().get(place.wrapping_sub(16)..)?.first_chunk()?;
    let (before, behind) = bytes.split_first_chunk::<16>()?;
    Some((before, u32::from_le_bytes(*behind.first_chunk()?)))
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

#[inline(always)]
fn index_avx2(_: Has, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
    let mut count = 0;
    let mut refused = 0_u64;
    let (blocks, _) = frame.raw().as_chunks::<64>();
    for (n, block) in blocks.iter().take(frame.len().div_ceil(64)).enumerate() {
        let (halves, _) = block.as_chunks::<32>();
        let mut marks = [0_u64; 2];
        let mut bad = [0_u64; 2];
        for side in 0..2 {
            // SAFETY: AVX2 is there, as the proof says; a half is thirty-two bytes and the load
            // needs no alignment.
            unsafe {
                let text = _mm256_loadu_si256(halves[side].as_ptr().cast());
                let quote = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'"' as i8));
                let slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'\\' as i8));
                // Signed: control characters and everything above ASCII are below a blank.
                let below = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), text);
                marks[side] = u64::from(_mm256_movemask_epi8(quote) as u32);
                bad[side] = u64::from(_mm256_movemask_epi8(_mm256_or_si256(slash, below)) as u32);
            }
        }
        let inside = inside_frame(frame.len(), n * 64);
        refused |= (bad[0] | bad[1] << 32) & inside;
        count = flatten((marks[0] | marks[1] << 32) & inside, (n * 64) as u16, quotes, count)?;
    }
    (refused == 0).then_some(count)
}

/// One block's quotation marks, and the bytes that make it one for the strict path.
#[inline(always)]
fn marks_avx512(_: Avx512, block: &[u8; 64]) -> (u64, u64) {
    // SAFETY: AVX-512 BW is there, as the kernel says; a block is sixty-four bytes and the load
    // needs no alignment.
    unsafe {
        let text = _mm512_loadu_si512(block.as_ptr().cast());
        let slash = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(b'\\' as i8));
        // Signed: control characters and everything above ASCII are below a blank.
        let below = _mm512_cmplt_epi8_mask(text, _mm512_set1_epi8(0x20));
        (_mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(b'"' as i8)), slash | below)
    }
}

#[inline(always)]
fn index_avx512(kernel: Avx512, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
    let mut count = 0;
    let mut refused = 0_u64;
    let (blocks, _) = frame.raw().as_chunks::<64>();
    for (n, block) in blocks.iter().take(frame.len().div_ceil(64)).enumerate() {
        let (marks, bad) = marks_avx512(kernel, block);
        let inside = inside_frame(frame.len(), n * 64);
        refused |= bad & inside;
        count = flatten(marks & inside, (n * 64) as u16, quotes, count)?;
    }
    (refused == 0).then_some(count)
}

/// As `index_avx512`, but the places of a block are compressed out of a row of all places at once,
/// whatever their count: no loop and no branch that depends on the data.
#[target_feature(enable = "bmi1,bmi2,popcnt,avx512f,avx512bw,avx512vbmi2")]
fn index_compressing(kernel: Avx512, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
    let all = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    );
    let mut count = 0;
    let mut refused = 0_u64;
    let (blocks, _) = frame.raw().as_chunks::<64>();
    for (n, block) in blocks.iter().take(frame.len().div_ceil(64)).enumerate() {
        let (marks, bad) = marks_avx512(kernel, block);
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

impl Avx2 {
    #[inline(always)]
    fn index_quotes(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
        index_avx2(Has(()), frame, quotes)
    }
}

impl Avx512 {
    #[inline(always)]
    fn index_quotes(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
        if self.compresses {
            // SAFETY: `compresses` says that VBMI2 was detected, `run` has detected the rest.
            unsafe { index_compressing(self, frame, quotes) }
        } else {
            index_avx512(self, frame, quotes)
        }
    }
}

macro_rules! kernel {
    ($name:ident) => {
        impl Kernel for $name {
            #[inline(always)]
            fn index(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
                self.index_quotes(frame, quotes)
            }

            #[inline(always)]
            fn decimal(self, frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64> {
                Has(()).decimal(frame, span, decimals)
            }

            #[inline(always)]
            fn whole(self, frame: Padded<'_>, span: Span) -> Option<u64> {
                Has(()).whole(frame, span)
            }

            #[inline(always)]
            fn pair(
                self,
                frame: Padded<'_>,
                price: Span,
                qty: Span,
                shape: Shape,
            ) -> Option<Level> {
                let has = Has(());
                if let Some(usual) = Usual::new(has, shape)
                    && let Some(level) = usual.pair(has, frame, price, qty)
                {
                    return Some(level);
                }
                // SAFETY: AVX2 is there, as `has` says.
                unsafe { unusual_pair(has, frame, price, qty, shape) }
            }

            #[inline(always)]
            fn two_pairs(
                self,
                frame: Padded<'_>,
                spans: [(Span, Span); 2],
                shape: Shape,
            ) -> Option<[Level; 2]> {
                let has = Has(());
                let [(bid, bid_qty), (ask, ask_qty)] = spans;
                if let Some(usual) = Usual::new(has, shape)
                    && let Some(bid) = usual.pair(has, frame, bid, bid_qty)
                    && let Some(ask) = usual.pair(has, frame, ask, ask_qty)
                {
                    return Some([bid, ask]);
                }
                // SAFETY: AVX2 is there, as `has` says.
                let bid = unsafe { unusual_pair(has, frame, bid, bid_qty, shape)? };
                // SAFETY: as above.
                Some([bid, unsafe { unusual_pair(has, frame, ask, ask_qty, shape)? }])
            }

            #[inline(always)]
            fn quoted_pairs(
                self,
                frame: Padded<'_>,
                quotes: &[u16],
                shape: Shape,
                out: &mut Vec<Level>,
            ) -> Option<usize> {
                quoted_pairs(Has(()), frame, quotes, shape, out)
            }
        }
    };
}

kernel!(Avx2);
kernel!(Avx512);
