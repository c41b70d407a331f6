//! A venue's budget of requests: what it allows, and what is left of it.
//!
//! The models differ (Kraken: a counter for each pair that decays; Binance: counts in fixed spans;
//! Coinbase: so many a second), and are each venue's `budget.rs`. This is what they have in common.

/// What a venue allows. Each venue says what its numbers mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Kraken: the counter's threshold. Binance: orders in ten seconds. Coinbase: requests a
    /// second.
    pub max: u32,
    /// Kraken: how much the counter decays, thousandths a second. Unused elsewhere.
    pub decay_milli: u32,
    /// Binance: orders in a day. Unused elsewhere.
    pub day_max: u32,
    /// How much of `max` new orders leave alone: for cancels.
    pub cancel_reserve: u32,
}

/// What is left of a budget now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// New orders that may still be handed in at once, the reserve left alone.
    pub orders: u32,
    /// Cancels that may still be handed in at once, the dearest kind of them.
    pub cancels: u32,
}
