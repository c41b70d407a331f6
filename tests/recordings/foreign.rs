//! `malloc` and its kin, put before the C library's: C code that is linked in is counted like ours.
//!
//! The executable's definitions win over the library's for every caller in the process, Rust's own
//! allocator included, which is then counted twice; for a test that asks for zero that is as good.
#![allow(unsafe_code, reason = "the C library's allocator is called through its own names")]

use std::ffi::{c_int, c_void};

use neural_kraken::sys::alloc;

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(old: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    alloc::note_foreign();
    // SAFETY: the C library's own allocation, with the caller's arguments.
    unsafe { __libc_malloc(size) }
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    alloc::note_foreign();
    // SAFETY: the C library's own allocation, with the caller's arguments.
    unsafe { __libc_calloc(count, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    alloc::note_foreign();
    // SAFETY: the C library's own reallocation; `old` is the caller's to answer for, as in C.
    unsafe { __libc_realloc(old, size) }
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    alloc::note_foreign();
    // SAFETY: the C library's own allocation, with the caller's arguments.
    unsafe { __libc_memalign(align, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
    alloc::note_foreign();
    // SAFETY: the C library's own allocation, with the caller's arguments.
    let found = unsafe { __libc_memalign(align, size) };
    if found.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: `out` is the caller's place for the result, as in C.
    unsafe { out.write(found) };
    0
}

/// A call as C code makes it is counted on a hot thread, and only there.
pub(crate) fn is_counted() {
    let ask = || {
        // SAFETY: eight bytes are asked for and given back at once.
        let block = std::hint::black_box(unsafe { libc::malloc(8) });
        // SAFETY: it was given by `malloc` just now and is not used again.
        unsafe { libc::free(block) };
    };
    let before = alloc::of_thread().allocations;
    ask();
    assert_eq!(alloc::of_thread().allocations, before, "a cold thread is not counted");
    let hot = alloc::hot();
    ask();
    drop(hot);
    assert_eq!(alloc::of_thread().allocations, before + 1, "a call of malloc is counted");
}
