//! Orders of ours in fixed slots: a number's slot is its low bits, and a number whose slot is still
//! held by an open order is passed over.
//!
//! An order that is over keeps its slot until the number that needs it comes: that is how late and
//! repeated reports are known for what they are.

use super::rule::{NO_KEY, NO_SLOT, Rule, key, place};
use crate::base::{OrderId, Side};
use crate::event::{Child, Style, Terms};
use crate::limits;

/// Twice the orders that may be open: a free slot is always near.
const SLOTS: usize = 2 * limits::OPEN_ORDERS_MAX;

const _: () = assert!(SLOTS.is_power_of_two());

/// One order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// [`OrderId::NONE`] where there was none yet.
    pub(super) id: OrderId,
    pub(super) intent: u64,
    pub(super) price: i64,
    pub(super) qty: i64,
    pub(super) filled: i64,
    /// Units of the asset that it would take.
    pub(super) reserve: i64,
    pub(super) instrument: u32,
    pub(super) account: u16,
    pub(super) strategy: u16,
    /// Before it and after it among the open orders of its instrument and side.
    pub(super) before: u32,
    pub(super) after: u32,
    pub(super) side: Side,
    pub(super) style: Style,
    pub(super) is_open: bool,
}

impl Slot {
    pub(super) const NOTHING: Slot = Slot {
        id: OrderId::NONE,
        intent: 0,
        price: 0,
        qty: 0,
        filled: 0,
        reserve: 0,
        instrument: 0,
        account: 0,
        strategy: 0,
        before: NO_SLOT,
        after: NO_SLOT,
        side: Side::Buy,
        style: Style::Limit,
        is_open: false,
    };

    /// An order that is to be booked.
    #[inline(always)]
    pub(super) fn of(child: &Child, id: OrderId, reserve: i64) -> Slot {
        let Terms { price, qty, side, style } = child.terms;
        Slot {
            id,
            intent: child.intent,
            price: price.0,
            qty: qty.0,
            filled: 0,
            reserve,
            instrument: child.instrument.0,
            account: child.account.0,
            strategy: child.strategy.0,
            before: NO_SLOT,
            after: NO_SLOT,
            side,
            style,
            is_open: true,
        }
    }

    /// What can still fill.
    pub(super) const fn left(&self) -> i64 {
        if self.qty > self.filled { self.qty - self.filled } else { 0 }
    }
}

/// All orders.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    slots: Box<[Slot]>,
    /// How many are open.
    pub(super) open: u32,
    /// The number of the next decision.
    pub(super) next: OrderId,
}

impl Orders {
    pub(super) fn new(first: u64) -> Orders {
        let slots = vec![Slot::NOTHING; SLOTS].into();
        Orders { slots, open: 0, next: OrderId(first.max(1)) }
    }

    /// The number of a decision.
    #[inline(always)]
    pub(super) fn number(&mut self) -> OrderId {
        while self.slots[slot_of(self.next)].is_open {
            self.next.0 += 1;
        }
        let id = self.next;
        self.next.0 += 1;
        id
    }

    /// Is there no room for another open order?
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.open as usize >= limits::OPEN_ORDERS_MAX
    }

    /// The order of this number, open or lately over.
    #[inline(always)]
    pub(super) fn find(&self, id: OrderId) -> Option<&Slot> {
        let slot = &self.slots[slot_of(id)];
        (slot.id == id && id != OrderId::NONE).then_some(slot)
    }

    /// The same, to change it.
    #[inline(always)]
    pub(super) fn find_mut(&mut self, id: OrderId) -> Option<&mut Slot> {
        let slot = &mut self.slots[slot_of(id)];
        (slot.id == id && id != OrderId::NONE).then_some(slot)
    }

    /// The order in the n-th slot, if it is open.
    pub(super) fn open_at(&self, n: usize) -> Option<&Slot> {
        self.slots.get(n).filter(|slot| slot.is_open)
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// All that are open, by their slots.
    pub(super) fn iter_open(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.is_open)
    }

    /// Opens an order: it is the first of its side now.
    #[inline(always)]
    pub(super) fn open(&mut self, order: Slot, rule: &mut Rule) {
        let (at, side) = (slot_of(order.id), place(order.side));
        let first = std::mem::replace(&mut rule.heads[side], at as u32);
        if first != NO_SLOT {
            self.slots[first as usize].before = at as u32;
        }
        self.slots[at] = Slot { before: NO_SLOT, after: first, is_open: true, ..order };
        rule.keys[side] = rule.keys[side].max(key(order.side, order.price));
        self.open += 1;
    }

    /// An order is over: nothing of it can trade any more.
    pub(super) fn close(&mut self, id: OrderId, rule: &mut Rule) {
        let at = slot_of(id);
        let slot = self.slots[at];
        if slot.id != id || !slot.is_open {
            return;
        }
        self.slots[at].is_open = false;
        self.open -= 1;
        let side = place(slot.side);
        match slot.before {
            NO_SLOT => rule.heads[side] = slot.after,
            before => self.slots[before as usize].after = slot.after,
        }
        if slot.after != NO_SLOT {
            self.slots[slot.after as usize].before = slot.before;
        }
        if key(slot.side, slot.price) < rule.keys[side] {
            return;
        }
        // It was the best: the next one is among the rest of its side.
        let (mut best, mut next) = (NO_KEY, rule.heads[side]);
        while next != NO_SLOT {
            let slot = &self.slots[next as usize];
            best = best.max(key(slot.side, slot.price));
            next = slot.after;
        }
        rule.keys[side] = best;
    }
}

#[inline(always)]
const fn slot_of(id: OrderId) -> usize {
    id.0 as usize & (SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(orders: &mut Orders, rule: &mut Rule, side: Side, price: i64) -> OrderId {
        let id = orders.number();
        orders.open(Slot { id, price, side, qty: 1, ..Slot::NOTHING }, rule);
        id
    }

    #[test]
    fn the_best_own_price_of_a_side_is_known_whatever_goes() {
        let (mut orders, mut rule) = (Orders::new(1), Rule::nothing(0));
        let ids = [5, 9, 7].map(|price| order(&mut orders, &mut rule, Side::Buy, price));
        assert_eq!(rule.keys, [9, NO_KEY]);
        orders.close(ids[1], &mut rule);
        assert_eq!(rule.keys, [7, NO_KEY]);
        orders.close(ids[0], &mut rule);
        orders.close(ids[0], &mut rule);
        assert_eq!((rule.keys, orders.open), ([7, NO_KEY], 1));
        orders.close(ids[2], &mut rule);
        assert_eq!((rule.keys, rule.heads), ([NO_KEY; 2], [NO_SLOT; 2]));
        let sell = order(&mut orders, &mut rule, Side::Sell, 8);
        order(&mut orders, &mut rule, Side::Sell, 11);
        assert_eq!(rule.keys, [NO_KEY, -8]);
        orders.close(sell, &mut rule);
        assert_eq!(rule.keys, [NO_KEY, -11]);
    }

    #[test]
    fn a_number_whose_slot_is_held_is_passed_over() {
        let (mut orders, mut rule) = (Orders::new(0), Rule::nothing(0));
        let held = order(&mut orders, &mut rule, Side::Buy, 1);
        assert_eq!(held, OrderId(1));
        for _ in 1..SLOTS {
            orders.number();
        }
        assert_eq!(orders.number(), OrderId(2 + SLOTS as u64));
        assert!(orders.find(held).is_some() && orders.find(OrderId(1 + SLOTS as u64)).is_none());
        assert!(orders.find(OrderId::NONE).is_none());
    }
}
