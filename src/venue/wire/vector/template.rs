//! The three steps of a learned template: sketch the frame, compare all of it, read four numbers.
//!
//! In: a frame. Out: what the plain forms in [`Kernel`] give.
//! Never: a load past the frame's last block of sixty-four bytes, which its padding covers.
//!
//! [`Kernel`]: super::super::kernel::Kernel

use std::arch::x86_64::{
    __m128i, _mm_extract_epi64, _mm_xor_si128, _mm256_add_epi64, _mm256_and_si256,
    _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_extract_epi64, _mm256_extracti128_si256,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_min_epu8,
    _mm256_movemask_epi8, _mm256_mul_epu32, _mm256_or_si256, _mm256_packus_epi32, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_srli_epi64, _mm256_storeu_si256, _mm256_sub_epi8, _mm256_subs_epu8,
    _mm256_xor_si256, _mm512_add_epi64, _mm512_castsi256_si512, _mm512_castsi512_si256,
    _mm512_cmpgt_epu8_mask, _mm512_extracti64x4_epi64, _mm512_inserti64x4, _mm512_loadu_si512,
    _mm512_madd_epi16, _mm512_maddubs_epi16, _mm512_maskz_compress_epi64, _mm512_maskz_mov_epi8,
    _mm512_mul_epu32, _mm512_packus_epi32, _mm512_set1_epi8, _mm512_set1_epi16, _mm512_set1_epi32,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_srli_epi64,
    _mm512_sub_epi8, _mm512_xor_si512,
};

use super::super::padded::Padded;
use super::super::template::{Lanes, Ranges, mixed};
use super::index::inside_frame;
use super::number::Has;
use super::{Avx2, Avx512};

/// Sixty-four bytes from place `64 - n` on keep the first `n` of a block.
static FIRST: [u8; 128] = {
    let mut mask = [0; 128];
    let mut n = 0;
    while n < 64 {
        mask[n] = 0xFF;
        n += 1;
    }
    mask
};

impl Avx2 {
    #[inline(always)]
    pub(super) fn sketch_of(self, frame: Padded<'_>) -> u64 {
        let (blocks, _) = frame.raw().as_chunks::<64>();
        // SAFETY: AVX2 is there, as the kernel says.
        let mut folded = unsafe { _mm256_setzero_si256() };
        for (n, block) in blocks.iter().take(frame.len().div_ceil(64)).enumerate() {
            let (halves, _) = block.as_chunks::<32>();
            let inside = (frame.len() - n * 64).min(64);
            let (insides, _) = FIRST[64 - inside..].as_chunks::<32>();
            for (half, inside) in halves.iter().zip(insides) {
                // SAFETY: as above; both are thirty-two bytes and the loads need no alignment.
                folded = unsafe {
                    let text = _mm256_loadu_si256(half.as_ptr().cast());
                    let inside = _mm256_loadu_si256(inside.as_ptr().cast());
                    let values = _mm256_sub_epi8(text, _mm256_set1_epi8(b'0' as i8));
                    // Digits leave nothing above nine.
                    let over = _mm256_subs_epu8(values, _mm256_set1_epi8(9));
                    let digits = _mm256_cmpeq_epi8(over, _mm256_setzero_si256());
                    let others = std::arch::x86_64::_mm256_andnot_si256(digits, text);
                    _mm256_xor_si256(folded, _mm256_and_si256(others, inside))
                };
            }
        }
        // SAFETY: as above.
        mixed_of(
            unsafe {
                _mm_xor_si128(_mm256_castsi256_si128(folded), _mm256_extracti128_si256::<1>(folded))
            },
            frame.len(),
        )
    }

    #[inline(always)]
    pub(super) fn is_within(self, frame: Padded<'_>, ranges: &Ranges) -> bool {
        let (blocks, _) = frame.raw().as_chunks::<32>();
        let (least, _) = ranges.least.as_chunks::<32>();
        let (room, _) = ranges.room.as_chunks::<32>();
        // SAFETY: AVX2 is there, as the kernel says.
        let mut over = unsafe { _mm256_setzero_si256() };
        let count = frame.len().div_ceil(32);
        for ((block, least), room) in blocks.iter().zip(least).zip(room).take(count) {
            // SAFETY: as above; all three are thirty-two bytes and the loads need no alignment.
            over = unsafe {
                let text = _mm256_loadu_si256(block.as_ptr().cast());
                let above = _mm256_sub_epi8(text, _mm256_loadu_si256(least.as_ptr().cast()));
                let room = _mm256_loadu_si256(room.as_ptr().cast());
                _mm256_or_si256(over, _mm256_xor_si256(_mm256_min_epu8(above, room), above))
            };
        }
        // SAFETY: as above.
        unsafe { _mm256_movemask_epi8(_mm256_cmpeq_epi8(over, _mm256_setzero_si256())) == -1 }
    }

