//! The strategy: one number out of all signals, and an order for the side that it speaks for.

use super::message::{Intent, Signals};

/// Wants something at every frame.
pub fn decide(signals: Signals) -> Intent {
    let Signals { quote, zscores, momentum, imbalance } = signals;
    let reversion: f64 = zscores.iter().sum::<f64>() / zscores.len() as f64;
    let trend: f64 = momentum.iter().sum::<f64>() * 1e4 / momentum.len() as f64;
    let score = imbalance + 0.1 * trend - 0.2 * reversion;
    let is_buy = score >= 0.0;
    Intent {
        is_buy,
        price: if is_buy { quote.bid } else { quote.ask },
        qty: 0.01,
        score,
        mid: (quote.bid + quote.ask) / 2.0,
        spread: quote.ask - quote.bid,
        symbol: quote.symbol,
    }
}
