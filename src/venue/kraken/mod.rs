//! Kraken: websocket v2, and the v1 format of older recordings.

mod market;
pub mod mirror;
mod strict;
mod v1;

use crate::base::{Continuity, Form};
use crate::limits;
use crate::venue::contract::{Dialect, fast};

/// Kraken cuts its books to the subscribed depth: a flat ladder is right.
const SHALLOW: Form = Form::Ladder { depth: limits::DEPTH_LEVELS as u32 };

/// Websocket v2.
pub static V2: Dialect = Dialect {
    name: "kraken",
    about: "Kraken websocket v2: book with CRC32, trade, ticker, instrument",
    continuity: Continuity::Checksum,
    form: SHALLOW,
    fast: Some(fast::<market::Market>),
    strict: strict::read,
};

/// Websocket v1, decode only.
pub static V1: Dialect = Dialect {
    name: "kraken-v1",
    about: "Kraken websocket v1 (recordings): book with CRC32, trade, ticker",
    continuity: Continuity::Checksum,
    form: SHALLOW,
    fast: None,
    strict: v1::read,
};
