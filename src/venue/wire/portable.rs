//! The kernel for any 64-bit machine: eight bytes at a time in general registers.
//!
//! After D. Lemire, "Faster integer parsing with SIMD within a register" (2022), and the classic
//! zero-byte test (H. Warren, Hacker's Delight, 6-1) in its exact form.

use super::kernel::{Kernel, Span};
use super::padded::Padded;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
pub(super) const POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut n = 1;
    while n < 19 {
        powers[n] = powers[n - 1] * 10;
        n += 1;
    }
    powers
};

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

impl Kernel for Portable {
    #[inline(always)]
    fn index(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
        let mut count = 0;
        let (words, tail) = frame.text().as_chunks::<8>();
        let mut last = [b' '; 8];
        last[..tail.len()].copy_from_slice(tail);
        for (n, word) in words.iter().chain(std::iter::once(&last)).enumerate() {
            let word = u64::from_le_bytes(*word);
            let below = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
            if below | (word & HIGH) | zero_bytes(word ^ (ONES * u64::from(b'\\'))) != 0 {
                return None;
            }
            let mut marks = zero_bytes(word ^ (ONES * u64::from(b'"')));
            while marks != 0 {
                *quotes.get_mut(count)? = (n * 8) as u16 + (marks.trailing_zeros() / 8) as u16;
                count += 1;
                marks &= marks - 1;
            }
        }
        Some(count)
    }

    #[inline(always)]
    fn decimal(self, frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64> {
        let (high, low) = right_aligned(frame, span)?;
        let dots = [
            zero_bytes(high ^ (ONES * u64::from(b'.'))),
            zero_bytes(low ^ (ONES * u64::from(b'.'))),
        ];
        if dots[0] | dots[1] == 0 {
            return scaled(sixteen_digits(high, low)?, 0, decimals);
        }
        // Bytes after the point; the point and what is before it move up by one.
        let fraction = if dots[1] != 0 {
            7 - (dots[1].trailing_zeros() / 8) as usize
        } else {
            15 - (dots[0].trailing_zeros() / 8) as usize
        };
        if fraction == 0 || fraction + 2 > span.len {
            return None;
        }
        let text = (u128::from(low) << 64) | u128::from(high);
        let keep = !0_u128 << (8 * (16 - fraction));
        let closed = (text & keep) | (((text << 8) | u128::from(b'0')) & !keep);
        let value = sixteen_digits(closed as u64, (closed >> 64) as u64)?;
        scaled(value, fraction as u8, decimals)
    }

    #[inline(always)]
    fn whole(self, frame: Padded<'_>, span: Span) -> Option<u64> {
        let (high, low) = right_aligned(frame, span)?;
        sixteen_digits(high, low).map(|value| value as u64)
    }
}

/// A value with `fraction` decimals in units of 10^-`decimals`; `None` where it is finer.
#[inline(always)]
pub(super) fn scaled(value: i64, fraction: u8, decimals: u8) -> Option<i64> {
    if fraction == decimals {
        return Some(value);
    }
    if fraction < decimals {
        if value == 0 {
            return Some(0);
        }
        return value.checked_mul(*POWERS.get(usize::from(decimals - fraction))?);
    }
    let unit = *POWERS.get(usize::from(fraction - decimals))?;
    (value % unit == 0).then(|| value / unit)
}

/// The marks `0x80` at every byte of `word` that is zero; exact, no borrow runs into a neighbour.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    !(((word & !HIGH) + !HIGH) | word | !HIGH)
}

/// The text of `span` at the end of sixteen bytes, with `0` before it: first eight, last eight.
#[inline(always)]
fn right_aligned(frame: Padded<'_>, span: Span) -> Option<(u64, u64)> {
    if span.len == 0 || span.len > 16 {
        return None;
    }
    let from = span.end.checked_sub(16)?;
    let bytes: [u8; 16] = frame.raw().get(from..span.end)?.try_into().ok()?;
    let text = u128::from_le_bytes(bytes);
    let keep = !0_u128 << (8 * (16 - span.len));
    let zeros = u128::from_le_bytes([b'0'; 16]);
    let text = (text & keep) | (zeros & !keep);
    Some((text as u64, (text >> 64) as u64))
}

/// Sixteen ASCII digits as a number; `None` where one is no digit.
#[inline(always)]
fn sixteen_digits(high: u64, low: u64) -> Option<i64> {
    Some(eight_digits(high)? * 100_000_000 + eight_digits(low)?)
}

#[inline(always)]
fn eight_digits(text: u64) -> Option<i64> {
    let digits = text ^ (ONES * u64::from(b'0'));
    if (digits | (digits.wrapping_add(ONES * 0x76))) & HIGH != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some(((fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF) as i64)
}
