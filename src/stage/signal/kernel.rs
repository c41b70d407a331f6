//! The choice of instruction set: each kernel is compiled once for each.
//!
//! A kernel is a plain loop over eight lanes without unsafe code. Compiled where the compiler may
//! use AVX-512 it becomes one instruction for all lanes, with AVX2 two; measured, that left nothing
//! for intrinsics to gain. It has to be a function of its own with its own references, since only
//! then does the compiler know that they do not overlap. Rust neither reorders nor fuses operations
//! on floats, so all give the same bits.
#![allow(unsafe_code, reason = "calls into functions with target features, each argued")]

use super::change::Change;
use super::decay::Decay;
use super::exponential::{Faded, Step};
use super::finish::Values;
use super::level::Level;
use super::window::{Lengths, Windows};

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
}

macro_rules! kernel {
    (
        $(#[$doc:meta])* $name:ident, $body:path, [$avx512:ident, $avx2:ident, $portable:ident],
        ($($argument:ident: $kind:ty),*)
    ) => {
        #[cfg(target_arch = "x86_64")]
        #[inline(never)]
        #[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
        fn $avx512($($argument: $kind),*) {
            $body($($argument),*);
        }

        #[cfg(target_arch = "x86_64")]
        #[inline(never)]
        #[target_feature(enable = "avx2")]
        fn $avx2($($argument: $kind),*) {
            $body($($argument),*);
        }

        #[inline(never)]
        fn $portable($($argument: $kind),*) {
            $body($($argument),*);
        }

        impl Here {
            $(#[$doc])*
            #[inline(always)]
            pub(super) fn $name(self, $($argument: $kind),*) {
                match self.0 {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => {
                        // SAFETY: a `Here` of this level exists only where it was detected.
                        unsafe { $avx512($($argument),*) };
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => {
                        // SAFETY: as above.
                        unsafe { $avx2($($argument),*) };
                    }
                    _ => $portable($($argument),*),
                }
            }
        }
    };
}

kernel!(
    /// A step of a memory that fades.
    fade,
    Faded::advance::<f32>,
    [fade_avx512, fade_avx2, fade_portable],
    (faded: &mut Faded, decay: &Decay, elapsed_ns: i64, step: &Step, out: &mut Values<f32>)
);

kernel!(
    /// A step of a memory that ends.
    slide,
    Windows::advance::<f32>,
    [slide_avx512, slide_avx2, slide_portable],
    (windows: &mut Windows, lengths: &Lengths, change: &Change, ready: usize, out: &mut Values<f32>)
);
