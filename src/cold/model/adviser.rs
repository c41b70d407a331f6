//! The adviser: networks on a thread of their own, for engines that allocate (ONNX Runtime) and
//! graphs that ours does not know.
//!
//! In: each instrument's latest rows, through newest-value cells. Out: advice, through newest-value
//! cells, to the thread that polls it, which journals it before its model stage hears of it.
//! Never: a hot thread that waits. Where this one is slow, rows are taken several at once.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::seat::Seat;
use crate::event::{Advice, Ask};
use crate::ring::latest::{self, Reader, Writer};
use crate::stage::model::Post;

/// How long it rests where nobody has asked.
const REST: Duration = Duration::from_micros(50);

/// The near end: advice comes out here.
pub struct Adviser {
    replies: Box<[Reader<Advice>]>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Tally>,
}

/// Where the model stage posts its rows.
pub struct Letters {
    cells: Box<[Writer<Ask>]>,
}

/// What became of the questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Questions with something new.
    pub asked: u64,
    /// Rows that were overwritten before they were seen.
    pub missed: u64,
    /// Runs that the engine refused.
    pub failed: u64,
    /// Why it refused the last one.
    pub why: Option<String>,
}

/// One instrument on the thread.
struct Desk {
    seat: Seat,
    ask: Reader<Ask>,
    reply: Writer<Advice>,
}

impl Adviser {
    /// Starts the thread, with a seat for each instrument of the model in the order of its slots.
    pub fn start(seats: Vec<Seat>) -> io::Result<(Adviser, Letters)> {
        let (mut cells, mut replies, mut desks) = (Vec::new(), Vec::new(), Vec::new());
        for seat in seats {
            let (cell, ask) = latest::cell(Ask::default());
            let (reply, advice) = latest::cell(Advice::default());
            cells.push(cell);
            replies.push(advice);
            desks.push(Desk { seat, ask, reply });
        }
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let work = move || work(desks, &told);
        let thread = thread::Builder::new().name("adviser".into()).spawn(work)?;
        Ok((Adviser { replies: replies.into(), stop, thread }, Letters { cells: cells.into() }))
    }

    /// Hands on what is new, at most one advice an instrument. Neither waits nor allocates.
    #[inline]
    pub fn poll(&mut self, mut each: impl FnMut(&Advice)) {
        for reply in &mut self.replies {
            if let Some(advice) = reply.read_new() {
                each(&advice);
            }
        }
    }

    /// Ends the thread; `None` where it had died.
    pub fn finish(self) -> Option<Tally> {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread.join().ok()
    }
}

fn work(mut desks: Vec<Desk>, stop: &AtomicBool) -> Tally {
    let mut tally = Tally::default();
    while !stop.load(Ordering::Acquire) {
        let before = tally.asked;
        for Desk { seat, ask, reply } in &mut desks {
            let Some(ask) = ask.read_new() else { continue };
            tally.asked += 1;
            if let Some(advice) = seat.take(&ask) {
                reply.write(advice);
            }
        }
        if tally.asked == before {
            thread::park_timeout(REST);
        }
    }
    for Desk { seat, .. } in desks {
        tally.missed += seat.missed;
        tally.failed += seat.failed.0;
        tally.why = tally.why.or(seat.failed.1);
    }
    tally
}

impl Post for Letters {
    #[inline]
    fn post(&mut self, slot: usize, ask: &Ask) {
        if let Some(cell) = self.cells.get_mut(slot) {
            cell.write(*ask);
        }
    }
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letters").field("cells", &self.cells.len()).finish()
    }
}

impl fmt::Debug for Adviser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adviser").field("replies", &self.replies.len()).finish_non_exhaustive()
    }
}
