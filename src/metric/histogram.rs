//! A histogram that one thread writes in about two nanoseconds and others read without a lock.
//!
//! In: whole numbers, nanoseconds as a rule. Out: snapshots, their differences, percentiles, and
//! `hdrhistogram` for logs and pages.
//! Never: a value understated. A percentile is the upper end of its bucket, at most 1/32 above.
//!
//! Buckets are exact below 64; from there on each power of two has 32 of equal width, up to 2^36
//! (69 s in nanoseconds), and one last bucket takes what is longer.

use crate::ring::sync::{Arc, AtomicU64, Ordering};

/// Values below are counted exactly.
const EXACT: u64 = 64;

/// Bits of [`EXACT`].
const EXACT_BITS: u32 = EXACT.trailing_zeros();

/// Buckets of each power of two above, in bits: 1/32 is the largest error.
const SUB_BITS: u32 = 5;

/// Values from 2^36 on are in the last bucket.
const VALUE_BITS: u32 = 36;

/// All buckets, the last one for what is too long.
const BUCKETS: usize = EXACT as usize + (((VALUE_BITS - EXACT_BITS) as usize) << SUB_BITS) + 1;

/// The writing end of a histogram.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
}

/// A reading end of a histogram.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
}

/// What a histogram held at a moment, or between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    counts: Vec<u64>,
    sum: u64,
    max: u64,
}

/// The usual percentiles, in the unit of the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// Values counted.
    pub count: u64,
    /// Half of the values are at most this.
    pub p50: u64,
    /// 90 %.
    pub p90: u64,
    /// 99 %.
    pub p99: u64,
    /// 99.9 %.
    pub p999: u64,
    /// 99.99 %.
    pub p9999: u64,
    /// The largest.
    pub max: u64,
}

#[derive(Debug)]
struct Shared {
    counts: Box<[AtomicU64]>,
    /// Sum of all values, wrapping.
    sum: AtomicU64,
    max: AtomicU64,
}

/// An empty histogram: 8 KiB.
pub fn histogram() -> (Recorder, Reader) {
    with_buckets(BUCKETS)
}

