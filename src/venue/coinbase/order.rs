//! Coinbase: bodies of the requests that place and cancel orders (`POST /orders`,
//! `POST /orders/batch_cancel` below `/api/v3/brokerage`).
//!
//! In: an instrument. Out: its requests as slips. Prices and quantities are texts. What signs them
//! (a JWT over method and path) stands in the head of the HTTP request, so a body has no place for
//! it. The venue cancels by its own id only: where that is not known, our name stands in its place
//! (see [`Template::cancel`]).

use crate::base::{Instrument, Side};
use crate::event::Style;
use crate::venue::desk::{Script, Session, Template};
use crate::venue::wire::{Draft, Place, Slip};

/// Prepares the requests of an instrument.
pub(super) fn prepare(instrument: &Instrument, _: &Session<'_>) -> Option<Template> {
    let cancel = |place| Draft::new().text("{\"order_ids\":[\"").place(place).text("\"]}").finish();
    let script = Script {
        quoted: true,
        place: |style, side| place(instrument, style, side),
        cancel: cancel(Place::Client),
        cancel_by_id: cancel(Place::VenueOrder),
        amend: Draft::new()
            .text("{\"order_id\":\"")
            .place(Place::Client)
            .text("\",\"price\":")
            .place(Place::Price)
            .text("\",\"size\":")
            .place(Place::Qty)
            .text("\"}")
            .finish(),
    };
    Template::new(instrument, script)
}

fn place(instrument: &Instrument, style: Style, side: Side) -> Option<Slip> {
    let draft = Draft::new()
        .text("{\"client_order_id\":\"")
        .place(Place::Client)
        .text("\",\"product_id\":\"")
        .text(instrument.symbol.as_str())
        .text("\",\"side\":\"")
        .text(match side {
            Side::Buy => "BUY",
            Side::Sell => "SELL",
        })
        .text("\",\"order_configuration\":{\"")
        .text(match style {
            Style::Limit | Style::PostOnly => "limit_limit_gtc",
            Style::ImmediateOrCancel => "sor_limit_ioc",
            Style::FillOrKill => "limit_limit_fok",
            Style::Market => "market_market_ioc",
        })
        .text("\":{\"base_size\":")
        .place(Place::Qty);
    let draft = match style {
        Style::Market => draft,
        _ => draft.text("\",\"limit_price\":").place(Place::Price),
    };
    draft
        .text(match style {
            Style::Limit => "\",\"post_only\":false}}}",
            Style::PostOnly => "\",\"post_only\":true}}}",
            _ => "\"}}}",
        })
        .finish()
}
