//! Binance spot, live orders: the websocket API as a state machine.
//!
//! In: orders as dispatch wrote them, frames, the time. Out: the same orders, signed one by one
//! where the key cannot log on, replies, facts.
//! Never: an order on a line that has not been logged on or whose own events are not heard, an
//! answer of status 5xx taken for a refusal.
//!
//! | rule of the venue | what is done |
//! |---|---|
//! | an Ed25519 key logs a connection on | orders go out as dispatch wrote them |
//! | an HMAC key does not | each is signed into a buffer that is there |
//! | own events die with their connection | subscribed after each logon |
//! | a connection lives 24 h | a successor at 23 h, up before the old one is closed |
//! | `serverShutdown`, `eventStreamTerminated` | a successor at once |
//! | a ping each 20 s, and quiet otherwise | asked for a sign of life, else closed |
//! | `timestamp` at most 5 s old, 1 s ahead | beyond half a second off no order goes out |
//! | 5xx and -1007 leave the outcome open | unknown; asked for by our name |
//! | orders in 10 s and a day, weight | counted as the venue says, a reserve left alone |
//! | an amendment without a name gets one of the venue's | ours goes with it |
//! | no dead man's switch | whoever watches needs a line of his own |
//!
//! After each logon: `openOrders.status`, `account.status`, `account.rateLimits.orders` and for
//! each instrument `myTrades` since the line was last heard; orders of ours that are missing are
//! asked for one by one (`order.status` by our name).

use super::limited::Budget;
use super::posted::{Post, Question};
use super::reports::Told;
use super::sign::{SEAL_BYTES, Signer};
use crate::base::{AccountId, InstrumentId, Nanos};
use crate::event::ClientId;
use crate::limits::{self, CLIENT_ID_BYTES, LINES_MAX};
use crate::sys::memory;
use crate::venue::session::{
    Actions, Address, Answer, Failure, FetchId, Line, Lines, Pace, Reader, Reason, Rules, Stage,
    State,
};
use crate::venue::trade::{
    self, KeyTexts, Kind, NO_BUDGET, NOT_READY, NOT_TRADED, Network, Opening, Orders, Out, Parcel,
    Rates, Room, Route, Settings, Shown, Standing, Tally, TradeError, Trader, UNSENDABLE, key_of,
};

/// The entry of the registry.
pub(in crate::venue) static TRADE: Opening = Opening { settings, open, kept: 0 };

/// How often more than lines is looked at.
const TURN_NS: i64 = 10 * Nanos::MILLI;

/// Half of what the venue lets our clock be ahead.
pub(super) const OFFSET_NS_MAX: i64 = 500 * Nanos::MILLI;

const RULES: Rules = Rules {
    attempts_span_ns: 300 * Nanos::SECOND,
    messages: (50, Nanos::SECOND),
    pace: Pace { free: 2, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND },
    ban_ns: 120 * Nanos::SECOND,
};

/// What every request of dispatch's begins with.
const HEAD: &[u8] = b"{\"id\":\"";

/// The session: `posted.rs` is its unhurried half.
pub(super) struct Binance {
    pub(super) settings: Settings,
    pub(super) signer: Signer,
    pub(super) lines: Lines,
    pub(super) actions: Actions,
    pub(super) posts: [Post; LINES_MAX],
    pub(super) orders: Orders,
    pub(super) reader: Reader,
    pub(super) told: Told,
    pub(super) asked: Vec<(u64, Question, Nanos)>,
    pub(super) last_request: u64,
    pub(super) budget: Budget,
    /// The venue's clock less ours, once measured, ns.
    pub(super) offset_ns: i64,
    pub(super) is_retired: bool,
    /// Instruments whose orders are all to be cancelled, until the venue has answered.
    pub(super) cancels: Vec<usize>,
    /// What is still to be listed since the last logon.
    pub(super) listing: Listings,
    pub(super) since: Nanos,
    pub(super) heard: Nanos,
    /// No question before: the venue asked for patience.
    pub(super) not_before: Nanos,
    pub(super) due: Nanos,
    pub(super) tally: Tally,
    pub(super) state: State,
    /// A signed order: written over by the next one.
    pub(super) buffer: Vec<u8>,
    pub(super) scratch: Vec<u8>,
}

/// What is still to be listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Listings {
    pub(super) orders: bool,
    pub(super) balances: bool,
    pub(super) limits: bool,
    /// Instruments whose fills are to be listed, by place, and from which id on where there are
    /// more than one page; `None` where all that is over.
    pub(super) fills: Option<Vec<(usize, Option<u64>)>>,
}

