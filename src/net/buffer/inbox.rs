//! The receive buffer: records, their plaintext, and a message that is not complete, in one block.
//!
//! In: bytes from the socket, at the end. Out: plaintext in place, with readable bytes behind it.
//! Never: an allocation after start; a byte given out that did not arrive, but for the room behind.
//!
//! ```text
//! | free | kept: message begun | gap | plain: not taken | gap | sealed: not opened | free | pad |
//! ```
//! Opening a record writes its plaintext where the plaintext before it ends, so that frames which
//! cross records lie in one piece without a copy of their own. The next part of a message is moved
//! behind what is kept of it. When everything is taken, the buffer begins anew at its start, which
//! stays in the caches.

use std::ops::Range;

use crate::limits::{FRAME_PAD_BYTES, RECEIVE_BYTES, RECEIVE_SPARE_BYTES};
use crate::sys::memory;

/// A receive buffer.
pub struct Inbox {
    bytes: Box<[u8]>,
    kept: Range<usize>,
    plain: Range<usize>,
    sealed: Range<usize>,
}

/// How far from its start the used part may wander before it is moved back: beyond it, reads leave
/// the second-level cache.
const WALK_BYTES: usize = 4 * RECEIVE_BYTES;

impl Inbox {
    /// A buffer for messages of up to `message_bytes_max`.
    pub fn new(message_bytes_max: usize) -> Inbox {
        let bytes = message_bytes_max + RECEIVE_SPARE_BYTES + FRAME_PAD_BYTES;
        Inbox { bytes: vec![0; bytes].into_boxed_slice(), kept: 0..0, plain: 0..0, sealed: 0..0 }
    }

    /// Writes every page once.
    pub fn prefault(&mut self) {
        memory::prefault(&mut self.bytes);
    }

    /// Room for what the socket has: some bytes, unless a message is larger than was agreed.
    #[inline]
    pub fn room(&mut self) -> &mut [u8] {
        let used = self.kept.len() + self.plain.len() + self.sealed.len();
        let first = self.first();
        if used == 0 {
            (self.kept, self.plain, self.sealed) = (0..0, 0..0, 0..0);
        } else if self.end() - self.sealed.end < RECEIVE_BYTES
            || (first >= WALK_BYTES && used <= first)
        {
            self.compact();
        }
        let end = self.end().min(self.sealed.end + RECEIVE_BYTES);
        &mut self.bytes[self.sealed.end..end]
    }

    /// The first `bytes` of the room hold what the socket had.
    #[inline]
    pub fn received(&mut self, bytes: usize) {
        assert!(bytes <= self.end() - self.sealed.end, "what was received went into the room");
        self.sealed.end += bytes;
    }

    /// Bytes that are not opened.
    #[inline]
    pub fn sealed(&self) -> &[u8] {
        &self.bytes[self.sealed.clone()]
    }

    /// Takes all that is not opened as plaintext; false where there is nothing.
    #[inline]
    pub fn pass(&mut self) -> bool {
        let bytes = self.sealed.len();
        if self.plain.is_empty() {
            self.plain = self.sealed.clone();
        } else {
            if self.plain.end != self.sealed.start {
                self.bytes.copy_within(self.sealed.clone(), self.plain.end);
            }
            self.plain.end += bytes;
        }
        self.sealed.start = self.sealed.end;
        bytes > 0
    }

    /// Opens the record of `record` bytes at the front: `open` is shown the room from where its
    /// plaintext goes to its last byte, and where behind the head of `head` bytes the ciphertext
    /// begins in it; it says how many bytes of plaintext it wrote.
    ///
    /// An error leaves the record where it is.
    #[inline]
    pub fn open<E>(
        &mut self,
        head: usize,
        record: usize,
        open: impl FnOnce(&mut [u8], usize) -> Result<usize, E>,
    ) -> Result<(), E> {
        let (body, end) = (self.sealed.start + head, self.sealed.start + record);
        assert!(end <= self.sealed.end && body <= end, "the record has arrived");
        if self.plain.is_empty() {
            self.plain = body..body;
        }
        let to = self.plain.end;
        let bytes = open(&mut self.bytes[to..end], body - to)?;
        assert!(bytes <= end - to, "plaintext is no longer than its record");
        self.plain.end = to + bytes;
        self.sealed.start = end;
        Ok(())
    }

