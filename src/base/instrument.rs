//! What can be traded where: the instrument table, filled at start.

use super::id::{AssetId, InstrumentId};
use super::number::{Price, Qty};
use super::symbol::Symbol;
use crate::limits;

/// Spot, or a future whose contract is worth a fixed amount of quote or base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstrumentKind {
    /// Delivery at once.
    Spot,
    /// A future settled in quote; a contract is `contract_value` of base.
    Linear,
    /// A future settled in base; a contract is `contract_value` of quote.
    Inverse,
}

/// May it be traded now, by the venue's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing said yet: not to be traded.
    Unknown,
    /// Open to all orders.
    Open,
    /// Open to orders that rest.
    PostOnly,
    /// Open to cancels.
    CancelOnly,
    /// Closed.
    Halted,
}

/// Where the decimals of an instrument come from, and so what may change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Said by the venue or the user: what is finer is refused.
    Declared,
    /// Learned from a snapshot: may grow with a later one.
    Inferred,
}

/// How the venue proves that a book missed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// CRC32 of the ten best levels a side with every message (Kraken).
    Checksum,
    /// `first_id == previous last_id + 1`, bridged from a snapshot (Binance spot).
    UpdateId,
    /// `prev_id == previous last_id`, bridged from a snapshot (Binance futures).
    PreviousId,
    /// A counter over the whole connection (Coinbase Advanced Trade), checked by the feed.
    ConnectionSequence,
    /// Nothing: only a crossed book or a lost connection show trouble (Coinbase Exchange).
    Unproven,
    /// Every message is a whole picture (LOBSTER).
    Picture,
}

/// Which of the two forms of a book holds this instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A flat ladder cut to this many levels a side.
    Ladder {
        /// Levels a side that were subscribed.
        depth: u32,
    },
    /// A window indexed by tick, with a far array around it.
    Window {
        /// Ticks in the window: a power of two.
        ticks: u32,
    },
}

/// One symbol at one venue.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Dense id: its place in [`Instruments`].
    pub id: InstrumentId,
    /// The venue's name, as in the registry: `binance`, `kraken`, `coinbase`, `binance-usdm` ..
    pub venue: &'static str,
    /// The symbol on the wire.
    pub symbol: Symbol,
    /// What is bought, where known.
    pub base: Option<AssetId>,
    /// What it is paid with, where known.
    pub quote: Option<AssetId>,
    /// Spot or future.
    pub kind: InstrumentKind,
    /// What one contract is worth, of quote (inverse) or base (linear), whole units; 1 on spot.
    pub contract_value: i64,
    /// Decimals of a [`Price`] of this instrument.
    pub price_decimals: u8,
    /// Decimals of a [`Qty`] of this instrument.
    pub qty_decimals: u8,
    /// Where the decimals come from.
    pub precision: Precision,
    /// Prices of orders are multiples of it; at least 1.
    pub tick: Price,
    /// Quantities of orders are multiples of it; at least 1.
    pub lot: Qty,
    /// The smallest order.
    pub qty_min: Qty,
    /// The smallest price times quantity of an order, in units of 10^-`price_decimals` of quote.
    pub notional_min: i64,
    /// The venue's word.
    pub status: Status,
    /// How its book is proven.
    pub continuity: Continuity,
    /// How its book is held.
    pub form: Form,
}

impl Instrument {
    /// An instrument of which no more is known than its name and its decimals.
    pub fn plain(
        venue: &'static str,
        symbol: Symbol,
        price_decimals: u8,
        qty_decimals: u8,
    ) -> Self {
        Instrument {
            id: InstrumentId::NONE,
            venue,
            symbol,
            base: None,
            quote: None,
            kind: InstrumentKind::Spot,
            contract_value: 1,
            price_decimals,
            qty_decimals,
            precision: Precision::Inferred,
            tick: Price(1),
            lot: Qty(1),
            qty_min: Qty(0),
            notional_min: 0,
            status: Status::Unknown,
            continuity: Continuity::Unproven,
            form: Form::Ladder { depth: limits::DEPTH_LEVELS as u32 },
        }
    }

    /// How it is named in output: `venue:SYMBOL`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.venue, self.symbol)
    }
}

