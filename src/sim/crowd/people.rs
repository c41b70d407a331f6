//! People: those of one market. They come at times of a Poisson process; each order has a life, and
//! is cancelled at its end.
//!
//! In: the hidden value of what is traded. Out: requests to the market's engine, one a call.
//! Never: a look at who owns what rests.
//!
//! Whoever comes looks first whether prices are where the value is: once they are off by more than
//! people there care for, what rests beyond it is drawn back by who has placed it, or taken, until
//! none does. Then whether there is room between the two sides: it is filled at the value. Then
//! whether somebody's order was left behind by the best price: he draws it back, to come again. As
//! long as there is such work to do, people come faster. Otherwise they do what people do: join the
//! best price, place behind it, or take.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::habit::{BASIS, HABITS, Habit};
use super::tide::Tide;
use crate::base::{Nanos, Side};
use crate::event::Style;
use crate::sim::engine::{Engine, Owner, Wish};
use crate::sim::listing::{House, Listing};
use crate::sim::random::Random;
use crate::sim::value::{Pair, moved};

/// Ticks of 10^-`decimals` are so many units of value.
const VALUE_DECIMALS: u32 = 9;

/// Of those who find the other side beyond the value, so many in a thousand own it and draw it
/// back; the others take all that there is at its price.
const DRAWN_BACK: i64 = 800;

/// Of those who place near the best price, so many in a thousand place next to it, and so much less
/// than others: recorded books have next to nothing there.
const DUST: i64 = 150;
const DUST_PART: i64 = 40;

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::sim) struct People {
    listing: &'static Listing,
    habit: &'static Habit,
    /// How late they learn of a value, and how far their prices are off, parts in 10^9.
    lag_ns: i64,
    basis: i64,
    random: Random,
    /// When somebody comes next.
    arrives: Nanos,
    /// When orders end, and which.
    leaving: BinaryHeap<Reverse<(Nanos, u64)>>,
    /// Orders that were placed at the best price and should stay there, the oldest first, by side.
    quotes: [VecDeque<u64>; 2],
    /// Who takes, while prices come back to the value.
    correcting: Option<Side>,
}

/// How long an order lives: by where it is placed.
#[derive(Clone, Copy, Debug)]
enum Life {
    Touch = 0,
    Near = 1,
    Deep = 2,
}

impl People {
    /// The people of the market `n` of the venue `v`, who have placed what they would have placed
    /// for long.
    pub(in crate::sim) fn new(
        house: &'static House,
        (v, n): (usize, usize),
        random: Random,
        (engine, tide, begin): (&mut Engine, &Tide, Nanos),
    ) -> People {
        let listing = &house.markets[n];
        let mut people = People {
            listing,
            habit: &HABITS[v][n],
            lag_ns: house.lag_ms * Nanos::MILLI,
            basis: if listing.pair == Pair::EthBtc { 0 } else { BASIS[v] },
            random,
            arrives: begin,
            leaving: BinaryHeap::new(),
            quotes: [VecDeque::new(), VecDeque::new()],
            correcting: None,
        };
        people.settle(engine, tide);
        people.wait(1);
        people
    }

    /// When something is next to happen.
    pub(in crate::sim) fn next_at(&self) -> Nanos {
        self.leaving.peek().map_or(self.arrives, |Reverse((at, _))| self.arrives.min(*at))
    }

    /// What is to happen at [`People::next_at`] happens: a step of the engine.
    pub(in crate::sim) fn act(&mut self, engine: &mut Engine, tide: &Tide) {
        if let Some(Reverse((at, order))) = self.leaving.peek().copied()
            && at <= self.arrives
        {
            self.leaving.pop();
            engine.cancel(Owner::CROWD, order);
        } else {
            let is_urgent = self.decide(engine, self.value_ticks(tide));
            self.wait(if is_urgent { self.habit.haste } else { 1 });
        }
    }

    /// Forgets orders that are over before their time.
    pub(in crate::sim) fn tidy(&mut self, engine: &Engine) {
        while let Some(Reverse((_, order))) = self.leaving.peek()
            && engine.ticket(*order).is_none()
        {
            self.leaving.pop();
        }
    }

    fn wait(&mut self, haste: i64) {
        // Microseconds, as the venues' engines count.
        let micros = 1 + self.random.exponential(1_000_000 / (self.habit.rate * haste));
        self.arrives = Nanos(self.arrives.0 + micros * 1_000);
    }

    /// What the people here think that it is worth now, ticks.
    fn value_ticks(&self, tide: &Tide) -> i64 {
        let value = tide.value(self.listing.pair, Nanos(self.arrives.0 - self.lag_ns));
        let unit = 10_i64.pow(VALUE_DECIMALS - u32::from(self.listing.shape.price));
        moved(value, self.basis) / unit
    }

