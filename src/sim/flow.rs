//! Flow: the people of a market. They place, cancel and take, at times of a Poisson process.
//!
//! In: the hidden value of what is traded. Out: one step of a [`Market`] after the other.
//! Never: a crossed book, an empty side.

use super::listing::{House, Listing};
use super::market::Market;
use super::random::Random;
use super::value::{Pair, Path, moved};
use crate::base::{Nanos, Side};

/// Ticks of 10^-`decimals` are so many units of value.
const VALUE_DECIMALS: u32 = 9;

/// Levels that one taker reaches at most.
const SWEEP_LEVELS: usize = 3;

/// One market and its people.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) listing: &'static Listing,
    pub(super) market: Market,
    /// When the next step is due, since the start.
    pub(super) next_ns: i64,
    house: &'static House,
    random: Random,
}

impl Flow {
    /// A market in full bloom.
    pub(super) fn new(house: &'static House, n: usize, path: &Path, mut random: Random) -> Flow {
        let market = Market::new(1_000_000 + random.below(9_000_000) as u64);
        let listing = &house.markets[n];
        let mut flow = Flow { listing, market, next_ns: 0, house, random };
        flow.plant(flow.value_ticks(path));
        flow.wait();
        flow
    }

    /// The next step.
    pub(super) fn step(&mut self, path: &Path) {
        self.market.begin_step();
        let value = self.value_ticks(path);
        self.wait();
        let (bid, ask) = self.best();
        let slack = self.listing.gap_ticks;
        if ask <= value - slack {
            self.correct(Side::Buy, value);
        } else if bid >= value + slack {
            self.correct(Side::Sell, value);
        } else if !(ask - bid > 1 && self.random.chance(600) && self.narrow(value)) {
            self.carry_on();
        }
    }

    /// Best bid and ask, ticks.
    fn best(&self) -> (i64, i64) {
        let price = |side| self.market.level(side, 0).map_or(0, |level| level.price);
        (price(Side::Buy), price(Side::Sell))
    }

    /// What the people here think that it is worth now, ticks.
    fn value_ticks(&self, path: &Path) -> i64 {
        let at_ms = self.next_ns / Nanos::MILLI - self.house.lag_ms;
        let value = path.value(self.listing.pair, at_ms);
        let basis = if self.listing.pair == Pair::EthBtc { 0 } else { self.house.basis };
        let unit = 10_i64.pow(VALUE_DECIMALS - u32::from(self.listing.shape.price));
        moved(value, basis) / unit
    }

    fn wait(&mut self) {
        // Microseconds, as the venues' engines count.
        self.next_ns += (1 + self.random.exponential(1_000_000 / self.listing.rate)) * 1_000;
    }

    /// The first orders, around a value.
    fn plant(&mut self, value: i64) {
        for side in [Side::Buy, Side::Sell] {
            let mut price = if side == Side::Buy { value } else { value + 1 };
            for place in 0..self.listing.levels as i64 {
                let qty = self.size() + self.size() * place / 40;
                self.market.set(side, price, qty);
                // Levels are denser near the best.
                let gap = self.listing.gap_ticks * (10 + place) / 20;
                price = behind(side, price, 1 + self.random.exponential(gap));
            }
        }
        self.market.begin_step();
    }

    /// The value has passed the best level of the taker's other side: it is taken, or drawn back.
    fn correct(&mut self, taker: Side, value: i64) {
        let maker = taker.opposite();
        if self.market.len(maker) <= self.listing.levels / 4 {
            return self.add(maker, 4);
        }
        if self.random.chance(350) {
            if let Some(best) = self.market.level(maker, 0) {
                self.market.set(maker, best.price, 0);
            }
        } else {
            self.market.take(taker, value, i64::MAX, SWEEP_LEVELS);
        }
    }

    /// A better price into the gap between the sides, near the value. False where there is none.
    fn narrow(&mut self, value: i64) -> bool {
        let (bid, ask) = self.best();
        let away = self.random.exponential(self.listing.gap_ticks / 8);
        let (side, price) = if self.random.chance(500) {
            (Side::Buy, (value - away).min(ask - 1))
        } else {
            (Side::Sell, (value + 1 + away).max(bid + 1))
        };
        if price <= bid || price >= ask {
            return false;
        }
        let qty = self.size();
        self.market.set(side, price, qty);
        true
    }

