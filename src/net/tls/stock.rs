//! Stock rustls behind its handshake: TLS 1.2, and whoever asks for it.
//!
//! In: records in an inbox; plaintext for an outbox. Out: as of a session of our own.
//! It allocates for each record, and is counted for that.

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic,
};

use super::super::buffer::{Inbox, Outbox};
use super::super::down::{Down, SendError};
use super::session::Opened;

/// A connection that rustls keeps.
pub(crate) struct Stock {
    connection: UnbufferedClientConnection,
    /// Records that were received and not opened.
    sealed: Vec<u8>,
    /// Plaintext on its way to the inbox, or into a record.
    plain: Vec<u8>,
    /// What rustls says by itself (a new key, an alert), on its way to the outbox.
    said: Vec<u8>,
    /// The other side said that nothing more follows.
    ended: bool,
}

impl Stock {
    pub(crate) fn new(connection: UnbufferedClientConnection) -> Stock {
        let (sealed, plain, said) = (Vec::new(), Vec::new(), Vec::new());
        Stock { connection, sealed, plain, said, ended: false }
    }

    /// Has it something to say by itself?
    pub(crate) fn owes(&self) -> bool {
        !self.said.is_empty()
    }

    /// Opens all records that have arrived.
    pub(crate) fn open(&mut self, inbox: &mut Inbox) -> Result<Opened, Down> {
        if inbox.sealed().is_empty() {
            return if self.ended { Err(Down::Ended) } else { Ok(Opened::Nothing) };
        }
        self.sealed.extend_from_slice(inbox.sealed());
        inbox.forget_sealed();
        self.plain.clear();
        self.turn()?;
        if !inbox.append(&self.plain) {
            return Err(Down::Overrun);
        }
        match self.plain.is_empty() {
            true if self.ended => Err(Down::Ended),
            true => Ok(Opened::Nothing),
            false => Ok(Opened::Record),
        }
    }

    /// Lets rustls work through `sealed`, until it wants more.
    fn turn(&mut self) -> Result<(), Down> {
        loop {
            let status = self.connection.process_tls_records(&mut self.sealed);
            let UnbufferedStatus { mut discard, state } = status;
            let mut done = false;
            match state.map_err(|_| Down::Stock)? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(|_| Down::Stock)?;
                        discard += record.discard;
                        self.plain.extend_from_slice(record.payload);
                    }
                }
                ConnectionState::EncodeTlsData(mut encode) => encoded(&mut encode, &mut self.said)?,
                ConnectionState::TransmitTlsData(transmit) => transmit.done(),
                ConnectionState::PeerClosed => self.ended = true,
                _ => done = true,
            }
            self.sealed.drain(..discard);
            if done {
                return Ok(());
            }
        }
    }

    /// Seals `plain` bytes, which `write` puts into their place, as data: all or nothing.
    pub(crate) fn seal(
        &mut self,
        outbox: &mut Outbox,
        plain: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Result<u64, SendError> {
        // What rustls wants to say itself (a new key of ours) goes before.
        self.turn()?;
        self.speak(outbox)?;
        self.plain.clear();
        self.plain.resize(plain, 0);
        write(&mut self.plain);
        let mut full = None;
        let sealed = self.write(|traffic, plain| {
            // rustls says the exact size only when given too little.
            let bytes = match traffic.encrypt(plain, &mut []) {
                Err(EncryptError::InsufficientSize(needed)) => needed.required_size,
                other => return other,
            };
            let Some(room) = outbox.room(bytes) else {
                full = Some(SendError::Full { bytes });
                return Ok(0);
            };
            traffic.encrypt(plain, room)
        });
        outbox.written(sealed.map_err(|_| Down::Stock)?);
        full.map_or(Ok(1), Err)
    }

    /// Puts what rustls said by itself into the outbox.
    pub(crate) fn speak(&mut self, outbox: &mut Outbox) -> Result<(), SendError> {
        let bytes = self.said.len();
        let room = outbox.room(bytes).ok_or(SendError::Full { bytes })?;
        room.copy_from_slice(&self.said);
        outbox.written(bytes);
        self.said.clear();
        Ok(())
    }

    /// Says that nothing more follows.
    pub(crate) fn close(&mut self, outbox: &mut Outbox) -> Result<(), SendError> {
        let mut word = [0; 64];
        let said = self.write(|traffic, _| traffic.queue_close_notify(&mut word));
        self.said.extend_from_slice(&word[..said.unwrap_or(0)]);
        self.speak(outbox)
    }

    /// Lets `write` write. rustls is shown what it has not taken, since it keeps places in it.
    fn write(
        &mut self,
        write: impl FnOnce(
            &mut WriteTraffic<'_, ClientConnectionData>,
            &[u8],
        ) -> Result<usize, EncryptError>,
    ) -> Result<usize, EncryptError> {
        let status = self.connection.process_tls_records(&mut self.sealed);
        let UnbufferedStatus { discard, state } = status;
        let written = match state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => write(&mut traffic, &self.plain),
            // Whatever was received was worked through before: there is nothing but writing.
            _ => Err(EncryptError::EncryptExhausted),
        };
        self.sealed.drain(..discard);
        written
    }
}

fn encoded(
    encode: &mut EncodeTlsData<'_, ClientConnectionData>,
    said: &mut Vec<u8>,
) -> Result<(), Down> {
    let start = said.len();
    let needed = match encode.encode(&mut []) {
        Ok(bytes) => bytes,
        Err(EncodeError::InsufficientSize(needed)) => needed.required_size,
        Err(EncodeError::AlreadyEncoded) => return Err(Down::Stock),
    };
    said.resize(start + needed, 0);
    encode.encode(&mut said[start..]).map_err(|_| Down::Stock)?;
    Ok(())
}

impl std::fmt::Debug for Stock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stock").finish_non_exhaustive()
    }
}
