//! Tapes: recorded frames in memory, merged in time order, for whoever drives the machine with them.
//!
//! In: recordings in any of [`FORMATS`], plain or gzip. Out: frames with their time, connection and
//! subject; the instruments that the frames speak of.
//! Never: a frame changed or left out. What cannot be decoded is the feed's to refuse.

mod contract;
mod file;
mod stamped;
mod frames;
mod cryptofeed;
mod lobster;
mod journal;
mod sample;
mod survey;

pub use contract::{Format, Sink, TapeError};
pub use sample::SAMPLES;
pub use survey::{Given, Survey, survey};

use std::path::{Path, PathBuf};

use crate::base::{ConnectionId, InstrumentId, Nanos, Precision, Symbol};
use crate::limits;
use crate::venue::Dialect;
use crate::venue::wire::Padded;

/// Every recording format that is understood.
pub static FORMATS: &[&Format] =
    &[&stamped::FORMAT, &frames::FORMAT, &cryptofeed::FORMAT, &lobster::FORMAT, &journal::FORMAT];

/// The format with this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|f| f.name == name)
}

/// One recording to load.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How its frames are read; `None` where the recording itself says so.
    pub dialect: Option<&'static Dialect>,
    /// How frames are stored in it.
    pub format: &'static Format,
    /// Where it is.
    pub path: PathBuf,
}

impl Spec {
    /// Bytes on disk.
    fn bytes(&self) -> Result<u64, TapeError> {
        if self.format.takes_directory {
            file::bytes_in(&self.path)
        } else {
            file::bytes_of(&self.path)
        }
    }

    /// The dialect that its format needs to be told.
    fn dialect(&self) -> Result<&'static Dialect, TapeError> {
        self.dialect.ok_or_else(|| TapeError::NoVenue { path: self.path.clone() })
    }
}

/// Recorded frames, in the order in which they are to be played.
#[derive(Debug, Default)]
pub struct Tape {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    sources: Vec<Source>,
    subjects: Vec<Symbol>,
    listed: Vec<Listing>,
    warnings: Vec<String>,
}

/// An instrument that a recording itself lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    pub(crate) dialect: &'static Dialect,
    pub(crate) symbol: Symbol,
    pub(crate) price_decimals: u8,
    pub(crate) qty_decimals: u8,
    pub(crate) precision: Precision,
}

/// Where the frames of one connection come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// How its frames are read.
    pub dialect: &'static Dialect,
    /// The file.
    pub path: PathBuf,
}

/// A frame on the tape.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its connection.
    pub connection: ConnectionId,
    /// When it was received.
    pub recv_ns: Nanos,
    /// What it is about, where it does not say so itself.
    pub about: InstrumentId,
    /// Its bytes; the tape goes on behind them.
    pub bytes: Padded<'a>,
}

/// Where a frame lies.
#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: usize,
    len: u32,
    connection: ConnectionId,
    recv_ns: Nanos,
    /// Index into `subjects` until the survey is done; then the instrument's id.
    subject: u32,
    about: InstrumentId,
}

/// An entry that names no subject.
const NO_SUBJECT: u32 = u32::MAX;

impl Tape {
    /// Loads recordings; `progress` is told how many bytes of how many have been read.
    pub fn load(specs: &[Spec], progress: &mut dyn FnMut(u64, u64)) -> Result<Tape, TapeError> {
        if specs.len() > limits::CONNECTIONS_MAX {
            return Err(TapeError::TooManyFiles { files: specs.len() });
        }
        let total = specs.iter().map(Spec::bytes).sum::<Result<u64, _>>()?;
        let mut tape = Tape::default();
        let mut done = 0;
        for spec in specs {
            let companions: Vec<&PathBuf> = specs.iter().map(|s| &s.path).collect();
            if (spec.format.is_companion)(&spec.path, &companions) {
                continue;
            }
            let before = tape.entries.len();
            (spec.format.read)(spec, &companions, &mut tape)?;
            if tape.entries.len() == before {
                return Err(TapeError::NoFrames { path: spec.path.clone() });
            }
            done += spec.bytes()?;
            progress(done, total);
        }
        progress(total, total);
        tape.bytes.resize(tape.bytes.len() + limits::FRAME_PAD_BYTES, 0);
        Ok(tape)
    }

    /// Opens a connection for the frames that follow.
    fn connect(&mut self, dialect: &'static Dialect, path: &Path) -> Result<Sink<'_>, TapeError> {
        if self.sources.len() >= limits::CONNECTIONS_MAX {
            return Err(TapeError::TooManyFiles { files: self.sources.len() + 1 });
        }
        let connection = ConnectionId(self.sources.len() as u16);
        self.sources.push(Source { dialect, path: path.into() });
        Ok(Sink { tape: self, connection })
    }

    /// What was found wrong but did not keep the recording from being loaded.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Is there no frame?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|e| u64::from(e.len)).sum()
    }

    /// From the first to the last frame, ns.
    pub fn span_ns(&self) -> i64 {
        match (self.entries.first(), self.entries.last()) {
            (Some(first), Some(last)) => last.recv_ns.0 - first.recv_ns.0,
            _ => 0,
        }
    }

    /// Where the frames of each connection come from, by connection.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The dialect of each connection, by connection.
    pub fn dialects(&self) -> Vec<&'static Dialect> {
        self.sources.iter().map(|s| s.dialect).collect()
    }

    /// A frame.
    #[inline]
    pub fn frame(&self, n: usize) -> Option<Frame<'_>> {
        let entry = self.entries.get(n)?;
        let bytes = Padded::new(self.bytes.get(entry.offset..)?, entry.len as usize)?;
        Some(Frame {
            connection: entry.connection,
            recv_ns: entry.recv_ns,
            about: entry.about,
            bytes,
        })
    }

    /// All frames.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        (0..self.len()).map_while(|n| self.frame(n))
    }
}
