//! Scores of forecasts: right or wrong, and how well the probabilities were meant.
//!
//! In: words, what came. Out: accuracy, balanced accuracy, macro F1, the correlation of Matthews
//! (Gorodkin, 2004, for several classes), cross entropy, Brier's score (1950, all classes summed),
//! reliability. Never: a choice.

use crate::train::fit::Word;
use crate::train::row::Dataset;

/// Bins of the calibration plot.
pub const BINS: usize = 10;

/// Forecasts whose first probability is alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many.
    pub count: u64,
    /// Their mean probability of up.
    pub said: f64,
    /// How often up came.
    pub came: f64,
}

/// What forecasts are worth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// Rows with a class.
    pub count: u64,
    /// `[true class][foretold class]`.
    pub confusion: [[u64; 3]; 3],
    /// Share that was right.
    pub accuracy: f64,
    /// Mean over classes of the share of each that was found.
    pub balanced: f64,
    /// Mean over classes of twice the hits over what was said or came.
    pub f1: f64,
    /// Correlation of what was said and what came, -1 to 1.
    pub mcc: f64,
    /// Mean cross entropy, nats.
    pub log_loss: f64,
    /// Mean squared distance of probabilities from what came, 0 to 2.
    pub brier: f64,
    /// Rows that moved.
    pub moved: u64,
    /// Share of them whose direction was the likelier of the two.
    pub directional: f64,
    /// Reliability of the probability of up.
    pub bins: [Bin; BINS],
}

/// Which way a word leans, and how far: probability of up less that of down.
pub fn lean(word: &Word, classes: usize) -> f32 {
    word.logs[classes - 1].exp() - word.logs[0].exp()
}

/// Was the direction right? `None` where the row did not move.
pub fn is_hit(data: &Dataset, word: &Word, classes: usize) -> Option<bool> {
    let class = usize::from(data.examples[word.at].class?);
    let is_flat = classes == 3 && class == 1;
    (!is_flat).then(|| (lean(word, classes) > 0.0) == (class == classes - 1))
}

impl Score {
    /// Of words about rows with a class; others are passed over.
    pub fn new(data: &Dataset, words: &[Word], classes: usize) -> Score {
        let mut score = Score::default();
        let mut hits = 0_u64;
        for word in words {
            let Some(class) = data.examples[word.at].class.map(usize::from) else { continue };
            let p = word.logs.map(|log| f64::from(log.exp()));
            let said = (1..classes).fold(0, |best, k| if p[k] > p[best] { k } else { best });
            score.count += 1;
            score.confusion[class][said] += 1;
            score.log_loss -= f64::from(word.logs[class]);
            let came = |k: usize| f64::from(u8::from(k == class));
            score.brier += (0..classes).map(|k| (p[k] - came(k)).powi(2)).sum::<f64>();
            let up = p[classes - 1];
            let bin = &mut score.bins[((up * BINS as f64) as usize).min(BINS - 1)];
            bin.count += 1;
            bin.said += up;
            bin.came += came(classes - 1);
            if let Some(is_hit) = is_hit(data, word, classes) {
                score.moved += 1;
                hits += u64::from(is_hit);
            }
        }
        let all = score.count.max(1) as f64;
        score.log_loss /= all;
        score.brier /= all;
        score.directional = hits as f64 / score.moved.max(1) as f64;
        for bin in &mut score.bins {
            bin.said /= bin.count.max(1) as f64;
            bin.came /= bin.count.max(1) as f64;
        }
        score.by_class(classes);
        score
    }

    /// What follows from the confusion alone.
    fn by_class(&mut self, classes: usize) {
        let cell = |k: usize, n: usize| self.confusion[k][n] as f64;
        let came = |k: usize| (0..classes).map(|n| cell(k, n)).sum::<f64>();
        let said = |k: usize| (0..classes).map(|n| cell(n, k)).sum::<f64>();
        let sum = |of: &dyn Fn(usize) -> f64| (0..classes).map(of).sum::<f64>();
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let (all, right) = (sum(&came), sum(&|k| cell(k, k)));
        let present = sum(&|k| f64::from(u8::from(came(k) > 0.0))).max(1.0);
        let chance = sum(&|k| came(k) * said(k));
        let (came_square, said_square) = (sum(&|k| came(k).powi(2)), sum(&|k| said(k).powi(2)));
        let spread = ((all * all - said_square) * (all * all - came_square)).sqrt();
        let mcc = share(right * all - chance, spread);
        let balanced = sum(&|k| share(cell(k, k), came(k))) / present;
        let f1 = sum(&|k| share(2.0 * cell(k, k), came(k) + said(k))) / present;
        (self.accuracy, self.balanced, self.f1, self.mcc) = (share(right, all), balanced, f1, mcc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::row::plain;

    fn score(truth: &[u8], p: &[[f32; 3]], classes: usize) -> Score {
        let mut data = plain(truth.len(), 1);
        data.examples.iter_mut().zip(truth).for_each(|(e, class)| e.class = Some(*class));
        let words: Vec<Word> =
            p.iter().enumerate().map(|(at, p)| Word { at, logs: p.map(f32::ln) }).collect();
        Score::new(&data, &words, classes)
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }

    #[test]
    fn two_classes_by_hand() {
        // 3 ups found and 1 not, 1 down found and 3 not.
        let (up, down) = ([0.2, 0.8, 0.0], [0.6, 0.4, 0.0]);
        let p = [up, up, up, down, down, up, up, up];
        let score = score(&[1, 1, 1, 1, 0, 0, 0, 0], &p, 2);
        assert_eq!(score.confusion[0][..2], [1, 3]);
        assert_eq!(score.confusion[1][..2], [1, 3]);
        close(score.accuracy, 0.5);
        close(score.balanced, 0.5);
        close(score.f1, 0.5 * (2.0 / 6.0 + 6.0 / 10.0));
        close(score.mcc, 0.0);
        close(score.directional, 0.5);
        let loss = -(3.0 * 0.8_f64.ln() + 0.4_f64.ln() + 0.6_f64.ln() + 3.0 * 0.2_f64.ln()) / 8.0;
        close(score.log_loss, loss);
        let brier = 2.0 * (3.0 * 0.04 + 0.36 + 0.16 + 3.0 * 0.64) / 8.0;
        close(score.brier, brier);
        assert_eq!((score.bins[8].count, score.bins[4].count), (6, 2));
        close(score.bins[8].came, 0.5);
    }

    #[test]
    fn three_classes_by_hand() {
        let (down, flat, up) = ([0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.2, 0.7]);
        let score = score(&[0, 1, 2, 2], &[down, flat, up, flat], 3);
        close(score.accuracy, 0.75);
        close(score.balanced, (1.0 + 1.0 + 0.5) / 3.0);
        close(score.f1, (1.0 + 2.0 / 3.0 + 2.0 / 3.0) / 3.0);
        // Gorodkin: (3*4 - (1*1 + 1*2 + 2*1)) / sqrt((16 - 6) (16 - 6)).
        close(score.mcc, 0.7);
        // The flat one does not count; the last leans down and went up.
        assert_eq!(score.moved, 3);
        close(score.directional, 2.0 / 3.0);
    }

    #[test]
    fn what_always_says_the_same_has_no_correlation() {
        let score = score(&[0, 1, 1], &[[0.4, 0.6, 0.0]; 3], 2);
        close(score.mcc, 0.0);
        close(score.balanced, 0.5);
    }
}