    /// Appends plaintext that was opened elsewhere; false where there is no room for it.
    pub fn append(&mut self, plaintext: &[u8]) -> bool {
        if self.plain.is_empty() {
            self.plain = self.kept.end..self.kept.end;
        }
        if self.sealed.start - self.plain.end < plaintext.len() {
            self.compact();
            let (from, bytes) = (self.sealed.clone(), self.sealed.len());
            let to = self.end() - bytes;
            self.bytes.copy_within(from, to);
            self.sealed = to..to + bytes;
        }
        let Some(room) = self.bytes[self.plain.end..self.sealed.start].get_mut(..plaintext.len())
        else {
            return false;
        };
        room.copy_from_slice(plaintext);
        self.plain.end += plaintext.len();
        true
    }

    /// Forgets what is not opened: another has it.
    pub fn forget_sealed(&mut self) {
        self.sealed.start = self.sealed.end;
    }

    /// Plaintext that was not taken.
    #[inline]
    pub fn plain(&self) -> &[u8] {
        &self.bytes[self.plain.clone()]
    }

    /// Takes `bytes` of plaintext and says where they lie.
    #[inline]
    pub fn take(&mut self, bytes: usize) -> Range<usize> {
        let taken = self.plain.start..self.plain.start + bytes;
        assert!(taken.end <= self.plain.end, "only what is there is taken");
        self.plain.start = taken.end;
        taken
    }

    /// Takes `bytes` of plaintext as the next part of the message that is kept.
    pub fn keep(&mut self, bytes: usize) {
        let taken = self.take(bytes);
        if self.kept.is_empty() {
            self.kept = taken;
        } else {
            if self.kept.end != taken.start {
                self.bytes.copy_within(taken, self.kept.end);
            }
            self.kept.end += bytes;
        }
    }

    /// Bytes of the message that is kept.
    #[inline]
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// The message that is kept is complete: says where it lies, and keeps nothing.
    pub fn release(&mut self) -> Range<usize> {
        std::mem::replace(&mut self.kept, 0..0)
    }

    /// What was taken or released, with all that lies behind it: at least
    /// [`FRAME_PAD_BYTES`] more than `range`. Good until the next call that changes the buffer.
    #[inline]
    pub fn behind(&self, range: &Range<usize>) -> &[u8] {
        &self.bytes[range.start..]
    }

    /// Is nothing waiting to be opened or taken?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.plain.is_empty() && self.sealed.is_empty()
    }

    /// Where the used part begins.
    fn first(&self) -> usize {
        let regions = [&self.kept, &self.plain, &self.sealed].into_iter();
        regions.filter(|region| !region.is_empty()).map(|region| region.start).min().unwrap_or(0)
    }

    /// Where data ends and the pad begins.
    fn end(&self) -> usize {
        self.bytes.len() - FRAME_PAD_BYTES
    }

    /// Moves all regions to the front, without gaps.
    fn compact(&mut self) {
        let mut to = 0;
        for region in [&mut self.kept, &mut self.plain, &mut self.sealed] {
            let bytes = region.len();
            if bytes > 0 && region.start != to {
                self.bytes.copy_within(region.clone(), to);
            }
            *region = to..to + bytes;
            to += bytes;
        }
    }
}

