//! Memory: keeping it in place, touching it before it is needed, and counting what was missed.
//!
//! In: slices and vectors. Out: the same, in memory; page faults as counts.
//! Never: a change of what the memory holds.

use std::io;

/// Why memory was not locked.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The limit is too low.
    #[error(
        "the limit of locked memory is {limit}, which is too low to lock the process; raise it \
         with `ulimit -l unlimited`, `LimitMEMLOCK=infinity` (systemd) or the capability IPC_LOCK"
    )]
    Limit {
        /// The limit as it is.
        limit: LockLimit,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused for another reason.
    #[error("the process could not be locked into memory (mlockall)")]
    Refused(#[source] io::Error),
}

/// How much memory may be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockLimit {
    /// So many bytes.
    Bytes(u64),
    /// All.
    Unlimited,
}

impl std::fmt::Display for LockLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LockLimit::Bytes(bytes) => write!(f, "{} KiB", bytes / 1_024),
            LockLimit::Unlimited => f.write_str("unlimited"),
        }
    }
}

/// Page faults of one thread since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageFaults {
    /// Served from memory: a first touch, a copy on write.
    pub minor: u64,
    /// Served from a disk.
    pub major: u64,
}

/// Locks all memory of the process, now and to come: nothing of it is ever paged out, and what is
/// mapped later is in memory at once.
pub fn lock_all() -> Result<(), MemoryError> {
    // SAFETY: takes flags only; changes where pages lie, not what they hold.
    let failed = unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) };
    if failed == 0 {
        return Ok(());
    }
    let source = io::Error::last_os_error();
    match source.raw_os_error() {
        Some(libc::ENOMEM | libc::EPERM) => Err(MemoryError::Limit { limit: lock_limit(), source }),
        _ => Err(MemoryError::Refused(source)),
    }
}

/// How much memory may be locked (`RLIMIT_MEMLOCK`, the soft limit).
pub fn lock_limit() -> LockLimit {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the answer; it stays zero where the call fails.
    unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    if limit.rlim_cur == libc::RLIM_INFINITY {
        LockLimit::Unlimited
    } else {
        LockLimit::Bytes(limit.rlim_cur)
    }
}

/// Bytes of this process that are in memory now; `None` where the system does not say.
pub fn resident_bytes() -> Option<u64> {
    // Pages: size, resident, shared .. (proc(5)).
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * page_bytes() as u64)
}

/// Bytes of a page.
pub fn page_bytes() -> usize {
    // SAFETY: takes a name and returns a number.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4_096)
}

/// Writes into every page of `bytes`, without changing any: later writes meet no fault.
pub fn prefault(bytes: &mut [u8]) {
    for page in bytes.chunks_mut(page_bytes()) {
        touch(&raw mut page[0]);
    }
    // The last page of memory that does not begin on a page's boundary.
    if let Some(last) = bytes.last_mut() {
        touch(last);
    }
}

/// Writes into every page of a vector's spare room: pushes up to its capacity meet no fault.
pub fn prefault_spare<T>(vector: &mut Vec<T>) {
    let spare = vector.spare_capacity_mut();
    let bytes = size_of_val(spare);
    let first = spare.as_mut_ptr().cast::<u8>();
    for offset in (0..bytes).step_by(page_bytes()).chain(bytes.checked_sub(1)) {
        // SAFETY: `offset` is less than the bytes of the spare room that begins at `first`.
        let place = unsafe { first.add(offset) };
        // SAFETY: within the spare room, which is ours to write and whose content means nothing.
        unsafe { place.write_volatile(0) };
    }
}

/// An empty vector with room for `capacity` elements, its memory brought in.
pub fn resident<T>(capacity: usize) -> Vec<T> {
    let mut vector = Vec::with_capacity(capacity);
    prefault_spare(&mut vector);
    vector
}

/// Maps the pages of the program's own code, constants and statics, so that a path taken for the
/// first time brings no fault. True where the system could be asked to (Linux 5.14 and later).
#[cfg(target_os = "linux")]
pub fn prefault_code() -> bool {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return false };
    let mut all = true;
    let mut statics_end = 0;
    for line in maps.lines() {
        // `from-to perms offset dev inode path`.
        let mut fields = line.split_ascii_whitespace();
        let (Some(range), Some(perms)) = (fields.next(), fields.next()) else { continue };
        let is_file = fields.nth(3).is_some_and(|path| path.starts_with('/'));
        let bound = |text: &str| usize::from_str_radix(text, 16).ok();
        let Some((from, to)) = range.split_once('-') else { continue };
        let (Some(from), Some(to)) = (bound(from), bound(to)) else { continue };
        // Statics that begin as zeroes have no file and lie right behind those that have one.
        let advice = match perms.as_bytes() {
            [b'r', b'-', ..] if is_file => libc::MADV_POPULATE_READ,
            [b'r', b'w', ..] if is_file || from == statics_end => libc::MADV_POPULATE_WRITE,
            _ => continue,
        };
        if is_file {
            statics_end = to;
        }
        // SAFETY: the range is one of this process's own mappings as the kernel just said, and
        // populating it changes nothing of what is in it; a mapping that has gone since is an error
        // that is returned.
        let done = unsafe { libc::madvise(from as *mut libc::c_void, to - from, advice) };
        all &= done == 0;
    }
    all
}

