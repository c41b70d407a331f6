//! Neural: networks out of ONNX files, and engines that run them.
//!
//! Never: a feature's meaning, a price, an allocation in a step.

mod network;
#[cfg(feature = "train")]
mod kernel_product;

#[cfg(feature = "train")]
pub use kernel_product::{Matrix, multiply};
pub use network::{Activation, Dense, Form, Layer, Meta, Network, Output};
