//! The unhurried half of Kraken's private session: what is asked for, what is answered.
//!
//! In: an open line, private frames, answers. Out: requests, replies, facts, states.

use super::asked::{self, Question, Told, Trade, is_pair};
use super::reports::{self, Answer as Reply, Item, Method, Said};
use super::talk::System;
use super::trade::{Channel, Kraken, OWN_REQUESTS, Token};
use crate::base::{AssetId, InstrumentId, Nanos, Side, Symbol};
use crate::venue::session::{ANSWER_NS_MAX, Address, Answer, FetchId, Reason, Stage, Why};
use crate::venue::trade::{
    self, Cause, Event, Fact, Heard, Kind, Listing, Method as Verb, Out, Past, Request, Secret,
    Standing, Task, Trouble, Word,
};

/// Time after which something is sent so that the venue does not close the line.
const PING_NS: i64 = 20 * Nanos::SECOND;

/// Age at which a token that was not used is thrown away: the venue takes it for 15 minutes.
const TOKEN_NS_MAX: i64 = 600 * Nanos::SECOND;

/// Time after an order was handed in in which it may still be taken: the venue's deadline is 5 s.
const SETTLED_NS: i64 = 10 * Nanos::SECOND;

/// Fills from before the line was last heard are asked for as well: clocks differ.
const FILLS_MARGIN_NS: i64 = 60 * Nanos::SECOND;

/// The wait before something that was refused is asked for again, and the longest.
const AGAIN_NS: (i64, i64) = (Nanos::SECOND, 60 * Nanos::SECOND);

/// The same where the key may not do it.
const PERMISSION_NS: i64 = 300 * Nanos::SECOND;

/// Trades of one page.
const PAGE: u32 = 50;

const HEARTBEAT: &[u8] = b"{\"channel\":\"heartbeat\"}";

impl Kraken {
    /// Does what is due.
    pub(super) fn tend(&mut self, now: Nanos, out: &mut Out) {
        if let Token::Here(_, since) = self.token
            && self.line.is_none()
            && now.0 - since.0 > TOKEN_NS_MAX
        {
            self.token = Token::Wanted(now);
            self.tally.renewals += 1;
        }
        if let Some(line) = self.line {
            let late = |channel: &Channel| {
                !channel.is_whole && channel.asked.is_some_and(|at| now.0 - at.0 > ANSWER_NS_MAX)
            };
            if late(&self.executions) || late(&self.balances) {
                let why = (Why::Timeout, Reason::Timeout);
                self.lines.close(line.index, why, now, &mut self.actions);
                self.on_lost(now, out);
                return self.show(now);
            }
            if self.executions.asked.is_none() {
                self.subscribe(now, out);
            }
            let (heard, sent) = self.lines.quiet_ns(line.index, now);
            if heard.min(sent) > PING_NS || sent > PING_NS {
                self.requests += 1;
                let id = OWN_REQUESTS + self.requests;
                self.lines.say(line.index, format!("{{\"method\":\"ping\",\"req_id\":{id}}}"));
            }
            self.tend_switch(now, out);
            self.tend_cancels(now, out);
        }
        if self.asked.is_none() {
            self.ask_next(now, out);
        }
        self.show(now);
    }

    /// Asks what is most wanted. One question at a time: nonces must arrive in their order.
    fn ask_next(&mut self, now: Nanos, out: &mut Out) {
        if self.rest.room(now, 0) < 2 {
            return;
        }
        if let Token::Wanted(due) = self.token
            && now >= due
        {
            self.token = Token::Asked;
            return self.ask(Question::Token, now, out);
        }
        if let Some(place) = self.orders.next_question(now) {
            let entry = self.orders.entry(place);
            let question = match entry.venue_order {
                id if id.0 != 0 => Question::Order(place, id),
                _ => Question::Open(place, entry.client),
            };
            self.tally.queries += 1;
            return self.ask(question, now, out);
        }
        if let Some(since) = self.fills_since
            && now >= self.fills_due
            && self.executions.is_whole
        {
            self.ask(Question::Trades { since, offset: 0 }, now, out);
        }
    }

