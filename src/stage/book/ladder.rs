//! The shallow form: flat sorted arrays, cut to the subscribed depth after every message, with the
//! digits of the ten best levels kept for the checksum.
//!
//! The best is last: what happens near the market moves little memory, and a cut only moves the
//! start.
//! Never: an allocation after construction, a level beyond the depth between two messages.

use super::checksum::Digits;
use super::contract::{Best, Sides, keyed};
use super::room;
use crate::base::Side;
use crate::event::Level;
use crate::limits::{DEPTH_LEVELS, LADDER_LEVELS_MAX};

/// Levels next to the best that are compared without a search.
const NEAR_LEVELS: usize = 16;

/// Levels that one message may add to a side before the worst is dropped early.
const MESSAGE_LEVELS: usize = 256;

/// A ladder of so many levels a side.
#[derive(Debug)]
pub struct Ladder {
    depth: usize,
    bids: Flat,
    asks: Flat,
    /// State of the checksum after the asks.
    after_asks: crc32fast::Hasher,
}

/// One side.
#[derive(Debug)]
struct Flat {
    side: Side,
    /// By [`keyed`], ascending between `start` and `end`.
    keys: Box<[i64]>,
    qtys: Box<[i64]>,
    start: usize,
    end: usize,
    digits: Digits,
    is_touched: bool,
}

impl Ladder {
    /// A ladder of `depth` levels a side, within the limits.
    pub fn new(depth: usize) -> Ladder {
        let depth = depth.clamp(1, LADDER_LEVELS_MAX);
        Ladder {
            depth,
            bids: Flat::new(Side::Buy, depth),
            asks: Flat::new(Side::Sell, depth),
            after_asks: crc32fast::Hasher::new(),
        }
    }

