//! Crowd: the markets of one venue side by side, and what its sessions have to do at which time.
//!
//! In: flows and a timetable. Out: who is next, a step of a market or an entry of the timetable.

use crate::base::{Nanos, Side};
use crate::event::Level;
use crate::sim::flow::Flow;
use crate::sim::value::Path;

/// How long a recording is, and when its faults are due: nanoseconds since its beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) end_ns: i64,
}

impl Schedule {
    pub(super) fn new(seconds: u32) -> Schedule {
        Schedule { end_ns: i64::from(seconds) * Nanos::SECOND }
    }

    /// So many sixtieths of the first minute, or of the whole where it is shorter.
    pub(super) fn sixtieths(self, n: i64) -> i64 {
        n * self.end_ns.min(60 * Nanos::SECOND) / 60
    }
}

/// The markets of one venue, or one of them.
#[derive(Debug)]
pub(super) struct Crowd<'a> {
    pub(super) flows: Vec<Flow>,
    pub(super) path: &'a Path,
    /// When the recording begins.
    pub(super) begin: Nanos,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next<T> {
    /// This market has made a step.
    Step(usize),
    /// This is due.
    Due(T),
}

impl Crowd<'_> {
    /// Goes through all that happens, in the order of time; the timetable ends it.
    pub(super) fn play<T: Copy>(
        &mut self,
        mut timetable: Vec<(i64, T)>,
        mut happen: impl FnMut(&Crowd<'_>, Nanos, Next<T>),
    ) {
        timetable.sort_by_key(|(at, _)| *at);
        for (due_ns, what) in timetable {
            while let Some(next) = self.next_before(due_ns) {
                let at = Nanos(self.begin.0 + self.flows[next].next_ns);
                self.flows[next].step(self.path);
                happen(self, at, Next::Step(next));
            }
            happen(self, Nanos(self.begin.0 + due_ns), Next::Due(what));
        }
    }

    /// The market whose step comes first, if it comes before a time.
    fn next_before(&self, due_ns: i64) -> Option<usize> {
        let steps = self.flows.iter().enumerate().map(|(n, flow)| (flow.next_ns, n));
        steps.min().filter(|(next_ns, _)| *next_ns < due_ns).map(|(_, n)| n)
    }
}

/// The levels of these prices as they are now, in the order of the prices given.
pub(super) fn levels_now(flow: &Flow, side: Side, prices: impl Iterator<Item = i64>) -> Vec<Level> {
    prices.map(|price| Level { price, qty: flow.market.qty(side, price) }).collect()
}

/// Times from `first` on, every `every`, up to and with `last`.
pub(super) fn every<T: Copy>(first: i64, every: i64, last: i64, what: T) -> Vec<(i64, T)> {
    (first..=last).step_by(every as usize).map(|at| (at, what)).collect()
}
