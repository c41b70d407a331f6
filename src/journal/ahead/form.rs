//! How the file is laid out: three lines of head, then the slots, all in words of this machine.
//!
//! The first line says what it is, with a checksum, and never changes. The other two are the last
//! sequence written and the last one that is free again, each on a line of its own, since one
//! thread writes each. Slot `(s - 1) % slots` holds sequence `s`, counted from 1.

use super::slot::{WORDS, checksum};

/// Says what the file is, and in which order its bytes are.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"nkahead\x01");

/// Grows when the meaning of a word changes.
pub(super) const VERSION: u64 = 1;

/// Words of the first line: magic, version, slots, epoch, checksum.
pub(super) const IDENTITY: usize = 5;

/// Where the last sequence written stands.
pub(super) const HEAD_AT: usize = 8;

/// Where the last sequence stands whose slot is free again.
pub(super) const FREE_AT: usize = 16;

/// Words before the first slot.
pub(super) const SLOTS_AT: usize = 24;

/// Words of a slot: two cache lines, of which record and checksum take a part.
pub(super) const SLOT_WORDS: usize = 16;

/// Where in a slot the checksum stands.
pub(super) const CHECKSUM_AT: usize = WORDS;

/// Words of a whole file.
pub(super) const fn words(slots: usize) -> usize {
    SLOTS_AT + slots * SLOT_WORDS
}

/// The first line.
pub(super) fn identity(slots: usize, epoch: u32) -> [u64; IDENTITY] {
    let [a, b, c, d] = [MAGIC, VERSION, slots as u64, u64::from(epoch)];
    [a, b, c, d, checksum(0, &[a, b, c, d])]
}

/// Where the slot of a sequence begins.
#[inline(always)]
pub(super) const fn slot(sequence: u64, slots: usize) -> usize {
    SLOTS_AT + (sequence.wrapping_sub(1) as usize & (slots - 1)) * SLOT_WORDS
}

const _: () = assert!(CHECKSUM_AT < SLOT_WORDS);
