//! What a quantity comes to at a price, in whole units of the asset that its instrument settles in.
//!
//! - Spot and linear: price times quantity times the contract's value, of quote.
//! - Inverse: quantity times the contract's value, by the price, of base.
//!
//! One division at the end, rounded as the caller says; prices come doubled, so that the middle of
//! a bid and an ask is exact.
//!
//! Never: a float, an overflow that goes unseen.

use crate::base::{AssetId, Instrument, InstrumentKind};

/// To which side a number between two units goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// To the larger unit.
    Up,
    /// To the smaller unit.
    Down,
}

/// Turns quantities of one instrument into money.
#[derive(Clone, Copy, Debug)]
pub struct Worth {
    /// What it is bought and sold for: quote, or base for inverse contracts.
    pub settles: AssetId,
    /// What is delivered; `None` where nothing is, for futures.
    pub delivers: Option<AssetId>,
    is_inverse: bool,
    /// `price * qty * times / by`, or `qty * times / (price * by)` for inverse contracts.
    times: i128,
    by: i128,
    /// One unit of quantity is `delivers_times / delivers_by` units of what is delivered.
    delivers_times: i128,
    delivers_by: i128,
}

impl Worth {
    /// For an instrument, with decimals of all assets by [`AssetId`]; `None` where its assets or
    /// their decimals are not known.
    pub fn new(instrument: &Instrument, decimals: &[u8]) -> Option<Worth> {
        let (base, quote) = (instrument.base?, instrument.quote?);
        let of = |asset: AssetId| decimals.get(asset.index()).map(|d| i32::from(*d));
        let (base_decimals, quote_decimals) = (of(base)?, of(quote)?);
        let price = i32::from(instrument.price_decimals);
        let qty = i32::from(instrument.qty_decimals);
        let is_inverse = instrument.kind == InstrumentKind::Inverse;
        let (settles, tens) = if is_inverse {
            (base, base_decimals + price - qty)
        } else {
            (quote, quote_decimals - price - qty)
        };
        let (times, by) = ratio(tens)?;
        let (delivers_times, delivers_by) = ratio(base_decimals - qty)?;
        Some(Worth {
            settles,
            delivers: (instrument.kind == InstrumentKind::Spot).then_some(base),
            is_inverse,
            times: times.checked_mul(i128::from(instrument.contract_value))?,
            by,
            delivers_times,
            delivers_by,
        })
    }

    /// What a quantity, not below zero, comes to at half of `twice`, a price above zero; `None`
    /// where it does not fit.
    pub fn of(&self, twice: i64, qty: i64, toward: Toward) -> Option<i128> {
        let (twice, qty) = (i128::from(twice), i128::from(qty));
        let (over, under) = if self.is_inverse {
            (qty.checked_mul(2)?.checked_mul(self.times)?, twice.checked_mul(self.by)?)
        } else {
            (twice.checked_mul(qty)?.checked_mul(self.times)?, self.by.checked_mul(2)?)
        };
        if under <= 0 {
            return None;
        }
        let floor = over.div_euclid(under);
        let is_whole = over.rem_euclid(under) == 0;
        Some(if toward == Toward::Up && !is_whole { floor + 1 } else { floor })
    }

    /// What a position, short below zero, would bring if it were closed at half of `twice`; rounded
    /// down. Being long an inverse contract is owing base.
    pub fn position(&self, twice: i64, qty: i64) -> Option<i128> {
        if qty == 0 {
            return Some(0);
        }
        if (qty > 0) == self.is_inverse {
            self.of(twice, qty.checked_abs()?, Toward::Up).map(|worth| -worth)
        } else {
            self.of(twice, qty.checked_abs()?, Toward::Down)
        }
    }

    /// The money that leaves with a fill of this amount: below zero where it comes in.
    pub const fn paid(&self, is_buy: bool, amount: i64) -> i128 {
        // A bought inverse contract is base owed to us: it falls as the price rises.
        if is_buy == self.is_inverse { -(amount as i128) } else { amount as i128 }
    }

    /// A quantity in units of what is delivered; rounded down where it is finer than those.
    pub const fn delivered(&self, qty: i64) -> i128 {
        (qty as i128 * self.delivers_times).div_euclid(self.delivers_by)
    }

    /// Is this quantity a whole number of units of what is delivered?
    pub const fn delivers_exactly(&self, qty: i64) -> bool {
        (qty as i128 * self.delivers_times).rem_euclid(self.delivers_by) == 0
    }
}

/// `10^tens` as a fraction.
fn ratio(tens: i32) -> Option<(i128, i128)> {
    let power = 10_i128.checked_pow(tens.unsigned_abs())?;
    Some(if tens < 0 { (1, power) } else { (power, 1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Symbol;

    fn worth(kind: InstrumentKind, contract_value: i64) -> Worth {
        let plain = Instrument::plain("venue", Symbol::new(b"A").unwrap(), 1, 8);
        let assets = (Some(AssetId(0)), Some(AssetId(1)));
        let (base, quote) = assets;
        Worth::new(&Instrument { base, quote, kind, contract_value, ..plain }, &[10, 2]).unwrap()
    }

    #[test]
    fn spot_is_price_times_quantity_rounded_as_said() {
        let worth = worth(InstrumentKind::Spot, 1);
        // 0.00012345 at 64000.1 are 7.9008... of quote with two decimals.
        assert_eq!(worth.of(2 * 640_001, 12_345, Toward::Down), Some(790));
        assert_eq!(worth.of(2 * 640_001, 12_345, Toward::Up), Some(791));
        assert_eq!(worth.of(2 * 640_000, 100_000_000, Toward::Up), Some(6_400_000), "exact");
        assert_eq!(worth.delivered(1), 100);
    }

    #[test]
    fn inverse_is_contracts_by_price() {
        let worth = worth(InstrumentKind::Inverse, 100);
        // Two contracts of 100 at 50000.0 are 0.004 of base.
        assert_eq!(worth.of(2 * 500_000, 200_000_000, Toward::Down), Some(40_000_000));
        assert_eq!(worth.position(2 * 500_000, 200_000_000), Some(-40_000_000));
        assert_eq!(worth.position(2 * 500_000, -200_000_000), Some(40_000_000));
        assert_eq!((worth.paid(true, 5), worth.paid(false, 5)), (-5, 5));
    }

    #[test]
    fn linear_counts_the_contract() {
        let worth = worth(InstrumentKind::Linear, 10);
        assert_eq!(worth.of(2 * 500_000, 100_000_000, Toward::Down), Some(50_000_000));
        assert_eq!(worth.delivers, None);
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let plain = Instrument::plain("venue", Symbol::new(b"A").unwrap(), 0, 0);
        let (base, quote) = (Some(AssetId(0)), Some(AssetId(0)));
        let worth = Worth::new(&Instrument { base, quote, ..plain }, &[18]).unwrap();
        assert_eq!(worth.of(i64::MAX, i64::MAX, Toward::Up), None);
        assert_eq!(worth.of(0, 1, Toward::Up), Some(0));
    }
}
