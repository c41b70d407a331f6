//! Changes that wait for their snapshot: one pool for all instruments, in blocks on free lists.
//!
//! Never: an allocation after construction. The room is reserved at start and, as pages, only taken
//! when it is used.

use super::room;
use crate::base::InstrumentId;
use crate::event::{Body, Head, Level, Stamp};
use crate::limits::{
    PENDING_EVENTS_MAX, PENDING_EVENTS_WARM, PENDING_LEVELS_MAX, PENDING_LEVELS_WARM,
};

/// Levels in a block: the median of a Binance spot change.
const BLOCK_LEVELS: usize = 16;

const BLOCKS_MAX: usize = PENDING_LEVELS_MAX / BLOCK_LEVELS;

/// The end of a list.
const NONE: u32 = u32::MAX;

/// One queue of changes an instrument.
#[derive(Debug)]
pub(super) struct Pending {
    queues: Box<[Queue]>,
    events: Vec<Event>,
    free_event: u32,
    events_used: usize,
    blocks: Vec<Block>,
    free_block: u32,
    blocks_used: usize,
    /// Counts queues that were begun, to know the oldest.
    begun: u64,
}

#[derive(Clone, Copy, Debug)]
struct Queue {
    first: u32,
    last: u32,
    begun: u64,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    head: Head,
    levels: u32,
    block: u32,
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    levels: [Level; BLOCK_LEVELS],
    next: u32,
}

impl Pending {
    /// Room for the changes of so many instruments; none where `is_needed` is false.
    pub(super) fn new(instruments: usize, is_needed: bool) -> Pending {
        let (events, blocks) = if is_needed { (PENDING_EVENTS_MAX, BLOCKS_MAX) } else { (0, 0) };
        let no_block = Block { levels: [Level::default(); BLOCK_LEVELS], next: NONE };
        let head = Head::about_connection(Stamp::default(), Body::Alive);
        let no_event = Event { head, levels: 0, block: NONE, next: NONE };
        Pending {
            queues: vec![Queue { first: NONE, last: NONE, begun: 0 }; instruments].into(),
            events: room::spare(events, PENDING_EVENTS_WARM, no_event),
            free_event: NONE,
            events_used: 0,
            blocks: room::spare(blocks, PENDING_LEVELS_WARM / BLOCK_LEVELS, no_block),
            free_block: NONE,
            blocks_used: 0,
            begun: 0,
        }
    }

    pub(super) fn is_empty(&self, id: InstrumentId) -> bool {
        self.queues[id.index()].first == NONE
    }

    /// The change that waits longest.
    pub(super) fn first(&self, id: InstrumentId) -> Option<&Head> {
        self.events.get(self.queues[id.index()].first as usize).map(|event| &event.head)
    }

    /// Shows the levels of the first change, in their order, piece by piece.
    pub(super) fn visit_first(&self, id: InstrumentId, mut seen: impl FnMut(&[Level])) {
        let Some(event) = self.events.get(self.queues[id.index()].first as usize) else {
            return;
        };
        let (mut left, mut at) = (event.levels as usize, event.block);
        while let Some(block) = self.blocks.get(at as usize) {
            let here = left.min(BLOCK_LEVELS);
            seen(&block.levels[..here]);
            left -= here;
            at = block.next;
        }
    }

    /// Forgets the first change.
    pub(super) fn pop(&mut self, id: InstrumentId) {
        let queue = &mut self.queues[id.index()];
        let at = queue.first;
        let Some(event) = self.events.get_mut(at as usize) else {
            return;
        };
        queue.first = event.next;
        if queue.first == NONE {
            queue.last = NONE;
        }
        event.next = self.free_event;
        self.free_event = at;
        self.events_used -= 1;
        let mut block = event.block;
        while let Some(freed) = self.blocks.get_mut(block as usize) {
            let next = freed.next;
            freed.next = self.free_block;
            self.free_block = block;
            self.blocks_used -= 1;
            block = next;
        }
    }

