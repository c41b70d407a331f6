//! How long to wait before the next attempt: not at all at first, then longer and longer, each time
//! a little differently, so that many clients that lost a venue do not come back as one.
//!
//! In: how often it failed. Out: nanoseconds.
//! Never: chance that cannot be repeated. The same seed waits alike.

/// How waits grow.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Failures after which the next attempt is made at once.
    pub free: u32,
    /// The wait after the first one that is not free, ns.
    pub first_ns: i64,
    /// The longest wait, ns.
    pub last_ns: i64,
}

/// Chance from a seed: splitmix64 (S. Vigna, public domain).
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Pace {
    /// The wait after so many failures in a row: half of it fixed, half by chance.
    pub fn wait_ns(&self, failures: u32, jitter: &mut Jitter) -> i64 {
        let Some(doublings) = failures.checked_sub(self.free + 1) else {
            return 0;
        };
        let factor = 1_i64 << doublings.min(32);
        let whole = self.first_ns.saturating_mul(factor).min(self.last_ns);
        whole / 2 + jitter.below(whole / 2 + 1)
    }
}

impl Jitter {
    /// Chance from a seed.
    pub fn new(seed: u64) -> Jitter {
        Jitter(seed)
    }

    /// From 0 to `end`, without `end`; 0 where `end` is not above 0.
    pub fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * end.max(0) as u128) >> 64) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { free: 2, first_ns: 1_000, last_ns: 60_000 };

    #[test]
    fn first_attempts_are_free_and_later_ones_wait_longer_up_to_a_bound() {
        let mut jitter = Jitter::new(7);
        let waits: Vec<i64> = (0..12).map(|n| PACE.wait_ns(n, &mut jitter)).collect();
        assert_eq!(waits[..3], [0, 0, 0]);
        for (n, wait) in waits[3..].iter().enumerate() {
            let whole = (1_000 << n).min(60_000);
            assert!((whole / 2..=whole).contains(wait), "{n}: {wait}");
        }
        assert!((30_000..=60_000).contains(&PACE.wait_ns(u32::MAX, &mut jitter)));
    }

    #[test]
    fn the_same_seed_waits_alike_and_another_does_not() {
        let waits = |seed| {
            let mut jitter = Jitter::new(seed);
            (3..20).map(|n| PACE.wait_ns(n, &mut jitter)).collect::<Vec<i64>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
