//! An LSTM of our own engine: a row of features at a time, with what it remembers of each
//! instrument.
//!
//! In: features, the time. Out: the class probabilities of its head as an expectation.
//! Never: a forecast of a state that has not seen enough rows, or that a row without numbers or a
//! dead book has spoilt.

use std::sync::Arc;

use super::contract::{Answer, Expected, Model};
use super::meaning::{Inputs, Outputs};
use crate::base::Nanos;
use crate::event::Features;
use crate::neural::{Engine, Form, Scratch, State};

/// What the stage is told of an LSTM. The engine is shared: only states differ.
#[derive(Clone, Debug)]
pub struct Network {
    /// The engine, packed.
    pub engine: Arc<Engine>,
    /// What goes in.
    pub inputs: Inputs,
    /// What its outputs are.
    pub outputs: Outputs,
    /// Rows that it must have seen of an instrument before its word counts.
    pub warmup: u32,
    /// Nanoseconds between two rows, as it was trained; 0 for a row with every view.
    pub pace_ns: i64,
}

/// An LSTM and what it remembers.
#[derive(Clone, Debug)]
pub(super) struct Lstm {
    network: Network,
    horizons: u8,
    desks: Box<[Desk]>,
    /// By slot as the desks; apart from them, since the engine takes several at once.
    states: Box<[State]>,
    row: Box<[f32]>,
    out: Box<[f32]>,
    scratch: Option<Box<Scratch>>,
    /// Who stepped since the last rest, each once.
    stepped: Vec<usize>,
}

/// What is kept of one instrument beside its state.
#[derive(Clone, Debug)]
struct Desk {
    /// The last rows, the oldest first from `oldest` on, where it takes windows; twice, so that a
    /// window is always one piece.
    rows: Box<[f32]>,
    next: usize,
    seen: u32,
    due: Nanos,
    latest: Option<Expected>,
    /// Is it among those who stepped?
    has_stepped: bool,
}

impl Lstm {
    /// For so many instruments.
    pub(super) fn new(network: &Network, slots: usize) -> Lstm {
        let engine = &network.engine;
        let inputs = engine.inputs();
        network.inputs.assert_fit(inputs);
        assert!(network.outputs.count() <= engine.outputs(), "its head has what is read of it");
        let is_window = engine.form() != Form::Streaming;
        let is_whole = !is_window || network.warmup as usize >= engine.window();
        assert!(is_whole, "its word counts when its window is full");
        let rows = if is_window { 2 * engine.window() * inputs } else { 0 };
        let desk = Desk {
            rows: vec![0.0; rows].into(),
            next: 0,
            seen: 0,
            due: Nanos::NONE,
            latest: None,
            has_stepped: false,
        };
        Lstm {
            horizons: network.inputs.horizons(),
            desks: vec![desk; slots].into(),
            states: (0..slots).map(|_| engine.state()).collect(),
            row: vec![0.0; inputs].into(),
            out: vec![0.0; engine.outputs()].into(),
            scratch: is_window.then(|| Box::new(engine.scratch(engine.window()))),
            stepped: Vec::with_capacity(slots),
            network: network.clone(),
        }
    }
}

impl Model for Lstm {
    fn horizons(&self) -> u8 {
        self.horizons
    }

