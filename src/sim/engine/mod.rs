//! Engine: one market of a venue, as its members know it: orders with names, price before time.
//!
//! In: orders, cancels, amendments, each with the member who asks. Out: what followed, in the order
//! in which it happened ([`Event`]), and the levels that changed, each once.
//! Never: a crossed book, a quantity that comes from or goes to nowhere, a clock, chance.
//!
//! **Priority** is price, then time. An order that is made smaller at its price keeps its place;
//! any other amendment loses it, and may trade as a new order would. **Trades** are made at the
//! price of who was there first, one trade for each of its orders. **A member's own two sides**
//! never trade with each other, unless its orders allow it ([`SelfTrade`]).

mod ticket;
mod rules;
mod shelf;
mod matching;
#[cfg(test)]
mod twin;

pub use matching::Engine;
pub use rules::Rules;
pub use ticket::{Event, Owner, Reason, SelfTrade, Size, Ticket, Trade, Why, Wish};
