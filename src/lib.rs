//! Neural Kraken: a lock-free trading pipeline for bare-metal hosts.
//!
//! The map: the `mod` lines below are in the order of the layers, and a module imports only modules
//! declared below it. `tests/house` reads this file and holds everyone to it.

// Tests say what went wrong by panicking; that is their job.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]

#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod train;
#[doc(hidden)]
pub mod pipeline;
#[doc(hidden)]
pub mod cold;
#[doc(hidden)]
pub mod tape;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod sim;
#[doc(hidden)]
pub mod ledger;
#[doc(hidden)]
pub mod stage;
#[doc(hidden)]
pub mod venue;
#[doc(hidden)]
pub mod neural;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod event;
#[doc(hidden)]
pub mod net;
#[doc(hidden)]
pub mod metric;
#[doc(hidden)]
pub mod ring;
#[doc(hidden)]
pub mod sys;
#[doc(hidden)]
pub mod base;
#[doc(hidden)]
pub mod limits;

pub use base::{Decimal, InstrumentId, Nanos, Price, Qty, Side, render};
