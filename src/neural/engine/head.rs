//! The head: dense layers over the last hidden states, and what becomes of their values.

use super::super::kernel::{LANES, Lanes, exp, sigmoid, tanh};
use super::super::network::{Activation, Output};
use super::pack::{Packed, PackedDense};
use super::state::Room;

/// Values that are added up side by side, so that no addition waits for the one before it.
const CHAINS: usize = 4;

/// From hidden states to outputs.
#[inline(always)]
pub(super) fn finish<L: Lanes>(l: L, packed: &Packed, h: &[f32], room: &mut Room, out: &mut [f32]) {
    let [here, there] = &mut room.rows;
    let (mut from, mut to) = (&mut **here, &mut **there);
    for (n, dense) in packed.head.iter().enumerate() {
        let values = if n == 0 { h } else { &*from };
        apply(l, packed, dense, values, to);
        (from, to) = (to, from);
    }
    out.copy_from_slice(&from[..out.len()]);
    conclude(packed.output, out);
}

#[inline(always)]
fn apply<L: Lanes>(l: L, packed: &Packed, dense: &PackedDense, values: &[f32], to: &mut [f32]) {
    let weights = packed.store.floats[dense.w.clone()].as_chunks::<LANES>().0;
    let biases = packed.store.floats[dense.b.clone()].as_chunks::<LANES>().0;
    let values = &values[..dense.inputs];
    let tiles = weights.chunks_exact(dense.inputs).zip(biases);
    for ((weights, bias), to) in tiles.zip(to.as_chunks_mut::<LANES>().0) {
        let mut sums = [l.load(bias), l.splat(0.0), l.splat(0.0), l.splat(0.0)];
        let (blocks, rest) = values.as_chunks::<CHAINS>();
        let (weight_blocks, weight_rest) = weights.as_chunks::<CHAINS>();
        for (xs, ws) in blocks.iter().zip(weight_blocks) {
            for n in 0..CHAINS {
                sums[n] = l.fma(l.load(&ws[n]), l.splat(xs[n]), sums[n]);
            }
        }
        for (x, w) in rest.iter().zip(weight_rest) {
            sums[0] = l.fma(l.load(w), l.splat(*x), sums[0]);
        }
        let sum = l.add(l.add(sums[0], sums[1]), l.add(sums[2], sums[3]));
        let value = match dense.activation {
            Activation::None => sum,
            Activation::Relu => l.relu(sum),
            Activation::Tanh => tanh(l, sum),
            Activation::Sigmoid => sigmoid(l, sum),
        };
        l.store(value, to);
    }
}

/// What becomes of the last values.
#[inline(always)]
fn conclude(output: Output, out: &mut [f32]) {
    match output {
        Output::Linear => {}
        Output::Sigmoid => {
            for value in out {
                *value = 1.0 / (1.0 + exp(-*value));
            }
        }
        Output::Softmax => {
            // Less the greatest, so that no power is too large.
            let most = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for value in &mut *out {
                *value = exp(*value - most);
                sum += *value;
            }
            for value in out {
                *value /= sum;
            }
        }
    }
}
