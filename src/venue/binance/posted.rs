//! The unhurried half of Binance's private session: logon, own events, listings, answers.
//!
//! In: open lines, private frames. Out: requests, replies, facts, states.

use super::reports::{self, Answer as Reply, Said};
use super::trade::{Binance, Listings, OFFSET_NS_MAX};
use crate::base::{Nanos, Symbol};
use crate::event::ClientId;
use crate::venue::desk;
use crate::venue::session::{ANSWER_NS_MAX, Line, Reason, Stage, Why};
use crate::venue::trade::{Event, Fact, Kind, Listing, Out, Trouble, VenueOrder, Word, key_of};

/// Quiet after which a sign of life is asked for.
const PING_NS: i64 = 10 * Nanos::SECOND;

/// Time after an order was handed in in which it may still be taken: `recvWindow` is 5 s.
const SETTLED_NS: i64 = 10 * Nanos::SECOND;

/// Fills from before the line was last heard are asked for as well: clocks differ.
const FILLS_MARGIN_NS: i64 = 60 * Nanos::SECOND;

/// Rest after a refusal that somebody has to mend.
const PERMISSION_NS: i64 = 300 * Nanos::SECOND;

/// The same after any other.
const AGAIN_NS: i64 = 5 * Nanos::SECOND;

/// Fills of one page.
pub(super) const PAGE: usize = 1_000;

/// How far a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Post {
    /// Not open.
    Down,
    /// Open.
    Fresh(Line),
    /// A logon was asked for.
    LoggingOn(Line),
    /// Own events were asked for.
    Subscribing(Line),
    /// Orders may go out on it.
    Up(Line),
}

/// What was asked by the session itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Logon(u8),
    Subscribe(u8),
    Ping(u8),
    OpenOrders(Nanos),
    Account,
    Limits,
    Fills(usize, Option<u64>),
    Order(u32),
    CancelAll(usize),
    CancelStanding(Symbol, VenueOrder),
}

impl Question {
    /// What it weighs.
    fn weight(self) -> u32 {
        match self {
            Question::Logon(_) | Question::Subscribe(_) => 2,
            Question::Ping(_) | Question::CancelAll(_) | Question::CancelStanding(..) => 1,
            Question::OpenOrders(_) => 80,
            Question::Account | Question::Fills(..) => 20,
            Question::Limits => 40,
            Question::Order(_) => 4,
        }
    }
}

impl Binance {
    /// Does what is due.
    pub(super) fn tend(&mut self, now: Nanos, out: &mut Out) {
        for index in self.lines.open() {
            self.tend_post(index, now);
        }
        self.forget_overdue(now, out);
        if self.lines.successor().is_some_and(|n| matches!(self.posts[usize::from(n)], Post::Up(_)))
            && self.orders.waiting() == 0
        {
            let old = self.lines.leader();
            self.lines.succeed(now, &mut self.actions);
            if let Some(old) = old {
                self.posts[usize::from(old)] = Post::Down;
            }
            self.tally.renewals += 1;
        }
        if self.up().is_some() && now >= self.not_before {
            self.ask_cancels(now);
            self.ask_listings(now);
            while self.budget.weight_left(now) > 1_000
                && let Some(place) = self.orders.next_question(now)
            {
                self.tally.queries += 1;
                self.ask(Question::Order(place), now);
            }
        }
        self.show(now);
    }

    fn tend_post(&mut self, index: u8, now: Nanos) {
        match self.posts[usize::from(index)] {
            Post::Fresh(line) if now >= self.not_before => {
                if self.signer.logs_on() {
                    self.posts[usize::from(index)] = Post::LoggingOn(line);
                    self.ask(Question::Logon(index), now);
                } else {
                    self.posts[usize::from(index)] = Post::Subscribing(line);
                    self.ask(Question::Subscribe(index), now);
                }
            }
            Post::Up(_) => {
                let (heard, sent) = self.lines.quiet_ns(index, now);
                if heard > PING_NS && sent > PING_NS {
                    self.ask(Question::Ping(index), now);
                }
            }
            _ => {}
        }
    }

    /// Asks to cancel all of an instrument where that is wanted and not asked for already.
    pub(super) fn ask_cancels(&mut self, now: Nanos) {
        for n in 0..self.cancels.len() {
            let question = Question::CancelAll(self.cancels[n]);
            if self.up().is_some() && !self.asked.iter().any(|(_, asked, _)| *asked == question) {
                self.ask(question, now);
            }
        }
    }

