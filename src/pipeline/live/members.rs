//! Members: private sessions of live accounts, between dispatch and the lines.
//!
//! In: orders that dispatch wrote, what came on private lines, the time. Out: text on lines,
//! requests, replies that wait for their step.
//! Never: an order that is sent twice, or sent without a record where one is kept.

use super::super::flow::exit::Request;
use super::carrier::{Carrier, Event};
use crate::base::{AccountId, ConnectionId, Nanos};
use crate::event::Reply;
use crate::limits;
use crate::sys::alloc;
use crate::venue::session::{Address, Answer, State};
use crate::venue::trade::{Fact, Out, Route, Standing, Trader};

/// An account that trades at its venue.
#[derive(Debug)]
pub struct LiveAccount {
    /// The account.
    pub account: AccountId,
    /// The station of its venue: its replies come in on that one's connection.
    pub station: usize,
    /// Where its requests go.
    pub rest: Address,
    /// Connections to there that are kept for orders.
    pub kept: usize,
    /// Fills since then are asked for.
    pub since: Nanos,
    /// Its private session.
    pub trader: Box<dyn Trader>,
}

/// All of them. On the carrier they are numbered behind the stations.
#[derive(Debug)]
pub(in crate::pipeline) struct Members<'a> {
    all: &'a mut [LiveAccount],
    /// Number of the first one on the carrier.
    first: usize,
    out: Out,
    /// Replies that wait for their step.
    replies: Vec<Reply>,
    /// The same as bytes, with room behind them.
    packed: Vec<u8>,
    states: Vec<Option<State>>,
}

