//! Crowd: the people of nine markets, who place, cancel and take orders one by one.
//!
//! In: chance, and the hidden values of what is traded. Out: requests to the markets' engines.
//! Never: an order of an account touched but by trading with it.

mod habit;
mod people;
mod script;
mod tide;
mod who;

pub(super) use people::People;
pub use script::Deed;
pub(super) use script::Script;
pub(super) use tide::Tide;
pub(super) use who::Who;
