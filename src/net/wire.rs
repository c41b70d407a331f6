//! A wire: a websocket on a stream, polled by a hot thread.
//!
//! In: texts to send. Out: messages where they were received, with the time of their receive.
//! Never: a wait, an allocation (but in stock TLS), a venue's word.

use std::ops::Range;

use super::buffer::Inbox;
use super::down::{Down, SendError};
use super::stream::{Counts, Note, Stream};
use super::websocket::{CONTROL_BYTES_MAX, Framing, Kind, Masks, encode, frame_bytes};

/// A websocket.
#[derive(Debug)]
pub struct Wire {
    stream: Stream,
    framing: Framing,
    masks: Masks,
    /// A ping's payload whose answer waits for room.
    pong: Pong,
    /// A close was sent.
    closing: bool,
    down: Option<Down>,
    notes: Vec<Note>,
}

/// A message, in the receive buffer.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind,
    room: &'a [u8],
    bytes: usize,
    /// Unix time at which the kernel had the newest byte of the receive that brought its end, where
    /// it stamps.
    pub kernel_ns: Option<i64>,
    /// The counter right after that receive returned.
    pub recv_tsc: u64,
}

impl<'a> Message<'a> {
    /// Its payload.
    #[inline(always)]
    pub fn text(&self) -> &'a [u8] {
        &self.room[..self.bytes]
    }

    /// Its payload, and the readable bytes behind it: at least `limits::FRAME_PAD_BYTES`.
    #[inline(always)]
    pub fn raw(&self) -> &'a [u8] {
        self.room
    }

    /// Bytes of its payload.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Has it no payload?
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

/// The newest ping that is not answered; an answer to it answers those before it (RFC 6455, 5.5.3).
#[derive(Debug)]
struct Pong {
    payload: [u8; CONTROL_BYTES_MAX],
    bytes: usize,
    is_due: bool,
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// It is dialled on one thread and polled on another.
const _: () = {
    const fn goes_to_another_thread<T: Send>() {}
    goes_to_another_thread::<Wire>();
};

impl Wire {
    pub(crate) fn new(
        stream: Stream,
        message_bytes_max: usize,
        masks: Masks,
        notes: Vec<Note>,
    ) -> Wire {
        Wire {
            stream,
            framing: Framing::new(message_bytes_max),
            masks,
            pong: Pong { payload: [0; CONTROL_BYTES_MAX], bytes: 0, is_due: false },
            closing: false,
            down: None,
            notes,
        }
    }

    /// The next message: one that has arrived already, or after one receive. `None` where there is
    /// none now; once it is down, it stays so.
    ///
    /// A ping is answered before it is shown, and the other side's close is answered.
    #[inline]
    pub fn poll(&mut self) -> Result<Option<Message<'_>>, Down> {
        if let Some(down) = self.down {
            return Err(down);
        }
        match self.advance() {
            Ok(Some((kind, place))) => {
                let stream = &self.stream;
                let (kernel_ns, recv_tsc) = (stream.kernel_ns, stream.recv_tsc);
                let (room, bytes) = (stream.inbox.behind(&place), place.len());
                Ok(Some(Message { kind, room, bytes, kernel_ns, recv_tsc }))
            }
            Ok(None) => Ok(None),
            Err(down) => Err(self.over(down)),
        }
    }

    #[inline]
    fn advance(&mut self) -> Result<Option<(Kind, Range<usize>)>, Down> {
        self.flush_all()?;
        let mut received = false;
        loop {
            if let Some(frame) = self.framing.next(&mut self.stream.inbox)? {
                self.stream.counts.frames_in += 1;
                if !matches!(frame.kind, Kind::Text | Kind::Binary) {
                    self.answer(frame.kind, &frame.place)?;
                }
                return Ok(Some((frame.kind, frame.place)));
            }
            if !self.stream.more(&mut received)? {
                return Ok(None);
            }
        }
    }

    /// Sends a text: all or nothing, and as much of it now as the socket takes.
    #[inline]
    pub fn send_text(&mut self, text: &[u8]) -> Result<(), SendError> {
        self.send(TEXT, text)
    }

