//! Links: how a stage's results reach the next stage, by a call or by a ring. A stage cannot tell.
//!
//! A frame is a *step*. It begins at all stages, the last one first, so that each has heard its
//! reports and the time before anything reaches it; then messages flow down; then it is done, again
//! from the end on. On one core these are calls, between cores the same words travel in the ring,
//! so every layout does the same things in the same order.
//!
//! Never: a decision. A link knows stages, rings and counters.

use super::super::trace::span::Span;
use super::carry::Carry;
use super::step::{Grid, Step};
use super::wait::Wait;
use crate::base::InstrumentId;
use crate::event::{BookState, Reply, Report};
use crate::ring::{Consumer, Producer};
use crate::stage::contract::{Emit, On};
use crate::sys::clock;

/// What a stage hears at the beginning of a step, beside the time.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Inbox {
    /// Reports from each dispatch, in the order of venues.
    pub(in crate::pipeline) reports: Vec<Consumer<Report>>,
    /// Replies from each venue, for dispatch.
    pub(in crate::pipeline) replies: Vec<Consumer<Reply>>,
    /// Replies heard so far.
    pub(in crate::pipeline) heard: u64,
}

/// A stage as a link knows it.
pub(in crate::pipeline) trait Member {
    /// What comes out.
    type Out<'o>;

    /// A step begins: hears reports, then the time.
    fn begin(
        &mut self,
        step: &Step,
        grid: &mut Grid,
        inbox: &mut Inbox,
        out: &mut impl for<'o> Emit<Self::Out<'o>>,
    );

    /// The frame is out: a bounded piece of work that could wait.
    fn rest(&mut self) {}

    /// How a book stands, where this stage keeps it.
    fn book_state(&self, _id: InstrumentId) -> Option<BookState> {
        None
    }

    /// Orders that may still trade, where this stage keeps them.
    fn open_orders(&self) -> Option<usize> {
        None
    }
}

/// Where steps go.
pub(in crate::pipeline) trait Flow {
    /// A step begins.
    fn begin(&mut self, step: &Step);

    /// All messages of the step have been emitted.
    fn done(&mut self, step: &Step);

    /// Work that can wait until the frame is out.
    fn rest(&mut self) {}

    /// Ticks spent here and below in a step that is measured.
    fn spent(&self) -> Spent {
        Spent::default()
    }

    /// How a book stands, where the next stage keeps it and is on this core.
    fn book_state(&self, _id: InstrumentId) -> Option<BookState> {
        None
    }

    /// Orders that may still trade, where dispatch is on this core.
    fn open_orders(&self) -> Option<usize> {
        None
    }
}

/// What a link and all below it took in a step.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::pipeline) struct Spent {
    /// Ticks of the counter.
    pub(in crate::pipeline) ticks: u64,
    /// How often it was entered.
    pub(in crate::pipeline) calls: u64,
}

/// A stage in its place: what it hears, what it is measured by, and what comes behind it.
#[derive(Debug)]
pub(in crate::pipeline) struct Seat<'a, S, O> {
    pub(in crate::pipeline) stage: &'a mut S,
    pub(in crate::pipeline) out: O,
    pub(in crate::pipeline) inbox: Inbox,
    pub(in crate::pipeline) span: Span,
    grid: Grid,
    spent: Spent,
    is_measured: bool,
    /// For tests: panics when this frame begins.
    panic_at: u64,
}

/// The way to a stage: the stage itself, or the ring that leads to its core.
#[derive(Debug)]
pub(in crate::pipeline) enum Link<'a, S, O, P> {
    /// On this core: a call.
    Inline(Seat<'a, S, O>),
    /// On another core.
    Ring(P),
}

/// What travels in a ring between stages.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) enum Parcel<C> {
    /// A step begins.
    Begin(Step),
    /// A message of the step.
    Message(C),
    /// The step has no more messages.
    Done(Step),
}

/// The writing end of a ring between stages. In replay a full ring is waited for.
#[derive(Debug)]
pub(in crate::pipeline) struct ToCore<C> {
    pub(in crate::pipeline) ring: Producer<Parcel<C>>,
    pub(in crate::pipeline) wait: Wait,
}

impl<'a, S, O> Seat<'a, S, O> {
    pub(in crate::pipeline) fn new(
        stage: &'a mut S,
        out: O,
        inbox: Inbox,
        span: Span,
        panic_at: u64,
    ) -> Seat<'a, S, O> {
        let (grid, spent) = (Grid::default(), Spent::default());
        Seat { stage, out, inbox, span, grid, spent, is_measured: false, panic_at }
    }
}

impl<S, O> Seat<'_, S, O>
where
    S: Member,
    O: for<'o> Emit<S::Out<'o>>,
{
    /// Hears what has come up, between steps.
    pub(in crate::pipeline) fn hear(&mut self) {
        let now = Step::default();
        self.stage.begin(&now, &mut self.grid, &mut self.inbox, &mut self.out);
    }
}

impl<S, O, M> Emit<M> for Seat<'_, S, O>
where
    S: On<M>,
    O: for<'o> Emit<S::Out<'o>>,
{
    #[inline(always)]
    fn emit(&mut self, message: &M) {
        if self.is_measured {
            let before = clock::counter();
            self.stage.on(message, &mut self.out);
            self.spent.ticks += clock::counter().wrapping_sub(before);
            self.spent.calls += 1;
        } else {
            self.stage.on(message, &mut self.out);
        }
    }
}

