//! Waiting: a turn of the processor's, or the system's where cores are fewer than threads; and the
//! word that a thread of the run has died, so that nobody waits for it for ever.

use std::cell::Cell;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::clock;

/// How the threads of one run wait.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct Wait {
    yields: bool,
    halted: Arc<AtomicBool>,
}

/// What a thread ends with that stopped because another one had died.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct Stopped;

/// Raises the word where its thread panics.
#[derive(Debug)]
pub(in crate::pipeline) struct Alarm(Wait);

thread_local! {
    /// Ticks that this thread waited for room, or for those behind it.
    static PRESSED: Cell<u64> = const { Cell::new(0) };
}

impl Wait {
    /// `yields` where cores are fewer than threads: burning a core would keep others from theirs.
    pub(in crate::pipeline) fn new(yields: bool) -> Wait {
        Wait { yields, halted: Arc::default() }
    }

    /// Waits a moment; unwinds where a thread of the run has died.
    #[inline]
    pub(in crate::pipeline) fn pause(&self) {
        if self.halted.load(Ordering::Relaxed) {
            // Not a panic of its own: nothing is printed, and the run knows what it means.
            panic::resume_unwind(Box::new(Stopped));
        }
        if self.yields {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }

    /// Waits until something is so, and counts it as time under pressure.
    #[inline]
    pub(in crate::pipeline) fn until(&self, mut is_so: impl FnMut() -> bool) {
        if is_so() {
            return;
        }
        let begun = clock::counter();
        while !is_so() {
            self.pause();
        }
        PRESSED.set(PRESSED.get().wrapping_add(clock::counter().wrapping_sub(begun)));
    }

    /// To be held by a thread as long as it works.
    pub(in crate::pipeline) fn alarm(&self) -> Alarm {
        Alarm(self.clone())
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.halted.store(true, Ordering::Relaxed);
        }
    }
}

/// Ticks that the calling thread waited under pressure so far.
pub(in crate::pipeline) fn pressed_ticks() -> u64 {
    PRESSED.get()
}
