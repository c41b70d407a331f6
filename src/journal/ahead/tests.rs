//! Tests of the ring: what is whole after any cut, what waits, and what a file may say.

use std::path::PathBuf;
use std::thread;

use proptest::prelude::*;

use super::form::SLOT_WORDS;
use super::*;
use crate::base::{AccountId, InstrumentId, Nanos, OrderId, Price, Qty, Side, StrategyId};
use crate::event::{ClientId, Style, Terms};

const EPOCH: u32 = 77;

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let name = format!("neural-kraken-ahead-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_file(&path);
        Place(path)
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.0).unwrap()
    }

    fn put(&self, bytes: &[u8]) -> Result<Option<Recovered>, AheadError> {
        fs::write(&self.0, bytes).unwrap();
        recover(&self.0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A record that is a function of its number.
fn record(n: u64) -> Record {
    let wide = n.wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut client = *b"n00004100000000000";
    client[10..].copy_from_slice(format!("{:08}", n % 100_000_000).as_bytes());
    Record {
        deed: [Deed::Place, Deed::Cancel, Deed::Amend][n as usize % 3],
        client: ClientId(client),
        order: OrderId(n),
        intent: wide,
        account: AccountId(wide as u16),
        strategy: StrategyId((wide >> 16) as u16),
        instrument: InstrumentId((wide >> 32) as u32),
        terms: Terms {
            price: Price(wide as i64),
            qty: Qty(-(wide as i64 >> 1)),
            side: [Side::Buy, Side::Sell][n as usize % 2],
            style: Style::ALL[n as usize % 5],
        },
        recv_ns: Nanos(i64::MIN + n as i64),
    }
}

fn records(from: u64, to: u64) -> Vec<(u64, Record)> {
    (from..=to).map(|n| (n, record(n))).collect()
}

#[test]
fn what_was_written_is_read_and_recovered() {
    let place = Place::new("read");
    let (mut ahead, mut behind) = create(&place.0, EPOCH, 8).unwrap();
    assert_eq!(behind.read(), None);
    for n in 1..=5 {
        ahead.write(&record(n)).unwrap();
    }
    assert_eq!(behind.waiting(), 5);
    let expected = records(1, 5);
    for (n, record) in &expected {
        assert_eq!(behind.read(), Some(Found::Record(*n, *record)));
    }
    assert_eq!((behind.read(), ahead.written(), behind.taken()), (None, 5, 5));
    drop((ahead, behind));
    let recovered = recover(&place.0).unwrap().unwrap();
    let whole = Recovered { epoch: EPOCH, records: expected, torn: vec![], freed: 0 };
    assert_eq!(recovered, whole, "what was read is not free before it is said to be");
}

#[test]
fn a_full_ring_takes_nothing_until_a_slot_is_freed() {
    let place = Place::new("full");
    let (mut ahead, mut behind) = create(&place.0, EPOCH, 4).unwrap();
    for n in 1..=4 {
        ahead.write(&record(n)).unwrap();
    }
    let before = place.bytes();
    assert_eq!(ahead.write(&record(5)), Err(Full));
    behind.read();
    behind.read();
    assert_eq!(ahead.write(&record(5)), Err(Full), "it was read, but it is nowhere else yet");
    assert_eq!((ahead.full(), place.bytes()), (2, before), "nothing was written");
    behind.free();
    ahead.write(&record(5)).unwrap();
    ahead.write(&record(6)).unwrap();
    assert_eq!(ahead.write(&record(7)), Err(Full));
    let recovered = recover(&place.0).unwrap().unwrap();
    assert_eq!((recovered.records, recovered.freed), (records(3, 6), 2));
}

#[test]
fn two_threads_pass_records_on_over_many_turns() {
    const COUNT: u64 = 200_000;
    let place = Place::new("threads");
    let (mut ahead, mut behind) = create(&place.0, EPOCH, 64).unwrap();
    let writer = thread::spawn(move || {
        for n in 1..=COUNT {
            while ahead.write(&record(n)).is_err() {
                std::hint::spin_loop();
            }
        }
    });
    let mut expected = 1;
    while expected <= COUNT {
        match behind.read() {
            Some(found) => {
                assert_eq!(found, Found::Record(expected, record(expected)));
                expected += 1;
            }
            None => behind.free(),
        }
    }
    writer.join().unwrap();
    assert_eq!(behind.read(), None);
}

#[test]
fn a_record_torn_at_any_byte_is_none_and_no_other_is_lost() {
    let place = Place::new("torn");
    let (mut ahead, mut behind) = create(&place.0, EPOCH, 4).unwrap();
    for n in 1..=5 {
        ahead.write(&record(n)).unwrap();
        behind.read();
        behind.free();
    }
    let before = place.bytes();
    ahead.write(&record(6)).unwrap();
    let after = place.bytes();
    drop((ahead, behind));
    // In the order of the stores: no checksum, the words, the checksum, the ring's count.
    let slot = 8 * form::slot(6, 4);
    let sum = slot + 8 * CHECKSUM_AT..slot + 8 * CHECKSUM_AT + 8;
    let mut bytes = before;
    for at in sum.clone() {
        bytes[at] = 0;
    }
    let mut steps: Vec<usize> = (slot..slot + 8 * CHECKSUM_AT).collect();
    steps.extend(sum.clone());
    let whole_at = steps.len();
    steps.extend(8 * HEAD_AT..8 * HEAD_AT + 8);
    for (n, at) in steps.iter().enumerate() {
        let found = place.put(&bytes).unwrap().unwrap();
        let (others, torn) = (records(3, 5), vec![Torn { sequence: 6, was_complete: false }]);
        if n < whole_at {
            assert_eq!((found.records, found.torn), (others, torn), "before byte {n}");
        } else {
            assert_eq!((found.records, found.torn), (records(3, 6), vec![]), "before byte {n}");
        }
        bytes[*at] = after[*at];
    }
    assert_eq!(bytes, after);
}

#[test]
fn a_complete_record_that_was_written_over_is_named() {
    let place = Place::new("over");
    let (mut ahead, mut behind) = create(&place.0, EPOCH, 4).unwrap();
    (1..=7).for_each(|n| {
        ahead.write(&record(n)).unwrap();
        if n < 4 {
            behind.read();
            behind.free();
        }
    });
    let whole = place.bytes();
    for sequence in 4..=7 {
        let mut bytes = whole.clone();
        bytes[8 * form::slot(sequence, 4) + 33] ^= 1;
        let found = place.put(&bytes).unwrap().unwrap();
        assert_eq!(found.torn, [Torn { sequence, was_complete: true }]);
        assert_eq!(found.records.len(), 3);
    }
    fs::write(&place.0, &whole).unwrap();
    ahead.map.words()[form::slot(5, 4) + 3].fetch_xor(1 << 40, Ordering::Relaxed);
    assert_eq!(behind.read(), Some(Found::Record(4, record(4))));
    assert_eq!(behind.read(), Some(Found::Damaged(5)));
    assert_eq!(behind.read(), Some(Found::Record(6, record(6))));
}

#[test]
fn a_count_that_is_none_stops_the_reader_and_then_the_writer() {
    let place = Place::new("count");
    let (mut ahead, mut behind) = create(&place.0, EPOCH, 4).unwrap();
    ahead.map.words()[HEAD_AT].store(u64::MAX, Ordering::Relaxed);
    assert_eq!(behind.read(), None);
    ahead.map.words()[FREE_AT].store(u64::MAX, Ordering::Relaxed);
    (1..=4).for_each(|n| ahead.write(&record(n)).unwrap());
    // The writer believes no more than what it has written.
    ahead.write(&record(5)).unwrap();
    assert_eq!(recover(&place.0).unwrap().unwrap().records, records(2, 5));
}

#[test]
fn no_file_is_written_over_and_no_one_elses_is_read() {
    let place = Place::new("whose");
    assert_eq!(recover(&place.0).unwrap(), None);
    drop(create(&place.0, EPOCH, 4).unwrap());
    assert!(matches!(create(&place.0, EPOCH, 4), Err(AheadError::Exists { .. })));
    let found = fs::metadata(&place.0).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&found) & 0o777, 0o600);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&place.0, open).unwrap();
    let text = recover(&place.0).unwrap_err().to_string();
    assert!(text.contains("644") && text.contains("remove it"), "{text}");
    let link = Place::new("link");
    std::os::unix::fs::symlink(&place.0, &link.0).unwrap();
    assert!(matches!(recover(&link.0), Err(AheadError::Io { .. })));
    assert!(matches!(create(&link.0, EPOCH, 4), Err(AheadError::Exists { .. })));
    for slots in [0, 1, 3, limits::AHEAD_SLOTS_MAX * 2] {
        let other = Place::new("slots");
        assert!(matches!(create(&other.0, EPOCH, slots), Err(AheadError::Slots { .. })));
    }
}

