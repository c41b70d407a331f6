//! `--against JOURNAL`: two runs side by side, and the first event in which they differ.

use std::path::{Path, PathBuf};

use super::output::{self, Failure};
use crate::base::{Instrument, Instruments, render};
use crate::event::{Quote, View};
use crate::journal;
use crate::pipeline::{self, Plan};
use crate::stage::contract::Emit;
use crate::tape::{self, Spec, Tape};

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

/// Plays the tape and the journal; fails where they differ, and says where first.
pub(super) fn against(
    tape: &Tape,
    instruments: &Instruments,
    plan: &Plan,
    other: &Other,
) -> Result<(), Failure> {
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
    let (frames, quotes) = (tape.len(), ours.0.len());
    output::say(format_args!("same as {}: {frames} frames, {quotes} quotes", other.path.display()));
    Ok(())
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
