//! Binance spot's market data, kept coming: combined streams and REST snapshots as a state machine.
//!
//! In: lines, frames, answers, resyncs, the time. Out: dials, subscriptions, questions over REST,
//! frames and snapshots for the feed.
//! Never: a snapshot that is older than the first change that waits for it, or more weight than its
//! share.
//!
//! | rule of the venue | what is done |
//! |---|---|
//! | decimals and status come from `exchangeInfo` | asked first; in halves where a name is wrong |
//! | buffer changes, then fetch a snapshot; again where it is older | so, after the first change |
//! | 6000 weight a minute, by depth; 429, 418, `Retry-After` | a window over half of it, a rest |
//! | 5 messages a second, pongs too | a window of 4 |
//! | 1024 streams a connection | checked at start |
//! | 300 attempts in 5 minutes | a window over all attempts |
//! | an unknown symbol is granted and silent | the snapshot tells, after a first-message timer |
//! | 24 hours, then the end; `serverShutdown` before a stop | a successor before the end |
//! | ids of both lines are the same | the first to bring a change wins, where ids leave no hole |

use super::pair::{Book, Pair, Verdict};
use super::talk::{DEPTH_MAX, Streams};
use super::tend::{Asked, Batch};
use crate::base::{ConnectionId, InstrumentId, Nanos, Symbol, SymbolTable};
use crate::event::{Resync, ResyncReason};
use crate::limits::SYMBOL_BYTES_MAX;
use crate::venue::session::{
    Actions, Address, Answer, Failure, FetchId, Jitter, Line, Lines, Opening, Pace, Pass, Reader,
    Reason, Rules, Session, Settings, SettingsError, Stage, State, Step, Tally, Window,
};

/// The entry of the registry.
pub(super) static OPENING: Opening = Opening { settings, open };

/// Streams of one connection.
const STREAMS_MAX: usize = 1_024;

/// How often more than lines is looked at.
const TURN_NS: i64 = 10 * Nanos::MILLI;

/// Weight in a minute until the venue says its limit: half of what it says, since other clients may
/// share the address.
const WEIGHT_MAX: u32 = 3_000;

/// One of the five messages a second is left for a pong.
const RULES: Rules = Rules {
    attempts_span_ns: 300 * Nanos::SECOND,
    messages: (4, Nanos::SECOND),
    pace: Pace { free: 2, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND },
    ban_ns: 120 * Nanos::SECOND,
};

/// How an event of a combined stream begins; what begins with `!` is about no symbol.
const STREAM: &[u8] = b"{\"stream\":\"";

/// Bytes behind a stream's name within which an event's ids stand.
const HEAD_BYTES: usize = 192;

/// The session: `tend.rs` is its unhurried half.
#[derive(Debug)]
pub(super) struct Binance {
    pub(super) settings: Settings,
    pub(super) streams: Streams,
    pub(super) lines: Lines,
    pub(super) reader: Reader,
    pub(super) jitter: Jitter,
    pub(super) pairs: Vec<Pair>,
    /// From symbols, in upper and in lower case, to places in `pairs`.
    pub(super) table: SymbolTable,
    /// The pair whose streams the address names.
    pub(super) first: Option<usize>,
    pub(super) weight: Window,
    /// Symbols whose metadata is to be asked for, by request.
    pub(super) infos: Vec<Vec<usize>>,
    pub(super) infos_due: Nanos,
    /// Questions that are not answered.
    pub(super) asked: Vec<Asked>,
    /// Subscriptions that are not answered.
    pub(super) batches: Vec<Batch>,
    pub(super) last_fetch: u32,
    pub(super) fetch_failures: u32,
    /// Nothing is asked over REST before.
    pub(super) rest_until: Nanos,
    pub(super) requests: u64,
    pub(super) has_begun: bool,
    /// Is every book anchored?
    pub(super) is_settled: bool,
    /// Is more than one line open, or was it a moment ago?
    pub(super) is_doubled: bool,
    pub(super) doubled_until: Nanos,
    pub(super) due: Nanos,
    pub(super) state: State,
}

fn settings() -> Settings {
    let address = |host: &str, port: u16, path: &str| Address {
        host: String::from(host),
        port,
        path: String::from(path),
    };
    Settings {
        connection: ConnectionId::default(),
        follow: Vec::new(),
        depth: 5_000,
        trades: true,
        quotes: true,
        stream: address("stream.binance.com", 9_443, "/stream"),
        rest: address("api.binance.com", 443, "/api/v3"),
        redundancy: 1,
        line_age_ns_max: 23 * 3_600 * Nanos::SECOND,
        silence_ns_max: 10 * Nanos::SECOND,
        attempts_max: 200,
        seed: 0,
    }
}

