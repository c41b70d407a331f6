//! Passes: from rows to probabilities, and back from their error to the slope of every weight.
//!
//! In: a batch of lanes, each some steps in time; weights. Out: probabilities, cross entropy,
//! slopes by back-propagation through time. States go on from pass to pass until they are let go;
//! slopes end where the pass began (truncated BPTT; Williams and Peng, 1990). Never: a step
//! downhill, an allocation after construction.
//!
//! Everything is `[step][lane][value]`, so that all lanes of a step lie together and one product
//! takes them, and one product takes the inputs of all steps.

use super::cell::{self, Kept};
use super::chance::Chance;
use super::weights::{Places, Shape, Weights};
use crate::neural::{Matrix, multiply};

/// What goes through at once.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Features, `[steps][lanes][inputs]`.
    pub x: &'a [f32],
    /// 1 where a lane goes on from the step before, 0 where it begins anew, `[steps][lanes]`.
    pub keeps: &'a [f32],
    /// The true class, `[steps][lanes]`.
    pub classes: &'a [u8],
    /// How much each counts, 0 where there is no label, `[steps][lanes]`.
    pub counts: &'a [f32],
}

/// What is left out by chance, so that no cell leans on another (Srivastava et al., 2014).
#[derive(Clone, Debug)]
pub struct Dropout {
    /// Share of each layer's outputs that is left out, from 0 to below 1.
    pub rate: f32,
    /// Which.
    pub chance: Chance,
}

/// The memory of one layer over a pass.
#[derive(Debug)]
struct Memory {
    gates: Vec<f32>,
    before_out: Vec<f32>,
    before_state: Vec<f32>,
    bent: Vec<f32>,
    /// Carried from step to step, and from pass to pass.
    out: Vec<f32>,
    state: Vec<f32>,
    /// 0 or the reciprocal of what is left; all 1 without dropout.
    mask: Vec<f32>,
}

/// Both passes through a network, for batches of one size.
#[derive(Debug)]
pub struct Pass {
    shape: Shape,
    lanes: usize,
    steps: usize,
    layers: Vec<Memory>,
    /// What each layer takes, and last what the head takes.
    inputs: Vec<Vec<f32>>,
    probabilities: Vec<f32>,
    /// Slopes of a layer's outputs, of all steps.
    d_all: Vec<f32>,
    /// Slopes that come back from the step after.
    d_out: Vec<f32>,
    d_state: Vec<f32>,
    /// First row that counts: where only the last step has a label the head is spared the others.
    first: usize,
}

impl Pass {
    /// Room for `steps` steps of `lanes` lanes.
    pub fn new(shape: Shape, steps: usize, lanes: usize) -> Pass {
        let (rows, wide) = (steps * lanes, shape.hidden);
        let memory = |_| Memory {
            gates: vec![0.0; rows * 4 * wide],
            before_out: vec![0.0; rows * wide],
            before_state: vec![0.0; rows * wide],
            bent: vec![0.0; rows * wide],
            out: vec![0.0; lanes * wide],
            state: vec![0.0; lanes * wide],
            mask: vec![1.0; rows * wide],
        };
        let width = |n: usize| if n == 0 { shape.inputs } else { shape.hidden };
        Pass {
            shape,
            lanes,
            steps,
            layers: (0..shape.layers).map(memory).collect(),
            inputs: (0..=shape.layers).map(|n| vec![0.0; rows * width(n)]).collect(),
            probabilities: vec![0.0; rows * shape.classes],
            d_all: vec![0.0; rows * wide.max(shape.inputs)],
            d_out: vec![0.0; lanes * wide],
            d_state: vec![0.0; lanes * wide],
            first: 0,
        }
    }

    /// Probabilities of the last pass, `[steps][lanes][classes]`; those of steps before the first
    /// that counts are not made.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// Forwards. Returns the sum of the cross entropies, each times what it counts.
    pub fn forward(
        &mut self,
        weights: &Weights,
        batch: &Batch<'_>,
        mut dropout: Option<&mut Dropout>,
    ) -> f64 {
        let rows = self.steps * self.lanes;
        assert!(batch.x.len() == rows * self.shape.inputs, "a batch has the size of its pass");
        assert!(
            [batch.keeps.len(), batch.classes.len(), batch.counts.len()] == [rows; 3],
            "each step of each lane has its label"
        );
        self.inputs[0].copy_from_slice(batch.x);
        for n in 0..self.shape.layers {
            self.climb(n, weights, batch.keeps, dropout.as_deref_mut());
        }
        let counting = batch.counts.iter().position(|&count| count > 0.0).unwrap_or(rows);
        self.first = counting / self.lanes * self.lanes;
        self.judge(weights, batch)
    }

