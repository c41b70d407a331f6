//! What came of a run, and why one failed.

use super::crew::duty::Regimes;
use super::crew::world::Venue;
use super::layout::Layout;
use super::trace::span::Latency;
use super::trace::tap::Output;
use crate::event::Resync;
use crate::stage::book::{Integrity, Shown};
use crate::stage::feed::{Counts, Kept};
use crate::stage::risk::Gate;
use crate::sys::alloc;
use crate::sys::core::CoreError;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The layout that was run.
    pub layout: Layout,
    /// How frames were decoded, and what they said.
    pub counts: Counts,
    /// What was checked in all books together.
    pub integrity: Integrity,
    /// Each instrument's book at the end, by id.
    pub books: Vec<Shown>,
    /// Requests for snapshots, the first [`super::RESYNCS_KEPT`] of each thread.
    pub resyncs: Vec<Resync>,
    /// The latest refused frames.
    pub refused: Vec<Kept>,
    /// All that went out and came back, in the order of frames, then of accounts.
    pub outputs: Vec<Output>,
    /// Denials by the number of their reason.
    pub denied: [u64; 28],
    /// The venues in a box at the end.
    pub venues: Vec<Venue>,
    /// The risk gate at the end.
    pub gate: Gate,
    /// Percentiles of each span.
    pub latency: Latency,
    /// What each loop did with its time, by what is on it.
    pub regimes: Vec<(&'static str, Regimes)>,
    /// The pass over the frames in memory, ns.
    pub pass_ns: u64,
    /// Allocations and frees of the hot threads while they ran; `None` where the process has no
    /// counting allocator.
    pub allocations: Option<alloc::Counts>,
    /// Page faults of the hot threads while they ran.
    pub page_faults: u64,
    /// Cores that hot threads were bound to.
    pub cores: Vec<usize>,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// A hot thread panicked.
    #[error(
        "a hot thread panicked: {why}; trading was halted and {cancelled} open orders were \
         cancelled; this is a bug, please report it with the recording"
    )]
    Panicked {
        /// What it said.
        why: String,
        /// Orders that were cancelled because of it.
        cancelled: usize,
    },
    /// Cores cannot be asked for.
    #[error(transparent)]
    Cores(#[from] CoreError),
}