    /// Places as many orders of each life as there are on average.
    fn settle(&mut self, engine: &mut Engine, tide: &Tide) {
        let value = self.value_ticks(tide);
        let Habit { rate, take, touch, near, lives_ms, .. } = *self.habit;
        let deep = 1_000 - take - touch - near;
        for (life, share) in [(Life::Touch, touch), (Life::Near, near), (Life::Deep, deep)] {
            let orders = rate * share * lives_ms[life as usize] / 1_000_000;
            for n in 0..orders {
                let side = if n % 2 == 0 { Side::Buy } else { Side::Sell };
                let best = if side == Side::Buy { value } else { value + 1 };
                let away = self.away(life);
                self.place(engine, side, behind(side, best, away), life);
            }
        }
    }

    /// Somebody does something. Is there more to be put right?
    fn decide(&mut self, engine: &mut Engine, value: i64) -> bool {
        let best = |side| engine.level(side, 0).map(|level| level.price);
        // What an empty side would have to be worse than.
        let bid = best(Side::Buy).unwrap_or(0);
        let ask = best(Side::Sell).unwrap_or(2 * value);
        if let Some(taker) = self.wrong(value, bid, ask) {
            self.correct(engine, taker, value);
        } else if ask - bid > 1 {
            self.narrow(engine, value, bid, ask);
        } else if !self.chase(engine, bid, ask) {
            self.carry_on(engine, bid, ask);
            return false;
        }
        true
    }

    /// Who takes what rests beyond the value, where something does that should not.
    fn wrong(&mut self, value: i64, bid: i64, ask: i64) -> Option<Side> {
        let slack = self.habit.slack_ticks;
        self.correcting = match self.correcting {
            Some(Side::Buy) if ask <= value => Some(Side::Buy),
            Some(Side::Sell) if bid > value => Some(Side::Sell),
            _ if ask <= value - slack => Some(Side::Buy),
            _ if bid > value + slack => Some(Side::Sell),
            _ => None,
        };
        self.correcting
    }

    /// The value has passed what rests on the taker's other side: it is drawn back, or taken.
    fn correct(&mut self, engine: &mut Engine, taker: Side, value: i64) {
        let maker = taker.opposite();
        let front = engine.front(maker).filter(|front| front.owner == Owner::CROWD);
        match front.map(|front| front.order) {
            Some(order) if self.random.chance(DRAWN_BACK) => engine.cancel(Owner::CROWD, order),
            _ => {
                let lots = engine.level(maker, 0).map_or(1, |level| level.qty);
                let wish = Wish::new(taker, Style::ImmediateOrCancel, value, lots);
                engine.place(Owner::CROWD, &wish);
            }
        }
    }

    /// A better price into the room between the sides: at the value, or next to it.
    fn narrow(&mut self, engine: &mut Engine, value: i64, bid: i64, ask: i64) {
        let (higher, lower) = (value.min(ask - 1), (value + 1).max(bid + 1));
        let is_bid = match (higher > bid, lower < ask) {
            (true, true) => self.random.chance(500),
            (is_bid, _) => is_bid,
        };
        let (side, price) = if is_bid { (Side::Buy, higher) } else { (Side::Sell, lower) };
        self.place(engine, side, price, Life::Touch);
    }

    /// An order that was left behind by the best price is drawn back. False where there is none.
    fn chase(&mut self, engine: &mut Engine, bid: i64, ask: i64) -> bool {
        for side in [Side::Buy, Side::Sell] {
            let quotes = &mut self.quotes[side as usize];
            while let Some(order) = quotes.front().copied() {
                let Some(ticket) = engine.ticket(order) else {
                    quotes.pop_front();
                    continue;
                };
                let behind =
                    if side == Side::Buy { bid - ticket.price } else { ticket.price - ask };
                if behind <= self.habit.slack_ticks / 4 {
                    break;
                }
                quotes.pop_front();
                engine.cancel(Owner::CROWD, order);
                return true;
            }
        }
        false
    }

    /// Nothing special: what people do all day.
    fn carry_on(&mut self, engine: &mut Engine, bid: i64, ask: i64) {
        let side = if self.random.chance(500) { Side::Buy } else { Side::Sell };
        let (mine, other) = if side == Side::Buy { (bid, ask) } else { (ask, bid) };
        let what = self.random.below(1_000);
        let Habit { take, touch, near, .. } = *self.habit;
        if what < take {
            let lots = self.size(self.habit.take_lots);
            engine.place(Owner::CROWD, &Wish::new(side, Style::ImmediateOrCancel, other, lots));
            return;
        }
        let life = match what - take {
            what if what < touch => Life::Touch,
            what if what < touch + near => Life::Near,
            _ => Life::Deep,
        };
        if matches!(life, Life::Near) && self.random.chance(DUST) {
            let lots = self.size(self.habit.sizes_lots[life as usize] / DUST_PART);
            self.place_sized(engine, side, behind(side, mine, 1), life, lots);
            return;
        }
        let price = behind(side, mine, self.away(life));
        self.place(engine, side, price, life);
    }

