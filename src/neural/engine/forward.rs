//! Steps and windows, as jobs for any instruction set.
//!
//! A step has two halves: `R h + b` of every layer, which needs no input and is done before one
//! comes, and the rest. A window does the input halves of all its rows at once, since they need
//! each other not, and then the recurrent ones row by row.
//! Never: an allocation.

#![allow(
    clippy::needless_range_loop,
    reason = "places known at compile time; iterators over arrays are not always inlined"
)]

use super::super::kernel::{Gates, Job, LANES, Lanes, step};
use super::head;
use super::pack::{Packed, PackedLayer};
use super::product::{self, Row};
use super::state::{Memory, Scratch, State};

/// Rows whose input halves are done at once where there are registers for them.
pub(super) const ROWS: usize = 4;

/// The recurrent half of the next step, for `N` instruments.
pub(super) struct Prepare<'a, const N: usize> {
    pub(super) packed: &'a Packed,
    pub(super) states: [&'a mut State; N],
}

/// The other half, from features to outputs, for `N` instruments. Where the first is not there yet,
/// it is done layer by layer: the processor works on the next one's while the cells of the one
/// before take their time.
pub(super) struct Finish<'a, const N: usize> {
    pub(super) packed: &'a Packed,
    pub(super) states: [&'a mut State; N],
    pub(super) rows: [&'a [f32]; N],
    pub(super) outs: [&'a mut [f32]; N],
    /// Set to false where a row holds what is no number; then nothing is changed.
    pub(super) are_numbers: &'a mut bool,
}

/// A whole window from states of zero.
pub(super) struct Window<'a> {
    pub(super) packed: &'a Packed,
    pub(super) scratch: &'a mut Scratch,
    /// `[rows, inputs]`.
    pub(super) rows: &'a [f32],
    pub(super) out: &'a mut [f32],
}

impl<const N: usize> Job for Prepare<'_, N> {
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        for n in 0..self.packed.layers.len() {
            halves(l, self.packed, &mut self.states, n);
        }
        for state in self.states {
            state.is_prepared = true;
        }
    }
}

/// The recurrent half of one layer.
#[inline(always)]
fn halves<L: Lanes, const N: usize>(
    l: L,
    packed: &Packed,
    states: &mut [&mut State; N],
    layer: usize,
) {
    let mut tile = 0;
    let tiles = packed.layers[layer].tiles;
    while L::IS_WIDE && N == 1 && tile + 2 <= tiles {
        half_tiles::<L, 2, N>(l, packed, states, layer, tile);
        tile += 2;
    }
    while tile < tiles {
        half_tiles::<L, 1, N>(l, packed, states, layer, tile);
        tile += 1;
    }
}

#[inline(always)]
fn half_tiles<L: Lanes, const P: usize, const N: usize>(
    l: L,
    packed: &Packed,
    states: &mut [&mut State; N],
    layer: usize,
    tile: usize,
) {
    let PackedLayer { r, b, .. } = &packed.layers[layer];
    let store = &packed.store;
    let biases = &store.floats[b.clone()];
    let mut sums = [[product::load(l, biases, tile); N]; P];
    for p in 1..P {
        sums[p] = [product::load(l, biases, tile + p); N];
    }
    let mut rows = [states[0].layers[layer].row(); N];
    for n in 1..N {
        rows[n] = states[n].layers[layer].row();
    }
    product::add(l, store, r, tile, rows, &mut sums);
    for p in 0..P {
        for n in 0..N {
            let half = &mut states[n].layers[layer].half;
            product::store(l, sums[p][n], half, tile + p);
        }
    }
}

impl<const N: usize> Job for Finish<'_, N> {
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let mut units = [0.0; N];
        for n in 0..N {
            let most = product::most(self.rows[n]);
            *self.are_numbers &= most < f32::INFINITY;
            if !self.states[n].words.is_empty() {
                units[n] = product::shrink(l, self.rows[n], most, &mut self.states[n].words);
            }
        }
        if !*self.are_numbers {
            return;
        }
        let mut is_prepared = true;
        for n in 0..N {
            is_prepared &= self.states[n].is_prepared;
        }
        for n in 0..self.packed.layers.len() {
            if !is_prepared {
                halves(l, self.packed, &mut self.states, n);
            }
            let mut tile = 0;
            let tiles = self.packed.layers[n].tiles;
            while L::IS_WIDE && N == 1 && tile + 2 <= tiles {
                self.tiles::<L, 2>(l, n, tile, units);
                tile += 2;
            }
            while tile < tiles {
                self.tiles::<L, 1>(l, n, tile, units);
                tile += 1;
            }
        }
        for (state, out) in self.states.into_iter().zip(self.outs) {
            state.is_prepared = false;
            let Some(last) = state.layers.last() else { continue };
            head::finish(l, self.packed, &last.h, &mut state.room, out);
        }
    }
}

impl<const N: usize> Finish<'_, N> {
    #[inline(always)]
    fn tiles<L: Lanes, const P: usize>(
        &mut self,
        l: L,
        layer: usize,
        tile: usize,
        units: [f32; N],
    ) {
        let packed = &self.packed.layers[layer];
        let mut sums = [[product::load(l, &self.states[0].layers[layer].half, tile); N]; P];
        let mut rows = [Row::features(self.rows[0], &[], 0.0); N];
        for n in 0..N {
            for p in 0..P {
                sums[p][n] = product::load(l, &self.states[n].layers[layer].half, tile + p);
            }
            rows[n] = match layer.checked_sub(1) {
                None => Row::features(self.rows[n], &self.states[n].words, units[n]),
                Some(before) => self.states[n].layers[before].row(),
            };
        }
        product::add(l, &self.packed.store, &packed.w, tile, rows, &mut sums);
        for p in 0..P {
            for n in 0..N {
                let Memory { h, c, bytes, .. } = &mut self.states[n].layers[layer];
                advance(l, packed.fineness, sums[p][n], tile + p, c, h, bytes);
            }
        }
    }
}

