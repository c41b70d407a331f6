//! The newest value, from one writer to one reader: limits, slow inputs, a book's last depth.
//!
//! Three slots: the writer fills one, the reader reads one, and the third lies between them. One
//! byte says which, and whether the reader has seen it. A side takes the middle slot by swapping
//! its own for it, so a slot never has two owners, and nobody ever waits for anybody.
//!
//! Guaranteed: a value is never torn; a read sees the newest value whose write has returned before;
//! values never go back in time; both sides are wait-free and do not allocate.
//! Not guaranteed: that each value is seen. Who needs each one takes a ring.

use crossbeam_utils::CachePadded;

use super::sync::{Arc, AtomicU8, Ordering, Slots};

/// The middle slot holds a value that the reader has not seen.
const UNSEEN: u8 = 0b100;

/// The bits of a slot's number: 0, 1 or 2.
const SLOT: u8 = 0b011;

/// The writing end of a cell.
pub struct Writer<T> {
    shared: Arc<Shared<T>>,
    /// The slot that only the writer touches.
    slot: u8,
}

/// The reading end of a cell.
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
    /// The slot that only the reader touches.
    slot: u8,
}

/// At every moment writer's slot, reader's slot and middle are three different numbers.
struct Shared<T> {
    slots: Slots<CachePadded<T>>,
    middle: CachePadded<AtomicU8>,
}

/// A cell that holds `first`, which counts as seen.
///
/// ```
/// let (mut writer, mut reader) = neural_kraken::ring::latest::cell(1_u64);
/// assert_eq!(reader.read_new(), None);
/// writer.write(2);
/// writer.write(3);
/// assert_eq!(reader.read_new(), Some(3), "2 was never seen, and need not be");
/// assert_eq!(reader.read(), 3);
/// ```
pub fn cell<T: Copy>(first: T) -> (Writer<T>, Reader<T>) {
    let shared = Arc::new(Shared {
        slots: Slots::new(3, CachePadded::new(first)),
        middle: CachePadded::new(AtomicU8::new(2)),
    });
    let writer = Writer { shared: shared.clone(), slot: 0 };
    (writer, Reader { shared, slot: 1 })
}

impl<T: Copy> Writer<T> {
    /// Replaces the value.
    #[inline]
    pub fn write(&mut self, value: T) {
        let value = [CachePadded::new(value)];
        // SAFETY: `slot` came out of the swap below (or from `cell`) and stands nowhere else: the
        // reader holds another one, and `&mut self` on the only `Writer` excludes another write.
        unsafe { self.shared.slots.write(usize::from(self.slot), &value) };
        // Release hands our slot over with what is in it; acquire takes the other one over after
        // the reader's last read of it.
        let middle = self.shared.middle.swap(self.slot | UNSEEN, Ordering::AcqRel);
        self.slot = middle & SLOT;
    }
}

impl<T: Copy> Reader<T> {
    /// The newest value.
    #[inline]
    pub fn read(&mut self) -> T {
        self.take_over();
        self.value()
    }

    /// The newest value, if it was not read before.
    #[inline]
    pub fn read_new(&mut self) -> Option<T> {
        self.take_over().then(|| self.value())
    }

    /// Makes the newest unseen value's slot ours; says if there was one.
    #[inline]
    fn take_over(&mut self) -> bool {
        // Relaxed: only a hint that spares a swap; the swap below orders.
        if self.shared.middle.load(Ordering::Relaxed) & UNSEEN == 0 {
            return false;
        }
        // Only the reader clears the mark, so the slot is still unseen, if maybe a newer one.
        let middle = self.shared.middle.swap(self.slot, Ordering::AcqRel);
        self.slot = middle & SLOT;
        true
    }

    #[inline]
    fn value(&self) -> T {
        // SAFETY: `slot` came out of the swap in `take_over` (or from `cell`) and stands nowhere
        // else, so the writer does not touch it until we swap it away, which needs `&mut self`.
        let slot = unsafe { self.shared.slots.slice(usize::from(self.slot), 1) };
        *slot[0]
    }
}

#[cfg(all(test, not(interleavings)))]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_new_once() {
        let (mut writer, mut reader) = cell([0_u64; 4]);
        assert_eq!(reader.read(), [0; 4]);
        writer.write([1; 4]);
        assert_eq!(reader.read_new(), Some([1; 4]));
        assert_eq!(reader.read_new(), None);
        assert_eq!(reader.read(), [1; 4]);
        for n in 2..20 {
            writer.write([n; 4]);
        }
        assert_eq!(reader.read(), [19; 4]);
        drop(writer);
        assert_eq!(reader.read(), [19; 4]);
    }

    #[test]
    fn under_load_no_value_is_torn_or_goes_back() {
        let last: u64 = if cfg!(miri) { 200 } else { 500_000 };
        let (mut writer, mut reader) = cell([0_u64; 32]);
        let thread = std::thread::spawn(move || {
            for n in 1..=last {
                writer.write([n; 32]);
            }
        });
        let mut newest = 0;
        while newest < last {
            let value = reader.read();
            assert!(value.iter().all(|v| *v == value[0]), "torn: {value:?}");
            assert!(value[0] >= newest, "{} after {newest}", value[0]);
            newest = value[0];
            if cfg!(miri) {
                std::thread::yield_now();
            }
        }
        thread.join().unwrap();
    }
}

#[cfg(all(test, interleavings))]
mod loom_tests {
    use super::*;

    #[test]
    fn loom_a_cell_is_never_torn_and_ends_with_the_last_value() {
        loom::model(|| {
            let (mut writer, mut reader) = cell(0_u32);
            let thread = loom::thread::spawn(move || {
                writer.write(1);
                writer.write(2);
                writer.write(3);
            });
            let first = reader.read();
            let second = reader.read_new();
            assert!(second.is_none_or(|second| second > first));
            thread.join().unwrap();
            assert_eq!(reader.read(), 3);
        });
    }
}
