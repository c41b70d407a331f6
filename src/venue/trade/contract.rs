//! What a private session is told, what it takes, and what it says of itself.
//!
//! In: [`Settings`], [`Parcel`]. Out: [`Out`], [`Route`].
//! Never: a type of a socket library, a secret that is shown.

use super::out::{Out, Standing};
use super::rate::{Rates, Room};
use super::secret::{KeyError, Secret};
use crate::base::{AccountId, AssetId, InstrumentId, Nanos, OrderId, Symbol};
use crate::event::{Action, ClientId, Reply, Sent, Terms};
use crate::venue::session::{Address, Answer, Failure, FetchId, Line, State};

/// One account at one venue, kept fit to trade. One call through `dyn` an order or a message.
///
/// Inputs about a line that is no more (see [`Line`]) change nothing, so they may come late.
pub trait Trader: Send + std::fmt::Debug {
    /// Lets time pass: what is due is done, and orders without an answer become unknown. Cheap
    /// where nothing is; call it about each millisecond.
    fn poll(&mut self, now: Nanos, out: &mut Out);

    /// A line can be written to.
    fn opened(&mut self, line: Line, now: Nanos, out: &mut Out);

    /// A line could not be opened.
    fn failed(&mut self, line: Line, failure: &Failure, now: Nanos, out: &mut Out);

    /// An open line ended, by the venue or the network; `code` is the close frame's, 0 where there
    /// was none. Need not be told of what [`Task::Close`](super::out::Task::Close) ended.
    fn closed(&mut self, line: Line, code: u16, now: Nanos, out: &mut Out);

    /// A ping or pong frame came in; a ping was answered by whoever owns the line.
    fn pinged(&mut self, line: Line, now: Nanos);

    /// A text frame came in. What it says of orders is in [`Out::replies`].
    fn frame(&mut self, line: Line, bytes: &[u8], now: Nanos, out: &mut Out);

    /// An answer to a [`Task::Request`](super::out::Task::Request) or to a [`Route::Http`] came, or
    /// it is known that there will be none (status 0).
    fn answered(&mut self, id: FetchId, answer: &Answer<'_>, now: Nanos, out: &mut Out);

    /// Takes an order, an amendment or a cancel, and says where its bytes go. From here on it is
    /// remembered until it is over: no answer in time makes it unknown, and then it is asked for.
    /// Allocates nothing.
    fn hand_in<'a>(&'a mut self, parcel: &Parcel<'a>, now: Nanos) -> Route<'a>;

    /// Asks to cancel every order of the account, whoever placed it: as the venue allows, by one
    /// request, by symbol or by order; again and again, also over connections, until the venue has
    /// answered.
    fn cancel_all(&mut self, now: Nanos, out: &mut Out);

    /// Asks to cancel an order that [`Fact::Order`](super::out::Fact::Order) told of: one of
    /// another session, say. Once, and only while there is a line: the next listing shows whether
    /// it is still there.
    fn cancel_standing(&mut self, standing: &Standing, now: Nanos, out: &mut Out);

    /// Asks for open orders, balances and for fills since a time once more: as after each
    /// connection, told as [`Fact`](super::out::Fact)s.
    fn reconcile(&mut self, since: Nanos, now: Nanos);

    /// No more orders: a dead man's switch is disarmed, so that it does not fire once we are gone.
    /// Call it when nothing is open any more, and go on polling until its messages are out.
    fn retire(&mut self, now: Nanos, out: &mut Out);

    /// May orders be handed in: connected, authorised, own events heard, reconciled, and the venue
    /// takes orders?
    fn is_ready(&self) -> bool;

    /// The whole, with the reason.
    fn state(&self) -> State;

    /// What the venue's own budget of requests has left for an instrument.
    fn room(&mut self, instrument: InstrumentId, now: Nanos) -> Room;

    /// What was done so far.
    fn tally(&self) -> Tally;
}

/// What a dialect offers for live orders. An entry of the registry.
#[derive(Debug)]
pub struct Opening {
    /// Addresses and limits as the venue documents them, nothing traded yet and no key; `None`
    /// where it has no such network.
    pub settings: fn(Network) -> Option<Settings>,
    /// A session; nothing is connected before the first [`Trader::poll`].
    pub open: fn(Settings, Nanos) -> Result<Box<dyn Trader>, TradeError>,
    /// Connections to be kept open for [`Route::Http`]: one an order that waits for its answer; 0
    /// where orders go out on the line.
    pub kept: usize,
}

/// Money in earnest, or the venue's own test network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// In earnest.
    Live,
    /// Binance's testnet. Kraken has none (orders may be rehearsed there), and Coinbase's sandbox
    /// only plays back answers.
    Test,
}

