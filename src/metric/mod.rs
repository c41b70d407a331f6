//! Metrics: counters and histograms, each declared once, written by one thread and read by others.
//!
//! In: single-writer handles, given out at start. Out: what the cold side exports, by name.
//! Never: a lock, an allocation or a read-modify-write instruction on the writer's side; one writer
//! makes plain loads and stores enough.

pub mod histogram;

use crate::ring::sync::{Arc, AtomicU64, Ordering};

/// The writing end of a counter. It only grows, and wraps after centuries.
#[derive(Debug)]
pub struct Counter {
    value: Arc<AtomicU64>,
}

/// A reading end of a counter.
#[derive(Clone, Debug)]
pub struct CounterReader {
    value: Arc<AtomicU64>,
}

/// What a metric is called and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Name with its unit last: `frames_total`, `tick_to_order_ns`.
    pub name: &'static str,
    /// One sentence for who reads it on a dashboard.
    pub help: &'static str,
    /// What it is about, `kraken` or `book`; empty where there is one only.
    pub subject: String,
}

/// Every metric of the process, in order of declaration: filled at start, kept by the cold side.
#[derive(Debug, Default)]
pub struct Metrics {
    counters: Vec<(About, CounterReader)>,
    histograms: Vec<(About, histogram::Reader)>,
}

/// A counter that stands at 0.
pub fn counter() -> (Counter, CounterReader) {
    let value = Arc::new(AtomicU64::new(0));
    let reader = CounterReader { value: value.clone() };
    (Counter { value }, reader)
}

impl Counter {
    /// Adds `amount`.
    #[inline(always)]
    pub fn add(&mut self, amount: u64) {
        let value = self.value.load(Ordering::Relaxed);
        self.value.store(value.wrapping_add(amount), Ordering::Relaxed);
    }

    /// Adds one.
    #[inline(always)]
    pub fn increment(&mut self) {
        self.add(1);
    }

    /// How far it has counted.
    #[inline(always)]
    pub fn value(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

impl CounterReader {
    /// How far it has counted; never less than what was read before.
    pub fn value(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

impl Metrics {
    /// Declares a counter and gives its writing end to who counts.
    pub fn counter(&mut self, name: &'static str, help: &'static str, subject: &str) -> Counter {
        let about = self.declared(name, help, subject);
        let (counter, reader) = counter();
        self.counters.push((about, reader));
        counter
    }

    /// Declares a histogram and gives its writing end to who measures.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        subject: &str,
    ) -> histogram::Recorder {
        let about = self.declared(name, help, subject);
        let (recorder, reader) = histogram::histogram();
        self.histograms.push((about, reader));
        recorder
    }

    /// All counters.
    pub fn counters(&self) -> &[(About, CounterReader)] {
        &self.counters
    }

    /// All histograms.
    pub fn histograms(&self) -> &[(About, histogram::Reader)] {
        &self.histograms
    }

    fn declared(&self, name: &'static str, help: &'static str, subject: &str) -> About {
        let about = About { name, help, subject: subject.to_owned() };
        let counters = self.counters.iter().map(|(about, _)| about);
        let mut all = counters.chain(self.histograms.iter().map(|(about, _)| about));
        let is_new = !all.any(|other| other.name == name && other.subject == subject);
        assert!(is_new, "metric {name} of `{subject}` is declared once");
        about
    }
}

#[cfg(all(test, not(interleavings)))]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_read_while_it_counts() {
        let (mut counter, reader) = counter();
        let thread = std::thread::spawn(move || {
            for _ in 0..100_000 {
                counter.increment();
            }
            counter.add(5);
            counter.value()
        });
        let mut last = 0;
        while last < 100_005 {
            let value = reader.value();
            assert!(value >= last);
            last = value;
        }
        assert_eq!(thread.join().unwrap(), 100_005);
    }

    #[test]
    fn metrics_are_listed_as_they_were_declared() {
        let mut metrics = Metrics::default();
        let mut kraken = metrics.counter("frames_total", "Frames seen.", "kraken");
        let _binance = metrics.counter("frames_total", "Frames seen.", "binance");
        let mut spans = metrics.histogram("decode_ns", "Time to decode a frame.", "");
        kraken.add(3);
        spans.record(70);
        let seen: Vec<_> = metrics
            .counters()
            .iter()
            .map(|(about, reader)| (about.subject.as_str(), reader.value()))
            .collect();
        assert_eq!(seen, [("kraken", 3), ("binance", 0)]);
        assert_eq!(metrics.histograms()[0].1.snapshot().count(), 1);
    }

    #[test]
    #[should_panic(expected = "metric frames_total of `kraken` is declared once")]
    fn a_metric_is_declared_once() {
        let mut metrics = Metrics::default();
        let _first = metrics.counter("frames_total", "Frames seen.", "kraken");
        let _again = metrics.histogram("frames_total", "Frames seen.", "kraken");
    }
}
