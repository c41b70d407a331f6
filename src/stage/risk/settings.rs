//! What the gate is told: limits by id, in whole units. An absent limit is no limit; zero is "not
//! allowed".
//!
//! Money is in units of the reckoning asset, quantities are in units of their instrument.

use crate::base::{AssetId, MarkStep};

/// All limits, and what is needed to reckon.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Number of the first decision; zero counts as one.
    pub first_order: u64,
    /// Decimals of each asset, by [`AssetId`].
    pub decimals: Vec<u8>,
    /// In what all is reckoned.
    pub reckoning: AssetId,
    /// How each asset becomes the reckoning one, by [`AssetId`].
    pub chains: Vec<Option<Vec<MarkStep>>>,
    /// By `InstrumentId`; one that is missing has no limits of its own.
    pub instruments: Vec<InstrumentLimits>,
    /// The largest exposure to each asset, either way, by [`AssetId`].
    pub assets: Vec<Option<i64>>,
    /// By `StrategyId`; one that is not here may not trade.
    pub strategies: Vec<StrategyLimits>,
    /// By `AccountId`; one that is not here may not trade.
    pub accounts: Vec<AccountLimits>,
    /// By name; a venue that is missing has no limits and no fees.
    pub venues: Vec<VenueLimits>,
    /// Sum of the exposures of all accounts' instruments.
    pub gross_max: Option<i64>,
    /// The same with longs and shorts set against each other.
    pub net_max: Option<i64>,
    /// Orders that are open or unknown.
    pub open_orders_max: Option<u32>,
    /// Loss since midnight UTC.
    pub daily_loss_max: Option<i64>,
    /// Fall from the high-water mark.
    pub drawdown_max: Option<i64>,
    /// Age of an instrument's last quote, ns.
    pub quote_age_max_ns: Option<i64>,
    /// May an instrument be traded of whose status its venue said nothing? For paper trading on
    /// recordings that do not hold it.
    pub is_unknown_open: bool,
}

/// Limits of one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstrumentLimits {
    /// Quantity of one order.
    pub qty_max: Option<i64>,
    /// Position of all accounts together, either way, with open orders as if filled.
    pub position_max: Option<i64>,
    /// What one order comes to.
    pub notional_max: Option<i64>,
    /// Distance of an order's price from the mid, either way, basis points.
    pub collar_bps: Option<u32>,
}

/// Limits of one strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrategyLimits {
    /// Sum of its exposures.
    pub exposure_max: Option<i64>,
}

/// Limits of one account.
#[derive(Clone, Debug, Default)]
pub struct AccountLimits {
    /// Whose it is.
    pub venue: &'static str,
    /// Sum of its exposures.
    pub exposure_max: Option<i64>,
    /// Its orders that are open or unknown.
    pub open_orders_max: Option<u32>,
    /// How many orders it may send.
    pub rate: Option<OrderRate>,
    /// What it has at start: asset, units.
    pub balances: Vec<(AssetId, i64)>,
}

/// A budget of requests, by logical time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRate {
    /// Requests that come back every second; at least 1.
    pub per_second: u32,
    /// Requests at once after a rest; at least 1.
    pub burst: u32,
    /// Of those, how many are kept for cancels.
    pub cancel_reserve: u32,
}

/// Limits of one venue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VenueLimits {
    /// Its name.
    pub venue: &'static str,
    /// Sum of the exposures there.
    pub exposure_max: Option<i64>,
    /// The worst fee of a purchase, millionths: reserved with its price.
    pub fee_ppm: u32,
}
