//! A Binance session's unhurried half: what is asked over the streams and over REST, what is
//! answered, who takes over.
//!
//! In: open lines, answers. Out: requests, questions, states.
//! Never: a question without room for its weight.

use super::pair::{Book, Pair};
use super::session::{Binance, number};
use super::talk::{self, INFO_WEIGHT, Said};
use crate::base::{InstrumentId, Nanos, Symbol};
use crate::venue::session::{
    ANSWER_NS_MAX, ASKS_MAX, Action, Actions, Address, Answer, FetchId, Grant, Pace, Pass, Reason,
    Stage, State, Step, Why,
};

/// Symbols of one subscription, and of one `exchangeInfo`.
const BATCH: usize = 50;

/// Snapshots that are asked for at once.
const SNAPSHOTS_AT_ONCE: usize = 4;

/// Time for an answer over REST.
const FETCH_NS_MAX: i64 = 30 * Nanos::SECOND;

/// Time after which a symbol that is granted and silent gets its snapshot all the same.
const FIRST_CHANGE_NS: i64 = 10 * Nanos::SECOND;

/// Wait before a snapshot that was too old is asked for again.
const OLD_SNAPSHOT_REST_NS: i64 = 500 * Nanos::MILLI;

/// Wait before what was refused is asked for again.
const REFUSAL_REST_NS: i64 = 30 * Nanos::SECOND;

/// The same where it was refused again and again.
const DENIAL_REST_NS: i64 = 300 * Nanos::SECOND;

/// How often metadata is asked for again: the streams do not say when a symbol is halted.
const INFO_EVERY_NS: i64 = 300 * Nanos::SECOND;

/// Time after two lines became one in which events may still come twice.
const OVERLAP_NS: i64 = 5 * Nanos::SECOND;

/// Waits between questions that failed.
const FETCH_PACE: Pace = Pace { free: 0, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND };

/// A question that is not answered.
#[derive(Debug)]
pub(super) struct Asked {
    id: FetchId,
    at: Nanos,
    what: What,
}

/// A subscription that is not answered.
#[derive(Debug)]
pub(super) struct Batch {
    index: u8,
    id: u64,
    pairs: Vec<usize>,
}

#[derive(Debug)]
enum What {
    /// Metadata of these pairs.
    Info(Vec<usize>),
    /// A snapshot of this one.
    Snapshot(usize),
}

impl Binance {
    pub(super) fn on_lost(&mut self, index: u8, was_leader: bool, now: Nanos, out: &mut Actions) {
        let connection = self.settings.connection;
        self.batches.retain(|batch| batch.index != index);
        for pair in &mut self.pairs {
            pair.streams[usize::from(index)] = Grant::OFF;
            if pair.refused == Some(Reason::Denied) {
                pair.refused = None;
            }
        }
        let other = self.lines.oldest_but(None);
        if let (true, Some(other)) = (was_leader, other) {
            self.lines.adopt(other, out);
            // A book whose changes nobody brings now is in doubt; the others live on.
            for pair in self.pairs.iter_mut().filter(|pair| !pair.is_granted(other)) {
                pair.void(Reason::NoLine, now);
                out.push(Action::Reset { connection, about: pair.id });
            }
        } else if other.is_none() {
            self.pairs.iter_mut().for_each(|pair| pair.void(Reason::NoLine, now));
            out.push(Action::Reset { connection, about: InstrumentId::NONE });
        }
        self.part(now);
        self.show(now);
    }

    /// A line is no more: what it brought may still come on the other.
    fn part(&mut self, now: Nanos) {
        let was_doubled = self.is_doubled;
        self.is_doubled = self.lines.open().count() > 1;
        if was_doubled && !self.is_doubled {
            self.doubled_until = Nanos(now.0 + OVERLAP_NS);
        }
    }

