//! Coinbase Advanced Trade, live orders: REST for orders, the channel `user` for what becomes of
//! them.
//!
//! In: bodies as dispatch wrote them, frames, answers, the time. Out: HTTP requests with a JWT that
//! was there before, replies, facts.
//! Never: a JWT used twice, an order sent again: a name that was used gives back the old order, but
//! nobody knows that before the venue says so.
//!
//! | rule of the venue | what is done |
//! |---|---|
//! | no orders on the websocket | an HTTP request for each, on a kept-alive connection |
//! | a JWT for each request, good for two minutes | a stock, made anew at half its life |
//! | a subscription within 5 s of connecting | at once, with `heartbeats` to see silence |
//! | `sequence_num` counts all messages of a connection | a hole: connected anew |
//! | the snapshot comes in batches of 50 | whole with the first one that has fewer |
//! | sums, no single fills | fills as differences; `historical/fills` for the ledger |
//! | cancels by the venue's id alone | put in where dispatch wrote our name |
//! | 5xx and no answer leave the outcome open | unknown; looked for while its JWT lives |
//! | 30 private requests a second | 25, and a reserve for cancels |
//! | neither a dead man's switch nor a cancel of all | open orders are listed, then cancelled |
//!
//! After each connection: the snapshot lists open orders, `/accounts` what is held,
//! `/orders/historical/fills` fills since the line was last heard; orders of ours that are missing
//! are asked for one by one.

use super::budget::Budget;
use super::reports::Item;
use super::sign::Signer;
use super::stock::Stock;
use super::traded::Question;
use crate::base::{AccountId, InstrumentId, Nanos};
use crate::limits::{self, CLIENT_ID_BYTES};
use crate::sys::memory;
use crate::venue::session::{
    Actions, Address, Answer, Failure, FetchId, Line, Lines, Pace, Reader, Reason, Rules, Stage,
    State,
};
use crate::venue::trade::{
    self, HEX, KeyTexts, Kind, NO_BUDGET, NO_VENUE_ORDER, NOT_READY, NOT_TRADED, Network, Opening,
    Orders, Out, Parcel, Rates, Room, Route, Settings, Shown, Standing, Tally, TradeError, Trader,
    UNSENDABLE, VenueOrder,
};

/// The entry of the registry.
pub(in crate::venue) static TRADE: Opening = Opening { settings, open, kept: 4 };

/// Where all paths begin.
pub(super) const BROKERAGE: &str = "/api/v3/brokerage";

/// Room for a head with its JWT, beyond the body: a key's name has at most 256 bytes.
const HEAD_BYTES_MAX: usize = 3 << 10;

const TURN_NS: i64 = 10 * Nanos::MILLI;

const RULES: Rules = Rules {
    attempts_span_ns: Nanos::SECOND,
    messages: (5, Nanos::SECOND),
    pace: Pace { free: 2, first_ns: Nanos::SECOND, last_ns: 60 * Nanos::SECOND },
    ban_ns: 60 * Nanos::SECOND,
};

/// How far the channel `user` is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Channel {
    /// Asked for at this time, where it was.
    pub(super) asked: Option<Nanos>,
    /// A batch of its snapshot has come.
    pub(super) has_begun: bool,
    /// All of them have.
    pub(super) is_whole: bool,
    /// The number of the next message of the connection, once one has come.
    pub(super) next: Option<u64>,
}

/// What is still to be asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    pub(super) balances: bool,
    pub(super) fills: bool,
    /// Open orders, to cancel them.
    pub(super) cancel_all: bool,
}

/// The session: `traded.rs` is its unhurried half.
pub(super) struct Coinbase {
    pub(super) settings: Settings,
    pub(super) signer: Signer,
    pub(super) lines: Lines,
    pub(super) actions: Actions,
    pub(super) line: Option<Line>,
    pub(super) user: Channel,
    pub(super) orders: Orders,
    pub(super) reader: Reader,
    pub(super) items: Vec<Item>,
    /// By kind: place, amend, cancel.
    pub(super) stocks: [Stock; 3],
    pub(super) budget: Budget,
    pub(super) asked: Option<(FetchId, Question)>,
    /// What is to be asked next, before all else.
    pub(super) chained: Option<Question>,
    pub(super) last_fetch: u32,
    /// Amendments on their way: what the order is to become.
    pub(super) amends: Vec<(FetchId, i64, i64)>,
    pub(super) wants: Wants,
    pub(super) is_retired: bool,
    pub(super) since: Nanos,
    pub(super) heard: Nanos,
    pub(super) not_before: Nanos,
    pub(super) due: Nanos,
    pub(super) tally: Tally,
    pub(super) state: State,
    /// A request: written over by the next one.
    buffer: Vec<u8>,
    body: Vec<u8>,
}