impl<S, O> Flow for Seat<'_, S, O>
where
    S: Member,
    O: Flow + for<'o> Emit<S::Out<'o>>,
{
    #[inline]
    fn begin(&mut self, step: &Step) {
        assert!(step.frame != self.panic_at, "this panic was planned");
        self.out.begin(step);
        self.stage.begin(step, &mut self.grid, &mut self.inbox, &mut self.out);
        self.is_measured = step.is_measured;
        self.spent = Spent::default();
    }

    #[inline]
    fn done(&mut self, step: &Step) {
        if step.is_measured && self.spent.calls > 0 {
            self.span.record(self.spent, self.out.spent());
        }
        self.out.done(step);
    }

    #[inline]
    fn rest(&mut self) {
        self.stage.rest();
        self.out.rest();
    }

    #[inline]
    fn spent(&self) -> Spent {
        self.spent
    }

    fn book_state(&self, id: InstrumentId) -> Option<BookState> {
        self.stage.book_state(id)
    }

    fn open_orders(&self) -> Option<usize> {
        self.stage.open_orders().or_else(|| self.out.open_orders())
    }
}

impl<S, O, P, M> Emit<M> for Link<'_, S, O, P>
where
    S: On<M>,
    O: for<'o> Emit<S::Out<'o>>,
    P: Emit<M>,
{
    #[inline(always)]
    fn emit(&mut self, message: &M) {
        match self {
            Link::Inline(seat) => seat.emit(message),
            Link::Ring(ring) => ring.emit(message),
        }
    }
}

impl<S, O, P> Flow for Link<'_, S, O, P>
where
    S: Member,
    O: Flow + for<'o> Emit<S::Out<'o>>,
    P: Flow,
{
    #[inline]
    fn begin(&mut self, step: &Step) {
        match self {
            Link::Inline(seat) => seat.begin(step),
            Link::Ring(ring) => ring.begin(step),
        }
    }

    #[inline]
    fn done(&mut self, step: &Step) {
        match self {
            Link::Inline(seat) => seat.done(step),
            Link::Ring(ring) => ring.done(step),
        }
    }

    #[inline]
    fn rest(&mut self) {
        if let Link::Inline(seat) = self {
            seat.rest();
        }
    }

    #[inline]
    fn spent(&self) -> Spent {
        match self {
            Link::Inline(seat) => seat.spent(),
            Link::Ring(_) => Spent::default(),
        }
    }

    fn book_state(&self, id: InstrumentId) -> Option<BookState> {
        match self {
            Link::Inline(seat) => seat.book_state(id),
            Link::Ring(_) => None,
        }
    }

    fn open_orders(&self) -> Option<usize> {
        match self {
            Link::Inline(seat) => seat.open_orders(),
            Link::Ring(_) => None,
        }
    }
}

impl<C> ToCore<C> {
    pub(in crate::pipeline) fn push(&mut self, parcel: Parcel<C>) {
        let mut parcel = Some(parcel);
        self.wait.until(|| {
            parcel = parcel.take().and_then(|parcel| self.ring.push(parcel).err());
            parcel.is_none()
        });
    }
}

impl<M, C: Carry<M>> Emit<M> for ToCore<C> {
    #[inline]
    fn emit(&mut self, message: &M) {
        self.push(Parcel::Message(C::carry(message)));
    }
}

impl<C> Flow for ToCore<C> {
    fn begin(&mut self, step: &Step) {
        self.push(Parcel::Begin(*step));
    }

    fn done(&mut self, step: &Step) {
        self.push(Parcel::Done(*step));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::super::super::trace::span::{Readers, Stage};
    use super::*;
    use crate::sys::clock::Clock;

    type Heard = RefCell<Vec<&'static str>>;

    /// A stage that only says that it begins, and as it does sends something on.
    struct Sayer<'a>(&'a Heard);

    /// What is behind it.
    struct Behind<'a>(&'a Heard);

    impl Member for Sayer<'_> {
        type Out<'o> = u8;

        fn begin(
            &mut self,
            _step: &Step,
            _grid: &mut Grid,
            _inbox: &mut Inbox,
            out: &mut impl for<'o> Emit<u8>,
        ) {
            self.0.borrow_mut().push("it begins");
            out.emit(&1);
        }
    }

    impl Emit<u8> for Behind<'_> {
        fn emit(&mut self, _message: &u8) {
            self.0.borrow_mut().push("behind it hears");
        }
    }

    impl Flow for Behind<'_> {
        fn begin(&mut self, _step: &Step) {
            self.0.borrow_mut().push("behind it begins");
        }

        fn done(&mut self, _step: &Step) {}
    }

    #[test]
    fn what_is_behind_a_stage_begins_before_it_hears_from_it() {
        let heard = Heard::default();
        let (mut stage, mut readers) = (Sayer(&heard), Readers::default());
        let span = Span::new(Stage::Risk, Clock::calibrate(Duration::from_millis(1)), &mut readers);
        let mut seat = Seat::new(&mut stage, Behind(&heard), Inbox::default(), span, u64::MAX);
        seat.begin(&Step::default());
        assert_eq!(*heard.borrow(), ["behind it begins", "it begins", "behind it hears"]);
    }
}
