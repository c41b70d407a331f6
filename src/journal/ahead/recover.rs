//! What a ring holds after its session: every whole record, and the names of those that are not.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::AheadError;
use super::form::{self, CHECKSUM_AT, FREE_AT, HEAD_AT, IDENTITY, SLOT_WORDS, SLOTS_AT};
use super::slot::{Record, Words, checksum};
use crate::limits;
use crate::sys::user;

/// What was in a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Number of its session.
    pub epoch: u32,
    /// Every whole record with its sequence, in its order. Of those that were brought elsewhere
    /// already, some are among them.
    pub records: Vec<(u64, Record)>,
    /// Records that are not whole, in their order.
    pub torn: Vec<Torn>,
    /// The last sequence that was brought elsewhere, by the ring's own word.
    pub freed: u64,
}

/// A record that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Its sequence; 0 where there never was a record.
    pub sequence: u64,
    /// Was it complete once, so that its order may have been sent? Else it was being written when
    /// the session ended, and nothing was sent.
    pub was_complete: bool,
}

/// Reads the ring of a session that is over; `None` where there is none.
pub fn recover(path: &Path) -> Result<Option<Recovered>, AheadError> {
    let Some(bytes) = load(path)? else { return Ok(None) };
    let damaged = |why| AheadError::Damaged { path: path.into(), why };
    let (whole, []) = bytes.as_chunks::<8>() else {
        return Err(damaged("it ends within a word"));
    };
    let words: Vec<u64> = whole.iter().map(|word| u64::from_ne_bytes(*word)).collect();
    let [magic, version, slots, epoch, sum] =
        *words.first_chunk::<IDENTITY>().ok_or(damaged("it is too short"))?;
    if magic != form::MAGIC {
        return Err(damaged("it is no ring of orders of this kind of machine"));
    }
    if version != form::VERSION {
        let expected = form::VERSION;
        return Err(AheadError::Version { path: path.into(), found: version, expected });
    }
    let epoch = u32::try_from(epoch).map_err(|_| damaged("no session has its number"))?;
    let slots = usize::try_from(slots).unwrap_or(0);
    if sum != form::identity(slots, epoch)[IDENTITY - 1]
        || !slots.is_power_of_two()
        || slots > limits::AHEAD_SLOTS_MAX
    {
        return Err(damaged("its head is another one"));
    }
    if words.len() != form::words(slots) {
        return Err(damaged("it has another length than its slots"));
    }
    Ok(Some(read(&words, slots, epoch)))
}

/// The bytes of a file that is ours alone.
fn load(path: &Path) -> Result<Option<Vec<u8>>, AheadError> {
    let failed = |why| AheadError::io("read", path, why);
    let mut options = OpenOptions::new();
    // Neither a link of someone else's nor a pipe that never says anything.
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = match options.open(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let found = file.metadata().map_err(failed)?;
    let (user, owner, mode) = (user::own_id(), found.uid(), found.mode() & 0o777);
    if owner != user || mode & 0o077 != 0 || !found.is_file() {
        return Err(AheadError::Foreign { path: path.into(), user, owner, mode });
    }
    let most = 8 * form::words(limits::AHEAD_SLOTS_MAX) as u64;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

fn read(words: &[u64], slots: usize, epoch: u32) -> Recovered {
    let mut records = Vec::new();
    let mut other = Vec::new();
    for (n, slot) in words[SLOTS_AT..].chunks_exact(SLOT_WORDS).enumerate() {
        let mut found: Words = [0; _];
        found.copy_from_slice(&slot[..CHECKSUM_AT]);
        let (sequence, sum) = (found[0], slot[CHECKSUM_AT]);
        let is_in_place = sequence > 0 && form::slot(sequence, slots) == SLOTS_AT + n * SLOT_WORDS;
        let is_whole = is_in_place && sum == checksum(u64::from(epoch), &found);
        match Record::read(&found).filter(|_| is_whole) {
            Some(record) => records.push((sequence, record)),
            None if slot[..=CHECKSUM_AT].iter().any(|word| *word != 0) => other.push(n as u64),
            None => {}
        }
    }
    records.sort_unstable_by_key(|(sequence, _)| *sequence);
    let last = records.last().map_or(0, |(sequence, _)| *sequence);
    // The count is written after its record: it is one behind at most. Where it says anything else,
    // a record that it counts is not whole, or it is not whole itself.
    let told = words[HEAD_AT];
    let head = if (last..last.saturating_add(slots as u64)).contains(&told) { told } else { last };
    let slots = slots as u64;
    let freed = words[FREE_AT].min(head);
    // No record is begun while the ring is full.
    let latest = if head - freed < slots { head + 1 } else { head };
    let torn = other.into_iter().map(|n| {
        // The latest sequence of this slot that was begun; 0 where it never was: then something
        // else has written there.
        let back = latest.wrapping_sub(1).wrapping_sub(n) % slots;
        let sequence = latest.saturating_sub(back);
        Torn { sequence, was_complete: sequence > 0 && sequence <= head }
    });
    let mut torn: Vec<Torn> = torn.collect();
    torn.sort_unstable_by_key(|torn| torn.sequence);
    Recovered { epoch, records, torn, freed }
}