#[allow(clippy::unnecessary_wraps, reason = "other venues have no such network")]
fn settings(network: Network) -> Option<Settings> {
    let (line, rest) = match network {
        Network::Live => ("ws-api.binance.com", "api.binance.com"),
        Network::Test => ("ws-api.testnet.binance.vision", "testnet.binance.vision"),
    };
    let address = |host: &str, path: &str| Address {
        host: String::from(host),
        port: 443,
        path: String::from(path),
    };
    Some(Settings {
        account: AccountId::NONE,
        instruments: Vec::new(),
        assets: Vec::new(),
        line: address(line, "/ws-api/v3"),
        rest: address(rest, ""),
        key: KeyTexts::default(),
        answer_ns_max: 5 * Nanos::SECOND,
        silence_ns_max: 30 * Nanos::SECOND,
        line_age_ns_max: 23 * 3_600 * Nanos::SECOND,
        attempts_max: 100,
        dead_man_s: 0,
        is_rehearsal: false,
        // Until the venue says its own.
        rates: Rates { max: 50, decay_milli: 0, day_max: 160_000, cancel_reserve: 0 },
        since: Nanos::NONE,
        seed: 0,
    })
}

fn open(settings: Settings, now: Nanos) -> Result<Box<dyn Trader>, TradeError> {
    const VENUE: &str = "binance";
    settings.check(VENUE)?;
    let found = i64::from(settings.dead_man_s);
    if found != 0 {
        let (what, expected) = ("dead_man_s", "0: the venue has no such switch");
        return Err(TradeError::Bound { venue: VENUE, what, found, expected });
    }
    let signer = Signer::new(&settings.key).map_err(|why| TradeError::Key { venue: VENUE, why })?;
    let room = limits::ORDER_BYTES_MAX + SEAL_BYTES + 64;
    Ok(Box::new(Binance {
        lines: trade::lines(&settings, RULES, now),
        actions: Actions::new(),
        posts: [Post::Down; LINES_MAX],
        orders: Orders::new(&settings),
        reader: Reader::default(),
        told: Told::default(),
        asked: Vec::new(),
        last_request: 0,
        budget: Budget::new(&settings.rates),
        offset_ns: 0,
        is_retired: false,
        cancels: Vec::new(),
        listing: Listings::default(),
        since: settings.since,
        heard: now,
        not_before: now,
        due: now,
        tally: Tally::default(),
        state: State::new(Stage::Idle, Reason::NoLine, now),
        buffer: memory::resident(room),
        scratch: memory::resident(room),
        signer,
        settings,
    }))
}

impl Trader for Binance {
    fn poll(&mut self, now: Nanos, out: &mut Out) {
        while let Some((index, why)) = self.lines.next_overdue(now) {
            let was_leader = self.lines.close(index, why, now, &mut self.actions);
            self.on_lost(index, was_leader, now, out);
        }
        self.orders.poll(now, &mut out.replies);
        if now >= self.due {
            self.due = Nanos(now.0 + TURN_NS);
            self.tend(now, out);
        }
        self.lines.poll(true, now, &mut self.actions);
        trade::carry(&mut self.actions, out);
    }

    fn opened(&mut self, line: Line, now: Nanos, _: &mut Out) {
        if self.lines.opened(line, now) {
            self.posts[usize::from(line.index)] = Post::Fresh(line);
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
            let was_leader = self.lines.lose(line.index, Reason::Closed(code), now);
            self.on_lost(line.index, was_leader, now, out);
        }
    }

    fn pinged(&mut self, line: Line, now: Nanos) {
        self.lines.pinged(line, now);
    }

    fn frame(&mut self, line: Line, bytes: &[u8], now: Nanos, out: &mut Out) {
        if self.lines.is_current(line) {
            self.lines.hear(line.index, now);
            self.heard = now;
            self.take(line.index, bytes, now, out);
        }
    }

    fn answered(&mut self, _: FetchId, _: &Answer<'_>, _: Nanos, _: &mut Out) {
        // Everything is asked on the line.
    }

    fn hand_in<'a>(&'a mut self, parcel: &Parcel<'a>, now: Nanos) -> Route<'a> {
        match self.admit(parcel, now) {
            Ok((line, true)) => Route::Frame { line, text: Shown(parcel.bytes) },
            Ok((line, false)) => Route::Frame { line, text: Shown(&self.buffer) },
            Err(number) => {
                self.tally.kept_back += 1;
                Route::Nowhere(self.orders.kept_back(parcel, number, now))
            }
        }
    }

    fn cancel_all(&mut self, now: Nanos, out: &mut Out) {
        self.cancels = (0..self.settings.instruments.len()).collect();
        self.ask_cancels(now);
        self.lines.poll(true, now, &mut self.actions);
        trade::carry(&mut self.actions, out);
    }

