//! A run: a tape through the machine, from its stages to its outcome.

use std::time::Duration;

use super::assembly::{Played, Reel, Run};
use super::crew::duty::Duty;
use super::crew::front::{Back, Front, Sample};
use super::crew::player::{Pace, Pacer, Player};
use super::crew::stages::{Ends, Mind};
use super::flow::link::{Flow, Inbox, Link, Seat};
use super::flow::member::Shelf;
use super::flow::step::Step;
use super::flow::wait::Wait;
use super::layout::{Layout, hot_cores};
use super::outcome::{Outcome, PipelineError};
use super::plan::{Plan, Progress};
use super::topology::{self, ToBooks};
use super::trace::span::{Readers, Span, Stage};
use super::trace::tap::Output;
use super::trading::Trading;
use crate::base::Instruments;
use crate::event::View;
use crate::stage::book::Integrity;
use crate::stage::contract::Emit;
use crate::stage::feed::Counts;
use crate::sys::clock::Clock;
use crate::sys::{alloc, core, memory};
use crate::tape::Tape;

/// Plays a tape through the machine.
pub fn replay(
    tape: &Tape,
    instruments: &Instruments,
    plan: &Plan,
    progress: &Progress,
) -> Result<Outcome, PipelineError> {
    let mut names: Vec<&str> = tape.sources().iter().map(|s| s.dialect.name).collect();
    names.sort_unstable();
    names.dedup();
    // In the order of accounts, in which reports are heard where all venues share a dispatch.
    let venues = &plan.trading.venues;
    names.sort_by_key(|name| {
        venues.iter().position(|paper| paper.dialect.name == *name).unwrap_or(usize::MAX)
    });
    let allowed = core::allowed()?.len();
    let layout = plan.layout.resolved(names.len(), allowed);
    let threads = layout.threads(&names).len();
    let cores = if plan.pin { hot_cores(threads)? } else { Vec::new() };
    let clock = Clock::calibrate(Duration::from_millis(20));
    let wait = Wait::new(allowed < threads);
    let run = Run { plan, cores: &cores, clock, wait };
    let reel = Reel { tape, progress };
    // Where the system is too old to be asked, the first frames bring in what they need.
    memory::prefault_code();
    let of = |venue: &str| Ends::new(venue, &tape.dialects(), instruments, plan);
    let mut mind = Mind::new(instruments, plan);
    let mut ends: Vec<Ends> = match layout {
        Layout::VenuePerCore => names.iter().map(|venue| of(venue)).collect(),
        _ => vec![of("*")],
    };
    let played = match layout {
        Layout::One | Layout::Auto => run.one(reel, &mut ends[0], &mut mind),
        Layout::VenuePerCore => run.venues(reel, &mut ends, &mut mind),
        Layout::StagePerCore => run.stages(reel, &mut ends[0], &mut mind),
    };
    if let Some(why) = played.log.panic {
        let cancelled = ends.iter_mut().map(|ends| ends.cancel_all().cancelled).sum();
        return Err(PipelineError::Panicked { why, cancelled });
    }
    Ok(together(layout, instruments, ends, mind, played))
}

/// Adds up what the parts of a run came to.
pub(super) fn together(
    layout: Layout,
    instruments: &Instruments,
    mut ends: Vec<Ends>,
    mind: Mind,
    played: Played,
) -> Outcome {
    ends.iter_mut().for_each(Ends::take_left);
    let shown = |id| ends.iter().find_map(|ends| ends.show(id, instruments));
    let books = instruments.iter().filter_map(|i| shown(i.id)).collect();
    let marks = &played.log.marks;
    let allocations = alloc::Counts {
        allocations: marks.iter().map(|m| m.allocations.allocations).sum(),
        frees: marks.iter().map(|m| m.allocations.frees).sum(),
    };
    let mut outputs: Vec<Output> = played.outputs.into_iter().flatten().collect();
    // Each dispatch's outputs are in their order already; several are put together step by step.
    outputs.sort_by_key(|output| output.step);
    let mut outcome = Outcome {
        layout,
        counts: Counts::default(),
        integrity: Integrity::default(),
        books,
        resyncs: Vec::new(),
        refused: Vec::new(),
        outputs,
        denied: mind.gate.denied(),
        venues: Vec::new(),
        gate: mind.gate,
        latency: played.readers.latency(),
        regimes: played.duties.iter().map(|(name, duty)| (*name, duty.regimes())).collect(),
        pass_ns: marks.iter().map(|m| m.pass_ns).max().unwrap_or_default(),
        allocations: alloc::is_counting().then_some(allocations),
        page_faults: marks.iter().map(|m| m.page_faults).sum(),
        cores: marks.iter().filter_map(|m| m.core).collect(),
    };
    for part in ends {
        outcome.counts += part.feed.counts();
        outcome.integrity += part.books.integrity();
        outcome.refused.extend(part.feed.refused().iter().cloned());
        outcome.resyncs.extend(part.asked.0);
        outcome.venues.extend(part.venues);
    }
    outcome.refused.sort_by_key(|kept| kept.frame);
    outcome.resyncs.sort_by_key(|resync| resync.frame);
    outcome.venues.sort_by_key(|venue| venue.account);
    outcome
}

/// The end of a chain that only looks.
struct Viewer<'a, V>(&'a mut V);

impl<V: Emit<View>> Emit<View> for Viewer<'_, V> {
    #[inline]
    fn emit(&mut self, view: &View) {
        self.0.emit(view);
    }
}

impl<V> Flow for Viewer<'_, V> {
    fn begin(&mut self, _step: &Step) {}
    fn done(&mut self, _step: &Step) {}
}

/// Plays a tape through feed and books on this thread and hands every view to `views`: for
/// comparisons and research.
pub fn watch(
    tape: &Tape,
    instruments: &Instruments,
    plan: &Plan,
    views: &mut impl Emit<View>,
) -> Vec<crate::event::Resync> {
    let clock = Clock::calibrate(Duration::from_millis(1));
    let bare = Plan { trading: Trading::default(), ..plan.clone() };
    let mut ends = Ends::new("*", &tape.dialects(), instruments, &bare);
    let mut readers = Readers::default();
    let (asks, asked) = topology::resyncs();
    let mut shelf = Shelf { books: &mut ends.books, resyncs: asks };
    let span = Span::new(Stage::Book, clock, &mut readers);
    let seat = Seat::new(&mut shelf, Viewer(views), Inbox::default(), span, u64::MAX);
    let head: Link<'_, _, _, ToBooks> = Link::Inline(seat);
    let front = Front {
        feed: &mut ends.feed,
        head,
        back: Back::Inline,
        world: None,
        resyncs: asked,
        decode: Span::new(Stage::Decode, clock, &mut readers),
        duty: Duty::new(clock).0,
        wait: Wait::new(false),
        sample: Sample::Every(plan.sample_every),
    };
    let pacer = Pacer::new(Pace::Max, clock);
    let mut player = Player { tape, mine: &ends.mine, front, pacer, last: u64::MAX };
    player.play(&mut ends.asked, |_| {});
    drop(player);
    ends.asked.0
}
