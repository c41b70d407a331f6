//! The handshake: rustls leads it over a blocking socket, before anybody is hot.
//!
//! In: a connected socket, whom to trust, a deadline. Out: a session of our own (TLS 1.3) or
//! rustls's (TLS 1.2, or asked for), and what has arrived behind the handshake.
//! Never: a wait beyond the deadline.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::ProtocolVersion;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, UnbufferedStatus};

use super::record::RecordFault;
use super::session::Session;
use super::stock::Stock;
use super::trust::Tls;
use crate::limits::RECEIVE_BYTES;
use crate::sys::deadline::Deadline;

/// What a handshake gives.
#[derive(Debug)]
pub(crate) enum Fresh {
    /// Records are opened and sealed by our own code.
    Own(Box<Session>),
    /// Records are rustls's.
    Stock(Box<Stock>),
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("the host is no name that a certificate could be for")]
    Name,
    #[error("the deadline passed")]
    Timeout,
    #[error("the other side ended the connection")]
    Ended,
    #[error("the socket failed")]
    Socket(#[source] io::Error),
    #[error("rustls refused it")]
    Refused(#[source] rustls::Error),
    #[error("the session could not be taken over")]
    Session(#[source] RecordFault),
}

/// Shakes hands with `host` and says what arrived behind the handshake.
pub(crate) fn shake(
    socket: &mut TcpStream,
    host: &str,
    tls: &Tls,
    deadline: Deadline,
) -> Result<(Fresh, Vec<u8>), HandshakeError> {
    let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(name).map_err(|_| HandshakeError::Name)?;
    let connection = UnbufferedClientConnection::new(Arc::clone(&tls.config), name);
    let mut talk = Talk {
        connection: connection.map_err(HandshakeError::Refused)?,
        sealed: vec![0; RECEIVE_BYTES],
        arrived: 0,
        said: Vec::new(),
    };
    while talk.turn(socket, deadline)? {
        talk.read(socket, deadline)?;
    }
    let behind = talk.sealed[..talk.arrived].to_vec();
    let is_own = talk.connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    if tls.stock || !is_own {
        return Ok((Fresh::Stock(Box::new(Stock::new(talk.connection))), behind));
    }
    let taken = talk.connection.dangerous_into_kernel_connection();
    let (extracted, secrets) = taken.map_err(HandshakeError::Refused)?;
    let session = Session::new(&extracted, secrets).map_err(HandshakeError::Session)?;
    Ok((Fresh::Own(Box::new(session)), behind))
}

/// A handshake on its way.
struct Talk {
    connection: UnbufferedClientConnection,
    sealed: Vec<u8>,
    arrived: usize,
    said: Vec<u8>,
}

impl Talk {
    /// Works through what has arrived; true where more is needed, false where it is done.
    fn turn(&mut self, socket: &mut TcpStream, deadline: Deadline) -> Result<bool, HandshakeError> {
        loop {
            let status = self.connection.process_tls_records(&mut self.sealed[..self.arrived]);
            let UnbufferedStatus { discard, state } = status;
            let mut done = None;
            match state {
                Ok(ConnectionState::EncodeTlsData(mut encode)) => {
                    let start = self.said.len();
                    if let Err(EncodeError::InsufficientSize(needed)) = encode.encode(&mut []) {
                        self.said.resize(start + needed.required_size, 0);
                    }
                    // The room is what it asked for.
                    let _ = encode.encode(&mut self.said[start..]);
                }
                Ok(ConnectionState::TransmitTlsData(transmit)) => {
                    write(socket, &self.said, deadline)?;
                    self.said.clear();
                    transmit.done();
                }
                Ok(ConnectionState::BlockedHandshake) => done = Some(true),
                Ok(ConnectionState::WriteTraffic(_)) => done = Some(false),
                // Nobody speaks before a request: no venue's server, and not a handshake's end.
                Ok(_) => return Err(HandshakeError::Ended),
                Err(error) => {
                    self.part(socket);
                    return Err(HandshakeError::Refused(error));
                }
            }
            self.sealed.copy_within(discard..self.arrived, 0);
            self.arrived -= discard;
            if let Some(more) = done {
                return Ok(more);
            }
        }
    }

    /// Tells the other side why it was refused, as far as it still listens.
    fn part(&mut self, socket: &mut TcpStream) {
        let state = self.connection.process_tls_records(&mut []).state;
        let mut alert = [0; 64];
        if let Ok(ConnectionState::EncodeTlsData(mut encode)) = state
            && let Ok(bytes) = encode.encode(&mut alert)
        {
            let _ = socket.write_all(&alert[..bytes]);
        }
    }

    fn read(&mut self, socket: &mut TcpStream, deadline: Deadline) -> Result<(), HandshakeError> {
        if self.arrived == self.sealed.len() {
            self.sealed.resize(2 * self.sealed.len(), 0);
        }
        let left = deadline.left().ok_or(HandshakeError::Timeout)?;
        socket.set_read_timeout(Some(left)).map_err(HandshakeError::Socket)?;
        match socket.read(&mut self.sealed[self.arrived..]) {
            Ok(0) => Err(HandshakeError::Ended),
            Ok(bytes) => {
                self.arrived += bytes;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

fn write(socket: &mut TcpStream, bytes: &[u8], deadline: Deadline) -> Result<(), HandshakeError> {
    let left = deadline.left().ok_or(HandshakeError::Timeout)?;
    socket.set_write_timeout(Some(left)).map_err(HandshakeError::Socket)?;
    socket.write_all(bytes).map_err(failed)
}

fn failed(error: io::Error) -> HandshakeError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => HandshakeError::Timeout,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => HandshakeError::Ended,
        _ => HandshakeError::Socket(error),
    }
}
