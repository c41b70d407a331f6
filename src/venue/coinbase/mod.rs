//! Coinbase: Advanced Trade, and the Exchange feed of older recordings.

mod desk;
mod market;
pub mod mirror;
mod order;
mod pair;
#[cfg(test)]
mod scene;
mod session;
#[cfg(test)]
mod served;
mod sign;
mod budget;
mod causes;
mod facts;
mod reports;
mod stock;
mod trade;
mod traded;
#[cfg(test)]
mod trade_scene;
mod strict;
mod talk;
mod exchange;

pub(in crate::venue) use causes::CAUSES;

use crate::base::{Continuity, Form};
use crate::limits;
use crate::venue::contract::{Dialect, fast};
use crate::venue::desk::Desk;

/// Full-depth books: levels are found by tick.
const DEEP: Form = Form::Window { ticks: limits::WINDOW_TICKS_MAX as u32 };

/// Orders over REST.
pub static DESK: Desk = Desk { prepare: order::prepare, read: desk::read };

/// Advanced Trade websocket.
pub static ADVANCED: Dialect = Dialect {
    name: "coinbase",
    about: "Coinbase Advanced Trade: level2, market_trades, ticker, heartbeats; sequence_num",
    continuity: Continuity::ConnectionSequence,
    form: DEEP,
    fast: Some(fast::<market::Market>),
    strict: strict::read,
    desk: Some(&DESK),
    session: Some(&session::OPENING),
    trade: Some(&trade::TRADE),
};

/// Exchange (Pro, GDAX) websocket, decode only.
pub static EXCHANGE: Dialect = Dialect {
    name: "coinbase-exchange",
    about: "Coinbase Exchange (recordings): level2, ticker, matches; no proof but a crossed book",
    continuity: Continuity::Unproven,
    form: DEEP,
    fast: None,
    strict: exchange::read,
    desk: None,
    session: None,
    trade: None,
};
