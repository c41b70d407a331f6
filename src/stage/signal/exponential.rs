//! Memory that fades: each horizon `h` weighs what happened a time `t` ago by `exp(-t/h)`.
//!
//! The mid holds from one view to the next, so all integrals over it are exact for observations at
//! any distance (the "last point" operators of Eckner, "Algorithms for unevenly spaced time series:
//! moving averages and other rolling operators"). With `w = exp(-dt/h)`, where `dt` is the time
//! since the view before:
//!
//! - average: `A' = w A + (1-w) m`, with `m` the mid until now. Kept as `above = mid - A`, for
//!   which that is `above' = w above + move`: no reference price, and nothing lost to large
//!   numbers.
//! - variance of the mid about that average, over time: `V' = w (V + (1-w) above^2)`, which is the
//!   same as `average of m^2 - A^2` without the difference of two large numbers (West, "Updating
//!   mean and variance estimates", 1979, with weights in time).
//! - log return: log mid less what it was a horizon ago, where "ago" is blurred: by the average of
//!   an average, each over `h/2`, whose weights `4t/h^2 exp(-2t/h)` have their mean at `h` (the
//!   iterated EMA of Zumbach and Mueller, "Operators on inhomogeneous time series", 2001). With `u
//!   = w^2` and `x = 2 dt/h`: `lag2' = u (lag2 + x lag1) + r`, `lag1' = u lag1 + r`.
//! - squared log returns, order flow and trades are sums: `S' = w S + s`.
//!
//! The first view of a memory counts as if its mid had always been, and nothing had happened.

use super::change::Change;
use super::decay::{Decay, Lanes};
use super::finish::{BPS, Real, Sums, Values, finish, put};
use crate::event::HORIZONS;

/// What fades, of one instrument. Nine cache lines.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Faded {
    above: Lanes,
    variance: Lanes,
    lag1: Lanes,
    lag2: Lanes,
    squares: Lanes,
    order: Lanes,
    order_gross: Lanes,
    trade: Lanes,
    trade_gross: Lanes,
}

/// What one view adds, the same for each horizon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    move2: f64,
    log_return: f64,
    order: f64,
    order_gross: f64,
    trade: f64,
    trade_gross: f64,
    bps: f64,
    /// Horizons whose values go out.
    ready: usize,
}

/// Sums below this are set to nothing from time to time: what is left of them is far below the last
/// bit of anything, and numbers below 2^-1022 make a processor slow.
const LEAST: f64 = 1e-150;

/// Views between two such times: so rare that it is not seen in the 99th percentile. Sums that fade
/// below 2^-1022 in between cost some hundred cycles once or twice, after minutes of silence.
pub(super) const TIDY_EVERY: u32 = 256;

impl Step {
    #[inline(always)]
    pub(super) fn new(change: &Change, ready: usize) -> Step {
        let (bid, ask) = (change.bid_flow as f64, change.ask_flow as f64);
        let (bought, sold) = (change.bought as f64, change.sold as f64);
        Step {
            move2: change.move2 as f64,
            log_return: change.log_return,
            order: bid + ask,
            order_gross: bid.abs() + ask.abs(),
            trade: bought - sold,
            trade_gross: bought + sold,
            bps: BPS / change.mid2 as f64,
            ready,
        }
    }
}

impl Faded {
    /// Takes a step and writes the values of all horizons. The loop is what the vector kernels are
    /// made of: eight lanes that know nothing of each other, each read, reckoned and written once.
    #[inline(always)]
    pub(super) fn advance<R: Real>(
        &mut self,
        decay: &Decay,
        elapsed_ns: i64,
        step: &Step,
        out: &mut Values<R>,
    ) {
        let mut spare = Lanes::default();
        let cut = decay.cut(elapsed_ns, &mut spare);
        let r = step.log_return;
        for h in 0..HORIZONS {
            let faded = decay.share(&cut, h);
            let left = 1.0 - faded;
            let left2 = left * left;
            let x = cut.whole_ns * (2.0 * decay.inverse[h]);
            let (above, lag1) = (self.above[h], self.lag1[h]);
            let sums = Sums {
                above: left * above + step.move2,
                variance: left * (self.variance[h] + faded * (above * above)),
                log_return: left2 * (self.lag2[h] + x * lag1) + r,
                squares: left * self.squares[h] + r * r,
                order: left * self.order[h] + step.order,
                order_gross: left * self.order_gross[h] + step.order_gross,
                trade: left * self.trade[h] + step.trade,
                trade_gross: left * self.trade_gross[h] + step.trade_gross,
            };
            self.lag1[h] = left2 * lag1 + r;
            self.keep(h, &sums);
            put(out, h, finish::<R>(&sums, step.bps), step.ready);
        }
    }

    #[inline(always)]
    fn keep(&mut self, h: usize, sums: &Sums) {
        self.above[h] = sums.above;
        self.variance[h] = sums.variance;
        self.lag2[h] = sums.log_return;
        self.squares[h] = sums.squares;
        self.order[h] = sums.order;
        self.order_gross[h] = sums.order_gross;
        self.trade[h] = sums.trade;
        self.trade_gross[h] = sums.trade_gross;
    }

    /// The sums of horizon `h`.
    #[cfg(test)]
    pub(super) fn sums(&self, h: usize) -> Sums {
        Sums {
            above: self.above[h],
            variance: self.variance[h],
            log_return: self.lag2[h],
            squares: self.squares[h],
            order: self.order[h],
            order_gross: self.order_gross[h],
            trade: self.trade[h],
            trade_gross: self.trade_gross[h],
        }
    }

    /// Sets to nothing what has faded to next to nothing.
    #[cold]
    pub(super) fn tidy(&mut self) {
        let all = [
            &mut self.above,
            &mut self.variance,
            &mut self.lag1,
            &mut self.lag2,
            &mut self.squares,
            &mut self.order,
            &mut self.order_gross,
            &mut self.trade,
            &mut self.trade_gross,
        ];
        for value in all.into_iter().flatten() {
            if value.abs() < LEAST {
                *value = 0.0;
            }
        }
    }
}
