//! ONNX: files into networks, networks into files.
//!
//! In: files that we, `PyTorch` or `tf2onnx` wrote: LSTM layers, a dense head, and the glue that
//! those exporters put between. Out: a [`Network`] with what the file says of it; or the name of
//! the node that is not understood.
//! Never: belief in a size, a count or a nesting that a file claims.
//!
//! [`Network`]: super::network::Network

mod array;
mod error;
mod file;
mod glue;
mod layer;
mod meta;
mod proto;
mod read;
mod value;
mod walk;
mod wire;
mod write;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

pub use error::OnnxError;
pub use file::{load, save};
pub use read::{Read, read};
pub use write::write;
