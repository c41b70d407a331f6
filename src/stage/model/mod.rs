//! Model: says what is expected of each instrument.
//!
//! In: [`Seen`]; [`Advice`] of networks on threads of their own. Out: exactly one [`Outlook`] for
//! each view, whose forecast says where it stands.
//! Never: a forecast on a book that is not live or on features that are not ready, a number that is
//! none, a clock, an allocation after construction.
//!
//! **Deadlines.** An answer that comes too late is no forecast, and counted. What is late depends
//! on the host, so it is an input like any other, in one of two ways. Of a network that runs inline
//! a [`Watch`] is asked before its answer is used: live it measures, and what it calls late is
//! journalled; in a replay it reads the journal ([`Late`]), so the same answers fall out, whoever
//! shares a core. A backtest has no watch, and nothing is late there. A network on its own thread
//! is late by logical time: its advice is journalled with the time of the row that it is about, and
//! the age of that at the view is the same in both.
//!
//! **Several instruments.** A message runs to completion, so an answer cannot wait for the rows of
//! other instruments; but the half of a step that needs no row is done at rest for all that
//! stepped, in one pass over the weights.
//!
//! **Another model in the place of one that runs** ([`Understudy`]) is made on a cold thread,
//! states and all; to swap it in between two frames is a few words, without an allocation, and
//! what was there comes back with it, to be dropped on the cold side again. States are not kept:
//! what the numbers in them mean is known to the network alone that made them. So the new one
//! warms up as after a start, and there is no forecast of it until then.

mod beside;
mod contract;
mod kind;
mod linear;
mod logistic;
mod lstm;
mod meaning;
mod settings;
#[cfg(test)]
mod tests;

pub use beside::Elsewhere;
pub use contract::{Answer, Expected, Model, Post, Watch};
pub use lstm::Network;
pub use meaning::{Inputs, Outputs};
pub use settings::{Coefficients, Form, Given, Settings};

use kind::Kind;

use super::contract::{Emit, Idle, On};
use crate::base::{InstrumentId, Instruments};
use crate::event::{Advice, BookState, Forecast, Late, Outlook, Seen, Standing};

/// The stage: every model of the process, and each instrument's latest forecast.
#[derive(Debug)]
pub struct Models {
    all: Box<[Loaded]>,
    /// By instrument.
    desks: Box<[Desk]>,
    counts: Counts,
    /// Who says what is late; where nobody does, nothing is.
    watch: Option<Box<dyn Watch>>,
}

/// How often a forecast stood where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// No model was meant for the instrument.
    pub absent: u64,
    /// The book was not live, or features were not ready.
    pub warming: u64,
    /// The model gave no number.
    pub failed: u64,
    /// Its answer came after its deadline.
    pub late: u64,
    /// There was one.
    pub ready: u64,
}

/// A model that was made.
#[derive(Debug)]
struct Loaded {
    kind: Kind,
    horizons: u8,
    horizon_ns: i64,
    deadline_ns: i64,
    /// Instruments that it is meant for.
    slots: u32,
}

/// What is kept of one instrument.
#[derive(Clone, Debug)]
struct Desk {
    forecast: Forecast,
    /// Its model and its slot there.
    model: Option<(u16, u32)>,
    /// Answers that there were a watch for.
    answers: u64,
}

impl Loaded {
    fn new(given: &Given, slots: u32) -> Loaded {
        let kind = Kind::new(&given.form, slots as usize);
        let Given { horizon_ns, deadline_ns, .. } = *given;
        Loaded { horizons: kind.horizons(), kind, horizon_ns, deadline_ns, slots }
    }
}

impl Models {
    /// Makes the models; instruments that none is meant for get none.
    pub fn new(instruments: &Instruments, settings: &Settings) -> Models {
        assert!(settings.models.len() < usize::from(u16::MAX), "models are counted in 16 bits");
        let empty = Desk { forecast: Forecast::default(), model: None, answers: 0 };
        let mut desks = vec![empty; instruments.len()];
        for (n, desk) in desks.iter_mut().enumerate() {
            desk.forecast.instrument = n as u32;
        }
        let all = settings.models.iter().enumerate().map(|(n, given)| {
            let mut slots = 0;
            for id in &given.instruments {
                if let Some(desk) = desks.get_mut(id.index())
                    && desk.model.is_none()
                {
                    desk.model = Some((n as u16, slots));
                    desk.forecast.horizon_ns = given.horizon_ns;
                    slots += 1;
                }
            }
            Loaded::new(given, slots)
        });
        let all = all.collect();
        Models { all, desks: desks.into(), counts: Counts::default(), watch: None }
    }

    /// Who says from now on what is late. Cold.
    pub fn watch(&mut self, watch: Box<dyn Watch>) {
        self.watch = Some(watch);
    }

    /// Where rows go of the model at `place` of the settings; false where that is not one beside.
    /// Cold.
    pub fn post(&mut self, place: usize, post: Box<dyn Post>) -> bool {
        let Some(Loaded { kind: Kind::Beside(beside), .. }) = self.all.get_mut(place) else {
            return false;
        };
        beside.post_to(post);
        true
    }

