//! Products of packed matrices with rows: the loops that all time goes into.
//!
//! A matrix is cut into tiles of sixteen cells. A tile holds, for each value in (or each four of
//! them as bytes), sixteen weights of each gate; so a step reads all weights once, from the first
//! to the last.
//! Never: a sum in another order than that of the values in, however many tiles or rows are done
//! at once. So a step, a batch and a window agree bit by bit where they sum the same.

#![allow(
    clippy::needless_range_loop,
    reason = "places known at compile time; iterators over arrays are not always inlined"
)]

use std::ops::Range;

use super::super::kernel::{Gates, LANES, Lanes, QUAD};
use crate::sys::block::Block;

/// Numbers of one value in, in one tile: sixteen for each gate.
pub(super) const STRIDE: usize = 4 * LANES;

/// Bytes of four values in, in one tile.
pub(super) const STRIDE_BYTES: usize = STRIDE * QUAD;

/// All weights of a network.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) floats: Block<f32>,
    pub(super) bytes: Block<i8>,
    pub(super) offsets: Block<i32>,
}

/// Where a matrix lies in the store.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    /// Values in.
    pub(super) inputs: usize,
    pub(super) kind: Kind,
}

/// In what form its weights are.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// As they are.
    Floats(Range<usize>),
    /// As bytes, each row of the matrix with its scale.
    Bytes {
        weights: Range<usize>,
        /// What a unit of the integer sum is worth, `[tile][gate][lane]`.
        scales: Range<usize>,
        /// What sums begin at where bytes are seen as 0 to 255, in the same order.
        offsets: Range<usize>,
    },
}

/// Values in: as they are, and rounded to bytes where the matrix needs that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) floats: &'a [f32],
    pub(super) bytes: &'a [u8],
}

/// Adds to the sums of `P` tiles from `tile` on, for each of `N` rows, what the matrix makes of
/// them.
#[inline(always)]
pub(super) fn add<L: Lanes, const P: usize, const N: usize>(
    l: L,
    store: &Store,
    matrix: &Matrix,
    tile: usize,
    rows: [Row<'_>; N],
    sums: &mut [[Gates<L>; N]; P],
) {
    match &matrix.kind {
        Kind::Floats(range) => {
            let all = store.floats[range.clone()].as_chunks::<STRIDE>().0;
            let mut tiles = [all; P];
            for (p, tile) in (tile..tile + P).enumerate() {
                tiles[p] = &all[tile * matrix.inputs..(tile + 1) * matrix.inputs];
            }
            let mut floats = [rows[0].floats; N];
            for n in 0..N {
                floats[n] = rows[n].floats;
            }
            add_floats(l, tiles, floats, sums);
        }
        Kind::Bytes { weights, scales, offsets } => {
            let all = store.bytes[weights.clone()].as_chunks::<STRIDE_BYTES>().0;
            let quads = matrix.inputs.div_ceil(QUAD);
            let offsets = store.offsets[offsets.clone()].as_chunks::<LANES>().0;
            let mut tiles = [all; P];
            let mut whole = [[[l.origin(&offsets[0]); 4]; N]; P];
            for (p, tile) in (tile..tile + P).enumerate() {
                tiles[p] = &all[tile * quads..(tile + 1) * quads];
                for gate in 0..4 {
                    let origin = l.origin(&offsets[tile * 4 + gate]);
                    for n in 0..N {
                        whole[p][n][gate] = origin;
                    }
                }
            }
            let mut bytes = [rows[0].bytes.as_chunks::<QUAD>().0; N];
            for n in 0..N {
                bytes[n] = rows[n].bytes.as_chunks::<QUAD>().0;
            }
            add_bytes(l, tiles, bytes, &mut whole);
            let scales = store.floats[scales.clone()].as_chunks::<LANES>().0;
            for p in 0..P {
                for gate in 0..4 {
                    let scale = l.load(&scales[(tile + p) * 4 + gate]);
                    for n in 0..N {
                        let sum = &mut sums[p][n][gate];
                        *sum = l.fma(l.floats(whole[p][n][gate]), scale, *sum);
                    }
                }
            }
        }
    }
}

/// Takes the first of each of several slices; `None` where one is empty. Places in slices would
/// have their bounds checked, and closures over arrays are not always inlined.
#[inline(always)]
fn next<'a, T, const N: usize>(all: &mut [&'a [T]; N]) -> Option<[&'a T; N]> {
    let mut items = [all[0].first()?; N];
    for n in 0..N {
        let (first, rest) = all[n].split_first()?;
        items[n] = first;
        all[n] = rest;
    }
    Some(items)
}

#[inline(always)]
fn add_floats<L: Lanes, const P: usize, const N: usize>(
    l: L,
    mut tiles: [&[[f32; STRIDE]]; P],
    mut rows: [&[f32]; N],
    sums: &mut [[Gates<L>; N]; P],
) {
    let mut local = *sums;
    while let Some(weights) = next(&mut tiles) {
        let Some(values) = next(&mut rows) else { break };
        let mut x = [l.splat(*values[0]); N];
        for n in 1..N {
            x[n] = l.splat(*values[n]);
        }
        for p in 0..P {
            let (gates, _) = weights[p].as_chunks::<LANES>();
            for gate in 0..4 {
                let w = l.load(&gates[gate]);
                for n in 0..N {
                    local[p][n][gate] = l.fma(w, x[n], local[p][n][gate]);
                }
            }
        }
    }
    *sums = local;
}

#[inline(always)]
fn add_bytes<L: Lanes, const P: usize, const N: usize>(
    l: L,
    mut tiles: [&[[i8; STRIDE_BYTES]]; P],
    mut rows: [&[[u8; QUAD]]; N],
    sums: &mut [[[L::Ints; 4]; N]; P],
) {
    let mut local = *sums;
    while let Some(weights) = next(&mut tiles) {
        let Some(values) = next(&mut rows) else { break };
        let mut x = [l.quad(*values[0]); N];
        for n in 1..N {
            x[n] = l.quad(*values[n]);
        }
        for p in 0..P {
            let (gates, _) = weights[p].as_chunks::<64>();
            for gate in 0..4 {
                for n in 0..N {
                    local[p][n][gate] = l.dot(local[p][n][gate], &gates[gate], x[n]);
                }
            }
        }
    }
    *sums = local;
}

/// The four gates of a tile, out of `[tile][gate][lane]`.
#[inline(always)]
pub(super) fn load<L: Lanes>(l: L, from: &[f32], tile: usize) -> Gates<L> {
    let (gates, _) = from[tile * STRIDE..(tile + 1) * STRIDE].as_chunks::<LANES>();
    [l.load(&gates[0]), l.load(&gates[1]), l.load(&gates[2]), l.load(&gates[3])]
}

/// Writes the four gates of a tile.
#[inline(always)]
pub(super) fn store<L: Lanes>(l: L, sums: Gates<L>, to: &mut [f32], tile: usize) {
    let (gates, _) = to[tile * STRIDE..(tile + 1) * STRIDE].as_chunks_mut::<LANES>();
    for n in 0..4 {
        l.store(sums[n], &mut gates[n]);
    }
}
