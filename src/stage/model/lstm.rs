//! An LSTM of our own engine: a row of features at a time, with what it remembers of each
//! instrument.
//!
//! In: features, the time. Out: the class probabilities of its head as an expectation.
//! Never: a forecast of a state that has not seen enough rows, or that a row without numbers or a
//! dead book has spoilt.

use std::sync::Arc;

use super::contract::{Answer, Expected, Model};
use super::logistic::logistic;
use crate::base::Nanos;
use crate::event::{FEATURES, Features, HORIZONS, Over};
use crate::neural::{Engine, Form, Scratch, State};

/// What the stage is told of an LSTM. The engine is shared: only states differ.
#[derive(Clone, Debug)]
pub struct Network {
    /// The engine, packed.
    pub engine: Arc<Engine>,
    /// Places of its inputs in [`Features::values`], in order.
    pub places: Vec<usize>,
    /// Subtracted from each input, then ..
    pub mean: Vec<f32>,
    /// .. each is multiplied by this.
    pub factor: Vec<f32>,
    /// What its outputs are.
    pub outputs: Outputs,
    /// Rows that it must have seen of an instrument before its word counts.
    pub warmup: u32,
    /// Nanoseconds between two rows, as it was trained; 0 for a row with every view.
    pub pace_ns: i64,
}

/// What the values of the head are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outputs {
    /// The expected log return itself, basis points; `scale_bps` as a linear model's.
    Move {
        /// Spread of what happens around what is expected.
        scale_bps: f32,
    },
    /// Probabilities of down, perhaps flat, and up.
    Classes {
        /// Place of down.
        down: usize,
        /// Place of up.
        up: usize,
        /// What the mid moves by on average where it does, basis points.
        move_bps: f32,
    },
}

/// An LSTM and what it remembers.
#[derive(Clone, Debug)]
pub(super) struct Lstm {
    network: Network,
    horizons: u8,
    desks: Box<[Desk]>,
    row: Box<[f32]>,
    out: Box<[f32]>,
    scratch: Option<Box<Scratch>>,
    /// Who stepped since the last rest.
    stepped: Option<usize>,
}

/// What is kept of one instrument.
#[derive(Clone, Debug)]
struct Desk {
    state: State,
    /// The last rows, the oldest first from `oldest` on, where it takes windows; twice, so that a
    /// window is always one piece.
    rows: Box<[f32]>,
    next: usize,
    seen: u32,
    due: Nanos,
    latest: Option<Expected>,
}

impl Lstm {
    /// For so many instruments.
    pub(super) fn new(network: &Network, slots: usize) -> Lstm {
        let Network { engine, places, mean, factor, .. } = network;
        let inputs = engine.inputs();
        assert!([places.len(), mean.len(), factor.len()] == [inputs; 3], "one place an input");
        assert!(places.iter().all(|place| *place < FEATURES), "each input is a feature");
        let is_window = engine.form() != Form::Streaming;
        let is_whole = !is_window || network.warmup as usize >= engine.window();
        assert!(is_whole, "its word counts when its window is full");
        let rows = if is_window { 2 * engine.window() * inputs } else { 0 };
        let desk = Desk {
            state: engine.state(),
            rows: vec![0.0; rows].into(),
            next: 0,
            seen: 0,
            due: Nanos::NONE,
            latest: None,
        };
        let remembers = |place: &&usize| **place < Over::ALL.len() * HORIZONS;
        let horizons = places.iter().filter(remembers);
        Lstm {
            horizons: horizons.fold(0, |mask, place| mask | 1 << (place % HORIZONS)),
            desks: vec![desk; slots].into(),
            row: vec![0.0; inputs].into(),
            out: vec![0.0; engine.outputs()].into(),
            scratch: is_window.then(|| Box::new(engine.scratch(engine.window()))),
            stepped: None,
            network: network.clone(),
        }
    }

    /// The row of features as the network wants it.
    #[inline(always)]
    fn scale(&mut self, features: &Features) {
        let Network { places, mean, factor, .. } = &self.network;
        let each = self.row.iter_mut().zip(places).zip(mean).zip(factor);
        for (((to, place), mean), factor) in each {
            *to = (features.values[*place] - mean) * factor;
        }
    }

    /// What the head's values mean.
    #[inline(always)]
    fn expected(&self) -> Option<Expected> {
        let expected = match self.network.outputs {
            Outputs::Move { scale_bps } => {
                let bps = self.out[0];
                Expected { bps, up: logistic(f64::from(bps / scale_bps)) as f32 }
            }
            Outputs::Classes { down, up, move_bps } => {
                let (down, up) = (self.out[down], self.out[up]);
                // What is neither is shared: up and down are what is asked for.
                Expected { bps: (up - down) * move_bps, up: 0.5 + (up - down) / 2.0 }
            }
        };
        (expected.bps.is_finite() && expected.up.is_finite()).then_some(expected)
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
        self.scale(features);
        let Lstm { network, desks, row, out, scratch, .. } = self;
        let (desk, engine) = (&mut desks[slot], &network.engine);
        desk.due = Nanos(now.0 + pace_ns);
        let is_well = match scratch {
            None => engine.step(&mut desk.state, row, out),
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
        if !is_well {
            self.forget(slot);
            return Answer::Failed;
        }
        self.stepped = Some(slot);
        let desk = &mut self.desks[slot];
        desk.seen = desk.seen.saturating_add(1);
        if desk.seen < self.network.warmup.max(1) {
            return Answer::Warming;
        }
        let expected = self.expected();
        self.desks[slot].latest = expected;
        expected.map_or(Answer::Failed, Answer::Expected)
    }

    fn forget(&mut self, slot: usize) {
        let desk = &mut self.desks[slot];
        if desk.seen > 0 {
            desk.state.reset();
            (desk.seen, desk.latest) = (0, None);
        }
        desk.due = Nanos::NONE;
    }

    #[inline]
    fn rest(&mut self) {
        if self.scratch.is_some() {
            return;
        }
        // Half of the next step of who stepped last, while nobody waits.
        if let Some(slot) = self.stepped.take() {
            self.network.engine.prepare(&mut self.desks[slot].state);
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
            places: (0..engine.inputs()).collect(),
            mean: vec![0.5; engine.inputs()],
            factor: vec![2.0; engine.inputs()],
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
            network.places.iter().map(|place| (features.values[*place] - 0.5) * 2.0).collect()
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
}
