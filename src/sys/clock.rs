//! The clock: a counter of the processor, and how its ticks become nanoseconds and Unix time.
//!
//! In: the time stamp counter where it runs evenly, `CLOCK_MONOTONIC` where it does not. Out:
//! ticks, spans in nanoseconds, logical Unix time.
//! Never: time that goes backwards within one [`Clock`]. What the host's clock was corrected by
//! comes in with the next [`Clock::refined`], which may step.

use std::time::Duration;

use crate::base::Nanos;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The time stamp counter: even, never stopping, 10 ns to read.
    Counter,
    /// `CLOCK_MONOTONIC` in nanoseconds: 20 to 50 ns to read.
    System,
}

/// A measured clock: plain data, to be copied to each thread that needs time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    source: Source,
    /// Nanoseconds of a tick, times 2^[`SHIFT`].
    scale: u64,
    /// When the calibration began.
    start: Moment,
    /// The moment that Unix time is counted from.
    anchor_ticks: u64,
    anchor_unix: Nanos,
}

/// One moment on both clocks.
#[derive(Clone, Copy, Debug)]
struct Moment {
    ticks: u64,
    monotonic_ns: u64,
}

/// Bits after the point of a [`Clock`]'s scale: counters from 63 MHz to the fastest have room, and
/// what rounding loses is less than a nanosecond a year.
const SHIFT: u32 = 60;

/// Readings of both clocks of which the closest counts: an interrupt spoils a few, not all.
const READINGS: usize = 64;

impl Clock {
    /// Measures the counter against the system's clock for `span`, asleep meanwhile. 20 ms give
    /// some parts in a million; [`Clock::refined`] gives better ones later.
    pub fn calibrate(span: Duration) -> Clock {
        Clock::calibrate_source(source(), span)
    }

    /// The same clock with its rate measured since its calibration began, and Unix time taken anew.
    pub fn refined(&self) -> Clock {
        Clock::measured(self.source, self.start)
    }

    /// The counter now. For measurement, and for [`Clock::unix_at`].
    #[inline(always)]
    pub fn ticks(&self) -> u64 {
        match self.source {
            Source::Counter => counter(),
            Source::System => monotonic_ns(),
        }
    }

    /// Nanoseconds of a span of ticks.
    #[inline(always)]
    pub fn span_ns(&self, ticks: u64) -> u64 {
        // A full multiplication is one instruction, and takes spans of centuries.
        ((u128::from(ticks) * u128::from(self.scale)) >> SHIFT) as u64
    }

    /// Unix time now, counted from the anchor: the `recv_ns` of a live session.
    #[inline(always)]
    pub fn unix_now(&self) -> Nanos {
        self.unix_at(self.ticks())
    }

    /// Unix time at a reading of the counter; readings from before the anchor count as the anchor.
    #[inline(always)]
    pub fn unix_at(&self, ticks: u64) -> Nanos {
        let span_ns = self.span_ns(ticks.saturating_sub(self.anchor_ticks));
        Nanos(self.anchor_unix.0.wrapping_add(span_ns as i64))
    }

    /// What is counted.
    pub const fn source(&self) -> Source {
        self.source
    }

    /// Ticks of a second.
    pub fn ticks_per_second(&self) -> f64 {
        1e9 * (1_u64 << SHIFT) as f64 / self.scale as f64
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "calibrating is waiting, before any thread is hot"
    )]
    fn calibrate_source(source: Source, span: Duration) -> Clock {
        let start = Moment::now(source);
        std::thread::sleep(span);
        Clock::measured(source, start)
    }

    fn measured(source: Source, start: Moment) -> Clock {
        let now = Moment::now(source);
        let ticks = u128::from(now.ticks.saturating_sub(start.ticks).max(1));
        let span_ns = u128::from(now.monotonic_ns.saturating_sub(start.monotonic_ns));
        let scale = match source {
            Source::Counter => u64::try_from((span_ns << SHIFT) / ticks).unwrap_or(u64::MAX),
            Source::System => 1 << SHIFT,
        };
        let anchor = bracket(source, || system_ns(libc::CLOCK_REALTIME));
        Clock { source, scale, start, anchor_ticks: anchor.0, anchor_unix: Nanos(anchor.1 as i64) }
    }
}

impl Moment {
    fn now(source: Source) -> Moment {
        let (ticks, monotonic_ns) = bracket(source, monotonic_ns);
        Moment { ticks, monotonic_ns }
    }
}

