//! The runner: a session and the carrier under it, turned until what is waited for has come.
//!
//! In: orders. Out: what was replied, what the account holds.
//! Never: memory without a bound: of what was heard the newest is kept.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::live::{Carrier, Event};
use super::error::{MemberError, Shown};
use crate::base::{Instrument, InstrumentId, Nanos, OrderId, Price, Qty, Side};
use crate::event::{ClientId, Reply, Style, Terms};
use crate::limits;
use crate::stage::dispatch;
use crate::venue::session::{Address, Answer, Line, Why};
use crate::venue::trade::{
    Fact, Kind, Out, Parcel, Route, Settings, Standing, Tally, Task, Trader,
};
use crate::venue::{Dialect, Label, Session, Target, Template};

/// See the module.
#[derive(Debug)]
pub struct Member<C> {
    venue: &'static str,
    carrier: C,
    /// What the carrier calls it.
    number: usize,
    trader: Box<dyn Trader>,
    rest: Address,
    templates: BTreeMap<InstrumentId, Template>,
    out: Out,
    lines: Vec<Line>,
    replies: VecDeque<Reply>,
    facts: VecDeque<Fact>,
    /// Troubles of lines and requests.
    heard: VecDeque<String>,
    /// Names of orders: the session's number, and that of the next order.
    epoch: u32,
    next: u64,
    /// How long it sleeps where nothing comes.
    pause: Duration,
}

/// Of a cancel, whose terms nobody reads.
const NO_TERMS: Terms =
    Terms { price: Price(0), qty: Qty(0), side: Side::Buy, style: Style::Limit };

/// Troubles that are kept.
const HEARD_MAX: usize = 64;

/// Events that are taken in one turn.
const EVENTS_MAX: usize = 256;

impl<C: Carrier> Member<C> {
    /// Opens an account: nothing has been connected when this returns. `epoch` is in the names of
    /// its orders, and must be one that was never used at the venue.
    pub fn open(
        dialect: &'static Dialect,
        settings: Settings,
        (mut carrier, number): (C, usize),
        epoch: u32,
    ) -> Result<Member<C>, MemberError> {
        let venue = dialect.name;
        let no_orders = MemberError::NoOrders { venue };
        let (opening, desk) = dialect.trade.zip(dialect.desk).ok_or(no_orders)?;
        let mut templates = BTreeMap::new();
        for traded in &settings.instruments {
            let (symbol, decimals) = (traded.symbol, (traded.price_decimals, traded.qty_decimals));
            let instrument = Instrument::plain(venue, symbol, decimals.0, decimals.1);
            let template = desk.template(&instrument, &Session::default());
            templates.insert(traded.id, template.ok_or(MemberError::Symbol { venue, symbol })?);
        }
        let rest = settings.rest.clone();
        let trader = (opening.open)(settings, carrier.now())?;
        if opening.kept > 0 {
            carrier.keep(number, &rest, opening.kept);
        }
        Ok(Member {
            venue,
            carrier,
            number,
            trader,
            rest,
            templates,
            out: Out::with_room(),
            lines: Vec::new(),
            replies: VecDeque::new(),
            facts: VecDeque::new(),
            heard: VecDeque::new(),
            epoch,
            next: 1,
            pause: Duration::from_micros(200),
        })
    }

    /// How long it sleeps where nothing comes: not at all on a carrier whose time goes on by
    /// being polled.
    #[must_use]
    pub fn with_pause(mut self, pause: Duration) -> Member<C> {
        self.pause = pause;
        self
    }

    /// Takes what has come and does what is due; true where something had come.
    pub fn turn(&mut self) -> bool {
        let now = self.carrier.now();
        self.trader.poll(now, &mut self.out);
        self.carry();
        for n in 0..EVENTS_MAX {
            if !self.take() {
                return n > 0;
            }
            self.carry();
        }
        true
    }

    /// Turns until `found` has something.
    pub fn wait<T>(
        &mut self,
        what: &'static str,
        within_ns: i64,
        mut found: impl FnMut(&Member<C>) -> Option<T>,
    ) -> Result<T, MemberError> {
        let until = self.carrier.now().0.saturating_add(within_ns);
        loop {
            let came = self.turn();
            if let Some(found) = found(self) {
                return Ok(found);
            }
            if self.carrier.now().0 > until {
                let heard = self.last_heard().to_owned();
                let (venue, waited_ns) = (self.venue, within_ns);
                return Err(MemberError::Nothing { venue, what, waited_ns, heard });
            }
            if !came && !self.pause.is_zero() {
                std::thread::park_timeout(self.pause);
            }
        }
    }

