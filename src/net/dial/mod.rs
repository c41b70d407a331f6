//! Dialling: from a target to a connection that can be polled. Cold: it waits and allocates.
//!
//! In: a target, whom to trust, how long each step may take. Out: a [`Wire`] or an [`Http`].
//! Never: a wait beyond the deadlines, but for the system's resolver, which has its own.

mod error;
mod reach;

use std::net::TcpStream;
use std::time::Duration;

pub use error::{DialError, Step};

use self::reach::Reached;
use super::buffer::Inbox;
use super::http::Http;
use super::stream::{Layer, Note, Stream};
use super::target::Target;
use super::tls::{Fresh, Tls, shake};
use super::websocket::{Masks, Upgrade};
use super::wire::Wire;
use crate::limits::{FRAME_BYTES_MAX, HTTP_BODY_BYTES_MAX};
use crate::sys::deadline::Deadline;
use crate::sys::socket;

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// TCP, over all addresses of the name.
    pub connect: Duration,
    /// TLS.
    pub handshake: Duration,
    /// HTTP to websocket.
    pub upgrade: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        let five = Duration::from_secs(5);
        Deadlines { connect: five, handshake: five, upgrade: five }
    }
}

/// What a connection is to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of the largest message, which the receive buffer is made for, with 256 KiB to spare:
    /// at most, and unless told otherwise, 16 MiB.
    pub message_bytes_max: usize,
    /// Microseconds that a receive which finds nothing looks into the network card's queue.
    pub busy_poll_us: Option<u32>,
    /// Bytes of the kernel's receive buffer.
    pub receive_buffer: Option<usize>,
    /// Has the kernel stamp what arrives.
    pub stamps: bool,
    /// Deadlines.
    pub deadlines: Deadlines,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            message_bytes_max: FRAME_BYTES_MAX,
            busy_poll_us: None,
            receive_buffer: None,
            stamps: false,
            deadlines: Deadlines::default(),
        }
    }
}

/// Dials a websocket.
pub fn dial(target: &Target, tls: &Tls, options: &Options) -> Result<Wire, DialError> {
    let upgrade = Upgrade::new(target).ok_or(DialError::Random)?;
    let masks = Masks::new().ok_or(DialError::Random)?;
    let most = options.message_bytes_max.min(FRAME_BYTES_MAX);
    let mut reached = reach(target, tls, options, most)?;
    reached.upgrade(target, &upgrade, options.deadlines.upgrade)?;
    let (stream, notes) =
        reached.ready(options.stamps).map_err(|e| DialError::socket(target, e))?;
    Ok(Wire::new(stream, most, masks, notes))
}

/// Dials a connection for HTTP requests. Their paths are their own; the target's is not used.
pub fn dial_http(target: &Target, tls: &Tls, options: &Options) -> Result<Http, DialError> {
    let most = options.message_bytes_max.min(HTTP_BODY_BYTES_MAX);
    let reached = reach(target, tls, options, most)?;
    let (stream, notes) =
        reached.ready(options.stamps).map_err(|e| DialError::socket(target, e))?;
    Ok(Http::new(stream, most, notes))
}

/// TCP, and TLS where the target has it.
fn reach(target: &Target, tls: &Tls, options: &Options, most: usize) -> Result<Reached, DialError> {
    target.check()?;
    let mut notes = Vec::new();
    let mut tcp = reach::connect(target, options.deadlines.connect)?;
    tune(&tcp, options, &mut notes).map_err(|error| DialError::socket(target, error))?;
    let (layer, behind) = if target.tls {
        let deadline = Deadline::after(options.deadlines.handshake);
        let (fresh, behind) = shake(&mut tcp, &target.host, tls, deadline)
            .map_err(|error| DialError::handshake(target, error, options.deadlines.handshake))?;
        (layer(fresh, tls.stock, &mut notes), behind)
    } else {
        (Layer::Plain, Vec::new())
    };
    let control = tcp.try_clone().map_err(|error| DialError::socket(target, error))?;
    let socket = mio::net::TcpStream::from_std(tcp);
    // The head of an HTTP reply lies before its body.
    let inbox = Inbox::new(most + crate::limits::HTTP_HEAD_BYTES_MAX);
    Ok(Reached { stream: Stream::new(socket, layer, inbox, &behind), control, notes })
}

fn layer(fresh: Fresh, asked: bool, notes: &mut Vec<Note>) -> Layer {
    match fresh {
        Fresh::Own(session) => Layer::Own(session),
        Fresh::Stock(stock) => {
            notes.push(if asked { Note::StockAsked } else { Note::StockVersion });
            Layer::Stock(stock)
        }
    }
}

/// No waiting for more bytes before a send; the rest as far as the host grants it.
fn tune(tcp: &TcpStream, options: &Options, notes: &mut Vec<Note>) -> std::io::Result<()> {
    use std::os::fd::AsFd;
    tcp.set_nodelay(true)?;
    if let Some(span_us) = options.busy_poll_us
        && let Err(error) = socket::busy_poll(tcp.as_fd(), span_us)
    {
        notes.push(Note::BusyPoll(error));
    }
    if let Some(wished) = options.receive_buffer {
        let granted = socket::receive_buffer(tcp.as_fd(), wished)?;
        if granted < wished {
            notes.push(Note::ReceiveBuffer { wished, granted });
        }
    }
    Ok(())
}
