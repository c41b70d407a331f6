//! Orders of ours, by their number: all that may still trade, and the last of those that are over,
//! since a venue's word on them may come late.
//!
//! Open addressing over fixed slots. Numbers go up by one, but for those of denials, so their low
//! bits would put all orders into one row, and to forget one would be a walk to its end: homes are
//! spread by a multiplication instead (Knuth, The Art of Computer Programming 3, 6.4).
//! Never: an allocation after construction, an order that may still trade dropped for want of room.

use crate::base::{AccountId, InstrumentId, OrderId, Price, Qty, Side, StrategyId};
use crate::event::{OrderState, Stamp, Style, Terms};

/// What is remembered of an order: all that its reports say.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Entry {
    pub(super) stamp: Stamp,
    pub(super) order: OrderId,
    pub(super) intent: u64,
    pub(super) terms: Terms,
    pub(super) filled: Qty,
    pub(super) instrument: InstrumentId,
    pub(super) strategy: StrategyId,
    pub(super) account: AccountId,
    pub(super) state: OrderState,
}

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    entries: Box<[Entry]>,
    /// From the low bits of a number on: the place of its entry, or `EMPTY`.
    index: Box<[u32]>,
    free: Vec<u32>,
    /// Places of orders that are over, in a circle, the oldest at `oldest`.
    over: Box<[u32]>,
    oldest: usize,
    over_count: usize,
    open_count: usize,
    open_max: usize,
}

const EMPTY: u32 = u32::MAX;

/// 2^64 over the golden ratio, odd.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Nothing in it is zero throughout, so that its memory is there from the start.
const VOID: Entry = Entry {
    stamp: Stamp {
        frame: u64::MAX,
        recv_ns: crate::base::Nanos::NONE,
        arrived_tsc: 0,
        connection: crate::base::ConnectionId(0),
    },
    order: OrderId(u64::MAX),
    intent: u64::MAX,
    terms: Terms { price: Price(0), qty: Qty(0), side: Side::Buy, style: Style::Limit },
    filled: Qty(0),
    instrument: InstrumentId::NONE,
    strategy: StrategyId(u16::MAX),
    account: AccountId::NONE,
    state: OrderState::Denied,
};

impl Table {
    /// Room for `open_max` orders that may still trade, and `kept` that are over.
    pub(super) fn new(open_max: usize, kept: usize) -> Table {
        assert!(open_max > 0 && kept > 0 && open_max + kept < EMPTY as usize);
        let room = open_max + kept;
        Table {
            entries: vec![VOID; room].into_boxed_slice(),
            index: vec![EMPTY; (2 * room).next_power_of_two()].into_boxed_slice(),
            free: (0..room as u32).rev().collect(),
            over: vec![EMPTY; room].into_boxed_slice(),
            oldest: 0,
            over_count: 0,
            open_count: 0,
            open_max,
        }
    }

    /// How many may still trade.
    pub(super) fn open_count(&self) -> usize {
        self.open_count
    }