/// Does the processor say that its counter runs evenly and never stops? Some virtual machines hide
/// it in one place and tell it in the other.
pub fn counter_is_invariant() -> bool {
    invariant_by_processor() || invariant_by_kernel()
}

/// The raw counter, for measurements that need no [`Clock`] until later. Zero where there is none.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn counter() -> u64 {
    // SAFETY: reads a counter that every x86_64 processor has; Linux leaves it readable.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// The raw counter, for measurements that need no [`Clock`] until later. Zero where there is none.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn counter() -> u64 {
    0
}

fn source() -> Source {
    if cfg!(target_arch = "x86_64") && counter_is_invariant() {
        Source::Counter
    } else {
        Source::System
    }
}

#[cfg(target_arch = "x86_64")]
fn invariant_by_processor() -> bool {
    use std::arch::x86_64::__cpuid;
    const POWER: u32 = 0x8000_0007;
    __cpuid(0x8000_0000).eax >= POWER && __cpuid(POWER).edx & (1 << 8) != 0
}

#[cfg(not(target_arch = "x86_64"))]
fn invariant_by_processor() -> bool {
    false
}

fn invariant_by_kernel() -> bool {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = text.lines().find(|line| line.starts_with("flags"));
    let has = |flag: &str| flags.is_some_and(|line| line.split(' ').any(|word| word == flag));
    has("constant_tsc") && has("nonstop_tsc")
}

/// A reading of a clock with the ticks at its middle: the closest of many.
fn bracket(source: Source, read: impl Fn() -> u64) -> (u64, u64) {
    let ticks = || match source {
        Source::Counter => counter(),
        Source::System => monotonic_ns(),
    };
    let mut closest = (u64::MAX, 0, 0);
    for _ in 0..READINGS {
        let before = ticks();
        let value = read();
        let width = ticks().saturating_sub(before);
        if width < closest.0 {
            closest = (width, before + width / 2, value);
        }
    }
    (closest.1, closest.2)
}

pub(super) fn monotonic_ns() -> u64 {
    system_ns(libc::CLOCK_MONOTONIC)
}

fn system_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer, and both clocks exist on every Linux.
    let failed = unsafe { libc::clock_gettime(clock, &raw mut time) };
    debug_assert_eq!(failed, 0, "the system has this clock");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock_of(scale: u64) -> Clock {
        Clock {
            source: Source::Counter,
            scale,
            start: Moment { ticks: 0, monotonic_ns: 0 },
            anchor_ticks: 1_000,
            anchor_unix: Nanos(5_000_000_000),
        }
    }

    #[test]
    fn ticks_become_nanoseconds_by_multiplication_over_centuries() {
        // 2.5 GHz: 0.4 ns a tick.
        let clock = clock_of(((1_u128 << SHIFT) * 2 / 5) as u64);
        assert_eq!(clock.span_ns(0), 0);
        for seconds in [1_u64, 3_600, 86_400 * 365 * 100] {
            let span_ns = clock.span_ns(seconds * 2_500_000_000);
            let expected = seconds * 1_000_000_000;
            assert!(expected - span_ns <= 3, "{seconds} s: {span_ns}");
        }
        assert!((clock.ticks_per_second() - 2.5e9).abs() < 1.0);
    }

    #[test]
    fn unix_time_counts_from_its_anchor_and_never_before_it() {
        let clock = clock_of(1 << (SHIFT - 1));
        assert_eq!(clock.unix_at(1_000), Nanos(5_000_000_000));
        assert_eq!(clock.unix_at(3_000), Nanos(5_000_001_000));
        assert_eq!(clock.unix_at(10), Nanos(5_000_000_000));
    }

    #[test]
    fn a_clock_never_goes_back() {
        for source in [source(), Source::System] {
            let clock = Clock::calibrate_source(source, Duration::from_millis(5));
            let mut last = (0, Nanos::NONE);
            for _ in 0..10_000 {
                let ticks = clock.ticks();
                let now = (ticks, clock.unix_at(ticks));
                assert!(now >= last, "{now:?} after {last:?}");
                last = now;
            }
        }
    }

    #[test]
    fn both_sources_agree_on_unix_time() {
        let system = Clock::calibrate_source(Source::System, Duration::from_millis(1));
        let clock = Clock::calibrate(Duration::from_millis(20)).refined();
        assert_eq!(system.source(), Source::System);
        let (before, now, after) = (system.unix_now(), clock.unix_now(), system.unix_now());
        let margin_ns = 2 * Nanos::MILLI;
        assert!(now.0 >= before.0 - margin_ns && now.0 <= after.0 + margin_ns);
    }
}
