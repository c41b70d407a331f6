//! Why the records of a session cannot be kept or read, each with the fix.

use std::io;
use std::path::{Path, PathBuf};

use crate::cold::home::HomeError;
use crate::journal::ahead::AheadError;

/// Why there are no records, or no place for them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// The state folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The write-ahead ring.
    #[error(transparent)]
    Ahead(#[from] AheadError),
    /// A log cannot be read or written.
    #[error("cannot {what} {}: {why}; check its permissions and the room on its disk",
        path.display())]
    Io {
        /// Read, write ..
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: io::Error,
    },
    /// A log has no end of a line where there must be one.
    #[error("the last {bytes} bytes of {} hold no end of a line, so it is not what this program \
        wrote; restore it from a copy or move it away", path.display())]
    NoLine {
        /// Which file.
        path: PathBuf,
        /// How many bytes were looked at.
        bytes: usize,
    },
}

impl KeepError {
    pub(super) fn io(what: &'static str, path: &Path, why: io::Error) -> KeepError {
        KeepError::Io { what, path: path.into(), why }
    }
}