/// What to trade, where, as whom, and within which bounds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Ours for it: it stands in every reply.
    pub account: AccountId,
    /// What may be traded.
    pub instruments: Vec<Traded>,
    /// What may be held: fees and balances in other assets are told by name only.
    pub assets: Vec<Asset>,
    /// The private line.
    pub line: Address,
    /// Where signed requests go: their paths are appended.
    pub rest: Address,
    /// Name and secret of the key, as the venue handed them out.
    pub key: KeyTexts,
    /// Time for the answer to an order, ns: after it the outcome is unknown.
    pub answer_ns_max: i64,
    /// Silence after which a line is dead, ns.
    pub silence_ns_max: i64,
    /// Age at which a line gets a successor before it is closed, ns; 0 for never.
    pub line_age_ns_max: i64,
    /// Attempts to connect in the venue's own window, at most.
    pub attempts_max: u32,
    /// Orders are cancelled by the venue when it has not heard of us for so long, s; 0 for never.
    /// Kraken alone has such a switch.
    pub dead_man_s: u32,
    /// Orders are only checked by the venue, never placed (Kraken's `validate`, Binance's
    /// `order.test`): one that it would take is told as accepted and at once as expired. Coinbase
    /// has no such thing, and refuses the setting.
    pub is_rehearsal: bool,
    /// The venue's budget of requests.
    pub rates: Rates,
    /// Fills since then are asked for after the first connection.
    pub since: Nanos,
    /// Of the jitter of all waits: the same seed waits alike.
    pub seed: u64,
}

/// Name and secret of a key, as the venue handed them out. Wiped when dropped, never shown.
#[derive(Clone, Debug, Default)]
pub struct KeyTexts {
    /// Kraken's and Binance's API key, Coinbase's `organizations/../apiKeys/..`.
    pub name: Secret,
    /// Kraken: base64. Binance: the secret of an HMAC key, or the PEM of an Ed25519 key. Coinbase:
    /// PEM of a P-256 key, or base64 of an Ed25519 key.
    pub secret: Secret,
}

/// An instrument that may be traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traded {
    /// Its symbol in requests.
    pub symbol: Symbol,
    /// Our number for it.
    pub id: InstrumentId,
    /// Decimals of its prices.
    pub price_decimals: u8,
    /// Decimals of its quantities.
    pub qty_decimals: u8,
    /// What is bought.
    pub base: AssetId,
    /// What it is paid with.
    pub quote: AssetId,
}

/// An asset that may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The venue's name for it: `BTC`, `USD`.
    pub name: Symbol,
    /// Our number for it.
    pub id: AssetId,
    /// Decimals of amounts of it, as the ledger counts them.
    pub decimals: u8,
}

/// What is to be done with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Place it.
    Place,
    /// Change its price or its quantity to those of the terms, the filled part counted in.
    Amend,
    /// Cancel it.
    Cancel,
}

/// An order on its way out, as dispatch wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// What is to be done.
    pub kind: Kind,
    /// The order that it is about, by our own name.
    pub client: ClientId,
    /// The decision's number.
    pub order: OrderId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// What is to be placed, or what it is to become; of a cancel, anything.
    pub terms: Terms,
    /// The request from a [`Template`](crate::venue::Template) of an empty
    /// [`Session`](crate::venue::Session): whatever is secret is added here, at the edge, so that
    /// neither a journal nor a replay ever has it.
    pub bytes: &'a [u8],
}

/// Where an order's bytes go.
#[derive(Clone, Copy, Debug)]
pub enum Route<'a> {
    /// As a text frame, on this line.
    Frame {
        /// Which line.
        line: Line,
        /// The text. It may hold secrets.
        text: Shown<'a>,
    },
    /// As an HTTP request, head and body, on a kept-alive connection; answered by
    /// [`Trader::answered`].
    Http {
        /// What the answer is called.
        id: FetchId,
        /// The request, whole. It holds secrets.
        text: Shown<'a>,
    },
    /// Nowhere: it was not sent, and this is what became of it.
    Nowhere(Reply),
}

/// Bytes that may hold secrets: not shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a>(pub &'a [u8]);

