//! Duty: what a busy loop does with its time, and what the host takes of it.
//!
//! Each turn of a loop is one of three: it worked, it found nothing to do (it has caught up), or it
//! waited for those behind it (it is pressed back). A loop that spins with nothing to do and finds
//! that a turn took too long was stopped by its host; that costs nothing to see.

use super::super::flow::wait;
use crate::limits;
use crate::metric::{Counter, CounterReader, counter, histogram};
use crate::sys::clock::{self, Clock};

/// The account of one loop.
#[derive(Debug)]
pub(in crate::pipeline) struct Duty {
    clock: Clock,
    /// Ticks of each regime that are not published yet.
    worked: u64,
    caught_up: u64,
    pressed: u64,
    pressed_before: u64,
    last: u64,
    was_idle: bool,
    /// A turn with nothing to do that takes more ticks was stopped by the host.
    hiccup_ticks: u64,
    /// Publishes when the counter is past it.
    next_housekeeping: u64,
    housekeeping_ticks: u64,
    jitter: u64,
    published: [Counter; 3],
    hiccups: histogram::Recorder,
}

/// What a loop did with its time, for who reads.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct DutyReader {
    clock: Clock,
    regimes: [CounterReader; 3],
    hiccups: histogram::Reader,
}

/// What a loop did with its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regimes {
    /// It worked, ns.
    pub working_ns: u64,
    /// It had nothing to do, ns.
    pub caught_up_ns: u64,
    /// It waited for those behind it, ns.
    pub pressed_ns: u64,
    /// Turns in which the host stopped it.
    pub hiccups: u64,
    /// The longest of them, ns.
    pub hiccup_ns_max: u64,
}

impl Duty {
    pub(in crate::pipeline) fn new(clock: Clock) -> (Duty, DutyReader) {
        let pairs = [counter(), counter(), counter()];
        let regimes = [pairs[0].1.clone(), pairs[1].1.clone(), pairs[2].1.clone()];
        let published = pairs.map(|(counter, _)| counter);
        let (hiccups, hiccup_reader) = histogram::histogram();
        let per_ns = clock.ticks_per_second() / 1e9;
        let duty = Duty {
            clock,
            worked: 0,
            caught_up: 0,
            pressed: 0,
            pressed_before: wait::pressed_ticks(),
            last: clock::counter(),
            was_idle: false,
            hiccup_ticks: (limits::HICCUP_NS as f64 * per_ns) as u64,
            next_housekeeping: 0,
            housekeeping_ticks: (limits::HOUSEKEEPING_NS as f64 * per_ns) as u64,
            jitter: clock::counter() | 1,
            published,
            hiccups,
        };
        (duty, DutyReader { clock, regimes, hiccups: hiccup_reader })
    }

    /// The thread that runs the loop has begun.
    pub(in crate::pipeline) fn begin(&mut self) {
        self.last = clock::counter();
        self.pressed_before = wait::pressed_ticks();
    }

    /// A turn is over; did it find something to do?
    #[inline]
    pub(in crate::pipeline) fn turn(&mut self, has_worked: bool) {
        let now = clock::counter();
        let ticks = now.wrapping_sub(self.last);
        self.last = now;
        if has_worked {
            let pressed = wait::pressed_ticks();
            let waited = pressed.wrapping_sub(self.pressed_before).min(ticks);
            self.pressed_before = pressed;
            self.pressed += waited;
            self.worked += ticks - waited;
        } else {
            self.caught_up += ticks;
            if self.was_idle && ticks > self.hiccup_ticks {
                self.hiccups.record(self.clock.span_ns(ticks));
            }
        }
        self.was_idle = !has_worked;
        if now > self.next_housekeeping {
            self.publish(now);
        }
    }

    /// What is not worth a store with every turn. The next time is jittered, so that the loops of a
    /// machine do not all do it at once.
    #[cold]
    fn publish(&mut self, now: u64) {
        for (counter, ticks) in
            self.published.iter_mut().zip([self.worked, self.caught_up, self.pressed])
        {
            counter.add(ticks);
        }
        (self.worked, self.caught_up, self.pressed) = (0, 0, 0);
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let jitter = self.jitter % (self.housekeeping_ticks / 2).max(1);
        self.next_housekeeping = now + self.housekeeping_ticks * 3 / 4 + jitter;
    }

    /// The loop is over.
    pub(in crate::pipeline) fn end(&mut self) {
        let now = clock::counter();
        self.publish(now);
    }
}

impl DutyReader {
    /// What was published so far.
    pub(in crate::pipeline) fn regimes(&self) -> Regimes {
        let ns = |n: usize| self.clock.span_ns(self.regimes[n].value());
        let hiccups = self.hiccups.snapshot();
        Regimes {
            working_ns: ns(0),
            caught_up_ns: ns(1),
            pressed_ns: ns(2),
            hiccups: hiccups.count(),
            hiccup_ns_max: hiccups.max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::flow::wait::Wait;
    use std::time::Duration;

    fn spin(ticks: u64) {
        let begun = clock::counter();
        while clock::counter().wrapping_sub(begun) < ticks {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn time_goes_to_the_regime_that_it_was_spent_in() {
        let clock = Clock::calibrate(Duration::from_millis(2));
        let millisecond = (clock.ticks_per_second() / 1e3) as u64;
        let (mut duty, reader) = Duty::new(clock);
        duty.begin();
        spin(4 * millisecond);
        duty.turn(true);
        spin(2 * millisecond);
        duty.turn(false);
        let end = clock::counter() + 3 * millisecond;
        Wait::new(false).until(|| clock::counter() > end);
        duty.turn(true);
        duty.end();
        let regimes = reader.regimes();
        assert!(regimes.working_ns >= 4_000_000, "{regimes:?}");
        assert!(regimes.caught_up_ns >= 2_000_000, "{regimes:?}");
        assert!(regimes.pressed_ns >= 2_900_000, "{regimes:?}");
    }

    #[test]
    fn an_idle_turn_that_takes_too_long_is_a_hiccup_and_a_first_one_is_not() {
        let clock = Clock::calibrate(Duration::from_millis(2));
        let (mut duty, reader) = Duty::new(clock);
        let long = 2 * (limits::HICCUP_NS as f64 * clock.ticks_per_second() / 1e9) as u64;
        duty.begin();
        spin(long);
        duty.turn(true);
        spin(long);
        duty.turn(false);
        assert_eq!(reader.regimes().hiccups, 0, "work and the turn after it are no hiccup");
        spin(long);
        duty.turn(false);
        assert!(reader.regimes().hiccups >= 1);
        assert!(reader.regimes().hiccup_ns_max > limits::HICCUP_NS);
    }
}
