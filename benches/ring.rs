//! The ring: what it costs to hand a message on, on one thread and between two cores.

use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use neural_kraken::event::Level;
use neural_kraken::ring::{self, latest, level};

use crate::support::{Bench, Case, Contender, core_count, pin_to};

/// A message of one cache line.
type Message = [u64; 8];

/// Slots of every ring here.
const SLOTS: usize = 1_024;

/// Messages handed on in one timed item of a case on one thread: one alone is too short for a
/// stamp.
const BURST: u32 = 16;

/// Levels of a slice: an ordinary depth frame.
const LEVELS: u32 = 20;

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    same_thread(bench);
    between_cores(bench);
    level_slices(bench);
    newest_value(bench);
}

fn same_thread(bench: &mut Bench) {
    let case = Case::new("same thread, 64 B", "message", 2_000).split(BURST);
    let (mut producer, mut consumer) = ring::spsc::<Message>(SLOTS);
    let mut ours = |index: usize| {
        for at in 0..BURST as usize {
            let _ = producer.push(black_box([(index + at) as u64; 8]));
            black_box(consumer.pop());
        }
    };
    #[cfg(not(feature = "rivals"))]
    bench.run(&case, &mut ours, &mut []);
    #[cfg(feature = "rivals")]
    {
        let queue = bench_rivals::ArrayQueue::<Message>::new(SLOTS);
        let mut rival = |index: usize| {
            for at in 0..BURST as usize {
                let _ = queue.push(black_box([(index + at) as u64; 8]));
                black_box(queue.pop());
            }
        };
        bench.run(&case, &mut ours, &mut [("ArrayQueue", &mut rival)]);
    }
}

/// There and back between two cores; a sample is halved.
fn between_cores(bench: &mut Bench) {
    let case = Case::new("hop between cores, 64 B", "message", 10_000).split(2);
    if !bench.wants(case.name()) {
        return;
    }
    if core_count() < 2 {
        eprintln!("ring/hop: left out, since it needs two cores");
        return;
    }
    let mut ours = ring_round_trip();
    #[cfg(not(feature = "rivals"))]
    bench.run(&case, &mut ours, &mut []);
    #[cfg(feature = "rivals")]
    {
        let mut rival = queue_round_trip();
        bench.run(&case, &mut ours, &mut [("ArrayQueue", &mut rival)]);
    }
}

/// A slice of levels written, read in place and released, on one thread.
fn level_slices(bench: &mut Bench) {
    let case = Case::new("level ring, 20 levels", "level", 2_000).split(BURST * LEVELS);
    let (mut writer, mut reader) = level::ring::<Level>(SLOTS);
    let slice = [Level { price: 6_180_000, qty: 5 }; LEVELS as usize];
    let mut ours = |_: usize| {
        for _ in 0..BURST {
            black_box(writer.write(black_box(&slice)));
            black_box(reader.read(slice.len()).map(|levels| levels[levels.len() - 1].qty));
            reader.release(slice.len());
        }
    };
    bench.run(&case, &mut ours, &mut []);
}

/// A value written and read, on one thread.
fn newest_value(bench: &mut Bench) {
    let case = Case::new("newest-value cell, 64 B", "value", 2_000).split(BURST);
    let (mut writer, mut reader) = latest::cell([0_u64; 8]);
    let mut ours = |index: usize| {
        for at in 0..BURST as usize {
            writer.write(black_box([(index + at) as u64; 8]));
            black_box(reader.read_new());
        }
    };
    bench.run(&case, &mut ours, &mut []);
}

/// Sends a message to an echo on another core and waits for it. The echo polls only while its
/// contender is on: on two cores two of them would starve each other.
struct RoundTrip<S, R> {
    send: S,
    receive: R,
    echo: Option<JoinHandle<()>>,
    /// Has the echo been sent to sleep?
    rests: bool,
    stop: Arc<AtomicBool>,
}

impl<S: FnMut(Message), R: FnMut() -> Option<Message>> Contender for RoundTrip<S, R> {
    fn reset(&mut self) {
        // Only then: an echo that is woken while awake would not sleep the next time.
        if let (true, Some(echo)) = (std::mem::take(&mut self.rests), &self.echo) {
            echo.thread().unpark();
        }
        // The echo is awake when the first message has come back.
        self.item(0);
    }

    fn item(&mut self, index: usize) {
        (self.send)(black_box([index as u64; 8]));
        loop {
            if let Some(message) = (self.receive)() {
                black_box(message);
                return;
            }
            spin_loop();
        }
    }

    fn rest(&mut self) {
        (self.send)([PAUSE; 8]);
        self.rests = true;
    }
}

impl<S, R> Drop for RoundTrip<S, R> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(echo) = self.echo.take() {
            echo.thread().unpark();
            let _ = echo.join();
        }
    }
}

/// A message that sends the echo to sleep until the next pass.
const PAUSE: u64 = u64::MAX;

/// Starts an echo on the core before the last one.
fn echo(
    stop: Arc<AtomicBool>,
    mut receive: impl FnMut() -> Option<Message> + Send + 'static,
    mut send: impl FnMut(Message) + Send + 'static,
) -> JoinHandle<()> {
    // The calling thread is bound to the last core, and what it starts inherits that.
    std::thread::spawn(move || {
        pin_to(1);
        while !stop.load(Ordering::Acquire) {
            match receive() {
                Some(message) if message[0] == PAUSE => std::thread::park(),
                Some(message) => send(message),
                None => spin_loop(),
            }
        }
    })
}

fn ring_round_trip() -> impl Contender {
    let (mut there, mut at_there) = ring::spsc::<Message>(SLOTS);
    let (mut back, mut at_back) = ring::spsc::<Message>(SLOTS);
    let stop = Arc::new(AtomicBool::new(false));
    let echo = echo(
        stop.clone(),
        move || at_there.pop(),
        move |message| {
            let _ = back.push(message);
        },
    );
    RoundTrip {
        send: move |message| {
            let _ = there.push(message);
        },
        receive: move || at_back.pop(),
        echo: Some(echo),
        rests: false,
        stop,
    }
}

#[cfg(feature = "rivals")]
fn queue_round_trip() -> impl Contender {
    let there = Arc::new(bench_rivals::ArrayQueue::<Message>::new(SLOTS));
    let back = Arc::new(bench_rivals::ArrayQueue::<Message>::new(SLOTS));
    let stop = Arc::new(AtomicBool::new(false));
    let (at_there, to_back) = (there.clone(), back.clone());
    let echo = echo(
        stop.clone(),
        move || at_there.pop(),
        move |message| {
            let _ = to_back.push(message);
        },
    );
    RoundTrip {
        send: move |message| {
            let _ = there.push(message);
        },
        receive: move || back.pop(),
        echo: Some(echo),
        rests: false,
        stop,
    }
}
