//! The pipeline: start, supervise, stop.
//!
//! In: a tape, its instruments, a plan. Out: what was decoded, what the books show, how long it
//! took. Never: a stage's business.

mod layout;
mod topology;
mod runner;
mod span;

pub use layout::{Layout, core_of, hot_cores};
pub use runner::Pace;
pub use span::Latency;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use runner::{BookLoop, Chain, FeedLoop, Pacer};
use span::{SpanReaders, spans};
use topology::Links;

use crate::base::{InstrumentId, Instruments};
use crate::event::{Resync, View};
use crate::stage::book::{Books, Integrity, Settings, Shown};
use crate::stage::contract::{Emit, Nowhere};
use crate::stage::feed::{Counts, Feed, Kept};
use crate::sys::clock::Clock;
use crate::sys::core::CoreError;
use crate::sys::{alloc, core, memory};
use crate::tape::Tape;
use crate::venue::wire::FastLevel;

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
}

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
    /// Requests for snapshots, the first [`RESYNCS_KEPT`] of each thread.
    pub resyncs: Vec<Resync>,
    /// The latest refused frames.
    pub refused: Vec<Kept>,
    /// Percentiles of each span.
    pub latency: Latency,
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

/// Requests for snapshots that a run keeps for its report.
pub const RESYNCS_KEPT: usize = 1_024;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// A hot thread panicked.
    #[error("a hot thread panicked: {why}; this is a bug, please report it with the recording")]
    Panicked {
        /// What it said.
        why: String,
    },
    /// Cores cannot be asked for.
    #[error(transparent)]
    Cores(#[from] CoreError),
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
    fn add(&self, n: usize) {
        // Every 256 frames is often enough for an eye, and rare enough not to be felt.
        if n.is_multiple_of(256) {
            self.0.store(n, Ordering::Relaxed);
        }
    }
}

/// Plays a tape through the machine.
pub fn replay(
    tape: &Tape,
    instruments: &Instruments,
    plan: &Plan,
    progress: &Progress,
) -> Result<Outcome, PipelineError> {
    let mut venues: Vec<&str> = tape.sources().iter().map(|s| s.dialect.name).collect();
    venues.sort_unstable();
    venues.dedup();
    let cores = if plan.pin { hot_cores()? } else { Vec::new() };
    let layout = plan.layout.resolved(venues.len(), core::allowed()?.len());
    let run = Run { tape, instruments, plan, progress, cores: &cores };
    // Where the system is too old to be asked, the first frames bring in what they need.
    memory::prefault_code();
    let parts = match layout {
        Layout::StagePerCore => vec![run.stages()?],
        Layout::VenuePerCore => run.chains(&venues)?,
        Layout::One | Layout::Auto => run.chains(&["*"])?,
    };
    Ok(run.together(layout, parts))
}

/// What all threads of a run share.
struct Run<'a> {
    tape: &'a Tape,
    instruments: &'a Instruments,
    plan: &'a Plan,
    progress: &'a Progress,
    cores: &'a [usize],
}

/// What one feed and one set of books came to.
struct Part {
    venue: String,
    feed: Feed,
    books: Books,
    resyncs: Requests,
    spans: Vec<SpanReaders>,
    marks: Vec<Marks>,
}

/// What a hot thread used while it ran.
struct Marks {
    core: Option<usize>,
    pass_ns: u64,
    allocations: alloc::Counts,
    page_faults: u64,
}

/// Keeps the first requests for snapshots.
#[derive(Debug)]
struct Requests(Vec<Resync>);

impl Requests {
    fn new() -> Requests {
        let mut room = Vec::with_capacity(RESYNCS_KEPT);
        memory::prefault_spare(&mut room);
        Requests(room)
    }
}

impl Emit<Resync> for Requests {
    fn emit(&mut self, message: &Resync) {
        if self.0.len() < RESYNCS_KEPT {
            self.0.push(*message);
        }
    }
}

