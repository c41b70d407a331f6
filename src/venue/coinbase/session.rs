//! Coinbase's market data, kept coming: the Advanced Trade websocket as a state machine.
//!
//! In: lines, frames, answers, resyncs, the time. Out: dials, subscriptions, questions over REST,
//! frames for the feed.
//! Never: a frame of the line that is lived on held back: all of them count in its sequence.
//!
//! | rule of the venue | what is done |
//! |---|---|
//! | tick and lot come from the product | asked over REST first; no line before |
//! | subscribe within 5 s | `heartbeats` at once |
//! | one channel a request | one request for each channel, products in batches |
//! | channels close after 60 to 90 s without data | `heartbeats` on each line |
//! | 8 messages and 8 connections a second | windows of 6 and 4 |
//! | nothing for 5 s, heartbeats included: reconnect | a silent line is closed |
//! | the reply lists all that is subscribed, and may come after the snapshot | both count |
//! | an error names no product | each is asked for alone, one after another |
//! | `sequence_num` counts the connection: a gap voids all books | all are taken anew at once |
//! | a crossed book | that one is taken anew |
//! | `-USDC` products come under their alias | refused, with that as the fix |
//!
//! A second line stands by with heartbeats alone: its counter and its books are its own, so nothing
//! that it brought could be joined on what the first one brought.

use super::pair::Pair;
use super::strict;
use super::talk::{self, Channel, Said};
use crate::base::{ConnectionId, InstrumentId, Nanos, Symbol, SymbolTable};
use crate::event::Resync;
use crate::limits::SYMBOL_BYTES_MAX;
use crate::venue::session::{
    ASKS_MAX, Action, Actions, Address, Answer, Failure, FetchId, Jitter, Line, Lines, Opening,
    Pace, Pass, Reader, Reason, Rules, Session, Settings, SettingsError, Stage, State, Step, Tally,
    Window,
};

/// The entry of the registry.
pub(super) static OPENING: Opening = Opening { settings, open };

/// How often more than lines is looked at.
const TURN_NS: i64 = 10 * Nanos::MILLI;

/// Products of one request.
const BATCH: usize = 50;

/// Time for an answer over REST.
const FETCH_NS_MAX: i64 = 30 * Nanos::SECOND;

/// How often metadata is asked for again: the market channels do not say when a product is halted.
const INFO_EVERY_NS: i64 = 300 * Nanos::SECOND;

/// Wait between questions that failed.
const FETCH_PACE: Pace = Pace { free: 0, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND };

/// Questions a second over REST: half of what is commonly quoted.
const FETCHES: u32 = 5;

/// Wait before a product that was refused is asked for again.
const REFUSAL_REST_NS: i64 = 30 * Nanos::SECOND;

/// The same where it was refused again and again.
const DENIAL_REST_NS: i64 = 300 * Nanos::SECOND;

const RULES: Rules = Rules {
    attempts_span_ns: Nanos::SECOND,
    messages: (6, Nanos::SECOND),
    pace: Pace { free: 2, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND },
    ban_ns: 60 * Nanos::SECOND,
};

const MARKET: [&[u8]; 3] =
    [b"{\"channel\":\"market_trades\"", b"{\"channel\":\"heartbeats\"", b"{\"channel\":\"ticker\""];
const BOOK: &[u8] = b"{\"channel\":\"l2_data\"";
const EVENTS: &[u8] = b"\"events\":[{\"type\":\"";
const WHOLE: &[u8] = b"{\"type\":\"snapshot\",\"product_id\":\"";

/// Bytes within which a frame's first event begins.
const HEAD_BYTES: usize = 256;

/// The session.
#[derive(Debug)]
struct Coinbase {
    settings: Settings,
    lines: Lines,
    reader: Reader,
    jitter: Jitter,
    pairs: Vec<Pair>,
    /// From products to places in `pairs`.
    table: SymbolTable,
    fetches: Window,
    last_fetch: u32,
    rest_until: Nanos,
    /// Is each product asked for alone, since a request for several was turned down?
    is_careful: bool,
    has_begun: bool,
    due: Nanos,
    state: State,
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
        depth: 0,
        trades: true,
        quotes: false,
        stream: address("advanced-trade-ws.coinbase.com", "/"),
        rest: address("api.coinbase.com", "/api/v3/brokerage"),
        redundancy: 1,
        line_age_ns_max: 0,
        silence_ns_max: 5 * Nanos::SECOND,
        attempts_max: 4,
        seed: 0,
    }
}

