//! Kraken, live orders: the private line of websocket v2, and signed REST for what it does not say.
//!
//! In: orders as dispatch wrote them, frames, answers, the time. Out: the same orders with the
//! token, replies, facts.
//! Never: an order on a line whose own events are not heard, a dead man's switch that is armed for
//! a session that has retired.
//!
//! | rule of the venue | what is done |
//! |---|---|
//! | a token for each connection, good for 15 minutes unused | asked for before each dial |
//! | a private line without a subscription is dropped | `executions`, `balances` at once |
//! | about a minute without traffic closes | a ping where nothing was sent |
//! | `sequence` counts messages of a subscription | a hole: it is taken anew |
//! | answers and `executions` race | each says only what it knows; sums tell fills |
//! | updates are sparse | orders are found by the venue's id |
//! | a late order is refused (`Deadline elapsed`, 5 s) | unknown after no answer; asked for |
//! | `cancel_all_orders_after` cancels all when it is not heard of us | armed anew in time |
//! | after maintenance such a switch cancels everything | disarmed when maintenance begins |
//!
//! After each connection the snapshot of `executions` lists open orders, that of `balances` what is
//! held, and `TradesHistory` fills since the line was last heard; orders of ours that are missing
//! are asked for one by one (`QueryOrders`, or by our name in `OpenOrders` and `ClosedOrders`).

use super::asked::Question;
use super::budget::{CANCEL_MAX, Counter, cost};
use super::reports::{Holding, Item};
use super::sign::Signer;
use super::talk::System;
use crate::base::{AccountId, InstrumentId, Nanos};
use crate::limits;
use crate::sys::memory;
use crate::venue::session::{
    Actions, Address, Answer, Failure, FetchId, Line, Lines, Pace, Reader, Reason, Rules, Stage,
    State,
};
use crate::venue::trade::{
    self, Bytes, Fact, KeyTexts, Kind, NO_BUDGET, NOT_READY, NOT_TRADED, Network, Opening, Orders,
    Out, Parcel, Rates, Room, Route, Secret, Settings, Shown, Standing, Tally, TradeError, Trader,
    UNSENDABLE,
};

/// The entry of the registry.
pub(in crate::venue) static TRADE: Opening = Opening { settings, open, kept: 0 };

/// Room that a token and `validate` take beyond a plain request.
const TOKEN_BYTES_MAX: usize = 256 + 32;

const TOKEN: &[u8] = b"\"token\":\"\"";

/// How often more than lines is looked at.
pub(super) const TURN_NS: i64 = 10 * Nanos::MILLI;

const RULES: Rules = Rules {
    attempts_span_ns: 600 * Nanos::SECOND,
    messages: (10, Nanos::SECOND),
    pace: Pace { free: 3, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND },
    ban_ns: 600 * Nanos::SECOND,
};

/// How far a private channel is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Channel {
    /// Asked for at this time, where it was.
    pub(super) asked: Option<Nanos>,
    /// Its snapshot has come.
    pub(super) is_whole: bool,
    /// The number of its next message.
    pub(super) next: u64,
}

/// The token of a connection.
#[derive(Debug)]
pub(super) enum Token {
    /// To be asked for, not before this time.
    Wanted(Nanos),
    /// Asked for.
    Asked,
    /// There since then.
    Here(Secret, Nanos),
}

/// The session: `tended.rs` is its unhurried half.
pub(super) struct Kraken {
    pub(super) settings: Settings,
    pub(super) signer: Signer,
    pub(super) lines: Lines,
    pub(super) actions: Actions,
    pub(super) orders: Orders,
    pub(super) reader: Reader,
    pub(super) items: Vec<Item>,
    pub(super) holdings: Vec<Holding>,
    pub(super) token: Token,
    pub(super) failures: u32,
    /// The line that is lived on.
    pub(super) line: Option<Line>,
    pub(super) executions: Channel,
    pub(super) balances: Channel,
    pub(super) system: System,
    pub(super) asked: Option<(FetchId, Question)>,
    pub(super) last_fetch: u32,
    pub(super) requests: u64,
    /// By instrument, in the settings' order.
    pub(super) counters: Vec<Counter>,
    pub(super) rest: Counter,
    /// When all is to be asked to be cancelled, until the venue has answered; never else.
    pub(super) cancel_all_due: Option<Nanos>,
    /// When the switch is to be armed anew.
    pub(super) switch_due: Nanos,
    pub(super) is_retired: bool,
    /// Fills since then are to be asked for; `None` where they were.
    pub(super) fills_since: Option<Nanos>,
    pub(super) fills_due: Nanos,
    pub(super) heard: Nanos,
    pub(super) due: Nanos,
    pub(super) tally: Tally,
    pub(super) state: State,
    /// An order with its token: written over by the next one.
    buffer: Bytes,
}

