//! Binance: spot, and USD-M and COIN-M futures, which differ in how a book is continued.

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
mod causes;
mod facts;
mod limited;
mod posted;
mod reports;
mod trade;
#[cfg(test)]
mod trade_scene;
mod strict;
mod talk;
mod tend;

pub(in crate::venue) use causes::CAUSES;

use crate::base::{Continuity, Form};
use crate::limits;
use crate::venue::contract::{Dialect, fast};
use crate::venue::desk::Desk;

/// A deep book: most of its updates are far from the best, so levels are found by tick.
const DEEP: Form = Form::Window { ticks: limits::WINDOW_TICKS_MAX as u32 };

/// Spot orders over the websocket API.
pub static SPOT_DESK: Desk = Desk { prepare: order::prepare_spot, read: desk::read_spot };

/// Orders for futures over the websocket API.
pub static FUTURES_DESK: Desk = Desk { prepare: order::prepare_future, read: desk::read_future };

/// Spot streams, combined or raw, and REST depth snapshots.
pub static SPOT: Dialect = Dialect {
    name: "binance",
    about: "Binance spot: depth, bookTicker, trade; REST snapshots; U/u continuity",
    continuity: Continuity::UpdateId,
    form: DEEP,
    fast: Some(fast::<market::Market>),
    strict: strict::read,
    desk: Some(&SPOT_DESK),
    session: Some(&session::OPENING),
    trade: Some(&trade::TRADE),
};

/// Futures settled in a stablecoin.
pub static USDM: Dialect = Dialect {
    name: "binance-usdm",
    about: "Binance USD-M futures: depth, bookTicker, trade; REST snapshots; pu continuity",
    continuity: Continuity::PreviousId,
    form: DEEP,
    fast: Some(fast::<market::Market>),
    strict: strict::read,
    desk: Some(&FUTURES_DESK),
    session: None,
    trade: None,
};

/// Futures settled in the coin.
pub static COINM: Dialect = Dialect {
    name: "binance-coinm",
    about: "Binance COIN-M futures: depth, bookTicker, trade; REST snapshots; pu continuity",
    continuity: Continuity::PreviousId,
    form: DEEP,
    fast: Some(fast::<market::Market>),
    strict: strict::read,
    desk: Some(&FUTURES_DESK),
    session: None,
    trade: None,
};
