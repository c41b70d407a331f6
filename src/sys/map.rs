//! Maps: a file's bytes as words of memory that outlive the process.
//!
//! In: an open file. Out: its words, as atomics, since whoever has the file may write to them.
//! Never: a page that is fetched, or a disk that turns out to be full, at the first touch.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use super::memory;

/// A file of whole words in memory (`MAP_SHARED`): what is stored is the file's, also when the
/// process is killed right after.
#[derive(Debug)]
pub struct Map {
    first: NonNull<AtomicU64>,
    words: usize,
}

// SAFETY: the mapping belongs to no thread, and its words are atomics.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// Makes the file so long, takes the room for it, and brings it into memory.
    pub fn create(file: &File, words: usize) -> io::Result<Map> {
        let bytes = words.checked_mul(8).filter(|bytes| *bytes > 0 && *bytes < 1 << 40);
        let bytes = bytes.ok_or(io::ErrorKind::InvalidInput)?;
        file.set_len(bytes as u64)?;
        reserve(file, bytes)?;
        let (protection, fd) = (libc::PROT_READ | libc::PROT_WRITE, file.as_raw_fd());
        // SAFETY: no address is asked for, so nothing that is mapped is replaced; the descriptor is
        // borrowed, so it is open.
        let place =
            unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, libc::MAP_SHARED, fd, 0) };
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let first = NonNull::new(place.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let map = Map { first, words };
        // Written, so that the first store of each page meets no fault; nothing is changed. (Adding
        // or joining nothing is made a mere load by the compiler.)
        for word in map.words().iter().step_by(memory::page_bytes() / 8) {
            word.fetch_add(1, Ordering::Relaxed);
            word.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(map)
    }

    /// The words.
    #[inline(always)]
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping has so many words, begins at a page's boundary and lasts until `self`
        // is dropped; any bits are a valid word.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.words) }
    }

    /// Keeps it in memory; refused beyond the limit of locked memory.
    pub fn lock(&self) -> io::Result<()> {
        // SAFETY: the range is this mapping's own; locking changes nothing of what is in it.
        let failed = unsafe { libc::mlock(self.first.as_ptr().cast(), 8 * self.words) };
        if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the range was mapped as one by `create`, and nobody can borrow it any more.
        unsafe { libc::munmap(self.first.as_ptr().cast(), 8 * self.words) };
    }
}

/// Does a file lie on a file system of memory?
#[cfg(target_os = "linux")]
pub fn is_in_memory(file: &File) -> bool {
    let mut found = std::mem::MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: the descriptor is borrowed, so it is open; `found` is a valid place for the answer.
    let failed = unsafe { libc::fstatfs(file.as_raw_fd(), found.as_mut_ptr()) };
    // SAFETY: zeroed above, and all zeros is a valid value of these integers.
    let found = unsafe { found.assume_init() };
    failed == 0 && found.f_type == libc::TMPFS_MAGIC
}

/// Where the system does not say, it is taken for a disk's.
#[cfg(not(target_os = "linux"))]
pub fn is_in_memory(_: &File) -> bool {
    false
}

/// Takes room for the whole file: a store into a page without any would kill the process.
#[cfg(target_os = "linux")]
fn reserve(file: &File, bytes: usize) -> io::Result<()> {
    // SAFETY: the descriptor is borrowed, so it is open; the call takes numbers only.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, bytes as libc::off_t) } {
        0 => Ok(()),
        why => Err(io::Error::from_raw_os_error(why)),
    }
}

/// There is no such call: the pages are touched.
#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: usize) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_in_the_file_without_a_write() {
        let path = std::env::temp_dir().join(format!("nk-map-{}", std::process::id()));
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        let map = Map::create(&file, 1_500).unwrap();
        map.words()[1_499].store(0x0102_0304_0506_0708_u64.to_le(), Ordering::Relaxed);
        drop((map, file));
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((bytes.len(), &bytes[8 * 1_499..]), (12_000, &[8, 7, 6, 5, 4, 3, 2, 1][..]));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn no_word_and_too_many_are_refused() {
        let file = File::open("/dev/null").unwrap();
        assert!(Map::create(&file, 0).is_err() && Map::create(&file, usize::MAX).is_err());
    }
}
