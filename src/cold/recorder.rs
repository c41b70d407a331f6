//! Recorder: writes the frames of a run to a journal, with what a reader must know to replay them.
//!
//! In: a tape and its instruments. Out: a journal directory.
//! Never: a secret (the journal masks them), a journal written over.

use std::path::{Path, PathBuf};

use crate::base::{AccountId, ConnectionId, InstrumentId, Instruments, Nanos};
use crate::event::Tick;
use crate::journal::{
    Direction, JournalError, Kind, Listed, Opened, Options, Record, Session as Setup, Writer,
};
use crate::limits;
use crate::tape::{ACCOUNT_URL, Logged, Tape};

/// What was recorded.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// Records written.
    pub records: u64,
    /// Segments, the first ones, that were deleted again to stay within the quota.
    pub segments_deleted: u64,
}

/// A session to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// Its frames.
    pub tape: &'a Tape,
    /// What they speak of.
    pub instruments: &'a Instruments,
    /// How it was configured.
    pub setup: &'a Setup,
    /// The accounts that orders went to, with their venues' dialects.
    pub accounts: &'a [(AccountId, &'static str)],
    /// What went out and came back, in the order of its times.
    pub logged: &'a [Logged],
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

    /// Writes a session: how it was configured, instruments, connections, then frames, ticks,
    /// orders and reports in their order. Where that fails, nothing of it is left.
    pub fn record(self, session: &Session<'_>) -> Result<Recorded, JournalError> {
        let begin = session.tape.frame(0).map_or(Nanos::NONE, |frame| frame.recv_ns);
        let mut writer = Writer::create(&self.dir, self.options, begin)?;
        let written = append_beginning(&mut writer, session, begin)
            .and_then(|()| append_frames(&mut writer, session, begin));
        match written {
            Ok(latest) => {
                let records = writer.records() + 1;
                let segments_deleted = writer.finish(latest)?;
                Ok(Recorded { records, segments_deleted })
            }
            Err(why) => {
                writer.discard();
                Err(why)
            }
        }
    }
}

/// What a reader must know before the first frame.
fn append_beginning(
    writer: &mut Writer,
    session: &Session<'_>,
    begin: Nanos,
) -> Result<(), JournalError> {
    let Session { tape, instruments, .. } = *session;
    let setup = session.setup.encode();
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
    for (n, source) in tape.sources().iter().enumerate() {
        let url = named(&source.path);
        let bytes = Opened { dialect: source.dialect.name, url: &url }.encode();
        let connection = ConnectionId(n as u16);
        writer.append(&Record { connection, bytes: &bytes, ..Record::new(Kind::Opened, begin) })?;
    }
    for (n, (account, dialect)) in session.accounts.iter().enumerate() {
        let url = format!("{ACCOUNT_URL}{}", account.0);
        let bytes = Opened { dialect, url: &url }.encode();
        let connection = ConnectionId((tape.sources().len() + n) as u16);
        writer.append(&Record { connection, bytes: &bytes, ..Record::new(Kind::Opened, begin) })?;
    }
    Ok(())
}

/// One order or report, on its account's connection.
fn append_logged(
    writer: &mut Writer,
    session: &Session<'_>,
    logged: &Logged,
) -> Result<(), JournalError> {
    let place = session.accounts.iter().position(|(account, _)| account.0 == logged.account);
    // What is of no account is on the first one's: it never left the house.
    let connection = ConnectionId((session.tape.sources().len() + place.unwrap_or(0)) as u16);
    let kind = if logged.is_report { Kind::Report } else { Kind::Frame };
    writer.append(&Record {
        direction: Direction::Out,
        connection,
        frame: logged.frame,
        bytes: &logged.bytes,
        ..Record::new(kind, logged.recv_ns)
    })
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

/// Frames and the ticks between them, all the way to the disk; the time of the last one.
fn append_frames(
    writer: &mut Writer,
    session: &Session<'_>,
    begin: Nanos,
) -> Result<Nanos, JournalError> {
    let mut latest = begin;
    let mut logged = session.logged.iter().peekable();
    for (n, frame) in session.tape.frames().enumerate() {
        // What went out and came back in the steps before this one's.
        let is_before = |l: &&Logged| l.frame < n as u64;
        while let Some(logged) = logged.next_if(is_before) {
            append_logged(writer, session, logged)?;
        }
        append_ticks(writer, latest, frame.recv_ns)?;
        latest = frame.recv_ns;
        let about =
            if frame.about == InstrumentId::UNLISTED { InstrumentId::NONE } else { frame.about };
        writer.append(&Record {
            connection: frame.connection,
            frame: n as u64,
            about,
            bytes: frame.bytes.text(),
            ..Record::new(Kind::Frame, frame.recv_ns)
        })?;
    }
    for logged in logged {
        append_logged(writer, session, logged)?;
    }
    writer.flush(latest, true)?;
    Ok(latest)
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