    #[inline]
    fn expect(&mut self, now: Nanos, features: &Features, slot: usize) -> Answer {
        let pace_ns = self.network.pace_ns;
        if pace_ns > 0 && now < self.desks[slot].due {
            return self.desks[slot].latest.map_or(Answer::Warming, Answer::Expected);
        }
        self.network.inputs.scale(features, &mut self.row);
        let Lstm { network, desks, states, row, out, scratch, .. } = self;
        let (desk, engine) = (&mut desks[slot], &network.engine);
        desk.due = Nanos(now.0 + pace_ns);
        let is_well = match scratch {
            None => engine.step(&mut states[slot], row, out),
            Some(scratch) => {
                let (window, wide) = (engine.window(), row.len());
                for place in [desk.next, desk.next + window] {
                    desk.rows[place * wide..][..wide].copy_from_slice(row);
                }
                desk.next = (desk.next + 1) % window;
                let rows = &desk.rows[desk.next * wide..][..window * wide];
                let is_full = desk.seen as usize + 1 >= window;
                !is_full || engine.whole(scratch, rows, out)
            }
        };
        if is_well && scratch.is_none() && !desk.has_stepped {
            desk.has_stepped = true;
            self.stepped.push(slot);
        }
        let is_warm = desk.seen + 1 >= network.warmup;
        let expected = if is_well && is_warm { network.outputs.expected(out) } else { None };
        if !is_well || is_warm && expected.is_none() {
            // What made no number may be in its state and would stay there.
            self.forget(slot);
            return Answer::Failed;
        }
        desk.seen = desk.seen.saturating_add(1).min(network.warmup);
        desk.latest = expected;
        expected.map_or(Answer::Warming, Answer::Expected)
    }

    fn forget(&mut self, slot: usize) {
        let desk = &mut self.desks[slot];
        if desk.seen > 0 {
            self.states[slot].reset();
            (desk.seen, desk.latest) = (0, None);
        }
        desk.due = Nanos::NONE;
    }

