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

use neural_kraken::base::{
    AccountId, InstrumentId, Instruments, Nanos, OrderId, Price, Qty, Side, StrategyId,
};
use neural_kraken::event::{
    Action, Body, BookState, Child, Decision, Head, Level, Market, OrderState, Quote, Report,
    Routed, Stamp, Style, Terms, View,
};
use neural_kraken::ring;
use neural_kraken::stage::book::{Books, Settings};
use neural_kraken::stage::contract::{Emit, Idle, Nowhere, On};
use neural_kraken::stage::dispatch::client_id;
use neural_kraken::stage::feed::Feed;
use neural_kraken::stage::signal::{self, Signals};
use neural_kraken::tape::{self, SAMPLES, Spec, Tape};
use neural_kraken::venue::wire::FastLevel;
use neural_kraken::venue::{self, Input, Label, Session};

use machine::chain::Chain;
use machine::outfit;

mod machine;

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

const WORKLOADS: [(&str, Run); 13] = [
    ("decode_top", |n| decode("binance", n, |body| matches!(body, Body::Top(_)))),
    ("decode_trade", |n| decode("binance", n, |body| matches!(body, Body::Trade(_)))),
    ("decode_depth", |n| decode("binance", n, |body| matches!(body, Body::Book(_)))),
    ("decode_kraken", |n| decode("kraken", n, |body| matches!(body, Body::Book(_)))),
    ("play_binance", |n| play("binance", n)),
    ("play_kraken", |n| play("kraken", n)),
    ("ring_hop", ring_hop),
    ("signal", signal),
    ("risk", risk),
    ("encode_binance", |n| encode("binance", n)),
    ("encode_kraken", |n| encode("kraken", n)),
    ("chain_binance", |n| chain("binance", n)),
    ("chain_kraken", |n| chain("kraken", n)),
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

/// Takes two hundred views of a recording into the signals, `times` times.
fn signal(times: usize) {
    let (tape, instruments) = load("binance");
    let mut feed = Feed::new(&tape.dialects(), &instruments, FastLevel::detect());
    let mut books = Books::new(&instruments, &Settings::default());
    let mut views = Vec::new();
    for frame in tape.frames() {
        let stamp =
            Stamp { recv_ns: frame.recv_ns, connection: frame.connection, ..Stamp::default() };
        let input = Input { stamp, about: frame.about, bytes: frame.bytes };
        feed.decode(&input);
        feed.emit(&input, &mut Kept(&mut books, &mut views));
    }
    views.retain(|view| view.quote.state == BookState::Live);
    views.truncate(200);
    assert_eq!(views.len(), 200, "the sample has enough of them");
    let mut signals = Signals::new(&instruments, &signal::Settings::default());
    for _ in 0..times {
        for view in &views {
            signals.on(black_box(view), &mut Nowhere);
        }
    }
}

/// Books whose views are kept.
struct Kept<'a>(&'a mut Books, &'a mut Vec<View>);

impl Emit<Market<'_>> for Kept<'_> {
    fn emit(&mut self, message: &Market<'_>) {
        self.0.on(message, self.1);
    }
}

/// Checks and books two hundred orders, each cancelled at once, `times` times.
fn risk(times: usize) {
    let (tape, instruments) = load("kraken");
    let instruments = outfit::tradable(&instruments);
    let mut gate = outfit::gate(&tape.dialects(), &instruments);
    let stamp = Stamp { recv_ns: Nanos(1_784_484_000_000_000_000), ..Stamp::default() };
    let instrument = instruments.iter().next().expect("an instrument");
    let level = |price| Level { price, qty: 1 };
    let quote = Quote {
        stamp,
        bid: level(499_995),
        ask: level(500_005),
        instrument: 0,
        price_decimals: instrument.price_decimals,
        qty_decimals: instrument.qty_decimals,
        state: BookState::Live,
        ..Quote::default()
    };
    gate.on(&Routed::Market(&View { quote, ..View::default() }), &mut Nowhere);
    for n in 0..times as u64 * 200 {
        let side = if n.is_multiple_of(2) { Side::Buy } else { Side::Sell };
        let (price, qty) = (Price(500_000), Qty(1_000_000));
        let child = Child {
            stamp,
            intent: n,
            cancels: OrderId::NONE,
            terms: Terms { price, qty, side, style: Style::Limit },
            instrument: InstrumentId(0),
            strategy: StrategyId(0),
            account: AccountId(0),
            action: Action::Place,
            is_ready: true,
            is_reducing: false,
        };
        let mut last = Last(OrderId::NONE);
        gate.on(&Routed::Child(black_box(&child)), &mut last);
        gate.on(&Report::of(&child, last.0, OrderState::Cancelled), &mut Nowhere);
    }
}

/// The number of the last order.
struct Last(OrderId);

impl Emit<Decision<'_>> for Last {
    fn emit(&mut self, decision: &Decision<'_>) {
        match decision {
            Decision::Order(order) => self.0 = order.id(),
            Decision::Denied(denial) => panic!("denied: {:?}", denial.reasons),
        }
    }
}

/// Writes two hundred orders, `times` times.
fn encode(dialect: &str, times: usize) {
    let (_, instruments) = load(dialect);
    let instrument = instruments.iter().next().expect("an instrument");
    let desk = venue::dialect(dialect).and_then(|dialect| dialect.desk).expect("a desk");
    let mut template = desk.template(instrument, &Session::default()).expect("a template");
    for n in 0..times as u64 * 200 {
        let order = OrderId(1_000 + n);
        let now = Nanos(1_723_161_255_343_000_000 + n as i64 % 200 * 7_000_000);
        let label = Label { order, client: client_id(7, order), now };
        let side = if n.is_multiple_of(2) { Side::Buy } else { Side::Sell };
        let (price, qty) = (Price(6_123_456 + n as i64 % 200), Qty(1_000_000));
        let terms = Terms { price, qty, side, style: Style::Limit };
        black_box(template.place(&label, black_box(&terms)));
    }
}

/// Plays a built-in recording through all stages, an order at every frame, `times` times.
fn chain(dialect: &str, times: usize) {
    let (tape, instruments) = load(dialect);
    let mut chain = Chain::new(&tape.dialects(), &outfit::tradable(&instruments));
    for _ in 0..times {
        chain.reset();
        for (n, frame) in tape.frames().enumerate() {
            let (recv_ns, connection) = (frame.recv_ns, frame.connection);
            let stamp = Stamp { frame: n as u64, recv_ns, arrived_tsc: 0, connection };
            chain.frame(&Input { stamp, about: frame.about, bytes: frame.bytes });
            chain.idle();
        }
    }
    assert!(chain.orders().0 > 0, "orders come out");
}
