//! What a session is told, what it wants done, and what it says of itself.
//!
//! In: [`Settings`]. Out: [`Action`], [`Pass`].
//! Never: a type of a socket library. Addresses, texts and numbers only.

use super::state::{State, Tally};
use crate::base::{ConnectionId, InstrumentId, Nanos, Symbol};
use crate::event::Resync;
use crate::limits;
use crate::venue::contract::Described;

/// One venue's market data, kept coming. One call through `dyn` a frame.
///
/// Inputs about a line that is no more (see [`Line`]) change nothing, so they may come late.
pub trait Session: Send + std::fmt::Debug {
    /// Lets time pass: what is due is done. Cheap where nothing is; call it about each millisecond.
    fn poll(&mut self, now: Nanos, out: &mut Actions);

    /// From now on books and trades are asked for. Before, only metadata is, so that whoever needs
    /// decimals first can wait for [`Session::is_described`] and get ready.
    fn begin(&mut self, now: Nanos);

    /// Is it known of every symbol what it is, or that the venue does not list it?
    fn is_described(&self) -> bool;

    /// A line can be written to.
    fn opened(&mut self, line: Line, now: Nanos, out: &mut Actions);

    /// A line could not be opened.
    fn failed(&mut self, line: Line, failure: &Failure, now: Nanos, out: &mut Actions);

    /// An open line ended, by the venue or the network; `code` is the close frame's, 0 where there
    /// was none. Need not be told of what [`Action::Close`] ended.
    fn closed(&mut self, line: Line, code: u16, now: Nanos, out: &mut Actions);

    /// A ping or pong frame came in; a ping was answered by whoever owns the line. Tells that the
    /// line lives, and counts where the venue counts pongs as messages.
    fn pinged(&mut self, line: Line, now: Nanos);

    /// A text frame came in. Allocates nothing where it is market data.
    fn frame(&mut self, line: Line, bytes: &[u8], now: Nanos, out: &mut Actions) -> Pass;

    /// An answer to [`Action::Fetch`] came, or that there will be none. [`Pass::Snapshot`] means
    /// that its body goes to the feed.
    fn fetched(&mut self, id: FetchId, answer: &Answer<'_>, now: Nanos, out: &mut Actions) -> Pass;

    /// A book cannot be proven any more.
    fn resync(&mut self, resync: &Resync, now: Nanos, out: &mut Actions);

    /// The whole: the worst of what is needed.
    fn state(&self) -> State;

    /// A line's state by its index; `None` where there is no such line.
    fn line_state(&self, index: u8) -> Option<State>;

    /// A symbol's state; `None` where it is not followed.
    fn symbol_state(&self, id: InstrumentId) -> Option<State>;

    /// What was done so far.
    fn tally(&self) -> Tally;
}

/// What a dialect offers beside decoding: its session. An entry of the registry.
#[derive(Debug)]
pub struct Opening {
    /// Addresses and limits as the venue documents them, nothing followed yet.
    pub settings: fn() -> Settings,
    /// A session; nothing is connected before the first [`Session::poll`].
    pub open: fn(Settings, Nanos) -> Result<Box<dyn Session>, SettingsError>,
}

/// What to follow, where, and within which bounds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The feed's connection that all frames go to.
    pub connection: ConnectionId,
    /// Instruments.
    pub follow: Vec<Follow>,
    /// Levels a side: of Kraken's books, of Binance's snapshots. Coinbase sends all.
    pub depth: u32,
    /// Follow trades too.
    pub trades: bool,
    /// Follow the venue's own best bid and ask too, where it has a true one (Binance).
    pub quotes: bool,
    /// Where market data comes from.
    pub stream: Address,
    /// Where metadata and snapshots are asked for.
    pub rest: Address,
    /// Lines at once, 1 or 2: what the second is good for is each venue's matter.
    pub redundancy: u8,
    /// Age at which a line gets a successor before it is closed, ns; 0 for never.
    pub line_age_ns_max: i64,
    /// Silence after which a line is dead, ns.
    pub silence_ns_max: i64,
    /// Attempts to connect in the venue's own window, at most: less than the venue allows, since
    /// others on this host may share its address.
    pub attempts_max: u32,
    /// Of the jitter of all waits: the same seed waits alike.
    pub seed: u64,
}

/// An instrument to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    /// Its symbol on the wire: `BTC/USD`, `BTCUSDT`, `BTC-USD`.
    pub symbol: Symbol,
    /// Our number for it.
    pub id: InstrumentId,
}

/// One attempt at one physical connection. A later attempt has the same index and another number,
/// so what comes late from the earlier one is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// Which connection, from 0: at most [`limits::LINES_MAX`].
    pub index: u8,
    /// Which attempt of the session, from 1.
    pub attempt: u32,
}

/// A place on the network. All are TLS, with `host` as SNI and Host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path with what follows it, from the slash; what requests are appended to, on REST.
    pub path: String,
}

/// Which answer belongs to which question: counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchId(pub u32);

