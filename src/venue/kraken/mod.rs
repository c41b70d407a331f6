//! Kraken: websocket v2, and the v1 format of older recordings.

mod asked;
mod budget;
mod causes;
mod desk;
mod market;
pub mod mirror;
mod order;
mod pair;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod scene_lines;
mod session;
#[cfg(test)]
mod served;
mod sign;
mod reports;
mod tended;
mod trade;
#[cfg(test)]
mod trade_scene;
mod strict;
mod talk;
mod tend;
mod v1;

use crate::base::{Continuity, Form};
use crate::limits;
use crate::venue::contract::{Dialect, fast};
use crate::venue::desk::Desk;

/// Kraken cuts its books to the subscribed depth: a flat ladder is right.
const SHALLOW: Form = Form::Ladder { depth: limits::DEPTH_LEVELS as u32 };

/// Orders over websocket v2.
pub static DESK: Desk = Desk { prepare: order::prepare, read: desk::read };

pub(in crate::venue) use causes::CAUSES;
#[cfg(test)]
pub(in crate::venue) use trade::TRADE;

/// Websocket v2.
pub static V2: Dialect = Dialect {
    name: "kraken",
    about: "Kraken websocket v2: book with CRC32, trade, ticker, instrument",
    continuity: Continuity::Checksum,
    form: SHALLOW,
    fast: Some(fast::<market::Market>),
    strict: strict::read,
    desk: Some(&DESK),
    session: Some(&session::OPENING),
    trade: Some(&trade::TRADE),
};

/// Websocket v1, decode only.
pub static V1: Dialect = Dialect {
    name: "kraken-v1",
    about: "Kraken websocket v1 (recordings): book with CRC32, trade, ticker",
    continuity: Continuity::Checksum,
    form: SHALLOW,
    fast: None,
    strict: v1::read,
    desk: None,
    session: None,
    trade: None,
};
