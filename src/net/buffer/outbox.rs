//! The send buffer: what the socket has not taken yet, in order.
//!
//! In: bytes written in place at the end. Out: bytes for the socket from the front.
//! Never: an allocation after start, or half of what was to be sent: what does not fit is refused.

use std::ops::Range;

use crate::limits::SEND_BYTES_MAX;
use crate::sys::memory;

/// A send buffer of [`SEND_BYTES_MAX`].
pub(crate) struct Outbox {
    bytes: Box<[u8]>,
    waiting: Range<usize>,
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox { bytes: vec![0; SEND_BYTES_MAX].into_boxed_slice(), waiting: 0..0 }
    }
}

impl Outbox {
    /// Writes every page once.
    pub(crate) fn prefault(&mut self) {
        memory::prefault(&mut self.bytes);
    }

    /// Room for `bytes` behind what waits; `None` where it is not there.
    #[inline]
    pub(crate) fn room(&mut self, bytes: usize) -> Option<&mut [u8]> {
        if self.waiting.is_empty() {
            self.waiting = 0..0;
        } else if self.bytes.len() - self.waiting.end < bytes {
            self.bytes.copy_within(self.waiting.clone(), 0);
            self.waiting = 0..self.waiting.len();
        }
        self.bytes[self.waiting.end..].get_mut(..bytes)
    }

    /// The first `bytes` of the room are to be sent.
    #[inline]
    pub(crate) fn written(&mut self, bytes: usize) {
        assert!(
            bytes <= self.bytes.len() - self.waiting.end,
            "what was written went into the room"
        );
        self.waiting.end += bytes;
    }

    /// What is to be sent.
    #[inline]
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.waiting.clone()]
    }

    /// The socket took so many bytes.
    #[inline]
    pub(crate) fn sent(&mut self, bytes: usize) {
        assert!(bytes <= self.waiting.len(), "the socket takes only what waits");
        self.waiting.start += bytes;
    }

    /// Is there nothing to be sent?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Not the bytes: an order's may hold secrets.
impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes wait", self.waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_fits_once_room_is_made() {
        let mut outbox = Outbox::default();
        outbox.room(SEND_BYTES_MAX).unwrap().fill(1);
        outbox.written(SEND_BYTES_MAX);
        assert!(outbox.room(1).is_none());
        outbox.sent(SEND_BYTES_MAX - 2);
        outbox.room(3).unwrap().copy_from_slice(b"abc");
        outbox.written(3);
        assert_eq!(outbox.waiting(), b"\x01\x01abc");
        outbox.sent(5);
        assert!(outbox.is_empty());
        assert!(outbox.room(SEND_BYTES_MAX).is_some());
        assert!(outbox.room(SEND_BYTES_MAX + 1).is_none());
    }
}
