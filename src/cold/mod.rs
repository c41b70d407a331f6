//! The unhurried side: takes what the hot side leaves behind.
//!
//! Never: a hot thread made to wait.

pub mod dialer;
pub mod home;
pub mod keys;
mod latency_log;
pub mod model;
mod recorder;
pub mod latch;
#[cfg(test)]
mod latch_tests;

pub use latency_log::LatencyLog;
pub use recorder::{Beginning, Heard, Recorded, Recorder, Scribe, connections};
