//! The physical connections of a session: when to dial, what waits to be sent, who is silent, and
//! which one is lived on.
//!
//! In: what happened to them. Out: [`Action`]s.
//! Never: what is said on them. That is each venue's matter.

use std::collections::VecDeque;

use super::backoff::{Jitter, Pace};
use super::budget::Window;
use super::contract::{Action, Actions, Address, Failure, FailureKind, Line, Settings, Why};
use super::state::{Reason, Stage, State, Tally};
use crate::base::{ConnectionId, Nanos};
use crate::limits;

/// Time for a line to open.
const OPEN_NS_MAX: i64 = 10 * Nanos::SECOND;

/// Age at which a line that worked has made good for earlier failures.
const PROVEN_NS: i64 = 30 * Nanos::SECOND;

/// What a venue allows and asks for.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The window of [`Settings::attempts_max`], ns.
    pub attempts_span_ns: i64,
    /// Messages on one line: at most so many within so many ns.
    pub messages: (u32, i64),
    /// Waits between attempts.
    pub pace: Pace,
    /// How long we are shut out where the venue does not say.
    pub ban_ns: i64,
}

/// All of them, by index.
#[derive(Debug)]
pub struct Lines {
    /// What was done so far.
    pub tally: Tally,
    rules: Rules,
    address: Address,
    connection: ConnectionId,
    silence_ns_max: i64,
    line_age_ns_max: i64,
    links: Vec<Link>,
    /// How many are wanted at once.
    posts: usize,
    leader: Option<u8>,
    successor: Option<u8>,
    attempts: Window,
    last_attempt: u32,
    jitter: Jitter,
    /// No attempt before; the venue has shut us out, or asked for patience.
    not_before: Nanos,
    is_banned: bool,
}

/// One of them.
#[derive(Debug)]
struct Link {
    line: Line,
    phase: Phase,
    state: State,
    due: Nanos,
    opened: Nanos,
    heard: Nanos,
    sent: Nanos,
    failures: u32,
    /// Its own limit of age, a little earlier or later than others'.
    age_ns_max: i64,
    outbox: VecDeque<String>,
    messages: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not wanted.
    Off,
    Waiting,
    Connecting,
    Open,
}

impl Lines {
    /// None connected.
    pub fn new(settings: &Settings, rules: Rules, now: Nanos) -> Lines {
        let (max, span_ns) = rules.messages;
        let link = |index| Link {
            line: Line { index, attempt: 0 },
            phase: Phase::Off,
            state: State::new(Stage::Idle, Reason::Ordinary, now),
            due: now,
            opened: now,
            heard: now,
            sent: now,
            failures: 0,
            age_ns_max: 0,
            outbox: VecDeque::new(),
            messages: Window::new(max, span_ns),
        };
        let posts = usize::from(settings.redundancy).min(limits::LINES_MAX - 1);
        Lines {
            tally: Tally::default(),
            rules,
            address: settings.stream.clone(),
            connection: settings.connection,
            silence_ns_max: settings.silence_ns_max,
            line_age_ns_max: settings.line_age_ns_max,
            links: (0..=posts as u8).map(link).collect(),
            posts,
            leader: None,
            successor: None,
            attempts: Window::new(settings.attempts_max, rules.attempts_span_ns),
            last_attempt: 0,
            jitter: Jitter::new(settings.seed),
            not_before: now,
            is_banned: false,
        }
    }

    /// The line that is lived on.
    pub fn leader(&self) -> Option<u8> {
        self.leader
    }

    /// The open line that is to take over from a leader that grows old.
    pub fn successor(&self) -> Option<u8> {
        self.successor.filter(|index| self.is_open(*index))
    }

    /// Is this its latest attempt, and is it open?
    pub fn is_current(&self, line: Line) -> bool {
        self.link(line.index).is_some_and(|l| l.line == line && l.phase == Phase::Open)
    }

    /// Is it open?
    pub fn is_open(&self, index: u8) -> bool {
        self.link(index).is_some_and(|link| link.phase == Phase::Open)
    }

