//! A recording as benches play it: what each of its frames is, and where its first book stands.
//!
//! In: a tape. Out: frames by their number and kind.

use neural_kraken::base::Instruments;
use neural_kraken::tape::{Frame, Tape};

use super::source::Kind;

/// A recording, and what each of its frames is.
pub(crate) struct Film<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) instruments: Instruments,
    pub(crate) kinds: Vec<Said>,
    /// The first frame with a book before it.
    pub(crate) first: usize,
}

/// What a frame is, told by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Hot(Kind),
    Snapshot,
    Other,
}

impl<'a> Film<'a> {
    pub(crate) fn of(tape: &'a Tape, instruments: Instruments) -> Film<'a> {
        let kinds: Vec<Said> = tape.frames().map(|frame| said(frame.bytes.text())).collect();
        let snapshot = tape.frames().zip(&kinds).position(|(frame, said)| {
            let is_kraken = holds(frame.bytes.text(), b"\"type\":\"snapshot\"");
            *said == Said::Snapshot || (*said == Said::Hot(Kind::Kraken) && is_kraken)
        });
        Film { tape, instruments, kinds, first: snapshot.map_or(0, |n| n + 1) }
    }

    pub(crate) fn frame(&self, n: usize) -> Frame<'a> {
        self.tape.frame(n).unwrap()
    }

    /// Frames of a kind, from the first book on.
    pub(crate) fn timed(&self, kind: Kind) -> Vec<usize> {
        (self.first..self.kinds.len()).filter(|n| self.kinds[*n] == Said::Hot(kind)).collect()
    }

    pub(crate) fn levels(&self, n: usize) -> u32 {
        self.frame(n).bytes.text().windows(2).filter(|two| *two == b"[\"").count() as u32
    }
}

fn holds(text: &[u8], what: &[u8]) -> bool {
    // What tells the kind is at the beginning, whatever the frame's length.
    text[..text.len().min(120)].windows(what.len()).any(|here| here == what)
}

fn said(text: &[u8]) -> Said {
    const MARKS: [(&[u8], Said); 4] = [
        (b"\"lastUpdateId\"", Said::Snapshot),
        (b"\"depthUpdate\"", Said::Hot(Kind::Depth)),
        (b"@bookTicker\"", Said::Hot(Kind::Top)),
        (b"@trade\"", Said::Hot(Kind::Trade)),
    ];
    // An answer about the channel holds its name too, but later.
    if text.starts_with(b"{\"channel\":\"book\"") {
        return Said::Hot(Kind::Kraken);
    }
    MARKS.iter().find(|(mark, _)| holds(text, mark)).map_or(Said::Other, |(_, said)| *said)
}
