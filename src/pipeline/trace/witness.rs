//! The witness: one frame of a run, message by message, for `why`.
//!
//! In: a tape, a plan, a number of a frame. Out: all that the stages said to one another while that
//! frame went through, what each took, and what the books showed then.
//! Never: a part of a run that trades. It plays up to the frame on this thread and stops there.

use std::cell::RefCell;
use std::time::Duration;

use super::super::crew::duty::Duty;
use super::super::crew::front::{Back, Front, Sample};
use super::super::crew::player::{Pace, Pacer, Player};
use super::super::crew::stages::{Ends, Mind};
use super::super::crew::world::{Replies, World};
use super::super::flow::carry::{CarriedOutlook, CarriedRouted, CarriedSeen, CarriedWanted};
use super::super::flow::exit::Exit;
use super::super::flow::link::{Flow, Inbox, Link, Seat, Spent, ToCore};
use super::super::flow::member::Shelf;
use super::super::flow::step::Step;
use super::super::flow::wait::Wait;
use super::super::plan::Plan;
use super::super::topology::{self, ToBooks, ToVenues};
use super::span::{Latency, Reaction, Readers, Span, Stage};
use super::tap::{self, Output, Tap};
use crate::base::{InstrumentId, Instruments};
use crate::event::{
    Child, Decision, Denial, Features, Forecast, Intent, Order, Outcome, Outlook, Report, Routed,
    Seen, View, Wanted,
};
use crate::stage::book::Shown;
use crate::stage::contract::Emit;
use crate::stage::route::Route;
use crate::sys::clock::Clock;
use crate::tape::Tape;

/// One thing that a stage said.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a handful of them, for a person to read")]
pub enum Said {
    /// Book: what the market of an instrument looks like.
    View(View),
    /// Signal: what the market says.
    Features(Features),
    /// Model: what is expected.
    Forecast(Forecast),
    /// Strategy: what is wanted.
    Intent(Intent),
    /// Route: the order as it should go.
    Child(Child),
    /// Risk: approved.
    Order(Order),
    /// Risk: denied.
    Denial(Denial),
    /// Dispatch: bytes.
    Sent(Vec<u8>),
    /// Dispatch: what became of an order.
    Report(Report),
}

/// What was seen of one frame.
#[derive(Debug)]
pub struct Testimony {
    /// All that was said, in order.
    pub said: Vec<Said>,
    /// The book of each instrument when the frame was out, by id.
    pub books: Vec<Shown>,
    /// The routes of the last intent.
    pub routes: Option<(Intent, Vec<Route>)>,
    /// What each stage took with this frame.
    pub latency: Latency,
}

/// What is kept of the step that is on its way.
#[derive(Debug, Default)]
struct Notes {
    wanted: u64,
    is_open: bool,
    said: Vec<Said>,
}

/// Listens between two stages.
struct Ear<'n, O> {
    out: O,
    notes: &'n RefCell<Notes>,
}

impl<O> Ear<'_, O> {
    fn note(&self, said: impl FnOnce() -> Said) {
        let mut notes = self.notes.borrow_mut();
        if notes.is_open {
            notes.said.push(said());
        }
    }
}

impl<O: Flow> Flow for Ear<'_, O> {
    fn begin(&mut self, step: &Step) {
        {
            let mut notes = self.notes.borrow_mut();
            notes.is_open = step.frame == notes.wanted;
        }
        self.out.begin(step);
    }

    fn done(&mut self, step: &Step) {
        self.out.done(step);
    }

    fn rest(&mut self) {
        self.out.rest();
    }

    fn spent(&self) -> Spent {
        self.out.spent()
    }
}

impl<O: Emit<View>> Emit<View> for Ear<'_, O> {
    fn emit(&mut self, view: &View) {
        self.note(|| Said::View(*view));
        self.out.emit(view);
    }
}

impl<O: for<'m> Emit<Seen<'m>>> Emit<Seen<'_>> for Ear<'_, O> {
    fn emit(&mut self, seen: &Seen<'_>) {
        self.note(|| Said::Features(*seen.features));
        self.out.emit(seen);
    }
}

impl<O: for<'m> Emit<Outlook<'m>>> Emit<Outlook<'_>> for Ear<'_, O> {
    fn emit(&mut self, outlook: &Outlook<'_>) {
        self.note(|| Said::Forecast(*outlook.forecast));
        self.out.emit(outlook);
    }
}

impl<O: for<'m> Emit<Wanted<'m>>> Emit<Wanted<'_>> for Ear<'_, O> {
    fn emit(&mut self, wanted: &Wanted<'_>) {
        if let Wanted::Intent(intent) = wanted {
            self.note(|| Said::Intent(**intent));
        }
        self.out.emit(wanted);
    }
}

impl<O: for<'m> Emit<Routed<'m>>> Emit<Routed<'_>> for Ear<'_, O> {
    fn emit(&mut self, routed: &Routed<'_>) {
        if let Routed::Child(child) = routed {
            self.note(|| Said::Child(**child));
        }
        self.out.emit(routed);
    }
}

