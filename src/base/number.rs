//! Prices and quantities as whole numbers, and the exact way from decimal text to them.
//!
//! Never: a rounding. What does not fit the scale is an error with the text's own digits in it.

use std::fmt;

use crate::limits;

/// A price: a whole number of 10^-`price_decimals`, the scale of its instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Price(pub i64);

/// A quantity: a whole number of 10^-`qty_decimals`, the scale of its instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Qty(pub i64);

/// Which side of the market: of a book, of an order, or of a trade's taker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Side {
    /// Bids; buys.
    Buy = 0,
    /// Asks; sells.
    Sell = 1,
}

impl Side {
    /// The other side.
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

/// A decimal number as it stood in a text: `mantissa * 10^-scale`, exact.
///
/// `scale` is the count of digits after the point as written (trailing zeros included), after the
/// exponent has moved the point; it is what an instrument's precision is learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decimal {
    /// All digits as one signed whole number.
    pub mantissa: i64,
    /// Digits after the point.
    pub scale: u8,
}

/// Why a decimal text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not `[-]digits[.digits][(e|E)[+-]digits]`.
    #[error("not a decimal number")]
    Malformed,
    /// More digits than a 64-bit whole number holds.
    #[error("number needs more than 18 digits")]
    TooLong,
    /// Digits below the instrument's smallest unit.
    #[error("number is finer than the {0} decimals of its instrument")]
    TooFine(u8),
    /// A negative price or quantity.
    #[error("number is negative")]
    Negative,
}

/// Digits that an `i64` holds whatever they are.
const DIGITS_SURE: usize = 18;

/// Characters of a sum of money, at most.
const SUM_BYTES_MAX: usize = 64;

impl Decimal {
    /// Like [`Decimal::parse`], but digits behind the point that do not fit are cut off, so that it
    /// is nearer to zero: for sums of money, which some venues write with more digits than any
    /// price or quantity has.
    pub fn parse_cut(text: &[u8]) -> Result<Decimal, DecimalError> {
        match (Decimal::parse(text), text.iter().position(|byte| *byte == b'.')) {
            (Err(DecimalError::TooLong), Some(point)) if text.len() <= SUM_BYTES_MAX => {
                // Whole digits and all behind them that an i64 surely holds.
                let whole = text[..point].iter().filter(|byte| byte.is_ascii_digit()).count();
                let behind = DIGITS_SURE.saturating_sub(whole).max(1);
                let (kept, cut) = text.split_at((point + 1 + behind).min(text.len()));
                if cut.iter().all(u8::is_ascii_digit) {
                    Decimal::parse(kept)
                } else {
                    Err(DecimalError::TooLong)
                }
            }
            (parsed, _) => parsed,
        }
    }

