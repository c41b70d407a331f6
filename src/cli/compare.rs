//! `--against JOURNAL`: two runs side by side, and the first event in which they differ.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::output::{self, Failure};
use super::recordings::Loaded;
use crate::base::{AssetId, Instrument, InstrumentKind, Instruments, render};
use crate::config::Asset;
use crate::event::{Fill, Quote, Reason, Report, View};
use crate::journal;
use crate::pipeline::{self, Outcome, Output, Plan, Put};
use crate::stage::contract::Emit;
use crate::tape::{self, Logged, Spec, Tape};

/// Every quote of a run, in order.
#[derive(Default)]
struct Quotes(Vec<Quote>);

impl Emit<View> for Quotes {
    fn emit(&mut self, view: &View) {
        self.0.push(view.quote);
    }
}

/// The journal to compare with, loaded before anything is played: that it cannot be read is known
/// at once.
pub(super) struct Other {
    path: PathBuf,
    tape: Tape,
    instruments: Instruments,
}

impl Other {
    pub(super) fn load(journal: &Path) -> Result<Other, Failure> {
        let format = tape::format("journal").ok_or_else(|| Failure::failed("no journal format"))?;
        let spec = Spec { dialect: None, format, path: journal.into() };
        let mut tape = Tape::load(&[spec], &mut |_, _| {}).map_err(Failure::failed)?;
        let survey = tape::survey(&mut tape, &[], &[]).map_err(Failure::failed)?;
        for warning in tape.warnings() {
            output::say(format_args!("warning: {warning}"));
        }
        Ok(Other { path: journal.into(), tape, instruments: survey.instruments })
    }
}

/// What went out and came back, as a journal keeps it.
pub(super) fn logged(outcome: &Outcome) -> Vec<Logged> {
    outcome.outputs.iter().map(Output::logged).collect()
}

/// Compares a run with what a journal holds: its frames, the quotes that follow from them, orders
/// and reports. Fails where they differ, and says where first.
pub(super) fn against(
    loaded: &Loaded,
    plan: &Plan,
    outcome: &Outcome,
    other: &Other,
    assets: &[Asset],
) -> Result<(), Failure> {
    let (tape, instruments) = (&loaded.tape, &loaded.instruments);
    let units = Units::of(instruments, assets);
    if let Some(difference) = first_frame(tape, &other.tape) {
        return Err(Failure::failed(difference));
    }
    let (mut ours, mut theirs) = (Quotes::default(), Quotes::default());
    pipeline::watch(tape, instruments, plan, &mut ours);
    pipeline::watch(&other.tape, &other.instruments, plan, &mut theirs);
    let name = |quote: &Quote, of: &Instruments| {
        of.with_id(quote.instrument()).map(Instrument::name).unwrap_or_default()
    };
    for (a, b) in ours.0.iter().zip(&theirs.0) {
        let (a, b) = (told(a, &name(a, instruments)), told(b, &name(b, &other.instruments)));
        if a != b {
            return Err(Failure::failed(format_args!(
                "runs differ first at a quote\n  here:    {a}\n  journal: {b}"
            )));
        }
    }
    if ours.0.len() != theirs.0.len() {
        let (here, there) = (ours.0.len(), theirs.0.len());
        return Err(Failure::failed(format_args!(
            "runs differ: {here} quotes here, {there} in the journal; the first {} are the same",
            here.min(there)
        )));
    }
    let ours_out = logged(outcome);
    if let Some(difference) = first_logged(&ours_out, other.tape.logged(), units) {
        return Err(Failure::failed(difference));
    }
    let (frames, quotes) = (tape.len(), ours.0.len());
    let orders = ours_out.iter().filter(|logged| !logged.is_report).count();
    output::say(format_args!(
        "same as {}: {frames} frames, {quotes} quotes, {orders} orders, {} reports",
        other.path.display(),
        ours_out.len() - orders
    ));
    Ok(())
}

/// The first order or report that is not the same, account by account, since between two accounts
/// the order is the host's in some layouts.
fn first_logged(ours: &[Logged], theirs: &[Logged], units: Units<'_>) -> Option<String> {
    let mut accounts: Vec<u16> = ours.iter().chain(theirs).map(|logged| logged.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut first: Option<(u64, String)> = None;
    for account in accounts {
        let of = |logged: &&Logged| logged.account == account;
        let (mut a, mut b) = (ours.iter().filter(of), theirs.iter().filter(of));
        for n in 0_u64.. {
            let (a, b) = (a.next(), b.next());
            if a.is_none() && b.is_none() {
                break;
            }
            let (here, there) = (a.map(masked), b.map(masked));
            if here == there {
                continue;
            }
            let frames = [a, b].into_iter().flatten().map(|logged| logged.frame);
            let frame = frames.min().unwrap_or_default();
            if first.as_ref().is_none_or(|(earliest, _)| frame < *earliest) {
                let nothing = || String::from("nothing any more");
                let text = format!(
                    "runs differ first in what goes out on account {account}, number {n}\n  \
                     here:    {}\n  journal: {}",
                    here.map_or_else(nothing, |logged| said(&logged, units)),
                    there.map_or_else(nothing, |logged| said(&logged, units)),
                );
                first = Some((frame, text));
            }
            break;
        }
    }
    first.map(|(_, text)| text)
}

/// Where the decisions of two runs over the same frames part.
pub(super) fn fork(ours: &[Output], theirs: &[Output], units: Units<'_>) -> String {
    let logged = |outputs: &[Output]| outputs.iter().map(Output::logged).collect::<Vec<_>>();
    let (a, b) = (logged(ours), logged(theirs));
    let orders = |all: &[Logged]| all.iter().filter(|logged| !logged.is_report).count();
    let counts = format!("  {} orders before, {} with it", orders(&a), orders(&b));
    match first_logged(&a, &b, units) {
        None => format!("{counts}\n  every decision is the same"),
        Some(text) => {
            let text = text.replace("here:   ", "before: ").replace("journal:", "with it:");
            format!("{counts}\n  {text}")
        }
    }
}

/// Secrets are masked in a journal, so they are masked here too.
fn masked(logged: &Logged) -> Logged {
    let mut bytes = Vec::new();
    if logged.is_report {
        bytes.clone_from(&logged.bytes);
    } else {
        journal::redact(&logged.bytes, &mut bytes);
    }
    Logged { bytes, ..logged.clone() }
}

/// An order or a report as a person reads it.
fn said(logged: &Logged, units: Units<'_>) -> String {
    let Logged { frame, recv_ns, .. } = logged;
    let mut text = format!("frame {frame} at {recv_ns}: ");
    if !logged.is_report {
        text.push_str(&String::from_utf8_lossy(&logged.bytes));
        return text;
    }
    match Output::decode(&logged.bytes) {
        Some(Output { put: Put::Report(report), .. }) => {
            text.push_str(&told_report(&report, units));
        }
        _ => {
            let _ = write!(text, "a report of {} bytes that cannot be read", logged.bytes.len());
        }
    }
    text
}

/// What numbers of a run are whole units of.
#[derive(Clone, Copy)]
pub(super) struct Units<'a> {
    instruments: &'a Instruments,
    /// By [`AssetId`].
    assets: &'a [Asset],
}

