//! Writing what decoders read: numbers and times in the forms that venues write them in.
//!
//! In: whole units, times, plain text. Out: bytes at the end of a buffer.
//! Never: a float, a rounding, an escape. Texts are the venues' own words and symbols, which need
//! none.

use std::io::Write as _;

use crate::base::Nanos;

/// Digits of the largest `u64`.
const DIGITS_MAX: usize = 20;

/// Digits of the fraction in [`Nanos`] as text.
const FRACTION_DIGITS: u8 = 9;

/// Writes wire text at the end of a buffer.
#[derive(Debug)]
pub struct Pen<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Pen<'a> {
    /// A pen at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Pen<'a> {
        Pen { out }
    }

    /// Writes text as it is.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    /// Writes ASCII text in lower case, as Binance names its streams.
    pub fn lower(&mut self, text: &str) -> &mut Self {
        self.out.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        self
    }

    /// Writes a whole number.
    pub fn whole(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; DIGITS_MAX];
        let text = digits_of(number, &mut digits);
        self.out.extend_from_slice(text);
        self
    }

    /// Writes `true` or `false`.
    pub fn flag(&mut self, flag: bool) -> &mut Self {
        self.text(if flag { "true" } else { "false" })
    }

    /// Writes units of 10^-`decimals` with exactly that many decimals.
    pub fn decimal(&mut self, units: i64, decimals: u8) -> &mut Self {
        if units < 0 {
            self.out.push(b'-');
        }
        let mut digits = [0; DIGITS_MAX];
        let text = digits_of(units.unsigned_abs(), &mut digits);
        let decimals = usize::from(decimals);
        let (whole, fraction) = text.split_at(text.len().saturating_sub(decimals));
        self.out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
        if decimals > 0 {
            self.out.push(b'.');
            self.zeros(decimals - fraction.len());
            self.out.extend_from_slice(fraction);
        }
        self
    }

    /// Writes units of 10^-`decimals` with at least `width` decimals.
    pub fn padded(&mut self, units: i64, decimals: u8, width: u8) -> &mut Self {
        self.decimal(units, decimals);
        if width > decimals {
            if decimals == 0 {
                self.out.push(b'.');
            }
            self.zeros(usize::from(width - decimals));
        }
        self
    }

    /// Writes units of 10^-`decimals` without trailing zeros.
    pub fn trimmed(&mut self, units: i64, decimals: u8) -> &mut Self {
        self.decimal(units, decimals);
        if decimals > 0 {
            self.trim_fraction();
        }
        self
    }

    /// Writes `2026-07-19T17:54:39.753424Z` with this many digits of the fraction, 1 to 9; what is
    /// finer is left out.
    pub fn time(&mut self, at: Nanos, digits: u8) -> &mut Self {
        self.full_time(at);
        let cut = usize::from(FRACTION_DIGITS.saturating_sub(digits.max(1)));
        self.out.truncate(self.out.len() - cut);
        self.text("Z")
    }

    /// Writes `2026-07-19T17:54:39.7534Z` with as many digits as the time needs, as Go does.
    pub fn time_trimmed(&mut self, at: Nanos) -> &mut Self {
        self.full_time(at);
        self.trim_fraction();
        self.text("Z")
    }

    /// Writes items with commas between them.
    pub fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (n, item) in items.into_iter().enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            write(self, item);
        }
        self
    }

    /// A time with nine digits, without its `Z`.
    fn full_time(&mut self, at: Nanos) {
        // A vector takes whatever is written.
        let _ = write!(self.out, "{at}");
        self.out.pop();
    }

    fn trim_fraction(&mut self) {
        while self.out.last() == Some(&b'0') {
            self.out.pop();
        }
        if self.out.last() == Some(&b'.') {
            self.out.pop();
        }
    }

    fn zeros(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, b'0');
    }
}

fn digits_of(mut number: u64, digits: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let mut at = DIGITS_MAX;
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Decimal, render};
    use proptest::prelude::*;

    fn written(write: impl for<'p, 'a> FnOnce(&'p mut Pen<'a>) -> &'p mut Pen<'a>) -> String {
        let mut out = Vec::new();
        write(&mut Pen::new(&mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_in_each_venues_form() {
        assert_eq!(written(|pen| pen.decimal(10, 8)), "0.00000010");
        assert_eq!(written(|pen| pen.decimal(645_250, 1)), "64525.0");
        assert_eq!(written(|pen| pen.padded(645_250, 1, 8)), "64525.00000000");
        assert_eq!(written(|pen| pen.padded(7, 0, 2)), "7.00");
        assert_eq!(written(|pen| pen.trimmed(7_885_410, 2)), "78854.1");
        assert_eq!(written(|pen| pen.trimmed(7_885_400, 2)), "78854");
        assert_eq!(written(|pen| pen.trimmed(0, 8)), "0");
        assert_eq!(written(|pen| pen.trimmed(100, 0)), "100");
    }

    #[test]
    fn times_are_cut_or_trimmed() {
        let at = Nanos::parse(b"2026-07-19T17:54:39.753420000Z").unwrap();
        assert_eq!(written(|pen| pen.time(at, 6)), "2026-07-19T17:54:39.753420Z");
        assert_eq!(written(|pen| pen.time_trimmed(at)), "2026-07-19T17:54:39.75342Z");
        let whole = Nanos::parse(b"2026-07-19T17:54:40Z").unwrap();
        assert_eq!(written(|pen| pen.time_trimmed(whole)), "2026-07-19T17:54:40Z");
    }

    proptest! {
        #[test]
        fn every_form_reads_back_as_the_same_number(units in 0..i64::MAX, decimals in 0_u8..=18) {
            let exact = written(|pen| pen.decimal(units, decimals));
            prop_assert_eq!(&exact, &render(units, decimals));
            let trimmed = written(|pen| pen.trimmed(units, decimals));
            prop_assert_eq!(Decimal::parse(trimmed.as_bytes()).unwrap().at(decimals), Ok(units));
        }
    }
}
