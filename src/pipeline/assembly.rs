//! Assembly: the machine of each layout, built from its stages and played.
//!
//! Every layout has the same stages, the same steps and the same rings up; they differ in which
//! links are calls. A thread is built here, and then only runs.

use std::sync::{Arc, mpsc};

use super::crew::duty::{Duty, DutyReader};
use super::crew::front::{Back, Front, Marks, Sample};
use super::crew::middle::{self, Source};
use super::crew::player::{Pacer, Player};
use super::crew::stages::{Ends, Mind, Requests};
use super::crew::threads::{self, Log, Terms};
use super::crew::world::{Replies, World};
use super::flow::exit::Exit;
use super::flow::link::{Flow, Inbox, Member, Seat};
use super::flow::member::Shelf;
use super::flow::wait::Wait;
use super::live::driver::{Driver, Gangway};
use super::live::ear::{Ear, Notes};
use super::live::{Carrier, Listener, Live};
use super::plan::{Plan, Progress};
use super::topology::{
    self as rings, ToBook, ToDispatch, ToModel, ToRisk, ToRoute, ToSignal, ToStrategy, ToVenues,
};
use super::trace::script::script;
use super::trace::span::{Reaction, Readers, Span, Stage};
use super::trace::tap::{Output, Tap, Tapped};
use crate::base::{Instruments, Nanos};
use crate::event::{Market, Report, Resync};
use crate::ring::{Consumer, Producer};
use crate::stage::contract::Emit;
use crate::stage::feed::Feed;
use crate::stage::strategy::Strategies;
use crate::sys::clock::Clock;
use crate::tape::Tape;

/// What all threads of a run share.
#[derive(Clone)]
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) cores: &'a [usize],
    pub(super) clock: Clock,
    pub(super) wait: Wait,
}

/// What is played, and who watches how far it is.
#[derive(Clone, Copy)]
pub(super) struct Reel<'a> {
    pub(super) tape: &'a Tape,
    pub(super) progress: &'a Progress,
}

/// What a run came to, beside what its stages hold.
#[derive(Default)]
pub(super) struct Played {
    pub(super) log: Log,
    /// What each dispatch put out, in its order.
    pub(super) outputs: Vec<Vec<Output>>,
    pub(super) readers: Readers,
    pub(super) duties: Vec<(&'static str, DutyReader)>,
}

/// The reading ends of reports, by who hears them.
#[derive(Default)]
struct Ears {
    risk: Inbox,
    route: Inbox,
    strategy: Inbox,
}

/// The arrows of one front and its dispatch, connected.
struct Cables<'s> {
    exit: Exit,
    heard: Inbox,
    world: World<'s>,
    asks: Producer<Resync>,
    asked: Consumer<Resync>,
}

