//! What carries a live machine: lines to venues, and time. The network in earnest, a simulated one
//! in tests.

use crate::base::Nanos;
use crate::venue::session::{Action, Address, Failure, FetchId, Line};
use crate::venue::trade::Task;
use crate::venue::wire::Padded;

/// Lines to venues. Stations have the first numbers; private sessions have whatever numbers above
/// those their owner chose. A number's lines, questions and answers are its own.
pub trait Carrier: Send {
    /// Carries out what a session wants: connect, send, close, fetch. What else it says is for the
    /// log.
    fn act(&mut self, venue: usize, action: &Action);

    /// Does what a private session wants: connect, send, close, request. What is sent and asked is
    /// shown to nobody.
    fn task(&mut self, venue: usize, task: &Task);

    /// Writes an order's text frame at once; false where the line is gone or cannot be written to
    /// (the next poll says so). Nothing of it was sent then.
    fn send(&mut self, venue: usize, line: Line, text: &[u8]) -> bool;

    /// Keeps so many connections to a host open, for [`Carrier::post`] by the same number. Call it
    /// before the machine starts: it makes room.
    fn keep(&mut self, venue: usize, address: &Address, connections: usize);

    /// Sends an order's HTTP request (head and body, whole) to a host on a connection that is kept
    /// open; answered by [`Event::Answer`] with that id (status 0 where there is none, and then it
    /// may have arrived). Never sent twice, nor late.
    fn post(&mut self, venue: usize, id: FetchId, to: &Address, text: &[u8]);

    /// The next thing that happened. Never waits.
    fn poll(&mut self) -> Option<Event<'_>>;

    /// The time.
    fn now(&self) -> Nanos;
}

impl Event<'_> {
    /// Whose it is.
    #[inline]
    pub const fn venue(&self) -> usize {
        match *self {
            Event::Opened { venue, .. }
            | Event::Failed { venue, .. }
            | Event::Closed { venue, .. }
            | Event::Pinged { venue, .. }
            | Event::Frame { venue, .. }
            | Event::Answer { venue, .. } => venue,
        }
    }

    /// What went wrong, for the log.
    pub const fn why(&self) -> Option<&str> {
        match *self {
            Event::Failed { why, .. } | Event::Closed { why, .. } => Some(why),
            Event::Answer { why, .. } => why,
            _ => None,
        }
    }
}

/// Something that happened on the way to a venue.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A line can be written to.
    Opened {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
    },
    /// A line could not be opened.
    Failed {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
        /// How far it came.
        failure: Failure,
        /// What went wrong, and the fix: for the log.
        why: &'a str,
    },
    /// A line ended.
    Closed {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
        /// The close frame's code, 0 where there was none.
        code: u16,
        /// What ended it: for the log.
        why: &'a str,
    },
    /// A ping or a pong came; a ping was answered.
    Pinged {
        /// From whom.
        venue: usize,
        /// On which line.
        line: Line,
    },
    /// A text frame came.
    Frame {
        /// From whom.
        venue: usize,
        /// On which line.
        line: Line,
        /// When.
        recv_ns: Nanos,
        /// The counter right after it was read from the socket.
        arrived_tsc: u64,
        /// Its bytes.
        bytes: Padded<'a>,
    },
    /// A question was answered, or will not be.
    Answer {
        /// By whom.
        venue: usize,
        /// Which question.
        id: FetchId,
        /// HTTP status; 0 where there was no answer.
        status: u16,
        /// `Retry-After`, ns; 0 where there was none.
        retry_after_ns: i64,
        /// Weight used in the last minute, where the venue says so.
        used_weight: Option<u32>,
        /// The body.
        body: Padded<'a>,
        /// Why there is no answer: for the log.
        why: Option<&'a str>,
    },
}