fn settings(network: Network) -> Option<Settings> {
    if network == Network::Test {
        return None;
    }
    let address = |host: &str, path: &str| Address {
        host: String::from(host),
        port: 443,
        path: String::from(path),
    };
    Some(Settings {
        account: AccountId::NONE,
        instruments: Vec::new(),
        assets: Vec::new(),
        line: address("ws-auth.kraken.com", "/v2"),
        rest: address("api.kraken.com", ""),
        key: KeyTexts::default(),
        answer_ns_max: 5 * Nanos::SECOND,
        silence_ns_max: 10 * Nanos::SECOND,
        line_age_ns_max: 0,
        attempts_max: 60,
        dead_man_s: 60,
        is_rehearsal: false,
        // The intermediate tier.
        rates: Rates { max: 125, decay_milli: 2_340, day_max: 0, cancel_reserve: 40 },
        since: Nanos::NONE,
        seed: 0,
    })
}

fn open(settings: Settings, now: Nanos) -> Result<Box<dyn Trader>, TradeError> {
    const VENUE: &str = "kraken";
    settings.check(VENUE)?;
    let signer = Signer::new(&settings.key).map_err(|why| TradeError::Key { venue: VENUE, why })?;
    let counters = vec![Counter::of(&settings.rates, now); settings.instruments.len()];
    Ok(Box::new(Kraken {
        lines: trade::lines(&settings, RULES, now),
        actions: Actions::new(),
        orders: Orders::new(&settings),
        reader: Reader::default(),
        items: Vec::with_capacity(256),
        holdings: Vec::with_capacity(256),
        token: Token::Wanted(now),
        failures: 0,
        line: None,
        executions: Channel::default(),
        balances: Channel::default(),
        system: System::Online,
        asked: None,
        last_fetch: 0,
        requests: 0,
        counters,
        // The starter tier's: the lowest.
        rest: Counter::new(15, 330, now),
        cancel_all_due: None,
        switch_due: now,
        is_retired: false,
        fills_since: Some(settings.since).filter(|since| *since != Nanos::NONE),
        fills_due: now,
        heard: now,
        due: now,
        tally: Tally::default(),
        state: State::new(Stage::Idle, Reason::NoLine, now),
        buffer: Bytes::new(memory::resident(limits::ORDER_BYTES_MAX + TOKEN_BYTES_MAX)),
        signer,
        settings,
    }))
}

impl Trader for Kraken {
    fn poll(&mut self, now: Nanos, out: &mut Out) {
        while let Some((index, why)) = self.lines.next_overdue(now) {
            self.lines.close(index, why, now, &mut self.actions);
            self.on_lost(now, out);
        }
        self.orders.poll(now, &mut out.replies);
        if now >= self.due {
            self.due = Nanos(now.0 + TURN_NS);
            self.tend(now, out);
        }
        let may_dial = matches!(self.token, Token::Here(..));
        self.lines.poll(may_dial, now, &mut self.actions);
        trade::carry(&mut self.actions, out);
    }

    fn opened(&mut self, line: Line, now: Nanos, _: &mut Out) {
        if self.lines.opened(line, now) {
            self.lines.adopt(line.index, &mut self.actions);
            self.line = Some(line);
            self.due = now;
        }
    }

    fn failed(&mut self, line: Line, failure: &Failure, now: Nanos, _: &mut Out) {
        if self.lines.failed(line, failure, now) {
            self.due = now;
        }
    }

    fn closed(&mut self, line: Line, code: u16, now: Nanos, out: &mut Out) {
        if self.lines.is_current(line) {
            self.lines.lose(line.index, Reason::Closed(code), now);
            self.on_lost(now, out);
        }
    }

    fn pinged(&mut self, line: Line, now: Nanos) {
        self.lines.pinged(line, now);
    }

    fn frame(&mut self, line: Line, bytes: &[u8], now: Nanos, out: &mut Out) {
        if self.lines.is_current(line) {
            self.lines.hear(line.index, now);
            self.heard = now;
            self.take(bytes, now, out);
        }
    }

    fn answered(&mut self, id: FetchId, answer: &Answer<'_>, now: Nanos, out: &mut Out) {
        self.on_answer(id, answer, now, out);
    }

    fn hand_in<'a>(&'a mut self, parcel: &Parcel<'a>, now: Nanos) -> Route<'a> {
        match self.admit(parcel, now) {
            Ok(line) => Route::Frame { line, text: Shown(&self.buffer) },
            Err(number) => {
                self.tally.kept_back += 1;
                Route::Nowhere(self.orders.kept_back(parcel, number, now))
            }
        }
    }

    fn cancel_all(&mut self, now: Nanos, out: &mut Out) {
        self.cancel_all_due = Some(now);
        self.tend_cancels(now, out);
    }

    fn cancel_standing(&mut self, standing: &Standing, now: Nanos, out: &mut Out) {
        let id = standing.venue_order.as_letters();
        self.say("cancel_order", &format!("\"order_id\":[\"{id}\"],"), now, out);
    }