impl<'a> Members<'a> {
    pub(in crate::pipeline) fn new(all: &'a mut [LiveAccount], stations: usize) -> Members<'a> {
        Members {
            states: vec![None; all.len()],
            all,
            first: stations,
            out: Out::with_room(),
            replies: Vec::with_capacity(limits::REPLIES_USUAL),
            packed: Vec::with_capacity(
                limits::REPLIES_STEP_MAX * Reply::BYTES + limits::FRAME_PAD_BYTES,
            ),
        }
    }

    /// Takes an order to its venue.
    #[inline]
    pub(in crate::pipeline) fn hand_in(
        &mut self,
        request: &Request,
        now: Nanos,
        carrier: &mut impl Carrier,
    ) {
        let is_its = |member: &LiveAccount| member.account == request.account;
        let Some(place) = self.all.iter().position(is_its) else { return };
        let member = &mut self.all[place];
        match member.trader.hand_in(&request.parcel(), now) {
            // Where the line is gone the session hears of it with the next event, and the order is
            // unknown until its venue was asked.
            Route::Frame { line, text } => {
                let _ = carrier.send(self.first + place, line, text.0);
            }
            Route::Http { id, text } => {
                carrier.post(self.first + place, id, &member.rest, text.0);
            }
            Route::Nowhere(reply) => self.replies.push(reply),
        }
    }

    /// Something happened on a private line of one of them.
    #[inline]
    pub(in crate::pipeline) fn hear(&mut self, place: usize, event: &Event<'_>, now: Nanos) {
        let trader = &mut self.all[place].trader;
        let out = &mut self.out;
        match event {
            Event::Frame { line, bytes, .. } => trader.frame(*line, bytes.text(), now, out),
            Event::Answer { id, status, retry_after_ns, used_weight, body, .. } => {
                let (status, retry_after_ns) = (*status, *retry_after_ns);
                let (used_weight, body) = (*used_weight, body.text());
                trader.answered(
                    *id,
                    &Answer { status, retry_after_ns, used_weight, body },
                    now,
                    out,
                );
            }
            Event::Pinged { line, .. } => trader.pinged(*line, now),
            Event::Opened { line, .. } => trader.opened(*line, now, out),
            Event::Failed { line, failure, .. } => trader.failed(*line, failure, now, out),
            Event::Closed { line, code, .. } => trader.closed(*line, *code, now, out),
        }
    }

    /// Lets time pass for one of them.
    pub(in crate::pipeline) fn poll(&mut self, place: usize, now: Nanos) {
        self.all[place].trader.poll(now, &mut self.out);
    }

    /// Asks for all open orders of all accounts to be cancelled, whoever placed them.
    pub(in crate::pipeline) fn cancel_all(&mut self, place: usize, now: Nanos) {
        self.all[place].trader.cancel_all(now, &mut self.out);
    }

    /// No more orders.
    pub(in crate::pipeline) fn retire(&mut self, place: usize, now: Nanos) {
        self.all[place].trader.retire(now, &mut self.out);
    }

    /// Has the connections made that one of them hands its orders in on.
    pub(in crate::pipeline) fn keep(&self, place: usize, carrier: &mut impl Carrier) {
        let LiveAccount { rest, kept, .. } = &self.all[place];
        if *kept > 0 {
            carrier.keep(self.first + place, rest, *kept);
        }
    }

    /// May orders be handed in?
    pub(in crate::pipeline) fn is_ready(&self, place: usize) -> bool {
        self.all[place].trader.is_ready()
    }

    /// How one of them stands.
    pub(in crate::pipeline) fn state(&self, place: usize) -> State {
        self.all[place].trader.state()
    }

    /// Asks to cancel an order of an earlier session.
    pub(in crate::pipeline) fn cancel_standing(
        &mut self,
        place: usize,
        standing: &Standing,
        now: Nanos,
    ) {
        self.all[place].trader.cancel_standing(standing, now, &mut self.out);
    }

    /// Asks for open orders, balances and fills once more.
    pub(in crate::pipeline) fn reconcile(&mut self, place: usize, now: Nanos) {
        let LiveAccount { trader, since, .. } = &mut self.all[place];
        trader.reconcile(*since, now);
    }

    /// How many there are.
    pub(in crate::pipeline) fn len(&self) -> usize {
        self.all.len()
    }

    /// The account at a place.
    pub(in crate::pipeline) fn account(&self, place: usize) -> AccountId {
        self.all[place].account
    }

    /// How one of them stands, where that is news.
    pub(in crate::pipeline) fn news(&mut self, place: usize) -> Option<State> {
        let state = self.all[place].trader.state();
        let is_news = self.states[place].replace(state) != Some(state);
        is_news.then_some(state)
    }

    /// Does what one of them wants done, keeps its replies for their step, and hands out what it
    /// says of its account.
    pub(in crate::pipeline) fn settle(
        &mut self,
        place: usize,
        carrier: &mut impl Carrier,
        mut say: impl FnMut(AccountId, Fact),
    ) {
        if !self.out.tasks.is_empty() || !self.out.facts.is_empty() {
            let _aside = alloc::aside();
            for task in self.out.tasks.drain(..) {
                carrier.task(self.first + place, &task);
            }
            for fact in self.out.facts.drain(..) {
                say(self.all[place].account, fact);
            }
        }
        self.replies.append(&mut self.out.replies);
    }

    /// Does a reply wait for its step?
    #[inline(always)]
    pub(in crate::pipeline) fn has_replies(&self) -> bool {
        !self.replies.is_empty()
    }

    /// The next replies that make a step, as bytes, and the connection on which they come.
    pub(in crate::pipeline) fn next_step(&mut self) -> Option<(ConnectionId, &[u8], usize)> {
        let station = self.station(self.replies.first()?.account)?;
        let alike = self.replies.iter().take(limits::REPLIES_STEP_MAX);
        let count = alike.take_while(|reply| self.station(reply.account) == Some(station)).count();
        self.packed.clear();
        for reply in self.replies.drain(..count) {
            self.packed.extend_from_slice(&reply.pack());
        }
        let len = self.packed.len();
        self.packed.resize(len + limits::FRAME_PAD_BYTES, 0);
        Some((ConnectionId(station as u16), &self.packed, len))
    }

    fn station(&self, account: AccountId) -> Option<usize> {
        self.all.iter().find(|member| member.account == account).map(|member| member.station)
    }
}
