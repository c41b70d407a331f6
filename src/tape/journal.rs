//! Our own journals: what `--record` and live sessions wrote.

use std::path::{Path, PathBuf};

use super::contract::{Format, Spec, stands_alone};
use super::deck::{Came, Listing, Logged, Sink, Tape};
use super::error::TapeError;
use crate::base::{ConnectionId, InstrumentId, Symbol};
use crate::journal::{Direction, Item, Kind, Listed, Opened, Reader, Record, Session, Told};
use crate::venue;

pub(super) static FORMAT: Format = Format {
    name: "journal",
    about: "a journal directory, or one segment of it; it names its venues itself",
    read,
    is_companion: stands_alone,
    names_venues: true,
    takes_directory: true,
};

/// How the session in a journal was configured, without reading the rest of it; `None` where the
/// journal does not say.
pub fn session(path: &Path) -> Result<Option<Session>, TapeError> {
    let mut reader = Reader::open(path)?;
    while let Some(Item::Record(record)) = reader.read() {
        match record.kind {
            Kind::Session => return Ok(Session::decode(record.bytes)),
            Kind::Frame => break,
            _ => {}
        }
    }
    Ok(None)
}

/// What a journal's own ids stand for.
#[derive(Default)]
struct Ids {
    /// Connections of the tape, by the journal's.
    connections: Vec<Option<ConnectionId>>,
    /// Symbols, by the journal's instrument ids.
    symbols: Vec<Option<Symbol>>,
    /// Accounts, by the journal's connections.
    accounts: Vec<Option<u16>>,
}

impl Ids {
    fn symbol(&self, about: InstrumentId) -> Option<Symbol> {
        let is_one = about != InstrumentId::NONE;
        self.symbols.get(about.index()).copied().flatten().filter(|_| is_one)
    }
}

/// How the connection of an account's orders is called.
pub const ACCOUNT_URL: &str = "paper:";

fn read(spec: &Spec, _: &[&PathBuf], tape: &mut Tape) -> Result<(), TapeError> {
    let mut reader = Reader::open(&spec.path)?;
    let mut ids = Ids::default();
    if reader.segment() > 0 {
        tape.warnings.push(format!(
            "{} begins with segment {}: what came before it is gone, so books and orders are not \
             those of the session; raise `quota_mib` of [journal] to keep all of one",
            spec.path.display(),
            reader.segment()
        ));
    }
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
            if let Some(account) = opened.url.strip_prefix(ACCOUNT_URL) {
                if let Ok(account) = account.parse() {
                    set(&mut ids.accounts, record.connection.index(), account);
                }
                return Ok(());
            }
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
            let subject = ids.symbol(record.about);
            Sink { tape, connection }.frame(record.recv_ns, subject, record.bytes)?;
        }
        Kind::Control | Kind::Reply => {
            let known = ids.connections.get(record.connection.index()).copied().flatten();
            if let (Some(connection), Some((came, bytes))) = (known, came(record)) {
                let subject = ids.symbol(record.about);
                Sink { tape, connection }.event(came, record.recv_ns, subject, bytes)?;
            }
        }
        Kind::Frame | Kind::Report => {
            let known = ids.accounts.get(record.connection.index()).copied().flatten();
            let Some(account) = known else {
                return Err(TapeError::NeverOpened { path: path.clone(), frame: record.frame });
            };
            tape.logged.push(Logged {
                frame: record.frame,
                recv_ns: record.recv_ns,
                account,
                is_report: record.kind == Kind::Report,
                bytes: record.bytes.to_vec(),
            });
        }
        Kind::Session => {
            if let Some(session) = Session::decode(record.bytes) {
                tape.session.get_or_insert(session);
            }
        }
        Kind::Model => tell(record, tape),
        _ => {}
    }
    Ok(())
}

/// What the model stage was told; what a later version says otherwise is left out.
fn tell(record: &Record<'_>, tape: &mut Tape) {
    let told = Told::decode(record.about, record.bytes);
    tape.told.extend(told.map(|told| (record.frame, told)));
}

/// What came that was no frame, and its bytes.
fn came<'r>(record: &Record<'r>) -> Option<(Came, &'r [u8])> {
    if record.kind == Kind::Reply {
        return Some((Came::Reply, record.bytes));
    }
    let mut all = [Came::Beat, Came::Reset, Came::Close].into_iter();
    Some((all.find(|came| came.name().as_bytes() == record.bytes)?, &[]))
}

/// Puts a value at an index that a journal's own tables have bounded.
fn set<T: Clone>(values: &mut Vec<Option<T>>, index: usize, value: T) {
    if values.len() <= index {
        values.resize(index + 1, None);
    }
    values[index] = Some(value);
}
