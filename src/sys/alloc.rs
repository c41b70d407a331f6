//! The allocator that counts: proves that hot threads allocate nothing.
//!
//! The binary and the allocation test put [`Counting`] around their allocator. A thread marks
//! itself hot; whatever it allocates or frees until the mark ends is counted, for the thread and
//! for the process. Elsewhere one look at a thread-local number is all it costs.
//!
//! C code that is linked in calls `malloc` itself and is not seen here; [`c_heap_bytes`] shows what
//! it keeps.
//! Never: a lock, or an allocation of its own (the thread-locals are constants without
//! destructors).

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

/// An allocator `A` that counts what hot threads do.
///
/// ```
/// use neural_kraken::sys::alloc::{self, Counting};
///
/// #[global_allocator]
/// static ALLOCATOR: Counting<std::alloc::System> = Counting(std::alloc::System);
///
/// let hot = alloc::hot();
/// drop(vec![1_u8; 64]);
/// drop(hot);
/// assert_eq!(alloc::of_thread().allocations, 1);
/// assert_eq!(alloc::of_process().frees, 1);
/// ```
#[derive(Debug, Default)]
pub struct Counting<A>(pub A);

/// What was allocated and freed by hot threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Allocations, and reallocations.
    pub allocations: u64,
    /// Frees.
    pub frees: u64,
}

/// The thread is hot as long as it lives.
#[derive(Debug)]
#[must_use = "the thread is hot as long as the guard lives"]
pub struct HotGuard {
    /// A guard ends on the thread it began on.
    _not_send: PhantomData<*const ()>,
}

thread_local! {
    /// Guards alive.
    static HOT: Cell<u32> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static FREES: Cell<u64> = const { Cell::new(0) };
}

static PROCESS_ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static PROCESS_FREES: AtomicU64 = AtomicU64::new(0);

/// Marks the calling thread as hot until the guard is dropped.
pub fn hot() -> HotGuard {
    HOT.with(|hot| hot.set(hot.get() + 1));
    HotGuard { _not_send: PhantomData }
}

impl Drop for HotGuard {
    fn drop(&mut self) {
        HOT.with(|hot| hot.set(hot.get() - 1));
    }
}

/// What the calling thread allocates and frees is not counted as long as it lives: for what a hot
/// thread must do now and then that is no part of its work, as when a connection was lost.
#[derive(Debug)]
#[must_use = "the thread is not hot as long as the guard lives"]
pub struct AsideGuard {
    was_hot: u32,
    /// A guard ends on the thread it began on.
    _not_send: PhantomData<*const ()>,
}

/// Sets the calling thread's hotness aside until the guard is dropped.
pub fn aside() -> AsideGuard {
    AsideGuard { was_hot: HOT.replace(0), _not_send: PhantomData }
}

impl Drop for AsideGuard {
    fn drop(&mut self) {
        HOT.set(self.was_hot);
    }
}

/// Is [`Counting`] the process's allocator? Without it, all counts are 0 and say nothing.
pub fn is_counting() -> bool {
    let before = of_thread();
    let hot = hot();
    drop(std::hint::black_box(Box::new(0_u64)));
    drop(hot);
    of_thread() != before
}

/// What the calling thread did while it was hot, since its start.
pub fn of_thread() -> Counts {
    Counts { allocations: ALLOCATIONS.get(), frees: FREES.get() }
}

/// What all threads did while they were hot, since the start of the process.
pub fn of_process() -> Counts {
    Counts {
        allocations: PROCESS_ALLOCATIONS.load(Ordering::Relaxed),
        frees: PROCESS_FREES.load(Ordering::Relaxed),
    }
}

/// Counts an allocation that did not come through [`Counting`]: for a test binary that puts its own
/// `malloc` before the C library's, so that linked C code is seen, too.
pub fn note_foreign() {
    count_allocation();
}

/// Bytes that C code holds on glibc's heap, of all its arenas: two equal readings say that nothing
/// was kept in between, not that nothing was allocated. Interposing `malloc` would tell both apart,
/// but takes part in every allocation of every library, and in the loader's own.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn c_heap_bytes() -> Option<u64> {
    // SAFETY: takes nothing; reads the allocator's own numbers under its own locks.
    let info = unsafe { libc::mallinfo2() };
    Some(info.uordblks as u64 + info.hblkhd as u64)
}

/// Bytes that C code holds on its heap: not known without glibc.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn c_heap_bytes() -> Option<u64> {
    None
}

// SAFETY: every call goes on to `A` unchanged, and `A` keeps the contract; counting touches
// constant thread-locals and atomics only, so it neither allocates nor panics.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_allocation();
        // SAFETY: the caller keeps the contract of `alloc`, which is `A`'s.
        unsafe { self.0.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(&FREES, &PROCESS_FREES);
        // SAFETY: the caller keeps the contract of `dealloc`; the block is `A`'s.
        unsafe { self.0.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_allocation();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is `A`'s.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count_allocation();
        // SAFETY: the caller keeps the contract of `realloc`; the block is `A`'s.
        unsafe { self.0.realloc(block, layout, bytes) }
    }
}

#[inline]
fn count_allocation() {
    count(&ALLOCATIONS, &PROCESS_ALLOCATIONS);
}

#[inline]
fn count(of_thread: &'static std::thread::LocalKey<Cell<u64>>, of_process: &AtomicU64) {
    if HOT.get() > 0 {
        of_thread.set(of_thread.get() + 1);
        of_process.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::System;

    #[test]
    fn only_a_hot_thread_is_counted() {
        let counting = Counting(System);
        let layout = Layout::new::<[u64; 4]>();
        let pass = || {
            // SAFETY: the layout is not empty.
            let block = unsafe { counting.alloc(layout) };
            // SAFETY: just allocated with this layout.
            unsafe { counting.dealloc(block, layout) };
        };
        let start = of_thread();
        pass();
        assert_eq!(of_thread(), start);
        let (outer, inner) = (hot(), hot());
        pass();
        drop(inner);
        pass();
        drop(outer);
        pass();
        let twice = Counts { allocations: start.allocations + 2, frees: start.frees + 2 };
        assert_eq!(of_thread(), twice);
        assert!(of_process().allocations >= 2);
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn what_c_code_keeps_is_seen() {
        const BYTES: u64 = 64 << 20;
        let before = c_heap_bytes().unwrap();
        // SAFETY: any size may be asked for.
        let block = unsafe { libc::malloc(BYTES as usize) };
        // The optimiser may not see that nobody uses the block.
        std::hint::black_box(block);
        let during = c_heap_bytes().unwrap();
        // SAFETY: just allocated, and freed once.
        unsafe { libc::free(block) };
        // Other tests use the same heap meanwhile, though never so much of it.
        assert!(during > before + BYTES / 2, "{before} -> {during}");
    }
}