impl<'a> Units<'a> {
    /// Those of a run.
    pub(super) fn of(instruments: &'a Instruments, assets: &'a [Asset]) -> Units<'a> {
        Units { instruments, assets }
    }

    fn money(self, units: i64, asset: Option<AssetId>) -> String {
        let known = asset.and_then(|asset| self.assets.get(asset.index()));
        let known = known.map(|a| format!("{} {}", render(units, a.decimals), a.name));
        known.unwrap_or_else(|| format!("{units} units"))
    }
}

/// A report as a person reads it.
pub(super) fn told_report(report: &Report, units: Units<'_>) -> String {
    let instrument = units.instruments.with_id(report.instrument);
    let name = instrument.map(Instrument::name).unwrap_or_default();
    let (price, qty) = instrument.map_or((0, 0), |i| (i.price_decimals, i.qty_decimals));
    let terms = &report.terms;
    let mut text = format!(
        "order {} {} {} {} of {name} at {}, {} filled",
        report.order.0,
        report.state.name(),
        terms.side,
        render(terms.qty.0, qty),
        render(terms.price.0, price),
        render(report.filled.0, qty),
    );
    if report.is_fill() {
        let Fill { price: at, qty: filled, amount, fee, fee_asset, .. } = report.fill;
        let settled = instrument.and_then(|i| match i.kind {
            InstrumentKind::Inverse => i.base,
            InstrumentKind::Spot | InstrumentKind::Linear => i.quote,
        });
        let amount = units.money(amount, settled);
        let fee = units.money(fee, Some(fee_asset));
        let (at, filled) = (render(at.0, price), render(filled.0, qty));
        let _ = write!(text, "; {filled} at {at} for {amount}, fee {fee}");
    }
    if !report.reasons.is_empty() {
        let reasons: Vec<_> = report.reasons.iter().map(Reason::name).collect();
        let _ = write!(text, "; denied for {}", reasons.join(", "));
    }
    if report.rejection != 0 {
        let _ = write!(text, "; the venue's reason is {}", report.rejection);
    }
    text
}

/// The first frame that is not the same on both tapes. Secrets are masked in a journal, so they are
/// masked here too; a mask is as long as what it hides.
fn first_frame(ours: &Tape, theirs: &Tape) -> Option<String> {
    let mut masked = Vec::new();
    for (n, (a, b)) in ours.frames().zip(theirs.frames()).enumerate() {
        if a.recv_ns != b.recv_ns {
            return Some(format!(
                "frame {n} differs in its time\n  here:    {}\n  journal: {}",
                a.recv_ns, b.recv_ns
            ));
        }
        let (a, b) = (a.bytes.text(), b.bytes.text());
        if a != b {
            masked.clear();
            journal::redact(a, &mut masked);
            let a = &masked[..];
            if a == b {
                continue;
            }
            let at = a.iter().zip(b).position(|(x, y)| x != y).unwrap_or(a.len().min(b.len()));
            let around = |text: &[u8]| {
                let piece = &text[at.saturating_sub(20).min(text.len())..(at + 40).min(text.len())];
                String::from_utf8_lossy(piece).into_owned()
            };
            return Some(format!(
                "frame {n} differs at byte {at}\n  here:    ..{}..\n  journal: ..{}..",
                around(a),
                around(b)
            ));
        }
    }
    (ours.len() != theirs.len()).then(|| {
        format!("runs differ: {} frames here, {} in the journal", ours.len(), theirs.len())
    })
}

/// All of a quote that does not depend on how fast the host is.
fn told(quote: &Quote, name: &str) -> String {
    let level = |level: crate::event::Level| {
        let price = render(level.price, quote.price_decimals);
        format!("{} of {price}", render(level.qty, quote.qty_decimals))
    };
    format!(
        "frame {} {name} {} bid {} ask {} updates {} trades {} bought {} sold {}",
        quote.stamp.frame,
        quote.state.name(),
        level(quote.bid),
        level(quote.ask),
        quote.updates,
        quote.trades,
        quote.bought,
        quote.sold
    )
}