    /// Is there room for one more that may still trade?
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.open_count < self.open_max
    }

    /// Takes an order; what has been over longest gives way to it. There must be room.
    #[inline]
    pub(super) fn insert(&mut self, entry: &Entry) {
        assert!(self.has_room(), "there is room for the order");
        debug_assert!(self.find(entry.order).is_none(), "a number is given once");
        let place = match self.free.pop() {
            Some(place) => place,
            None => self.evict(),
        };
        self.entries[place as usize] = *entry;
        let mut at = self.home(entry.order);
        while self.index[at] != EMPTY {
            at = self.next(at);
        }
        self.index[at] = place;
        self.open_count += 1;
    }

    /// The place of an order.
    #[inline]
    pub(super) fn find(&self, order: OrderId) -> Option<u32> {
        let mut at = self.home(order);
        loop {
            // At most half of the index is taken, so an empty place ends the search.
            match self.index[at] {
                EMPTY => return None,
                place if self.entries[place as usize].order == order => return Some(place),
                _ => at = self.next(at),
            }
        }
    }

    /// The order at a place that was found.
    #[inline]
    pub(super) fn entry(&mut self, place: u32) -> &mut Entry {
        &mut self.entries[place as usize]
    }

    /// All orders that may still trade. Cold.
    pub(super) fn open(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.state.is_over())
    }

    /// The order at a place has just come to its end: it is remembered, but may be forgotten.
    #[inline]
    pub(super) fn close(&mut self, place: u32) {
        self.over[(self.oldest + self.over_count) % self.over.len()] = place;
        self.over_count += 1;
        self.open_count -= 1;
    }

    /// Forgets the order that has been over longest.
    fn evict(&mut self) -> u32 {
        assert!(self.over_count > 0, "what is not open is over");
        let place = self.over[self.oldest];
        self.oldest = (self.oldest + 1) % self.over.len();
        self.over_count -= 1;
        let mut at = self.home(self.entries[place as usize].order);
        while self.index[at] != place {
            at = self.next(at);
        }
        self.remove(at);
        place
    }

    /// Empties a place of the index, and moves up what was behind it for want of room.
    fn remove(&mut self, at: usize) {
        let mask = self.index.len() - 1;
        let (mut hole, mut at) = (at, at);
        loop {
            at = self.next(at);
            let place = self.index[at];
            if place == EMPTY {
                break;
            }
            let home = self.home(self.entries[place as usize].order);
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.index[hole] = place;
                hole = at;
            }
        }
        self.index[hole] = EMPTY;
    }

    #[inline(always)]
    fn home(&self, order: OrderId) -> usize {
        // The index is a power of two of places, at least two; the upper bits are the mixed ones.
        let bits = self.index.len().trailing_zeros();
        (order.0.wrapping_mul(SPREAD) >> (u64::BITS - bits)) as usize
    }

    #[inline(always)]
    fn next(&self, at: usize) -> usize {
        (at + 1) & (self.index.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn entry(order: u64) -> Entry {
        Entry { order: OrderId(order), intent: 2 * order, ..VOID }
    }

    #[test]
    fn what_has_been_over_longest_is_forgotten_first() {
        let mut table = Table::new(2, 1);
        for order in 1..=3 {
            table.insert(&entry(order));
            if order < 3 {
                let place = table.find(OrderId(order)).unwrap();
                table.close(place);
            }
        }
        table.insert(&entry(4));
        assert!(!table.has_room());
        let known: Vec<u64> = (1..=4).filter(|n| table.find(OrderId(*n)).is_some()).collect();
        assert_eq!(known, [2, 3, 4]);
    }

    /// The longest row of taken places in the index.
    fn longest_row(table: &Table) -> usize {
        table.index.split(|place| *place == EMPTY).map(<[u32]>::len).max().unwrap_or(0)
    }

    #[test]
    fn orders_do_not_stand_in_rows_however_many_numbers_are_denied() {
        for denied_of_64 in 0..64 {
            let mut table = Table::new(1_024, 1_024);
            let mut longest = 0;
            for order in (1..=16_384).filter(|order| order % 64 >= denied_of_64) {
                table.insert(&entry(order));
                let place = table.find(OrderId(order)).unwrap();
                table.close(place);
                if order % 256 == 255 {
                    longest = longest.max(longest_row(&table));
                }
            }
            assert!(longest <= 64, "{longest} in a row where {denied_of_64} of 64 are denied");
        }
    }

    proptest! {
        /// Numbers that meet in the index, orders that end in any order: against a tree.
        #[test]
        fn it_knows_what_a_plain_tree_knows(
            steps in prop::collection::vec((0_u64..4, 0_usize..8), 1..300),
        ) {
            let mut table = Table::new(8, 4);
            let mut open: Vec<u64> = Vec::new();
            let mut over: Vec<u64> = Vec::new();
            let mut all = BTreeMap::new();
            let mut last = 0;
            for (gap, choice) in steps {
                if table.has_room() && choice > 2 {
                    last += 1 + gap * 31;
                    if all.len() == 12 {
                        all.remove(&over.remove(0));
                    }
                    table.insert(&entry(last));
                    all.insert(last, 2 * last);
                    open.push(last);
                } else if !open.is_empty() {
                    let order = open.remove(choice % open.len());
                    let place = table.find(OrderId(order)).unwrap();
                    table.close(place);
                    over.push(order);
                }
                prop_assert_eq!(table.open_count(), open.len());
                for order in 0..=last {
                    let found = table.find(OrderId(order)).map(|place| table.entry(place).intent);
                    prop_assert_eq!(found, all.get(&order).copied());
                }
            }
        }
    }
}
