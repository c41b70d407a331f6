//! The steps of a learned template: bits of a block, bytes out of range, four numbers at once.
//!
//! In: blocks of a frame. Out: what the plain forms in [`Kernel`] give.
//! Never: a look for anything; the places are known.
//!
//! [`Kernel`]: super::super::kernel::Kernel

use std::arch::x86_64::{
    __m128i, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_loadu_si128, _mm256_add_epi64,
    _mm256_and_si256, _mm256_castsi128_si256, _mm256_castsi256_si128, _mm256_cmpeq_epi8,
    _mm256_extract_epi64, _mm256_extracti128_si256, _mm256_inserti128_si256, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_mul_epu32, _mm256_packus_epi32, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_shuffle_epi8, _mm256_srli_epi64, _mm256_sub_epi8, _mm256_xor_si256,
    _mm512_add_epi64, _mm512_castsi256_si512, _mm512_castsi512_si256, _mm512_cmpgt_epu8_mask,
    _mm512_inserti64x4, _mm512_loadu_si512, _mm512_madd_epi16, _mm512_maddubs_epi16,
    _mm512_maskz_compress_epi64, _mm512_mul_epu32, _mm512_packus_epi32, _mm512_set1_epi8,
    _mm512_set1_epi16, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_shuffle_epi8,
    _mm512_srli_epi64, _mm512_sub_epi8, _mm512_test_epi8_mask, _mm512_xor_si512,
};

use super::super::lanes::Lanes;
use super::super::padded::Padded;
use super::number::Has;
use super::set::{Avx2, Avx512};

impl Avx2 {
    #[inline(always)]
    pub(super) fn bits_of(self, block: &[u8; 64], of: u8) -> u64 {
        let (halves, _) = block.as_chunks::<32>();
        let mut without = [0_u64; 2];
        for (half, without) in halves.iter().zip(&mut without) {
            // SAFETY: AVX2 is there, as the kernel says; a half is thirty-two bytes and the load
            // needs no alignment.
            *without = unsafe {
                let of = _mm256_set1_epi8(of as i8);
                let found = _mm256_and_si256(_mm256_loadu_si256(half.as_ptr().cast()), of);
                u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(found, of)) as u32)
            };
        }
        without[0] | without[1] << 32
    }

    #[inline(always)]
    pub(super) fn out_of_range(self, block: &[u8; 64], least: &[u8; 64], room: &[u8; 64]) -> u64 {
        let (blocks, _) = block.as_chunks::<32>();
        let (least, _) = least.as_chunks::<32>();
        let (room, _) = room.as_chunks::<32>();
        let mut over = 0;
        for ((block, least), room) in blocks.iter().zip(least).zip(room) {
            // SAFETY: AVX2 is there, as the kernel says; all three are thirty-two bytes and the
            // loads need no alignment.
            over |= unsafe {
                let text = _mm256_loadu_si256(block.as_ptr().cast());
                let above = _mm256_sub_epi8(text, _mm256_loadu_si256(least.as_ptr().cast()));
                let room = _mm256_loadu_si256(room.as_ptr().cast());
                let within = _mm256_cmpeq_epi8(_mm256_min_epu8(above, room), above);
                !_mm256_movemask_epi8(within) as u32
            };
        }
        u64::from(over)
    }

    #[inline(always)]
    pub(super) fn read_four(self, frame: Padded<'_>, lanes: &Lanes) -> Option<[i64; 4]> {
        let texts = four_texts(frame, lanes)?;
        let mut four = [0; 4];
        for n in [0, 2] {
            let control = Has(()).load16s(lanes.control(n), lanes.control(n + 1));
            // SAFETY: AVX2 is there, as the kernel says.
            unsafe {
                let text = _mm256_castsi128_si256(texts[n]);
                let text = _mm256_inserti128_si256::<1>(text, texts[n + 1]);
                let values = _mm256_xor_si256(text, _mm256_set1_epi8(0x30));
                let digits = _mm256_shuffle_epi8(values, control);
                let tens = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
                let hundreds = _mm256_madd_epi16(tens, _mm256_set1_epi32(0x0001_0064));
                let packed = _mm256_packus_epi32(hundreds, hundreds);
                let eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x0001_2710));
                let upper = _mm256_mul_epu32(eights, _mm256_set1_epi64x(100_000_000));
                let value = _mm256_add_epi64(upper, _mm256_srli_epi64::<32>(eights));
                four[n] = _mm256_extract_epi64::<0>(value);
                four[n + 1] = _mm256_extract_epi64::<2>(value);
            }
        }
        Some(four)
    }
}

