//! Crowd: the people of nine markets, who place, cancel and take orders one by one.
//!
//! In: chance, and the hidden values of what is traded. Out: requests to the markets' engines.
//! Never: an order of an account touched but by trading with it.

mod habit;
mod people;
mod tide;

pub(super) use people::People;
pub(super) use tide::Tide;
