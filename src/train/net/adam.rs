//! Adam with decoupled weight decay (Kingma and Ba, 2015; Loshchilov and Hutter, 2019): steps
//! downhill, each as long as its slope has been steady.
//!
//! In: slopes. Out: moved weights. Never: a step longer than the clip allows its slopes.

/// How long steps are over a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The longest.
    pub peak: f32,
    /// Steps over which they grow from nothing.
    pub warmup: u64,
    /// Steps over which they shrink along a cosine, after which they stay at `floor`.
    pub total: u64,
    /// Share of the peak that is left at the end.
    pub floor: f32,
}

/// The optimiser and its memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// How long steps are.
    pub rate: Rate,
    /// Share of each weight that a step of length 1 takes away; 0 for plain Adam.
    pub decay: f32,
    /// Longest that all slopes together may be.
    pub clip: f32,
    /// Steps done.
    pub steps: u64,
    /// Running mean of slopes.
    pub mean: Vec<f32>,
    /// Running mean of squared slopes.
    pub square: Vec<f32>,
}

const MEAN_KEEPS: f32 = 0.9;
const SQUARE_KEEPS: f32 = 0.999;
const EPSILON: f32 = 1e-8;

impl Rate {
    /// Length of step number `step`, the first being 0.
    pub fn at(&self, step: u64) -> f32 {
        if step < self.warmup {
            return self.peak * (step + 1) as f32 / self.warmup as f32;
        }
        let long = self.total.saturating_sub(self.warmup).max(1) as f32;
        let gone = ((step - self.warmup) as f32 / long).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f32::consts::PI * gone).cos());
        self.peak * (self.floor + (1.0 - self.floor) * cosine)
    }
}

impl Adam {
    /// Nothing learned of `weights` weights yet.
    pub fn new(weights: usize, rate: Rate, decay: f32, clip: f32) -> Adam {
        Adam { rate, decay, clip, steps: 0, mean: vec![0.0; weights], square: vec![0.0; weights] }
    }

    /// One step. Returns the length of the slopes before they were clipped.
    pub fn step(&mut self, weights: &mut [f32], slopes: &mut [f32]) -> f32 {
        let norm = slopes.iter().map(|&d| f64::from(d) * f64::from(d)).sum::<f64>().sqrt() as f32;
        if norm > self.clip {
            let by = self.clip / norm;
            for slope in slopes.iter_mut() {
                *slope *= by;
            }
        }
        let rate = self.rate.at(self.steps);
        self.steps += 1;
        let done = self.steps.min(1 << 20) as i32;
        let (mean_by, square_by) = (1.0 - MEAN_KEEPS.powi(done), 1.0 - SQUARE_KEEPS.powi(done));
        let memory = self.mean.iter_mut().zip(&mut self.square);
        for ((weight, &slope), (mean, square)) in weights.iter_mut().zip(&*slopes).zip(memory) {
            *mean = MEAN_KEEPS * *mean + (1.0 - MEAN_KEEPS) * slope;
            *square = SQUARE_KEEPS * *square + (1.0 - SQUARE_KEEPS) * slope * slope;
            *weight -= rate * self.decay * *weight;
            *weight -= rate * (*mean / mean_by) / ((*square / square_by).sqrt() + EPSILON);
        }
        norm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Rate = Rate { peak: 0.1, warmup: 0, total: u64::MAX, floor: 1.0 };

    #[test]
    fn the_first_step_is_as_long_as_the_rate_whatever_the_slope() {
        for slope in [1e-3_f32, 1.0, -250.0] {
            let mut adam = Adam::new(1, EVEN, 0.0, f32::INFINITY);
            let mut weights = [2.0];
            adam.step(&mut weights, &mut [slope]);
            assert!((weights[0] - (2.0 - 0.1 * slope.signum())).abs() < 1e-5);
        }
    }

    #[test]
    fn decay_takes_its_share_and_no_slope_takes_nothing() {
        let mut adam = Adam::new(1, EVEN, 0.5, f32::INFINITY);
        let mut weights = [4.0];
        adam.step(&mut weights, &mut [0.0]);
        assert!((weights[0] - 4.0 * (1.0 - 0.1 * 0.5)).abs() < 1e-6);
    }

    #[test]
    fn slopes_are_clipped_together_and_keep_their_direction() {
        let mut adam = Adam::new(2, EVEN, 0.0, 1.0);
        let mut slopes = [3.0, 4.0];
        let norm = adam.step(&mut [0.0; 2], &mut slopes);
        assert!((norm - 5.0).abs() < 1e-6);
        assert!((slopes[0] - 0.6).abs() < 1e-6 && (slopes[1] - 0.8).abs() < 1e-6);
    }

    #[test]
    fn the_rate_grows_shrinks_and_stays() {
        let rate = Rate { peak: 1.0, warmup: 4, total: 104, floor: 0.1 };
        assert!((rate.at(0) - 0.25).abs() < 1e-6 && (rate.at(3) - 1.0).abs() < 1e-6);
        assert!((rate.at(54) - 0.55).abs() < 1e-6, "half way down the cosine");
        assert!((rate.at(104) - 0.1).abs() < 1e-6 && (rate.at(9_999) - 0.1).abs() < 1e-6);
    }

    #[test]
    fn it_finds_the_bottom_of_a_bowl() {
        let rate = Rate { peak: 0.1, warmup: 10, total: 1_000, floor: 0.0 };
        let mut adam = Adam::new(2, rate, 0.0, 10.0);
        let mut at = [3.0_f32, -2.0];
        for _ in 0..1_000 {
            let mut slopes = [2.0 * (at[0] - 1.0), 20.0 * (at[1] - 0.5)];
            adam.step(&mut at, &mut slopes);
        }
        assert!((at[0] - 1.0).abs() < 1e-3 && (at[1] - 0.5).abs() < 1e-3, "{at:?}");
    }
}
