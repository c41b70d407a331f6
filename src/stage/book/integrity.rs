//! What was checked, and how it came out.

use std::ops::AddAssign;

/// Counters that only grow, of one book or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Integrity {
    /// Holes in update ids. Those in a connection's own counter are the feed's.
    pub gaps: u64,
    /// Checksums of the venue that were ours.
    pub checksum_ok: u64,
    /// Checksums of the venue that were not ours.
    pub checksum_bad: u64,
    /// Events and snapshots that were older than the book.
    pub stale_dropped: u64,
    /// Books whose best bid was at or above the best ask.
    pub crossed: u64,
    /// Books that had the venue's best bid and ask at the same update id.
    pub quote_match: u64,
    /// Books that had not.
    pub quote_mismatch: u64,
    /// Buffers of changes that were dropped because the room for them was used up.
    pub overflows: u64,
    /// Snapshots asked for.
    pub resyncs: u64,
}

impl AddAssign for Integrity {
    fn add_assign(&mut self, other: Integrity) {
        self.gaps += other.gaps;
        self.checksum_ok += other.checksum_ok;
        self.checksum_bad += other.checksum_bad;
        self.stale_dropped += other.stale_dropped;
        self.crossed += other.crossed;
        self.quote_match += other.quote_match;
        self.quote_mismatch += other.quote_mismatch;
        self.overflows += other.overflows;
        self.resyncs += other.resyncs;
    }
}
