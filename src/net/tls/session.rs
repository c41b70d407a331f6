//! TLS 1.3 behind its handshake: records in both directions, key updates, tickets, alerts.
//!
//! In: records in an inbox; plaintext for an outbox. Out: plaintext in the inbox; sealed records.
//! Never: a key used for more records than its cipher allows; a handshake message that has no
//! place here (RFC 8446, 4.6) taken; an allocation for a record of data.
//!
//! New tickets are read over: a dial shakes hands in full, since it is cold, and keeps nothing.

use rustls::client::ClientConnectionData;
use rustls::kernel::KernelConnection;
use rustls::{ExtractedSecrets, SupportedCipherSuite};

use super::super::buffer::{Inbox, Outbox};
use super::super::down::{Down, SendError};
use super::record::{ALERT, DATA, HANDSHAKE, HEAD_BYTES, RecordFault, Records, TAIL_BYTES, front};
use crate::limits::RECORD_PLAIN_BYTES_MAX;

/// What one look at the records brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// No record is there in full.
    Nothing,
    /// A record, and the inbox has its plaintext, if it was data.
    Record,
}

/// Both directions of a connection.
pub(crate) struct Session {
    inward: Records,
    outward: Records,
    /// Derives the keys that follow.
    secrets: KernelConnection<ClientConnectionData>,
    /// Records that one key may seal.
    records_max: u64,
    /// The other side asked for a new key of ours, which waits for room in the outbox.
    owes_update: bool,
    messages: Messages,
    /// Keys that were replaced, both directions.
    updates: u64,
}

/// Handshake messages, which may cross records: a ticket is read over, a key update is one byte.
#[derive(Debug, Default)]
struct Messages {
    head: [u8; 4],
    head_bytes: usize,
    /// Bytes of a ticket still to come.
    skip: usize,
}

/// Records that are kept back from what a key may seal, for the update itself.
const MARGIN: u64 = 64;
const NEW_SESSION_TICKET: u8 = 4;
const KEY_UPDATE: u8 = 24;
const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;

impl Session {
    /// Takes over where a handshake ended.
    pub(crate) fn new(
        extracted: &ExtractedSecrets,
        secrets: KernelConnection<ClientConnectionData>,
    ) -> Result<Session, RecordFault> {
        let records_max = match secrets.negotiated_cipher_suite() {
            SupportedCipherSuite::Tls13(suite) => suite.common.confidentiality_limit,
            SupportedCipherSuite::Tls12(_) => return Err(RecordFault::Secrets),
        };
        Ok(Session {
            inward: Records::new(extracted.rx.0, &extracted.rx.1)?,
            outward: Records::new(extracted.tx.0, &extracted.tx.1)?,
            secrets,
            records_max,
            owes_update: false,
            messages: Messages::default(),
            updates: 0,
        })
    }

    /// Keys that were replaced, in both directions.
    pub(crate) fn updates(&self) -> u64 {
        self.updates
    }

    /// Has it something to say by itself?
    #[inline]
    pub(crate) fn owes(&self) -> bool {
        self.owes_update
    }

    /// Opens the next record of the inbox.
    #[inline]
    pub(crate) fn open(&mut self, inbox: &mut Inbox) -> Result<Opened, Down> {
        let Some((head, record)) = front(inbox.sealed())? else { return Ok(Opened::Nothing) };
        inbox.open(HEAD_BYTES, record, |room, from| {
            let (kind, bytes) = self.inward.open(head, room, from)?;
            if kind == DATA {
                return Ok(bytes);
            }
            self.on_other(kind, &room[..bytes])?;
            Ok::<usize, Down>(0)
        })?;
        Ok(Opened::Record)
    }

    /// Bytes that `plain` ones take when sealed.
    #[inline]
    pub(crate) fn sealed_bytes(plain: usize) -> usize {
        plain + plain.div_ceil(RECORD_PLAIN_BYTES_MAX).max(1) * (HEAD_BYTES + TAIL_BYTES)
    }

