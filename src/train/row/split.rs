//! Splits: parts in the order of time, with a gap between them over which nothing leaks.
//!
//! In: a data set. Out: folds, each a training part, a validation part and a test part. Never: a
//! part that knows what a later one is asked.
//!
//! A label looks ahead and a window looks back. So a part ends where its last label is known before
//! the first window of the next part begins: the gap is at least horizon and window together (de
//! Prado, 2018, purging). Folds walk forward: what was tested is trained on in the next one.

use std::ops::Range;

use super::dataset::Dataset;

/// Ranges of examples, each without a break.
pub type Part = Vec<Range<usize>>;

/// One step of walking forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// What is learned from.
    pub train: Part,
    /// What tells when to stop, and which settings are good.
    pub valid: Part,
    /// What nothing was chosen by.
    pub test: Part,
}

/// So many folds: the last `count` blocks of examples are tested, each with the block before it for
/// validation and all before that for training. A block is `share` of all examples. `window` is the
/// number of rows that one word of the network looks back.
pub fn folds(data: &Dataset, count: usize, share: f64, window: usize) -> Vec<Fold> {
    let mut times: Vec<i64> = data.examples.iter().map(|example| example.at_ns).collect();
    times.sort_unstable();
    // Blocks are counted from the end, so that the last one is whole.
    let cut = |blocks: usize| {
        let left = (1.0 - share * blocks as f64).max(0.0);
        let at = (times.len() as f64 * left).round() as usize;
        times.get(at).copied().unwrap_or(i64::MAX)
    };
    let fold = |n: usize| {
        let (valid, test, end) = (cut(n + 2), cut(n + 1), cut(n));
        Fold {
            train: part(data, i64::MIN, valid, Some(window)),
            valid: part(data, valid, test, Some(window)),
            test: part(data, test, end, None),
        }
    };
    (0..count).rev().map(fold).collect()
}

/// Examples from one time to another; before the end, where a window is given, a gap.
fn part(data: &Dataset, from_ns: i64, to_ns: i64, window: Option<usize>) -> Part {
    let inside = |run: Range<usize>| {
        let first = run.start + data.examples[run.clone()].partition_point(|e| e.at_ns < from_ns);
        let next = run.start + data.examples[run.clone()].partition_point(|e| e.at_ns < to_ns);
        let Some(window) = window else { return first..next.max(first) };
        let begin = next.saturating_sub(window).max(run.start);
        // Where this run ends before the next part, that part's windows begin no sooner than it.
        let known_ns = if next < run.end { data.examples[begin].at_ns } else { to_ns };
        let is_late = |at: &usize| data.examples[*at].end_ns >= known_ns;
        let mut end = if next < run.end { begin } else { next };
        while end > first && is_late(&(end - 1)) {
            end -= 1;
        }
        first..end.max(first)
    };
    data.runs().into_iter().map(inside).filter(|range| !range.is_empty()).collect()
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "a part is a list of ranges")]
mod tests {
    use super::super::dataset::proofs::plain;
    use super::*;

    #[test]
    fn no_label_of_a_part_reaches_the_windows_of_the_next() {
        let mut data = plain(1_000, 1);
        // A second instrument with breaks, seen in the same time.
        let mut other = plain(1_000, 1);
        for (at, example) in other.examples.iter_mut().enumerate() {
            example.run = 2 + at as u32 / 150;
            example.end_ns = example.at_ns + 25;
        }
        data.examples.extend(other.examples);
        data.x = vec![0.0; 2_000];
        let window = 7;
        for fold in folds(&data, 3, 0.15, window) {
            for (part, next) in [(&fold.train, &fold.valid), (&fold.valid, &fold.test)] {
                assert!(!part.is_empty() && !next.is_empty());
                for at in part.iter().cloned().flatten() {
                    let example = data.examples[at];
                    for range in next {
                        let later = data.examples[range.start];
                        assert!(example.end_ns < later.at_ns, "{at} {range:?}");
                        // Both in one run: the window of the later looks back over the gap.
                        let looks_back = range.start - (window - 1);
                        if example.run == later.run {
                            assert!(at < looks_back);
                            assert!(example.end_ns < data.examples[looks_back].at_ns);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn tests_follow_each_other_to_the_end_and_training_grows() {
        let data = plain(1_000, 1);
        let folds = folds(&data, 3, 0.2, 5);
        assert_eq!(
            folds.iter().map(|f| f.test.clone()).collect::<Vec<_>>(),
            [vec![400..600], vec![600..800], vec![800..1_000]]
        );
        // Label 10 ahead, window of 5: 195 begins the window of 200, and 184 is known at 194.
        assert_eq!(folds[0].train, [0..185]);
        assert_eq!(folds[0].valid, [200..385]);
        assert_eq!(folds[2].train, [0..585]);
    }

    #[test]
    fn where_there_is_no_room_parts_are_empty() {
        let data = plain(20, 1);
        let folds = folds(&data, 1, 0.4, 5);
        assert!(folds[0].train.is_empty() && !folds[0].test.is_empty());
    }
}
