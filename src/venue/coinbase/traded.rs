//! The unhurried half of Coinbase's private session: the channel, listings, answers.
//!
//! In: an open line, frames, answers. Out: requests, replies, facts, states.

use super::causes::{CAUSES, of_status};
use super::reports::{self, Item, Page, Said};
use super::sign::LIFE_S;
use super::trade::{BROKERAGE, Channel, Coinbase};
use crate::base::{Decimal, Nanos};
use crate::event::ClientId;
use crate::venue::contract::Refusal;
use crate::venue::session::{ANSWER_NS_MAX, Address, Answer, FetchId, Line, Reason, Stage, Why};
use crate::venue::trade::{
    Cause, Event, Fact, HEX, Kind, Listing, Method, Out, Pending, Request, Secret, Task, Trouble,
    VenueOrder, Word,
};

/// Time after an order was handed in in which it may still be taken: its JWT's life, and some more.
const SETTLED_NS: i64 = (LIFE_S as i64 + 10) * Nanos::SECOND;

/// Fills from before the line was last heard are asked for as well: clocks differ.
const MARGIN_NS: i64 = 60 * Nanos::SECOND;

/// Rest after a refusal that somebody has to mend, and after any other.
const PERMISSION_NS: i64 = 60 * Nanos::SECOND;
const AGAIN_NS: i64 = 2 * Nanos::SECOND;

/// Orders of one request to cancel them.
const CANCELS_MAX: usize = 100;

/// What is asked by the session itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Accounts(Option<String>),
    Fills(Option<String>),
    /// An order by the venue's id.
    Order(u32, VenueOrder),
    /// An order by our name, among all of its product since it was handed in.
    Find(u32, ClientId, Option<String>),
    /// Open orders, to cancel them.
    Open(Option<String>),
}

impl Coinbase {
    /// Does what is due.
    pub(super) fn tend(&mut self, now: Nanos, out: &mut Out) {
        let seconds = (now.0 / Nanos::SECOND).max(0) as u64;
        for stock in &mut self.stocks {
            // One a turn: a signature takes as long as many frames.
            self.tally.renewals += u64::from(stock.refill(&mut self.signer, seconds));
        }
        if let Some(line) = self.line {
            match self.user.asked {
                None => self.subscribe(line, now),
                Some(at) if !self.user.is_whole && now.0 - at.0 > ANSWER_NS_MAX => {
                    self.drop_line(line, (Why::Timeout, Reason::Timeout), now);
                }
                Some(_) => {}
            }
        }
        let is_patient = now >= self.not_before && self.asked.is_none();
        if is_patient && self.budget.room(now, self.settings.rates.cancel_reserve) > 0 {
            self.ask_next(now, out);
        }
        self.show(now);
    }

    fn ask_next(&mut self, now: Nanos, out: &mut Out) {
        if let Some(question) = self.chained.take() {
            return self.ask(question, now, out);
        }
        if self.wants.cancel_all {
            self.wants.cancel_all = false;
            return self.ask(Question::Open(None), now, out);
        }
        if let Some(place) = self.orders.next_question(now) {
            self.tally.queries += 1;
            let entry = self.orders.entry(place);
            let question = match entry.venue_order {
                id if id.0 != 0 => Question::Order(place, id),
                _ => Question::Find(place, entry.client, None),
            };
            return self.ask(question, now, out);
        }
        if self.wants.balances {
            return self.ask(Question::Accounts(None), now, out);
        }
        // Once the snapshot is there: a fill in between is then in one of the two.
        if self.wants.fills && self.user.is_whole {
            self.ask(Question::Fills(None), now, out);
        }
    }

    fn subscribe(&mut self, line: Line, now: Nanos) {
        self.user = Channel { asked: Some(now), ..Channel::default() };
        let seconds = (now.0 / Nanos::SECOND).max(0) as u64;
        let symbols = self.settings.instruments.iter().map(|one| format!("\"{}\"", one.symbol));
        let products = symbols.collect::<Vec<String>>().join(",");
        let mut jwt = Vec::new();
        for channel in ["user", "heartbeats"] {
            if !self.signer.jwt(seconds, None, &mut jwt) {
                return;
            }
            let products = match channel {
                "user" => format!(",\"product_ids\":[{products}]"),
                _ => String::new(),
            };
            let jwt = String::from_utf8_lossy(&jwt);
            let text = format!(
                "{{\"type\":\"subscribe\",\"channel\":\"{channel}\"{products},\"jwt\":\"{jwt}\"}}"
            );
            self.lines.say(line.index, text);
        }
    }

