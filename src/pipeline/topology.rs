//! THE MACHINE ON ONE SCREEN: every stage, link, depth and overflow rule.
//!
//! ```text
//!   frames -> feed --feed_book--> book -> views
//!               ^                  |
//!               +----book_feed-----+   (resync requests)
//! ```
//!
//! A link is named `producer_consumer`. What happens when it is full is decided here, never in a
//! stage: in replay every ring waits; live, a full `feed_book` makes the books resync, never a
//! silent loss.

use crate::event::{Head, Level, Resync};
use crate::limits;
use crate::ring::{self, Consumer, Producer, level};

/// A market event on its way between cores; its levels travel beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    /// The event.
    pub(super) head: Head,
    /// How many levels it has.
    pub(super) levels: u32,
    /// The last one of its frame.
    pub(super) is_last: bool,
}

/// The writing end of `feed_book`.
pub(super) struct ToBook {
    pub(super) heads: Producer<Carried>,
    pub(super) levels: level::Writer<Level>,
}

/// The reading end of `feed_book`.
pub(super) struct FromFeed {
    pub(super) heads: Consumer<Carried>,
    pub(super) levels: level::Reader<Level>,
}

/// All links of layout `stage-per-core`.
pub(super) struct Links {
    pub(super) feed_book: (ToBook, FromFeed),
    pub(super) book_feed: (Producer<Resync>, Consumer<Resync>),
}

impl Links {
    /// Empty links of the sizes in `limits`.
    #[rustfmt::skip]
    pub(super) fn new() -> Links {
        let (heads_in,  heads_out)  = ring::spsc(limits::RING_MARKET_SLOTS);
        let (levels_in, levels_out) = level::ring(limits::RING_LEVEL_SLOTS);
        Links {
            feed_book: (
                ToBook   { heads: heads_in,  levels: levels_in  },
                FromFeed { heads: heads_out, levels: levels_out },
            ),
            book_feed: ring::spsc(limits::RING_RESYNC_SLOTS),
        }
    }
}
