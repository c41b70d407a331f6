//! One strategy at one instrument: what it holds, its two orders, and the instrument's units.

use super::holding::Holding;
use super::settings::{MONEY_DECIMALS, Means};
use super::slot::Slot;
use crate::base::{Instrument, InstrumentId, InstrumentKind, Nanos, Side};
use crate::event::Quote;

/// One strategy at one instrument.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) instrument: InstrumentId,
    /// Which of the purse's accounts it draws on: one for each quote asset.
    pub(super) fund: u16,
    pub(super) holding: Holding,
    /// By side.
    pub(super) slots: [Slot; 2],
    /// When the position last grew.
    pub(super) held_since: Nanos,
    /// No entry before.
    pub(super) cool_until: Nanos,
    /// What positions and open orders take of the budget.
    pub(super) committed: i64,
    /// What all came to at the last look.
    pub(super) gain: i64,
    units: Units,
}

/// The instrument's units.
#[derive(Clone, Copy, Debug)]
struct Units {
    price_decimals: u8,
    qty_decimals: u8,
    lot: i64,
    qty_min: i64,
    /// Of price times quantity.
    notional_min: i128,
    /// Of price times quantity.
    order: i128,
    /// From price times quantity to money: times the first, by the second.
    to_money: (i128, i128),
    /// The same for twice of it, as a float: what a loss limit is compared with.
    half_to_money: f64,
}

impl Seat {
    pub(super) fn new(instrument: &Instrument, means: &Means, fund: u16) -> Seat {
        // A contract of a linear future is worth so much of base; 1 on spot. Inverse ones are
        // refused by the configuration, and never traded here.
        let is_priced = instrument.kind != InstrumentKind::Inverse;
        let contract = i128::from(instrument.contract_value.max(1));
        let decimals = u32::from(instrument.price_decimals) + u32::from(instrument.qty_decimals);
        let money = u32::from(MONEY_DECIMALS);
        let to_money = (
            contract * 10_i128.pow(money.saturating_sub(decimals)),
            10_i128.pow(decimals.saturating_sub(money)),
        );
        let order = i128::from(means.order_notional) * to_money.1 / to_money.0;
        Seat {
            instrument: instrument.id,
            fund,
            holding: Holding::default(),
            slots: [Slot::default(); 2],
            held_since: Nanos::NONE,
            cool_until: Nanos(i64::MIN),
            committed: 0,
            gain: 0,
            units: Units {
                price_decimals: instrument.price_decimals,
                qty_decimals: instrument.qty_decimals,
                lot: instrument.lot.0.max(1),
                qty_min: instrument.qty_min.0.max(1),
                notional_min: i128::from(instrument.notional_min)
                    * 10_i128.pow(u32::from(instrument.qty_decimals))
                    / contract,
                order: if is_priced { order } else { 0 },
                to_money,
                half_to_money: to_money.0 as f64 / to_money.1 as f64 / 2.0,
            },
        }
    }

    /// Is a quote in the units that positions and orders are kept in? Decimals that were learned
    /// from a snapshot may grow with a later one.
    #[inline(always)]
    pub(super) fn knows(&self, quote: &Quote) -> bool {
        quote.price_decimals == self.units.price_decimals
            && quote.qty_decimals == self.units.qty_decimals
    }

    pub(super) fn slot(&self, side: Side) -> &Slot {
        &self.slots[side as usize]
    }

    /// The position, where it is large enough for an order that closes it; else zero.
    #[inline]
    pub(super) fn net(&self, price: i64) -> i64 {
        let net = self.holding.net;
        if net == 0 || self.allowed(net.saturating_abs(), price) == 0 { 0 } else { net }
    }

    /// The quantity of one entry.
    pub(super) fn entry_qty(&self, price: i64) -> i64 {
        if price <= 0 {
            return 0;
        }
        let qty = self.units.order / i128::from(price);
        self.allowed(i64::try_from(qty).unwrap_or(i64::MAX), price)
    }

    /// The most that may be ordered at once of `qty`: whole lots, and none below the minima.
    pub(super) fn allowed(&self, qty: i64, price: i64) -> i64 {
        let qty = qty - qty % self.units.lot;
        let notional = i128::from(price) * i128::from(qty);
        let is_large = qty >= self.units.qty_min && notional >= self.units.notional_min;
        if is_large { qty } else { 0 }
    }

    /// Price times quantity as money, rounded up.
    pub(super) fn money(&self, notional: i128) -> i64 {
        let (times, by) = self.units.to_money;
        let money = (notional.saturating_mul(times) + by - 1) / by;
        i64::try_from(money).unwrap_or(i64::MAX)
    }

    /// What positions and open orders take of the budget now.
    pub(super) fn commitment(&self) -> i64 {
        let [buy, sell] = &self.slots;
        self.money(self.holding.cost.saturating_add(buy.adding()).saturating_add(sell.adding()))
    }

    /// What all came to, with the position at half of `bid_and_ask`.
    #[inline(always)]
    pub(super) fn gain_at(&self, bid_and_ask: i64) -> i64 {
        (self.holding.worth_twice(bid_and_ask) as f64 * self.units.half_to_money) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::strategy::scene::{btcusdt, means};

    #[test]
    fn an_entry_is_whole_lots_of_the_order_notional() {
        let seat = Seat::new(&btcusdt(), &means(1_000, 100), 0);
        // 100 USDT at 61234.56: 0.00163306, in lots of 0.00001.
        assert_eq!(seat.entry_qty(6_123_456), 163_000);
        assert_eq!(seat.entry_qty(0), 0);
    }

    #[test]
    fn below_the_venues_minima_there_is_no_order() {
        let seat = Seat::new(&btcusdt(), &means(1_000, 4), 0);
        assert_eq!(seat.entry_qty(6_123_456), 0, "4 USDT is below 5");
        let seat = Seat::new(&btcusdt(), &means(1_000, 6), 0);
        assert_eq!(seat.entry_qty(6_123_456), 9_000);
    }

    #[test]
    fn dust_is_no_position() {
        let mut seat = Seat::new(&btcusdt(), &means(1_000, 100), 0);
        seat.holding.net = -7_000;
        assert_eq!(seat.net(6_123_456), 0);
        seat.holding.net = -9_000;
        assert_eq!(seat.net(6_123_456), -9_000);
    }

    #[test]
    fn money_is_in_its_own_decimals_whatever_the_instruments() {
        let seat = Seat::new(&btcusdt(), &means(1_000, 100), 0);
        // 0.001 at 60000.00 is 60.
        assert_eq!(seat.money(6_000_000 * 100_000), 60 * 100_000_000);
        // Finer than money has decimals: rounded up, so that a budget never has room too much.
        assert_eq!((seat.money(0), seat.money(1), seat.money(100), seat.money(101)), (0, 1, 1, 2));
        let mut coarse = btcusdt();
        (coarse.price_decimals, coarse.qty_decimals) = (1, 2);
        let seat = Seat::new(&coarse, &means(1_000, 100), 0);
        assert_eq!(seat.money(600_000), 600 * 100_000_000);
        assert_eq!(seat.gain_at(0), 0);
    }
}
