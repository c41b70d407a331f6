//! The levels of a side, one after the other, with what all of them share kept in registers.
//!
//! In: places of quotation marks. Out: levels. Never: a capacity check for each.

use super::super::kernel::{Shape, Span};
use super::super::padded::Padded;
use super::number::{Has, Usual, unusual_pair};
use super::set::{Avx2, Avx512};
use super::wide::Wide;
use crate::event::Level;

/// The way through the levels of a side.
struct Walk<'a> {
    frame: Padded<'a>,
    /// Places of the marks that are left.
    marks: &'a [u16],
    /// Where the next level's first mark must be.
    expected: usize,
    shape: Shape,
    usual: Usual,
}

impl Avx2 {
    /// See [`Kernel::quoted_pairs`].
    ///
    /// [`Kernel::quoted_pairs`]: super::super::kernel::Kernel::quoted_pairs
    #[inline(always)]
    pub(super) fn levels(
        self,
        frame: Padded<'_>,
        quotes: &[u16],
        marks: usize,
        shape: Shape,
        out: &mut Vec<Level>,
    ) -> Option<usize> {
        let mut walk = Walk::new(frame, quotes.get(..marks)?, shape)?;
        out.reserve(marks / 4);
        let before = out.len();
        let mut count = 0;
        let mut goes_on = Some(true);
        for room in out.spare_capacity_mut() {
            let Some((level, more)) = walk.one() else {
                goes_on = None;
                break;
            };
            room.write(level);
            count += 1;
            if !more {
                goes_on = Some(false);
                break;
            }
        }
        // SAFETY: the first `count` elements behind `before` were written just now, in order.
        unsafe { out.set_len(before + count) };
        (goes_on == Some(false)).then_some(count)
    }
}

impl Avx512 {
    /// See [`Kernel::quoted_pairs`].
    ///
    /// [`Kernel::quoted_pairs`]: super::super::kernel::Kernel::quoted_pairs
    #[inline(always)]
    pub(super) fn levels(
        self,
        frame: Padded<'_>,
        quotes: &[u16],
        marks: usize,
        shape: Shape,
        out: &mut Vec<Level>,
    ) -> Option<usize> {
        let mut walk = Walk::new(frame, quotes, shape)?;
        let wide = Wide::new(shape)?;
        // Two are written at once, and the second may be none.
        out.reserve(marks / 4 + 1);
        let before = out.len();
        let spare = out.spare_capacity_mut();
        let mut count = 0;
        let mut goes_on = Some(true);
        while goes_on == Some(true) {
            if let Some((eight, rest)) = walk.marks.split_first_chunk::<8>()
                && let Some(room) = spare.get_mut(count..).and_then(<[_]>::first_chunk_mut::<2>)
                && let Some((found, more)) = wide.two(frame, eight, walk.expected, room)
            {
                walk.expected = usize::from(eight[7]) + 4;
                walk.marks = rest;
                count += found;
                goes_on = Some(more);
            } else if let Some(room) = spare.get_mut(count)
                && let Some((level, more)) = walk.one()
            {
                room.write(level);
                count += 1;
                goes_on = Some(more);
            } else {
                goes_on = None;
            }
        }
        // SAFETY: the first `count` elements behind `before` were written just now, in order.
        unsafe { out.set_len(before + count) };
        // No level had a mark that was none.
        goes_on.filter(|_| 4 * count <= marks).map(|_| count)
    }
}

impl<'a> Walk<'a> {
    #[inline(always)]
    fn new(frame: Padded<'a>, marks: &'a [u16], shape: Shape) -> Option<Walk<'a>> {
        let expected = usize::from(*marks.first()?);
        Some(Walk { frame, marks, expected, shape, usual: Usual::new(Has(()), shape)? })
    }

    /// The next level, and whether another follows.
    #[inline(always)]
    fn one(&mut self) -> Option<(Level, bool)> {
        let (four, rest) = self.marks.split_first_chunk::<4>()?;
        let [open, close, qty_open, qty_close] = four.map(usize::from);
        let (price, qty) = (around(self.frame, close)?, around(self.frame, qty_close)?);
        if price.1 & 0x00FF_FFFF != u32::from_le_bytes(*b"\",\"\0") || open != self.expected {
            return None;
        }
        let (price_len, qty_len) =
            (close.wrapping_sub(open + 1), qty_close.wrapping_sub(qty_open + 1));
        let level = self.usual.read(Has(()), (price.0, price_len), (qty.0, qty_len));
        let level = level.or_else(|| {
            let price = Span { end: close, len: price_len };
            let qty = Span { end: qty_close, len: qty_len };
            // SAFETY: AVX2 is there, as the kernel says without which there is no walk.
            unsafe { unusual_pair(Has(()), self.frame, price, qty, self.shape) }
        })?;
        (self.marks, self.expected) = (rest, qty_close + 4);
        Some((level, qty.1 == u32::from_le_bytes(*b"\"],[")))
    }
}

/// The sixteen bytes before a place and the four from it on.
#[inline(always)]
pub(super) fn around(frame: Padded<'_>, place: usize) -> Option<(&[u8; 16], u32)> {
    let bytes: &[u8; 20] = frame.raw().get(place.wrapping_sub(16)..)?.first_chunk()?;
    let (before, behind) = bytes.split_first_chunk::<16>()?;
    Some((before, u32::from_le_bytes(*behind.first_chunk()?)))
}
