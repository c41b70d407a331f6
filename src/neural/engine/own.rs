//! The engine: runs an LSTM with a dense head, one row or one window at a time.
//!
//! In: a sound [`Network`], rows of features. Out: its outputs. Weights are packed once; a
//! [`State`] for each instrument is all that a step changes.
//! Never: an allocation or a page fault in a step, or another result on the same instruction set.
//! Of a row that holds no numbers the outputs are none either, and nothing is remembered of it.

use super::super::kernel::{Here, Level};
use super::super::network::{Form, Network};
use super::super::sound::NetworkError;
use super::forward::{Finish, Prepare, ROWS, Window};
use super::pack::Packed;
use super::product;
use super::reach::Reach;
use super::state::{Scratch, State};

/// A network, packed for this machine. Shared by all instruments.
#[derive(Clone, Debug)]
pub struct Engine {
    here: Here,
    packed: Packed,
    form: Form,
    window: usize,
    is_int8: bool,
}

impl Engine {
    /// Packs a network as floats. Panics where this machine lacks the instruction set.
    pub fn new(network: &Network, level: Level) -> Result<Engine, NetworkError> {
        Engine::packed(network, None, level)
    }

    /// Packs a network with bytes for all weights but those of features: four times as many are
    /// read at once, for a loss that is to be measured. Panics where this machine lacks the
    /// instruction set.
    pub fn int8(network: &Network, reach: &Reach, level: Level) -> Result<Engine, NetworkError> {
        Engine::packed(network, Some(reach), level)
    }

    fn packed(
        network: &Network,
        reach: Option<&Reach>,
        level: Level,
    ) -> Result<Engine, NetworkError> {
        network.check()?;
        if let Some(reach) = reach {
            reach.check(network)?;
        }
        Ok(Engine {
            here: Here::new(level),
            packed: Packed::new(network, reach.map(Reach::of_layers)),
            form: network.form,
            window: network.window,
            is_int8: reach.is_some(),
        })
    }

    /// Features of a row.
    pub fn inputs(&self) -> usize {
        self.packed.inputs
    }

    /// Values out.
    pub fn outputs(&self) -> usize {
        self.packed.outputs
    }

    /// Rows of its window.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Does it take windows, or rows one by one?
    pub fn form(&self) -> Form {
        self.form
    }

    /// Are its weights bytes?
    pub fn is_int8(&self) -> bool {
        self.is_int8
    }

    /// The instruction set that it runs on.
    pub fn level(&self) -> Level {
        self.here.level()
    }

    /// Bytes of its weights, packed.
    pub fn bytes(&self) -> usize {
        self.packed.bytes()
    }

    /// A state of zero, for one instrument.
    pub fn state(&self) -> State {
        State::new(&self.packed)
    }

    /// Room for windows of up to `rows` rows.
    pub fn scratch(&self, rows: usize) -> Scratch {
        Scratch::new(&self.packed, rows)
    }

    /// Does ahead what of the next step needs no input: for when nothing else is to be done.
    #[inline]
    pub fn prepare(&self, state: &mut State) {
        if !state.is_prepared {
            self.here.run(Prepare { packed: &self.packed, states: [state] });
        }
    }

    /// [`Engine::prepare`] for each instrument that `which` names, in as few passes over the
    /// weights as there are registers for. Panics where an instrument is named twice.
    pub fn prepare_all(&self, states: &mut [State], which: &[usize]) {
        let is_wide = self.level() >= Level::Avx512;
        for which in which.chunks(ROWS) {
            if let ([a, b, c, d], true) = (which, is_wide) {
                let four = states.get_disjoint_mut([*a, *b, *c, *d]);
                assert!(four.is_ok(), "each instrument exists and is named once: {which:?}");
                if let Ok(four) = four
                    && four.iter().any(|state| !state.is_prepared)
                {
                    self.here.run(Prepare { packed: &self.packed, states: four });
                }
                continue;
            }
            for n in which {
                self.prepare(&mut states[*n]);
            }
        }
    }

    /// One step: `row` in, outputs out, the state moved on. False where the row holds no numbers:
    /// then the outputs are none, and the state is as before.
    #[inline]
    pub fn step(&self, state: &mut State, row: &[f32], out: &mut [f32]) -> bool {
        self.assert_sizes(row, out, 1);
        let (packed, mut are_numbers) = (&self.packed, true);
        self.here.run(Finish {
            packed,
            states: [state],
            rows: [row],
            outs: [&mut *out],
            are_numbers: &mut are_numbers,
        });
        if !are_numbers {
            out.fill(f32::NAN);
        }
        are_numbers
    }

    /// A step of each instrument that `which` names, in as few passes over the weights as there
    /// are registers for: rows and outputs one after the other, in that order. The same bits as
    /// step by step. True where all rows held numbers. Panics where an instrument is named twice.
    pub fn batch(
        &self,
        states: &mut [State],
        which: &[usize],
        rows: &[f32],
        out: &mut [f32],
    ) -> bool {
        self.assert_sizes(rows, out, which.len());
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let mut all = true;
        let fours = which.chunks(ROWS).zip(rows.chunks(ROWS * inputs));
        for ((which, rows), out) in fours.zip(out.chunks_mut(ROWS * outputs)) {
            let is_four = self.level() >= Level::Avx512 && are_numbers(rows);
            if let ([a, b, c, d], true) = (which, is_four) {
                let four = states.get_disjoint_mut([*a, *b, *c, *d]);
                assert!(four.is_ok(), "each instrument exists and is named once: {which:?}");
                if let Ok(four) = four {
                    self.step_four(four, rows, out);
                }
                continue;
            }
            let each = which.iter().zip(rows.chunks(inputs)).zip(out.chunks_mut(outputs));
            for ((n, row), out) in each {
                all &= self.step(&mut states[*n], row, out);
            }
        }
        all
    }

    fn step_four(&self, states: [&mut State; ROWS], rows: &[f32], out: &mut [f32]) {
        let packed = &self.packed;
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let rows = std::array::from_fn(|n| &rows[n * inputs..(n + 1) * inputs]);
        let (ab, cd) = out.split_at_mut(2 * outputs);
        let ((a, b), (c, d)) = (ab.split_at_mut(outputs), cd.split_at_mut(outputs));
        // Who calls has looked: one row without numbers must not spoil the other three.
        let are_numbers = &mut true;
        self.here.run(Finish { packed, states, rows, outs: [a, b, c, d], are_numbers });
    }

    /// A whole window from states of zero, `[rows, inputs]`. False where it holds what is no
    /// number: then the outputs are none. Panics where `scratch` has room for fewer rows.
    pub fn whole(&self, scratch: &mut Scratch, rows: &[f32], out: &mut [f32]) -> bool {
        let count = rows.len() / self.inputs();
        assert!((1..=scratch.rows).contains(&count), "a window of 1 to {} rows", scratch.rows);
        assert_eq!(rows.len(), count * self.inputs(), "whole rows");
        assert_eq!(out.len(), self.outputs(), "room for the outputs");
        if !are_numbers(rows) {
            out.fill(f32::NAN);
            return false;
        }
        self.here.run(Window { packed: &self.packed, scratch, rows, out });
        true
    }

    #[inline(always)]
    fn assert_sizes(&self, rows: &[f32], out: &[f32], count: usize) {
        assert_eq!(rows.len(), count * self.inputs(), "rows of all features");
        assert_eq!(out.len(), count * self.outputs(), "room for the outputs");
    }
}

/// Is none of them infinite or no number?
#[inline(always)]
fn are_numbers(row: &[f32]) -> bool {
    product::most(row) < f32::INFINITY
}
