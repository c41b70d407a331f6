//! One direction of TLS 1.3 records (RFC 8446, section 5): a key, and how many it was used for.
//!
//! In: a record in its buffer, or plaintext behind room for a head. Out: the other one, in place.
//! Never: a record of a wrong tag, kind or size taken; a nonce used twice (each is the
//! initialisation vector XOR the count, RFC 8446, 5.3, and the count only grows).

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::ConnectionTrafficSecrets;

use crate::limits::{RECORD_PLAIN_BYTES_MAX, RECORD_SEALED_BYTES_MAX};

/// Bytes of a record's head: kind, version, length.
pub(crate) const HEAD_BYTES: usize = 5;
/// Bytes behind a record's plaintext: its kind and its tag.
pub(crate) const TAIL_BYTES: usize = 17;
const TAG_BYTES: usize = 16;

/// Kinds of content (RFC 8446, 5.1).
pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const DATA: u8 = 23;

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// Behind the handshake every record looks like application data.
    #[error("a record of kind {0} came where only sealed ones (23) may")]
    Kind(u8),
    /// Longer than a record may be.
    #[error("a record of {0} bytes came, and 16,640 are the most")]
    Long(usize),
    /// Too short for a kind and a tag.
    #[error("a record of {0} bytes came, and 17 are the fewest")]
    Short(usize),
    /// Changed on its way, out of order, or sealed with another key.
    #[error("its tag is wrong: it was changed on its way or sealed with another key")]
    Tag,
    /// More plaintext than a record may hold.
    #[error("a record holds {0} bytes, and 16,384 are the most")]
    Plaintext(usize),
    /// Nothing but padding.
    #[error("a record holds no kind of content, only padding")]
    Empty,
    /// A kind of content that has no place here.
    #[error("a record holds content of kind {0}, which has no place behind the handshake")]
    Content(u8),
    /// An alert is two bytes.
    #[error("an alert of {0} bytes came, and two are an alert")]
    AlertSize(usize),
    /// A message of the handshake that has no place behind it.
    #[error("handshake message {0} came behind the handshake")]
    Handshake(u8),
    /// A key update that is not what RFC 8446, 4.6.3 says.
    #[error("a key update came that is malformed or shares its record with what follows")]
    KeyUpdate,
    /// The next key could not be derived.
    #[error("the next key could not be derived")]
    Secrets,
    /// As many records as there are nonces.
    #[error("the key was used for as many records as it may be")]
    Spent,
}

impl RecordFault {
    /// What the other side is told (RFC 8446, 6.2).
    pub(crate) fn alert(self) -> u8 {
        match self {
            RecordFault::Kind(_)
            | RecordFault::Empty
            | RecordFault::Content(_)
            | RecordFault::Handshake(_)
            | RecordFault::KeyUpdate => 10,
            RecordFault::Tag => 20,
            RecordFault::Long(_) | RecordFault::Plaintext(_) => 22,
            RecordFault::Short(_) | RecordFault::AlertSize(_) => 50,
            RecordFault::Secrets | RecordFault::Spent => 80,
        }
    }
}

/// One direction: opens or seals with one key, counting.
#[derive(Debug)]
pub struct Records {
    key: LessSafeKey,
    iv: [u8; aead::NONCE_LEN],
    sequence: u64,
}

impl Records {
    /// Begins with a key out of a handshake, or with the one after it.
    pub fn new(sequence: u64, secrets: &ConnectionTrafficSecrets) -> Result<Records, RecordFault> {
        let (algorithm, key, iv) = match secrets {
            ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (&aead::AES_128_GCM, key, iv),
            ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (&aead::AES_256_GCM, key, iv),
            ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => {
                (&aead::CHACHA20_POLY1305, key, iv)
            }
            _ => return Err(RecordFault::Secrets),
        };
        let iv = iv.as_ref().try_into().map_err(|_| RecordFault::Secrets)?;
        Records::with(sequence, algorithm, key.as_ref(), iv)
    }