    /// Keeps an open line alive and asks on it for what should come.
    pub(super) fn tend(&mut self, index: u8, now: Nanos, out: &mut Actions) {
        let (unheard_ns, unsent_ns) = self.lines.quiet_ns(index, now);
        let silence_ns = self.settings.silence_ns_max;
        let in_doubt = unheard_ns > silence_ns / 2 && unsent_ns > silence_ns / 4;
        if self.lines.is_idle(index) && in_doubt {
            self.requests += 1;
            self.lines.say(index, talk::list(self.requests));
        }
        let n = usize::from(index);
        let mut wanted = Vec::new();
        let mut is_deaf = false;
        for (place, pair) in self.pairs.iter_mut().enumerate().filter(|(_, p)| p.is_listed()) {
            let grant = &mut pair.streams[n];
            if grant.is_overdue(Step::Asked, ANSWER_NS_MAX, now) {
                is_deaf |= grant.asks >= ASKS_MAX;
                grant.turn(Step::Wanted, now);
            }
            if grant.step == Step::Off {
                grant.turn(Step::Wanted, now);
            }
            if grant.is_due(Step::Wanted, now) {
                grant.turn(Step::Asked, now);
                wanted.push(place);
            }
        }
        if is_deaf {
            let why = (Why::Timeout, Reason::Timeout);
            let was_leader = self.lines.close(index, why, now, out);
            return self.on_lost(index, was_leader, now, out);
        }
        let (alone, together): (Vec<usize>, Vec<usize>) =
            wanted.into_iter().partition(|n| self.pairs[*n].is_alone);
        for pairs in together.chunks(BATCH).chain(alone.chunks(1)) {
            self.subscribe(index, pairs);
        }
    }

    fn subscribe(&mut self, index: u8, pairs: &[usize]) {
        self.requests += 1;
        let id = self.requests;
        let symbols: Vec<Symbol> = pairs.iter().map(|n| self.pairs[*n].symbol).collect();
        self.lines.say(index, talk::subscribe(&symbols, self.streams, id));
        self.batches.push(Batch { index, id, pairs: pairs.to_vec() });
    }

    /// Where the successor's events have joined on what the feed has, it takes over.
    pub(super) fn succeed(&mut self, now: Nanos, out: &mut Actions) {
        let (Some(old), Some(new)) = (self.lines.leader(), self.lines.successor()) else { return };
        let has_joined = |pair: &Pair| {
            let grant = &pair.streams[usize::from(new)];
            let is_quiet = grant.is_overdue(Step::Granted, FIRST_CHANGE_NS, now);
            !pair.is_listed() || grant.step == Step::Whole || is_quiet
        };
        if !self.pairs.iter().all(has_joined) {
            return;
        }
        self.lines.succeed(now, out);
        self.batches.retain(|batch| batch.index != old);
        for pair in &mut self.pairs {
            pair.streams[usize::from(old)] = Grant::OFF;
        }
        self.part(now);
    }

    /// A frame that is no market event.
    pub(super) fn unusual(
        &mut self,
        index: u8,
        bytes: &[u8],
        now: Nanos,
        out: &mut Actions,
    ) -> Pass {
        let is_leader = self.lines.leader() == Some(index);
        let Ok(said) = self.reader.read(bytes, talk::read) else {
            // The feed refuses it too, counts it and keeps it with the reason.
            self.lines.tally.unread += 1;
            return self.feed_if(is_leader);
        };
        match said {
            Said::Granted(id) => self.granted(index, id, now),
            Said::Denied(id) => self.denied(index, id, now),
            Said::Shutdown if is_leader => {
                self.lines.expect_end(now);
            }
            Said::Shutdown if self.lines.successor() != Some(index) => {
                self.lines.close(index, (Why::Shutdown, Reason::System), now, out);
                self.on_lost(index, false, now, out);
            }
            Said::Shutdown => {}
            Said::Other => return self.feed_if(is_leader),
        }
        self.due = now;
        Pass::Drop
    }

    fn answered_batch(&mut self, index: u8, id: u64) -> Vec<usize> {
        let found = self.batches.iter().position(|b| (b.index, b.id) == (index, id));
        found.map_or(Vec::new(), |n| self.batches.swap_remove(n).pairs)
    }

    fn granted(&mut self, index: u8, id: u64, now: Nanos) {
        for n in self.answered_batch(index, id) {
            let pair = &mut self.pairs[n];
            pair.is_alone = false;
            let grant = &mut pair.streams[usize::from(index)];
            if grant.step == Step::Asked {
                grant.turn(Step::Granted, now);
            }
        }
    }

    /// A request for several symbols is repeated for each, so that one takes no other down.
    fn denied(&mut self, index: u8, id: u64, now: Nanos) {
        self.lines.tally.errors += 1;
        let pairs = self.answered_batch(index, id);
        let is_alone = pairs.len() == 1;
        for n in pairs {
            let pair = &mut self.pairs[n];
            let grant = &mut pair.streams[usize::from(index)];
            if grant.step != Step::Asked {
                continue;
            }
            grant.turn(Step::Wanted, now);
            grant.due = if is_alone { Nanos(now.0 + REFUSAL_REST_NS) } else { now };
            if is_alone && grant.asks >= ASKS_MAX {
                grant.due = Nanos(now.0 + DENIAL_REST_NS);
                pair.refused = Some(Reason::Denied);
            }
            pair.is_alone = true;
        }
    }

