//! The reader: records of a journal in order, up to where its files are sound.
//!
//! In: a directory of segments, or one of them. Out: records, and at most one [`Damage`] at the
//! end. Never: a panic, or more memory than one block, whatever a file says.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;

use super::frame::{
    BLOCK_HEAD_BYTES, BlockHead, Codec, Damage, DamageReason, JournalError, Kind,
    RECORD_HEAD_BYTES, Record, RecordHead, SEGMENT_HEAD_BYTES, SegmentHead, VERSION,
    block_is_sound,
};
use crate::base::Nanos;
use crate::limits;

/// What a reader finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The next record.
    Record(Record<'a>),
    /// Here the journal stops being sound; nothing follows.
    Damage(Damage),
}

/// Reads one journal.
#[derive(Debug)]
pub struct Reader {
    /// Segments still to be read, ascending.
    ahead: VecDeque<(u32, PathBuf)>,
    segment: Segment,
    /// Records of the current block, decompressed.
    block: Vec<u8>,
    /// Where the next record begins in `block`.
    at: usize,
    /// Number of the next record; unknown before the first block, since segments may be gone.
    next_record: Option<u64>,
    /// Has a segment been read to its end? Then what a later one repeats is known.
    beyond_first: bool,
    ended: bool,
    over: bool,
    skipped: u64,
}

/// The segment that is being read.
#[derive(Debug)]
struct Segment {
    number: u32,
    created: Nanos,
    file: File,
    /// Bytes that were read and found sound.
    bytes: u64,
    /// Bytes of the file when it was opened.
    size: u64,
}

/// Why a segment's head was not taken.
enum HeadTrouble {
    Unsound(DamageReason),
    Version(u16),
    System(io::Error),
}

impl Reader {
    /// Opens the journal in a directory, or a single segment of one.
    pub fn open(path: &Path) -> Result<Reader, JournalError> {
        let mut ahead = segments_at(path)?;
        let Some((number, first)) = ahead.pop_front() else {
            return Err(JournalError::Missing { path: path.to_owned() });
        };
        let segment = match Segment::open(number, &first) {
            Ok(segment) => segment,
            Err(HeadTrouble::Unsound(_)) => return Err(JournalError::NotAJournal { path: first }),
            Err(HeadTrouble::Version(found)) => {
                return Err(JournalError::Version { path: first, found });
            }
            Err(HeadTrouble::System(source)) => {
                return Err(JournalError::refused("open", &first, source));
            }
        };
        Ok(Reader {
            ahead,
            segment,
            block: Vec::new(),
            at: 0,
            next_record: None,
            beyond_first: false,
            ended: false,
            over: false,
            skipped: 0,
        })
    }

    /// The next record, or where the journal is damaged; `None` at its end.
    pub fn read(&mut self) -> Option<Item<'_>> {
        loop {
            if self.over {
                return None;
            }
            if self.at == self.block.len() {
                match self.next_block() {
                    Ok(true) => continue,
                    Ok(false) => {
                        self.over = true;
                        return None;
                    }
                    Err(reason) => return Some(self.damage(reason)),
                }
            }
            let Some(head) = RecordHead::decode(&self.block[self.at..]) else {
                return Some(self.damage(DamageReason::Record));
            };
            let from = self.at + RECORD_HEAD_BYTES;
            self.at = from + head.bytes;
            let bytes = from..self.at;
            let Some(kind) = head.record(&self.block[bytes.clone()]).map(|record| record.kind)
            else {
                self.skipped += 1;
                continue;
            };
            self.ended |= kind == Kind::End;
            return head.record(&self.block[bytes]).map(Item::Record);
        }
    }

    /// Number of the segment that is being read: of the first one there is, before anything was
    /// read. Where that is not 0, the beginning of the journal is gone.
    pub const fn segment(&self) -> u32 {
        self.segment.number
    }

    /// When the segment was begun that is being read.
    pub const fn created(&self) -> Nanos {
        self.segment.created
    }

    /// Was the journal closed in order, as far as was read? A running or killed session's is not.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Records of kinds that a later version writes; they were passed over.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Loads the next block that has something new; false at the end of the journal.
    fn next_block(&mut self) -> Result<bool, DamageReason> {
        loop {
            self.block.clear();
            self.at = 0;
            if self.segment.bytes == self.segment.size {
                if !self.next_segment()? {
                    return Ok(false);
                }
                continue;
            }
            let head = self.segment.read_block(&mut self.block)?;
            if self.next_record.is_some_and(|next| next != head.first_record) {
                self.block.clear();
                return Err(DamageReason::Gap);
            }
            let mut next = head.first_record;
            if head.repeated && self.beyond_first {
                self.block.clear();
            } else if !head.repeated {
                next = next.saturating_add(count_records(&self.block));
            }
            self.next_record = Some(next);
            self.segment.bytes += BLOCK_HEAD_BYTES as u64 + u64::from(head.stored_bytes);
            if !self.block.is_empty() {
                return Ok(true);
            }
        }
    }

    /// Goes on to the next segment; false where there is none.
    fn next_segment(&mut self) -> Result<bool, DamageReason> {
        let Some((number, path)) = self.ahead.pop_front() else {
            return Ok(false);
        };
        let is_next = self.segment.number.checked_add(1) == Some(number);
        let opened = Segment::open(number, &path);
        self.beyond_first = true;
        // Damage is told of the segment that should have been there.
        self.segment.number = number;
        self.segment.bytes = 0;
        self.segment.size = 0;
        if !is_next {
            return Err(DamageReason::Gap);
        }
        self.segment = opened.map_err(|trouble| match trouble {
            HeadTrouble::Unsound(reason) => reason,
            HeadTrouble::Version(_) => DamageReason::Version,
            HeadTrouble::System(_) => DamageReason::Unreadable,
        })?;
        Ok(true)
    }

    fn damage(&mut self, reason: DamageReason) -> Item<'static> {
        self.over = true;
        Item::Damage(Damage { segment: self.segment.number, at_byte: self.segment.bytes, reason })
    }
}

