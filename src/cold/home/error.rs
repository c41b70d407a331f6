//! Why a state folder cannot be used, each with the fix.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::Nanos;

/// Why there is no home, or no number for a session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// A file or the folder itself cannot be read, made or written.
    #[error("cannot {what} {}: {why}; check the path, its permissions and the room on its disk",
        path.display())]
    Io {
        /// Read, write ..
        what: &'static str,
        /// What.
        path: PathBuf,
        /// Why not.
        why: io::Error,
    },
    /// Another session has it.
    #[error("{} is in use by another session{}; stop that one, or name another state folder: two \
        sessions of one account would cancel each other's orders", dir.display(), by(*process))]
    Taken {
        /// Which folder.
        dir: PathBuf,
        /// The process that has it, where it said so.
        process: Option<u32>,
    },
    /// It is no folder.
    #[error("{} is no folder; name a folder, or a path where one can be made", dir.display())]
    NotAFolder {
        /// What was named.
        dir: PathBuf,
    },
    /// It is someone else's.
    #[error("{} belongs to user {owner} and this process runs as user {user}; run it as that \
        user, or name another state folder", dir.display())]
    Foreign {
        /// Which folder.
        dir: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Others may write to it.
    #[error("others may write to {} (its mode is {mode:o}), and so could forge our orders; run \
        `chmod 700` on it", dir.display())]
    Open {
        /// Which folder.
        dir: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Both copies of the session's number are lost.
    #[error("the number of the last session is lost: neither epoch.a nor epoch.b in {} is whole, \
        and a number that was used before would give new orders the names of old ones; restore \
        one of the two from a copy, or, where the host's clock is right, make an empty file \
        epoch.lost there: the next number is then taken from the clock", dir.display())]
    Lost {
        /// Which folder.
        dir: PathBuf,
    },
    /// The clock is no help.
    #[error(
        "the first number of a state folder is taken from the clock, which says {now}; set \
        the clock (`timedatectl set-ntp true`)"
    )]
    Clock {
        /// What it says.
        now: Nanos,
    },
    /// All numbers are used.
    #[error("the number of the last session in {} is the highest there is; orders of this account \
        need another prefix of names", dir.display())]
    Exhausted {
        /// Which folder.
        dir: PathBuf,
    },
}

impl HomeError {
    pub(super) fn io(what: &'static str, path: &Path, why: io::Error) -> HomeError {
        HomeError::Io { what, path: path.into(), why }
    }
}

fn by(process: Option<u32>) -> String {
    process.map_or_else(String::new, |process| format!(" (process {process})"))
}
