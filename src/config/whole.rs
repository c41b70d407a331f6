//! All parts of a configuration together.

use super::fault::Source;
use super::part::{
    Account, Asset, Book, Fungible, Instrument, Journal, Live, Mark, Model, Money, OrderEntry,
    Paper, Pipeline, Risk, RiskLists, Signal, Strategy,
};
use crate::base::Symbol;

/// A configuration without a fault.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the machine is laid out.
    pub pipeline: Pipeline,
    /// How books are kept.
    pub book: Book,
    /// What signals remember.
    pub signal: Signal,
    /// How sessions are written.
    pub journal: Journal,
    /// How venues are reached.
    pub live: Live,
    /// Whether and how orders leave the house.
    pub order_entry: OrderEntry,
    /// How paper money is traded.
    pub paper: Paper,
    /// Limits of the whole.
    pub risk: Risk,
    /// Limits of single instruments, assets, strategies, accounts and venues.
    pub risk_of: RiskLists,
    /// Who trades what where, and in what it is reckoned.
    pub universe: Universe,
    /// What is expected of which instruments, the unused ones too.
    pub models: Vec<Model>,
    /// Who trades what, how and with how much, the unused ones too.
    pub strategies: Vec<Strategy>,
}

/// All that has a name: who trades what where, and in what it is reckoned.
#[derive(Clone, Debug)]
pub struct Universe {
    /// In what all is reckoned.
    pub money: Money,
    /// Assets that count as one.
    pub fungible: Vec<Fungible>,
    /// What says what an asset is worth.
    pub marks: Vec<Mark>,
    /// Currencies and coins.
    pub assets: Vec<Asset>,
    /// Who trades where, the unused ones too.
    pub accounts: Vec<Account>,
    /// What can be traded where, the unused ones too.
    pub instruments: Vec<Instrument>,
}

impl Universe {
    /// Instruments that are used.
    pub fn traded(&self) -> impl Iterator<Item = &Instrument> {
        self.instruments.iter().filter(|instrument| instrument.enabled)
    }

    /// Instruments that the user's own file lists: all that may change how a recording is read.
    pub fn listed_by_user(&self) -> impl Iterator<Item = &Instrument> {
        self.traded().filter(|instrument| instrument.place.source == Source::File)
    }

    /// What an account pays, maker and taker, hundredths of a basis point: what it says itself,
    /// else what the first account at its venue says. `None` where none says.
    pub fn fees(&self, account: &Account) -> Option<(i64, i64)> {
        let others = || self.accounts.iter().filter(|o| o.venue.name == account.venue.name);
        let maker = account.maker_ppm.or_else(|| others().find_map(|other| other.maker_ppm))?;
        let taker = account.taker_ppm.or_else(|| others().find_map(|other| other.taker_ppm))?;
        Some((maker, taker))
    }

    /// The place in `assets` of what a venue calls by this name.
    pub(super) fn asset(&self, name: &str, at_venue: &str) -> Option<usize> {
        self.assets.iter().position(|asset| asset.is_called(name, at_venue))
    }

    /// The place in `assets` of an asset by its name here.
    pub(super) fn asset_named(&self, name: &str) -> Option<usize> {
        self.assets.iter().position(|asset| asset.name == name)
    }

    /// The place in `instruments` of the one that a mark names, if it is used.
    pub(super) fn instrument(&self, venue: &str, symbol: &Symbol) -> Option<usize> {
        let is_it = |i: &Instrument| i.enabled && i.venue.name == venue && i.symbol == *symbol;
        self.instruments.iter().position(is_it)
    }
}
