//! The places of all quotation marks of a frame, a block of sixty-four bytes at a time.
//!
//! In: a frame. Out: places. Never: a frame with a byte that only the strict path understands.

use std::arch::x86_64::{
    _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm512_add_epi16, _mm512_castsi512_si256,
    _mm512_cmpeq_epi8_mask, _mm512_cmplt_epi8_mask, _mm512_cvtepu8_epi16,
    _mm512_extracti64x4_epi64, _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_set_epi8,
    _mm512_set1_epi8, _mm512_set1_epi16, _mm512_storeu_si512,
};

use super::super::padded::Padded;
use super::number::Has;
use super::set::{Avx2, Avx512};

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
        let marks = marks & inside;
        let room: &mut [u16; 64] = quotes.get_mut(count..)?.first_chunk_mut()?;
        let (first, second) = room.split_at_mut(32);
        let places = _mm512_maskz_compress_epi8(marks, all);
        let base = _mm512_set1_epi16((n * 64) as i16);
        let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places));
        let low = _mm512_add_epi16(low, base);
        // SAFETY: `first` is thirty-two places of two bytes and the store needs no alignment.
        unsafe { _mm512_storeu_si512(first.as_mut_ptr().cast(), low) };
        let found = marks.count_ones() as usize;
        // Real frames have a quotation mark in every fifth byte or so.
        if found > 32 {
            let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(places));
            let high = _mm512_add_epi16(high, base);
            // SAFETY: `second` is thirty-two places of two bytes and the store needs no alignment.
            unsafe { _mm512_storeu_si512(second.as_mut_ptr().cast(), high) };
        }
        count += found;
    }
    (refused == 0).then_some(count)
}

/// Bits of the bytes of the block at `start` that belong to a frame of `len` bytes.
#[inline(always)]
pub(super) fn inside_frame(len: usize, start: usize) -> u64 {
    let rest = len - start;
    if rest >= 64 { !0 } else { (1 << rest) - 1 }
}

impl Avx2 {
    #[inline(always)]
    pub(super) fn index_quotes(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
        index_avx2(Has(()), frame, quotes)
    }
}

impl Avx512 {
    #[inline(always)]
    pub(super) fn index_quotes(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
        if self.compresses {
            // SAFETY: `compresses` says that VBMI2 was detected, `run` has detected the rest.
            unsafe { index_compressing(self, frame, quotes) }
        } else {
            index_avx512(self, frame, quotes)
        }
    }
}
