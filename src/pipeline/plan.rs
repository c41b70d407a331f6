//! The plan of a run: what is played, in which layout, with what in it.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::crew::player::Pace;
use super::layout::Layout;
use super::trace::span::Stage;
use super::trading::Trading;
use crate::stage::book::Settings;
use crate::venue::wire::FastLevel;

/// Requests for snapshots that a run keeps for its report.
pub const RESYNCS_KEPT: usize = 1_024;

/// How a tape is to be played.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which stages share a core.
    pub layout: Layout,
    /// How fast.
    pub pace: Pace,
    /// Instruction set of the fast path.
    pub level: FastLevel,
    /// One frame in this many has its stages measured one by one; a power of two.
    pub sample_every: u64,
    /// Bind hot threads to cores where there are enough.
    pub pin: bool,
    /// What the books are told.
    pub books: Settings,
    /// What the stages behind them are told.
    pub trading: Trading,
    /// The last frame to be played.
    pub last: u64,
    /// For tests of what happens then: this stage panics when this frame begins.
    #[doc(hidden)]
    pub panic_at: Option<(Stage, u64)>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            layout: Layout::One,
            pace: Pace::Max,
            level: FastLevel::detect(),
            sample_every: 16,
            pin: true,
            books: Settings::default(),
            trading: Trading::default(),
            last: u64::MAX,
            panic_at: None,
        }
    }
}

/// How far a run is: frames that are out, read by a progress bar.
#[derive(Debug, Default)]
pub struct Progress(AtomicUsize);

impl Progress {
    /// Frames that are out.
    pub fn frames(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(super) fn add(&self, n: usize) {
        // Every 256 frames is often enough for an eye, and rare enough not to be felt.
        if n.is_multiple_of(256) {
            self.0.store(n, Ordering::Relaxed);
        }
    }
}
