//! The network: lines that a thread beside dials, polled here one after the other.
//!
//! In: what sessions want. Out: what happened, a frame or an end of a line at a time.
//! Never: a wait, a look-up or a handshake on the hot thread; those are the dialer's.

use super::carrier::{Carrier, Event};
use super::kept::Kept;
use crate::base::Nanos;
use crate::cold::dialer::{Answered, Dialer, Made, Wanted};
use crate::limits;
use crate::metric::histogram::Recorder;
use crate::net::{Down, Kind, SendError, Wire};
use crate::sys::clock::Clock;
use crate::venue::session::{Action, Address, FetchId, Line};
use crate::venue::trade::Task;
use crate::venue::wire::Padded;

/// See the module.
#[derive(Debug)]
pub struct Network {
    clock: Clock,
    dialer: Dialer,
    lines: Vec<Open>,
    /// The line that is polled next.
    next: usize,
    /// Lines that are being dialled and that nobody has given up.
    dialled: Vec<(usize, Line)>,
    /// Lines that were found to be over, and why.
    over: Vec<(usize, Line, Over)>,
    /// Connections for orders over HTTP.
    kept: Kept,
    /// The answer that was handed out last: its bytes are lent until the next poll.
    answer: Option<Answered>,
    /// Why the last thing failed, as it was handed out.
    why: String,
    /// From the kernel's stamp to ours, where the kernel stamps.
    waited: Recorder,
}

/// A line that can be written to.
#[derive(Debug)]
struct Open {
    venue: usize,
    line: Line,
    wire: Box<Wire>,
}

/// What ended a line.
#[derive(Clone, Copy, Debug)]
enum Over {
    /// The other side, with a code; 0 where it gave none.
    Closed(u16),
    Down(Down),
    /// A text could not be sent.
    Unsent(SendError),
}

impl Network {
    /// No lines yet. `waited` hears how long bytes lay in the kernel, where it stamps them.
    pub fn new(clock: Clock, dialer: Dialer, waited: Recorder) -> Network {
        Network {
            clock,
            dialer,
            lines: Vec::with_capacity(limits::CONNECTIONS_MAX),
            next: 0,
            dialled: Vec::with_capacity(limits::CONNECTIONS_MAX),
            over: Vec::with_capacity(limits::CONNECTIONS_MAX),
            kept: Kept::default(),
            answer: None,
            why: String::new(),
            waited,
        }
    }

    fn place(&self, venue: usize, line: Line) -> Option<usize> {
        self.lines.iter().position(|open| (open.venue, open.line) == (venue, line))
    }

    fn connect(&mut self, venue: usize, line: Line, address: &Address) {
        self.dialled.push((venue, line));
        self.dialer.ask(Wanted::Line { venue, line, address: address.clone() });
    }

    /// Writes at once. What cannot be sent ends the line, and the next poll says so.
    #[inline]
    fn write(&mut self, venue: usize, line: Line, text: &[u8]) -> bool {
        let Some(place) = self.place(venue, line) else { return false };
        match self.lines[place].wire.send_text(text) {
            Ok(()) => true,
            Err(error) => {
                self.over.push((venue, line, Over::Unsent(error)));
                false
            }
        }
    }

    fn close(&mut self, venue: usize, line: Line) {
        self.dialled.retain(|dialled| *dialled != (venue, line));
        if let Some(place) = self.place(venue, line) {
            let mut open = self.lines.swap_remove(place);
            // The other side may be gone already.
            let _ = open.wire.send_close(1_000);
        }
    }

    /// Is somebody still waiting for this line? Those who gave it up are told nothing of it.
    fn is_awaited(&mut self, venue: usize, line: Line) -> bool {
        let found = self.dialled.iter().position(|dialled| *dialled == (venue, line));
        found.map(|place| self.dialled.swap_remove(place)).is_some()
    }

