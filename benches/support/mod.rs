//! What every bench needs: timed passes over items, ours and a rival's in turn.
//!
//! In: a [`Case`] and one or more [`Contender`]s. Out: rows of percentiles in nanoseconds, with the
//! ratio to ours taken pass by pass.
//! Never: a ratio of two runs apart from each other. A host has fast and slow phases that flip
//! within a run, so rivals take turns and the median of the paired ratios is what counts.

#![allow(dead_code, reason = "each bench uses what it needs of it")]

pub(crate) mod film;
mod fit;
mod markdown;
pub(crate) mod source;
mod stamp;
mod table;

use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use neural_kraken::sys::clock::Clock;
use neural_kraken::sys::core;

use fit::Fit;
use table::{Ratio, Row, Table};

/// Bytes that are walked before an item of a cold case: more than any second level cache.
const COLD_WALK_BYTES: usize = 4 << 20;

/// Items of a pass that are timed in a cold case; each costs a walk.
const COLD_ITEMS: usize = 200;

/// Items of a pass where it is only tried.
const TRIED_ITEMS: usize = 64;

/// Empty measurements before each pass.
const FLOOR_SAMPLES: usize = 1_000;

/// Those of them that count, the shortest ones: the rest were interrupted.
const FLOOR_COUNTED: usize = 990;

/// Someone who can do the items of a case. Closures over an index are contenders.
pub(crate) trait Contender {
    /// Puts everything back to where it was before the first item. Not timed.
    fn reset(&mut self) {}

    /// Called when the others are on: whatever runs beside it goes to sleep. Not timed.
    fn rest(&mut self) {}

    /// Plays all that comes before an item. Not timed, and before the walk of a cold case.
    fn lead_in(&mut self, _index: usize) {}

    /// Brings an item to where it is found in the field (freshly decoded: in the first level
    /// cache). Not timed.
    fn prepare(&mut self, _index: usize) {}

    /// Does one item, and gives what it found to `std::hint::black_box`. Timed.
    fn item(&mut self, index: usize);
}

impl<F: FnMut(usize)> Contender for F {
    fn item(&mut self, index: usize) {
        self(index);
    }
}

/// What is timed: so many items a pass, so many passes.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    name: String,
    unit: &'static str,
    items: usize,
    units: u64,
    split: u32,
    passes: usize,
    cold: bool,
    /// Is a ratio one of means, not of medians?
    by_total: bool,
    /// How large each item is, where a line is to be drawn through times by size.
    sizes: Vec<u32>,
}

impl Case {
    /// A warm case of `items` items a pass, each one `unit` ("frame", "message" ..).
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, items: usize) -> Case {
        Case {
            name: name.into(),
            unit,
            items,
            units: items as u64,
            split: 1,
            passes: 15,
            cold: false,
            by_total: false,
            sizes: Vec::new(),
        }
    }

    /// The mean is stated for each of so many units in all items of a pass (levels, say).
    pub(crate) fn units(self, units: u64) -> Case {
        Case { units, ..self }
    }

    /// Each item does its work `split` times, so that a sample is that many units.
    pub(crate) fn split(self, split: u32) -> Case {
        let units = self.items as u64 * u64::from(split);
        Case { units, split, ..self }
    }

    /// How many levels each item has: their cost is told as a constant and so much a level, and the
    /// mean is stated by the level.
    pub(crate) fn levels(self, sizes: Vec<u32>) -> Case {
        let units = sizes.iter().map(|size| u64::from(*size)).sum();
        Case { units, sizes, ..self }
    }

    /// What counts is the ratio of the means, not of the medians.
    pub(crate) fn by_total(self) -> Case {
        Case { by_total: true, ..self }
    }

    /// Passes; their medians are paired.
    pub(crate) fn passes(self, passes: usize) -> Case {
        Case { passes, ..self }
    }

    /// Its name, for [`Bench::wants`].
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// One item in so many is timed.
    fn stride(&self, items: usize) -> usize {
        if self.cold { items.div_ceil(COLD_ITEMS).max(1) } else { 1 }
    }

    /// The same with caches cold: every item is done, a few are timed, each after a walk through
    /// more memory than the second level cache holds. Branch predictors stay warm.
    pub(crate) fn cold(&self) -> Case {
        Case { name: format!("{}, cold", self.name), cold: true, ..self.clone() }
    }
}

