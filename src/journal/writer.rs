//! The writer: records into blocks, blocks into segments, old segments away.
//!
//! In: records, in order. Out: files; each block goes to its file in one piece.
//! Never: a byte before redaction; a second journal in one directory; an unbounded buffer while the
//! disk is full (the record is refused instead, and may be offered again).

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::frame::{
    BLOCK_HEAD_BYTES, BlockHead, Codec, JournalError, Kind, RECORD_HEAD_BYTES, Record,
    SEGMENT_HEAD_BYTES, SegmentHead, VERSION,
};
use super::redact::redact;
use crate::base::Nanos;
use crate::limits;

/// The newest segments that are kept whatever the quota says: the one being written, and the one
/// before it.
const SEGMENTS_KEPT: usize = 2;

/// How a journal is written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// A segment is closed before the block that would make it longer than this.
    pub segment_bytes_max: u64,
    /// Beyond it the oldest segments are deleted, though never the newest two.
    pub quota_bytes: u64,
    /// Bytes of records after which a block is written; a crash loses at most those.
    pub block_bytes: usize,
    /// Deflate the blocks, where that makes them smaller: to about a fifth with Binance's depth.
    pub compress: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes_max: limits::JOURNAL_SEGMENT_BYTES,
            quota_bytes: limits::JOURNAL_QUOTA_BYTES,
            block_bytes: limits::JOURNAL_BLOCK_BYTES,
            compress: true,
        }
    }
}

/// Writes one journal.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    options: Options,
    segment: Segment,
    /// Closed segments that are still there, oldest first: number and bytes.
    closed: VecDeque<(u32, u64)>,
    /// Records that are not written yet.
    block: Vec<u8>,
    /// Number of the first record in `block`.
    first_record: u64,
    /// Records appended.
    records: u64,
    /// What each segment begins with: the instruments and the open connections, encoded.
    known: BTreeMap<(u8, u32), Vec<u8>>,
    /// Those in `block`, by place: they become known when the block is written, so that a segment
    /// does not begin with what only follows in it.
    fresh: Vec<((u8, u32), Range<usize>)>,
    /// The encoded head and stored bytes of the block that is being written.
    stored: Vec<u8>,
    deleted: u64,
}

/// The segment that is being written.
#[derive(Debug)]
struct Segment {
    number: u32,
    path: PathBuf,
    file: File,
    /// Bytes that are whole and sound; a block that fails is written over from here.
    bytes: u64,
}

impl Writer {
    /// Begins a journal in a directory that has none; creates the directory. `now` goes into the
    /// head of the first segment.
    pub fn create(dir: &Path, options: Options, now: Nanos) -> Result<Writer, JournalError> {
        fs::create_dir_all(dir).map_err(|source| JournalError::refused("create", dir, source))?;
        let entries =
            fs::read_dir(dir).map_err(|source| JournalError::refused("list", dir, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| JournalError::refused("list", dir, source))?;
            if entry.path().extension().is_some_and(|e| e == "nkj") {
                return Err(JournalError::Exists { dir: dir.to_owned() });
            }
        }
        Ok(Writer {
            dir: dir.to_owned(),
            options,
            segment: Segment::create(dir, 0, now)?,
            closed: VecDeque::new(),
            block: Vec::new(),
            first_record: 0,
            records: 0,
            known: BTreeMap::new(),
            fresh: Vec::new(),
            stored: Vec::new(),
            deleted: 0,
        })
    }

