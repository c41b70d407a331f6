//! The state folder of a set of accounts: what must outlive a session lies in it, and one session
//! at a time has it.
//!
//! In: a path. Out: a locked folder that only its owner may enter, and a number for the session.
//! Never: a number that was given out before, a folder that someone else can write to.
//!
//! What lies there: `lock`, the two copies of the number, and what other parts of the cold side
//! keep: the orders and fills that were logged, the risk state, the operator's socket.

mod epoch;
mod error;
mod replace;
#[cfg(test)]
mod tests;

pub use error::HomeError;
pub use replace::{replace, sync_folder_of};

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::Nanos;
use crate::sys::user;

/// A state folder that is this process's until it is dropped, or until the process dies.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    /// Was nothing in it but a lock?
    is_new: bool,
    /// Held for its lock, which goes with the process, however that ends.
    _lock: File,
}

const LOCK: &str = "lock";

/// No process writes more into its lock.
const LOCK_BYTES_MAX: u64 = 32;

impl Home {
    /// Takes a folder, made with all folders above it where it is missing, for this process alone.
    pub fn open(dir: &Path) -> Result<Home, HomeError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        if let Err(why) = builder.create(dir) {
            return Err(match fs::metadata(dir) {
                Ok(found) if !found.is_dir() => HomeError::NotAFolder { dir: dir.into() },
                _ => HomeError::io("make", dir, why),
            });
        }
        let read = |why| HomeError::io("read", dir, why);
        let dir = dir.canonicalize().map_err(read)?;
        let found = fs::metadata(&dir).map_err(read)?;
        let (owner, user) = (found.uid(), user::own_id());
        if owner != user {
            return Err(HomeError::Foreign { dir, owner, user });
        }
        let mode = found.mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(HomeError::Open { dir, mode });
        }
        let lock = lock(&dir)?;
        let is_new = is_empty(&dir).map_err(read)?;
        Ok(Home { dir, is_new, _lock: lock })
    }

    /// The folder, as an absolute path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a file of this name lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A number for a session, higher than any before and on the disk when it is returned; `now` is
    /// Unix time, of use for the first number only.
    pub fn next_epoch(&mut self, now: Nanos) -> Result<u32, HomeError> {
        let next = epoch::next(&self.dir, self.is_new, now)?;
        self.is_new = false;
        Ok(next)
    }
}

/// Takes the lock of a folder and says in it who has it.
fn lock(dir: &Path) -> Result<File, HomeError> {
    let path = dir.join(LOCK);
    let failed = |what| move |why| HomeError::io(what, &dir.join(LOCK), why);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.custom_flags(libc::O_NOFOLLOW).open(&path).map_err(failed("open"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let read = (&mut file).take(LOCK_BYTES_MAX).read_to_string(&mut text);
            let process = read.ok().and_then(|_| text.trim().parse().ok());
            return Err(HomeError::Taken { dir: dir.into(), process });
        }
        Err(TryLockError::Error(why)) => return Err(failed("lock")(why)),
    }
    // For the eye only: what counts is the lock.
    file.set_len(0).map_err(failed("write"))?;
    let text = format!("{}\n", std::process::id());
    file.write_all(text.as_bytes()).map_err(failed("write"))?;
    Ok(file)
}

/// Is nothing in a folder but its lock, and what a crash left of a file that was never in place?
fn is_empty(dir: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name != LOCK && !name.as_encoded_bytes().ends_with(b".part") {
            return Ok(false);
        }
    }
    Ok(true)
}