impl Run<'_> {
    /// Everything on one core.
    pub(super) fn one(&self, reel: Reel<'_>, ends: &mut Ends, mind: &mut Mind) -> Played {
        let mut build = Build::new(self, 1);
        let Ends { feed, books, signals, models, dispatch, venues, mine, asked, left, .. } = ends;
        let cables = build.cables(venues);
        let end = build.seat(Stage::Dispatch, dispatch, cables.exit, cables.heard);
        let mind = build.mind(mind, ToDispatch::Inline(end));
        let model = build.quiet(Stage::Model, models, ToStrategy::Inline(mind));
        let signal = build.quiet(Stage::Signal, signals, ToModel::Inline(model));
        let mut shelf = Shelf { books, resyncs: cables.asks };
        let book = build.quiet(Stage::Book, &mut shelf, ToSignal::Inline(signal));
        let parts = Parts { feed, world: Some(cables.world), resyncs: cables.asked };
        let front = build.front("all", parts, ToBook::Inline(book), Back::Inline);
        build.run(|crew| crew.spawn(move |hot| play(hot, (self, reel), front, mine, asked, left)))
    }

    /// Feed, book, signal, model and dispatch on a core a venue; what decides on one more.
    pub(super) fn venues(&self, reel: Reel<'_>, ends: &mut [Ends], mind: &mut Mind) -> Played {
        let mut build = Build::new(self, ends.len() + 1);
        let place = |venue: &str| ends.iter().position(|ends| ends.venue == venue).unwrap_or(0);
        let accounts = self.plan.trading.dispatch.accounts.iter();
        let of_account: Vec<usize> = accounts.map(|dialect| place(dialect.name)).collect();
        let (mut fronts, mut sources, mut back) = (Vec::new(), Vec::new(), Vec::new());
        for ends in ends {
            let Ends { feed, books, signals, models, dispatch, venues, mine, asked, left, .. } =
                ends;
            let cables = build.cables(venues);
            let (to_mind, from_front) = rings::stages(&self.wait);
            let (to_venue, decisions) = rings::stages(&self.wait);
            sources.push(from_front);
            back.push(to_venue);
            let seat = build.seat(Stage::Dispatch, dispatch, cables.exit, cables.heard);
            let model = build.quiet(Stage::Model, models, ToStrategy::Ring(to_mind));
            let signal = build.quiet(Stage::Signal, signals, ToModel::Inline(model));
            let shelf = Shelf { books, resyncs: cables.asks };
            let (span, panic_at) = build.measure(Stage::Book);
            let parts = Parts { feed, world: Some(cables.world), resyncs: cables.asked };
            let back = Back::Here { decisions, seat: Box::new(seat) };
            fronts.push((parts, shelf, signal, span, panic_at, back, &*mine, asked, left));
        }
        let decided = ToDispatch::Ring(ToVenues { rings: back, of_account });
        let mut mind = build.mind(mind, decided);
        let (mut duty, wait) = (build.duty("decision"), self.wait.clone());
        let duties: Vec<_> = fronts.iter().map(|_| build.duty("venue")).collect();
        let (clock, readers) = (self.clock, &mut build.played.readers);
        let decodes: Vec<_> =
            duties.iter().map(|_| Span::new(Stage::Decode, clock, readers)).collect();
        build.run(|crew| {
            for (((parts, shelf, signal, span, panic_at, back, mine, asked, left), duty), decode) in
                fronts.into_iter().zip(duties).zip(decodes)
            {
                crew.spawn(move |hot| {
                    let mut shelf = shelf;
                    let signal = ToSignal::Inline(signal);
                    let book = Seat::new(&mut shelf, signal, Inbox::default(), span, panic_at);
                    let front = self.front(parts, ToBook::Inline(book), back, duty, decode);
                    play(hot, (self, reel), front, mine, asked, left);
                });
            }
            crew.spawn(move |hot| {
                let mut sources = sources;
                hot.run(|| middle::run(&mut sources, &mut mind, &mut duty, &wait));
            });
        })
    }

    /// Each stage on a core of its own.
    pub(super) fn stages(&self, reel: Reel<'_>, ends: &mut Ends, mind: &mut Mind) -> Played {
        let mut build = Build::new(self, 8);
        let Ends { feed, books, signals, models, dispatch, venues, mine, asked, left, .. } = ends;
        let Mind { strategies, router, gate } = mind;
        let cables = build.cables(venues);
        let Ears { risk, route, strategy } = std::mem::take(&mut build.ears);
        let (to_book, from_feed) = rings::feed_book(&self.wait);
        let (to_signal, from_book) = rings::stages(&self.wait);
        let (to_model, from_signal) = rings::stages(&self.wait);
        let (to_strategy, from_model) = rings::stages(&self.wait);
        let (to_route, from_strategy) = rings::stages(&self.wait);
        let (to_risk, from_route) = rings::stages(&self.wait);
        let (to_dispatch, from_risk) = rings::stages(&self.wait);
        let marks = Arc::new(Marks::default());
        let parts = Parts { feed, world: Some(cables.world), resyncs: cables.asked };
        let back = Back::Apart(marks.clone());
        let front = build.front("feed", parts, ToBook::Ring(to_book), back);
        let mut shelf = Shelf { books, resyncs: cables.asks };
        let book = build.quiet(Stage::Book, &mut shelf, ToSignal::Ring(to_signal));
        let book = build.looped("book", book, from_feed);
        let signal = build.quiet(Stage::Signal, signals, ToModel::Ring(to_model));
        let signal = build.looped("signal", signal, from_book);
        let model = build.quiet(Stage::Model, models, ToStrategy::Ring(to_strategy));
        let model = build.looped("model", model, from_signal);
        let strategy = build.seat(Stage::Strategy, strategies, ToRoute::Ring(to_route), strategy);
        let strategy = build.looped("strategy", strategy, from_model);
        let route = build.seat(Stage::Route, router, ToRisk::Ring(to_risk), route);
        let route = build.looped("route", route, from_strategy);
        let to_venues = ToVenues { rings: vec![to_dispatch], of_account: Vec::new() };
        let risk = build.seat(Stage::Risk, gate, ToDispatch::Ring(to_venues), risk);
        let risk = build.looped("risk", risk, from_route);
        let mut end = build.seat(Stage::Dispatch, dispatch, cables.exit, cables.heard);
        let (mut duty, wait) = (build.duty("dispatch"), self.wait.clone());
        build.run(|crew| {
            crew.spawn(move |hot| play(hot, (self, reel), front, mine, asked, left));
            crew.spawn(book);
            crew.spawn(signal);
            crew.spawn(model);
            crew.spawn(strategy);
            crew.spawn(route);
            crew.spawn(risk);
            crew.spawn(move |hot| {
                let mut from_risk = from_risk;
                hot.run(|| middle::dispatch(&mut from_risk, &mut end, &marks, &mut duty, &wait));
            });
        })
    }

    /// Everything on one core, on lines to venues instead of a tape. Hands all that is heard and
    /// put out to `listener`. Also says how many frames found no room on their way there.
    pub(super) fn live<C: Carrier>(
        &self,
        (ends, mind): (&mut Ends, &mut Mind),
        instruments: &Instruments,
        live: Live<'_, C>,
        listener: &mut dyn Listener,
    ) -> (Played, u64) {
        let mut build = Build::new(self, 1);
        let Ends { feed, books, signals, models, dispatch, venues, asked, left, .. } = ends;
        let cables = build.cables(venues);
        let end = build.seat(Stage::Dispatch, dispatch, cables.exit, cables.heard);
        let mind = build.mind(mind, ToDispatch::Inline(end));
        let model = build.quiet(Stage::Model, models, ToStrategy::Inline(mind));
        let signal = build.quiet(Stage::Signal, signals, ToModel::Inline(model));
        let mut shelf = Shelf { books, resyncs: cables.asks };
        let book = build.quiet(Stage::Book, &mut shelf, ToSignal::Inline(signal));
        let parts = Parts { feed, world: Some(cables.world), resyncs: cables.asked };
        let front = build.front("all", parts, ToBook::Inline(book), Back::Inline);
        let Live { carrier, stations, members, stop, waits, .. } = live;
        let (script, heard) = script(waits.then(|| self.wait.clone()));
        let (notes, noted) = mpsc::channel();
        let ear = Ear {
            script: heard,
            taps: std::mem::take(&mut build.taps),
            notes: noted,
            readers: build.played.readers.clone(),
            clock: self.clock,
        };
        build.run_beside(
            move || ear.listen(listener),
            move |crew| {
                crew.spawn(move |hot| {
                    let gangway = Gangway { front, script, number: 0, latest: Nanos::NONE };
                    let venues = (stations, members);
                    let mut driver =
                        Driver::new(gangway, carrier, venues, Notes(notes), instruments);
                    hot.run(|| driver.run(stop, asked));
                    *left = Some(driver.gangway.front.resyncs);
                });
            },
        )
    }

    fn front<'s, H>(
        &'s self,
        parts: Parts<'s>,
        head: H,
        back: Back<'s>,
        duty: Duty,
        decode: Span,
    ) -> Front<'s, H>
    where
        H: Flow + for<'m> Emit<Market<'m>>,
    {
        let Parts { feed, world, resyncs } = parts;
        let (wait, sample) = (self.wait.clone(), Sample::Every(self.plan.sample_every));
        Front { feed, head, back, world, resyncs, decode, duty, wait, sample }
    }
}

