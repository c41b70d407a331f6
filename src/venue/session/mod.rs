//! Sessions: how a venue's market data is asked for and kept coming, as state machines.
//!
//! In: what happened to connections, frames, answers, the time. Out: [`Action`]s as plain data, and
//! for each frame whether the feed wants it.
//! Never: a socket, a clock, a thread. Whoever owns a session carries out its actions, in their
//! order, before he tells it the next thing.
//!
//! ```text
//! let mut session = (dialect.session?.open)(settings, now)?;
//! loop {                                        // each turn of a busy loop, or each millisecond
//!     session.poll(now, &mut actions);          // and carry out the actions after each call
//!     // a frame:      match session.frame(line, bytes, now, &mut actions) { Pass::Feed(..) .. }
//!     // a dial ended: session.opened(line, now, ..) or session.failed(line, &failure, now, ..)
//!     // a line ended: session.closed(line, code, now, ..)
//!     // an answer:    session.fetched(id, &answer, now, ..)
//!     // a book broke: session.resync(&resync, now, ..)
//! }
//! ```

mod backoff;
mod budget;
#[cfg(test)]
pub mod chaos;
mod contract;
mod grant;
mod lines;
mod reader;
#[cfg(test)]
pub mod stand;
mod state;

pub use backoff::{Jitter, Pace};
pub use budget::Window;
pub use contract::{
    Action, Actions, Address, Answer, Failure, FailureKind, FetchId, Follow, Line, Opening, Pass,
    Session, Settings, SettingsError, Why,
};
pub use grant::{ANSWER_NS_MAX, ASKS_MAX, Calm, Grant, SNAPSHOT_NS_MAX, Step};
pub use lines::{Lines, Rules};
pub use reader::Reader;
pub use state::{Reason, Stage, State, Tally};
