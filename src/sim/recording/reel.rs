//! Reel: frames of one recording as they come in, and the gzip file that they become.
//!
//! In: frames with their times, as the venue sends them. Out: `<recv_ns> <json>` a line.
//! Never: the time of this machine; the same frames are the same bytes for ever.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};

use crate::base::{Nanos, Symbol};
use crate::event::Level;
use crate::sim::listing::{House, Listing};
use crate::sim::random::Random;
use crate::venue::wire::Shape;

/// A recording, generated.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Name of its file, without an ending.
    pub name: String,
    /// Dialect of its frames.
    pub dialect: &'static str,
    /// Frames in it.
    pub frames: usize,
    /// Bytes before compression.
    pub text_bytes: usize,
    /// The file: gzip of `<recv_ns> <json>` lines.
    pub gzip: Vec<u8>,
    /// What its books must be at the end.
    pub truths: Vec<Truth>,
    /// What goes wrong in it on purpose.
    pub faults: Vec<Fault>,
}

/// A book at the end of a recording, as far as the venue shows it.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Whose, as on the wire.
    pub symbol: Symbol,
    /// Decimals of prices and quantities.
    pub shape: Shape,
    /// All levels, best first.
    pub bids: Vec<Level>,
    /// All levels, best first.
    pub asks: Vec<Level>,
}

/// Something that goes wrong on purpose.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What.
    pub what: &'static str,
    /// Whose; `None` where it concerns the whole connection.
    pub symbol: Option<Symbol>,
    /// When.
    pub at: Nanos,
    /// When its cure arrives.
    pub healed: Nanos,
}

/// Frames of one recording.
#[derive(Debug)]
pub(super) struct Reel {
    house: &'static House,
    random: Random,
    /// When each frame was received, and where it lies in `text`.
    frames: Vec<(Nanos, usize, usize)>,
    text: Vec<u8>,
    /// When the connection's last frame was sent and received.
    last: (Nanos, Nanos),
}

impl Reel {
    pub(super) fn new(house: &'static House, random: Random) -> Reel {
        Reel {
            house,
            random,
            frames: Vec::new(),
            text: Vec::new(),
            last: (Nanos::NONE, Nanos::NONE),
        }
    }

    /// A frame of the connection: they arrive in the order in which they were sent.
    pub(super) fn frame(&mut self, sent: Nanos, write: impl FnOnce(&mut Vec<u8>)) {
        let (last_sent, last_received) = self.last;
        let received = if sent == last_sent {
            // What is sent together comes in together.
            Nanos(last_received.0 + 500 * (1 + self.random.below(4)))
        } else {
            let (least, more) = self.house.way_us;
            let way_us = least + self.random.exponential(more);
            Nanos(sent.0 + way_us * 1_000).max(last_received)
        };
        self.last = (sent, received);
        self.push(received, write);
    }

    /// A reply that does not come on the connection.
    pub(super) fn reply(&mut self, received: Nanos, write: impl FnOnce(&mut Vec<u8>)) {
        self.push(received, write);
    }

    /// The recording, in the order of time.
    pub(super) fn finish(
        mut self,
        name: String,
        dialect: &'static str,
        truths: Vec<Truth>,
        faults: Vec<Fault>,
    ) -> io::Result<Recording> {
        self.frames.sort_by_key(|(received, ..)| *received);
        let mut text = Vec::with_capacity(self.text.len() + 21 * self.frames.len());
        for (received, from, to) in &self.frames {
            write!(text, "{} ", received.0)?;
            text.extend_from_slice(&self.text[*from..*to]);
            text.push(b'\n');
        }
        let gzip = compressed(&text)?;
        let (frames, text_bytes) = (self.frames.len(), text.len());
        Ok(Recording { name, dialect, frames, text_bytes, gzip, truths, faults })
    }

    fn push(&mut self, received: Nanos, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.text.len();
        write(&mut self.text);
        self.frames.push((received, from, self.text.len()));
    }
}

/// A symbol of the tables, which hold nothing else.
pub(super) fn symbol(text: &str) -> Symbol {
    Symbol::new(text.as_bytes()).unwrap_or(Symbol::NONE)
}

/// A book of so many levels as it is now.
pub(super) fn truth(listing: &Listing, bids: Vec<Level>, asks: Vec<Level>) -> Truth {
    Truth { symbol: symbol(listing.symbol), shape: listing.shape, bids, asks }
}

/// Gzip without a time or a system's name in its head.
fn compressed(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip =
        GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    gzip.write_all(text)?;
    gzip.finish()
}
