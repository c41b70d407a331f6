//! What the real recordings say must come out, frame by frame and book by book.
//!
//! The recordings lie outside the repository: their folder is named by `NEURAL_KRAKEN_RECORDINGS`.
//! Without it every test here is counted as ignored, by name; with it a missing file is a failure.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "tests say what went wrong by panicking"
)]

#[path = "recordings/source.rs"]
mod source;
#[path = "recordings/golden.rs"]
mod golden;
#[path = "recordings/differential.rs"]
mod differential;
#[path = "recordings/oracle.rs"]
mod oracle;
#[path = "recordings/vows.rs"]
mod vows;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[path = "recordings/foreign.rs"]
mod foreign;
#[path = "recordings/mirror.rs"]
mod mirror;
#[path = "recordings/gate.rs"]
mod gate;
#[path = "recordings/paper.rs"]
mod paper;
#[path = "property/ear.rs"]
mod ear;

use libtest_mimic::{Arguments, Trial};
use neural_kraken::sys::alloc::Counting;

#[global_allocator]
static ALLOCATOR: Counting<std::alloc::System> = Counting(std::alloc::System);

/// A test with its name.
type Case = (String, Box<dyn FnOnce() + Send>);

fn main() {
    let arguments = Arguments::from_args();
    let here = source::folder().is_some();
    let cases: Vec<Case> = [
        golden::cases(),
        differential::cases(),
        oracle::cases(),
        mirror::cases(),
        vows::cases(),
        paper::cases(),
        gate::cases(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let trials = cases.into_iter().map(|(name, run)| {
        let trial = Trial::test(name, move || {
            run();
            Ok(())
        });
        trial.with_ignored_flag(!here)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
