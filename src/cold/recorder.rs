//! Recorder: writes the frames of a run to a journal, with what a reader must know to replay them.
//!
//! In: a tape and its instruments. Out: a journal directory.
//! Never: a secret (the journal masks them), a journal written over.

use std::path::{Path, PathBuf};

use crate::base::{AccountId, ConnectionId, InstrumentId, Instruments, Nanos};
use crate::event::Tick;
use crate::journal::{
    Direction, JournalError, Kind, Listed, Opened, Options, Record, Session as Setup, Told, Writer,
};
use crate::limits;
use crate::tape::{ACCOUNT_URL, Came, Frame, Logged, Tape};

/// What was recorded.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// Records written.
    pub records: u64,
    /// Segments, the first ones, that were deleted again to stay within the quota.
    pub segments_deleted: u64,
}

/// What a reader must know before the first frame.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    /// What the frames speak of.
    pub instruments: &'a Instruments,
    /// How the session was configured.
    pub setup: &'a Setup,
    /// Connections in the order of their ids: dialect, and where they lead.
    pub connections: &'a [(&'static str, String)],
    /// The accounts that orders went to, with their venues' dialects.
    pub accounts: &'a [(AccountId, &'static str)],
}

/// What came in: a frame, or that there was none.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Its number.
    pub number: u64,
    /// What it is.
    pub came: Came,
    /// When it came.
    pub recv_ns: Nanos,
    /// Its connection.
    pub connection: ConnectionId,
    /// What it is about, where it does not say so itself.
    pub about: InstrumentId,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A place for a journal, looked at before a session, so that what cannot be written is known then.
/// The journal itself is begun when there is something to write: a session that is broken off
/// leaves no half of one.
#[derive(Debug)]
pub struct Recorder {
    dir: PathBuf,
    options: Options,
}

impl Recorder {
    /// Looks at a directory, which is created where it is missing; refused where it cannot be
    /// written to or holds a journal already.
    pub fn new(dir: &Path, options: Options) -> Result<Recorder, JournalError> {
        Writer::create(dir, options, Nanos::NONE)?.discard();
        Ok(Recorder { dir: dir.to_owned(), options })
    }

    /// Begins the journal.
    pub fn begin(&self, beginning: &Beginning<'_>, begin: Nanos) -> Result<Scribe, JournalError> {
        let writer = Writer::create(&self.dir, self.options, begin)?;
        let accounts = beginning.accounts.iter().map(|(account, _)| *account).collect();
        let connections = beginning.connections.len();
        let mut scribe = Scribe { writer, latest: begin, connections, accounts };
        match append_beginning(&mut scribe.writer, beginning, begin) {
            Ok(()) => Ok(scribe),
            Err(why) => Err(scribe.discard(why)),
        }
    }

    /// Writes a session that is over. Where that fails, nothing of it is left.
    pub fn record(
        self,
        tape: &Tape,
        beginning: &Beginning<'_>,
        logged: &[Logged],
    ) -> Result<Recorded, JournalError> {
        let begin = tape.frame(0).map_or(Nanos::NONE, |frame| frame.recv_ns);
        let mut scribe = self.begin(beginning, begin)?;
        match scribe.play(tape, logged) {
            Ok(()) => scribe.finish(),
            Err(why) => Err(scribe.discard(why)),
        }
    }
}

/// Writes a session as it goes on.
#[derive(Debug)]
pub struct Scribe {
    writer: Writer,
    /// The time of the last frame.
    latest: Nanos,
    connections: usize,
    accounts: Vec<AccountId>,
}

impl Scribe {
    /// What came in, with the ticks before it.
    pub fn heard(&mut self, heard: &Heard<'_>) -> Result<(), JournalError> {
        let Heard { number, came, recv_ns, connection, about, bytes } = *heard;
        append_ticks(&mut self.writer, self.latest, recv_ns)?;
        self.latest = recv_ns;
        let (kind, bytes) = match came {
            Came::Frame => (Kind::Frame, bytes),
            Came::Reply => (Kind::Reply, bytes),
            other => (Kind::Control, other.name().as_bytes()),
        };
        let about = if about == InstrumentId::UNLISTED { InstrumentId::NONE } else { about };
        let record =
            Record { connection, frame: number, about, bytes, ..Record::new(kind, recv_ns) };
        self.writer.append(&record)
    }

