//! The latest refused frames, kept with their reason for whoever must find out why.

use crate::base::ConnectionId;
use crate::limits;
use crate::sys::memory;
use crate::venue::Refusal;

/// A refused frame.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its number.
    pub frame: u64,
    /// Where it came from.
    pub connection: ConnectionId,
    /// Why it was refused.
    pub reason: Refusal,
    /// Its length, bytes.
    pub len: usize,
    bytes: Vec<u8>,
}

/// The latest [`limits::REFUSED_KEPT_MAX`] refused frames. Room for them is taken at start.
#[derive(Debug)]
pub struct Refused {
    kept: Vec<Kept>,
    next: usize,
}

impl Refused {
    /// Room for all that will be kept.
    pub fn new() -> Refused {
        let empty = || {
            let mut bytes = Vec::with_capacity(limits::REFUSED_BYTES_KEPT);
            memory::prefault_spare(&mut bytes);
            let connection = ConnectionId::default();
            Kept { frame: 0, connection, reason: Refusal::Nesting, len: 0, bytes }
        };
        Refused { kept: (0..limits::REFUSED_KEPT_MAX).map(|_| empty()).collect(), next: 0 }
    }

    /// Keeps a frame, in the place of the oldest one.
    pub fn keep(&mut self, frame: u64, connection: ConnectionId, reason: Refusal, text: &[u8]) {
        let slot = self.next % self.kept.len();
        let kept = &mut self.kept[slot];
        kept.bytes.clear();
        kept.bytes.extend_from_slice(&text[..text.len().min(limits::REFUSED_BYTES_KEPT)]);
        (kept.frame, kept.connection, kept.reason, kept.len) =
            (frame, connection, reason, text.len());
        self.next += 1;
    }

    /// Those that are kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Kept> {
        let count = self.next.min(self.kept.len());
        (self.next - count..self.next).map(|n| &self.kept[n % self.kept.len()])
    }
}

impl Default for Refused {
    fn default() -> Refused {
        Refused::new()
    }
}

impl Kept {
    /// Its first bytes, at most [`limits::REFUSED_BYTES_KEPT`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
