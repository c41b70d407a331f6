//! Models on a disk.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::super::network::{Meta, Network};
use super::error::OnnxError;
use super::read::{Read, read};
use super::write::write;
use crate::limits;

/// Reads a model's file; no more of it than a model may have.
pub fn load(path: &Path) -> Result<Read, OnnxError> {
    read(&bytes(path)?)
}

/// The bytes of a model's file.
fn bytes(path: &Path) -> Result<Vec<u8>, OnnxError> {
    let io = |source: io::Error| OnnxError::Io { path: path.display().to_string(), source };
    let file = File::open(path).map_err(io)?;
    let found = file.metadata().map_err(io)?.len();
    if found > limits::MODEL_BYTES_MAX as u64 {
        return Err(OnnxError::Large { found, max: limits::MODEL_BYTES_MAX });
    }
    let mut bytes = Vec::new();
    file.take(limits::MODEL_BYTES_MAX as u64).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// Writes a model's file: beside its place first, so that who reads it never sees half of it.
pub fn save(path: &Path, network: &Network, meta: &Meta) -> Result<(), OnnxError> {
    let io = |source: io::Error| OnnxError::Io { path: path.display().to_string(), source };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, write(network, meta)?).map_err(io)?;
    fs::rename(&beside, path).map_err(io)
}