fn open(settings: Settings, now: Nanos) -> Result<Box<dyn Session>, SettingsError> {
    let is_symbol = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    settings.check("coinbase", "BTC-USD", is_symbol)?;
    let mut table = SymbolTable::with_capacity(settings.follow.len());
    let mut pairs = Vec::with_capacity(settings.follow.len());
    for (n, follow) in settings.follow.iter().enumerate() {
        table.insert(follow.symbol, InstrumentId(n as u32));
        pairs.push(Pair::new(follow.symbol, follow.id, now));
    }
    Ok(Box::new(Coinbase {
        lines: Lines::new(&settings, RULES, now),
        jitter: Jitter::new(!settings.seed),
        settings,
        reader: Reader::default(),
        pairs,
        table,
        fetches: Window::new(FETCHES, Nanos::SECOND),
        last_fetch: 0,
        rest_until: now,
        is_careful: false,
        has_begun: false,
        due: now,
        state: State::new(Stage::Idle, Reason::NoMetadata, now),
    }))
}

impl Session for Coinbase {
    fn poll(&mut self, now: Nanos, out: &mut Actions) {
        while let Some((index, why)) = self.lines.next_overdue(now) {
            let was_leader = self.lines.close(index, why, now, out);
            self.on_lost(was_leader, now, out);
        }
        if now >= self.due {
            self.due = Nanos(now.0 + TURN_NS);
            self.fetch(now, out);
            self.succeed(now, out);
            self.tend(now);
            self.show(now);
        }
        let is_wanted = self.has_begun && self.is_described();
        self.lines.poll(is_wanted && self.pairs.iter().any(Pair::is_listed), now, out);
    }

    fn begin(&mut self, now: Nanos) {
        self.has_begun = true;
        self.due = now;
    }

    fn is_described(&self) -> bool {
        self.pairs.iter().all(Pair::is_described)
    }

    fn opened(&mut self, line: Line, now: Nanos, out: &mut Actions) {
        if !self.lines.opened(line, now) {
            return;
        }
        // First of all: a line on which nothing is asked for within 5 s is closed.
        self.lines.say(line.index, talk::request(true, Channel::Heartbeat, &[]));
        if self.lines.leader().is_none() {
            self.lines.adopt(line.index, out);
        }
        self.due = now;
    }

    fn failed(&mut self, line: Line, failure: &Failure, now: Nanos, _: &mut Actions) {
        self.lines.failed(line, failure, now);
        self.show(now);
    }

    fn closed(&mut self, line: Line, code: u16, now: Nanos, out: &mut Actions) {
        if self.lines.is_current(line) {
            let was_leader = self.lines.lose(line.index, Reason::Closed(code), now);
            self.on_lost(was_leader, now, out);
        }
    }

    fn pinged(&mut self, line: Line, now: Nanos) {
        self.lines.pinged(line, now);
    }

    fn frame(&mut self, line: Line, bytes: &[u8], now: Nanos, _: &mut Actions) -> Pass {
        if !self.lines.is_current(line) {
            return Pass::Drop;
        }
        self.lines.hear(line.index, now);
        if self.lines.leader() != Some(line.index) {
            self.lines.turn(line.index, Stage::Live, Reason::StandBy, now);
            return Pass::Drop;
        }
        if bytes.starts_with(BOOK) {
            self.book(bytes, now);
        } else if !MARKET.iter().any(|begin| bytes.starts_with(begin)) {
            self.unusual(bytes, now);
        }
        Pass::Feed(self.settings.connection)
    }

    fn fetched(&mut self, id: FetchId, answer: &Answer<'_>, now: Nanos, out: &mut Actions) -> Pass {
        if let Some(n) = self.pairs.iter().position(|p| p.info.is_some_and(|(i, _)| i == id)) {
            self.answered(n, answer, now, out);
            self.due = now;
            self.show(now);
        }
        Pass::Drop
    }

