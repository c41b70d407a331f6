//! Binance: requests that place and cancel orders (`order.place`, `order.cancel` of the websocket
//! API).
//!
//! In: an instrument and a session. Out: its requests as slips. Prices and quantities are texts.
//! The request's `id` is our name of the decision. `timestamp` is logical time in milliseconds: the
//! venue wants it at most `recvWindow` (5 s) old. A signature is over all parameters as
//! `name=value`, sorted, values as in the texts: blanks before a value are no part of it. Spot has
//! a type of its own for orders that must rest (`LIMIT_MAKER`), futures a time in force (`GTX`).
//! Against ourselves the symbol's default holds.

use crate::base::{Instrument, Side};
use crate::event::Style;
use crate::venue::desk::{Script, Session, Template};
use crate::venue::wire::{Draft, Place, Slip};

/// Prepares the requests of a spot instrument.
pub(super) fn prepare_spot(instrument: &Instrument, session: &Session<'_>) -> Option<Template> {
    prepare(instrument, session, "\"LIMIT_MAKER\"")
}

/// Prepares the requests of a future.
pub(super) fn prepare_future(instrument: &Instrument, session: &Session<'_>) -> Option<Template> {
    prepare(instrument, session, "\"LIMIT\",\"timeInForce\":\"GTX\"")
}

fn prepare(instrument: &Instrument, session: &Session<'_>, rests: &str) -> Option<Template> {
    let begin = |method| {
        Draft::new()
            .text("{\"id\":\"")
            .place(Place::Request)
            .text("\",\"method\":\"")
            .text(method)
            .text("\",\"params\":{\"symbol\":\"")
            .text(instrument.symbol.as_str())
    };
    let place = |style, side| {
        let draft = begin("order.place").text("\",\"side\":").text(match side {
            Side::Buy => "\"BUY\"",
            Side::Sell => "\"SELL\"",
        });
        let mut draft = draft.text(",\"type\":").text(match style {
            Style::Limit => "\"LIMIT\",\"timeInForce\":\"GTC\"",
            Style::PostOnly => rests,
            Style::ImmediateOrCancel => "\"LIMIT\",\"timeInForce\":\"IOC\"",
            Style::FillOrKill => "\"LIMIT\",\"timeInForce\":\"FOK\"",
            Style::Market => "\"MARKET\"",
        });
        if style != Style::Market {
            draft = draft.text(",\"price\":").place(Place::Price).text("\"");
        }
        let draft = draft.text(",\"quantity\":").place(Place::Qty);
        let draft = draft.text("\",\"newClientOrderId\":\"").place(Place::Client);
        end(draft.text("\",\"newOrderRespType\":\"ACK\""), session)
    };
    let cancel = begin("order.cancel").text("\",\"origClientOrderId\":\"").place(Place::Client);
    // Without a new name the venue would give the order one of its own: the session adds ours.
    let amend = begin("order.amend.keepPriority")
        .text("\",\"origClientOrderId\":\"")
        .place(Place::Client)
        .text("\",\"newQty\":")
        .place(Place::Qty);
    let script = Script {
        quoted: true,
        place,
        cancel: end(cancel.text("\""), session),
        cancel_by_id: None,
        amend: end(amend.text("\""), session),
    };
    Template::new(instrument, script)
}

/// When, and by whom.
fn end(draft: Draft, session: &Session<'_>) -> Option<Slip> {
    let mut draft = draft.text(",\"timestamp\":").place(Place::Time);
    if !session.api_key.is_empty() {
        draft = draft
            .text(",\"apiKey\":\"")
            .text(session.api_key)
            .text("\",\"signature\":\"")
            .place(Place::Signature)
            .text("\"");
    }
    draft.text("}}").finish()
}
