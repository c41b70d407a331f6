//! Recorder: writes the frames of a run to a journal, with what a reader must know to replay them.
//!
//! In: a tape and its instruments. Out: a journal directory.
//! Never: a secret (the journal masks them), a journal written over.

use std::path::Path;

use crate::base::{ConnectionId, InstrumentId, Instruments, Nanos};
use crate::event::Tick;
use crate::journal::{JournalError, Kind, Listed, Opened, Options, Record, Writer};
use crate::limits;
use crate::tape::Tape;

/// What was recorded.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// Records written.
    pub records: u64,
    /// Segments, the first ones, that were deleted again to stay within the quota.
    pub segments_deleted: u64,
}

/// Writes a journal of a tape: instruments, connections, frames and ticks in their order. Where
/// that fails, nothing of it is left.
pub fn record(
    tape: &Tape,
    instruments: &Instruments,
    dir: &Path,
    options: Options,
) -> Result<Recorded, JournalError> {
    let begin = tape.frame(0).map_or(Nanos::NONE, |frame| frame.recv_ns);
    let mut writer = Writer::create(dir, options, begin)?;
    let written = append_beginning(&mut writer, tape, instruments, begin)
        .and_then(|()| append_frames(&mut writer, tape, begin));
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

/// What a reader must know before the first frame.
fn append_beginning(
    writer: &mut Writer,
    tape: &Tape,
    instruments: &Instruments,
    begin: Nanos,
) -> Result<(), JournalError> {
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

/// Frames and the ticks between them, all the way to the disk; the time of the last one.
fn append_frames(writer: &mut Writer, tape: &Tape, begin: Nanos) -> Result<Nanos, JournalError> {
    let mut latest = begin;
    for (n, frame) in tape.frames().enumerate() {
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