    /// What the dialer has made.
    #[cold]
    fn take_made(&mut self, made: Made) -> Option<Event<'_>> {
        match made {
            Made::Opened { venue, line, mut wire } => {
                if !self.is_awaited(venue, line) {
                    let _ = wire.send_close(1_000);
                    return None;
                }
                self.lines.push(Open { venue, line, wire });
                Some(Event::Opened { venue, line })
            }
            Made::Failed { venue, line, failure, why } => {
                if !self.is_awaited(venue, line) {
                    return None;
                }
                self.why = why;
                Some(Event::Failed { venue, line, failure, why: &self.why })
            }
            Made::Answered(answered) => {
                let answered = self.answer.insert(answered);
                let Answered { venue, id, status, retry_after_ns, used_weight, .. } = *answered;
                let body = Padded::new(&answered.body, answered.len)?;
                let why = answered.why.as_deref();
                Some(Event::Answer { venue, id, status, retry_after_ns, used_weight, body, why })
            }
            Made::Kept { place, http } => {
                self.kept.made(place, http, self.clock.unix_now());
                None
            }
        }
    }

    /// A line that was found to be over goes, unless it was closed since.
    #[cold]
    fn take_over(&mut self, (venue, line, over): (usize, Line, Over)) -> Option<Event<'_>> {
        let place = self.place(venue, line)?;
        self.lines.swap_remove(place);
        let (code, why) = match over {
            Over::Closed(code) => (code, format!("the other side closed with code {code}")),
            Over::Down(down) => (0, down.to_string()),
            Over::Unsent(error) => (0, error.to_string()),
        };
        self.why = why;
        Some(Event::Closed { venue, line, code, why: &self.why })
    }
}

impl Carrier for Network {
    fn act(&mut self, venue: usize, action: &Action) {
        match action {
            Action::Connect { line, address } => self.connect(venue, *line, address),
            Action::Fetch { id, address } => {
                self.dialer.ask(Wanted::Answer { venue, id: *id, address: address.clone() });
            }
            Action::Send { line, text } => {
                self.write(venue, *line, text.as_bytes());
            }
            Action::Close { line, .. } => self.close(venue, *line),
            // For the log, and for whoever owns the books.
            Action::Adopt { .. }
            | Action::Retire { .. }
            | Action::Reset { .. }
            | Action::Describe { .. } => {}
        }
    }

    fn task(&mut self, venue: usize, task: &Task) {
        match task {
            Task::Connect { line, address } => self.connect(venue, *line, address),
            Task::Request { id, request } => {
                self.dialer.ask(Wanted::Request { venue, id: *id, request: request.clone() });
            }
            Task::Send { line, text } => {
                self.write(venue, *line, text.expose().as_bytes());
            }
            Task::Close { line, .. } => self.close(venue, *line),
        }
    }

    #[inline]
    fn send(&mut self, venue: usize, line: Line, text: &[u8]) -> bool {
        self.write(venue, line, text)
    }

    fn keep(&mut self, venue: usize, address: &Address, connections: usize) {
        self.kept.keep(venue, address, connections);
    }

    #[inline]
    fn post(&mut self, venue: usize, id: FetchId, to: &Address, text: &[u8]) {
        self.kept.post((venue, id), to, text, self.clock.unix_now());
    }

    #[inline]
    fn poll(&mut self) -> Option<Event<'_>> {
        if let Some(over) = self.over.pop() {
            return self.take_over(over);
        }
        if let Some(made) = self.dialer.made() {
            return self.take_made(made);
        }
        let Network { lines, next, over, clock, waited, kept, dialer, .. } = self;
        if let Some(answer) = kept.poll(dialer, clock) {
            return Some(answer);
        }
        *next = if *next + 1 < lines.len() { *next + 1 } else { 0 };
        let place = *next;
        let Open { venue, line, wire } = lines.get_mut(place)?;
        let message = match wire.poll() {
            Ok(message) => message?,
            Err(down) => {
                over.push((*venue, *line, Over::Down(down)));
                return None;
            }
        };
        match message.kind {
            Kind::Text | Kind::Binary if !message.is_empty() => {}
            Kind::Close { code } => {
                over.push((*venue, *line, Over::Closed(code.unwrap_or(0))));
                return None;
            }
            Kind::Ping | Kind::Pong => {
                return Some(Event::Pinged { venue: *venue, line: *line });
            }
            Kind::Text | Kind::Binary => return None,
        }
        let recv_ns = clock.unix_at(message.recv_tsc);
        if let Some(kernel_ns) = message.kernel_ns {
            waited.record(u64::try_from(recv_ns.0 - kernel_ns).unwrap_or(0));
        }
        let (venue, line, arrived_tsc) = (*venue, *line, message.recv_tsc);
        let bytes = Padded::new(message.raw(), message.len())?;
        Some(Event::Frame { venue, line, recv_ns, arrived_tsc, bytes })
    }

    fn now(&self) -> Nanos {
        self.clock.unix_now()
    }
}
