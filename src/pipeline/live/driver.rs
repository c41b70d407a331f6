//! The driver: turns a front on what a carrier brings.
//!
//! A turn takes one thing that happened, tells the session whose it is, and lets a frame that the
//! feed wants go through the machine. Where nothing is said for a tick of the grid, a beat goes
//! through, so that time passes for all stages, and in a replay at the same places.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::crew::front::{Arrival, Front};
use super::super::flow::link::Flow;
use super::super::trace::script::Script;
use super::carrier::{Carrier, Event, Post};
use super::ear::{Note, Notes};
use crate::base::{ConnectionId, Instrument, InstrumentId, Instruments, Nanos};
use crate::event::{BookState, Market, Resync, ResyncReason, Tick};
use crate::limits;
use crate::stage::contract::Emit;
use crate::sys::alloc;
use crate::tape::{Came, Frame};
use crate::venue::Dialect;
use crate::venue::session::{Action, Actions, Answer, Pass, Session, State};
use crate::venue::wire::Padded;

/// A venue as a live machine knows it. Its number is that of its connection.
#[derive(Debug)]
pub struct Station {
    /// The wire format of its frames.
    pub dialect: &'static Dialect,
    /// Keeps them coming.
    pub session: Box<dyn Session>,
}

/// See the module.
pub(in crate::pipeline) struct Driver<'a, H, C, P> {
    pub(in crate::pipeline) gangway: Gangway<'a, H, P>,
    pub(in crate::pipeline) carrier: &'a mut C,
    pub(in crate::pipeline) stations: &'a mut [Station],
    /// How each session stood when it was last looked at.
    pub(in crate::pipeline) states: Vec<State>,
    pub(in crate::pipeline) actions: Actions,
    pub(in crate::pipeline) notes: Notes,
    pub(in crate::pipeline) next_poll: Nanos,
    /// By instrument: its station.
    homes: Box<[usize]>,
    /// By instrument: since when its book is not live, though its session takes it for live.
    doubted: Box<[Option<Nanos>]>,
    next_look: Nanos,
}

/// The way into the machine: numbers what came, lets it through, and has it journalled.
pub(in crate::pipeline) struct Gangway<'a, H, P> {
    pub(in crate::pipeline) front: Front<'a, H>,
    pub(in crate::pipeline) script: Script,
    pub(in crate::pipeline) post: P,
    pub(in crate::pipeline) number: u64,
    pub(in crate::pipeline) latest: Nanos,
}

/// No bytes, and room behind them.
static NOTHING: [u8; limits::FRAME_PAD_BYTES] = [0; limits::FRAME_PAD_BYTES];

impl<H, P> Gangway<'_, H, P>
where
    H: Flow + for<'m> Emit<Market<'m>>,
    P: Post,
{
    /// Lets a frame of a venue's connection through. Time never goes back.
    #[inline]
    fn admit(&mut self, mut frame: Frame<'_>, arrived_tsc: u64, venue: Option<&'static str>) {
        self.latest = self.latest.max(frame.recv_ns);
        frame.recv_ns = self.latest;
        let arrival = Arrival { number: self.number, frame, arrived_tsc, venue };
        let Gangway { front, post, .. } = self;
        front.step(&arrival, |account, order| post.order(account, order, arrived_tsc));
        self.script.push(self.number, &frame);
        self.number += 1;
    }

    /// Lets through that something came without a byte.
    fn admit_event(
        &mut self,
        came: Came,
        (connection, about): (ConnectionId, InstrumentId),
        recv_ns: Nanos,
        venue: Option<&'static str>,
    ) {
        let Some(bytes) = Padded::new(&NOTHING, 0) else { return };
        let frame = Frame { came, connection, recv_ns, about, bytes };
        self.admit(frame, 0, venue);
    }
}

