//! Times as text: `2026-07-19T17:54:39.768901Z`.
//!
//! In: a frame and where the text stands. Out: nanoseconds.
//! Never: the calendar twice for one day.

use super::kernel::{Kernel, Span};
use super::padded::Padded;
use super::portable::POWERS;
use crate::base::Nanos;

/// The last day seen in a time text, so that the calendar is computed once a day.
#[derive(Clone, Copy, Debug, Default)]
pub struct DayMemo {
    text: [u8; 11],
    midnight: i64,
}

/// Reads `2026-07-19T17:54:39.768901Z` with 1 to 9 fraction digits.
#[inline(always)]
pub(super) fn read_time<K: Kernel>(
    kernel: K,
    frame: Padded<'_>,
    span: Span,
    memo: &mut DayMemo,
) -> Option<Nanos> {
    let from = span.end.checked_sub(span.len)?;
    let text: &[u8; 20] = frame.raw().get(from..from + 20)?.try_into().ok()?;
    let fraction = span.len.checked_sub(21)?;
    if text[..11] != memo.text {
        memo.change(text);
    }
    if memo.midnight == 0
        || !(1..=9).contains(&fraction)
        || frame.raw().get(span.end - 1) != Some(&b'Z')
    {
        return None;
    }
    let [h1, h0, c1, m1, m0, c2, s1, s0, dot] = text[11..].as_array::<9>()?;
    let two = |high: &u8, low: &u8| {
        let (high, low) = (high.wrapping_sub(b'0'), low.wrapping_sub(b'0'));
        (high <= 9 && low <= 9).then(|| i64::from(high) * 10 + i64::from(low))
    };
    let (hours, minutes, seconds) = (two(h1, h0)?, two(m1, m0)?, two(s1, s0)?);
    if (*c1, *c2, *dot) != (b':', b':', b'.') || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let nanos = kernel.whole(frame, Span { end: span.end - 1, len: fraction })? as i64;
    let nanos = nanos * POWERS[9 - fraction];
    let seconds = hours * 3_600 + minutes * 60 + seconds;
    Some(Nanos(memo.midnight + seconds * Nanos::SECOND + nanos))
}

impl DayMemo {
    #[cold]
    fn change(&mut self, text: &[u8; 20]) {
        self.text.copy_from_slice(&text[..11]);
        let mut midnight = [0; 20];
        midnight[..11].copy_from_slice(&text[..11]);
        midnight[11..].copy_from_slice(b"00:00:00Z");
        let parsed = Nanos::parse(&midnight).unwrap_or_default();
        self.midnight = parsed.0;
        if parsed == Nanos::NONE {
            self.text = [0; 11];
        }
    }
}
