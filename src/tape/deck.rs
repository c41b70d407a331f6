//! The deck: recorded frames in memory, and how formats put them there.

use std::path::{Path, PathBuf};

use super::error::TapeError;
use crate::base::{ConnectionId, InstrumentId, Nanos, Precision, Symbol};
use crate::journal::{Session, Told};
use crate::limits;
use crate::venue::Dialect;
use crate::venue::wire::Padded;

/// Recorded frames, in the order in which they are to be played.
#[derive(Debug, Default)]
pub struct Tape {
    pub(super) bytes: Vec<u8>,
    pub(super) entries: Vec<Entry>,
    pub(super) sources: Vec<Source>,
    pub(super) subjects: Vec<Symbol>,
    pub(super) listed: Vec<Listing>,
    pub(super) warnings: Vec<String>,
    pub(super) logged: Vec<Logged>,
    pub(super) told: Vec<(u64, Told)>,
    pub(super) session: Option<Session>,
}

/// What a journal says went out, or came back of an order, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The frame that caused it.
    pub frame: u64,
    /// Its logical time.
    pub recv_ns: Nanos,
    /// The account, by its number then.
    pub account: u16,
    /// Is it a report, or an order's bytes?
    pub is_report: bool,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An instrument that a recording itself lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing {
    pub(super) dialect: &'static Dialect,
    pub(super) symbol: Symbol,
    pub(super) price_decimals: u8,
    pub(super) qty_decimals: u8,
    pub(super) precision: Precision,
}

/// Where the frames of one connection come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// How its frames are read.
    pub dialect: &'static Dialect,
    /// The file.
    pub path: PathBuf,
}

/// What came. All but frames come from a live session only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Came {
    /// A frame.
    #[default]
    Frame,
    /// Nothing: time has passed.
    Beat,
    /// The connection itself, anew, or a book of it: what was known is void.
    Reset,
    /// What the connection's venue answered about orders.
    Reply,
    /// Nothing: the session ends, and open orders are to be cancelled.
    Close,
}

impl Came {
    /// As a journal calls it, in a control record; what has bytes is a record of its own kind.
    pub const fn name(self) -> &'static str {
        match self {
            Came::Frame => "frame",
            Came::Beat => "beat",
            Came::Reset => "reset",
            Came::Reply => "reply",
            Came::Close => "close",
        }
    }
}

/// A frame on the tape.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What it is. Only a frame and a reply have bytes.
    pub came: Came,
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
pub(super) struct Entry {
    pub(super) came: Came,
    pub(super) offset: usize,
    pub(super) len: u32,
    pub(super) connection: ConnectionId,
    pub(super) recv_ns: Nanos,
    /// Index into `subjects`, for the survey.
    pub(super) subject: u32,
    /// The instrument that the subject is, once the survey is done.
    pub(super) about: InstrumentId,
}

/// An entry that names no subject.
pub(super) const NO_SUBJECT: u32 = u32::MAX;

impl Tape {
    /// Opens a connection for the frames that follow.
    pub(super) fn connect(
        &mut self,
        dialect: &'static Dialect,
        path: &Path,
    ) -> Result<Sink<'_>, TapeError> {
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

    /// What a journal says went out and came back, in its order.
    pub fn logged(&self) -> &[Logged] {
        &self.logged
    }

    /// What a journal says that the model stage was told, in its order, each with the frame before
    /// whose step that was. Instruments are the journal's own ids.
    pub fn told(&self) -> &[(u64, Told)] {
        &self.told
    }

    /// How the session was configured that a journal holds.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
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
            came: entry.came,
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

/// Can a frame have been received then?
pub(super) fn is_time(recv_ns: Nanos) -> bool {
    (limits::RECV_NS_MIN..=limits::RECV_NS_MAX).contains(&recv_ns.0)
}

/// Takes the frames of one connection.
#[derive(Debug)]
pub struct Sink<'a> {
    pub(super) tape: &'a mut Tape,
    pub(super) connection: ConnectionId,
}

impl Sink<'_> {
    /// Adds a frame. `recv_ns` is [`Nanos::NONE`] where the recording holds no time; then the
    /// venue's own is taken. `subject` is the symbol that a reply is about.
    pub fn frame(
        &mut self,
        recv_ns: Nanos,
        subject: Option<Symbol>,
        bytes: &[u8],
    ) -> Result<(), TapeError> {
        if recv_ns != Nanos::NONE && !is_time(recv_ns) {
            let path = self.tape.sources[self.connection.index()].path.clone();
            return Err(TapeError::Time { path, found: recv_ns.0 });
        }
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
            came: Came::Frame,
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

    /// Adds something else that came.
    pub(super) fn event(
        &mut self,
        came: Came,
        recv_ns: Nanos,
        subject: Option<Symbol>,
        bytes: &[u8],
    ) -> Result<(), TapeError> {
        self.frame(recv_ns, subject, bytes)?;
        if let Some(entry) = self.tape.entries.last_mut() {
            entry.came = came;
        }
        Ok(())
    }
}
