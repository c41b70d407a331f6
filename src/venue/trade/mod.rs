//! Live orders: the private side of a venue, as state machines without a socket or a clock.
//!
//! In: what happened to lines, frames, answers, the time, orders that dispatch wrote. Out: things
//! to do, [`Reply`](crate::event::Reply)s for dispatch, and [`Fact`]s for who reconciles.
//! Never: an order that is forgotten. One without an answer is unknown, never rejected, and is
//! asked for by our own name until the venue says what became of it.
//!
//! ```text
//! let mut trader = (dialect.trade?.open)(settings, now)?;
//! loop {
//!     trader.poll(now, &mut out);   // after each call: do out.tasks, in their order, give
//!                                   // out.replies to dispatch, out.facts to who reconciles,
//!                                   // then out.clear()
//!     // dispatch sent:  match trader.hand_in(&Parcel::of(&sent), now) {
//!     //                     Route::Frame { line, text } => write text.0 as a text frame,
//!     //                     Route::Http { id, text } => write text.0 on a kept-alive connection,
//!     //                     Route::Nowhere(reply) => dispatch.on(&reply, ..),
//!     //                 }
//!     // a frame:        trader.frame(line, bytes, now, &mut out)
//!     // an answer:      trader.answered(id, &answer, now, &mut out)
//!     // lines:          opened, failed, closed, pinged
//! }
//! ```
//!
//! Hand orders in only while [`Trader::is_ready`]; what is handed in before is rejected at once.

mod cause;
mod contract;
mod entry;
mod index;
mod key;
mod ledger;
mod lines;
mod orders;
mod out;
mod rate;
mod secret;
#[cfg(test)]
mod shuffle;
#[cfg(test)]
pub mod stand;
mod word;

pub use cause::{
    Cause, LOCAL, NEVER_ARRIVED, NO_BUDGET, NO_ROOM, NO_VENUE_ORDER, NOT_KNOWN, NOT_READY,
    NOT_RECORDED, NOT_TRADED, Trouble, UNSENDABLE,
};
pub use contract::{
    Asset, KeyTexts, Kind, Network, Opening, Parcel, Route, Settings, Shown, Tally, TradeError,
    Traded, Trader,
};
pub use entry::{Entry, Heard, Pending, Stage};
pub use key::{Ed25519, Es256, Hmac, sha256};
pub use lines::{balance, carry, lines, tally};
pub use orders::{Orders, key_of};
pub use out::{Balance, Fact, Listing, Method, Out, Past, Request, Standing, Task, VenueOrder};
pub use rate::{Rates, Room};
pub use secret::{Bytes, HEX, KeyError, Secret, base64, base64_url, from_base64, from_pem};
pub use word::{Event, Fee, Last, Totals, Word};
