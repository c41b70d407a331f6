//! A Kraken session's unhurried half: what is asked for, what is answered, who takes over.
//!
//! In: open lines, frames that are no ordinary market data. Out: requests, states.
//! Never: more than one symbol's trouble for one symbol's refusal.

use super::pair::Pair;
use super::session::{Kraken, MAINTENANCE_REST_NS};
use super::talk::{self, Channel, Error, Reply, Said, System};
use crate::base::{InstrumentId, Nanos, Symbol};
use crate::venue::contract::Described;
use crate::venue::session::{
    ANSWER_NS_MAX, ASKS_MAX, Action, Actions, Grant, Pass, Reason, Stage, State, Step, Why,
};

/// Symbols of one request.
const BATCH: usize = 100;

/// Time after which something is sent so that the venue does not close the line.
const PING_NS: i64 = 20 * Nanos::SECOND;

/// Wait after the venue found that we say too much.
const RATE_REST_NS: i64 = 5 * Nanos::SECOND;

/// Wait before something that was refused is asked for again.
const REFUSAL_REST_NS: i64 = 30 * Nanos::SECOND;

/// The same where it was refused again and again.
const DENIAL_REST_NS: i64 = 300 * Nanos::SECOND;

/// Time after a succession in which trades of both lines may still come.
const OVERLAP_NS: i64 = 5 * Nanos::SECOND;

impl Kraken {
    /// An open line is from now on the one that is lived on: all books begin anew on it.
    pub(super) fn lead(&mut self, index: u8, now: Nanos, out: &mut Actions) {
        self.lines.adopt(index, out);
        for pair in &mut self.pairs {
            pair.owner = Some(index);
            let book = &mut pair.book[usize::from(index)];
            if book.step == Step::Whole {
                book.doubt(now, now);
            }
        }
        self.due = now;
    }

    pub(super) fn on_lost(&mut self, index: u8, was_leader: bool, now: Nanos, out: &mut Actions) {
        let n = usize::from(index);
        let connection = self.settings.connection;
        self.instrument[n] = Grant::OFF;
        let leader = self.lines.leader();
        for pair in &mut self.pairs {
            (pair.book[n], pair.trade[n]) = (Grant::OFF, Grant::OFF);
            if pair.refused == Some(Reason::Denied) {
                pair.refused = None;
            }
            if pair.owner != Some(index) {
                continue;
            }
            pair.owner = leader;
            if let Some(leader) = leader {
                // It had moved to the successor, and has missed the leader's changes since.
                pair.book[usize::from(leader)].doubt(now, now);
                out.push(Action::Reset { connection, about: pair.id });
            }
        }
        if self.was_down {
            self.lines.rest(MAINTENANCE_REST_NS, now);
        }
        if was_leader {
            out.push(Action::Reset { connection, about: InstrumentId::NONE });
            match self.lines.oldest_but(None) {
                Some(other) => self.lead(other, now, out),
                None => self.pairs.iter_mut().for_each(|pair| pair.owner = None),
            }
        }
        self.show(now);
    }

    /// Keeps an open line alive and asks on it for what should come.
    pub(super) fn tend(&mut self, index: u8, now: Nanos, out: &mut Actions) {
        let (unheard_ns, unsent_ns) = self.lines.quiet_ns(index, now);
        let silence_ns = self.settings.silence_ns_max;
        let in_doubt = unheard_ns > silence_ns / 2 && unsent_ns > silence_ns / 4;
        if self.lines.is_idle(index) && (unsent_ns > PING_NS || in_doubt) {
            self.requests += 1;
            self.lines.say(index, talk::ping(self.requests));
        }
        if self.lines.leader() != Some(index) && self.lines.successor() != Some(index) {
            self.lines.turn(index, Stage::Live, Reason::StandBy, now);
            return;
        }
        let instrument = &mut self.instrument[usize::from(index)];
        if instrument.is_overdue(Step::Asked, ANSWER_NS_MAX, now)
            || instrument.is_overdue(Step::Granted, ANSWER_NS_MAX, now)
        {
            if instrument.asks >= ASKS_MAX {
                let why = (Why::Timeout, Reason::Timeout);
                let was_leader = self.lines.close(index, why, now, out);
                return self.on_lost(index, was_leader, now, out);
            }
            instrument.turn(Step::Wanted, now);
        }
        if instrument.step == Step::Off {
            instrument.turn(Step::Wanted, now);
        }
        if instrument.is_due(Step::Wanted, now) {
            instrument.turn(Step::Asked, now);
            self.request(index, true, Channel::Instrument, &[]);
        }
        if self.has_begun {
            self.follow(index, Channel::Book, now);
            if self.settings.trades {
                self.follow(index, Channel::Trade, now);
            }
        }
    }