    /// Begins with a key as it is, after `sequence` records.
    pub fn with(
        sequence: u64,
        algorithm: &'static aead::Algorithm,
        key: &[u8],
        iv: [u8; aead::NONCE_LEN],
    ) -> Result<Records, RecordFault> {
        let key = UnboundKey::new(algorithm, key).map_err(|_| RecordFault::Secrets)?;
        Ok(Records { key: LessSafeKey::new(key), iv, sequence })
    }

    /// Records of this key so far.
    #[inline]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Opens a record: its ciphertext and tag lie in `room` from `from` on, its plaintext goes to
    /// the start of `room`. Gives the kind of its content and how many bytes it has.
    #[inline]
    pub fn open(
        &mut self,
        head: [u8; HEAD_BYTES],
        room: &mut [u8],
        from: usize,
    ) -> Result<(u8, usize), RecordFault> {
        let nonce = self.nonce()?;
        let inner = self
            .key
            .open_within(nonce, Aad::from(head), room, from..)
            .map_err(|_| RecordFault::Tag)?;
        // Content, its kind, and any number of zeroes (RFC 8446, 5.2).
        let Some(last) = inner.iter().rposition(|byte| *byte != 0) else {
            return Err(RecordFault::Empty);
        };
        if last > RECORD_PLAIN_BYTES_MAX {
            return Err(RecordFault::Plaintext(last));
        }
        Ok((inner[last], last))
    }

    /// Seals a record: `record` is room for a head, then plaintext, then room for the tail.
    #[inline]
    pub fn seal(&mut self, kind: u8, record: &mut [u8]) -> Result<(), RecordFault> {
        let sealed = record.len() - HEAD_BYTES;
        let [high, low] = (sealed as u16).to_be_bytes();
        // Every sealed record says that it is data of TLS 1.2 (RFC 8446, 5.2).
        let head = [DATA, 3, 3, high, low];
        let (front, body) = record.split_at_mut(HEAD_BYTES);
        front.copy_from_slice(&head);
        let (inner, tag) = body.split_at_mut(sealed - TAG_BYTES);
        if let Some(last) = inner.last_mut() {
            *last = kind;
        }
        let nonce = self.nonce()?;
        let made = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(head), inner)
            .map_err(|_| RecordFault::Spent)?;
        tag.copy_from_slice(made.as_ref());
        Ok(())
    }

    #[inline]
    fn nonce(&mut self) -> Result<Nonce, RecordFault> {
        let next = self.sequence.checked_add(1).ok_or(RecordFault::Spent)?;
        let mut nonce = self.iv;
        let (_, low) = nonce.split_at_mut(aead::NONCE_LEN - size_of::<u64>());
        for (byte, count) in low.iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= count;
        }
        self.sequence = next;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// The head of the record at the front of `sealed` and the whole record's bytes; `None` where it
