//! A ring that carries slices: the levels of a market message, beside the ring of its heads.
//!
//! The head says how many elements follow; the slice is written before the head is pushed and
//! released after the head was used. A slice never wraps, so that the reader has one piece of
//! memory. Where the end of the storage is too near, the slice begins anew at slot 0, and the
//! slots that are left out are counted as used: position and count alone say how many they are, so
//! both sides come to the same number and nothing of it travels.
//!
//! Guaranteed: all of a slice or nothing of it; no lock, wait, or allocation; the reader's slice
//! does not change under its hands.
//! Not guaranteed: that there is room. A slice of up to half of the slots fits into an empty ring
//! wherever its position stands; larger ones may not, and are a programmer's error.

use crossbeam_utils::CachePadded;

use super::sync::{Arc, AtomicUsize, Ordering, Slots};

/// The writing end.
pub struct Writer<T> {
    shared: Arc<Shared<T>>,
    /// Slots used since the beginning, wrapping.
    tail: usize,
    /// What was last seen of the reader's position: never ahead of it.
    head_seen: usize,
}

/// The reading end.
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
    /// Slots released since the beginning, wrapping.
    head: usize,
    /// What was last seen of the writer's position: never ahead of it.
    tail_seen: usize,
}

/// `tail - head`, wrapping, is at most the number of slots; what lies between is the reader's.
struct Shared<T> {
    slots: Slots<T>,
    head: CachePadded<AtomicUsize>,
    tail: CachePadded<AtomicUsize>,
}

/// A ring of `slots` elements, a power of two. Allocates and touches all of it; nothing after it
/// does.
///
/// ```
/// let (mut writer, mut reader) = neural_kraken::ring::level::ring::<u32>(8);
/// assert!(writer.write(&[1, 2, 3]));
/// assert!(writer.write(&[4, 5, 6]));
/// assert!(!writer.write(&[7, 8, 9]), "no room, and nothing of it was written");
/// assert_eq!(reader.read(3), Some(&[1, 2, 3][..]));
/// reader.release(3);
/// ```
pub fn ring<T: Copy + Default>(slots: usize) -> (Writer<T>, Reader<T>) {
    assert!(slots.is_power_of_two(), "a level ring of 2^n slots, not of {slots}");
    let shared = Arc::new(Shared {
        slots: Slots::new(slots, T::default()),
        head: CachePadded::new(AtomicUsize::new(0)),
        tail: CachePadded::new(AtomicUsize::new(0)),
    });
    let writer = Writer { shared: shared.clone(), tail: 0, head_seen: 0 };
    let reader = Reader { shared, head: 0, tail_seen: 0 };
    (writer, reader)
}

impl<T: Copy> Writer<T> {
    /// Appends a slice, or says that there is no room for it.
    #[inline]
    pub fn write(&mut self, items: &[T]) -> bool {
        let slots = self.shared.slots.len();
        assert!(items.len() <= slots / 2, "a slice is at most half of a level ring");
        let start = self.tail.wrapping_add(skipped(self.tail, items.len(), slots));
        let end = start.wrapping_add(items.len());
        if end.wrapping_sub(self.head_seen) > slots {
            // Acquire: the reader's last look at what it released comes before our writing over it.
            self.head_seen = self.shared.head.load(Ordering::Acquire);
            if end.wrapping_sub(self.head_seen) > slots {
                return false;
            }
        }
        // SAFETY: `start .. end` does not wrap in the storage, by `skipped`, and lies less than
        // `slots` ahead of the reader's position and not before `tail`, so the reader holds none of
        // it; `&mut self` on the only `Writer` excludes another write.
        unsafe { self.shared.slots.write(start & (slots - 1), items) };
        self.tail = end;
        // Release: the elements are there for whoever sees the new position.
        self.shared.tail.store(end, Ordering::Release);
        true
    }

    /// The longest slice that may be written.
    pub fn count_max(&self) -> usize {
        self.shared.slots.len() / 2
    }
}

impl<T: Copy> Reader<T> {
    /// The oldest slice, of `count` elements as it was written, or `None` where it is not there
    /// yet. It stays until [`release`](Reader::release).
    #[inline]
    pub fn read(&mut self, count: usize) -> Option<&[T]> {
        let slots = self.shared.slots.len();
        let start = self.head.wrapping_add(skipped(self.head, count, slots));
        if !self.is_written(start.wrapping_add(count)) {
            return None;
        }
        // SAFETY: `start .. start + count` does not wrap in the storage, by `skipped`, and lies
        // between our position and the writer's as seen by an acquire load, so it is written, and
        // the writer leaves it alone until we move our position, which needs `&mut self`.
        Some(unsafe { self.shared.slots.slice(start & (slots - 1), count) })
    }

