//! The book: real changes into both forms and through the whole stage, beside a tree.
//!
//! Changes of a deep book are timed sixteen at a time, whatever frame they came in (sixteen is the
//! median frame on Binance spot): a frame's own time is mostly its size.

use std::hint::black_box;

use neural_kraken::base::{
    Continuity, Form as Shape, Instrument, InstrumentId, Instruments, Nanos, Side, Symbol,
};
use neural_kraken::event::{Body, BookChange, Head, Level, Market, Stamp};
use neural_kraken::stage::book::{Books, Form, Settings, Sides};
use neural_kraken::stage::contract::{Idle, Nowhere, On};

use crate::support::{Bench, Case, Contender};
use crate::tape::{Message, Tape};

/// Changes in one timed item.
const BURST: usize = 16;

/// A window of the size that a deep book gets.
const WINDOW: Shape = Shape::Window { ticks: 1 << 17 };

const LADDER: Shape = Shape::Ladder { depth: 10 };

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    // A tape is only read where one of its cases is asked for.
    let wants = |cases: [&str; 3]| cases.into_iter().any(|case| bench.wants(case));
    let wants_spot = wants(["deep, spot", "deep, spot, cold", "deep stage, spot"]);
    let wants_coin = wants(["deep, COIN-M", "deep, COIN-M, cold", "deep stage, COIN-M"]);
    let wants_kraken = wants(["shallow, Kraken", "shallow, Kraken, cold", "shallow stage, Kraken"]);
    if wants_spot {
        run_deep(bench, &Tape::spot(), Continuity::UpdateId);
    }
    if wants_coin {
        run_deep(bench, &Tape::coin(), Continuity::PreviousId);
    }
    if wants_kraken && let Some(tape) = Tape::kraken() {
        run_shallow(bench, &tape);
    }
}

fn run_deep(bench: &mut Bench, tape: &Tape, continuity: Continuity) {
    let bursts = bursts(tape);
    let case = Case::new(format!("deep, {}", tape.name), "change", bursts.len());
    let case = case.split(BURST as u32);
    for case in [case.clone(), case.cold()] {
        let mut ours =
            Deep { form: Form::new(WINDOW, 1), scratch: Scratch::default(), tape, bursts: &bursts };
        bench.run(&case, &mut ours, &mut deep_rivals(tape, &bursts));
    }
    let name = format!("deep stage, {}", tape.name);
    let case = Case::new(name, "change", tape.changes.len()).units(tape.levels() as u64);
    bench.run(&case, &mut Stage::new(tape, WINDOW, continuity), &mut []);
}

fn run_shallow(bench: &mut Bench, tape: &Tape) {
    let case = Case::new(format!("shallow, {}", tape.name), "message", tape.changes.len());
    for case in [case.clone(), case.cold()] {
        let mut ours = Shallow { form: Form::new(LADDER, 1), scratch: Scratch::default(), tape };
        bench.run(&case, &mut ours, &mut shallow_rivals(tape));
    }
    let case = Case::new(format!("shallow stage, {}", tape.name), "message", tape.changes.len());
    bench.run(&case, &mut Stage::new(tape, LADDER, Continuity::Checksum), &mut []);
}

/// Sixteen changes in the order of the wire.
#[derive(Clone, Debug)]
struct Burst {
    levels: [Level; BURST],
    /// Side and length of each run.
    runs: Vec<(Side, usize)>,
}

/// What was decoded just now: one place in memory, whatever is in it.
#[derive(Debug, Default)]
struct Scratch {
    levels: Vec<Level>,
    runs: Vec<(Side, usize)>,
}

impl Scratch {
    fn take(&mut self, levels: &[Level], runs: &[(Side, usize)]) {
        self.levels.clear();
        self.levels.extend_from_slice(levels);
        self.runs.clear();
        self.runs.extend_from_slice(runs);
    }

