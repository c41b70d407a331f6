//! The whole machine under trouble: a stage that dies, one core for everybody, a recorded pace.

use neural_kraken::base::Instruments;
use neural_kraken::config::Config;
use neural_kraken::event::{OrderState, Report};
use neural_kraken::journal::Fills;
use neural_kraken::pipeline::{
    self, Layout, Outcome, Pace, PipelineError, Plan, Progress, Put, Stage, Trading,
};
use neural_kraken::stage::book;
use neural_kraken::sys::core;
use neural_kraken::tape::{self, SAMPLES, Spec, Tape};
use neural_kraken::venue;

/// The built-in recordings, or those of these venues.
pub(super) fn tape(venues: &[&str]) -> (Tape, Instruments) {
    let named = SAMPLES.iter().filter(|(_, venue, _)| venues.contains(venue));
    let specs = named.map(|(name, dialect, _)| Spec {
        dialect: venue::dialect(dialect),
        format: tape::format("stamped").unwrap(),
        path: (*name).into(),
    });
    let mut tape = Tape::load(&specs.collect::<Vec<_>>(), &mut |_, _| {}).unwrap();
    let survey = tape::survey(&mut tape, &[], &[]).unwrap();
    (tape, survey.instruments)
}

pub(super) fn plan(layout: Layout, instruments: &mut Instruments) -> Plan {
    let config = Config::load(None).unwrap();
    let (resolved, _) = config.resolve_onto(instruments);
    let trading = Trading::new(&config, &resolved, &book::Settings::default(), Fills::Paper);
    Plan { layout, trading, pin: false, ..Plan::default() }
}

const LAYOUTS: [Layout; 3] = [Layout::One, Layout::VenuePerCore, Layout::StagePerCore];

fn reports(outcome: &Outcome) -> impl Iterator<Item = &Report> {
    outcome.outputs.iter().filter_map(|output| match &output.put {
        Put::Report(report) => Some(report),
        Put::Sent { .. } => None,
    })
}

#[test]
fn a_stage_that_dies_halts_the_machine_and_every_open_order_is_cancelled() {
    let (tape, mut instruments) = tape(&["kraken", "binance", "coinbase"]);
    let plan = plan(Layout::One, &mut instruments);
    let well = pipeline::replay(&tape, &instruments, &plan, &Progress::default()).unwrap();
    let opened = reports(&well).find(|report| report.state == OrderState::Open);
    let opened = opened.expect("an order rests at some time");
    // The frame after the one before which its venue said so.
    let heard = (0..tape.len()).find(|n| tape.frame(*n).unwrap().recv_ns >= opened.stamp.recv_ns);
    let after = heard.unwrap() as u64 + 1;
    let dying = [Stage::Book, Stage::Signal, Stage::Strategy, Stage::Risk, Stage::Dispatch];
    for layout in LAYOUTS {
        for stage in dying {
            let plan = Plan { layout, panic_at: Some((stage, after)), ..plan.clone() };
            let why = pipeline::replay(&tape, &instruments, &plan, &Progress::default());
            let Err(PipelineError::Panicked { why, cancelled }) = why else {
                panic!("{stage:?} should have died in {layout:?}");
            };
            assert!(why.contains("planned"), "{why}");
            assert!(cancelled >= 1, "{stage:?} in {layout:?} left an order open");
        }
    }
}

#[test]
fn one_core_for_everybody_gives_the_same_orders() {
    let (tape, mut instruments) = tape(&["binance"]);
    let base = plan(Layout::One, &mut instruments);
    let hashes: Vec<String> = std::thread::scope(|scope| {
        let lonely = scope.spawn(|| {
            core::pin(core::allowed().unwrap()[0]).unwrap();
            LAYOUTS.map(|layout| {
                let plan = Plan { layout, pin: true, ..base.clone() };
                let outcome =
                    pipeline::replay(&tape, &instruments, &plan, &Progress::default()).unwrap();
                pipeline::hash(&outcome.outputs)
            })
        });
        lonely.join().unwrap().into()
    });
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
}

#[test]
fn a_recorded_pace_orders_the_same_and_counts_what_the_loop_did() {
    let (tape, mut instruments) = tape(&["kraken"]);
    let last = tape.frame(0).unwrap().recv_ns.0 + 2_500_000_000;
    let until = (0..tape.len()).find(|n| tape.frame(*n).unwrap().recv_ns.0 > last).unwrap();
    let plan = Plan { last: until as u64, ..plan(Layout::One, &mut instruments) };
    let max = pipeline::replay(&tape, &instruments, &plan, &Progress::default()).unwrap();
    let paced = Plan { pace: Pace::Recorded, ..plan };
    let paced = pipeline::replay(&tape, &instruments, &paced, &Progress::default()).unwrap();
    assert_eq!(pipeline::hash(&max.outputs), pipeline::hash(&paced.outputs));
    let (_, max) = max.regimes[0];
    let (_, paced) = paced.regimes[0];
    assert_eq!(max.caught_up_ns, 0, "{max:?}");
    assert!(paced.caught_up_ns > paced.working_ns, "{paced:?}");
}