impl Run<'_> {
    /// Feed and books on one thread for each of `venues`, `*` for all of them.
    fn chains(&self, venues: &[&str]) -> Result<Vec<Part>, PipelineError> {
        let threads = venues.len();
        thread::scope(|scope| {
            let handles: Vec<_> = venues
                .iter()
                .enumerate()
                .map(|(n, venue)| scope.spawn(move || self.chain(n, threads, venue)))
                .collect();
            handles.into_iter().map(|handle| joined(handle.join())).collect()
        })
    }

    fn chain(&self, n: usize, threads: usize, venue: &str) -> Part {
        let clock = Clock::calibrate(Duration::from_millis(20));
        let (mut feed, mut books) = self.stages_of();
        let (mut spans, readers) = spans(clock);
        let mut resyncs = Requests::new();
        let mut pacer = Pacer::new(self.plan.pace, clock);
        let sources = self.tape.sources();
        let mine = |connection: usize| venue == "*" || sources[connection].dialect.name == venue;
        let marks = self.hot(n, threads, clock, || {
            let mut chain = Chain {
                feed: &mut feed,
                books: &mut books,
                views: &mut Nowhere,
                resyncs: &mut resyncs,
                spans: &mut spans,
                sample_every: self.plan.sample_every,
            };
            chain.play(self.tape, &mut pacer, mine, |n| self.progress.add(n));
        });
        let venue = venue.to_owned();
        Part { venue, feed, books, resyncs, spans: vec![readers], marks: vec![marks] }
    }

    /// Feed and books on a thread each.
    fn stages(&self) -> Result<Part, PipelineError> {
        let clock = Clock::calibrate(Duration::from_millis(20));
        let (mut feed, mut books) = self.stages_of();
        let (mut feed_spans, feed_readers) = spans(clock);
        let (mut book_spans, book_readers) = spans(clock);
        let mut resyncs = Requests::new();
        let Links { feed_book: (to_book, from_feed), book_feed: (to_feed, from_book) } =
            Links::new();
        let yields = core::allowed()?.len() < 2;
        let sample_every = self.plan.sample_every;
        let mut book_loop = BookLoop {
            books: &mut books,
            ring: from_feed,
            resyncs: to_feed,
            views: &mut Nowhere,
            spans: &mut book_spans,
            sample_every,
            yields,
        };
        let mut feed_loop = FeedLoop {
            feed: &mut feed,
            ring: to_book,
            resyncs: from_book,
            spans: &mut feed_spans,
            sample_every,
            yields,
        };
        let asked = &mut resyncs;
        let marks = thread::scope(|scope| {
            let book = scope.spawn(move || self.hot(1, 2, clock, || book_loop.run()));
            let feed = scope.spawn(move || {
                let mut pacer = Pacer::new(self.plan.pace, clock);
                let marks = self.hot(0, 2, clock, || {
                    feed_loop.play(self.tape, &mut pacer, asked, |n| self.progress.add(n));
                });
                feed_loop.close(asked);
                marks
            });
            Ok::<_, PipelineError>(vec![joined(feed.join())?, joined(book.join())?])
        })?;
        let spans = vec![feed_readers, book_readers];
        Ok(Part { venue: String::from("*"), feed, books, resyncs, spans, marks })
    }

    fn stages_of(&self) -> (Feed, Books) {
        let dialects = self.tape.dialects();
        let feed = Feed::new(&dialects, self.instruments, self.plan.level);
        (feed, Books::new(self.instruments, &self.plan.books))
    }

    /// Runs `work` as hot thread `n` of `threads`: bound to its core, its allocations counted.
    fn hot(&self, n: usize, threads: usize, clock: Clock, work: impl FnOnce()) -> Marks {
        // A thread that cannot be bound runs all the same, only less evenly.
        let core = core_of(n, threads, self.cores).filter(|core| core::pin(*core).is_ok());
        memory::prefault_stack();
        let (allocations, faults) = (alloc::of_thread(), memory::page_faults());
        let begun = clock.ticks();
        let hot = alloc::hot();
        work();
        drop(hot);
        let pass_ns = clock.span_ns(clock.ticks().wrapping_sub(begun));
        let (after, faults_after) = (alloc::of_thread(), memory::page_faults());
        Marks {
            core,
            pass_ns,
            allocations: alloc::Counts {
                allocations: after.allocations - allocations.allocations,
                frees: after.frees - allocations.frees,
            },
            page_faults: (faults_after.minor - faults.minor) + (faults_after.major - faults.major),
        }
    }

    /// Adds up the parts of a run.
    fn together(&self, layout: Layout, parts: Vec<Part>) -> Outcome {
        let mut counts = Counts::default();
        let mut integrity = Integrity::default();
        let (mut resyncs, mut refused, mut readers, mut marks) = (vec![], vec![], vec![], vec![]);
        let owner = |id: InstrumentId| {
            let venue = self.instruments.with_id(id).map(|i| i.venue);
            parts.iter().find(|part| part.venue == "*" || Some(part.venue.as_str()) == venue)
        };
        let shown = |id| owner(id).and_then(|part| part.books.show(id));
        let books = self.instruments.iter().filter_map(|i| shown(i.id)).collect();
        for part in parts {
            counts += part.feed.counts();
            integrity += part.books.integrity();
            refused.extend(part.feed.refused().iter().cloned());
            resyncs.extend(part.resyncs.0);
            readers.extend(part.spans);
            marks.extend(part.marks);
        }
        refused.sort_by_key(|kept: &Kept| kept.frame);
        resyncs.sort_by_key(|resync: &Resync| resync.frame);
        let allocations = alloc::Counts {
            allocations: marks.iter().map(|m| m.allocations.allocations).sum(),
            frees: marks.iter().map(|m| m.allocations.frees).sum(),
        };
        Outcome {
            layout,
            counts,
            integrity,
            books,
            resyncs,
            refused,
            latency: SpanReaders::together(&readers),
            pass_ns: marks.iter().map(|m| m.pass_ns).max().unwrap_or_default(),
            allocations: alloc::is_counting().then_some(allocations),
            page_faults: marks.iter().map(|m| m.page_faults).sum(),
            cores: marks.iter().filter_map(|m| m.core).collect(),
        }
    }
}

fn joined<T>(result: thread::Result<T>) -> Result<T, PipelineError> {
    result.map_err(|panic| {
        let said = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        PipelineError::Panicked { why: said.unwrap_or_else(|| String::from("no message")) }
    })
}

/// Plays a tape on this thread and hands every view to `views`: for tests, comparisons and export.
pub fn watch(
    tape: &Tape,
    instruments: &Instruments,
    plan: &Plan,
    views: &mut impl Emit<View>,
) -> Outcome {
    let clock = Clock::calibrate(Duration::from_millis(1));
    let progress = Progress::default();
    let run = Run { tape, instruments, plan, progress: &progress, cores: &[] };
    let (mut feed, mut books) = run.stages_of();
    let (mut spans, readers) = spans(clock);
    let mut resyncs = Requests::new();
    let mut pacer = Pacer::new(Pace::Max, clock);
    let marks = run.hot(0, 1, clock, || {
        let mut chain = Chain {
            feed: &mut feed,
            books: &mut books,
            views,
            resyncs: &mut resyncs,
            spans: &mut spans,
            sample_every: plan.sample_every,
        };
        chain.play(tape, &mut pacer, |_| true, |_| {});
    });
    let venue = String::from("*");
    let part = Part { venue, feed, books, resyncs, spans: vec![readers], marks: vec![marks] };
    run.together(Layout::One, vec![part])
}
