//! Train: recordings into an LSTM, written as ONNX.
//!
//! In: tapes, settings. Out: a network, a report of what it can do beside what is simple. Never: a
//! feature of its own. Rows come out of the signal stage that trades.

pub mod row;
#[cfg(feature = "train")]
pub mod net;
#[cfg(feature = "train")]
pub mod course;
#[cfg(feature = "train")]
pub mod fit;
#[cfg(feature = "train")]
pub mod judge;
#[cfg(feature = "train")]
pub mod checkpoint;
#[cfg(feature = "train")]
pub mod experiment;
#[cfg(feature = "train")]
mod export;
#[cfg(feature = "train")]
pub mod tell;
#[cfg(all(test, feature = "train"))]
mod proofs;

#[cfg(feature = "train")]
pub use checkpoint::{Checkpoint, CheckpointError};
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
pub use row::{Desk, Mid, Row, Sheet, Thinning};
#[cfg(feature = "train")]
pub use row::{Horizon, Label, Moved};
#[cfg(feature = "train")]
pub use tell::{page, report};
