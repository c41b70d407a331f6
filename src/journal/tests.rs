//! Journals as a whole: written, cut, changed, rotated, and read again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;

use super::frame::{
    BLOCK_HEAD_BYTES, BlockHead, Damage, DamageReason, Direction, JournalError, Kind, Record,
    SEGMENT_HEAD_BYTES, SegmentHead,
};
use super::payload::{Listed, Opened};
use super::reader::{Item, Reader};
use super::writer::{Options, Writer, segment_name};
use crate::base::{ConnectionId, InstrumentId, Nanos, Precision, Symbol};

/// A directory of its own for each test, gone when the test is over.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "neural-kraken-journal-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Scratch(std::env::temp_dir().join(name))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Names of the segments in it, ascending.
    pub(super) fn segments(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Kind, frame number and bytes of every record of a sound journal.
pub(super) fn records(dir: &Path) -> Vec<(Kind, u64, Vec<u8>)> {
    let mut reader = Reader::open(dir).unwrap();
    let mut seen = Vec::new();
    while let Some(item) = reader.read() {
        match item {
            Item::Record(record) => {
                seen.push((record.kind, record.frame, record.bytes.to_vec()));
            }
            Item::Damage(damage) => panic!("{damage}"),
        }
    }
    seen
}

const SMALL: Options =
    Options { segment_bytes_max: 600, quota_bytes: u64::MAX, block_bytes: 120, compress: false };

fn frame(number: u64, bytes: &[u8]) -> Record<'_> {
    Record {
        direction: if number.is_multiple_of(3) { Direction::Out } else { Direction::In },
        connection: ConnectionId(2),
        frame: number,
        about: InstrumentId(number as u32),
        bytes,
        ..Record::new(Kind::Frame, Nanos(1_000 + number as i64))
    }
}

fn write(dir: &Path, options: Options, count: u64) {
    let mut writer = Writer::create(dir, options, Nanos(5)).unwrap();
    for number in 0..count {
        let bytes = format!("frame {number} says {}", "a".repeat(number as usize % 40));
        writer.append(&frame(number, bytes.as_bytes())).unwrap();
    }
    writer.finish(Nanos(9)).unwrap();
}

/// Numbers of the frames that are read, and the damage, if any; the reader's end is checked.
fn frames(path: &Path) -> Result<(Vec<u64>, Option<Damage>, bool), JournalError> {
    let mut reader = Reader::open(path)?;
    let (mut seen, mut damage) = (Vec::new(), None);
    while let Some(item) = reader.read() {
        match item {
            Item::Record(record) if record.kind == Kind::Frame => seen.push(record.frame),
            Item::Record(_) => {}
            Item::Damage(found) => damage = Some(found),
        }
    }
    assert_eq!(reader.read(), None);
    Ok((seen, damage, reader.ended()))
}

#[test]
fn a_cut_at_any_byte_leaves_a_prefix() {
    for compress in [false, true] {
        let scratch = Scratch::new();
        write(scratch.path(), Options { compress, ..SMALL }, 20);
        let last = scratch.path().join(scratch.segments().pop().unwrap());
        let whole = fs::read(&last).unwrap();
        let (all, _, _) = frames(scratch.path()).unwrap();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
        for length in (0..whole.len()).rev() {
            fs::write(&last, &whole[..length]).unwrap();
            let (seen, damage, ended) = frames(scratch.path()).unwrap();
            assert!(all.starts_with(&seen) && !ended, "cut to {length}");
            let at_boundary = damage.is_none();
            assert!(at_boundary || damage.unwrap().reason == DamageReason::Cut);
        }
    }
}

#[test]
fn a_changed_bit_in_any_byte_is_found() {
    for compress in [false, true] {
        let scratch = Scratch::new();
        write(scratch.path(), Options { compress, ..SMALL }, 20);
        let (all, _, _) = frames(scratch.path()).unwrap();
        for name in scratch.segments() {
            let path = scratch.path().join(name);
            let sound = fs::read(&path).unwrap();
            for at in 0..sound.len() {
                let mut changed = sound.clone();
                changed[at] ^= 1 << (at % 8);
                fs::write(&path, &changed).unwrap();
                // A first head that is not one is an error; everything else leaves a prefix.
                if let Ok((seen, damage, _)) = frames(scratch.path()) {
                    assert!(all.starts_with(&seen) && damage.is_some(), "byte {at}");
                }
            }
            fs::write(&path, &sound).unwrap();
        }
    }
}

