//! Two levels at once: four numbers and the eight quotation marks around them.
//!
//! In: the places of eight quotation marks in a row. Out: two levels.
//! Never: a level that is not `["1.5","2"]` with the usual decimals; that is for
//! [`super::levels`], one at a time.

use std::arch::x86_64::{
    __m128i, __m512i, _mm_bsrli_si128, _mm_loadu_si128, _mm_mask_cmpgt_epu16_mask,
    _mm_mask_cmpneq_epu16_mask, _mm_set_epi16, _mm_srli_epi32, _mm_sub_epi16, _mm256_storeu_si256,
    _mm512_add_epi64, _mm512_broadcast_i32x4, _mm512_castsi256_si512, _mm512_castsi512_si256,
    _mm512_cmplt_epu8_mask, _mm512_inserti64x4, _mm512_loadu_si512, _mm512_madd_epi16,
    _mm512_maddubs_epi16, _mm512_mask_cmpgt_epu8_mask, _mm512_maskz_compress_epi64,
    _mm512_maskz_sub_epi8, _mm512_mul_epu32, _mm512_packus_epi32, _mm512_set1_epi8,
    _mm512_set1_epi16, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_shuffle_epi8,
    _mm512_srli_epi64, _mm512_sub_epi8,
};
use std::mem::MaybeUninit;

use super::super::kernel::Shape;
use super::super::padded::Padded;
use super::levels::{around, unusual_level};
use super::number::{Has, WITHOUT_POINT};
use crate::event::Level;

/// What stays the same for all levels of one instrument: loaded once, kept in registers. Price and
/// quantity take turns.
#[derive(Clone, Copy)]
pub(super) struct Wide {
    /// What each byte is at least, and how much above it may be: digits, and points in their place.
    least: __m512i,
    room: __m512i,
    /// Takes the points out.
    control: __m512i,
    /// One more than the bytes that each number has at least, and how many more it may have.
    shortest: __m128i,
    longer: __m128i,
}

/// By byte of a number's sixteen: how long the number must be for the byte to belong to it.
static NEEDED: [u8; 64] = {
    let mut needed = [0; 64];
    let mut n = 0;
    while n < 64 {
        needed[n] = 16 - (n % 16) as u8;
        n += 1;
    }
    needed
};

/// Brings the length of each number into all of its bytes.
static SPREAD: [u8; 64] = {
    let mut spread = [0; 64];
    let mut n = 0;
    while n < 64 {
        spread[n] = (n / 16 * 4) as u8;
        n += 1;
    }
    spread
};

/// The usual form of one number.
#[repr(C, align(64))]
struct Form {
    least: [u8; 16],
    room: [u8; 16],
    control: [u8; 16],
    shortest: i16,
}

/// By decimals.
static FORMS: [Form; DECIMALS] = {
    let mut forms = [const { Form::new(0) }; DECIMALS];
    let mut decimals = 1;
    while decimals < DECIMALS {
        forms[decimals] = Form::new(decimals);
        decimals += 1;
    }
    forms
};

/// Counts of decimals with which a number has room for its point and a digit before it.
const DECIMALS: usize = 14;

impl Form {
    const fn new(decimals: usize) -> Form {
        let mut form =
            Form { least: [b'0'; 16], room: [9; 16], control: WITHOUT_POINT[16], shortest: 1 };
        if decimals > 0 {
            let point = 15 - decimals;
            form.least[point] = b'.';
            form.room[point] = 0;
            form.control = WITHOUT_POINT[point];
            form.shortest = decimals as i16 + 2;
        }
        form
    }
}

/// Reads levels from the first mark on into `out`: how many, and whether they end as a side does.
///
/// A function of its own, so that all of [`Wide`] stays in registers.
#[inline(never)]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl")]
pub(super) fn levels(
    frame: Padded<'_>,
    marks: &[u16],
    shape: Shape,
    out: &mut [MaybeUninit<Level>],
) -> (usize, bool) {
    let (Some(wide), Some(first)) = (Wide::new(shape), marks.first()) else {
        return (0, false);
    };
    let (mut expected, mut rest, mut count) = (usize::from(*first), marks, 0);
    loop {
        let more;
        if let Some((eight, behind)) = rest.split_first_chunk::<8>()
            && let Some(room) = out.get_mut(count..).and_then(<[_]>::first_chunk_mut::<2>)
            && let Some(found) = wide.two(frame, eight, expected, room)
        {
            (expected, rest) = (usize::from(eight[7]) + 4, behind);
            count += found.0;
            more = found.1;
        } else if let Some((four, behind)) = rest.split_first_chunk::<4>()
            && let Some(room) = out.get_mut(count)
            && let Some(found) = unusual_level(frame, *four, expected, shape)
        {
            (expected, rest) = (usize::from(four[3]) + 4, behind);
            room.write(found.0);
            count += 1;
            more = found.1;
        } else {
            return (count, false);
        }
        if !more {
            return (count, true);
        }
    }
}

