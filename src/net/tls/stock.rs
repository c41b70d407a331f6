//! Stock rustls behind its handshake: TLS 1.2, and whoever asks for it.
//!
//! In: records in an inbox; plaintext for an outbox. Out: as of a session of our own.
//! It allocates for each record, and is counted for that.

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};

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
}

impl Stock {
    pub(crate) fn new(connection: UnbufferedClientConnection) -> Stock {
        Stock { connection, sealed: Vec::new(), plain: Vec::new(), said: Vec::new() }
    }

    /// Has it something to say by itself?
    pub(crate) fn owes(&self) -> bool {
        !self.said.is_empty()
    }

    /// Opens all records that have arrived.
    pub(crate) fn open(&mut self, inbox: &mut Inbox) -> Result<Opened, Down> {
        if inbox.sealed().is_empty() {
            return Ok(Opened::Nothing);
        }
        self.sealed.extend_from_slice(inbox.sealed());
        inbox.forget_sealed();
        self.plain.clear();
        let ended = self.turn()?;
        if !inbox.append(&self.plain) {
            return Err(Down::Overrun);
        }
        match (self.plain.is_empty(), ended) {
            (true, true) => Err(Down::Ended),
            (true, false) => Ok(Opened::Nothing),
            (false, _) => Ok(Opened::Record),
        }
    }

    /// Lets rustls work through `sealed`, until it wants more; true where the other side has ended.
    fn turn(&mut self) -> Result<bool, Down> {
        loop {
            let status = self.connection.process_tls_records(&mut self.sealed);
            let UnbufferedStatus { mut discard, state } = status;
            let mut done = None;
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
                ConnectionState::PeerClosed | ConnectionState::Closed => done = Some(true),
                _ => done = Some(false),
            }
            self.sealed.drain(..discard);
            if let Some(ended) = done {
                return Ok(ended);
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
        self.speak(outbox)?;
        self.plain.clear();
        self.plain.resize(plain, 0);
        write(&mut self.plain);
        // rustls says the exact size only when given too little.
        let total = match self.encrypt(&mut []) {
            Ok(bytes) => bytes,
            Err(EncryptError::InsufficientSize(needed)) => needed.required_size,
            Err(EncryptError::EncryptExhausted) => return Err(Down::Stock.into()),
        };
        let room = outbox.room(total).ok_or(SendError::Full { bytes: total })?;
        let bytes = self.encrypt(room).map_err(|_| Down::Stock)?;
        outbox.written(bytes);
        Ok(1)
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
        let UnbufferedStatus { state, .. } = self.connection.process_tls_records(&mut []);
        if let Ok(ConnectionState::WriteTraffic(mut traffic)) = state {
            let mut word = [0; 64];
            if let Ok(bytes) = traffic.queue_close_notify(&mut word) {
                self.said.extend_from_slice(&word[..bytes]);
            }
        }
        self.speak(outbox)
    }

    fn encrypt(&mut self, room: &mut [u8]) -> Result<usize, EncryptError> {
        // Whatever has been received was worked through before, so there is nothing but writing.
        match self.connection.process_tls_records(&mut []).state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => traffic.encrypt(&self.plain, room),
            _ => Err(EncryptError::EncryptExhausted),
        }
    }
}

fn encoded(
    encode: &mut rustls::unbuffered::EncodeTlsData<'_, ClientConnectionData>,
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
