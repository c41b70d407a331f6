//! A position at its average cost, and what it has realised: whole numbers, conserved to the unit.
//!
//! Units: the quantity is in units of its instrument. Money is, on spot and linear, price units
//! times quantity units (times the contract's value for money of the quote asset); on inverse it is
//! units of the base asset, as venues state what a fill came to. Risk and ledger keep instances of
//! their own: a wall, not a duplicate.

use super::instrument::InstrumentKind;
use super::number::{Price, Qty, Side};

/// A position: long above zero, short below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Signed quantity, units of the instrument.
    pub qty: i64,
    /// What it cost: of the sign of `qty`, on inverse of the other one.
    pub cost: i128,
    /// What was won by what was closed; losses below zero.
    pub realised: i128,
}

impl Position {
    /// Takes a fill. `amount` is the venue's own and counts on inverse only; elsewhere the money is
    /// price times quantity, exact. What is closed goes at the average cost; what the division
    /// leaves stays in the cost of the rest, so that `cost - realised` is at every time the sum of
    /// all that was paid less all that came in.
    #[inline]
    pub fn fill(&mut self, kind: InstrumentKind, side: Side, price: Price, qty: Qty, amount: i64) {
        let money = match kind {
            InstrumentKind::Spot | InstrumentKind::Linear => {
                i128::from(price.0) * i128::from(qty.0)
            }
            // Who is long an inverse contract owes base and is owed more of it when it falls.
            InstrumentKind::Inverse => -i128::from(amount),
        };
        match side {
            Side::Buy => self.trade(qty.0, money),
            Side::Sell => self.trade(-qty.0, -money),
        }
    }

    /// Takes a signed quantity for signed money: both above zero for a purchase (the money below,
    /// on inverse).
    #[inline]
    pub fn trade(&mut self, qty: i64, money: i128) {
        let is_closing = (qty < 0) != (self.qty < 0) && self.qty != 0 && qty != 0;
        if !is_closing {
            self.qty = self.qty.saturating_add(qty);
            self.cost += money;
            return;
        }
        if qty.unsigned_abs() < self.qty.unsigned_abs() {
            let out = share(self.cost, qty.unsigned_abs(), self.qty.unsigned_abs());
            self.cost -= out;
            self.realised -= out + money;
            self.qty += qty;
        } else {
            // All of it is closed, and what is left of the fill opens the other side.
            let closes = share(money, self.qty.unsigned_abs(), qty.unsigned_abs());
            self.realised -= self.cost + closes;
            self.cost = money - closes;
            self.qty += qty;
        }
    }

    /// What it would win if it were closed for `worth`: its quantity at a price, in the same units
    /// as the cost.
    #[inline]
    pub const fn unrealised(&self, worth: i128) -> i128 {
        worth - self.cost
    }

    /// Its quantity at a price, for [`Position::unrealised`]: on spot and linear.
    #[inline]
    pub fn worth(&self, price: Price) -> i128 {
        i128::from(self.qty) * i128::from(price.0)
    }

    /// The same on inverse: `contract_value * qty / price` in units of the base asset, of which one
    /// is 10^-`base_decimals`. `None` at a price that is not above zero, or where it does not fit.
    pub fn worth_inverse(
        &self,
        price: Price,
        contract_value: i64,
        decimals: InverseDecimals,
    ) -> Option<i128> {
        let InverseDecimals { price: of_price, qty, base } = decimals;
        if price.0 <= 0 {
            return None;
        }
        let quote = i128::from(self.qty) * i128::from(contract_value);
        let tens = i32::from(of_price) + i32::from(base) - i32::from(qty);
        let power = 10_i128.checked_pow(tens.unsigned_abs())?;
        let worth = if tens >= 0 {
            quote.checked_mul(power)? / i128::from(price.0)
        } else {
            quote / i128::from(price.0).checked_mul(power)?
        };
        Some(-worth)
    }
}

/// Decimals that an inverse position's worth depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InverseDecimals {
    /// Of prices.
    pub price: u8,
    /// Of quantities.
    pub qty: u8,
    /// Of the base asset.
    pub base: u8,
}

