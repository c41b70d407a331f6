//! A weighted sum of features: the plainest model, and what any other has to beat.
//!
//! In: features. Out: `bias + sum of weight x feature`, clipped.
//! Never: another order of the sum than that of the features; floats do not add up the same in two.

use super::contract::{Answer, Expected, Model};
use super::logistic::logistic;
use super::settings::Coefficients;
use crate::base::Nanos;
use crate::event::{FEATURES, Features, HORIZONS, Over};

/// A weighted sum.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    bias: f64,
    /// Place and weight, by place.
    weights: Box<[(usize, f64)]>,
    clip: f64,
    scale: f64,
    horizons: u8,
}

impl Linear {
    pub(super) fn new(of: &Coefficients) -> Linear {
        assert!(of.clip_bps > 0.0 && of.scale_bps > 0.0, "clip and scale are above zero");
        let mut weights = of.weights.clone();
        weights.sort_unstable_by_key(|(place, _)| *place);
        let is_known = weights.iter().all(|(place, _)| *place < FEATURES);
        assert!(is_known, "each weight is of a feature");
        let is_once = weights.windows(2).all(|pair| pair[0].0 < pair[1].0);
        assert!(is_once, "each feature has one weight");
        let remembers = |place: &usize| *place < Over::ALL.len() * HORIZONS;
        let horizons = weights.iter().map(|(place, _)| *place).filter(remembers);
        Linear {
            horizons: horizons.fold(0, |mask, place| mask | 1 << (place % HORIZONS)),
            bias: of.bias,
            weights: weights.into(),
            clip: of.clip_bps,
            scale: of.scale_bps,
        }
    }
}

impl Model for Linear {
    fn horizons(&self) -> u8 {
        self.horizons
    }

    #[inline]
    fn expect(&mut self, _now: Nanos, features: &Features, _slot: usize) -> Answer {
        let mut sum = self.bias;
        for (place, weight) in &self.weights {
            sum += weight * f64::from(features.values[*place]);
        }
        if !sum.is_finite() {
            return Answer::Failed;
        }
        let bps = sum.clamp(-self.clip, self.clip);
        let up = logistic(bps / self.scale) as f32;
        Answer::Expected(Expected { bps: bps as f32, up })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Now;
    use proptest::prelude::*;

    fn model(bias: f64, weights: &[(usize, f64)]) -> Linear {
        let weights = weights.to_vec();
        Linear::new(&Coefficients { bias, weights, clip_bps: 5.0, scale_bps: 2.0 })
    }

    const IMBALANCE: usize = Features::place_now(Now::Imbalance1);
    const FLOW: usize = Features::place(Over::OrderFlow, 3);

    fn features(imbalance: f32, flow: f32) -> Features {
        let mut features = Features::default();
        features.values[IMBALANCE] = imbalance;
        features.values[FLOW] = flow;
        features
    }

    #[test]
    fn it_is_the_weighted_sum() {
        let mut model = model(0.25, &[(FLOW, -1.0), (IMBALANCE, 0.5)]);
        let Answer::Expected(expected) = model.expect(Nanos(0), &features(0.5, 0.125), 0) else {
            panic!("a number");
        };
        assert_eq!(expected.bps.to_bits(), 0.375_f32.to_bits());
        assert!((expected.up - 0.546_738_f32).abs() < 1e-6, "1 / (1 + e^-0.1875)");
    }

    #[test]
    fn nothing_beyond_the_clip_is_expected() {
        let mut model = model(0.0, &[(IMBALANCE, 1_000.0)]);
        let answer = model.expect(Nanos(0), &features(-1.0, 0.0), 0);
        let Answer::Expected(expected) = answer else { panic!("a number") };
        assert_eq!(expected.bps.to_bits(), (-5_f32).to_bits());
    }

    #[test]
    fn what_is_no_number_is_no_forecast() {
        let mut model = model(0.0, &[(IMBALANCE, 1.0)]);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(model.expect(Nanos(0), &features(bad, 0.0), 0), Answer::Failed);
        }
    }

    #[test]
    fn it_needs_the_horizons_that_it_reads_and_no_other() {
        assert_eq!(model(0.0, &[(IMBALANCE, 1.0)]).horizons(), 0);
        assert_eq!(model(0.0, &[(IMBALANCE, 1.0), (FLOW, 1.0)]).horizons(), 1 << 3);
    }

    proptest! {
        #[test]
        fn the_order_in_which_weights_are_given_changes_no_bit(
            values in prop::collection::vec(-10.0_f32..10.0, FEATURES),
            mut weights in prop::collection::btree_map(0..FEATURES, -3.0..3.0, 1..20)
                .prop_map(|map| map.into_iter().collect::<Vec<_>>())
                .prop_shuffle(),
        ) {
            let mut features = Features::default();
            features.values.copy_from_slice(&values);
            let one = model(0.1, &weights).expect(Nanos(0), &features, 0);
            weights.reverse();
            prop_assert_eq!(one, model(0.1, &weights).expect(Nanos(0), &features, 0));
        }
    }
}
