//! The levels of a side, one after the other, with what all of them share kept in registers.
//!
//! In: places of quotation marks. Out: levels. Never: a capacity check for each.

use super::super::kernel::{Shape, Span};
use super::super::padded::Padded;
use super::number::{Has, Usual, unusual_pair};
use crate::event::Level;

/// The loop of [`Kernel::quoted_pairs`], with what all pairs share kept in registers.
#[inline(always)]
pub(super) fn quoted_pairs(
    has: Has,
    frame: Padded<'_>,
    quotes: &[u16],
    shape: Shape,
    out: &mut Vec<Level>,
) -> Option<usize> {
    let usual = Usual::new(has, shape)?;
    let (fours, _) = quotes.as_chunks::<4>();
    let mut expected = usize::from(fours.first()?[0]);
    out.reserve(fours.len());
    let before = out.len();
    let mut count = 0;
    let mut is_whole = false;
    for (marks, room) in fours.iter().zip(out.spare_capacity_mut()) {
        let [open, close, qty_open, qty_close] = marks.map(usize::from);
        let (Some(price), Some(qty)) = (around(frame, close), around(frame, qty_close)) else {
            break;
        };
        if price.1 & 0x00FF_FFFF != u32::from_le_bytes(*b"\",\"\0") || open != expected {
            break;
        }
        expected = qty_close + 4;
        let (price_len, qty_len) =
            (close.wrapping_sub(open + 1), qty_close.wrapping_sub(qty_open + 1));
        let level = usual.read(has, (price.0, price_len), (qty.0, qty_len));
        let level = level.or_else(|| {
            let price = Span { end: close, len: price_len };
            let qty = Span { end: qty_close, len: qty_len };
            // SAFETY: AVX2 is there, as `has` says.
            unsafe { unusual_pair(has, frame, price, qty, shape) }
        });
        let Some(level) = level else {
            break;
        };
        room.write(level);
        count += 1;
        if qty.1 != u32::from_le_bytes(*b"\"],[") {
            is_whole = true;
            break;
        }
    }
    // SAFETY: the first `count` elements behind `before` were written just now, in order.
    unsafe { out.set_len(before + count) };
    is_whole.then_some(count)
}

/// The sixteen bytes before a place and the four from it on.
#[inline(always)]
fn around(frame: Padded<'_>, place: usize) -> Option<(&[u8; 16], u32)> {
    let bytes: &[u8; 20] = frame.raw().get(place.wrapping_sub(16)..)?.first_chunk()?;
    let (before, behind) = bytes.split_first_chunk::<16>()?;
    Some((before, u32::from_le_bytes(*behind.first_chunk()?)))
}
