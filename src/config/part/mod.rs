//! The typed parts of a configuration, in the order of the manual: each knows its keys, their
//! units and their bounds.

mod pipeline;
mod book;
mod signal;
mod journal;
mod live;
mod lstm;
mod money;
mod asset;
mod account;
mod instrument;
mod order_entry;
mod paper;
mod model;
mod strategy;
mod risk;

pub use account::{Account, Holding};
pub use asset::Asset;
pub use book::Book;
pub use instrument::Instrument;
pub use journal::Journal;
pub use live::Live;
pub use lstm::lstm_network;
pub use model::Model;
pub use money::{Fungible, Mark, Money};
pub use order_entry::OrderEntry;
pub use paper::Paper;
pub use pipeline::{Layout, Pipeline};
pub use risk::{
    AccountRisk, Amount, AssetRisk, InstrumentRisk, Named, OrderRates, Risk, RiskLists,
    StrategyRisk, VenueRisk,
};
pub use signal::Signal;
pub use strategy::Strategy;
