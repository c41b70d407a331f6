//! What the router is told.

use crate::base::AccountId;

/// Which account each strategy uses where, and what a venue takes.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// By strategy: its accounts, each with its venue's name; the first of a venue counts.
    pub accounts: Vec<Vec<(&'static str, AccountId)>>,
    /// What venues take from an order that trades at once, millionths of the amount.
    pub taker_fees_ppm: Vec<(&'static str, i64)>,
}
