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
    /// The quantity if all orders of a side filled; below zero where the other side is held.
    pub(super) worst: [i64; 2],
    /// Worth of that, by side.
    pub(super) worth: [i64; 2],
    /// Is it in the list of those that anything ever happened to?
    pub(super) is_active: bool,
}

impl Cell {
    /// What it counts.
    #[inline(always)]
    pub(super) fn exposure(&self) -> i64 {
        self.worth[0].max(self.worth[1])
    }

    /// Takes the worst case of its quantities and what that is worth anew, and says by how much
    /// each side and the whole grew.
    #[inline]
    pub(super) fn value(&mut self, rule: &Rule) -> ([i64; 2], i64) {
        let (old, exposure) = (self.worth, self.exposure());
        self.worst = worst(self.qty, self.open);
        self.worth = self.worst.map(|qty| rule.worth(qty));
        ([self.worth[0] - old[0], self.worth[1] - old[1]], self.exposure() - exposure)
    }
}

/// Quantities and sums are cut off here: no limit is as large, and sums of two still fit.
pub(super) const SANE_MAX: i64 = 1 << 60;

/// What a side comes to if all its orders fill: long, what is held and every purchase; short, every
/// sale less what is held.
pub(super) fn worst(qty: i64, open: [i64; 2]) -> [i64; 2] {
    let cut = |sum: i64| sum.clamp(-SANE_MAX, SANE_MAX);
    [cut(open[0].saturating_add(qty)), cut(open[1].saturating_sub(qty))]
}

/// No lane is open where a sum is larger: below it no cell that it counts is worth so much that its
/// worth is no longer told apart.
const QUICK_MAX: i64 = 1 << 58;

/// A sum of exposures, and how large it may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    now: i64,
    most: i64,
    /// The same for lanes.
    quick: i64,
}

impl Sum {
    /// With a limit, or none.
    pub(super) fn new(most: Option<i64>) -> Sum {
        let most = most.unwrap_or(i64::MAX);
        Sum { now: 0, most, quick: most.clamp(-1, QUICK_MAX) }
    }

    /// Would this much more be too much? What is not more never is.
    #[inline(always)]
    pub(super) fn breaks(&self, more: i64) -> bool {
        more > self.most.saturating_sub(self.now).max(0)
    }

    /// What is left for a lane; below zero where the limit is passed already.
    #[inline(always)]
    pub(super) fn left(&self) -> i64 {
        self.quick - self.now
    }

    /// Adds.
    #[inline(always)]
    pub(super) fn add(&mut self, more: i64) {
        self.now = (self.now + more).clamp(-SANE_MAX, SANE_MAX);
    }

    /// Empties it.
    pub(super) fn clear(&mut self) {
        self.now = 0;
    }
}

/// A sum for each side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides(pub(super) [Sum; 2]);

impl Sides {
    /// With one limit for both.
    pub(super) fn new(most: Option<i64>) -> Sides {
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

    /// The same of one side alone.
    #[inline(always)]
    pub(super) fn grow(&mut self, rule: &Rule, at: usize, more: i64, whole: i64) {
        self.gross.add(whole);
        self.venue[usize::from(rule.venue)].add(whole);
        self.net.0[at].add(more);
        self.asset[usize::from(rule.base)].0[at].add(more);
        self.asset[usize::from(rule.quote)].0[1 - at].add(more);
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
        self.gross.clear();
        let singles = self.venue.iter_mut().chain(&mut self.strategy);
        singles.for_each(Sum::clear);
        let sides = self.asset.iter_mut().chain(std::iter::once(&mut self.net));
        sides.flat_map(|sides| &mut sides.0).for_each(Sum::clear);
    }
}
