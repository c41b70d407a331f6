//! Kraken's market data, kept coming: websocket v2 as a state machine.
//!
//! In: lines, frames, resyncs, the time. Out: dials, subscriptions, frames for the feed.
//! Never: a book before its pair's decimals are known, or a line's change of a book that another
//! line's snapshot began.
//!
//! | rule of the venue | what is done |
//! |---|---|
//! | `instrument` before any book: its precisions drive the checksum | subscribed first |
//! | one reply for each symbol, all with the request's `req_id` | a pair is refused alone |
//! | about a minute without traffic closes | a ping where nothing was sent or heard |
//! | a heartbeat each second | a silent line is closed and dialled again |
//! | 150 attempts in 10 minutes, then 10 minutes shut out | a window over all attempts |
//! | 5 s between attempts after maintenance | a rest after each lost line |
//! | a checksum that is not ours: leave the book, ask anew, seldom | resync, slower each time |
//! | no sequence number | a successor's book counts from its own snapshot on |
//!
//! A second line stands by without books: what it would have brought cannot be told from what the
//! first one brought, so its books begin with snapshots anyway. It saves the time to connect.

use super::pair::Pair;
use super::talk::System;
use crate::base::{ConnectionId, InstrumentId, Nanos, Symbol, SymbolTable};
use crate::event::Resync;
use crate::limits::{LINES_MAX, SYMBOL_BYTES_MAX};
use crate::venue::session::{
    Actions, Address, Answer, Failure, FetchId, Grant, Jitter, Line, Lines, Opening, Pace, Pass,
    Reader, Reason, Rules, Session, Settings, SettingsError, Stage, State, Step, Tally,
};

/// The entry of the registry.
pub(super) static OPENING: Opening = Opening { settings, open };

/// Depths that the venue offers.
const DEPTHS: [u32; 5] = [10, 25, 100, 500, 1_000];

/// How often more than lines is looked at.
const TURN_NS: i64 = 10 * Nanos::MILLI;

/// Wait between attempts while or after the venue is under maintenance.
pub(super) const MAINTENANCE_REST_NS: i64 = 5 * Nanos::SECOND;

/// The message rate is not published; this is far below what clients are known to send.
const RULES: Rules = Rules {
    attempts_span_ns: 600 * Nanos::SECOND,
    messages: (10, Nanos::SECOND),
    pace: Pace { free: 3, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND },
    ban_ns: 600 * Nanos::SECOND,
};

const HEARTBEAT: &[u8] = b"{\"channel\":\"heartbeat\"}";
const BOOK_CHANGE: &[u8] = b"{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":\"";
const BOOK_WHOLE: &[u8] = b"{\"channel\":\"book\",\"type\":\"snapshot\",\"data\":[{\"symbol\":\"";
const TRADES: &[u8] = b"{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"";
const TRADE_ID: &[u8] = b"\"trade_id\":";

/// The session: `tend.rs` is its unhurried half.
#[derive(Debug)]
pub(super) struct Kraken {
    pub(super) settings: Settings,
    pub(super) lines: Lines,
    pub(super) reader: Reader,
    pub(super) jitter: Jitter,
    pub(super) pairs: Vec<Pair>,
    /// From symbols to places in `pairs`.
    pub(super) table: SymbolTable,
    pub(super) instrument: [Grant; LINES_MAX],
    pub(super) has_begun: bool,
    pub(super) system: System,
    /// Was the venue under maintenance since all was well?
    pub(super) was_down: bool,
    pub(super) requests: u64,
    pub(super) due: Nanos,
    /// Until then trades may come twice.
    pub(super) overlap_until: Nanos,
    pub(super) state: State,
}

fn settings() -> Settings {
    let address = |host: &str, path: &str| Address {
        host: String::from(host),
        port: 443,
        path: String::from(path),
    };
    Settings {
        connection: ConnectionId::default(),
        follow: Vec::new(),
        depth: DEPTHS[0],
        trades: true,
        quotes: false,
        stream: address("ws.kraken.com", "/v2"),
        rest: address("api.kraken.com", "/0/public"),
        redundancy: 1,
        line_age_ns_max: 0,
        silence_ns_max: 10 * Nanos::SECOND,
        attempts_max: 120,
        seed: 0,
    }
}

fn open(settings: Settings, now: Nanos) -> Result<Box<dyn Session>, SettingsError> {
    const VENUE: &str = "kraken";
    settings.check(VENUE, "BTC/USD", |byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))?;
    if !DEPTHS.contains(&settings.depth) {
        let offered = "10, 25, 100, 500, 1000";
        return Err(SettingsError::Depth { venue: VENUE, found: settings.depth, offered });
    }
    let mut table = SymbolTable::with_capacity(settings.follow.len());
    let mut pairs = Vec::with_capacity(settings.follow.len());
    for (n, follow) in settings.follow.iter().enumerate() {
        table.insert(follow.symbol, InstrumentId(n as u32));
        pairs.push(Pair::new(follow.symbol, follow.id, now));
    }
    Ok(Box::new(Kraken {
        lines: Lines::new(&settings, RULES, now),
        jitter: Jitter::new(!settings.seed),
        settings,
        reader: Reader::default(),
        pairs,
        table,
        instrument: [Grant::OFF; LINES_MAX],
        has_begun: false,
        system: System::Online,
        was_down: false,
        requests: 0,
        due: now,
        overlap_until: now,
        state: State::new(Stage::Idle, Reason::NoLine, now),
    }))
}

