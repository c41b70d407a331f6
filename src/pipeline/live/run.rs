//! A live run: from its stages to its outcome.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::super::assembly::Run;
use super::super::crew::stages::{Ends, Mind};
use super::super::flow::wait::Wait;
use super::super::layout::{Layout, hot_cores};
use super::super::outcome::{Outcome, PipelineError};
use super::super::plan::Plan;
use super::super::run::together;
use super::carrier::{Carrier, Post};
use super::driver::Station;
use super::ear::Listener;
use crate::base::Instruments;
use crate::sys::clock::Clock;
use crate::sys::{core, memory};
use crate::venue::Dialect;

/// What a live machine turns on.
pub struct Live<'a, C, P> {
    /// Brings frames.
    pub carrier: &'a mut C,
    /// Takes orders, where they leave the house.
    pub post: P,
    /// The venues; the number of each is that of its connection.
    pub stations: &'a mut [Station],
    /// Raised where it is to end.
    pub stop: &'a AtomicBool,
    /// The cold side is waited for instead of being left without a frame: for time that is not the
    /// host's.
    pub waits: bool,
}

/// How a live run ended.
#[derive(Debug)]
pub struct Ended {
    /// What came of it, but for its outputs: the listener has them.
    pub outcome: Outcome,
    /// Frames that found no room on their way to the journal.
    pub lost: u64,
    /// Orders that were open at the end, and were cancelled.
    pub cancelled: usize,
}

/// Runs the machine until it is told to stop; then cancels what is open. The layout is
/// [`Layout::One`].
pub fn live<C: Carrier, P: Post>(
    live: Live<'_, C, P>,
    instruments: &Instruments,
    plan: &Plan,
    listener: &mut dyn Listener,
) -> Result<Ended, PipelineError> {
    let allowed = core::allowed()?.len();
    let cores = if plan.pin { hot_cores(1)? } else { Vec::new() };
    let clock = Clock::calibrate(Duration::from_millis(20));
    // One core must also serve the lines and the cold side.
    let wait = Wait::new(allowed < 2);
    let run = Run { plan, cores: &cores, clock, wait };
    memory::prefault_code();
    let dialects: Vec<&'static Dialect> =
        live.stations.iter().map(|station| station.dialect).collect();
    let mut ends = Ends::new("*", &dialects, instruments, plan);
    let mut mind = Mind::new(instruments, plan);
    let (played, lost) = run.live((&mut ends, &mut mind), instruments, live, listener);
    let cancelled = ends.cancel_all();
    if let Some(why) = played.log.panic {
        return Err(PipelineError::Panicked { why, cancelled });
    }
    let outcome = together(Layout::One, instruments, vec![ends], mind, played);
    Ok(Ended { outcome, lost, cancelled })
}
