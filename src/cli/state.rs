//! The risk state of a replay: taken up from a file before it, and left there after it.

use std::path::Path;

use super::account::Account;
use super::output::Failure;
use crate::base::Instruments;
use crate::cold::latch::{self, Names};
use crate::pipeline::{Outcome, Trading};
use crate::stage::risk::State;

/// Takes the state up into what the stages are told; where there is no file yet, one is made, so
/// that what may fail does so before a long play. Says what the ids in it stand for.
pub(super) fn restore(
    path: &Path,
    account: &mut Account,
    instruments: &Instruments,
    trading: &mut Trading,
) -> Result<Names, Failure> {
    let names = account.names(instruments);
    let state = latch::load(path, &names).map_err(Failure::failed)?;
    match &state {
        None => latch::save(path, &State::default(), &names).map_err(Failure::failed)?,
        Some(State { halt: Some(halt), .. }) => account.note(format!(
            "it was halted before it began ({}, since {}), so every order is denied until \
             `neural-kraken resume --state {} --yes`",
            halt.reason.name(),
            halt.since,
            path.display()
        )),
        Some(_) => {}
    }
    trading.risk_state = state;
    Ok(names)
}

/// Leaves the state of the gate for the next run. The venue was a box that is gone, and with it
/// what was open there: nothing is left that could fill.
pub(super) fn keep(path: &Path, names: &Names, outcome: &Outcome) -> Result<(), Failure> {
    let state = State { orders: Vec::new(), ..outcome.gate.state() };
    latch::save(path, &state, names).map_err(Failure::failed)
}
