//! Line: what faults that are under way do to one connection.
//!
//! In: what a venue says on it. Out: what arrives, and when.
//! Never: a frame before an earlier one, unless that is the fault; more held back than is bounded.

use std::collections::VecDeque;

use super::plan::{Entry, What};
use super::spoil::{contains, corrupt, skew, spoil_checksum};
use crate::base::Nanos;
use crate::limits;
use crate::sim::dialect::{Conn, Out, Put};
use crate::sim::hall::VENUES;
use crate::sim::random::Random;

#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) entry: Entry,
    pub(super) until: Nanos,
    pub(super) left: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) venue: usize,
    pub(super) number: u64,
    pub(super) is_dead: bool,
    /// Frames that arrive later, in their order.
    pub(super) held: VecDeque<(Nanos, Put)>,
    /// A frame that arrives after the next one.
    pub(super) swapped: Option<Put>,
}

/// What a fault asks of the venues themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Maintenance begins at this venue, or ends.
    Maintenance(usize, bool),
    /// REST answers of this venue are so many ns late to twice that; `None` is the end of it.
    Lag(usize, Option<i64>),
    /// The book of a symbol (`None`: of the first one) changes so often in a second, so many ns.
    Burst(usize, Option<String>, i64, i64),
}

impl Active {
    pub(super) fn is_at(&self, venue: usize) -> bool {
        self.entry.venue.is_none_or(|of| of == venue)
    }

    /// What it asks of the venues when it begins, or ends.
    pub(super) fn tell(&self, begins: bool, changes: &mut Vec<Change>) {
        let Entry { what, delay_ms, rate, for_ms, symbol, .. } = &self.entry;
        for venue in (0..VENUES.len()).filter(|venue| self.is_at(*venue)) {
            changes.extend(match what {
                What::Maintenance => Some(Change::Maintenance(venue, begins)),
                What::Lag => Some(Change::Lag(venue, begins.then_some(delay_ms * Nanos::MILLI))),
                What::Burst if begins => {
                    Some(Change::Burst(venue, symbol.clone(), *rate, for_ms * Nanos::MILLI))
                }
                _ => None,
            });
        }
    }

    pub(super) fn concerns(&self, line: &Line) -> bool {
        self.is_at(line.venue) && self.entry.connection.is_none_or(|number| number == line.number)
    }

    fn meets(&self, line: &Line, frame: &[u8], now: Nanos) -> bool {
        let holds = |text: &String| contains(frame, text.as_bytes());
        now < self.until
            && self.left != Some(0)
            && self.concerns(line)
            && self.entry.symbol.as_ref().is_none_or(holds)
            && (self.entry.what != What::Checksum || contains(frame, b"\"checksum\":"))
    }
}

impl Line {
    pub(super) fn pass(
        &mut self,
        conn: Conn,
        put: Put,
        active: &mut [Active],
        random: &mut Random,
        now: Nanos,
        due: &mut Vec<Out>,
    ) {
        if self.is_dead {
            return;
        }
        let Put::Frame(mut frame) = put else { return self.arrive(conn, put, now, due) };
        let (mut at, mut times, mut is_swapped) = (now, 1, false);
        for fault in active {
            if !fault.meets(self, &frame, now) {
                continue;
            }
            match fault.entry.what {
                What::Drop => times = 0,
                What::Duplicate => times += 1,
                What::Reorder => is_swapped = self.swapped.is_none(),
                What::Corrupt => corrupt(&mut frame, random),
                What::Checksum => spoil_checksum(&mut frame),
                What::Skew => skew(&mut frame, fault.entry.skew_ms * Nanos::MILLI),
                What::Stall => at = at.max(fault.until),
                What::Slow => at = at.max(Nanos(now.0 + fault.entry.delay_ms * Nanos::MILLI)),
                _ => continue,
            }
            fault.left = fault.left.map(|left| left - 1);
        }
        if is_swapped && times > 0 {
            self.swapped = Some(Put::Frame(frame));
            return;
        }
        for _ in 0..times {
            self.arrive_at(conn, Put::Frame(frame.clone()), (at, now), due);
        }
        if let Some(earlier) = self.swapped.take_if(|_| times > 0) {
            self.arrive_at(conn, earlier, (at, now), due);
        }
    }

    fn arrive(&mut self, conn: Conn, put: Put, now: Nanos, due: &mut Vec<Out>) {
        self.arrive_at(conn, put, (now, now), due);
    }

    /// At a time, but not before what came earlier.
    fn arrive_at(&mut self, conn: Conn, put: Put, (at, now): (Nanos, Nanos), due: &mut Vec<Out>) {
        let at = self.held.back().map_or(at, |(last, _)| at.max(*last));
        if at <= now && self.held.is_empty() {
            due.push(Out { conn, put });
        } else if self.held.len() < limits::SIM_QUEUE_FRAMES {
            self.held.push_back((at, put));
        } else {
            // As with a client that does not read: a venue keeps no more for anybody.
            self.held.clear();
            self.is_dead = true;
            due.push(Out { conn, put: Put::Close(1_008, "too much is held back") });
        }
    }
}
