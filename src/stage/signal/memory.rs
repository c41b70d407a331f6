//! The memories of all instruments, in one of the two forms.

use super::change::Change;
use super::decay::Decay;
use super::exponential::{Faded, Step};
use super::finish::Values;
#[cfg(test)]
use super::finish::{BPS, finish, put};
use super::kernel::Here;
use super::settings::{Form, Settings};
use super::window::{Lengths, Windows};
#[cfg(test)]
use crate::event::HORIZONS;

/// All memories, by instrument.
#[derive(Debug)]
pub(super) enum Memory {
    Exponential { decay: Box<Decay>, all: Box<[Faded]> },
    Window { lengths: Lengths, all: Box<[Windows]> },
}

impl Memory {
    /// For so many instruments.
    pub(super) fn new(settings: &Settings, count: usize) -> Memory {
        match settings.form {
            Form::Exponential => Memory::Exponential {
                decay: Box::new(Decay::new(&settings.horizons_ns)),
                all: vec![Faded::default(); count].into(),
            },
            Form::Window => Memory::Window {
                lengths: Lengths::new(&settings.horizons_ns),
                all: (0..count).map(|_| Windows::new()).collect(),
            },
        }
    }

    /// Begins the memory of an instrument anew.
    #[cold]
    pub(super) fn begin(&mut self, index: usize, change: &Change) {
        match self {
            Memory::Exponential { all, .. } => all[index] = Faded::default(),
            Memory::Window { lengths, all } => all[index].begin(lengths, change),
        }
    }

    /// Takes what a view changed, and writes the values of the `ready` shortest horizons.
    #[inline(always)]
    pub(super) fn advance(
        &mut self,
        here: Here,
        index: usize,
        ready: usize,
        change: &Change,
        out: &mut Values<f32>,
    ) {
        match self {
            Memory::Exponential { decay, all } => {
                let step = Step::new(change, ready);
                here.fade(&mut all[index], decay, change.elapsed_ns, &step, out);
            }
            Memory::Window { lengths, all } => {
                here.slide(&mut all[index], lengths, change, ready, out);
            }
        }
    }

    /// Sets to nothing what has faded to next to nothing.
    #[cold]
    pub(super) fn tidy(&mut self, index: usize) {
        if let Memory::Exponential { all, .. } = self {
            all[index].tidy();
        }
    }

    /// Views at which a window was too short. Cold.
    pub(super) fn shortened(&self) -> u64 {
        match self {
            Memory::Exponential { .. } => 0,
            Memory::Window { all, .. } => all.iter().map(|windows| windows.shortened).sum(),
        }
    }

    /// Values of all horizons as the sums give them, not rounded to what goes out.
    #[cfg(test)]
    pub(super) fn exact(&self, index: usize, mid2: f64) -> Values<f64> {
        let mut values = Values::<f64>::default();
        match self {
            Memory::Exponential { all, .. } => {
                for h in 0..HORIZONS {
                    let sums = all[index].sums(h);
                    put(&mut values, h, finish::<f64>(&sums, BPS / mid2), HORIZONS);
                }
            }
            Memory::Window { lengths, all } => {
                all[index].show_unusual(lengths, HORIZONS, &mut values);
            }
        }
        values
    }
}