    /// Reads `[-]digits[.digits][(e|E)[+-]digits]`, all of `text`.
    ///
    /// ```
    /// use neural_kraken::Decimal;
    /// let qty = Decimal::parse(b"0.77490540").unwrap();
    /// assert_eq!((qty.mantissa, qty.scale), (77_490_540, 8));
    /// assert_eq!(Decimal::parse(b"1e-08").unwrap().at(8), Ok(1));
    /// ```
    pub fn parse(text: &[u8]) -> Result<Decimal, DecimalError> {
        if text.len() > limits::DECIMAL_BYTES_MAX {
            return Err(DecimalError::TooLong);
        }
        let (negative, digits) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, text),
        };
        let (whole, rest) = split_digits(digits);
        let (fraction, rest) = match rest.split_first() {
            Some((b'.', rest)) => {
                let (fraction, rest) = split_digits(rest);
                if fraction.is_empty() {
                    return Err(DecimalError::Malformed);
                }
                (fraction, rest)
            }
            _ => (&[][..], rest),
        };
        if whole.is_empty() {
            return Err(DecimalError::Malformed);
        }
        let exponent = parse_exponent(rest)?;
        let mut mantissa: i64 = 0;
        for digit in whole.iter().chain(fraction) {
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(digit - b'0')))
                .ok_or(DecimalError::TooLong)?;
        }
        let mut scale = fraction.len() as i32 - exponent;
        while scale > i32::from(limits::DECIMALS_MAX) && mantissa % 10 == 0 {
            if mantissa == 0 {
                scale = i32::from(limits::DECIMALS_MAX);
                break;
            }
            mantissa /= 10;
            scale -= 1;
        }
        if scale > i32::from(limits::DECIMALS_MAX) {
            return Err(DecimalError::TooLong);
        }
        if scale < 0 {
            mantissa = if mantissa == 0 { 0 } else { shift_up(mantissa, (-scale) as u32)? };
            scale = 0;
        }
        Ok(Decimal { mantissa: if negative { -mantissa } else { mantissa }, scale: scale as u8 })
    }

    /// The number in whole units of 10^-`decimals`; refused, never rounded, where it is finer.
    pub fn at(self, decimals: u8) -> Result<i64, DecimalError> {
        if self.scale <= decimals {
            if self.mantissa == 0 {
                return Ok(0);
            }
            return shift_up(self.mantissa, u32::from(decimals - self.scale));
        }
        let unit = 10_i64.pow(u32::from((self.scale - decimals).min(limits::DECIMALS_MAX)));
        if self.mantissa % unit == 0 {
            Ok(self.mantissa / unit)
        } else {
            Err(DecimalError::TooFine(decimals))
        }
    }

    /// The number in whole units of 10^-`decimals`, rounded towards zero where it is finer; the
    /// greatest or least there is where it does not fit.
    pub fn towards_zero_at(self, decimals: u8) -> i64 {
        let coarse = match self.at(decimals) {
            Err(DecimalError::TooFine(_)) => {
                let fine = u32::from(self.scale - decimals);
                Ok(10_i64.checked_pow(fine).map_or(0, |unit| self.mantissa / unit))
            }
            other => other,
        };
        coarse.unwrap_or(if self.mantissa < 0 { i64::MIN } else { i64::MAX })
    }

    /// As [`Decimal::at`], and refused where negative: what a book's prices and sizes must be.
    pub fn unsigned_at(self, decimals: u8) -> Result<i64, DecimalError> {
        if self.mantissa < 0 { Err(DecimalError::Negative) } else { self.at(decimals) }
    }
}

/// Renders `units` of 10^-`decimals` as decimal text with exactly that many decimals.
///
/// ```
/// assert_eq!(neural_kraken::render(-1_050, 2), "-10.50");
/// ```
pub fn render(units: i64, decimals: u8) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = units.unsigned_abs();
    if decimals == 0 {
        return format!("{sign}{digits}");
    }
    let unit = 10_u64.pow(u32::from(decimals.min(limits::DECIMALS_MAX)));
    let width = usize::from(decimals);
    format!("{sign}{}.{:0width$}", digits / unit, digits % unit)
}

impl fmt::Display for Decimal {
    /// Plain decimal text, without zeros at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = render(self.mantissa, self.scale);
        if text.contains('.') {
            return f.write_str(text.trim_end_matches('0').trim_end_matches('.'));
        }
        f.write_str(&text)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        })
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn parse_exponent(text: &[u8]) -> Result<i32, DecimalError> {
    let digits = match text.split_first() {
        None => return Ok(0),
        Some((b'e' | b'E', rest)) => rest,
        Some(_) => return Err(DecimalError::Malformed),
    };
    let (negative, digits) = match digits.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, digits),
    };
    let (number, rest) = split_digits(digits);
    if number.is_empty() || !rest.is_empty() {
        return Err(DecimalError::Malformed);
    }
    let mut value: i32 = 0;
    for digit in number {
        value = (value * 10 + i32::from(digit - b'0')).min(10_000);
    }
    Ok(if negative { -value } else { value })
}

