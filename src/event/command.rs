//! What an operator wants of a running instance. From the cold side to the hot thread, and into the
//! journal: a replay does the same at the same place.
//!
//! Sixteen bytes, fixed: code, kind, two zeroes, an id, a value; all little-endian. As text it is
//! what is typed: `halt strategy momentum`, `set position_max kraken:BTC/USD 0.5`. Ids stand there
//! as names, or as `#3` where there is no name; values as decimals, or as `=50` in units.

use std::fmt;

use crate::base::{AccountId, AssetId, Decimal, InstrumentId, OrderId, StrategyId};

/// A venue, by its place in the registry of dialects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VenueId(pub u16);

/// What an operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// No new orders of these, and what is open of them is cancelled, until a resume.
    Halt(Scope),
    /// Ends a halt.
    Resume(Scope),
    /// A strategy wants nothing new; its orders stay.
    Pause(StrategyId),
    /// It goes on.
    Unpause(StrategyId),
    /// Cancels open orders.
    Cancel(Target),
    /// Closes positions at the market: cancels what is open, then trades the position to zero. All
    /// of them where no instrument is named.
    Flatten(Option<InstrumentId>),
    /// Sets a limit of the risk gate to so many units of it; not below zero.
    Set(Limit, i64),
}

/// What is halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All trading.
    Whole,
    /// That at one venue.
    Venue(VenueId),
    /// That of one strategy.
    Strategy(StrategyId),
}

/// Whose orders are cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// All.
    All,
    /// Those at one venue.
    Venue(VenueId),
    /// Those of one instrument.
    Instrument(InstrumentId),
    /// One.
    Order(OrderId),
}

/// A limit that may be set, as the configuration calls it. Money is in units of the reckoning
/// asset, quantities in units of the instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Sum of all exposures.
    GrossMax,
    /// Net exposure.
    NetMax,
    /// Loss of a day.
    DailyLossMax,
    /// Fall from the high-water mark.
    DrawdownMax,
    /// Open orders.
    OpenOrdersMax,
    /// Quantity of an order.
    QtyMax(InstrumentId),
    /// Position.
    PositionMax(InstrumentId),
    /// Price times quantity of an order.
    NotionalMax(InstrumentId),
    /// Distance of a price from the market, basis points.
    CollarBps(InstrumentId),
    /// Exposure in an asset.
    AssetExposureMax(AssetId),
    /// Exposure of a strategy.
    StrategyExposureMax(StrategyId),
    /// Exposure on an account.
    AccountExposureMax(AccountId),
    /// Exposure at a venue.
    VenueExposureMax(VenueId),
}

/// Kinds of things that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// A venue.
    Venue,
    /// A strategy.
    Strategy,
    /// An instrument, `venue:SYMBOL`.
    Instrument,
    /// An asset.
    Asset,
    /// An account.
    Account,
    /// An order, by its number or our own name of it.
    Order,
}

/// What names stand for, told by who knows the configuration.
pub trait Lexicon {
    /// The id of a name.
    fn id(&self, noun: Noun, name: &str) -> Option<u64>;

    /// Decimals of a limit's units.
    fn decimals(&self, limit: Limit) -> u8;
}

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no such word there.
    #[error("{found:?} is no {what}; there are {known}")]
    Word {
        /// What should stand there.
        what: &'static str,
        /// What stands there.
        found: String,
        /// What may stand there.
        known: &'static str,
    },
    /// A word is missing.
    #[error("{after} wants {what} after it")]
    Missing {
        /// What should follow.
        what: &'static str,
        /// After what.
        after: &'static str,
    },
    /// More words than there should be.
    #[error("{0:?} is one word too many; quote names with spaces in the configuration only")]
    Rest(String),
    /// A name that stands for nothing.
    #[error("there is no {noun:?} {name:?} in this session; `neural-kraken status` lists them")]
    Name {
        /// What it should be.
        noun: Noun,
        /// The name.
        name: String,
    },
    /// A value that is none.
    #[error("{0:?} is no value of this limit; write a number not below zero, as fine as its unit")]
    Value(String),
    /// Longer than any command.
    #[error("a command has at most {max} bytes, not {0}", max = TEXT_BYTES_MAX)]
    Long(usize),
}

/// Bytes of a command.
pub const COMMAND_BYTES: usize = 16;

/// Bytes of a command's text: three names and a value.
const TEXT_BYTES_MAX: usize = 256;

