//! What each stage between the ends does when a step begins, and when its frame is out.

use super::link::{Inbox, Member};
use super::step::{Grid, Step};
use crate::base::InstrumentId;
use crate::event::{
    BookState, Decision, Outlook, Report, Resync, Routed, Seen, Tick, View, Wanted,
};
use crate::ring::Producer;
use crate::stage::book::Books;
use crate::stage::contract::{Emit, Idle, On};
use crate::stage::model::Models;
use crate::stage::risk::Gate;
use crate::stage::route::Router;
use crate::stage::signal::Signals;
use crate::stage::strategy::Strategies;

/// The books, with their way up to the feed.
#[derive(Debug)]
pub(in crate::pipeline) struct Shelf<'a> {
    pub(in crate::pipeline) books: &'a mut Books,
    pub(in crate::pipeline) resyncs: Producer<Resync>,
}

/// The way up from book to feed. One request an instrument is the most that can be outstanding, so
/// there is always room.
struct Up<'a>(&'a mut Producer<Resync>);

impl Emit<Resync> for Up<'_> {
    fn emit(&mut self, message: &Resync) {
        let pushed = self.0.push(*message);
        assert!(pushed.is_ok(), "a request an instrument fits the ring");
    }
}

impl<M> On<M> for Shelf<'_>
where
    Books: for<'o> On<M, Out<'o> = View>,
{
    type Out<'o> = View;

    #[inline(always)]
    fn on(&mut self, message: &M, out: &mut impl for<'o> Emit<View>) {
        self.books.on(message, out);
    }
}

impl Member for Shelf<'_> {
    type Out<'o> = View;

    #[inline]
    fn begin(
        &mut self,
        step: &Step,
        grid: &mut Grid,
        _inbox: &mut Inbox,
        out: &mut impl for<'o> Emit<View>,
    ) {
        if let Some(tick) = grid.up_to(step) {
            self.books.on(&tick, out);
        }
    }

    #[inline]
    fn rest(&mut self) {
        self.books.drain_resyncs(&mut Up(&mut self.resyncs));
        self.books.idle();
    }

    fn book_state(&self, id: InstrumentId) -> Option<BookState> {
        self.books.view(id).map(|view| view.quote.state)
    }
}

/// Hands a stage the reports that have come up, dispatch by dispatch.
#[inline]
fn hear<S: On<Report>>(stage: &mut S, inbox: &mut Inbox, out: &mut impl for<'o> Emit<S::Out<'o>>) {
    for reports in &mut inbox.reports {
        while let Some(report) = reports.pop() {
            stage.on(&report, out);
        }
    }
}

impl Member for Signals {
    type Out<'o> = Seen<'o>;

    fn begin(
        &mut self,
        _step: &Step,
        _grid: &mut Grid,
        _inbox: &mut Inbox,
        _out: &mut impl for<'o> Emit<Seen<'o>>,
    ) {
    }

    fn rest(&mut self) {
        self.idle();
    }
}

impl Member for Models {
    type Out<'o> = Outlook<'o>;

    fn begin(
        &mut self,
        _step: &Step,
        _grid: &mut Grid,
        _inbox: &mut Inbox,
        _out: &mut impl for<'o> Emit<Outlook<'o>>,
    ) {
    }

    #[inline]
    fn rest(&mut self) {
        self.idle();
    }
}

impl Member for Strategies {
    type Out<'o> = Wanted<'o>;

    #[inline]
    fn begin(
        &mut self,
        step: &Step,
        grid: &mut Grid,
        inbox: &mut Inbox,
        out: &mut impl for<'o> Emit<Wanted<'o>>,
    ) {
        hear(self, inbox, out);
        if step.is_closing {
            self.close(&Tick { now: step.recv_ns, frame: step.frame }, out);
        }
        if let Some(tick) = grid.up_to(step) {
            self.on(&tick, out);
        }
    }
}

impl Member for Router {
    type Out<'o> = Routed<'o>;

    #[inline]
    fn begin(
        &mut self,
        _step: &Step,
        _grid: &mut Grid,
        inbox: &mut Inbox,
        out: &mut impl for<'o> Emit<Routed<'o>>,
    ) {
        hear(self, inbox, out);
    }
}

impl Member for Gate {
    type Out<'o> = Decision<'o>;

    #[inline]
    fn begin(
        &mut self,
        step: &Step,
        grid: &mut Grid,
        inbox: &mut Inbox,
        out: &mut impl for<'o> Emit<Decision<'o>>,
    ) {
        hear(self, inbox, out);
        if let Some(tick) = grid.up_to(step) {
            self.on(&tick, out);
        }
    }

    #[inline]
    fn rest(&mut self) {
        self.idle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{
        ConnectionId, Continuity, Form, Instrument, InstrumentId, Instruments, Nanos, Symbol,
    };
    use crate::event::{Body, BookChange, BookState, Head, Level, Market, Stamp};
    use crate::limits;
    use crate::ring;
    use crate::stage::book::Settings;

    #[derive(Default)]
    struct Ear(Vec<(BookState, Nanos)>);

    impl Emit<View> for Ear {
        fn emit(&mut self, view: &View) {
            self.0.push((view.quote.state, view.quote.stamp.recv_ns));
        }
    }

    fn books() -> Books {
        let mut instruments = Instruments::default();
        let plain = Instrument::plain("venue", Symbol::new(b"ONE").unwrap(), 1, 8);
        let form = Form::Ladder { depth: 10 };
        instruments.add(Instrument { continuity: Continuity::Unproven, form, ..plain }).unwrap();
        Books::new(
            &instruments,
            &Settings { stale_after_ns: 5 * Nanos::SECOND, ..Settings::default() },
        )
    }

    #[test]
    fn books_are_told_the_time_and_know_a_silence_by_it() {
        let (resyncs, _asked) = ring::spsc(limits::RING_RESYNC_SLOTS);
        let mut books = books();
        let mut shelf = Shelf { books: &mut books, resyncs };
        let (mut grid, mut inbox, mut ear) = (Grid::default(), Inbox::default(), Ear::default());
        let step =
            |seconds: i64| Step { recv_ns: Nanos(seconds * Nanos::SECOND), ..Step::default() };
        shelf.begin(&step(1), &mut grid, &mut inbox, &mut ear);
        let change = BookChange { bids: 1, asks: 1, snapshot: true, ..BookChange::default() };
        let recv_ns = step(1).recv_ns;
        let stamp = Stamp { recv_ns, connection: ConnectionId(3), ..Stamp::default() };
        let head = Head {
            instrument: InstrumentId(0),
            price_decimals: 1,
            qty_decimals: 8,
            ..Head::about_connection(stamp, Body::Book(change))
        };
        let levels = [Level { price: 10, qty: 1 }, Level { price: 11, qty: 1 }];
        shelf.on(&Market { head: &head, levels: &levels }, &mut ear);
        shelf.begin(&step(9), &mut grid, &mut inbox, &mut ear);
        // After more than five seconds of silence, though no frame came with it.
        let silent = Nanos(9 * Nanos::SECOND);
        assert_eq!(ear.0, [(BookState::Live, recv_ns), (BookState::Stale, silent)]);
    }
}
