//! What is measured: spans of time stamp counter ticks, each into its own single-writer histogram.

use crate::metric::histogram::{self, Percentiles, Reader, Recorder};
use crate::sys::clock::Clock;

/// The writing ends, on the hot thread.
#[derive(Debug)]
pub(super) struct Spans {
    clock: Clock,
    decode: Recorder,
    book: Recorder,
    tick_to_decision: Recorder,
}

/// The reading ends.
#[derive(Clone, Debug)]
pub(super) struct SpanReaders {
    decode: Reader,
    book: Reader,
    tick_to_decision: Reader,
}

/// Percentiles of each span, nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// Frame bytes in, events out; a sample of the frames.
    pub decode: Percentiles,
    /// Events in, views out; the same sample.
    pub book: Percentiles,
    /// Frame bytes in, last stage done; every frame.
    pub tick_to_decision: Percentiles,
}

/// Empty histograms.
pub(super) fn spans(clock: Clock) -> (Spans, SpanReaders) {
    let (decode, decode_reader) = histogram::histogram();
    let (book, book_reader) = histogram::histogram();
    let (tick_to_decision, decision_reader) = histogram::histogram();
    let readers =
        SpanReaders { decode: decode_reader, book: book_reader, tick_to_decision: decision_reader };
    (Spans { clock, decode, book, tick_to_decision }, readers)
}

impl Spans {
    #[inline(always)]
    pub(super) fn decode(&mut self, ticks: u64) {
        self.decode.record(self.clock.span_ns(ticks));
    }

    #[inline(always)]
    pub(super) fn book(&mut self, ticks: u64) {
        self.book.record(self.clock.span_ns(ticks));
    }

    #[inline(always)]
    pub(super) fn tick_to_decision(&mut self, ticks: u64) {
        self.tick_to_decision.record(self.clock.span_ns(ticks));
    }
}

impl SpanReaders {
    /// Percentiles of several threads' spans together.
    pub(super) fn together(readers: &[SpanReaders]) -> Latency {
        let merged = |of: fn(&SpanReaders) -> &Reader| {
            let mut snapshots = readers.iter().map(|r| of(r).snapshot());
            let Some(mut sum) = snapshots.next() else { return Percentiles::default() };
            snapshots.for_each(|snapshot| sum.merge(&snapshot));
            sum.percentiles()
        };
        Latency {
            decode: merged(|r| &r.decode),
            book: merged(|r| &r.book),
            tick_to_decision: merged(|r| &r.tick_to_decision),
        }
    }
}
