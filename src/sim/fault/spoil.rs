//! Spoil: what faults do to the bytes of a frame.
//!
//! In: a frame. Out: the same frame, wrong in one respect.
//! Never: a change that its fault does not ask for.

use crate::base::Nanos;
use crate::sim::random::Random;
use crate::venue::wire::Pen;

pub(super) fn contains(frame: &[u8], text: &[u8]) -> bool {
    text.is_empty() || frame.windows(text.len()).any(|window| window == text)
}

/// One byte becomes another that is printed.
pub(super) fn corrupt(frame: &mut [u8], random: &mut Random) {
    let at = random.below(frame.len() as i64) as usize;
    if let Some(byte) = frame.get_mut(at) {
        *byte = if *byte == b'#' { b'~' } else { b'#' };
    }
}

/// The last digit of the checksum becomes another.
pub(super) fn spoil_checksum(frame: &mut [u8]) {
    const MARK: &[u8] = b"\"checksum\":";
    let Some(mark) = frame.windows(MARK.len()).position(|window| window == MARK) else { return };
    let digits = frame[mark + MARK.len()..].iter_mut();
    if let Some(last) = digits.take_while(|byte| byte.is_ascii_digit()).last() {
        *last = if *last == b'0' { b'1' } else { *last - 1 };
    }
}

/// Moves every time that a venue wrote: RFC 3339 texts, and Binance's milliseconds after `"E":`,
/// `"T":` and `"serverTime":`. Each keeps its number of digits.
pub fn skew(frame: &mut Vec<u8>, by_ns: i64) {
    let mut at = 0;
    while at < frame.len() {
        let rest = &frame[at..];
        let (length, moved) = match rest[0] {
            b'"' => text_time(&rest[1..]).map_or((1, None), |(length, time, digits)| {
                let mut text = vec![b'"'];
                Pen::new(&mut text).time(Nanos(time.0 + by_ns), digits.max(1));
                if digits == 0 {
                    // Written with one digit, for it is never written without.
                    text.truncate(text.len() - 3);
                    text.push(b'Z');
                }
                (1 + length, Some(text))
            }),
            b':' => millis(&frame[..at], rest).map_or((1, None), |(length, ms)| {
                (length, Some(format!(":{}", ms + by_ns / Nanos::MILLI).into_bytes()))
            }),
            _ => (1, None),
        };
        match moved {
            Some(text) => {
                let next = at + text.len();
                frame.splice(at..at + length, text);
                at = next;
            }
            None => at += length,
        }
    }
}

/// A time in RFC 3339, UTC: its length, itself, and the digits of its fraction.
fn text_time(text: &[u8]) -> Option<(usize, Nanos, u8)> {
    const FORM: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, form): (&u8, &u8)| {
        if *form == b'd' { byte.is_ascii_digit() } else { byte == form }
    };
    let head = text.get(..FORM.len())?;
    if !head.iter().zip(FORM).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        std::str::from_utf8(text.get(from..to)?).ok()?.parse().ok()
    };
    let tail = &text[FORM.len()..];
    let is_fraction = tail.first() == Some(&b'.');
    let digits = tail.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let digits = if is_fraction { digits.min(9) } else { 0 };
    let end = FORM.len() + if digits > 0 { 1 + digits } else { 0 };
    let fraction = if digits > 0 { number(FORM.len() + 1, end)? } else { 0 };
    let (month, day) = (number(5, 7)?, number(8, 10)?);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    if text.get(end) != Some(&b'Z') || !is_date {
        return None;
    }
    let date = Nanos::midnight(number(0, 4)?, month, day);
    let seconds = (number(11, 13)? * 60 + number(14, 16)?) * 60 + number(17, 19)?;
    let nanos = seconds * Nanos::SECOND + fraction * 10_i64.pow(9 - digits as u32);
    Some((end + 1, Nanos(date.0 + nanos), digits as u8))
}

/// Milliseconds of 13 digits after the name of a time: the length with the colon, and the number.
fn millis(before: &[u8], rest: &[u8]) -> Option<(usize, i64)> {
    let names: [&[u8]; 3] = [b"\"E\"", b"\"T\"", b"\"serverTime\""];
    let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    if digits != 13 || !names.iter().any(|name| before.ends_with(name)) {
        return None;
    }
    let number = std::str::from_utf8(rest.get(1..=digits)?).ok()?.parse().ok()?;
    Some((1 + digits, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_off_in_every_time_and_in_nothing_else() {
        let skewed = |text: &str, by_ms: i64| {
            let mut frame = text.as_bytes().to_vec();
            skew(&mut frame, by_ms * Nanos::MILLI);
            String::from_utf8(frame).unwrap()
        };
        let kraken =
            r#"{"qty":0.5,"checksum":1767225600000,"timestamp":"2025-12-31T23:59:59.500001Z"}"#;
        let later =
            r#"{"qty":0.5,"checksum":1767225600000,"timestamp":"2026-01-01T00:00:01.500001Z"}"#;
        assert_eq!(skewed(kraken, 2_000), later);
        assert_eq!(skewed(later, -2_000), kraken);
        let binance = r#"{"e":"trade","E":1672515782136,"t":1672515782136,"T":1672515782135}"#;
        let before = r#"{"e":"trade","E":1672515781136,"t":1672515782136,"T":1672515781135}"#;
        assert_eq!(skewed(binance, -1_000), before);
        let whole = r#"["2026-01-01T00:00:00Z","2026-13-01T00:00:00Z","2026-01-01 00:00:00Z"]"#;
        let moved = r#"["2026-01-01T00:00:01Z","2026-13-01T00:00:00Z","2026-01-01 00:00:00Z"]"#;
        assert_eq!(skewed(whole, 1_000), moved);
    }
}
