//! The desk of a venue, where orders are handed in: how we write a request, and how the venue reads
//! it.
//!
//! In: an order of ours. Out: the bytes of its request, and on the other side of the counter
//! ([`Desk::decode`]) what they ask for. Nothing is signed yet: the places are there (Kraken's
//! token comes with the [`Session`], Binance's signature has its place where there is a key to
//! sign with).
//! Never: an allocation once a [`Template`] is made, a float, a rounding.

use super::contract::Refusal;
use super::wire::{Figure, Place, Slip, Upper};
use crate::base::{Decimal, Instrument, Nanos, OrderId, Side, Symbol};
use crate::event::{ClientId, Style, Terms};
use crate::limits;

/// How orders are placed at a venue.
#[derive(Debug)]
pub struct Desk {
    /// Prepares the requests of an instrument; see [`Desk::template`].
    pub prepare: fn(&Instrument, &Session<'_>) -> Option<Template>,
    /// Reads a request; see [`Desk::decode`].
    pub read: fn(&[u8]) -> Result<Request, Refusal>,
}

/// What a request asks for, as the venue understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A new order.
    Place {
        /// Its name, by who places it.
        client: ClientId,
        /// Of what.
        symbol: Symbol,
        /// Buy or sell.
        side: Side,
        /// How it trades.
        style: Style,
        /// Its limit; `None` for a market order.
        price: Option<Decimal>,
        /// How much.
        qty: Decimal,
    },
    /// An order is to be cancelled.
    Cancel {
        /// Its name, by who placed it.
        client: ClientId,
    },
}

/// What a session at a venue brings to every request. Empty texts where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session<'a> {
    /// Kraken's token of the connection. With a new one the templates are prepared anew.
    pub token: &'a str,
    /// Binance's key, where each request is signed (HMAC). With a session that was logged on
    /// (Ed25519) requests have neither key nor signature.
    pub api_key: &'a str,
}

/// What a request is called.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Our number of the decision that it carries out: Kraken's `req_id`.
    pub order: OrderId,
    /// The same as a name: Binance's `id`, and the order's own name where one is placed.
    pub client: ClientId,
    /// Logical time of it: Binance's `timestamp`.
    pub now: Nanos,
}

/// The order that a cancel is about.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// By our name of it.
    pub client: ClientId,
    /// By the venue's id of it, where known: Coinbase cancels by nothing else.
    pub venue_order: Option<u128>,
}

/// The requests about one instrument, ready but for what changes from order to order. Requests are
/// written where they lie: what is handed out is good until the next one.
#[derive(Clone, Debug)]
pub struct Template {
    /// By style, and buys before sells.
    places: Box<[Slip]>,
    cancel: Slip,
    /// Where the venue takes only its own id.
    cancel_by_id: Option<Slip>,
    amend: Option<Slip>,
    price: Figure,
    qty: Figure,
    whole: Figure,
    time: Upper,
}

/// How an instrument's requests are written, as a venue's `order.rs` says it.
pub(super) struct Script<P: Fn(Style, Side) -> Option<Slip>> {
    /// Prices and quantities are quoted texts, not bare numbers.
    pub(super) quoted: bool,
    /// The request for a new order.
    pub(super) place: P,
    /// The request to cancel one by our name of it.
    pub(super) cancel: Option<Slip>,
    /// The same by the venue's id of it.
    pub(super) cancel_by_id: Option<Slip>,
    /// The request to give it another price or quantity, where the venue has one.
    pub(super) amend: Option<Slip>,
}

impl Desk {
    /// Prepares the requests of an instrument; `None` where its symbol or the session cannot stand
    /// in a request, or where one would be longer than an order may be. Cold.
    pub fn template(&self, instrument: &Instrument, session: &Session<'_>) -> Option<Template> {
        let is_plain = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
        };
        let texts = [instrument.symbol.as_str(), session.token, session.api_key];
        if !texts.into_iter().all(is_plain) {
            return None;
        }
        (self.prepare)(instrument, session)
    }

    /// Reads a request as the venue does: strictly, without an allocation. A key that is not
    /// understood, a name that could not be ours to give and a combination that the venue would
    /// not take are refused; whether symbol, price and quantity can be traded is not looked at.
    pub fn decode(&self, bytes: &[u8]) -> Result<Request, Refusal> {
        (self.read)(bytes)
    }
}