/// Maps the pages of the program's own code: not to be asked for here.
#[cfg(not(target_os = "linux"))]
pub fn prefault_code() -> bool {
    false
}

/// Bytes of a thread's stack that [`prefault_stack`] brings in: more than any call chain of the hot
/// path takes.
const STACK_BYTES: usize = 256 << 10;

/// Writes the pages of the calling thread's stack that its work will reach, so that none is fetched
/// while a frame waits.
#[inline(never)]
#[allow(clippy::large_stack_arrays, reason = "it is the stack that is to be reached")]
pub fn prefault_stack() {
    let mut room = [0_u8; STACK_BYTES];
    std::hint::black_box(&mut room);
}

/// Asks for huge pages below `bytes`; a hint, false where the system does not take it.
pub fn advise_huge(bytes: &mut [u8]) -> bool {
    let page = page_bytes();
    let first = bytes.as_mut_ptr();
    let to_boundary = first.align_offset(page);
    let Some(whole) = bytes.len().checked_sub(to_boundary) else {
        return false;
    };
    let whole = whole - whole % page;
    // SAFETY: `to_boundary` is at most the slice's length, by the subtraction above.
    let start = unsafe { first.add(to_boundary) };
    // SAFETY: `start .. start + whole` are whole pages within the slice; the advice changes how
    // they are backed, not what they hold.
    let failed = unsafe { libc::madvise(start.cast(), whole, libc::MADV_HUGEPAGE) };
    whole > 0 && failed == 0
}

/// Asks for huge pages below a vector's spare room; a hint, as [`advise_huge`].
pub fn advise_huge_spare<T>(vector: &mut Vec<T>) -> bool {
    let spare = vector.spare_capacity_mut();
    let page = page_bytes();
    let first = spare.as_mut_ptr().cast::<u8>();
    let to_boundary = first.align_offset(page);
    let Some(whole) = size_of_val(spare).checked_sub(to_boundary) else {
        return false;
    };
    let whole = whole - whole % page;
    // SAFETY: `to_boundary` is at most the room's length, by the subtraction above.
    let start = unsafe { first.add(to_boundary) };
    // SAFETY: `start .. start + whole` are whole pages within the room; the advice changes how they
    // are backed, not what they hold.
    let failed = unsafe { libc::madvise(start.cast(), whole, libc::MADV_HUGEPAGE) };
    whole > 0 && failed == 0
}

/// Page faults of the calling thread.
pub fn page_faults() -> PageFaults {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a valid place for the answer.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    // SAFETY: zeroed above, and all zeros is a valid value of these integers.
    let usage = unsafe { usage.assume_init() };
    PageFaults { minor: usage.ru_minflt as u64, major: usage.ru_majflt as u64 }
}

fn touch(byte: *mut u8) {
    // SAFETY: callers pass a byte of a slice that they hold exclusively.
    let value = unsafe { byte.read_volatile() };
    // SAFETY: as above; what was read goes back, so nothing changes.
    unsafe { byte.write_volatile(value) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Above the 64 MiB of a thread's arena, so that glibc maps fresh pages for each allocation and
    /// what another test has freed is not given out again.
    const BYTES: usize = 72 << 20;

    #[test]
    fn prefaulted_memory_keeps_its_bytes() {
        let mut bytes: Vec<u8> = (0..BYTES).map(|n| n as u8).collect();
        prefault(&mut bytes[3..]);
        assert!(bytes.iter().enumerate().all(|(n, byte)| *byte == n as u8));
        prefault(&mut []);
    }

    #[test]
    fn pushes_into_prefaulted_room_meet_no_fault() {
        let mut vector: Vec<u64> = Vec::with_capacity(BYTES / 8);
        let untouched = page_faults();
        prefault_spare(&mut vector);
        let before = page_faults();
        assert!(before.minor > untouched.minor, "fresh pages were touched");
        vector.extend(0..(BYTES / 8) as u64);
        let after = page_faults();
        // The kernel may move a page meanwhile; hundreds would mean that nothing was touched.
        assert!(after.minor - before.minor < 16, "{before:?} -> {after:?}");
        prefault_spare(&mut vector);
        assert_eq!(vector.len(), BYTES / 8);
    }

    #[test]
    fn advice_about_no_whole_page_is_not_given() {
        let mut bytes = vec![1_u8; 16];
        assert!(!advise_huge(&mut bytes));
        assert_eq!(bytes, [1; 16]);
    }

    #[test]
    fn a_low_limit_names_itself_and_the_fix() {
        let refused = MemoryError::Limit {
            limit: LockLimit::Bytes(65_536),
            source: io::Error::from_raw_os_error(libc::ENOMEM),
        };
        let text = refused.to_string();
        assert!(text.contains("64 KiB") && text.contains("LimitMEMLOCK=infinity"), "{text}");
    }
}