fn settings(network: Network) -> Option<Settings> {
    // The sandbox plays back fixed answers and has no channel of its own: nothing to trade with.
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
        line: address("advanced-trade-ws-user.coinbase.com", "/"),
        rest: address("api.coinbase.com", ""),
        key: KeyTexts::default(),
        answer_ns_max: 5 * Nanos::SECOND,
        silence_ns_max: 5 * Nanos::SECOND,
        line_age_ns_max: 0,
        attempts_max: 2,
        dead_man_s: 0,
        is_rehearsal: false,
        rates: Rates { max: 25, decay_milli: 0, day_max: 0, cancel_reserve: 10 },
        since: Nanos::NONE,
        seed: 0,
    })
}

fn open(settings: Settings, now: Nanos) -> Result<Box<dyn Trader>, TradeError> {
    const VENUE: &str = "coinbase";
    settings.check(VENUE)?;
    let bound = |what, found: i64, expected| match found {
        0 => Ok(()),
        _ => Err(TradeError::Bound { venue: VENUE, what, found, expected }),
    };
    let switch = i64::from(settings.dead_man_s);
    bound("dead_man_s", switch, "0: the venue has no such switch")?;
    let rehearsal = i64::from(settings.is_rehearsal);
    bound("is_rehearsal", rehearsal, "0: the venue checks no order without placing it")?;
    let signer = Signer::new(&settings.key).map_err(|why| TradeError::Key { venue: VENUE, why })?;
    let host = &settings.rest.host;
    let stock = |path: &str| Stock::new(host, &format!("{BROKERAGE}{path}"));
    Ok(Box::new(Coinbase {
        lines: trade::lines(&settings, RULES, now),
        actions: Actions::new(),
        line: None,
        user: Channel::default(),
        orders: Orders::new(&settings),
        reader: Reader::default(),
        items: Vec::with_capacity(256),
        stocks: [stock("/orders"), stock("/orders/edit"), stock("/orders/batch_cancel")],
        budget: Budget::new(settings.rates.max),
        asked: None,
        chained: None,
        last_fetch: 0,
        amends: memory::resident(limits::OPEN_ORDERS_MAX),
        wants: Wants { balances: true, fills: settings.since != Nanos::NONE, cancel_all: false },
        is_retired: false,
        since: settings.since,
        heard: now,
        not_before: now,
        due: now,
        tally: Tally::default(),
        state: State::new(Stage::Idle, Reason::NoLine, now),
        buffer: memory::resident(limits::ORDER_BYTES_MAX + HEAD_BYTES_MAX),
        body: memory::resident(limits::ORDER_BYTES_MAX + 64),
        signer,
        settings,
    }))
}