    /// Indices of those that are open.
    pub fn open(&self) -> impl Iterator<Item = u8> + use<> {
        // Bits instead of a list: it is asked for at each poll.
        const { assert!(limits::LINES_MAX <= 8) };
        let open = (0..self.links.len() as u8)
            .filter(|n| self.is_open(*n))
            .fold(0_u8, |open, n| open | 1 << n);
        (0..limits::LINES_MAX as u8).filter(move |n| open >> n & 1 == 1)
    }

    /// How it stands.
    pub fn state(&self, index: u8) -> Option<State> {
        self.link(index).map(|link| link.state)
    }

    /// Says how an open line stands.
    pub fn turn(&mut self, index: u8, stage: Stage, reason: Reason, now: Nanos) {
        if let Some(link) = self.links.get_mut(usize::from(index))
            && link.phase == Phase::Open
        {
            link.state.turn(stage, reason, now);
        }
    }

    /// Until when the venue has shut us out, where it has.
    pub fn banned_until(&self, now: Nanos) -> Option<Nanos> {
        (self.is_banned && now < self.not_before).then_some(self.not_before)
    }

    /// The venue has shut us out for so long; 0 where it does not say.
    pub fn ban(&mut self, for_ns: i64, now: Nanos) {
        let for_ns = if for_ns > 0 { for_ns } else { self.rules.ban_ns };
        self.not_before = self.not_before.max(Nanos(now.0.saturating_add(for_ns)));
        self.is_banned = true;
    }

    /// No attempt to connect for so long.
    pub fn rest(&mut self, for_ns: i64, now: Nanos) {
        self.not_before = self.not_before.max(Nanos(now.0.saturating_add(for_ns)));
    }

    /// A frame came in.
    #[inline]
    pub fn hear(&mut self, index: u8, now: Nanos) {
        if let Some(link) = self.links.get_mut(usize::from(index)) {
            link.heard = now;
        }
    }

    /// How long it has been silent, and how long nothing was sent on it, ns.
    pub fn quiet_ns(&self, index: u8, now: Nanos) -> (i64, i64) {
        self.link(index).map_or((0, 0), |l| (now.0 - l.heard.0, now.0 - l.sent.0))
    }

    /// Puts a text at the end of what is to be sent.
    pub fn say(&mut self, index: u8, text: String) {
        if let Some(link) = self.links.get_mut(usize::from(index))
            && link.phase == Phase::Open
        {
            link.outbox.push_back(text);
        }
    }

    /// Has all been sent?
    pub fn is_idle(&self, index: u8) -> bool {
        self.link(index).is_none_or(|link| link.outbox.is_empty())
    }

    /// A ping came in and was answered.
    pub fn pinged(&mut self, line: Line, now: Nanos) {
        if self.is_current(line) {
            let link = &mut self.links[usize::from(line.index)];
            link.heard = now;
            link.messages.spend(now, 1);
        }
    }

    /// What is behind the host and path of the address, from the next attempt on.
    pub fn ask_for(&mut self, path: String) {
        self.address.path = path;
    }

    /// Dials what is due, sends what may be sent. `is_wanted` is whether there should be lines.
    pub fn poll(&mut self, is_wanted: bool, now: Nanos, out: &mut Actions) {
        if is_wanted {
            self.want(now);
        }
        for n in 0..self.links.len() {
            match self.links[n].phase {
                Phase::Waiting => self.dial(n, now, out),
                Phase::Connecting if now >= self.links[n].due => {
                    out.push(Action::Close { line: self.links[n].line, why: Why::Timeout });
                    self.lose(n as u8, Reason::Timeout, now);
                }
                Phase::Off | Phase::Connecting => {}
                Phase::Open => self.flush(n, now, out),
            }
        }
    }