impl Avx512 {
    #[inline(always)]
    pub(super) fn bits_of(self, block: &[u8; 64], of: u8) -> u64 {
        // SAFETY: AVX-512 BW is there, as the kernel says; a block is sixty-four bytes and the load
        // needs no alignment.
        unsafe {
            let text = _mm512_loadu_si512(block.as_ptr().cast());
            _mm512_test_epi8_mask(text, _mm512_set1_epi8(of as i8))
        }
    }

    #[inline(always)]
    pub(super) fn out_of_range(self, block: &[u8; 64], least: &[u8; 64], room: &[u8; 64]) -> u64 {
        // SAFETY: AVX-512 BW is there, as the kernel says; all three are sixty-four bytes and the
        // loads need no alignment.
        unsafe {
            let text = _mm512_loadu_si512(block.as_ptr().cast());
            let above = _mm512_sub_epi8(text, _mm512_loadu_si512(least.as_ptr().cast()));
            _mm512_cmpgt_epu8_mask(above, _mm512_loadu_si512(room.as_ptr().cast()))
        }
    }

    #[inline(always)]
    pub(super) fn read_four(self, frame: Padded<'_>, lanes: &Lanes) -> Option<[i64; 4]> {
        let [first, second, third, fourth] = four_texts(frame, lanes)?;
        // SAFETY: AVX-512 BW is there, and AVX2 with it, as the kernel says; the controls are
        // sixty-four bytes and the load needs no alignment.
        unsafe {
            let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(first), second);
            let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(third), fourth);
            let text = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
            let values = _mm512_xor_si512(text, _mm512_set1_epi8(0x30));
            let control = _mm512_loadu_si512(lanes.controls().as_ptr().cast());
            let digits = _mm512_shuffle_epi8(values, control);
            let tens = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010A));
            let hundreds = _mm512_madd_epi16(tens, _mm512_set1_epi32(0x0001_0064));
            let packed = _mm512_packus_epi32(hundreds, hundreds);
            let eights = _mm512_madd_epi16(packed, _mm512_set1_epi32(0x0001_2710));
            let upper = _mm512_mul_epu32(eights, _mm512_set1_epi64(100_000_000));
            let value = _mm512_add_epi64(upper, _mm512_srli_epi64::<32>(eights));
            let four = _mm512_castsi512_si256(_mm512_maskz_compress_epi64(0b0101_0101, value));
            let (low, high) = (_mm256_castsi256_si128(four), _mm256_extracti128_si256::<1>(four));
            Some([
                _mm_cvtsi128_si64(low),
                _mm_extract_epi64::<1>(low),
                _mm_cvtsi128_si64(high),
                _mm_extract_epi64::<1>(high),
            ])
        }
    }
}

/// The sixteen bytes of each number; `None` where they are not all within the frame.
#[inline(always)]
fn four_texts(frame: Padded<'_>, lanes: &Lanes) -> Option<[__m128i; 4]> {
    let text = frame.text();
    if lanes.reach() > text.len() {
        return None;
    }
    let load = |n: usize| {
        // SAFETY: `from` is sixteen or more below `reach`, which is within the frame.
        let first = unsafe { text.as_ptr().add(lanes.from(n)) };
        // SAFETY: so sixteen bytes from there on are within it; the load needs no alignment.
        unsafe { _mm_loadu_si128(first.cast()) }
    };
    Some([load(0), load(1), load(2), load(3)])
}
