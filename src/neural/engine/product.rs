//! Products of packed matrices with rows: the loops that all time goes into.
//!
//! A matrix is cut into tiles of sixteen cells. A tile holds, for each value in (or each four of
//! them as bytes), sixteen weights of each gate; so a step reads all weights once, from the first
//! to the last.
//! Never: a sum in another order than that of the values in, however many tiles or rows are done
//! at once. So a step, a batch and a window agree bit by bit where they sum the same.

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
    /// Sixteen cells each.
    pub(super) tiles: usize,
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
            let of = |p: usize| {
                let from = (tile + p) * matrix.inputs;
                &all[from..from + matrix.inputs]
            };
            add_floats(l, std::array::from_fn(of), rows.map(|row| row.floats), sums);
        }
        Kind::Bytes { weights, scales, offsets } => {
            let all = store.bytes[weights.clone()].as_chunks::<STRIDE_BYTES>().0;
            let quads = matrix.inputs.div_ceil(QUAD);
            let of = |p: usize| &all[(tile + p) * quads..(tile + p + 1) * quads];
            let offsets = store.offsets[offsets.clone()].as_chunks::<LANES>().0;
            let origin = |p: usize| {
                let tile: [usize; 4] = std::array::from_fn(|gate| (tile + p) * 4 + gate);
                [tile.map(|n| l.origin(&offsets[n])); N]
            };
            let mut whole: [[[L::Ints; 4]; N]; P] = std::array::from_fn(origin);
            let rows = rows.map(|row| row.bytes.as_chunks::<QUAD>().0);
            add_bytes(l, std::array::from_fn(of), rows, &mut whole);
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

#[inline(always)]
fn add_floats<L: Lanes, const P: usize, const N: usize>(
    l: L,
    tiles: [&[[f32; STRIDE]]; P],
    rows: [&[f32]; N],
    sums: &mut [[Gates<L>; N]; P],
) {
    let inputs = tiles[0].len();
    // Cut to one length, so that no bound is checked in the loop.
    let tiles = tiles.map(|tile| &tile[..inputs]);
    let rows = rows.map(|row| &row[..inputs]);
    let mut local = *sums;
    for k in 0..inputs {
        let x: [L::Floats; N] = std::array::from_fn(|n| l.splat(rows[n][k]));
        for p in 0..P {
            let (gates, _) = tiles[p][k].as_chunks::<LANES>();
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
    tiles: [&[[i8; STRIDE_BYTES]]; P],
    rows: [&[[u8; QUAD]]; N],
    sums: &mut [[[L::Ints; 4]; N]; P],
) {
    let quads = tiles[0].len();
    let tiles = tiles.map(|tile| &tile[..quads]);
    let rows = rows.map(|row| &row[..quads]);
    let mut local = *sums;
    for k in 0..quads {
        let x: [L::Quad; N] = std::array::from_fn(|n| l.quad(rows[n][k]));
        for p in 0..P {
            let (gates, _) = tiles[p][k].as_chunks::<64>();
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
    std::array::from_fn(|gate| l.load(&gates[gate]))
}

/// Writes the four gates of a tile.
#[inline(always)]
pub(super) fn store<L: Lanes>(l: L, sums: Gates<L>, to: &mut [f32], tile: usize) {
    let (gates, _) = to[tile * STRIDE..(tile + 1) * STRIDE].as_chunks_mut::<LANES>();
    for (gate, sum) in gates.iter_mut().zip(sums) {
        l.store(sum, gate);
    }
}