impl Wide {
    /// `None` where a number of so many decimals has no room for its point.
    #[inline(always)]
    pub(super) fn new(shape: Shape) -> Option<Wide> {
        let price = FORMS.get(usize::from(shape.price))?;
        let qty = FORMS.get(usize::from(shape.qty))?;
        let load = |price: &[u8; 16], qty: &[u8; 16]| {
            let pair = Has(()).load16s(price, qty);
            // SAFETY: a kernel with AVX-512 is needed to come here.
            unsafe { _mm512_inserti64x4::<1>(_mm512_castsi256_si512(pair), pair) }
        };
        let (p, q) = (price.shortest, qty.shortest);
        Some(Wide {
            least: load(&price.least, &qty.least),
            room: load(&price.room, &qty.room),
            control: load(&price.control, &qty.control),
            // SAFETY: as above.
            shortest: unsafe { _mm_set_epi16(0, q + 1, 0, p + 1, 0, q + 1, 0, p + 1) },
            // SAFETY: as above.
            longer: unsafe { _mm_set_epi16(0, 16 - q, 0, 16 - p, 0, 16 - q, 0, 16 - p) },
        })
    }

    /// Reads two levels of which the first begins at `expected`, or one if it is the last: how
    /// many, and whether another follows. `None` where they are not as usual.
    #[inline(always)]
    pub(super) fn two(
        &self,
        frame: Padded<'_>,
        marks: &[u16; 8],
        expected: usize,
        out: &mut [MaybeUninit<Level>; 2],
    ) -> Option<(usize, bool)> {
        let [open, price_at, _, qty_at, _, price_2_at, _, qty_2_at] = marks.map(usize::from);
        let (price, qty) = (around(frame, price_at)?, around(frame, qty_at)?);
        let between = u32::from_le_bytes(*b"\",\"\0");
        let behind = u32::from_le_bytes(*b"\"],[");
        // All ones where there is a second level; else the first is read twice. A mask and no
        // branch, since whether a side has an odd number of levels cannot be predicted.
        let second = 0_usize.wrapping_sub(usize::from(qty.1 == behind));
        let price_2 = around(frame, price_at ^ ((price_at ^ price_2_at) & second))?;
        let qty_2 = around(frame, qty_at ^ ((qty_at ^ qty_2_at) & second))?;
        if open != expected || ((price.1 ^ between) | (price_2.1 ^ between)) << 8 != 0 {
            return None;
        }
        let (inside_2, of_lens, of_gaps) = (
            second as u64 | 0xFFFF_FFFF,
            second as u8 & 0b0101_0000 | 0b0101,
            second as u8 & 0b0001_0100 | 0b0001,
        );
        let low = Has(()).load16s(price.0, qty.0);
        let high = Has(()).load16s(price_2.0, qty_2.0);
        // SAFETY: a kernel with AVX-512 is needed to come here; marks are sixteen bytes, the tables
        // sixty-four, `out` is two levels of sixteen bytes each, and nothing needs an alignment.
        unsafe {
            let places = _mm_loadu_si128(marks.as_ptr().cast());
            // In every other place: one more than the length of a number, and what is between two.
            let lens = _mm_sub_epi16(_mm_srli_epi32::<16>(places), places);
            let places = _mm_bsrli_si128::<2>(places);
            let gaps = _mm_sub_epi16(_mm_srli_epi32::<16>(places), places);
            let long = _mm_sub_epi16(lens, self.shortest);
            let usual = _mm_set_epi16(0, 0, 0, 2, 0, 4, 0, 2);
            let wrong = _mm_mask_cmpgt_epu16_mask(of_lens, long, self.longer)
                | _mm_mask_cmpneq_epu16_mask(of_gaps, gaps, usual);
            let lens = _mm512_shuffle_epi8(
                _mm512_broadcast_i32x4(lens),
                _mm512_loadu_si512(SPREAD.as_ptr().cast()),
            );
            let inside =
                inside_2 & _mm512_cmplt_epu8_mask(_mm512_loadu_si512(NEEDED.as_ptr().cast()), lens);
            let low = _mm512_castsi256_si512(low);
            let text = _mm512_inserti64x4::<1>(low, high);
            let above = _mm512_sub_epi8(text, self.least);
            let over = _mm512_mask_cmpgt_epu8_mask(inside, above, self.room);
            if over | u64::from(wrong) != 0 {
                return None;
            }
            let values = _mm512_maskz_sub_epi8(inside, text, _mm512_set1_epi8(0x30));
            let digits = _mm512_shuffle_epi8(values, self.control);
            let tens = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010A));
            let hundreds = _mm512_madd_epi16(tens, _mm512_set1_epi32(0x0001_0064));
            let packed = _mm512_packus_epi32(hundreds, hundreds);
            let eights = _mm512_madd_epi16(packed, _mm512_set1_epi32(0x0001_2710));
            let upper = _mm512_mul_epu32(eights, _mm512_set1_epi64(100_000_000));
            let value = _mm512_add_epi64(upper, _mm512_srli_epi64::<32>(eights));
            let value = _mm512_maskz_compress_epi64(0b0101_0101, value);
            _mm256_storeu_si256(out.as_mut_ptr().cast(), _mm512_castsi512_si256(value));
        }
        Some((2 - usize::from(second == 0), second != 0 && qty_2.1 == behind))
    }
}
