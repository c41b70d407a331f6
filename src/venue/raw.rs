//! What a frame said in its own digits, and the step from there to an instrument's units.
//!
//! Strict decoders only translate their venue's words into these; scaling, filtering and ordering
//! are done once, here, for all of them. The first pass over a recording learns symbols and
//! decimals from the same events.

use super::contract::{Decoded, Input, Listings, Placed, Raw, Refusal, Scale};
use crate::base::{
    Decimal, DecimalError, InstrumentId, InstrumentKind, Nanos, Side, Status, Symbol,
};
use crate::event::{Body, BookChange, Head, Level, Top, Trade};
use crate::limits;

/// An event in the wire's own digits.
#[derive(Clone, Copy, Debug)]
pub struct RawEvent {
    /// The symbol; [`Symbol::NONE`] where the frame does not say and the input must.
    pub symbol: Symbol,
    /// When the venue says it happened.
    pub venue_ns: Nanos,
    /// What happened.
    pub body: RawBody,
    /// First of its levels in [`Raw::levels`].
    pub start: u32,
    /// How many.
    pub count: u32,
}

/// What happened, in the wire's own digits.
#[derive(Clone, Copy, Debug)]
pub enum RawBody {
    /// Levels changed, or a whole picture. Counts of bids and asks are filled in when settled.
    Book(BookChange),
    /// Best bid and ask.
    Top {
        /// Update id, 0 where there is none.
        update_id: u64,
        /// Price and quantity.
        bid: (Decimal, Decimal),
        /// Price and quantity.
        ask: (Decimal, Decimal),
    },
    /// A trade.
    Trade {
        /// The venue's id, 0 where there is none.
        id: u64,
        /// Price.
        price: Decimal,
        /// Quantity.
        qty: Decimal,
        /// Side of the taker.
        taker: Side,
    },
}

/// A level in the wire's own digits; sides may come mixed.
#[derive(Clone, Copy, Debug)]
pub struct RawLevel {
    /// Which side.
    pub side: Side,
    /// Price.
    pub price: Decimal,
    /// Quantity.
    pub qty: Decimal,
}

/// What a frame of metadata says of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// The symbol on the wire.
    pub symbol: Symbol,
    /// Base asset as the venue spells it; [`Symbol::NONE`] where not said.
    pub base: Symbol,
    /// Quote asset as the venue spells it; [`Symbol::NONE`] where not said.
    pub quote: Symbol,
    /// Spot or future.
    pub kind: InstrumentKind,
    /// What one contract is worth; 1 on spot.
    pub contract_value: i64,
    /// Decimals of prices on the wire.
    pub price_decimals: u8,
    /// Decimals of quantities on the wire.
    pub qty_decimals: u8,
    /// Price step of orders.
    pub tick: Decimal,
    /// Quantity step of orders.
    pub lot: Decimal,
    /// The smallest quantity of an order.
    pub qty_min: Decimal,
    /// The smallest price times quantity of an order.
    pub notional_min: Decimal,
    /// May it be traded?
    pub status: Status,
}

impl Raw {
    /// Begins an event whose levels are those pushed until [`Raw::close`].
    pub fn open(&mut self, symbol: Symbol, venue_ns: Nanos, body: RawBody) {
        let start = self.levels.len() as u32;
        self.events.push(RawEvent { symbol, venue_ns, body, start, count: 0 });
    }

    /// Adds a level to the event that was opened last.
    pub fn level(&mut self, side: Side, price: Decimal, qty: Decimal) {
        self.levels.push(RawLevel { side, price, qty });
        if let Some(event) = self.events.last_mut() {
            event.count += 1;
        }
    }

    /// The levels of an event.
    pub fn levels_of(&self, event: &RawEvent) -> &[RawLevel] {
        &self.levels[event.start as usize..][..event.count as usize]
    }
}

/// Puts raw events into the units of their instruments. Events of instruments that are not listed
/// count as `other`. The first error names the instrument of the event that failed.
///
/// A snapshot may make inferred decimals finer; nothing else may.
pub fn settle(
    raw: &Raw,
    input: &Input<'_>,
    listings: &mut Listings,
    out: &mut Decoded,
) -> Result<(), (Refusal, InstrumentId)> {
    out.sequence = raw.sequence;
    out.other += raw.other;
    for event in &raw.events {
        let instrument = if event.symbol == Symbol::NONE {
            if input.about == InstrumentId::NONE {
                return Err((Refusal::NoSubject, InstrumentId::NONE));
            }
            input.about
        } else {
            listings.table.look_up(&event.symbol)
        };
        if instrument == InstrumentId::NONE || instrument == InstrumentId::UNLISTED {
            out.other += 1;
            continue;
        }
        settle_event(raw, event, instrument, input, listings, out)
            .map_err(|refusal| (refusal, instrument))?;
    }
    Ok(())
}

fn settle_event(
    raw: &Raw,
    event: &RawEvent,
    instrument: InstrumentId,
    input: &Input<'_>,
    listings: &mut Listings,
    out: &mut Decoded,
) -> Result<(), Refusal> {
    let start = out.levels.len();
    let mut scale = listings.scale(instrument);
    let body = match event.body {
        RawBody::Book(mut change) => {
            let levels = raw.levels_of(event);
            if change.snapshot && scale.inferred {
                scale = grown(scale, levels)?;
                listings.scales[instrument.index()] = scale;
            }
            change.bids = push_side(levels, Side::Buy, scale, out)?;
            change.asks = push_side(levels, Side::Sell, scale, out)?;
            Body::Book(change)
        }
        RawBody::Top { update_id, bid, ask } => {
            let bid = level(bid.0, bid.1, scale)?;
            Body::Top(Top { update_id, bid, ask: level(ask.0, ask.1, scale)? })
        }
        RawBody::Trade { id, price, qty, taker } => {
            let Level { price, qty } = level(price, qty, scale)?;
            Body::Trade(Trade { id, price, qty, taker })
        }
    };
    let head = Head {
        stamp: input.stamp,
        venue_ns: event.venue_ns,
        instrument,
        price_decimals: scale.price,
        qty_decimals: scale.qty,
        body,
    };
    out.events.push(Placed { head, start: start as u32, count: (out.levels.len() - start) as u32 });
    Ok(())
}

fn push_side(
    levels: &[RawLevel],
    side: Side,
    scale: Scale,
    out: &mut Decoded,
) -> Result<u32, Refusal> {
    let before = out.levels.len();
    for raw in levels.iter().filter(|l| l.side == side) {
        out.levels.push(level(raw.price, raw.qty, scale)?);
    }
    Ok((out.levels.len() - before) as u32)
}

fn level(price: Decimal, qty: Decimal, scale: Scale) -> Result<Level, Refusal> {
    let price =
        price.unsigned_at(scale.price).map_err(|why| Refusal::Number { key: "price", why })?;
    let qty = qty.unsigned_at(scale.qty).map_err(|why| Refusal::Number { key: "quantity", why })?;
    Ok(Level { price, qty })
}

/// The scale that holds every digit of a snapshot; never coarser than before.
fn grown(scale: Scale, levels: &[RawLevel]) -> Result<Scale, Refusal> {
    let mut grown = scale;
    for level in levels {
        for (decimals, number) in [(&mut grown.price, level.price), (&mut grown.qty, level.qty)] {
            while number.at(*decimals) == Err(DecimalError::TooFine(*decimals)) {
                if *decimals >= limits::DECIMALS_MAX {
                    return Err(Refusal::Number { key: "level", why: DecimalError::TooLong });
                }
                *decimals += 1;
            }
        }
    }
    Ok(grown)
}
