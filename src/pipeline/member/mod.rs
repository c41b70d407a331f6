//! Member: one account at one venue without a machine around it: for tests, conformance and the
//! watchdog.
//!
//! In: settings, a carrier, orders as a person thinks of them. Out: replies and facts.
//! Never: a hot thread; a strategy, a risk gate: whoever calls decides, and answers for it.

mod error;
mod runner;

pub use error::MemberError;
pub use runner::Member;
