//! Lines of `orders.log`: sessions, and what each of them was about to send.

use serde_json::{Value, json};

use super::names::Names;
use crate::base::{Decimal, Nanos, OrderId, Side};
use crate::event::{ClientId, Style};
use crate::journal::ahead::{Deed, Record};
use crate::limits::CLIENT_ID_BYTES;

/// What was about to be sent, as it was logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Number of its session.
    pub epoch: u32,
    /// Its place among all of its session.
    pub sequence: u64,
    /// What was about to be done.
    pub deed: Deed,
    /// The order that it is about, by our own name.
    pub client: ClientId,
    /// The decision's number.
    pub order: OrderId,
    /// The intent that it served.
    pub intent: u64,
    /// The account's name.
    pub account: String,
    /// The strategy's name.
    pub strategy: String,
    /// The instrument's name, `venue:SYMBOL`.
    pub instrument: String,
    /// Buy or sell.
    pub side: Side,
    /// How it trades.
    pub style: Style,
    /// Its limit.
    pub price: Decimal,
    /// Its quantity.
    pub qty: Decimal,
    /// Logical time of the frame that caused it.
    pub at: Nanos,
}

/// The first line of a session.
pub(super) fn session(epoch: u32, at: Nanos, names: &Names) -> Value {
    json!({ "session": epoch, "at": at.0, "names": names.object() })
}

/// The session of such a line.
pub(super) fn read_session(value: &Value) -> Option<(u32, Names)> {
    let epoch = u32::try_from(value["session"].as_u64()?).ok()?;
    Some((epoch, Names::read(&value["names"])?))
}

/// The line of a record that could not be read in the ring any more.
pub(super) fn damaged(epoch: u32, sequence: u64) -> Value {
    json!({ "epoch": epoch, "n": sequence, "do": "damaged" })
}

/// The line of a record.
pub(super) fn line(epoch: u32, sequence: u64, record: &Record, names: &Names) -> Value {
    let Record { instrument, terms, .. } = *record;
    json!({
        "epoch": epoch,
        "n": sequence,
        "do": record.deed.name(),
        "client": record.client.text(),
        "order": record.order.0,
        "intent": record.intent,
        "account": names.account(record.account),
        "strategy": names.strategy(record.strategy),
        "instrument": names.instrument(instrument),
        "side": side_name(terms.side),
        "style": terms.style.name(),
        "price": names.price(instrument, terms.price.0),
        "qty": names.qty(instrument, terms.qty.0),
        "at": record.recv_ns.0,
    })
}

impl Placed {
    /// Out of a line; `None` where it is another kind of line.
    pub(super) fn read(value: &Value) -> Option<Placed> {
        let style = value["style"].as_str()?;
        Some(Placed {
            epoch: u32::try_from(value["epoch"].as_u64()?).ok()?,
            sequence: value["n"].as_u64()?,
            deed: Deed::named(value["do"].as_str()?)?,
            client: client(&value["client"])?,
            order: OrderId(value["order"].as_u64()?),
            intent: value["intent"].as_u64()?,
            account: value["account"].as_str()?.to_owned(),
            strategy: value["strategy"].as_str()?.to_owned(),
            instrument: value["instrument"].as_str()?.to_owned(),
            side: side(&value["side"])?,
            style: Style::ALL.into_iter().find(|known| known.name() == style)?,
            price: decimal(&value["price"])?,
            qty: decimal(&value["qty"])?,
            at: Nanos(value["at"].as_i64()?),
        })
    }
}

pub(super) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

pub(super) fn side(value: &Value) -> Option<Side> {
    match value.as_str()? {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        _ => None,
    }
}

pub(super) fn client(value: &Value) -> Option<ClientId> {
    let text = value.as_str()?.as_bytes();
    let mut bytes = [0; CLIENT_ID_BYTES];
    bytes.get_mut(..text.len())?.copy_from_slice(text);
    Some(ClientId(bytes))
}

pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    Decimal::parse(value.as_str()?.as_bytes()).ok()
}