    fn ask_listings(&mut self, now: Nanos) {
        let is_asked = |binance: &Binance, kind: fn(&Question) -> bool| {
            binance.asked.iter().any(|(_, question, _)| kind(question))
        };
        if self.listing.orders && !is_asked(self, |q| matches!(q, Question::OpenOrders(_))) {
            self.ask(Question::OpenOrders(now), now);
        }
        if self.listing.balances && !is_asked(self, |q| matches!(q, Question::Account)) {
            self.ask(Question::Account, now);
        }
        if self.listing.limits && !is_asked(self, |q| matches!(q, Question::Limits)) {
            self.ask(Question::Limits, now);
        }
        let next = self.listing.fills.as_ref().and_then(|fills| fills.last().copied());
        if let Some((place, from)) = next
            && !is_asked(self, |q| matches!(q, Question::Fills(..)))
        {
            self.ask(Question::Fills(place, from), now);
        }
    }

    /// What was asked and is not answered in time is asked again; a line that does not answer its
    /// logon is closed.
    fn forget_overdue(&mut self, now: Nanos, out: &mut Out) {
        let is_late = |(_, _, at): &&(u64, Question, Nanos)| now.0 - at.0 > ANSWER_NS_MAX;
        while let Some((id, question, _)) = self.asked.iter().find(is_late).copied() {
            self.asked.retain(|(asked, ..)| *asked != id);
            let (Question::Logon(index) | Question::Subscribe(index)) = question else { continue };
            if self.lines.is_open(index) {
                let why = (Why::Timeout, Reason::Timeout);
                let was_leader = self.lines.close(index, why, now, &mut self.actions);
                self.on_lost(index, was_leader, now, out);
            }
        }
    }

    /// All is to be listed: after a logon, and where somebody asks.
    pub(super) fn list_anew(&mut self, now: Nanos) {
        let has_fills = self.since != Nanos::NONE;
        let places = if has_fills { 0..self.settings.instruments.len() } else { 0..0 };
        self.listing = Listings {
            orders: true,
            balances: true,
            limits: true,
            fills: has_fills.then(|| places.map(|place| (place, None)).collect()),
        };
        self.due = now;
    }

    pub(super) fn on_lost(&mut self, index: u8, was_leader: bool, now: Nanos, out: &mut Out) {
        self.posts[usize::from(index)] = Post::Down;
        self.due = now;
        let is_of = |question: &Question| match question {
            Question::Logon(n) | Question::Subscribe(n) | Question::Ping(n) => *n == index,
            _ => was_leader,
        };
        self.asked.retain(|(_, question, _)| !is_of(question));
        if !was_leader {
            return;
        }
        self.orders.doubt_all(now, &mut out.replies);
        self.since = Nanos(self.heard.0 - FILLS_MARGIN_NS);
        self.list_anew(now);
        // A successor that is up already takes over at once.
        if let Some(next) = self.lines.oldest_but(None)
            && matches!(self.posts[usize::from(next)], Post::Up(_))
        {
            self.lines.adopt(next, &mut self.actions);
        }
    }

    /// Asks on the line that is lived on, or on that of a logon.
    pub(super) fn ask(&mut self, question: Question, now: Nanos) {
        self.last_request += 1;
        let number = self.last_request;
        let millis = (now.0 + self.offset_ns).max(0) / Nanos::MILLI;
        let (method, params) = self.request(question);
        let comma = if params.is_empty() { "" } else { "," };
        let is_bare = matches!(question, Question::Ping(_))
            || (self.signer.logs_on() && matches!(question, Question::Subscribe(_)));
        let request = if is_bare {
            format!("{{\"id\":\"q{number}\",\"method\":\"{method}\"}}")
        } else {
            format!(
                "{{\"id\":\"q{number}\",\"method\":\"{method}\",\
                 \"params\":{{{params}{comma}\"timestamp\":{millis}}}}}"
            )
        };
        let must_sign =
            !is_bare && (!self.signer.logs_on() || matches!(question, Question::Logon(_)));
        let text = if must_sign {
            let mut sealed = Vec::new();
            if !self.signer.seal(request.as_bytes(), &mut sealed) {
                return;
            }
            String::from_utf8(sealed).unwrap_or_default()
        } else {
            request
        };
        let index = match question {
            Question::Logon(index) | Question::Subscribe(index) | Question::Ping(index) => index,
            _ => match self.up() {
                Some(line) => line.index,
                None => return,
            },
        };
        self.budget.ask(now, question.weight());
        self.asked.push((number, question, now));
        self.lines.say(index, text);
    }

