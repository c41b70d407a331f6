//! Writing a number into a place of fixed width, without a branch on its length.
//!
//! In: whole units of 10^-`decimals`. Out: 24 bytes, the number at their right end with exactly
//! that many decimals, blanks on the left: JSON permits blanks before a value. A quoted number
//! brings its opening quotation mark along; the closing one stands behind the place.
//! Never: a float, a rounding, an exponent.

use crate::limits;

/// Bytes of a place: 19 digits of an `i64`, point, sign and quotation mark, and whole words.
pub(super) const FIGURE_BYTES: usize = 24;

/// Little-endian words of a place: the first byte in memory is the lowest.
type Words = [u64; FIGURE_BYTES / 8];

/// A place, in words.
pub type FigureText = [[u8; 8]; FIGURE_BYTES / 8];

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

/// By a number's last bit set: what carries its count of digits into the upper half of a word.
static CARRIES: [u64; 32] = {
    let mut carries = [0; 32];
    let mut bits = 0;
    let (mut digits, mut next) = (1, 10_u64);
    while bits < carries.len() {
        if next <= 1 << bits {
            digits += 1;
            next *= 10;
        }
        let splits = next < 2 << bits;
        carries[bits] = if splits { ((digits + 1) << 32) - next } else { digits << 32 };
        bits += 1;
    }
    carries
};

/// All of a place but the digits of a short number: one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Row {
    /// The first word.
    first: u64,
    /// The byte of the second word that the first of eight digits moves into, where it does.
    second_digit: u64,
    /// The rest of the second word.
    second: u64,
    /// Bytes of the third word where digits stay: the fraction.
    fraction: u64,
    /// Bytes of the third word that digits move into.
    whole: u64,
    /// The rest of the third word.
    third: u64,
}

/// Digits of the longest short number: a power of two, so that an index is a mask.
const SHORT: usize = 8;

/// Rows of one kind of figure, by decimals, then by digits.
type Rows = [[Row; SHORT]; limits::DECIMALS_MAX as usize + 1];

static BARE_ROWS: Rows = rows(b' ');

static QUOTED_ROWS: Rows = rows(b'"');

/// How the prices or the quantities of an instrument are written.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    rows: &'static [Row; SHORT],
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

/// What a large number began with when it was last written: of a time in milliseconds, all but the
/// last eight digits are the same for 28 hours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Upper {
    upper: u64,
    words: [[u8; 8]; 2],
}

impl Figure {
    /// As JSON writes numbers: `     64525.1`.
    pub fn bare(decimals: u8) -> Figure {
        Figure::new(decimals, &BARE_ROWS, &BLANKS)
    }

    /// As text but for its closing quotation mark: `    "64525.1`.
    pub fn quoted(decimals: u8) -> Figure {
        Figure::new(decimals, &QUOTED_ROWS, &QUOTED)
    }

    fn new(decimals: u8, rows: &'static Rows, before: &'static [Words; LENGTHS]) -> Figure {
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
            rows: &rows[usize::from(decimals)],
            fraction: mask(&|at| !has_point || at > point_at, 0xFF),
            whole: mask(&|at| has_point && at < point_at, 0xFF),
            point: mask(&|at| has_point && at == point_at, b'.'),
            digits_min: u32::from(decimals) + 1,
            point_bytes: u32::from(has_point),
            before,
        }
    }

    /// Writes a number into its place. A negative one gets its sign, so that it is refused as what
    /// it is.
    ///
    /// Each word goes from a register to where it belongs: a text that is handed on in memory is
    /// loaded in another width than it was stored in, and waits for that.
    #[inline(always)]
    pub fn write(&self, units: i64, place: &mut FigureText) {
        match u32::try_from(units) {
            Ok(units) if u64::from(units) < EIGHT => self.short(units, place),
            _ => self.long(units, place),
        }
    }

    /// The same for a number that has no sign.
    #[inline(always)]
    pub fn write_unsigned(&self, units: u64, place: &mut FigureText) {
        match u32::try_from(units) {
            Ok(units) if u64::from(units) < EIGHT => self.short(units, place),
            _ => self.wide(units, 0, place),
        }
    }

    /// The same for a number without a point, of which all but the last eight digits are nearly
    /// always those of the number before.
    #[inline(always)]
    pub fn write_again(&self, units: u64, memo: &mut Upper, place: &mut FigureText) {
        debug_assert_eq!(self.point_bytes, 0);
        let upper = units / EIGHT;
        if upper == 0 || upper != memo.upper {
            self.write_unsigned(units, place);
            *memo = Upper { upper, words: [place[0], place[1]] };
            return;
        }
        place[0] = memo.words[0];
        place[1] = memo.words[1];
        place[2] = eight_digits(units % EIGHT).to_le_bytes();
    }

    /// A number of at most eight digits, as most are: all but them is known.
    #[inline(always)]
    fn short(&self, units: u32, place: &mut FigureText) {
        let row = &self.rows[(short_digits_in(units) as usize - 1) % SHORT];
        let digits = eight_digits(u64::from(units));
        let second = digits << 56 & row.second_digit | row.second;
        let third = digits & row.fraction | digits >> 8 & row.whole | row.third;
        place[0] = row.first.to_le_bytes();
        place[1] = second.to_le_bytes();
        place[2] = third.to_le_bytes();
    }

    #[inline(never)]
    fn long(&self, units: i64, place: &mut FigureText) {
        self.wide(units.unsigned_abs(), u32::from(units < 0), place);
        if units < 0 {
            let length = digits_in(units.unsigned_abs()).max(self.digits_min) + self.point_bytes;
            let sign_at = FIGURE_BYTES - 1 - length as usize;
            place[sign_at / 8][sign_at % 8] = b'-';
        }
    }

    /// Any number, with room for a sign before it.
    #[inline(never)]
    fn wide(&self, units: u64, sign: u32, place: &mut FigureText) {
        let length = digits_in(units).max(self.digits_min) + self.point_bytes;
        let keep = &KEEP[length as usize % LENGTHS];
        let before = &self.before[(length + sign) as usize % LENGTHS];
        let [a, b, c] =
            [units / EIGHT / EIGHT, units / EIGHT % EIGHT, units % EIGHT].map(eight_digits);
        let moved = [a >> 8 | b << 56, b >> 8 | c << 56, c >> 8];
        for (n, digits) in [a, b, c].into_iter().enumerate() {
            let number = digits & self.fraction[n] | moved[n] & self.whole[n] | self.point[n];
            place[n] = (number & keep[n] | before[n]).to_le_bytes();
        }
    }
}

