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
#[cfg(feature = "train")]
mod experiment;
#[cfg(feature = "train")]
mod export;
#[cfg(feature = "train")]
mod report;
#[cfg(feature = "train")]
mod page;
#[cfg(all(test, feature = "train"))]
mod proofs;

#[cfg(feature = "train")]
pub use course::Course;
#[cfg(feature = "train")]
pub use experiment::{Judged, Moment, Plan, TrainError, Trained, Tried, run, transfer};
#[cfg(feature = "train")]
pub use export::{meta, network};
#[cfg(feature = "train")]
pub use fit::Recipe;
#[cfg(feature = "train")]
pub use net::Shape;
#[cfg(feature = "train")]
pub use page::page;
#[cfg(feature = "train")]
pub use report::report;
pub use row::{Desk, Mid, Row, Sheet, Thinning};
#[cfg(feature = "train")]
pub use row::{Horizon, Label, Moved};
