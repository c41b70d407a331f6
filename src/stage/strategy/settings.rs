//! What the strategies are told.

use crate::base::InstrumentId;

/// Decimals of budgets and losses: whole numbers of 10^-8 of the quote asset.
pub const MONEY_DECIMALS: u8 = 8;

/// All strategies; a place in the list is the strategy's id.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// In the order of the configuration.
    pub strategies: Vec<Given>,
}

/// One strategy.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its name in the configuration.
    pub name: String,
    /// What it trades: spot or linear.
    pub instruments: Vec<InstrumentId>,
    /// What it may do with money.
    pub purse: Means,
    /// How it trades.
    pub form: Form,
}

/// What a strategy may do with money. Amounts are in units of 10^-[`MONEY_DECIMALS`] of the quote
/// asset; of a strategy whose instruments have several quote assets, they count for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// Positions and open orders together, at what they cost.
    pub budget: i64,
    /// Of one entry.
    pub order_notional: i64,
    /// A loss beyond it stops the strategy: it closes what it holds and enters no more.
    pub loss_max: i64,
    /// May it sell what it has not bought itself?
    pub allow_short: bool,
}

/// How a strategy trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Against a stretched price.
    Reversion(Reversion),
    /// With what is expected.
    Momentum(Momentum),
}

/// Mean reversion by z-score: number of standard deviations of the mid from its moving average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reversion {
    /// Place of the horizon among those of the signals.
    pub horizon: usize,
    /// Enters against the move from here on.
    pub entry: f64,
    /// Leaves where the price came back to here; below `entry`.
    pub exit: f64,
    /// Leaves where it went on to here; above `entry`.
    pub stop: f64,
    /// Leaves after so long in any case.
    pub hold_ns_max: i64,
    /// Takes an entry back that rested for so long.
    pub rest_ns_max: i64,
    /// Enters no more for so long after it left.
    pub cooldown_ns: i64,
    /// Entries rest at the best price of their own side; else they take the other side's.
    pub post_only: bool,
}

/// Momentum: with what is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// What it goes by.
    pub source: Source,
    /// Enters where more than this is expected, basis points.
    pub entry_bps: f64,
    /// Leaves where more than this is expected in the other direction, basis points.
    pub exit_bps: f64,
    /// Leaves after so many horizons of the forecast.
    pub hold_horizons: u32,
    /// Leaves after so long in any case.
    pub hold_ns_max: i64,
    /// Enters no more for so long after it left.
    pub cooldown_ns: i64,
}

/// What momentum goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The model's forecast.
    Forecast,
    /// The momentum feature over the horizon with this place.
    Feature(usize),
}