    fn request(&self, question: Question) -> (&'static str, String) {
        let symbol = |place: usize| self.settings.instruments[place].symbol;
        match question {
            Question::Logon(_) => ("session.logon", String::new()),
            Question::Subscribe(_) if self.signer.logs_on() => {
                ("userDataStream.subscribe", String::new())
            }
            Question::Subscribe(_) => ("userDataStream.subscribe.signature", String::new()),
            Question::Ping(_) => ("time", String::new()),
            Question::OpenOrders(_) => ("openOrders.status", String::new()),
            Question::Account => ("account.status", String::from("\"omitZeroBalances\":true")),
            Question::Limits => ("account.rateLimits.orders", String::new()),
            Question::Fills(place, from) => {
                let symbol = symbol(place);
                let page = match from {
                    Some(id) => format!("\"fromId\":{id}"),
                    None => format!("\"startTime\":{}", self.since.0 / Nanos::MILLI),
                };
                ("myTrades", format!("\"symbol\":\"{symbol}\",{page},\"limit\":{PAGE}"))
            }
            Question::Order(place) => {
                let entry = self.orders.entry(place);
                let (symbol, client) = (symbol(entry.traded), entry.client.text());
                let params = format!("\"symbol\":\"{symbol}\",\"origClientOrderId\":\"{client}\"");
                ("order.status", params)
            }
            Question::CancelAll(place) => {
                ("openOrders.cancelAll", format!("\"symbol\":\"{}\"", symbol(place)))
            }
            Question::CancelStanding(symbol, id) => {
                ("order.cancel", format!("\"symbol\":\"{symbol}\",\"orderId\":{}", id.0))
            }
        }
    }

    /// Takes a private frame.
    pub(super) fn take(&mut self, index: u8, bytes: &[u8], now: Nanos, out: &mut Out) {
        let told = &mut self.told;
        let Ok(said) = self.reader.read(bytes, |root| reports::read(root, told)) else {
            self.tally.unread += 1;
            // Something of ours may have stood in it: all is listed anew.
            self.list_anew(now);
            return;
        };
        match said {
            Said::Answer(reply) => self.on_reply(index, &reply, now, out),
            Said::Order => self.hear_items(false, now, out),
            Said::Balances => self.tell_holdings(out),
            Said::Ending => {
                if Some(index) == self.lines.leader() {
                    self.lines.expect_end(now);
                }
                self.due = now;
            }
            Said::Other => {}
        }
    }

    fn on_reply(&mut self, index: u8, reply: &Reply, now: Nanos, out: &mut Out) {
        self.tally.errors += u64::from(reply.cause.is_some());
        let in_flight = self.orders.waiting();
        for limit in std::mem::take(&mut self.told.limits) {
            self.budget.learn(&limit, in_flight, now);
        }
        if let Some(cause) = reply.cause
            && matches!(cause.trouble, Trouble::Banned | Trouble::Rate)
        {
            let at = i64::try_from(reply.retry_at_ms).map_or(Nanos::NONE, Nanos::from_millis);
            self.not_before = Nanos(at.0.max(now.0 + AGAIN_NS));
        }
        let own = reply.id.strip_prefix('q').and_then(|number| number.parse::<u64>().ok());
        if let Some(number) = own {
            let Some(at) = self.asked.iter().position(|(asked, ..)| *asked == number) else {
                return;
            };
            let (_, question, asked_at) = self.asked.swap_remove(at);
            self.due = now;
            return self.on_question(question, asked_at, reply, now, out);
        }
        if let Some(name) = named(&reply.id) {
            return self.on_order(name, reply, now, out);
        }
        // Without a name: the key was taken away, and nothing more goes on this line.
        if reply.cause.is_some_and(|cause| cause.trouble == Trouble::Permission) {
            self.give_up(index, now, out);
        }
    }

    /// An answer to an order that dispatch wrote.
    fn on_order(&mut self, name: ClientId, reply: &Reply, now: Nanos, out: &mut Out) {
        let Some(pending) = self.orders.answered(key_of(&name)) else {
            // Overdue, or told twice: what it says of its order counts all the same.
            return self.hear_items(false, now, out);
        };
        match reply.cause.map(|cause| (cause.trouble, cause.number)) {
            Some((Trouble::Outcome, _)) => self.orders.doubt(pending, now, &mut out.replies),
            Some((_, number)) => self.orders.refused(pending, number, now, &mut out.replies),
            None => {
                self.hear_items(false, now, out);
                if self.settings.is_rehearsal && pending.kind == Kind::Place {
                    let client = self.orders.entry(pending.place).client;
                    let none = VenueOrder::default();
                    for event in [Event::Alive, Event::Expired] {
                        let word = Word::of(Some(client), none, Nanos::NONE, event);
                        self.orders.hear(&word, now, &mut out.replies);
                    }
                } else if pending.kind == Kind::Cancel {
                    self.orders.watch(pending.place, now);
                }
            }
        }
    }

