//! Train: recordings into an LSTM, written as ONNX.
//!
//! In: tapes, settings. Out: a network, a report of what it can do beside what is simple. Never: a
//! feature of its own. Rows come out of the signal stage that trades.

mod row;
#[cfg(feature = "train")]
mod net;
#[cfg(feature = "train")]
mod course;
#[cfg(feature = "train")]
mod fit;
#[cfg(feature = "train")]
mod judge;

pub use row::{Desk, Mid, Row, Sheet, Thinning};
