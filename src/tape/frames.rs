//! One JSON frame a line, as on the wire. Its time is the venue's own.

use std::path::PathBuf;

use super::contract::{Format, Spec, excerpt, stands_alone};
use super::deck::Tape;
use super::error::TapeError;
use super::file;
use crate::base::Nanos;

pub(super) static FORMAT: Format = Format {
    name: "frames",
    about: "one JSON frame a line; the time is the venue's own, else that of the frame before",
    read,
    is_companion: stands_alone,
    names_venues: false,
    takes_directory: false,
};

fn read(spec: &Spec, _: &[&PathBuf], tape: &mut Tape) -> Result<(), TapeError> {
    let path = &spec.path;
    let mut sink = tape.connect(spec.dialect()?, path)?;
    for (line, text) in file::lines(&file::read(path)?) {
        if !matches!(text[0], b'{' | b'[') {
            let (path, found) = (path.clone(), excerpt(text));
            return Err(TapeError::Line { path, line, expected: "a JSON frame", found });
        }
        sink.frame(Nanos::NONE, None, text)?;
    }
    Ok(())
}