    /// Asks for, and leaves, what is due of a channel.
    fn follow(&mut self, index: u8, channel: Channel, now: Nanos) {
        let (mut wanted, mut doubted) = (Vec::new(), Vec::new());
        for pair in self.pairs.iter_mut().filter(|pair| pair.is_listed()) {
            if channel == Channel::Book {
                pair.step(index, ANSWER_NS_MAX, now);
            }
            let symbol = pair.symbol;
            let Some(grant) = pair.grant(channel, index) else { continue };
            if grant.step == Step::Off {
                grant.turn(Step::Wanted, now);
            }
            if grant.is_due(Step::Wanted, now) {
                grant.turn(Step::Asked, now);
                grant.due = Nanos::NONE;
                wanted.push(symbol);
            } else if grant.is_due(Step::Doubted, now) {
                grant.turn(Step::Leaving, now);
                doubted.push(symbol);
            }
        }
        for symbols in doubted.chunks(BATCH) {
            self.request(index, false, channel, symbols);
        }
        for symbols in wanted.chunks(BATCH) {
            self.request(index, true, channel, symbols);
        }
    }

    /// Its number says which channel it is about: a reply that turns it down does not.
    fn request(&mut self, index: u8, is_subscribe: bool, channel: Channel, symbols: &[Symbol]) {
        self.requests += 1;
        let req_id = self.requests << 2 | code_of(channel);
        let depth = self.settings.depth;
        self.lines.say(index, talk::request(is_subscribe, channel, symbols, depth, req_id));
    }

    /// Where all has come on the successor too, it takes over.
    pub(super) fn succeed(&mut self, now: Nanos, out: &mut Actions) {
        let (Some(old), Some(new)) = (self.lines.leader(), self.lines.successor()) else { return };
        self.overlap_until = Nanos(now.0 + OVERLAP_NS);
        let n = usize::from(new);
        let has_come = |pair: &Pair| {
            let has_trades = !self.settings.trades || pair.trade[n].step == Step::Whole;
            !pair.is_listed() || (pair.owner == Some(new) && has_trades)
        };
        if self.instrument[n].step != Step::Whole || !self.pairs.iter().all(has_come) {
            return;
        }
        self.lines.succeed(now, out);
        self.instrument[usize::from(old)] = Grant::OFF;
        for pair in &mut self.pairs {
            pair.owner = Some(new);
            let n = usize::from(old);
            (pair.book[n], pair.trade[n]) = (Grant::OFF, Grant::OFF);
        }
    }

    /// Makes all states that are shown follow from all else.
    pub(super) fn show(&mut self, now: Nanos) {
        let leader = self.lines.leader();
        let line = leader.or(Some(0)).and_then(|n| self.lines.state(n));
        for pair in &mut self.pairs {
            pair.show(line, self.has_begun, now);
        }
        let worst = State::worst(self.pairs.iter().map(|pair| pair.state)).unwrap_or(self.state);
        if let Some(leader) = leader {
            self.lines.turn(leader, worst.stage.max(Stage::Subscribing), Reason::Ordinary, now);
        }
        let (stage, reason) = if self.lines.banned_until(now).is_some() && leader.is_none() {
            (Stage::Banned, line.map_or(Reason::Budget, |line| line.reason))
        } else if self.system == System::Maintenance {
            (Stage::Maintenance, Reason::System)
        } else {
            (worst.stage, worst.reason)
        };
        self.was_down &= stage != Stage::Live;
        self.state.turn(stage, reason, now);
    }

    /// A frame that is no ordinary market data.
    pub(super) fn unusual(
        &mut self,
        index: u8,
        bytes: &[u8],
        now: Nanos,
        out: &mut Actions,
    ) -> Pass {
        let table = &self.table;
        let is_followed = |symbol: &Symbol| table.look_up(symbol) != InstrumentId::NONE;
        let Ok(said) = self.reader.read(bytes, |root| talk::read(root, is_followed)) else {
            // The feed refuses it too, counts it and keeps it with the reason.
            self.lines.tally.unread += 1;
            return self.feed_if(self.lines.leader() == Some(index));
        };
        match said {
            Said::System(system) => {
                self.system = system;
                self.was_down |= system == System::Maintenance;
            }
            Said::Instruments { is_snapshot, pairs } => {
                self.describe(index, is_snapshot, &pairs, now, out);
            }
            Said::Reply(reply) => self.reply(index, &reply, now),
            Said::Market { channel: Channel::Book, is_snapshot, symbol } => {
                return match self.pair_of(&symbol) {
                    Some(n) if is_snapshot => self.whole(n, index, now),
                    Some(n) => self.change(n, index),
                    None => Pass::Drop,
                };
            }
            Said::Market { .. } => return self.feed_if(self.lines.leader() == Some(index)),
            Said::Other => {}
        }
        self.due = now;
        self.show(now);
        Pass::Drop
    }

