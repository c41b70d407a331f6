//! A stream of bytes: a socket, perhaps TLS on it, and two buffers.
//!
//! In: what the socket has. Out: plaintext in the inbox; sealed bytes to the socket.
//! Never: a wait, a lock; an allocation, but in stock TLS.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use mio::net::TcpStream;

use super::buffer::{Inbox, Outbox};
use super::down::{Down, SendError};
use super::tls::{Opened, Session, Stock};
use crate::sys::{clock, socket};

/// What a connection has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Receives that brought something.
    pub receives: u64,
    /// Bytes from the socket.
    pub bytes_in: u64,
    /// Bytes to the socket.
    pub bytes_out: u64,
    /// TLS records opened; blocks of several in stock TLS, 0 on plain TCP.
    pub records_in: u64,
    /// TLS records sealed.
    pub records_out: u64,
    /// TLS keys that were replaced, both directions.
    pub key_updates: u64,
    /// Websocket messages and control frames received.
    pub frames_in: u64,
    /// Websocket frames sent, pongs included.
    pub frames_out: u64,
    /// Pings that were answered.
    pub pings: u64,
}

/// What a dial could not have as it wished. The connection works.
#[derive(Debug, thiserror::Error)]
pub enum Note {
    /// Records are left to rustls.
    #[error(
        "the other side speaks TLS 1.2 only, so rustls keeps the records and allocates for each; \
         TLS 1.3 at the venue ends that"
    )]
    StockVersion,
    /// Records are left to rustls, as was asked.
    #[error("`stock` is set, so rustls keeps the records and allocates for each")]
    StockAsked,
    /// `SO_BUSY_POLL` was refused.
    #[error("SO_BUSY_POLL was refused ({0}); it takes the capability NET_ADMIN")]
    BusyPoll(io::Error),
    /// The kernel's receive buffer is smaller than was wished.
    #[error(
        "the kernel's receive buffer has {granted} bytes, {wished} were wished; raise \
         net.core.rmem_max"
    )]
    ReceiveBuffer {
        /// What was asked for.
        wished: usize,
        /// What it is.
        granted: usize,
    },
    /// `SO_TIMESTAMPNS` was refused.
    #[error("the kernel does not stamp what arrives (SO_TIMESTAMPNS: {0})")]
    Stamps(io::Error),
}

/// What lies on the socket.
#[derive(Debug)]
pub(crate) enum Layer {
    Plain,
    Own(Box<Session>),
    Stock(Box<Stock>),
}

/// A stream.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: TcpStream,
    layer: Layer,
    pub(crate) inbox: Inbox,
    outbox: Outbox,
    pub(crate) counts: Counts,
    stamps: bool,
    /// The kernel's stamp of the newest receive, Unix time.
    pub(crate) kernel_ns: Option<i64>,
    /// The counter right after the newest receive.
    pub(crate) recv_tsc: u64,
}

impl Stream {
    /// Begins with what arrived behind the handshake.
    pub(crate) fn new(socket: TcpStream, layer: Layer, mut inbox: Inbox, behind: &[u8]) -> Stream {
        // A handshake leaves less than one receive, which an empty inbox has room for.
        let bytes = behind.len();
        inbox.room()[..bytes].copy_from_slice(behind);
        inbox.received(bytes);
        Stream {
            socket,
            layer,
            inbox,
            outbox: Outbox::default(),
            counts: Counts::default(),
            stamps: false,
            kernel_ns: None,
            recv_tsc: 0,
        }
    }

    /// Asks the kernel to stamp what arrives from now on.
    pub(crate) fn stamp(&mut self) -> io::Result<()> {
        socket::enable_stamps(self.socket.as_fd())?;
        self.stamps = true;
        Ok(())
    }

    pub(crate) fn is_stock(&self) -> bool {
        matches!(self.layer, Layer::Stock(_))
    }

    pub(crate) fn prefault(&mut self) {
        self.inbox.prefault();
        self.outbox.prefault();
    }

    /// Does nothing wait, in or out?
    pub(crate) fn is_idle(&self) -> bool {
        self.inbox.is_empty() && self.outbox.is_empty()
    }

