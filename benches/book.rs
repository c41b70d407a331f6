//! The book: real changes into both forms and through the whole stage, beside a tree.
//!
//! Changes of a deep book are timed sixteen at a time, whatever frame they came in (sixteen is the
//! median frame on Binance spot): a frame's own time is mostly its size.

use std::hint::black_box;

use neural_kraken::base::{
    Continuity, Form as Shape, Instrument, InstrumentId, Instruments, Nanos, Side, Symbol,
};
use neural_kraken::event::{Body, Head, Level, Market, Stamp};
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
    if bench.wants("deep") {
        run_deep(bench, &Tape::spot(), Continuity::UpdateId);
        run_deep(bench, &Tape::coin(), Continuity::PreviousId);
    }
    if bench.wants("shallow")
        && let Some(tape) = Tape::kraken()
    {
        run_shallow(bench, &tape);
    }
}

fn run_deep(bench: &mut Bench, tape: &Tape, continuity: Continuity) {
    let bursts = bursts(tape);
    let case = Case::new(format!("deep, {}", tape.name), "change", bursts.len());
    let case = case.split(BURST as u32);
    for case in [case.clone(), case.cold()] {
        let mut ours = Deep { form: Form::new(WINDOW, 1), tape, bursts: &bursts };
        bench.run(&case, &mut ours, &mut deep_rivals(tape, &bursts));
    }
    let name = format!("deep stage, {}", tape.name);
    let case = Case::new(name, "change", tape.changes.len()).units(tape.levels() as u64);
    bench.run(&case, &mut Stage::new(tape, WINDOW, continuity), &mut []);
}

fn run_shallow(bench: &mut Bench, tape: &Tape) {
    let case = Case::new(format!("shallow, {}", tape.name), "message", tape.changes.len());
    for case in [case.clone(), case.cold()] {
        let mut ours = Shallow { form: Form::new(LADDER, 1), tape };
        bench.run(&case, &mut ours, &mut shallow_rivals(tape));
    }
    let case = Case::new(format!("shallow stage, {}", tape.name), "message", tape.changes.len());
    bench.run(&case, &mut Stage::new(tape, LADDER, Continuity::Checksum), &mut []);
}

/// Sixteen changes in the order of the wire: runs of one side.
type Burst = Vec<(Side, Vec<Level>)>;

fn bursts(tape: &Tape) -> Vec<Burst> {
    let mut bursts = Vec::new();
    let mut burst: Burst = Vec::new();
    let mut count = 0;
    for message in &tape.changes {
        for (side, levels) in [(Side::Buy, message.bids()), (Side::Sell, message.asks())] {
            let mut levels = levels;
            while !levels.is_empty() {
                let (run, rest) = levels.split_at(levels.len().min(BURST - count));
                burst.push((side, run.to_vec()));
                count += run.len();
                levels = rest;
                if count == BURST {
                    bursts.push(std::mem::take(&mut burst));
                    count = 0;
                }
            }
        }
    }
    bursts
}

/// Ours, deep.
struct Deep<'a> {
    form: Form,
    tape: &'a Tape,
    bursts: &'a [Burst],
}

impl Contender for Deep<'_> {
    fn reset(&mut self) {
        let snapshot = &self.tape.snapshot;
        self.form.load(snapshot.bids(), snapshot.asks(), true);
    }

    fn item(&mut self, index: usize) {
        for (side, levels) in &self.bursts[index] {
            self.form.apply(*side, levels);
        }
        self.form.settle();
        black_box((self.form.best(Side::Buy), self.form.best(Side::Sell)));
    }
}

/// Ours, shallow: a message in, its checksum compared.
struct Shallow<'a> {
    form: Form,
    tape: &'a Tape,
}

impl Contender for Shallow<'_> {
    fn reset(&mut self) {
        let snapshot = &self.tape.snapshot;
        self.form.load(snapshot.bids(), snapshot.asks(), true);
        self.form.settle();
    }

    fn item(&mut self, index: usize) {
        let message = &self.tape.changes[index];
        self.form.apply(Side::Buy, message.bids());
        self.form.apply(Side::Sell, message.asks());
        self.form.settle();
        assert_eq!(Some(self.form.checksum()), message.change.checksum);
        black_box((self.form.best(Side::Buy), self.form.best(Side::Sell)));
    }
}

/// The whole stage: a message in, its proof checked, a view out where it changed.
struct Stage<'a> {
    books: Books,
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
        Stage { books: Books::new(&instruments, &Settings::default()), tape, head }
    }

    fn send(&mut self, message: &Message) {
        self.head.body = Body::Book(message.change);
        let market = Market { head: &self.head, levels: &message.levels };
        self.books.on(&market, &mut Nowhere);
    }
}

impl Contender for Stage<'_> {
    fn reset(&mut self) {
        self.head.body = Body::Reset;
        self.books.on(&Market { head: &self.head, levels: &[] }, &mut Nowhere);
        self.send(&self.tape.snapshot);
        self.books.idle();
        let integrity = self.books.integrity();
        let faults = integrity.gaps + integrity.checksum_bad + integrity.crossed;
        assert_eq!(faults, 0, "a recording without faults");
    }

    fn item(&mut self, index: usize) {
        self.send(&self.tape.changes[index]);
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
    let tree = rival::Deep { tree: Tree::default(), tape, bursts };
    vec![("BTreeMap", Box::leak(Box::new(tree)))]
}

#[cfg(feature = "rivals")]
fn shallow_rivals(tape: &Tape) -> Rivals<'_> {
    let tree = rival::Shallow { tree: Tree::default(), tape };
    vec![("BTreeMap, write!", Box::leak(Box::new(tree)))]
}

#[cfg(feature = "rivals")]
use bench_rivals::book::Tree;

#[cfg(feature = "rivals")]
mod rival {
    use super::{Burst, Contender, Side, Tape, Tree, black_box};
    use neural_kraken::event::Level;

    pub(super) struct Deep<'a> {
        pub(super) tree: Tree,
        pub(super) tape: &'a Tape,
        pub(super) bursts: &'a [Burst],
    }

    pub(super) struct Shallow<'a> {
        pub(super) tree: Tree,
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

        fn item(&mut self, index: usize) {
            for (side, levels) in &self.bursts[index] {
                set_all(&mut self.tree, *side, levels);
            }
            black_box(self.tree.best());
        }
    }

    impl Contender for Shallow<'_> {
        fn reset(&mut self) {
            load(&mut self.tree, self.tape);
        }

        fn item(&mut self, index: usize) {
            let message = &self.tape.changes[index];
            set_all(&mut self.tree, Side::Buy, message.bids());
            set_all(&mut self.tree, Side::Sell, message.asks());
            self.tree.cut(10);
            assert_eq!(Some(self.tree.checksum()), message.change.checksum);
            black_box(self.tree.best());
        }
    }
}
