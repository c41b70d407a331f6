//! Shelf: what rests in a market. Orders lie in one vector and are chained in the order of time;
//! levels lie sorted, the best at the end, where most of the changes are.
//!
//! Never: an empty level, an order on two levels.

use std::collections::HashMap;

use super::ticket::Ticket;
use crate::base::Side;
use crate::event::Level;

/// No order.
pub(super) const NONE: u32 = u32::MAX;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    bids: Vec<Queue>,
    asks: Vec<Queue>,
    places: Vec<Place>,
    free: Vec<u32>,
    by_number: HashMap<u64, u32>,
}

/// A price level: its orders in the order of time.
#[derive(Clone, Copy, Debug)]
struct Queue {
    price: i64,
    qty: i64,
    first: u32,
    last: u32,
}

/// An order and its neighbours at its level.
#[derive(Clone, Copy, Debug)]
struct Place {
    ticket: Ticket,
    before: u32,
    after: u32,
}

impl Shelf {
    /// Orders that rest.
    pub(super) fn orders(&self) -> usize {
        self.by_number.len()
    }

    /// Levels of a side.
    pub(super) fn len(&self, side: Side) -> usize {
        self.queues(side).len()
    }

    /// The level at a place, the best at 0.
    pub(super) fn level(&self, side: Side, place: usize) -> Option<Level> {
        let queue = self.queues(side).iter().nth_back(place)?;
        Some(Level { price: queue.price, qty: queue.qty })
    }

    /// Levels of a side, best first.
    pub(super) fn levels(&self, side: Side) -> impl Iterator<Item = Level> {
        self.queues(side).iter().rev().map(|q| Level { price: q.price, qty: q.qty })
    }

    /// What rests at a price.
    pub(super) fn qty(&self, side: Side, price: i64) -> i64 {
        self.find(side, price).map_or(0, |at| self.queues(side)[at].qty)
    }

    /// The place of an order by its number.
    pub(super) fn slot(&self, order: u64) -> Option<u32> {
        self.by_number.get(&order).copied()
    }

    /// The order at a place.
    pub(super) fn ticket(&self, slot: u32) -> &Ticket {
        &self.places[slot as usize].ticket
    }

    /// All orders, in no order of meaning but the same each time.
    pub(super) fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        let queues = self.bids.iter().chain(&self.asks);
        queues.flat_map(|queue| self.chain(queue.first)).map(|slot| self.ticket(slot))
    }

    /// The order whose turn it is on a side.
    pub(super) fn front(&self, side: Side) -> Option<u32> {
        self.queues(side).last().map(|queue| queue.first)
    }

    /// Orders of a side in the order in which they would trade.
    pub(super) fn line(&self, side: Side) -> impl Iterator<Item = &Ticket> {
        let queues = self.queues(side).iter().rev();
        queues.flat_map(|queue| self.chain(queue.first)).map(|slot| self.ticket(slot))
    }

    /// Puts an order at the end of the queue of its price.
    pub(super) fn push(&mut self, ticket: Ticket) {
        let at = match self.find(ticket.side, ticket.price) {
            Ok(at) => at,
            Err(at) => {
                let queue = Queue { price: ticket.price, qty: 0, first: NONE, last: NONE };
                self.queues_mut(ticket.side).insert(at, queue);
                at
            }
        };
        let before = self.queues(ticket.side)[at].last;
        let slot = self.store(Place { ticket, before, after: NONE });
        match before {
            NONE => self.queues_mut(ticket.side)[at].first = slot,
            before => self.places[before as usize].after = slot,
        }
        let queue = &mut self.queues_mut(ticket.side)[at];
        queue.last = slot;
        queue.qty += ticket.left;
        self.by_number.insert(ticket.order, slot);
    }

    /// Takes an order out, wherever it stands.
    pub(super) fn remove(&mut self, slot: u32) -> Ticket {
        let Place { ticket, before, after } = self.places[slot as usize];
        if let Ok(at) = self.find(ticket.side, ticket.price) {
            let queues = self.queues_mut(ticket.side);
            queues[at].qty -= ticket.left;
            match (before, after) {
                (NONE, NONE) => drop(queues.remove(at)),
                (NONE, after) => queues[at].first = after,
                (before, NONE) => queues[at].last = before,
                _ => {}
            }
        }
        if before != NONE {
            self.places[before as usize].after = after;
        }
        if after != NONE {
            self.places[after as usize].before = before;
        }
        self.by_number.remove(&ticket.order);
        self.free.push(slot);
        ticket
    }

    /// An order trades so many lots at its price; one with nothing left goes. As it stands then.
    pub(super) fn fill(&mut self, slot: u32, lots: i64) -> Ticket {
        let ticket = &mut self.places[slot as usize].ticket;
        ticket.done += lots;
        ticket.cost += i128::from(lots) * i128::from(ticket.price);
        self.shrink(slot, lots)
    }

    /// An order becomes smaller and keeps its place; one with nothing left goes.
    pub(super) fn shrink(&mut self, slot: u32, lots: i64) -> Ticket {
        let ticket = &mut self.places[slot as usize].ticket;
        ticket.left -= lots;
        let ticket = *ticket;
        if let Ok(at) = self.find(ticket.side, ticket.price) {
            self.queues_mut(ticket.side)[at].qty -= lots;
        }
        if ticket.left == 0 {
            self.remove(slot);
        }
        ticket
    }

    fn chain(&self, first: u32) -> impl Iterator<Item = u32> {
        let next = |slot: &u32| Some(self.places[*slot as usize].after).filter(|at| *at != NONE);
        std::iter::successors(Some(first), next)
    }

    fn store(&mut self, place: Place) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.places[slot as usize] = place;
            return slot;
        }
        self.places.push(place);
        self.places.len() as u32 - 1
    }

    /// Where a price is, or belongs.
    fn find(&self, side: Side, price: i64) -> Result<usize, usize> {
        let worth = |price: i64| if side == Side::Buy { price } else { -price };
        self.queues(side).binary_search_by(|queue| worth(queue.price).cmp(&worth(price)))
    }

    fn queues(&self, side: Side) -> &Vec<Queue> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn queues_mut(&mut self, side: Side) -> &mut Vec<Queue> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}