    /// Turns for so long.
    pub fn rest(&mut self, for_ns: i64) {
        // Nothing is waited for but the time.
        let _ = self.wait::<()>("end of a rest", for_ns, |_| None);
    }

    /// Turns until orders may be handed in.
    pub fn ready(&mut self, within_ns: i64) -> Result<(), MemberError> {
        let ready = self.wait("readiness", within_ns, |member| member.is_ready().then_some(()));
        ready.map_err(|_| MemberError::NotReady {
            venue: self.venue,
            waited_ns: within_ns,
            state: Shown(self.trader.state()),
            heard: self.last_heard().to_owned(),
        })
    }

    /// Places an order under a name of its own, which it gives.
    pub fn place(
        &mut self,
        instrument: InstrumentId,
        terms: &Terms,
    ) -> Result<ClientId, MemberError> {
        let client = dispatch::client_id(self.epoch, OrderId(self.next));
        self.place_as(client, instrument, terms)?;
        Ok(client)
    }

    /// Places an order under a name.
    pub fn place_as(
        &mut self,
        client: ClientId,
        instrument: InstrumentId,
        terms: &Terms,
    ) -> Result<(), MemberError> {
        self.hand_in(Kind::Place, client, instrument, Some(terms))
    }

    /// Gives an order another price or quantity.
    pub fn amend(
        &mut self,
        client: ClientId,
        instrument: InstrumentId,
        terms: &Terms,
    ) -> Result<(), MemberError> {
        self.hand_in(Kind::Amend, client, instrument, Some(terms))
    }

    /// Cancels an order of this session.
    pub fn cancel(
        &mut self,
        client: ClientId,
        instrument: InstrumentId,
    ) -> Result<(), MemberError> {
        self.hand_in(Kind::Cancel, client, instrument, None)
    }

    /// Cancels every order of the account, whoever placed it.
    pub fn cancel_all(&mut self) {
        self.trader.cancel_all(self.carrier.now(), &mut self.out);
        self.carry();
    }

    /// Cancels an order that a listing told of.
    pub fn cancel_standing(&mut self, standing: &Standing) {
        self.trader.cancel_standing(standing, self.carrier.now(), &mut self.out);
        self.carry();
    }

    /// Asks for open orders, balances and fills since a time once more.
    pub fn reconcile(&mut self, since: Nanos) {
        self.trader.reconcile(since, self.carrier.now());
    }

    /// No more orders: a dead man's switch is disarmed.
    pub fn retire(&mut self) {
        self.trader.retire(self.carrier.now(), &mut self.out);
        self.carry();
    }

    /// Loses its lines, as if the network had: the session has to come back by itself.
    pub fn cut(&mut self) {
        let now = self.carrier.now();
        for line in std::mem::take(&mut self.lines) {
            self.carrier.task(self.number, &Task::Close { line, why: Why::Useless });
            self.trader.closed(line, 0, now, &mut self.out);
        }
        self.carry();
    }

    /// May orders be handed in?
    pub fn is_ready(&self) -> bool {
        self.trader.is_ready()
    }

    /// How the session stands, and what mends it.
    pub fn state(&self) -> Shown {
        Shown(self.trader.state())
    }

    /// What it did so far.
    pub fn tally(&self) -> Tally {
        self.trader.tally()
    }

    /// How many orders and cancels the venue's budget has room for.
    pub fn room(&mut self, instrument: InstrumentId) -> (u32, u32) {
        let room = self.trader.room(instrument, self.carrier.now());
        (room.orders, room.cancels)
    }

    /// The time.
    pub fn now(&self) -> Nanos {
        self.carrier.now()
    }

    /// The carrier: for tests that trouble it.
    pub fn carrier(&mut self) -> &mut C {
        &mut self.carrier
    }

    /// What was replied, the oldest first.
    pub fn replies(&self) -> impl DoubleEndedIterator<Item = &Reply> {
        self.replies.iter()
    }

    /// What was replied about an order.
    pub fn replies_to(&self, client: ClientId) -> impl DoubleEndedIterator<Item = &Reply> {
        self.replies.iter().filter(move |reply| reply.client == client)
    }