    /// Asks to cancel all where that is wanted, again and again until the venue has answered.
    pub(super) fn tend_cancels(&mut self, now: Nanos, out: &mut Out) {
        let is_due = self.cancel_all_due.is_some_and(|due| now >= due);
        if is_due && self.line.is_some() {
            self.cancel_all_due = Some(Nanos(now.0 + AGAIN_NS.0));
            self.say("cancel_all", "", now, out);
        }
    }

    fn tend_switch(&mut self, now: Nanos, out: &mut Out) {
        let seconds = self.settings.dead_man_s;
        if seconds == 0 || self.is_retired || now < self.switch_due || !self.executions.is_whole {
            return;
        }
        self.switch_due = Nanos(now.0 + i64::from(seconds) * Nanos::SECOND / 3);
        // After maintenance it would cancel everything at once.
        let seconds = if self.system == System::Maintenance { 0 } else { seconds };
        self.say("cancel_all_orders_after", &format!("\"timeout\":{seconds},"), now, out);
    }

    fn subscribe(&mut self, now: Nanos, out: &mut Out) {
        let fresh = Channel { asked: Some(now), is_whole: false, next: 1 };
        (self.executions, self.balances) = (fresh, fresh);
        let params = "\"channel\":\"executions\",\"snap_orders\":true,\"snap_trades\":false,\
                      \"order_status\":true,\"ratecounter\":true,";
        self.say("subscribe", params, now, out);
        self.say("subscribe", "\"channel\":\"balances\",\"snapshot\":true,", now, out);
    }

    /// Takes both channels anew: their snapshots list what is open and what is held.
    pub(super) fn resubscribe(&mut self, now: Nanos) {
        if let Some(line) = self.line
            && let Token::Here(token, _) = &self.token
            && self.executions.asked.is_some()
        {
            for channel in ["executions", "balances"] {
                self.requests += 1;
                let text = format!(
                    "{{\"method\":\"unsubscribe\",\"params\":{{\"channel\":\"{channel}\",\
                     \"token\":\"{}\"}},\"req_id\":{}}}",
                    token.expose(),
                    OWN_REQUESTS + self.requests,
                );
                self.lines.say(line.index, text);
            }
            (self.executions, self.balances) = (Channel::default(), Channel::default());
        }
        self.due = now;
    }

    /// The line is gone: a token for the next one, and nobody knows what becomes of what was asked.
    pub(super) fn on_lost(&mut self, now: Nanos, out: &mut Out) {
        self.line = None;
        (self.executions, self.balances) = (Channel::default(), Channel::default());
        if matches!(self.token, Token::Here(..)) {
            self.token = Token::Wanted(now);
        }
        self.orders.doubt_all(now, &mut out.replies);
        let since = Nanos(self.heard.0 - FILLS_MARGIN_NS);
        self.fills_since = Some(self.fills_since.map_or(since, |earlier| earlier.min(since)));
        self.switch_due = now;
        self.due = now;
    }

    /// Asks over REST.
    fn ask(&mut self, question: Question, now: Nanos, out: &mut Out) {
        let (method, fields) = question.form();
        let path = format!("{}/0/private/{method}", self.settings.rest.path);
        let nonce = self.signer.nonce(now);
        let body = format!("nonce={nonce}{fields}");
        self.rest.add(now, question.cost());
        self.last_fetch += 1;
        let id = FetchId(self.last_fetch);
        let request = Request {
            method: Verb::Post,
            headers: self.signer.headers(&path, nonce, &body),
            address: Address { path, ..self.settings.rest.clone() },
            body: Secret::from(body),
        };
        self.asked = Some((id, question));
        out.tasks.push(Task::Request { id, request: Box::new(request) });
    }

