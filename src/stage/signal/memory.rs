//! The memories of all instruments, in one of the two forms, and the work on them that is compiled
//! for each instruction set.

use super::change::Change;
use super::decay::{Cut, Decay};
use super::exponential::{Faded, Step};
use super::finish::Values;
use super::kernel::{Here, Job};
use super::settings::{Form, Settings};
use super::window::{Lengths, Windows};
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
                let mut room = [0.0; HORIZONS];
                let cut = match decay.cut(change.elapsed_ns) {
                    Some(cut) => cut,
                    None => decay.beyond(change.elapsed_ns, &mut room),
                };
                let step = Step::new(change, ready);
                here.run(Fade { faded: &mut all[index], decay, cut: &cut, step: &step, out });
            }
            Memory::Window { lengths, all } => {
                let windows = &mut all[index];
                windows.push(lengths, change);
                here.run(Slide { windows, lengths, mid2: change.mid2 as f64, ready, out });
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
}

/// A step of a memory that fades.
struct Fade<'a> {
    faded: &'a mut Faded,
    decay: &'a Decay,
    cut: &'a Cut<'a>,
    step: &'a Step,
    out: &'a mut Values<f32>,
}

impl Job for Fade<'_> {
    #[inline(always)]
    fn run(self) {
        self.faded.advance(self.decay, self.cut, self.step, self.out);
    }
}

/// A step of a memory that ends: the rows are in, the values are wanted.
struct Slide<'a> {
    windows: &'a Windows,
    lengths: &'a Lengths,
    mid2: f64,
    ready: usize,
    out: &'a mut Values<f32>,
}

impl Job for Slide<'_> {
    #[inline(always)]
    fn run(self) {
        let Slide { windows, lengths, mid2, ready, out } = self;
        let mut sums = if windows.is_usual(lengths) {
            windows.usual(lengths)
        } else {
            windows.unusual(lengths)
        };
        sums.log_returns(mid2);
        sums.finish(mid2, ready, out);
    }
}
