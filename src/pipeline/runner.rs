//! The busy loops: take a frame, call the stages, measure, and be idle when the frame is out.
//!
//! Never: a stage's business. A loop knows frames, links, time and nothing else.

use super::span::Spans;
use super::topology::{Carried, FromFeed, ToBook};
use crate::base::Nanos;
use crate::event::{Market, Resync, Stamp, Tick, View};
use crate::limits;
use crate::ring::{Consumer, Producer};
use crate::stage::book::Books;
use crate::stage::contract::{Emit, Idle, On};
use crate::stage::feed::Feed;
use crate::sys::clock::{self, Clock};
use crate::tape::{Frame, Tape};
use crate::venue::Input;

/// How fast a tape is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As fast as the machine can.
    #[default]
    Max,
    /// As it was recorded.
    Recorded,
}

/// When frames of a tape are due.
#[derive(Clone, Debug)]
pub(super) struct Pacer {
    pace: Pace,
    clock: Clock,
    begun: Option<(Nanos, Nanos)>,
}

impl Pacer {
    pub(super) fn new(pace: Pace, clock: Clock) -> Pacer {
        Pacer { pace, clock, begun: None }
    }

    /// Waits until a frame is due.
    #[inline(always)]
    fn wait_for(&mut self, recv_ns: Nanos) {
        if self.pace == Pace::Recorded {
            self.spin_until(recv_ns);
        }
    }

    #[cold]
    fn spin_until(&mut self, recv_ns: Nanos) {
        let (first, began) = *self.begun.get_or_insert((recv_ns, self.clock.unix_now()));
        let due = began.0 + (recv_ns.0 - first.0);
        while self.clock.unix_now().0 < due {
            std::hint::spin_loop();
        }
    }
}

/// Ticks on the grid of logical time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grid {
    next: Option<i64>,
}

impl Grid {
    /// The ticks up to and with `recv_ns`. The first frame begins the grid; of a silence so long
    /// that it would be over [`limits::TICKS_AT_ONCE_MAX`] ticks, the latest ones are given.
    #[inline(always)]
    pub(super) fn up_to(&mut self, recv_ns: Nanos) -> impl Iterator<Item = Tick> + use<> {
        let behind = (recv_ns.0 / Tick::GRID_NS + 1) * Tick::GRID_NS;
        let next = self.next.unwrap_or(behind);
        let end = next.max(behind);
        self.next = Some(end);
        let begin = next.max(end - limits::TICKS_AT_ONCE_MAX * Tick::GRID_NS);
        (begin..end).step_by(Tick::GRID_NS as usize).map(|now| Tick { now: Nanos(now) })
    }
}

/// The frame as the feed takes it.
#[inline(always)]
pub(super) fn input_of<'a>(frame: &Frame<'a>, n: usize, arrived_tsc: u64) -> Input<'a> {
    let stamp = Stamp {
        frame: n as u64,
        recv_ns: frame.recv_ns,
        arrived_tsc,
        connection: frame.connection,
    };
    Input { stamp, about: frame.about, bytes: frame.bytes }
}

/// The link from feed to book on one core: the next stage itself.
pub(super) struct Inline<'a, O> {
    pub(super) books: &'a mut Books,
    pub(super) out: &'a mut O,
}

impl<O: Emit<View>> Emit<Market<'_>> for Inline<'_, O> {
    #[inline(always)]
    fn emit(&mut self, message: &Market<'_>) {
        self.books.on(message, self.out);
    }
}

/// One hot thread with feed and book on it: takes the frames of the tape that `mine` says.
pub(super) struct Chain<'a, O, R> {
    pub(super) feed: &'a mut Feed,
    pub(super) books: &'a mut Books,
    pub(super) views: &'a mut O,
    pub(super) resyncs: &'a mut R,
    pub(super) spans: &'a mut Spans,
    /// One frame in this many has its stages measured one by one; a power of two.
    pub(super) sample_every: u64,
}