#[test]
fn a_file_that_is_another_one_is_refused() {
    let place = Place::new("hostile");
    drop(create(&place.0, EPOCH, 4).unwrap());
    let whole = place.bytes();
    for cut in 0..whole.len() {
        let found = place.put(&whole[..cut]);
        assert!(matches!(found, Err(AheadError::Damaged { .. })), "cut at {cut}: {found:?}");
    }
    for at in 0..40 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        let found = place.put(&bytes);
        let is_newer = matches!(found, Err(AheadError::Version { .. })) && (8..16).contains(&at);
        assert!(is_newer || matches!(found, Err(AheadError::Damaged { .. })), "{at}: {found:?}");
    }
    let longer = [&whole[..], &[0; 8 * SLOT_WORDS]].concat();
    assert!(place.put(&longer).is_err());
}

proptest! {
    #[test]
    fn whatever_a_file_says_no_record_is_made_up(
        written in 0_u64..40,
        damage in prop::collection::vec((0_usize..1_300, any::<u8>()), 0..60),
    ) {
        let place = Place::new("made-up");
        let (mut ahead, mut behind) = create(&place.0, EPOCH, 8).unwrap();
        for n in 1..=written {
            ahead.write(&record(n)).unwrap();
            behind.read();
            behind.free();
        }
        let mut bytes = place.bytes();
        let length = bytes.len();
        for (at, byte) in damage {
            // All but the first line, which is the other test's.
            bytes[40 + at % (length - 40)] = byte;
        }
        let found = place.put(&bytes).unwrap().unwrap();
        for (n, found) in found.records {
            prop_assert!(n <= written && found == record(n));
        }
    }
}
