//! The latency log: an `HdrHistogram` interval log (`.hlog`) that the usual viewers read.
//!
//! In: what was counted within each second. Out: a file, one line an interval and tag, nanoseconds.
//! Never: a wait of who measures; what finds no room is counted and left out.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::base::Nanos;
use crate::metric::histogram::Snapshot;

/// Intervals that may wait to be written.
const WAITING_MAX: usize = 64;

/// The log's writing end; a thread of its own compresses and writes.
#[derive(Debug)]
pub struct LatencyLog {
    to: SyncSender<Interval>,
    thread: JoinHandle<io::Result<()>>,
    lost: u64,
}

/// What was counted in a span of time.
#[derive(Debug)]
struct Interval {
    tag: &'static str,
    from: Nanos,
    until: Nanos,
    counted: Snapshot,
}

impl LatencyLog {
    /// Makes the file; times in it are Unix time, its first line says when it began.
    pub fn create(path: &Path, begun: Nanos) -> io::Result<LatencyLog> {
        let file = BufWriter::new(File::create(path)?);
        let (to, from) = sync_channel(WAITING_MAX);
        let write = move || write(file, begun, &from);
        let thread = std::thread::Builder::new().name("latency log".into()).spawn(write)?;
        Ok(LatencyLog { to, thread, lost: 0 })
    }

    /// Puts down what was counted under a tag, such as `tick_to_order`. An interval without a value
    /// is left out.
    pub fn put(&mut self, tag: &'static str, from: Nanos, until: Nanos, counted: Snapshot) {
        if counted.count() == 0 {
            return;
        }
        let interval = Interval { tag, from, until, counted };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.to.try_send(interval)
        {
            self.lost += 1;
        }
    }

    /// Ends the file; how many intervals found no room.
    pub fn finish(self) -> io::Result<u64> {
        let LatencyLog { to, thread, lost } = self;
        drop(to);
        let written = thread.join().map_err(|_| io::Error::other("its writer died"))?;
        written.map(|()| lost)
    }
}

fn write(mut file: BufWriter<File>, begun: Nanos, from: &Receiver<Interval>) -> io::Result<()> {
    let span = |ns: i64| Duration::from_nanos(ns.max(0) as u64);
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("neural-kraken: latency in ns; an interval each second and tag")
        .with_start_time(UNIX_EPOCH + span(begun.0))
        .with_base_time(UNIX_EPOCH)
        .begin_log_with(&mut file, &mut serializer)?;
    for Interval { tag, from, until, counted } in from {
        let Some(histogram) = counted.to_hdr() else { continue };
        log.write_histogram(&histogram, span(from.0), span(until.0 - from.0), Tag::new(tag))
            .map_err(|error| io::Error::other(error.to_string()))?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::metric::histogram;

    #[test]
    fn a_reader_of_the_format_finds_each_interval_with_its_tag_and_values() {
        let path = std::env::temp_dir().join(format!("nk-latency-{}.hlog", std::process::id()));
        let begun = Nanos(1_700_000_000 * Nanos::SECOND);
        let mut log = LatencyLog::create(&path, begun).unwrap();
        let (mut recorder, reader) = histogram::histogram();
        for value in [500, 500, 90_000] {
            recorder.record(value);
        }
        let second = Nanos(begun.0 + Nanos::SECOND);
        log.put("tick_to_order", begun, second, reader.snapshot());
        log.put("empty", begun, second, Snapshot::default());
        assert_eq!(log.finish().unwrap(), 0);
        let text = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let entries = IntervalLogIterator::new(&text).map(Result::unwrap);
        let intervals: Vec<_> = entries
            .filter_map(|entry| match entry {
                LogEntry::Interval(interval) => Some(interval),
                LogEntry::StartTime(_) | LogEntry::BaseTime(_) => None,
            })
            .collect();
        assert_eq!(intervals.len(), 1);
        let interval = &intervals[0];
        assert_eq!(interval.tag().unwrap().as_str(), "tick_to_order");
        assert_eq!(interval.duration(), Duration::from_secs(1));
        let packed = base64(interval.encoded_histogram());
        let read: Histogram<u64> = Deserializer::new().deserialize(&mut &packed[..]).unwrap();
        assert_eq!((read.len(), read.max() / 1_000), (3, 90));
        assert!(read.value_at_quantile(0.5).abs_diff(500) <= 20);
    }

    /// RFC 4648, 4.
    fn base64(text: &str) -> Vec<u8> {
        let digit = |c: u8| match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        let digits: Vec<u8> = text.bytes().filter(|c| *c != b'=').map(digit).collect();
        let bits = digits.iter().fold((Vec::new(), 0_u32, 0), |(mut out, bits, n), digit| {
            let (bits, n) = (bits << 6 | u32::from(*digit), n + 6);
            if n >= 8 {
                out.push((bits >> (n - 8)) as u8);
                return (out, bits & ((1 << (n - 8)) - 1), n - 8);
            }
            (out, bits, n)
        });
        bits.0
    }
}