    fn drop_line(&mut self, line: Line, why: (Why, Reason), now: Nanos) {
        self.lines.close(line.index, why, now, &mut self.actions);
        self.on_lost(now);
    }

    /// The line is gone. Orders go on over REST, but what becomes of them is not heard.
    pub(super) fn on_lost(&mut self, now: Nanos) {
        self.line = None;
        self.user = Channel::default();
        let since = Nanos(self.heard.0 - MARGIN_NS);
        // What was still to be asked for begins earlier.
        if !self.wants.fills {
            self.since = since;
        }
        (self.wants.balances, self.wants.fills) = (true, true);
        self.due = now;
    }

    fn ask(&mut self, question: Question, now: Nanos, out: &mut Out) {
        let page = |cursor: &Option<String>| {
            cursor.as_ref().map_or(String::new(), |cursor| format!("&cursor={}", coded(cursor)))
        };
        let (path, query) = match &question {
            Question::Accounts(cursor) => {
                (String::from("/accounts"), format!("?limit=250{}", page(cursor)))
            }
            Question::Fills(cursor) => (
                String::from("/orders/historical/fills"),
                format!("?limit=1000&start_sequence_timestamp={}{}", self.since, page(cursor)),
            ),
            Question::Order(_, id) => {
                (format!("/orders/historical/{}", id.as_uuid()), String::new())
            }
            Question::Find(place, _, cursor) => {
                let entry = self.orders.entry(*place);
                let symbol = self.orders.instrument(entry.traded).symbol;
                let since = Nanos(entry.sent.0 - MARGIN_NS);
                let query = format!("?limit=250&product_ids={symbol}&start_date={since}");
                (String::from("/orders/historical/batch"), format!("{query}{}", page(cursor)))
            }
            Question::Open(cursor) => (
                String::from("/orders/historical/batch"),
                format!("?limit=250&order_status=OPEN{}", page(cursor)),
            ),
        };
        let path = format!("{BROKERAGE}{path}");
        self.send(Method::Get, &path, &query, String::new(), now, out);
        self.asked = Some((FetchId(self.last_fetch), question));
    }

    /// Asks to cancel orders by the venue's ids.
    pub(super) fn cancel_batch(&mut self, ids: &[VenueOrder], now: Nanos, out: &mut Out) {
        for ids in ids.chunks(CANCELS_MAX) {
            let ids: Vec<String> = ids.iter().map(|id| format!("\"{}\"", id.as_uuid())).collect();
            let body = format!("{{\"order_ids\":[{}]}}", ids.join(","));
            let path = format!("{BROKERAGE}/orders/batch_cancel");
            self.send(Method::Post, &path, "", body, now, out);
        }
    }

    fn send(
        &mut self,
        method: Method,
        path: &str,
        query: &str,
        body: String,
        now: Nanos,
        out: &mut Out,
    ) {
        let seconds = (now.0 / Nanos::SECOND).max(0) as u64;
        let uri = format!("{} {}{path}", method.name(), self.settings.rest.host);
        let mut jwt = Vec::new();
        if !self.signer.jwt(seconds, Some(&uri), &mut jwt) {
            return;
        }
        self.last_fetch += 1;
        self.budget.spend(now);
        let bearer = format!("Bearer {}", String::from_utf8_lossy(&jwt));
        let mut headers = vec![("Authorization", Secret::from(bearer))];
        if !body.is_empty() {
            headers.push(("Content-Type", Secret::from("application/json")));
        }
        let address = Address { path: format!("{path}{query}"), ..self.settings.rest.clone() };
        let request = Request { method, address, headers, body: Secret::from(body) };
        out.tasks.push(Task::Request { id: FetchId(self.last_fetch), request: Box::new(request) });
    }

    /// An answer to an order that dispatch wrote.
    pub(super) fn on_order(
        &mut self,
        id: FetchId,
        pending: Pending,
        answer: &Answer<'_>,
        now: Nanos,
        out: &mut Out,
    ) {
        let amended = self.amends.iter().position(|(fetch, ..)| *fetch == id);
        let amended = amended.map(|at| self.amends.swap_remove(at));
        let cause = if let Some(cause) = of_status(answer.status) {
            Some(cause)
        } else {
            let read = self.read_order(pending, amended, answer.body, now, out);
            let Ok(cause) = read else {
                // Taken, it seems, but it does not say what: the order is asked for.
                self.tally.unread += 1;
                return self.orders.doubt(pending, now, &mut out.replies);
            };
            cause
        };
        let Some(cause) = cause else { return };
        self.tally.errors += 1;
        self.note(cause, answer.retry_after_ns, now);
        match cause.trouble {
            Trouble::Outcome => self.orders.doubt(pending, now, &mut out.replies),
            _ => self.orders.refused(pending, cause.number, now, &mut out.replies),
        }
        self.due = now;
    }