    fn side(&self, side: Side) -> &Flat {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut Flat {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

impl Sides for Ladder {
    fn load(&mut self, bids: &[Level], asks: &[Level], first: bool) {
        if first {
            self.bids.clear();
            self.asks.clear();
        }
        let depth = self.depth;
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            let side = self.side_mut(side);
            // A picture may be deeper than what was subscribed; a part of it never overflows.
            for part in levels.chunks(MESSAGE_LEVELS) {
                side.apply(part);
                side.cut(depth);
            }
        }
    }

    #[inline]
    fn apply(&mut self, side: Side, levels: &[Level]) {
        self.side_mut(side).apply(levels);
    }

    #[inline]
    fn settle(&mut self) {
        self.bids.cut(self.depth);
        self.asks.cut(self.depth);
    }

    #[inline]
    fn best(&self, side: Side) -> Option<Level> {
        let flat = self.side(side);
        (flat.len() > 0).then(|| flat.level(0))
    }

    #[inline]
    fn top(&mut self, side: Side, into: &mut Best) -> usize {
        let flat = self.side_mut(side);
        flat.is_touched = false;
        let count = flat.len().min(DEPTH_LEVELS);
        for (place, level) in into.iter_mut().enumerate() {
            *level = if place < count { flat.level(place) } else { Level::default() };
        }
        count
    }

    #[inline(always)]
    fn touched(&self, side: Side) -> bool {
        self.side(side).is_touched
    }

    fn levels(&self, side: Side) -> usize {
        self.side(side).len()
    }

    fn truncated(&self) -> bool {
        // What lies beyond the subscribed depth was never promised.
        false
    }

    #[inline]
    fn checksum(&mut self) -> u32 {
        // A message mostly changes one side: where it was the bids, the asks need no second look.
        if self.asks.digits.is_stale() {
            self.after_asks.reset();
            self.after_asks.update(self.asks.digits.text());
        }
        let mut hasher = self.after_asks.clone();
        hasher.update(self.bids.digits.text());
        hasher.finalize()
    }

    fn visit(&self, side: Side, seen: &mut dyn FnMut(Level)) {
        let flat = self.side(side);
        (0..flat.len()).map(|place| flat.level(place)).for_each(seen);
    }
}

impl Flat {
    fn new(side: Side, depth: usize) -> Flat {
        // Twice the depth, so that the way back to the start is made once in a depth of cuts.
        let room = 2 * depth + MESSAGE_LEVELS;
        Flat {
            side,
            keys: room::filled(room, 0).into_boxed_slice(),
            qtys: room::filled(room, 0).into_boxed_slice(),
            start: 0,
            end: 0,
            digits: Digits::new(),
            is_touched: false,
        }
    }

    fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        self.digits.clear();
        self.is_touched = true;
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.end - self.start
    }

    /// The level at a place, the best at 0.
    #[inline(always)]
    fn level(&self, place: usize) -> Level {
        let at = self.end - 1 - place;
        Level { price: keyed(self.side, self.keys[at]), qty: self.qtys[at] }
    }

    #[inline(always)]
    fn apply(&mut self, levels: &[Level]) {
        for level in levels {
            self.set(*level);
        }
        // Who moved up into the ten best gets digits.
        let count = self.len().min(DEPTH_LEVELS);
        while self.digits.count() < count {
            let place = self.digits.count();
            self.digits.insert(place, self.level(place));
        }
    }

    #[inline(always)]
    fn set(&mut self, level: Level) {
        let key = keyed(self.side, level.price);
        let place = self.find(key);
        let at = self.end - place;
        let is_found = at > self.start && self.keys[at - 1] == key;
        // Only the best levels have digits, and without a hole.
        let is_printed = place < self.digits.count();
        match (is_found, level.qty) {
            (true, 0) => {
                self.take_out(at - 1);
                if is_printed {
                    self.digits.remove(place);
                }
                self.is_touched |= place < DEPTH_LEVELS;
            }
            (true, qty) => {
                if self.qtys[at - 1] != qty {
                    self.qtys[at - 1] = qty;
                    if is_printed {
                        self.digits.change(place, qty);
                    }
                    self.is_touched |= place < DEPTH_LEVELS;
                }
            }
            (false, 0) => {}
            (false, qty) => {
                if self.put_in(at, key, qty) && place < DEPTH_LEVELS {
                    if place <= self.digits.count() {
                        self.digits.insert(place, level);
                    }
                    self.is_touched = true;
                }
            }
        }
    }

    /// How many levels are better than `key`.
    #[inline(always)]
    fn find(&self, key: i64) -> usize {
        let keys = &self.keys[self.start..self.end];
        let (rest, near) = keys.split_at(keys.len().saturating_sub(NEAR_LEVELS));
        // Counted without a branch: where it ends is not to be predicted.
        let better = near.iter().map(|k| usize::from(*k > key)).sum();
        if better < NEAR_LEVELS {
            return better;
        }
        better + rest.len() - rest.partition_point(|k| *k <= key)
    }

    #[inline(always)]
    fn take_out(&mut self, at: usize) {
        self.keys.copy_within(at + 1..self.end, at);
        self.qtys.copy_within(at + 1..self.end, at);
        self.end -= 1;
    }

    /// Puts a level in before `at`; false where it is worse than all and there is no room.
    #[inline(always)]
    fn put_in(&mut self, at: usize, key: i64, qty: i64) -> bool {
        let mut at = at;
        if self.end == self.keys.len() {
            if self.start == 0 {
                if at == 0 {
                    return false;
                }
                self.start = 1;
            }
            at -= self.start;
            self.keys.copy_within(self.start..self.end, 0);
            self.qtys.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        self.keys.copy_within(at..self.end, at + 1);
        self.qtys.copy_within(at..self.end, at + 1);
        self.keys[at] = key;
        self.qtys[at] = qty;
        self.end += 1;
        true
    }

    #[inline(always)]
    fn cut(&mut self, depth: usize) {
        if self.len() > depth {
            self.start = self.end - depth;
            while self.digits.count() > depth {
                self.digits.remove(depth);
            }
        }
    }
}
