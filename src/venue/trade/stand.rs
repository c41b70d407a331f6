//! A stand for scenes: a private session in virtual time, and what comes out of it.

use super::contract::{Asset, Kind, Opening, Parcel, Route, Settings, Traded, Trader};
use super::out::{Fact, Out, Request, Task};
use super::secret::Secret;
use crate::base::{
    AccountId, AssetId, Instrument, InstrumentId, Nanos, OrderId, Price, Qty, Side, Symbol,
};
use crate::event::{ClientId, Happened, Style, Terms};
use crate::venue::desk::{self, Desk, Label, Target, Template};
use crate::venue::session::{Answer, Failure, FailureKind, FetchId, Line};

/// Where time begins.
pub(crate) const START: Nanos = Nanos(1_767_225_600 * Nanos::SECOND);

/// The instrument that is traded in scenes.
pub(crate) const HERE: InstrumentId = InstrumentId(7);

/// Base and quote asset of it.
pub(crate) const BASE: AssetId = AssetId(1);
pub(crate) const QUOTE: AssetId = AssetId(2);

/// One instrument with a decimal of price and eight of quantity; amounts with eight, too.
pub(crate) fn fit(mut settings: Settings, symbol: &str, assets: [&str; 2]) -> Settings {
    let symbol_of = |text: &str| Symbol::new(text.as_bytes()).unwrap();
    settings.account = AccountId(3);
    settings.instruments = vec![Traded {
        symbol: symbol_of(symbol),
        id: HERE,
        price_decimals: 1,
        qty_decimals: 8,
        base: BASE,
        quote: QUOTE,
    }];
    settings.assets = vec![
        Asset { name: symbol_of(assets[0]), id: BASE, decimals: 8 },
        Asset { name: symbol_of(assets[1]), id: QUOTE, decimals: 8 },
    ];
    settings.seed = 7;
    settings.since = START;
    settings
}

/// Our name of an order.
pub(crate) fn name(order: u64) -> ClientId {
    let text = format!("n000001{order:011}");
    ClientId(text.as_bytes().try_into().unwrap())
}

/// What is ordered in scenes: 0.0015 at 64525.1.
pub(crate) fn terms() -> Terms {
    Terms { price: Price(645_251), qty: Qty(150_000), side: Side::Buy, style: Style::PostOnly }
}

/// A parcel with bytes that nobody reads.
pub(crate) fn parcel(kind: Kind, order: u64) -> Parcel<'static> {
    Parcel {
        kind,
        client: name(order),
        order: OrderId(order),
        instrument: HERE,
        terms: terms(),
        bytes: b"",
    }
}

/// A session and its surroundings.
pub(crate) struct Stand {
    pub(crate) trader: Box<dyn Trader>,
    pub(crate) now: Nanos,
    /// Not looked at yet.
    pub(crate) out: Out,
    template: Template,
}

impl Stand {
    /// A session, before its first poll.
    pub(crate) fn new(opening: &Opening, desk: &Desk, settings: Settings) -> Stand {
        let symbol = settings.instruments[0].symbol;
        let instrument = Instrument::plain("here", symbol, 1, 8);
        let template = desk.template(&instrument, &desk::Session::default()).unwrap();
        let trader = (opening.open)(settings, START).unwrap();
        let mut stand = Stand { trader, now: START, out: Out::with_room(), template };
        stand.pass(0);
        stand
    }

    /// Lets time pass, in turns of ten milliseconds.
    pub(crate) fn pass(&mut self, ms: i64) {
        let end = self.now.0 + ms * Nanos::MILLI;
        loop {
            self.trader.poll(self.now, &mut self.out);
            if self.now.0 >= end {
                return;
            }
            self.now = Nanos((self.now.0 + 10 * Nanos::MILLI).min(end));
        }
    }

    /// Takes those tasks of which `pick` makes something.
    fn take<T>(&mut self, mut pick: impl FnMut(&Task) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::new();
        self.out.tasks.retain(|task| match pick(task) {
            Some(found) => {
                taken.push(found);
                false
            }
            None => true,
        });
        taken
    }

