//! Walking a template along the indexed quotation marks of a frame.
//!
//! A template names the keys in the order in which the venue writes them. Every byte between two
//! quotation marks is either compared with the template or read as a value, so nothing in an
//! accepted frame has gone unseen.

use super::kernel::{Kernel, Shape, Span};
use super::padded::Padded;
use super::time::DayMemo;
use crate::base::{Nanos, Symbol};
use crate::event::Level;
use crate::limits::SYMBOL_BYTES_MAX;

/// A frame, its quotation marks, and a place among them.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a, K> {
    kernel: K,
    frame: Padded<'a>,
    quotes: &'a [u16],
    /// The same, and places behind them that mean nothing.
    room: &'a [u16],
    /// Index of the quotation mark at which the next key or text begins.
    pub at: usize,
}

impl<'a, K: Kernel> Scan<'a, K> {
    /// Indexes `frame`; `None` where it is one for the strict path.
    #[inline(always)]
    pub fn new(kernel: K, frame: Padded<'a>, quotes: &'a mut [u16]) -> Option<Scan<'a, K>> {
        if frame.len() > crate::limits::FRAME_BYTES_FAST {
            return None;
        }
        let count = kernel.index(frame, quotes)?;
        Some(Scan { kernel, frame, quotes: quotes.get(..count)?, room: quotes, at: 0 })
    }

    /// Does the frame have `text` at `place`?
    #[inline(always)]
    pub fn has<const N: usize>(&self, place: usize, text: &[u8; N]) -> bool {
        self.frame.raw().get(place..place + N).is_some_and(|found| found == text)
    }

    /// Is `text` at `place` the end of the frame?
    #[inline(always)]
    pub fn ends_with<const N: usize>(&self, place: usize, text: &[u8; N]) -> bool {
        self.has(place, text) && place + N == self.frame.len()
    }

    /// Do `braces` closing braces at `place` end the frame?
    #[inline(always)]
    pub fn closes(&self, place: usize, braces: usize) -> bool {
        place + braces == self.frame.len()
            && self
                .frame
                .raw()
                .get(place..place + braces)
                .is_some_and(|b| b.iter().all(|b| *b == b'}'))
    }

    /// One past the last byte of the frame.
    #[inline(always)]
    pub fn end(&self) -> usize {
        self.frame.len()
    }

    /// Place of the `n`-th quotation mark from here.
    #[inline(always)]
    pub fn mark(&self, n: usize) -> Option<usize> {
        self.quotes.get(self.at + n).map(|place| *place as usize)
    }

    /// The bytes from `from` to `to`.
    #[inline(always)]
    pub fn text(&self, from: usize, to: usize) -> Option<&'a [u8]> {
        self.frame.raw().get(from..to)
    }

    /// The symbol from `from` to `end`, for a look-up.
    #[inline(always)]
    pub fn symbol(&self, (from, end): (usize, usize)) -> Option<Symbol> {
        let span = Span { end, len: end.checked_sub(from)? };
        self.kernel.names(span);
        symbol_in(self.frame, span)
    }

    /// Passes over the text from `from` to `end`: it may say anything.
    #[inline(always)]
    pub fn pass(&self, (from, end): (usize, usize)) -> Option<()> {
        self.kernel.passes(Span { end, len: end.checked_sub(from)? });
        Some(())
    }

    /// Is the next key `key`, written with its quotation marks and colon?
    #[inline(always)]
    pub fn is_key<const N: usize>(&self, key: &[u8; N]) -> bool {
        self.mark(0).is_some_and(|place| self.has(place, key))
    }

    /// Takes `"key":123,` with the next key behind it.
    #[inline(always)]
    pub fn whole<const N: usize>(&mut self, key: &[u8; N]) -> Option<u64> {
        let from = self.mark(0)?;
        let end = self.mark(2)?.checked_sub(1)?;
        if !self.has(from, key) || !self.has(end, b",") {
            return None;
        }
        self.at += 2;
        self.whole_in(from + N, end)
    }

    /// Reads the whole number from `from` to `end`, written as JSON does: without leading zeros.
    #[inline(always)]
    pub fn whole_in(&self, from: usize, end: usize) -> Option<u64> {
        let len = end.checked_sub(from)?;
        if len > 1 && self.has(from, b"0") {
            return None;
        }
        self.kernel.whole(self.frame, Span { end, len })
    }

    /// Takes `"key":"text","` with the next key behind it, and gives from where to where the text
    /// stands. `key` holds the opening quotation mark of the text.
    #[inline(always)]
    pub fn string<const N: usize>(&mut self, key: &[u8; N]) -> Option<(usize, usize)> {
        let from = self.mark(0)?;
        let end = self.mark(3)?;
        if !self.has(from, key) || !self.has(end, b"\",\"") {
            return None;
        }
        self.at += 4;
        Some((from + N, end))
    }

    /// Takes `"key":"1.23","` as units of 10^-`decimals`.
    #[inline(always)]
    pub fn decimal<const N: usize>(&mut self, key: &[u8; N], decimals: u8) -> Option<i64> {
        let (from, end) = self.string(key)?;
        self.kernel.decimal(self.frame, Span { end, len: end.checked_sub(from)? }, decimals)
    }

    /// Takes `"key":true,` or `"key":false,` with the next key behind it.
    #[inline(always)]
    pub fn flag<const N: usize>(&mut self, key: &[u8; N]) -> Option<bool> {
        let place = self.mark(0)?;
        let next = self.mark(2)?;
        if !self.has(place, key) {
            return None;
        }
        self.at += 2;
        let value = place + N;
        if self.has(value, b"true,") && next == value + 5 {
            Some(true)
        } else if self.has(value, b"false,") && next == value + 6 {
            Some(false)
        } else {
            None
        }
    }

    /// Takes `"key":true` or `"key":false` at the end of a frame that `braces` braces close.
    #[inline(always)]
    pub fn last_flag<const N: usize>(&self, key: &[u8; N], braces: usize) -> Option<bool> {
        let value = self.mark(0)? + N;
        if !self.is_key(key) {
            return None;
        }
        if self.has(value, b"true") && self.closes(value + 4, braces) {
            Some(true)
        } else if self.has(value, b"false") && self.closes(value + 5, braces) {
            Some(false)
        } else {
            None
        }
    }

    /// Takes levels of the form `["1.5","2"],["1.4","3"]`: how many, and the place of the quotation
    /// mark that closes the last.
    #[inline(always)]
    pub fn quoted_pairs(&mut self, shape: Shape, out: &mut Vec<Level>) -> Option<(u32, usize)> {
        let room = self.room.get(self.at..)?;
        let marks = self.quotes.len().checked_sub(self.at)?;
        let count = self.kernel.quoted_pairs(self.frame, room, marks, shape, out)?;
        self.at += 4 * count;
        Some((count as u32, *self.quotes.get(self.at - 1)? as usize))
    }

    /// Reads a quoted price and a quoted quantity: from where to where each stands.
    #[inline(always)]
    pub fn pair(&self, price: (usize, usize), qty: (usize, usize), shape: Shape) -> Option<Level> {
        let price = Span { end: price.1, len: price.1.checked_sub(price.0)? };
        let qty = Span { end: qty.1, len: qty.1.checked_sub(qty.0)? };
        self.kernel.pair(self.frame, price, qty, shape)
    }

    /// Reads a bare price and a bare quantity, written as JSON writes numbers.
    #[inline(always)]
    pub fn bare_pair(
        &self,
        price: (usize, usize),
        qty: (usize, usize),
        shape: Shape,
    ) -> Option<Level> {
        if self.has_leading_zero(price) || self.has_leading_zero(qty) {
            return None;
        }
        self.pair(price, qty, shape)
    }

    /// Reads `2026-07-19T17:54:39.768901Z` with 1 to 9 fraction digits, from `from` to `end`.
    #[inline(always)]
    pub fn time(&self, from: usize, end: usize, memo: &mut DayMemo) -> Option<Nanos> {
        self.kernel.time(self.frame, Span { end, len: end.checked_sub(from)? }, memo)
    }

    #[inline(always)]
    fn has_leading_zero(&self, (from, end): (usize, usize)) -> bool {
        end > from + 1 && self.has(from, b"0") && !self.has(from + 1, b".")
    }
}

/// The symbol at a place, for a look-up.
#[inline(always)]
pub(super) fn symbol_in(frame: Padded<'_>, span: Span) -> Option<Symbol> {
    let from = span.end.checked_sub(span.len)?;
    let bytes = frame.raw().get(from..from + SYMBOL_BYTES_MAX)?.as_array()?;
    Some(Symbol::cut(bytes, span.len))
}
