//! The format: heads of segments, blocks and records, and what can be wrong with them.
//!
//! All numbers are little-endian. The head of a segment keeps its layout for ever; what follows it
//! is of the version that it names.
//! Never: a file. Bytes in, values out.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::{ConnectionId, InstrumentId, Nanos};
use crate::limits;

/// The version of the format that is written, and the newest that is read.
pub const VERSION: u16 = 1;

/// Bytes of a segment's head: magic 4, version 2, reserved 2, number 4, created 8, checksum 4.
pub(super) const SEGMENT_HEAD_BYTES: usize = 24;

/// Bytes of a block's head: magic 4, raw length 4, stored length 4, codec 1, repeated 1, reserved
/// 2, first record 8, checksum 4 (of the head before it and of the stored bytes).
pub(super) const BLOCK_HEAD_BYTES: usize = 28;

/// Bytes of a record's head: kind 1, direction 1, connection 2, about 4, frame 8, time 8, length 4.
pub(super) const RECORD_HEAD_BYTES: usize = 28;

const SEGMENT_MAGIC: [u8; 4] = *b"NKJ\n";
const BLOCK_MAGIC: [u8; 4] = *b"blk\n";

/// What a record is about. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A connection was opened; the bytes are an [`Opened`](super::Opened).
    Opened = 1,
    /// A frame, in or out; the bytes are the frame.
    Frame = 2,
    /// Logical time moved on; no bytes.
    Tick = 3,
    /// A command from the cold side; the bytes are its text.
    Control = 4,
    /// In which order a stage took from its inputs; the bytes are the runner's.
    Takes = 5,
    /// An instrument; the bytes are a [`Listed`](super::Listed), `about` is its id.
    Instrument = 6,
    /// The journal was closed in order; no bytes.
    End = 7,
    /// What became of an order; the bytes are the pipeline's, `connection` is the account's.
    Report = 8,
    /// How the session was configured; the bytes are a [`Session`](super::Session).
    Session = 9,
    /// What venues answered, heard in one go; the bytes are [`Reply::pack`](crate::event::Reply)s,
    /// `connection` is that of the venue's market data.
    Reply = 10,
    /// What the model stage was told; the bytes are a [`Told`](super::Told).
    Model = 11,
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Direction {
    /// From the venue; also what has no direction.
    #[default]
    In = 0,
    /// To the venue.
    Out = 1,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is about.
    pub kind: Kind,
    /// Which way it went.
    pub direction: Direction,
    /// On which connection, 0 where it has none.
    pub connection: ConnectionId,
    /// Number of the frame.
    pub frame: u64,
    /// Logical time.
    pub recv_ns: Nanos,
    /// The instrument where the bytes do not name it, else [`InstrumentId::NONE`].
    pub about: InstrumentId,
    /// What it says, at most [`limits::FRAME_BYTES_MAX`].
    pub bytes: &'a [u8],
}

/// Why a journal could not be written or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is one already.
    #[error("{dir} holds a journal already; choose another directory or move that one away")]
    Exists {
        /// The directory.
        dir: PathBuf,
    },
    /// There is none.
    #[error("{path} holds no journal segment (NNNNNN.nkj); name the directory that --record wrote")]
    Missing {
        /// What was looked at.
        path: PathBuf,
    },
    /// The first segment's head is not one.
    #[error(
        "{path} is not a journal segment, or its head is damaged; take a copy of it that is whole"
    )]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error("{path} is of format {found}, this version reads up to {VERSION}; use a newer one")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
    },
    /// A record is longer than its kind may be.
    #[error("a record of {bytes} bytes is over the journal's limit of {max}; leave it out")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The longest that its kind may have.
        max: usize,
    },
    /// The system refused; a full disk, for example. What was written stays readable.
    #[error("cannot {action} {path}: {source}; check the path, its permissions and the room there")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where a journal stops being sound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("segment {segment:06} is damaged at byte {at_byte}: {reason}")]