    pub(super) fn on_answer(
        &mut self,
        id: FetchId,
        answer: &Answer<'_>,
        now: Nanos,
        out: &mut Out,
    ) {
        let Some((_, question)) = self.asked.take_if(|(asked, _)| *asked == id) else { return };
        self.due = now;
        let items = &mut self.items;
        let told = match answer.status {
            200 => self.reader.read(answer.body, |root| asked::read(root, &question, items)).ok(),
            _ => None,
        };
        let Some(told) = told else {
            self.tally.unread += u64::from(answer.status == 200);
            return self.ask_later(question, None, answer.retry_after_ns, now);
        };
        match told {
            Told::Refused(cause) => {
                self.tally.errors += 1;
                self.ask_later(question, Some(cause), answer.retry_after_ns, now);
            }
            Told::Token(token) => {
                self.failures = 0;
                self.token = Token::Here(Secret::from(token), now);
            }
            Told::Orders => self.on_order(question, now, out),
            Told::Trades { trades, count } => self.on_trades(question, &trades, count, now, out),
        }
    }

    /// What an answer about one order says of it. Ours alone: the venue may say more.
    fn on_order(&mut self, question: Question, now: Nanos, out: &mut Out) {
        let (place, client) = match question {
            Question::Open(place, client) | Question::Closed(place, client) => (place, client),
            Question::Order(place, _) => (place, self.orders.entry(place).client),
            Question::Token | Question::Trades { .. } => return,
        };
        let is_it = |item: &&Item| match (item.word.client, question) {
            (_, Question::Order(_, id)) => item.word.venue_order == id,
            (named, _) => named == Some(client),
        };
        let found = self.items.iter().find(is_it).map(|item| item.word);
        match (found, question) {
            (Some(word), _) => {
                let word = Word { client: Some(client), ..word };
                let heard = self.orders.hear(&word, now, &mut out.replies);
                if matches!(heard, Heard::News(_) | Heard::Stale(_)) {
                    self.orders.settled(place);
                }
            }
            (None, Question::Open(..)) => self.ask(Question::Closed(place, client), now, out),
            (None, _) => self.orders.absent(place, SETTLED_NS, now, &mut out.replies),
        }
    }

    fn on_trades(
        &mut self,
        question: Question,
        trades: &[Trade],
        count: u32,
        now: Nanos,
        out: &mut Out,
    ) {
        let Question::Trades { since, offset } = question else { return };
        for trade in trades {
            let past = self.past(trade);
            out.facts.push(Fact::Fill(past));
        }
        let next = offset.saturating_add(PAGE);
        if !trades.is_empty() && next < count {
            return self.ask(Question::Trades { since, offset: next }, now, out);
        }
        self.fills_since = None;
        out.facts.push(Fact::Whole(Listing::Fills));
    }

    fn past(&self, trade: &Trade) -> Past {
        let listed = self.orders.instruments().iter();
        let traded = listed.copied().find(|one| is_pair(trade.pair.as_str(), one.symbol.as_str()));
        let place = self.orders.by_venue(trade.order);
        let units = |number: crate::base::Decimal, decimals: Option<u8>| {
            decimals.and_then(|decimals| number.unsigned_at(decimals).ok()).unwrap_or(0)
        };
        let quote = traded.map_or(AssetId::NONE, |one| one.quote);
        Past {
            client: place.map(|place| self.orders.entry(place).client),
            venue_order: trade.order,
            id: trade.id.0,
            at: trade.at,
            instrument: traded.map_or(InstrumentId::NONE, |one| one.id),
            side: trade.side,
            price: units(trade.price, traded.map(|one| one.price_decimals)),
            qty: units(trade.qty, traded.map(|one| one.qty_decimals)),
            fee: trade.fee.towards_zero_at(self.orders.decimals(quote)),
            fee_asset: quote,
            liquidity: trade.liquidity,
        }
    }

