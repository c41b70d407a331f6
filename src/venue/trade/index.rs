//! From a name or a venue's id to a place: open addressing over fixed slots.
//!
//! Never: an allocation after construction, two places of one key.

/// From keys to places.
#[derive(Debug)]
pub(super) struct Index {
    slots: Box<[(u128, u32)]>,
}

const EMPTY: u32 = u32::MAX;

/// 2^64 over the golden ratio, odd.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl Index {
    /// Room for so many keys.
    pub(super) fn new(keys: usize) -> Index {
        let slots = (2 * keys).next_power_of_two().max(4);
        Index { slots: vec![(u128::MAX, EMPTY); slots].into_boxed_slice() }
    }

    /// The place of a key.
    pub(super) fn find(&self, key: u128) -> Option<u32> {
        let mut at = self.home(key);
        loop {
            match self.slots[at] {
                (_, EMPTY) => return None,
                (found, place) if found == key => return Some(place),
                _ => at = self.next(at),
            }
        }
    }

    /// Puts a key that is not there yet. There must be room.
    pub(super) fn insert(&mut self, key: u128, place: u32) {
        debug_assert!(self.find(key).is_none());
        let mut at = self.home(key);
        while self.slots[at].1 != EMPTY {
            at = self.next(at);
        }
        self.slots[at] = (key, place);
    }

    /// Forgets a key, and moves up what was behind it for want of room.
    pub(super) fn remove(&mut self, key: u128) {
        let mut at = self.home(key);
        loop {
            match self.slots[at] {
                (_, EMPTY) => return,
                (found, _) if found == key => break,
                _ => at = self.next(at),
            }
        }
        let mask = self.slots.len() - 1;
        let mut hole = at;
        loop {
            at = self.next(at);
            let (key, place) = self.slots[at];
            if place == EMPTY {
                break;
            }
            let home = self.home(key);
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.slots[hole] = self.slots[at];
                hole = at;
            }
        }
        self.slots[hole].1 = EMPTY;
    }

    fn home(&self, key: u128) -> usize {
        let mixed = (key as u64 ^ ((key >> 64) as u64).rotate_left(31)).wrapping_mul(SPREAD);
        (mixed >> (u64::BITS - self.slots.len().trailing_zeros())) as usize
    }

    fn next(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_knows_what_a_plain_tree_knows(
            steps in prop::collection::vec((0_u128..24, any::<bool>()), 0..200),
        ) {
            let mut index = Index::new(24);
            let mut tree = BTreeMap::new();
            for (n, (key, inserts)) in steps.into_iter().enumerate() {
                let key = key << 60;
                if !inserts {
                    index.remove(key);
                    tree.remove(&key);
                } else if tree.insert(key, n as u32).is_none() {
                    index.insert(key, n as u32);
                } else {
                    index.remove(key);
                    index.insert(key, n as u32);
                }
                for key in 0..24 {
                    prop_assert_eq!(index.find(key << 60), tree.get(&(key << 60)).copied());
                }
            }
        }
    }
}