pub struct Damage {
    /// Number of the segment.
    pub segment: u32,
    /// Where the head or block begins that is not sound.
    pub at_byte: u64,
    /// What is wrong.
    pub reason: DamageReason,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageReason {
    /// The file ends within a head or block: its writer was cut off.
    #[error("cut off")]
    Cut,
    /// A checksum does not fit, or what should be a head is none.
    #[error("bytes were changed")]
    Changed,
    /// A length is over its limit.
    #[error("a length is over its limit")]
    Length,
    /// What was decompressed is not what was compressed.
    #[error("does not decompress")]
    Codec,
    /// A record reaches beyond its block.
    #[error("a record reaches beyond its block")]
    Record,
    /// Blocks or segments before it are missing.
    #[error("what comes before it is missing")]
    Gap,
    /// A segment of a later version follows.
    #[error("of a later version")]
    Version,
    /// The file could not be read.
    #[error("cannot be read")]
    Unreadable,
}

impl JournalError {
    pub(super) fn refused(action: &'static str, path: &Path, source: io::Error) -> JournalError {
        JournalError::Io { action, path: path.to_owned(), source }
    }
}

/// The head of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHead {
    pub(super) version: u16,
    pub(super) number: u32,
    pub(super) created: Nanos,
}

/// How a block's records are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Raw = 0,
    Deflate = 1,
}

/// The head of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHead {
    pub(super) raw_bytes: u32,
    pub(super) stored_bytes: u32,
    pub(super) codec: u8,
    /// Records of earlier segments, said again; they have no number.
    pub(super) repeated: bool,
    /// Number of its first record, counted from the journal's beginning.
    pub(super) first_record: u64,
}

/// The head of a record, as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHead {
    kind: u8,
    direction: u8,
    connection: u16,
    about: u32,
    frame: u64,
    recv_ns: i64,
    pub(super) bytes: usize,
}

impl SegmentHead {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEAD_BYTES] {
        let mut head = [0; SEGMENT_HEAD_BYTES];
        head[..4].copy_from_slice(&SEGMENT_MAGIC);
        head[4..6].copy_from_slice(&self.version.to_le_bytes());
        head[8..12].copy_from_slice(&self.number.to_le_bytes());
        head[12..20].copy_from_slice(&self.created.0.to_le_bytes());
        let checksum = crc32fast::hash(&head[..20]);
        head[20..].copy_from_slice(&checksum.to_le_bytes());
        head
    }

    /// `None` where it is not the head of a segment or was changed.
    pub(super) fn decode(head: &[u8; SEGMENT_HEAD_BYTES]) -> Option<SegmentHead> {
        let is_sound =
            head[..4] == SEGMENT_MAGIC && crc32fast::hash(&head[..20]) == u32_at(head, 20);
        is_sound.then(|| SegmentHead {
            version: u32_at(head, 4) as u16,
            number: u32_at(head, 8),
            created: Nanos(u64_at(head, 12) as i64),
        })
    }
}

impl BlockHead {
    /// The head of a block with these stored bytes, checksum and all.
    pub(super) fn encode(&self, stored: &[u8]) -> [u8; BLOCK_HEAD_BYTES] {
        let mut head = [0; BLOCK_HEAD_BYTES];
        head[..4].copy_from_slice(&BLOCK_MAGIC);
        head[4..8].copy_from_slice(&self.raw_bytes.to_le_bytes());
        head[8..12].copy_from_slice(&self.stored_bytes.to_le_bytes());
        head[12] = self.codec;
        head[13] = u8::from(self.repeated);
        head[16..24].copy_from_slice(&self.first_record.to_le_bytes());
        let checksum = block_checksum(&head, stored);
        head[24..].copy_from_slice(&checksum.to_le_bytes());
        head
    }

    /// Its lengths are within their limits; its checksum is still to be looked at.
    pub(super) fn decode(head: &[u8; BLOCK_HEAD_BYTES]) -> Result<BlockHead, DamageReason> {
        if head[..4] != BLOCK_MAGIC {
            return Err(DamageReason::Changed);
        }
        let (raw_bytes, stored_bytes) = (u32_at(head, 4), u32_at(head, 8));
        if raw_bytes.max(stored_bytes) as usize > limits::JOURNAL_BLOCK_BYTES_MAX {
            return Err(DamageReason::Length);
        }
        Ok(BlockHead {
            raw_bytes,
            stored_bytes,
            codec: head[12],
            repeated: head[13] != 0,
            first_record: u64_at(head, 16),
        })
    }
}