/// What was measured elsewhere, by something that has histograms of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) samples: usize,
    /// p50, p90, p99, p99.9, p99.99 and the largest.
    pub(crate) percentiles_ns: [f64; 6],
}

/// The running benches: arguments, the host's measures, and the rows so far.
#[derive(Debug)]
pub(crate) struct Bench {
    /// Tries each item a few times instead of measuring.
    tried_only: bool,
    filters: Vec<String>,
    entered: &'static str,
    tick_ns: f64,
    floors: Vec<u32>,
    walk: Vec<u64>,
    table: Table,
    /// To a thread that was never bound to a core.
    free: mpsc::Sender<Job>,
}

/// What the free thread does.
type Job = Box<dyn FnOnce() + Send>;

impl Bench {
    /// From the arguments that cargo gives: `--bench` where it is `cargo bench`, then names.
    pub(crate) fn from_arguments(arguments: impl Iterator<Item = String>) -> Bench {
        let (flags, filters): (Vec<_>, Vec<_>) = arguments.partition(|a| a.starts_with("--"));
        let has = |flag: &str| flags.iter().any(|f| f == flag);
        let tried_only = has("--test") || !has("--bench");
        // Threads inherit what their parent may use, so this one is started before that shrinks.
        let (free, jobs) = mpsc::channel::<Job>();
        std::thread::spawn(move || jobs.iter().for_each(|job| job()));
        let pinned = pin_to(0);
        let span = Duration::from_millis(if tried_only { 2 } else { 100 });
        Bench {
            tried_only,
            filters,
            entered: "",
            tick_ns: 1e9 / Clock::calibrate(span).ticks_per_second(),
            floors: Vec::new(),
            walk: vec![1; COLD_WALK_BYTES / size_of::<u64>()],
            table: Table::new(pinned),
            free,
        }
    }

    /// The cases that follow belong to `name`.
    pub(crate) fn enter(&mut self, name: &'static str) {
        self.entered = name;
    }

    /// Is it to be run? So that nothing large is prepared for a case that was not asked for.
    pub(crate) fn wants(&self, case: &str) -> bool {
        let name = format!("{}/{case}", self.entered);
        self.filters.is_empty() || self.filters.iter().any(|f| name.contains(f.as_str()))
    }

    /// Is it only tried, in a test? Then inputs may be small.
    pub(crate) fn tried_only(&self) -> bool {
        self.tried_only
    }

