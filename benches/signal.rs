//! The signals: views of a recording through the whole stage, both forms, each instruction set
//! beside the plain one.

use std::hint::black_box;
use std::path::PathBuf;

use neural_kraken::base::Instruments;
use neural_kraken::event::{Seen, View};
use neural_kraken::pipeline::{self, Layout, Pace, Plan};
use neural_kraken::stage::book;
use neural_kraken::stage::contract::{Emit, On};
use neural_kraken::stage::signal::{Form, Level, Settings, Signals};
use neural_kraken::tape::{self, SAMPLES, Spec, Tape};
use neural_kraken::venue;
use neural_kraken::venue::wire::FastLevel;

use crate::support::{Bench, Case, Contender};

/// Views of a pass: enough for every horizon to be ready, few enough to be repeated.
const VIEWS: usize = 20_000;

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    let forms = [(Form::Exponential, "8 exponential"), (Form::Window, "8 windows")];
    let cases = forms.map(|(form, name)| (form, Case::new(name, "view", VIEWS)));
    let is_wanted = |case: &Case| bench.wants(case.name()) || bench.wants(case.cold().name());
    if !cases.iter().any(|(_, case)| is_wanted(case)) {
        return;
    }
    let (instruments, views) = views();
    for (form, case) in &cases {
        let case = Case::new(case.name(), "view", views.len());
        let with = |level| Stage::new(&instruments, &views, *form, level);
        let best = Level::detect();
        let mut ours = with(best);
        let mut others: Vec<(&'static str, Stage)> = Level::ALL
            .into_iter()
            .filter(|level| *level < best)
            .map(|level| (level.name(), with(level)))
            .collect();
        let mut rivals: Vec<(&'static str, &mut dyn Contender)> =
            others.iter_mut().map(|(name, stage)| (*name, stage as &mut dyn Contender)).collect();
        bench.run(&case, &mut ours, &mut rivals);
        bench.run(&case.cold(), &mut ours, &mut []);
    }
}

/// The stage, and the view that it takes next: where the book would have left it.
struct Stage<'a> {
    fresh: Box<dyn Fn() -> Signals + 'a>,
    signals: Signals,
    views: &'a [View],
    view: View,
}

/// Looks at what comes out.
struct Looker;

impl Emit<Seen<'_>> for Looker {
    fn emit(&mut self, message: &Seen<'_>) {
        black_box(message.features);
    }
}

impl<'a> Stage<'a> {
    fn new(instruments: &'a Instruments, views: &'a [View], form: Form, level: Level) -> Self {
        let settings = Settings { form, level: Some(level), ..Settings::default() };
        let fresh = Box::new(move || Signals::new(instruments, &settings));
        Stage { signals: fresh(), fresh, views, view: View::default() }
    }
}

impl Contender for Stage<'_> {
    fn reset(&mut self) {
        self.signals = (self.fresh)();
    }

    fn prepare(&mut self, index: usize) {
        self.view = self.views[index];
    }

    fn item(&mut self, _: usize) {
        self.signals.on(&self.view, &mut Looker);
    }
}

/// Keeps views of a live book.
struct Keeper(Vec<View>);

impl Emit<View> for Keeper {
    fn emit(&mut self, message: &View) {
        if self.0.len() < VIEWS {
            self.0.push(*message);
        }
    }
}

/// The first views of Binance's recording, or of the generated one where there is none.
fn views() -> (Instruments, Vec<View>) {
    let recorded = std::env::var_os("NEURAL_KRAKEN_RECORDINGS").map(PathBuf::from);
    let file = recorded.map(|dir| dir.join("hftbacktest_binance_raw/spot_btcusdt_20240808.log.gz"));
    let sample = SAMPLES.iter().find(|(_, venue, _)| *venue == "binance").expect("a sample").0;
    let path = file.filter(|file| file.exists()).unwrap_or_else(|| PathBuf::from(sample));
    let format = tape::format("stamped").expect("a format");
    let spec = Spec { dialect: venue::dialect("binance"), format, path };
    let mut tape = Tape::load(&[spec], &mut |_, _| {}).expect("a tape");
    let instruments = tape::survey(&mut tape, &[], &[]).expect("a survey").instruments;
    let plan = Plan {
        layout: Layout::One,
        pace: Pace::Max,
        level: FastLevel::detect(),
        sample_every: 1 << 20,
        pin: false,
        books: book::Settings::default(),
        ..Plan::default()
    };
    let mut keeper = Keeper(Vec::new());
    pipeline::watch(&tape, &instruments, &plan, &mut keeper);
    (instruments, keeper.0)
}
