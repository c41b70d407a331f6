//! `<recv_ns> <json>` a line: what hftbacktest's collector writes.

use std::path::PathBuf;

use super::contract::{Format, Spec, excerpt, stands_alone};
use super::deck::Tape;
use super::error::TapeError;
use super::file;
use crate::base::Nanos;

pub(super) static FORMAT: Format = Format {
    name: "stamped",
    about: "`<recv_ns> <json>` a line",
    read,
    is_companion: stands_alone,
    names_venues: false,
    takes_directory: false,
};

fn read(spec: &Spec, _: &[&PathBuf], tape: &mut Tape) -> Result<(), TapeError> {
    let path = &spec.path;
    let mut sink = tape.connect(spec.dialect()?, path)?;
    for (line, text) in file::lines(&file::read(path)?) {
        let stamped = text.iter().position(|b| *b == b' ').and_then(|blank| {
            let stamp = std::str::from_utf8(&text[..blank]).ok()?.parse().ok()?;
            Some((Nanos(stamp), &text[blank + 1..]))
        });
        let Some((recv_ns, frame)) = stamped else {
            let (path, found) = (path.clone(), excerpt(text));
            return Err(TapeError::Line { path, line, expected: "`<recv_ns> <json>`", found });
        };
        sink.frame(recv_ns, None, frame)?;
    }
    Ok(())
}
