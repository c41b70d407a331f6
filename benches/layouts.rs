//! The machine as it ships, in each layout: whole recordings through `pipeline::replay` with the
//! built-in configuration, orders filled on paper.
//!
//! The pipeline's own histograms are shown: from a frame's arrival to the last stage's end (`tick
//! to decision`, every frame) and to the first order's bytes (`tick to order`, frames that led to
//! one). Percentiles are those of all passes together, by their median; layouts take turns.
//! Never: a layout left out. Where cores are fewer than threads the case says so: threads share
//! cores then, and what is measured is mostly the system's scheduler.

use std::path::PathBuf;

use neural_kraken::base::Instruments;
use neural_kraken::config::Config;
use neural_kraken::journal::Fills;
use neural_kraken::metric::histogram::Percentiles;
use neural_kraken::pipeline::{self, Latency, Layout, Plan, Progress, Trading};
use neural_kraken::tape::{self, SAMPLES, Spec, Tape};
use neural_kraken::venue;

use crate::support::source::SOURCES;
use crate::support::{Bench, Case, Told, core_count};

const LAYOUTS: [Layout; 3] = [Layout::One, Layout::VenuePerCore, Layout::StagePerCore];

/// Runs of each layout.
const PASSES: usize = 5;

/// Percentiles of one run: to the decision, to the order.
type Spans = [Percentiles; 2];

const SPANS: [&str; 2] = ["tick to decision", "tick to order"];

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    for name in ["spot", "samples"] {
        let threads = |layout: Layout| layout.threads(&venues(name)).len();
        let titles = LAYOUTS.map(|layout| title(name, layout, threads(layout)));
        let wanted: Vec<bool> =
            titles.iter().map(|title| SPANS.iter().any(|s| bench.wants(&case(s, title)))).collect();
        if !wanted.contains(&true) {
            continue;
        }
        let Some((tape, mut instruments)) = load(name) else { continue };
        let chosen = wanted.clone();
        // On a bound thread every layout would have one core.
        let (spans, frames) = bench.unpinned(move |is_tried| {
            let plan = plan(&mut instruments);
            let mut spans: [Vec<Spans>; LAYOUTS.len()] = Default::default();
            for _ in 0..if is_tried { 1 } else { PASSES } {
                for (n, layout) in LAYOUTS.into_iter().enumerate().filter(|(n, _)| chosen[*n]) {
                    let plan = Plan { layout, ..plan.clone() };
                    let latency = played(&tape, &instruments, &plan);
                    spans[n].push([latency.tick_to_decision, latency.tick_to_order]);
                }
            }
            (spans, tape.len())
        });
        for (title, spans) in titles.iter().zip(&spans).filter(|(_, spans)| !spans.is_empty()) {
            for (n, span) in SPANS.iter().enumerate() {
                let runs: Vec<Percentiles> = spans.iter().map(|spans| spans[n]).collect();
                bench.told(&Case::new(case(span, title), "frame", frames), &together(&runs));
            }
        }
    }
}

fn case(span: &str, title: &str) -> String {
    format!("{span}, {title}")
}

/// The recording, the layout, and what shares what.
fn title(name: &str, layout: Layout, threads: usize) -> String {
    let cores = core_count();
    let shared = if threads > cores { ", shared" } else { "" };
    format!("{name}, {} ({threads} threads on {cores} cores{shared})", layout.name())
}

fn venues(name: &str) -> Vec<&'static str> {
    if name == "spot" {
        return vec!["binance"];
    }
    let mut venues: Vec<&str> = SAMPLES.iter().map(|sample| sample.1).collect();
    venues.sort_unstable();
    venues.dedup();
    venues
}

/// The spot recording, or all of the built-in ones together.
fn load(name: &str) -> Option<(Tape, Instruments)> {
    if name == "spot" {
        return SOURCES[0].load();
    }
    let spec = |(file, venue, _): &(&str, &str, _)| Spec {
        dialect: venue::dialect(venue),
        format: tape::format("stamped").unwrap(),
        path: PathBuf::from(*file),
    };
    let specs: Vec<Spec> = SAMPLES.iter().map(spec).collect();
    let mut tape = Tape::load(&specs, &mut |_, _| {}).unwrap();
    let survey = tape::survey(&mut tape, &[], &[]).unwrap();
    Some((tape, survey.instruments))
}

/// As `replay` plays without arguments.
fn plan(instruments: &mut Instruments) -> Plan {
    let config = Config::load(None).unwrap();
    let (resolved, _) = config.resolve_onto(instruments);
    let mut plan = Plan::default();
    plan.books.stale_after_ns = config.book.stale_after_ns;
    plan.trading = Trading::new(&config, &resolved, &plan.books, Fills::Paper);
    plan
}

fn played(tape: &Tape, instruments: &Instruments, plan: &Plan) -> Latency {
    pipeline::replay(tape, instruments, plan, &Progress::default()).unwrap().latency
}

/// The median of each percentile over the runs.
fn together(runs: &[Percentiles]) -> Told {
    let median = |of: fn(&Percentiles) -> u64| {
        let mut values: Vec<u64> = runs.iter().map(of).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or(0) as f64
    };
    Told {
        samples: runs.iter().map(|run| run.count).sum::<u64>() as usize,
        percentiles_ns: [
            median(|run| run.p50),
            median(|run| run.p90),
            median(|run| run.p99),
            median(|run| run.p999),
            median(|run| run.p9999),
            median(|run| run.max),
        ],
    }
}