    /// Appends a record, secrets masked. Where a full block cannot be written, the error says why
    /// and the record was not taken; it may be appended again later.
    pub fn append(&mut self, record: &Record<'_>) -> Result<(), JournalError> {
        let bytes = record.bytes.len();
        let max = match record.kind {
            Kind::Opened | Kind::Instrument => limits::JOURNAL_KNOWN_BYTES_MAX,
            _ => limits::FRAME_BYTES_MAX,
        };
        if bytes > max {
            return Err(JournalError::TooLarge { bytes, max });
        }
        let needed = self.block.len() + RECORD_HEAD_BYTES + bytes;
        let block_bytes = self.options.block_bytes.min(limits::JOURNAL_BLOCK_BYTES_MAX);
        if needed > block_bytes && !self.block.is_empty() {
            self.write_records(record.recv_ns)?;
        }
        let start = self.block.len();
        record.encode_head(&mut self.block);
        match record.kind {
            Kind::Opened | Kind::Frame | Kind::Control | Kind::Session => {
                redact(record.bytes, &mut self.block);
            }
            // These are made by ourselves from numbers and symbols.
            _ => self.block.extend_from_slice(record.bytes),
        }
        self.records += 1;
        let key = match record.kind {
            Kind::Opened => u32::from(record.connection.0),
            Kind::Instrument => record.about.0,
            _ => return Ok(()),
        };
        assert!((key as usize) < limits::INSTRUMENTS_MAX, "an id of the process's tables");
        let place = start..self.block.len();
        self.fresh.push(((record.kind as u8, key), place));
        Ok(())
    }

    /// Writes what was appended; with `sync` also through the system's caches.
    pub fn flush(&mut self, now: Nanos, sync: bool) -> Result<(), JournalError> {
        self.write_records(now)?;
        if sync {
            self.segment.sync()?;
        }
        Ok(())
    }

    /// Ends the journal in order, so that a reader knows that nothing is missing. Returns how many
    /// segments were deleted to stay within the quota.
    pub fn finish(mut self, now: Nanos) -> Result<u64, JournalError> {
        self.append(&Record::new(Kind::End, now))?;
        self.flush(now, true)?;
        Ok(self.deleted)
    }

    /// Removes all that was written, where half of it would be taken for the whole.
    pub fn discard(mut self) {
        self.block.clear();
        let closed = self.closed.iter().map(|(number, _)| self.dir.join(segment_name(*number)));
        for path in closed.chain([self.segment.path.clone()]) {
            // It is what failed that the caller reports.
            let _ = fs::remove_file(path);
        }
    }

    /// Records appended.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Segments that were deleted to stay within the quota.
    pub const fn segments_deleted(&self) -> u64 {
        self.deleted
    }

    /// Writes the open block, into a new segment where this one is full.
    fn write_records(&mut self, now: Nanos) -> Result<(), JournalError> {
        if self.block.is_empty() {
            return Ok(());
        }
        encode_block(
            &self.block,
            self.options.compress,
            false,
            self.first_record,
            &mut self.stored,
        );
        let is_full =
            self.segment.bytes + self.stored.len() as u64 > self.options.segment_bytes_max;
        if is_full && self.segment.bytes > SEGMENT_HEAD_BYTES as u64 {
            self.rotate(now)?;
        }
        self.segment.write(&self.stored)?;
        for (key, place) in self.fresh.drain(..) {
            // Later opens of a connection replace earlier ones, so this is as bounded as they are.
            self.known.insert(key, self.block[place].to_vec());
        }
        self.block.clear();
        self.first_record = self.records;
        self.delete_oldest()
    }

    /// Begins the next segment, with what a reader of it alone must know.
    fn rotate(&mut self, now: Nanos) -> Result<(), JournalError> {
        // A later `flush` with `sync` reaches the new file only.
        self.segment.sync()?;
        let mut next = Segment::create(&self.dir, self.segment.number + 1, now)?;
        let known: Vec<u8> = self.known.values().flatten().copied().collect();
        if !known.is_empty() {
            let mut stored = Vec::new();
            encode_block(&known, self.options.compress, true, self.first_record, &mut stored);
            if let Err(why) = next.write(&stored) {
                // A segment without its beginning would mislead; without the file it is tried
                // again.
                let _ = fs::remove_file(&next.path);
                return Err(why);
            }
        }
        let full = std::mem::replace(&mut self.segment, next);
        self.closed.push_back((full.number, full.bytes));
        Ok(())
    }

