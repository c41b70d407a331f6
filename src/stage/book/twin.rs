//! Both forms beside a naive twin: two trees, cut where a ladder is cut.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::contract::{Best, Sides};
use super::form::Form;
use crate::base::{self, Side};
use crate::event::Level;
use crate::limits::DEPTH_LEVELS;

#[derive(Default)]
struct Twin {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    depth: Option<usize>,
}

impl Twin {
    fn apply(&mut self, side: Side, levels: &[Level]) {
        let tree = if side == Side::Buy { &mut self.bids } else { &mut self.asks };
        for level in levels {
            tree.insert(level.price, level.qty);
            if level.qty == 0 {
                tree.remove(&level.price);
            }
        }
    }

    fn settle(&mut self) {
        let Some(depth) = self.depth else { return };
        while self.bids.len() > depth {
            self.bids.pop_first();
        }
        while self.asks.len() > depth {
            self.asks.pop_last();
        }
    }

    fn all(&self, side: Side) -> Vec<Level> {
        let level = |(price, qty): (&i64, &i64)| Level { price: *price, qty: *qty };
        match side {
            Side::Buy => self.bids.iter().rev().map(level).collect(),
            Side::Sell => self.asks.iter().map(level).collect(),
        }
    }

    fn checksum(&self) -> u32 {
        let (asks, bids) = (self.all(Side::Sell), self.all(Side::Buy));
        let best = asks.iter().take(DEPTH_LEVELS).chain(bids.iter().take(DEPTH_LEVELS));
        let numbers = best.flat_map(|level| [level.price.unsigned_abs(), level.qty as u64]);
        crc32fast::hash(numbers.map(|number| number.to_string()).collect::<String>().as_bytes())
    }
}

#[derive(Clone, Debug)]
enum Step {
    Change(Vec<Level>, Vec<Level>),
    Picture(Vec<Vec<Level>>, Vec<Level>),
    Recentre,
    Move(i64),
}

const MIDDLE: i64 = 6_183_760;

fn level() -> impl Strategy<Value = Level> {
    let distance = prop_oneof![
        4 => 0_i64..12,
        4 => 0_i64..400,
        2 => 0_i64..20_000,
        1 => 0_i64..3_000_000,
    ];
    // Distances in half ticks of 10: every second price is off the grid.
    (distance, prop_oneof![1 => Just(0_i64), 2 => 1_i64..2_000_000_000], 0_u8..40).prop_map(
        |(distance, qty, odd)| Level { price: distance * 10 + i64::from(odd == 0) * 5, qty },
    )
}

fn levels(most: usize) -> impl Strategy<Value = Vec<Level>> {
    prop::collection::vec(level(), 0..most)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (levels(40), levels(40)).prop_map(|(bids, asks)| Step::Change(bids, asks)),
        1 => (prop::collection::vec(levels(120), 1..4), levels(200))
            .prop_map(|(bids, asks)| Step::Picture(bids, asks)),
        2 => Just(Step::Recentre),
        2 => prop_oneof![-3_000_i64..3_000, -500_000_i64..500_000].prop_map(Step::Move),
    ]
}

/// Levels as distances, turned into prices of one side around the market.
fn at(side: Side, market: i64, levels: &[Level]) -> Vec<Level> {
    let sign = if side == Side::Buy { -1 } else { 1 };
    let price = |level: &Level| market + sign * (level.price + 10);
    levels.iter().map(|level| Level { price: price(level), qty: level.qty }).collect()
}

fn check(form: &mut Form, twin: &Twin, tops: &mut [Best; 2]) -> Result<(), TestCaseError> {
    for (side, last) in [Side::Buy, Side::Sell].into_iter().zip(tops) {
        let expected = twin.all(side);
        let mut all = Vec::new();
        form.visit(side, &mut |level| all.push(level));
        prop_assert_eq!(&all, &expected, "{} levels", side);
        prop_assert_eq!(form.levels(side), expected.len());
        prop_assert_eq!(form.best(side), expected.first().copied());
        let touched = form.touched(side);
        let mut top = Best::default();
        let count = form.top(side, &mut top);
        prop_assert_eq!(&top[..count], &expected[..expected.len().min(DEPTH_LEVELS)]);
        prop_assert!(touched || top == *last, "{} changed untouched", side);
        *last = top;
    }
    prop_assert_eq!(form.checksum(), twin.checksum());
    prop_assert!(!form.truncated());
    Ok(())
}

fn follow(form: base::Form, tick: i64, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let depth = match form {
        base::Form::Ladder { depth } => Some(depth as usize),
        base::Form::Window { .. } => None,
    };
    let mut form = Form::new(form, tick);
    let mut twin = Twin { depth, ..Twin::default() };
    let mut tops = [Best::default(); 2];
    let mut market = MIDDLE;
    for step in steps {
        match step {
            Step::Change(bids, asks) => {
                for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
                    let levels = at(side, market, &levels);
                    form.apply(side, &levels);
                    twin.apply(side, &levels);
                }
                form.settle();
                twin.settle();
            }
            Step::Picture(parts, asks) => {
                (twin.bids, twin.asks) = Default::default();
                let asks = at(Side::Sell, market, &asks);
                for (place, bids) in parts.iter().enumerate() {
                    let bids = at(Side::Buy, market, bids);
                    let is_first = place == 0;
                    let asks = if is_first { &asks[..] } else { &[] };
                    form.load(&bids, asks, is_first);
                    twin.apply(Side::Buy, &bids);
                    twin.apply(Side::Sell, asks);
                    // Each part is cut, which differs from one cut where a later part removes.
                    twin.settle();
                }
                form.settle();
            }
            Step::Recentre => form.recentre(),
            Step::Move(by) => market += by * 10,
        }
        check(&mut form, &twin, &mut tops)?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_ladder_is_two_trees_cut_to_its_depth(
        depth in prop_oneof![Just(1_u32), Just(10), Just(25), Just(1_000)],
        steps in prop::collection::vec(step(), 1..40),
    ) {
        follow(base::Form::Ladder { depth }, 1, steps)?;
    }

    #[test]
    fn a_window_is_two_trees_wherever_it_lies(
        ticks in prop_oneof![Just(1_u32 << 12), Just(1 << 14), Just(1 << 17)],
        tick in prop_oneof![Just(1_i64), Just(10), Just(30)],
        steps in prop::collection::vec(step(), 1..40),
    ) {
        follow(base::Form::Window { ticks }, tick, steps)?;
    }
}