/// What a front has of its own.
struct Parts<'s> {
    feed: &'s mut Feed,
    world: Option<World<'s>>,
    resyncs: Consumer<Resync>,
}

/// Plays the tape through a front, and keeps what is still on its way up at the end.
fn play<H>(
    hot: &threads::Hot<'_>,
    (run, reel): (&Run<'_>, Reel<'_>),
    front: Front<'_, H>,
    mine: &[bool],
    asked: &mut Requests,
    left: &mut Option<Consumer<Resync>>,
) where
    H: Flow + for<'m> Emit<Market<'m>>,
{
    let (Run { plan, clock, .. }, Reel { tape, progress }) = (run, reel);
    let pacer = Pacer::new(plan.pace, *clock);
    let mut player = Player { tape, mine, front, pacer, last: plan.last };
    hot.run(|| player.play(asked, |n| progress.add(n)));
    *left = Some(player.front.resyncs);
}

/// A machine that is being built.
struct Build<'r> {
    run: &'r Run<'r>,
    threads: usize,
    played: Played,
    ears: Ears,
    taps: Vec<Consumer<Tapped>>,
}

impl<'r> Build<'r> {
    fn new(run: &'r Run<'r>, threads: usize) -> Build<'r> {
        Build { run, threads, played: Played::default(), ears: Ears::default(), taps: Vec::new() }
    }

    /// Connects the arrows of one front and its dispatch.
    fn cables<'s>(&mut self, venues: &'s mut [super::crew::world::Venue]) -> Cables<'s> {
        let (wire, from_dispatch) = rings::wire();
        let (replies, from_world) = rings::replies();
        let (tap, tapped) = rings::tap();
        let (asks, asked) = rings::resyncs();
        let mut ear = |inbox: fn(&mut Ears) -> &mut Inbox| -> Producer<Report> {
            let (up, heard) = rings::reports();
            inbox(&mut self.ears).reports.push(heard);
            up
        };
        let ups = [ear(|e| &mut e.risk), ear(|e| &mut e.route), ear(|e| &mut e.strategy)];
        self.taps.push(tapped);
        let wait = || self.run.wait.clone();
        let reaction = Reaction::new(self.run.clock, &mut self.played.readers);
        Cables {
            exit: Exit::new(wire, ups, Tap(tap), reaction, wait()),
            heard: Inbox { replies: vec![from_world], ..Inbox::default() },
            world: World {
                venues,
                wire: from_dispatch,
                replies: Replies { ring: replies, count: 0 },
            },
            asks,
            asked,
        }
    }

    fn measure(&mut self, stage: Stage) -> (Span, u64) {
        let panic_at = match self.run.plan.panic_at {
            Some((at, frame)) if at == stage => frame,
            _ => u64::MAX,
        };
        (Span::new(stage, self.run.clock, &mut self.played.readers), panic_at)
    }

    /// A stage in its place.
    fn seat<'s, S, O>(
        &mut self,
        stage: Stage,
        of: &'s mut S,
        out: O,
        hears: Inbox,
    ) -> Seat<'s, S, O> {
        let (span, panic_at) = self.measure(stage);
        Seat::new(of, out, hears, span, panic_at)
    }

    /// A stage that hears nothing from below.
    fn quiet<'s, S, O>(&mut self, stage: Stage, of: &'s mut S, out: O) -> Seat<'s, S, O> {
        self.seat(stage, of, out, Inbox::default())
    }

    /// The stages that decide, on one core, with `out` behind them.
    fn mind<'s>(
        &mut self,
        mind: &'s mut Mind,
        out: ToDispatch<'s>,
    ) -> Seat<'s, Strategies, ToRoute<'s>> {
        let Ears { risk, route, strategy } = std::mem::take(&mut self.ears);
        let gate = self.seat(Stage::Risk, &mut mind.gate, out, risk);
        let router = self.seat(Stage::Route, &mut mind.router, ToRisk::Inline(gate), route);
        let router = ToRoute::Inline(router);
        self.seat(Stage::Strategy, &mut mind.strategies, router, strategy)
    }

    fn duty(&mut self, name: &'static str) -> Duty {
        let (duty, reader) = Duty::new(self.run.clock);
        self.played.duties.push((name, reader));
        duty
    }

    fn front<'s, H>(
        &mut self,
        name: &'static str,
        parts: Parts<'s>,
        head: H,
        back: Back<'s>,
    ) -> Front<'s, H>
    where
        'r: 's,
        H: Flow + for<'m> Emit<Market<'m>>,
    {
        let duty = self.duty(name);
        let decode = Span::new(Stage::Decode, self.run.clock, &mut self.played.readers);
        self.run.front(parts, head, back, duty, decode)
    }

    /// The loop of one stage on a core of its own.
    fn looped<'s, S, O, I>(
        &mut self,
        name: &'static str,
        mut seat: Seat<'s, S, O>,
        source: I,
    ) -> impl FnOnce(&threads::Hot<'_>) + use<'s, S, O, I>
    where
        S: Member,
        O: Flow + for<'o> Emit<S::Out<'o>>,
        I: Source<Seat<'s, S, O>>,
    {
        let (mut duty, wait) = (self.duty(name), self.run.wait.clone());
        let mut sources = [source];
        move |hot: &threads::Hot<'_>| {
            hot.run(|| middle::run(&mut sources, &mut seat, &mut duty, &wait));
        }
    }

    /// Runs the threads that `start` starts.
    fn run<'env>(
        mut self,
        start: impl for<'scope> FnOnce(&mut threads::Crew<'scope, 'env>),
    ) -> Played
    where
        'r: 'env,
    {
        let taps = std::mem::take(&mut self.taps);
        let (mut played, outputs) = self.run_beside(move || threads::collect(taps), start);
        played.outputs = outputs;
        played
    }

    /// Runs the threads that `start` starts, and `cold` beside them.
    fn run_beside<'env, T: Send + Default + 'env>(
        self,
        cold: impl FnOnce() -> T + Send + 'env,
        start: impl for<'scope> FnOnce(&mut threads::Crew<'scope, 'env>),
    ) -> (Played, T)
    where
        'r: 'env,
    {
        let Build { run, threads, mut played, .. } = self;
        let terms = Terms { clock: run.clock, wait: &run.wait, threads, cores: run.cores };
        let (log, result) = threads::run(terms, cold, start);
        played.log = log;
        (played, result)
    }
}
