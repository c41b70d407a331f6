//! Crew: the threads of a run, the loops that they turn, and what they turn them on.

pub(super) mod duty;
pub(super) mod front;
pub(super) mod middle;
pub(super) mod player;
pub(super) mod stages;
pub(super) mod threads;
pub(super) mod world;
