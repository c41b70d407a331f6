//! The life of an order at its venue: what each word of the venue makes of it.
//!
//! In: where an order stands, and what happened. Out: where it stands now, and whether there is
//! anything to report. The table stands in the module's own description.
//!
//! Words come in any order: answers and private streams race at every venue, and what was said
//! before a line broke is said again after it. So nothing here rests on what came before what:
//! a fill counts whenever it comes, an end is an end, and quantities say when an order is filled,
//! not words.

use super::table::Entry;
use crate::base::{Price, Qty};
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
        // What has traded was not rejected as a whole: what was left of it is gone.
        Happened::Rejected(_) if entry.filled.0 > 0 => end(entry, OrderState::Cancelled),
        Happened::Rejected(_) => end(entry, OrderState::Rejected),
        Happened::CancelRejected(_) => Turn::CancelRefused,
        // Whatever was heard of it is more than nothing.
        Happened::Unknown if entry.state == OrderState::Sent => {
            entry.state = OrderState::Unknown;
            Turn::News
        }
        Happened::Amended { price, qty } => amend(entry, *price, *qty),
        Happened::Unknown | Happened::AmendRejected(_) => Turn::Stale,
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

/// New terms. A quantity below what is filled cannot be: what is filled is then all there is.
fn amend(entry: &mut Entry, price: Price, qty: Qty) -> Turn {
    let qty = qty.max(entry.filled);
    let is_known = entry.terms.price == price && entry.terms.qty == qty;
    if entry.state.is_over() || is_known || qty.0 <= 0 {
        return Turn::Stale;
    }
    (entry.terms.price, entry.terms.qty) = (price, qty);
    entry.state = match entry.filled.0 {
        0 => OrderState::Open,
        filled if filled == qty.0 => OrderState::Filled,
        _ => OrderState::PartlyFilled,
    };
    Turn::News
}
