//! Which slots of a circular window are taken: three levels of bits, so that the next taken slot is
//! at most five words away.
//!
//! Never: a tick or a price; slots only. What lies before the first slot is the last one.

use crate::limits::WINDOW_TICKS_MAX;

const WORDS: usize = WINDOW_TICKS_MAX / 64;
const SUMS: usize = WORDS.div_ceil(64);

// The third level is one word.
const _: () = assert!(SUMS <= 64);

/// A set of slots below [`WINDOW_TICKS_MAX`].
#[derive(Debug)]
pub(super) struct Bitmap {
    /// A bit for each slot.
    words: Box<[u64; WORDS]>,
    /// A bit for each word that is not zero.
    sums: [u64; SUMS],
    /// A bit for each sum that is not zero.
    top: u64,
}

impl Bitmap {
    pub(super) fn new() -> Bitmap {
        // The black box keeps zeroes from becoming a request for untouched pages.
        let zero = std::hint::black_box(0);
        Bitmap { words: Box::new([zero; WORDS]), sums: [0; SUMS], top: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
        self.sums.fill(0);
        self.top = 0;
    }

    /// How many slots are taken. Cold.
    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    #[inline(always)]
    pub(super) fn has(&self, slot: usize) -> bool {
        self.words[slot / 64 % WORDS] >> (slot % 64) & 1 != 0
    }

    /// The word that holds a slot.
    #[inline(always)]
    pub(super) fn word(&self, slot: usize) -> i64 {
        self.words[slot / 64 % WORDS] as i64
    }

    /// Takes or frees a slot. Without a branch: which of the two, and whether it is the first or
    /// last of its word, is not to be predicted.
    #[inline(always)]
    pub(super) fn put(&mut self, slot: usize, taken: bool) {
        let at = slot / 64 % WORDS;
        let word = with_bit(self.words[at], slot % 64, taken);
        self.words[at] = word;
        let sum = with_bit(self.sums[at / 64], at % 64, word != 0);
        self.sums[at / 64] = sum;
        self.top = with_bit(self.top, at / 64, sum != 0);
    }

    /// The taken slot before `slot`, going round; `slot` itself where it is the only one.
    #[inline(always)]
    pub(super) fn before(&self, slot: usize) -> Option<usize> {
        let at = slot / 64 % WORDS;
        let word = self.words[at] & below(slot % 64);
        if word != 0 {
            return Some(at * 64 + highest(word));
        }
        let sum = self.sums[at / 64] & below(at % 64);
        if sum != 0 {
            return Some(self.last_of(at / 64 * 64 + highest(sum)));
        }
        let top = self.top & below(at / 64);
        let top = if top == 0 { self.top } else { top };
        (top != 0).then(|| {
            let sum = highest(top) % SUMS;
            self.last_of(sum * 64 + highest(self.sums[sum]))
        })
    }

    /// The taken slot after `slot`, going round; `slot` itself where it is the only one.
    #[inline(always)]
    pub(super) fn after(&self, slot: usize) -> Option<usize> {
        let at = slot / 64 % WORDS;
        let word = self.words[at] & above(slot % 64);
        if word != 0 {
            return Some(at * 64 + lowest(word));
        }
        let sum = self.sums[at / 64] & above(at % 64);
        if sum != 0 {
            return Some(self.first_of(at / 64 * 64 + lowest(sum)));
        }
        let top = self.top & above(at / 64);
        let top = if top == 0 { self.top } else { top };
        (top != 0).then(|| {
            let sum = lowest(top) % SUMS;
            self.first_of(sum * 64 + lowest(self.sums[sum]))
        })
    }

    #[inline(always)]
    fn last_of(&self, at: usize) -> usize {
        at * 64 + highest(self.words[at % WORDS])
    }

    #[inline(always)]
    fn first_of(&self, at: usize) -> usize {
        at * 64 + lowest(self.words[at % WORDS])
    }
}

#[inline(always)]
const fn with_bit(word: u64, bit: usize, on: bool) -> u64 {
    word & !(1 << bit) | (on as u64) << bit
}

/// All bits below `bit`.
#[inline(always)]
const fn below(bit: usize) -> u64 {
    (1 << bit) - 1
}

/// All bits above `bit`.
#[inline(always)]
const fn above(bit: usize) -> u64 {
    // Two shifts, because 64 is too many for one.
    (!0 << bit) << 1
}

#[inline(always)]
const fn highest(word: u64) -> usize {
    // A word of zero has no highest bit; the mask keeps the answer a bit's place all the same.
    (63 - word.leading_zeros() as usize) & 63
}

#[inline(always)]
const fn lowest(word: u64) -> usize {
    word.trailing_zeros() as usize & 63
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_only_slot_is_its_own_neighbour() {
        let mut bits = Bitmap::new();
        assert_eq!((bits.before(7), bits.after(7)), (None, None));
        bits.put(7, true);
        bits.put(7, true);
        assert_eq!((bits.before(7), bits.after(7)), (Some(7), Some(7)));
    }

    proptest! {
        #[test]
        fn neighbours_are_those_of_an_ordered_set(
            puts in prop::collection::vec((0..WINDOW_TICKS_MAX, any::<bool>()), 1..200),
            near in prop::collection::vec((0_usize..300, any::<bool>()), 1..200),
            probes in prop::collection::vec(0..WINDOW_TICKS_MAX, 20),
        ) {
            let mut bits = Bitmap::new();
            let mut set = BTreeSet::new();
            for (slot, taken) in puts.iter().chain(&near).copied() {
                bits.put(slot, taken);
                prop_assert_eq!(bits.has(slot), taken);
                if taken {
                    set.insert(slot);
                } else {
                    set.remove(&slot);
                }
            }
            prop_assert_eq!(bits.count(), set.len());
            for slot in probes.into_iter().chain(near.iter().map(|n| n.0)) {
                let before = set.range(..slot).next_back().or(set.last()).copied();
                let after = set.range(slot + 1..).next().or(set.first()).copied();
                prop_assert_eq!(bits.before(slot), before);
                prop_assert_eq!(bits.after(slot), after);
            }
        }
    }
}
