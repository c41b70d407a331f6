//! Weights: all numbers that are learned, in one row, so that an optimiser needs no map of them.
//!
//! In: a shape, a seed. Out: slices by their meaning; a `neural::Network`. Gates are in the order
//! of ONNX: input, output, forget, cell. Never: a second copy.

use std::ops::Range;

use super::chance::Chance;
use crate::neural::{Activation, Dense, Form, Layer, Network, Output};

/// How large a network is. Without layers it is a softmax regression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Features.
    pub inputs: usize,
    /// Cells of each layer.
    pub hidden: usize,
    /// LSTM layers.
    pub layers: usize,
    /// Classes.
    pub classes: usize,
}

/// Where a layer's numbers lie.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) inputs: usize,
    pub(super) w: Range<usize>,
    pub(super) r: Range<usize>,
    pub(super) b: Range<usize>,
}

/// The numbers of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// What they are the numbers of.
    pub shape: Shape,
    /// Layer by layer `w`, `r`, `b`, then the head's `w` and `b`.
    pub values: Vec<f32>,
}

impl Shape {
    /// Numbers in it.
    pub fn count(&self) -> usize {
        self.head().1.end
    }

    /// Values behind the last layer.
    pub(super) fn last(&self) -> usize {
        if self.layers == 0 { self.inputs } else { self.hidden }
    }

    pub(super) fn layer(&self, n: usize) -> Places {
        let width = |layer: usize| if layer == 0 { self.inputs } else { self.hidden };
        let size = |layer: usize| 4 * self.hidden * (width(layer) + self.hidden + 1);
        let begin: usize = (0..n).map(size).sum();
        let w = begin..begin + 4 * self.hidden * width(n);
        let r = w.end..w.end + 4 * self.hidden * self.hidden;
        let b = r.end..r.end + 4 * self.hidden;
        Places { inputs: width(n), w, r, b }
    }

    pub(super) fn head(&self) -> (Range<usize>, Range<usize>) {
        let begin = if self.layers == 0 { 0 } else { self.layer(self.layers - 1).b.end };
        let w = begin..begin + self.classes * self.last();
        let b = w.end..w.end + self.classes;
        (w, b)
    }
}

impl Weights {
    /// At random: even within one over the root of the cells, as `PyTorch` begins, and forget gates
    /// that begin open (Jozefowicz, Zaremba and Sutskever, 2015). A regression begins at zero.
    pub fn random(shape: Shape, seed: u64) -> Weights {
        let mut chance = Chance::new(seed, 0);
        let width = if shape.layers == 0 { 0.0 } else { (shape.hidden as f32).sqrt().recip() };
        let mut values: Vec<f32> =
            (0..shape.count()).map(|_| width * (2.0 * chance.unit() - 1.0)).collect();
        for n in 0..shape.layers {
            let b = &mut values[shape.layer(n).b];
            b[2 * shape.hidden..3 * shape.hidden].fill(1.0);
        }
        Weights { shape, values }
    }

    /// As files and engines have it.
    pub fn network(&self, form: Form, window: usize) -> Network {
        let Shape { inputs, hidden, layers, classes } = self.shape;
        let taken = |range: Range<usize>| self.values[range].to_vec();
        let layer = |n: usize| {
            let Places { inputs, w, r, b } = self.shape.layer(n);
            Layer { inputs, hidden, w: taken(w), r: taken(r), b: taken(b) }
        };
        let (w, b) = self.shape.head();
        let head = Dense {
            inputs: self.shape.last(),
            outputs: classes,
            w: taken(w),
            b: taken(b),
            activation: Activation::None,
        };
        Network {
            inputs,
            window,
            form,
            layers: (0..layers).map(layer).collect(),
            head: vec![head],
            output: Output::Softmax,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other_without_a_hole() {
        let shape = Shape { inputs: 5, hidden: 3, layers: 2, classes: 2 };
        let (first, second) = (shape.layer(0), shape.layer(1));
        assert_eq!((first.w.len(), first.r.len(), first.b.len()), (60, 36, 12));
        assert_eq!((second.w.start, second.w.len()), (108, 36));
        let (w, b) = shape.head();
        assert_eq!((w.start, w.len(), b.len()), (second.b.end, 6, 2));
        assert_eq!(shape.count(), 108 + 84 + 8);
    }

    #[test]
    fn a_network_has_every_number_once() {
        let shape = Shape { inputs: 5, hidden: 3, layers: 2, classes: 2 };
        let weights = Weights::random(shape, 9);
        let network = weights.network(Form::Streaming, 1);
        let mut all: Vec<&f32> = Vec::new();
        for layer in &network.layers {
            all.extend([&layer.w, &layer.r, &layer.b].into_iter().flatten());
        }
        for dense in &network.head {
            all.extend(dense.w.iter().chain(&dense.b));
        }
        assert_eq!(all, weights.values.iter().collect::<Vec<_>>());
        assert!(network.layers[1].b[6..9].iter().all(|b| b.to_bits() == 1.0_f32.to_bits()));
    }
}
