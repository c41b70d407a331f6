//! What a recording format offers: a reader that hands over frames one by one.

use std::path::{Path, PathBuf};

use super::{Entry, NO_SUBJECT, Spec, Tape};
use crate::base::{ConnectionId, InstrumentId, Nanos, Symbol};
use crate::journal::JournalError;
use crate::limits;

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

/// Takes the frames of one connection.
#[derive(Debug)]
pub struct Sink<'a> {
    pub(super) tape: &'a mut Tape,
    pub(super) connection: ConnectionId,
}

impl Sink<'_> {
    /// Adds a frame. `recv_ns` is [`Nanos::NONE`] where the recording holds no time; then the venue's
    /// own is taken. `subject` is the symbol that a reply is about.
    pub fn frame(
        &mut self,
        recv_ns: Nanos,
        subject: Option<Symbol>,
        bytes: &[u8],
    ) -> Result<(), TapeError> {
        if self.tape.bytes.len() + bytes.len() > limits::TAPE_BYTES_MAX {
            return Err(TapeError::TooLarge);
        }
        let subject = match subject {
            None => NO_SUBJECT,
            Some(symbol) => {
                let known = self.tape.subjects.iter().position(|s| *s == symbol);
                known.unwrap_or_else(|| {
                    self.tape.subjects.push(symbol);
                    self.tape.subjects.len() - 1
                }) as u32
            }
        };
        self.tape.entries.push(Entry {
            offset: self.tape.bytes.len(),
            len: bytes.len() as u32,
            connection: self.connection,
            recv_ns,
            subject,
            about: InstrumentId::NONE,
        });
        self.tape.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

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
    /// The gzip stream is damaged or cut off.
    #[error(
        "{} is a gzip file that is damaged or cut off after {bytes} inflated bytes ({why}); fetch it again",
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
    #[error("{} line {line}: expected {expected}, found `{found}`; is --format right?", path.display())]
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
    /// A file of a pair is missing.
    #[error("{} needs its {missing} file, with the same name but for that word; name both", path.display())]
    Alone {
        /// Which file.
        path: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// The two files of a pair have different numbers of rows.
    #[error("{} has {rows} rows, its orderbook file {book_rows}; they belong to different days or one is cut off", path.display())]
    Rows {
        /// The message file.
        path: PathBuf,
        /// Its rows.
        rows: usize,
        /// Rows of the order book file.
        book_rows: usize,
    },
    /// A name from which symbol and date should be read.
    #[error("{}: expected a name such as GOOG_2012-06-21_34200000_57600000_message_10.csv", path.display())]
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
    /// A journal of a venue that is not known here.
    #[error("{} is of venue `{venue}`, which this version does not know; use a newer one", path.display())]
    UnknownVenue {
        /// Which journal.
        path: PathBuf,
        /// The venue.
        venue: String,
    },
    /// A journal that contradicts itself.
    #[error("{}: frame {frame} is of a connection that was never opened; the journal's beginning is missing", path.display())]
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
    /// No market event of this venue in it.
    #[error("{} holds no market event of venue `{venue}`{}; name the venue with --venue", path.display(),
        looks_like.map(|v| format!(", it looks like `{v}`")).unwrap_or_default())]
    WrongVenue {
        /// The first file of the venue.
        path: PathBuf,
        /// The venue that was named.
        venue: &'static str,
        /// The venue that it looks like.
        looks_like: Option<&'static str>,
    },
    /// A symbol was asked for that is not there.
    #[error("symbol `{symbol}` is not in the recording; it holds {found}")]
    NoSymbol {
        /// What was asked for.
        symbol: String,
        /// What is there.
        found: String,
    },
    /// A symbol with no digits to learn from.
    #[error("instrument table is full ({max} instruments); name fewer with --symbols", max = limits::INSTRUMENTS_MAX)]
    TooManyInstruments,
    /// Too many files.
    #[error("{files} files are over the limit of {max}; replay fewer at once", max = limits::CONNECTIONS_MAX)]
    TooManyFiles {
        /// How many.
        files: usize,
    },
    /// Too much for memory.
    #[error("recordings are over {max} bytes inflated; replay fewer at once", max = limits::TAPE_BYTES_MAX)]
    TooLarge,
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
