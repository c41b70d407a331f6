//! The instruction sets: a kernel of each is made only where its features were detected.

use super::super::kernel::Job;

/// AVX2, BMI1, BMI2, LZCNT, POPCNT. Made only by [`Avx2::run`].
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// The same and AVX-512 F, BW, VL. Made only by [`Avx512::run`].
#[derive(Clone, Copy, Debug)]
pub struct Avx512 {
    /// VBMI2 is there too: it compresses bytes.
    pub(super) compresses: bool,
}

impl Avx2 {
    /// Does `job` compiled for this instruction set.
    ///
    /// # Panics
    /// Where the machine does not have it.
    #[inline]
    pub fn run<J: Job>(job: J) -> J::Out {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inside<J: Job>(job: J) -> J::Out {
            job.run(Avx2(()))
        }
        assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2"), "no AVX2");
        // SAFETY: the features were detected just above (the detection is a cached load); LZCNT,
        // BMI1 and POPCNT are part of every x86-64 that has AVX2 and BMI2.
        unsafe { inside(job) }
    }
}

impl Avx512 {
    /// Does `job` compiled for this instruction set.
    ///
    /// # Panics
    /// Where the machine does not have it.
    #[inline]
    pub fn run<J: Job>(job: J) -> J::Out {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl")]
        fn inside<J: Job>(job: J) -> J::Out {
            job.run(Avx512 { compresses: is_x86_feature_detected!("avx512vbmi2") })
        }
        assert!(
            is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl"),
            "no AVX-512"
        );
        // SAFETY: the features were detected just above (the detection is a cached load); AVX-512
        // BW implies F, and every machine with it has AVX2, BMI1, BMI2, LZCNT and POPCNT.
        unsafe { inside(job) }
    }
}