    fn reconcile(&mut self, since: Nanos, now: Nanos) {
        self.fills_since = Some(since);
        self.fills_due = now;
        self.resubscribe(now);
    }

    fn retire(&mut self, now: Nanos, out: &mut Out) {
        self.is_retired = true;
        if self.settings.dead_man_s > 0 {
            self.say("cancel_all_orders_after", "\"timeout\":0,", now, out);
        }
    }

    fn is_ready(&self) -> bool {
        self.line.is_some()
            && self.executions.is_whole
            && self.balances.is_whole
            && self.fills_since.is_none()
            && self.system == System::Online
            && !self.is_retired
    }

    fn state(&self) -> State {
        self.state
    }

    fn room(&mut self, instrument: InstrumentId, now: Nanos) -> Room {
        let reserve = self.settings.rates.cancel_reserve;
        let Some(place) = self.orders.traded(instrument) else { return Room::default() };
        let counter = &mut self.counters[place];
        Room { orders: counter.room(now, reserve), cancels: counter.room(now, 0) / CANCEL_MAX }
    }

    fn tally(&self) -> Tally {
        trade::tally(&self.tally, &self.lines, &self.orders.counts)
    }
}

impl Kraken {
    /// Remembers an order and writes it with the token; else says why not.
    fn admit(&mut self, parcel: &Parcel<'_>, now: Nanos) -> Result<Line, u32> {
        let line = self.line.ok_or(NOT_READY)?;
        let Token::Here(token, _) = &self.token else { return Err(NOT_READY) };
        if parcel.kind != Kind::Cancel && !self.is_ready() {
            return Err(NOT_READY);
        }
        let place = self.orders.traded(parcel.instrument).ok_or(NOT_TRADED)?;
        let age_ns = self
            .orders
            .by_client(&parcel.client)
            .map_or(i64::MAX, |place| now.0 - self.orders.entry(place).placed.0);
        let counts = cost(parcel.kind, age_ns);
        let reserve = self.settings.rates.cancel_reserve;
        // Cancels go out whatever the counter says: what is left for them, the reserve saw to.
        if parcel.kind != Kind::Cancel && self.counters[place].room(now, reserve) < counts {
            return Err(NO_BUDGET);
        }
        if !splice(parcel, token.expose(), self.settings.is_rehearsal, &mut self.buffer) {
            return Err(UNSENDABLE);
        }
        self.orders.hand_in(parcel, u128::from(parcel.order.0), now)?;
        self.counters[place].add(now, counts);
        self.tally.handed_in += 1;
        Ok(line)
    }

    /// Writes a request of our own, with the token.
    pub(super) fn say(&mut self, method: &str, params: &str, now: Nanos, out: &mut Out) {
        let Token::Here(token, _) = &self.token else { return };
        let Some(line) = self.line else { return };
        self.requests += 1;
        let text = format!(
            "{{\"method\":\"{method}\",\"params\":{{{params}\"token\":\"{}\"}},\"req_id\":{}}}",
            token.expose(),
            OWN_REQUESTS + self.requests,
        );
        self.lines.say(line.index, text);
        self.lines.poll(true, now, &mut self.actions);
        trade::carry(&mut self.actions, out);
    }

    /// Puts what is held into facts.
    pub(super) fn tell_holdings(&mut self, out: &mut Out) {
        for holding in &self.holdings {
            out.facts.push(Fact::Balance(trade::balance(
                &self.orders,
                holding.asset,
                holding.balance,
                None,
                holding.at,
            )));
        }
    }
}

/// Numbers of requests of the session's own: beyond those of decisions, and exact in JSON.
pub(super) const OWN_REQUESTS: u64 = 1 << 52;

/// Writes a request with the token, which dispatch left out. False where it is none of dispatch's.
fn splice(parcel: &Parcel<'_>, token: &str, is_rehearsal: bool, buffer: &mut Vec<u8>) -> bool {
    buffer.clear();
    // It stands near the end, before the request's number.
    let Some(at) = parcel.bytes.windows(TOKEN.len()).rposition(|part| part == TOKEN) else {
        return false;
    };
    let is_too_long = parcel.bytes.len() > limits::ORDER_BYTES_MAX;
    if is_too_long || token.len() + 32 > TOKEN_BYTES_MAX {
        return false;
    }
    buffer.extend_from_slice(&parcel.bytes[..at]);
    // A cancel cannot be rehearsed, and there is nothing to cancel.
    if is_rehearsal && parcel.kind == Kind::Place {
        buffer.extend_from_slice(b"\"validate\":true,");
    }
    buffer.extend_from_slice(&TOKEN[..TOKEN.len() - 1]);
    buffer.extend_from_slice(token.as_bytes());
    buffer.extend_from_slice(&parcel.bytes[at + TOKEN.len() - 1..]);
    true
}

/// No text that waits to be sent is shown: it may hold secrets.
impl std::fmt::Debug for Kraken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kraken").field("state", &self.state).finish_non_exhaustive()
    }
}
