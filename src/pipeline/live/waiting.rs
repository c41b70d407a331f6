//! Requests that wait for a connection: a ring of buffers that are made at start.
//!
//! In: requests, at the end. Out: the oldest one.
//! Never: an allocation after start, more than [`POSTS_WAITING_MAX`], a byte that is shown: they
//! are signed.

use crate::base::Nanos;
use crate::limits::{POST_BYTES_MAX, POSTS_WAITING_MAX};
use crate::sys::memory;
use crate::venue::session::FetchId;

/// See the module.
pub(super) struct Waiting {
    bytes: Vec<u8>,
    /// Name, arrival and length of each, by its place.
    heads: [(FetchId, Nanos, usize); POSTS_WAITING_MAX],
    first: usize,
    len: usize,
}

impl Waiting {
    /// None, with room for all.
    pub(super) fn with_room() -> Waiting {
        let mut bytes = vec![0; POST_BYTES_MAX * POSTS_WAITING_MAX];
        memory::prefault(&mut bytes);
        Waiting {
            bytes,
            heads: [(FetchId(0), Nanos::NONE, 0); POSTS_WAITING_MAX],
            first: 0,
            len: 0,
        }
    }

    /// One more; false where there is no room, or where it is larger than
    /// [`POST_BYTES_MAX`].
    pub(super) fn push(&mut self, id: FetchId, now: Nanos, text: &[u8]) -> bool {
        if self.len == POSTS_WAITING_MAX || text.len() > POST_BYTES_MAX {
            return false;
        }
        let place = (self.first + self.len) % POSTS_WAITING_MAX;
        self.heads[place] = (id, now, text.len());
        let start = place * POST_BYTES_MAX;
        self.bytes[start..start + text.len()].copy_from_slice(text);
        self.len += 1;
        true
    }

    /// The oldest: its name, since when it waits, itself.
    pub(super) fn first(&self) -> Option<(FetchId, Nanos, &[u8])> {
        let (id, since, bytes) = self.heads[self.first];
        let start = self.first * POST_BYTES_MAX;
        (self.len > 0).then(|| (id, since, &self.bytes[start..start + bytes]))
    }

    /// The oldest is gone, and wiped.
    pub(super) fn pop(&mut self) {
        if self.len > 0 {
            let start = self.first * POST_BYTES_MAX;
            self.bytes[start..start + self.heads[self.first].2].fill(0);
            self.first = (self.first + 1) % POSTS_WAITING_MAX;
            self.len -= 1;
        }
    }

    /// Are there none?
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} requests", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_out_as_they_went_in_and_no_more_than_there_is_room_for() {
        let mut waiting = Waiting::with_room();
        assert!(waiting.first().is_none());
        for round in 0..3 {
            let text = |n: usize| vec![n as u8; 1 + 100 * n];
            for n in 0..POSTS_WAITING_MAX {
                assert!(waiting.push(FetchId(n as u32), Nanos(round), &text(n)));
            }
            assert!(!waiting.push(FetchId(99), Nanos(round), b"one more"));
            // Not all, so that the next round begins elsewhere in the ring.
            for n in 0..POSTS_WAITING_MAX - 1 {
                let (id, since, found) = waiting.first().unwrap();
                assert_eq!((id.0, since, found), (n as u32, Nanos(round), &text(n)[..]));
                waiting.pop();
            }
            waiting.pop();
            assert!(waiting.is_empty());
            assert!(waiting.bytes.iter().all(|byte| *byte == 0), "what went out is wiped");
            waiting.push(FetchId(0), Nanos(0), b"x");
            waiting.pop();
        }
        assert!(!waiting.push(FetchId(0), Nanos(0), &[0; POST_BYTES_MAX + 1]));
        waiting.push(FetchId(0), Nanos(0), b"hush");
        assert_eq!(format!("{waiting:?}"), "1 requests");
    }
}
