//! Packing: weights of a network in the order in which a step reads them.
//!
//! In: a sound [`Network`], and what each layer's values reach where they become bytes. Out: one
//! block of floats, one of bytes, and where each matrix lies.
//! Never: a weight that is left out. Cells up to a whole tile are filled with zeroes and stay zero.

use std::ops::Range;

use super::super::kernel::{EXPONENTS, LANES, PAIR, QUAD};
use super::super::network::{Activation, Dense, Layer, Network, Output};
use super::product::{Kind, LENGTH_MAX, Matrix, STRIDE, STRIDE_BYTES, Store, WORDS_MAX};
use crate::sys::block::Block;

/// A network, packed.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) store: Store,
    pub(super) layers: Box<[PackedLayer]>,
    pub(super) head: Box<[PackedDense]>,
    pub(super) output: Output,
    /// Numbers that the widest dense layer gives, filled up to whole tiles.
    pub(super) head_width: usize,
}

/// One LSTM layer.
#[derive(Clone, Debug)]
pub(super) struct PackedLayer {
    pub(super) tiles: usize,
    pub(super) w: Matrix,
    pub(super) r: Matrix,
    /// Biases, `[tile][gate][lane]`.
    pub(super) b: Range<usize>,
    /// What its values are multiplied by to become bytes; `None` where none are needed.
    pub(super) fineness: Option<f32>,
}

/// One dense layer: weights `[tile][value in][lane]`, biases `[tile][lane]`.
#[derive(Clone, Debug)]
pub(super) struct PackedDense {
    pub(super) inputs: usize,
    pub(super) tiles: usize,
    pub(super) w: Range<usize>,
    pub(super) b: Range<usize>,
    pub(super) activation: Activation,
}

/// Blocks while they grow.
#[derive(Default)]
struct Growing {
    floats: Vec<f32>,
    bytes: Vec<i8>,
    words: Vec<i16>,
    offsets: Vec<i32>,
}

impl Packed {
    /// Packs a network: as floats, or as bytes where `reach` says what each layer's values reach.
    pub(super) fn new(network: &Network, reach: Option<&[f32]>) -> Packed {
        let mut growing = Growing::default();
        let mut layers: Vec<PackedLayer> = Vec::new();
        // The input halves first: they are what remains to do when an event comes.
        for (n, layer) in network.layers.iter().enumerate() {
            let tiles = layer.hidden.div_ceil(LANES);
            let b = growing.add_biases(layer, tiles);
            // Features have any size: words of 16 bits hold a row of them beside its greatest.
            let w = match reach {
                Some(_) if n == 0 && layer.inputs <= WORDS_MAX => {
                    let kind = growing.add_words(&layer.w, layer.inputs, layer.hidden);
                    Matrix { inputs: layer.inputs, kind }
                }
                _ => {
                    let before = reach.filter(|_| n > 0).map(|reach| reach[n - 1]);
                    growing.add_matrix(&layer.w, layer.inputs, layer.hidden, before)
                }
            };
            let r = Matrix { inputs: layer.hidden, kind: Kind::Floats(0..0) };
            let fineness = reach.map(|reach| 127.0 / reach[n]);
            layers.push(PackedLayer { tiles, w, r, b, fineness });
        }
        let head: Vec<PackedDense> = network.head.iter().map(|d| growing.add_dense(d)).collect();
        for (n, (packed, layer)) in layers.iter_mut().zip(&network.layers).enumerate() {
            let own = reach.map(|reach| reach[n]);
            packed.r = growing.add_matrix(&layer.r, layer.hidden, layer.hidden, own);
        }
        Packed {
            inputs: network.inputs,
            outputs: network.outputs(),
            store: growing.done(),
            layers: layers.into(),
            head_width: head.iter().map(|d| d.tiles * LANES).max().unwrap_or_default(),
            head: head.into(),
            output: network.output,
        }
    }

    /// Words that a row of features is made into, in whole vectors; 0 where it stays floats.
    pub(super) fn words_wide(&self) -> usize {
        match self.layers.first().map(|layer| &layer.w.kind) {
            Some(Kind::Words { .. }) => self.inputs.next_multiple_of(LANES),
            _ => 0,
        }
    }

    /// Bytes of weights and biases, with what fills up tiles.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.store.floats)
            + size_of_val(&*self.store.bytes)
            + size_of_val(&*self.store.words)
            + size_of_val(&*self.store.offsets)
    }
}

/// For each place of `[tile][gate][lane]`: the row of ONNX's matrix, if there is such a cell.
fn rows(hidden: usize) -> impl Iterator<Item = Option<usize>> {
    let places = 0..hidden.div_ceil(LANES) * STRIDE;
    places.map(move |place| {
        let (tile, gate, lane) = (place / STRIDE, place % STRIDE / LANES, place % LANES);
        let cell = tile * LANES + lane;
        (cell < hidden).then_some(gate * hidden + cell)
    })
}

/// What the gate of a place of `[tile][gate][lane]` has its sum multiplied by.
fn exponent(place: usize) -> f32 {
    EXPONENTS[place % STRIDE / LANES]
}

impl Growing {
    fn add_biases(&mut self, layer: &Layer, tiles: usize) -> Range<usize> {
        let from = self.floats.len();
        let biases = (0..).zip(rows(layer.hidden));
        let bias = |(place, row): (usize, Option<usize>)| {
            row.map_or(0.0, |row| exponent(place) * layer.b[row])
        };
        self.floats.extend(biases.map(bias));
        debug_assert_eq!(self.floats.len(), from + tiles * STRIDE, "each tile has its biases");
        from..self.floats.len()
    }

