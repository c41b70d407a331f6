//! LOBSTER samples: a message file and an order book file, row by row together.
//!
//! The date and the symbol are in the name, times are seconds after midnight in New York.

use std::path::{Path, PathBuf};

use super::contract::{Format, Spec, excerpt};
use super::deck::Tape;
use super::error::TapeError;
use super::file;
use crate::base::{Decimal, Nanos, Symbol};

pub(super) static FORMAT: Format = Format {
    name: "lobster",
    about: "LOBSTER *_message_* and *_orderbook_* files, given together",
    read,
    is_companion,
    names_venues: false,
    takes_directory: false,
};

const DAY_NS: i64 = 86_400 * Nanos::SECOND;

/// The order book file is read with its message file.
fn is_companion(path: &Path, others: &[&PathBuf]) -> bool {
    let name = path.to_string_lossy();
    name.contains("_orderbook_")
        && others.iter().any(|o| o.to_string_lossy() == name.replace("_orderbook_", "_message_"))
}

fn read(spec: &Spec, others: &[&PathBuf], tape: &mut Tape) -> Result<(), TapeError> {
    let path = spec.path.as_path();
    let name = path.to_string_lossy();
    if name.contains("_orderbook_") {
        return Err(TapeError::Alone { path: path.into(), missing: "message" });
    }
    let book_name = name.replace("_message_", "_orderbook_");
    let book_path = others
        .iter()
        .find(|other| other.to_string_lossy() == book_name && book_name != name)
        .ok_or_else(|| TapeError::Alone { path: path.into(), missing: "orderbook" })?;
    let (symbol, midnight) =
        symbol_and_midnight(path).ok_or_else(|| TapeError::Name { path: path.into() })?;
    let (messages, books) = (file::read(path)?, file::read(book_path)?);
    let (rows, book_rows) = (file::lines(&messages).count(), file::lines(&books).count());
    if rows != book_rows {
        return Err(TapeError::Rows { path: path.into(), rows, book_rows });
    }
    let mut sink = tape.connect(spec.dialect()?, path)?;
    let mut frame = Vec::new();
    for ((line, message), (_, book)) in file::lines(&messages).zip(file::lines(&books)) {
        let comma = message.iter().position(|b| *b == b',').unwrap_or(message.len());
        let seconds = Decimal::parse(&message[..comma]).and_then(|s| s.unsigned_at(9));
        let Some(seconds) = seconds.ok().filter(|ns| *ns <= DAY_NS) else {
            let (path, found) = (path.into(), excerpt(message));
            let expected = "`<seconds after midnight>,<type>,..`";
            return Err(TapeError::Line { path, line, expected, found });
        };
        frame.clear();
        frame.extend_from_slice(message);
        frame.push(b'\n');
        frame.extend_from_slice(book);
        sink.frame(Nanos(midnight.0 + seconds), Some(symbol), &frame)?;
    }
    Ok(())
}

/// From `GOOG_2012-06-21_34200000_57600000_message_10.csv`.
fn symbol_and_midnight(path: &Path) -> Option<(Symbol, Nanos)> {
    let name = path.file_name()?.to_str()?;
    let mut words = name.split('_');
    let symbol = Symbol::new(words.next()?.as_bytes())?;
    let mut date = words.next()?.split('-').map(|n| n.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    if !(1970..=2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some((symbol, new_york_midnight(year, month, day)))
}

/// Midnight in New York: UTC-4 from the second Sunday of March to the first of November (the rule
/// since 2007), from the first Sunday of April to the last of October before; UTC-5 else.
fn new_york_midnight(year: i64, month: i64, day: i64) -> Nanos {
    let midnight = Nanos::midnight(year, month, day);
    // The first Sunday on or after a date; 1970-01-01 was a Thursday.
    let sunday = |month: i64, day: i64| {
        let from = Nanos::midnight(year, month, day).0 / DAY_NS;
        (from + (3 - from).rem_euclid(7)) * DAY_NS
    };
    let (begins, ends) =
        if year >= 2007 { (sunday(3, 8), sunday(11, 1)) } else { (sunday(4, 1), sunday(10, 25)) };
    let summer = midnight.0 > begins && midnight.0 <= ends;
    Nanos(midnight.0 + if summer { 4 } else { 5 } * 3_600 * Nanos::SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_in_new_york_follows_summer_time() {
        for (date, utc) in [
            ((2012, 6, 21), "2012-06-21T04:00:00Z"),
            ((2012, 12, 21), "2012-12-21T05:00:00Z"),
            // 2012: from March 11 to November 4; midnight comes before the change at 02:00.
            ((2012, 3, 11), "2012-03-11T05:00:00Z"),
            ((2012, 3, 12), "2012-03-12T04:00:00Z"),
            ((2012, 11, 4), "2012-11-04T04:00:00Z"),
            ((2012, 11, 5), "2012-11-05T05:00:00Z"),
            ((2006, 4, 3), "2006-04-03T04:00:00Z"),
        ] {
            let (year, month, day) = date;
            assert_eq!(
                Ok(new_york_midnight(year, month, day)),
                Nanos::parse(utc.as_bytes()),
                "{utc}"
            );
        }
    }
}
