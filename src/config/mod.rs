//! Configuration: TOML over the built-in manual, into typed parts, one per module, handed down.
//!
//! In: `default.toml`, compiled in, and the user's file over it. Out: [`Config`], or every fault at
//! once; [`Resolved`], the same with ids in place of names.
//! Never: a key that nobody knows, a default outside `default.toml`, a fault without its line.

mod whole;
mod load;
mod fault;
mod tree;
mod section;
mod real;
mod which;
mod part;
mod check;
mod chain;
mod resolve;
mod onto;
mod set;
mod trading;
mod risk;
#[cfg(test)]
mod tests;

pub use fault::{ConfigError, Fault, Place, Source, Wrong};
pub use load::MANUAL;
pub use part::{
    Account, AccountRisk, Amount, Asset, AssetRisk, Book, Fungible, Holding, Instrument,
    InstrumentRisk, Journal, Layout, Live, Mark, Model, Money, Named, OrderEntry, OrderRates,
    Paper, Pipeline, Risk, RiskLists, Signal, Strategy, StrategyRisk, VenueRisk, lstm_network,
};
pub use resolve::{Conversion, Funds, Resolved, Step};
pub use set::{SetError, set};
pub use trading::Trading;
pub use which::Which;
pub use whole::{Config, Universe};
