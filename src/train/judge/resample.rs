//! Intervals by resampling whole blocks: neighbours in a recording are not independent, so they are
//! drawn together (circular block bootstrap; Politis and Romano, 1992).
//!
//! In: a number for each row, in the order of time. Out: mean and 95 % interval. Never: another
//! interval for the same seed.

use crate::train::net::Chance;

/// Times that it is resampled.
const RESAMPLES: usize = 2_000;
/// Blocks that rows are cut into: few, since only whole blocks are as good as independent.
const BLOCKS: usize = 25;

/// A mean and where it may lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Of 40 resampled means one is below.
    pub low: f64,
    /// Of 40 resampled means one is above.
    pub high: f64,
}

/// The mean of `values` and its interval.
pub fn interval(values: &[f64], seed: u64) -> Interval {
    let count = values.len();
    if count == 0 {
        return Interval::default();
    }
    let block = count.div_ceil(BLOCKS);
    let mut sums = vec![0.0];
    for value in values.iter().chain(values) {
        sums.push(sums[sums.len() - 1] + value);
    }
    let mut chance = Chance::new(seed, 0);
    let mut resample = || {
        let (mut sum, mut left) = (0.0, count);
        while left > 0 {
            let (from, long) = (chance.below(count), block.min(left));
            sum += sums[from + long] - sums[from];
            left -= long;
        }
        sum / count as f64
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| means[(share * (RESAMPLES - 1) as f64).round() as usize];
    Interval { mean: sums[count] / count as f64, low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_independent_numbers_it_is_two_deviations_of_the_mean() {
        let mut chance = Chance::new(3, 3);
        let values: Vec<f64> = (0..10_000).map(|_| f64::from(chance.unit())).collect();
        let found = interval(&values, 1);
        // Even numbers have a deviation of 1 / sqrt(12); their mean a hundredth of it.
        let half = 1.96 / 12.0_f64.sqrt() / 100.0;
        let is_near = |width: f64| (width / half - 1.0).abs() < 0.5;
        assert!(is_near(found.high - found.mean) && is_near(found.mean - found.low), "{found:?}");
        assert_eq!(found, interval(&values, 1));
    }

    #[test]
    fn numbers_that_come_in_long_runs_are_worth_less() {
        let runs: Vec<f64> = (0..10_000).map(|n| f64::from(u8::from(n / 400 % 2 == 0))).collect();
        let mixed: Vec<f64> = (0..10_000).map(|n| f64::from(u8::from(n * 7919 % 2 == 0))).collect();
        let width = |values: &[f64]| interval(values, 1).high - interval(values, 1).low;
        assert!(width(&runs) > 5.0 * width(&mixed));
    }

    #[test]
    fn nothing_has_no_interval_and_one_value_is_all_of_it() {
        assert_eq!(interval(&[], 1), Interval::default());
        assert_eq!(interval(&[2.0], 1), Interval { mean: 2.0, low: 2.0, high: 2.0 });
    }
}
