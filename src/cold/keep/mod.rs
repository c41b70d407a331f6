//! What a session leaves behind for the next one: its orders before they are sent, and its fills.
//!
//! In: a state folder. Out: [`Begun`]: a number for the session, a write-ahead ring for the hot
//! thread, logs for the cold side, and all that earlier sessions left ([`Past`]).
//! Never: a ring that is begun before the last one's records are on the disk.

mod copier;
mod error;
mod filled;
mod line;
mod names;
mod placed;
#[cfg(test)]
mod tests;

pub use copier::{Copier, Copying};
pub use error::KeepError;
pub use filled::{Filled, Fills};
pub use line::{Lines, Policy, Reading, read, rotate};
pub use names::{Listed, Names};
pub use placed::Placed;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::home::Home;
use crate::base::Nanos;
use crate::event::{ClientId, OrderState};
use crate::journal::ahead::{self, Ahead, Torn};
use crate::sys::{memory, user};
use crate::venue::trade::VenueOrder;

/// How records are kept.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// When they are brought to the disk.
    pub policy: Policy,
    /// Slots of the ring, a power of two.
    pub slots: usize,
    /// The file system of memory that the ring lies on; where it is none, the ring is in the state
    /// folder, and that is said.
    pub memory: PathBuf,
}

/// A session that may begin.
#[derive(Debug)]
pub struct Begun {
    /// Its number, which no session had before.
    pub epoch: u32,
    /// For the hot thread.
    pub ahead: Ahead,
    /// For the cold side.
    pub copier: Copier,
    /// For the cold side.
    pub fills: Fills,
    /// What earlier sessions left.
    pub past: Past,
    /// What a user should know.
    pub notes: Vec<String>,
}

/// What earlier sessions left: of logs that were put aside, the latest ones.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// What they were about to send, in their order.
    pub orders: Vec<Placed>,
    /// Their fills, as they were booked.
    pub fills: Vec<Filled>,
    /// Their orders that are over, and how they ended.
    pub over: Vec<(ClientId, OrderState)>,
    /// The venues' ids of their orders, where they were heard of.
    pub venue_orders: Vec<(VenueOrder, ClientId)>,
    /// What their ids stood for, by their numbers.
    pub sessions: BTreeMap<u32, Names>,
    /// Records that were not whole in the ring of the last one, and its number.
    pub torn: Vec<(u32, Torn)>,
    /// Records that were in the ring and not in the log yet.
    pub recovered: u64,
    /// Lines of the logs that are not as they were written, and of which log.
    pub damaged: Vec<(PathBuf, Reading)>,
}

const ORDERS: &str = "orders.log";

const FILLS: &str = "fills.log";

const RING: &str = "orders.ahead";

impl Default for Keeping {
    fn default() -> Keeping {
        Keeping {
            policy: Policy::Interval(std::time::Duration::from_millis(50)),
            slots: crate::limits::AHEAD_SLOTS,
            memory: PathBuf::from("/dev/shm"),
        }
    }
}

/// Begins a session: saves what the last one left in its ring, takes a new number, makes a ring.
/// `now` is Unix time.
pub fn begin(
    home: &mut Home,
    names: &Names,
    keeping: &Keeping,
    now: Nanos,
) -> Result<Begun, KeepError> {
    let epoch = home.next_epoch(now)?;
    let (orders, fills) = (home.path(ORDERS), home.path(FILLS));
    let mut past = Past::default();
    rotate(&orders, epoch)?;
    rotate(&fills, epoch)?;
    past.read(&line::files(&orders)?, &line::files(&fills)?)?;
    let mut lines = Lines::open(&orders, keeping.policy)?;
    let mut notes = Vec::new();
    let [in_memory, in_folder] = [ring_path(home, &keeping.memory), home.path(RING)];
    for path in [&in_memory, &in_folder] {
        past.save(path, &mut lines, &mut notes)?;
    }
    lines.put(&placed::session(epoch, now, names));
    lines.write()?;
    lines.sync()?;
    let path = if ahead::is_in_memory(&keeping.memory) {
        in_memory
    } else {
        notes.push(format!(
            "{} is no file system of memory, so orders are written ahead into {}: their stores may \
             wait for its disk; mount a tmpfs there",
            keeping.memory.display(),
            in_folder.display()
        ));
        in_folder
    };
    let (ahead, behind) = ahead::create(&path, epoch, keeping.slots)?;
    if let Err(why) = ahead.lock() {
        notes.push(format!(
            "the write-ahead ring ({} KiB) is not locked into memory ({why}; the limit is {}); \
             raise it with `ulimit -l unlimited`, `LimitMEMLOCK=infinity` (systemd) or the \
             capability IPC_LOCK",
            ahead.bytes() / 1_024,
            memory::lock_limit()
        ));
    }
    let copier = Copier::new(behind, lines, names.clone(), epoch);
    let fills = Fills::new(Lines::open(&fills, keeping.policy)?, names.clone(), epoch);
    Ok(Begun { epoch, ahead, copier, fills, past, notes })
}

