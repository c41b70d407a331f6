//! One side's levels that lie outside the window: rare, so a sorted flat array.
//!
//! The best is last: what is near the market moves little memory. A removed level stays as a gap,
//! which the next level nearby takes: orders come and go at the same prices, so memory moves
//! rarely. Beyond [`FAR_LEVELS_MAX`] the worst is dropped.
//! Never: an allocation after construction, a quadratic load of a snapshot.

use super::contract::keyed;
use super::room;
use crate::base::Side;
use crate::event::Level;
use crate::limits::{FAR_LEVELS_MAX, FAR_LEVELS_WARM, PART_LEVELS_MAX};

/// How far away a gap is looked for before memory is moved instead.
const GAP_REACH: usize = 32;

/// Levels of one side by key, the best last.
#[derive(Debug)]
pub(super) struct Far {
    /// `price` holds the key of [`keyed`]; where `qty` is zero there is a gap, never at the end.
    levels: Vec<Level>,
    /// How many are no gaps.
    count: usize,
    side: Side,
    truncated: bool,
}

/// Room to sort one part of a snapshot, shared by both sides.
#[derive(Debug)]
pub(super) struct Desk {
    /// What is to be merged, in wire order.
    incoming: Vec<Level>,
    spare: Vec<Level>,
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            incoming: room::spare(PART_LEVELS_MAX, PART_LEVELS_MAX, Level::default()),
            spare: room::spare(PART_LEVELS_MAX, PART_LEVELS_MAX, Level::default()),
        }
    }
}

impl Far {
    pub(super) fn new(side: Side) -> Far {
        let capacity = FAR_LEVELS_MAX + PART_LEVELS_MAX;
        let levels = room::spare(capacity, FAR_LEVELS_WARM, Level::default());
        Far { levels, count: 0, side, truncated: false }
    }

    pub(super) fn clear(&mut self) {
        self.levels.clear();
        self.count = 0;
        self.truncated = false;
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Was a level dropped since the last [`Far::clear`]?
    pub(super) fn truncated(&self) -> bool {
        self.truncated
    }

    #[inline(always)]
    pub(super) fn best(&self) -> Option<Level> {
        self.levels.last().map(|level| self.shown(*level))
    }

    /// All levels, best first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Level> + '_ {
        let levels = self.levels.iter().rev().filter(|level| level.qty != 0);
        levels.map(|level| self.shown(*level))
    }

    /// Sets or removes one level.
    pub(super) fn set(&mut self, level: Level) {
        let level = Level { price: keyed(self.side, level.price), qty: level.qty };
        let at = self.levels.partition_point(|l| l.price < level.price);
        match self.levels.get_mut(at) {
            Some(found) if found.price == level.price => {
                let was_there = usize::from(found.qty != 0);
                found.qty = level.qty;
                self.count = self.count + usize::from(level.qty != 0) - was_there;
                if level.qty == 0 && at + 1 == self.levels.len() {
                    self.trim();
                }
            }
            _ if level.qty == 0 => {}
            _ if self.count == FAR_LEVELS_MAX => self.replace_worst(level),
            _ => self.insert(at, level),
        }
    }

    /// Puts a level in before `at`, into a gap nearby if there is one.
    fn insert(&mut self, at: usize, level: Level) {
        self.count += 1;
        let after = self.levels[at..].iter().take(GAP_REACH).position(|l| l.qty == 0);
        if let Some(gap) = after {
            self.levels.copy_within(at..at + gap, at + 1);
            self.levels[at] = level;
            return;
        }
        let before = self.levels[..at].iter().rev().take(GAP_REACH).position(|l| l.qty == 0);
        if let Some(gap) = before {
            self.levels.copy_within(at - gap..at, at - gap - 1);
            self.levels[at - 1] = level;
        } else if self.levels.len() < self.levels.capacity() {
            self.levels.insert(at, level);
        } else {
            // All room is gaps and levels; there are more gaps than one.
            self.close_gaps();
            let at = self.levels.partition_point(|l| l.price < level.price);
            self.levels.insert(at, level);
        }
    }

    /// Full: all that is worse than the level moves one place down, over the worst.
    fn replace_worst(&mut self, level: Level) {
        self.truncated = true;
        self.close_gaps();
        let at = self.levels.partition_point(|l| l.price < level.price);
        if at > 0 {
            self.levels.copy_within(1..at, 0);
            self.levels[at - 1] = level;
        }
    }

    fn close_gaps(&mut self) {
        if self.levels.len() > self.count {
            self.levels.retain(|level| level.qty != 0);
        }
    }

    /// Leaves no gap at the end, so that the best is last.
    fn trim(&mut self) {
        while self.levels.last().is_some_and(|level| level.qty == 0) {
            self.levels.pop();
        }
    }

    /// Takes out every level that `taken` accepts.
    pub(super) fn extract(&mut self, mut taken: impl FnMut(Level) -> bool) {
        let side = self.side;
        self.levels.retain(|l| {
            let price = keyed(side, l.price);
            l.qty != 0 && !taken(Level { price, qty: l.qty })
        });
        self.count = self.levels.len();
    }

