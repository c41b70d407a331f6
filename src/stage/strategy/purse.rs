//! What a strategy may do with money, and how it fares.

use super::settings::Means;
use crate::base::AssetId;
use crate::limits;

/// Budget and loss limit of one strategy. Amounts in units of 10^-8 of the quote asset.
#[derive(Clone, Debug)]
pub(super) struct Purse {
    pub(super) means: Means,
    /// One for each quote asset.
    funds: Vec<Fund>,
    /// Did it lose more than it may? Latched until a new start.
    pub(super) stopped: bool,
}

/// Of one quote asset.
#[derive(Clone, Copy, Debug)]
struct Fund {
    quote: Option<AssetId>,
    committed: i64,
    gain: i64,
}

impl Purse {
    pub(super) fn new(means: Means) -> Purse {
        Purse { means, funds: Vec::new(), stopped: false }
    }

    /// The place of a quote asset's fund. At start only.
    pub(super) fn fund(&mut self, quote: Option<AssetId>) -> u16 {
        let known = self.funds.iter().position(|fund| fund.quote == quote);
        let place = known.unwrap_or_else(|| {
            self.funds.push(Fund { quote, committed: 0, gain: 0 });
            self.funds.len() - 1
        });
        assert!(place < limits::INSTRUMENTS_MAX, "each instrument has one quote asset");
        place as u16
    }

    /// Is there room for so much more?
    pub(super) fn has_room(&self, fund: u16, money: i64) -> bool {
        let committed = self.funds[usize::from(fund)].committed;
        committed.saturating_add(money) <= self.means.budget
    }

    /// What a seat takes of the budget has changed.
    pub(super) fn commit(&mut self, fund: u16, before: i64, now: i64) {
        let fund = &mut self.funds[usize::from(fund)];
        fund.committed = fund.committed.saturating_sub(before).saturating_add(now);
    }

    /// What a seat brought has changed; says whether the strategy stops because of it.
    pub(super) fn gain(&mut self, fund: u16, before: i64, now: i64) -> bool {
        let fund = &mut self.funds[usize::from(fund)];
        fund.gain = fund.gain.saturating_sub(before).saturating_add(now);
        let stops = !self.stopped && fund.gain < -self.means.loss_max;
        self.stopped |= stops;
        stops
    }

    /// What positions and open orders take of the budget, the largest of all quote assets.
    pub(super) fn committed(&self) -> i64 {
        self.funds.iter().map(|fund| fund.committed).max().unwrap_or(0)
    }

    /// What all came to before fees, for each quote asset.
    pub(super) fn gains(&self) -> impl Iterator<Item = (Option<AssetId>, i64)> + '_ {
        self.funds.iter().map(|fund| (fund.quote, fund.gain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::strategy::scene::means;

    #[test]
    fn each_quote_asset_has_the_budget_for_itself() {
        let mut purse = Purse::new(means(10, 1));
        let (usd, usdt) = (purse.fund(Some(AssetId(0))), purse.fund(Some(AssetId(1))));
        assert_eq!((usd, purse.fund(Some(AssetId(0)))), (0, 0));
        let all = purse.means.budget;
        purse.commit(usd, 0, all);
        assert!(!purse.has_room(usd, 1) && purse.has_room(usdt, all));
        purse.commit(usd, all, all - 5);
        assert!(purse.has_room(usd, 5) && !purse.has_room(usd, 6));
    }

    #[test]
    fn a_loss_beyond_its_limit_stops_once_and_for_all() {
        let mut purse = Purse::new(means(10, 1));
        let fund = purse.fund(None);
        let most = purse.means.loss_max;
        assert!(!purse.gain(fund, 0, -most));
        assert!(purse.gain(fund, -most, -most - 1));
        assert!(!purse.gain(fund, -most - 1, most), "it says so once");
        assert!(purse.stopped, "and stays stopped whatever comes after");
    }
}
