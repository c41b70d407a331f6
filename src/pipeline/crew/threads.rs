//! The crew: the hot threads of a run, each bound to its core and watched, and the cold one beside
//! them that keeps what they put out.

use std::any::Any;
use std::sync::Mutex;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use super::super::flow::wait::{Stopped, Wait};
use super::super::layout::core_of;
use super::super::trace::tap::{self, Output, Tapped};
use crate::ring::Consumer;
use crate::sys::clock::Clock;
use crate::sys::{alloc, core, memory};

/// What a hot thread used while it ran.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::pipeline) struct Marks {
    pub(in crate::pipeline) core: Option<usize>,
    pub(in crate::pipeline) pass_ns: u64,
    pub(in crate::pipeline) allocations: alloc::Counts,
    pub(in crate::pipeline) page_faults: u64,
}

/// What the crew came back with.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Log {
    pub(in crate::pipeline) marks: Vec<Marks>,
    /// What the first thread that panicked said.
    pub(in crate::pipeline) panic: Option<String>,
}

/// How threads of one run are started.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct Terms<'r> {
    pub(in crate::pipeline) clock: Clock,
    pub(in crate::pipeline) wait: &'r Wait,
    /// Hot threads in all.
    pub(in crate::pipeline) threads: usize,
    /// Cores that they may be bound to, the best first.
    pub(in crate::pipeline) cores: &'r [usize],
}

/// See the module.
pub(in crate::pipeline) struct Crew<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    terms: Terms<'env>,
    hot: Vec<ScopedJoinHandle<'scope, Marks>>,
}

impl<'scope> Crew<'scope, '_> {
    /// Starts the next hot thread.
    pub(in crate::pipeline) fn spawn(&mut self, work: impl FnOnce(&Hot<'_>) + Send + 'scope) {
        let (n, terms) = (self.hot.len(), self.terms);
        let marks = Mutex::new(Marks::default());
        self.hot.push(self.scope.spawn(move || {
            let _alarm = terms.wait.alarm();
            work(&Hot { n, terms: &terms, marks: &marks });
            marks.into_inner().unwrap_or_default()
        }));
    }
}

/// Lets a thread say from where to where it is hot.
pub(in crate::pipeline) struct Hot<'t> {
    n: usize,
    terms: &'t Terms<'t>,
    marks: &'t Mutex<Marks>,
}

impl Hot<'_> {
    /// Runs `work` hot: bound to the thread's core, its allocations and page faults counted.
    pub(in crate::pipeline) fn run(&self, work: impl FnOnce()) {
        let Terms { clock, threads, cores, .. } = *self.terms;
        // A thread that cannot be bound runs all the same, only less evenly.
        let core = core_of(self.n, threads, cores).filter(|core| core::pin(*core).is_ok());
        memory::prefault_stack();
        let (allocations, faults) = (alloc::of_thread(), memory::page_faults());
        let begun = clock.ticks();
        let hot = alloc::hot();
        work();
        drop(hot);
        let pass_ns = clock.span_ns(clock.ticks().wrapping_sub(begun));
        let (after, faults_after) = (alloc::of_thread(), memory::page_faults());
        let marks = Marks {
            core,
            pass_ns,
            allocations: alloc::Counts {
                allocations: after.allocations - allocations.allocations,
                frees: after.frees - allocations.frees,
            },
            page_faults: (faults_after.minor - faults.minor) + (faults_after.major - faults.major),
        };
        if let Ok(mut slot) = self.marks.lock() {
            *slot = marks;
        }
    }
}

/// Runs a crew that `start` starts, with `cold` beside it on a thread of its own, which must end
/// when the crew's taps are closed. Returns when all is done.
pub(in crate::pipeline) fn run<'env, T: Send + Default + 'env>(
    terms: Terms<'env>,
    cold: impl FnOnce() -> T + Send + 'env,
    start: impl for<'scope> FnOnce(&mut Crew<'scope, 'env>),
) -> (Log, T) {
    thread::scope(|scope| {
        let cold = scope.spawn(cold);
        let mut crew = Crew { scope, terms, hot: Vec::new() };
        start(&mut crew);
        let mut log = Log::default();
        for handle in crew.hot {
            match handle.join() {
                Ok(marks) => log.marks.push(marks),
                Err(panic) if panic.is::<Stopped>() => {}
                Err(panic) => log.panic = log.panic.take().or_else(|| Some(said(&*panic))),
            }
        }
        (log, cold.join().unwrap_or_default())
    })
}

/// Keeps all that comes out of the taps until they are closed: what each dispatch put out.
pub(in crate::pipeline) fn collect(mut taps: Vec<Consumer<Tapped>>) -> Vec<Vec<Output>> {
    let mut outputs: Vec<Vec<Output>> = taps.iter().map(|_| Vec::new()).collect();
    loop {
        // Asked before looking, so that what was written before the end is not missed.
        let are_closed = taps.iter().all(Consumer::is_abandoned);
        let mut has_taken = false;
        for (tap, outputs) in taps.iter_mut().zip(&mut outputs) {
            has_taken |= tap::drain(tap, outputs);
        }
        if !has_taken {
            if are_closed {
                return outputs;
            }
            thread::park_timeout(Duration::from_micros(500));
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| String::from("no message"))
}
