//! The pipeline: start, supervise, stop.
//!
//! In: a tape, its instruments, a plan. Out: what was decoded, what the books show, what was
//! ordered and what became of it, how long it took. Never: a stage's business.

mod layout;
mod topology;
mod trading;
mod plan;
mod assembly;
mod run;
mod outcome;
mod member;
mod live;
mod crew;
mod flow;
mod trace;

pub use crew::duty::Regimes;
pub use crew::player::Pace;
pub use crew::world::Venue;
pub use layout::{Layout, core_of, hot_cores, reserve};
pub use live::{
    Carrier, Ended, Event, Listener, Live, LiveAccount, Network, Note, Opened, OpeningError, Pulse,
    Station, leave, live, open,
};
pub use member::{Member, MemberError};
pub use outcome::{Outcome, PipelineError};
pub use plan::{Plan, Progress, RESYNCS_KEPT};
pub use run::{replay, watch};
pub use trace::span::{Latency, Stage};
pub use trace::tap::{Output, OutputHash, Put, hash};
pub use trace::witness::{Said, Testimony, testify};
pub use trading::{Paper, Trading};
