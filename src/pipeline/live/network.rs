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
use crate::venue::session::{Action, FetchId, Line};
use crate::venue::wire::Padded;

/// See the module.
pub struct Network {
    clock: Clock,
    dialer: Dialer,
    lines: Vec<Open>,
    /// The line that is polled next.
    next: usize,
    /// The answer that was handed out last: its bytes are lent until the next poll.
    answer: Option<Answered>,
    /// From the kernel's stamp to ours, where the kernel stamps.
    waited: Option<Recorder>,
}

/// A line that can be written to.
struct Open {
    venue: usize,
    line: Line,
    wire: Box<Wire>,
}

impl Network {
    /// No lines yet.
    pub fn new(clock: Clock, dialer: Dialer, waited: Option<Recorder>) -> Network {
        let lines = Vec::with_capacity(limits::CONNECTIONS_MAX);
        Network { clock, dialer, lines, next: 0, answer: None, waited }
    }

    fn place(&self, venue: usize, line: Line) -> Option<usize> {
        self.lines.iter().position(|open| (open.venue, open.line) == (venue, line))
    }

    /// What the dialer has made since it was asked last.
    #[cold]
    fn take_made(&mut self, made: Made) -> Option<Event<'_>> {
        match made {
            Made::Opened { venue, line, wire } => {
                self.lines.push(Open { venue, line, wire });
                Some(Event::Opened { venue, line })
            }
            Made::Failed { venue, line, failure } => Some(Event::Failed { venue, line, failure }),
            Made::Answered(answered) => {
                let Answered { venue, id, status, retry_after_ns, used_weight, ref body, len } =
                    *self.answer.insert(answered);
                let body = Padded::new(body, len)?;
                Some(Event::Answer { venue, id, status, retry_after_ns, used_weight, body })
            }
        }
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
                    // What cannot be sent breaks the line, and the next poll says so.
                    let _ = self.lines[place].wire.send_text(text.as_bytes());
                }
            }
            Action::Close { line, .. } => {
                if let Some(place) = self.place(venue, *line) {
                    let mut open = self.lines.swap_remove(place);
                    let _ = open.wire.send_close(1000);
                }
            }
            Action::Adopt { .. }
            | Action::Retire { .. }
            | Action::Reset { .. }
            | Action::Describe { .. } => {}
        }
    }

    #[inline]
    fn poll(&mut self) -> Option<Event<'_>> {
        if let Some(made) = self.dialer.made() {
            return self.take_made(made);
        }
        let count = self.lines.len();
        if count == 0 {
            return None;
        }
        self.next = (self.next + 1) % count;
        let place = self.next;
        let Open { venue, line, .. } = self.lines[place];
        let code = match self.lines[place].wire.poll() {
            Ok(None) => return None,
            Ok(Some(message)) => {
                // Borrowed anew below: a line that is over is removed in the other arms.
                match message.kind {
                    Kind::Text => None,
                    Kind::Close => Some(message.close_code()),
                    _ => return None,
                }
            }
            Err(Down::Ended) => Some(0),
            Err(_) => Some(0),
        };
        if let Some(code) = code {
            self.lines.swap_remove(place);
            return Some(Event::Closed { venue, line, code });
        }
        let message = self.lines[place].wire.last()?;
        let recv_ns = self.clock.unix_at(message.recv_tsc);
        if let (Some(waited), Some(kernel_ns)) = (&mut self.waited, message.kernel_ns) {
            waited.record(u64::try_from(recv_ns.0 - kernel_ns).unwrap_or(0));
        }
        let bytes = Padded::new(message.room, message.len)?;
        let arrived_tsc = message.recv_tsc;
        Some(Event::Frame { venue, line, recv_ns, arrived_tsc, bytes })
    }

    fn now(&self) -> Nanos {
        self.clock.unix_now()
    }
}