fn open(settings: Settings, now: Nanos) -> Result<Box<dyn Session>, SettingsError> {
    const VENUE: &str = "binance";
    settings.check(VENUE, "BTCUSDT", |b| b.is_ascii_uppercase() || b.is_ascii_digit())?;
    if !(1..=DEPTH_MAX).contains(&settings.depth) {
        let offered = "1 to 5000";
        return Err(SettingsError::Depth { venue: VENUE, found: settings.depth, offered });
    }
    let streams = Streams { trades: settings.trades, quotes: settings.quotes };
    let found = streams.count() * settings.follow.len();
    if found > STREAMS_MAX {
        let (what, max) = ("streams", STREAMS_MAX);
        return Err(SettingsError::TooMany { venue: VENUE, what, found, max });
    }
    let mut table = SymbolTable::with_capacity(2 * settings.follow.len());
    let mut pairs = Vec::with_capacity(settings.follow.len());
    for (n, follow) in settings.follow.iter().enumerate() {
        let place = InstrumentId(n as u32);
        table.insert(follow.symbol, place);
        let lower = follow.symbol.as_str().to_ascii_lowercase();
        if let Some(lower) = Symbol::new(lower.as_bytes()) {
            table.insert(lower, place);
        }
        pairs.push(Pair::new(follow.symbol, follow.id, now));
    }
    Ok(Box::new(Binance {
        streams,
        lines: Lines::new(&settings, RULES, now),
        jitter: Jitter::new(!settings.seed),
        settings,
        reader: Reader::default(),
        pairs,
        table,
        first: None,
        weight: Window::new(WEIGHT_MAX, 60 * Nanos::SECOND),
        infos: Vec::new(),
        infos_due: now,
        asked: Vec::new(),
        batches: Vec::new(),
        last_fetch: 0,
        fetch_failures: 0,
        rest_until: now,
        requests: 0,
        has_begun: false,
        is_settled: false,
        is_doubled: false,
        doubled_until: now,
        due: now,
        state: State::new(Stage::Idle, Reason::NoMetadata, now),
    }))
}

impl Session for Binance {
    fn poll(&mut self, now: Nanos, out: &mut Actions) {
        while let Some((index, why)) = self.lines.next_overdue(now) {
            let was_leader = self.lines.close(index, why, now, out);
            self.on_lost(index, was_leader, now, out);
        }
        if now >= self.due {
            self.due = Nanos(now.0 + TURN_NS);
            for index in self.lines.open() {
                self.tend(index, now, out);
            }
            self.succeed(now, out);
            self.fetch(now, out);
            self.show(now);
        }
        self.lines.poll(self.has_begun && self.first.is_some(), now, out);
    }

    fn begin(&mut self, now: Nanos) {
        self.has_begun = true;
        self.due = now;
    }

    fn is_described(&self) -> bool {
        self.pairs.iter().all(|pair| pair.status.is_some() || pair.refused.is_some())
    }

    fn opened(&mut self, line: Line, now: Nanos, out: &mut Actions) {
        if !self.lines.opened(line, now) {
            return;
        }
        if let Some(first) = self.first {
            // Its streams are in the address, so there is no answer to wait for.
            self.pairs[first].streams[usize::from(line.index)].turn(Step::Granted, now);
        }
        if self.lines.leader().is_none() {
            self.lines.adopt(line.index, out);
        } else if !self.compares(now) {
            self.pairs.iter_mut().for_each(Pair::compare);
        }
        self.is_doubled = self.lines.open().count() > 1;
        self.due = now;
    }

    fn failed(&mut self, line: Line, failure: &Failure, now: Nanos, _: &mut Actions) {
        self.lines.failed(line, failure, now);
        self.show(now);
    }

    fn closed(&mut self, line: Line, code: u16, now: Nanos, out: &mut Actions) {
        if self.lines.is_current(line) {
            let was_leader = self.lines.lose(line.index, Reason::Closed(code), now);
            self.on_lost(line.index, was_leader, now, out);
        }
    }

    fn pinged(&mut self, line: Line, now: Nanos) {
        self.lines.pinged(line, now);
    }

    fn frame(&mut self, line: Line, bytes: &[u8], now: Nanos, out: &mut Actions) -> Pass {
        if !self.lines.is_current(line) {
            return Pass::Drop;
        }
        self.lines.hear(line.index, now);
        if !bytes.starts_with(STREAM) || bytes.get(STREAM.len()) == Some(&b'!') {
            return self.unusual(line.index, bytes, now, out);
        }
        let is_leader = self.lines.leader() == Some(line.index);
        if self.is_settled && is_leader && !self.compares(now) {
            return Pass::Feed(self.settings.connection);
        }
        match self.event_of(bytes) {
            Some(event) => self.event(&event, line.index, now),
            None => self.feed_if(is_leader),
        }
    }

