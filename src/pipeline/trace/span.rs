//! What is measured: spans of time stamp counter ticks, each into its own single-writer histogram.
//!
//! Stages are timed one by one on a sample of the frames. On one core a stage's call holds those of
//! the stages below it, so what they took is subtracted, and so is what reading the counter costs.

use super::super::flow::link::Spent;
use crate::metric::histogram::{self, Percentiles, Reader, Recorder, Snapshot};
use crate::sys::clock::{self, Clock};

/// What is timed, in flow order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Frame bytes in, events out.
    Decode,
    /// Events in, views out.
    Book,
    /// Views in, features out.
    Signal,
    /// Features in, forecasts out.
    Model,
    /// Forecasts in, intents out.
    Strategy,
    /// Intents in, children out.
    Route,
    /// Children in, decisions out.
    Risk,
    /// Decisions in, order bytes out.
    Dispatch,
}

impl Stage {
    /// All, in flow order.
    pub const ALL: [Stage; 8] = [
        Stage::Decode,
        Stage::Book,
        Stage::Signal,
        Stage::Model,
        Stage::Strategy,
        Stage::Route,
        Stage::Risk,
        Stage::Dispatch,
    ];

    /// As in output.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Decode => "decode",
            Stage::Book => "book",
            Stage::Signal => "signal",
            Stage::Model => "model",
            Stage::Strategy => "strategy",
            Stage::Route => "route",
            Stage::Risk => "risk",
            Stage::Dispatch => "dispatch",
        }
    }
}

/// The writing end of one stage's histogram.
#[derive(Debug)]
pub(in crate::pipeline) struct Span {
    clock: Clock,
    recorder: Recorder,
    /// What reading the counter once costs.
    read_ticks: u64,
}

/// The writing ends of what the whole machine takes.
#[derive(Debug)]
pub(in crate::pipeline) struct Reaction {
    clock: Clock,
    decision: Recorder,
    first: Recorder,
    order: Recorder,
    /// When the last frame came.
    arrived_tsc: u64,
}

/// The reading ends of one thread.
#[derive(Clone, Debug, Default)]
pub(in crate::pipeline) struct Readers {
    stages: Vec<(Stage, Reader)>,
    decision: Vec<Reader>,
    first: Vec<Reader>,
    order: Vec<Reader>,
}

/// Percentiles of each span, nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// Each stage, in the order of [`Stage::ALL`]; a sample of the frames.
    pub stages: [Percentiles; Stage::ALL.len()],
    /// Frame bytes in, last stage done; every frame.
    pub tick_to_decision: Percentiles,
    /// The same of frames that were the first of their receive: the others came with them and
    /// waited for them.
    pub first_to_decision: Percentiles,
    /// Frame bytes in, first order's bytes out; every frame that led to one.
    pub tick_to_order: Percentiles,
}

impl Latency {
    /// Those of a stage.
    pub const fn stage(&self, stage: Stage) -> Percentiles {
        self.stages[stage as usize]
    }
}

impl Span {
    pub(in crate::pipeline) fn new(stage: Stage, clock: Clock, readers: &mut Readers) -> Span {
        let (recorder, reader) = histogram::histogram();
        readers.stages.push((stage, reader));
        Span { clock, recorder, read_ticks: read_ticks() }
    }

    /// What a stage took, less what those below it did.
    #[inline]
    pub(in crate::pipeline) fn record(&mut self, spent: Spent, below: Spent) {
        let reading = self.read_ticks * (spent.calls + below.calls);
        let own = spent.ticks.saturating_sub(below.ticks).saturating_sub(reading);
        self.recorder.record(self.clock.span_ns(own));
    }
}

impl Span {
    /// A plain span.
    #[inline(always)]
    pub(in crate::pipeline) fn record_ticks(&mut self, ticks: u64) {
        self.recorder.record(self.clock.span_ns(ticks.saturating_sub(self.read_ticks)));
    }
}

impl Reaction {
    pub(in crate::pipeline) fn new(clock: Clock, readers: &mut Readers) -> Reaction {
        let (decision, decision_reader) = histogram::histogram();
        let (first, first_reader) = histogram::histogram();
        let (order, order_reader) = histogram::histogram();
        readers.decision.push(decision_reader);
        readers.first.push(first_reader);
        readers.order.push(order_reader);
        Reaction { clock, decision, first, order, arrived_tsc: 0 }
    }

    /// The last stage is done with a frame that came with a receive of `arrived_tsc`.
    #[inline(always)]
    pub(in crate::pipeline) fn decision(&mut self, arrived_tsc: u64) {
        let span_ns = self.clock.span_ns(clock::counter().wrapping_sub(arrived_tsc));
        self.decision.record(span_ns);
        if arrived_tsc != self.arrived_tsc {
            self.arrived_tsc = arrived_tsc;
            self.first.record(span_ns);
        }
    }

    /// A frame's first order is in bytes.
    #[inline(always)]
    pub(in crate::pipeline) fn order(&mut self, ticks: u64) {
        self.order.record(self.clock.span_ns(ticks));
    }
}

impl Readers {
    /// Percentiles of all threads together.
    pub(in crate::pipeline) fn latency(&self) -> Latency {
        let of = |stage: Stage| {
            merged(self.stages.iter().filter(|(of, _)| *of == stage).map(|(_, reader)| reader))
        };
        let [decision, order] = self.reactions();
        Latency {
            stages: Stage::ALL.map(|stage| of(stage).percentiles()),
            tick_to_decision: decision.percentiles(),
            first_to_decision: merged(self.first.iter()).percentiles(),
            tick_to_order: order.percentiles(),
        }
    }

    /// All that was counted of tick to decision and of tick to order.
    pub(in crate::pipeline) fn reactions(&self) -> [Snapshot; 2] {
        [merged(self.decision.iter()), merged(self.order.iter())]
    }
}

fn merged<'a>(readers: impl Iterator<Item = &'a Reader>) -> Snapshot {
    let mut sum = Snapshot::default();
    readers.for_each(|reader| sum.merge(&reader.snapshot()));
    sum
}

/// What reading the counter once costs: the least of many, since an interrupt only ever adds.
fn read_ticks() -> u64 {
    (0..1_000)
        .map(|_| {
            let before = clock::counter();
            clock::counter().wrapping_sub(before)
        })
        .min()
        .unwrap_or(0)
}