    fn add_matrix(
        &mut self,
        w: &[f32],
        inputs: usize,
        hidden: usize,
        reach: Option<f32>,
    ) -> Matrix {
        let kind = match reach {
            None => self.add_floats(w, inputs, hidden),
            Some(reach) => self.add_bytes(w, inputs, hidden, reach),
        };
        Matrix { inputs, kind }
    }

    fn add_floats(&mut self, w: &[f32], inputs: usize, hidden: usize) -> Kind {
        let from = self.floats.len();
        let places: Vec<Option<usize>> = rows(hidden).collect();
        for tile in places.chunks(STRIDE) {
            for k in 0..inputs {
                let weight = |(place, row): (usize, &Option<usize>)| {
                    row.map_or(0.0, |row| exponent(place) * w[row * inputs + k])
                };
                self.floats.extend((0..).zip(tile).map(weight));
            }
        }
        Kind::Floats(from..self.floats.len())
    }

    /// Each row is divided by its own unit, so that its greatest weight is 127.
    fn add_bytes(&mut self, w: &[f32], inputs: usize, hidden: usize, reach: f32) -> Kind {
        let (weights, scales, offsets) = (self.bytes.len(), self.floats.len(), self.offsets.len());
        let places: Vec<Option<usize>> = rows(hidden).collect();
        let unit = |row: usize| {
            let row = &w[row * inputs..(row + 1) * inputs];
            row.iter().fold(0.0_f32, |most, weight| most.max(weight.abs())) / 127.0
        };
        let units: Vec<f32> = places.iter().map(|row| row.map_or(0.0, unit)).collect();
        let scale = |(place, unit): (usize, &f32)| exponent(place) * unit * reach / 127.0;
        self.floats.extend((0..).zip(&units).map(scale));
        let whole = |place: usize, k: usize| match places[place] {
            Some(row) if k < inputs && units[place] > 0.0 => {
                (w[row * inputs + k] / units[place]).round_ties_even().clamp(-127.0, 127.0) as i8
            }
            _ => 0,
        };
        for place in 0..places.len() {
            let sum: i32 = (0..inputs).map(|k| i32::from(whole(place, k))).sum();
            self.offsets.push(-128 * sum);
        }
        for tile in (0..places.len()).step_by(STRIDE) {
            for first in (0..inputs).step_by(QUAD) {
                for place in tile..tile + STRIDE {
                    self.bytes.extend((first..first + QUAD).map(|k| whole(place, k)));
                }
            }
        }
        debug_assert!((self.bytes.len() - weights).is_multiple_of(STRIDE_BYTES), "whole quads");
        Kind::Bytes {
            weights: weights..self.bytes.len(),
            scales: scales..scales + places.len(),
            offsets: offsets..self.offsets.len(),
        }
    }

    /// Each row is divided by its own unit, so that with a row of words its sum fits 32 bits.
    fn add_words(&mut self, w: &[f32], inputs: usize, hidden: usize) -> Kind {
        let (weights, scales) = (self.words.len(), self.floats.len());
        let places: Vec<Option<usize>> = rows(hidden).collect();
        let unit = |row: usize| {
            let row = &w[row * inputs..(row + 1) * inputs];
            let most = row.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
            let length: f64 = row.iter().map(|weight| f64::from(weight.abs())).sum();
            (f64::from(most) / 32_767.0).max(length / LENGTH_MAX) as f32
        };
        let units: Vec<f32> = places.iter().map(|row| row.map_or(0.0, unit)).collect();
        self.floats.extend((0..).zip(&units).map(|(place, unit)| exponent(place) * unit));
        let whole = |place: usize, k: usize| match places[place] {
            Some(row) if k < inputs && units[place] > 0.0 => {
                let weight = w[row * inputs + k] / units[place];
                weight.round_ties_even().clamp(-32_767.0, 32_767.0) as i16
            }
            _ => 0,
        };
        for tile in (0..places.len()).step_by(STRIDE) {
            for first in (0..inputs).step_by(PAIR) {
                for place in tile..tile + STRIDE {
                    self.words.extend((first..first + PAIR).map(|k| whole(place, k)));
                }
            }
        }
        Kind::Words { weights: weights..self.words.len(), scales: scales..scales + places.len() }
    }

    fn add_dense(&mut self, dense: &Dense) -> PackedDense {
        let tiles = dense.outputs.div_ceil(LANES);
        let cell = |n: usize| (n < dense.outputs).then_some(n);
        let from = self.floats.len();
        for tile in 0..tiles {
            for k in 0..dense.inputs {
                let cells = (tile * LANES..(tile + 1) * LANES).map(cell);
                let weight = |n: Option<usize>| n.map_or(0.0, |n| dense.w[n * dense.inputs + k]);
                self.floats.extend(cells.map(weight));
            }
        }
        let to = self.floats.len();
        self.floats.extend((0..tiles * LANES).map(|n| cell(n).map_or(0.0, |n| dense.b[n])));
        let (w, b) = (from..to, to..self.floats.len());
        PackedDense { inputs: dense.inputs, tiles, w, b, activation: dense.activation }
    }

    fn done(self) -> Store {
        let mut floats = Block::new(self.floats.len(), 0.0);
        floats.copy_from_slice(&self.floats);
        let mut bytes = Block::new(self.bytes.len(), 0);
        bytes.copy_from_slice(&self.bytes);
        let mut words = Block::new(self.words.len(), 0);
        words.copy_from_slice(&self.words);
        let mut offsets = Block::new(self.offsets.len(), 0);
        offsets.copy_from_slice(&self.offsets);
        Store { floats, bytes, words, offsets }
    }
}