/// `money * part / whole`, rounded toward zero, without leaving 128 bits: `part <= whole`.
#[inline]
fn share(money: i128, part: u64, whole: u64) -> i128 {
    // Divided first, the remainder has 64 bits and its product 128.
    let (part, whole) = (i128::from(part), i128::from(whole));
    money / whole * part + money % whole * part / whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(fills: &[(Side, i64, i64)]) -> Position {
        let mut position = Position::default();
        for (side, price, qty) in fills {
            position.fill(InstrumentKind::Spot, *side, Price(*price), Qty(*qty), 0);
        }
        position
    }

    #[test]
    fn a_round_trip_realises_the_difference() {
        let position = after(&[(Side::Buy, 100, 3), (Side::Sell, 110, 3)]);
        assert_eq!(position, Position { qty: 0, cost: 0, realised: 30 });
    }

    #[test]
    fn what_is_closed_goes_at_the_average_cost() {
        let position = after(&[(Side::Buy, 100, 1), (Side::Buy, 200, 1), (Side::Sell, 190, 1)]);
        assert_eq!(position, Position { qty: 1, cost: 150, realised: 40 });
        assert_eq!(position.unrealised(position.worth(Price(140))), -10);
    }

    #[test]
    fn a_short_wins_when_the_price_falls() {
        let position = after(&[(Side::Sell, 100, 2), (Side::Buy, 90, 1)]);
        assert_eq!(position, Position { qty: -1, cost: -100, realised: 10 });
        assert_eq!(position.unrealised(position.worth(Price(80))), 20);
    }

    #[test]
    fn a_fill_through_zero_opens_the_other_side_at_its_own_price() {
        let position = after(&[(Side::Buy, 100, 2), (Side::Sell, 110, 5)]);
        assert_eq!(position, Position { qty: -3, cost: -330, realised: 20 });
    }

    #[test]
    fn an_inverse_position_wins_in_base() {
        // 1000 contracts of 100 USD, from 50000 to 40000 and back: -0.5 BTC, and a short +0.5.
        let mut long = Position::default();
        long.fill(InstrumentKind::Inverse, Side::Buy, Price(50_000), Qty(1_000), 200_000_000);
        long.fill(InstrumentKind::Inverse, Side::Sell, Price(40_000), Qty(1_000), 250_000_000);
        assert_eq!(long, Position { qty: 0, cost: 0, realised: -50_000_000 });
        let mut short = Position::default();
        short.fill(InstrumentKind::Inverse, Side::Sell, Price(50_000), Qty(1_000), 200_000_000);
        let decimals = InverseDecimals { price: 0, qty: 0, base: 8 };
        let worth = short.worth_inverse(Price(40_000), 100, decimals).unwrap();
        assert_eq!(short.unrealised(worth), 50_000_000);
        assert_eq!(short.worth_inverse(Price(0), 100, decimals), None);
    }

    #[test]
    fn a_share_of_the_largest_money_does_not_overflow() {
        let money = i128::from(i64::MAX) * i128::from(i64::MAX);
        assert_eq!(share(money, u64::MAX, u64::MAX), money);
        assert!(share(money, u64::MAX - 1, u64::MAX) < money);
    }

    proptest! {
        /// Whatever is traded: cost less what was realised is what was paid, and a flat position
        /// cost nothing.
        #[test]
        fn money_is_conserved(
            fills in prop::collection::vec((any::<bool>(), 1_i64..1 << 40, 1_i64..1 << 40), 1..50),
        ) {
            let mut position = Position::default();
            let (mut qty, mut paid) = (0, 0_i128);
            for (is_buy, price, filled) in fills {
                let (side, sign) = if is_buy { (Side::Buy, 1) } else { (Side::Sell, -1) };
                position.fill(InstrumentKind::Spot, side, Price(price), Qty(filled), 0);
                qty += sign * filled;
                paid += i128::from(sign) * i128::from(price) * i128::from(filled);
                prop_assert_eq!(position.qty, qty);
                prop_assert_eq!(position.cost - position.realised, paid);
                prop_assert!(position.qty != 0 || position.cost == 0);
                prop_assert!(position.cost == 0 || (position.cost > 0) == (position.qty > 0));
            }
        }
    }
}