/// Decimal digits of a number, at least one.
#[inline(always)]
fn digits_in(number: u64) -> u32 {
    let bits = u64::BITS - (number | 1).leading_zeros();
    // 1233 / 4096 is the logarithm of two to the base of ten, close enough for 64 bits.
    let digits = (bits * 1_233) >> 12;
    digits + u32::from(number >= POWERS[digits as usize % POWERS.len()] || number == 0)
}

/// Decimal digits of a number below 10^8, at least one (after D. Lemire, "Computing the number of
/// digits of an integer even faster", 2021).
#[inline(always)]
fn short_digits_in(number: u32) -> u32 {
    let bits = (number | 1).ilog2();
    ((u64::from(number) + CARRIES[bits as usize]) >> 32) as u32
}

const EIGHT: u64 = 100_000_000;

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Eight digits of a number below 10^8, the first one lowest. Halves, quarters and eighths of the
/// word are divided at once, by multiplication (after P. Khuong, "How to print integers really
/// fast", 2017).
#[inline(always)]
fn eight_digits(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F;
    (tens | (twos - 10 * tens) << 8) + ZEROS
}

const fn rows(last: u8) -> Rows {
    let row = Row { first: 0, second_digit: 0, second: 0, fraction: 0, whole: 0, third: 0 };
    let mut rows = [[row; SHORT]; limits::DECIMALS_MAX as usize + 1];
    let mut decimals = 0;
    while decimals < rows.len() {
        let mut digits = 1;
        while digits <= SHORT {
            rows[decimals][digits - 1] = short_row(decimals, digits, last);
            digits += 1;
        }
        decimals += 1;
    }
    rows
}

const fn short_row(decimals: usize, digits: usize, last: u8) -> Row {
    let has_point = decimals > 0;
    let written = if digits > decimals { digits } else { decimals + 1 };
    let from = FIGURE_BYTES - written - has_point as usize;
    let point_at = FIGURE_BYTES - 1 - decimals;
    let (mut fixed, mut stays, mut moves) = ([0; 24], [0; 24], [0; 24]);
    let mut at = 0;
    while at < FIGURE_BYTES {
        let moved = has_point && at < point_at;
        if at + 1 == from {
            fixed[at] = last;
        } else if at < from {
            fixed[at] = b' ';
        } else if has_point && at == point_at {
            fixed[at] = b'.';
        } else if at + (moved as usize) < 16 {
            // Only the last eight digits are not zero.
            fixed[at] = b'0';
        } else if moved {
            moves[at] = 0xFF;
        } else {
            stays[at] = 0xFF;
        }
        at += 1;
    }
    let ([first, second, third], stays, moves) = (words(&fixed), words(&stays), words(&moves));
    Row { first, second_digit: moves[1], second, fraction: stays[2], whole: moves[2], third }
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
        let mut place = [[0; 8]; 3];
        figure.write(units, &mut place);
        String::from_utf8(place.as_flattened().to_vec()).unwrap()
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
        let mut place = [[0; 8]; 3];
        Figure::bare(0).write_unsigned(u64::MAX, &mut place);
        assert_eq!(place.as_flattened().trim_ascii_start(), u64::MAX.to_string().as_bytes());
    }

    #[test]
    fn a_number_that_goes_up_is_written_as_one_that_is_new() {
        let (figure, mut memo) = (Figure::bare(0), Upper::default());
        let times = [0, 5, 1_723_161_255_343, 1_723_161_255_350, 1_723_200_000_000, 99_999_999];
        for units in times {
            let (mut again, mut new) = ([[0; 8]; 3], [[0; 8]; 3]);
            figure.write_again(units, &mut memo, &mut again);
            figure.write_unsigned(units, &mut new);
            assert_eq!(again, new, "{units}");
        }
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
            let expected = format!("\"{}", render(units, decimals));
            prop_assert_eq!(quoted.trim_start_matches(' '), &expected);
        }
    }
}
