//! The world outside, as a replay has it: the venues in a box that take our orders.
//!
//! In: order bytes from the wire, the decoded market. Out: replies, when they are due.
//! Never: a part of our own latency; it is called when the frame is out, or before one arrives.

use super::super::flow::exit::Request;
use crate::base::{AccountId, Nanos};
use crate::event::{Market, Reply};
use crate::ring::{Consumer, Producer};
use crate::sim::exchange::Exchange;
use crate::stage::contract::Emit;

/// The venues behind one dispatch.
#[derive(Debug)]
pub(in crate::pipeline) struct World<'a> {
    pub(in crate::pipeline) venues: &'a mut [Venue],
    pub(in crate::pipeline) wire: Consumer<Request>,
    pub(in crate::pipeline) replies: Replies,
}

/// An account and its venue in a box.
#[derive(Debug)]
pub struct Venue {
    /// The account.
    pub account: AccountId,
    /// Name of its dialect.
    pub venue: &'static str,
    /// The box.
    pub exchange: Exchange,
}

/// The way of replies to dispatch.
#[derive(Debug)]
pub(in crate::pipeline) struct Replies {
    pub(in crate::pipeline) ring: Producer<Reply>,
    /// Replies that were put in.
    pub(in crate::pipeline) count: u64,
}

impl Emit<Reply> for Replies {
    fn emit(&mut self, reply: &Reply) {
        let has_room = self.ring.push(*reply).is_ok();
        assert!(has_room, "replies of one step are more than {} slots hold", self.ring.capacity());
        self.count += 1;
    }
}

impl World<'_> {
    /// Logical time has reached `now`: orders that arrive by then are executed, replies that are
    /// due by then come back.
    #[inline]
    pub(in crate::pipeline) fn advance(&mut self, now: Nanos) {
        for venue in &mut *self.venues {
            venue.exchange.advance(now, &mut self.replies);
        }
    }

    /// Takes the orders that are on the wire.
    #[inline]
    pub(in crate::pipeline) fn take(&mut self, now: Nanos) {
        let venues = &mut *self.venues;
        while let Some(()) = self.wire.pop_with(|request| {
            if let Some(venue) = venues.iter_mut().find(|v| v.account == request.account) {
                // One that is not taken is counted at the venue, and stays without an answer.
                let _ = venue.exchange.take(request.bytes(), now);
            }
        }) {}
    }
}

impl World<'_> {
    /// Are the venues in a box? Else they answer for themselves.
    #[inline(always)]
    pub(in crate::pipeline) fn is_boxed(&self) -> bool {
        !self.venues.is_empty()
    }
}

/// Hands the market of one dialect to its venues.
pub(in crate::pipeline) struct Listeners<'a> {
    pub(in crate::pipeline) venues: &'a mut [Venue],
    pub(in crate::pipeline) venue: &'static str,
}

impl Emit<Market<'_>> for Listeners<'_> {
    fn emit(&mut self, market: &Market<'_>) {
        for venue in self.venues.iter_mut().filter(|v| v.venue == self.venue) {
            venue.exchange.on(market);
        }
    }
}