    /// The line that is to be dialled.
    pub(crate) fn dial(&mut self) -> Line {
        let dials = self.take(|task| match task {
            Task::Connect { line, .. } => Some(*line),
            _ => None,
        });
        *dials.last().expect("a line is to be dialled")
    }

    /// The same, opened.
    pub(crate) fn open(&mut self) -> Line {
        let line = self.dial();
        self.trader.opened(line, self.now, &mut self.out);
        self.pass(0);
        line
    }

    /// Is a line to be dialled?
    pub(crate) fn dials(&self) -> bool {
        self.out.tasks.iter().any(|task| matches!(task, Task::Connect { .. }))
    }

    /// What is to be sent.
    pub(crate) fn texts(&mut self) -> Vec<String> {
        self.take(|task| match task {
            Task::Send { text, .. } => Some(text.expose().to_owned()),
            _ => None,
        })
    }

    /// What is to be asked.
    pub(crate) fn requests(&mut self) -> Vec<(FetchId, Request)> {
        self.take(|task| match task {
            Task::Request { id, request } => Some((*id, (**request).clone())),
            _ => None,
        })
    }

    /// How many lines are to be closed.
    pub(crate) fn closes(&mut self) -> usize {
        self.take(|task| matches!(task, Task::Close { .. }).then_some(())).len()
    }

    /// A frame came in.
    pub(crate) fn frame(&mut self, line: Line, text: impl AsRef<[u8]>) {
        self.trader.frame(line, text.as_ref(), self.now, &mut self.out);
        self.pass(0);
    }

    /// An answer came in.
    pub(crate) fn answer(&mut self, id: FetchId, status: u16, body: &str) {
        let body = body.as_bytes();
        let answer = Answer { status, retry_after_ns: 0, used_weight: None, body };
        self.trader.answered(id, &answer, self.now, &mut self.out);
        self.pass(0);
    }

    /// A line broke.
    pub(crate) fn closed(&mut self, line: Line) {
        self.trader.closed(line, 1006, self.now, &mut self.out);
        self.pass(0);
    }

    /// A line could not be opened.
    pub(crate) fn failed(&mut self, line: Line, status: u16) {
        let kind = if status == 0 { FailureKind::Connect } else { FailureKind::Upgrade };
        let failure = Failure { kind, status, retry_after_ns: 0 };
        self.trader.failed(line, &failure, self.now, &mut self.out);
    }

    /// Hands an order in: the text that goes out, and the answer's name over HTTP; or what became
    /// of it at once.
    pub(crate) fn hand_in(
        &mut self,
        kind: Kind,
        order: u64,
        decision: u64,
    ) -> Result<(String, Option<FetchId>), Happened> {
        let label = Label { order: OrderId(decision), client: name(decision), now: self.now };
        let target = Target { client: name(order), venue_order: None };
        let mut terms = terms();
        let bytes = match kind {
            Kind::Place => self.template.place(&label, &terms),
            Kind::Cancel => self.template.cancel(&label, &target),
            Kind::Amend => {
                terms.qty = Qty(100_000);
                self.template.amend(&label, &target, &terms).expect("the venue amends")
            }
        };
        let parcel = Parcel {
            kind,
            client: name(order),
            order: OrderId(decision),
            instrument: HERE,
            terms,
            bytes,
        };
        let text = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap();
        match self.trader.hand_in(&parcel, self.now) {
            Route::Frame { text: bytes, .. } => Ok((text(bytes.0), None)),
            Route::Http { id, text: bytes } => Ok((text(bytes.0), Some(id))),
            Route::Nowhere(reply) => Err(reply.happened),
        }
    }

    /// What dispatch would hear: the order's number, and what happened.
    pub(crate) fn replies(&mut self) -> Vec<(u64, Happened)> {
        let number = |client: ClientId| client.text()[7..].parse().unwrap();
        self.out.replies.drain(..).map(|reply| (number(reply.client), reply.happened)).collect()
    }

    /// What the account holds.
    pub(crate) fn facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.out.facts)
    }
}

/// A key.
pub(crate) fn key(name: &str, secret: &str) -> super::contract::KeyTexts {
    super::contract::KeyTexts { name: Secret::from(name), secret: Secret::from(secret) }
}