    /// Seals `plain` bytes, which `write` puts where they are sealed, as data: all or nothing.
    #[inline]
    pub(crate) fn seal(
        &mut self,
        outbox: &mut Outbox,
        plain: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Result<u64, SendError> {
        let records = plain.div_ceil(RECORD_PLAIN_BYTES_MAX).max(1);
        self.renew(outbox, records as u64)?;
        let total = Session::sealed_bytes(plain);
        let room = outbox.room(total).ok_or(SendError::Full { bytes: total })?;
        // So far back that the last record is in place; those before it move forward, each into
        // room whose plaintext has been taken already.
        let start = total - TAIL_BYTES - plain;
        write(&mut room[start..start + plain]);
        let (mut from, mut to, mut left) = (start, 0, plain);
        for _ in 0..records {
            let bytes = left.min(RECORD_PLAIN_BYTES_MAX);
            if from != to + HEAD_BYTES {
                room.copy_within(from..from + bytes, to + HEAD_BYTES);
            }
            let end = to + HEAD_BYTES + bytes + TAIL_BYTES;
            self.outward.seal(DATA, &mut room[to..end]).map_err(Down::from)?;
            (from, to, left) = (from + bytes, end, left - bytes);
        }
        outbox.written(total);
        Ok(records as u64)
    }

    /// Says that nothing more follows.
    pub(crate) fn close(&mut self, outbox: &mut Outbox) -> Result<(), SendError> {
        self.seal_small(outbox, ALERT, &[1, CLOSE_NOTIFY])
    }

    /// Says why nothing more is taken.
    pub(crate) fn refuse(&mut self, outbox: &mut Outbox, fault: RecordFault) {
        const FATAL: u8 = 2;
        // Without room it goes unsaid: the connection is over in any case.
        let _ = self.seal_small(outbox, ALERT, &[FATAL, fault.alert()]);
    }

    /// A new key of ours where it is due: asked for, or before the old one is used up.
    pub(crate) fn renew(&mut self, outbox: &mut Outbox, records: u64) -> Result<(), SendError> {
        let is_worn = self.outward.sequence().saturating_add(records + MARGIN) >= self.records_max;
        if !is_worn && !self.owes_update {
            return Ok(());
        }
        // `update_not_requested`: what the other side seals with is its own business.
        self.seal_small(outbox, HANDSHAKE, &[KEY_UPDATE, 0, 0, 1, 0])?;
        let next = self.secrets.update_tx_secret().map_err(|_| RecordFault::Secrets);
        let next = next.and_then(|(sequence, secrets)| Records::new(sequence, &secrets));
        self.outward = next.map_err(Down::from)?;
        self.owes_update = false;
        self.updates += 1;
        Ok(())
    }

    fn seal_small(
        &mut self,
        outbox: &mut Outbox,
        kind: u8,
        content: &[u8],
    ) -> Result<(), SendError> {
        let total = HEAD_BYTES + content.len() + TAIL_BYTES;
        let room = outbox.room(total).ok_or(SendError::Full { bytes: total })?;
        room[HEAD_BYTES..][..content.len()].copy_from_slice(content);
        self.outward.seal(kind, room).map_err(Down::from)?;
        outbox.written(total);
        Ok(())
    }

    /// What is no data.
    #[cold]
    fn on_other(&mut self, kind: u8, content: &[u8]) -> Result<(), Down> {
        match (kind, content) {
            (ALERT, [_, CLOSE_NOTIFY]) => Err(Down::Ended),
            // It announces a close, which follows (RFC 8446, 6.1).
            (ALERT, [_, USER_CANCELED]) => Ok(()),
            (ALERT, [_, code]) => Err(Down::Alert { code: *code }),
            (ALERT, other) => Err(RecordFault::AlertSize(other.len()).into()),
            (HANDSHAKE, content) => self.on_handshake(content),
            (other, _) => Err(RecordFault::Content(other).into()),
        }
    }

    fn on_handshake(&mut self, content: &[u8]) -> Result<(), Down> {
        if !self.messages.is_update(content)? {
            return Ok(());
        }
        let next = self.secrets.update_rx_secret().map_err(|_| RecordFault::Secrets)?;
        self.inward = Records::new(next.0, &next.1)?;
        self.updates += 1;
        // Several requests may be met by one update (RFC 8446, 4.6.3).
        self.owes_update |= content.last() == Some(&1);
        Ok(())
    }
}

impl Messages {
    /// Reads on; true where the record ends with a key update, which is the last under its key.
    fn is_update(&mut self, mut content: &[u8]) -> Result<bool, RecordFault> {
        while !content.is_empty() {
            if self.skip > 0 {
                let bytes = self.skip.min(content.len());
                self.skip -= bytes;
                content = &content[bytes..];
                continue;
            }
            let bytes = content.len().min(self.head.len() - self.head_bytes);
            self.head[self.head_bytes..][..bytes].copy_from_slice(&content[..bytes]);
            self.head_bytes += bytes;
            content = &content[bytes..];
            if self.head_bytes < self.head.len() {
                continue;
            }
            let [kind, a, b, c] = self.head;
            let body = u32::from_be_bytes([0, a, b, c]) as usize;
            match kind {
                NEW_SESSION_TICKET => self.skip = body,
                // Its body may come in a record of its own, but nothing may follow it.
                KEY_UPDATE if body == 1 && content.len() <= 1 => match content {
                    [] => return Ok(false),
                    [0 | 1] => {
                        self.head_bytes = 0;
                        return Ok(true);
                    }
                    _ => return Err(RecordFault::KeyUpdate),
                },
                KEY_UPDATE => return Err(RecordFault::KeyUpdate),
                other => return Err(RecordFault::Handshake(other)),
            }
            self.head_bytes = 0;
        }
        Ok(false)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("updates", &self.updates).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(bytes: usize) -> Vec<u8> {
        let mut ticket = vec![NEW_SESSION_TICKET];
        ticket.extend_from_slice(&(bytes as u32).to_be_bytes()[1..]);
        ticket.resize(4 + bytes, 0x18);
        ticket
    }

    #[test]
    fn tickets_are_read_over_however_they_are_cut() {
        let all = [ticket(300), ticket(0), ticket(7), vec![KEY_UPDATE, 0, 0, 1, 1]].concat();
        for size in 1..all.len() {
            let mut messages = Messages::default();
            let found: Vec<bool> =
                all.chunks(size).map(|part| messages.is_update(part).unwrap()).collect();
            let (last, before) = found.split_last().unwrap();
            assert!(*last && before.iter().all(|is| !is), "parts of {size}");
        }
    }

    #[test]
    fn a_key_update_is_one_byte_and_the_last_of_its_record() {
        let refused = |content: &[u8]| Messages::default().is_update(content).unwrap_err();
        assert_eq!(refused(&[KEY_UPDATE, 0, 0, 1, 2]), RecordFault::KeyUpdate);
        assert_eq!(refused(&[KEY_UPDATE, 0, 0, 2, 0, 0]), RecordFault::KeyUpdate);
        assert_eq!(refused(&[KEY_UPDATE, 0, 0, 1, 0, 4]), RecordFault::KeyUpdate);
        assert_eq!(refused(&[1, 0, 0, 0]), RecordFault::Handshake(1), "a client's hello");
    }

    #[test]
    fn sealed_bytes_count_a_head_and_a_tail_for_each_record() {
        assert_eq!(Session::sealed_bytes(0), 22);
        assert_eq!(Session::sealed_bytes(16_384), 16_406);
        assert_eq!(Session::sealed_bytes(16_385), 16_385 + 44);
    }
}
