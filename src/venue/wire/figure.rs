//! Writing a number into a place of fixed width, without a branch on its length.
//!
//! In: whole units of 10^-`decimals`. Out: 24 bytes, the number at their right end with exactly
//! that many decimals, blanks on the left: JSON permits blanks before a value. A quoted number
//! brings its opening quotation mark along; the closing one stands behind the place.
//! Never: a float, a rounding, an exponent.

use crate::limits;

/// Bytes of a place: 19 digits of an `i64`, point, sign, quotation mark, and a whole number of words.
pub const FIGURE_BYTES: usize = 24;

/// Little-endian words of a place: the first byte in memory is the lowest.
type Words = [u64; FIGURE_BYTES / 8];

/// Entries of a table by length: a power of two, so that an index is a mask.
const LENGTHS: usize = 32;

/// By the length of a number: the bytes of a place that it takes.
static KEEP: [Words; LENGTHS] = table(0, 0, 0xFF);

/// By the length of a bare number: what stands before it.
static BLANKS: [Words; LENGTHS] = table(b' ', b' ', 0);

/// By the length of a quoted number: what stands before it.
static QUOTED: [Words; LENGTHS] = table(b' ', b'"', 0);

/// Powers of ten, by the digits of the numbers below.
static POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut n = 1;
    while n < powers.len() {
        powers[n] = powers[n - 1] * 10;
        n += 1;
    }
    powers
};

/// How the prices or the quantities of an instrument are written.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Bytes that stay where the digits are: the fraction.
    fraction: Words,
    /// Bytes that digits move into by one place, to leave room for the point.
    whole: Words,
    /// The point.
    point: Words,
    /// Digits that are always written: the fraction, and one before the point.
    digits_min: u32,
    /// One where there is a point.
    point_bytes: u32,
    before: &'static [Words; LENGTHS],
}

impl Figure {
    /// As JSON writes numbers: `     64525.1`.
    pub fn bare(decimals: u8) -> Figure {
        Figure::new(decimals, &BLANKS)
    }

    /// As text but for its closing quotation mark: `    "64525.1`.
    pub fn quoted(decimals: u8) -> Figure {
        Figure::new(decimals, &QUOTED)
    }

    fn new(decimals: u8, before: &'static [Words; LENGTHS]) -> Figure {
        assert!(decimals <= limits::DECIMALS_MAX, "decimals of an instrument are bounded");
        let point_at = FIGURE_BYTES - 1 - usize::from(decimals);
        let has_point = decimals > 0;
        let mask = |is: &dyn Fn(usize) -> bool, byte: u8| {
            let mut bytes = [0; FIGURE_BYTES];
            for (at, place) in bytes.iter_mut().enumerate() {
                *place = if is(at) { byte } else { 0 };
            }
            words(&bytes)
        };
        Figure {
            fraction: mask(&|at| !has_point || at > point_at, 0xFF),
            whole: mask(&|at| has_point && at < point_at, 0xFF),
            point: mask(&|at| has_point && at == point_at, b'.'),
            digits_min: u32::from(decimals) + 1,
            point_bytes: u32::from(has_point),
            before,
        }
    }

    /// The text of a place. A negative number gets its sign, so that it is refused as what it is.
    #[inline(always)]
    pub fn text(&self, units: i64) -> [u8; FIGURE_BYTES] {
        let mut text = self.unsigned(units.unsigned_abs(), u32::from(units < 0));
        if units < 0 {
            let digits = digits_in(units.unsigned_abs()).max(self.digits_min);
            text[FIGURE_BYTES - 1 - (digits + self.point_bytes) as usize] = b'-';
        }
        text
    }

    /// The same of a number that has no sign, with `room` bytes left before its digits.
    #[inline(always)]
    pub fn unsigned(&self, units: u64, room: u32) -> [u8; FIGURE_BYTES] {
        let [a, b, c] = digits(units);
        let moved = [a >> 8 | b << 56, b >> 8 | c << 56, c >> 8];
        let length = digits_in(units).max(self.digits_min) + self.point_bytes + room;
        let keep = &KEEP[length as usize % LENGTHS];
        let before = &self.before[length as usize % LENGTHS];
        let mut text = [0; FIGURE_BYTES];
        let (places, _) = text.as_chunks_mut::<8>();
        for (n, digits) in [a, b, c].into_iter().enumerate() {
            let number = digits & self.fraction[n] | moved[n] & self.whole[n] | self.point[n];
            places[n] = (number & keep[n] | before[n]).to_le_bytes();
        }
        text
    }
}

