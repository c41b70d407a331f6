//! What a replay has to report: as one JSON object, or as a person wants to see it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::account::Settled;
use super::recordings::Loaded;
use super::table::{Table, grouped};
use crate::base::{Instrument, Instruments, render};
use crate::event::{BookState, Level};
use crate::journal;
use crate::metric::histogram::Percentiles;
use crate::pipeline::{Outcome, Regimes, Stage};
use crate::stage::book::Shown;
use crate::stage::feed::Kept;

/// The JSON object of the run.
pub(super) fn object(loaded: &Loaded, outcome: &Outcome, account: &Settled) -> Value {
    let (counts, integrity) = (outcome.counts, outcome.integrity);
    let books: Map<String, Value> = loaded
        .instruments
        .iter()
        .zip(&outcome.books)
        .map(|(instrument, shown)| (instrument.name(), book(shown)))
        .collect();
    let refusals: Vec<Value> = outcome.refused.iter().map(refusal).collect();
    let resyncs = outcome.resyncs.iter().map(|r| resync(r, &loaded.instruments));
    let resyncs: Vec<Value> = resyncs.collect();
    let mut object = json!({
        "source": {
            "files": loaded.files,
            "frames": loaded.tape.len(),
            "bytes": loaded.tape.bytes(),
            "span_ns": loaded.tape.span_ns(),
        },
        "decode": {
            "fast": counts.fast,
            "strict": counts.strict,
            "refused": counts.refused,
            "oversized": counts.oversized,
        },
        "refusals": refusals,
        "events": {
            "book": counts.book,
            "quote": counts.quote,
            "trade": counts.trade,
            "other": counts.other,
            "snapshots": counts.snapshots,
        },
        "books": books,
        "integrity": {
            "gaps": integrity.gaps + counts.gaps,
            "checksum_ok": integrity.checksum_ok,
            "checksum_bad": integrity.checksum_bad,
            "stale_dropped": integrity.stale_dropped + counts.stale_dropped,
            "crossed": integrity.crossed,
            "quote_match": integrity.quote_match,
            "quote_mismatch": integrity.quote_mismatch,
            "resyncs": integrity.resyncs,
        },
        "resyncs": resyncs,
        "latency_ns": latencies(outcome),
        "frames_per_s": frames_per_s(loaded, outcome),
        "pass_ns": outcome.pass_ns,
        "read_ns": loaded.read_ns,
        "survey_ns": loaded.survey_ns,
        "allocations_after_start": outcome.allocations.map(|a| a.allocations),
        "page_faults_after_start": outcome.page_faults,
        "layout": outcome.layout.name(),
        "cores": outcome.cores,
        "loops": loops(outcome),
    });
    if let Value::Object(map) = &mut object {
        map.extend(account.object());
    }
    object
}

/// What each busy loop did with its time.
pub(super) fn loops(outcome: &Outcome) -> Vec<Value> {
    let one = |(name, regimes): &(&'static str, Regimes)| {
        json!({
            "name": name,
            "working_ns": regimes.working_ns,
            "caught_up_ns": regimes.caught_up_ns,
            "pressed_ns": regimes.pressed_ns,
            "hiccups": regimes.hiccups,
            "hiccup_ns_max": regimes.hiccup_ns_max,
        })
    };
    outcome.regimes.iter().map(one).collect()
}

pub(super) fn book(shown: &Shown) -> Value {
    let levels = |levels: &[Level]| -> Vec<[String; 2]> {
        let text = |level: &Level| {
            [render(level.price, shown.price_decimals), render(level.qty, shown.qty_decimals)]
        };
        levels.iter().map(text).collect()
    };
    json!({
        "state": shown.state.name(),
        "bids": levels(&shown.bids),
        "asks": levels(&shown.asks),
        "bid_levels": shown.bid_levels,
        "ask_levels": shown.ask_levels,
        "updates": shown.updates,
        "last_update_id": (shown.last_update_id != 0).then_some(shown.last_update_id),
        "checksum": shown.checksum.map(|c| c.ours),
        "truncated": shown.truncated,
    })
}