impl<'a, H, C, P> Driver<'a, H, C, P>
where
    H: Flow + for<'m> Emit<Market<'m>>,
    C: Carrier,
    P: Post,
{
    pub(in crate::pipeline) fn new(
        gangway: Gangway<'a, H, P>,
        carrier: &'a mut C,
        stations: &'a mut [Station],
        notes: Notes,
        instruments: &Instruments,
    ) -> Driver<'a, H, C, P> {
        let states = stations.iter().map(|station| station.session.state()).collect();
        let actions = Actions::with_capacity(limits::ACTIONS_USUAL);
        let home = |i: &Instrument| stations.iter().position(|s| s.dialect.name == i.venue);
        let homes = instruments.iter().map(|i| home(i).unwrap_or(usize::MAX)).collect();
        Driver {
            gangway,
            carrier,
            homes,
            stations,
            states,
            actions,
            notes,
            next_poll: Nanos::NONE,
            doubted: vec![None; instruments.len()].into(),
            next_look: Nanos::NONE,
        }
    }

    /// Turns until `stop` is raised. `asked` takes each request for a snapshot.
    pub(in crate::pipeline) fn run(&mut self, stop: &AtomicBool, asked: &mut impl Emit<Resync>) {
        self.gangway.front.duty.begin();
        while !stop.load(Ordering::Relaxed) {
            let has_worked = self.turn(asked);
            self.gangway.front.duty.turn(has_worked);
            if !has_worked {
                self.gangway.front.wait.pause();
            }
        }
        self.gangway.front.duty.end();
    }

    /// One turn; true where something happened.
    pub(in crate::pipeline) fn turn(&mut self, asked: &mut impl Emit<Resync>) -> bool {
        let now = self.carrier.now();
        let has_worked = self.take(now);
        self.hear_books(now, asked);
        if now >= self.next_poll {
            self.keep_house(now);
        }
        has_worked
    }

    /// Takes the next thing that happened.
    #[inline]
    fn take(&mut self, now: Nanos) -> bool {
        let Driver { gangway, carrier, stations, actions, notes, .. } = self;
        let Some(event) = carrier.poll() else { return false };
        let venue = match event {
            Event::Frame { venue, line, recv_ns, arrived_tsc, bytes } => {
                let station = &mut stations[venue];
                let pass = station.session.frame(line, bytes.text(), now, actions);
                admit(gangway, station, actions, pass, (recv_ns, arrived_tsc), bytes);
                venue
            }
            Event::Answer { venue, id, status, retry_after_ns, used_weight, body, why } => {
                let _aside = alloc::aside();
                notes.trouble(venue, why);
                let answer = Answer { status, retry_after_ns, used_weight, body: body.text() };
                let station = &mut stations[venue];
                let pass = station.session.fetched(id, &answer, now, actions);
                admit(gangway, station, actions, pass, (now, 0), body);
                venue
            }
            Event::Pinged { venue, line } => {
                stations[venue].session.pinged(line, now);
                venue
            }
            Event::Opened { venue, line } => {
                let _aside = alloc::aside();
                stations[venue].session.opened(line, now, actions);
                venue
            }
            Event::Failed { venue, line, failure, why } => {
                let _aside = alloc::aside();
                notes.trouble(venue, Some(why));
                stations[venue].session.failed(line, &failure, now, actions);
                venue
            }
            Event::Closed { venue, line, code, why } => {
                let _aside = alloc::aside();
                notes.trouble(venue, Some(why));
                stations[venue].session.closed(line, code, now, actions);
                venue
            }
        };
        if !self.actions.is_empty() {
            self.carry_out(venue, now);
        }
        true
    }

    /// Tells sessions which books cannot be proven any more.
    #[inline]
    fn hear_books(&mut self, now: Nanos, asked: &mut impl Emit<Resync>) {
        while let Some(resync) = self.gangway.front.resyncs.pop() {
            asked.emit(&resync);
            self.ask(&resync, now);
        }
    }

    #[cold]
    fn ask(&mut self, resync: &Resync, now: Nanos) {
        let venue = resync.connection.index();
        if let Some(station) = self.stations.get_mut(venue) {
            let _aside = alloc::aside();
            station.session.resync(resync, now, &mut self.actions);
            self.carry_out(venue, now);
        }
    }

    /// Asks for books that are not live though their sessions take them for live: a session may
    /// have seen a snapshot that the feed refused, and a book asks once.
    fn look_at_books(&mut self, now: Nanos) {
        for n in 0..self.doubted.len() {
            let (id, home) = (InstrumentId(n as u32), self.homes[n]);
            let Some(station) = self.stations.get(home) else { continue };
            let seems_live = station.session.symbol_state(id).is_some_and(|state| state.is_live());
            let is_live = self.gangway.front.head.book_state(id) == Some(BookState::Live);
            if is_live || !seems_live {
                self.doubted[n] = None;
                continue;
            }
            let since = *self.doubted[n].get_or_insert(now);
            if now.0 - since.0 >= limits::RESYNC_AGAIN_NS {
                self.doubted[n] = None;
                let (frame, connection) = (self.gangway.number, ConnectionId(home as u16));
                // As for one book alone: what else was lost has been asked for.
                let reason = ResyncReason::Crossed;
                self.ask(&Resync { frame, instrument: id, connection, reason }, now);
            }
        }
    }

    /// What is due by the time alone.
    fn keep_house(&mut self, now: Nanos) {
        let _aside = alloc::aside();
        self.next_poll = Nanos(now.0 + limits::SESSION_POLL_NS);
        for venue in 0..self.stations.len() {
            self.stations[venue].session.poll(now, &mut self.actions);
            self.carry_out(venue, now);
            let state = self.stations[venue].session.state();
            if state != self.states[venue] {
                self.states[venue] = state;
                self.notes.say(Note::State { venue, state });
            }
        }
        if now >= self.next_look {
            self.next_look = Nanos(now.0 + Tick::GRID_NS);
            self.look_at_books(now);
        }
        if now.0 - self.gangway.latest.0 >= Tick::GRID_NS {
            let nothing = (ConnectionId(0), InstrumentId::NONE);
            self.gangway.admit_event(Came::Beat, nothing, now, None);
        }
    }

    /// Does what a session wants, in its order.
    #[cold]
    fn carry_out(&mut self, venue: usize, now: Nanos) {
        let _aside = alloc::aside();
        // Nothing that is done here calls a session, so no action is added meanwhile.
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::Reset { connection, about } => {
                    let name = self.stations[venue].dialect.name;
                    let what = (connection, about);
                    self.gangway.admit_event(Came::Reset, what, now, Some(name));
                }
                Action::Describe { id, described } => {
                    self.notes.say(Note::Described { venue, id, described });
                }
                action => {
                    self.carrier.act(venue, &action);
                    self.notes.say(Note::Action { venue, action });
                }
            }
        }
    }
}

/// Lets a frame through where the feed wants it; a reset that goes before it goes before it.
#[inline]
fn admit<H, P>(
    gangway: &mut Gangway<'_, H, P>,
    station: &Station,
    actions: &mut Actions,
    pass: Pass,
    (recv_ns, arrived_tsc): (Nanos, u64),
    bytes: Padded<'_>,
) where
    H: Flow + for<'m> Emit<Market<'m>>,
    P: Post,
{
    let (connection, about) = match pass {
        Pass::Feed(connection) => (connection, InstrumentId::NONE),
        Pass::Snapshot(connection, instrument) => (connection, instrument),
        Pass::Drop => return,
    };
    let venue = Some(station.dialect.name);
    if !actions.is_empty() {
        let _aside = alloc::aside();
        actions.retain(|action| {
            let Action::Reset { connection, about } = action else { return true };
            gangway.admit_event(Came::Reset, (*connection, *about), recv_ns, venue);
            false
        });
    }
    let frame = Frame { came: Came::Frame, connection, recv_ns, about, bytes };
    gangway.admit(frame, arrived_tsc, venue);
}
