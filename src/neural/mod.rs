//! Neural: networks out of ONNX files, and engines that run them.
//!
//! Never: a feature's meaning, a price, an allocation in a step.

mod network;

pub use network::{Activation, Dense, Form, Layer, Meta, Network, Output};
