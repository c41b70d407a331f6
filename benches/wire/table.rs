//! Rows of results, for the eye and for the README.
//!
//! In: rows. Out: standard output, and `bench/wire.md` below the target folder.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::sample::{Ratio, SHARES};

/// One contender's result in one case.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) load: &'static str,
    pub(crate) what: &'static str,
    pub(crate) who: &'static str,
    pub(crate) percentiles_ns: [f64; 5],
    pub(crate) samples: usize,
    /// Of p50 and of p99 to ours.
    pub(crate) p50: Option<Ratio>,
    pub(crate) p99: Option<Ratio>,
}

/// All rows.
#[derive(Debug)]
pub(crate) struct Table {
    cores: usize,
    tick_ns: f64,
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn new(cores: usize, tick_ns: f64) -> Table {
        Table { cores, tick_ns, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn print(&self) {
        println!("{} cores; times in us, {:.4} ns a tick", self.cores, self.tick_ns);
        let mut head = format!("{:24} {:16} {:16}", "load", "what", "who");
        for (name, _) in SHARES {
            let _ = write!(head, " {name:>8}");
        }
        println!("{head}  samples  over ours by p50, by p99 (min .. max)");
        for row in &self.rows {
            let mut line = format!("{:24} {:16} {:16}", row.load, row.what, row.who);
            for ns in row.percentiles_ns {
                let _ = write!(line, " {:8.2}", ns / 1e3);
            }
            let _ = write!(line, "  {:7}", row.samples);
            if let (Some(p50), Some(p99)) = (row.p50, row.p99) {
                let _ = write!(line, "  {}, {}", told(p50), told(p99));
            }
            println!("{line}");
        }
    }

    /// As Markdown: a line a case of ours, the others' ratios in its last column.
    pub(crate) fn write(&self) -> std::io::Result<()> {
        let mut text = String::from(
            "| frames | from receive | p50, us | p99 | p99.9 | max | others / ours by p50; p99 |\n\
             |---|---|---|---|---|---|---|\n",
        );
        for row in self.rows.iter().filter(|row| row.who == "ours") {
            let others = self.rows.iter().filter(|o| (o.load, o.what) == (row.load, row.what));
            let others: Vec<String> = others
                .filter_map(|o| Some(format!("{} {}; {}", o.who, told(o.p50?), told(o.p99?))))
                .collect();
            let [p50, _, p99, p999, max] = row.percentiles_ns.map(|ns| ns / 1e3);
            let _ = writeln!(
                text,
                "| {} | {} | {p50:.2} | {p99:.2} | {p999:.2} | {max:.1} | {} |",
                row.load,
                row.what,
                others.join(", ")
            );
        }
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"),
            PathBuf::from,
        );
        std::fs::create_dir_all(target.join("bench"))?;
        std::fs::write(target.join("bench").join("wire.md"), text)
    }
}

fn told([median, min, max]: Ratio) -> String {
    format!("{median:.1}x ({min:.1} .. {max:.1})")
}
