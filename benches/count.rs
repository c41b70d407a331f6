//! Workloads for counting instructions: `scripts/instructions.sh` runs each under callgrind, twice,
//! with different repetitions, so that what is left of the difference is the work alone.
//!
//! In: a workload's name and how often. Out: nothing; the instructions are the result.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a workload that cannot run has nothing better to do than to say so and stop"
)]

use std::hint::black_box;
use std::path::PathBuf;

use neural_kraken::base::{Instruments, Nanos};
use neural_kraken::event::{Body, Head, Market, Stamp};
use neural_kraken::ring;
use neural_kraken::stage::book::{Books, Settings};
use neural_kraken::stage::contract::{Emit, Idle, Nowhere, On};
use neural_kraken::stage::feed::Feed;
use neural_kraken::tape::{self, SAMPLES, Spec, Tape};
use neural_kraken::venue::wire::FastLevel;
use neural_kraken::venue::{self, Input};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let (Some(workload), Some(times)) = (arguments.next(), arguments.next()) else {
        println!("{}", WORKLOADS.map(|(name, _)| name).join("\n"));
        return;
    };
    let times = times.parse().expect("a number of repetitions");
    let run = WORKLOADS.iter().find(|(name, _)| *name == workload).expect("a known workload").1;
    run(times);
}

type Run = fn(usize);

const WORKLOADS: [(&str, Run); 7] = [
    ("decode_top", |n| decode("binance", n, |body| matches!(body, Body::Top(_)))),
    ("decode_trade", |n| decode("binance", n, |body| matches!(body, Body::Trade(_)))),
    ("decode_depth", |n| decode("binance", n, |body| matches!(body, Body::Book(_)))),
    ("decode_kraken", |n| decode("kraken", n, |body| matches!(body, Body::Book(_)))),
    ("play_binance", |n| play("binance", n)),
    ("play_kraken", |n| play("kraken", n)),
    ("ring_hop", ring_hop),
];

fn load(dialect: &str) -> (Tape, Instruments) {
    let (name, ..) = SAMPLES.iter().find(|(_, venue, _)| *venue == dialect).expect("a sample");
    let spec = Spec {
        dialect: venue::dialect(dialect),
        format: tape::format("stamped").expect("a format"),
        path: PathBuf::from(name),
    };
    let mut tape = Tape::load(&[spec], &mut |_, _| {}).expect("a tape");
    let survey = tape::survey(&mut tape, &[], &[]).expect("a survey");
    (tape, survey.instruments)
}

/// Decodes two hundred frames of one kind, `times` times.
fn decode(dialect: &str, times: usize, is_wanted: fn(&Body) -> bool) {
    struct Kinds(Option<Body>);
    impl Emit<Market<'_>> for Kinds {
        fn emit(&mut self, message: &Market<'_>) {
            self.0 = Some(message.head.body);
        }
    }
    let (tape, instruments) = load(dialect);
    let mut feed = Feed::new(&tape.dialects(), &instruments, FastLevel::detect());
    let mut inputs = Vec::new();
    for frame in tape.frames().filter(|f| f.bytes.len() < 4_000) {
        let stamp = Stamp { recv_ns: Nanos(1), connection: frame.connection, ..Stamp::default() };
        let input = Input { stamp, about: frame.about, bytes: frame.bytes };
        let mut kinds = Kinds(None);
        feed.decode(&input);
        feed.emit(&input, &mut kinds);
        let is_snapshot = matches!(kinds.0, Some(Body::Book(change)) if change.snapshot);
        if kinds.0.is_some_and(|body| is_wanted(&body)) && !is_snapshot {
            inputs.push(input);
        }
    }
    inputs.truncate(200);
    assert_eq!(inputs.len(), 200, "the sample has enough of each kind");
    for _ in 0..times {
        for input in &inputs {
            feed.decode(black_box(input));
        }
    }
}

/// Plays a built-in recording through feed and book, `times` times.
fn play(dialect: &str, times: usize) {
    let (tape, instruments) = load(dialect);
    let mut feed = Feed::new(&tape.dialects(), &instruments, FastLevel::detect());
    let mut books = Books::new(&instruments, &Settings::default());
    for _ in 0..times {
        let mut link = ToBooks(&mut books);
        let stamp = Stamp::default();
        let reset = Head::about_connection(stamp, Body::Reset);
        link.emit(&Market { head: &reset, levels: &[] });
        for (n, frame) in tape.frames().enumerate() {
            let connection = frame.connection;
            let stamp =
                Stamp { frame: n as u64, recv_ns: frame.recv_ns, arrived_tsc: 0, connection };
            let input = Input { stamp, about: frame.about, bytes: frame.bytes };
            feed.decode(&input);
            feed.emit(&input, &mut link);
        }
        books.idle();
    }
}

struct ToBooks<'a>(&'a mut Books);

impl Emit<Market<'_>> for ToBooks<'_> {
    fn emit(&mut self, message: &Market<'_>) {
        self.0.on(message, &mut Nowhere);
    }
}

fn ring_hop(times: usize) {
    let (mut producer, mut consumer) = ring::spsc::<[u64; 8]>(64);
    for n in 0..times * 200 {
        producer.push([n as u64; 8]).expect("room");
        black_box(consumer.pop());
    }
}
