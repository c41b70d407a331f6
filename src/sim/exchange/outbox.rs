//! Replies on their way back, in the order of their time.
//!
//! Never: an allocation after construction, a reply lost. Each request that waits has the room for
//! one reply set aside, so that it can be refused at the least.

use std::collections::VecDeque;

use crate::base::{AccountId, Nanos};
use crate::event::{ClientId, Happened, Reply};
use crate::limits::PAPER_REPLIES_MAX;
use crate::stage::contract::Emit;
use crate::sys::memory;

/// See the module.
#[derive(Debug)]
pub(super) struct Outbox {
    replies: VecDeque<Reply>,
    account: AccountId,
    latency_ns: i64,
    /// Replies set aside for requests that wait.
    pub(super) promised: usize,
}

impl Outbox {
    pub(super) fn new(account: AccountId, latency_ns: i64) -> Outbox {
        let replies = VecDeque::from(memory::resident(PAPER_REPLIES_MAX));
        Outbox { replies, account, latency_ns: latency_ns.max(0), promised: 0 }
    }

    /// Replies for which there is room beside those that are set aside.
    pub(super) fn room(&self) -> usize {
        PAPER_REPLIES_MAX.saturating_sub(self.replies.len() + self.promised)
    }

    /// Puts a reply on its way; there must be room for it.
    pub(super) fn push(&mut self, at: Nanos, client: ClientId, order: u64, happened: Happened) {
        let recv_ns = Nanos(at.0.saturating_add(self.latency_ns));
        let account = self.account;
        self.replies.push_back(Reply {
            recv_ns,
            venue_ns: at,
            account,
            client,
            venue_order: order,
            happened,
        });
    }

    /// Hands over what has arrived by `now`.
    pub(super) fn drain(&mut self, now: Nanos, out: &mut impl Emit<Reply>) {
        while let Some(reply) = self.replies.pop_front_if(|reply| reply.recv_ns <= now) {
            out.emit(&reply);
        }
    }

    /// When the next reply arrives.
    pub(super) fn next(&self) -> Option<Nanos> {
        self.replies.front().map(|reply| reply.recv_ns)
    }

    /// Replies on their way.
    pub(super) fn len(&self) -> usize {
        self.replies.len()
    }
}
