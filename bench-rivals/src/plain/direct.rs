//! The stages, called one after the other.

use super::book::Book;
use super::encode::encode;
use super::message::Venue;
use super::parse::{Kind, parse};
use super::risk::Risk;
use super::signal::Signal;
use super::strategy::decide;
use super::{Best, Plain};

/// Direct calls: no channel at all.
#[derive(Debug)]
pub struct Direct {
    venue: Venue,
    /// The book.
    pub book: Book,
    signal: Signal,
    risk: Risk,
}

impl Direct {
    /// Nothing seen.
    pub fn new(venue: Venue) -> Direct {
        Direct { venue, book: Book::new(venue), signal: Signal::new(), risk: Risk::new() }
    }
}

impl Plain for Direct {
    fn frame(&mut self, kind: Kind, frame: &[u8]) -> Option<String> {
        let update = parse(self.venue, kind, frame).expect("a rival reads every frame");
        let quote = self.book.on(update)?;
        let signals = self.signal.on(quote);
        let order = self.risk.check(decide(signals));
        Some(encode(self.venue, &order))
    }

    fn best(&self) -> Best {
        self.book.best()
    }
}