impl<O: Emit<View>, R: Emit<Resync>> Chain<'_, O, R> {
    /// Plays the tape; `done` is told each frame's number when it is out.
    pub(super) fn play(
        &mut self,
        tape: &Tape,
        pacer: &mut Pacer,
        mine: impl Fn(usize) -> bool,
        mut done: impl FnMut(usize),
    ) {
        let mut grid = Grid::default();
        for (n, frame) in tape.frames().enumerate() {
            if !mine(frame.connection.index()) {
                continue;
            }
            pacer.wait_for(frame.recv_ns);
            for tick in grid.up_to(frame.recv_ns) {
                self.books.on(&tick, self.views);
            }
            self.frame(&frame, n);
            done(n);
        }
    }

    #[inline(always)]
    fn frame(&mut self, frame: &Frame<'_>, n: usize) {
        let arrived = clock::counter();
        let input = input_of(frame, n, arrived);
        self.feed.decode(&input);
        let mut link = Inline { books: self.books, out: self.views };
        if n as u64 & (self.sample_every - 1) == 0 {
            let decoded = clock::counter();
            self.feed.emit(&input, &mut link);
            let out = clock::counter();
            self.spans.decode(decoded.wrapping_sub(arrived));
            self.spans.book(out.wrapping_sub(decoded));
            self.spans.tick_to_decision(out.wrapping_sub(arrived));
        } else {
            self.feed.emit(&input, &mut link);
            self.spans.tick_to_decision(clock::counter().wrapping_sub(arrived));
        }
        self.books.drain_resyncs(self.resyncs);
        self.books.idle();
    }
}

/// The link from feed to book between cores. Holds one event back, so that the last of a frame can
/// be marked.
struct Outbound<'a> {
    ring: &'a mut ToBook,
    held: Option<Carried>,
    yields: bool,
}

impl Emit<Market<'_>> for Outbound<'_> {
    #[inline(always)]
    fn emit(&mut self, message: &Market<'_>) {
        let levels = message.levels.len() as u32;
        self.send_held(false);
        if levels > 0 {
            while !self.ring.levels.write(message.levels) {
                pause(self.yields);
            }
        }
        self.held = Some(Carried { head: *message.head, levels, is_last: false });
    }
}

impl Outbound<'_> {
    fn send_held(&mut self, is_last: bool) {
        let Some(held) = self.held.take() else { return };
        let mut carried = Carried { is_last, ..held };
        while let Err(back) = self.ring.heads.push(carried) {
            carried = back;
            pause(self.yields);
        }
    }
}

/// The feed on a core of its own: plays the tape into `feed_book`.
pub(super) struct FeedLoop<'a> {
    pub(super) feed: &'a mut Feed,
    pub(super) ring: ToBook,
    pub(super) resyncs: Consumer<Resync>,
    pub(super) spans: &'a mut Spans,
    pub(super) sample_every: u64,
    pub(super) yields: bool,
}

impl FeedLoop<'_> {
    /// Plays the tape. Every resync request goes to `asked`.
    pub(super) fn play(
        &mut self,
        tape: &Tape,
        pacer: &mut Pacer,
        asked: &mut impl Emit<Resync>,
        mut done: impl FnMut(usize),
    ) {
        for (n, frame) in tape.frames().enumerate() {
            pacer.wait_for(frame.recv_ns);
            let arrived = clock::counter();
            let input = input_of(&frame, n, arrived);
            self.feed.decode(&input);
            if n as u64 & (self.sample_every - 1) == 0 {
                self.spans.decode(clock::counter().wrapping_sub(arrived));
            }
            let mut link = Outbound { ring: &mut self.ring, held: None, yields: self.yields };
            self.feed.emit(&input, &mut link);
            link.send_held(true);
            while let Some(resync) = self.resyncs.pop() {
                asked.emit(&resync);
            }
            done(n);
        }
    }

    /// Closes the link and takes what the book still asks for, until it closes its own end.
    pub(super) fn close(self, asked: &mut impl Emit<Resync>) {
        let FeedLoop { ring, mut resyncs, .. } = self;
        drop(ring);
        loop {
            let closed = resyncs.is_abandoned();
            while let Some(resync) = resyncs.pop() {
                asked.emit(&resync);
            }
            if closed {
                return;
            }
            pause(self.yields);
        }
    }
}