    /// Times ours and the rivals in turn, pass by pass.
    pub(crate) fn run(
        &mut self,
        case: &Case,
        ours: &mut dyn Contender,
        rivals: &mut [(&'static str, &mut dyn Contender)],
    ) {
        if !self.wants(&case.name) {
            return;
        }
        let (items, passes) = if self.tried_only {
            (case.items.min(TRIED_ITEMS), 2)
        } else {
            (case.items, case.passes)
        };
        let mut all: Vec<(&str, &mut dyn Contender)> = vec![("ours", ours)];
        all.extend(
            rivals.iter_mut().map(|(name, rival)| (*name, &mut **rival as &mut dyn Contender)),
        );
        let mut sheets = vec![Sheet::default(); all.len()];
        for pass in 0..=passes {
            for ((_, contender), sheet) in all.iter_mut().zip(&mut sheets) {
                let samples = self.pass(case, items, *contender);
                // The first pass of each only warms up.
                if pass > 0 {
                    if case.by_total || !case.sizes.is_empty() {
                        sheet.by_item.push(samples.clone());
                    }
                    sheet.take(samples);
                }
            }
        }
        if case.by_total {
            sheets.iter_mut().for_each(Sheet::calm);
        }
        let ours = sheets[0].clone();
        for ((name, _), sheet) in all.iter().zip(sheets) {
            let row = self.row(case, name, items, &ours, sheet);
            self.table.add(row);
        }
    }

    /// Adds what was measured elsewhere; it has no mean.
    pub(crate) fn told(&mut self, case: &Case, told: &Told) {
        if !self.wants(&case.name) {
            return;
        }
        self.table.add(Row {
            bench: self.entered,
            case: case.name.clone(),
            who: String::from("ours"),
            unit: case.unit,
            by_total: false,
            fit: None,
            samples: told.samples,
            mean_ns: f64::NAN,
            percentiles_ns: told.percentiles_ns,
            ratio_p50: None,
            ratio_total: None,
        });
    }

    /// Does something on a thread that may use every core; it is told whether it is only tried.
    pub(crate) fn unpinned<T: Send + 'static>(
        &self,
        act: impl FnOnce(bool) -> T + Send + 'static,
    ) -> T {
        let (is_tried, (give, take)) = (self.tried_only, mpsc::channel());
        let job = Box::new(move || give.send(act(is_tried)).unwrap());
        self.free.send(job).unwrap();
        take.recv().unwrap()
    }

    /// Prints the table and, unless it was only tried, writes it as JSON below the target folder.
    pub(crate) fn finish(mut self) -> std::io::Result<()> {
        self.floors.sort_unstable();
        let floor = percentiles(&self.floors, self.tick_ns);
        // Ticks between any two stamps are multiples of the counter's step.
        let step = self.floors.iter().fold(0, |step, ticks| gcd(step, *ticks));
        self.table.print(&floor, self.tick_ns, f64::from(step) * self.tick_ns);
        if self.tried_only || self.table.is_empty() {
            return Ok(());
        }
        self.table.write(&floor, self.tick_ns)
    }

    /// One pass: ticks of each timed item, less what the measurement itself costs now.
    fn pass(&mut self, case: &Case, items: usize, contender: &mut dyn Contender) -> Vec<u32> {
        let floor = self.floor();
        let stride = case.stride(items);
        let mut samples = Vec::with_capacity(items / stride + 1);
        contender.reset();
        for index in 0..items {
            contender.lead_in(index);
            if case.cold {
                if index % stride != 0 {
                    contender.prepare(index);
                    contender.item(index);
                    continue;
                }
                self.walk();
            }
            contender.prepare(index);
            let before = stamp::before();
            contender.item(index);
            let ticks = stamp::after() - before;
            samples.push(ticks.saturating_sub(floor).min(u64::from(u32::MAX)) as u32);
        }
        contender.rest();
        samples
    }

    /// What an empty measurement costs now, ticks: the call of the contender is in it.
    fn floor(&mut self) -> u64 {
        let mut nothing = |index: usize| {
            std::hint::black_box(index);
        };
        let contender: &mut dyn Contender = std::hint::black_box(&mut nothing);
        let mut samples = [0_u32; FLOOR_SAMPLES];
        for (index, sample) in samples.iter_mut().enumerate() {
            let before = stamp::before();
            contender.item(index);
            *sample = (stamp::after() - before) as u32;
        }
        self.floors.extend_from_slice(&samples);
        samples.sort_unstable();
        // The mean, not the median: some processors step their counter by tens of ticks.
        let sum: u64 = samples[..FLOOR_COUNTED].iter().map(|s| u64::from(*s)).sum();
        sum / FLOOR_COUNTED as u64
    }

    /// Writes into every cache line of more memory than the second level cache holds.
    fn walk(&mut self) {
        for line in self.walk.chunks_mut(8) {
            line[0] = line[0].wrapping_add(1);
        }
        std::hint::black_box(&mut self.walk);
    }

    fn row(&self, case: &Case, who: &str, items: usize, ours: &Sheet, mut sheet: Sheet) -> Row {
        sheet.samples.sort_unstable();
        let unit_ns = self.tick_ns / f64::from(case.split);
        let timed_share = sheet.samples.len() as f64 / sheet.p50s.len() as f64 / items as f64;
        let units = case.units as f64 * (items as f64 / case.items as f64) * timed_share;
        let is_rival = who != "ours";
        let sizes: Vec<u32> =
            case.sizes.iter().take(items).step_by(case.stride(items)).copied().collect();
        Row {
            bench: self.entered,
            case: case.name.clone(),
            who: who.to_owned(),
            unit: case.unit,
            by_total: case.by_total,
            fit: Fit::of(&sheet.by_item, &sizes, unit_ns),
            samples: sheet.samples.len(),
            mean_ns: median(&sheet.totals) * self.tick_ns / units,
            percentiles_ns: percentiles(&sheet.samples, unit_ns),
            ratio_p50: is_rival.then(|| Ratio::of_pairs(&ours.p50s, &sheet.p50s)),
            ratio_total: is_rival.then(|| Ratio::of_pairs(&ours.totals, &sheet.totals)),
        }
    }
}

/// Pins the calling thread to the `place`th core from the end of those that the process may use;
/// says which core that is, or `None` where there is none or it is not allowed.
pub(crate) fn pin_to(place: usize) -> Option<usize> {
    let wanted = *core_ids().iter().rev().nth(place)?;
    core::pin(wanted).is_ok().then_some(wanted)
}

/// How many cores the process may use.
pub(crate) fn core_count() -> usize {
    core_ids().len()
}

/// The cores that the process may use, as seen first: a pinned thread, and those that it starts,
/// see its own core only.
fn core_ids() -> &'static [usize] {
    static ALLOWED: OnceLock<Vec<usize>> = OnceLock::new();
    ALLOWED.get_or_init(|| core::allowed().unwrap_or_default())
}

