//! The write-ahead ring: each order lies in memory that outlives the process before it is sent.
//!
//! In: [`Record`]s from a hot thread. Out: the same, to the cold thread that brings them to the
//! disk, or, after a crash, to the next session ([`recover()`]).
//! Never: a system call, an allocation, a lock or a fault while writing; an order that is sent
//! though its record had no room; a slot that is written over before its record is elsewhere.
//!
//! A file on a file system of memory is mapped and shared (`MAP_SHARED`): stores into it are in the
//! kernel's pages at once and stay when the process is killed. A power failure ends them; what is
//! open then is known by the session's number in the names of its orders.
//!
//! A record is written words first, its checksum after them, then the ring's own count; so one that
//! is torn is the one that was being written, and its order was not sent.

mod error;
mod form;
mod recover;
mod slot;
#[cfg(test)]
mod tests;

pub use error::AheadError;
pub use recover::{Recovered, Torn, recover};
pub use slot::{Deed, Record};

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use form::{CHECKSUM_AT, FREE_AT, HEAD_AT};
use slot::{Words, checksum};

use crate::limits;
use crate::sys::map::{self, Map};

/// The hot end: writes records.
#[derive(Debug)]
pub struct Ahead {
    map: Arc<Map>,
    slots: usize,
    epoch: u32,
    /// The last sequence written.
    head: u64,
    /// The last sequence known to be free again.
    free: u64,
    full: u64,
}

/// There is no room for the record: its order must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the write-ahead ring is full: the cold side does not get orders to the disk; the order is not \
     sent"
)]
pub struct Full;

/// The cold end: reads records, and frees their slots when they are elsewhere.
#[derive(Debug)]
pub struct Behind {
    map: Arc<Map>,
    slots: usize,
    epoch: u32,
    /// The last sequence read.
    read: u64,
}

/// What the cold end finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A record.
    Record(u64, Record),
    /// A record of this sequence that something has written over: memory is not what it was.
    Damaged(u64),
}

/// Makes a ring with a power of two of slots for a session, its pages in memory. Refused where a
/// file is there: it may hold orders.
pub fn create(path: &Path, epoch: u32, slots: usize) -> Result<(Ahead, Behind), AheadError> {
    if !slots.is_power_of_two() || !(2..=limits::AHEAD_SLOTS_MAX).contains(&slots) {
        return Err(AheadError::Slots { found: slots });
    }
    if path.symlink_metadata().is_ok() {
        return Err(AheadError::Exists { path: path.into() });
    }
    // Made beside its place, so that there is never a half of one.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    match fs::remove_file(&part) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => {
            return Err(AheadError::io("remove", &part, why));
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.open(&part).map_err(|why| AheadError::io("make", &part, why))?;
    let made = Map::create(&file, form::words(slots)).and_then(|map| {
        for (word, value) in map.words().iter().zip(form::identity(slots, epoch)) {
            word.store(value, Ordering::Relaxed);
        }
        // Not over a file that came meanwhile.
        fs::hard_link(&part, path)?;
        Ok(map)
    });
    let _ = fs::remove_file(&part);
    let map = Arc::new(made.map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => AheadError::Exists { path: path.into() },
        _ => AheadError::io("make", path, why),
    })?);
    let behind = Behind { map: map.clone(), slots, epoch, read: 0 };
    Ok((Ahead { map, slots, epoch, head: 0, free: 0, full: 0 }, behind))
}

/// May a file of this folder be taken for memory: stores into it wait for no disk?
pub fn is_in_memory(folder: &Path) -> bool {
    File::open(folder).is_ok_and(|folder| map::is_in_memory(&folder))
}

impl Ahead {
    /// Writes a record. Stores only: when it returns, the record outlives the process. Where it
    /// says [`Full`], nothing was written and the order must not be sent.
    ///
    /// Loads and stores of memory that was written at start, and arithmetic: no call into the
    /// system is on this path, and none into the allocator.
    #[inline]
    pub fn write(&mut self, record: &Record) -> Result<(), Full> {
        let words = self.map.words();
        if self.head - self.free >= self.slots as u64 {
            self.free = free(words, self.head);
            if self.head - self.free >= self.slots as u64 {
                self.full += 1;
                return Err(Full);
            }
        }
        let sequence = self.head + 1;
        let at = form::slot(sequence, self.slots);
        let slot = &words[at..=at + CHECKSUM_AT];
        let record = record.words(sequence);
        // What is torn from here on is neither the old record nor the new one.
        slot[CHECKSUM_AT].store(0, Ordering::Release);
        for (word, value) in slot.iter().zip(record) {
            // Stays behind the store above, also on processors that turn stores around.
            word.store(value, Ordering::Release);
        }
        slot[CHECKSUM_AT].store(checksum(u64::from(self.epoch), &record), Ordering::Release);
        words[HEAD_AT].store(sequence, Ordering::Release);
        self.head = sequence;
        Ok(())
    }

    /// Records that had no room.
    pub const fn full(&self) -> u64 {
        self.full
    }

    /// Records written.
    pub const fn written(&self) -> u64 {
        self.head
    }

    /// Keeps the ring in memory; refused beyond the limit of locked memory. Cold.
    pub fn lock(&self) -> io::Result<()> {
        self.map.lock()
    }

    /// Bytes of the ring.
    pub const fn bytes(&self) -> usize {
        8 * form::words(self.slots)
    }
}

impl Behind {
    /// The next record, where there is one. Its slot stays taken until [`Behind::free`].
    pub fn read(&mut self) -> Option<Found> {
        let words = self.map.words();
        let head = words[HEAD_AT].load(Ordering::Acquire);
        // A count that is not the writer's is one that something has written over; then there is
        // nothing that could be trusted, and the writer finds the ring full.
        if self.read >= head || head - self.read > self.slots as u64 {
            return None;
        }
        let sequence = self.read + 1;
        self.read = sequence;
        let at = form::slot(sequence, self.slots);
        let slot = &words[at..=at + CHECKSUM_AT];
        let found: Words = std::array::from_fn(|n| slot[n].load(Ordering::Relaxed));
        let sum = slot[CHECKSUM_AT].load(Ordering::Relaxed);
        let is_whole = found[0] == sequence && sum == checksum(u64::from(self.epoch), &found);
        let record = Record::read(&found).filter(|_| is_whole);
        Some(record.map_or(Found::Damaged(sequence), |record| Found::Record(sequence, record)))
    }

    /// Frees the slots of all records that were read.
    pub fn free(&self) {
        self.map.words()[FREE_AT].store(self.read, Ordering::Release);
    }

    /// Records that were read.
    pub const fn taken(&self) -> u64 {
        self.read
    }

    /// Records that wait to be read.
    pub fn waiting(&self) -> u64 {
        self.map.words()[HEAD_AT].load(Ordering::Acquire).saturating_sub(self.read)
    }
}

/// The last sequence that is free; none is free beyond those written.
#[cold]
fn free(words: &[AtomicU64], head: u64) -> u64 {
    words[FREE_AT].load(Ordering::Acquire).min(head)
}
