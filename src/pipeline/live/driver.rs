//! The driver: turns a front on what a carrier brings.
//!
//! A turn takes one thing that happened, tells the session whose it is, and lets a frame that the
//! feed wants go through the machine. Where nothing is said for a tick of the grid, a beat goes
//! through, so that time passes for all stages, and in a replay at the same places.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::crew::front::{Arrival, Front};
use super::super::flow::link::Flow;
use super::super::trace::script::Script;
use super::carrier::{Carrier, Event};
use super::ear::{Note, Notes};
use super::members::{LiveAccount, Members};
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
pub(in crate::pipeline) struct Driver<'a, H, C> {
    pub(in crate::pipeline) gangway: Gangway<'a, H>,
    pub(in crate::pipeline) carrier: &'a mut C,
    pub(in crate::pipeline) stations: &'a mut [Station],
    /// Accounts that trade at their venues.
    pub(in crate::pipeline) members: Members<'a>,
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
pub(in crate::pipeline) struct Gangway<'a, H> {
    pub(in crate::pipeline) front: Front<'a, H>,
    pub(in crate::pipeline) script: Script,
    pub(in crate::pipeline) number: u64,
    pub(in crate::pipeline) latest: Nanos,
}

/// No bytes, and room behind them.
static NOTHING: [u8; limits::FRAME_PAD_BYTES] = [0; limits::FRAME_PAD_BYTES];

impl<H> Gangway<'_, H>
where
    H: Flow + for<'m> Emit<Market<'m>>,
{
    /// Lets a frame of a venue's connection through. Time never goes back.
    #[inline]
    fn admit(&mut self, mut frame: Frame<'_>, arrived_tsc: u64, venue: Option<&'static str>) {
        self.latest = self.latest.max(frame.recv_ns);
        frame.recv_ns = self.latest;
        let arrival = Arrival { number: self.number, frame, arrived_tsc, venue };
        self.front.step(&arrival);
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

impl<'a, H, C> Driver<'a, H, C>
where
    H: Flow + for<'m> Emit<Market<'m>>,
    C: Carrier,
{
    pub(in crate::pipeline) fn new(
        gangway: Gangway<'a, H>,
        carrier: &'a mut C,
        (stations, members): (&'a mut [Station], &'a mut [LiveAccount]),
        notes: Notes,
        instruments: &Instruments,
    ) -> Driver<'a, H, C> {
        let states = stations.iter().map(|station| station.session.state()).collect();
        let actions = Actions::with_capacity(limits::ACTIONS_USUAL);
        let home = |i: &Instrument| stations.iter().position(|s| s.dialect.name == i.venue);
        let homes = instruments.iter().map(|i| home(i).unwrap_or(usize::MAX)).collect();
        Driver {
            gangway,
            carrier,
            homes,
            members: Members::new(members, stations.len()),
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
            self.turn_or_pause(asked);
        }
        self.close(asked);
        self.gangway.front.duty.end();
    }

    /// The session ends: nothing is wanted any more, and turns go on until what is open is
    /// cancelled and booked, or [`limits::CLOSING_NS_MAX`] is over.
    fn close(&mut self, asked: &mut impl Emit<Resync>) {
        let now = self.carrier.now();
        let nothing = (ConnectionId(0), InstrumentId::NONE);
        self.gangway.admit_event(Came::Close, nothing, now, None);
        self.send_orders(now);
        let until = Nanos(now.0 + limits::CLOSING_NS_MAX);
        while self.open_orders() > 0 && self.carrier.now() < until {
            self.turn_or_pause(asked);
        }
        for place in 0..self.members.len() {
            let _aside = alloc::aside();
            let now = self.carrier.now();
            // What could not be cancelled one by one is cancelled as a whole.
            if self.open_orders() > 0 {
                self.members.cancel_all(place, now);
            }
            self.settle(place, now);
        }
    }

    fn open_orders(&self) -> usize {
        self.gangway.front.head.open_orders().unwrap_or(0)
    }

    fn turn_or_pause(&mut self, asked: &mut impl Emit<Resync>) {
        let has_worked = self.turn(asked);
        self.gangway.front.duty.turn(has_worked);
        if !has_worked {
            self.gangway.front.wait.pause();
        }
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
        let Driver { gangway, carrier, stations, members, actions, notes, .. } = self;
        let Some(event) = carrier.poll() else { return false };
        if let Some(place) = event.venue().checked_sub(stations.len()) {
            notes.trouble(event.venue(), event.why());
            members.hear(place, &event, now);
            self.settle(place, now);
            return true;
        }
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
        self.send_orders(now);
        if !self.actions.is_empty() {
            self.carry_out(venue, now);
        }
        true
    }

    /// Takes the orders of the step that is over to their venues.
    #[inline]
    fn send_orders(&mut self, now: Nanos) {
        let Driver { gangway, carrier, members, .. } = self;
        gangway.front.orders(|request| members.hand_in(request, now, *carrier));
        if members.has_replies() {
            self.let_replies_in(now);
        }
    }

    /// Does what a member wants done, and lets its replies through.
    #[inline]
    fn settle(&mut self, place: usize, now: Nanos) {
        let Driver { carrier, members, notes, .. } = self;
        members.settle(place, *carrier, |account, fact| notes.say(Note::Fact { account, fact }));
        if members.has_replies() {
            self.let_replies_in(now);
        }
    }

    /// Replies go through as a step of their own; orders may come of them.
    fn let_replies_in(&mut self, now: Nanos) {
        let Driver { gangway, carrier, stations, members, .. } = self;
        while let Some((connection, bytes, len)) = members.next_step() {
            let Some(bytes) = Padded::new(bytes, len) else { continue };
            let (came, about) = (Came::Reply, InstrumentId::NONE);
            let frame = Frame { came, connection, recv_ns: now, about, bytes };
            let name = stations[connection.index()].dialect.name;
            gangway.admit(frame, 0, Some(name));
            gangway.front.orders(|request| members.hand_in(request, now, *carrier));
        }
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
        for place in 0..self.members.len() {
            self.members.poll(place, now);
            self.settle(place, now);
            if let Some(state) = self.members.news(place) {
                self.notes.say(Note::Member { account: self.members.account(place), state });
            }
        }
        if now >= self.next_look {
            self.next_look = Nanos(now.0 + Tick::GRID_NS);
            self.look_at_books(now);
        }
        if now.0 - self.gangway.latest.0 >= Tick::GRID_NS {
            let nothing = (ConnectionId(0), InstrumentId::NONE);
            self.gangway.admit_event(Came::Beat, nothing, now, None);
            self.send_orders(now);
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
                    self.send_orders(now);
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
fn admit<H>(
    gangway: &mut Gangway<'_, H>,
    station: &Station,
    actions: &mut Actions,
    pass: Pass,
    (recv_ns, arrived_tsc): (Nanos, u64),
    bytes: Padded<'_>,
) where
    H: Flow + for<'m> Emit<Market<'m>>,
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
