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

use super::super::kernel::{Gates, LANES, Lanes, PAIR, QUAD};
use crate::sys::block::Block;

/// Numbers of one value in, in one tile: sixteen for each gate.
pub(super) const STRIDE: usize = 4 * LANES;

/// Bytes of four values in, in one tile.
pub(super) const STRIDE_BYTES: usize = STRIDE * QUAD;

/// Words of two values in, in one tile.
pub(super) const STRIDE_WORDS: usize = STRIDE * PAIR;

/// A row's greatest number as a word; [`LENGTH_MAX`] of them fit 32 bits.
const WORD_MAX: f32 = 8_191.0;

/// The most that the sizes of one matrix row's weights come to, where they are words. A little
/// below what fits, for their rounding.
pub(super) const LENGTH_MAX: f64 = 255_000.0;

/// Values in of a matrix of words, at most: half of each may be added by rounding.
pub(super) const WORDS_MAX: usize = 8_192;

/// All weights of a network.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) floats: Block<f32>,
    pub(super) bytes: Block<i8>,
    pub(super) words: Block<i16>,
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
    /// As words of 16 bits, each row of the matrix with its scale.
    Words {
        weights: Range<usize>,
        /// What a unit of the integer sum is worth where one of the values in is worth 1.
        scales: Range<usize>,
    },
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
    /// As words, and what one of them is worth.
    pub(super) words: &'a [i16],
    pub(super) unit: f32,
}

impl<'a> Row<'a> {
    /// Features: as they are, and as words where those were made.
    #[inline(always)]
    pub(super) fn features(floats: &'a [f32], words: &'a [i16], unit: f32) -> Row<'a> {
        Row { floats, bytes: &[], words, unit }
    }

    /// Hidden states.
    #[inline(always)]
    pub(super) fn hidden(floats: &'a [f32], bytes: &'a [u8]) -> Row<'a> {
        Row { floats, bytes, words: &[], unit: 0.0 }
    }
}

/// Below it a row's numbers count as 0: their reciprocal is none.
const LEAST: f32 = 1e-30;

/// The size of a row's greatest number; infinite or none where one of them is. By the bits, as
/// whole numbers, which vectors compare.
#[inline(always)]
pub(super) fn most(row: &[f32]) -> f32 {
    f32::from_bits(row.iter().fold(0, |most, x| most.max(x.to_bits() & 0x7FFF_FFFF)))
}

/// Makes words of a row whose greatest number, of the size `most`, becomes [`WORD_MAX`], and zeroes
/// behind its end. Returns what a unit is worth.
#[inline(always)]
pub(super) fn shrink<L: Lanes>(l: L, row: &[f32], most: f32, to: &mut [i16]) -> f32 {
    let (by, unit) = if most < LEAST { (0.0, 0.0) } else { (WORD_MAX / most, most / WORD_MAX) };
    let by = l.splat(by);
    let (blocks, rest) = row.as_chunks::<LANES>();
    let (to, _) = to.as_chunks_mut::<LANES>();
    for (block, to) in blocks.iter().zip(&mut *to) {
        l.round_words(l.mul(l.load(block), by), to);
    }
    if let (false, Some(to)) = (rest.is_empty(), to.get_mut(blocks.len())) {
        let mut last = [0.0; LANES];
        last[..rest.len()].copy_from_slice(rest);
        l.round_words(l.mul(l.load(&last), by), to);
    }
    unit
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
        Kind::Words { weights, scales } => {
            let pairs = matrix.inputs.div_ceil(PAIR);
            from_words(l, store, (weights, scales, pairs), tile, rows, sums);
        }
        Kind::Bytes { weights, scales, offsets } => {
            let quads = matrix.inputs.div_ceil(QUAD);
            from_bytes(l, store, (weights, scales, offsets, quads), tile, rows, sums);
        }
    }
}

/// The same where weights are words.
#[inline(always)]
fn from_words<L: Lanes, const P: usize, const N: usize>(
    l: L,
    store: &Store,
    (weights, scales, pairs): (&Range<usize>, &Range<usize>, usize),
    tile: usize,
    rows: [Row<'_>; N],
    sums: &mut [[Gates<L>; N]; P],
) {
    let all = store.words[weights.clone()].as_chunks::<STRIDE_WORDS>().0;
    let mut tiles = [all; P];
    for (p, tile) in (tile..tile + P).enumerate() {
        tiles[p] = &all[tile * pairs..(tile + 1) * pairs];
    }
    let mut whole = [[[l.nothing(); 4]; N]; P];
    let mut words = [rows[0].words.as_chunks::<PAIR>().0; N];
    for n in 0..N {
        words[n] = rows[n].words.as_chunks::<PAIR>().0;
    }
    add_words(l, tiles, words, &mut whole);
    let scales = store.floats[scales.clone()].as_chunks::<LANES>().0;
    for n in 0..N {
        let unit = l.splat(rows[n].unit);
        for p in 0..P {
            for gate in 0..4 {
                let scale = l.mul(l.load(&scales[(tile + p) * 4 + gate]), unit);
                let sum = &mut sums[p][n][gate];
                *sum = l.fma(l.floats(whole[p][n][gate]), scale, *sum);
            }
        }
    }
}

/// The same where weights are bytes.
#[inline(always)]
fn from_bytes<L: Lanes, const P: usize, const N: usize>(
    l: L,
    store: &Store,
    (weights, scales, offsets, quads): (&Range<usize>, &Range<usize>, &Range<usize>, usize),
    tile: usize,
    rows: [Row<'_>; N],
    sums: &mut [[Gates<L>; N]; P],
) {
    let all = store.bytes[weights.clone()].as_chunks::<STRIDE_BYTES>().0;
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

#[inline(always)]
fn add_words<L: Lanes, const P: usize, const N: usize>(
    l: L,
    mut tiles: [&[[i16; STRIDE_WORDS]]; P],
    mut rows: [&[[i16; PAIR]]; N],
    sums: &mut [[[L::Ints; 4]; N]; P],
) {
    let mut local = *sums;
    while let Some(weights) = next(&mut tiles) {
        let Some(values) = next(&mut rows) else { break };
        let mut x = [l.pair(*values[0]); N];
        for n in 1..N {
            x[n] = l.pair(*values[n]);
        }
        for p in 0..P {
            let (gates, _) = weights[p].as_chunks::<32>();
            for gate in 0..4 {
                for n in 0..N {
                    local[p][n][gate] = l.dot_words(local[p][n][gate], &gates[gate], x[n]);
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