/// Decimal digits of a number, at least one.
#[inline(always)]
fn digits_in(number: u64) -> u32 {
    let bits = u64::BITS - (number | 1).leading_zeros();
    // 1233 / 4096 is the logarithm of two to the base of ten, close enough for 64 bits.
    let digits = bits * 1_233 >> 12;
    digits + u32::from(number >= POWERS[digits as usize % POWERS.len()] || number == 0)
}

/// 24 digits, leading zeros written.
#[inline(always)]
fn digits(number: u64) -> Words {
    const EIGHT: u64 = 100_000_000;
    let (upper, lower) = (number / EIGHT, number % EIGHT);
    if upper == 0 {
        // Nearly every price and quantity; the branch is always taken or never.
        return [ZEROS, ZEROS, eight_digits(lower)];
    }
    [eight_digits(upper / EIGHT), eight_digits(upper % EIGHT), eight_digits(lower)]
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Eight digits of a number below 10^8, the first one lowest. Halves, quarters and eighths of the
/// word are divided at once, by multiplication (after P. Khuong, "How to print integers really
/// fast", 2017).
#[inline(always)]
fn eight_digits(number: u64) -> u64 {
    let fours = number / 10_000 | (number % 10_000) << 32;
    let hundreds = (fours * 10_486 >> 20) & 0x0000_007F_0000_007F;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = (twos * 103 >> 10) & 0x000F_000F_000F_000F;
    (tens | (twos - 10 * tens) << 8) + ZEROS
}

/// What stands in a place beside a number, by its length.
const fn table(before: u8, last: u8, inside: u8) -> [Words; LENGTHS] {
    let mut table = [[0; 3]; LENGTHS];
    let mut length = 0;
    while length < FIGURE_BYTES {
        let mut bytes = [inside; FIGURE_BYTES];
        let mut at = 0;
        while at + length < FIGURE_BYTES {
            bytes[at] = if at + length + 1 == FIGURE_BYTES { last } else { before };
            at += 1;
        }
        table[length] = words(&bytes);
        length += 1;
    }
    table
}

const fn words(bytes: &[u8; FIGURE_BYTES]) -> Words {
    let mut words = [0; 3];
    let mut at = 0;
    while at < FIGURE_BYTES {
        words[at / 8] |= (bytes[at] as u64) << (8 * (at % 8));
        at += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::render;
    use proptest::prelude::*;

    fn written(figure: Figure, units: i64) -> String {
        String::from_utf8(figure.text(units).to_vec()).unwrap()
    }

    #[test]
    fn a_number_stands_at_the_right_end_of_its_place() {
        assert_eq!(written(Figure::bare(1), 645_251), "                 64525.1");
        assert_eq!(written(Figure::quoted(1), 645_251), "                \"64525.1");
        assert_eq!(written(Figure::quoted(8), 10), "             \"0.00000010");
        assert_eq!(written(Figure::bare(0), 7), "                       7");
        assert_eq!(written(Figure::bare(0), -7), "                      -7");
        assert_eq!(written(Figure::quoted(2), -1_050), "                 \"-10.50");
    }

    #[test]
    fn the_widest_numbers_fit() {
        for decimals in 0..=limits::DECIMALS_MAX {
            for units in [0, 1, -1, i64::MAX, i64::MIN + 1] {
                let text = written(Figure::quoted(decimals), units);
                assert_eq!(text.trim_start(), format!("\"{}", render(units, decimals)));
            }
        }
        // Whose plain negation would overflow.
        assert_eq!(written(Figure::quoted(18), i64::MIN), "  \"-9.223372036854775808");
    }

    #[test]
    fn a_count_has_no_sign() {
        let text = Figure::bare(0).unsigned(u64::MAX, 0);
        assert_eq!(text.trim_ascii_start(), u64::MAX.to_string().as_bytes());
    }

    proptest! {
        #[test]
        fn every_number_is_written_as_the_plain_way_writes_it(
            units in any::<i64>(), shift in 0_u32..63, decimals in 0_u8..=18,
        ) {
            let units = (units >> shift).max(i64::MIN + 1);
            let bare = written(Figure::bare(decimals), units);
            prop_assert_eq!(bare.trim_start_matches(' '), &render(units, decimals));
            let quoted = written(Figure::quoted(decimals), units);
            prop_assert_eq!(quoted.trim_start_matches(' '), &format!("\"{}", render(units, decimals)));
        }
    }
}
