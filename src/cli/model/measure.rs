//! Measuring calls in turn: each pass times every one of them, so that a slow phase of the host
//! meets all.
//!
//! Never: a ratio of figures from different passes.

use crate::sys::clock::Clock;
use crate::sys::{alloc, memory};

/// Something that is called again and again.
pub(super) trait Call {
    /// What is done before each call and not measured.
    fn before(&mut self);
    /// What is measured.
    fn call(&mut self);
}

/// One line of the bench.
pub(super) struct Lane<'a> {
    pub(super) engine: &'static str,
    pub(super) mode: &'static str,
    pub(super) call: Box<dyn Call + 'a>,
    /// Calls of a pass.
    pub(super) calls: usize,
    /// Nanoseconds, by pass.
    passes: Vec<Vec<u64>>,
    /// Allocations of a call, where they can be counted.
    pub(super) allocations: Option<f64>,
    /// Page faults of a call.
    pub(super) faults: f64,
}

/// Nanoseconds of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spread {
    pub(super) min: u64,
    pub(super) p50: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
}

/// Calls of a pass before any is counted.
const WARM_CALLS: usize = 16;

impl<'a> Lane<'a> {
    pub(super) fn new(
        engine: &'static str,
        mode: &'static str,
        calls: usize,
        call: Box<dyn Call + 'a>,
    ) -> Lane<'a> {
        Lane { engine, mode, call, calls, passes: Vec::new(), allocations: None, faults: 0.0 }
    }

    fn pass(&mut self, clock: &Clock, reading: u64) {
        let mut spans = Vec::with_capacity(self.calls);
        for n in 0..WARM_CALLS + self.calls {
            self.call.before();
            let start = clock.ticks();
            self.call.call();
            let span = clock.ticks().saturating_sub(start);
            let span_ns = clock.span_ns(span.saturating_sub(reading));
            if n >= WARM_CALLS {
                spans.push(span_ns);
            }
        }
        spans.sort_unstable();
        self.passes.push(spans);
    }

    /// What a call allocates: what Rust code does, as far as the process counts it.
    fn count(&mut self) {
        let calls = 64;
        let faults = memory::page_faults().minor;
        let before = alloc::of_thread().allocations;
        for _ in 0..calls {
            self.call.before();
            let hot = alloc::hot();
            self.call.call();
            drop(hot);
        }
        let allocations = alloc::of_thread().allocations - before;
        // C code calls `malloc` past the allocator that counts.
        let is_counted = alloc::is_counting() && self.engine != "ort";
        self.allocations = is_counted.then(|| allocations as f64 / f64::from(calls));
        self.faults = (memory::page_faults().minor - faults) as f64 / f64::from(calls);
    }

    /// Over all passes.
    pub(super) fn spread(&self) -> Spread {
        let mut all = self.passes.concat();
        all.sort_unstable();
        let Some(last) = all.len().checked_sub(1) else { return Spread::default() };
        let at = |parts: usize| all[(last * parts / 1_000).min(last)];
        Spread { min: all[0], p50: at(500), p99: at(990), p999: at(999) }
    }

    /// How many times longer `other` takes: the median over passes of the ratio of medians.
    pub(super) fn ratio(&self, other: &Lane<'_>) -> Option<f64> {
        let median = |pass: &Vec<u64>| pass.get(pass.len() / 2).copied().unwrap_or_default();
        let pairs = self.passes.iter().zip(&other.passes);
        let mut ratios: Vec<f64> =
            pairs.map(|(own, other)| median(other) as f64 / median(own).max(1) as f64).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied()
    }
}

/// Ticks between two readings of the counter with nothing between them, in the middle of many.
fn reading(clock: &Clock) -> u64 {
    let mut spans: Vec<u64> = (0..2_001)
        .map(|_| {
            let start = clock.ticks();
            clock.ticks().saturating_sub(start)
        })
        .collect();
    spans.sort_unstable();
    spans[spans.len() / 2]
}

/// Times all lanes in turn, `passes` times. What it takes to read the counter is taken off.
pub(super) fn measure(lanes: &mut [Lane<'_>], passes: usize, clock: &Clock) {
    let reading = reading(clock);
    for _ in 0..passes {
        for lane in &mut *lanes {
            lane.pass(clock, reading);
        }
    }
    for lane in lanes {
        lane.count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Call for Nothing {
        fn before(&mut self) {}
        fn call(&mut self) {}
    }

    #[test]
    fn ratios_are_of_the_same_pass_and_percentiles_over_all() {
        let lane = |passes: &[[u64; 3]]| {
            let mut lane = Lane::new("native", "step", 3, Box::new(Nothing));
            lane.passes = passes.iter().map(|pass| pass.to_vec()).collect();
            lane
        };
        // The host is ten times slower in the second pass, for both.
        let own = lane(&[[1, 2, 3], [10, 20, 30], [1, 2, 4]]);
        let other = lane(&[[5, 6, 7], [50, 60, 70], [5, 8, 9]]);
        assert!((own.ratio(&other).unwrap() - 3.0).abs() < 1e-9);
        let spread = own.spread();
        assert_eq!((spread.min, spread.p50, spread.p999), (1, 3, 20));
    }
}