const VERBS: &str = "halt, resume, pause, unpause, cancel, flatten, set";

const LIMITS: &str = "gross_max, net_max, daily_loss_max, drawdown_max, open_orders_max, qty_max, \
                      position_max, notional_max, collar_bps, asset_exposure_max, \
                      strategy_exposure_max, account_exposure_max, venue_exposure_max";

impl Command {
    /// As bytes.
    pub fn encode(&self) -> [u8; COMMAND_BYTES] {
        let scope = |scope: Scope| match scope {
            Scope::Whole => (0, 0),
            Scope::Venue(id) => (1, u32::from(id.0)),
            Scope::Strategy(id) => (2, u32::from(id.0)),
        };
        let (code, (kind, id), value) = match *self {
            Command::Halt(of) => (1, scope(of), 0),
            Command::Resume(of) => (2, scope(of), 0),
            Command::Pause(id) => (3, (0, u32::from(id.0)), 0),
            Command::Unpause(id) => (4, (0, u32::from(id.0)), 0),
            Command::Cancel(Target::All) => (5, (0, 0), 0),
            Command::Cancel(Target::Venue(id)) => (5, (1, u32::from(id.0)), 0),
            Command::Cancel(Target::Instrument(id)) => (5, (2, id.0), 0),
            Command::Cancel(Target::Order(id)) => (5, (3, 0), id.0),
            Command::Flatten(None) => (6, (0, 0), 0),
            Command::Flatten(Some(id)) => (6, (1, id.0), 0),
            Command::Set(limit, value) => (7, limit.number(), value as u64),
        };
        let mut bytes = [0; COMMAND_BYTES];
        (bytes[0], bytes[1]) = (code, kind);
        bytes[4..8].copy_from_slice(&id.to_le_bytes());
        bytes[8..].copy_from_slice(&value.to_le_bytes());
        bytes
    }

    /// Of bytes; `None` where they are not those of a command.
    pub fn decode(bytes: &[u8; COMMAND_BYTES]) -> Option<Command> {
        let [code, kind, _, _, a, b, c, d, ref value @ ..] = *bytes;
        let (id, value) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(*value));
        let small = u16::try_from(id).ok();
        let scope = match kind {
            0 => Some(Scope::Whole),
            1 => small.map(|id| Scope::Venue(VenueId(id))),
            2 => small.map(|id| Scope::Strategy(StrategyId(id))),
            _ => None,
        };
        let command = match (code, kind) {
            (1, _) => Command::Halt(scope?),
            (2, _) => Command::Resume(scope?),
            (3, 0) => Command::Pause(StrategyId(small?)),
            (4, 0) => Command::Unpause(StrategyId(small?)),
            (5, 0) => Command::Cancel(Target::All),
            (5, 1) => Command::Cancel(Target::Venue(VenueId(small?))),
            (5, 2) => Command::Cancel(Target::Instrument(InstrumentId(id))),
            (5, 3) => Command::Cancel(Target::Order(OrderId(value))),
            (6, 0) => Command::Flatten(None),
            (6, 1) => Command::Flatten(Some(InstrumentId(id))),
            (7, _) => {
                let value = i64::try_from(value).ok()?;
                Command::Set(Limit::numbered(kind, id)?, value)
            }
            _ => return None,
        };
        // Whatever else stands there is no command's.
        (command.encode() == *bytes).then_some(command)
    }

    /// Of what was typed.
    pub fn parse(text: &str, lexicon: &dyn Lexicon) -> Result<Command, CommandError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(CommandError::Long(text.len()));
        }
        let mut words = Words { words: text.split_ascii_whitespace(), lexicon };
        let verb = words.words.next().unwrap_or_default();
        let command = match verb {
            "halt" => Command::Halt(words.scope()?),
            "resume" => Command::Resume(words.scope()?),
            "pause" => Command::Pause(words.strategy("pause")?),
            "unpause" => Command::Unpause(words.strategy("unpause")?),
            "cancel" => Command::Cancel(words.target()?),
            "flatten" => match words.next("all or an instrument", "flatten")? {
                "all" => Command::Flatten(None),
                "instrument" => Command::Flatten(Some(words.instrument("instrument")?)),
                name => Command::Flatten(Some(InstrumentId(words.id(Noun::Instrument, name)?))),
            },
            "set" => words.limit()?,
            found => {
                let found = found.to_owned();
                return Err(CommandError::Word { what: "command", found, known: VERBS });
            }
        };
        match words.words.next() {
            None => Ok(command),
            Some(rest) => Err(CommandError::Rest(rest.to_owned())),
        }
    }
}

