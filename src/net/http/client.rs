//! A connection for requests: one at a time, kept alive, polled.
//!
//! In: a request's bytes, prepared by who knows the venue. Out: its reply, in place.
//! Never: a wait, an allocation, a clock: who asked knows how long it may take, and drops the
//! connection when it has taken longer.

use super::super::buffer::Inbox;
use super::super::down::{Down, SendError};
use super::super::stream::{Counts, Note, Stream};
use super::body::{Awaited, HttpError};
use super::head::Head;

/// A connection for requests.
#[derive(Debug)]
pub struct Http {
    stream: Stream,
    awaited: Awaited,
    /// A request was sent whose reply has not come.
    asked: bool,
    closing: bool,
    down: Option<HttpError>,
    notes: Vec<Note>,
}

/// A reply, in the receive buffer.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// Its status and headers.
    pub head: Head<'a>,
    /// Its body, and all that lies behind: see [`Reply::body`].
    room: &'a [u8],
    bytes: usize,
    /// Unix time at which the kernel had the end of it, where it stamps.
    pub kernel_ns: Option<i64>,
    /// The counter right after the receive that brought its end.
    pub recv_tsc: u64,
}

impl<'a> Reply<'a> {
    /// Its body.
    pub fn body(&self) -> &'a [u8] {
        &self.room[..self.bytes]
    }

    /// Its body, and the readable bytes behind it: at least `limits::FRAME_PAD_BYTES`.
    pub fn raw(&self) -> &'a [u8] {
        self.room
    }
}

/// It is dialled on one thread and polled on another.
const _: () = {
    const fn goes_to_another_thread<T: Send>() {}
    goes_to_another_thread::<Http>();
};

impl Http {
    pub(crate) fn new(stream: Stream, body_bytes_max: usize, notes: Vec<Note>) -> Http {
        let awaited = Awaited::new(body_bytes_max);
        Http { stream, awaited, asked: false, closing: false, down: None, notes }
    }

    /// Sends a request, heads and body in one: all or nothing. One at a time.
    pub fn send(&mut self, request: &[u8]) -> Result<(), SendError> {
        if self.asked || self.closing {
            return Err(SendError::Closing);
        }
        self.stream.push(request.len(), |room| room.copy_from_slice(request))?;
        self.stream.flush()?;
        self.asked = true;
        Ok(())
    }

    /// Is a reply awaited?
    pub fn is_waiting(&self) -> bool {
        self.asked
    }

    /// Can another request be sent now?
    pub fn is_ready(&self) -> bool {
        !self.asked && !self.closing && self.down.is_none()
    }

    /// What ended it, once a poll has found that it is over.
    pub fn down(&self) -> Option<HttpError> {
        self.down
    }

    /// The reply, once it is there. Also tells, while none is awaited, that the connection is over.
    pub fn poll(&mut self) -> Result<Option<Reply<'_>>, HttpError> {
        if let Some(error) = self.down {
            return Err(error);
        }
        match self.advance() {
            Ok(Some((place, head_bytes))) => {
                self.asked = false;
                let reply = reply(&self.stream, &self.stream.inbox, &place, head_bytes);
                let reply = reply.ok_or(HttpError::Length)?;
                self.closing = reply.head.has_token("connection", "close");
                Ok(Some(reply))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.down = Some(error);
                Err(error)
            }
        }
    }

    fn advance(&mut self) -> Result<Option<(std::ops::Range<usize>, usize)>, HttpError> {
        self.stream.flush()?;
        let mut received = false;
        loop {
            if !self.asked && !self.stream.inbox.plain().is_empty() {
                return Err(HttpError::Unasked);
            }
            if self.asked
                && let Some(found) = self.awaited.next(&mut self.stream.inbox)?
            {
                return Ok(Some(found));
            }
            match self.stream.more(&mut received) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                // It said that it would.
                Err(Down::Truncated) if self.closing => return Err(Down::Ended.into()),
                Err(down) => return Err(down.into()),
            }
        }
    }

    /// Writes all buffers once, so that no page fault comes later.
    pub fn prefault(&mut self) {
        self.stream.prefault();
    }

    /// Does rustls keep the records, allocating for each?
    pub fn is_stock(&self) -> bool {
        self.stream.is_stock()
    }

    /// What the dial could not have as it wished.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// What was carried.
    pub fn counts(&self) -> Counts {
        self.stream.counts
    }
}

fn reply<'a>(
    stream: &Stream,
    inbox: &'a Inbox,
    place: &std::ops::Range<usize>,
    head_bytes: usize,
) -> Option<Reply<'a>> {
    let room = inbox.behind(place);
    let (head, body) = room.split_at(head_bytes);
    Some(Reply {
        head: Head::parse(head).ok().flatten()?,
        room: body,
        bytes: place.len() - head_bytes,
        kernel_ns: stream.kernel_ns,
        recv_tsc: stream.recv_tsc,
    })
}
