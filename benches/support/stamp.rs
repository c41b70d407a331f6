//! Time stamps that the processor cannot move, and what they cost.
//!
//! Never: a stamp without fences. Out of order execution would let the work leak past its own
//! measurement, and at ten nanoseconds that is most of it.

#![allow(unsafe_code, reason = "the time stamp counter is read by intrinsics")]
// How safe the fences are declared has changed between releases of the standard library.
#![allow(unused_unsafe, reason = "`_mm_lfence` is safe in newer releases")]

/// A stamp before the work: nothing that comes later has begun.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn before() -> u64 {
    use std::arch::x86_64::{_mm_lfence, _rdtsc};
    // SAFETY: every x86_64 processor has SSE2, and so the fence.
    unsafe { _mm_lfence() };
    // SAFETY: reads a counter; Linux leaves it readable in user mode.
    let ticks = unsafe { _rdtsc() };
    // SAFETY: as above.
    unsafe { _mm_lfence() };
    ticks
}

/// A stamp after the work: all of it is done, and nothing that comes later has begun.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn after() -> u64 {
    use std::arch::x86_64::{__rdtscp, _mm_lfence};
    let mut core = 0;
    // SAFETY: `core` is a valid place for the core's number; every x86_64 server since 2008 has
    // the instruction.
    let ticks = unsafe { __rdtscp(&raw mut core) };
    // SAFETY: every x86_64 processor has SSE2, and so the fence.
    unsafe { _mm_lfence() };
    ticks
}

/// Without a counter that is known, the system's clock has to do.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn before() -> u64 {
    use neural_kraken::sys::clock::Clock;
    use std::sync::OnceLock;
    static CLOCK: OnceLock<Clock> = OnceLock::new();
    CLOCK.get_or_init(|| Clock::calibrate(std::time::Duration::ZERO)).ticks()
}

/// Without a counter that is known, the system's clock has to do.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn after() -> u64 {
    before()
}