    /// Instruments of the model at `place` of the settings, in the order of their slots. Cold.
    pub fn instruments(&self, place: usize) -> Vec<InstrumentId> {
        let of = |(n, desk): (usize, &Desk)| match desk.model {
            Some((model, slot)) if usize::from(model) == place => Some((slot, n)),
            _ => None,
        };
        let mut all: Vec<(u32, usize)> = self.desks.iter().enumerate().filter_map(of).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, n)| InstrumentId(n as u32)).collect()
    }

    /// A network on a thread of its own has something to say. False where it is no news. Between
    /// frames; journalled before it comes here.
    #[inline]
    pub fn advise(&mut self, advice: &Advice) -> bool {
        let desk = self.desks.get(advice.instrument as usize);
        let Some((model, slot)) = desk.and_then(|desk| desk.model) else { return false };
        match &mut self.all[usize::from(model)].kind {
            Kind::Beside(beside) => beside.advise(slot as usize, advice),
            Kind::Linear(_) | Kind::Lstm(_) => false,
        }
    }

    /// How often a forecast stood where. Cold.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The latest forecast of an instrument; `None` where there is no such instrument. Cold.
    pub fn forecast(&self, id: InstrumentId) -> Option<&Forecast> {
        self.desks.get(id.index()).map(|desk| &desk.forecast)
    }

    /// Puts a model into its place; the one that was there is in `understudy` then. Between frames;
    /// journalled before it is done. Its instruments warm anew.
    pub fn swap(&mut self, understudy: &mut Understudy) -> Result<(), Unfit> {
        let (place, models) = (understudy.place, self.all.len());
        let here = self.all.get_mut(place).ok_or(Unfit::Place { place, models })?;
        let (found, expected) = (understudy.loaded.slots, here.slots);
        if found != expected {
            return Err(Unfit::Slots { found, expected });
        }
        std::mem::swap(here, &mut understudy.loaded);
        // One that ran before remembers what is long gone; a new one has nothing to forget.
        (0..expected as usize).for_each(|slot| here.kind.forget(slot));
        let own = |model: Option<(u16, u32)>| model.is_some_and(|(n, _)| usize::from(n) == place);
        for desk in self.desks.iter_mut().filter(|desk| own(desk.model)) {
            desk.forecast.horizon_ns = here.horizon_ns;
            desk.forecast.standing = Standing::Warming;
            let forecast = &mut desk.forecast;
            forecast.expected_bps = 0.0;
            (forecast.up, forecast.down) = (0.0, 0.0);
        }
        Ok(())
    }
}

/// A model that waits for its turn.
#[derive(Debug)]
pub struct Understudy {
    place: usize,
    loaded: Loaded,
}

/// Why it cannot take its place; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no such place.
    #[error("there are {models} models, and none at place {place}; name one of those")]
    Place {
        /// Where it should go.
        place: usize,
        /// Models that there are.
        models: usize,
    },
    /// It has states for another number of instruments.
    #[error("made for {found} instruments, expected {expected}; make it with those of its place")]
    Slots {
        /// Instruments that it was made for.
        found: u32,
        /// Instruments of the place.
        expected: u32,
    },
}

impl Understudy {
    /// For the model at `place` of the settings, with states for `slots` instruments: as many as
    /// [`Models::instruments`] says of that place. Allocates: cold.
    pub fn new(given: &Given, place: usize, slots: usize) -> Understudy {
        Understudy { place, loaded: Loaded::new(given, slots as u32) }
    }
}

impl Desk {
    /// Asks the model, if it may be asked.
    #[inline(always)]
    fn update(
        &mut self,
        all: &mut [Loaded],
        watch: &mut Option<Box<dyn Watch>>,
        seen: &Seen<'_>,
        counts: &mut Counts,
    ) {
        let forecast = &mut self.forecast;
        forecast.stamp = seen.view.quote.stamp;
        (forecast.expected_bps, forecast.up, forecast.down) = (0.0, 0.0, 0.0);
        let Some((model, slot)) = self.model else {
            forecast.standing = Standing::Absent;
            counts.absent += 1;
            return;
        };
        let model = &mut all[usize::from(model)];
        let is_live = seen.view.quote.state == BookState::Live;
        if !is_live || seen.features.ready & model.horizons != model.horizons {
            model.kind.forget(slot as usize);
            forecast.standing = Standing::Warming;
            counts.warming += 1;
            return;
        }
        let now = seen.view.quote.stamp.recv_ns;
        let answer = match watch {
            Some(watch) if model.deadline_ns > 0 => {
                watch.begin();
                let answer = model.kind.expect(now, seen.features, slot as usize);
                self.answers += 1;
                let late = Late { instrument: forecast.instrument, answer: self.answers };
                if watch.is_late(late, model.deadline_ns) { Answer::Late } else { answer }
            }
            _ => model.kind.expect(now, seen.features, slot as usize),
        };
        let expected = match answer {
            Answer::Expected(expected) => expected,
            Answer::Warming => {
                forecast.standing = Standing::Warming;
                counts.warming += 1;
                return;
            }
            Answer::Failed => {
                forecast.standing = Standing::Failed;
                counts.failed += 1;
                return;
            }
            Answer::Late => {
                forecast.standing = Standing::Failed;
                counts.late += 1;
                return;
            }
        };
        debug_assert_eq!(forecast.horizon_ns, model.horizon_ns, "an instrument keeps its model");
        forecast.standing = Standing::Ready;
        forecast.expected_bps = expected.bps;
        forecast.up = expected.up;
        forecast.down = 1.0 - expected.up;
        counts.ready += 1;
    }
}

impl Idle for Models {
    #[inline]
    fn idle(&mut self) {
        self.all.iter_mut().for_each(|model| model.kind.rest());
    }
}

impl<'m> On<Seen<'m>> for Models {
    type Out<'a> = Outlook<'a>;

    #[inline]
    fn on(&mut self, seen: &Seen<'m>, out: &mut impl for<'a> Emit<Outlook<'a>>) {
        let Some(desk) = self.desks.get_mut(seen.view.quote.instrument().index()) else {
            return;
        };
        desk.update(&mut self.all, &mut self.watch, seen, &mut self.counts);
        let (view, features) = (seen.view, seen.features);
        out.emit(&Outlook { view, features, forecast: &desk.forecast });
    }
}
