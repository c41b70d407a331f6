//! What the books of one stage share: the pool of waiting changes, and the way out for requests.
//!
//! Never: an allocation after construction.

use super::pending::Pending;
use crate::base::InstrumentId;
use crate::event::{Head, Level, Resync};

/// What the books of one stage share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) pending: Pending,
    /// At most one an instrument, so it never grows.
    pub(super) resyncs: Vec<Resync>,
    /// Whose waiting changes were dropped by this event; at most all.
    pub(super) overflowed: Vec<InstrumentId>,
}

impl Shared {
    pub(super) fn new(instruments: usize, has_ids: bool) -> Shared {
        Shared {
            pending: Pending::new(instruments, has_ids),
            resyncs: Vec::with_capacity(instruments),
            overflowed: Vec::with_capacity(instruments + 1),
        }
    }

    /// Keeps a change for later; where there is no room, what waits longest has to go.
    pub(super) fn put_off(&mut self, id: InstrumentId, head: &Head, levels: &[Level]) {
        while !self.pending.has_room(levels.len()) {
            let Some(oldest) = self.pending.oldest() else {
                // More than all the room there is.
                self.overflowed.push(id);
                return;
            };
            self.pending.clear(oldest);
            self.overflowed.push(oldest);
        }
        self.pending.push(id, head, levels);
    }
}
