//! What a strategy offers.
//!
//! In: an outlook on one instrument, and a desk to act through. Out: intents, by the desk.
//! Never: a position, a budget or an order of its own bookkeeping; the desk has them.

use super::desk::Desk;
use crate::event::Outlook;

/// One way to trade. Only asked where the book is live.
pub(super) trait Strategy {
    /// Are all signals and forecasts that it rests on ready? It decides nothing where they are not.
    fn is_ready(&self, outlook: &Outlook<'_>) -> bool;

    /// Looks at the market and acts.
    fn decide(&self, outlook: &Outlook<'_>, desk: &mut Desk<'_>);

    /// How long an order of its own may rest.
    fn rest_ns_max(&self) -> i64 {
        i64::MAX
    }
}
