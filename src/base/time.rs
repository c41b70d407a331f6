//! Time as signed nanoseconds since 1970-01-01T00:00:00Z.
//!
//! Never: a clock. Where a moment comes from is `sys::clock` or a tape.

use std::fmt;

/// Nanoseconds since the Unix epoch, UTC. Zero means absent: no venue traded in 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Nanos(pub i64);

/// Why a time text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UTC time of the form 2026-07-19T17:54:39.753424Z")]
pub struct TimeError;

const DAY_NS: i64 = 86_400_000_000_000;

impl Nanos {
    /// No time known.
    pub const NONE: Nanos = Nanos(0);
    /// One millisecond.
    pub const MILLI: i64 = 1_000_000;
    /// One second.
    pub const SECOND: i64 = 1_000_000_000;

    /// From whole milliseconds, as Binance sends them; absent where they do not fit.
    pub const fn from_millis(millis: i64) -> Nanos {
        match millis.checked_mul(Nanos::MILLI) {
            Some(ns) => Nanos(ns),
            None => Nanos::NONE,
        }
    }

    /// Reads RFC 3339 in UTC with 0 to 9 fraction digits: `2026-07-19T17:54:39.753424Z`. Years 1
    /// and 1970 are the venues' words for "absent" and give [`Nanos::NONE`].
    pub fn parse(text: &[u8]) -> Result<Nanos, TimeError> {
        let (stamp, fraction) = text.split_at_checked(19).ok_or(TimeError)?;
        let field = |from: usize, to: usize| {
            let mut value: i64 = 0;
            for byte in stamp.get(from..to).ok_or(TimeError)? {
                if !byte.is_ascii_digit() {
                    return Err(TimeError);
                }
                value = value * 10 + i64::from(byte - b'0');
            }
            Ok(value)
        };
        let marks = [stamp[4], stamp[7], stamp[10], stamp[13], stamp[16]];
        if marks != *b"--T::" {
            return Err(TimeError);
        }
        let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
        let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
            return Err(TimeError);
        }
        // A leap second counts as the last one of its minute.
        let second = if second == 60 { 59 } else { second };
        if second > 59 {
            return Err(TimeError);
        }
        let nanos = parse_fraction(fraction)?;
        if year <= 1970 || year > 2261 {
            return Ok(Nanos::NONE);
        }
        let seconds = hour * 3_600 + minute * 60 + second;
        Ok(Nanos(days_from_civil(year, month, day) * DAY_NS + seconds * Nanos::SECOND + nanos))
    }

    /// Midnight UTC of a civil date, proleptic Gregorian.
    pub fn midnight(year: i64, month: i64, day: i64) -> Nanos {
        Nanos(days_from_civil(year, month, day) * DAY_NS)
    }
}

impl fmt::Display for Nanos {
    /// RFC 3339 in UTC with nine fraction digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_NS));
        let of_day = self.0.rem_euclid(DAY_NS);
        let seconds = of_day / Nanos::SECOND;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let nanos = of_day % Nanos::SECOND;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

fn parse_fraction(text: &[u8]) -> Result<i64, TimeError> {
    let digits = match text {
        b"Z" => return Ok(0),
        [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => digits,
        _ => return Err(TimeError),
    };
    let mut value: i64 = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(TimeError);
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Ok(value * 10_i64.pow(9 - digits.len() as u32))
}

/// Days since the epoch; H. Hinnant, "chrono-compatible low-level date algorithms" (public domain).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_zero_to_nine_fraction_digits() {
        let base = 1_784_483_679_000_000_000;
        for (text, ns) in [
            ("2026-07-19T17:54:39Z", 0),
            ("2026-07-19T17:54:39.7Z", 700_000_000),
            ("2026-07-19T17:54:39.753424Z", 753_424_000),
            ("2026-07-19T17:54:39.075885123Z", 75_885_123),
        ] {
            assert_eq!(Nanos::parse(text.as_bytes()), Ok(Nanos(base + ns)), "{text}");
        }
    }

    #[test]
    fn the_venues_words_for_absent_are_absent() {
        assert_eq!(Nanos::parse(b"1970-01-01T00:00:00Z"), Ok(Nanos::NONE));
        assert_eq!(Nanos::parse(b"0001-01-01T00:00:00Z"), Ok(Nanos::NONE));
    }

    #[test]
    fn refuses_other_forms() {
        for text in [
            "",
            "2026-07-19 17:54:39Z",
            "2026-07-19T17:54:39",
            "2026-13-19T17:54:39Z",
            "2026-07-19T17:54:39.Z",
        ] {
            assert_eq!(Nanos::parse(text.as_bytes()), Err(TimeError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn shown_and_read_again_is_the_same(
            ns in 31_536_000_000_000_000_i64..9_000_000_000_000_000_000,
        ) {
            prop_assert_eq!(Nanos::parse(Nanos(ns).to_string().as_bytes()), Ok(Nanos(ns)));
        }
    }
}
