//! Orders of a session: what was handed in, what the venue said of each, what is owed an answer.
//!
//! In: parcels, [`Word`]s, the time. Out: [`Reply`]s, and which orders have to be asked for.
//!
//! Words come in any order, twice, late, or only in sums. What holds them together:
//!
//! - A fill is what a word's total is above the total known so far: told twice it is nothing, told
//!   late it is nothing, and where words were lost it is all that was missed, as one fill at its
//!   mean price ([`Counts::merged`]).
//! - A fill counts whenever it comes, also after an end. An end is told once.
//! - An order is filled by its quantities. `filled` is the venue's opinion: where quantities do not
//!   agree the order is asked for.
//! - A request without an answer leaves its order unknown, and the order is asked for, later and
//!   later, until the venue says what became of it. Only where the venue does not know it at a time
//!   when the request can no longer arrive was it never placed.
//!
//! Never: an allocation after construction, an order that is not over forgotten.

use super::cause::NEVER_ARRIVED;
use super::contract::{Asset, Kind, Parcel, Settings, Traded};
use super::entry::{Counts, Entry, Heard, Pending, Stage};
use super::index::Index;
use super::ledger::{Step, step};
use super::out::VenueOrder;
use super::word::{Event, Word};
use crate::base::{AccountId, AssetId, InstrumentId, Nanos, Symbol};
use crate::event::{ClientId, Happened, Reply};
use crate::limits;
use crate::sys::memory;

/// Requests that may be without an answer at once.
const PENDING_MAX: usize = limits::OPEN_ORDERS_MAX;

/// The first wait before an order is asked for again, and the longest.
const ASK_NS: (i64, i64) = (Nanos::SECOND, 30 * Nanos::SECOND);

/// All of them.
#[derive(Debug)]
pub struct Orders {
    /// What was counted.
    pub counts: Counts,
    account: AccountId,
    traded: Vec<Traded>,
    assets: Vec<Asset>,
    answer_ns_max: i64,
    entries: Vec<Entry>,
    room: usize,
    /// Places of those that are over, the oldest first, in a circle.
    over: std::collections::VecDeque<u32>,
    by_client: Index,
    by_venue: Index,
    pending: Vec<Pending>,
    /// The earliest time at which a pending request or a question is due.
    due: Nanos,
    listing: u32,
}

const NEVER: Nanos = Nanos(i64::MAX);

impl Orders {
    /// None yet.
    pub fn new(settings: &Settings) -> Orders {
        let room = limits::OPEN_ORDERS_MAX + limits::OVER_ORDERS_KEPT;
        Orders {
            counts: Counts::default(),
            account: settings.account,
            traded: settings.instruments.clone(),
            assets: settings.assets.clone(),
            answer_ns_max: settings.answer_ns_max,
            entries: memory::resident(room),
            room,
            over: std::collections::VecDeque::with_capacity(room),
            by_client: Index::new(room),
            by_venue: Index::new(room),
            pending: memory::resident(PENDING_MAX),
            due: NEVER,
            listing: 0,
        }
    }

    /// The place of an instrument in the settings' list.
    pub fn traded(&self, id: InstrumentId) -> Option<usize> {
        self.traded.iter().position(|one| one.id == id)
    }

    /// An instrument by its place.
    pub fn instrument(&self, place: usize) -> &Traded {
        &self.traded[place]
    }

    /// All instruments.
    pub fn instruments(&self) -> &[Traded] {
        &self.traded
    }

    /// An instrument by its symbol on the wire.
    pub fn listed(&self, symbol: &str) -> Option<&Traded> {
        self.traded.iter().find(|one| one.symbol.as_str() == symbol)
    }