    /// Asks over REST for what is due.
    pub(super) fn fetch(&mut self, now: Nanos, out: &mut Actions) {
        while let Some(n) = self.asked.iter().position(|a| now.0 - a.at.0 > FETCH_NS_MAX) {
            let asked = self.asked.swap_remove(n);
            self.failed_fetch(asked.what, now);
        }
        if now < self.rest_until {
            return;
        }
        let is_info = |asked: &Asked| matches!(asked.what, What::Info(_));
        if now >= self.infos_due && self.infos.is_empty() && !self.asked.iter().any(is_info) {
            let all: Vec<usize> = (0..self.pairs.len()).collect();
            self.infos = all.chunks(BATCH).map(<[usize]>::to_vec).collect();
            self.infos_due = Nanos(now.0 + INFO_EVERY_NS);
        }
        while !self.infos.is_empty() && self.weight.spend(now, INFO_WEIGHT) {
            let pairs = self.infos.swap_remove(0);
            let symbols = pairs.iter().map(|n| self.pairs[*n].symbol);
            let path = talk::info_path(&self.settings.rest.path, symbols);
            self.ask(What::Info(pairs), path, now, out);
        }
        let Some(leader) = self.lines.leader() else { return };
        for n in 0..self.pairs.len() {
            let is_snapshot = |asked: &&Asked| matches!(asked.what, What::Snapshot(_));
            let pair = &self.pairs[n];
            let is_due = matches!(pair.book, Book::Void(_)) && now >= pair.due;
            let grant = &pair.streams[usize::from(leader)];
            let is_quiet = pair.is_granted(leader) && now.0 - grant.since.0 > FIRST_CHANGE_NS;
            if !is_due || !pair.is_listed() || (pair.first_id == 0 && !is_quiet) {
                continue;
            }
            let at_once = self.asked.iter().filter(is_snapshot).count();
            let weight = talk::depth_weight(self.settings.depth);
            if at_once >= SNAPSHOTS_AT_ONCE || !self.weight.spend(now, weight) {
                return;
            }
            let rest = &self.settings.rest.path;
            let path = talk::depth_path(rest, pair.symbol, self.settings.depth);
            let id = self.ask(What::Snapshot(n), path, now, out);
            self.pairs[n].book = Book::Fetching(id);
        }
    }

    fn ask(&mut self, what: What, path: String, now: Nanos, out: &mut Actions) -> FetchId {
        self.last_fetch += 1;
        self.lines.tally.fetches += 1;
        let id = FetchId(self.last_fetch);
        self.asked.push(Asked { id, at: now, what });
        let address = Address { path, ..self.settings.rest.clone() };
        out.push(Action::Fetch { id, address });
        id
    }

    pub(super) fn answered(
        &mut self,
        id: FetchId,
        answer: &Answer<'_>,
        now: Nanos,
        out: &mut Actions,
    ) -> Pass {
        let Some(n) = self.asked.iter().position(|asked| asked.id == id) else {
            return Pass::Drop;
        };
        let what = self.asked.swap_remove(n).what;
        if let Some(used) = answer.used_weight {
            self.weight.learn(now, used);
        }
        match (answer.status, what) {
            (200, What::Info(pairs)) => self.informed(pairs, answer.body, now, out),
            (200, What::Snapshot(n)) => return self.anchored(n, id, answer.body, now),
            // One wrong name spoils the request: the halves tell which.
            (400, What::Info(mut pairs)) if pairs.len() > 1 => {
                let other = pairs.split_off(pairs.len() / 2);
                self.infos.extend([pairs, other]);
            }
            (400, What::Info(pairs)) => self.unlist(&pairs),
            (400, What::Snapshot(n)) => self.unlist(&[n]),
            (status, what) => {
                if matches!(status, 418 | 429) {
                    self.shut_out(status, answer.retry_after_ns, now);
                }
                self.failed_fetch(what, now);
            }
        }
        self.show(now);
        Pass::Drop
    }

    fn unlist(&mut self, pairs: &[usize]) {
        for n in pairs {
            self.pairs[*n].refused = Some(Reason::Unlisted);
        }
    }

    /// 429 asks for patience over REST; 418 shuts the address out of everything.
    fn shut_out(&mut self, status: u16, retry_after_ns: i64, now: Nanos) {
        let wait_ns = if retry_after_ns > 0 { retry_after_ns } else { 60 * Nanos::SECOND };
        self.rest_until = self.rest_until.max(Nanos(now.0.saturating_add(wait_ns)));
        if status == 418 {
            self.lines.ban(retry_after_ns, now);
        }
    }

