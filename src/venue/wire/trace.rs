//! A kernel that hands out numbered tokens instead of numbers, to learn where each number goes.
//!
//! In: a scanner's run over a frame. Out: where each number stands in the text, and, by its token,
//! where the scanner put it; where the symbol stands, and what was passed over.
//! Never: on the hot path; it runs once for each template that is learned.

use std::cell::Cell;

use super::kernel::{Kernel, Span};
use super::padded::Padded;
use super::portable::Portable;
use super::time::{DayMemo, read_time};
use crate::base::Nanos;

/// Numbers in a frame that is learned.
const NUMBERS_MAX: usize = 24;

/// Texts that a scanner passes over in a frame that is learned; of more, the others stay as they
/// are.
const PASSED_MAX: usize = 2;

/// The first token. Every token fits a `u32`, and milliseconds that are made into nanoseconds.
const TOKENS: i64 = 0x4B52_0000;

/// A number of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Whole,
    /// In units of 10^-this.
    Decimal(u8),
    /// A time text.
    Time,
}

/// What was asked for, in order.
#[derive(Debug, Default)]
pub(super) struct Trace {
    numbers: [Cell<Option<Number>>; NUMBERS_MAX],
    count: Cell<usize>,
    /// Where the symbol stands.
    symbol: Cell<Option<Span>>,
    /// How many symbols were named.
    symbols: Cell<usize>,
    /// Texts that were passed over.
    passed: [Cell<Option<Span>>; PASSED_MAX],
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracing<'a>(pub(super) &'a Trace);

impl Trace {
    /// All numbers and their tokens.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (i64, Number)> {
        (TOKENS..).zip(self.numbers.iter().map_while(Cell::get))
    }

    /// The number that became `value`: `None` for what is no token.
    pub(super) fn number(&self, value: i64) -> Option<Number> {
        self.numbers.get(usize::try_from(value - TOKENS).ok()?)?.get()
    }

    /// Where the symbol stands; `None` where there are several or none.
    pub(super) fn symbol(&self) -> Option<Span> {
        self.symbol.get().filter(|_| self.symbols.get() == 1)
    }

    /// Texts that may say anything.
    pub(super) fn passed(&self) -> impl Iterator<Item = Span> {
        self.passed.iter().map_while(Cell::get)
    }

    /// Notes a number and gives its token.
    fn token(&self, kind: Kind, span: Span) -> Option<i64> {
        let place = self.count.get();
        self.numbers.get(place)?.set(Some(Number { kind, span }));
        self.count.set(place + 1);
        Some(TOKENS + place as i64)
    }
}

impl Kernel for Tracing<'_> {
    fn index(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
        Portable.index(frame, quotes)
    }

    fn decimal(self, frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64> {
        Portable.decimal(frame, span, decimals)?;
        self.0.token(Kind::Decimal(decimals), span)
    }

    fn whole(self, frame: Padded<'_>, span: Span) -> Option<u64> {
        Portable.whole(frame, span)?;
        self.0.token(Kind::Whole, span).map(|token| token as u64)
    }

    fn time(self, frame: Padded<'_>, span: Span, _: &mut DayMemo) -> Option<Nanos> {
        read_time(Portable, frame, span, &mut DayMemo::default())?;
        self.0.token(Kind::Time, span).map(Nanos)
    }

    fn names(self, symbol: Span) {
        self.0.symbol.set(Some(symbol));
        self.0.symbols.set(self.0.symbols.get() + 1);
    }

    fn passes(self, text: Span) {
        if let Some(free) = self.0.passed.iter().find(|passed| passed.get().is_none()) {
            free.set(Some(text));
        }
    }
}
