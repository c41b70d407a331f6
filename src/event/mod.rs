//! The messages, in flow order; one file each, plain data.
//!
//! A message carries its context forward: the frame it came from, its stamps, its instrument. No
//! stage ever looks back.

mod market;
mod quote;
mod resync;
mod tick;

pub use market::{Body, BookChange, Head, Level, Market, Part, Stamp, Top, Trade};
pub use quote::{BookState, Depth, Quote, QuoteCause, View};
pub use resync::{Resync, ResyncReason};
pub use tick::Tick;
