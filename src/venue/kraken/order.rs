//! Kraken v2: requests that place and cancel orders (`add_order`, `cancel_order`).
//!
//! In: an instrument and a session. Out: its requests as slips. Prices and quantities are bare
//! numbers. `req_id` is our number of the decision: replies to refused requests name nothing else.
//! Fill-or-kill came to REST in May 2026; on the websocket it is not documented, but taken by
//! others' clients for spot limits. Against ourselves the venue's default holds: the newer order is
//! cancelled.

use crate::base::{Instrument, Side};
use crate::event::Style;
use crate::venue::desk::{Script, Session, Template};
use crate::venue::wire::{Draft, Place, Slip};

/// Prepares the requests of an instrument.
pub(super) fn prepare(instrument: &Instrument, session: &Session<'_>) -> Option<Template> {
    let cancel = Draft::new()
        .text("{\"method\":\"cancel_order\",\"params\":{\"cl_ord_id\":[\"")
        .place(Place::Client)
        .text("\"],\"token\":\"")
        .text(session.token)
        .text("\"},\"req_id\":")
        .place(Place::Number)
        .text("}");
    let script = Script {
        quoted: false,
        place: |style, side| place(instrument, session, style, side),
        cancel: cancel.finish(),
        cancel_by_id: None,
        amend: amend(session),
    };
    Template::new(instrument, script)
}

/// Keeps the order's ids, and its place in the queue where the change allows that.
fn amend(session: &Session<'_>) -> Option<Slip> {
    Draft::new()
        .text("{\"method\":\"amend_order\",\"params\":{\"cl_ord_id\":\"")
        .place(Place::Client)
        .text("\",\"order_qty\":")
        .place(Place::Qty)
        .text(",\"limit_price\":")
        .place(Place::Price)
        .text(",\"token\":\"")
        .text(session.token)
        .text("\"},\"req_id\":")
        .place(Place::Number)
        .text("}")
        .finish()
}

fn place(instrument: &Instrument, session: &Session<'_>, style: Style, side: Side) -> Option<Slip> {
    let mut draft = Draft::new()
        .text("{\"method\":\"add_order\",\"params\":{\"order_type\":\"")
        .text(if style == Style::Market { "market" } else { "limit" })
        .text("\",\"side\":\"")
        .text(match side {
            Side::Buy => "buy",
            Side::Sell => "sell",
        })
        .text("\",\"symbol\":\"")
        .text(instrument.symbol.as_str())
        .text("\",\"order_qty\":")
        .place(Place::Qty);
    if style != Style::Market {
        draft = draft.text(",\"limit_price\":").place(Place::Price);
    }
    draft = draft.text(match style {
        Style::Limit => ",\"time_in_force\":\"gtc\"",
        Style::PostOnly => ",\"time_in_force\":\"gtc\",\"post_only\":true",
        Style::ImmediateOrCancel => ",\"time_in_force\":\"ioc\"",
        Style::FillOrKill => ",\"time_in_force\":\"fok\"",
        Style::Market => "",
    });
    draft
        .text(",\"cl_ord_id\":\"")
        .place(Place::Client)
        .text("\",\"token\":\"")
        .text(session.token)
        .text("\"},\"req_id\":")
        .place(Place::Number)
        .text("}")
        .finish()
}