    #[inline(always)]
    pub(super) fn read_four(self, text: &[u8], lanes: &Lanes) -> Option<[i64; 4]> {
        let has = Has(());
        let low = has.load16s(lanes.text(text, 0)?, lanes.text(text, 1)?);
        let high = has.load16s(lanes.text(text, 2)?, lanes.text(text, 3)?);
        let mut four = [0; 4];
        for (n, text) in [low, high].into_iter().enumerate() {
            let control = has.load16s(&lanes.control[2 * n], &lanes.control[2 * n + 1]);
            // SAFETY: AVX2 is there, as the kernel says.
            unsafe {
                let values = _mm256_xor_si256(text, _mm256_set1_epi8(0x30));
                let digits = _mm256_shuffle_epi8(values, control);
                let tens = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
                let hundreds = _mm256_madd_epi16(tens, _mm256_set1_epi32(0x0001_0064));
                let packed = _mm256_packus_epi32(hundreds, hundreds);
                let eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x0001_2710));
                let upper = _mm256_mul_epu32(eights, _mm256_set1_epi64x(100_000_000));
                let value = _mm256_add_epi64(upper, _mm256_srli_epi64::<32>(eights));
                four[2 * n] = _mm256_extract_epi64::<0>(value);
                four[2 * n + 1] = _mm256_extract_epi64::<2>(value);
            }
        }
        Some(four)
    }
}

impl Avx512 {
    #[inline(always)]
    pub(super) fn sketch_of(self, frame: Padded<'_>) -> u64 {
        let (blocks, _) = frame.raw().as_chunks::<64>();
        // SAFETY: AVX-512 BW is there, as the kernel says.
        let mut folded = unsafe { _mm512_setzero_si512() };
        for (n, block) in blocks.iter().take(frame.len().div_ceil(64)).enumerate() {
            let inside = inside_frame(frame.len(), n * 64);
            // SAFETY: as above; a block is sixty-four bytes and the load needs no alignment.
            folded = unsafe {
                let text = _mm512_loadu_si512(block.as_ptr().cast());
                let values = _mm512_sub_epi8(text, _mm512_set1_epi8(b'0' as i8));
                let others = _mm512_cmpgt_epu8_mask(values, _mm512_set1_epi8(9));
                _mm512_xor_si512(folded, _mm512_maskz_mov_epi8(others & inside, text))
            };
        }
        // SAFETY: as above.
        let halves = unsafe {
            let low = _mm512_castsi512_si256(folded);
            _mm256_xor_si256(low, _mm512_extracti64x4_epi64::<1>(folded))
        };
        // SAFETY: AVX2 comes with AVX-512.
        mixed_of(
            unsafe {
                _mm_xor_si128(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves))
            },
            frame.len(),
        )
    }

    #[inline(always)]
    pub(super) fn is_within(self, frame: Padded<'_>, ranges: &Ranges) -> bool {
        let (blocks, _) = frame.raw().as_chunks::<64>();
        let (least, _) = ranges.least.as_chunks::<64>();
        let (room, _) = ranges.room.as_chunks::<64>();
        let mut over = 0;
        let count = frame.len().div_ceil(64);
        for ((block, least), room) in blocks.iter().zip(least).zip(room).take(count) {
            // SAFETY: AVX-512 BW is there, as the kernel says; all three are sixty-four bytes and the
            // loads need no alignment.
            over |= unsafe {
                let text = _mm512_loadu_si512(block.as_ptr().cast());
                let above = _mm512_sub_epi8(text, _mm512_loadu_si512(least.as_ptr().cast()));
                _mm512_cmpgt_epu8_mask(above, _mm512_loadu_si512(room.as_ptr().cast()))
            };
        }
        over == 0
    }

    #[inline(always)]
    pub(super) fn read_four(self, text: &[u8], lanes: &Lanes) -> Option<[i64; 4]> {
        let has = Has(());
        let low = has.load16s(lanes.text(text, 0)?, lanes.text(text, 1)?);
        let high = has.load16s(lanes.text(text, 2)?, lanes.text(text, 3)?);
        let mut four = [0; 4];
        // SAFETY: AVX-512 BW and VL are there, as the kernel says; the control is sixty-four bytes,
        // `four` is thirty-two, and neither load nor store needs an alignment.
        unsafe {
            let text = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
            let values = _mm512_xor_si512(text, _mm512_set1_epi8(0x30));
            let control = _mm512_loadu_si512(lanes.control.as_ptr().cast());
            let digits = _mm512_shuffle_epi8(values, control);
            let tens = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010A));
            let hundreds = _mm512_madd_epi16(tens, _mm512_set1_epi32(0x0001_0064));
            let packed = _mm512_packus_epi32(hundreds, hundreds);
            let eights = _mm512_madd_epi16(packed, _mm512_set1_epi32(0x0001_2710));
            let upper = _mm512_mul_epu32(eights, _mm512_set1_epi64(100_000_000));
            let value = _mm512_add_epi64(upper, _mm512_srli_epi64::<32>(eights));
            let value = _mm512_maskz_compress_epi64(0b0101_0101, value);
            _mm256_storeu_si256(four.as_mut_ptr().cast(), _mm512_castsi512_si256(value));
        }
        Some(four)
    }
}

#[inline(always)]
fn mixed_of(folded: __m128i, len: usize) -> u64 {
    // SAFETY: SSE4.1 comes with AVX2, without which there is no caller.
    let (low, high) = unsafe { (_mm_extract_epi64::<0>(folded), _mm_extract_epi64::<1>(folded)) };
    mixed(low as u64, high as u64, len)
}
