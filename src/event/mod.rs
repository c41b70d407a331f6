//! The messages, in flow order; one file each, plain data.
//!
//! A message carries its context forward: the frame it came from, its stamps, its instrument. No
//! stage ever looks back.

mod market;
mod quote;
mod feature;
mod forecast;
mod advice;
mod intent;
mod child;
mod order;
mod reason;
mod report;
mod packed;
mod resync;
mod tick;

pub use advice::{Advice, Ask, Late, ROWS_ASKED};
pub use child::{Child, Routed};
pub use feature::{FEATURES, Features, HORIZONS, Now, Over, Seen};
pub use forecast::{Forecast, Outlook, Standing};
pub use intent::{Action, Intent, Wanted};
pub use market::{Body, BookChange, Head, Level, Market, Part, Stamp, Top, Trade};
pub use order::{Decision, Denial, Order, Style, Terms};
pub use quote::{BookState, Depth, Quote, QuoteCause, View};
pub use reason::{Reason, Reasons};
pub use report::{ClientId, Fill, Happened, Liquidity, OrderState, Outcome, Reply, Report, Sent};
pub use resync::{Resync, ResyncReason};
pub use tick::Tick;