    fn take_message(&mut self, message: &Message) {
        let runs = [(Side::Buy, message.bids().len()), (Side::Sell, message.asks().len())];
        self.take(&message.levels, &runs);
    }

    fn each(&self, mut run: impl FnMut(Side, &[Level])) {
        let mut levels = &self.levels[..];
        for (side, count) in &self.runs {
            let (these, rest) = levels.split_at(*count);
            run(*side, these);
            levels = rest;
        }
    }
}

fn bursts(tape: &Tape) -> Vec<Burst> {
    let sides = tape.changes.iter().flat_map(|message| {
        let bids = message.bids().iter().map(|level| (Side::Buy, *level));
        bids.chain(message.asks().iter().map(|level| (Side::Sell, *level)))
    });
    let all: Vec<(Side, Level)> = sides.collect();
    let burst = |changes: &[(Side, Level); BURST]| {
        let runs = changes.chunk_by(|a, b| a.0 == b.0).map(|run| (run[0].0, run.len()));
        Burst { levels: changes.map(|change| change.1), runs: runs.collect() }
    };
    all.as_chunks().0.iter().map(burst).collect()
}

/// Ours, deep.
struct Deep<'a> {
    form: Form,
    scratch: Scratch,
    tape: &'a Tape,
    bursts: &'a [Burst],
}

impl Contender for Deep<'_> {
    fn reset(&mut self) {
        let snapshot = &self.tape.snapshot;
        self.form.load(snapshot.bids(), snapshot.asks(), true);
    }

    fn prepare(&mut self, index: usize) {
        let burst = &self.bursts[index];
        self.scratch.take(&burst.levels, &burst.runs);
    }

    fn item(&mut self, _: usize) {
        self.scratch.each(|side, levels| self.form.apply(side, levels));
        self.form.settle();
        black_box((self.form.best(Side::Buy), self.form.best(Side::Sell)));
    }
}

/// Ours, shallow: a message in, its checksum compared.
struct Shallow<'a> {
    form: Form,
    scratch: Scratch,
    tape: &'a Tape,
}

impl Contender for Shallow<'_> {
    fn reset(&mut self) {
        let snapshot = &self.tape.snapshot;
        self.form.load(snapshot.bids(), snapshot.asks(), true);
        self.form.settle();
    }

    fn prepare(&mut self, index: usize) {
        self.scratch.take_message(&self.tape.changes[index]);
    }

    fn item(&mut self, index: usize) {
        let message = &self.tape.changes[index];
        self.scratch.each(|side, levels| self.form.apply(side, levels));
        self.form.settle();
        assert_eq!(Some(self.form.checksum()), message.change.checksum);
        black_box((self.form.best(Side::Buy), self.form.best(Side::Sell)));
    }
}

/// The whole stage: a message in, its proof checked, a view out where it changed.
struct Stage<'a> {
    books: Books,
    scratch: Scratch,
    tape: &'a Tape,
    head: Head,
}

impl<'a> Stage<'a> {
    fn new(tape: &'a Tape, form: Shape, continuity: Continuity) -> Stage<'a> {
        let symbol = Symbol::new(b"BTC-USD").unwrap();
        let decimals = if continuity == Continuity::Checksum { 1 } else { 8 };
        let plain = Instrument::plain("venue", symbol, decimals, 8);
        let mut instruments = Instruments::default();
        instruments.add(Instrument { form, continuity, ..plain }).unwrap();
        let stamp = Stamp { recv_ns: Nanos(1), ..Stamp::default() };
        let mut head = Head::about_connection(stamp, Body::Reset);
        head.instrument = InstrumentId(0);
        (head.price_decimals, head.qty_decimals) = (decimals, 8);
        Stage {
            books: Books::new(&instruments, &Settings::default()),
            scratch: Scratch::default(),
            tape,
            head,
        }
    }

    fn send(&mut self, change: BookChange) {
        self.head.body = Body::Book(change);
        let market = Market { head: &self.head, levels: &self.scratch.levels };
        self.books.on(&market, &mut Nowhere);
    }
}

impl Contender for Stage<'_> {
    fn reset(&mut self) {
        self.head.body = Body::Reset;
        self.books.on(&Market { head: &self.head, levels: &[] }, &mut Nowhere);
        self.scratch.take_message(&self.tape.snapshot);
        self.send(self.tape.snapshot.change);
        self.books.idle();
        let integrity = self.books.integrity();
        let faults = integrity.gaps + integrity.checksum_bad + integrity.crossed;
        assert_eq!(faults, 0, "a recording without faults");
    }