    /// Gives the oldest slice's slots back; `count` as it was read.
    #[inline]
    pub fn release(&mut self, count: usize) {
        let skipped = skipped(self.head, count, self.shared.slots.len());
        let end = self.head.wrapping_add(skipped).wrapping_add(count);
        assert!(self.is_written(end), "what is released was written");
        self.head = end;
        // Release: our last look at the elements comes before the writer's use of their slots.
        self.shared.head.store(end, Ordering::Release);
    }

    /// Has the writer come as far as `end`?
    #[inline]
    fn is_written(&mut self, end: usize) -> bool {
        let wanted = end.wrapping_sub(self.head);
        if self.tail_seen.wrapping_sub(self.head) < wanted {
            // Acquire: the elements come with the position.
            self.tail_seen = self.shared.tail.load(Ordering::Acquire);
        }
        self.tail_seen.wrapping_sub(self.head) >= wanted
    }
}

/// Slots that are left out before a slice of `count` at `position`, so that it does not wrap.
#[inline(always)]
fn skipped(position: usize, count: usize, slots: usize) -> usize {
    let to_end = slots - (position & (slots - 1));
    if count > to_end { to_end } else { 0 }
}

#[cfg(all(test, not(interleavings)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_slice_that_would_wrap_begins_anew() {
        let (mut writer, mut reader) = ring::<u8>(8);
        assert!(writer.write(&[1, 2, 3]) && writer.write(&[4, 5, 6]));
        reader.release(3);
        // Two slots are left at the end: they are skipped, and 3 + 2 + 3 slots are in use.
        assert!(writer.write(&[7, 8, 9]));
        assert!(!writer.write(&[10]));
        assert_eq!(reader.read(3), Some(&[4, 5, 6][..]));
        reader.release(3);
        assert_eq!(reader.read(3), Some(&[7, 8, 9][..]));
        assert_eq!(reader.read(4), None);
    }

    #[test]
    fn a_slice_of_half_fits_into_an_empty_ring_wherever_it_stands() {
        for before in 0..16 {
            let (mut writer, mut reader) = ring::<u8>(16);
            for _ in 0..before {
                assert!(writer.write(&[0]));
                reader.release(1);
            }
            assert!(writer.write(&[7; 8]), "after {before}");
            assert_eq!(reader.read(8), Some(&[7; 8][..]));
        }
    }

    #[test]
    fn an_empty_slice_is_nothing() {
        let (mut writer, mut reader) = ring::<u8>(2);
        assert!(writer.write(&[]));
        assert_eq!(reader.read(0), Some(&[][..]));
        reader.release(0);
        assert!(writer.write(&[1]) && writer.write(&[2]) && !writer.write(&[3]));
    }

    #[test]
    #[should_panic(expected = "what is released was written")]
    fn nothing_is_released_before_it_is_written() {
        let (_writer, mut reader) = ring::<u8>(4);
        reader.release(1);
    }

    proptest! {
        #[test]
        fn carries_any_run_of_slices_as_a_queue_does(
            counts in prop::collection::vec(0..=8_usize, 1..200),
        ) {
            let (mut writer, mut reader) = ring::<usize>(16);
            let mut queue = std::collections::VecDeque::new();
            for (n, count) in counts.into_iter().enumerate() {
                let slice: Vec<usize> = (n..n + count).collect();
                while !writer.write(&slice) {
                    let oldest: Vec<usize> = queue.pop_front().expect("an empty ring takes all");
                    prop_assert_eq!(reader.read(oldest.len()), Some(&oldest[..]));
                    reader.release(oldest.len());
                }
                queue.push_back(slice);
            }
            for slice in queue {
                prop_assert_eq!(reader.read(slice.len()), Some(&slice[..]));
                reader.release(slice.len());
            }
        }
    }
}

#[cfg(all(test, interleavings))]
mod loom_tests {
    use super::*;

    #[test]
    fn loom_slices_arrive_whole_and_are_not_written_over_while_read() {
        loom::model(|| {
            let (mut writer, mut reader) = ring::<u32>(4);
            let thread = loom::thread::spawn(move || {
                assert!(writer.write(&[1]));
                assert!(writer.write(&[2, 3]));
                // Needs slots that are the reader's: comes in only after a release.
                writer.write(&[4, 5])
            });
            let mut released = 0;
            for expected in [&[1][..], &[2, 3]] {
                if reader.read(expected.len()).is_none() {
                    break;
                }
                // Read again as late as can be: loom sees who touches the slots in between.
                assert_eq!(reader.read(expected.len()), Some(expected));
                reader.release(expected.len());
                released += 1;
            }
            if thread.join().unwrap() {
                for expected in [&[1][..], &[2, 3], &[4, 5]].into_iter().skip(released) {
                    assert_eq!(reader.read(expected.len()), Some(expected));
                    reader.release(expected.len());
                }
            }
        });
    }
}
