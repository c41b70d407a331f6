//! The levels of a side, one after the other, with what all of them share kept in registers.
//!
//! In: places of quotation marks. Out: levels. Never: a capacity check for each.

use super::super::kernel::{Shape, Span};
use super::super::padded::Padded;
use super::number::{Has, Usual, unusual_pair};
use super::set::{Avx2, Avx512};
use super::wide;
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
        // Two are written at once, and the second may be none.
        out.reserve(marks / 4 + 1);
        let before = out.len();
        // SAFETY: the features are there, as the kernel says.
        let (count, is_whole) =
            unsafe { wide::levels(frame, quotes, shape, out.spare_capacity_mut()) };
        // SAFETY: the first `count` elements behind `before` were written just now, in order.
        unsafe { out.set_len(before + count) };
        // No level had a mark that was none.
        (is_whole && 4 * count <= marks).then_some(count)
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
        let [price, qty] = spans(*four, self.expected)?;
        let (price_text, qty_text) = (around(self.frame, price.end)?, around(self.frame, qty.end)?);
        if price_text.1 & 0x00FF_FFFF != u32::from_le_bytes(*b"\",\"\0") {
            return None;
        }
        let level = self.usual.read(Has(()), (price_text.0, price.len), (qty_text.0, qty.len));
        let level = level.or_else(|| {
            // SAFETY: AVX2 is there, as the kernel says without which there is no walk.
            unsafe { unusual_pair(Has(()), self.frame, price, qty, self.shape) }
        })?;
        (self.marks, self.expected) = (rest, qty.end + 4);
        Some((level, qty_text.1 == u32::from_le_bytes(*b"\"],[")))
    }
}

/// A level between four marks that is not written as usual, and whether another follows.
#[cold]
#[target_feature(enable = "avx2,bmi1,bmi2")]
pub(super) fn unusual_level(
    frame: Padded<'_>,
    marks: [u16; 4],
    expected: usize,
    shape: Shape,
) -> Option<(Level, bool)> {
    let [price, qty] = spans(marks, expected)?;
    if around(frame, price.end)?.1 & 0x00FF_FFFF != u32::from_le_bytes(*b"\",\"\0") {
        return None;
    }
    let level = unusual_pair(Has(()), frame, price, qty, shape)?;
    Some((level, around(frame, qty.end)?.1 == u32::from_le_bytes(*b"\"],[")))
}

/// Price and quantity between four marks, of which the first is at `expected`.
#[inline(always)]
fn spans(marks: [u16; 4], expected: usize) -> Option<[Span; 2]> {
    let [open, close, qty_open, qty_close] = marks.map(usize::from);
    let price = Span { end: close, len: close.wrapping_sub(open + 1) };
    let qty = Span { end: qty_close, len: qty_close.wrapping_sub(qty_open + 1) };
    (open == expected).then_some([price, qty])
}

/// The sixteen bytes before a place and the four from it on.
#[inline(always)]
pub(super) fn around(frame: Padded<'_>, place: usize) -> Option<(&[u8; 16], u32)> {
    let bytes: &[u8; 20] = frame.raw().get(place.wrapping_sub(16)..)?.first_chunk()?;
    let (before, behind) = bytes.split_first_chunk::<16>()?;
    Some((before, u32::from_le_bytes(*behind.first_chunk()?)))
}