    /// Sets and removes many levels at once: `wanted` chooses from `levels`, at most
    /// [`PART_LEVELS_MAX`] of them. The last word on a price wins.
    pub(super) fn absorb(
        &mut self,
        desk: &mut Desk,
        levels: &[Level],
        mut wanted: impl FnMut(Level) -> bool,
    ) {
        let side = self.side;
        desk.incoming.clear();
        for level in levels.iter().filter(|level| wanted(**level)) {
            desk.incoming.push(Level { price: keyed(side, level.price), qty: level.qty });
        }
        if desk.incoming.is_empty() {
            return;
        }
        sort(&mut desk.incoming, &mut desk.spare);
        keep_last_of_each(&mut desk.incoming);
        self.close_gaps();
        self.merge(&desk.incoming);
        self.levels.retain(|level| level.qty != 0);
        let surplus = self.levels.len().saturating_sub(FAR_LEVELS_MAX);
        if surplus > 0 {
            self.levels.copy_within(surplus.., 0);
            self.levels.truncate(FAR_LEVELS_MAX);
            self.truncated = true;
        }
        self.count = self.levels.len();
    }

    /// Merges sorted levels without doubles; theirs wins. From the back, so in place.
    fn merge(&mut self, incoming: &[Level]) {
        let mut ours = self.levels.len();
        let mut theirs = incoming.len();
        let mut to = ours + theirs;
        self.levels.resize(to, Level::default());
        while theirs > 0 {
            let level = incoming[theirs - 1];
            to -= 1;
            if ours > 0 && self.levels[ours - 1].price > level.price {
                self.levels[to] = self.levels[ours - 1];
                ours -= 1;
            } else {
                ours -= usize::from(ours > 0 && self.levels[ours - 1].price == level.price);
                self.levels[to] = level;
                theirs -= 1;
            }
        }
        // Each double left a hole.
        let merged = self.levels.len() - to;
        self.levels.copy_within(to.., ours);
        self.levels.truncate(ours + merged);
    }

    #[inline(always)]
    fn shown(&self, level: Level) -> Level {
        Level { price: keyed(self.side, level.price), qty: level.qty }
    }
}

/// Sorts by key, equal keys in their order, without allocating: the library's stable sort would.
fn sort(levels: &mut Vec<Level>, spare: &mut Vec<Level>) {
    if levels.is_sorted_by(|a, b| a.price <= b.price) {
        return;
    }
    // Snapshots come best first.
    if levels.is_sorted_by(|a, b| a.price > b.price) {
        levels.reverse();
        return;
    }
    let mut width = 1;
    while width < levels.len() {
        spare.clear();
        for pair in levels.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
                if a.price <= b.price {
                    spare.push(*a);
                    left = rest_left;
                } else {
                    spare.push(*b);
                    right = rest_right;
                }
            }
            spare.extend_from_slice(left);
            spare.extend_from_slice(right);
        }
        std::mem::swap(levels, spare);
        width *= 2;
    }
}

/// Of equal neighbours, keeps the last.
fn keep_last_of_each(levels: &mut Vec<Level>) {
    let mut kept = 0;
    for at in 0..levels.len() {
        if kept > 0 && levels[kept - 1].price == levels[at].price {
            kept -= 1;
        }
        levels[kept] = levels[at];
        kept += 1;
    }
    levels.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn level(price: i64, qty: i64) -> Level {
        Level { price, qty }
    }

    #[test]
    fn over_its_bound_the_worst_is_dropped() {
        let mut far = Far::new(Side::Sell);
        let full: Vec<Level> = (1..=FAR_LEVELS_MAX as i64).map(|p| level(p, 1)).collect();
        for part in full.chunks(PART_LEVELS_MAX) {
            far.absorb(&mut Desk::new(), part, |_| true);
        }
        assert!(!far.truncated());
        far.set(level(FAR_LEVELS_MAX as i64 + 1, 1));
        assert_eq!(far.iter().last(), Some(level(FAR_LEVELS_MAX as i64, 1)));
        assert!(far.truncated());
        far.set(level(0, 9));
        assert_eq!(far.best(), Some(level(0, 9)));
        assert_eq!(far.iter().last(), Some(level(FAR_LEVELS_MAX as i64 - 1, 1)));
        assert_eq!(far.len(), FAR_LEVELS_MAX);
        far.absorb(&mut Desk::new(), &[level(-2, 1), level(-1, 1)], |_| true);
        assert_eq!(far.iter().last(), Some(level(FAR_LEVELS_MAX as i64 - 3, 1)));
    }

    proptest! {
        #[test]
        fn sets_and_loads_agree_with_a_tree(
            loads in prop::collection::vec(
                prop::collection::vec((-40_i64..40, 0_i64..4), 0..60), 1..4),
            sets in prop::collection::vec((-40_i64..40, 0_i64..4), 0..60),
            buy in any::<bool>(),
        ) {
            let side = if buy { Side::Buy } else { Side::Sell };
            let mut far = Far::new(side);
            let mut desk = Desk::new();
            let mut twin = BTreeMap::new();
            for load in &loads {
                let levels: Vec<Level> = load.iter().map(|(p, q)| level(*p, *q)).collect();
                far.absorb(&mut desk, &levels, |l| l.price != 7);
                twin.extend(load.iter().copied().filter(|l| l.0 != 7));
            }
            for (price, qty) in sets {
                far.set(level(price, qty));
                twin.insert(price, qty);
            }
            twin.retain(|_, qty| *qty != 0);
            let mut expected: Vec<Level> = twin.iter().map(|(p, q)| level(*p, *q)).collect();
            if buy {
                expected.reverse();
            }
            prop_assert_eq!(far.iter().collect::<Vec<_>>(), expected);
        }
    }
}
