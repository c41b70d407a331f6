//! Recorder: writes the frames of a run to a journal, with what a reader must know to replay them.
//!
//! In: a tape and its instruments. Out: a journal directory.
//! Never: a secret (the journal masks them), a journal written over.

use std::path::Path;

use crate::base::{ConnectionId, InstrumentId, Instruments, Nanos};
use crate::event::Tick;
use crate::journal::{JournalError, Kind, Listed, Opened, Options, Record, Writer};
use crate::tape::Tape;

/// Writes a journal of what was played: instruments, connections, frames and ticks in their order.
/// Returns how many records it holds.
pub fn record(
    tape: &Tape,
    instruments: &Instruments,
    dir: &Path,
    options: Options,
) -> Result<u64, JournalError> {
    let begin = tape.frame(0).map_or(Nanos::NONE, |frame| frame.recv_ns);
    let mut writer = Writer::create(dir, options, begin)?;
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
        let url = source.path.display().to_string();
        let bytes = Opened { dialect: source.dialect.name, url: &url }.encode();
        let connection = ConnectionId(n as u16);
        writer.append(&Record { connection, bytes: &bytes, ..Record::new(Kind::Opened, begin) })?;
    }
    let mut latest = begin;
    for (n, frame) in tape.frames().enumerate() {
        append_ticks(&mut writer, latest, frame.recv_ns)?;
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
    let records = writer.records() + 1;
    writer.finish(latest)?;
    Ok(records)
}

fn append_ticks(writer: &mut Writer, from: Nanos, to: Nanos) -> Result<(), JournalError> {
    let mut next = (from.0 / Tick::GRID_NS + 1) * Tick::GRID_NS;
    while next <= to.0 {
        writer.append(&Record::new(Kind::Tick, Nanos(next)))?;
        next += Tick::GRID_NS;
    }
    Ok(())
}
