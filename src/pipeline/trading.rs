//! What the stages behind the books are told, and with what they are made.

use crate::base::{AccountId, Instruments};
use crate::sim::exchange::{self, Exchange};
use crate::stage::{dispatch, model, risk, route, signal, strategy};
use crate::venue::Dialect;

/// What the stages behind the books are told.
#[derive(Clone, Debug, Default)]
pub struct Trading {
    /// Signals.
    pub signal: signal::Settings,
    /// Models.
    pub model: model::Settings,
    /// Strategies.
    pub strategy: strategy::Settings,
    /// Routes.
    pub route: route::Settings,
    /// Limits.
    pub risk: risk::Settings,
    /// Accounts and the session's number, as dispatch knows them.
    pub dispatch: dispatch::Settings,
    /// The venues in a box, one an account.
    pub venues: Vec<Paper>,
}

/// An account at a venue in a box.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The account.
    pub account: AccountId,
    /// Its venue's wire format.
    pub dialect: &'static Dialect,
    /// Its balances, fees and delays.
    pub settings: exchange::Settings,
}

impl Paper {
    pub(super) fn open(&self, instruments: &Instruments) -> super::world::Venue {
        super::world::Venue {
            account: self.account,
            venue: self.dialect.name,
            exchange: Exchange::new(self.dialect, self.account, instruments, &self.settings),
        }
    }
}
