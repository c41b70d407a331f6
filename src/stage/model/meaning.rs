//! How rows of features are made for a network, and what its outputs mean.
//!
//! In: features; values of a head. Out: scaled rows; an expectation.
//! Never: an expectation that is no number.

use super::contract::Expected;
use super::logistic::logistic;
use crate::event::{FEATURES, Features, HORIZONS, Over};

/// What goes into a network.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Places of its inputs in [`Features::values`], in order.
    pub places: Vec<usize>,
    /// Subtracted from each input, then ..
    pub mean: Vec<f32>,
    /// .. each is multiplied by this.
    pub factor: Vec<f32>,
}

/// What the values of the head are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outputs {
    /// The expected log return itself, basis points; `scale_bps` as a linear model's.
    Move {
        /// Spread of what happens around what is expected.
        scale_bps: f32,
    },
    /// Probabilities of down, perhaps flat, and up.
    Classes {
        /// Place of down.
        down: usize,
        /// Place of up.
        up: usize,
        /// What the mid moves by on average where it does, basis points.
        move_bps: f32,
    },
}

impl Inputs {
    /// Panics where they do not fit a network of so many inputs.
    pub(super) fn assert_fit(&self, inputs: usize) {
        let Inputs { places, mean, factor } = self;
        assert!([places.len(), mean.len(), factor.len()] == [inputs; 3], "one place an input");
        assert!(places.iter().all(|place| *place < FEATURES), "each input is a feature");
    }

    /// Horizons of the features that are read, bit `h` for horizon `h`.
    pub(super) fn horizons(&self) -> u8 {
        let remembers = |place: &&usize| **place < Over::ALL.len() * HORIZONS;
        let horizons = self.places.iter().filter(remembers);
        horizons.fold(0, |mask, place| mask | 1 << (place % HORIZONS))
    }

    /// The row of features as the network wants it.
    #[inline(always)]
    pub(super) fn scale(&self, features: &Features, row: &mut [f32]) {
        let Inputs { places, mean, factor } = self;
        for (((to, place), mean), factor) in row.iter_mut().zip(places).zip(mean).zip(factor) {
            *to = (features.values[*place] - mean) * factor;
        }
    }
}

impl Outputs {
    /// Values of the head that are read.
    pub fn count(self) -> usize {
        match self {
            Outputs::Move { .. } => 1,
            Outputs::Classes { down, up, .. } => down.max(up) + 1,
        }
    }

    /// What the head's values mean; `None` where they are no numbers.
    #[inline(always)]
    pub fn expected(self, out: &[f32]) -> Option<Expected> {
        let expected = match self {
            Outputs::Move { scale_bps } => {
                let bps = out[0];
                Expected { bps, up: logistic(f64::from(bps / scale_bps)) as f32 }
            }
            Outputs::Classes { down, up, move_bps } => {
                let (down, up) = (out[down], out[up]);
                // What is neither is shared: up and down are what is asked for.
                Expected { bps: (up - down) * move_bps, up: 0.5 + (up - down) / 2.0 }
            }
        };
        let is_likely = (0.0..=1.0).contains(&expected.up);
        (expected.bps.is_finite() && is_likely).then_some(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_up_nor_down_is_shared() {
        let outputs = Outputs::Classes { down: 0, up: 2, move_bps: 4.0 };
        let expected = outputs.expected(&[0.25, 0.25, 0.5]).unwrap();
        assert_eq!(expected, Expected { bps: 1.0, up: 0.625 });
        assert_eq!(outputs.count(), 3);
    }

    #[test]
    fn what_is_no_number_or_no_probability_is_nothing() {
        let classes = Outputs::Classes { down: 0, up: 1, move_bps: 4.0 };
        for bad in [[f32::NAN, 0.5], [0.5, f32::INFINITY], [-3.0, 2.0]] {
            assert_eq!(classes.expected(&bad), None, "{bad:?}");
        }
        let of_move = Outputs::Move { scale_bps: 1.0 };
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(of_move.expected(&[bad]), None, "{bad}");
        }
        assert!(of_move.expected(&[-1e30]).is_some_and(|expected| expected.up < 1e-6));
    }
}