impl<O: for<'m> Emit<Decision<'m>>> Emit<Decision<'_>> for Ear<'_, O> {
    fn emit(&mut self, decision: &Decision<'_>) {
        self.note(|| match decision {
            Decision::Order(order) => Said::Order(**order),
            Decision::Denied(denial) => Said::Denial(**denial),
        });
        self.out.emit(decision);
    }
}

impl<O: for<'m> Emit<Outcome<'m>>> Emit<Outcome<'_>> for Ear<'_, O> {
    fn emit(&mut self, outcome: &Outcome<'_>) {
        self.note(|| match outcome {
            Outcome::Sent(sent) => Said::Sent(sent.bytes.to_vec()),
            Outcome::Report(report) => Said::Report(**report),
        });
        self.out.emit(outcome);
    }
}

/// Plays a tape up to a frame and tells all that was said in it; `None` where there is no such.
pub fn testify(
    tape: &Tape,
    instruments: &Instruments,
    plan: &Plan,
    frame: u64,
) -> Option<Testimony> {
    tape.frame(usize::try_from(frame).ok()?)?;
    let clock = Clock::calibrate(Duration::from_millis(5));
    let wait = Wait::new(false);
    let mut ends = Ends::new("*", &tape.dialects(), instruments, plan);
    let mut mind = Mind::new(instruments, plan);
    let notes = RefCell::new(Notes { wanted: frame, ..Notes::default() });
    let mut readers = Readers::default();
    play(tape, &mut ends, &mut mind, &notes, (clock, &wait), &mut readers, frame);
    Some(Testimony {
        said: notes.into_inner().said,
        books: instruments.iter().filter_map(|i| ends.show(i.id, instruments)).collect(),
        routes: mind.router.explain(),
        latency: readers.latency(),
    })
}

/// The machine of layout `one` with an ear behind each stage.
fn play(
    tape: &Tape,
    ends: &mut Ends,
    mind: &mut Mind,
    notes: &RefCell<Notes>,
    (clock, wait): (Clock, &Wait),
    readers: &mut Readers,
    frame: u64,
) {
    let (wire, from_dispatch) = topology::wire();
    let (replies, from_world) = topology::replies();
    let (tap, mut tapped) = topology::tap();
    let (asks, asked) = topology::resyncs();
    let ears = [(); 3].map(|()| topology::reports());
    let [risk, route, strategy] = ears;
    let reaction = Reaction::new(clock, readers);
    let exit = Exit::new(wire, [risk.0, route.0, strategy.0], Tap(tap), reaction, wait.clone());
    let reports = |heard| Inbox { reports: vec![heard], ..Inbox::default() };
    let heard = Inbox { replies: vec![from_world], ..Inbox::default() };
    let Ends { feed, books, signals, models, dispatch, venues, mine, asked: kept, .. } = ends;
    macro_rules! behind {
        ($stage:ident, $of:expr, $inbox:expr, $out:expr, $ring:ty) => {{
            let span = Span::new(Stage::$stage, clock, readers);
            let out = Ear { out: $out, notes };
            let link: Link<'_, _, _, $ring> =
                Link::Inline(Seat::new($of, out, $inbox, span, u64::MAX));
            link
        }};
    }
    let end = behind!(Dispatch, dispatch, heard, exit, ToVenues);
    let gate = behind!(Risk, &mut mind.gate, reports(risk.1), end, ToCore<CarriedRouted>);
    let router = behind!(Route, &mut mind.router, reports(route.1), gate, ToCore<CarriedWanted>);
    let heard = reports(strategy.1);
    let wants = behind!(Strategy, &mut mind.strategies, heard, router, ToCore<CarriedOutlook>);
    let model = behind!(Model, models, Inbox::default(), wants, ToCore<CarriedSeen>);
    let signal = behind!(Signal, signals, Inbox::default(), model, ToCore<View>);
    let mut shelf = Shelf { books, resyncs: asks };
    let head = behind!(Book, &mut shelf, Inbox::default(), signal, ToBooks);
    let front = Front {
        feed,
        head,
        back: Back::Inline,
        world: Some(World {
            venues,
            wire: from_dispatch,
            replies: Replies { ring: replies, count: 0 },
        }),
        resyncs: asked,
        decode: Span::new(Stage::Decode, clock, readers),
        duty: Duty::new(clock).0,
        wait: wait.clone(),
        sample: Sample::Only(frame),
    };
    let pacer = Pacer::new(Pace::Max, clock);
    let mut player = Player { tape, mine, front, pacer, last: frame };
    let mut outputs: Vec<Output> = Vec::new();
    player.play(kept, |_| {
        tap::drain(&mut tapped, &mut outputs);
        outputs.clear();
    });
}

/// Its place in [`Testimony::books`].
impl Testimony {
    /// The book of an instrument when the frame was out.
    pub fn book(&self, id: InstrumentId) -> Option<&Shown> {
        self.books.get(id.index())
    }
}
