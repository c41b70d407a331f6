//! What the market does to orders of ours that rest.
//!
//! In: market events, their instrument by its place here. Out: fills, in the outbox.
//! Never: a fill on a book that is not live. An order that comes while it is not rests; when the
//! book is live again it is filled where the market has meanwhile gone through its price.

use super::pit::{Pit, id, view};
use crate::base::{Continuity, InstrumentId, Nanos, Side};
use crate::event::{Body, Head, Level, Liquidity, Market, Trade};
use crate::stage::contract::{Nowhere, On};

impl Pit {
    /// Takes a market event. `head.instrument` is the place of a listing, or none for events about
    /// a connection.
    pub(super) fn on_market(&mut self, head: &Head, levels: &[Level]) {
        let at = head.instrument.index();
        let updates = |pit: &Pit| pit.books.view(id(at)).map_or(0, |view| view.quote.updates);
        let before = updates(self);
        self.books.on(&Market { head, levels }, &mut Nowhere);
        self.books.drain_resyncs(&mut Nowhere);
        if head.instrument == InstrumentId::NONE {
            return self.look_at_all();
        }
        let has_changed = updates(self) != before;
        if !self.look_at(at, head) {
            return;
        }
        match &head.body {
            Body::Book(change) => {
                let is_picture = self.listings[at].instrument.continuity == Continuity::Picture;
                if change.snapshot || is_picture {
                    if change.part.is_last() {
                        self.see_all(at, head.venue_ns);
                    }
                } else if has_changed {
                    let (bids, asks) = levels.split_at((change.bids as usize).min(levels.len()));
                    self.see(at, Side::Buy, bids, head.venue_ns);
                    self.see(at, Side::Sell, asks, head.venue_ns);
                }
                self.cross(at, head.stamp.recv_ns);
            }
            Body::Top(_) => self.cross(at, head.stamp.recv_ns),
            Body::Trade(trade) => self.trade(at, head, trade),
            _ => {}
        }
    }

    /// Is a book live? Where it has just become so, orders find their places again.
    fn look_at(&mut self, at: usize, head: &Head) -> bool {
        let listing = &self.listings[at];
        let is_live = view(&self.books, listing, at).is_some();
        let was_live = std::mem::replace(&mut self.listings[at].was_live, is_live);
        if is_live && !was_live {
            self.taken.forget_all(at);
            for n in 0..self.orders.len() {
                let order = &self.orders[n];
                if order.listing == at {
                    let shown = self.shown(at, order.side, order.price);
                    self.orders[n].place.rejoin(shown);
                }
            }
            if !matches!(head.body, Body::Trade(_)) {
                self.cross(at, head.stamp.recv_ns);
            }
        }
        is_live && was_live
    }

    /// After an event about a connection: books that are not live any more must find their places
    /// again when they are.
    fn look_at_all(&mut self) {
        let Pit { listings, books, .. } = self;
        for (at, listing) in listings.iter_mut().enumerate().filter(|(_, l)| l.was_live) {
            listing.was_live = view(books, listing, at).is_some();
        }
    }

    /// The market says something new about some prices of a side.
    fn see(&mut self, at: usize, side: Side, levels: &[Level], venue_ns: Nanos) {
        if !self.taken.is_empty() {
            for level in levels {
                self.taken.forget(at, side, level.price);
            }
        }
        if self.listings[at].open == 0 {
            return;
        }
        let cancels = self.cancels;
        for order in self.orders.iter_mut().filter(|o| o.listing == at && o.side == side) {
            // The last word on a price wins.
            if let Some(level) = levels.iter().rev().find(|level| level.price == order.price) {
                order.place.show(level.qty, venue_ns, cancels);
            }
        }
    }

    /// The market says something new about all prices.
    fn see_all(&mut self, at: usize, venue_ns: Nanos) {
        self.taken.forget_all(at);
        let cancels = self.cancels;
        for n in 0..self.orders.len() {
            let order = &self.orders[n];
            if order.listing == at
                && let Some(qty) = self.shown(at, order.side, order.price)
            {
                self.orders[n].place.show(qty, venue_ns, cancels);
            }
        }
    }

    /// Fills what the best of the other side has reached: wholly where it went through the price of
    /// an order, and at that very price as far as its quantity goes.
    fn cross(&mut self, at: usize, now: Nanos) {
        if self.listings[at].open == 0 {
            return;
        }
        let mut n = 0;
        while n < self.orders.len() {
            let order = &self.orders[n];
            let maker = order.side.opposite();
            let best = if order.listing == at { self.best(at, maker) } else { None };
            let Some(best) = best else {
                n += 1;
                continue;
            };
            let (left, price) = (order.left, order.price);
            let reached = if is_through(order.side, price, best.price) {
                left
            } else if best.price == price && self.taken.room() > 0 {
                let there = best.qty - self.taken.at(at, maker, price);
                let qty = self.listings[at].lots(there.max(0)).min(left);
                if qty > 0 && self.outbox.room() > 0 {
                    self.taken.add(at, maker, price, qty);
                }
                qty
            } else {
                0
            };
            n += usize::from(!self.fill_resting(n, reached, now));
        }
    }

    /// A trade: what it leaves after those ahead of us is ours.
    fn trade(&mut self, at: usize, head: &Head, trade: &Trade) {
        let instrument = &self.listings[at].instrument;
        let is_in_scale = (head.price_decimals, head.qty_decimals)
            == (instrument.price_decimals, instrument.qty_decimals);
        if self.listings[at].open == 0 || !is_in_scale {
            return;
        }
        let (cancels, mut left) = (self.cancels, trade.qty);
        let mut n = 0;
        while n < self.orders.len() {
            let order = &mut self.orders[n];
            let mut reached = 0;
            if order.listing == at {
                if is_through(order.side, order.price, trade.price) {
                    reached = order.left;
                } else if order.price == trade.price && order.side != trade.taker {
                    reached = order.place.trade(left, head.venue_ns, cancels).min(order.left);
                    reached = self.listings[at].lots(reached);
                    // Our next order at this price stands behind this one.
                    left -= reached;
                }
            }
            n += usize::from(!self.fill_resting(n, reached, head.stamp.recv_ns));
        }
    }

    /// Fills so much of the order at a place, and takes it off where nothing is left. True where it
    /// was taken off.
    fn fill_resting(&mut self, n: usize, qty: i64, now: Nanos) -> bool {
        if qty <= 0 {
            return false;
        }
        if self.outbox.room() == 0 {
            self.counts.missed += 1;
            return false;
        }
        let mut order = self.orders[n];
        let price = order.price;
        self.fill(now, &mut order, price, qty, Liquidity::Maker);
        self.orders[n] = order;
        if order.left > 0 {
            return false;
        }
        self.orders.remove(n);
        self.listings[order.listing].open -= 1;
        true
    }
}

/// Has the market gone through the price of a resting order, so that it must have traded?
fn is_through(side: Side, price: i64, market: i64) -> bool {
    match side {
        Side::Buy => market < price,
        Side::Sell => market > price,
    }
}
