//! What is kept between steps: states of one instrument, and room for windows.
//!
//! Never: a weight. Any number of states share one engine.

use super::super::kernel::LANES;
use super::pack::Packed;
use super::product::{Row, STRIDE};
use crate::sys::block::Block;

/// What an engine remembers of one instrument.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) layers: Box<[Memory]>,
    /// Where the head puts what it computes.
    pub(super) room: Room,
    /// The row of features as words; empty where the engine takes floats.
    pub(super) words: Block<i16>,
    /// Is the recurrent half of the next step there?
    pub(super) is_prepared: bool,
}

/// One layer's memory.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// Hidden states.
    pub(super) h: Block<f32>,
    /// Cells.
    pub(super) c: Block<f32>,
    /// `R h + b`, `[tile][gate][lane]`: the half of the next step that needs no input.
    pub(super) half: Block<f32>,
    /// Hidden states as bytes.
    pub(super) bytes: Block<u8>,
}

/// Two rows that dense layers write in turn.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) rows: [Block<f32>; 2],
}

/// Room for whole windows: rows of all layers, one layer after the other.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// Rows that there is room for.
    pub(super) rows: usize,
    /// Numbers of a row of hidden states, of the widest layer.
    pub(super) width: usize,
    pub(super) gates: Block<f32>,
    pub(super) h: Block<f32>,
    pub(super) bytes: Block<u8>,
    pub(super) c: Block<f32>,
    /// Rows of features as words, and what a unit of each is worth; empty where the engine takes
    /// floats.
    pub(super) words: Block<i16>,
    pub(super) units: Block<f32>,
    pub(super) room: Room,
}

impl Memory {
    fn new(tiles: usize) -> Memory {
        Memory {
            h: Block::new(tiles * LANES, 0.0),
            c: Block::new(tiles * LANES, 0.0),
            half: Block::new(tiles * STRIDE, 0.0),
            bytes: Block::new(tiles * LANES, ZERO),
        }
    }

    #[inline(always)]
    pub(super) fn row(&self) -> Row<'_> {
        Row::hidden(&self.h, &self.bytes)
    }
}

/// 0 as a byte: bytes are raised by 128.
pub(super) const ZERO: u8 = 128;

impl Room {
    fn new(packed: &Packed) -> Room {
        Room { rows: [(); 2].map(|()| Block::new(packed.head_width, 0.0)) }
    }
}

impl State {
    pub(super) fn new(packed: &Packed) -> State {
        State {
            layers: packed.layers.iter().map(|layer| Memory::new(layer.tiles)).collect(),
            room: Room::new(packed),
            words: Block::new(packed.words_wide(), 0),
            is_prepared: false,
        }
    }

    /// Forgets all: as new.
    pub fn reset(&mut self) {
        for layer in &mut self.layers {
            layer.h.fill(0.0);
            layer.c.fill(0.0);
            layer.bytes.fill(ZERO);
        }
        self.is_prepared = false;
    }

    /// Hidden states of a layer, filled up with zeroes; for tests and calibration.
    pub fn hidden(&self, layer: usize) -> &[f32] {
        &self.layers[layer].h
    }
}

impl Scratch {
    pub(super) fn new(packed: &Packed, rows: usize) -> Scratch {
        let tiles = packed.layers.iter().map(|layer| layer.tiles).max().unwrap_or_default();
        Scratch {
            rows,
            width: tiles * LANES,
            gates: Block::new(rows * tiles * STRIDE, 0.0),
            h: Block::new(rows * tiles * LANES, 0.0),
            bytes: Block::new(rows * tiles * LANES, ZERO),
            c: Block::new(tiles * LANES, 0.0),
            words: Block::new(rows * packed.words_wide(), 0),
            units: Block::new(rows, 0.0),
            room: Room::new(packed),
        }
    }

    /// The hidden states of row `t` of the layer that was done last.
    #[inline(always)]
    pub(super) fn row(&self, t: usize) -> Row<'_> {
        let range = t * self.width..(t + 1) * self.width;
        Row::hidden(&self.h[range.clone()], &self.bytes[range])
    }
}
