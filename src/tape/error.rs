//! Why a recording was not loaded: what was found, what was expected, what to do.

use std::path::PathBuf;

use crate::journal::{Damage, JournalError};
use crate::limits;

/// Why a recording was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TapeError {
    /// The file cannot be read.
    #[error("cannot read {}: {why}; check the path and its permissions", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// It is a directory.
    #[error("{} is a directory; name the recording files in it", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
    },
    /// It is a device or a socket: it may never end.
    #[error("{} is a device or a socket; name a file or a pipe", path.display())]
    Device {
        /// Which.
        path: PathBuf,
    },
    /// The same file is named twice: its every update would seem to come again.
    #[error("{} is named twice; name each recording once", path.display())]
    Twice {
        /// Which.
        path: PathBuf,
    },
    /// The gzip stream is damaged or cut off.
    #[error(
        "{} is a gzip file that is damaged or cut off after {bytes} inflated bytes ({why}); \
         fetch it again",
        path.display()
    )]
    Gzip {
        /// Which.
        path: PathBuf,
        /// Bytes that could be inflated.
        bytes: usize,
        /// Why not more.
        why: String,
    },
    /// A line is not as the format says.
    #[error(
        "{} line {line}: expected {expected}, found `{found}`; is --format right?",
        path.display()
    )]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
        /// How it begins.
        found: String,
    },
    /// A frame's time cannot be one.
    #[error(
        "{}: a frame has the time {found}, expected ns since 1970, from 2001 to 2099; are its \
         times in ns, and is --format right?",
        path.display()
    )]
    Time {
        /// Which file.
        path: PathBuf,
        /// What stands there.
        found: i64,
    },
    /// A file of a pair is missing.
    #[error(
        "{} needs its {missing} file, with the same name but for that word; name both",
        path.display()
    )]
    Alone {
        /// Which file.
        path: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// The two files of a pair have different numbers of rows.
    #[error(
        "{} has {rows} rows, its orderbook file {book_rows}; they belong to different days or \
         one is cut off",
        path.display()
    )]
    Rows {
        /// The message file.
        path: PathBuf,
        /// Its rows.
        rows: usize,
        /// Rows of the order book file.
        book_rows: usize,
    },
    /// A name from which symbol and date should be read.
    #[error(
        "{}: expected a name such as GOOG_2012-06-21_34200000_57600000_message_10.csv",
        path.display()
    )]
    Name {
        /// Which file.
        path: PathBuf,
    },
    /// A format that must be told the venue.
    #[error("{} does not say which venue it is of; name it with --venue", path.display())]
    NoVenue {
        /// Which file.
        path: PathBuf,
    },
    /// A journal that cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A journal that is damaged before its first frame.
    #[error("{}: {damage}; nothing comes before it that could be replayed", path.display())]
    Damaged {
        /// Which journal.
        path: PathBuf,
        /// Where and how.
        damage: Damage,
    },
    /// A journal of a venue that is not known here.
    #[error(
        "{} is of venue `{venue}`, which this version does not know; use a newer one",
        path.display()
    )]
    UnknownVenue {
        /// Which journal.
        path: PathBuf,
        /// The venue.
        venue: String,
    },
    /// A journal that contradicts itself.
    #[error(
        "{}: frame {frame} is of a connection that was never opened; the journal's beginning is \
         missing",
        path.display()
    )]
    NeverOpened {
        /// Which journal.
        path: PathBuf,
        /// Which frame.
        frame: u64,
    },
    /// No frame in it.
    #[error("{} holds no frame; is --format right?", path.display())]
    NoFrames {
        /// Which.
        path: PathBuf,
    },
    /// No market event of this venue in it, but of another one.
    #[error(
        "{} is not of venue `{venue}`, it looks like {looks_like}; name the venue with --venue, \
         or as V:F:FILE",
        path.display()
    )]
    WrongVenue {
        /// The first file of the venue.
        path: PathBuf,
        /// The venue that was named.
        venue: &'static str,
        /// The venues that it looks like.
        looks_like: String,
    },
    /// No market event of any venue in it.
    #[error(
        "{} holds no market event of venue `{venue}`, nor of any other; name a recording of \
         market data, or another --format",
        path.display()
    )]
    NoEvents {
        /// The first file of the venue.
        path: PathBuf,
        /// The venue that was named.
        venue: &'static str,
    },
    /// A symbol was asked for that is not there.
    #[error("symbol `{symbol}` is not in the recording; name one of {found}")]
    NoSymbol {
        /// What was asked for.
        symbol: String,
        /// What is there.
        found: String,
    },
    /// More instruments than there are places.
    #[error(
        "instrument table is full ({max} instruments); name fewer with --symbols",
        max = limits::INSTRUMENTS_MAX
    )]
    TooManyInstruments,
    /// Too many files.
    #[error(
        "{files} files are over the limit of {max}; replay fewer at once",
        max = limits::CONNECTIONS_MAX
    )]
    TooManyFiles {
        /// How many.
        files: usize,
    },
    /// Too much for memory.
    #[error(
        "recordings are over {max} bytes inflated; replay fewer at once",
        max = limits::TAPE_BYTES_MAX
    )]
    TooLarge,
}
