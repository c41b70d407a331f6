//! What the ledger shows: positions, and what was won and lost, in the reckoning currency.

use crate::base::{AccountId, AssetId, InstrumentId, Price, Qty, StrategyId};

/// Whose fills are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// All of them.
    Whole,
    /// Those of one strategy.
    Strategy(StrategyId),
    /// Those on one account.
    Account(AccountId),
    /// Those of one instrument.
    Instrument(InstrumentId),
}

/// Won and lost, in units of the reckoning asset. Each is `None` where it cannot be said, because a
/// price is missing or the number does not fit.
///
/// `total = realised + unrealised - fees`, to the unit. Money of other assets is converted at the
/// marks of the moment, the sum of what is realised and what is not in one step and what is
/// realised in another, for each strategy, account and instrument on its own: so the total is the
/// same however lots are chosen, and sums of groups are the sum of the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// By what was closed, before fees.
    pub realised: Option<i64>,
    /// What is open, at the middle of bid and ask, before fees.
    pub unrealised: Option<i64>,
    /// Fees, rebates taken off; those of other assets at what these are worth now.
    pub fees: Option<i64>,
    /// What it comes to.
    pub total: Option<i64>,
}

/// A position of one strategy on one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose.
    pub strategy: StrategyId,
    /// Where.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Long above zero, short below.
    pub position: Qty,
    /// What it cost on average, to the nearest unit of price; `None` where nothing is held.
    pub average: Option<Price>,
    /// Quantity that was bought, all fills together.
    pub bought: i128,
    /// Quantity that was sold.
    pub sold: i128,
    /// Fills.
    pub fills: u64,
    /// What fills came to, units of the asset that the instrument settles in.
    pub turnover: i128,
    /// That asset.
    pub settles: AssetId,
    /// Won by what was closed, in units of that asset.
    pub realised: i128,
    /// What is open would win, in units of that asset, rounded down.
    pub unrealised: Option<i128>,
    /// Fees by asset, in units of each.
    pub fees: Vec<(AssetId, i128)>,
    /// The same in the reckoning currency.
    pub money: Money,
}

/// The sum of several lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Net position by instrument, in its units; those that are not flat.
    pub positions: Vec<(InstrumentId, i128)>,
    /// Fills.
    pub fills: u64,
    /// What they came to, by asset, in units of each.
    pub turnover: Vec<(AssetId, i128)>,
    /// The same in the reckoning currency, at the marks of the moment.
    pub volume: Option<i64>,
    /// Fees by asset, in units of each.
    pub fees: Vec<(AssetId, i128)>,
    /// Won and lost.
    pub money: Money,
}

impl Money {
    /// Nothing won, nothing lost.
    pub const ZERO: Money =
        Money { realised: Some(0), unrealised: Some(0), fees: Some(0), total: Some(0) };

    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Money) -> Money {
        Money {
            realised: sum(self.realised, other.realised),
            unrealised: sum(self.unrealised, other.unrealised),
            fees: sum(self.fees, other.fees),
            total: sum(self.total, other.total),
        }
    }
}

impl Sheet {
    pub(super) fn new() -> Sheet {
        Sheet { volume: Some(0), money: Money::ZERO, ..Sheet::default() }
    }

    pub(super) fn add(&mut self, line: &Line, volume: Option<i64>) {
        tally(&mut self.positions, line.instrument, i128::from(line.position.0));
        self.positions.retain(|(_, qty)| *qty != 0);
        self.fills += line.fills;
        tally(&mut self.turnover, line.settles, line.turnover);
        self.volume = sum(self.volume, volume);
        for (asset, fee) in &line.fees {
            tally(&mut self.fees, *asset, *fee);
        }
        self.money = self.money.plus(line.money);
    }
}

/// Adds to the sum that has this key.
pub(super) fn tally<K: PartialEq>(sums: &mut Vec<(K, i128)>, key: K, amount: i128) {
    match sums.iter_mut().find(|(known, _)| *known == key) {
        Some((_, sum)) => *sum += amount,
        None => sums.push((key, amount)),
    }
}

pub(super) fn sum(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a?.checked_add(b?)
}
