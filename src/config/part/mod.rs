//! The typed parts of a configuration, in the order of the manual: each knows its keys, their
//! units and their bounds.

mod pipeline;
mod book;
mod journal;
mod money;
mod asset;
mod account;
mod instrument;
mod risk;

pub use account::Account;
pub use asset::Asset;
pub use book::Book;
pub use instrument::Instrument;
pub use journal::Journal;
pub use money::{Fungible, Mark, Money};
pub use pipeline::{Layout, Pipeline};
pub use risk::{
    AccountRisk, Amount, AssetRisk, InstrumentRisk, Named, OrderRates, Risk, RiskLists,
    StrategyRisk, VenueRisk,
};
