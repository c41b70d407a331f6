//! The ring: what it costs to hand a message on.

use std::hint::black_box;

use crate::support::{Bench, Case, Contender};

/// A message of one cache line.
type Message = [u64; 8];

/// Messages handed on in one timed item: one alone is too short for a stamp.
const BURST: usize = 16;

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    let case = Case::new("same thread, 64 B", "message", 2_000).split(BURST as u32);
    let (mut producer, mut consumer) = rtrb::RingBuffer::<Message>::new(1_024);
    let mut ours = |index: usize| {
        for at in 0..BURST {
            let _ = producer.push(black_box([(index + at) as u64; 8]));
            let _ = black_box(consumer.pop());
        }
    };
    bench.run(&case, &mut ours, &mut rivals());
}

#[cfg(not(feature = "rivals"))]
fn rivals<'a>() -> Vec<(&'static str, &'a mut dyn Contender)> {
    Vec::new()
}

#[cfg(feature = "rivals")]
fn rivals<'a>() -> Vec<(&'static str, &'a mut dyn Contender)> {
    let queue = bench_rivals::ArrayQueue::<Message>::new(1_024);
    let rival = move |index: usize| {
        for at in 0..BURST {
            let _ = queue.push(black_box([(index + at) as u64; 8]));
            black_box(queue.pop());
        }
    };
    vec![("ArrayQueue", Box::leak(Box::new(rival)))]
}
