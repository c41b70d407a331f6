//! Ours as a whole: frame bytes in, through every stage, as the pipeline's layout `one` does it.
//!
//! In: frames. Out: what the last stage says of each.

use std::hint::black_box;

use neural_kraken::base::{InstrumentId, Instruments};
use neural_kraken::event::{Body, Head, Market, Stamp, View};
use neural_kraken::stage::book::{Books, Settings};
use neural_kraken::stage::contract::{Emit, Idle, On};
use neural_kraken::stage::feed::Feed;
use neural_kraken::venue::wire::FastLevel;
use neural_kraken::venue::{Dialect, Input};

/// Every stage, on one core.
pub(crate) struct Chain {
    feed: Feed,
    books: Books,
    rest: Rest,
}

/// What follows the books, the next stage called directly by each: signal, model, strategy, route,
/// risk and dispatch stand here, in this order.
#[derive(Default)]
struct Rest {
    /// Views that came out of the books.
    views: u64,
}

impl Emit<View> for Rest {
    #[inline(always)]
    fn emit(&mut self, message: &View) {
        self.views += 1;
        black_box(message);
    }
}

/// The link from feed to books: the stage itself.
struct ToBooks<'a>(&'a mut Books, &'a mut Rest);

impl Emit<Market<'_>> for ToBooks<'_> {
    #[inline(always)]
    fn emit(&mut self, message: &Market<'_>) {
        self.0.on(message, self.1);
    }
}

impl Chain {
    /// Nothing seen.
    pub(crate) fn new(dialects: &[&'static Dialect], instruments: &Instruments) -> Chain {
        Chain {
            feed: Feed::new(dialects, instruments, FastLevel::detect()),
            books: Books::new(instruments, &Settings::default()),
            rest: Rest::default(),
        }
    }

    /// Forgets every book; what the feed has learned stays.
    pub(crate) fn reset(&mut self) {
        let head = Head::about_connection(Stamp::default(), Body::Reset);
        self.books.on(&Market { head: &head, levels: &[] }, &mut self.rest);
    }

    /// A frame in, all that follows from it out. This is what is timed.
    #[inline]
    pub(crate) fn frame(&mut self, input: &Input<'_>) {
        self.feed.decode(input);
        self.feed.emit(input, &mut ToBooks(&mut self.books, &mut self.rest));
    }

    /// The work that waits until the frame is out. Not timed.
    pub(crate) fn idle(&mut self) {
        self.books.drain_resyncs(&mut Vec::new());
        self.books.idle();
    }

    /// What a book shows.
    pub(crate) fn view(&self, id: InstrumentId) -> &View {
        self.books.view(id).unwrap()
    }

    /// What came out so far.
    pub(crate) fn views(&self) -> u64 {
        self.rest.views
    }
}