/// Every instrument of the process; an id is an index.
#[derive(Clone, Debug, Default)]
pub struct Instruments {
    all: Vec<Instrument>,
}

impl Instruments {
    /// Adds an instrument and gives it its id; `None` where the table is full or has it already.
    pub fn add(&mut self, mut instrument: Instrument) -> Option<InstrumentId> {
        if self.all.len() >= limits::INSTRUMENTS_MAX
            || self.find(instrument.venue, &instrument.symbol).is_some()
        {
            return None;
        }
        let id = InstrumentId(self.all.len() as u32);
        instrument.id = id;
        self.all.push(instrument);
        Some(id)
    }

    /// The instrument of a venue's symbol. Cold: a linear search.
    pub fn find(&self, venue: &str, symbol: &Symbol) -> Option<&Instrument> {
        self.all.iter().find(|i| i.venue == venue && i.symbol == *symbol)
    }

    /// The instrument with this id, or `None`.
    pub fn with_id(&self, id: InstrumentId) -> Option<&Instrument> {
        self.all.get(id.index())
    }

    /// Takes over what is known of an instrument elsewhere: what it is, and how orders of it must
    /// be. Its id, its decimals and how its book is kept stay as they are; ticks, lots and minima
    /// are brought to its decimals. False, and nothing is changed, where they are finer than those
    /// or do not fit, or where there is no such instrument.
    pub fn adopt(&mut self, id: InstrumentId, known: &Instrument) -> bool {
        let Some(own) = self.all.get_mut(id.index()) else { return false };
        let price = |units| rescaled(units, known.price_decimals, own.price_decimals);
        let qty = |units| rescaled(units, known.qty_decimals, own.qty_decimals);
        let (Some(tick), Some(lot), Some(qty_min), Some(notional_min)) = (
            price(known.tick.0),
            qty(known.lot.0),
            qty(known.qty_min.0),
            price(known.notional_min),
        ) else {
            return false;
        };
        (own.tick, own.lot, own.qty_min) = (Price(tick), Qty(lot), Qty(qty_min));
        (own.base, own.quote, own.kind) = (known.base, known.quote, known.kind);
        (own.contract_value, own.notional_min, own.status) =
            (known.contract_value, notional_min, known.status);
        true
    }

    /// All of them, by id.
    pub fn iter(&self) -> std::slice::Iter<'_, Instrument> {
        self.all.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Whole units of 10^-`from` as whole units of 10^-`to`, where they are some.
fn rescaled(units: i64, from: u8, to: u8) -> Option<i64> {
    let power = 10_i64.checked_pow(u32::from(from.abs_diff(to)))?;
    if to >= from {
        return units.checked_mul(power);
    }
    (units % power == 0).then_some(units / power)
}

impl<'a> IntoIterator for &'a Instruments {
    type Item = &'a Instrument;
    type IntoIter = std::slice::Iter<'a, Instrument>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(price_decimals: u8, qty_decimals: u8) -> Instrument {
        let symbol = Symbol::new(b"BTCUSDT").unwrap();
        Instrument::plain("binance", symbol, price_decimals, qty_decimals)
    }

    #[test]
    fn what_is_known_elsewhere_is_brought_to_its_own_decimals() {
        let mut all = Instruments::default();
        let id = all.add(plain(4, 5)).unwrap();
        let known = Instrument {
            tick: Price(1),
            lot: Qty(1_000),
            notional_min: 500,
            status: Status::Open,
            ..plain(2, 8)
        };
        assert!(all.adopt(id, &known));
        let own = all.with_id(id).unwrap();
        assert_eq!((own.tick, own.lot, own.notional_min), (Price(100), Qty(1), 50_000));
        assert_eq!((own.status, own.price_decimals), (Status::Open, 4));
    }

    #[test]
    fn what_is_finer_than_its_own_decimals_is_not_taken_over() {
        let mut all = Instruments::default();
        let id = all.add(plain(2, 5)).unwrap();
        assert!(!all.adopt(id, &Instrument { lot: Qty(1), ..plain(2, 8) }));
        assert_eq!(all.with_id(id).unwrap().status, Status::Unknown);
        assert!(!all.adopt(InstrumentId(7), &plain(2, 5)));
    }
}