impl Template {
    pub(super) fn new<P: Fn(Style, Side) -> Option<Slip>>(
        instrument: &Instrument,
        script: Script<P>,
    ) -> Option<Template> {
        let mut places = Vec::with_capacity(2 * Style::ALL.len());
        for style in Style::ALL {
            for side in [Side::Buy, Side::Sell] {
                places.push((script.place)(style, side)?);
            }
        }
        let figure = if script.quoted { Figure::quoted } else { Figure::bare };
        Some(Template {
            places: places.into_boxed_slice(),
            cancel: script.cancel?,
            cancel_by_id: script.cancel_by_id,
            amend: script.amend,
            price: figure(instrument.price_decimals),
            qty: figure(instrument.qty_decimals),
            whole: Figure::bare(0),
            time: Upper::default(),
        })
    }

    /// The request that places an order.
    #[inline]
    pub fn place(&mut self, label: &Label, terms: &Terms) -> &[u8] {
        let slip = &mut self.places[2 * terms.style as usize + terms.side as usize];
        slip.name(Place::Client, &label.client);
        self.price.write(terms.price.0, slip.figure(Place::Price));
        self.qty.write(terms.qty.0, slip.figure(Place::Qty));
        entitle(slip, &self.whole, &mut self.time, label);
        slip.bytes()
    }

    /// The request that cancels an order. Where the venue takes only its own id and that is not
    /// known, our name stands in its place: a venue that does not know it refuses the cancel, and
    /// the order has to be looked up by our name before it can be cancelled.
    #[inline]
    pub fn cancel(&mut self, label: &Label, target: &Target) -> &[u8] {
        let by_id = self.cancel_by_id.as_mut().zip(target.venue_order);
        let slip = if let Some((slip, id)) = by_id {
            slip.venue_order(id);
            slip
        } else {
            self.cancel.name(Place::Client, &target.client);
            &mut self.cancel
        };
        entitle(slip, &self.whole, &mut self.time, label);
        slip.bytes()
    }
}

impl Template {
    /// The request that gives an order another limit and quantity, the filled part counted in;
    /// `None` where the venue has none. Binance lowers the quantity only, whatever the price says;
    /// at Coinbase our name stands in the place of the venue's id, which whoever sends it puts in.
    #[inline]
    pub fn amend(&mut self, label: &Label, target: &Target, terms: &Terms) -> Option<&[u8]> {
        let slip = self.amend.as_mut()?;
        slip.name(Place::Client, &target.client);
        if slip.has(Place::Price) {
            self.price.write(terms.price.0, slip.figure(Place::Price));
        }
        self.qty.write(terms.qty.0, slip.figure(Place::Qty));
        entitle(slip, &self.whole, &mut self.time, label);
        Some(slip.bytes())
    }
}

/// Writes what the request itself is called.
#[inline(always)]
fn entitle(slip: &mut Slip, whole: &Figure, time: &mut Upper, label: &Label) {
    if slip.has(Place::Number) {
        whole.write_unsigned(label.order.0, slip.figure(Place::Number));
    }
    if slip.has(Place::Request) {
        slip.name(Place::Request, &label.client);
    }
    if slip.has(Place::Time) {
        // Logical time begins with 1970: a time before it is no time that a venue would take.
        let millis = (label.now.0 / Nanos::MILLI).max(0) as u64;
        whole.write_again(millis, time, slip.figure(Place::Time));
    }
}

/// An order's name out of a request: printable, and not longer than ours are.
pub(super) fn client(text: &[u8], key: &'static str) -> Result<ClientId, Refusal> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.is_empty() || text.len() > limits::CLIENT_ID_BYTES || !text.iter().all(is_plain) {
        return Err(Refusal::BadValue(key));
    }
    let mut name = [0; limits::CLIENT_ID_BYTES];
    name[..text.len()].copy_from_slice(text);
    Ok(ClientId(name))
}

/// A symbol out of a request.
pub(super) fn symbol(text: &[u8], key: &'static str) -> Result<Symbol, Refusal> {
    Symbol::new(text).ok_or(Refusal::BadValue(key))
}