pub(super) fn refusal(kept: &Kept) -> Value {
    // What was refused may be anything, a reply with a token too.
    let mut text = Vec::new();
    journal::redact(kept.bytes(), &mut text);
    text.truncate(200);
    json!({
        "frame": kept.frame,
        "reason": kept.reason.to_string(),
        "bytes": kept.len,
        "text": String::from_utf8_lossy(&text),
    })
}

pub(super) fn resync(resync: &crate::event::Resync, instruments: &Instruments) -> Value {
    json!({
        "frame": resync.frame,
        "book": instruments.with_id(resync.instrument).map(Instrument::name),
        "reason": resync.reason.name(),
    })
}

pub(super) fn percentiles(p: &Percentiles) -> Value {
    json!({
        "count": p.count, "p50": p.p50, "p90": p.p90, "p99": p.p99,
        "p999": p.p999, "p9999": p.p9999, "max": p.max,
    })
}

pub(super) fn latencies(outcome: &Outcome) -> Value {
    let spans = spans(outcome).map(|(name, p)| (name.replace(' ', "_"), percentiles(&p)));
    Value::Object(spans.collect())
}

/// What was timed, with its name.
fn spans(outcome: &Outcome) -> impl Iterator<Item = (&'static str, Percentiles)> {
    let latency = outcome.latency;
    let stages = Stage::ALL.into_iter().map(move |stage| (stage.name(), latency.stage(stage)));
    // Where each frame has a receive of its own, as in a replay, they are the same.
    let first = latency.first_to_decision;
    let first = (first.count < latency.tick_to_decision.count).then_some(first);
    stages
        .chain([("tick to decision", latency.tick_to_decision)])
        .chain(first.map(|first| ("first to decision", first)))
        .chain([("tick to order", latency.tick_to_order)])
}

fn frames_per_s(loaded: &Loaded, outcome: &Outcome) -> u64 {
    (loaded.tape.len() as f64 * 1e9 / outcome.pass_ns.max(1) as f64) as u64
}

/// What the built-in recording is.
const BUILT_IN: &str = "\
A generated minute of three venues, in their real frame formats, traded with paper
money. Three faults are in it on purpose: a hole in Binance's update ids, a wrong
checksum from Kraken, a lost frame of Coinbase. Each book says that it is broken,
asks for a snapshot, and heals with it; nothing is ordered on it meanwhile.

";

/// The run as a person wants to see it.
pub(super) fn text(
    loaded: &Loaded,
    outcome: &Outcome,
    account: &Settled,
    is_built_in: bool,
) -> String {
    let mut text = String::new();
    if is_built_in {
        text.push_str(BUILT_IN);
    }
    text.push_str(&summary(loaded, outcome));
    text.push_str(&book_table(&loaded.instruments, outcome).render());
    text.push_str(&troubles(&loaded.instruments, outcome));
    text.push_str(&account.text());
    text.push_str("\nLatency, ns\n");
    text.push_str(&latency_table(outcome).render());
    text.push_str(&next_steps(is_built_in));
    text
}

fn summary(loaded: &Loaded, outcome: &Outcome) -> String {
    let (counts, integrity) = (outcome.counts, outcome.integrity);
    let allocations = match outcome.allocations {
        Some(counts) => format!("{} allocations", counts.allocations),
        None => String::from("allocations not counted"),
    };
    format!(
        "{} frames of {:.1} s in {:.1} ms: {} frames/s, layout {}, {allocations}, {} page faults\n\
         decoded   {} fast, {} strict, {} refused, {} oversized\n\
         events    {} book ({} snapshots), {} quote, {} trade, {} other\n\
         proven    {} checksums, {} quotes; against {} bad checksums, {} mismatches, {} gaps, \
         {} crossed\n\n",
        grouped(loaded.tape.len() as u64),
        loaded.tape.span_ns() as f64 / 1e9,
        outcome.pass_ns as f64 / 1e6,
        grouped(frames_per_s(loaded, outcome)),
        outcome.layout.name(),
        outcome.page_faults,
        grouped(counts.fast),
        grouped(counts.strict),
        grouped(counts.refused),
        grouped(counts.oversized),
        grouped(counts.book),
        grouped(counts.snapshots),
        grouped(counts.quote),
        grouped(counts.trade),
        grouped(counts.other),
        grouped(integrity.checksum_ok),
        grouped(integrity.quote_match),
        grouped(integrity.checksum_bad),
        grouped(integrity.quote_mismatch),
        grouped(integrity.gaps + counts.gaps),
        grouped(integrity.crossed),
    )
}