#[test]
fn a_missing_segment_is_a_gap_and_missing_first_ones_are_not() {
    let scratch = Scratch::new();
    write(scratch.path(), SMALL, 60);
    fs::remove_file(scratch.path().join(segment_name(0))).unwrap();
    let (seen, damage, ended) = frames(scratch.path()).unwrap();
    assert!(damage.is_none() && ended && seen[0] > 0);
    assert_eq!(seen, (seen[0]..60).collect::<Vec<_>>());
    fs::remove_file(scratch.path().join(segment_name(2))).unwrap();
    let (_, damage, ended) = frames(scratch.path()).unwrap();
    let damage = damage.unwrap();
    assert_eq!((damage.segment, damage.reason, ended), (3, DamageReason::Gap, false));
}

#[test]
fn a_later_version_is_refused_by_number() {
    let scratch = Scratch::new();
    write(scratch.path(), SMALL, 1);
    let path = scratch.path().join(segment_name(0));
    let mut bytes = fs::read(&path).unwrap();
    let head = SegmentHead { version: 2, number: 0, created: Nanos(5) };
    bytes[..SEGMENT_HEAD_BYTES].copy_from_slice(&head.encode());
    fs::write(&path, bytes).unwrap();
    let why = frames(scratch.path()).unwrap_err();
    assert!(matches!(why, JournalError::Version { found: 2, .. }), "{why}");
}

#[test]
fn records_of_later_kinds_are_passed_over_and_counted() {
    let scratch = Scratch::new();
    write(scratch.path(), Options { block_bytes: 1, ..SMALL }, 3);
    let path = scratch.path().join(segment_name(0));
    let mut bytes = fs::read(&path).unwrap();
    // The first block's first record becomes one of kind 99, its checksum made anew.
    let block = SEGMENT_HEAD_BYTES;
    let records = block + BLOCK_HEAD_BYTES;
    let (head, _) = bytes[block..].split_first_chunk().unwrap();
    let head = BlockHead::decode(head).unwrap();
    bytes[records] = 99;
    let stored = &bytes[records..][..head.stored_bytes as usize];
    let sealed = head.encode(stored);
    bytes[block..records].copy_from_slice(&sealed);
    fs::write(&path, bytes).unwrap();
    let mut reader = Reader::open(scratch.path()).unwrap();
    assert!(matches!(reader.read(), Some(Item::Record(record)) if record.frame == 1));
    assert_eq!(reader.skipped(), 1);
}

#[test]
fn nothing_and_something_else_are_named() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path()).unwrap();
    let missing = Reader::open(scratch.path()).unwrap_err();
    assert!(matches!(missing, JournalError::Missing { .. }), "{missing}");
    let path = scratch.path().join(segment_name(0));
    fs::write(&path, [b'x'; 4_000]).unwrap();
    let other = Reader::open(&path).unwrap_err();
    assert!(matches!(other, JournalError::NotAJournal { .. }), "{other}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_bytes_behind_a_sound_head_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        keep in 0..200_usize,
    ) {
        let scratch = Scratch::new();
        write(scratch.path(), SMALL, 3);
        let path = scratch.path().join(segment_name(0));
        let mut file = fs::read(&path).unwrap();
        file.truncate(SEGMENT_HEAD_BYTES + keep);
        file.extend_from_slice(&bytes);
        fs::write(&path, file).unwrap();
        let (seen, _, _) = frames(scratch.path()).unwrap();
        prop_assert!(seen.len() <= 3);
    }
}

#[test]
fn each_segment_alone_says_each_connection_before_its_frames() {
    let scratch = Scratch::new();
    let mut writer = Writer::create(scratch.path(), SMALL, Nanos(1)).unwrap();
    for number in 0..60 {
        // Reconnected now and then, at another address each time.
        if number % 7 == 0 {
            let url = format!("wss://h/{number}");
            let opened = Opened { dialect: "kraken", url: &url };
            let bytes = opened.encode();
            let kind = Record::new(Kind::Opened, Nanos(1));
            writer.append(&Record { bytes: &bytes, ..kind }).unwrap();
        }
        writer.append(&frame(number, b"0123456789")).unwrap();
    }
    writer.finish(Nanos(9)).unwrap();
    let names = scratch.segments();
    assert!(names.len() > 3);
    for name in names {
        let mut open_since = None;
        for (kind, number, bytes) in records(&scratch.path().join(name)) {
            if kind == Kind::Opened {
                let url = Opened::decode(&bytes).unwrap().url.to_owned();
                open_since = url.strip_prefix("wss://h/").map(|n| n.parse::<u64>().unwrap());
            } else if kind == Kind::Frame {
                assert_eq!(open_since, Some(number - number % 7));
            }
        }
    }
}