/// What one contender did: all its samples, and of each pass the median and the sum, in ticks.
#[derive(Clone, Debug, Default)]
struct Sheet {
    samples: Vec<u32>,
    p50s: Vec<f64>,
    totals: Vec<f64>,
    /// All samples of each pass in the order of the items, where a line is to be drawn.
    by_item: Vec<Vec<u32>>,
}

impl Sheet {
    /// Totals that one interrupt in a pass does not spoil: an item counts for at most four times
    /// its median over the passes, and a little.
    fn calm(&mut self) {
        let items = self.by_item.iter().map(Vec::len).min().unwrap_or(0);
        let mut times: Vec<u32> = Vec::with_capacity(self.by_item.len());
        let mut totals = vec![0.0; self.by_item.len()];
        for item in 0..items {
            times.clear();
            times.extend(self.by_item.iter().map(|pass| pass[item]));
            times.sort_unstable();
            let most = times[times.len() / 2].saturating_mul(4).saturating_add(200);
            for (total, pass) in totals.iter_mut().zip(&self.by_item) {
                *total += f64::from(pass[item].min(most));
            }
        }
        if items > 0 {
            self.totals = totals;
        }
    }

    fn take(&mut self, mut samples: Vec<u32>) {
        samples.sort_unstable();
        let middle = samples.get(samples.len() / 2).copied().unwrap_or(0);
        self.p50s.push(f64::from(middle.max(1)));
        self.totals.push(samples.iter().map(|s| f64::from(*s)).sum::<f64>().max(1.0));
        self.samples.append(&mut samples);
    }
}

/// p50, p90, p99, p99.9, p99.99 and the largest of sorted samples, in nanoseconds.
fn percentiles(sorted: &[u32], unit_ns: f64) -> [f64; 6] {
    [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0].map(|share| {
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).map_or(0.0, |ticks| f64::from(*ticks) * unit_ns)
    })
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
