//! One instrument at a paper venue: its rules, and what orders and fills of it come to.
//!
//! What a fill comes to is rounded to a whole unit of the asset that the instrument settles in, and
//! its fee to one of the fee's: both against us.

use super::settings::{Fees, Refused};
use crate::base::{AssetId, Instrument, InstrumentKind, Price, Qty, Side, Status};
use crate::event::{Fill, Liquidity, Style, Terms};
use crate::ledger::{Toward, Worth};

/// One instrument.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) instrument: Instrument,
    /// `None` where it cannot be traded here.
    worth: Option<Worth>,
    fees: Fees,
    charges: Charges,
    /// Was its book live when it was last looked at?
    pub(super) was_live: bool,
    /// Orders of ours that rest in it.
    pub(super) open: usize,
}

/// In what a venue takes its fee on spot. Futures pay in what they settle in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charges {
    /// In quote (Kraken, Coinbase).
    Quote,
    /// In what the trade brings: base for a buy, quote for a sale (Binance).
    Received,
}

/// What an order holds back of an asset while it is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) asset: AssetId,
    pub(super) amount: i128,
}

const PPM: i128 = 1_000_000;

impl Charges {
    /// As the venue of this dialect does it.
    pub(super) fn of(dialect: &str) -> Charges {
        if dialect == "binance" { Charges::Received } else { Charges::Quote }
    }
}

impl Listing {
    pub(super) fn new(
        instrument: &Instrument,
        decimals: &[u8],
        fees: Fees,
        charges: Charges,
    ) -> Listing {
        let worth = Worth::new(instrument, decimals).filter(|worth| {
            // A lot must be a whole number of units of what is delivered, or balances would lie.
            worth.delivers.is_none() || worth.delivers_exactly(instrument.lot.0.max(1))
        });
        let instrument = instrument.clone();
        Listing { instrument, worth, fees, charges, was_live: false, open: 0 }
    }

    /// What it settles in and what it delivers, where it can be traded.
    pub(super) fn worth(&self) -> Option<&Worth> {
        self.worth.as_ref()
    }

    /// The largest multiple of a lot in a quantity.
    pub(super) fn lots(&self, qty: i64) -> i64 {
        let lot = self.instrument.lot.0.max(1);
        qty - qty.rem_euclid(lot)
    }

    /// Checks an order by the instrument's own rules; `expected` is the price that a market order
    /// would begin at, 0 where there is none.
    pub(super) fn check(&self, terms: &Terms, expected: i64) -> Result<(), Refused> {
        let instrument = &self.instrument;
        let is_market = terms.style == Style::Market;
        let is_open = match instrument.status {
            Status::Open | Status::Unknown => true,
            Status::PostOnly => terms.style == Style::PostOnly,
            Status::CancelOnly | Status::Halted => false,
        };
        if self.worth.is_none() {
            return Err(Refused::Instrument);
        }
        if !is_open {
            return Err(Refused::Closed);
        }
        let price = terms.price.0;
        if !is_market && (price <= 0 || price % instrument.tick.0.max(1) != 0) {
            return Err(Refused::Tick);
        }
        if terms.qty.0 <= 0 || self.lots(terms.qty.0) != terms.qty.0 {
            return Err(Refused::Lot);
        }
        if terms.qty < instrument.qty_min {
            return Err(Refused::QtyMin);
        }
        let price = if is_market { expected } else { price };
        if price > 0 && !self.is_large_enough(price, terms.qty.0) {
            return Err(Refused::NotionalMin);
        }
        Ok(())
    }

    /// Is price times quantity at least the minimum?
    fn is_large_enough(&self, price: i64, qty: i64) -> bool {
        let instrument = &self.instrument;
        let value = i128::from(instrument.contract_value);
        let unit = 10_i128.pow(u32::from(instrument.qty_decimals));
        let least = i128::from(instrument.notional_min) * unit;
        let notional = if instrument.kind == InstrumentKind::Inverse {
            let price_unit = 10_i128.pow(u32::from(instrument.price_decimals));
            i128::from(qty).checked_mul(value).and_then(|n| n.checked_mul(price_unit))
        } else {
            (i128::from(price) * i128::from(qty)).checked_mul(value)
        };
        // What does not fit is more than any minimum.
        notional.is_none_or(|notional| notional >= least)
    }

    /// What an order of this side holds back for so much at this price, the highest fee included;
    /// futures hold back nothing, for margin is not modelled. `None` where it does not fit.
    pub(super) fn hold(&self, side: Side, price: i64, qty: i64) -> Option<Hold> {
        let worth = self.worth?;
        let Some(delivers) = worth.delivers else { return Some(Hold::default()) };
        if side == Side::Sell {
            return Some(Hold { asset: delivers, amount: worth.delivered(qty) });
        }
        let amount = self.amount(side, price, qty)?;
        let fee = match self.charges {
            Charges::Quote => charge(i128::from(amount), self.fees.worst()),
            Charges::Received => 0,
        };
        Some(Hold { asset: worth.settles, amount: i128::from(amount) + fee })
    }

    /// A fill, with what it comes to; `None` where it does not fit.
    pub(super) fn fill(
        &self,
        side: Side,
        price: i64,
        qty: i64,
        liquidity: Liquidity,
    ) -> Option<Fill> {
        let worth = self.worth?;
        let amount = self.amount(side, price, qty)?;
        let ppm = match liquidity {
            Liquidity::Maker => self.fees.maker_ppm,
            Liquidity::Taker => self.fees.taker_ppm,
        };
        let (fee_asset, base) = match worth.delivers {
            Some(delivers) if side == Side::Buy && self.charges == Charges::Received => {
                (delivers, worth.delivered(qty))
            }
            _ => (worth.settles, i128::from(amount)),
        };
        let fee = i64::try_from(charge(base, ppm)).ok()?;
        let (price, qty) = (Price(price), Qty(qty));
        Some(Fill { price, qty, amount, fee, fee_asset, liquidity })
    }

    /// Rounded up where it is paid and down where it comes in.
    fn amount(&self, side: Side, price: i64, qty: i64) -> Option<i64> {
        let worth = self.worth?;
        let toward = if worth.paid(side == Side::Buy, 1) > 0 { Toward::Up } else { Toward::Down };
        i64::try_from(worth.of(price.checked_mul(2)?, qty, toward)?).ok()
    }
}

/// A part of an amount not below zero, rounded up; a rebate, below zero, is rounded down.
fn charge(amount: i128, ppm: i64) -> i128 {
    -(-(amount * i128::from(ppm))).div_euclid(PPM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_rounded_up_and_rebates_down() {
        assert_eq!(charge(1_000_001, 2_500), 2_501);
        assert_eq!(charge(1_000_000, 2_500), 2_500);
        assert_eq!(charge(1_000_001, -2_500), -2_500);
        assert_eq!(charge(999_999, -2_500), -2_499);
        assert_eq!(charge(0, 4_000), 0);
    }
}