    fn on_question(
        &mut self,
        question: Question,
        asked_at: Nanos,
        reply: &Reply,
        now: Nanos,
        out: &mut Out,
    ) {
        if let Some(server_ms) = reply.server_ms {
            // Half of the way there and back is the best guess of when the venue looked.
            let ours = i64::midpoint(asked_at.0, now.0);
            let theirs = i64::try_from(server_ms).map_or(Nanos::NONE, Nanos::from_millis);
            self.offset_ns = theirs.0.saturating_sub(ours);
        }
        match (question, reply.cause) {
            (Question::Logon(index) | Question::Subscribe(index), Some(cause)) => {
                self.on_shut_out(index, cause.trouble, now, out);
            }
            (Question::Logon(index), None) => {
                if let Post::LoggingOn(line) = self.posts[usize::from(index)] {
                    self.posts[usize::from(index)] = Post::Subscribing(line);
                    self.ask(Question::Subscribe(index), now);
                }
            }
            (Question::Subscribe(index), None) => self.on_up(index, now),
            (Question::OpenOrders(began), None) => {
                self.orders.begin_listing();
                self.hear_items(true, now, out);
                self.orders.end_listing(began, now);
                self.listing.orders = false;
                out.facts.push(Fact::Whole(Listing::Orders));
            }
            (Question::Account, None) => {
                self.tell_holdings(out);
                self.listing.balances = false;
                out.facts.push(Fact::Whole(Listing::Balances));
            }
            (Question::Limits, None) => self.listing.limits = false,
            (Question::Fills(place, _), None) => self.on_fills(place, &reply.trades, out),
            (Question::Order(place), None) => {
                self.hear_items(false, now, out);
                if !self.told.items.is_empty() {
                    self.orders.settled(place);
                }
            }
            (Question::Order(place), Some(cause)) if cause.trouble == Trouble::NotOpen => {
                self.orders.absent(place, SETTLED_NS, now, &mut out.replies);
            }
            (Question::CancelAll(place), None) => {
                self.cancels.retain(|other| *other != place);
                self.hear_items(false, now, out);
            }
            // There is nothing to cancel.
            (Question::CancelAll(place), Some(cause)) if cause.trouble == Trouble::NotOpen => {
                self.cancels.retain(|other| *other != place);
            }
            (Question::CancelStanding(..), None) => self.hear_items(false, now, out),
            // What was refused is asked again when its time comes.
            (_, Some(_)) => self.not_before = self.not_before.max(Nanos(now.0 + Nanos::SECOND)),
            (Question::Ping(_), None) => {}
        }
    }

    /// The venue did not log a line on.
    fn on_shut_out(&mut self, index: u8, trouble: Trouble, now: Nanos, out: &mut Out) {
        let (rest, stage, reason) = match trouble {
            Trouble::Clock => (PERMISSION_NS, Stage::Refused, Reason::Clock),
            Trouble::Permission => (PERMISSION_NS, Stage::Refused, Reason::Key),
            _ => (AGAIN_NS, Stage::BackingOff, Reason::Denied),
        };
        self.not_before = Nanos(self.not_before.0.max(now.0 + rest));
        self.give_up(index, now, out);
        self.state.turn(stage, reason, now);
    }

    fn on_up(&mut self, index: u8, now: Nanos) {
        let Post::Subscribing(line) = self.posts[usize::from(index)] else { return };
        self.posts[usize::from(index)] = Post::Up(line);
        if self.lines.leader().is_none() {
            self.lines.adopt(index, &mut self.actions);
            self.list_anew(now);
        }
        self.ask(Question::Ping(index), now);
    }

    /// Closes a line on which nothing can be done.
    fn give_up(&mut self, index: u8, now: Nanos, out: &mut Out) {
        if self.lines.is_open(index) {
            let why = (Why::Useless, Reason::Denied);
            let was_leader = self.lines.close(index, why, now, &mut self.actions);
            self.on_lost(index, was_leader, now, out);
            let rest_ns = (self.not_before.0 - now.0).max(0);
            self.lines.rest(rest_ns, now);
        }
    }

    /// Says how the whole stands.
    fn show(&mut self, now: Nanos) {
        let is_refused = self.state.stage == Stage::Refused && now < self.not_before;
        let line = self.lines.leader().or_else(|| self.lines.open().next()).unwrap_or(0);
        let line = self.lines.state(line);
        let (stage, reason) = if self.up().is_none() && is_refused {
            return;
        } else if self.up().is_none() {
            line.map_or((Stage::Idle, Reason::NoLine), |state| (state.stage, state.reason))
        } else if self.offset_ns.abs() > OFFSET_NS_MAX {
            (Stage::Refused, Reason::Clock)
        } else if self.listing.orders || self.listing.balances || self.listing.fills.is_some() {
            (Stage::Syncing, Reason::Ordinary)
        } else {
            (Stage::Live, Reason::Ordinary)
        };
        self.state.turn(stage, reason, now);
        if let Some(line) = self.up() {
            self.lines.turn(line.index, stage, reason, now);
        }
    }
}

/// A name that could be one of dispatch's.
fn named(text: &str) -> Option<ClientId> {
    desk::client(text.as_bytes(), "id").ok()
}