    /// One layer over all steps, into the inputs of the next one.
    fn climb(&mut self, n: usize, weights: &Weights, keeps: &[f32], drop: Option<&mut Dropout>) {
        let (wide, lanes) = (self.shape.hidden, self.lanes);
        let places = self.shape.layer(n);
        let of = |range: &std::ops::Range<usize>| &weights.values[range.clone()];
        let (below, above) = self.inputs.split_at_mut(n + 1);
        let (inputs, outs, memory) = (&below[n], &mut above[0], &mut self.layers[n]);
        for row in memory.gates.chunks_exact_mut(4 * wide) {
            row.copy_from_slice(of(&places.b));
        }
        let w = Matrix::new(of(&places.w), places.inputs).turned();
        multiply(&mut memory.gates, true, Matrix::new(inputs, places.inputs), w);
        let r = Matrix::new(of(&places.r), wide).turned();
        let size = lanes * wide;
        for step in 0..self.steps {
            let here = step * size..(step + 1) * size;
            let before_out = &mut memory.before_out[here.clone()];
            let before_state = &mut memory.before_state[here.clone()];
            let keeps = &keeps[step * lanes..(step + 1) * lanes];
            keep(before_out, &memory.out, keeps);
            keep(before_state, &memory.state, keeps);
            let gates = &mut memory.gates[step * 4 * size..(step + 1) * 4 * size];
            multiply(gates, true, Matrix::new(before_out, wide), r);
            let bent = &mut memory.bent[here.clone()];
            for lane in 0..lanes {
                let at = lane * wide..(lane + 1) * wide;
                let mut kept = Kept {
                    gates: &mut gates[lane * 4 * wide..(lane + 1) * 4 * wide],
                    before: &before_state[at.clone()],
                    bent: &mut bent[at.clone()],
                };
                cell::forward(&mut kept, &mut memory.state[at.clone()], &mut memory.out[at]);
            }
            outs[here].copy_from_slice(&memory.out);
        }
        draw(&mut memory.mask, drop);
        scale(outs, &memory.mask);
    }

    /// The head and the error of its word.
    fn judge(&mut self, weights: &Weights, batch: &Batch<'_>) -> f64 {
        let (classes, last) = (self.shape.classes, self.shape.last());
        let (w, b) = self.shape.head();
        let logits = &mut self.probabilities[self.first * classes..];
        if logits.is_empty() {
            return 0.0;
        }
        for row in logits.chunks_exact_mut(classes) {
            row.copy_from_slice(&weights.values[b.clone()]);
        }
        let inputs = Matrix::new(&self.inputs[self.shape.layers][self.first * last..], last);
        multiply(logits, true, inputs, Matrix::new(&weights.values[w], last).turned());
        let mut loss = 0.0;
        for (n, row) in logits.chunks_exact_mut(classes).enumerate() {
            softmax(row);
            let (class, count) = (batch.classes[self.first + n], batch.counts[self.first + n]);
            if count > 0.0 {
                // A probability of 0 is the smallest float there is, not an error without bound.
                let p = row[usize::from(class)].max(f32::MIN_POSITIVE);
                loss -= f64::from(count) * f64::from(p).ln();
            }
        }
        loss
    }

    /// Backwards, after a pass forwards with the same weights and batch: adds the slopes of the
    /// summed error to `slopes`.
    pub fn backward(&mut self, weights: &Weights, batch: &Batch<'_>, slopes: &mut [f32]) {
        assert!(slopes.len() == weights.values.len(), "each weight has a slope");
        self.blame(weights, batch, slopes);
        for n in (0..self.shape.layers).rev() {
            self.descend(n, weights, batch.keeps, slopes);
        }
    }

