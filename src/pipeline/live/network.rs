//! The network: lines that a thread beside dials, polled here one after the other.
//!
//! In: what sessions want. Out: what happened, a frame or an end of a line at a time.
//! Never: a wait, a look-up or a handshake on the hot thread; those are the dialer's.

use super::carrier::{Carrier, Event};
use crate::base::Nanos;
use crate::cold::dialer::{Answered, Dialer, Made, Wanted};
use crate::limits;
use crate::metric::histogram::Recorder;
use crate::net::{Down, Kind, Wire};
use crate::sys::clock::Clock;
use crate::venue::session::{Action, Line};
use crate::venue::wire::Padded;

/// See the module.
#[derive(Debug)]
pub struct Network {
    clock: Clock,
    dialer: Dialer,
    lines: Vec<Open>,
    /// The line that is polled next.
    next: usize,
    /// The line that was found to be over: its place, and the close frame's code or what broke it.
    over: Option<(usize, u16, Option<Down>)>,
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

impl Network {
    /// No lines yet. `waited` hears how long bytes lay in the kernel, where it stamps them.
    pub fn new(clock: Clock, dialer: Dialer, waited: Recorder) -> Network {
        Network {
            clock,
            dialer,
            lines: Vec::with_capacity(limits::CONNECTIONS_MAX),
            next: 0,
            over: None,
            answer: None,
            why: String::new(),
            waited,
        }
    }

    fn place(&self, venue: usize, line: Line) -> Option<usize> {
        self.lines.iter().position(|open| (open.venue, open.line) == (venue, line))
    }

    /// What the dialer has made.
    #[cold]
    fn take_made(&mut self, made: Made) -> Option<Event<'_>> {
        match made {
            Made::Opened { venue, line, wire } => {
                self.lines.push(Open { venue, line, wire });
                Some(Event::Opened { venue, line })
            }
            Made::Failed { venue, line, failure, why } => {
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
        }
    }

    /// The line that was found to be over goes.
    #[cold]
    fn take_over(&mut self, (place, code, down): (usize, u16, Option<Down>)) -> Event<'_> {
        let Open { venue, line, .. } = self.lines.swap_remove(place);
        self.why = match down {
            Some(down) => down.to_string(),
            None => format!("the other side closed with code {code}"),
        };
        Event::Closed { venue, line, code, why: &self.why }
    }
}

impl Carrier for Network {
    fn act(&mut self, venue: usize, action: &Action) {
        match action {
            Action::Connect { line, address } => {
                self.dialer.ask(Wanted::Line { venue, line: *line, address: address.clone() });
            }
            Action::Fetch { id, address } => {
                self.dialer.ask(Wanted::Answer { venue, id: *id, address: address.clone() });
            }
            Action::Send { line, text } => {
                if let Some(place) = self.place(venue, *line) {
                    // What cannot be sent has broken the line, and the next poll says so.
                    let _ = self.lines[place].wire.send_text(text.as_bytes());
                }
            }
            Action::Close { line, .. } => {
                if let Some(place) = self.place(venue, *line) {
                    let mut open = self.lines.swap_remove(place);
                    // The other side may be gone already.
                    let _ = open.wire.send_close(1_000);
                }
            }
            // For the log, and for whoever owns the books.
            Action::Adopt { .. }
            | Action::Retire { .. }
            | Action::Reset { .. }
            | Action::Describe { .. } => {}
        }
    }

    #[inline]
    fn poll(&mut self) -> Option<Event<'_>> {
        if let Some(over) = self.over.take() {
            return Some(self.take_over(over));
        }
        if let Some(made) = self.dialer.made() {
            return self.take_made(made);
        }
        let Network { lines, next, over, clock, waited, .. } = self;
        *next = if *next + 1 < lines.len() { *next + 1 } else { 0 };
        let place = *next;
        let Open { venue, line, wire } = lines.get_mut(place)?;
        let message = match wire.poll() {
            Ok(message) => message?,
            Err(down) => {
                *over = Some((place, 0, Some(down)));
                return None;
            }
        };
        match message.kind {
            Kind::Text | Kind::Binary if !message.is_empty() => {}
            Kind::Close { code } => {
                *over = Some((place, code.unwrap_or(0), None));
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