impl Recorder {
    /// Counts a value.
    #[inline(always)]
    pub fn record(&mut self, value: u64) {
        let shared = &*self.shared;
        // One writer, so nothing is lost between a load and its store.
        let sum = shared.sum.load(Ordering::Relaxed).wrapping_add(value);
        shared.sum.store(sum, Ordering::Relaxed);
        if value > shared.max.load(Ordering::Relaxed) {
            shared.max.store(value, Ordering::Relaxed);
        }
        let bucket = &shared.counts[bucket_of(value).min(shared.counts.len() - 1)];
        // Release: who sees the count sees a maximum that is no smaller than the value.
        bucket.store(bucket.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

impl Reader {
    /// What was counted. A value that is recorded meanwhile is in it or in the next: no count is
    /// ever smaller than in an earlier snapshot.
    pub fn snapshot(&self) -> Snapshot {
        // Acquire, and the maximum last: it covers every value that is counted.
        let load = |count: &AtomicU64| count.load(Ordering::Acquire);
        Snapshot {
            counts: self.shared.counts.iter().map(load).collect(),
            sum: self.shared.sum.load(Ordering::Relaxed),
            max: self.shared.max.load(Ordering::Relaxed),
        }
    }
}

impl Default for Snapshot {
    fn default() -> Snapshot {
        Snapshot { counts: vec![0; BUCKETS], sum: 0, max: 0 }
    }
}

impl Snapshot {
    /// What was counted since an earlier snapshot of the same histogram. Its largest value is known
    /// where it is a new record, else as the upper end of its bucket.
    pub fn since(&self, earlier: &Snapshot) -> Snapshot {
        let pairs = self.counts.iter().zip(&earlier.counts);
        let counts: Vec<u64> = pairs.map(|(now, then)| now.saturating_sub(*then)).collect();
        let highest = counts.iter().rposition(|count| *count > 0);
        let max = if self.max > earlier.max {
            self.max
        } else {
            highest.map_or(0, |bucket| upper_end(bucket).min(self.max))
        };
        Snapshot { counts, sum: self.sum.wrapping_sub(earlier.sum), max }
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Snapshot) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum = self.sum.wrapping_add(other.sum);
        self.max = self.max.max(other.max);
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Sum of all values, wrapping.
    pub const fn sum(&self) -> u64 {
        self.sum
    }

    /// The largest value.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The mean of all values, 0 where there is none.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count().max(1) as f64
    }

    /// A value that is not exceeded by `share` (0 to 1) of all values: the upper end of a bucket.
    pub fn percentile(&self, share: f64) -> u64 {
        let wanted = ((share * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper_end(bucket).min(self.max);
            }
        }
        self.max
    }

    /// The usual ones.
    pub fn percentiles(&self) -> Percentiles {
        Percentiles {
            count: self.count(),
            p50: self.percentile(0.5),
            p90: self.percentile(0.9),
            p99: self.percentile(0.99),
            p999: self.percentile(0.999),
            p9999: self.percentile(0.9999),
            max: self.max,
        }
    }

    /// Buckets that hold something: the upper end of each, and its count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(bucket, count)| (upper_end(bucket).min(self.max), *count))
    }

    /// For `.hlog` and `.hgrm` files, with three digits; `None` where no such histogram can be
    /// made.
    pub fn to_hdr(&self) -> Option<hdrhistogram::Histogram<u64>> {
        let mut hdr = hdrhistogram::Histogram::new_with_bounds(1, self.max.max(2), 3).ok()?;
        for (value, count) in self.buckets() {
            hdr.record_n(value, count).ok()?;
        }
        Some(hdr)
    }
}

fn with_buckets(buckets: usize) -> (Recorder, Reader) {
    let shared = Arc::new(Shared {
        counts: (0..buckets).map(|_| AtomicU64::new(0)).collect(),
        sum: AtomicU64::new(0),
        max: AtomicU64::new(0),
    });
    let reader = Reader { shared: shared.clone() };
    (Recorder { shared }, reader)
}

/// Where a value is counted; beyond the last bucket where it is too long.
#[inline(always)]
fn bucket_of(value: u64) -> usize {
    if value < EXACT {
        return value as usize;
    }
    let power = value.ilog2();
    let sub = (value >> (power - SUB_BITS)) & ((1 << SUB_BITS) - 1);
    EXACT as usize + (((power - EXACT_BITS) as usize) << SUB_BITS) + sub as usize
}

/// The largest value of a bucket.
fn upper_end(bucket: usize) -> u64 {
    if bucket < EXACT as usize {
        return bucket as u64;
    }
    if bucket >= BUCKETS - 1 {
        return u64::MAX;
    }
    let above = bucket - EXACT as usize;
    let power = EXACT_BITS + (above >> SUB_BITS) as u32;
    let sub = (above & ((1 << SUB_BITS) - 1)) as u64;
    let width = 1_u64 << (power - SUB_BITS);
    (1 << power) + (sub + 1) * width - 1
}

#[cfg(all(test, not(interleavings)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_follow_one_another_without_a_gap() {
        for bucket in 0..BUCKETS - 1 {
            let end = upper_end(bucket);
            assert_eq!(bucket_of(end), bucket);
            assert_eq!(bucket_of(end + 1), bucket + 1);
        }
        assert_eq!(upper_end(BUCKETS - 2), (1 << VALUE_BITS) - 1);
        assert!(bucket_of(u64::MAX) >= BUCKETS - 1);
    }

    #[test]
    fn an_empty_histogram_has_no_percentile() {
        let (_recorder, reader) = histogram();
        assert_eq!(reader.snapshot().percentiles(), Percentiles::default());
        assert_eq!(reader.snapshot(), Snapshot::default());
    }

    #[test]
    fn the_longest_values_are_counted_and_kept_exactly() {
        let (mut recorder, reader) = histogram();
        recorder.record(5);
        recorder.record(1 << 40);
        recorder.record(u64::MAX);
        let snapshot = reader.snapshot();
        assert_eq!((snapshot.count(), snapshot.max()), (3, u64::MAX));
        assert_eq!(snapshot.percentile(0.3), 5);
        assert_eq!(snapshot.percentile(1.0), u64::MAX);
    }

    #[test]
    fn an_interval_holds_what_came_between_two_snapshots() {
        let (mut recorder, reader) = histogram();
        recorder.record(1_000);
        let first = reader.snapshot();
        recorder.record(100);
        recorder.record(20);
        let second = reader.snapshot();
        recorder.record(5_000);
        let third = reader.snapshot();

        let interval = second.since(&first);
        assert_eq!((interval.count(), interval.sum()), (2, 120));
        assert!((100..=103).contains(&interval.max()), "{}", interval.max());
        assert_eq!(third.since(&second).max(), 5_000);
        assert_eq!(third.since(&third).percentiles(), Percentiles::default());

        let mut merged = first.clone();
        merged.merge(&interval);
        merged.merge(&third.since(&second));
        assert_eq!(merged, third);
    }

    #[test]
    fn a_reader_sees_counts_that_only_grow() {
        const VALUES: u64 = if cfg!(miri) { 200 } else { 200_000 };
        let (mut recorder, reader) = histogram();
        let writer = std::thread::spawn(move || (0..VALUES).for_each(|n| recorder.record(n % 97)));
        let mut last = reader.snapshot();
        while last.count() < VALUES {
            let next = reader.snapshot();
            assert!(last.counts.iter().zip(&next.counts).all(|(then, now)| now >= then));
            last = next;
        }
        writer.join().unwrap();
        assert_eq!(last.max(), 96);
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_an_exact_histogram_within_a_bucket(
            values in prop::collection::vec((0..36_u32, any::<u64>()), 1..500)
        ) {
            // Evenly over the powers of two, as latencies are.
            let mut values: Vec<u64> = values.iter().map(|(bits, n)| n >> (63 - bits)).collect();
            let (mut recorder, reader) = histogram();
            for value in &values {
                recorder.record(*value);
            }
            values.sort_unstable();
            let snapshot = reader.snapshot();
            prop_assert_eq!(snapshot.max(), values[values.len() - 1]);
            let hdr = snapshot.to_hdr().unwrap();
            for share in [0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let rank = ((share * values.len() as f64).ceil() as usize).max(1);
                let (exact, ours) = (values[rank - 1], snapshot.percentile(share));
                prop_assert!(ours >= exact && ours - exact <= exact / 32, "{ours} for {exact}");
                let theirs = hdr.value_at_quantile(share);
                prop_assert!(theirs.abs_diff(ours) <= ours / 500, "hdr {theirs}, ours {ours}");
            }
        }
    }

    #[test]
    fn the_oracle_agrees_within_a_bucket() {
        let mut oracle = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1 << 36, 3).unwrap();
        let (mut recorder, reader) = histogram();
        let mut state = 88_172_645_463_325_252_u64;
        for _ in 0..100_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let value = 40 + (state >> 40) % (1 + (state & 0xFFF) * (state & 0xFF));
            oracle.record(value).unwrap();
            recorder.record(value);
        }
        let snapshot = reader.snapshot();
        for share in [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0] {
            let (ours, theirs) = (snapshot.percentile(share), oracle.value_at_quantile(share));
            assert!(ours.abs_diff(theirs) <= theirs / 31 + 1, "{share}: {ours}, {theirs}");
        }
        assert!((snapshot.mean() / oracle.mean() - 1.0).abs() < 1e-3);
    }
}

#[cfg(all(test, interleavings))]
mod loom_tests {
    use super::*;

    #[test]
    fn loom_snapshots_only_grow_and_lose_nothing() {
        loom::model(|| {
            let (mut recorder, reader) = with_buckets(2);
            // The reader is the one that is started: loom looks for the last access to a number
            // only, and the writer's own load would hide the reader's before its store.
            let thread = loom::thread::spawn(move || {
                let (first, second) = (reader.snapshot(), reader.snapshot());
                let mut pairs = first.counts.iter().zip(&second.counts);
                assert!(pairs.all(|(then, now)| now >= then));
                assert!(second.count() <= 2);
                assert!(first.counts[1] == 0 || first.max == 7, "{first:?}");
                reader
            });
            recorder.record(0);
            recorder.record(7);
            let last = thread.join().unwrap().snapshot();
            assert_eq!((last.counts, last.sum, last.max), (vec![1, 1], 7, 7));
        });
    }
}