    fn delete_oldest(&mut self) -> Result<(), JournalError> {
        let total = |w: &Writer| w.closed.iter().map(|(_, b)| b).sum::<u64>() + w.segment.bytes;
        while self.closed.len() + 1 > SEGMENTS_KEPT && total(self) > self.options.quota_bytes {
            let Some((number, _)) = self.closed.front().copied() else {
                break;
            };
            let path = self.dir.join(segment_name(number));
            match fs::remove_file(&path) {
                // Somebody else may have moved it away.
                Err(why) if why.kind() != io::ErrorKind::NotFound => {
                    return Err(JournalError::refused("delete", &path, why));
                }
                _ => self.deleted += 1,
            }
            self.closed.pop_front();
        }
        Ok(())
    }
}

impl Drop for Writer {
    /// Writes what it can; without [`Writer::finish`] the journal has no end mark, and a reader
    /// says so.
    fn drop(&mut self) {
        let _ = self.write_records(Nanos::NONE);
    }
}

impl Segment {
    fn create(dir: &Path, number: u32, created: Nanos) -> Result<Segment, JournalError> {
        let path = dir.join(segment_name(number));
        let created_new = File::options().write(true).create_new(true).open(&path);
        let file = created_new.map_err(|source| JournalError::refused("create", &path, source))?;
        let mut segment = Segment { number, path, file, bytes: 0 };
        let head = SegmentHead { version: VERSION, number, created };
        if let Err(why) = segment.write(&head.encode()) {
            let _ = fs::remove_file(&segment.path);
            return Err(why);
        }
        Ok(segment)
    }

    /// Appends bytes: all of them, or none that a reader would see.
    fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let mut append = || {
            self.file.seek(SeekFrom::Start(self.bytes))?;
            self.file.write_all(bytes)
        };
        if let Err(why) = append() {
            // What came through of it would look like damage. Where even this fails, a reader
            // still stops before it, and the next write begins at the same place.
            let _ = self.file.set_len(self.bytes);
            return Err(JournalError::refused("write", &self.path, why));
        }
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn sync(&self) -> Result<(), JournalError> {
        let synced = self.file.sync_data();
        synced.map_err(|source| JournalError::refused("sync", &self.path, source))
    }
}

/// Name of a segment's file.
pub(super) fn segment_name(number: u32) -> String {
    format!("{number:06}.nkj")
}

/// Head and stored bytes of a block, compressed where that makes it smaller.
fn encode_block(raw: &[u8], compress: bool, repeated: bool, first_record: u64, out: &mut Vec<u8>) {
    let deflated = if compress { deflate(raw) } else { None };
    let (codec, stored) = match &deflated {
        Some(deflated) if deflated.len() < raw.len() => (Codec::Deflate, &deflated[..]),
        _ => (Codec::Raw, raw),
    };
    let head = BlockHead {
        raw_bytes: raw.len() as u32,
        stored_bytes: stored.len() as u32,
        codec: codec as u8,
        repeated,
        first_record,
    };
    out.clear();
    out.reserve(BLOCK_HEAD_BYTES + stored.len());
    out.extend_from_slice(&head.encode(stored));
    out.extend_from_slice(stored);
}

