//! Puts quotation marks around every bare number of a JSON text.
//!
//! The tape of `simd-json` holds numbers as binary floats or 64-bit integers, and a venue's
//! `0.77490540` must reach us with all its digits. As a string it does. Bare numbers are checked
//! here against the grammar of RFC 8259, since the tape no longer sees them as numbers.

use crate::limits;
use crate::venue::contract::Refusal;

/// Writes `text` to `out` with every bare number quoted; `out` is cleared first.
pub(super) fn quote_numbers(text: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    out.clear();
    let mut at = 0;
    let mut depth = 0_usize;
    while at < text.len() {
        let end = match text[at] {
            b'"' => string_end(text, at).ok_or(Refusal::Json { at })?,
            b'-' | b'0'..=b'9' => {
                let end = number_end(text, at).ok_or(Refusal::Json { at })?;
                out.push(b'"');
                out.extend_from_slice(&text[at..end]);
                out.push(b'"');
                at = end;
                continue;
            }
            open @ (b'{' | b'[') => {
                depth += 1;
                if depth > limits::FRAME_NESTING_MAX {
                    return Err(Refusal::Nesting);
                }
                debug_assert!(open == b'{' || open == b'[');
                at + 1
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at + 1
            }
            _ => at + 1,
        };
        out.extend_from_slice(&text[at..end]);
        at = end;
    }
    Ok(())
}

/// One past the closing quotation mark of the string that opens at `at`.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut place = at + 1;
    loop {
        match text.get(place)? {
            b'"' => return Some(place + 1),
            b'\\' => place += 2,
            _ => place += 1,
        }
    }
}

/// One past the number that begins at `at`; `None` where it is none by RFC 8259, section 6, or
/// where it stands in the place of a key.
fn number_end(text: &[u8], at: usize) -> Option<usize> {
    let digits = |from: usize| {
        text[from..].iter().position(|b| !b.is_ascii_digit()).map_or(text.len(), |n| from + n)
    };
    let whole = at + usize::from(text[at] == b'-');
    let mut end = digits(whole);
    if end == whole || (text[whole] == b'0' && end > whole + 1) {
        return None;
    }
    if text.get(end) == Some(&b'.') {
        let fraction = end + 1;
        end = digits(fraction);
        if end == fraction {
            return None;
        }
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = matches!(text.get(end + 1), Some(b'+' | b'-'));
        let exponent = end + 1 + usize::from(sign);
        end = digits(exponent);
        if end == exponent {
            return None;
        }
    }
    let behind = text[end..].iter().find(|b| !b.is_ascii_whitespace());
    (behind != Some(&b':')).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> Result<String, Refusal> {
        let mut out = Vec::new();
        quote_numbers(text.as_bytes(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn quotes_numbers_and_nothing_else() {
        assert_eq!(
            quoted(r#"{"a 1":[1,-2.50,3e-8],"b":"4\"5","c":true}"#).unwrap(),
            r#"{"a 1":["1","-2.50","3e-8"],"b":"4\"5","c":true}"#
        );
    }

    #[test]
    fn refuses_numbers_that_json_does_not_have() {
        for text in ["01", "-", "1.", "1e", "[1.e5]", r"{1:2}", r"{1 :2}", "\"open", "\"\\"] {
            assert!(matches!(quoted(text), Err(Refusal::Json { .. })), "{text}");
        }
        assert_eq!(quoted(&"[".repeat(100)), Err(Refusal::Nesting));
    }
}