    /// One order or report, on its account's connection. It goes before the first frame whose
    /// number is greater than its step's.
    pub fn logged(&mut self, logged: &Logged) -> Result<(), JournalError> {
        let place = self.accounts.iter().position(|account| account.0 == logged.account);
        // What is of no account is on the first one's: it never left the house.
        let connection = ConnectionId((self.connections + place.unwrap_or(0)) as u16);
        let kind = if logged.is_report { Kind::Report } else { Kind::Frame };
        self.writer.append(&Record {
            direction: Direction::Out,
            connection,
            frame: logged.frame,
            bytes: &logged.bytes,
            ..Record::new(kind, logged.recv_ns)
        })
    }

    /// What the model stage was told before the step of frame `before`, at this time.
    pub fn told(&mut self, before: u64, recv_ns: Nanos, told: &Told) -> Result<(), JournalError> {
        let (about, bytes) = (told.about(), told.encode());
        let record =
            Record { about, frame: before, bytes: &bytes, ..Record::new(Kind::Model, recv_ns) };
        self.writer.append(&record)
    }

    /// Records written.
    pub const fn records(&self) -> u64 {
        self.writer.records()
    }

    /// Ends the journal, all of it on the disk.
    pub fn finish(mut self) -> Result<Recorded, JournalError> {
        if let Err(why) = self.writer.flush(self.latest, true) {
            return Err(self.discard(why));
        }
        let records = self.writer.records() + 1;
        let segments_deleted = self.writer.finish(self.latest)?;
        Ok(Recorded { records, segments_deleted })
    }

    fn discard(self, why: JournalError) -> JournalError {
        self.writer.discard();
        why
    }

    fn play(&mut self, tape: &Tape, logged: &[Logged]) -> Result<(), JournalError> {
        let mut logged = logged.iter().peekable();
        for (n, frame) in tape.frames().enumerate() {
            // What went out and came back in the steps before this one's.
            while let Some(logged) = logged.next_if(|l| l.frame < n as u64) {
                self.logged(logged)?;
            }
            let Frame { came, connection, recv_ns, about, bytes } = frame;
            let bytes = bytes.text();
            self.heard(&Heard { number: n as u64, came, recv_ns, connection, about, bytes })?;
        }
        logged.try_for_each(|logged| self.logged(logged))
    }
}

/// How the connections of a tape are called, with the names of their dialects.
pub fn connections(tape: &Tape) -> Vec<(&'static str, String)> {
    tape.sources().iter().map(|source| (source.dialect.name, named(&source.path))).collect()
}

/// What a reader must know before the first frame.
fn append_beginning(
    writer: &mut Writer,
    beginning: &Beginning<'_>,
    begin: Nanos,
) -> Result<(), JournalError> {
    let Beginning { instruments, setup, connections, accounts } = *beginning;
    let setup = setup.encode();
    writer.append(&Record { bytes: &setup, ..Record::new(Kind::Session, begin) })?;
    for instrument in instruments {
        let listed = Listed {
            dialect: instrument.venue,
            symbol: instrument.symbol,
            price_decimals: instrument.price_decimals,
            qty_decimals: instrument.qty_decimals,
            precision: instrument.precision,
        };
        let bytes = listed.encode();
        let record =
            Record { about: instrument.id, bytes: &bytes, ..Record::new(Kind::Instrument, begin) };
        writer.append(&record)?;
    }
    let own = connections.iter().map(|(dialect, url)| (*dialect, url.clone()));
    let orders = accounts.iter().map(|(id, dialect)| (*dialect, format!("{ACCOUNT_URL}{}", id.0)));
    for (n, (dialect, url)) in own.chain(orders).enumerate() {
        let bytes = Opened { dialect, url: &url }.encode();
        let connection = ConnectionId(n as u16);
        writer.append(&Record { connection, bytes: &bytes, ..Record::new(Kind::Opened, begin) })?;
    }
    Ok(())
}

/// How a recording is called: by its path, or by its name alone where the path would not fit.
fn named(path: &Path) -> String {
    let whole = path.display().to_string();
    match path.file_name() {
        Some(name) if whole.len() > limits::JOURNAL_KNOWN_BYTES_MAX / 2 => {
            name.to_string_lossy().into_owned()
        }
        _ => whole,
    }
}

/// The ticks up to and with `to`; of a silence of hours the latest ones, as when it is played.
fn append_ticks(writer: &mut Writer, from: Nanos, to: Nanos) -> Result<(), JournalError> {
    let oldest = to.0 - limits::TICKS_AT_ONCE_MAX * Tick::GRID_NS;
    let mut next = (from.0.max(oldest) / Tick::GRID_NS + 1) * Tick::GRID_NS;
    while next <= to.0 {
        writer.append(&Record::new(Kind::Tick, Nanos(next)))?;
        next += Tick::GRID_NS;
    }
    Ok(())
}
