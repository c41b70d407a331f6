//! The life of an order at its venue: what each word of the venue makes of it.
//!
//! In: where an order stands, and what happened. Out: where it stands now, and whether there is
//! anything to report. The table stands in the module's own description.

use super::table::Entry;
use crate::event::{Fill, Happened, OrderState};

/// What a word of the venue comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something is new: it is reported.
    News,
    /// A cancel was refused; the order stands where it stood.
    CancelRefused,
    /// It was known already, or is older than what is known.
    Stale,
    /// More would be filled than was ordered.
    Excess,
}

/// Takes a word of the venue.
pub(super) fn turn(entry: &mut Entry, happened: &Happened) -> Turn {
    match happened {
        Happened::Accepted => match entry.state {
            OrderState::Sent | OrderState::Unknown => {
                entry.state = OrderState::Open;
                Turn::News
            }
            _ => Turn::Stale,
        },
        Happened::Filled(fill) => fill_up(entry, fill),
        Happened::Cancelled => end(entry, OrderState::Cancelled),
        Happened::Expired => end(entry, OrderState::Expired),
        Happened::Rejected(_) => end(entry, OrderState::Rejected),
        Happened::CancelRejected(_) => Turn::CancelRefused,
    }
}

/// A fill counts whenever it comes: what was traded was traded. It does not bring an order back.
fn fill_up(entry: &mut Entry, fill: &Fill) -> Turn {
    let left = entry.terms.qty.0 - entry.filled.0;
    if fill.qty.0 <= 0 || fill.qty.0 > left {
        return Turn::Excess;
    }
    entry.filled.0 += fill.qty.0;
    if !entry.state.is_over() {
        entry.state =
            if fill.qty.0 == left { OrderState::Filled } else { OrderState::PartlyFilled };
    }
    Turn::News
}

fn end(entry: &mut Entry, state: OrderState) -> Turn {
    if entry.state.is_over() {
        return Turn::Stale;
    }
    entry.state = state;
    Turn::News
}
