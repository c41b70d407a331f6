//! A stand for scenes: a session in virtual time, and what it wants done.

use crate::base::{ConnectionId, InstrumentId, Nanos, Symbol};
use crate::event::{Resync, ResyncReason};
use crate::venue::session::{
    Action, Actions, Address, Answer, Failure, FailureKind, FetchId, Follow, Line, Opening, Pass,
    Session, Settings, Stage, Why,
};

/// Where time begins.
pub(crate) const START: Nanos = Nanos(1_800_000_000 * Nanos::SECOND);

/// Where frames go.
pub(crate) const HERE: ConnectionId = ConnectionId(5);

/// Milliseconds between two polls.
pub(crate) const TURN_MS: i64 = 10;

/// A session and its surroundings.
pub(crate) struct Stand {
    pub(crate) session: Box<dyn Session>,
    pub(crate) now: Nanos,
    /// Not looked at yet.
    pub(crate) actions: Actions,
    /// All that was spent, and when, ns.
    pub(crate) spent: Vec<(i64, Spent)>,
}

/// Something of which a venue allows only so much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    Attempt,
    Message(Line),
    /// By its path.
    Question(String),
}

/// Instruments to follow, numbered from 100 on.
pub(crate) fn follow(symbols: &[&str]) -> Vec<Follow> {
    let one = |(n, symbol): (usize, &&str)| Follow {
        symbol: Symbol::new(symbol.as_bytes()).unwrap(),
        id: InstrumentId(100 + n as u32),
    };
    symbols.iter().enumerate().map(one).collect()
}

/// Settings of a venue for these symbols.
pub(crate) fn settings(opening: &Opening, symbols: &[&str]) -> Settings {
    Settings { connection: HERE, follow: follow(symbols), seed: 7, ..(opening.settings)() }
}

impl Stand {
    /// A session that has begun.
    pub(crate) fn new(opening: &Opening, settings: Settings) -> Stand {
        let mut stand = Stand::asleep(opening, settings);
        stand.session.begin(stand.now);
        stand.pass(0);
        stand
    }

    /// A session that has not begun.
    pub(crate) fn asleep(opening: &Opening, settings: Settings) -> Stand {
        let session = (opening.open)(settings, START).unwrap();
        let mut stand = Stand { session, now: START, actions: Vec::new(), spent: Vec::new() };
        stand.pass(0);
        stand
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, ms: i64) {
        let end = self.now.0 + ms * Nanos::MILLI;
        loop {
            let before = self.actions.len();
            self.session.poll(self.now, &mut self.actions);
            self.note(before);
            if self.now.0 >= end {
                return;
            }
            self.now = Nanos((self.now.0 + TURN_MS * Nanos::MILLI).min(end));
        }
    }

    /// Notes what is spent by the actions behind the first `before`. Other calls than `poll` spend
    /// nothing.
    fn note(&mut self, before: usize) {
        for action in &self.actions[before..] {
            let spent = match action {
                Action::Connect { .. } => Spent::Attempt,
                Action::Send { line, .. } => Spent::Message(*line),
                Action::Fetch { address, .. } => Spent::Question(address.path.clone()),
                _ => continue,
            };
            self.spent.push((self.now.0, spent));
        }
    }

    /// Takes those actions of which `pick` makes something.
    pub(crate) fn take<T>(&mut self, mut pick: impl FnMut(&Action) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::new();
        self.actions.retain(|action| match pick(action) {
            Some(found) => {
                taken.push(found);
                false
            }
            None => true,
        });
        taken
    }

    /// Lines that are to be dialled.
    pub(crate) fn dials(&mut self) -> Vec<Line> {
        self.take(|action| match action {
            Action::Connect { line, .. } => Some(*line),
            _ => None,
        })
    }

    /// Lets time pass until a line is to be dialled.
    pub(crate) fn await_dial(&mut self) {
        while !self.actions.iter().any(|action| matches!(action, Action::Connect { .. })) {
            self.pass(TURN_MS);
        }
    }

    /// Dials the next line and opens it.
    pub(crate) fn open(&mut self) -> Line {
        let line = self.dials()[0];
        self.opened(line);
        line
    }

    /// Opens a line.
    pub(crate) fn opened(&mut self, line: Line) {
        self.session.opened(line, self.now, &mut self.actions);
        self.pass(0);
    }

    /// A dial came to nothing.
    pub(crate) fn failed(&mut self, line: Line, status: u16, retry_after_s: i64) {
        let retry_after_ns = retry_after_s * Nanos::SECOND;
        let kind = if status == 0 { FailureKind::Connect } else { FailureKind::Upgrade };
        let failure = Failure { kind, status, retry_after_ns };
        self.session.failed(line, &failure, self.now, &mut self.actions);
    }

    /// A line broke.
    pub(crate) fn closed(&mut self, line: Line) {
        self.session.closed(line, 1006, self.now, &mut self.actions);
        self.pass(0);
    }

    /// A frame came in.
    pub(crate) fn frame(&mut self, line: Line, text: impl AsRef<[u8]>) -> Pass {
        let pass = self.session.frame(line, text.as_ref(), self.now, &mut self.actions);
        self.pass(0);
        pass
    }

    /// What is to be sent on a line.
    pub(crate) fn texts(&mut self, on: Line) -> Vec<String> {
        self.take(|action| match action {
            Action::Send { line, text } if *line == on => Some(text.clone()),
            _ => None,
        })
    }

    /// What is to be fetched: path and query.
    pub(crate) fn fetches(&mut self) -> Vec<(FetchId, String)> {
        self.take(|action| match action {
            Action::Fetch { id, address: Address { path, .. } } => Some((*id, path.clone())),
            _ => None,
        })
    }

    /// An answer came.
    pub(crate) fn answer(&mut self, id: FetchId, status: u16, body: impl AsRef<[u8]>) -> Pass {
        self.answer_after(id, status, 0, body)
    }

    /// An answer came, with `Retry-After`.
    pub(crate) fn answer_after(
        &mut self,
        id: FetchId,
        status: u16,
        retry_after_s: i64,
        body: impl AsRef<[u8]>,
    ) -> Pass {
        let retry_after_ns = retry_after_s * Nanos::SECOND;
        let answer = Answer { status, retry_after_ns, used_weight: None, body: body.as_ref() };
        let pass = self.session.fetched(id, &answer, self.now, &mut self.actions);
        self.pass(0);
        pass
    }

    /// A book cannot be proven.
    pub(crate) fn resync(&mut self, n: u32, reason: ResyncReason) {
        let resync =
            Resync { frame: 0, instrument: InstrumentId(100 + n), connection: HERE, reason };
        self.session.resync(&resync, self.now, &mut self.actions);
        self.pass(0);
    }

    /// Lines that are to be closed.
    pub(crate) fn closes(&mut self) -> Vec<(Line, Why)> {
        self.take(|action| match action {
            Action::Close { line, why } => Some((*line, *why)),
            _ => None,
        })
    }

    /// What is void: books by their number here, `None` for all.
    pub(crate) fn resets(&mut self) -> Vec<Option<u32>> {
        self.take(|action| match action {
            Action::Reset { about: InstrumentId::NONE, .. } => Some(None),
            Action::Reset { about, .. } => Some(Some(about.0 - 100)),
            _ => None,
        })
    }

    /// How a symbol stands.
    pub(crate) fn stage(&self, n: u32) -> Stage {
        self.session.symbol_state(InstrumentId(100 + n)).unwrap().stage
    }
}