/// Are these the bytes that the head was made for?
pub(super) fn block_is_sound(head: &[u8; BLOCK_HEAD_BYTES], stored: &[u8]) -> bool {
    block_checksum(head, stored) == u32_at(head, 24)
}

fn block_checksum(head: &[u8; BLOCK_HEAD_BYTES], stored: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[..24]);
    hasher.update(stored);
    hasher.finalize()
}

impl Record<'_> {
    /// A record of this kind at this time, about nothing in particular and without bytes.
    pub const fn new(kind: Kind, recv_ns: Nanos) -> Record<'static> {
        Record {
            kind,
            direction: Direction::In,
            connection: ConnectionId(0),
            frame: 0,
            recv_ns,
            about: InstrumentId::NONE,
            bytes: &[],
        }
    }

    /// Appends the record's head; its bytes follow.
    pub(super) fn encode_head(&self, out: &mut Vec<u8>) {
        out.push(self.kind as u8);
        out.push(self.direction as u8);
        out.extend_from_slice(&self.connection.0.to_le_bytes());
        out.extend_from_slice(&self.about.0.to_le_bytes());
        out.extend_from_slice(&self.frame.to_le_bytes());
        out.extend_from_slice(&self.recv_ns.0.to_le_bytes());
        out.extend_from_slice(&(self.bytes.len() as u32).to_le_bytes());
    }
}

impl RecordHead {
    /// The head at the beginning of `bytes`, if it and its record's bytes are all there.
    pub(super) fn decode(bytes: &[u8]) -> Option<RecordHead> {
        let (head, rest) = bytes.split_first_chunk::<RECORD_HEAD_BYTES>()?;
        let length = u32_at(head, 24) as usize;
        (length <= rest.len()).then(|| RecordHead {
            kind: head[0],
            direction: head[1],
            connection: u16::from_le_bytes([head[2], head[3]]),
            about: u32_at(head, 4),
            frame: u64_at(head, 8),
            recv_ns: u64_at(head, 16) as i64,
            bytes: length,
        })
    }

    /// The record, or `None` where it is of a kind that a later version writes.
    pub(super) fn record(self, bytes: &[u8]) -> Option<Record<'_>> {
        let kind = match self.kind {
            1 => Kind::Opened,
            2 => Kind::Frame,
            3 => Kind::Tick,
            4 => Kind::Control,
            5 => Kind::Takes,
            6 => Kind::Instrument,
            7 => Kind::End,
            8 => Kind::Report,
            9 => Kind::Session,
            10 => Kind::Reply,
            11 => Kind::Model,
            _ => return None,
        };
        let direction = match self.direction {
            0 => Direction::In,
            1 => Direction::Out,
            _ => return None,
        };
        Some(Record {
            kind,
            direction,
            connection: ConnectionId(self.connection),
            frame: self.frame,
            recv_ns: Nanos(self.recv_ns),
            about: InstrumentId(self.about),
            bytes,
        })
    }
}

fn u32_at(head: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn u64_at(head: &[u8], at: usize) -> u64 {
    u64::from(u32_at(head, at)) | u64::from(u32_at(head, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_read_back_as_written() {
        let segment = SegmentHead { version: VERSION, number: 7, created: Nanos(-5) };
        assert_eq!(SegmentHead::decode(&segment.encode()), Some(segment));
        let block = BlockHead {
            raw_bytes: 3,
            stored_bytes: 3,
            codec: Codec::Deflate as u8,
            repeated: true,
            first_record: u64::MAX - 1,
        };
        let head = block.encode(b"abc");
        assert_eq!(BlockHead::decode(&head), Ok(block));
        assert!(block_is_sound(&head, b"abc") && !block_is_sound(&head, b"abd"));
    }

    #[test]
    fn a_record_of_a_later_kind_is_known_as_such() {
        let mut bytes = Vec::new();
        Record::new(Kind::Tick, Nanos(9)).encode_head(&mut bytes);
        let head = RecordHead::decode(&bytes).unwrap();
        assert_eq!(head.record(&[]), Some(Record::new(Kind::Tick, Nanos(9))));
        bytes[0] = 200;
        assert!(RecordHead::decode(&bytes).unwrap().record(&[]).is_none());
        bytes[24] = 1;
        assert!(RecordHead::decode(&bytes).is_none(), "its byte is not there");
    }
}
