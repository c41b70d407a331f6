//! What the stages behind the books are told, and with what they are made.

use crate::base::{AccountId, Instruments};
use crate::config::{Config, Resolved};
use crate::journal::Fills;
use crate::sim::exchange::{self, Exchange};
use crate::stage::{book, dispatch, model, risk, route, signal, strategy};
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
    /// Where an earlier run left the gate; a halt in it stays.
    pub risk_state: Option<risk::State>,
    /// Accounts and the session's number, as dispatch knows them.
    pub dispatch: dispatch::Settings,
    /// The venues in a box, one an account; none where the venues themselves fill orders.
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

impl Trading {
    /// As configured, orders filled as `fills` says.
    pub fn new(
        config: &Config,
        resolved: &Resolved,
        books: &book::Settings,
        fills: Fills,
    ) -> Trading {
        let paper = |(n, account): (usize, &crate::config::Account)| {
            let id = AccountId(n as u16);
            let settings = resolved.exchange(id, &config.paper);
            let is_filled = fills == Fills::Paper;
            let settings = exchange::Settings { fills: is_filled, book: books.clone(), ..settings };
            Paper { account: id, dialect: account.venue, settings }
        };
        let mut venues: Vec<Paper> = resolved.accounts.iter().enumerate().map(paper).collect();
        // Accounts of one venue stand together, as they do where each venue has a core.
        let first = |venue: &str| resolved.accounts.iter().position(|a| a.venue.name == venue);
        venues.sort_by_key(|paper| (first(paper.dialect.name), paper.account));
        let taker = |paper: &Paper| (paper.dialect.name, paper.settings.fees.taker_ppm);
        let taker_fees_ppm = venues.iter().map(taker).collect();
        if fills == Fills::Venue {
            venues.clear();
        }
        Trading {
            signal: signal::Settings {
                horizons_ns: config.signal.horizons_ns,
                form: config.signal.form,
                level: config.pipeline.simd.and_then(|simd| signal::Level::named(simd.name())),
            },
            model: resolved.trading.models.clone(),
            strategy: resolved.trading.strategies.clone(),
            route: route::Settings { taker_fees_ppm, ..resolved.trading.routes.clone() },
            risk: gate(config, resolved),
            risk_state: None,
            dispatch: dispatch::Settings {
                epoch: 0,
                accounts: resolved.accounts.iter().map(|account| account.venue).collect(),
            },
            venues,
        }
    }
}

impl Paper {
    pub(super) fn open(&self, instruments: &Instruments) -> super::crew::world::Venue {
        super::crew::world::Venue {
            account: self.account,
            venue: self.dialect.name,
            exchange: Exchange::new(self.dialect, self.account, instruments, &self.settings),
        }
    }
}

/// The gate's limits, with what each account holds and pays.
fn gate(config: &Config, resolved: &Resolved) -> risk::Settings {
    let strategies = &resolved.trading.strategies.strategies;
    let names: Vec<&str> = strategies.iter().map(|strategy| &*strategy.name).collect();
    let mut settings = config.risk_settings(resolved, &names);
    for (limits, funds) in settings.accounts.iter_mut().zip(&resolved.funds) {
        limits.balances.clone_from(&funds.balances);
        let worst = funds.fees.maker_ppm.max(funds.fees.taker_ppm);
        let worst = u32::try_from(worst).unwrap_or(0);
        for venue in settings.venues.iter_mut().filter(|venue| venue.venue == limits.venue) {
            venue.fee_ppm = venue.fee_ppm.max(worst);
        }
    }
    settings
}
