//! The guess: which venue a recording is of, where it is not of the one that was named.
//!
//! In: frames. Out: names of dialects, for an error message.
//! Never: a recording read as what it was not said to be.

use super::deck::Tape;
use crate::base::{ConnectionId, Continuity, InstrumentId};
use crate::event::Stamp;
use crate::venue::wire::Strict;
use crate::venue::{DIALECTS, Dialect, Input, Raw, RawBody};

/// Frames of a connection that are looked at: enough for one of each of its streams.
const FRAMES_LOOKED_AT: usize = 200;

/// Whether changes of books name the id of the change before. Binance's dialects speak the same
/// words, and are told apart by this.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Links {
    named: bool,
    unnamed: bool,
}

impl Links {
    pub(super) fn see(&mut self, body: &RawBody) {
        if let RawBody::Book(change) = body
            && !change.snapshot
        {
            self.named |= change.prev_id != 0;
            self.unnamed |= change.prev_id == 0;
        }
    }

    /// Can changes of this dialect look so?
    pub(super) fn suit(self, dialect: &Dialect) -> bool {
        match dialect.continuity {
            Continuity::UpdateId => !self.named,
            Continuity::PreviousId => self.named || !self.unnamed,
            _ => true,
        }
    }
}

/// The dialects in which a connection's first frames say something, given how its changes look.
pub(super) fn guess(tape: &Tape, connection: ConnectionId, mut links: Links) -> Option<String> {
    let (mut strict, mut raw) = (Strict::new(), Raw::default());
    let mut spoken = Vec::new();
    for dialect in DIALECTS {
        let mine = tape.frames().filter(|frame| frame.connection == connection);
        let mut speaks = false;
        for frame in mine.take(FRAMES_LOOKED_AT) {
            raw.clear();
            let input =
                Input { stamp: Stamp::default(), about: InstrumentId::NONE, bytes: frame.bytes };
            if (dialect.strict)(&input, &mut strict, &mut raw).is_ok() {
                speaks |= !raw.events.is_empty();
                raw.events.iter().for_each(|event| links.see(&event.body));
            }
        }
        if speaks {
            spoken.push(dialect);
        }
    }
    let names: Vec<String> = spoken
        .iter()
        .filter(|dialect| links.suit(dialect))
        .map(|dialect| format!("`{}`", dialect.name))
        .collect();
    (!names.is_empty()).then(|| names.join(" or "))
}
