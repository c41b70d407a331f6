//! What a user is told of a run.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::super::report;
use super::super::table::grouped;
use super::entry::Breaks;
use super::follow::{Followed, LATENCY_LOG};

/// What a user is told of a run.
pub(super) struct Told<'a> {
    pub(super) is_built_in: bool,
    pub(super) dir: &'a Path,
    pub(super) outcome: &'a Followed,
}

impl Told<'_> {
    pub(super) fn text(&self) -> String {
        let Followed { instruments, venues, ended, states, pace, span_ns, settled, .. } =
            self.outcome;
        let (outcome, counts) = (&ended.outcome, ended.outcome.counts);
        let integrity = outcome.integrity;
        let mut text = String::new();
        if self.is_built_in {
            text.push_str(if self.outcome.mode == "paper" { BUILT_IN } else { BUILT_IN_LIVE });
        }
        let _ = writeln!(
            text,
            "{:.1} s live: {} frames decoded fast, {} strict, {} refused\n\
             proven    {} checksums, {} quotes; against {} bad checksums, {} mismatches, {} gaps, \
             {} crossed\n",
            *span_ns as f64 / 1e9,
            grouped(counts.fast),
            grouped(counts.strict),
            grouped(counts.refused),
            grouped(integrity.checksum_ok),
            grouped(integrity.quote_match),
            grouped(integrity.checksum_bad),
            grouped(integrity.quote_mismatch),
            grouped(integrity.gaps + counts.gaps),
            grouped(integrity.crossed),
        );
        for (venue, state) in venues.iter().zip(states) {
            let state = state.map_or_else(|| String::from("never begun"), |s| s.to_string());
            let _ = writeln!(text, "  {venue}: {state}");
        }
        text.push('\n');
        text.push_str(&report::book_table(instruments, outcome).render());
        text.push_str(&report::troubles(instruments, outcome));
        text.push_str(&settled.text());
        if ended.cancelled > 0 {
            let _ = writeln!(text, "{} orders were open at the end and cancelled", ended.cancelled);
        }
        if ended.unbooked > 0 {
            let _ = writeln!(
                text,
                "warning: {} fills came while open orders were cancelled; they are not in the \
                 account above",
                ended.unbooked
            );
        }
        text.push_str(&self.breaks());
        text.push_str(&self.latency());
        text.push_str(&self.host());
        text.push_str(&pace.text());
        let _ = writeln!(
            text,
            "\njournal {}\nlatency by second, for viewers of HdrHistogram logs: {}",
            self.dir.display(),
            self.dir.join(LATENCY_LOG).display()
        );
        if ended.lost > 0 {
            let _ = writeln!(
                text,
                "warning: {} frames found no room on their way to the journal; give it a \
                 faster disk",
                grouped(ended.lost)
            );
        }
        let dir = self.dir.display();
        let _ = writeln!(
            text,
            "\nNext: play the session again, and ask it about an order\n  neural-kraken replay \
             --format journal {dir}\n  neural-kraken why 1 {dir}\n  neural-kraken config manual"
        );
        text
    }

    /// Whether accounts hold what we think, where orders went to their venues.
    fn breaks(&self) -> String {
        match &self.outcome.breaks {
            None => String::new(),
            Some(Breaks { lines, rounded: 0 }) if lines.is_empty() => {
                String::from("every account holds to the unit what the ledger says\n")
            }
            Some(Breaks { lines, rounded }) if lines.is_empty() => format!(
                "every account holds what the ledger says, but for {rounded} units of the last \
                 decimal where a venue counts finer\n"
            ),
            Some(Breaks { lines, .. }) => {
                lines.iter().fold(String::new(), |text, line| text + "warning: " + line + "\n")
            }
        }
    }

    fn latency(&self) -> String {
        let Followed { ended, waits, .. } = self.outcome;
        let mut text = String::from("\nLatency, ns, from the return of the read\n");
        text.push_str(&report::latency_table(&ended.outcome).render());
        text.push_str("  first: where a read brought several frames, the first of them alone\n");
        if waits.count > 0 {
            let _ = writeln!(
                text,
                "  from the kernel's stamp to the read: p50 {} p99 {}",
                grouped(waits.p50),
                grouped(waits.p99)
            );
        }
        text
    }

    /// What the host did to the hot thread: the noise floor of the figures above.
    fn host(&self) -> String {
        let outcome = &self.outcome.ended.outcome;
        let mut text = String::new();
        for (_, regimes) in &outcome.regimes {
            let all = regimes.working_ns + regimes.caught_up_ns + regimes.pressed_ns;
            let _ = writeln!(
                text,
                "host      the hot thread worked {:.1} % of its time; stopped {} times while idle, \
                 the longest {} us",
                regimes.working_ns as f64 * 100.0 / all.max(1) as f64,
                grouped(regimes.hiccups),
                grouped(regimes.hiccup_ns_max / 1_000),
            );
        }
        if let Some(allocations) = outcome.allocations {
            let _ = writeln!(
                text,
                "          {} allocations, {} page faults on it",
                grouped(allocations.allocations),
                grouped(outcome.page_faults)
            );
        }
        text
    }

    pub(super) fn object(&self) -> Value {
        let Followed {
            instruments,
            venues,
            ended,
            states,
            pace,
            span_ns,
            settled,
            mode,
            breaks,
            waits,
        } = self.outcome;
        let (outcome, counts) = (&ended.outcome, ended.outcome.counts);
        let integrity = outcome.integrity;
        let books: serde_json::Map<String, Value> = instruments
            .iter()
            .zip(&outcome.books)
            .map(|(instrument, shown)| (instrument.name(), report::book(shown)))
            .collect();
        let sessions: serde_json::Map<String, Value> = venues
            .iter()
            .zip(states)
            .map(|(venue, state)| {
                let stage = state.map(|state| state.stage.name());
                let reason = state.map(|state| state.reason.to_string());
                ((*venue).to_owned(), json!({ "stage": stage, "reason": reason }))
            })
            .collect();
        let mut object = json!({
            "mode": mode,
            "breaks": breaks.as_ref().map(|breaks| &breaks.lines),
            "venues": sessions,
            "span_ns": span_ns,
            "decode": { "fast": counts.fast, "strict": counts.strict, "refused": counts.refused },
            "books": books,
            "integrity": {
                "gaps": integrity.gaps + counts.gaps,
                "checksum_ok": integrity.checksum_ok,
                "checksum_bad": integrity.checksum_bad,
                "crossed": integrity.crossed,
                "quote_match": integrity.quote_match,
                "quote_mismatch": integrity.quote_mismatch,
                "resyncs": integrity.resyncs,
            },
            "refusals": outcome.refused.iter().map(report::refusal).collect::<Vec<_>>(),
            "latency_ns": report::latencies(outcome),
            "loops": report::loops(outcome),
            "allocations_after_start": outcome.allocations.map(|a| a.allocations),
            "page_faults_after_start": outcome.page_faults,
            "cancelled_at_end": ended.cancelled,
            "unbooked_at_end": ended.unbooked,
            "kernel_to_read_ns": report::percentiles(waits),
            "intervals": pace.object(),
            "journal": self.dir,
            "latency_log": self.dir.join(LATENCY_LOG),
            "journal_lost": ended.lost,
        });
        if let Value::Object(map) = &mut object {
            map.extend(settled.object());
        }
        object
    }
}

/// What they are where orders go to them.
const BUILT_IN_LIVE: &str = "\
The built-in venues: Kraken, Binance and Coinbase in a box, a made-up market behind their
real protocols, reached over TLS on loopback; orders went there over their private protocols.

";

/// What the built-in venues are.
const BUILT_IN: &str = "\
The built-in venues: Kraken, Binance and Coinbase in a box, a made-up market behind their
real protocols, reached over TLS websockets on loopback and traded with paper money.

";
