//! Venues: what is special about each, and nothing else.
//!
//! Order here is display order; a name is the journal's and is never used again. A new venue is one
//! folder and one line in [`DIALECTS`].

pub mod contract;
pub mod desk;
pub mod session;
pub mod trade;
mod raw;
pub mod wire;
pub mod kraken;
pub mod binance;
pub mod coinbase;
pub mod nasdaq;

pub use contract::{
    Decoded, Described, Dialect, Input, Listings, Placed, Raw, RawBody, RawEvent, RawLevel,
    Refusal, Scale, venue_time,
};
pub use desk::{Desk, Label, Request, Session, Target, Template};
pub use raw::settle;

/// Every wire format that is understood.
pub static DIALECTS: &[&Dialect] = &[
    &kraken::V2,
    &kraken::V1,
    &binance::SPOT,
    &binance::USDM,
    &binance::COINM,
    &coinbase::ADVANCED,
    &coinbase::EXCHANGE,
    &nasdaq::LOBSTER,
];

/// The dialect with this name.
pub fn dialect(name: &str) -> Option<&'static Dialect> {
    DIALECTS.iter().copied().find(|d| d.name == name)
}

/// What a number in a [`Report::rejection`](crate::event::Report::rejection) of live orders means,
/// and the fix; `None` where it is none of theirs.
pub fn cause(number: u32) -> Option<&'static trade::Cause> {
    let tables = [trade::LOCAL, kraken::CAUSES, binance::CAUSES, coinbase::CAUSES];
    tables.into_iter().flatten().find(|cause| cause.number == number)
}