/// The books on a core of their own.
pub(super) struct BookLoop<'a, O> {
    pub(super) books: &'a mut Books,
    pub(super) ring: FromFeed,
    pub(super) resyncs: Producer<Resync>,
    pub(super) views: &'a mut O,
    pub(super) spans: &'a mut Spans,
    pub(super) sample_every: u64,
    pub(super) yields: bool,
}

impl<O: Emit<View>> BookLoop<'_, O> {
    /// Takes events until the link is closed and empty.
    pub(super) fn run(&mut self) {
        let mut grid = Grid::default();
        loop {
            let closed = self.ring.heads.is_abandoned();
            let Some(carried) = self.ring.heads.pop() else {
                if closed {
                    return;
                }
                pause(self.yields);
                continue;
            };
            for tick in grid.up_to(carried.head.stamp.recv_ns) {
                self.books.on(&tick, self.views);
            }
            self.take(&carried);
        }
    }

    fn take(&mut self, carried: &Carried) {
        let stamp = carried.head.stamp;
        let taken = clock::counter();
        let count = carried.levels as usize;
        // The levels were written before the head, so they are there.
        let levels =
            if count == 0 { &[][..] } else { self.ring.levels.read(count).unwrap_or_default() };
        assert_eq!(levels.len(), count, "levels are written before their head");
        self.books.on(&Market { head: &carried.head, levels }, self.views);
        if count > 0 {
            self.ring.levels.release(count);
        }
        if !carried.is_last {
            return;
        }
        let out = clock::counter();
        if stamp.frame & (self.sample_every - 1) == 0 {
            self.spans.book(out.wrapping_sub(taken));
        }
        self.spans.tick_to_decision(out.wrapping_sub(stamp.arrived_tsc));
        let mut up = Up { ring: &mut self.resyncs, yields: self.yields };
        self.books.drain_resyncs(&mut up);
        self.books.idle();
    }
}

/// The way up from book to feed. In replay it waits.
struct Up<'a> {
    ring: &'a mut Producer<Resync>,
    yields: bool,
}

impl Emit<Resync> for Up<'_> {
    fn emit(&mut self, message: &Resync) {
        let mut resync = *message;
        while let Err(back) = self.ring.push(resync) {
            resync = back;
            pause(self.yields);
        }
    }
}

/// Waits a moment: spins, or lets others run where cores are fewer than threads.
#[inline(always)]
fn pause(yields: bool) {
    if yields {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_on_the_grid_and_none_is_left_out() {
        let mut grid = Grid::default();
        let mut ticks = |ns: i64| grid.up_to(Nanos(ns)).map(|t| t.now.0).collect::<Vec<_>>();
        assert_eq!(ticks(250_000_000), Vec::<i64>::new());
        assert_eq!(ticks(299_999_999), Vec::<i64>::new());
        assert_eq!(ticks(300_000_000), [300_000_000]);
        assert_eq!(ticks(300_000_001), Vec::<i64>::new());
        assert_eq!(ticks(620_000_000), [400_000_000, 500_000_000, 600_000_000]);
    }

    #[test]
    fn a_silence_of_years_is_a_bounded_count_of_ticks() {
        let mut grid = Grid::default();
        assert_eq!(grid.up_to(Nanos(0)).count(), 0);
        let day_later = Nanos(86_400 * Nanos::SECOND);
        let mut ticks = grid.up_to(day_later);
        let last = ticks.by_ref().last();
        assert_eq!(last, Some(Tick { now: day_later }));
        let year_later = Nanos(366 * day_later.0);
        assert_eq!(grid.up_to(year_later).count() as i64, limits::TICKS_AT_ONCE_MAX);
    }
}