/// The words of a text, from left to right.
struct Words<'a> {
    words: std::str::SplitAsciiWhitespace<'a>,
    lexicon: &'a dyn Lexicon,
}

impl<'a> Words<'a> {
    fn next(&mut self, what: &'static str, after: &'static str) -> Result<&'a str, CommandError> {
        self.words.next().ok_or(CommandError::Missing { what, after })
    }

    /// The id of a name, or of `#3`.
    fn id<T: TryFrom<u64>>(&self, noun: Noun, name: &str) -> Result<T, CommandError> {
        let id = match name.strip_prefix('#') {
            Some(number) => number.parse().ok(),
            None => self.lexicon.id(noun, name),
        };
        let id = id.and_then(|id: u64| T::try_from(id).ok());
        id.ok_or_else(|| CommandError::Name { noun, name: name.to_owned() })
    }

    fn named<T: TryFrom<u64>>(
        &mut self,
        noun: Noun,
        after: &'static str,
    ) -> Result<T, CommandError> {
        let name = self.next("a name", after)?;
        self.id(noun, name)
    }

    fn strategy(&mut self, after: &'static str) -> Result<StrategyId, CommandError> {
        self.named(Noun::Strategy, after).map(StrategyId)
    }

    fn venue(&mut self, after: &'static str) -> Result<VenueId, CommandError> {
        self.named(Noun::Venue, after).map(VenueId)
    }

    fn instrument(&mut self, after: &'static str) -> Result<InstrumentId, CommandError> {
        self.named(Noun::Instrument, after).map(InstrumentId)
    }

    /// Nothing is the whole: a kill switch must not fail for a missing word.
    fn scope(&mut self) -> Result<Scope, CommandError> {
        match self.words.next() {
            None | Some("all") => Ok(Scope::Whole),
            Some("venue") => self.venue("venue").map(Scope::Venue),
            Some("strategy") => self.strategy("strategy").map(Scope::Strategy),
            Some(found) => Err(CommandError::Word {
                what: "scope",
                found: found.to_owned(),
                known: "all, venue NAME, strategy NAME",
            }),
        }
    }

    fn target(&mut self) -> Result<Target, CommandError> {
        match self.next("all, venue, instrument or order", "cancel")? {
            "all" => Ok(Target::All),
            "venue" => self.venue("venue").map(Target::Venue),
            "instrument" => self.instrument("instrument").map(Target::Instrument),
            "order" => self.named(Noun::Order, "order").map(|id| Target::Order(OrderId(id))),
            found => Err(CommandError::Word {
                what: "set of orders",
                found: found.to_owned(),
                known: "all, venue NAME, instrument NAME, order NUMBER",
            }),
        }
    }

    fn limit(&mut self) -> Result<Command, CommandError> {
        let limit = match self.next("a limit", "set")? {
            "gross_max" => Limit::GrossMax,
            "net_max" => Limit::NetMax,
            "daily_loss_max" => Limit::DailyLossMax,
            "drawdown_max" => Limit::DrawdownMax,
            "open_orders_max" => Limit::OpenOrdersMax,
            "qty_max" => Limit::QtyMax(self.instrument("qty_max")?),
            "position_max" => Limit::PositionMax(self.instrument("position_max")?),
            "notional_max" => Limit::NotionalMax(self.instrument("notional_max")?),
            "collar_bps" => Limit::CollarBps(self.instrument("collar_bps")?),
            "asset_exposure_max" => {
                Limit::AssetExposureMax(AssetId(self.named(Noun::Asset, "asset_exposure_max")?))
            }
            "strategy_exposure_max" => {
                Limit::StrategyExposureMax(self.strategy("strategy_exposure_max")?)
            }
            "account_exposure_max" => {
                let id = self.named(Noun::Account, "account_exposure_max")?;
                Limit::AccountExposureMax(AccountId(id))
            }
            "venue_exposure_max" => Limit::VenueExposureMax(self.venue("venue_exposure_max")?),
            found => {
                let found = found.to_owned();
                return Err(CommandError::Word { what: "limit", found, known: LIMITS });
            }
        };
        let text = self.next("a value", "the limit")?;
        let value = match text.strip_prefix('=') {
            Some(units) => units.parse().ok().filter(|units: &i64| *units >= 0),
            None => Decimal::parse(text.as_bytes())
                .ok()
                .and_then(|value| value.unsigned_at(self.lexicon.decimals(limit)).ok()),
        };
        let value = value.ok_or_else(|| CommandError::Value(text.to_owned()))?;
        Ok(Command::Set(limit, value))
    }
}

