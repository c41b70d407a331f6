//! How a run does as time goes by: memory and latency, a row an interval.
//!
//! In: pulses. Out: rows for the eye, intervals for the latency log.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::table::{Table, grouped};
use crate::base::Nanos;
use crate::cold::LatencyLog;
use crate::metric::histogram::{Percentiles, Snapshot};
use crate::pipeline::Pulse;
use crate::sys::memory;

/// See the module.
#[derive(Debug)]
pub(super) struct Pace {
    every_ns: Option<i64>,
    log: Option<LatencyLog>,
    row: Mark,
    second: Mark,
    rows: Vec<Row>,
}

/// Where an interval began.
#[derive(Debug, Default)]
struct Mark {
    since: Option<Nanos>,
    frames: u64,
    decision: Snapshot,
    order: Snapshot,
}

/// An interval that is over.
#[derive(Clone, Copy, Debug)]
struct Row {
    frames: u64,
    decision: Percentiles,
    orders: u64,
    /// Bytes of the process that are in memory; 0 where the system does not say.
    resident: u64,
}

impl Pace {
    /// Rows each `every_ns`, where they are wanted; each second into `log`.
    pub(super) fn new(every_ns: Option<i64>, log: Option<LatencyLog>) -> Pace {
        Pace { every_ns, log, row: Mark::default(), second: Mark::default(), rows: Vec::new() }
    }

    /// Some time has passed; a row that is ready, as a line.
    pub(super) fn pulse(&mut self, pulse: &Pulse, now: Nanos) -> Option<String> {
        if let Some((from, [decision, order], _)) = self.second.turn(pulse, now, Nanos::SECOND)
            && let Some(log) = &mut self.log
        {
            log.put("tick_to_decision", from, now, decision);
            log.put("tick_to_order", from, now, order);
        }
        let (_, [decision, order], frames) = self.row.turn(pulse, now, self.every_ns?)?;
        let row = Row {
            frames,
            decision: decision.percentiles(),
            orders: order.count(),
            resident: memory::resident_bytes().unwrap_or(0),
        };
        self.rows.push(row);
        Some(row.line(self.rows.len()))
    }

    /// Ends the log; why it is not whole, where it is not.
    pub(super) fn finish(&mut self) -> Option<String> {
        match self.log.take()?.finish() {
            Ok(0) => None,
            Ok(lost) => Some(format!("{lost} intervals found no room in the latency log")),
            Err(why) => Some(format!("the latency log cannot be written: {why}")),
        }
    }

    /// All rows; empty where none were wanted.
    pub(super) fn text(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut table = Table::new(&["interval", "frames", "orders", "p50", "p99", "p99.9", "MiB"]);
        for (n, row) in self.rows.iter().enumerate() {
            table.row(vec![
                (n + 1).to_string(),
                grouped(row.frames),
                grouped(row.orders),
                grouped(row.decision.p50),
                grouped(row.decision.p99),
                grouped(row.decision.p999),
                row.mib(),
            ]);
        }
        let seconds = self.every_ns.unwrap_or(0) / Nanos::SECOND;
        let mut text = String::new();
        let _ =
            writeln!(text, "\nEvery {seconds} s: tick to decision in ns, memory of the process");
        text.push_str(&table.render());
        text
    }

    /// The same for programs.
    pub(super) fn object(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "frames": row.frames,
                "orders": row.orders,
                "tick_to_decision_ns": super::report::percentiles(&row.decision),
                "resident_bytes": row.resident,
            })
        };
        self.rows.iter().map(row).collect()
    }
}

impl Mark {
    /// What was counted since the interval began, where it is over: the next one begins.
    fn turn(
        &mut self,
        pulse: &Pulse,
        now: Nanos,
        span_ns: i64,
    ) -> Option<(Nanos, [Snapshot; 2], u64)> {
        let since = *self.since.get_or_insert(now);
        if now.0 - since.0 < span_ns {
            return None;
        }
        let counted = [pulse.decision.since(&self.decision), pulse.order.since(&self.order)];
        let frames = pulse.frames - self.frames;
        *self = Mark {
            since: Some(now),
            frames: pulse.frames,
            decision: pulse.decision.clone(),
            order: pulse.order.clone(),
        };
        Some((since, counted, frames))
    }
}

impl Row {
    fn mib(&self) -> String {
        format!("{:.1}", self.resident as f64 / (1 << 20) as f64)
    }

    fn line(&self, n: usize) -> String {
        format!(
            "interval {n}: {} frames, tick to decision p50 {} p99 {} ns, {} MiB",
            grouped(self.frames),
            grouped(self.decision.p50),
            grouped(self.decision.p99),
            self.mib()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::histogram;

    #[test]
    fn a_row_holds_what_came_since_the_one_before() {
        let (mut recorder, reader) = histogram::histogram();
        let mut pace = Pace::new(Some(2 * Nanos::SECOND), None);
        let mut rows = 0;
        for second in 0..7 {
            let frames = 10 * (second as u64 + 1);
            recorder.record(100 * (second as u64 + 1));
            let pulse = Pulse { frames, decision: reader.snapshot(), ..Pulse::default() };
            rows += usize::from(pace.pulse(&pulse, Nanos(second * Nanos::SECOND)).is_some());
        }
        assert_eq!((rows, pace.rows.len()), (3, 3));
        // The first interval has what there was before it began.
        assert_eq!(pace.rows.iter().map(|row| row.frames).collect::<Vec<_>>(), [30, 20, 20]);
        assert_eq!(pace.rows[2].decision.count, 2);
        assert!(pace.rows[2].decision.max.abs_diff(700) <= 20, "{:?}", pace.rows[2]);
        assert!(pace.rows[0].resident > 1 << 20, "a process is larger than that");
        assert_eq!(pace.object().as_array().map(Vec::len), Some(3));
        assert!(pace.text().lines().count() >= 5, "{}", pace.text());
    }
}