    /// A question was not answered, or refused: it is asked again.
    fn ask_later(&mut self, question: Question, cause: Option<&Cause>, after_ns: i64, now: Nanos) {
        self.failures = self.failures.saturating_add(1);
        let grown = (AGAIN_NS.0 << self.failures.min(6)).min(AGAIN_NS.1);
        let wait_ns = match cause.map(|cause| cause.trouble) {
            Some(Trouble::Permission | Trouble::Banned) => PERMISSION_NS,
            Some(Trouble::Nonce) => AGAIN_NS.0,
            _ => grown.max(after_ns),
        };
        let due = Nanos(now.0 + wait_ns);
        match question {
            Question::Token => {
                self.token = Token::Wanted(due);
                let stage = match cause.map(|cause| cause.trouble) {
                    Some(Trouble::Permission) => Stage::Refused,
                    Some(Trouble::Banned) => Stage::Banned,
                    _ => Stage::BackingOff,
                };
                self.state.turn(stage, Reason::Key, now);
            }
            Question::Trades { .. } => self.fills_due = due,
            // Orders in doubt come up again by themselves.
            Question::Open(..) | Question::Closed(..) | Question::Order(..) => {}
        }
    }

    /// Takes a private frame.
    pub(super) fn take(&mut self, bytes: &[u8], now: Nanos, out: &mut Out) {
        if bytes == HEARTBEAT {
            return;
        }
        let (items, holdings) = (&mut self.items, &mut self.holdings);
        let Ok(said) = self.reader.read(bytes, |root| reports::read(root, items, holdings)) else {
            self.tally.unread += 1;
            // Something of ours may have stood in it: all is taken anew.
            return self.resubscribe(now);
        };
        match said {
            Said::System(system) => {
                self.system = system;
                self.switch_due = now;
                self.due = now;
            }
            Said::Answer(reply) => self.on_reply(&reply, now, out),
            Said::Executions { is_snapshot, sequence, rate_count } => {
                if !self.is_next(true, is_snapshot, sequence, now) {
                    return;
                }
                if is_snapshot {
                    self.orders.begin_listing();
                }
                self.hear_items(is_snapshot, rate_count, now, out);
                if is_snapshot {
                    let began = self.executions.asked.unwrap_or(now);
                    self.orders.end_listing(began, now);
                    self.executions.is_whole = true;
                    out.facts.push(Fact::Whole(Listing::Orders));
                    self.due = now;
                }
            }
            Said::Balances { is_snapshot, sequence } => {
                if !self.is_next(false, is_snapshot, sequence, now) {
                    return;
                }
                self.tell_holdings(out);
                if is_snapshot {
                    self.balances.is_whole = true;
                    out.facts.push(Fact::Whole(Listing::Balances));
                    self.due = now;
                }
            }
            Said::Other => {}
        }
    }

    /// Is it the next message of its channel? A hole means that the channel is taken anew.
    fn is_next(&mut self, is_executions: bool, is_snapshot: bool, found: u64, now: Nanos) -> bool {
        let channel = if is_executions { &mut self.executions } else { &mut self.balances };
        if channel.asked.is_none() {
            return false;
        }
        if is_snapshot || found == channel.next {
            channel.next = found + 1;
            return true;
        }
        if found > channel.next && channel.is_whole {
            self.tally.gaps += 1;
            self.resubscribe(now);
        } else {
            self.tally.stale += 1;
        }
        false
    }

    fn hear_items(
        &mut self,
        is_snapshot: bool,
        rate_count: Option<u32>,
        now: Nanos,
        out: &mut Out,
    ) {
        let items = std::mem::take(&mut self.items);
        for item in &items {
            let heard = self.orders.hear(&item.word, now, &mut out.replies);
            if let (Heard::News(place) | Heard::Stale(place), Some(count)) = (heard, rate_count) {
                let traded = self.orders.entry(place).traded;
                self.counters[traded].learn(now, count);
            }
            if is_snapshot && matches!(item.word.event, Event::Alive | Event::Pending) {
                out.facts.push(Fact::Order(self.standing(item)));
            }
        }
        self.items = items;
    }

