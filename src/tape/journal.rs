//! Our own journals: what `--record` and live sessions wrote.

use std::path::PathBuf;

use super::contract::{Format, Spec, stands_alone};
use super::deck::{Listing, Sink, Tape};
use super::error::TapeError;
use crate::base::{ConnectionId, InstrumentId, Symbol};
use crate::journal::{Direction, Item, Kind, Listed, Opened, Reader, Record};
use crate::venue;

pub(super) static FORMAT: Format = Format {
    name: "journal",
    about: "a journal directory, or one segment of it; it names its venues itself",
    read,
    is_companion: stands_alone,
    names_venues: true,
    takes_directory: true,
};

/// What a journal's own ids stand for.
#[derive(Default)]
struct Ids {
    /// Connections of the tape, by the journal's.
    connections: Vec<Option<ConnectionId>>,
    /// Symbols, by the journal's instrument ids.
    symbols: Vec<Option<Symbol>>,
}

fn read(spec: &Spec, _: &[&PathBuf], tape: &mut Tape) -> Result<(), TapeError> {
    let mut reader = Reader::open(&spec.path)?;
    let mut ids = Ids::default();
    let (before, warned) = (tape.len(), tape.warnings.len());
    while let Some(item) = reader.read() {
        match item {
            Item::Record(record) => take(spec, &record, &mut ids, tape)?,
            Item::Damage(damage) if tape.len() == before => {
                return Err(TapeError::Damaged { path: spec.path.clone(), damage });
            }
            Item::Damage(damage) => tape.warnings.push(format!(
                "{}: {damage}; what comes before it is replayed",
                spec.path.display()
            )),
        }
    }
    if !reader.ended() && tape.warnings.len() == warned {
        tape.warnings.push(format!(
            "{} has no end mark: its writer was stopped or is still at it, or later segments are \
             missing; what is there is replayed",
            spec.path.display()
        ));
    }
    Ok(())
}

fn take(spec: &Spec, record: &Record<'_>, ids: &mut Ids, tape: &mut Tape) -> Result<(), TapeError> {
    let path = &spec.path;
    let dialect = |name: &str| {
        let unknown = || TapeError::UnknownVenue { path: path.clone(), venue: name.to_owned() };
        venue::dialect(name).ok_or_else(unknown)
    };
    match record.kind {
        Kind::Opened => {
            let Some(opened) = Opened::decode(record.bytes) else { return Ok(()) };
            let connection = tape.connect(dialect(opened.dialect)?, path)?.connection;
            set(&mut ids.connections, record.connection.index(), connection);
        }
        Kind::Instrument => {
            let Some(listed) = Listed::decode(record.bytes) else { return Ok(()) };
            set(&mut ids.symbols, record.about.index(), listed.symbol);
            tape.listed.push(Listing {
                dialect: dialect(listed.dialect)?,
                symbol: listed.symbol,
                price_decimals: listed.price_decimals,
                qty_decimals: listed.qty_decimals,
                precision: listed.precision,
            });
        }
        Kind::Frame if record.direction == Direction::In => {
            let known = ids.connections.get(record.connection.index()).copied().flatten();
            let Some(connection) = known else {
                return Err(TapeError::NeverOpened { path: path.clone(), frame: record.frame });
            };
            let subject = match record.about {
                InstrumentId::NONE => None,
                about => ids.symbols.get(about.index()).copied().flatten(),
            };
            Sink { tape, connection }.frame(record.recv_ns, subject, record.bytes)?;
        }
        _ => {}
    }
    Ok(())
}

/// Puts a value at an index that a journal's own tables have bounded.
fn set<T: Clone>(values: &mut Vec<Option<T>>, index: usize, value: T) {
    if values.len() <= index {
        values.resize(index + 1, None);
    }
    values[index] = Some(value);
}
