//! What the account holds at a paper venue, to the last unit.
//!
//! Never: an allocation after construction; on spot, a free balance below zero.

use super::listing::Hold;
use crate::base::{AssetId, Position, Side};
use crate::event::Fill;
use crate::ledger::Worth;

/// What an account holds of one asset, in its units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Free for new orders. Futures settle in it and may bring it below zero, for margin is not
    /// modelled.
    pub free: i128,
    /// Held back for open orders.
    pub reserved: i128,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Purse {
    /// By asset.
    balances: Box<[Balance]>,
    /// Contracts held, by listing.
    contracts: Box<[Position]>,
}

impl Purse {
    pub(super) fn new(assets: usize, start: &[(AssetId, i64)], listings: usize) -> Purse {
        let mut balances = vec![Balance::default(); assets];
        for (asset, amount) in start {
            if let Some(balance) = balances.get_mut(asset.index()) {
                balance.free += i128::from(*amount);
            }
        }
        let contracts = vec![Position::default(); listings];
        Purse { balances: balances.into(), contracts: contracts.into() }
    }

    pub(super) fn balance(&self, asset: AssetId) -> Option<Balance> {
        self.balances.get(asset.index()).copied()
    }

    pub(super) fn contracts(&self, listing: usize) -> Position {
        self.contracts.get(listing).copied().unwrap_or_default()
    }

    /// Is so much free?
    pub(super) fn has(&self, hold: Hold) -> bool {
        let free = self.balance(hold.asset).map_or(0, |balance| balance.free);
        hold.amount == 0 || hold.amount <= free
    }

    /// Holds back so much; below zero gives it free again.
    pub(super) fn hold(&mut self, hold: Hold) {
        if let Some(balance) = self.balances.get_mut(hold.asset.index()) {
            balance.free -= hold.amount;
            balance.reserved += hold.amount;
        }
    }

    /// Books a fill, after giving free what was held back for it. Rounding each fill against us may
    /// ask for a few units more than an order held back for all of them. Where the account has not
    /// even those, the fee and then the amount are what it has.
    pub(super) fn settle(
        &mut self,
        listing: usize,
        worth: &Worth,
        side: Side,
        fill: &mut Fill,
        freed: Hold,
    ) {
        self.hold(Hold { amount: -freed.amount, ..freed });
        let is_buy = side == Side::Buy;
        if let Some(delivers) = worth.delivers {
            if is_buy {
                self.spare(worth.settles, fill);
            }
            let qty = worth.delivered(fill.qty.0);
            self.add(delivers, if is_buy { qty } else { -qty });
            self.add(worth.settles, -worth.paid(is_buy, fill.amount));
        } else if let Some(contracts) = self.contracts.get_mut(listing) {
            let before = contracts.realised;
            let signed = if is_buy { fill.qty.0 } else { -fill.qty.0 };
            contracts.trade(signed, worth.paid(is_buy, fill.amount));
            let won = contracts.realised - before;
            self.add(worth.settles, won);
        }
        self.add(fill.fee_asset, -i128::from(fill.fee));
    }

    /// Takes off a purchase what the account cannot pay.
    fn spare(&self, asset: AssetId, fill: &mut Fill) {
        let free = self.balance(asset).map_or(0, |balance| balance.free);
        let fee = if fill.fee_asset == asset { i128::from(fill.fee) } else { 0 };
        let short = (i128::from(fill.amount) + fee - free).max(0);
        let of_fee = short.min(fee.max(0));
        fill.fee -= of_fee as i64;
        fill.amount -= (short - of_fee).min(i128::from(fill.amount)) as i64;
    }

    fn add(&mut self, asset: AssetId, amount: i128) {
        if let Some(balance) = self.balances.get_mut(asset.index()) {
            balance.free += amount;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Instrument, Price, Qty, Symbol};
    use crate::event::Liquidity;

    #[test]
    fn the_last_units_are_forgiven() {
        let plain = Instrument::plain("venue", Symbol::new(b"A").unwrap(), 0, 0);
        let (base, quote) = (Some(AssetId(0)), Some(AssetId(1)));
        let worth = Worth::new(&Instrument { base, quote, ..plain }, &[0, 0]).unwrap();
        let mut purse = Purse::new(2, &[(AssetId(1), 10)], 1);
        let mut fill = Fill {
            price: Price(1),
            qty: Qty(10),
            amount: 11,
            fee: 1,
            fee_asset: AssetId(1),
            liquidity: Liquidity::Maker,
        };
        purse.settle(0, &worth, Side::Buy, &mut fill, Hold::default());
        assert_eq!((fill.amount, fill.fee), (10, 0));
        assert_eq!(purse.balance(AssetId(1)), Some(Balance::default()));
        assert_eq!(purse.balance(AssetId(0)), Some(Balance { free: 10, reserved: 0 }));
    }
}
