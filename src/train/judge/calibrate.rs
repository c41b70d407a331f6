//! Calibration by temperature: logits are divided by one number, so that a probability is how often
//! it comes true (Guo, Pleiss, Sun and Weinberger, 2017). No answer changes by it.
//!
//! In: words of the validation part. Out: the temperature that makes them likeliest.

use crate::train::fit::{Word, log_loss};
use crate::train::row::Dataset;

/// Words at a temperature.
pub fn cooled(words: &[Word], temperature: f32) -> Vec<Word> {
    let cool = |word: &Word| {
        let logs = word.logs.map(|log| log / temperature);
        let top = logs.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = logs.iter().map(|log| (log - top).exp()).sum();
        Word { at: word.at, logs: logs.map(|log| log - top - sum.ln()) }
    };
    words.iter().map(cool).collect()
}

/// The temperature at which words are likeliest, from 1/20 to 20; 1 where there are none.
pub fn temperature(data: &Dataset, words: &[Word]) -> f32 {
    if words.iter().all(|word| data.examples[word.at].class.is_none()) {
        return 1.0;
    }
    // Cross entropy is convex in 1/T, so it has one valley in ln T: golden section.
    let golden = 0.5 * (5.0_f32.sqrt() - 1.0);
    let loss = |log: f32| log_loss(data, &cooled(words, log.exp()));
    let (mut low, mut high) = (-(20.0_f32.ln()), 20.0_f32.ln());
    for _ in 0..30 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if loss(left) < loss(right) { high = right } else { low = left }
    }
    (0.5 * (low + high)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::row::plain;

    #[test]
    fn words_that_are_too_sure_are_cooled_to_how_often_they_come_true() {
        let mut data = plain(1_000, 1);
        // Says 99 % and is right in 75 of 100.
        let words: Vec<Word> = (0..1_000)
            .map(|at| {
                data.examples[at].class = Some(u8::from(at % 4 != 0));
                Word { at, logs: [0.01_f32.ln(), 0.99_f32.ln(), f32::NEG_INFINITY] }
            })
            .collect();
        let t = temperature(&data, &words);
        // The odds of 99 are to become odds of 3.
        let expected = 99.0_f32.ln() / 3.0_f32.ln();
        assert!((t - expected).abs() < 1e-2, "{t} {expected}");
        let cooled = cooled(&words, t);
        assert!((cooled[0].logs[1].exp() - 0.75).abs() < 1e-3);
        assert!(cooled[0].logs[2].exp() == 0.0);
    }
}