    fn prepare(&mut self, index: usize) {
        self.scratch.take_message(&self.tape.changes[index]);
    }

    fn item(&mut self, index: usize) {
        self.send(self.tape.changes[index].change);
        black_box(self.books.view(InstrumentId(0)));
    }
}

type Rivals<'a> = Vec<(&'static str, &'a mut dyn Contender)>;

#[cfg(not(feature = "rivals"))]
fn deep_rivals<'a>(_: &'a Tape, _: &'a [Burst]) -> Rivals<'a> {
    Vec::new()
}

#[cfg(not(feature = "rivals"))]
fn shallow_rivals(_: &Tape) -> Rivals<'_> {
    Vec::new()
}

#[cfg(feature = "rivals")]
fn deep_rivals<'a>(tape: &'a Tape, bursts: &'a [Burst]) -> Rivals<'a> {
    let tree = rival::Deep { tree: Tree::default(), scratch: Scratch::default(), tape, bursts };
    vec![("BTreeMap", Box::leak(Box::new(tree)))]
}

#[cfg(feature = "rivals")]
fn shallow_rivals(tape: &Tape) -> Rivals<'_> {
    let tree = rival::Shallow { tree: Tree::default(), scratch: Scratch::default(), tape };
    vec![("BTreeMap, write!", Box::leak(Box::new(tree)))]
}

#[cfg(feature = "rivals")]
use bench_rivals::book::Tree;

#[cfg(feature = "rivals")]
mod rival {
    use super::{Burst, Contender, Scratch, Side, Tape, Tree, black_box};
    use neural_kraken::event::Level;

    pub(super) struct Deep<'a> {
        pub(super) tree: Tree,
        pub(super) scratch: Scratch,
        pub(super) tape: &'a Tape,
        pub(super) bursts: &'a [Burst],
    }

    pub(super) struct Shallow<'a> {
        pub(super) tree: Tree,
        pub(super) scratch: Scratch,
        pub(super) tape: &'a Tape,
    }

    fn set_all(tree: &mut Tree, side: Side, levels: &[Level]) {
        for level in levels {
            tree.set(side == Side::Buy, level.price, level.qty);
        }
    }

    fn load(tree: &mut Tree, tape: &Tape) {
        tree.clear();
        set_all(tree, Side::Buy, tape.snapshot.bids());
        set_all(tree, Side::Sell, tape.snapshot.asks());
    }

    impl Contender for Deep<'_> {
        fn reset(&mut self) {
            load(&mut self.tree, self.tape);
        }

        fn prepare(&mut self, index: usize) {
            let burst = &self.bursts[index];
            self.scratch.take(&burst.levels, &burst.runs);
        }

        fn item(&mut self, _: usize) {
            self.scratch.each(|side, levels| set_all(&mut self.tree, side, levels));
            black_box(self.tree.best());
        }
    }

    impl Contender for Shallow<'_> {
        fn reset(&mut self) {
            load(&mut self.tree, self.tape);
        }

        fn prepare(&mut self, index: usize) {
            self.scratch.take_message(&self.tape.changes[index]);
        }

        fn item(&mut self, index: usize) {
            let message = &self.tape.changes[index];
            self.scratch.each(|side, levels| set_all(&mut self.tree, side, levels));
            self.tree.cut(10);
            assert_eq!(Some(self.tree.checksum()), message.change.checksum);
            black_box(self.tree.best());
        }
    }
}
