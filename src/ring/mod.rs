//! Rings: how messages go from one thread to another without a lock.
//!
//! [`Producer`] and [`Consumer`] carry messages in order, one writer and one reader (`rtrb` below).
//! [`level`] carries slices beside them, [`latest`] carries the newest value alone.
//!
//! Guaranteed: no element is lost, doubled or reordered; no call waits, locks, allocates or makes a
//! system call; one writer and one reader by type, since both ends need `&mut self`.
//! Not guaranteed: that there is room (a full ring gives the element back, and the topology says
//! what then), nor that the other end still lives (ask [`Producer::is_abandoned`]).

#![allow(unsafe_code, reason = "two threads share slots; each use proves who holds them")]

pub mod latest;
pub mod level;
pub(crate) mod sync;

/// The writing end of a ring.
#[derive(Debug)]
pub struct Producer<T> {
    inner: rtrb::Producer<T>,
}

/// The reading end of a ring.
#[derive(Debug)]
pub struct Consumer<T> {
    inner: rtrb::Consumer<T>,
}

/// A ring of `slots` elements, empty. Allocates; nothing after it does.
///
/// ```
/// let (mut producer, mut consumer) = neural_kraken::ring::spsc::<u64>(2);
/// assert_eq!(producer.push(1), Ok(()));
/// assert_eq!(producer.push(2), Ok(()));
/// assert_eq!(producer.push(3), Err(3), "full, and nothing is lost");
/// assert_eq!(consumer.pop(), Some(1));
/// assert_eq!(consumer.pop_with(|seen| *seen), Some(2));
/// assert_eq!(consumer.pop(), None);
/// ```
pub fn spsc<T>(slots: usize) -> (Producer<T>, Consumer<T>) {
    assert!(slots > 0, "a ring has at least one slot");
    let (mut producer, consumer) = rtrb::RingBuffer::new(slots);
    bring_in(&mut producer, slots);
    (Producer { inner: producer }, Consumer { inner: consumer })
}

/// Writes every slot once, so that its pages are in memory before the ring is used.
fn bring_in<T>(producer: &mut rtrb::Producer<T>, slots: usize) {
    let Ok(mut chunk) = producer.write_chunk_uninit(slots) else { return };
    let (all, _) = chunk.as_mut_slices();
    // SAFETY: `all` is writable memory for its length in elements, and any byte may stand in an
    // uninitialised slot; the chunk is dropped without a commit, so nobody reads it.
    unsafe { std::ptr::write_bytes(all.as_mut_ptr(), 0, all.len()) };
}

impl<T> Producer<T> {
    /// Appends an element; gives it back where the ring is full.
    #[inline(always)]
    pub fn push(&mut self, element: T) -> Result<(), T> {
        self.inner.push(element).map_err(|rtrb::PushError::Full(element)| element)
    }

    /// Elements that fit now; never fewer until the next push.
    pub fn free(&self) -> usize {
        self.inner.slots()
    }

    /// Elements that fit in all.
    pub fn capacity(&self) -> usize {
        self.inner.buffer().capacity()
    }

    /// Is the reading end gone? Then what is pushed is read by nobody.
    pub fn is_abandoned(&self) -> bool {
        self.inner.is_abandoned()
    }
}

impl<T> Consumer<T> {
    /// Takes the oldest element, if there is one.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<T> {
        self.inner.pop().ok()
    }

    /// Shows the oldest element in its slot and frees the slot afterwards: no copy.
    #[inline(always)]
    pub fn pop_with<R>(&mut self, take: impl FnOnce(&T) -> R) -> Option<R> {
        let chunk = self.inner.read_chunk(1).ok()?;
        let result = chunk.as_slices().0.first().map(take);
        chunk.commit_all();
        result
    }

    /// The oldest element, left where it is.
    #[inline(always)]
    pub fn peek(&self) -> Option<&T> {
        self.inner.peek().ok()
    }

    /// Elements to be read now; never fewer until the next pop.
    pub fn len(&self) -> usize {
        self.inner.slots()
    }

    /// Is there nothing to be read?
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Elements that fit in all.
    pub fn capacity(&self) -> usize {
        self.inner.buffer().capacity()
    }

    /// Is the writing end gone? What it wrote can still be read.
    pub fn is_abandoned(&self) -> bool {
        self.inner.is_abandoned()
    }
}

#[cfg(all(test, not(interleavings)))]
mod tests {
    use super::*;

    /// Elements that stress tests send; Miri is a thousand times slower.
    const SENT: u64 = if cfg!(miri) { 300 } else { 300_000 };

    #[test]
    fn a_full_ring_gives_the_element_back() {
        let (mut producer, mut consumer) = spsc(1);
        assert_eq!(producer.push("first"), Ok(()));
        assert_eq!(producer.free(), 0);
        assert_eq!(producer.push("second"), Err("second"));
        assert_eq!(consumer.peek(), Some(&"first"));
        assert_eq!(consumer.pop(), Some("first"));
        assert_eq!((producer.free(), producer.capacity()), (1, 1));
    }

    #[test]
    fn what_was_written_outlives_its_writer() {
        let (mut producer, mut consumer) = spsc(4);
        producer.push(7).unwrap();
        drop(producer);
        assert!(consumer.is_abandoned());
        assert_eq!(consumer.len(), 1);
        assert_eq!(consumer.pop_with(|n| *n), Some(7));
        assert!(consumer.is_empty());
    }

    #[test]
    fn elements_dropped_with_the_ring_are_freed() {
        let token = std::sync::Arc::new(());
        let (mut producer, consumer) = spsc(4);
        producer.push(token.clone()).unwrap();
        drop((producer, consumer));
        assert_eq!(std::sync::Arc::strong_count(&token), 1);
    }

    #[test]
    fn all_arrive_once_and_in_order() {
        let (mut producer, mut consumer) = spsc(64);
        let writer = std::thread::spawn(move || {
            for n in 0..SENT {
                while producer.push([n; 8]).is_err() {
                    std::thread::yield_now();
                }
            }
        });
        for n in 0..SENT {
            loop {
                if let Some(got) = consumer.pop_with(|got| *got) {
                    assert_eq!(got, [n; 8]);
                    break;
                }
                std::thread::yield_now();
            }
        }
        writer.join().unwrap();
        assert_eq!(consumer.pop(), None);
    }
    #[test]
    fn slices_follow_their_heads_across_threads() {
        let (mut heads, mut from_heads) = spsc::<usize>(8);
        let (mut writer, mut reader) = level::ring::<u64>(64);
        let count_of = |n: usize| n * 7 % 33;
        let thread = std::thread::spawn(move || {
            let mut slice = Vec::new();
            for n in 0..SENT as usize {
                slice.clear();
                slice.extend((0..count_of(n)).map(|at| (n + at) as u64));
                while !writer.write(&slice) {
                    std::thread::yield_now();
                }
                while heads.push(n).is_err() {
                    std::thread::yield_now();
                }
            }
        });
        for expected in 0..SENT as usize {
            let n = loop {
                match from_heads.pop() {
                    Some(n) => break n,
                    None => std::thread::yield_now(),
                }
            };
            assert_eq!(n, expected);
            let slice = reader.read(count_of(n)).expect("written before its head");
            assert!(slice.iter().enumerate().all(|(at, v)| *v == (n + at) as u64));
            reader.release(count_of(n));
        }
        thread.join().unwrap();
    }
}
