//! Hub: the hall with its clock and the queues of its connections.
//!
//! In: what connections and requests bring, and the time. Out: what each connection is given, into
//! its queue.
//! Never: a queue without a bound, or a wait: whoever does not read is gone.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::settings::Settings;
use crate::base::Nanos;
use crate::limits::{SIM_QUEUE_BYTES, SIM_QUEUE_FRAMES};
use crate::sim::dialect::{Ask, Conn, Control, Letter, Out, Put, Response};
use crate::sim::fault::{Change, Faults};
use crate::sim::hall::Hall;
use crate::sim::world::{self, World};
use crate::sys::clock::Clock;

/// How long the clock is measured at start.
const CALIBRATION: Duration = Duration::from_millis(20);

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that are open, by venue.
    pub connections: [usize; 3],
    /// Frames that were put into queues.
    pub frames: u64,
    /// REST requests.
    pub requests: u64,
    /// Connections that were ended since they did not read.
    pub slow: u64,
    /// Faults that were begun.
    pub faults: u64,
}

/// A connection's end of its queue.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) conn: Conn,
    pub(super) queue: mpsc::Receiver<Put>,
    /// Bytes in the queue.
    pub(super) waiting: Arc<AtomicUsize>,
    /// Rings when the connection is to end at once.
    pub(super) ended: Arc<Notify>,
}

/// Our end of it.
#[derive(Debug)]
struct Line {
    queue: mpsc::Sender<Put>,
    waiting: Arc<AtomicUsize>,
    ended: Arc<Notify>,
}

/// See the module.
pub(super) struct Hub {
    clock: Clock,
    /// A reading of the clock, and the time in the world at it.
    start: (u64, Nanos),
    speed: u32,
    state: Mutex<State>,
}

struct State {
    hall: Hall,
    faults: Faults,
    lines: BTreeMap<Conn, Line>,
    counts: Counts,
}

impl Hub {
    pub(super) fn new(settings: &Settings) -> Hub {
        let clock = Clock::calibrate(CALIBRATION);
        let ticks = clock.ticks();
        let open = clock.unix_at(ticks);
        let world = if settings.played.is_empty() {
            World::new(settings.seed, &world::Settings { open, ..world::Settings::default() })
        } else {
            World::played(&settings.played, open)
        };
        let hall = Hall::of(world, &settings.accounts);
        let faults = Faults::new(&settings.faults, settings.seed, open);
        let (lines, counts) = (BTreeMap::new(), Counts::default());
        let state = Mutex::new(State { hall, faults, lines, counts });
        Hub { clock, start: (ticks, open), speed: settings.speed.max(1), state }
    }

    pub(super) fn now(&self) -> Nanos {
        let (ticks, open) = self.start;
        let span_ns = self.clock.span_ns(self.clock.ticks().saturating_sub(ticks));
        Nanos(open.0 + span_ns as i64 * i64::from(self.speed))
    }

    pub(super) fn counts(&self) -> Counts {
        let state = self.lock();
        let connections = [0, 1, 2].map(|venue| state.hall.connections(venue));
        Counts { connections, faults: state.faults.begun(), ..state.counts }
    }

    /// It is later now.
    pub(super) fn turn(&self) {
        self.with(|_, _| ());
    }

    pub(super) fn open(
        &self,
        venue: usize,
        ask: &Ask<'_>,
        peer: IpAddr,
    ) -> Result<Inbox, Response> {
        self.with(|state, out| {
            if let Some(refused) = state.faults.refusal(venue, ask.path, state.hall.world().now()) {
                return Err(refused);
            }
            let conn = state.hall.open(venue, ask, out)?;
            state.hall.came_from(conn, peer);
            state.faults.opened(conn, venue);
            let (sender, queue) = mpsc::channel(SIM_QUEUE_FRAMES);
            let (waiting, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
            let inbox = Inbox { conn, queue, waiting: waiting.clone(), ended: ended.clone() };
            state.lines.insert(conn, Line { queue: sender, waiting, ended });
            Ok(inbox)
        })
    }

    pub(super) fn text(&self, conn: Conn, text: &str) {
        self.with(|state, out| {
            let now = state.hall.world().now();
            if !state.faults.hears(conn, now) {
                return;
            }
            match state.faults.denies(conn, text, now) {
                Some(refusals) => out.extend(refusals),
                None => state.hall.text(conn, text, out),
            }
        });
    }

    pub(super) fn control(&self, conn: Conn, control: Control<'_>) {
        self.with(|state, out| state.hall.control(conn, control, out));
    }

    pub(super) fn request(&self, venue: usize, letter: &Letter<'_>) -> Response {
        self.with(|state, out| {
            state.counts.requests += 1;
            let now = state.hall.world().now();
            let refused = state.faults.refusal(venue, letter.ask.path, now);
            let answer = refused.unwrap_or_else(|| state.hall.post(venue, letter, out));
            state.faults.answer(venue, now, answer)
        })
    }

    /// So long of the world's time, in ours.
    pub(super) fn real(&self, span_ns: i64) -> Duration {
        Duration::from_nanos(span_ns.unsigned_abs() / u64::from(self.speed))
    }

    pub(super) fn closed(&self, conn: Conn) {
        self.with(|state, _| {
            state.lines.remove(&conn);
            state.faults.closed(conn);
            state.hall.closed(conn);
        });
    }

    /// Lets the world come to now, does something, and gives out what follows.
    fn with<T>(&self, act: impl FnOnce(&mut State, &mut Vec<Out>) -> T) -> T {
        let now = self.now();
        let mut state = self.lock();
        let mut out = Vec::new();
        state.hall.advance(now, &mut out);
        for change in state.faults.begin(now) {
            match change {
                Change::Maintenance(venue, begins) => {
                    state.hall.maintain(venue, begins, &mut out);
                }
                Change::Lag(venue, late_ns) => state.hall.lag(venue, late_ns),
                Change::Burst(venue, symbol, rate, for_ns) => {
                    state.hall.burst(venue, symbol.as_deref(), rate, for_ns);
                }
            }
        }
        let result = act(&mut state, &mut out);
        let mut due = Vec::new();
        state.faults.pass(out, now, &mut due);
        state.deliver(due);
        result
    }

    /// What a panic left is still a hall; the panic itself ends the connection it was in.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&mut self, out: Vec<Out>) {
        for Out { conn, put } in out {
            let Some(line) = self.lines.get(&conn) else { continue };
            let bytes = if let Put::Frame(frame) = &put { frame.len() } else { 0 };
            let is_last = matches!(put, Put::Close(..));
            let waiting = line.waiting.fetch_add(bytes, Ordering::Relaxed);
            let is_slow = waiting > SIM_QUEUE_BYTES || line.queue.try_send(put).is_err();
            self.counts.frames += 1;
            if is_slow {
                self.counts.slow += 1;
                line.ended.notify_one();
            }
            if is_slow || is_last {
                self.lines.remove(&conn);
                self.faults.closed(conn);
                self.hall.closed(conn);
            }
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("speed", &self.speed).finish_non_exhaustive()
    }
}