pub(super) fn book_table(instruments: &Instruments, outcome: &Outcome) -> Table {
    let head = ["book", "state", "bid", "quantity", "ask", "quantity", "bids", "asks", "updates"];
    let mut table = Table::new(&head);
    for (instrument, shown) in instruments.iter().zip(&outcome.books) {
        let best = |levels: &[Level]| match levels.first() {
            Some(level) => {
                (render(level.price, shown.price_decimals), render(level.qty, shown.qty_decimals))
            }
            None => (String::from("-"), String::from("-")),
        };
        let ((bid, bid_qty), (ask, ask_qty)) = (best(&shown.bids), best(&shown.asks));
        let cut = if shown.truncated { "+" } else { "" };
        table.row(vec![
            instrument.name(),
            shown.state.name().to_owned(),
            bid,
            bid_qty,
            ask,
            ask_qty,
            format!("{}{cut}", grouped(shown.bid_levels as u64)),
            format!("{}{cut}", grouped(shown.ask_levels as u64)),
            grouped(u64::from(shown.updates)),
        ]);
    }
    table
}

/// What went wrong: requests for snapshots and refused frames, the first of each.
pub(super) fn troubles(instruments: &Instruments, outcome: &Outcome) -> String {
    const SHOWN: usize = 8;
    let mut text = String::new();
    for resync in outcome.resyncs.iter().take(SHOWN) {
        let book = instruments.with_id(resync.instrument).map(Instrument::name);
        let _ = writeln!(
            text,
            "  frame {}: {} asks for a snapshot ({})",
            resync.frame,
            book.unwrap_or_default(),
            resync.reason.name()
        );
    }
    for kept in outcome.refused.iter().take(SHOWN) {
        let _ = writeln!(text, "  frame {}: refused, {}", kept.frame, kept.reason);
    }
    let left_out = outcome.resyncs.len().saturating_sub(SHOWN) as u64
        + (outcome.counts.refused).saturating_sub(SHOWN as u64);
    if left_out > 0 {
        let _ = writeln!(text, "  .. and {} more (see --json)", grouped(left_out));
    }
    let waiting = outcome.books.iter().filter(|book| book.state == BookState::Syncing).count();
    if waiting > 0 && outcome.counts.snapshots == 0 {
        let _ = writeln!(
            text,
            "  {waiting} of {} books wait for a snapshot, and the recording has none: name the \
             file that has it too",
            outcome.books.len()
        );
    }
    if text.is_empty() { text } else { format!("\nTrouble, and who said so\n{text}") }
}

pub(super) fn latency_table(outcome: &Outcome) -> Table {
    let mut table = Table::new(&["stage", "count", "p50", "p90", "p99", "p99.9", "p99.99", "max"]);
    for (name, p) in spans(outcome).filter(|(_, p)| p.count > 0) {
        let cells = [p.count, p.p50, p.p90, p.p99, p.p999, p.p9999, p.max].map(grouped);
        table.row(std::iter::once(name.to_owned()).chain(cells).collect());
    }
    table
}

fn next_steps(is_built_in: bool) -> String {
    if !is_built_in {
        return String::new();
    }
    String::from(
        "\nNext: play a recording of your own, keep a journal of it, and ask it about an order\n  \
         neural-kraken replay --venue binance --format stamped FILE --record DIR\n  \
         neural-kraken why 1 DIR\n  \
         neural-kraken config manual\n",
    )
}
