//! Signals: z-score and momentum over eight windows, imbalance of the best quotes.
//!
//! Running sums over a ring of mids, less the first mid so that squares stay small; each window in
//! turn, as scalars.

use super::message::{Quote, Signals};

/// Windows at once.
pub const WINDOWS: usize = 8;

const LENGTHS: [usize; WINDOWS] = [16, 32, 64, 128, 256, 512, 1024, 2048];

/// The signals of one symbol.
#[derive(Debug)]
pub struct Signal {
    mids: Vec<f64>,
    count: usize,
    first: f64,
    sums: [f64; WINDOWS],
    squares: [f64; WINDOWS],
}

impl Signal {
    /// Nothing seen.
    pub fn new() -> Signal {
        Signal {
            mids: vec![0.0; LENGTHS[WINDOWS - 1]],
            count: 0,
            first: 0.0,
            sums: [0.0; WINDOWS],
            squares: [0.0; WINDOWS],
        }
    }

    /// Takes a quote.
    pub fn on(&mut self, quote: Quote) -> Signals {
        let mid = (quote.bid + quote.ask) / 2.0;
        if self.count == 0 {
            self.first = mid;
        }
        let here = mid - self.first;
        let mut zscores = [0.0; WINDOWS];
        let mut momentum = [0.0; WINDOWS];
        for (window, length) in LENGTHS.into_iter().enumerate() {
            self.sums[window] += here;
            self.squares[window] += here * here;
            let mut filled = self.count + 1;
            if self.count >= length {
                let old = self.mids[(self.count - length) % self.mids.len()];
                self.sums[window] -= old;
                self.squares[window] -= old * old;
                momentum[window] = (here - old) / (old + self.first);
                filled = length;
            }
            let filled = filled as f64;
            let mean = self.sums[window] / filled;
            let variance = (self.squares[window] / filled - mean * mean).max(0.0);
            if variance > 0.0 {
                zscores[window] = (here - mean) / variance.sqrt();
            }
        }
        let place = self.count % self.mids.len();
        self.mids[place] = here;
        self.count += 1;
        let imbalance = (quote.bid_qty - quote.ask_qty) / (quote.bid_qty + quote.ask_qty);
        Signals { quote, zscores, momentum, imbalance }
    }
}

impl Default for Signal {
    fn default() -> Signal {
        Signal::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(mid: f64) -> Quote {
        Quote {
            symbol: String::new(),
            bid: mid - 0.5,
            bid_qty: 3.0,
            ask: mid + 0.5,
            ask_qty: 1.0,
            flow: 0.0,
        }
    }

    #[test]
    fn each_window_agrees_with_the_definition() {
        let mut signal = Signal::new();
        let mids: Vec<f64> = (0..3_000).map(|n| 100.0 + f64::from(n * 37 % 101)).collect();
        for (n, mid) in mids.iter().enumerate() {
            let signals = signal.on(quote(*mid));
            assert!((signals.imbalance - 0.5).abs() < 1e-12);
            if n + 1 < 2_500 {
                continue;
            }
            for (window, length) in LENGTHS.into_iter().enumerate() {
                let last = &mids[n + 1 - length..=n];
                let mean = last.iter().sum::<f64>() / length as f64;
                let variance = last.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / length as f64;
                assert!((signals.zscores[window] - (mid - mean) / variance.sqrt()).abs() < 1e-6);
                let old = mids[n - length];
                assert!((signals.momentum[window] - (mid - old) / old).abs() < 1e-9);
            }
        }
    }
}