/// What a session did so far. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts to connect.
    pub attempts: u64,
    /// Lines that opened.
    pub opened: u64,
    /// Orders, amendments and cancels that went out.
    pub handed_in: u64,
    /// Those that were turned down here.
    pub kept_back: u64,
    /// Requests without an answer in time: their outcome became unknown.
    pub timeouts: u64,
    /// Questions what became of an order.
    pub queries: u64,
    /// Reports that told nothing new: told twice, or overtaken.
    pub stale: u64,
    /// Reports about orders of others, or of earlier sessions.
    pub strays: u64,
    /// Fills that were put together of several, since some were missed.
    pub merged: u64,
    /// Messages that could not be read.
    pub unread: u64,
    /// Errors that the venue sent.
    pub errors: u64,
    /// Holes in the numbers of private messages.
    pub gaps: u64,
    /// Tokens, logons and JWTs that were made anew as planned.
    pub renewals: u64,
    /// JWTs that were made while an order waited for one.
    pub late_signatures: u64,
}

/// Why settings cannot be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TradeError {
    /// The key.
    #[error("{venue}: {why}")]
    Key {
        /// Whose.
        venue: &'static str,
        /// What is wrong with it, and the fix.
        why: KeyError,
    },
    /// Nothing may be traded.
    #[error("{venue}: no instrument is traded; name at least one")]
    Empty {
        /// Whose.
        venue: &'static str,
    },
    /// A symbol stands twice.
    #[error("{venue}: {symbol} is traded twice; name it once")]
    Twice {
        /// Whose.
        venue: &'static str,
        /// Which.
        symbol: Symbol,
    },
    /// An instrument's asset is not among the assets.
    #[error("{venue}: an asset of {symbol} is not declared; declare both under its venue's names")]
    Asset {
        /// Whose.
        venue: &'static str,
        /// Of which.
        symbol: Symbol,
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

impl<'a> Parcel<'a> {
    /// What dispatch sent.
    pub fn of(sent: &Sent<'a>) -> Parcel<'a> {
        let child = sent.order.child();
        Parcel {
            kind: match child.action {
                Action::Place => Kind::Place,
                Action::Cancel => Kind::Cancel,
            },
            client: sent.client,
            order: sent.order.id(),
            instrument: child.instrument,
            terms: child.terms,
            bytes: sent.bytes,
        }
    }
}

impl Settings {
    /// Checks what all venues have in common.
    pub fn check(&self, venue: &'static str) -> Result<(), TradeError> {
        if self.instruments.is_empty() {
            return Err(TradeError::Empty { venue });
        }
        let mut symbols: Vec<Symbol> = self.instruments.iter().map(|one| one.symbol).collect();
        symbols.sort_unstable();
        if let Some(pair) = symbols.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(TradeError::Twice { venue, symbol: pair[0] });
        }
        let is_known = |id: AssetId| self.assets.iter().any(|asset| asset.id == id);
        if let Some(one) =
            self.instruments.iter().find(|one| !is_known(one.base) || !is_known(one.quote))
        {
            return Err(TradeError::Asset { venue, symbol: one.symbol });
        }
        let bound = |what, found, is_right: bool, expected| {
            let error = TradeError::Bound { venue, what, found, expected };
            if is_right { Ok(()) } else { Err(error) }
        };
        let answer = self.answer_ns_max;
        let is_answer = (100 * Nanos::MILLI..=60 * Nanos::SECOND).contains(&answer);
        bound("answer_ns_max", answer, is_answer, "from 100 ms to 60 s")?;
        let silence = self.silence_ns_max;
        bound("silence_ns_max", silence, silence >= Nanos::SECOND, "at least a second")?;
        let age = self.line_age_ns_max;
        let is_age = age == 0 || age >= 60 * Nanos::SECOND;
        bound("line_age_ns_max", age, is_age, "0 for never, or at least a minute")?;
        let switch = i64::from(self.dead_man_s);
        let is_switch = switch == 0 || (10..=600).contains(&switch);
        bound("dead_man_s", switch, is_switch, "0 for never, or from 10 to 600")?;
        let attempts = i64::from(self.attempts_max);
        bound("attempts_max", attempts, attempts > 0, "at least 1")?;
        let (max, reserve) = (i64::from(self.rates.max), i64::from(self.rates.cancel_reserve));
        bound("rates.cancel_reserve", reserve, reserve < max, "less than rates.max")
    }
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}
