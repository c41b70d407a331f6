//! The vows of the hot path, over whole recordings, in every layout: no allocation after start and
//! no page fault once it is warm. `malloc` from C is counted, too (`foreign.rs`).

use neural_kraken::pipeline::{self, Layout, Plan, Progress};
use neural_kraken::sys::alloc;

use super::Case;
use super::source::{ALL, Recording};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = ALL
        .iter()
        .map(|recording| {
            let name = format!("vows::{}_is_played_without_an_allocation", recording.name);
            let run: Box<dyn FnOnce() + Send> = Box::new(move || keep(*recording));
            (name, run)
        })
        .collect();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    cases.push(("vows::c_code_is_counted_like_ours".into(), Box::new(super::foreign::is_counted)));
    cases
}

fn keep(recording: Recording) {
    assert!(alloc::is_counting(), "the test binary's allocator counts");
    let (tape, instruments) = recording.load();
    for layout in [Layout::One, Layout::StagePerCore, Layout::VenuePerCore] {
        let plan = Plan { layout, ..Plan::default() };
        // Now and then one fault comes whose cause is not known yet; a buffer that was not brought
        // in at start would cost one in every run, and that is what is refused here.
        let mut faults = u64::MAX;
        for _ in 0..3 {
            let progress = Progress::default();
            let outcome = pipeline::replay(&tape, &instruments, &plan, &progress).unwrap();
            let counts = outcome.allocations.unwrap();
            assert_eq!((counts.allocations, counts.frees), (0, 0), "{layout:?}");
            faults = faults.min(outcome.page_faults);
        }
        assert_eq!(faults, 0, "page faults, {layout:?}");
    }
}
