//! Journal: everything that came in and went out, in order, so that a session can be replayed.
//!
//! In: [`Record`]s, from the cold side. Out: segment files `NNNNNN.nkj` in one directory, and the
//! same records again, up to where the files are sound.
//! Never: a token, a signature or a key on disk ([`redact()`] runs before anything is stored or
//! hashed); a journal written over; a panic or a large allocation because of what a file says.
//!
//! A segment is a head and blocks; a block is a head and records, compressed as a whole. Heads
//! carry checksums, and a block is written in one piece, so that a cut at any byte loses at most
//! the last block. Each segment begins with what a reader must know of the earlier ones
//! (instruments and open connections), so that it can be read when they are gone.

mod frame;
mod payload;
mod reader;
mod redact;
#[cfg(test)]
mod tests;
mod told;
mod writer;

pub use frame::{Damage, DamageReason, Direction, JournalError, Kind, Record, VERSION};
pub use payload::{Fills, Listed, Opened, Session};
pub use reader::{Item, Reader};
pub use redact::redact;
pub use told::{Swapped, Told};
pub use writer::{Options, Writer};