    /// An asset by the venue's name.
    pub fn asset(&self, name: &Symbol) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.name == *name)
    }

    /// Decimals of an asset.
    pub fn decimals(&self, id: AssetId) -> u8 {
        self.assets.iter().find(|asset| asset.id == id).map_or(0, |asset| asset.decimals)
    }

    /// The order at a place.
    pub fn entry(&self, place: u32) -> &Entry {
        &self.entries[place as usize]
    }

    /// Orders that are not over.
    pub fn alive(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.stage != Stage::Over)
    }

    /// The place of an order by our name.
    pub fn by_client(&self, client: &ClientId) -> Option<u32> {
        self.by_client.find(key_of(client))
    }

    /// The place of an order by the venue's id.
    pub fn by_venue(&self, id: VenueOrder) -> Option<u32> {
        if id.0 == 0 { None } else { self.by_venue.find(id.0) }
    }

    /// How many requests are owed an answer.
    pub fn waiting(&self) -> u32 {
        self.pending.len() as u32
    }

    /// Remembers what is handed in; else says why it must not be.
    pub fn hand_in(&mut self, parcel: &Parcel<'_>, key: u128, now: Nanos) -> Result<u32, u32> {
        use super::cause::{NO_ROOM, NOT_KNOWN, NOT_TRADED};
        if self.pending.len() == PENDING_MAX {
            return Err(NO_ROOM);
        }
        let known = self.by_client(&parcel.client);
        let place = match (parcel.kind, known) {
            (Kind::Place, None) => {
                let traded = self.traded(parcel.instrument).ok_or(NOT_TRADED)?;
                self.insert(parcel, traded, now).ok_or(NO_ROOM)?
            }
            // A name is used once: the venue would give back the old order, or refuse.
            (Kind::Place, Some(_)) => return Err(super::cause::UNSENDABLE),
            (Kind::Amend | Kind::Cancel, Some(place)) => place,
            (Kind::Amend | Kind::Cancel, None) => return Err(NOT_KNOWN),
        };
        let due = Nanos(now.0.saturating_add(self.answer_ns_max));
        self.pending.push(Pending { key, place, kind: parcel.kind, due });
        self.due = self.due.min(due);
        Ok(place)
    }

    /// The request with this key was answered, or will not be: it is no longer waited for.
    pub fn answered(&mut self, key: u128) -> Option<Pending> {
        let at = self.pending.iter().position(|pending| pending.key == key)?;
        Some(self.pending.remove(at))
    }

    /// A request was refused.
    pub fn refused(&mut self, pending: Pending, number: u32, now: Nanos, out: &mut Vec<Reply>) {
        let entry = &mut self.entries[pending.place as usize];
        let happened = match pending.kind {
            Kind::Cancel => {
                // It is not open, so something became of it that we have not heard of.
                if entry.stage != Stage::Over {
                    entry.ask = now;
                    self.due = self.due.min(now);
                }
                Happened::CancelRejected(number)
            }
            Kind::Amend => Happened::AmendRejected(number),
            // Placed and refused at once cannot be: whoever is right, the venue is asked.
            Kind::Place if entry.was_seen => {
                entry.ask = now;
                self.due = self.due.min(now);
                return;
            }
            Kind::Place if entry.stage == Stage::Over => return,
            Kind::Place => Happened::Rejected(number),
        };
        let reply = self.reply(pending.place, now, Nanos::NONE, happened);
        out.push(reply);
        if pending.kind == Kind::Place {
            self.close(pending.place);
        }
    }

    /// Whether a request was done is not known.
    pub fn doubt(&mut self, pending: Pending, now: Nanos, out: &mut Vec<Reply>) {
        let entry = &mut self.entries[pending.place as usize];
        if entry.stage == Stage::Over {
            return;
        }
        entry.ask = now;
        self.due = self.due.min(now);
        if pending.kind == Kind::Place && entry.stage == Stage::Sent {
            entry.stage = Stage::Unknown;
            let reply = self.reply(pending.place, now, Nanos::NONE, Happened::Unknown);
            out.push(reply);
        }
    }

    /// The line is lost: what is owed an answer will not get one.
    pub fn doubt_all(&mut self, now: Nanos, out: &mut Vec<Reply>) {
        while let Some(pending) = self.pending.pop() {
            self.doubt(pending, now, out);
        }
    }

    /// Lets time pass: answers that are overdue will not come.
    pub fn poll(&mut self, now: Nanos, out: &mut Vec<Reply>) {
        if now < self.due {
            return;
        }
        while let Some(at) = self.pending.iter().position(|pending| now >= pending.due) {
            let pending = self.pending.remove(at);
            self.counts.timeouts += 1;
            self.doubt(pending, now, out);
        }
        let pending = self.pending.iter().map(|pending| pending.due);
        let asks = self.alive().map(|entry| entry.ask);
        self.due = pending.chain(asks).min().unwrap_or(NEVER);
    }

    /// An order that is to be asked for now; it is not given again before a wait.
    pub fn next_question(&mut self, now: Nanos) -> Option<u32> {
        if now < self.due {
            return None;
        }
        let is_due = |entry: &Entry| entry.stage != Stage::Over && now >= entry.ask;
        let place = self.entries.iter().position(is_due)?;
        let entry = &mut self.entries[place];
        let wait_ns = (ASK_NS.0 << entry.asks.min(5)).min(ASK_NS.1);
        entry.ask = Nanos(now.0 + wait_ns);
        entry.asks += 1;
        Some(place as u32)
    }

    /// Is this order to be asked for, now or later?
    pub fn is_in_doubt(&self, place: u32) -> bool {
        let entry = &self.entries[place as usize];
        entry.stage != Stage::Over && entry.ask != NEVER
    }

    /// The venue does not know an order. `settled_ns` after it was handed in its request cannot
    /// arrive any more; before, and where the venue did know it once, it is asked for again.
    pub fn absent(&mut self, place: u32, settled_ns: i64, now: Nanos, out: &mut Vec<Reply>) {
        let entry = &self.entries[place as usize];
        let is_settled = now.0 - entry.sent.0 >= settled_ns;
        if entry.stage == Stage::Over || entry.was_seen || !is_settled {
            return;
        }
        let happened = Happened::Rejected(NEVER_ARRIVED);
        let reply = self.reply(place, now, Nanos::NONE, happened);
        out.push(reply);
        self.close(place);
    }

    /// A listing of all open orders begins.
    pub fn begin_listing(&mut self) {
        self.listing += 1;
    }

    /// It has ended: orders of ours that were handed in before and are not in it are asked for.
    pub fn end_listing(&mut self, began: Nanos, now: Nanos) {
        for entry in &mut self.entries {
            let is_missing = entry.stage != Stage::Over && entry.listing != self.listing;
            if is_missing && entry.sent < began {
                entry.ask = now;
                self.due = self.due.min(now);
            }
        }
    }

    /// Takes a word.
    pub fn hear(&mut self, word: &Word, now: Nanos, out: &mut Vec<Reply>) -> Heard {
        let by_client = word.client.and_then(|client| self.by_client(&client));
        let Some(place) = by_client.or_else(|| self.by_venue(word.venue_order)) else {
            self.counts.strays += 1;
            return Heard::Stray;
        };
        self.link(place, word.venue_order);
        let entry = self.entries[place as usize];
        let traded = self.traded[entry.traded];
        let Ok(step) = step(&entry, word, &traded, &self.assets) else {
            self.counts.nonsense += 1;
            // Something happened to it that cannot be understood: another account of it is asked.
            let entry = &mut self.entries[place as usize];
            entry.ask = now;
            self.due = self.due.min(now);
            return Heard::Nonsense(place);
        };
        let before = out.len();
        self.apply(place, word, &step, now, out);
        if out.len() == before {
            self.counts.stale += 1;
            return Heard::Stale(place);
        }
        Heard::News(place)
    }

    fn apply(&mut self, place: u32, word: &Word, step: &Step, now: Nanos, out: &mut Vec<Reply>) {
        let listing = self.listing;
        let entry = &mut self.entries[place as usize];
        entry.listing = listing;
        let was_over = entry.stage == Stage::Over;
        let is_sign_of_life = !matches!(word.event, Event::Pending | Event::Rejected(_));
        entry.was_seen |= is_sign_of_life;
        let is_first = matches!(entry.stage, Stage::Sent | Stage::Unknown) && is_sign_of_life;
        if is_first {
            entry.stage = Stage::Alive;
        }
        if is_first {
            (entry.ask, entry.asks) = (NEVER, 0);
        }
        if is_first && step.fill.is_none() && matches!(word.event, Event::Alive | Event::Amended) {
            out.push(self.reply(place, now, word.at, Happened::Accepted));
        }
        let entry = &mut self.entries[place as usize];
        if let Some((price, qty)) = step.terms
            && !was_over
        {
            (entry.price, entry.qty) = (price.0, qty.0);
            if word.event == Event::Amended {
                entry.placed = now;
            }
            out.push(self.reply(place, now, word.at, Happened::Amended { price, qty }));
        }
        let entry = &mut self.entries[place as usize];
        if let Some(fill) = step.fill {
            entry.filled += fill.qty.0;
            entry.amount += fill.amount;
            entry.fee = step.fee_total;
            self.counts.merged += u64::from(step.is_merged);
            out.push(self.reply(place, now, word.at, Happened::Filled(fill)));
        }
        let entry = &mut self.entries[place as usize];
        let end = match word.event {
            _ if was_over => None,
            Event::Cancelled => Some(Happened::Cancelled),
            Event::Expired => Some(Happened::Expired),
            Event::Rejected(number) => Some(Happened::Rejected(number)),
            _ => None,
        };
        let is_filled = entry.filled >= entry.qty;
        if word.event == Event::Filled && !is_filled && !was_over {
            entry.ask = now;
            self.due = self.due.min(now);
        }
        if !was_over && is_filled {
            self.close(place);
        } else if let Some(end) = end {
            out.push(self.reply(place, now, word.at, end));
            self.close(place);
        }
    }

    /// The venue was asked for an order, and what it said was heard: it is in no doubt any more.
    pub fn settled(&mut self, place: u32) {
        let entry = &mut self.entries[place as usize];
        (entry.ask, entry.asks) = (NEVER, 0);
    }

    /// An order is asked for as soon as may be.
    pub fn ask(&mut self, place: u32, now: Nanos) {
        let entry = &mut self.entries[place as usize];
        entry.ask = entry.ask.min(now);
        self.due = self.due.min(now);
    }

    /// The venue took a request about an order, and what follows is to come by itself: where it
    /// does not, the order is asked for.
    pub fn watch(&mut self, place: u32, now: Nanos) {
        let entry = &mut self.entries[place as usize];
        let due = Nanos(now.0.saturating_add(self.answer_ns_max));
        entry.ask = entry.ask.min(due);
        self.due = self.due.min(due);
    }

    /// Learns the venue's id of an order.
    pub fn link(&mut self, place: u32, id: VenueOrder) {
        let entry = &mut self.entries[place as usize];
        if id.0 == 0 || entry.venue_order == id || self.by_venue.find(id.0).is_some() {
            return;
        }
        // A cancel and replace gives it another one.
        if entry.venue_order.0 != 0 {
            self.by_venue.remove(entry.venue_order.0);
        }
        entry.venue_order = id;
        self.by_venue.insert(id.0, place);
    }

    /// What a session says by itself of an order of its own.
    pub fn reply(&self, place: u32, now: Nanos, at: Nanos, happened: Happened) -> Reply {
        let entry = &self.entries[place as usize];
        Reply {
            recv_ns: now,
            venue_ns: at,
            account: self.account,
            client: entry.client,
            venue_order: u64::try_from(entry.venue_order.0).unwrap_or(0),
            happened,
        }
    }

    /// What is said of a parcel that was not sent.
    pub fn kept_back(&self, parcel: &Parcel<'_>, number: u32, now: Nanos) -> Reply {
        Reply {
            recv_ns: now,
            venue_ns: Nanos::NONE,
            account: self.account,
            client: parcel.client,
            venue_order: 0,
            happened: match parcel.kind {
                Kind::Place => Happened::Rejected(number),
                Kind::Amend => Happened::AmendRejected(number),
                Kind::Cancel => Happened::CancelRejected(number),
            },
        }
    }

    /// What was remembered of a parcel that could not be sent after all.
    pub fn take_back(&mut self, key: u128) {
        if let Some(pending) = self.answered(key)
            && pending.kind == Kind::Place
        {
            self.close(pending.place);
        }
    }

    fn insert(&mut self, parcel: &Parcel<'_>, traded: usize, now: Nanos) -> Option<u32> {
        let entry = Entry {
            client: parcel.client,
            venue_order: VenueOrder::default(),
            traded,
            side: parcel.terms.side,
            price: parcel.terms.price.0,
            qty: parcel.terms.qty.0,
            filled: 0,
            amount: 0,
            fee: 0,
            stage: Stage::Sent,
            was_seen: false,
            sent: now,
            placed: now,
            ask: NEVER,
            asks: 0,
            listing: self.listing,
        };
        let place = if self.entries.len() < self.room {
            self.entries.push(entry);
            (self.entries.len() - 1) as u32
        } else {
            let place = self.forget()?;
            self.entries[place as usize] = entry;
            place
        };
        self.by_client.insert(key_of(&parcel.client), place);
        Some(place)
    }

    /// Forgets the order that has been over longest.
    fn forget(&mut self) -> Option<u32> {
        // One that a request is still pending for would be taken for the next at its place.
        let is_free = |place: &u32| !self.pending.iter().any(|pending| pending.place == *place);
        let at = self.over.iter().position(is_free)?;
        let place = self.over.remove(at)?;
        let entry = self.entries[place as usize];
        self.by_client.remove(key_of(&entry.client));
        if entry.venue_order.0 != 0 {
            self.by_venue.remove(entry.venue_order.0);
        }
        Some(place)
    }

    fn close(&mut self, place: u32) {
        let entry = &mut self.entries[place as usize];
        entry.stage = Stage::Over;
        entry.ask = NEVER;
        self.over.push_back(place);
    }
}

/// A name as a number: seven bits a character, eighteen of them.
pub fn key_of(client: &ClientId) -> u128 {
    client.0.iter().fold(0, |key, byte| key << 7 | u128::from(byte & 0x7F))
}

const _: () = assert!(limits::CLIENT_ID_BYTES * 7 <= 128);