/// What earlier sessions left in the logs of a folder, without beginning one: for who only looks.
pub fn look(dir: &Path) -> Result<Past, KeepError> {
    let mut past = Past::default();
    past.read(&line::files(&dir.join(ORDERS))?, &line::files(&dir.join(FILLS))?)?;
    Ok(past)
}

/// Where a folder's ring lies in memory: its name is made of the folder's.
fn ring_path(home: &Home, memory: &Path) -> PathBuf {
    let hash = crate::venue::trade::sha256(&[home.dir().as_os_str().as_encoded_bytes()]);
    let hash = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    memory.join(format!("neural-kraken-{}-{hash:016x}.ahead", user::own_id()))
}

impl Past {
    fn read(&mut self, orders: &[PathBuf], fills: &[PathBuf]) -> Result<(), KeepError> {
        for path in orders {
            let reading = line::read(path, &mut |value| {
                if let Some(placed) = Placed::read(&value) {
                    self.orders.push(placed);
                } else if let Some((epoch, names)) = placed::read_session(&value) {
                    self.sessions.insert(epoch, names);
                }
            })?;
            self.note(path, reading);
        }
        for path in fills {
            let reading = line::read(path, &mut |value| {
                self.fills.extend(Filled::read(&value));
                self.over.extend(filled::read_over(&value));
                self.venue_orders.extend(filled::read_name(&value));
            })?;
            self.note(path, reading);
        }
        Ok(())
    }

    fn note(&mut self, path: &Path, reading: Reading) {
        if reading.damaged > 0 {
            self.damaged.push((path.into(), reading));
        }
    }

    /// Brings what a ring holds to the disk and removes the ring.
    fn save(
        &mut self,
        path: &Path,
        lines: &mut Lines,
        notes: &mut Vec<String>,
    ) -> Result<(), KeepError> {
        let Some(found) = ahead::recover(path)? else { return Ok(()) };
        let of_session = self.orders.iter().filter(|placed| placed.epoch == found.epoch);
        let known: BTreeSet<u64> = of_session.map(|placed| placed.sequence).collect();
        let nameless = Names::default();
        let names = self.sessions.get(&found.epoch).unwrap_or(&nameless);
        for (sequence, record) in &found.records {
            if known.contains(sequence) {
                continue;
            }
            let value = placed::line(found.epoch, *sequence, record, names);
            self.orders.extend(Placed::read(&value));
            self.recovered += 1;
            lines.put(&value);
        }
        for torn in &found.torn {
            self.torn.push((found.epoch, *torn));
            let is_elsewhere = torn.sequence <= found.freed;
            if torn.was_complete && !is_elsewhere {
                notes.push(format!(
                    "record {} of session {} was written over in memory: its order may have been \
                     sent, and is known by its name at the venue only",
                    torn.sequence, found.epoch
                ));
                lines.put(&placed::damaged(found.epoch, torn.sequence));
            }
        }
        lines.write()?;
        lines.sync()?;
        self.orders.sort_by_key(|placed| (placed.epoch, placed.sequence));
        match fs::remove_file(path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(KeepError::io("remove", path, why))
            }
            _ => Ok(()),
        }
    }
}