    /// Slopes of the head, and of what it took.
    fn blame(&mut self, weights: &Weights, batch: &Batch<'_>, slopes: &mut [f32]) {
        let (classes, last) = (self.shape.classes, self.shape.last());
        let (w, b) = self.shape.head();
        let rows = &mut self.probabilities[self.first * classes..];
        self.d_all[..self.first * last].fill(0.0);
        if rows.is_empty() {
            return;
        }
        for (n, row) in rows.chunks_exact_mut(classes).enumerate() {
            let (class, count) = (batch.classes[self.first + n], batch.counts[self.first + n]);
            scale_all(row, count);
            if count > 0.0 {
                row[usize::from(class)] -= count;
            }
        }
        let errors = Matrix::new(rows, classes);
        let inputs = &self.inputs[self.shape.layers][self.first * last..];
        multiply(&mut slopes[w.clone()], true, errors.turned(), Matrix::new(inputs, last));
        add_rows(&mut slopes[b], rows);
        let to = &mut self.d_all[self.first * last..self.steps * self.lanes * last];
        multiply(to, false, errors, Matrix::new(&weights.values[w], last));
    }

    /// Slopes of one layer, and of what it took.
    fn descend(&mut self, n: usize, weights: &Weights, keeps: &[f32], slopes: &mut [f32]) {
        let (wide, lanes) = (self.shape.hidden, self.lanes);
        let Places { inputs, w, r, b } = self.shape.layer(n);
        let memory = &mut self.layers[n];
        let size = lanes * wide;
        scale(&mut self.d_all[..self.steps * size], &memory.mask);
        self.d_out.fill(0.0);
        self.d_state.fill(0.0);
        for step in (0..self.steps).rev() {
            let here = step * size..(step + 1) * size;
            let d_step = &self.d_all[here.clone()];
            self.d_out.iter_mut().zip(d_step).for_each(|(later, now)| *later += now);
            let gates = &mut memory.gates[step * 4 * size..(step + 1) * 4 * size];
            let before = &memory.before_state[here.clone()];
            let bent = &mut memory.bent[here];
            for lane in 0..lanes {
                let at = lane * wide..(lane + 1) * wide;
                let mut kept = Kept {
                    gates: &mut gates[lane * 4 * wide..(lane + 1) * 4 * wide],
                    before: &before[at.clone()],
                    bent: &mut bent[at.clone()],
                };
                cell::backward(&mut kept, &mut self.d_state[at.clone()], &self.d_out[at]);
            }
            let r = Matrix::new(&weights.values[r.clone()], wide);
            multiply(&mut self.d_out, false, Matrix::new(gates, 4 * wide), r);
            let keeps = &keeps[step * lanes..(step + 1) * lanes];
            for (lane, &kept) in keeps.iter().enumerate().filter(|(_, kept)| **kept < 1.0) {
                let at = lane * wide..(lane + 1) * wide;
                scale_all(&mut self.d_out[at.clone()], kept);
                scale_all(&mut self.d_state[at], kept);
            }
        }
        let gates = Matrix::new(&memory.gates, 4 * wide);
        let taken = Matrix::new(&self.inputs[n], inputs);
        multiply(&mut slopes[w.clone()], true, gates.turned(), taken);
        multiply(&mut slopes[r], true, gates.turned(), Matrix::new(&memory.before_out, wide));
        add_rows(&mut slopes[b], &memory.gates);
        if n > 0 {
            let to = &mut self.d_all[..self.steps * lanes * inputs];
            multiply(to, false, gates, Matrix::new(&weights.values[w], inputs));
        }
    }
}

/// The state of each lane, or zero where it begins anew.
fn keep(to: &mut [f32], from: &[f32], keeps: &[f32]) {
    let wide = to.len() / keeps.len();
    let lanes = to.chunks_exact_mut(wide).zip(from.chunks_exact(wide)).zip(keeps);
    for ((to, from), kept) in lanes {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = kept * from);
    }
}

/// Draws what is left out; without dropout nothing is.
fn draw(mask: &mut [f32], dropout: Option<&mut Dropout>) {
    mask.fill(1.0);
    if let Some(dropout) = dropout {
        let left = (1.0 - dropout.rate).recip();
        for kept in mask {
            *kept = if dropout.chance.unit() < dropout.rate { 0.0 } else { left };
        }
    }
}

fn scale(values: &mut [f32], by: &[f32]) {
    values.iter_mut().zip(by).for_each(|(value, by)| *value *= by);
}

fn scale_all(values: &mut [f32], by: f32) {
    for value in values {
        *value *= by;
    }
}

fn add_rows(sum: &mut [f32], rows: &[f32]) {
    for row in rows.chunks_exact(sum.len()) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

/// Logits become probabilities.
fn softmax(row: &mut [f32]) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for x in row.iter_mut() {
        *x = (*x - top).exp();
    }
    let sum: f32 = row.iter().sum();
    scale_all(row, sum.recip());
}
