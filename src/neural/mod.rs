//! Neural: networks out of ONNX files, and engines that run them.
//!
//! Never: a feature's meaning, a price, an allocation in a step.

mod engine;
mod invented;
mod kernel;
mod network;
mod npy;
mod onnx;
#[cfg(feature = "ort")]
mod ort;
mod sound;

#[cfg(feature = "ort")]
pub use self::ort::{Runtime, RuntimeError, is_here as runtime_is_here};
pub use engine::{Engine, Reach, Scratch, State};
pub use invented::{draw, invented};
pub use kernel::Level;
#[cfg(feature = "train")]
pub use kernel::{Matrix, multiply};
pub use network::{Activation, Dense, Form, Layer, Meta, Network, Output};
pub use npy::{Npy, NpyError};
pub use onnx::{OnnxError, Read, load, read, save, write};
pub use sound::NetworkError;
