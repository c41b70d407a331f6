//! Risk: the one gate that every order passes, and the only maker of an [`Order`].
//!
//! In: [`Routed`] (the market, and orders to be checked), [`Report`], [`Tick`]. Out: [`Decision`]:
//! an order to be sent, or a denial with every reason; once halted, cancels of all that is open.
//! Never: a float, a clock, an allocation after construction, a limit that counts only what is
//! certain: open and unknown orders count as if they filled, each side for itself.
//!
//! [`Order`]: crate::event::Order
//! [`Routed`]: crate::event::Routed
//! [`Report`]: crate::event::Report
//! [`Tick`]: crate::event::Tick
//! [`Decision`]: crate::event::Decision

mod gate;
mod settings;
mod lane;
mod check;
mod rule;
mod cost;
mod collar;
mod step;
mod exposure;
mod account;
mod orders;
mod settle;
mod equity;
mod state;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod boundaries;
#[cfg(test)]
mod story;
#[cfg(test)]
mod reckoning;
#[cfg(test)]
mod twin;
#[cfg(test)]
mod property;
#[cfg(test)]
mod lanes;

pub use gate::Gate;
pub use settings::{
    AccountLimits, InstrumentLimits, OrderRate, Settings, StrategyLimits, VenueLimits,
};
pub use state::{Halt, HaltReason, Held, OpenOrder, Owned, State};
