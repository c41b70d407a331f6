//! What one strategy holds of one instrument on one account, and what it has won with it: at
//! average cost, or lot by lot, the first bought sold first.
//!
//! Money is in units of the asset that the instrument settles in, as the venue stated it. Both ways
//! keep `cost - realised` the sum of all that was paid less all that came in, so they differ in
//! what is realised and what is not yet, never in the sum of the two.

use std::collections::VecDeque;

use crate::base::Position;
use crate::limits;

/// Which part of a position goes first when it is made smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lots {
    /// A like part of all: at average cost.
    #[default]
    Average,
    /// The oldest.
    Fifo,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) enum Holding {
    Average(Position),
    Fifo(Queue),
}

/// Lots, the oldest first, all of one sign.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    lots: VecDeque<Lot>,
    qty: i64,
    cost: i128,
    realised: i128,
}

#[derive(Clone, Copy, Debug)]
struct Lot {
    qty: i64,
    cost: i128,
}

impl Holding {
    pub(super) fn new(lots: Lots) -> Holding {
        match lots {
            Lots::Average => Holding::Average(Position::default()),
            Lots::Fifo => Holding::Fifo(Queue::default()),
        }
    }

    /// Takes a signed quantity for the money that was paid for it, below zero where it came in.
    pub(super) fn trade(&mut self, qty: i64, paid: i128) {
        match self {
            Holding::Average(position) => position.trade(qty, paid),
            Holding::Fifo(queue) => queue.trade(qty, paid),
        }
    }

    pub(super) fn qty(&self) -> i64 {
        match self {
            Holding::Average(position) => position.qty,
            Holding::Fifo(queue) => queue.qty,
        }
    }

    pub(super) fn cost(&self) -> i128 {
        match self {
            Holding::Average(position) => position.cost,
            Holding::Fifo(queue) => queue.cost,
        }
    }

    pub(super) fn realised(&self) -> i128 {
        match self {
            Holding::Average(position) => position.realised,
            Holding::Fifo(queue) => queue.realised,
        }
    }
}

impl Queue {
    fn trade(&mut self, qty: i64, paid: i128) {
        let (mut qty, mut paid) = (qty, paid);
        while qty != 0
            && let Some(oldest) = self.lots.front_mut()
            && (oldest.qty < 0) != (qty < 0)
        {
            let closes = oldest.qty.unsigned_abs().min(qty.unsigned_abs());
            // What is left by the last division goes with the rest, so nothing is lost.
            let cost = part(oldest.cost, closes, oldest.qty.unsigned_abs());
            let money = part(paid, closes, qty.unsigned_abs());
            let closes = if qty < 0 { closes as i64 } else { -(closes as i64) };
            self.realised -= cost + money;
            self.cost -= cost;
            self.qty -= closes;
            oldest.cost -= cost;
            oldest.qty -= closes;
            qty += closes;
            paid -= money;
            if oldest.qty == 0 {
                self.lots.pop_front();
            }
        }
        if qty != 0 {
            self.open(qty, paid);
        }
    }

    fn open(&mut self, qty: i64, paid: i128) {
        self.qty += qty;
        self.cost += paid;
        let is_full = self.lots.len() >= limits::LOTS_MAX;
        match self.lots.back_mut() {
            // Where there is no room the youngest lot grows: the order of the others stays.
            Some(youngest) if is_full => {
                youngest.qty += qty;
                youngest.cost += paid;
            }
            _ => self.lots.push_back(Lot { qty, cost: paid }),
        }
    }
}

/// `money * part / whole` toward zero; all of it where `part` is `whole`.
fn part(money: i128, part: u64, whole: u64) -> i128 {
    let (part, whole) = (i128::from(part), i128::from(whole));
    money / whole * part + money % whole * part / whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(lots: Lots, trades: &[(i64, i128)]) -> Holding {
        let mut holding = Holding::new(lots);
        for (qty, paid) in trades {
            holding.trade(*qty, *paid);
        }
        holding
    }

    #[test]
    fn first_in_first_out_and_average_part_ways_on_a_rise() {
        let trades = [(1, 100), (1, 200), (-1, -250)];
        let fifo = after(Lots::Fifo, &trades);
        assert_eq!((fifo.qty(), fifo.cost(), fifo.realised()), (1, 200, 150));
        let average = after(Lots::Average, &trades);
        assert_eq!((average.qty(), average.cost(), average.realised()), (1, 150, 100));
    }

    #[test]
    fn a_fill_through_zero_closes_every_lot_and_opens_the_other_side() {
        let fifo = after(Lots::Fifo, &[(2, 20), (1, 13), (-5, -60)]);
        assert_eq!((fifo.qty(), fifo.cost(), fifo.realised()), (-2, -24, 3));
    }

    #[test]
    fn over_the_bound_the_youngest_lot_grows() {
        let mut fifo = Queue::default();
        for _ in 0..limits::LOTS_MAX + 7 {
            fifo.trade(1, 3);
        }
        assert_eq!((fifo.lots.len(), fifo.qty), (limits::LOTS_MAX, limits::LOTS_MAX as i64 + 7));
        fifo.trade(-fifo.qty, 0);
        assert_eq!((fifo.qty, fifo.cost), (0, 0));
    }

    proptest! {
        #[test]
        fn money_is_conserved_and_the_same_in_both_ways(
            trades in prop::collection::vec((-50_i64..50, 1_i128..1_000), 1..60),
        ) {
            let trades: Vec<(i64, i128)> =
                trades.into_iter().map(|(qty, price)| (qty, i128::from(qty) * price)).collect();
            let (average, fifo) = (after(Lots::Average, &trades), after(Lots::Fifo, &trades));
            let (qty, paid) = trades.iter().fold((0, 0), |sum, t| (sum.0 + t.0, sum.1 + t.1));
            for holding in [&average, &fifo] {
                prop_assert_eq!(holding.qty(), qty);
                prop_assert_eq!(holding.cost() - holding.realised(), paid);
                prop_assert!(qty != 0 || holding.cost() == 0);
            }
        }
    }
}
