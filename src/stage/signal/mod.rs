//! Signal: says of each instrument's market how it moved, how much, and which way it leans.
//!
//! In: [`View`]. Out: [`Seen`], one for every view: the view and its features. The definitions
//! stand in `exponential.rs`, `window.rs` and `present.rs`, the names and units at
//! `event::Features`.
//! Never: a clock, an allocation after construction, a value that is not ready and not zero. Prices
//! and quantities come in as whole numbers; floats begin here.
//!
//! A book that is not live, or has an empty side, or whose decimals change, ends the memory of its
//! instrument: what prices were in between was not seen. A horizon is ready when three of it have
//! gone by since the memory began; of what was before, 5 % is left then in the exponential form.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare bits and exact values"))]

mod settings;
mod level;
mod change;
mod present;
mod memory;
mod exponential;
mod window;
mod ring;
mod unit;
mod finish;
mod logarithm;
mod decay;
mod kernel;
#[cfg(test)]
mod twin;
#[cfg(test)]
mod proofs;

pub use level::Level;
pub use settings::{Form, Settings};

use change::{Join, Last};
use exponential::TIDY_EVERY;
use finish::{BPS, Values};
use kernel::Here;
use memory::Memory;
use present::{imbalances, present};

use super::contract::{Emit, Idle, On};
use crate::base::Instruments;
use crate::event::{Features, HORIZONS, Now, Over, QuoteCause, Seen, View};

/// Horizons of a live book after which a horizon is ready.
const READY_AFTER: i64 = 3;

/// The stage: the signals of every instrument.
#[derive(Debug)]
pub struct Signals {
    all: Box<[One]>,
    memory: Memory,
    horizons_ns: [i64; HORIZONS],
    here: Here,
    /// What is said of an instrument that nobody knows.
    nobody: Features,
}

/// One instrument, but for its memory.
#[derive(Clone, Debug, Default)]
struct One {
    features: Features,
    last: Last,
    /// When the memory began, ns.
    since_ns: i64,
    /// Imbalance of the last depth, five and ten levels.
    deep: [f64; 2],
    /// Horizons that are ready: the shortest so many.
    ready: usize,
    /// Views since start, wrapping.
    views: u32,
}

impl Signals {
    /// Signals for each instrument. Panics where the horizons are not good or the machine lacks the
    /// instruction set: who reads them from outside has checked both.
    pub fn new(instruments: &Instruments, settings: &Settings) -> Signals {
        assert!(settings.are_horizons_good(), "horizons ascend within their limits");
        let level = settings.level.unwrap_or_else(Level::detect);
        let one = |n: usize| One {
            features: Features { instrument: n as u32, ..Features::default() },
            ..One::default()
        };
        Signals {
            all: (0..instruments.len()).map(one).collect(),
            memory: Memory::new(settings, instruments.len()),
            horizons_ns: settings.horizons_ns,
            here: Here::new(level),
            nobody: Features::default(),
        }
    }

    /// The instruction set in use.
    pub fn level(&self) -> Level {
        self.here.level()
    }

    /// The horizons, ns.
    pub fn horizons_ns(&self) -> [i64; HORIZONS] {
        self.horizons_ns
    }

    /// Views at which a window had to be shorter than configured, since more happened in it than
    /// there is room for ([`crate::limits::SIGNAL_WINDOW_ROWS`]); all instruments together. Cold.
    pub fn shortened(&self) -> u64 {
        self.memory.shortened()
    }

    /// Takes a view of a known instrument into its memory and its features.
    #[inline(always)]
    fn take(&mut self, index: usize, view: &View) {
        let one = &mut self.all[index];
        one.features.stamp = view.quote.stamp;
        let change = match one.last.see(&view.quote) {
            Join::Nothing => return one.end(),
            Join::First(change) => {
                one.begin(change.at_ns);
                self.memory.begin(index, &change);
                change
            }
            Join::Next(change) => change,
        };
        one.grow_ready(&self.horizons_ns, change.at_ns);
        one.show_present(view, change.mid2);
        if let Some(values) = lasting(&mut one.features) {
            self.memory.advance(self.here, index, one.ready, &change, values);
        }
        one.views = one.views.wrapping_add(1);
        if one.views.is_multiple_of(TIDY_EVERY) {
            self.memory.tidy(index);
        }
    }
}

impl One {
    /// Begins a memory.
    #[cold]
    fn begin(&mut self, at_ns: i64) {
        self.since_ns = at_ns;
        self.ready = 0;
        self.deep = [f64::NAN; 2];
    }

    /// Ends it: nothing is ready, and all values are 0.
    #[cold]
    fn end(&mut self) {
        self.features.ready = 0;
        self.features.values = [0.0; _];
    }

    #[inline(always)]
    fn grow_ready(&mut self, horizons_ns: &[i64; HORIZONS], at_ns: i64) {
        let gone = at_ns - self.since_ns;
        while horizons_ns.get(self.ready).is_some_and(|h| gone >= READY_AFTER * h) {
            self.ready += 1;
        }
        self.features.ready = ((1_u32 << self.ready) - 1) as u8;
    }

    #[inline(always)]
    fn show_present(&mut self, view: &View, mid2: i64) {
        // The levels are those of before where only a trade or the top stream spoke.
        let is_same = matches!(view.quote.cause, QuoteCause::Trade | QuoteCause::Top);
        if !is_same || self.deep[0].is_nan() {
            self.deep = imbalances(&view.depth);
        }
        let values = present(&view.quote, self.deep, BPS / mid2 as f64);
        self.features.values[Features::place_now(Now::Spread)..].copy_from_slice(&values);
    }
}

/// The values of signals with a memory, by signal and horizon; they are the first ones.
#[inline(always)]
fn lasting(features: &mut Features) -> Option<&mut Values<f32>> {
    features.values.as_chunks_mut().0.first_chunk_mut::<{ Over::ALL.len() }>()
}

impl On<View> for Signals {
    type Out<'a> = Seen<'a>;

    #[inline]
    fn on(&mut self, view: &View, out: &mut impl for<'a> Emit<Seen<'a>>) {
        let index = view.quote.instrument().index();
        if index < self.all.len() {
            self.take(index, view);
            return out.emit(&Seen { view, features: &self.all[index].features });
        }
        self.nobody.stamp = view.quote.stamp;
        self.nobody.instrument = view.quote.instrument;
        out.emit(&Seen { view, features: &self.nobody });
    }
}

impl Idle for Signals {
    /// Does nothing: what a view brings is not known before it comes.
    fn idle(&mut self) {}
}
