//! The atomics and the slots that the rings are made of, as the standard library's or as loom's.
//!
//! With `--cfg interleavings` every atomic access and every use of a slot is a step of loom's
//! scheduler, and a slot that is read while it may be written is an error. Without it nothing of
//! this is left.

#[cfg(not(interleavings))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
};

#[cfg(interleavings)]
pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
};

use std::cell::UnsafeCell;

/// Plain values in one piece of memory, shared by a writer and a reader who have agreed on who
/// holds which of them.
pub(super) struct Slots<T> {
    values: Box<[UnsafeCell<T>]>,
    /// One for each value, so that loom sees who touches it.
    #[cfg(interleavings)]
    watched: Box<[loom::cell::UnsafeCell<()>]>,
}

// SAFETY: the values are reached by `write` and `slice` alone, whose callers prove that nobody
// else touches the same values meanwhile; so they move between threads but are never shared.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T: Copy> Slots<T> {
    /// `len` values; writing them also brings their pages into memory.
    pub(super) fn new(len: usize, value: T) -> Slots<T> {
        Slots {
            values: (0..len).map(|_| UnsafeCell::new(value)).collect(),
            #[cfg(interleavings)]
            watched: (0..len).map(|_| loom::cell::UnsafeCell::new(())).collect(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Copies `items` into the slots from `at` on; panics where they do not fit.
    ///
    /// # Safety
    ///
    /// Until it returns nobody else reads or writes these slots, and no slice of them is alive.
    #[inline(always)]
    pub(super) unsafe fn write(&self, at: usize, items: &[T]) {
        let slots = &self.values[at..][..items.len()];
        #[cfg(interleavings)]
        self.watched[at..][..items.len()].iter().for_each(|slot| slot.with_mut(|_| ()));
        let to = UnsafeCell::raw_get(slots.as_ptr());
        // SAFETY: `slots` are `items.len()` neighbours, so the target is valid for as many; the
        // caller proves that it is ours alone, and so it cannot overlap with `items`.
        unsafe { std::ptr::copy_nonoverlapping(items.as_ptr(), to, items.len()) };
    }

    /// The `count` slots from `at` on; panics where there are not so many.
    ///
    /// # Safety
    ///
    /// As long as the slice lives nobody writes these slots.
    #[inline(always)]
    pub(super) unsafe fn slice(&self, at: usize, count: usize) -> &[T] {
        let slots = &self.values[at..][..count];
        #[cfg(interleavings)]
        self.watched[at..][..count].iter().for_each(|slot| slot.with(|_| ()));
        let from = UnsafeCell::raw_get(slots.as_ptr());
        // SAFETY: `slots` are `count` neighbours, initialised by `new`; `UnsafeCell<T>` has the
        // layout of `T`; the caller proves that nobody writes them while the slice lives.
        unsafe { std::slice::from_raw_parts(from, count) }
    }
}