    /// Brings more plaintext, if there is: the next record that has arrived, else one receive,
    /// unless `received` says that this turn has had one. False where there is nothing more.
    #[inline]
    pub(crate) fn more(&mut self, received: &mut bool) -> Result<bool, Down> {
        loop {
            if self.open()? {
                return Ok(true);
            }
            if *received || !self.receive()? {
                return Ok(false);
            }
            *received = true;
        }
    }

    #[inline]
    fn open(&mut self) -> Result<bool, Down> {
        let opened = match &mut self.layer {
            Layer::Plain => return Ok(self.inbox.pass()),
            Layer::Own(session) => {
                let opened = session.open(&mut self.inbox);
                self.counts.key_updates = session.updates();
                if let Err(Down::Record(fault)) = opened {
                    session.refuse(&mut self.outbox, fault);
                    let _ = self.flush();
                }
                opened?
            }
            Layer::Stock(stock) => stock.open(&mut self.inbox)?,
        };
        self.counts.records_in += u64::from(opened == Opened::Record);
        Ok(opened == Opened::Record)
    }

    /// One receive; false where nothing is there.
    #[inline]
    fn receive(&mut self) -> Result<bool, Down> {
        let room = self.inbox.room();
        if room.is_empty() {
            return Err(Down::Overrun);
        }
        let received = if self.stamps {
            socket::receive_stamped(self.socket.as_fd(), room)
        } else {
            let bytes = self.socket.read(room);
            bytes.map(|bytes| socket::Received { bytes, kernel_ns: None })
        };
        let tsc = clock::counter();
        match received {
            Ok(received) if received.bytes > 0 => {
                (self.recv_tsc, self.kernel_ns) = (tsc, received.kernel_ns);
                self.inbox.received(received.bytes);
                self.counts.receives += 1;
                self.counts.bytes_in += received.bytes as u64;
                Ok(true)
            }
            Ok(_) => Err(Down::Truncated),
            Err(error) if is_later(&error) => Ok(false),
            Err(error) => Err(broken(&error)),
        }
    }

    /// Seals `bytes` of data, which `write` puts where they are sealed; [`Stream::flush`] hands
    /// them to the socket.
    #[inline]
    pub(crate) fn push(
        &mut self,
        bytes: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Result<(), SendError> {
        match &mut self.layer {
            Layer::Plain => {
                let room = self.outbox.room(bytes).ok_or(SendError::Full { bytes })?;
                write(room);
                self.outbox.written(bytes);
            }
            Layer::Own(session) => {
                self.counts.records_out += session.seal(&mut self.outbox, bytes, write)?;
                self.counts.key_updates = session.updates();
            }
            Layer::Stock(stock) => {
                self.counts.records_out += stock.seal(&mut self.outbox, bytes, write)?;
            }
        }
        Ok(())
    }

    /// Says whatever TLS has to say by itself, and hands the socket what waits: as much as it
    /// takes, the rest with later calls.
    #[inline]
    pub(crate) fn flush(&mut self) -> Result<(), Down> {
        let said = match &mut self.layer {
            Layer::Own(session) if session.owes() => session.renew(&mut self.outbox, 0),
            Layer::Stock(stock) if stock.owes() => stock.speak(&mut self.outbox),
            _ => Ok(()),
        };
        // Without room it is said with a later call.
        if let Err(SendError::Down(down)) = said {
            return Err(down);
        }
        while !self.outbox.is_empty() {
            match self.socket.write(self.outbox.waiting()) {
                Ok(0) => return Err(Down::Broken { code: 0 }),
                Ok(bytes) => {
                    self.outbox.sent(bytes);
                    self.counts.bytes_out += bytes as u64;
                }
                Err(error) if is_later(&error) => return Ok(()),
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(())
    }

    /// Tells TLS's other side that nothing follows, and hands the socket what waits.
    pub(crate) fn close(&mut self) -> Result<(), SendError> {
        match &mut self.layer {
            Layer::Plain => {}
            Layer::Own(session) => session.close(&mut self.outbox)?,
            Layer::Stock(stock) => stock.close(&mut self.outbox)?,
        }
        Ok(self.flush()?)
    }
}

/// Nothing now, perhaps later.
fn is_later(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::TimedOut
    )
}

fn broken(error: &io::Error) -> Down {
    Down::Broken { code: error.raw_os_error().unwrap_or(0) }
}
