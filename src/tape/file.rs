//! Files as bytes: plain or gzip, whole, with errors that say what is wrong.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::error::TapeError;
use super::sample;
use crate::limits;

/// Size of a file on disk.
pub(super) fn bytes_of(path: &Path) -> Result<u64, TapeError> {
    if let Some(sample) = sample::named(path) {
        return Ok(sample.len() as u64);
    }
    let about = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    if about.is_dir() {
        return Err(TapeError::Directory { path: path.into() });
    }
    if !may_end(&about) {
        return Err(TapeError::Device { path: path.into() });
    }
    Ok(about.len())
}

/// A file ends, a pipe too when its writer goes; a device may go on for ever.
fn may_end(about: &Metadata) -> bool {
    about.is_file() || about.file_type().is_fifo()
}

/// Size on disk of the files in a directory, or of a single one.
pub(super) fn bytes_in(path: &Path) -> Result<u64, TapeError> {
    let about = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    if !about.is_dir() {
        return Ok(about.len());
    }
    let entries = fs::read_dir(path).map_err(|e| unreadable(path, &e))?;
    Ok(entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|about| about.len()).sum())
}

/// All of a file, inflated where it is gzip (by its first two bytes, whatever its name).
pub(super) fn read(path: &Path) -> Result<Vec<u8>, TapeError> {
    let mut text = match sample::named(path) {
        Some(sample) => sample.to_vec(),
        None => stored(path)?,
    };
    if text.starts_with(&[0x1F, 0x8B]) {
        let mut inflated = Vec::with_capacity(text.len() * 8);
        let mut decoder = MultiGzDecoder::new(&text[..]).take(limits::TAPE_BYTES_MAX as u64 + 1);
        if let Err(why) = decoder.read_to_end(&mut inflated) {
            let (path, bytes) = (path.into(), inflated.len());
            return Err(TapeError::Gzip { path, bytes, why: why.to_string() });
        }
        text = inflated;
    }
    if text.len() > limits::TAPE_BYTES_MAX {
        return Err(TapeError::TooLarge);
    }
    Ok(text)
}

fn stored(path: &Path) -> Result<Vec<u8>, TapeError> {
    bytes_of(path)?;
    let mut file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut bytes = Vec::new();
    file.by_ref()
        .take(limits::TAPE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(path, &e))?;
    Ok(bytes)
}

/// Lines with their numbers from 1, without line ends, blank ones left out.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split(|b| *b == b'\n')
        .enumerate()
        .map(|(n, line)| (n + 1, line.trim_ascii()))
        .filter(|(_, line)| !line.is_empty())
}

fn unreadable(path: &Path, why: &std::io::Error) -> TapeError {
    TapeError::Unreadable { path: path.into(), why: why.to_string() }
}