fn deflate(raw: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(raw.len() / 3), Compression::fast());
    encoder.write_all(raw).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::super::frame::Direction;
    use super::super::payload::Opened;
    use super::super::tests::{Scratch, records};
    use super::*;

    const SMALL: Options = Options {
        segment_bytes_max: 2_000,
        quota_bytes: u64::MAX,
        block_bytes: 300,
        compress: false,
    };

    fn frame(number: u64, bytes: &[u8]) -> Record<'_> {
        Record { frame: number, bytes, ..Record::new(Kind::Frame, Nanos(1)) }
    }

    #[test]
    fn a_journal_is_never_written_over() {
        let scratch = Scratch::new();
        Writer::create(scratch.path(), SMALL, Nanos(1)).unwrap().finish(Nanos(2)).unwrap();
        let why = Writer::create(scratch.path(), SMALL, Nanos(3)).unwrap_err();
        assert!(matches!(&why, JournalError::Exists { dir } if dir == scratch.path()), "{why}");
        assert!(why.to_string().contains("choose another directory"));
    }

    #[test]
    fn the_newest_two_segments_stay_whatever_the_quota() {
        let scratch = Scratch::new();
        let options = Options { quota_bytes: 1, ..SMALL };
        let mut writer = Writer::create(scratch.path(), options, Nanos(1)).unwrap();
        for number in 0..200 {
            writer.append(&frame(number, &[b'x'; 70])).unwrap();
        }
        writer.finish(Nanos(2)).unwrap();
        assert_eq!(scratch.segments().len(), 2);
    }

    #[test]
    fn a_journal_that_is_discarded_leaves_nothing() {
        let scratch = Scratch::new();
        let mut writer = Writer::create(scratch.path(), SMALL, Nanos(1)).unwrap();
        for number in 0..100 {
            writer.append(&frame(number, &[b'x'; 70])).unwrap();
        }
        assert!(scratch.segments().len() > 1);
        writer.discard();
        assert!(scratch.segments().is_empty());
    }

    #[test]
    fn a_secret_never_reaches_the_disk() {
        let scratch = Scratch::new();
        let mut writer = Writer::create(scratch.path(), SMALL, Nanos(1)).unwrap();
        let opened = Opened { dialect: "kraken", url: "wss://h/?token=S3CRET-url" }.encode();
        let out = br#"{"params":{"token":"S3CRET-json"}}"#;
        let head = b"POST / HTTP/1.1\r\nAPI-Sign: S3CRET-head\r\n\r\n";
        writer.append(&Record { bytes: &opened, ..Record::new(Kind::Opened, Nanos(1)) }).unwrap();
        let sent = Record { direction: Direction::Out, ..frame(1, out) };
        writer.append(&sent).unwrap();
        writer.append(&frame(2, head)).unwrap();
        // Enough for a second segment, which says the connection again.
        for number in 3..40 {
            writer.append(&frame(number, &[b'x'; 70])).unwrap();
        }
        writer.finish(Nanos(2)).unwrap();
        assert!(scratch.segments().len() > 1);
        for name in scratch.segments() {
            let bytes = fs::read(scratch.path().join(name)).unwrap();
            assert!(!bytes.windows(6).any(|window| window == b"S3CRET"));
        }
        assert_eq!(records(scratch.path())[1].2, br#"{"params":{"token":"***********"}}"#);
    }

    #[test]
    fn a_full_disk_is_an_error_and_writing_goes_on_when_there_is_room() {
        let scratch = Scratch::new();
        let mut writer = Writer::create(scratch.path(), SMALL, Nanos(1)).unwrap();
        writer.append(&frame(0, b"first")).unwrap();
        writer.flush(Nanos(1), true).unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let disk = std::mem::replace(&mut writer.segment.file, full);
        let mut next = 1;
        let why = loop {
            match writer.append(&frame(next, &[b'x'; 70])) {
                Ok(()) => next += 1,
                Err(why) => break why,
            }
        };
        let is_full = |e: &io::Error| e.kind() == io::ErrorKind::StorageFull;
        assert!(matches!(&why, JournalError::Io { source, .. } if is_full(source)), "{why:?}");
        assert_eq!(records(scratch.path()).len(), 1, "what was written stays readable");
        writer.segment.file = disk;
        writer.append(&frame(next, b"again")).unwrap();
        writer.finish(Nanos(2)).unwrap();
        let frames: Vec<u64> = records(scratch.path()).iter().map(|r| r.1).collect();
        let expected: Vec<u64> = (0..=next).chain([0]).collect();
        assert_eq!(frames, expected, "and the end mark is number 0");
    }

    #[test]
    fn what_is_too_long_is_refused_and_the_rest_is_kept() {
        let scratch = Scratch::new();
        let mut writer = Writer::create(scratch.path(), Options::default(), Nanos(1)).unwrap();
        let long = vec![b'x'; limits::FRAME_BYTES_MAX + 1];
        let why = writer.append(&frame(0, &long)).unwrap_err();
        assert!(matches!(why, JournalError::TooLarge { .. }));
        writer.append(&frame(1, &long[1..])).unwrap();
        drop(writer);
        assert_eq!(records(scratch.path())[0].2.len(), limits::FRAME_BYTES_MAX);
    }
}
