//! Row: from views to labelled examples, cut into parts that know nothing of each other.
//!
//! Never: a network.

mod sheet;
#[cfg(feature = "train")]
mod label;
#[cfg(feature = "train")]
mod dataset;
#[cfg(feature = "train")]
mod split;
#[cfg(feature = "train")]
mod scale;

#[cfg(all(test, feature = "train"))]
pub(super) use dataset::proofs::plain;
#[cfg(feature = "train")]
pub use dataset::{Dataset, DatasetError, Example};
#[cfg(feature = "train")]
pub use label::{Horizon, Label, Moved};
#[cfg(feature = "train")]
pub use scale::Scale;
pub use sheet::{Desk, Mid, Row, Sheet, Thinning};
#[cfg(feature = "train")]
pub use split::{Fold, Part, folds};