    /// Forgets all changes of an instrument.
    pub(super) fn clear(&mut self, id: InstrumentId) {
        while !self.is_empty(id) {
            self.pop(id);
        }
    }

    /// Is there room for a change of so many levels?
    pub(super) fn has_room(&self, levels: usize) -> bool {
        let blocks_max = self.blocks.capacity().min(BLOCKS_MAX);
        self.events_used < self.events.capacity().min(PENDING_EVENTS_MAX)
            && self.blocks_used + levels.div_ceil(BLOCK_LEVELS) <= blocks_max
    }

    /// The instrument whose queue was begun first.
    pub(super) fn oldest(&self) -> Option<InstrumentId> {
        let waiting = self.queues.iter().enumerate().filter(|(_, queue)| queue.first != NONE);
        let oldest = waiting.min_by_key(|(_, queue)| queue.begun);
        oldest.map(|(index, _)| InstrumentId(index as u32))
    }

    /// Puts a change at the end of its instrument's queue; there must be room for it.
    pub(super) fn push(&mut self, id: InstrumentId, head: &Head, levels: &[Level]) {
        assert!(self.has_room(levels.len()), "room for a waiting change was made before");
        let mut block = NONE;
        // The last block first, so that each knows its next.
        for piece in levels.chunks(BLOCK_LEVELS).rev() {
            block = self.take_block(piece, block);
        }
        let event = Event { head: *head, levels: levels.len() as u32, block, next: NONE };
        let at = self.take_event(event);
        let queue = &mut self.queues[id.index()];
        if let Some(last) = self.events.get_mut(queue.last as usize) {
            last.next = at;
        } else {
            queue.first = at;
            queue.begun = self.begun;
            self.begun += 1;
        }
        queue.last = at;
    }

    fn take_event(&mut self, event: Event) -> u32 {
        self.events_used += 1;
        let at = self.free_event;
        if let Some(slot) = self.events.get_mut(at as usize) {
            self.free_event = slot.next;
            *slot = event;
            return at;
        }
        self.events.push(event);
        self.events.len() as u32 - 1
    }

    fn take_block(&mut self, levels: &[Level], next: u32) -> u32 {
        self.blocks_used += 1;
        let at = self.free_block;
        let at = if let Some(slot) = self.blocks.get(at as usize) {
            self.free_block = slot.next;
            at
        } else {
            self.blocks.push(Block { levels: [Level::default(); BLOCK_LEVELS], next });
            self.blocks.len() as u32 - 1
        };
        let block = &mut self.blocks[at as usize];
        block.levels[..levels.len()].copy_from_slice(levels);
        block.next = next;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Stamp};
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn each_queue_gives_back_what_it_took(
            steps in prop::collection::vec((0_u8..6, 0_u32..3, 0_usize..50), 1..120),
        ) {
            let mut pending = Pending::new(3, true);
            let mut twin = vec![VecDeque::new(); 3];
            for (count, (kind, id, size)) in steps.into_iter().enumerate() {
                let (id, queue) = (InstrumentId(id), &mut twin[id as usize]);
                match kind {
                    0 => pending.clear(id),
                    1 => pending.pop(id),
                    _ => {
                        let stamp = Stamp { frame: count as u64, ..Stamp::default() };
                        let levels = vec![Level { price: count as i64, qty: 1 }; size];
                        pending.push(id, &Head::about_connection(stamp, Body::Alive), &levels);
                        queue.push_back((count as u64, levels));
                    }
                }
                match kind {
                    0 => queue.clear(),
                    1 => drop(queue.pop_front()),
                    _ => {}
                }
                let mut levels = Vec::new();
                pending.visit_first(id, |piece| levels.extend_from_slice(piece));
                let first = pending.first(id).map(|head| (head.stamp.frame, levels));
                prop_assert_eq!(first.as_ref(), queue.front());
            }
            prop_assert_eq!(pending.events_used, twin.iter().map(VecDeque::len).sum::<usize>());
        }
    }
}