impl Limit {
    /// As in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Limit::GrossMax => "gross_max",
            Limit::NetMax => "net_max",
            Limit::DailyLossMax => "daily_loss_max",
            Limit::DrawdownMax => "drawdown_max",
            Limit::OpenOrdersMax => "open_orders_max",
            Limit::QtyMax(_) => "qty_max",
            Limit::PositionMax(_) => "position_max",
            Limit::NotionalMax(_) => "notional_max",
            Limit::CollarBps(_) => "collar_bps",
            Limit::AssetExposureMax(_) => "asset_exposure_max",
            Limit::StrategyExposureMax(_) => "strategy_exposure_max",
            Limit::AccountExposureMax(_) => "account_exposure_max",
            Limit::VenueExposureMax(_) => "venue_exposure_max",
        }
    }

    /// Its number and the id of what it limits. Numbers are the journal's and are never used again.
    const fn number(self) -> (u8, u32) {
        match self {
            Limit::GrossMax => (0, 0),
            Limit::NetMax => (1, 0),
            Limit::DailyLossMax => (2, 0),
            Limit::DrawdownMax => (3, 0),
            Limit::OpenOrdersMax => (4, 0),
            Limit::QtyMax(id) => (5, id.0),
            Limit::PositionMax(id) => (6, id.0),
            Limit::NotionalMax(id) => (7, id.0),
            Limit::CollarBps(id) => (8, id.0),
            Limit::AssetExposureMax(id) => (9, id.0 as u32),
            Limit::StrategyExposureMax(id) => (10, id.0 as u32),
            Limit::AccountExposureMax(id) => (11, id.0 as u32),
            Limit::VenueExposureMax(id) => (12, id.0 as u32),
        }
    }

    fn numbered(number: u8, id: u32) -> Option<Limit> {
        let instrument = InstrumentId(id);
        let small = u16::try_from(id).ok();
        Some(match number {
            0 => Limit::GrossMax,
            1 => Limit::NetMax,
            2 => Limit::DailyLossMax,
            3 => Limit::DrawdownMax,
            4 => Limit::OpenOrdersMax,
            5 => Limit::QtyMax(instrument),
            6 => Limit::PositionMax(instrument),
            7 => Limit::NotionalMax(instrument),
            8 => Limit::CollarBps(instrument),
            9 => Limit::AssetExposureMax(AssetId(small?)),
            10 => Limit::StrategyExposureMax(StrategyId(small?)),
            11 => Limit::AccountExposureMax(AccountId(small?)),
            12 => Limit::VenueExposureMax(VenueId(small?)),
            _ => return None,
        })
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Command::Halt(scope) => write!(f, "halt {scope}"),
            Command::Resume(scope) => write!(f, "resume {scope}"),
            Command::Pause(id) => write!(f, "pause #{}", id.0),
            Command::Unpause(id) => write!(f, "unpause #{}", id.0),
            Command::Cancel(Target::All) => f.write_str("cancel all"),
            Command::Cancel(Target::Venue(id)) => write!(f, "cancel venue #{}", id.0),
            Command::Cancel(Target::Instrument(id)) => write!(f, "cancel instrument #{}", id.0),
            Command::Cancel(Target::Order(id)) => write!(f, "cancel order #{}", id.0),
            Command::Flatten(None) => f.write_str("flatten all"),
            Command::Flatten(Some(id)) => write!(f, "flatten instrument #{}", id.0),
            Command::Set(limit, value) => match limit.number() {
                (0..=4, _) => write!(f, "set {} ={value}", limit.name()),
                (_, id) => write!(f, "set {} #{id} ={value}", limit.name()),
            },
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Whole => f.write_str("all"),
            Scope::Venue(id) => write!(f, "venue #{}", id.0),
            Scope::Strategy(id) => write!(f, "strategy #{}", id.0),
        }
    }
}

const _: () = assert!(size_of::<Command>() <= 24, "a command is passed by value");
