//! What a strategy wants. From strategy to route.

use super::market::Stamp;
use super::order::Terms;
use super::quote::View;
use crate::base::{AccountId, InstrumentId, OrderId, StrategyId};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Action {
    /// Place a new order.
    Place,
    /// Cancel one of our orders.
    Cancel,
}

/// What a strategy wants. Two cache lines of plain data.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Intent {
    /// The frame that caused it.
    pub stamp: Stamp,
    /// The strategy's own number of it, from 1 on; comes back with every report.
    pub id: u64,
    /// The order to cancel, else [`OrderId::NONE`].
    pub cancels: OrderId,
    /// What is to be placed.
    pub terms: Terms,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Who wants it.
    pub strategy: StrategyId,
    /// On which account; the router replaces [`AccountId::NONE`].
    pub account: AccountId,
    /// Place or cancel.
    pub action: Action,
    /// Were all signals and forecasts that it rests on ready?
    pub is_ready: bool,
    /// Does it only make a position smaller?
    pub is_reducing: bool,
}

/// From strategy to route: every view, and after it what is wanted because of it.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The market of one instrument, as every later stage must know it.
    Market(&'a View),
    /// A wish.
    Intent(&'a Intent),
}

const _: () = assert!(size_of::<Intent>() == 128, "an intent is two cache lines");
