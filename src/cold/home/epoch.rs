//! The number of a session, a part of all names of its orders: never one that was used before.
//!
//! It lies in two copies, each a line with a checksum. A number is given out when both are on the
//! disk, so whichever copy is whole holds at least the highest number that ever was given out, and
//! one more is new. The first number of a folder comes from the clock, seconds since 2020: so also
//! a folder that was lost does not lead back to numbers of before, as long as sessions on average
//! began less often than once a second.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::HomeError;
use super::replace::{replace, sync_folder_of};
use crate::base::Nanos;

/// The two copies.
const COPIES: [&str; 2] = ["epoch.a", "epoch.b"];

/// A file of this name allows to begin anew where both copies are lost.
const LOST: &str = "epoch.lost";

const MAGIC: &str = "neural-kraken epoch 1 ";

/// No copy is longer.
const BYTES_MAX: u64 = 128;

/// The beginning of 2020, seconds of Unix time.
const BEGIN_S: i64 = 1_577_836_800;

/// The beginning of 2025: a clock before it was never set.
const CLOCK_S_MIN: i64 = 1_735_689_600;

/// What one copy says.
#[derive(Debug, PartialEq, Eq)]
enum Copy {
    Missing,
    Damaged,
    Whole(u32),
}

/// The next number of a folder, on the disk in both copies. `is_new` says that the folder holds
/// nothing else.
pub(super) fn next(dir: &Path, is_new: bool, now: Nanos) -> Result<u32, HomeError> {
    let [a, b] = COPIES.map(|name| dir.join(name));
    let known = match (read(&a)?, read(&b)?) {
        (Copy::Whole(a), Copy::Whole(b)) => Some(a.max(b)),
        (Copy::Whole(one), _) | (_, Copy::Whole(one)) => Some(one),
        (Copy::Missing, Copy::Missing) if is_new => None,
        _ if dir.join(LOST).exists() => None,
        _ => return Err(HomeError::Lost { dir: dir.into() }),
    };
    let next = match known {
        Some(known) => known.checked_add(1).ok_or(HomeError::Exhausted { dir: dir.into() })?,
        None => of_clock(now)?,
    };
    let body = format!("{MAGIC}{next}");
    let text = format!("{body} {:08x}\n", crc32fast::hash(body.as_bytes()));
    for path in [&a, &b] {
        replace(path, text.as_bytes()).map_err(|why| HomeError::io("write", path, why))?;
    }
    let lost = dir.join(LOST);
    match std::fs::remove_file(&lost) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => {
            return Err(HomeError::io("remove", &lost, why));
        }
        Ok(()) => sync_folder_of(&lost).map_err(|why| HomeError::io("sync", dir, why))?,
        Err(_) => {}
    }
    Ok(next)
}

fn of_clock(now: Nanos) -> Result<u32, HomeError> {
    let seconds = now.0.div_euclid(Nanos::SECOND);
    let number = u32::try_from(seconds - BEGIN_S).ok();
    // Half of the numbers are left to count on from a clock that is far ahead.
    let number = number.filter(|number| seconds >= CLOCK_S_MIN && *number < u32::MAX / 2);
    number.ok_or(HomeError::Clock { now })
}

fn read(path: &PathBuf) -> Result<Copy, HomeError> {
    let failed = |why| HomeError::io("read", path, why);
    let file = match File::open(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Copy::Missing),
        file => file.map_err(failed)?,
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(parse(&bytes).map_or(Copy::Damaged, Copy::Whole))
}

/// The number of a copy; `None` where a byte is not as it was written.
fn parse(bytes: &[u8]) -> Option<u32> {
    let line = str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (body, checksum) = line.rsplit_once(' ')?;
    let number = body.strip_prefix(MAGIC)?;
    let epoch: u32 = number.parse().ok()?;
    let is_whole = checksum == format!("{:08x}", crc32fast::hash(body.as_bytes()));
    (is_whole && epoch > 0 && number == epoch.to_string()).then_some(epoch)
}