    /// Why an order, an edit or a cancel was turned down, if it was.
    fn read_order(
        &mut self,
        pending: Pending,
        amended: Option<(FetchId, i64, i64)>,
        body: &[u8],
        now: Nanos,
        out: &mut Out,
    ) -> Result<Option<&'static Cause>, Refusal> {
        let entry = *self.orders.entry(pending.place);
        let mut word = Word::of(Some(entry.client), entry.venue_order, Nanos::NONE, Event::Alive);
        match pending.kind {
            Kind::Place => match self.reader.read(body, reports::placed)? {
                Ok(id) => word.venue_order = id,
                Err(cause) => return Ok(Some(cause)),
            },
            Kind::Amend => {
                if let Some(cause) = self.reader.read(body, reports::edited)? {
                    return Ok(Some(cause));
                }
                let Some((_, price, qty)) = amended else { return Ok(None) };
                let traded = self.orders.instrument(entry.traded);
                word.event = Event::Amended;
                word.price = Some(Decimal { mantissa: price, scale: traded.price_decimals });
                word.qty = Some(Decimal { mantissa: qty, scale: traded.qty_decimals });
            }
            Kind::Cancel => {
                let cause = self.reader.read(body, reports::cancelled)?;
                if cause.is_none() {
                    self.orders.watch(pending.place, now);
                }
                return Ok(cause);
            }
        }
        self.orders.hear(&word, now, &mut out.replies);
        Ok(None)
    }

    /// An answer to a question of the session's own.
    pub(super) fn on_answer(
        &mut self,
        id: FetchId,
        answer: &Answer<'_>,
        now: Nanos,
        out: &mut Out,
    ) {
        let Some((_, question)) = self.asked.take_if(|(asked, _)| *asked == id) else { return };
        self.due = now;
        if let Some(cause) = of_status(answer.status) {
            if let Question::Order(place, _) = question
                && answer.status == 404
            {
                return self.orders.absent(place, SETTLED_NS, now, &mut out.replies);
            }
            self.tally.errors += 1;
            self.not_before = Nanos(now.0 + AGAIN_NS.max(answer.retry_after_ns));
            self.wants.cancel_all |= matches!(question, Question::Open(_));
            return self.note(cause, answer.retry_after_ns, now);
        }
        if self.read_answer(&question, answer.body, now, out).is_err() {
            self.tally.unread += 1;
            self.not_before = Nanos(now.0 + AGAIN_NS);
        }
    }

    fn read_answer(
        &mut self,
        question: &Question,
        body: &[u8],
        now: Nanos,
        out: &mut Out,
    ) -> Result<(), Refusal> {
        match question {
            Question::Accounts(_) => {
                let Page { rows, cursor } = self.reader.read(body, reports::accounts)?;
                self.tell_holdings(&rows, out);
                self.wants.balances = cursor.is_some();
                match cursor {
                    Some(_) => self.chained = Some(Question::Accounts(cursor)),
                    None => out.facts.push(Fact::Whole(Listing::Balances)),
                }
            }
            Question::Fills(_) => {
                let Page { rows, cursor } = self.reader.read(body, reports::fills)?;
                for trade in &rows {
                    out.facts.push(Fact::Fill(self.past(trade)));
                }
                self.wants.fills = cursor.is_some();
                match cursor {
                    Some(_) => self.chained = Some(Question::Fills(cursor)),
                    None => out.facts.push(Fact::Whole(Listing::Fills)),
                }
            }
            &Question::Order(place, id) => {
                let item = self.reader.read(body, reports::order)?;
                if item.word.venue_order == id {
                    self.hear_of(place, &item, now, out);
                }
            }
            Question::Find(place, client, _) => {
                let (place, client) = (*place, *client);
                let Page { rows, cursor } = self.reader.read(body, reports::orders)?;
                let found = rows.iter().find(|item| item.word.client == Some(client));
                match (found, cursor) {
                    (Some(item), _) => self.hear_of(place, item, now, out),
                    (None, None) => {
                        self.orders.absent(place, SETTLED_NS, now, &mut out.replies);
                    }
                    (None, cursor) => self.chained = Some(Question::Find(place, client, cursor)),
                }
            }
            Question::Open(_) => {
                let Page { rows, cursor } = self.reader.read(body, reports::orders)?;
                let ids: Vec<VenueOrder> = rows.iter().map(|item| item.word.venue_order).collect();
                self.cancel_batch(&ids, now, out);
                if !ids.is_empty() {
                    // A cancel may be lost: it is looked until nothing is open any more.
                    self.wants.cancel_all = true;
                    self.not_before = Nanos(now.0 + AGAIN_NS);
                }
                if cursor.is_some() {
                    self.chained = Some(Question::Open(cursor));
                }
            }
        }
        Ok(())
    }

    fn hear_of(&mut self, place: u32, item: &Item, now: Nanos, out: &mut Out) {
        let word = Word { client: Some(self.orders.entry(place).client), ..item.word };
        self.orders.hear(&word, now, &mut out.replies);
        if word.event != Event::Pending {
            self.orders.settled(place);
        }
    }

    /// What an error means for what is asked next.
    fn note(&mut self, cause: &Cause, retry_after_ns: i64, now: Nanos) {
        match cause.trouble {
            Trouble::Rate => self.budget.rest(retry_after_ns, now),
            Trouble::Permission => {
                self.not_before = Nanos(now.0 + PERMISSION_NS);
                self.state.turn(Stage::Refused, Reason::Key, now);
            }
            _ => {}
        }
    }

    /// Takes a frame of the private line.
    pub(super) fn take(&mut self, line: Line, bytes: &[u8], now: Nanos, out: &mut Out) {
        let items = &mut self.items;
        let Ok(said) = self.reader.read(bytes, |root| reports::read(root, items)) else {
            self.tally.unread += 1;
            // Something of ours may have stood in it: a new connection lists all.
            return self.drop_line(line, (Why::Nonsense, Reason::Nonsense), now);
        };
        let sequence = match said {
            Said::User { sequence, .. } | Said::Other { sequence } => sequence,
            Said::Refused { is_key } => {
                self.tally.errors += 1;
                self.drop_line(line, (Why::Useless, Reason::Denied), now);
                if is_key {
                    self.lines.rest(PERMISSION_NS, now);
                    self.note(Cause::of(CAUSES, 401, ""), 0, now);
                }
                return;
            }
        };
        let expected = self.user.next.unwrap_or(sequence);
        if sequence > expected {
            self.tally.gaps += 1;
            return self.drop_line(line, (Why::Nonsense, Reason::Unproven), now);
        }
        if sequence < expected {
            self.tally.stale += 1;
            return;
        }
        self.user.next = Some(sequence + 1);
        let Said::User { is_snapshot, is_last, .. } = said else { return };
        if is_snapshot && !self.user.has_begun {
            self.user.has_begun = true;
            self.orders.begin_listing();
        }
        for n in 0..self.items.len() {
            let item = self.items[n];
            self.orders.hear(&item.word, now, &mut out.replies);
            if is_snapshot {
                out.facts.push(Fact::Order(self.standing(&item)));
            }
        }
        if is_snapshot && is_last && !self.user.is_whole {
            self.user.is_whole = true;
            self.orders.end_listing(self.user.asked.unwrap_or(now), now);
            out.facts.push(Fact::Whole(Listing::Orders));
            self.due = now;
        }
    }

    /// Says how the whole stands.
    fn show(&mut self, now: Nanos) {
        let line = self.lines.state(0);
        let is_refused = self.state.stage == Stage::Refused && now < self.not_before;
        let (stage, reason) = if is_refused {
            return;
        } else if self.line.is_none() {
            line.map_or((Stage::Idle, Reason::NoLine), |state| (state.stage, state.reason))
        } else if !self.user.is_whole {
            (Stage::Subscribing, Reason::Ordinary)
        } else if self.wants.balances || self.wants.fills {
            (Stage::Syncing, Reason::Ordinary)
        } else {
            (Stage::Live, Reason::Ordinary)
        };
        self.state.turn(stage, reason, now);
        if let Some(line) = self.line {
            self.lines.turn(line.index, stage, reason, now);
        }
    }
}

/// A cursor in a query: what is not plain there, percent-encoded.
fn coded(cursor: &str) -> String {
    let mut text = String::with_capacity(cursor.len());
    for byte in cursor.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.extend(['%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
        }
    }
    text
}

fn upper_hex(digit: u8) -> char {
    char::from(HEX[usize::from(digit)]).to_ascii_uppercase()
}