    /// An open line that must be closed: silent for too long, or old and not lived on.
    pub fn next_overdue(&self, now: Nanos) -> Option<(u8, (Why, Reason))> {
        let open = self.links.iter().filter(|link| link.phase == Phase::Open);
        open.into_iter().find_map(|link| {
            let index = link.line.index;
            let is_needed = self.leader == Some(index) || self.successor == Some(index);
            if now.0 - link.heard.0 > self.silence_ns_max {
                Some((index, (Why::Silence, Reason::Silence)))
            } else if !is_needed && link.is_old(now) {
                Some((index, (Why::Succeeded, Reason::Ordinary)))
            } else {
                None
            }
        })
    }

    /// A line opened; false where it is not waited for.
    pub fn opened(&mut self, line: Line, now: Nanos) -> bool {
        let Some(link) = self.links.get_mut(usize::from(line.index)) else { return false };
        if link.line != line || link.phase != Phase::Connecting {
            return false;
        }
        self.tally.opened += 1;
        // Up to a twentieth less, so that lines opened together do not grow old together.
        let age = self.line_age_ns_max;
        link.age_ns_max = age - self.jitter.below(age / 20 + 1);
        (link.phase, link.opened, link.heard, link.sent) = (Phase::Open, now, now, now);
        link.state.turn(Stage::Subscribing, Reason::Ordinary, now);
        true
    }

    /// A line could not be opened; false where it is not waited for.
    pub fn failed(&mut self, line: Line, failure: &Failure, now: Nanos) -> bool {
        let is_awaited =
            self.link(line.index).is_some_and(|l| l.line == line && l.phase == Phase::Connecting);
        if !is_awaited {
            return false;
        }
        let reason = match failure.kind {
            _ if failure.status != 0 => Reason::Http(failure.status),
            FailureKind::Resolve => Reason::Resolve,
            FailureKind::Connect => Reason::Connect,
            FailureKind::Tls => Reason::Tls,
            FailureKind::Upgrade => Reason::Denied,
            FailureKind::Timeout => Reason::Timeout,
        };
        match failure.status {
            418 | 429 => self.ban(failure.retry_after_ns, now),
            _ if failure.retry_after_ns > 0 => self.rest(failure.retry_after_ns, now),
            _ => {}
        }
        self.lose(line.index, reason, now);
        true
    }

    /// A line is no more, and is dialled again after a wait. True where it was the leader.
    pub fn lose(&mut self, index: u8, reason: Reason, now: Nanos) -> bool {
        let link = &mut self.links[usize::from(index)];
        link.failures = link.failures.saturating_add(1);
        let wait_ns = self.rules.pace.wait_ns(link.failures, &mut self.jitter);
        (link.phase, link.due) = (Phase::Waiting, Nanos(now.0.saturating_add(wait_ns)));
        link.state.turn(Stage::BackingOff, reason, now);
        link.outbox.clear();
        let was_leader = self.leader == Some(index);
        if self.successor == Some(index) || (was_leader && self.successor.is_some()) {
            // Where the leader is lost its successor takes its post.
            self.successor = None;
            link.phase = Phase::Off;
        }
        if was_leader {
            self.leader = None;
        }
        was_leader
    }

    /// Closes an open line. True where it was the leader.
    pub fn close(
        &mut self,
        index: u8,
        (why, reason): (Why, Reason),
        now: Nanos,
        out: &mut Actions,
    ) -> bool {
        out.push(Action::Close { line: self.links[usize::from(index)].line, why });
        self.tally.silences += u64::from(why == Why::Silence);
        self.lose(index, reason, now)
    }

    /// Makes an open line the leader.
    pub fn adopt(&mut self, index: u8, out: &mut Actions) {
        self.leader = Some(index);
        if self.successor == Some(index) {
            self.successor = None;
        }
        let line = self.links[usize::from(index)].line;
        out.push(Action::Adopt { line, connection: self.connection });
    }