    fn describe(
        &mut self,
        index: u8,
        is_snapshot: bool,
        described: &[Described],
        now: Nanos,
        out: &mut Actions,
    ) {
        for described in described {
            let Some(n) = self.pair_of(&described.symbol) else { continue };
            let pair = &mut self.pairs[n];
            pair.status = Some(described.status);
            if pair.refused == Some(Reason::Unlisted) {
                pair.refused = None;
            }
            out.push(Action::Describe { id: pair.id, described: Box::new(*described) });
        }
        if is_snapshot {
            let is_listed = |pair: &Pair| described.iter().any(|d| d.symbol == pair.symbol);
            for pair in self.pairs.iter_mut().filter(|pair| !is_listed(pair)) {
                pair.refused = Some(Reason::Unlisted);
            }
            self.instrument[usize::from(index)].turn(Step::Whole, now);
        }
    }

    /// An answer to a request: of one symbol, whose siblings it does not touch.
    fn reply(&mut self, index: u8, reply: &Reply, now: Nanos) {
        let channel = reply.channel.unwrap_or(channel_of(reply.req_id));
        if reply.error.is_some() {
            self.lines.tally.errors += 1;
        }
        if reply.error == Some(Error::Rate) {
            return self.slow_down(index, now);
        }
        if channel == Channel::Instrument {
            let instrument = &mut self.instrument[usize::from(index)];
            if instrument.step == Step::Asked && reply.is_subscribe && reply.error.is_none() {
                instrument.turn(Step::Granted, now);
            }
            return;
        }
        let Some(n) = self.pair_of(&reply.symbol) else { return };
        let pair = &mut self.pairs[n];
        let Some(grant) = pair.grant(channel, index) else { return };
        match (grant.step, reply.is_subscribe, reply.error) {
            (Step::Leaving, false, _) => grant.turn(Step::Wanted, now),
            (Step::Asked, true, None) if channel == Channel::Book => {
                grant.turn(Step::Granted, now);
            }
            (Step::Asked, true, None | Some(Error::Already)) if channel != Channel::Book => {
                grant.turn(Step::Whole, now);
            }
            // Its snapshot went to an earlier subscription.
            (Step::Asked, true, Some(Error::Already)) => grant.doubt(now, now),
            (Step::Asked, true, Some(Error::Unlisted)) => pair.refused = Some(Reason::Unlisted),
            (Step::Asked, true, Some(Error::Depth)) => pair.refused = Some(Reason::Depth),
            (Step::Asked, true, Some(_)) => {
                grant.turn(Step::Wanted, now);
                grant.due = Nanos(now.0 + REFUSAL_REST_NS);
                if grant.asks >= ASKS_MAX {
                    grant.due = Nanos(now.0 + DENIAL_REST_NS);
                    pair.refused = Some(Reason::Denied);
                }
            }
            _ => {}
        }
    }

    /// The venue says that we say too much: what is not answered is asked for later.
    fn slow_down(&mut self, index: u8, now: Nanos) {
        let due = Nanos(now.0 + RATE_REST_NS);
        let n = usize::from(index);
        let books = self.pairs.iter_mut().flat_map(|p| [&mut p.book[n], &mut p.trade[n]]);
        let all = books.chain([&mut self.instrument[n]]);
        for grant in all.filter(|g| matches!(g.step, Step::Wanted | Step::Asked | Step::Leaving)) {
            grant.turn(Step::Wanted, now);
            grant.due = due;
        }
    }
}

/// What the low bits of a request's number say.
const fn code_of(channel: Channel) -> u64 {
    match channel {
        Channel::Book => 0,
        Channel::Trade => 1,
        Channel::Instrument => 2,
        Channel::Other => 3,
    }
}

const fn channel_of(req_id: u64) -> Channel {
    match req_id & 3 {
        0 => Channel::Book,
        1 => Channel::Trade,
        2 => Channel::Instrument,
        _ => Channel::Other,
    }
}
