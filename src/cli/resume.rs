//! `resume`: shows what the risk gate halted for, and ends the halt when told so.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::output::{self, Failure};
use crate::base::render;
use crate::cold::latch::{self, Names};
use crate::stage::risk::State;

/// Show what is halted, why and since when; with --yes, end the halt.
///
/// The file is the one that a run keeps its risk state in. A running instance is not steered by
/// it: stop it first.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file with the risk state.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// End the halt. Without it nothing is changed.
    #[arg(long)]
    yes: bool,
}

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    let path = &arguments.state;
    let Some((mut state, names)) = latch::open(path).map_err(Failure::failed)? else {
        return Err(Failure::failed(format_args!(
            "cannot read {}: there is no such file; name the state file of the run",
            path.display()
        )));
    };
    let before = state.clone();
    let resumes = arguments.yes && state.halt.is_some();
    if resumes {
        state.resume();
        latch::save(path, &state, &names).map_err(Failure::failed)?;
    }
    if as_json {
        output::print_json(&object(&before, &names, resumes))
    } else {
        output::print(&text(&before, &names, resumes))
    }
}

fn text(state: &State, names: &Names, resumes: bool) -> String {
    let money = |units| format!("{} {}", render(units, names.decimals), names.reckoning);
    let mut text = String::new();
    let _ = match state.halt {
        Some(halt) => writeln!(text, "Halted: {}, since {}", halt.reason.name(), halt.since),
        None => writeln!(text, "Not halted"),
    };
    let _ = writeln!(text, "  equity           {}", money(state.equity));
    let _ = writeln!(text, "  high-water mark  {}", money(state.high));
    let today = state.equity.saturating_sub(state.day_start);
    let _ = writeln!(text, "  since midnight   {}", money(today));
    let _ = writeln!(text, "  positions        {}", positions(state));
    let _ = writeln!(text, "  open orders      {}", state.orders.len());
    if resumes {
        text.push_str("\nThe halt is ended: the next run trades again.\n");
    } else if state.halt.is_some() {
        text.push_str("\nNothing was changed. Add --yes to end the halt.\n");
    }
    text
}

fn object(state: &State, names: &Names, resumes: bool) -> Value {
    let money = |units| render(units, names.decimals);
    let halt = state.halt.map(|halt| {
        json!({
            "reason": halt.reason.name(),
            "since_ns": halt.since.0,
            "since": halt.since.to_string(),
        })
    });
    json!({
        "halt": halt,
        "resumed": resumes,
        "currency": names.reckoning,
        "equity": money(state.equity),
        "high": money(state.high),
        "since_midnight": money(state.equity.saturating_sub(state.day_start)),
        "positions": positions(state),
        "open_orders": state.orders.len(),
    })
}

/// How many positions are not zero.
fn positions(state: &State) -> usize {
    state.held.iter().filter(|held| held.position.qty != 0).count()
}
