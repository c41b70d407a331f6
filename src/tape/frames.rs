//! One JSON frame a line, as on the wire. Its time is the venue's own.

use std::path::{Path, PathBuf};

use super::contract::{Format, Sink, TapeError, excerpt, stands_alone};
use super::file;
use crate::base::Nanos;

pub(super) static FORMAT: Format = Format {
    name: "frames",
    about: "one JSON frame a line; the time is the venue's own, else that of the frame before",
    read,
    is_companion: stands_alone,
};

fn read(path: &Path, _: &[&PathBuf], sink: &mut Sink<'_>) -> Result<(), TapeError> {
    for (line, text) in file::lines(&file::read(path)?) {
        if !matches!(text[0], b'{' | b'[') {
            let (path, found) = (path.into(), excerpt(text));
            return Err(TapeError::Line { path, line, expected: "a JSON frame", found });
        }
        sink.frame(Nanos::NONE, None, text)?;
    }
    Ok(())
}
