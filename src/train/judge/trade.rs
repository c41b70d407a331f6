//! What forecasts would earn: mark-outs, and trades across the spread at each tier of fees.
//!
//! In: words, how sure one must be. Out: basis points. Never: a fill that a better place in the
//! queue would have made, size, impact or latency: a bound from above, not a backtest.

use super::score::lean;
use crate::train::fit::Word;
use crate::train::row::Dataset;

/// Fees that are tried, basis points a side: none, makers', and takers' from the best to the worst.
pub const FEES_BPS: [f64; 6] = [0.0, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Profit at one fee.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tier {
    /// The fee, basis points a side.
    pub fee_bps: f64,
    /// What is left of all trades, basis points.
    pub net_bps: f64,
}

/// What trades by words as sure as this came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Marks {
    /// Rows that were sure enough.
    pub rows: u64,
    /// Mean move of the mid in the direction that was said, over these rows, basis points.
    pub markout_bps: f64,
    /// Trades: one at a time, each held for the horizon.
    pub trades: u64,
    /// Mean move of the mid in their direction, basis points.
    pub gross_bps: f64,
    /// Mean spread that they crossed, basis points.
    pub spread_bps: f64,
    /// The fee a side at which trades across the spread earn nothing; below 0 they lose at any fee.
    pub break_even_taker_bps: f64,
    /// The same for trades at the mid, which nobody is promised.
    pub break_even_mid_bps: f64,
    /// Across the spread, at each fee.
    pub tiers: [Tier; FEES_BPS.len()],
}

/// How sure the surest `share` of words are: what to ask for, found on words of validation.
pub fn sureness(words: &[Word], classes: usize, share: f64) -> f32 {
    let mut leans: Vec<f32> = words.iter().map(|word| lean(word, classes).abs()).collect();
    leans.sort_unstable_by(|a, b| b.total_cmp(a));
    let at = (leans.len() as f64 * share) as usize;
    leans.get(at).or(leans.last()).copied().unwrap_or(0.0)
}

/// Trades by all words at least as sure as `least`.
pub fn marks(data: &Dataset, words: &[Word], classes: usize, least: f32) -> Marks {
    let mut marks = Marks::default();
    let (mut run, mut busy_ns) = (0, i64::MIN);
    for word in words {
        let (example, lean) = (&data.examples[word.at], lean(word, classes));
        if lean.abs() < least || example.end_ns <= example.at_ns {
            continue;
        }
        let gain = f64::from(example.mid_bps) * f64::from(lean.signum());
        marks.rows += 1;
        marks.markout_bps += gain;
        if run != example.run {
            (run, busy_ns) = (example.run, i64::MIN);
        }
        if example.at_ns >= busy_ns {
            busy_ns = example.end_ns;
            marks.trades += 1;
            marks.gross_bps += gain;
            marks.spread_bps += f64::from(example.spread_bps);
        }
    }
    let net = marks.gross_bps - marks.spread_bps;
    let trades = marks.trades as f64;
    marks.tiers = FEES_BPS.map(|fee_bps| Tier { fee_bps, net_bps: net - 2.0 * fee_bps * trades });
    let each = 1.0 / f64::max(trades, 1.0);
    marks.markout_bps /= marks.rows.max(1) as f64;
    marks.break_even_taker_bps = 0.5 * net * each;
    marks.break_even_mid_bps = 0.5 * marks.gross_bps * each;
    marks.gross_bps *= each;
    marks.spread_bps *= each;
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::row::plain;

    #[test]
    fn one_trade_at_a_time_pays_the_spread_and_two_fees() {
        let mut data = plain(30, 1);
        for example in &mut data.examples {
            (example.mid_bps, example.spread_bps) = (3.0, 0.5);
        }
        data.examples[20].mid_bps = -7.0;
        let word = |at: usize| Word { at, logs: [0.1_f32.ln(), 0.9_f32.ln(), f32::NEG_INFINITY] };
        let mut words: Vec<Word> = (0..30).map(word).collect();
        words[0].logs.swap(0, 1);
        let marks = marks(&data, &words, 2, 0.5);
        // Labels are known ten later: trades at 0 (down, wrong), 10 and 20.
        assert_eq!((marks.rows, marks.trades), (30, 3));
        assert!((marks.gross_bps - (-3.0 + 3.0 - 7.0) / 3.0).abs() < 1e-6);
        assert!((marks.markout_bps - (28.0 * 3.0 - 3.0 - 7.0) / 30.0).abs() < 1e-6);
        assert!((marks.tiers[0].net_bps - (-7.0 - 1.5)).abs() < 1e-6);
        assert!((marks.tiers[2].net_bps - (-7.0 - 1.5 - 6.0)).abs() < 1e-6);
        let at_break_even = -7.0 - 1.5 - 6.0 * marks.break_even_taker_bps;
        assert!(at_break_even.abs() < 1e-6);
    }

    #[test]
    fn only_the_surest_are_asked_for() {
        let word = |at: usize| {
            let p = 0.5 + at as f32 / 200.0;
            Word { at, logs: [(1.0 - p).ln(), p.ln(), f32::NEG_INFINITY] }
        };
        let words: Vec<Word> = (0..100).map(word).collect();
        let least = sureness(&words, 2, 0.1);
        assert_eq!(words.iter().filter(|word| lean(word, 2) > least).count(), 10);
        let data = plain(100, 1);
        assert_eq!(marks(&data, &words, 2, 2.0).trades, 0);
    }
}