    /// Seals a text, all or nothing; [`Wire::flush`] or the next [`Wire::poll`] sends it. So
    /// several texts leave with one call to the system.
    #[inline]
    pub fn push_text(&mut self, text: &[u8]) -> Result<(), SendError> {
        self.push(TEXT, text)
    }

    /// Hands the socket what was pushed: as much as it takes now.
    #[inline]
    pub fn flush(&mut self) -> Result<(), SendError> {
        if let Some(down) = self.down {
            return Err(down.into());
        }
        self.stream.flush().map_err(|down| self.over(down).into())
    }

    /// Asks for a sign of life, with a payload of up to 125 bytes.
    pub fn send_ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.send(PING, &payload[..payload.len().min(CONTROL_BYTES_MAX)])
    }

    /// Closes with a code such as 1000; what arrives is polled until the other side has answered.
    pub fn send_close(&mut self, code: u16) -> Result<(), SendError> {
        self.send(CLOSE, &code.to_be_bytes())?;
        self.closing = true;
        Ok(())
    }

    #[inline]
    fn send(&mut self, opcode: u8, payload: &[u8]) -> Result<(), SendError> {
        self.push(opcode, payload)?;
        self.flush()
    }

    #[inline]
    fn push(&mut self, opcode: u8, payload: &[u8]) -> Result<(), SendError> {
        if let Some(down) = self.down {
            return Err(down.into());
        }
        if self.closing {
            return Err(SendError::Closing);
        }
        let mask = self.masks.draw();
        let bytes = frame_bytes(payload.len());
        match self.stream.push(bytes, |room| encode(room, opcode, payload, mask)) {
            Ok(()) => {
                self.stream.counts.frames_out += 1;
                Ok(())
            }
            Err(SendError::Down(down)) => Err(self.over(down).into()),
            Err(error) => Err(error),
        }
    }

    /// Hands the socket what waits, an answer to a ping included.
    #[inline]
    fn flush_all(&mut self) -> Result<(), Down> {
        if self.pong.is_due {
            self.send_pong()?;
        }
        self.stream.flush()
    }

    /// What a control frame asks for.
    #[cold]
    fn answer(&mut self, kind: Kind, place: &Range<usize>) -> Result<(), Down> {
        match kind {
            Kind::Ping => {
                self.pong.read(&self.stream.inbox, place);
                self.stream.counts.pings += 1;
                self.send_pong()
            }
            Kind::Close { code } if !self.closing => {
                let sent = match code {
                    Some(code) => self.send_close(code),
                    None => self.send(CLOSE, &[]),
                };
                self.closing = true;
                let sent = sent.and_then(|()| self.stream.close());
                // Without room it goes unanswered: the other side has closed in any case.
                if let Err(SendError::Down(down)) = sent { Err(down) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn send_pong(&mut self) -> Result<(), Down> {
        let payload = self.pong.payload;
        match self.send(PONG, &payload[..self.pong.bytes]) {
            // Without room it is due still.
            Err(SendError::Full { .. }) => Ok(()),
            Err(SendError::Down(down)) => Err(down),
            Ok(()) | Err(SendError::Closing) => {
                self.pong.is_due = false;
                Ok(())
            }
        }
    }

    /// Over, and why: an end behind a close is as it should be.
    #[cold]
    fn over(&mut self, down: Down) -> Down {
        if let Down::Frame(fault) = down {
            // Told if it can be; the connection is over in any case.
            let _ = self.send_close(fault.close_code());
        }
        let is_end = matches!(down, Down::Truncated | Down::Broken { .. });
        let down = if is_end && self.framing.is_closed() { Down::Ended } else { down };
        self.down = Some(down);
        down
    }

    /// What can wait for a quiet turn: random masks for the frames to come.
    #[inline]
    pub fn rest(&mut self) {
        self.masks.refill();
    }

    /// Does nothing wait, in or out?
    pub fn is_idle(&self) -> bool {
        self.stream.is_idle() && !self.pong.is_due
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

impl Pong {
    fn read(&mut self, inbox: &Inbox, place: &Range<usize>) {
        let bytes = place.len().min(CONTROL_BYTES_MAX);
        self.payload[..bytes].copy_from_slice(&inbox.behind(place)[..bytes]);
        (self.bytes, self.is_due) = (bytes, true);
    }
}