impl Session for Kraken {
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
            self.show(now);
        }
        self.lines.poll(true, now, out);
    }

    fn begin(&mut self, now: Nanos) {
        self.has_begun = true;
        self.due = now;
    }

    fn is_described(&self) -> bool {
        self.pairs.iter().all(|pair| pair.status.is_some() || pair.refused.is_some())
    }

    fn opened(&mut self, line: Line, now: Nanos, out: &mut Actions) {
        if self.lines.opened(line, now) && self.lines.leader().is_none() {
            self.lead(line.index, now, out);
        }
        self.due = now;
    }

    fn failed(&mut self, line: Line, failure: &Failure, now: Nanos, _: &mut Actions) {
        if self.lines.failed(line, failure, now) && self.was_down {
            self.lines.rest(MAINTENANCE_REST_NS, now);
        }
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
        let is_leader = self.lines.leader() == Some(line.index);
        let is_alone = is_leader && self.lines.successor().is_none();
        if bytes.starts_with(BOOK_CHANGE) {
            if is_alone {
                return Pass::Feed(self.settings.connection);
            }
            return match self.pair_at(bytes, BOOK_CHANGE.len()) {
                Some(n) => self.change(n, line.index),
                None => self.unusual(line.index, bytes, now, out),
            };
        }
        if bytes.starts_with(TRADES) {
            if is_alone && now >= self.overlap_until {
                return Pass::Feed(self.settings.connection);
            }
            return match self.pair_at(bytes, TRADES.len()) {
                Some(n) => self.trades(n, line.index, bytes),
                None => Pass::Drop,
            };
        }
        if bytes == HEARTBEAT {
            return self.feed_if(is_leader);
        }
        if bytes.starts_with(BOOK_WHOLE)
            && let Some(n) = self.pair_at(bytes, BOOK_WHOLE.len())
        {
            return self.whole(n, line.index, now);
        }
        self.unusual(line.index, bytes, now, out)
    }

    fn fetched(&mut self, _: FetchId, _: &Answer<'_>, _: Nanos, _: &mut Actions) -> Pass {
        Pass::Drop
    }

    fn resync(&mut self, resync: &Resync, now: Nanos, _: &mut Actions) {
        let Some(pair) = self.pairs.iter_mut().find(|pair| pair.id == resync.instrument) else {
            return;
        };
        let Some(owner) = pair.owner else { return };
        let book = &mut pair.book[usize::from(owner)];
        // Else its snapshot is still to come, and mends it.
        if matches!(book.step, Step::Whole | Step::Granted) {
            book.doubt(pair.calm.doubt(now, &mut self.jitter), now);
            self.lines.tally.resyncs += 1;
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

impl Kraken {
    pub(super) fn feed_if(&self, is_right: bool) -> Pass {
        if is_right { Pass::Feed(self.settings.connection) } else { Pass::Drop }
    }

    /// The pair whose symbol begins at `at`.
    fn pair_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let text = bytes.get(at..)?;
        let end = text.iter().take(SYMBOL_BYTES_MAX + 1).position(|b| *b == b'"')?;
        self.pair_of(&Symbol::new(&text[..end])?)
    }

    pub(super) fn pair_of(&self, symbol: &Symbol) -> Option<usize> {
        let found = self.table.look_up(symbol);
        (found != InstrumentId::NONE).then(|| found.index())
    }

    /// A change of a book: only on the line that began the book.
    pub(super) fn change(&mut self, n: usize, index: u8) -> Pass {
        if self.pairs[n].owner == Some(index) {
            return Pass::Feed(self.settings.connection);
        }
        self.lines.tally.duplicates += 1;
        Pass::Drop
    }

    /// A whole book: from here on it counts on this line.
    pub(super) fn whole(&mut self, n: usize, index: u8, now: Nanos) -> Pass {
        let is_leader = self.lines.leader() == Some(index);
        let is_successor = self.lines.successor() == Some(index);
        let pair = &mut self.pairs[n];
        let has_moved = is_leader && pair.owner != Some(index);
        if (!is_leader && !is_successor) || has_moved {
            return Pass::Drop;
        }
        pair.owner = Some(index);
        let book = &mut pair.book[usize::from(index)];
        if matches!(book.step, Step::Asked | Step::Granted | Step::Whole) {
            book.turn(Step::Whole, now);
        }
        self.show(now);
        Pass::Feed(self.settings.connection)
    }

    /// A batch of trades while two lines bring them: each once, by its number.
    fn trades(&mut self, n: usize, index: u8, bytes: &[u8]) -> Pass {
        if self.lines.leader() != Some(index) && self.lines.successor() != Some(index) {
            return Pass::Drop;
        }
        let (Some(first), Some(last)) = (first_trade(bytes), last_trade(bytes)) else {
            return self.feed_if(self.lines.leader() == Some(index));
        };
        let pair = &mut self.pairs[n];
        if first <= pair.trade_id {
            self.lines.tally.duplicates += 1;
            return Pass::Drop;
        }
        pair.trade_id = last;
        Pass::Feed(self.settings.connection)
    }
}

/// The number of the first trade of a batch.
fn first_trade(bytes: &[u8]) -> Option<u64> {
    number_behind(bytes, bytes.windows(TRADE_ID.len()).position(|part| part == TRADE_ID)?)
}

/// The number of the last trade of a batch.
fn last_trade(bytes: &[u8]) -> Option<u64> {
    number_behind(bytes, bytes.windows(TRADE_ID.len()).rposition(|part| part == TRADE_ID)?)
}

fn number_behind(bytes: &[u8], key: usize) -> Option<u64> {
    let text = &bytes[key + TRADE_ID.len()..];
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.take(19).map(|byte| u64::from(byte - b'0')).reduce(|number, digit| number * 10 + digit)
}