    /// Nothing special: what people do all day.
    fn carry_on(&mut self) {
        let side = if self.random.chance(500) { Side::Buy } else { Side::Sell };
        let habits = self.listing.habits;
        let what = self.random.below(1_000);
        if what < habits.touch {
            self.touch(side);
        } else if what < habits.touch + habits.take {
            let (qty, (bid, ask)) = (self.size() / 2 + 1, self.best());
            let limit = if side == Side::Buy { ask } else { bid };
            if self.market.len(side.opposite()) > self.listing.levels / 4 {
                self.market.take(side, limit, qty, 1);
            }
        } else {
            let is_near = what < habits.touch + habits.take + habits.near;
            let range = if is_near { 6 } else { self.listing.levels as i64 };
            let (levels, target) = (self.market.len(side) as i64, self.listing.levels as i64);
            // Orders come as levels are missing, and go as there are too many.
            if self.random.chance((500 + (target - levels) * 1_000 / target).clamp(150, 850)) {
                self.add(side, range);
            } else {
                self.cancel(side, range);
            }
        }
    }

    /// The size at the best price changes.
    fn touch(&mut self, side: Side) {
        let Some(best) = self.market.level(side, 0) else { return };
        let size = self.size();
        let qty = if best.qty > size && self.random.chance(550) { best.qty - size } else { size };
        self.market.set(side, best.price, qty);
    }

    /// An order within so many levels behind the best, more often near than far.
    fn add(&mut self, side: Side, range: i64) {
        let Some(best) = self.market.level(side, 0) else { return };
        let ticks = range * self.listing.gap_ticks;
        let far = self.random.below(ticks).min(self.random.below(ticks));
        let price = behind(side, best.price, 1 + far);
        let qty = self.market.qty(side, price) + self.size();
        self.market.set(side, price, qty);
    }

    /// An order within so many levels behind the best goes, or a part of it.
    fn cancel(&mut self, side: Side, range: i64) {
        let place = 1 + self.random.below(range.min(self.market.len(side) as i64 - 1));
        let Some(level) = self.market.level(side, place as usize) else { return };
        let is_part = level.qty > 2 * self.listing.grain_lots && self.random.chance(300);
        let qty = if is_part { rounded(level.qty / 2, self.listing.grain_lots) } else { 0 };
        self.market.set(side, level.price, qty);
    }

    /// The size of an order, lots.
    fn size(&mut self) -> i64 {
        let raw = 1 + self.random.exponential(self.listing.size_lots);
        // Some come from programs that divide money by prices; people like round numbers.
        if self.random.chance(150) {
            return raw;
        }
        let round = if self.random.chance(500) { 10 } else { 1 };
        rounded(raw, self.listing.grain_lots * round)
    }
}

/// Down to a multiple of `grain`, and at least one.
fn rounded(qty: i64, grain: i64) -> i64 {
    (qty / grain).max(1) * grain
}

/// A price so many ticks worse.
fn behind(side: Side, price: i64, ticks: i64) -> i64 {
    match side {
        Side::Buy => price - ticks,
        Side::Sell => price + ticks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::listing::{BINANCE, COINBASE, KRAKEN};

    #[test]
    fn books_are_never_crossed_and_keep_their_size() {
        let path = Path::new(&mut Random::new(1, 0), 20_000);
        for house in [&KRAKEN, &BINANCE, &COINBASE] {
            for n in 0..house.markets.len() {
                let mut flow = Flow::new(house, n, &path, Random::new(1, 1 + n as u64));
                let target = flow.listing.levels;
                while flow.next_ns < 20 * Nanos::SECOND {
                    flow.step(&path);
                    let (bid, ask) = flow.best();
                    assert!(bid > 0 && bid < ask, "{}: {bid} {ask}", flow.listing.symbol);
                    for side in [Side::Buy, Side::Sell] {
                        let levels = flow.market.len(side);
                        assert!(levels >= target / 4 && levels <= 2 * target, "{levels} levels");
                    }
                }
            }
        }
    }

    #[test]
    fn prices_follow_the_value() {
        let path = Path::new(&mut Random::new(3, 0), 20_000);
        let mut flow = Flow::new(&BINANCE, 0, &path, Random::new(3, 1));
        let (mut far, mut steps) = (0, 0);
        while flow.next_ns < 20 * Nanos::SECOND {
            flow.step(&path);
            let (bid, ask) = flow.best();
            // More than four dollars off.
            far += u32::from((flow.value_ticks(&path) - i64::midpoint(bid, ask)).abs() > 400);
            steps += 1;
        }
        assert!(far * 50 < steps, "{far} of {steps} steps far from the value");
    }
}
