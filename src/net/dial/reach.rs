//! The way to the other end: addresses tried in turn, and the upgrade over a socket that waits.
//!
//! In: a target, a span of time. Out: a stream that is reached and, once it is ready, never waits.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::super::down::{Down, SendError};
use super::super::stream::{Note, Stream};
use super::super::target::Target;
use super::super::websocket::{Upgrade, UpgradeFault};
use super::error::{DialError, Step};
use crate::sys::deadline::Deadline;

/// A stream whose socket still waits.
pub(super) struct Reached {
    pub(super) stream: Stream,
    /// The same socket, to set how it waits.
    pub(super) control: TcpStream,
    pub(super) notes: Vec<Note>,
}

/// TCP to the first address of a name that answers.
pub(super) fn connect(target: &Target, span: Duration) -> Result<TcpStream, DialError> {
    let deadline = Deadline::after(span);
    let mut last = None;
    for address in addresses(target)? {
        let Some(left) = deadline.left() else { break };
        match TcpStream::connect_timeout(&address, left) {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = Some((address, error)),
        }
    }
    match last {
        Some((address, source)) if source.kind() == io::ErrorKind::ConnectionRefused => {
            Err(DialError::Refused { host: target.host.clone(), address })
        }
        Some((address, source)) if source.kind() != io::ErrorKind::TimedOut => {
            Err(DialError::Unreachable { host: target.host.clone(), address, source })
        }
        _ => Err(DialError::timeout(target, Step::Connect, span)),
    }
}

fn addresses(target: &Target) -> Result<Vec<SocketAddr>, DialError> {
    if let Some(address) = target.address {
        return Ok(vec![address]);
    }
    let host = target.host.trim_start_matches('[').trim_end_matches(']');
    let unknown = |source| DialError::UnknownHost { host: target.host.clone(), source };
    let found: Vec<SocketAddr> = (host, target.port).to_socket_addrs().map_err(unknown)?.collect();
    if found.is_empty() {
        return Err(unknown(io::Error::from(io::ErrorKind::NotFound)));
    }
    Ok(found)
}

impl Reached {
    /// HTTP to websocket. What came behind the reply stays for the first frames.
    pub(super) fn upgrade(
        &mut self,
        target: &Target,
        upgrade: &Upgrade,
        span: Duration,
    ) -> Result<(), DialError> {
        let deadline = Deadline::after(span);
        let timeout = || DialError::timeout(target, Step::Upgrade, span);
        let request = upgrade.request();
        self.wait(deadline).map_err(|error| DialError::socket(target, error))?;
        let sent = self.stream.push(request.len(), |room| room.copy_from_slice(request));
        let sent = sent.and_then(|()| Ok(self.stream.flush()?));
        sent.map_err(|error| match error {
            SendError::Down(down) => DialError::Down { host: target.host.clone(), down },
            SendError::Full { .. } | SendError::Closing => timeout(),
        })?;
        loop {
            let refused = |fault| DialError::Upgrade { host: target.host.clone(), fault };
            if let Some(bytes) = upgrade.agreed(self.stream.inbox.plain()).map_err(refused)? {
                self.stream.inbox.take(bytes);
                return Ok(());
            }
            if deadline.left().is_none() {
                return Err(timeout());
            }
            self.wait(deadline).map_err(|error| DialError::socket(target, error))?;
            match self.stream.flush().and_then(|()| self.stream.more(&mut false)) {
                Ok(_) => {}
                Err(down) => return Err(self.cut(target, down)),
            }
        }
    }

    /// The connection is over before the reply was: a refusal may have lost its end.
    fn cut(&self, target: &Target, down: Down) -> DialError {
        let plain = self.stream.inbox.plain();
        let host = target.host.clone();
        match super::super::http::Head::parse(plain) {
            Ok(Some(head)) if head.status != 101 => {
                let fault = UpgradeFault::refused(&head, &plain[head.bytes..]);
                DialError::Upgrade { host, fault }
            }
            _ => DialError::Down { host, down },
        }
    }

    /// Sends and receives wait for what is left.
    fn wait(&self, deadline: Deadline) -> io::Result<()> {
        let left = deadline.left().unwrap_or(Duration::from_millis(1));
        self.control.set_read_timeout(Some(left))?;
        self.control.set_write_timeout(Some(left))
    }

    /// From here on nothing waits.
    pub(super) fn ready(mut self, stamps: bool) -> io::Result<(Stream, Vec<Note>)> {
        self.control.set_nonblocking(true)?;
        if stamps && let Err(error) = self.stream.stamp() {
            self.notes.push(Note::Stamps(error));
        }
        Ok((self.stream, self.notes))
    }
}