#[test]
fn old_segments_go_and_what_they_told_of_instruments_stays() {
    let scratch = Scratch::new();
    let options =
        Options { quota_bytes: 5_000, segment_bytes_max: 2_000, block_bytes: 300, ..SMALL };
    let mut writer = Writer::create(scratch.path(), options, Nanos(1)).unwrap();
    let opened = Opened { dialect: "kraken", url: "wss://h/v2" }.encode();
    let listed = Listed {
        dialect: "kraken",
        symbol: Symbol::new(b"BTC/USD").unwrap(),
        price_decimals: 1,
        qty_decimals: 8,
        precision: Precision::Declared,
    }
    .encode();
    let open = Record {
        connection: ConnectionId(3),
        bytes: &opened,
        ..Record::new(Kind::Opened, Nanos(1))
    };
    let list = Record {
        about: InstrumentId(0),
        bytes: &listed,
        ..Record::new(Kind::Instrument, Nanos(1))
    };
    writer.append(&open).unwrap();
    writer.append(&list).unwrap();
    for number in 0..300 {
        writer.append(&frame(number, &[b'x'; 70])).unwrap();
    }
    assert!(writer.segments_deleted() > 0);
    assert_eq!(writer.records(), 302);
    writer.finish(Nanos(2)).unwrap();

    let names = scratch.segments();
    let bytes = |name: &String| fs::metadata(scratch.path().join(name)).unwrap().len();
    assert!(names.len() >= 2 && names.iter().map(bytes).sum::<u64>() <= 5_000);
    let seen = records(scratch.path());
    // Once each, though every segment says them.
    let known: Vec<_> = seen.iter().filter(|r| r.0 != Kind::Frame).map(|r| (r.0, &r.2)).collect();
    assert_eq!(known, [(Kind::Opened, &opened), (Kind::Instrument, &listed), (Kind::End, &vec![])]);
    let frames: Vec<u64> = seen.iter().filter(|r| r.0 == Kind::Frame).map(|r| r.1).collect();
    assert_eq!(frames, (frames[0]..300).collect::<Vec<_>>());
}

type Said = (String, (u64, i64, u32, u16), bool);

fn record((bytes, (frame, ns, about, connection), is_out): &Said) -> Record<'_> {
    Record {
        kind: if bytes.is_empty() { Kind::Takes } else { Kind::Frame },
        direction: if *is_out { Direction::Out } else { Direction::In },
        connection: ConnectionId(*connection),
        frame: *frame,
        recv_ns: Nanos(*ns),
        about: InstrumentId(*about),
        bytes: bytes.as_bytes(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read(
        all in prop::collection::vec(
            ("[a-z0-9 {}:,]{0,90}", any::<(u64, i64, u32, u16)>(), any::<bool>()),
            0..60,
        ),
        compress in any::<bool>(),
        flush_every in 1..20_usize,
    ) {
        let scratch = Scratch::new();
        let options = Options { compress, ..SMALL };
        let mut writer = Writer::create(scratch.path(), options, Nanos(1)).unwrap();
        for (n, one) in all.iter().enumerate() {
            writer.append(&record(one)).unwrap();
            if n % flush_every == 0 {
                writer.flush(Nanos(2), false).unwrap();
            }
        }
        writer.finish(Nanos(3)).unwrap();
        let mut reader = Reader::open(scratch.path()).unwrap();
        for one in &all {
            prop_assert_eq!(reader.read(), Some(Item::Record(record(one))));
        }
        prop_assert_eq!(reader.read(), Some(Item::Record(Record::new(Kind::End, Nanos(3)))));
        prop_assert_eq!(reader.read(), None);
        prop_assert!(reader.ended());
    }
}
