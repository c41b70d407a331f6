//! Why a write-ahead ring cannot be made or read, each with the fix.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no ring.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AheadError {
    /// The file cannot be made, mapped or read.
    #[error("cannot {what} {}: {why}; check the path, its permissions and the room of its file \
        system (/dev/shm of a container: `--shm-size`)", path.display())]
    Io {
        /// Make, map ..
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: io::Error,
    },
    /// There is one already.
    #[error("{} holds orders of an earlier session; recover them and remove it first",
        path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// It is not ours alone.
    #[error("{} is not a file of user {user} alone (it is user {owner}'s, mode {mode:o}), so its \
        orders may be forged; look who made it, and remove it", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Who we are.
        user: u32,
        /// Whose it is.
        owner: u32,
        /// Its permissions.
        mode: u32,
    },
    /// It is not as it was written.
    #[error("{} is damaged ({why}), so orders of the last session may be missing; look for its \
        orders at the venues by their names, and move the file away", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// It is of a later version.
    #[error("{} has version {found} and this program reads {expected}; recover it with the program \
        that wrote it", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// Ours.
        expected: u64,
    },
    /// So many slots are not possible.
    #[error("a write-ahead ring has a power of two of slots, from 2 to {max}, not {found}",
        max = crate::limits::AHEAD_SLOTS_MAX)]
    Slots {
        /// How many were wanted.
        found: usize,
    },
}

impl AheadError {
    pub(super) fn io(what: &'static str, path: &Path, why: io::Error) -> AheadError {
        AheadError::Io { what, path: path.into(), why }
    }
}