    #[inline]
    fn rest(&mut self) {
        // Half of the next step of all who stepped, in one pass over the weights, while nobody
        // waits.
        let Lstm { network, states, stepped, desks, .. } = self;
        if !stepped.is_empty() {
            network.engine.prepare_all(states, stepped);
            stepped.drain(..).for_each(|slot| desks[slot].has_stepped = false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neural::{Level, invented};

    /// A drawn network over the first features, and what its own engine says of rows.
    fn network(form: Form, pace_ns: i64) -> Network {
        let mut drawn = invented(5, &[12, 12], 3, 7);
        drawn.form = form;
        drawn.window = if form == Form::Streaming { 1 } else { 4 };
        let engine = Engine::new(&drawn, Level::detect()).unwrap();
        Network {
            inputs: Inputs {
                places: (0..engine.inputs()).collect(),
                mean: vec![0.5; engine.inputs()],
                factor: vec![2.0; engine.inputs()],
            },
            outputs: Outputs::Classes { down: 0, up: 2, move_bps: 3.0 },
            warmup: 4,
            pace_ns,
            engine: Arc::new(engine),
        }
    }

    fn features(n: u32) -> Features {
        let mut features = Features::default();
        for (place, value) in features.values.iter_mut().enumerate() {
            *value = ((n * 31 + place as u32 * 17) % 23) as f32 / 23.0;
        }
        features
    }

    /// What the engine alone says of rows `from .. to`, from states of zero.
    fn alone(network: &Network, from: u32, to: u32) -> Vec<f32> {
        let engine = &network.engine;
        let row = |n| -> Vec<f32> {
            let features = features(n);
            network
                .inputs
                .places
                .iter()
                .map(|place| (features.values[*place] - 0.5) * 2.0)
                .collect()
        };
        let mut out = vec![0.0; engine.outputs()];
        if engine.form() == Form::Streaming {
            let mut state = engine.state();
            (from..to).for_each(|n| assert!(engine.step(&mut state, &row(n), &mut out)));
        } else {
            let rows: Vec<f32> = (from..to).flat_map(row).collect();
            assert!(engine.whole(&mut engine.scratch(4), &rows, &mut out));
        }
        out
    }

    fn says(answer: Answer, of: &[f32]) {
        let expected = Expected { bps: (of[2] - of[0]) * 3.0, up: 0.5 + (of[2] - of[0]) / 2.0 };
        assert_eq!(answer, Answer::Expected(expected));
    }

    #[test]
    fn it_says_what_its_engine_says_of_what_it_has_seen_since_the_book_was_live() {
        for form in [Form::Streaming, Form::Window] {
            let network = network(form, 0);
            let mut model = Lstm::new(&network, 2);
            let mut step = |n: u32, slot| {
                let answer = model.expect(Nanos(i64::from(n)), &features(n), slot);
                model.rest();
                answer
            };
            for n in 0..3 {
                assert_eq!(step(n, 1), Answer::Warming, "{form:?}");
                // Another instrument changes nothing.
                step(n + 50, 0);
            }
            let from = |n: u32| if form == Form::Streaming { 0 } else { n - 3 };
            for n in 3..9 {
                says(step(n, 1), &alone(&network, from(n), n + 1));
            }
            model.forget(1);
            for n in 20..23 {
                assert_eq!(model.expect(Nanos(1), &features(n), 1), Answer::Warming);
            }
            says(model.expect(Nanos(1), &features(23), 1), &alone(&network, 20, 24));
        }
    }

    #[test]
    fn it_steps_at_the_pace_that_it_was_trained_at() {
        let network = network(Form::Streaming, 100);
        let mut model = Lstm::new(&network, 1);
        let mut seen = Vec::new();
        for n in 0..40_u32 {
            let now = Nanos(1_000 + i64::from(n) * 30);
            if n % 4 == 0 {
                seen.push(n);
            }
            let answer = model.expect(now, &features(n), 0);
            assert_eq!(answer == Answer::Warming, seen.len() < 4, "{n}");
        }
        assert_eq!(seen.len(), 10, "a row each 120 ns, the first multiple of 30 from 100 on");
    }

    #[test]
    fn a_row_without_numbers_fails_and_begins_anew() {
        let network = network(Form::Streaming, 0);
        let mut model = Lstm::new(&network, 1);
        (0..6).for_each(|n| {
            model.expect(Nanos(0), &features(n), 0);
        });
        let mut bad = features(7);
        bad.values[2] = f32::NAN;
        assert_eq!(model.expect(Nanos(0), &bad, 0), Answer::Failed);
        assert_eq!(model.expect(Nanos(0), &features(8), 0), Answer::Warming);
    }
    #[test]
    fn a_state_that_numbers_have_left_is_forgotten_with_them() {
        let mut drawn = invented(2, &[3], 1, 4);
        drawn.form = Form::Streaming;
        drawn.output = crate::neural::Output::Linear;
        // Two products of opposite signs beyond all numbers: where each is rounded, which is where
        // there is no fused multiply and add, their sum is none.
        drawn.layers[0].w = [1e38, -1e38].repeat(12);
        let engine = Arc::new(Engine::new(&drawn, Level::Portable).unwrap());
        let network = Network {
            inputs: Inputs { places: vec![0, 1], mean: vec![0.0; 2], factor: vec![1.0; 2] },
            outputs: Outputs::Move { scale_bps: 1.0 },
            warmup: 2,
            pace_ns: 0,
            engine,
        };
        let mut model = Lstm::new(&network, 1);
        let with = |value: f32| {
            let mut features = Features::default();
            features.values[..2].fill(value);
            features
        };
        for _ in 0..2 {
            assert_eq!(model.expect(Nanos(0), &with(0.0), 0), Answer::Warming);
            let answer = model.expect(Nanos(0), &with(0.0), 0);
            assert!(matches!(answer, Answer::Expected(_)), "{answer:?}");
            model.rest();
            assert_eq!(model.expect(Nanos(0), &with(1e30), 0), Answer::Failed);
            model.rest();
        }
    }

    #[test]
    fn a_rest_prepares_all_who_stepped_and_changes_no_bit() {
        let network = network(Form::Streaming, 0);
        let (mut rested, mut hurried) = (Lstm::new(&network, 7), Lstm::new(&network, 7));
        for n in 0..30_u32 {
            let slots = [n, n + 3, n, n + 5, n + 1, n + 2].map(|slot| slot as usize % 7);
            for (k, slot) in (0..).zip(slots) {
                let features = features(n * 6 + k);
                let answer = rested.expect(Nanos(0), &features, slot);
                assert_eq!(answer, hurried.expect(Nanos(0), &features, slot));
            }
            rested.rest();
            assert!(rested.stepped.is_empty());
        }
    }
}
