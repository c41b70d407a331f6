//! Chance, reproducible on every machine: whole numbers only, no library's logarithm.
//!
//! In: a seed. Out: the same numbers for ever; recordings are compared byte by byte.

/// xoshiro256**, seeded by splitmix64 (D. Blackman and S. Vigna, public domain).
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: [u64; 4],
}

impl Random {
    /// A source of its own for each `stream` of a seed.
    pub(super) fn new(seed: u64, stream: u64) -> Random {
        let mut mix = seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95);
        Random { state: [(); 4].map(|()| splitmix(&mut mix)) }
    }

    pub(super) fn next(&mut self) -> u64 {
        let result = self.state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = self.state[1] << 17;
        self.state[2] ^= self.state[0];
        self.state[3] ^= self.state[1];
        self.state[1] ^= self.state[2];
        self.state[0] ^= self.state[3];
        self.state[2] ^= shifted;
        self.state[3] = self.state[3].rotate_left(45);
        result
    }

    /// From 0 to `end`, without `end`; 0 where `end` is not above 0.
    pub(super) fn below(&mut self, end: i64) -> i64 {
        ((u128::from(self.next()) * end.max(0) as u128) >> 64) as i64
    }

    /// True so many times in a thousand.
    pub(super) fn chance(&mut self, per_mille: i64) -> bool {
        self.below(1_000) < per_mille
    }

    /// Waiting times of a Poisson process: 0 and up, on average `mean`. The logarithm is taken as
    /// straight between powers of two, which no eye can tell from the true one.
    pub(super) fn exponential(&mut self, mean: i64) -> i64 {
        let bits = self.next() | 1;
        let zeros = bits.leading_zeros();
        let fraction = (bits << zeros << 1) >> 32;
        let log = (u128::from(zeros + 1) << 32) - u128::from(fraction);
        // The straight pieces average one and a half where the logarithm has a mean of one.
        ((mean.max(0) as u128 * log * 2 / 3) >> 32) as i64
    }

    /// About normal around 0, within 3.5 times its deviation.
    pub(super) fn bell(&mut self, deviation: i64) -> i64 {
        // Four uniform numbers of this half width have together the deviation that is wanted.
        let half = deviation * 866 / 1_000;
        (0..4).map(|_| self.below(2 * half + 1) - half).sum()
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_is_that_of_its_authors() {
        // The first numbers of the reference code for the state 1, 2, 3, 4.
        let mut random = Random { state: [1, 2, 3, 4] };
        let first = [(); 4].map(|()| random.next());
        assert_eq!(first, [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
        assert_eq!(splitmix(&mut 0), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn waiting_times_have_their_mean_and_are_mostly_short() {
        let mut random = Random::new(1, 0);
        let times: Vec<i64> = (0..100_000).map(|_| random.exponential(10_000)).collect();
        let mean = times.iter().sum::<i64>() / 100_000;
        assert!((9_900..10_100).contains(&mean), "mean {mean}");
        let short = times.iter().filter(|time| **time < 10_000).count();
        assert!((60_000..66_000).contains(&short), "{short} below the mean");
    }

    #[test]
    fn bell_has_its_deviation() {
        let mut random = Random::new(1, 1);
        let squares: i64 = (0..100_000).map(|_| random.bell(1_000).pow(2)).sum();
        let variance = squares / 100_000;
        assert!((980_000..1_020_000).contains(&variance), "variance {variance}");
    }
}
