//! The choice of instruction set: each job is compiled once for each.
#![allow(unsafe_code, reason = "calls into functions with target features, each argued")]

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::lanes::Lanes;
use super::portable::Portable;

/// Instruction sets that the kernels are built for. On one of them results are equal bit by bit;
/// between them they differ by the rounding of sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whatever every machine of this architecture has.
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// The same with AVX-512 F, BW, DQ and VL.
    Avx512,
    /// The same with VNNI, which multiplies bytes.
    Vnni,
}

/// An instruction set that this machine has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here(Level);

/// Work over lanes. `run` must be `#[inline(always)]`, and all that it calls for each vector, too.
pub(crate) trait Job {
    /// Does it.
    fn run<L: Lanes>(self, lanes: L);
}

impl Level {
    /// All, the plainest first.
    pub const ALL: [Level; 4] = [Level::Portable, Level::Avx2, Level::Avx512, Level::Vnni];

    /// The best that this machine has.
    pub fn detect() -> Level {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            match (avx2, avx512, is_x86_feature_detected!("avx512vnni")) {
                (true, true, true) => return Level::Vnni,
                (true, true, false) => return Level::Avx512,
                (true, false, _) => return Level::Avx2,
                _ => {}
            }
        }
        Level::Portable
    }

    /// Does this machine have it?
    pub fn is_here(self) -> bool {
        self <= Level::detect()
    }

    /// All that this machine has, the plainest first.
    pub fn available() -> Vec<Level> {
        Level::ALL.into_iter().filter(|level| level.is_here()).collect()
    }

    /// As in output and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
            Level::Vnni => "vnni",
        }
    }
}

impl Here {
    /// Panics where the machine lacks it.
    pub(crate) fn new(level: Level) -> Here {
        assert!(level.is_here(), "this machine lacks {}", level.name());
        Here(level)
    }

    /// Which one.
    pub(crate) fn level(self) -> Level {
        self.0
    }

    /// Does `job` with this instruction set.
    #[inline(always)]
    pub(crate) fn run(self, job: impl Job) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Level::Vnni => {
                // SAFETY: a `Here` of this level exists only where it was detected.
                unsafe { vnni(job) };
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                // SAFETY: as above.
                unsafe { avx512(job) };
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                // SAFETY: as above.
                unsafe { avx2(job) };
            }
            _ => job.run(Portable),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn vnni(job: impl Job) {
    job.run(Avx512::<true>::new());
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512(job: impl Job) {
    job.run(Avx512::<false>::new());
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(job: impl Job) {
    job.run(Avx2::new());
}
