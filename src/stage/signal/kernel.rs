//! The choice of instruction set: one function, compiled once for each.
//!
//! The work is plain loops over eight lanes without unsafe code. Compiled where the compiler may use
//! AVX-512 they become one instruction for all lanes, with AVX2 two; measured, that left nothing for
//! intrinsics to gain. Rust neither reorders nor fuses operations on floats, so all give the same
//! bits.
#![allow(unsafe_code, reason = "calls into functions with target features, each argued")]

use super::level::Level;

/// Work that is compiled once for each instruction set.
pub(super) trait Job {
    /// Does it. Must be `#[inline(always)]`, all the way down, so that it takes on the instruction
    /// set of its caller.
    fn run(self);
}

/// An instruction set that this machine has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here(Level);

impl Here {
    /// Panics where the machine lacks it.
    pub(super) fn new(level: Level) -> Here {
        assert!(level.is_here(), "this machine lacks {}", level.name());
        Here(level)
    }

    /// Which one.
    pub(super) fn level(self) -> Level {
        self.0
    }

    /// Does `job` with it.
    #[inline(always)]
    pub(super) fn run<J: Job>(self, job: J) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                // SAFETY: a `Here` of this level exists only where its features were detected.
                unsafe { avx512(job) };
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                // SAFETY: as above.
                unsafe { avx2(job) };
            }
            _ => portable(job),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<J: Job>(job: J) {
    job.run();
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx2")]
fn avx2<J: Job>(job: J) {
    job.run();
}

#[inline(never)]
fn portable<J: Job>(job: J) {
    job.run();
}
