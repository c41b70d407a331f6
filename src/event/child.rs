//! One order as it should go to one account. From route to risk.

use super::intent::Action;
use super::market::Stamp;
use super::order::Terms;
use super::quote::View;
use crate::base::{AccountId, InstrumentId, OrderId, StrategyId};

/// One order as it should go to one account. Two cache lines of plain data.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Child {
    /// The frame that caused it.
    pub stamp: Stamp,
    /// The intent that it serves, by its strategy's own number.
    pub intent: u64,
    /// The order to cancel, else [`OrderId::NONE`].
    pub cancels: OrderId,
    /// What is to be placed.
    pub terms: Terms,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Who wants it.
    pub strategy: StrategyId,
    /// The account that it goes to.
    pub account: AccountId,
    /// Place or cancel.
    pub action: Action,
    /// Were all signals and forecasts that it rests on ready?
    pub is_ready: bool,
    /// Does it only make a position smaller?
    pub is_reducing: bool,
}

/// From route to risk: every view, and after it the orders that should go because of it.
#[derive(Clone, Copy, Debug)]
pub enum Routed<'a> {
    /// The market of one instrument.
    Market(&'a View),
    /// An order to be checked.
    Child(&'a Child),
}

const _: () = assert!(size_of::<Child>() == 128, "a child is two cache lines");
