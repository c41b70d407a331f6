//! Who: those who move a market by themselves, people or a script.

use super::people::People;
use super::script::Script;
use super::tide::Tide;
use crate::base::Nanos;
use crate::sim::engine::Engine;

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::sim) enum Who {
    /// Made up from chance.
    People(Box<People>),
    /// Written.
    Script(Script),
}

impl Who {
    /// When something is next to happen.
    pub(in crate::sim) fn next_at(&self) -> Nanos {
        match self {
            Who::People(people) => people.next_at(),
            Who::Script(script) => script.next_at(),
        }
    }

    /// It happens: a step of the engine.
    pub(in crate::sim) fn act(&mut self, engine: &mut Engine, tide: &Tide) {
        match self {
            Who::People(people) => people.act(engine, tide),
            Who::Script(script) => script.act(engine),
        }
    }

    /// Forgets what is over.
    pub(in crate::sim) fn tidy(&mut self, engine: &Engine) {
        if let Who::People(people) = self {
            people.tidy(engine);
        }
    }
}
