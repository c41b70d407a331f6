//! What a recording format offers: a reader that hands over frames one by one.

use std::path::{Path, PathBuf};

use super::deck::Tape;
use super::error::TapeError;
use super::file;
use crate::venue::Dialect;

/// How frames are stored in files.
#[derive(Debug)]
pub struct Format {
    /// Name on the command line.
    pub name: &'static str,
    /// What it is, for the help text.
    pub about: &'static str,
    /// Reads a file (and what belongs to it of the other files) into a tape.
    pub read: fn(&Spec, &[&PathBuf], &mut Tape) -> Result<(), TapeError>,
    /// Is the file read together with another one of the files?
    pub is_companion: fn(&Path, &[&PathBuf]) -> bool,
    /// Does a recording say itself which venues it is of?
    pub names_venues: bool,
    /// Is a recording a directory?
    pub takes_directory: bool,
}

/// One recording to load.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How its frames are read; `None` where the recording itself says so.
    pub dialect: Option<&'static Dialect>,
    /// How frames are stored in it.
    pub format: &'static Format,
    /// Where it is.
    pub path: PathBuf,
}

impl Spec {
    /// Bytes on disk.
    pub(super) fn bytes(&self) -> Result<u64, TapeError> {
        if self.format.takes_directory {
            file::bytes_in(&self.path)
        } else {
            file::bytes_of(&self.path)
        }
    }

    /// The dialect that its format needs to be told.
    pub(super) fn dialect(&self) -> Result<&'static Dialect, TapeError> {
        self.dialect.ok_or_else(|| TapeError::NoVenue { path: self.path.clone() })
    }
}

/// For formats whose files stand alone.
pub(super) fn stands_alone(_: &Path, _: &[&PathBuf]) -> bool {
    false
}

/// The beginning of a line, for an error message.
pub(super) fn excerpt(line: &[u8]) -> String {
    let start: String = String::from_utf8_lossy(&line[..line.len().min(48)]).into_owned();
    if line.len() > 48 { format!("{start}..") } else { start }
}
