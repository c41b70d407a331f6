//! People: those of one market. They come at times of a Poisson process; each order has a life, and
//! is cancelled at its end.
//!
//! In: the hidden value of what is traded. Out: requests to the market's engine, one a call.
//! Never: a look at who owns what rests.
//!
//! Whoever comes looks first whether prices are where the value is: what rests beyond it is taken,
//! or drawn back by who has placed it. Then whether there is room between the two sides, and
//! otherwise does what people do: joins the best price, places behind it, or takes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::habit::Habit;
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
/// back.
const DRAWN_BACK: i64 = 500;

/// Of those who find room between the sides, so many in a thousand use it.
const NARROWING: i64 = 600;

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::sim) struct People {
    listing: &'static Listing,
    house: &'static House,
    habit: &'static Habit,
    random: Random,
    /// When somebody comes next.
    arrives: Nanos,
    /// When orders end, and which.
    leaving: BinaryHeap<Reverse<(Nanos, u64)>>,
}

/// How long an order lives: by where it is placed.
#[derive(Clone, Copy, Debug)]
enum Life {
    Touch = 0,
    Near = 1,
    Deep = 2,
}

impl People {
    /// The people of a market, who have placed what they would have placed for long.
    pub(in crate::sim) fn new(
        house: &'static House,
        n: usize,
        habit: &'static Habit,
        random: Random,
        (engine, tide, begin): (&mut Engine, &Tide, Nanos),
    ) -> People {
        let (listing, leaving) = (&house.markets[n], BinaryHeap::new());
        let mut people = People { listing, house, habit, random, arrives: begin, leaving };
        people.settle(engine, tide);
        people.wait();
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
            self.decide(engine, self.value_ticks(tide));
            self.wait();
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

    fn wait(&mut self) {
        // Microseconds, as the venues' engines count.
        let micros = 1 + self.random.exponential(1_000_000 / self.habit.rate);
        self.arrives = Nanos(self.arrives.0 + micros * 1_000);
    }

    /// What the people here think that it is worth now, ticks.
    fn value_ticks(&self, tide: &Tide) -> i64 {
        let at = Nanos(self.arrives.0 - self.house.lag_ms * Nanos::MILLI);
        let value = tide.value(self.listing.pair, at);
        let basis = if self.listing.pair == Pair::EthBtc { 0 } else { self.house.basis };
        let unit = 10_i64.pow(VALUE_DECIMALS - u32::from(self.listing.shape.price));
        moved(value, basis) / unit
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

    fn decide(&mut self, engine: &mut Engine, value: i64) {
        let best = |side| engine.level(side, 0).map(|level| level.price);
        let (bid, ask) = (best(Side::Buy), best(Side::Sell));
        let slack = self.habit.slack_ticks;
        if ask.is_some_and(|ask| ask <= value - slack) {
            self.correct(engine, Side::Buy, value);
        } else if bid.is_some_and(|bid| bid >= value + slack) {
            self.correct(engine, Side::Sell, value);
        } else if ask.unwrap_or(i64::MAX).saturating_sub(bid.unwrap_or_default()) > 1
            && self.random.chance(NARROWING)
        {
            self.narrow(engine, value, bid, ask);
        } else {
            self.carry_on(engine, value, bid, ask);
        }
    }

    /// The value has passed what rests on the taker's other side: it is drawn back, or taken.
    fn correct(&mut self, engine: &mut Engine, taker: Side, value: i64) {
        let best = engine.level(taker.opposite(), 0);
        let front = engine.front(taker.opposite()).filter(|front| front.owner == Owner::CROWD);
        match front.map(|front| front.order) {
            Some(order) if self.random.chance(DRAWN_BACK) => engine.cancel(Owner::CROWD, order),
            _ => {
                let rests = best.map_or(0, |level| level.qty);
                let lots = self.size(self.habit.size_lots).max(rests);
                let wish = Wish::new(taker, Style::ImmediateOrCancel, value, lots);
                engine.place(Owner::CROWD, &wish);
            }
        }
    }

    /// A better price into the room between the sides, near the value.
    fn narrow(&mut self, engine: &mut Engine, value: i64, bid: Option<i64>, ask: Option<i64>) {
        let away = self.random.exponential(self.habit.slack_ticks / 4);
        let (lowest, highest) = (bid.unwrap_or(0) + 1, ask.unwrap_or(i64::MAX) - 1);
        let (side, price) = if self.random.chance(500) {
            (Side::Buy, (value - away).min(highest).max(1))
        } else {
            (Side::Sell, (value + 1 + away).max(lowest))
        };
        self.place(engine, side, price, Life::Touch);
    }

    /// Nothing special: what people do all day.
    fn carry_on(&mut self, engine: &mut Engine, value: i64, bid: Option<i64>, ask: Option<i64>) {
        let side = if self.random.chance(500) { Side::Buy } else { Side::Sell };
        let what = self.random.below(1_000);
        let Habit { take, touch, near, .. } = *self.habit;
        if what < take {
            let lots = self.size(self.habit.take_lots);
            let limit = if side == Side::Buy { ask } else { bid };
            let Some(limit) = limit else { return self.place(engine, side, value, Life::Touch) };
            let wish = Wish::new(side, Style::ImmediateOrCancel, limit, lots);
            engine.place(Owner::CROWD, &wish);
            return;
        }
        let life = match what - take {
            what if what < touch => Life::Touch,
            what if what < touch + near => Life::Near,
            _ => Life::Deep,
        };
        let best = if side == Side::Buy { bid } else { ask };
        let price = behind(side, best.unwrap_or(value), self.away(life));
        self.place(engine, side, price, life);
    }

    /// An order that lives as long as such orders do.
    fn place(&mut self, engine: &mut Engine, side: Side, price: i64, life: Life) {
        let lots = self.size(self.habit.size_lots);
        let order = engine.place(Owner::CROWD, &Wish::new(side, Style::PostOnly, price, lots));
        let lives_us = self.random.exponential(self.habit.lives_ms[life as usize] * 1_000);
        let ends = Nanos(self.arrives.0 + (1 + lives_us) * 1_000);
        if engine.ticket(order).is_some() {
            self.leaving.push(Reverse((ends, order)));
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