/// What the session wants done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Open a websocket; answered by `opened` or `failed`.
    Connect {
        /// As what.
        line: Line,
        /// Whereto.
        address: Address,
    },
    /// Send a text frame.
    Send {
        /// On which line.
        line: Line,
        /// The text.
        text: String,
    },
    /// Close a line, or give up opening it.
    Close {
        /// Which.
        line: Line,
        /// Why, for the log.
        why: Why,
    },
    /// `GET` over HTTPS, off the hot thread; answered by `fetched`.
    Fetch {
        /// What the answer is called.
        id: FetchId,
        /// Host, port and full path.
        address: Address,
    },
    /// Frames of this line are now those that the connection lives on. For the log and for figures:
    /// which frames go to the feed, [`Pass`] says.
    Adopt {
        /// Which line.
        line: Line,
        /// Whose frames.
        connection: ConnectionId,
    },
    /// Frames of this line are no longer needed; it is closed next.
    Retire {
        /// Which line.
        line: Line,
    },
    /// What the feed and the books know is void: emit [`Body::Reset`](crate::event::Body::Reset)
    /// about it before any other frame. Where it is a whole connection, the feed forgets its
    /// counter too (`Feed::restart`).
    Reset {
        /// Which connection.
        connection: ConnectionId,
        /// Which book of it; [`InstrumentId::NONE`] for all.
        about: InstrumentId,
    },
    /// The venue says what an instrument is, or that something of it changed.
    Describe {
        /// Our number for it.
        id: InstrumentId,
        /// What it is.
        described: Box<Described>,
    },
}

/// Actions in the order in which they are to be done.
pub type Actions = Vec<Action>;

/// What is to be done with a frame or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Give it to the feed as a frame of this connection.
    Feed(ConnectionId),
    /// Give it to the feed as a frame of this connection about this instrument.
    Snapshot(ConnectionId, InstrumentId),
    /// Nothing more: the session has seen to it, it is a duplicate, or it came too late.
    Drop,
}

/// Why a line could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How far it came.
    pub kind: FailureKind,
    /// HTTP status of a refused upgrade, 0 where there was none.
    pub status: u16,
    /// `Retry-After` of a refused upgrade, ns; 0 where there was none.
    pub retry_after_ns: i64,
}

/// How far an attempt to connect came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The name is unknown.
    Resolve,
    /// No TCP connection.
    Connect,
    /// No TLS session.
    Tls,
    /// The websocket upgrade was refused.
    Upgrade,
    /// It took too long.
    Timeout,
}

/// An answer to a question.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// HTTP status; 0 where there was no answer.
    pub status: u16,
    /// `Retry-After`, ns; 0 where there was none.
    pub retry_after_ns: i64,
    /// `X-MBX-USED-WEIGHT-1M`, where there was one.
    pub used_weight: Option<u32>,
    /// The body.
    pub body: &'a [u8],
}

/// Why the session closes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing was heard for too long.
    Silence,
    /// It did not open, or the venue did not answer, in time.
    Timeout,
    /// A successor has taken its place.
    Succeeded,
    /// The venue said that it will stop serving.
    Shutdown,
    /// It said what it cannot mean.
    Nonsense,
    /// Nothing can be followed on it.
    Useless,
}

/// Why settings cannot be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Nothing to do.
    #[error("{venue}: no instrument is followed; name at least one")]
    Empty {
        /// Whose.
        venue: &'static str,
    },
    /// More than one connection takes.
    #[error("{venue}: {found} {what} are over the {max} of one connection; split the instruments")]
    TooMany {
        /// Whose.
        venue: &'static str,
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A depth that the venue does not offer.
    #[error("{venue}: depth {found} is not offered; take one of {offered}")]
    Depth {
        /// Whose.
        venue: &'static str,
        /// What was asked for.
        found: u32,
        /// What there is.
        offered: &'static str,
    },
    /// A symbol stands twice.
    #[error("{venue}: {symbol} is followed twice; name it once")]
    Twice {
        /// Whose.
        venue: &'static str,
        /// Which.
        symbol: Symbol,
    },
    /// A symbol that cannot stand in a request.
    #[error("{venue}: `{symbol}` is no symbol; write it as `{like}`")]
    Symbol {
        /// Whose.
        venue: &'static str,
        /// Which.
        symbol: Symbol,
        /// How symbols look.
        like: &'static str,
    },
    /// A number out of its bounds.
    #[error("{venue}: {what} is {found}, and must be {expected}")]
    Bound {
        /// Whose.
        venue: &'static str,
        /// What.
        what: &'static str,
        /// How much it is.
        found: i64,
        /// What it may be.
        expected: &'static str,
    },
}

impl Settings {
    /// Checks what all venues have in common. `like` is how a symbol looks, `is_symbol` which bytes
    /// may stand in one.
    pub fn check(
        &self,
        venue: &'static str,
        like: &'static str,
        is_symbol: fn(u8) -> bool,
    ) -> Result<(), SettingsError> {
        if self.follow.is_empty() {
            return Err(SettingsError::Empty { venue });
        }
        let (found, max) = (self.follow.len(), limits::INSTRUMENTS_MAX);
        if found > max {
            return Err(SettingsError::TooMany { venue, what: "instruments", found, max });
        }
        let mut symbols: Vec<Symbol> = self.follow.iter().map(|follow| follow.symbol).collect();
        if let Some(symbol) = symbols.iter().find(|s| !s.as_str().bytes().all(is_symbol)) {
            return Err(SettingsError::Symbol { venue, symbol: *symbol, like });
        }
        symbols.sort_unstable();
        if let Some(pair) = symbols.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(SettingsError::Twice { venue, symbol: pair[0] });
        }
        let bound = |what, found, is_right: bool, expected| {
            let error = SettingsError::Bound { venue, what, found, expected };
            if is_right { Ok(()) } else { Err(error) }
        };
        let lines = i64::from(self.redundancy);
        bound("redundancy", lines, (1..=2).contains(&lines), "1 or 2")?;
        let silence = self.silence_ns_max;
        bound("silence_ns_max", silence, silence >= Nanos::SECOND, "at least a second")?;
        let age = self.line_age_ns_max;
        let is_age = age == 0 || age >= 60 * Nanos::SECOND;
        bound("line_age_ns_max", age, is_age, "0 for never, or at least a minute")?;
        let attempts = i64::from(self.attempts_max);
        bound("attempts_max", attempts, attempts > 0, "at least 1")
    }
}