impl Trader for Coinbase {
    fn poll(&mut self, now: Nanos, out: &mut Out) {
        while let Some((index, why)) = self.lines.next_overdue(now) {
            self.lines.close(index, why, now, &mut self.actions);
            self.on_lost(now);
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

    fn closed(&mut self, line: Line, code: u16, now: Nanos, _: &mut Out) {
        if self.lines.is_current(line) {
            self.lines.lose(line.index, Reason::Closed(code), now);
            self.on_lost(now);
        }
    }

    fn pinged(&mut self, line: Line, now: Nanos) {
        self.lines.pinged(line, now);
    }

    fn frame(&mut self, line: Line, bytes: &[u8], now: Nanos, out: &mut Out) {
        if self.lines.is_current(line) {
            self.lines.hear(line.index, now);
            self.heard = now;
            self.take(line, bytes, now, out);
        }
    }

    fn answered(&mut self, id: FetchId, answer: &Answer<'_>, now: Nanos, out: &mut Out) {
        match self.orders.answered(u128::from(id.0)) {
            Some(pending) => self.on_order(id, pending, answer, now, out),
            None => self.on_answer(id, answer, now, out),
        }
    }

    fn hand_in<'a>(&'a mut self, parcel: &Parcel<'a>, now: Nanos) -> Route<'a> {
        match self.admit(parcel, now) {
            Ok(id) => Route::Http { id, text: Shown(&self.buffer) },
            Err(number) => {
                self.tally.kept_back += 1;
                Route::Nowhere(self.orders.kept_back(parcel, number, now))
            }
        }
    }

    fn cancel_all(&mut self, now: Nanos, _: &mut Out) {
        self.wants.cancel_all = true;
        self.due = now;
    }

    fn cancel_standing(&mut self, standing: &Standing, now: Nanos, out: &mut Out) {
        self.cancel_batch(&[standing.venue_order], now, out);
    }

    fn reconcile(&mut self, since: Nanos, now: Nanos) {
        self.since = since;
        (self.wants.balances, self.wants.fills) = (true, true);
        // Its snapshot lists what is open.
        if let Some(line) = self.line {
            let why = (crate::venue::session::Why::Useless, Reason::Ordinary);
            self.lines.close(line.index, why, now, &mut self.actions);
            self.on_lost(now);
            self.since = since;
        }
    }

    fn retire(&mut self, _: Nanos, _: &mut Out) {
        self.is_retired = true;
    }

    fn is_ready(&self) -> bool {
        self.line.is_some()
            && self.user.is_whole
            && !self.wants.balances
            && !self.wants.fills
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
        Room { orders: self.budget.room(now, reserve), cancels: self.budget.room(now, 0) }
    }

    fn tally(&self) -> Tally {
        trade::tally(&self.tally, &self.lines, &self.orders.counts)
    }
}

impl Coinbase {
    /// Remembers an order and writes its request; else says why not.
    fn admit(&mut self, parcel: &Parcel<'_>, now: Nanos) -> Result<FetchId, u32> {
        if parcel.kind != Kind::Cancel && !self.is_ready() {
            return Err(NOT_READY);
        }
        self.orders.traded(parcel.instrument).ok_or(NOT_TRADED)?;
        let reserve = match parcel.kind {
            Kind::Cancel => 0,
            Kind::Place | Kind::Amend => self.settings.rates.cancel_reserve,
        };
        if self.budget.room(now, reserve) == 0 {
            return Err(NO_BUDGET);
        }
        let known = self.orders.by_client(&parcel.client);
        let id = known.map(|place| self.orders.entry(place).venue_order).unwrap_or_default();
        if let Some(place) = known
            && parcel.kind != Kind::Place
            && id.0 == 0
        {
            self.orders.ask(place, now);
            return Err(NO_VENUE_ORDER);
        }
        if !write_body(parcel, id, &mut self.body) {
            return Err(UNSENDABLE);
        }
        let fetch = FetchId(self.last_fetch + 1);
        self.orders.hand_in(parcel, u128::from(fetch.0), now)?;
        let stock = &mut self.stocks[match parcel.kind {
            Kind::Place => 0,
            Kind::Amend => 1,
            Kind::Cancel => 2,
        }];
        let seconds = (now.0 / Nanos::SECOND).max(0) as u64;
        let written = stock.write(&mut self.signer, &self.body, seconds, &mut self.buffer);
        let Some(was_there) = written else {
            self.orders.take_back(u128::from(fetch.0));
            return Err(UNSENDABLE);
        };
        if parcel.kind == Kind::Amend && self.amends.len() < self.amends.capacity() {
            self.amends.push((fetch, parcel.terms.price.0, parcel.terms.qty.0));
        }
        self.last_fetch = fetch.0;
        self.tally.late_signatures += u64::from(!was_there);
        self.tally.handed_in += 1;
        self.budget.spend(now);
        Ok(fetch)
    }
}

/// Copies a body with the venue's id where dispatch wrote our name. False where it is none of
/// dispatch's.
fn write_body(parcel: &Parcel<'_>, id: VenueOrder, out: &mut Vec<u8>) -> bool {
    const CANCEL: &[u8] = b"{\"order_ids\":[\"";
    const EDIT: &[u8] = b"{\"order_id\":\"";
    out.clear();
    if parcel.bytes.len() > limits::ORDER_BYTES_MAX {
        return false;
    }
    let before = match parcel.kind {
        Kind::Place => {
            out.extend_from_slice(parcel.bytes);
            return true;
        }
        Kind::Amend => EDIT,
        Kind::Cancel => CANCEL,
    };
    let name = parcel.client.0;
    let Some(rest) = parcel.bytes.strip_prefix(before) else { return false };
    let Some(rest) = rest.strip_prefix(&name) else { return false };
    out.extend_from_slice(before);
    for (n, shift) in (0..32).rev().enumerate() {
        if matches!(n, 8 | 12 | 16 | 20) {
            out.push(b'-');
        }
        out.push(HEX[(id.0 >> (4 * shift) & 15) as usize]);
    }
    out.extend_from_slice(rest);
    true
}

const _: () =
    assert!(CLIENT_ID_BYTES < 36, "an id is longer than a name: the buffer allows for it");

/// No text that waits to be sent is shown: it may hold secrets.
impl std::fmt::Debug for Coinbase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coinbase").field("state", &self.state).finish_non_exhaustive()
    }
}
