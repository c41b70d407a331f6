//! The physical connections of a private session: those of market data's sessions, with a line that
//! is lived on and, where lines grow old, its successor.

use super::contract::{Settings, Tally};
use super::orders::Orders;
use super::out::{Balance, Out, Task};
use super::secret::Secret;
use crate::base::{AssetId, ConnectionId, Decimal, Nanos, Symbol};
use crate::venue::session::{self, Action, Actions, Lines, Rules};

/// None connected.
pub fn lines(settings: &Settings, rules: Rules, now: Nanos) -> Lines {
    let plain = session::Settings {
        connection: ConnectionId::default(),
        follow: Vec::new(),
        depth: 0,
        trades: false,
        quotes: false,
        stream: settings.line.clone(),
        rest: settings.rest.clone(),
        redundancy: 1,
        line_age_ns_max: settings.line_age_ns_max,
        silence_ns_max: settings.silence_ns_max,
        attempts_max: settings.attempts_max,
        seed: settings.seed,
    };
    Lines::new(&plain, rules, now)
}

/// What lines want done, as tasks.
pub fn carry(actions: &mut Actions, out: &mut Out) {
    for action in actions.drain(..) {
        match action {
            Action::Connect { line, address } => out.tasks.push(Task::Connect { line, address }),
            Action::Send { line, text } => {
                out.tasks.push(Task::Send { line, text: Secret::from(text) });
            }
            Action::Close { line, why } => out.tasks.push(Task::Close { line, why }),
            // Which line is lived on is the session's own matter; the others are of market data.
            Action::Adopt { .. }
            | Action::Retire { .. }
            | Action::Fetch { .. }
            | Action::Reset { .. }
            | Action::Describe { .. } => {}
        }
    }
}

/// What is held of an asset, in our units where we count it.
pub fn balance(
    orders: &Orders,
    name: Symbol,
    total: Decimal,
    held: Option<Decimal>,
    at: Nanos,
) -> Balance {
    let asset = orders.asset(&name);
    let units = |number: Decimal| asset.map_or(0, |one| number.towards_zero_at(one.decimals));
    Balance {
        asset: asset.map_or(AssetId::NONE, |one| one.id),
        name,
        total: units(total),
        held: held.map(units),
        at,
    }
}

/// What lines and orders counted, on top of the session's own.
pub fn tally(own: &Tally, lines: &Lines, counts: &super::entry::Counts) -> Tally {
    Tally {
        attempts: lines.tally.attempts,
        opened: lines.tally.opened,
        timeouts: counts.timeouts,
        stale: own.stale + counts.stale,
        strays: own.strays + counts.strays,
        merged: counts.merged,
        unread: own.unread + counts.nonsense,
        ..*own
    }
}
