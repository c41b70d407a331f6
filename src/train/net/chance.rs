//! Chance, reproducible on every machine.
//!
//! In: a seed. Out: the same numbers for ever. Never: the system's entropy.

/// A source of chance: splitmix64 (S. Vigna, public domain).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A source of its own for each `stream` of a seed.
    pub fn new(seed: u64, stream: u64) -> Chance {
        let mut chance = Chance(seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95));
        // Neighbouring seeds begin far apart.
        chance.0 = chance.bits();
        chance
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// From 0 to 1, without 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 24) as f32
    }

    /// From 0 to `end`, without `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// Another order, all of them as likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, self.below(n + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_streams_differ() {
        let take = |seed, stream| -> Vec<u64> {
            let mut chance = Chance::new(seed, stream);
            (0..4).map(|_| chance.bits()).collect()
        };
        assert_eq!(take(1, 2), take(1, 2));
        assert_ne!(take(1, 2), take(1, 3));
        assert_ne!(take(1, 2), take(2, 2));
    }

    #[test]
    fn a_shuffle_loses_nothing_and_is_even() {
        let mut chance = Chance::new(7, 0);
        let mut firsts = [0_u32; 4];
        for _ in 0..40_000 {
            let mut items = [0, 1, 2, 3];
            chance.shuffle(&mut items);
            firsts[items[0]] += 1;
            items.sort_unstable();
            assert_eq!(items, [0, 1, 2, 3]);
        }
        // Expected 10,000 each; five deviations are 433.
        assert!(firsts.iter().all(|n| n.abs_diff(10_000) < 433), "{firsts:?}");
    }
}