    fn standing(&self, item: &Item) -> Standing {
        let symbol = item.symbol.unwrap_or(Symbol::NONE);
        let traded = self.orders.listed(symbol.as_str()).copied();
        let units = |number: Option<crate::base::Decimal>, decimals: Option<u8>| {
            let units = number.zip(decimals).map(|(number, decimals)| number.unsigned_at(decimals));
            units.and_then(Result::ok).unwrap_or(0)
        };
        let qty_decimals = traded.map(|one| one.qty_decimals);
        Standing {
            client: item.word.client,
            venue_order: item.word.venue_order,
            instrument: traded.map_or(InstrumentId::NONE, |one| one.id),
            symbol,
            side: item.side.unwrap_or(Side::Buy),
            price: units(item.word.price, traded.map(|one| one.price_decimals)),
            qty: units(item.word.qty, qty_decimals),
            filled: units(item.word.totals.map(|totals| totals.qty), qty_decimals),
        }
    }

    fn on_reply(&mut self, reply: &Reply, now: Nanos, out: &mut Out) {
        self.tally.errors += u64::from(reply.cause.is_some());
        if let Some(cause) = reply.cause
            && cause.trouble == Trouble::Session
        {
            self.drop_token(now, out);
        }
        match (reply.method, reply.cause) {
            (Method::CancelAll, None) => self.cancel_all_due = None,
            // It is armed for certain only once the venue says so.
            (Method::Switch, Some(_)) => self.switch_due = Nanos(now.0 + AGAIN_NS.0),
            _ => {}
        }
        if let (Method::Executions, Some(max)) = (reply.method, reply.rate_max) {
            self.counters.iter_mut().for_each(|counter| counter.limit(max));
        }
        let key = reply.req_id.map(u128::from);
        let Some(pending) = key.and_then(|key| self.orders.answered(key)) else { return };
        let Some(cause) = reply.cause else {
            self.orders.link(pending.place, reply.venue_order);
            if pending.kind != Kind::Place {
                // What became of it follows on the channel; else it is asked for.
                return self.orders.watch(pending.place, now);
            }
            let client = self.orders.entry(pending.place).client;
            let word = Word::of(Some(client), reply.venue_order, Nanos::NONE, Event::Alive);
            self.orders.hear(&word, now, &mut out.replies);
            if self.settings.is_rehearsal {
                let word = Word { event: Event::Expired, ..word };
                self.orders.hear(&word, now, &mut out.replies);
            }
            return;
        };
        match cause.trouble {
            Trouble::Outcome => self.orders.doubt(pending, now, &mut out.replies),
            _ => self.orders.refused(pending, cause.number, now, &mut out.replies),
        }
    }

    /// The venue does not take the token: with a new one the line is opened anew.
    fn drop_token(&mut self, now: Nanos, out: &mut Out) {
        if let Some(line) = self.line {
            let why = (Why::Useless, Reason::Denied);
            self.lines.close(line.index, why, now, &mut self.actions);
            self.on_lost(now, out);
            trade::carry(&mut self.actions, out);
        }
        self.tally.renewals += 1;
    }

    /// Says how the whole stands.
    fn show(&mut self, now: Nanos) {
        let line = self.lines.state(0);
        let (stage, reason) = match (&self.token, self.line) {
            _ if self.system == System::Maintenance => (Stage::Maintenance, Reason::System),
            (Token::Wanted(_), _) if self.state.reason == Reason::Key => return,
            (Token::Wanted(_) | Token::Asked, _) => (Stage::Connecting, Reason::Key),
            (_, None) => line.map_or((Stage::Idle, Reason::NoLine), |s| (s.stage, s.reason)),
            _ if !self.executions.is_whole || !self.balances.is_whole => {
                (Stage::Subscribing, Reason::Ordinary)
            }
            _ if self.fills_since.is_some() => (Stage::Syncing, Reason::Ordinary),
            _ if self.system == System::Limited => (Stage::Maintenance, Reason::System),
            _ => (Stage::Live, Reason::Ordinary),
        };
        self.state.turn(stage, reason, now);
        if let Some(line) = self.line {
            self.lines.turn(line.index, stage, reason, now);
        }
    }
}
