//! The pipeline: start, supervise, stop.
//!
//! In: a tape, its instruments, a plan. Out: what was decoded, what the books show, what was ordered
//! and what became of it, how long it took. Never: a stage's business.

mod layout;
mod topology;
mod trading;
mod plan;
mod assembly;
mod run;
mod witness;
mod crew;
mod stages;
mod front;
mod middle;
mod member;
mod exit;
mod link;
mod carry;
mod world;
mod tap;
mod code;
mod outcome;
mod pace;
mod duty;
mod span;
mod step;
mod wait;

pub use duty::Regimes;
pub use layout::{Layout, core_of, hot_cores};
pub use outcome::{Outcome, PipelineError};
pub use pace::Pace;
pub use plan::{Plan, Progress, RESYNCS_KEPT};
pub use run::{replay, watch};
pub use span::{Latency, Stage};
pub use tap::{Output, hash};
pub use trading::{Paper, Trading};
pub use witness::{Said, Testimony, testify};
pub use world::Venue;
