//! Rows of results: one aligned table for the eye, one JSON file for the records.
//!
//! In: rows. Out: standard output, and `bench/hot.json` and `bench/hot.md` below the target folder.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::fit::Fit;
use super::markdown;

/// One contender's result in one case.
#[derive(Debug)]
pub(crate) struct Row {
    pub(super) bench: &'static str,
    pub(super) case: String,
    pub(super) who: String,
    pub(super) unit: &'static str,
    /// Is the ratio that counts the one of the means?
    pub(super) by_total: bool,
    pub(super) fit: Option<Fit>,
    pub(super) samples: usize,
    pub(super) mean_ns: f64,
    pub(super) percentiles_ns: [f64; 6],
    pub(super) ratio_p50: Option<Ratio>,
    pub(super) ratio_total: Option<Ratio>,
}

/// A rival's time over ours: the median of the passes, and their spread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    median: f64,
    min: f64,
    max: f64,
}

impl Ratio {
    /// Of the passes of ours and of a rival, taken in turn.
    pub(super) fn of_pairs(ours: &[f64], rival: &[f64]) -> Ratio {
        let mut ratios: Vec<f64> = ours.iter().zip(rival).map(|(o, r)| r / o).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let at = |index: usize| ratios.get(index).copied().unwrap_or(f64::NAN);
        Ratio { median: at(ratios.len() / 2), min: at(0), max: at(ratios.len().max(1) - 1) }
    }

    /// Median, least, most.
    pub(super) fn spread(self) -> (f64, f64, f64) {
        (self.median, self.min, self.max)
    }

    fn json(self) -> Value {
        json!({ "median": round(self.median), "min": round(self.min), "max": round(self.max) })
    }
}

/// All rows, and what is known of the host.
#[derive(Debug)]
pub(crate) struct Table {
    processor: String,
    core: Option<usize>,
    rows: Vec<Row>,
}

const PERCENTILES: [&str; 6] = ["p50", "p90", "p99", "p99.9", "p99.99", "max"];

impl Table {
    /// Empty; the benches run on `core`, if they could be pinned.
    pub(super) fn new(core: Option<usize>) -> Table {
        Table { processor: processor(), core, rows: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row, and shows it on standard error, since a run takes a while.
    pub(super) fn add(&mut self, row: Row) {
        eprintln!("{}/{} {}: p50 {:.1} ns", row.bench, row.case, row.who, row.percentiles_ns[0]);
        self.rows.push(row);
    }

    /// Prints all rows.
    pub(super) fn print(&self, floor_ns: &[f64; 6], tick_ns: f64, step_ns: f64) {
        let core = self.core.map_or("not pinned".to_owned(), |core| format!("core {core}"));
        println!(
            "{}, {core}; times in ns, {tick_ns:.4} a tick, the counter steps by {step_ns:.1}",
            self.processor
        );
        let floor: Vec<String> =
            PERCENTILES.iter().zip(floor_ns).map(|(p, ns)| format!("{p} {ns:.1}")).collect();
        println!(
            "noise floor (an empty measurement; its mean is subtracted): {}",
            floor.join(", ")
        );
        let width = self.rows.iter().map(|r| r.bench.len() + r.case.len() + 1).max().unwrap_or(0);
        let who = self.rows.iter().map(|r| r.who.len()).max().unwrap_or(0);
        let mut head = format!("{:width$}  {:who$}  {:>8}", "case", "who", "mean");
        for name in PERCENTILES {
            let _ = write!(head, " {name:>8}");
        }
        println!("{head}  {:>8}  per, rival / ours by p50; by total (min .. max)", "samples");
        for row in &self.rows {
            let name = format!("{}/{}", row.bench, row.case);
            let mut line = format!("{name:width$}  {:who$}  {:8.1}", row.who, row.mean_ns);
            for ns in row.percentiles_ns {
                let _ = write!(line, " {ns:8.1}");
            }
            let _ = write!(line, "  {:8}  {}", row.samples, row.unit);
            if let Some(fit) = row.fit {
                let _ = write!(line, " ({})", fit.told());
            }
            if let (Some(p50), Some(total)) = (row.ratio_p50, row.ratio_total) {
                let _ = write!(line, ", {:.2} ({:.2} .. {:.2})", p50.median, p50.min, p50.max);
                let _ =
                    write!(line, "; {:.2} ({:.2} .. {:.2})", total.median, total.min, total.max);
            }
            println!("{line}");
        }
    }

    /// Writes all rows to `bench/hot.json` and `bench/hot.md` below the target folder.
    pub(super) fn write(&self, floor_ns: &[f64; 6], tick_ns: f64) -> std::io::Result<()> {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let sheet = json!({
            "processor": self.processor,
            "core": self.core,
            "tick_ns": tick_ns,
            "floor_ns": percentiles_json(floor_ns),
            "rows": rows,
        });
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"),
            PathBuf::from,
        );
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder)?;
        let page = markdown::render(&self.processor, floor_ns, &self.rows);
        std::fs::write(folder.join("hot.md"), page)?;
        std::fs::write(folder.join("hot.json"), format!("{sheet:#}\n"))
    }
}

impl Row {
    fn json(&self) -> Value {
        json!({
            "bench": self.bench,
            "case": self.case,
            "who": self.who,
            "unit": self.unit,
            "fit_ns": self.fit.map(Fit::json),
            "samples": self.samples,
            "mean_ns": round(self.mean_ns),
            "percentiles_ns": percentiles_json(&self.percentiles_ns),
            "ratio_p50": self.ratio_p50.map(Ratio::json),
            "ratio_total": self.ratio_total.map(Ratio::json),
        })
    }
}

fn percentiles_json(values_ns: &[f64; 6]) -> Value {
    PERCENTILES.iter().zip(values_ns).map(|(name, ns)| ((*name).to_owned(), round(*ns))).collect()
}

/// Two decimals: more would claim what no such measurement holds.
fn round(value: f64) -> Value {
    json!((value * 100.0).round() / 100.0)
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find(|line| line.starts_with("model name"));
    name.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor").to_owned()
}