impl Segment {
    fn open(number: u32, path: &Path) -> Result<Segment, HeadTrouble> {
        let mut file = File::open(path).map_err(HeadTrouble::System)?;
        let size = file.metadata().map_err(HeadTrouble::System)?.len();
        let mut head = [0; SEGMENT_HEAD_BYTES];
        if size < SEGMENT_HEAD_BYTES as u64 {
            return Err(HeadTrouble::Unsound(DamageReason::Cut));
        }
        file.read_exact(&mut head).map_err(HeadTrouble::System)?;
        let head = SegmentHead::decode(&head);
        let head = head.ok_or(HeadTrouble::Unsound(DamageReason::Changed))?;
        if head.version > VERSION {
            return Err(HeadTrouble::Version(head.version));
        }
        if head.number != number {
            return Err(HeadTrouble::Unsound(DamageReason::Gap));
        }
        let bytes = SEGMENT_HEAD_BYTES as u64;
        Ok(Segment { number, created: head.created, file, bytes, size })
    }

    /// Reads and checks the block at `bytes`, its records into `block`.
    fn read_block(&mut self, block: &mut Vec<u8>) -> Result<BlockHead, DamageReason> {
        let left = self.size - self.bytes;
        let mut head_bytes = [0; BLOCK_HEAD_BYTES];
        if left < BLOCK_HEAD_BYTES as u64 {
            return Err(DamageReason::Cut);
        }
        self.file.read_exact(&mut head_bytes).map_err(|_| DamageReason::Unreadable)?;
        let head = BlockHead::decode(&head_bytes)?;
        // What the file does not hold is not allocated either.
        if u64::from(head.stored_bytes) > left - BLOCK_HEAD_BYTES as u64 {
            return Err(DamageReason::Cut);
        }
        let mut stored = vec![0; head.stored_bytes as usize];
        self.file.read_exact(&mut stored).map_err(|_| DamageReason::Unreadable)?;
        if !block_is_sound(&head_bytes, &stored) {
            return Err(DamageReason::Changed);
        }
        if head.codec == Codec::Raw as u8 {
            *block = stored;
        } else if head.codec == Codec::Deflate as u8 {
            inflate(&stored, head.raw_bytes as usize, block)?;
        } else {
            return Err(DamageReason::Codec);
        }
        if block.len() == head.raw_bytes as usize { Ok(head) } else { Err(DamageReason::Codec) }
    }
}

/// Decompresses into `block`, one byte more than expected at most.
fn inflate(stored: &[u8], raw_bytes: usize, block: &mut Vec<u8>) -> Result<(), DamageReason> {
    debug_assert!(raw_bytes <= limits::JOURNAL_BLOCK_BYTES_MAX, "checked with the head");
    let mut decoder = DeflateDecoder::new(stored).take(raw_bytes as u64 + 1);
    block.reserve(raw_bytes);
    let inflated = decoder.read_to_end(block);
    inflated.map(|_| ()).map_err(|_| DamageReason::Codec)
}

/// How many records a block holds, as far as they are whole.
fn count_records(block: &[u8]) -> u64 {
    let (mut at, mut count) = (0, 0);
    while let Some(head) = RecordHead::decode(&block[at..]) {
        at += RECORD_HEAD_BYTES + head.bytes;
        count += 1;
    }
    count
}

/// The segments of a directory in order, or the one segment that `path` is.
fn segments_at(path: &Path) -> Result<VecDeque<(u32, PathBuf)>, JournalError> {
    let number_of = |path: &Path| -> Option<u32> {
        let is_segment = path.extension().is_some_and(|e| e == "nkj");
        path.file_stem().filter(|_| is_segment)?.to_str()?.parse().ok()
    };
    if !path.is_dir() {
        let number = number_of(path).filter(|_| path.is_file());
        return Ok(number.map(|number| (number, path.to_owned())).into_iter().collect());
    }
    let mut segments = Vec::new();
    for entry in fs::read_dir(path).map_err(|source| JournalError::refused("list", path, source))? {
        let path = entry.map_err(|source| JournalError::refused("list", path, source))?.path();
        segments.extend(number_of(&path).map(|number| (number, path)));
    }
    segments.sort();
    Ok(segments.into())
}