/// Sixteen cells of one instrument: from sums to states.
#[inline(always)]
fn advance<L: Lanes>(
    l: L,
    fineness: Option<f32>,
    sums: Gates<L>,
    tile: usize,
    c: &mut [f32],
    h: &mut [f32],
    bytes: &mut [u8],
) {
    let hidden = step(l, sums, &mut c.as_chunks_mut::<LANES>().0[tile]);
    l.store(hidden, &mut h.as_chunks_mut::<LANES>().0[tile]);
    if let Some(fineness) = fineness {
        let raised = &mut bytes.as_chunks_mut::<LANES>().0[tile];
        l.round(l.mul(hidden, l.splat(fineness)), raised);
    }
}

impl Job for Window<'_> {
    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let rows = self.rows.len() / self.packed.inputs;
        let wide = self.packed.words_wide();
        if wide > 0 {
            for (t, row) in self.rows.chunks(self.packed.inputs).enumerate() {
                let words = &mut self.scratch.words[t * wide..(t + 1) * wide];
                self.scratch.units[t] = product::shrink(l, row, product::most(row), words);
            }
        }
        for layer in 0..self.packed.layers.len() {
            for tile in 0..self.packed.layers[layer].tiles {
                let mut t = 0;
                while L::IS_WIDE && t + ROWS <= rows {
                    self.project::<L, ROWS>(l, layer, tile, t);
                    t += ROWS;
                }
                while t < rows {
                    self.project::<L, 1>(l, layer, tile, t);
                    t += 1;
                }
            }
            self.scratch.c.fill(0.0);
            for t in 0..rows {
                self.recur(l, layer, t);
            }
        }
        let Scratch { h, room, width, .. } = self.scratch;
        let last = &h[(rows - 1) * *width..rows * *width];
        head::finish(l, self.packed, last, room, self.out);
    }
}

impl Window<'_> {
    /// `W x + b` of one tile and `N` rows.
    #[inline(always)]
    fn project<L: Lanes, const N: usize>(&mut self, l: L, layer: usize, tile: usize, t: usize) {
        let PackedLayer { w, b, .. } = &self.packed.layers[layer];
        let store = &self.packed.store;
        let inputs = self.packed.inputs;
        let mut sums = [[product::load(l, &store.floats[b.clone()], tile); N]];
        let wide = self.packed.words_wide();
        let mut rows = [self.scratch.row(t); N];
        for n in 0..N {
            rows[n] = match layer {
                0 => Row::features(
                    &self.rows[(t + n) * inputs..(t + n + 1) * inputs],
                    &self.scratch.words[(t + n) * wide..(t + n + 1) * wide],
                    self.scratch.units[t + n],
                ),
                _ => self.scratch.row(t + n),
            };
        }
        product::add(l, store, w, tile, rows, &mut sums);
        let width = 4 * self.scratch.width;
        for n in 0..N {
            let gates = &mut self.scratch.gates[(t + n) * width..(t + n + 1) * width];
            product::store(l, sums[0][n], gates, tile);
        }
    }

    /// Row `t` of a layer. Every second row takes the tiles from the last to the first: what the
    /// row before read last is still in the nearest cache.
    #[inline(always)]
    fn recur<L: Lanes>(&mut self, l: L, layer: usize, t: usize) {
        let tiles = self.packed.layers[layer].tiles;
        let is_down = t % 2 == 1;
        let mut done = 0;
        while done < tiles {
            let left = tiles - done;
            // The odd tile is the last one both ways.
            let is_pair = L::IS_WIDE && if is_down { left.is_multiple_of(2) } else { left >= 2 };
            let width = if is_pair { 2 } else { 1 };
            let tile = if is_down { left - width } else { done };
            if is_pair {
                self.tiles::<L, 2>(l, layer, tile, t);
            } else {
                self.tiles::<L, 1>(l, layer, tile, t);
            }
            done += width;
        }
    }

    #[inline(always)]
    fn tiles<L: Lanes, const P: usize>(&mut self, l: L, layer: usize, tile: usize, t: usize) {
        let PackedLayer { r, fineness, .. } = &self.packed.layers[layer];
        let Scratch { gates, h, bytes, c, width, .. } = &mut *self.scratch;
        let gates = &gates[t * 4 * *width..(t + 1) * 4 * *width];
        let mut sums = [[product::load(l, gates, tile)]; P];
        for p in 1..P {
            sums[p] = [product::load(l, gates, tile + p)];
        }
        let (h_before, h) = h.split_at_mut(t * *width);
        let (bytes_before, bytes) = bytes.split_at_mut(t * *width);
        if let Some(from) = t.checked_sub(1) {
            let from = from * *width;
            let before = Row::hidden(&h_before[from..], &bytes_before[from..]);
            product::add(l, &self.packed.store, r, tile, [before], &mut sums);
        }
        for p in 0..P {
            advance(l, *fineness, sums[p][0], tile + p, c, h, bytes);
        }
    }
}
