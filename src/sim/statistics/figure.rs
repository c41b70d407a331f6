//! Figures: means, quantiles and the like of what was seen.
//!
//! In: numbers. Out: one; `None` where there are too few.

/// A number that was measured; `None` where there was nothing to measure it by.
pub type Measure = Option<f64>;

/// What was measured: names, the same for all markets, and numbers.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// In the order in which they are shown.
    pub rows: Vec<(String, Measure)>,
    /// What they are measured on, seconds.
    pub span_s: f64,
}

pub(super) fn mean(all: &[f64]) -> Measure {
    (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
}

/// The number below which this part of them lies.
pub(super) fn quantile(all: &[f64], part: f64) -> Measure {
    let mut sorted = all.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get((sorted.len().saturating_sub(1) as f64 * part).round() as usize).copied()
}

/// The standard deviation.
pub(super) fn deviation(all: &[f64]) -> Measure {
    let centre = mean(all)?;
    let squares: f64 = all.iter().map(|x| (x - centre).powi(2)).sum();
    (all.len() > 1).then(|| (squares / (all.len() - 1) as f64).sqrt())
}

/// How much numbers are like those `lag` places before them, from -1 to 1.
pub(super) fn autocorrelation(all: &[f64], lag: usize) -> Measure {
    let centre = mean(all)?;
    let squares: f64 = all.iter().map(|x| (x - centre).powi(2)).sum();
    let pairs = all.iter().zip(all.iter().skip(lag));
    let products: f64 = pairs.map(|(a, b)| (a - centre) * (b - centre)).sum();
    (all.len() > lag && squares > 0.0).then(|| products / squares)
}

/// By how many steps `late` follows `early` most likely, from 0 to `steps`: where the products of
/// their changes over `width` steps have the largest sum. `None` where nothing moves together.
pub(super) fn lag(early: &[f64], late: &[f64], steps: usize, width: usize) -> Option<usize> {
    let changes = |all: &[f64]| -> Vec<f64> {
        all.iter().zip(all.iter().skip(width)).map(|(before, after)| after - before).collect()
    };
    let (early, late) = (changes(early), changes(late));
    let together =
        |lag: usize| -> f64 { early.iter().zip(late.iter().skip(lag)).map(|(a, b)| a * b).sum() };
    let sums = (0..=steps).map(|lag| (together(lag), lag));
    sums.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(sum, _)| *sum > 0.0).map(|b| b.1)
}

/// The greatest common divisor.
pub(super) fn divisor(one: i64, other: i64) -> i64 {
    if other == 0 { one.abs() } else { divisor(other, one % other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_their_closed_forms() {
        let all = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(mean(&all), Some(2.5));
        assert_eq!([0.0, 0.5, 1.0].map(|p| quantile(&all, p)), [Some(1.0), Some(3.0), Some(4.0)]);
        assert_eq!(deviation(&all), Some((5.0_f64 / 3.0).sqrt()));
        assert_eq!((mean(&[]), quantile(&[], 0.5), deviation(&[1.0])), (None, None, None));
        // Up and down by turns: each is the opposite of the one before.
        let turns: Vec<f64> = (0..1_000).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let first = autocorrelation(&turns, 1).unwrap();
        assert!((first + 0.999).abs() < 1e-9, "{first}");
        assert_eq!(divisor(12, 18), 6);
        assert_eq!(divisor(0, 5), 5);
    }

    #[test]
    fn a_lag_is_found() {
        let early: Vec<f64> = (0..500_i32).map(|n| f64::from((n * n * 7_919) % 101)).collect();
        let late: Vec<f64> =
            (0..500).map(|n: usize| early[n.saturating_sub(7)] * 2.0 + 5.0).collect();
        assert_eq!(lag(&early, &late, 20, 3), Some(7));
        assert_eq!(lag(&early, &[1.0; 500], 20, 3), None);
    }
}