/// has not arrived in full. A size that no record has is refused as soon as its head is there.
#[inline]
pub fn front(sealed: &[u8]) -> Result<Option<([u8; HEAD_BYTES], usize)>, RecordFault> {
    let Some(head) = sealed.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
    let body = usize::from(u16::from_be_bytes([head[3], head[4]]));
    if head[0] != DATA {
        return Err(RecordFault::Kind(head[0]));
    }
    if body > RECORD_SEALED_BYTES_MAX {
        return Err(RecordFault::Long(body));
    }
    if body < TAIL_BYTES {
        return Err(RecordFault::Short(body));
    }
    let record = HEAD_BYTES + body;
    Ok((sealed.len() >= record).then_some((*head, record)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client sends in RFC 8448, section 3 ("Simple 1-RTT Handshake"): 50 bytes, 0 to 49.
    const KEY: &str = "17422dda596ed5d9acd890e3c63f5051";
    const IV: &str = "5b78923dee08579033e523d9";
    const RECORD: &str = "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8\
                          a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";

    fn bytes(hex: &str) -> Vec<u8> {
        let pair =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        hex.as_bytes().chunks(2).map(pair).collect()
    }

    fn client() -> Records {
        let iv = bytes(IV).try_into().unwrap();
        Records::with(0, &aead::AES_128_GCM, &bytes(KEY), iv).unwrap()
    }

    fn sealed(records: &mut Records, inner: &[u8]) -> Vec<u8> {
        let (kind, content) = inner.split_last().unwrap();
        let mut record = vec![0; HEAD_BYTES];
        record.extend_from_slice(content);
        record.resize(HEAD_BYTES + content.len() + TAIL_BYTES, 0);
        records.seal(*kind, &mut record).unwrap();
        record
    }

    fn open(records: &mut Records, record: &[u8]) -> Result<(u8, Vec<u8>), RecordFault> {
        let (head, _) = front(record)?.unwrap();
        let mut room = record.to_vec();
        let (kind, len) = records.open(head, &mut room, HEAD_BYTES)?;
        Ok((kind, room[..len].to_vec()))
    }

    #[test]
    fn the_record_of_rfc_8448_is_sealed_and_opened_byte_for_byte() {
        let content: Vec<u8> = (0..50).collect();
        let inner = [&content[..], &[DATA]].concat();
        assert_eq!(sealed(&mut client(), &inner), bytes(RECORD));
        assert_eq!(open(&mut client(), &bytes(RECORD)), Ok((DATA, content)));
    }

    #[test]
    fn a_changed_bit_anywhere_is_refused() {
        let record = bytes(RECORD);
        for bit in 0..record.len() * 8 {
            let mut changed = record.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let refused = match front(&changed) {
                Ok(Some((head, bytes))) => {
                    client().open(head, &mut changed[..bytes].to_vec(), HEAD_BYTES).is_err()
                }
                Ok(None) | Err(_) => true,
            };
            assert!(refused, "bit {bit}");
        }
    }

    #[test]
    fn records_out_of_order_are_refused() {
        let mut from = client();
        let (first, second) = (sealed(&mut from, b"a\x17"), sealed(&mut from, b"b\x17"));
        let mut to = client();
        assert_eq!(open(&mut to, &second), Err(RecordFault::Tag));
        let mut to = client();
        assert!(open(&mut to, &first).is_ok());
        assert_eq!(open(&mut to, &first), Err(RecordFault::Tag), "and none is taken twice");
    }

    #[test]
    fn padding_is_taken_off_and_nothing_but_padding_is_refused() {
        // The kind that `seal` writes is the last byte: with 0 there, what is before it is.
        let padded = sealed(&mut client(), b"text\x17\0\0\0");
        assert_eq!(open(&mut client(), &padded), Ok((DATA, b"text".to_vec())));
        let empty = sealed(&mut client(), b"\0\0\0");
        assert_eq!(open(&mut client(), &empty), Err(RecordFault::Empty));
    }

    #[test]
    fn sizes_that_no_record_has_are_refused_by_their_head() {
        let head = |kind: u8, bytes: u16| {
            let [high, low] = bytes.to_be_bytes();
            front(&[kind, 3, 3, high, low])
        };
        assert_eq!(head(DATA, 16_640), Ok(None));
        assert_eq!(head(DATA, 16_641), Err(RecordFault::Long(16_641)));
        assert_eq!(head(DATA, 16), Err(RecordFault::Short(16)));
        assert_eq!(head(HANDSHAKE, 100), Err(RecordFault::Kind(HANDSHAKE)));
        // The most plaintext, and one byte more, in a record that is not too long.
        for (bytes, padding) in [(RECORD_PLAIN_BYTES_MAX, 20), (RECORD_PLAIN_BYTES_MAX + 1, 0)] {
            let mut inner = vec![1; bytes];
            inner.push(DATA);
            inner.resize(inner.len() + padding, 0);
            let opened = open(&mut client(), &sealed(&mut client(), &inner));
            assert_eq!(opened.is_ok(), bytes == RECORD_PLAIN_BYTES_MAX, "{opened:?}");
        }
    }

    #[test]
    fn no_nonce_is_used_twice() {
        let iv = bytes(IV).try_into().unwrap();
        let mut last = Records::with(u64::MAX, &aead::AES_128_GCM, &bytes(KEY), iv).unwrap();
        assert_eq!(last.seal(DATA, &mut [0; 64]), Err(RecordFault::Spent));
    }
}
