//! A live run: from its stages to its outcome.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::super::assembly::Run;
use super::super::crew::stages::{Ends, Mind};
use super::super::flow::wait::Wait;
use super::super::layout::Layout;
use super::super::outcome::{Outcome, PipelineError};
use super::super::plan::Plan;
use super::super::run::together;
use super::carrier::Carrier;
use super::driver::Station;
use super::ear::Listener;
use super::members::LiveAccount;
use crate::base::Instruments;
use crate::sys::clock::Clock;
use crate::sys::{core, memory};
use crate::venue::Dialect;

/// What a live machine turns on.
pub struct Live<'a, C> {
    /// Brings frames.
    pub carrier: &'a mut C,
    /// The venues; the number of each is that of its connection.
    pub stations: &'a mut [Station],
    /// The accounts that trade at their venues; none on paper.
    pub members: &'a mut [LiveAccount],
    /// Raised where it is to end.
    pub stop: &'a AtomicBool,
    /// The core of the hot thread, as [`reserve`](crate::pipeline::reserve) gave it; empty to leave
    /// it to the system.
    pub cores: &'a [usize],
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
    /// Fills that came while they were cancelled: they are in no account of the session.
    pub unbooked: usize,
}

/// Runs the machine until it is told to stop; then cancels what is open. The layout is
/// [`Layout::One`].
pub fn live<C: Carrier>(
    live: Live<'_, C>,
    instruments: &Instruments,
    plan: &Plan,
    listener: &mut dyn Listener,
) -> Result<Ended, PipelineError> {
    let cores = live.cores;
    // Without a core of its own it must also leave time to the lines and the cold side.
    let wait = Wait::new(cores.is_empty() && core::allowed()?.len() < 2);
    let clock = Clock::calibrate(Duration::from_millis(20));
    let run = Run { plan, cores, clock, wait };
    memory::prefault_code();
    let dialects: Vec<&'static Dialect> =
        live.stations.iter().map(|station| station.dialect).collect();
    let mut ends = Ends::new("*", &dialects, instruments, plan);
    let mut mind = Mind::new(instruments, plan);
    let (played, lost) = run.live((&mut ends, &mut mind), instruments, live, listener);
    let swept = ends.cancel_all();
    if let Some(why) = played.log.panic {
        return Err(PipelineError::Panicked { why, cancelled: swept.cancelled });
    }
    let outcome = together(Layout::One, instruments, vec![ends], mind, played);
    Ok(Ended { outcome, lost, cancelled: swept.cancelled, unbooked: swept.filled })
}