    /// An order that lives as long as such orders do.
    fn place(&mut self, engine: &mut Engine, side: Side, price: i64, life: Life) {
        let lots = self.size(self.habit.sizes_lots[life as usize]);
        self.place_sized(engine, side, price, life, lots);
    }

    fn place_sized(&mut self, engine: &mut Engine, side: Side, price: i64, life: Life, lots: i64) {
        let order = engine.place(Owner::CROWD, &Wish::new(side, Style::PostOnly, price, lots));
        let lives_us = self.random.exponential(self.habit.lives_ms[life as usize] * 1_000);
        let ends = Nanos(self.arrives.0 + (1 + lives_us) * 1_000);
        if engine.ticket(order).is_some() {
            self.leaving.push(Reverse((ends, order)));
            if matches!(life, Life::Touch) {
                self.quotes[side as usize].push_back(order);
            }
        }
    }

    /// How far behind the best price, ticks: more often near than far.
    fn away(&mut self, life: Life) -> i64 {
        let reach = match life {
            Life::Touch => return 0,
            Life::Near => self.habit.reach_ticks[0],
            Life::Deep => self.habit.reach_ticks[1],
        };
        1 + self.random.below(reach).min(self.random.below(reach))
    }

    /// A size with this average, lots: many small ones and a few large.
    fn size(&mut self, mean_lots: i64) -> i64 {
        let mean = self.random.exponential(mean_lots);
        let raw = 1 + self.random.exponential(mean);
        let grain = self.habit.grain_lots;
        // Some come from programs that divide money by prices; people like round numbers.
        let grain = if self.random.chance(150) { 1 } else { grain };
        (raw / grain).max(1) * grain
    }
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
    use crate::base::Symbol;
    use crate::sim::world::{Settings, World};

    /// A world after some seconds, and what its people think that each market is worth.
    fn worth(seconds: i64, mut see: impl FnMut(&Engine, i64, &'static Listing)) {
        let mut world = World::new(5, &Settings::default());
        let end = world.now().0 + seconds * Nanos::SECOND;
        while world.next_at().0 < end {
            let market = world.step().unwrap().market;
            let (engine, people, tide) = world.inside(market);
            see(engine, people.value_ticks(tide), people.listing);
        }
    }

    #[test]
    fn books_are_never_crossed_and_keep_their_size() {
        worth(60, |engine, _, listing| {
            let [bid, ask] = [Side::Buy, Side::Sell].map(|side| engine.level(side, 0).unwrap());
            assert!(bid.price < ask.price, "{}: {bid:?} {ask:?}", listing.symbol);
            assert!((50..20_000).contains(&engine.orders()), "{} orders", engine.orders());
        });
    }

    #[test]
    fn prices_follow_the_value() {
        let (mut far, mut steps) = (0, 0);
        worth(60, |engine, value, listing| {
            let [bid, ask] = [Side::Buy, Side::Sell].map(|side| engine.level(side, 0).unwrap());
            // More than two parts in ten thousand, and more than the two ticks next to it.
            let off = (value - i64::midpoint(bid.price, ask.price)).abs();
            let allowed = if listing.pair == Pair::EthBtc { 2 } else { value / 5_000 };
            far += u32::from(off > allowed);
            steps += 1;
        });
        assert!(far * 50 < steps, "{far} of {steps} steps far from the value");
    }

    #[test]
    fn whoever_sweeps_a_side_finds_it_filled_again() {
        let mut world = World::new(6, &Settings::default());
        let market = world.find("coinbase", &Symbol::new(b"BTC-USD").unwrap()).unwrap();
        let before = world.market(market).unwrap().level(Side::Sell, 0).unwrap().price;
        let rules = *world.market(market).unwrap().rules();
        let all = Wish::new(Side::Buy, Style::Limit, rules.price_max, rules.qty_max);
        world.place(market, Owner(1), &all).unwrap();
        assert_eq!(world.market(market).unwrap().len(Side::Sell), 0);
        let end = world.now().0 + 30 * Nanos::SECOND;
        while world.next_at().0 < end {
            world.step();
        }
        let engine = world.market(market).unwrap();
        let after = engine.level(Side::Sell, 0).unwrap().price;
        assert!((after - before).abs() < before / 500, "{before} and then {after}");
        assert!(engine.len(Side::Sell) > 50, "{} levels", engine.len(Side::Sell));
    }
}