    fn fetched(&mut self, id: FetchId, answer: &Answer<'_>, now: Nanos, out: &mut Actions) -> Pass {
        let pass = self.answered(id, answer, now, out);
        self.due = now;
        pass
    }

    fn resync(&mut self, resync: &Resync, now: Nanos, _: &mut Actions) {
        let Some(pair) = self.pairs.iter_mut().find(|pair| pair.id == resync.instrument) else {
            return;
        };
        // What waits for a snapshot that is on its way is whole, unless it had to be thrown away.
        let is_anchored = pair.book == Book::Anchored;
        let is_lost = matches!(resync.reason, ResyncReason::Overflow | ResyncReason::Connection);
        if is_anchored || is_lost {
            let due = pair.calm.doubt(now, &mut self.jitter);
            pair.void(Reason::Unproven, due);
            self.lines.tally.resyncs += 1;
            self.is_settled = false;
        }
        self.due = now;
    }

    fn state(&self) -> State {
        self.state
    }

    fn line_state(&self, index: u8) -> Option<State> {
        self.lines.state(index)
    }

    fn symbol_state(&self, id: InstrumentId) -> Option<State> {
        self.pairs.iter().find(|pair| pair.id == id).map(|pair| pair.state)
    }

    fn tally(&self) -> Tally {
        self.lines.tally
    }
}

/// A market event, as far as the session reads it.
struct Event {
    /// The place of its pair.
    pair: usize,
    kind: Kind,
}

enum Kind {
    Change { first: u64, last: u64 },
    Trade(u64),
    Quote(u64),
}

impl Binance {
    /// May events of two lines meet?
    pub(super) fn compares(&self, now: Nanos) -> bool {
        self.is_doubled || now < self.doubled_until
    }

    pub(super) fn feed_if(&self, is_right: bool) -> Pass {
        if is_right { Pass::Feed(self.settings.connection) } else { Pass::Drop }
    }

    pub(super) fn pair_of(&self, symbol: &Symbol) -> Option<usize> {
        let found = self.table.look_up(symbol);
        (found != InstrumentId::NONE).then(|| found.index())
    }

    /// The event of a frame, from its stream's name and the ids at its head.
    fn event_of(&self, bytes: &[u8]) -> Option<Event> {
        let name = bytes.get(STREAM.len()..)?;
        let at = name.iter().take(SYMBOL_BYTES_MAX + 1).position(|byte| *byte == b'@')?;
        let pair = self.pair_of(&Symbol::new(&name[..at])?)?;
        let rest = &name[at + 1..];
        let head = &rest[..rest.len().min(HEAD_BYTES)];
        let kind = if rest.starts_with(b"depth@") {
            Kind::Change { first: number(head, b"\"U\":")?, last: number(head, b"\"u\":")? }
        } else if rest.starts_with(b"trade\"") {
            Kind::Trade(number(head, b"\"t\":")?)
        } else if rest.starts_with(b"bookTicker\"") {
            Kind::Quote(number(head, b"\"u\":")?)
        } else {
            return None;
        };
        Some(Event { pair, kind })
    }

    fn event(&mut self, event: &Event, index: u8, now: Nanos) -> Pass {
        let is_leader = self.lines.leader() == Some(index);
        let compares = self.compares(now);
        let pair = &mut self.pairs[event.pair];
        let verdict = match event.kind {
            _ if !compares && !is_leader => Verdict::Ahead,
            Kind::Change { first, last } => {
                let verdict =
                    if compares { pair.change(first, last, is_leader) } else { Verdict::Feed };
                let grant = &mut pair.streams[usize::from(index)];
                if verdict != Verdict::Ahead && matches!(grant.step, Step::Asked | Step::Granted) {
                    grant.turn(Step::Whole, now);
                }
                if verdict == Verdict::Feed && pair.first_id == 0 {
                    pair.first_id = first;
                    self.due = now;
                }
                verdict
            }
            _ if !compares => Verdict::Feed,
            Kind::Trade(id) => pair.trade(id, is_leader),
            Kind::Quote(id) => pair.quote(id),
        };
        match verdict {
            Verdict::Feed => return Pass::Feed(self.settings.connection),
            Verdict::Duplicate => self.lines.tally.duplicates += 1,
            Verdict::Ahead => self.lines.tally.ahead += 1,
        }
        Pass::Drop
    }
}

/// The whole number behind the first `key`.
pub(super) fn number(text: &[u8], key: &[u8]) -> Option<u64> {
    let at = text.windows(key.len()).position(|part| part == key)?;
    let digits = text[at + key.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.take(19).map(|byte| u64::from(byte - b'0')).reduce(|number, digit| number * 10 + digit)
}
