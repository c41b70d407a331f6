//! Measuring itself: what a stage pays to count, to record a span and to read the clock.

use std::hint::black_box;
use std::time::Duration;

use neural_kraken::metric::{counter, histogram};
use neural_kraken::sys::clock::Clock;

use crate::support::{Bench, Case};

/// Calls in one timed item: one alone is too short for a stamp.
const BURST: u32 = 16;

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    let case = |name| Case::new(name, "call", 2_000).split(BURST);
    let (mut recorder, _reader) = histogram::histogram();
    let mut record = |index: usize| {
        for at in 0..u64::from(BURST) {
            // Spans of 100 ns to 6 us, so that buckets change from call to call.
            recorder.record(black_box(100 + (index as u64 * 37 + at * 911) % 6_000));
        }
    };
    bench.run(&case("histogram, record"), &mut record, &mut []);

    let (mut counter, _reader) = counter();
    let mut count = |_: usize| {
        for _ in 0..BURST {
            black_box(&mut counter).increment();
        }
    };
    bench.run(&case("counter, increment"), &mut count, &mut []);

    let clock = Clock::calibrate(Duration::from_millis(1));
    let mut unix_now = |_: usize| {
        for _ in 0..BURST {
            black_box(clock.unix_now());
        }
    };
    bench.run(&case("clock, unix time"), &mut unix_now, &mut []);
}
