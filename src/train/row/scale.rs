//! Scaling: what each feature is on average, and how far it lies from there.
//!
//! In: rows of the training part. Out: means and deviations; scaled rows. Never: a row of a part
//! that is to be foretold.

use std::ops::Range;

use super::dataset::Dataset;

/// Means and deviations, feature by feature.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// Subtracted, then ..
    pub mean: Vec<f32>,
    /// .. divided by; 1 where a feature never moved.
    pub scale: Vec<f32>,
}

impl Scale {
    /// Of the rows in these ranges.
    pub fn fit(data: &Dataset, part: &[Range<usize>]) -> Scale {
        let wide = data.names.len();
        let count = part.iter().map(ExactSizeIterator::len).sum::<usize>().max(1) as f64;
        let average = |of: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let mut sum = vec![0.0; wide];
            for at in part.iter().cloned().flatten() {
                for (n, (sum, x)) in sum.iter_mut().zip(data.row(at)).enumerate() {
                    *sum += of(n, f64::from(*x));
                }
            }
            sum.into_iter().map(|sum| sum / count).collect()
        };
        let mean = average(&|_, x| x);
        let square = average(&|n, x| (x - mean[n]) * (x - mean[n]));
        let deviation = |v: &f64| if *v > 1e-18 { v.sqrt() as f32 } else { 1.0 };
        Scale {
            mean: mean.iter().map(|m| *m as f32).collect(),
            scale: square.iter().map(deviation).collect(),
        }
    }

    /// All rows, scaled.
    pub fn apply(&self, x: &[f32]) -> Vec<f32> {
        let by = self.mean.iter().zip(&self.scale).cycle();
        x.iter().zip(by).map(|(x, (mean, scale))| (x - mean) / scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::dataset::proofs::plain;
    use super::*;

    #[test]
    fn the_rows_it_was_fitted_on_have_mean_nought_and_deviation_one() {
        let mut data = plain(100, 2);
        for (n, x) in data.x.iter_mut().enumerate() {
            *x = if n % 2 == 0 { (n * n % 17) as f32 + 1e4 } else { 3.0 };
        }
        // What lies outside the part must not count.
        for x in data.x[2 * 80..].iter_mut().step_by(2) {
            *x = -1e9;
        }
        let scale = Scale::fit(&data, &[0..30, 40..80]);
        let scaled = scale.apply(&data.x);
        let rows: Vec<f32> = (0..30).chain(40..80).map(|at| scaled[2 * at]).collect();
        let mean = rows.iter().sum::<f32>() / 70.0;
        let square = rows.iter().map(|x| x * x).sum::<f32>() / 70.0;
        assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-3, "{mean} {square}");
        assert!(scaled.iter().skip(1).step_by(2).all(|x| x.abs() < 1e-6), "one that never moves");
    }
}