    /// The successor takes over and the leader is closed.
    pub fn succeed(&mut self, now: Nanos, out: &mut Actions) {
        let (Some(old), Some(new)) = (self.leader, self.successor()) else { return };
        self.adopt(new, out);
        let line = self.links[usize::from(old)].line;
        out.push(Action::Retire { line });
        out.push(Action::Close { line, why: Why::Succeeded });
        let link = &mut self.links[usize::from(old)];
        link.phase = Phase::Off;
        link.outbox.clear();
        link.failures = 0;
        link.state.turn(Stage::Idle, Reason::Ordinary, now);
        self.tally.successions += 1;
    }

    /// The leader will end soon: a successor is dialled at once. True where there was none yet.
    pub fn expect_end(&mut self, now: Nanos) -> bool {
        let (Some(_), None) = (self.leader, self.successor) else { return false };
        let Some(spare) = self.links.iter().position(|link| link.phase == Phase::Off) else {
            return false;
        };
        let link = &mut self.links[spare];
        let wait_ns = self.rules.pace.wait_ns(link.failures, &mut self.jitter);
        (link.phase, link.due) = (Phase::Waiting, Nanos(now.0.saturating_add(wait_ns)));
        self.successor = Some(spare as u8);
        true
    }

    /// The line that opened first among those that are open, but for one.
    pub fn oldest_but(&self, but: Option<u8>) -> Option<u8> {
        let open = self.links.iter().filter(|l| l.phase == Phase::Open);
        let others = open.filter(|link| Some(link.line.index) != but);
        others.min_by_key(|link| (link.opened, link.line.index)).map(|link| link.line.index)
    }

    /// Sees to it that there are as many lines as are wanted, and to the leader's age.
    fn want(&mut self, now: Nanos) {
        let wanted = |link: &Link| link.phase != Phase::Off;
        let spare = usize::from(self.successor.is_some());
        while self.links.iter().filter(|link| wanted(link)).count() < self.posts + spare
            && let Some(link) = self.links.iter_mut().find(|link| !wanted(link))
        {
            let wait_ns = self.rules.pace.wait_ns(link.failures, &mut self.jitter);
            (link.phase, link.due) = (Phase::Waiting, Nanos(now.0.saturating_add(wait_ns)));
        }
        for link in &mut self.links {
            if link.state.stage == Stage::Live && now.0 - link.opened.0 >= PROVEN_NS {
                link.failures = 0;
            }
        }
        if self.leader.and_then(|n| self.link(n)).is_some_and(|link| link.is_old(now)) {
            self.expect_end(now);
        }
    }

    fn dial(&mut self, n: usize, now: Nanos, out: &mut Actions) {
        let link = &mut self.links[n];
        if now < link.due {
            return;
        }
        if now < self.not_before {
            let stage = if self.is_banned { Stage::Banned } else { Stage::BackingOff };
            let reason = link.state.reason;
            link.state.turn(stage, reason, now);
            return;
        }
        if !self.attempts.spend(now, 1) {
            link.state.turn(Stage::BackingOff, Reason::Budget, now);
            return;
        }
        self.is_banned = false;
        self.last_attempt += 1;
        self.tally.attempts += 1;
        link.line.attempt = self.last_attempt;
        (link.phase, link.due) = (Phase::Connecting, Nanos(now.0 + OPEN_NS_MAX));
        link.state.turn(Stage::Connecting, Reason::Ordinary, now);
        let (max, span_ns) = self.rules.messages;
        link.messages = Window::new(max, span_ns);
        out.push(Action::Connect { line: link.line, address: self.address.clone() });
    }

    fn flush(&mut self, n: usize, now: Nanos, out: &mut Actions) {
        let link = &mut self.links[n];
        while !link.outbox.is_empty() && link.messages.spend(now, 1) {
            let Some(text) = link.outbox.pop_front() else { break };
            link.sent = now;
            self.tally.sent += 1;
            out.push(Action::Send { line: link.line, text });
        }
    }

    fn link(&self, index: u8) -> Option<&Link> {
        self.links.get(usize::from(index))
    }
}

impl Link {
    fn is_old(&self, now: Nanos) -> bool {
        self.age_ns_max > 0 && now.0 - self.opened.0 >= self.age_ns_max
    }
}