    fn resync(&mut self, resync: &Resync, now: Nanos, _: &mut Actions) {
        let Some(pair) = self.pairs.iter_mut().find(|pair| pair.id == resync.instrument) else {
            return;
        };
        // Else its snapshot is still to come, and mends it.
        if matches!(pair.book.step, Step::Whole | Step::Granted) {
            let due = pair.calm.doubt(now, &mut self.jitter);
            pair.book.doubt(due, now);
            self.lines.tally.resyncs += 1;
            // All books of a connection ask at once; they are left in one request.
            self.due = self.due.min(Nanos(now.0 + TURN_NS));
        }
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

impl Coinbase {
    /// All books begin anew on another line, where there is one.
    fn on_lost(&mut self, was_leader: bool, now: Nanos, out: &mut Actions) {
        if was_leader {
            self.start_over(out);
            if let Some(other) = self.lines.oldest_but(None) {
                self.lines.adopt(other, out);
            }
        }
        self.due = now;
        self.show(now);
    }

    fn start_over(&mut self, out: &mut Actions) {
        self.pairs.iter_mut().for_each(Pair::forget);
        self.is_careful = false;
        let connection = self.settings.connection;
        out.push(Action::Reset { connection, about: InstrumentId::NONE });
    }

    /// A successor that lives takes over. Its books are not those of the old line, so they begin
    /// with their snapshots, a round trip later.
    fn succeed(&mut self, now: Nanos, out: &mut Actions) {
        let Some(new) = self.lines.successor() else { return };
        if self.lines.state(new).is_some_and(|state| state.is_live()) {
            self.lines.succeed(now, out);
            self.start_over(out);
        }
    }

    /// Asks for, and leaves, what is due on the line that is lived on.
    fn tend(&mut self, now: Nanos) {
        let Some(leader) = self.lines.leader() else { return };
        if !self.lines.is_idle(leader) {
            return;
        }
        self.pairs.iter_mut().for_each(|pair| pair.step(now));
        for channel in [Channel::Book, Channel::Trade] {
            if channel == Channel::Book || self.settings.trades {
                self.follow(leader, channel, now);
            }
        }
    }

    fn follow(&mut self, leader: u8, channel: Channel, now: Nanos) {
        let is_asked = |p: &Pair| p.book.step == Step::Asked || p.trade.step == Step::Asked;
        let mut is_waiting = self.is_careful && self.pairs.iter().any(is_asked);
        let (mut wanted, mut doubted) = (Vec::new(), Vec::new());
        for pair in self.pairs.iter_mut().filter(|pair| pair.is_listed()) {
            let product = pair.product;
            let grant = pair.grant(channel);
            if grant.step == Step::Off {
                grant.turn(Step::Wanted, now);
            }
            if grant.is_due(Step::Wanted, now) && !is_waiting {
                grant.turn(Step::Asked, now);
                is_waiting = self.is_careful;
                wanted.push(product);
            } else if grant.is_due(Step::Doubted, now) {
                grant.turn(Step::Leaving, now);
                doubted.push(product);
            }
        }
        for (is_subscribe, products) in [(false, doubted), (true, wanted)] {
            for products in products.chunks(BATCH) {
                self.lines.say(leader, talk::request(is_subscribe, channel, products));
            }
        }
    }

    /// A frame of books: which of them are whole ones?
    fn book(&mut self, bytes: &[u8], now: Nanos) {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        let Some(events) = place_of(head, EVENTS) else { return self.unusual(bytes, now) };
        if !head[events + EVENTS.len()..].starts_with(b"snapshot\"") {
            return;
        }
        let mut rest = &bytes[events..];
        while let Some(at) = place_of(rest, WHOLE) {
            rest = &rest[at + WHOLE.len()..];
            let name = rest.iter().take(SYMBOL_BYTES_MAX + 1).position(|byte| *byte == b'"');
            if let Some(n) = name.and_then(|end| self.pair_of(&Symbol::new(&rest[..end])?)) {
                self.pairs[n].whole(now);
            }
        }
        self.show(now);
    }

    /// A frame that is no ordinary market data.
    fn unusual(&mut self, bytes: &[u8], now: Nanos) {
        match self.reader.read(bytes, talk::read) {
            Ok(Said::Subscribed { books, trades }) => {
                for pair in &mut self.pairs {
                    pair.told(Channel::Book, books.contains(&pair.product), now);
                    pair.told(Channel::Trade, trades.contains(&pair.product), now);
                }
            }
            Ok(Said::Whole(products)) => {
                for product in products {
                    if let Some(n) = self.pair_of(&product) {
                        self.pairs[n].whole(now);
                    }
                }
            }
            Ok(Said::Error) => self.refuse(now),
            Ok(Said::Other) => {}
            Err(_) => self.lines.tally.unread += 1,
        }
        self.due = now;
        self.show(now);
    }

    /// A request was turned down, and the venue does not say which: from now on there is only one
    /// at a time.
    fn refuse(&mut self, now: Nanos) {
        self.lines.tally.errors += 1;
        for pair in &mut self.pairs {
            for channel in [Channel::Book, Channel::Trade] {
                let grant = pair.grant(channel);
                if grant.step != Step::Asked {
                    continue;
                }
                grant.turn(Step::Wanted, now);
                if self.is_careful {
                    grant.due = Nanos(now.0 + REFUSAL_REST_NS);
                    if grant.asks > ASKS_MAX {
                        grant.due = Nanos(now.0 + DENIAL_REST_NS);
                        pair.refused = Some(Reason::Denied);
                    }
                }
            }
        }
        self.is_careful = true;
    }

    fn pair_of(&self, product: &Symbol) -> Option<usize> {
        let found = self.table.look_up(product);
        (found != InstrumentId::NONE).then(|| found.index())
    }

    /// Asks over REST for what is due.
    fn fetch(&mut self, now: Nanos, out: &mut Actions) {
        for pair in &mut self.pairs {
            if pair.info.is_some_and(|(_, at)| now.0 - at.0 > FETCH_NS_MAX) {
                pair.put_off(FETCH_PACE, &mut self.jitter, now);
            }
            let is_due = pair.info.is_none() && now >= pair.info_due && now >= self.rest_until;
            if !is_due || !self.fetches.spend(now, 1) {
                continue;
            }
            self.last_fetch += 1;
            self.lines.tally.fetches += 1;
            let id = FetchId(self.last_fetch);
            pair.info = Some((id, now));
            let rest = &self.settings.rest;
            let path = talk::product_path(&rest.path, pair.product);
            out.push(Action::Fetch { id, address: Address { path, ..rest.clone() } });
        }
    }

    fn answered(&mut self, n: usize, answer: &Answer<'_>, now: Nanos, out: &mut Actions) {
        let pair = &mut self.pairs[n];
        pair.info = None;
        pair.info_due = Nanos(now.0 + INFO_EVERY_NS);
        match answer.status {
            200 => {}
            400 | 404 => {
                pair.refused = Some(Reason::Unlisted);
                return;
            }
            status => {
                if status == 429 || answer.retry_after_ns > 0 {
                    let rest_ns = answer.retry_after_ns.max(Nanos::SECOND);
                    self.rest_until = Nanos(now.0.saturating_add(rest_ns));
                }
                return pair.put_off(FETCH_PACE, &mut self.jitter, now);
            }
        }
        pair.info_failures = 0;
        let alias = self.reader.read(answer.body, talk::alias);
        let described = self.reader.described(strict::read, answer.body);
        let pair = &mut self.pairs[n];
        match (alias, described) {
            (Ok(Some(_)), _) => pair.refused = Some(Reason::Aliased),
            (Ok(None), Ok([described])) if described.symbol == pair.product => {
                pair.status = Some(described.status);
                if matches!(pair.refused, Some(Reason::Unlisted | Reason::Nonsense)) {
                    pair.refused = None;
                }
                out.push(Action::Describe { id: pair.id, described: Box::new(*described) });
            }
            _ => {
                self.lines.tally.unread += 1;
                pair.refused = Some(Reason::Nonsense);
            }
        }
    }

    /// Makes all states that are shown follow from all else.
    fn show(&mut self, now: Nanos) {
        let leader = self.lines.leader();
        let nothing = State::new(Stage::Idle, Reason::NoLine, now);
        let line = leader.or(Some(0)).and_then(|n| self.lines.state(n)).unwrap_or(nothing);
        for pair in &mut self.pairs {
            pair.show(line, leader.is_some(), self.has_begun, now);
        }
        let worst = State::worst(self.pairs.iter().map(|pair| pair.state)).unwrap_or(nothing);
        if let Some(leader) = leader {
            self.lines.turn(leader, worst.stage.max(Stage::Subscribing), Reason::Ordinary, now);
        }
        self.state.turn(worst.stage, worst.reason, now);
    }
}

/// Where `part` begins in `text`. It begins with a brace or a quotation mark, and few of either
/// are looked at in vain.
fn place_of(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
