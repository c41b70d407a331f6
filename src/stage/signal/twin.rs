//! The definitions, written down plainly: every value anew from all that was seen, with the
//! standard library's functions. What the stage gives is compared with it.

use crate::event::{Level, Over, Quote};

/// A quote, as far as signals with a memory look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) ns: i64,
    bid: Level,
    ask: Level,
    bought: i64,
    sold: i64,
}

/// In the order of `Over`.
pub(super) type Truth = [f64; Over::ALL.len()];

/// Beyond so many horizons less than 10^-18 is left of the past.
pub(super) const HORIZONS_BACK: i64 = 42;

impl Sight {
    pub(super) fn new(quote: &Quote) -> Sight {
        let ns = quote.stamp.recv_ns.0;
        Sight { ns, bid: quote.bid, ask: quote.ask, bought: quote.bought, sold: quote.sold }
    }

    fn mid(&self) -> f64 {
        (self.bid.price + self.ask.price) as f64 / 2.0
    }

    /// ln of this mid over another.
    fn log_over(&self, other: &Sight) -> f64 {
        ((self.mid() - other.mid()) / other.mid()).ln_1p()
    }

    /// What bid and ask add to the order flow since the sight before: Cont, Kukanov and Stoikov's
    /// four terms.
    fn order_flow(&self, before: &Sight) -> [f64; 2] {
        let indicator = |is: bool| if is { 1.0 } else { 0.0 };
        let q = |level: Level| level.qty as f64;
        let bid = indicator(self.bid.price >= before.bid.price) * q(self.bid)
            - indicator(self.bid.price <= before.bid.price) * q(before.bid);
        let ask = indicator(self.ask.price <= before.ask.price) * q(self.ask)
            - indicator(self.ask.price >= before.ask.price) * q(before.ask);
        [bid, -ask]
    }
}

/// Adds up with a correction, so that the truth is better than what it judges.
fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for term in terms {
        let next = sum + term;
        lost += if sum.abs() >= term.abs() { (sum - next) + term } else { (term - next) + sum };
        sum = next;
    }
    sum + lost
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// From a mid's average, variance and log return, and a weight for each change.
fn truth(
    sights: &[Sight],
    stay: &[(f64, Sight)],
    log_return: f64,
    weight: impl Fn(&Sight) -> f64,
) -> Truth {
    let now = sights[sights.len() - 1];
    let whole = sum(stay.iter().map(|(w, _)| *w));
    // Distances to the mid now are whole numbers of half units.
    let off = |sight: &Sight| sight.mid() - now.mid();
    let average = sum(stay.iter().map(|(w, s)| w * off(s))) / whole;
    let square = |s: &Sight| (off(s) - average).powi(2);
    let variance = sum(stay.iter().map(|(w, s)| w * square(s))) / whole;
    let changes = || {
        let pairs = sights.windows(2).map(|pair| (weight(&pair[1]), pair[0], pair[1]));
        pairs.filter(|(weight, ..)| *weight > 0.0)
    };
    let total =
        |part: &dyn Fn(&Sight, &Sight) -> f64| sum(changes().map(|(w, a, b)| w * part(&a, &b)));
    let squares = total(&|a, b| b.log_over(a).powi(2));
    let order = total(&|a, b| b.order_flow(a).iter().sum());
    let order_gross = total(&|a, b| b.order_flow(a).iter().map(|part| part.abs()).sum());
    let bought = total(&|a, b| b.bought.wrapping_sub(a.bought) as f64);
    let sold = total(&|a, b| b.sold.wrapping_sub(a.sold) as f64);
    [
        1e4 * log_return,
        -1e4 * average / now.mid(),
        // Ten deviations are the most, and a thousandth of a half unit is none.
        if variance > 1e-6 { (-average / variance.sqrt()).clamp(-10.0, 10.0) } else { 0.0 },
        1e4 * squares.sqrt(),
        share(order, order_gross),
        share(bought - sold, bought + sold),
    ]
}

/// All that was seen since the memory began, weighed by `exp(-t/h)`.
pub(super) fn exponential(sights: &[Sight], horizon_ns: i64) -> Truth {
    let now = sights[sights.len() - 1];
    let h = horizon_ns as f64;
    let age = |sight: &Sight| (now.ns - sight.ns) as f64;
    let left = |t: f64| (-t / h).exp();
    let left_twice = |t: f64| (-2.0 * t / h).exp() * (1.0 + 2.0 * t / h);
    // What the mid was from one sight to the next; the first had always been.
    let between = |weight: &dyn Fn(f64) -> f64| -> Vec<(f64, Sight)> {
        let pairs = sights.windows(2).enumerate().map(|(n, pair)| {
            let begin = if n == 0 { 0.0 } else { weight(age(&pair[0])) };
            (weight(age(&pair[1])) - begin, pair[0])
        });
        let last = if sights.len() == 1 { 1.0 } else { 0.0 };
        pairs.chain([(last, now)]).collect()
    };
    let log_return = sum(between(&left_twice).iter().map(|(w, s)| w * now.log_over(s)));
    truth(sights, &between(&left), log_return, |sight| left(age(sight)))
}

/// What was seen in the last `h` in full, in whole microseconds.
pub(super) fn window(sights: &[Sight], horizon_ns: i64) -> Truth {
    let us = |sight: &Sight| sight.ns / 1_000;
    let now = sights[sights.len() - 1];
    let begin = us(&now) - horizon_ns / 1_000;
    let held = sights.iter().rev().find(|sight| us(sight) <= begin).unwrap_or(&sights[0]);
    let log_return = now.log_over(held);
    let pairs = sights.windows(2).map(|pair| {
        let span = us(&pair[1]) - us(&pair[0]).max(begin);
        (span.max(0) as f64, pair[0])
    });
    let mut stay: Vec<_> = pairs.filter(|(span, _)| *span > 0.0).collect();
    if stay.is_empty() {
        stay.push((1.0, now));
    }
    truth(sights, &stay, log_return, |sight| if us(sight) > begin { 1.0 } else { 0.0 })
}
