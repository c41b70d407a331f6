//! Exposures: what is held and open, by account and instrument and by strategy and instrument, and
//! the sums of what that is worth.
//!
//! The worst case of each side is kept for itself: long, what is held and every open purchase as if
//! filled; short, every open sale. What a cell counts is the larger of the two. Worths are whole
//! numbers made once from quantities, so that sums of them are exact.

use super::rule::Rule;
use crate::base::Position;

/// One owner's share of one instrument.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    /// Signed.
    pub(super) qty: i64,
    /// Quantity of open and unknown orders, by side.
    pub(super) open: [i64; 2],
    /// Worth of the worst case, by side.
    pub(super) worth: [i64; 2],
    /// Is it in the list of those that anything ever happened to?
    pub(super) is_active: bool,
}

impl Cell {
    /// The quantity if all orders of a side filled; below zero where the other side is held.
    #[inline(always)]
    pub(super) const fn worst(&self, side: usize) -> i64 {
        let held = if side == 0 { self.qty } else { -self.qty };
        self.open[side].saturating_add(held)
    }

    /// What it counts.
    #[inline(always)]
    pub(super) fn exposure(&self) -> i64 {
        self.worth[0].max(self.worth[1])
    }

    /// Takes the worth of its quantities anew, and says by how much each side and the whole grew.
    #[inline]
    pub(super) fn value(&mut self, rule: &Rule) -> ([i64; 2], i64) {
        let (old, exposure) = (self.worth, self.exposure());
        self.worth = [rule.worth(self.worst(0)), rule.worth(self.worst(1))];
        ([self.worth[0] - old[0], self.worth[1] - old[1]], self.exposure() - exposure)
    }
}

/// A sum of exposures, and how large it may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    pub(super) now: i64,
    pub(super) most: i64,
}

impl Sum {
    /// With a limit, or none.
    pub(super) const fn new(most: Option<i64>) -> Sum {
        Sum { now: 0, most: if let Some(most) = most { most } else { i64::MAX } }
    }

    /// Would this much more be too much? What is not more never is.
    #[inline(always)]
    pub(super) const fn breaks(&self, more: i64) -> bool {
        (more > 0) & (self.now.saturating_add(more) > self.most)
    }

    /// Adds.
    #[inline(always)]
    pub(super) const fn add(&mut self, more: i64) {
        self.now = self.now.saturating_add(more);
    }
}

/// A sum for each side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides(pub(super) [Sum; 2]);

impl Sides {
    /// With one limit for both.
    pub(super) const fn new(most: Option<i64>) -> Sides {
        Sides([Sum::new(most); 2])
    }
}

/// All cells and sums.
#[derive(Clone, Debug)]
pub(super) struct Exposures {
    /// By account and instrument; the first is nobody's.
    pub(super) accounts: Box<[Cell]>,
    /// By strategy and instrument, those of one instrument side by side; the last is nobody's.
    pub(super) strategies: Box<[Cell]>,
    /// Beside `accounts`.
    pub(super) positions: Box<[Position]>,
    /// Whose each cell of `accounts` is.
    pub(super) owners: Box<[Owner]>,
    /// Cells that anything ever happened to.
    pub(super) active: Vec<u32>,
    /// The same of `strategies`.
    pub(super) active_strategies: Vec<u32>,
    pub(super) gross: Sum,
    pub(super) net: Sides,
    /// By venue, the last one nobody's.
    pub(super) venue: Box<[Sum]>,
    /// By asset; the last one for what nothing limits.
    pub(super) asset: Box<[Sides]>,
    /// By strategy; the last one for whoever is none, with a limit below everything.
    pub(super) strategy: Box<[Sum]>,
}

/// Whose a cell is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) account: u16,
    pub(super) instrument: u32,
}

/// By how much one change makes each side and the whole of a cell worth more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    pub(super) sides: [i64; 2],
    pub(super) whole: i64,
}

impl Exposures {
    /// Adds what an account's cell grew by to all sums but the account's own.
    #[inline(always)]
    pub(super) fn add(&mut self, rule: &Rule, growth: Growth) {
        let Growth { sides, whole } = growth;
        self.gross.add(whole);
        self.venue[usize::from(rule.venue)].add(whole);
        for (side, more) in sides.into_iter().enumerate() {
            self.net.0[side].add(more);
            self.asset[usize::from(rule.base)].0[side].add(more);
            // A purchase with an asset is a sale of it.
            self.asset[usize::from(rule.quote)].0[1 - side].add(more);
        }
    }

    /// Notes that something happened to a cell of an account.
    #[inline(always)]
    pub(super) fn touch(&mut self, cell: usize) {
        if !self.accounts[cell].is_active {
            self.accounts[cell].is_active = true;
            self.active.push(cell as u32);
        }
    }

    /// The same of a strategy.
    #[inline(always)]
    pub(super) fn touch_strategy(&mut self, cell: usize) {
        if !self.strategies[cell].is_active {
            self.strategies[cell].is_active = true;
            self.active_strategies.push(cell as u32);
        }
    }

    /// Empties all sums, before all cells are added anew.
    pub(super) fn clear(&mut self) {
        self.gross.now = 0;
        let singles = self.venue.iter_mut().chain(&mut self.strategy);
        singles.for_each(|sum| sum.now = 0);
        let sides = self.asset.iter_mut().chain(std::iter::once(&mut self.net));
        sides.flat_map(|sides| &mut sides.0).for_each(|sum| sum.now = 0);
    }
}