    /// What the account was told to hold, the oldest first.
    pub fn facts(&self) -> impl DoubleEndedIterator<Item = &Fact> {
        self.facts.iter()
    }

    /// Forgets facts, so that those to come stand alone.
    pub fn forget_facts(&mut self) {
        self.facts.clear();
    }

    /// Troubles of lines and requests, the oldest first.
    pub fn heard(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.heard.iter().map(String::as_str)
    }

    fn last_heard(&self) -> &str {
        self.heard().next_back().unwrap_or("no trouble on the way")
    }

    fn hand_in(
        &mut self,
        kind: Kind,
        client: ClientId,
        instrument: InstrumentId,
        terms: Option<&Terms>,
    ) -> Result<(), MemberError> {
        let (venue, now) = (self.venue, self.carrier.now());
        let not_traded = MemberError::NotTraded { venue };
        let template = self.templates.get_mut(&instrument).ok_or(not_traded)?;
        let order = OrderId(self.next);
        let label = Label { order, client, now };
        let target = Target { client, venue_order: None };
        let bytes = match (kind, terms) {
            (Kind::Place, Some(terms)) => template.place(&label, terms),
            (Kind::Amend, Some(terms)) => {
                template.amend(&label, &target, terms).ok_or(MemberError::NoAmend { venue })?
            }
            _ => template.cancel(&label, &target),
        };
        let terms = terms.copied().unwrap_or(NO_TERMS);
        let parcel = Parcel { kind, client, order, instrument, terms, bytes };
        self.next += 1;
        match self.trader.hand_in(&parcel, now) {
            // Where the line is gone, the next turn says so, and the session asks.
            Route::Frame { line, text } => {
                self.carrier.send(self.number, line, text.0);
            }
            Route::Http { id, text } => self.carrier.post(self.number, id, &self.rest, text.0),
            Route::Nowhere(reply) => keep(&mut self.replies, reply, limits::MEMBER_KEPT_MAX),
        }
        Ok(())
    }

    /// Takes the next thing that happened; false where there is none.
    fn take(&mut self) -> bool {
        let Member { carrier, trader, out, lines, heard, .. } = self;
        let now = carrier.now();
        let mut trouble = |what: &str, why: &str| {
            keep(heard, format!("{what}: {why}"), HEARD_MAX);
        };
        let Some(event) = carrier.poll() else { return false };
        match event {
            Event::Opened { line, .. } => {
                lines.push(line);
                trader.opened(line, now, out);
            }
            Event::Failed { line, failure, why, .. } => {
                trouble("a line could not be opened", why);
                trader.failed(line, &failure, now, out);
            }
            Event::Closed { line, code, why, .. } => {
                trouble("a line ended", why);
                lines.retain(|open| *open != line);
                trader.closed(line, code, now, out);
            }
            Event::Pinged { line, .. } => trader.pinged(line, now),
            Event::Frame { line, recv_ns, bytes, .. } => {
                trader.frame(line, bytes.text(), recv_ns, out);
            }
            Event::Answer { id, status, retry_after_ns, used_weight, body, why, .. } => {
                if let Some(why) = why {
                    trouble("a request was not answered", why);
                } else if status != 200 {
                    trouble("a request was refused", &excerpt(status, body.text()));
                }
                let answer = Answer { status, retry_after_ns, used_weight, body: body.text() };
                trader.answered(id, &answer, now, out);
            }
        }
        true
    }

    /// Does what the session wants, and keeps what it says.
    fn carry(&mut self) {
        for task in self.out.tasks.drain(..) {
            if let Task::Close { line, .. } = &task {
                self.lines.retain(|open| open != line);
            }
            self.carrier.task(self.number, &task);
        }
        for reply in self.out.replies.drain(..) {
            keep(&mut self.replies, reply, limits::MEMBER_KEPT_MAX);
        }
        for fact in self.out.facts.drain(..) {
            keep(&mut self.facts, fact, limits::MEMBER_KEPT_MAX);
        }
    }
}

fn keep<T>(all: &mut VecDeque<T>, new: T, most: usize) {
    if all.len() == most {
        all.pop_front();
    }
    all.push_back(new);
}

/// What a venue says with a status that is not 200: its first words.
fn excerpt(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(limits::EXCERPT_BYTES_MAX)]);
    format!("status {status}, {}", text.escape_debug())
}
