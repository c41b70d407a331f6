//! Why a member could not do what was asked: what was found, and the fix.

use crate::base::{Nanos, Symbol};
use crate::venue::session::State;
use crate::venue::trade::TradeError;

/// See the module.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MemberError {
    /// Known from recordings only.
    #[error("{venue} takes no orders here; name one of kraken, binance, coinbase")]
    NoOrders {
        /// Which.
        venue: &'static str,
    },
    /// Settings that no session takes.
    #[error(transparent)]
    Settings(#[from] TradeError),
    /// Its requests cannot be written.
    #[error("{venue}: no request can be written for {symbol}; check its name and decimals")]
    Symbol {
        /// Whose.
        venue: &'static str,
        /// Which.
        symbol: Symbol,
    },
    /// Not ready in time.
    #[error("{venue}: not ready after {}: {state}; last heard: {heard}", seconds(*.waited_ns))]
    NotReady {
        /// Who.
        venue: &'static str,
        /// How long it was waited for.
        waited_ns: i64,
        /// How it stands, and what mends it.
        state: Shown,
        /// The newest trouble of a line or a request.
        heard: String,
    },
    /// Something else did not come in time.
    #[error("{venue}: no {what} after {}; last heard: {heard}", seconds(*.waited_ns))]
    Nothing {
        /// From whom.
        venue: &'static str,
        /// What was waited for.
        what: &'static str,
        /// How long.
        waited_ns: i64,
        /// The newest trouble of a line or a request.
        heard: String,
    },
    /// The venue has no such request.
    #[error("{venue} changes no order: cancel it and place another")]
    NoAmend {
        /// Which.
        venue: &'static str,
    },
    /// An instrument that was not named in the settings.
    #[error("{venue}: the instrument is not traded by this member; name it in the settings")]
    NotTraded {
        /// Whose.
        venue: &'static str,
    },
}

/// A state, put in words where it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown(pub State);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

fn seconds(ns: i64) -> String {
    let tenths = ns / (Nanos::SECOND / 10);
    format!("{}.{} s", tenths / 10, tenths % 10)
}