    fn cancel_standing(&mut self, standing: &Standing, now: Nanos, out: &mut Out) {
        self.ask(Question::CancelStanding(standing.symbol, standing.venue_order), now);
        self.lines.poll(true, now, &mut self.actions);
        trade::carry(&mut self.actions, out);
    }

    fn reconcile(&mut self, since: Nanos, now: Nanos) {
        self.since = since;
        self.list_anew(now);
    }

    fn retire(&mut self, _: Nanos, _: &mut Out) {
        self.is_retired = true;
    }

    fn is_ready(&self) -> bool {
        self.up().is_some()
            && !self.listing.orders
            && !self.listing.balances
            && self.listing.fills.is_none()
            && self.offset_ns.abs() <= OFFSET_NS_MAX
            && !self.is_retired
    }

    fn state(&self) -> State {
        self.state
    }

    fn room(&mut self, instrument: InstrumentId, now: Nanos) -> Room {
        if self.orders.traded(instrument).is_none() {
            return Room::default();
        }
        let reserve = self.settings.rates.cancel_reserve;
        // Cancels are not counted by the venue.
        Room { orders: self.budget.orders_left(now, reserve), cancels: u32::MAX }
    }

    fn tally(&self) -> Tally {
        trade::tally(&self.tally, &self.lines, &self.orders.counts)
    }
}

impl Binance {
    /// The line on which orders go out.
    pub(super) fn up(&self) -> Option<Line> {
        match self.posts[usize::from(self.lines.leader()?)] {
            Post::Up(line) => Some(line),
            _ => None,
        }
    }

    /// Remembers an order, and signs it where it must be: true where it goes out as it is.
    fn admit(&mut self, parcel: &Parcel<'_>, now: Nanos) -> Result<(Line, bool), u32> {
        let line = self.up().ok_or(NOT_READY)?;
        if parcel.kind != Kind::Cancel && !self.is_ready() {
            return Err(NOT_READY);
        }
        self.orders.traded(parcel.instrument).ok_or(NOT_TRADED)?;
        let reserve = self.settings.rates.cancel_reserve;
        if parcel.kind == Kind::Place && self.budget.orders_left(now, reserve) == 0 {
            return Err(NO_BUDGET);
        }
        let key = request_key(parcel.bytes).ok_or(UNSENDABLE)?;
        let is_rehearsal = self.settings.is_rehearsal && parcel.kind == Kind::Place;
        let is_plain = self.signer.logs_on() && !is_rehearsal && parcel.kind != Kind::Amend;
        if !is_plain {
            if !rewrite(parcel, is_rehearsal, &mut self.scratch) {
                return Err(UNSENDABLE);
            }
            if self.signer.logs_on() {
                std::mem::swap(&mut self.scratch, &mut self.buffer);
            } else if !self.signer.seal(&self.scratch, &mut self.buffer) {
                return Err(UNSENDABLE);
            }
        }
        self.orders.hand_in(parcel, key, now)?;
        if parcel.kind == Kind::Place {
            self.budget.place(now);
        }
        self.tally.handed_in += 1;
        Ok((line, is_plain))
    }
}

/// What a request of dispatch's is called.
fn request_key(bytes: &[u8]) -> Option<u128> {
    let name = bytes.strip_prefix(HEAD)?.get(..CLIENT_ID_BYTES)?;
    Some(key_of(&ClientId(name.try_into().ok()?)))
}

/// Copies a request with what dispatch cannot put in. False where it is too long for one.
fn rewrite(parcel: &Parcel<'_>, is_rehearsal: bool, out: &mut Vec<u8>) -> bool {
    const PLACE: &[u8] = b"\"method\":\"order.place\"";
    const TEST: &[u8] = b"\"method\":\"order.test\"";
    out.clear();
    if parcel.bytes.len() > limits::ORDER_BYTES_MAX {
        return false;
    }
    if is_rehearsal {
        let at = HEAD.len() + CLIENT_ID_BYTES + 2;
        if !parcel.bytes.get(at..).is_some_and(|rest| rest.starts_with(PLACE)) {
            return false;
        }
        out.extend_from_slice(&parcel.bytes[..at]);
        out.extend_from_slice(TEST);
        out.extend_from_slice(&parcel.bytes[at + PLACE.len()..]);
    } else {
        out.extend_from_slice(parcel.bytes);
    }
    if parcel.kind == Kind::Amend {
        if !out.ends_with(b"}}") {
            return false;
        }
        out.truncate(out.len() - 2);
        out.extend_from_slice(b",\"newClientOrderId\":\"");
        out.extend_from_slice(parcel.client.text().as_bytes());
        out.extend_from_slice(b"\"}}");
    }
    true
}

/// No text that waits to be sent is shown: it may hold secrets.
impl std::fmt::Debug for Binance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Binance").field("state", &self.state).finish_non_exhaustive()
    }
}