fn shift_up(mantissa: i64, zeros: u32) -> Result<i64, DecimalError> {
    10_i64
        .checked_pow(zeros)
        .and_then(|power| mantissa.checked_mul(power))
        .ok_or(DecimalError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str, decimals: u8) -> Result<i64, DecimalError> {
        Decimal::parse(text.as_bytes())?.at(decimals)
    }

    #[test]
    fn reads_plain_and_scientific_text_exactly() {
        assert_eq!(at("64525.0", 1), Ok(645_250));
        assert_eq!(at("0.00000010", 8), Ok(10));
        assert_eq!(at("1e-08", 8), Ok(1));
        assert_eq!(at("1.5E+3", 2), Ok(150_000));
        assert_eq!(at("-0.5", 1), Ok(-5));
        assert_eq!(at("0e-99", 2), Ok(0));
        assert_eq!(at("0.000000000000000000000000", 2), Ok(0));
    }

    #[test]
    fn refuses_what_is_finer_and_takes_trailing_zeros() {
        assert_eq!(at("25.42618900", 5), Err(DecimalError::TooFine(5)));
        assert_eq!(at("25.42618000", 5), Ok(2_542_618));
        assert_eq!(at("1e-9", 8), Err(DecimalError::TooFine(8)));
    }

    #[test]
    fn it_shows_as_plain_text() {
        let shown = |text: &str| Decimal::parse(text.as_bytes()).unwrap().to_string();
        assert_eq!(
            ["1e-8", "0.10", "120", "-2.50", "0"].map(shown),
            ["0.00000001", "0.1", "120", "-2.5", "0"]
        );
    }

    #[test]
    fn what_is_finer_can_be_cut_towards_zero() {
        let cut = |text: &str, decimals| {
            Decimal::parse(text.as_bytes()).unwrap().towards_zero_at(decimals)
        };
        assert_eq!([cut("100000.129", 2), cut("-0.019", 2), cut("1e-18", 0)], [10_000_012, -1, 0]);
        assert_eq!(
            [cut("5", 18), cut("5", 3), cut("50", 18)],
            [5 * 10_i64.pow(18), 5_000, i64::MAX]
        );
        assert_eq!(cut("-50", 18), i64::MIN);
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", "-", ".", "1.", ".5", "1e", "1e+", "0x1", "1 ", " 1", "1.2.3", "NaN", "+1"]
        {
            assert_eq!(Decimal::parse(text.as_bytes()), Err(DecimalError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(at("9223372036854775807", 0), Ok(i64::MAX));
        assert_eq!(at("9223372036854775808", 0), Err(DecimalError::TooLong));
        assert_eq!(at("10", 18), Err(DecimalError::TooLong));
        assert_eq!(at("1e400", 0), Err(DecimalError::TooLong));
        assert_eq!(at(&"1".repeat(60), 0), Err(DecimalError::TooLong));
    }

    proptest! {
        #[test]
        fn render_and_parse_are_inverse(units in any::<i64>(), decimals in 0_u8..=18) {
            prop_assume!(units != i64::MIN);
            prop_assert_eq!(at(&render(units, decimals), decimals), Ok(units));
        }
    }

    #[test]
    fn sums_with_too_many_digits_are_cut_towards_zero() {
        let cut = |text: &str| Decimal::parse_cut(text.as_bytes());
        let of = |text: &str| Decimal::parse(text.as_bytes());
        assert_eq!(cut("99987.12345678901234567890"), of("99987.1234567890123"));
        assert_eq!(cut("-0.99999999999999999999999"), of("-0.99999999999999999"));
        assert_eq!(cut("12.5"), of("12.5"));
        assert_eq!(cut("1234567890123456789012.5"), Err(DecimalError::TooLong));
        assert_eq!(cut("1.000000000000000000000x"), Err(DecimalError::Malformed));
        assert_eq!(cut(&format!("1.{}", "0".repeat(90))), Err(DecimalError::TooLong));
    }
}
