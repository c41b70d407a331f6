//! Baselines that need no descent: how often each class came in training, in all, after each
//! direction of the last move, or after each side of the imbalance.
//!
//! In: examples. Out: forecasts with probabilities, as of a network. Never: a row of a later part.

use std::ops::Range;

use crate::train::fit::Word;
use crate::train::row::{Dataset, Example};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simple {
    /// Nothing: the class that came most often is foretold.
    Majority,
    /// Where the mid moved last.
    LastMove,
    /// Which of the best quantities is the larger.
    Imbalance,
}

impl Simple {
    /// All.
    pub const ALL: [Simple; 3] = [Simple::Majority, Simple::LastMove, Simple::Imbalance];

    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Simple::Majority => "majority",
            Simple::LastMove => "last move",
            Simple::Imbalance => "imbalance sign",
        }
    }

    fn side(self, example: &Example) -> usize {
        let of = |less: bool, more: bool| usize::from(!less) + usize::from(more);
        match self {
            Simple::Majority => 1,
            Simple::LastMove => of(example.last < 0, example.last > 0),
            Simple::Imbalance => of(example.imbalance < 0.0, example.imbalance > 0.0),
        }
    }
}

/// What a baseline says of the same rows as `like`, having seen `train`.
pub fn words(
    simple: Simple,
    data: &Dataset,
    train: &[Range<usize>],
    classes: usize,
    like: &[Word],
) -> Vec<Word> {
    // One seen beforehand of each: nothing is impossible (Laplace).
    let mut seen = [[0.0_f32; 3]; 3];
    for row in &mut seen {
        row[..classes].fill(1.0);
    }
    for at in train.iter().cloned().flatten() {
        let example = &data.examples[at];
        if let Some(class) = example.class {
            seen[simple.side(example)][usize::from(class)] += 1.0;
        }
    }
    let logs = seen.map(|row| {
        let all: f32 = row.iter().sum();
        row.map(|n| (n / all).ln())
    });
    let say = |word: &Word| Word { at: word.at, logs: logs[simple.side(&data.examples[word.at])] };
    like.iter().map(say).collect()
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "a part is a list of ranges")]
mod tests {
    use super::*;
    use crate::train::row::plain;

    #[test]
    fn each_says_what_came_after_the_like_in_training() {
        let mut data = plain(8, 1);
        let sides: [(f32, u8); 8] =
            [(0.5, 1), (0.5, 1), (0.5, 0), (-0.5, 0), (-0.5, 0), (-0.5, 0), (0.1, 0), (-0.1, 1)];
        for (example, (imbalance, class)) in data.examples.iter_mut().zip(sides) {
            (example.imbalance, example.class) = (imbalance, Some(class));
        }
        let like: Vec<Word> = [6, 7].map(|at| Word { at, logs: [0.0; 3] }).into();
        let said = words(Simple::Imbalance, &data, &[0..6], 2, &like);
        // Three ups and three downs in training, one more of each beforehand.
        let expected = [[2.0 / 5.0, 3.0 / 5.0], [4.0 / 5.0, 1.0 / 5.0]];
        for (word, expected) in said.iter().zip(expected) {
            for (log, p) in word.logs.iter().zip(expected) {
                assert!((log.exp() - p).abs() < 1e-6);
            }
        }
        let majority = words(Simple::Majority, &data, &[0..6], 2, &like);
        assert!((majority[0].logs[0].exp() - 5.0 / 8.0).abs() < 1e-6);
    }
}