    fn failed_fetch(&mut self, what: What, now: Nanos) {
        self.fetch_failures = self.fetch_failures.saturating_add(1);
        let wait_ns = FETCH_PACE.wait_ns(self.fetch_failures, &mut self.jitter);
        self.rest_until = self.rest_until.max(Nanos(now.0.saturating_add(wait_ns)));
        match what {
            What::Info(pairs) => self.infos.push(pairs),
            What::Snapshot(n) => self.pairs[n].void_again(Reason::Timeout, now),
        }
    }

    fn informed(&mut self, pairs: Vec<usize>, body: &[u8], now: Nanos, out: &mut Actions) {
        let table = &self.table;
        let is_followed = |symbol: &Symbol| table.look_up(symbol) != InstrumentId::NONE;
        let Ok(info) = self.reader.read(body, |root| talk::info(root, is_followed)) else {
            self.lines.tally.unread += 1;
            return self.failed_fetch(What::Info(pairs), now);
        };
        self.fetch_failures = 0;
        if let Some(max) = info.weight_max {
            self.weight.limit(max / 2);
        }
        let is_told = |n: &usize| info.described.iter().any(|d| d.symbol == self.pairs[*n].symbol);
        let missing: Vec<usize> = pairs.into_iter().filter(|n| !is_told(n)).collect();
        self.unlist(&missing);
        for described in info.described {
            let Some(n) = self.pair_of(&described.symbol) else { continue };
            let pair = &mut self.pairs[n];
            pair.status = Some(described.status);
            if pair.refused == Some(Reason::Unlisted) {
                pair.refused = None;
            }
            out.push(Action::Describe { id: pair.id, described: Box::new(described) });
        }
        let first = self.pairs.iter().position(Pair::is_listed);
        if let Some(n) = first
            && self.first != first
        {
            let base = &self.settings.stream.path;
            self.lines.ask_for(talk::stream_path(base, self.pairs[n].symbol, self.streams));
            self.first = first;
        }
    }

    /// A snapshot goes to the feed where it reaches what waits for it.
    fn anchored(&mut self, n: usize, id: FetchId, body: &[u8], now: Nanos) -> Pass {
        let pair = &mut self.pairs[n];
        if pair.book != Book::Fetching(id) {
            return Pass::Drop;
        }
        let head = &body[..body.len().min(64)];
        let Some(last_id) = number(head, b"\"lastUpdateId\":") else {
            self.lines.tally.unread += 1;
            self.failed_fetch(What::Snapshot(n), now);
            return Pass::Drop;
        };
        self.fetch_failures = 0;
        // One id less is enough: the next change follows on it.
        if pair.first_id != 0 && last_id + 1 < pair.first_id {
            self.lines.tally.snapshots_old += 1;
            pair.void_again(Reason::Ordinary, Nanos(now.0 + OLD_SNAPSHOT_REST_NS));
            return Pass::Drop;
        }
        pair.book = Book::Anchored;
        let subject = pair.id;
        self.show(now);
        Pass::Snapshot(self.settings.connection, subject)
    }

    /// Makes all states that are shown follow from all else.
    pub(super) fn show(&mut self, now: Nanos) {
        let leader = self.lines.leader();
        let nothing = State::new(Stage::Idle, Reason::NoLine, now);
        let line = leader.or(Some(0)).and_then(|n| self.lines.state(n)).unwrap_or(nothing);
        for pair in &mut self.pairs {
            let is_granted = leader.is_some_and(|index| pair.is_granted(index));
            pair.show(line, is_granted, self.has_begun, now);
        }
        let worst = State::worst(self.pairs.iter().map(|pair| pair.state)).unwrap_or(nothing);
        for index in self.lines.open() {
            let reason = if leader == Some(index) { Reason::Ordinary } else { Reason::StandBy };
            self.lines.turn(index, worst.stage.max(Stage::Subscribing), reason, now);
        }
        let is_anchored = |pair: &Pair| pair.refused.is_some() || pair.book == Book::Anchored;
        self.is_settled = self.pairs.iter().all(is_anchored);
        let is_banned = self.lines.banned_until(now).is_some() && leader.is_none();
        let (stage, reason) = match worst.stage {
            Stage::Live | Stage::Refused => (worst.stage, worst.reason),
            _ if is_banned => (Stage::Banned, Reason::Http(418)),
            _ => (worst.stage, worst.reason),
        };
        self.state.turn(stage, reason, now);
    }
}