/// Not the bytes: an order's may hold secrets.
impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kept, plain, sealed) = (self.kept.len(), self.plain.len(), self.sealed.len());
        write!(f, "{kept} bytes kept, {plain} plain, {sealed} sealed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arrive(inbox: &mut Inbox, bytes: &[u8]) {
        inbox.room()[..bytes.len()].copy_from_slice(bytes);
        inbox.received(bytes.len());
    }

    #[test]
    fn records_with_heads_and_tails_become_plaintext_in_one_piece() {
        let mut inbox = Inbox::new(1_024);
        arrive(&mut inbox, b"<<abc>><<defg>>");
        let copy = |room: &mut [u8], from: usize, bytes: usize| {
            room.copy_within(from..from + bytes, 0);
            Ok::<_, ()>(bytes)
        };
        inbox.open(2, 7, |room, from| copy(room, from, 3)).unwrap();
        assert_eq!(inbox.plain(), b"abc");
        assert_eq!(inbox.open(2, 8, |_, _| Err("wrong")), Err("wrong"));
        inbox.open(2, 8, |room, from| copy(room, from, 4)).unwrap();
        assert_eq!(inbox.plain(), b"abcdefg");
        let taken = inbox.take(7);
        assert!(inbox.behind(&taken).starts_with(b"abcdefg"));
        assert!(inbox.behind(&taken).len() >= 7 + FRAME_PAD_BYTES);
        assert!(inbox.is_empty());
    }

    #[test]
    fn parts_of_a_message_are_joined_across_what_lies_between() {
        let mut inbox = Inbox::new(64);
        arrive(&mut inbox, b"onePINGtwo");
        inbox.pass();
        inbox.keep(3);
        inbox.take(4);
        arrive(&mut inbox, b"!");
        inbox.pass();
        inbox.keep(4);
        let whole = inbox.release();
        assert_eq!(&inbox.behind(&whole)[..whole.len()], b"onetwo!");
        assert_eq!(inbox.kept(), 0);
    }

    #[test]
    fn a_message_as_large_as_agreed_fits_whatever_lies_before_it() {
        let largest = 3 * RECEIVE_BYTES;
        let mut inbox = Inbox::new(largest);
        let part = vec![7; RECEIVE_BYTES - 1];
        for _ in 0..50 {
            let mut left = largest;
            while left > 0 {
                let bytes = part.len().min(left);
                arrive(&mut inbox, &part[..bytes]);
                inbox.pass();
                left -= bytes;
            }
            // A byte stays, so that the buffer never begins anew by itself.
            inbox.take(largest - usize::from(inbox.plain().len() == largest));
        }
    }

    proptest! {
        /// Whatever is received, kept and taken in whatever pieces, bytes come out in their order.
        #[test]
        fn bytes_come_out_as_they_went_in(
            steps in prop::collection::vec((1..40_000_usize, 0..50_000_usize, any::<bool>()), 1..99)
        ) {
            let mut inbox = Inbox::new(1 << 20);
            let (mut sent, mut seen, mut kept) = (0_u64, 0_u64, 0_u64);
            let byte = |n: u64| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
            for (arrives, takes, keeps) in steps {
                let room = inbox.room();
                let bytes = arrives.min(room.len());
                for place in &mut room[..bytes] {
                    *place = byte(sent);
                    sent += 1;
                }
                inbox.received(bytes);
                inbox.pass();
                let takes = takes.min(inbox.plain().len());
                if keeps && inbox.kept() + takes < 1 << 19 {
                    inbox.keep(takes);
                    kept += takes as u64;
                    continue;
                }
                let whole = inbox.release();
                for found in &inbox.behind(&whole)[..whole.len()] {
                    prop_assert_eq!(*found, byte(seen));
                    seen += 1;
                }
                prop_assert_eq!(whole.len() as u64, kept);
                kept = 0;
                let taken = inbox.take(takes);
                for found in &inbox.behind(&taken)[..takes] {
                    prop_assert_eq!(*found, byte(seen));
                    seen += 1;
                }
            }
        }
    }
}
