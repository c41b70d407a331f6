//! From sums to values: the same for both forms.
//!
//! Sums are f64; the values that go out are f32, and so are the divisions and the roots that make
//! them, which costs half. In tests the same lines run in f64.

use crate::event::{HORIZONS, Over};

/// The numbers that values are made in.
pub(super) trait Real:
    Copy + Default + PartialOrd + std::ops::Mul<Output = Self> + std::ops::Div<Output = Self>
{
    /// Rounds to it.
    fn of(value: f64) -> Self;
    /// The root, correctly rounded.
    fn root(self) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn of(value: f64) -> f32 {
        value as f32
    }

    #[inline(always)]
    fn root(self) -> f32 {
        self.sqrt()
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn root(self) -> f64 {
        self.sqrt()
    }
}

/// Basis points in one.
pub(super) const BPS: f64 = 1e4;

/// A variance below this is what is left of moves that have faded, or rounding: a standard
/// deviation of a thousandth of a half unit, where the smallest movement there is is one. It
/// measures nothing, so what is divided by it says nothing.
const VARIANCE_MIN: f64 = 1e-6;

/// No mid is more standard deviations from its average than this, either way. Just after a move
/// that ends a silence the deviation is that of before the move, so the quotient tells how long the
/// silence was and not how unusual the move is.
const SCORE_MAX: f64 = 10.0;

/// The sums of one horizon. Prices are in halves of the price unit, so that a mid is whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    /// Mid less its average.
    pub(super) above: f64,
    /// Variance of the mid.
    pub(super) variance: f64,
    /// Log return.
    pub(super) log_return: f64,
    /// Sum of squared log returns.
    pub(super) squares: f64,
    /// Order flow, and the sum of its parts' sizes.
    pub(super) order: f64,
    /// See `order`.
    pub(super) order_gross: f64,
    /// Bought less sold.
    pub(super) trade: f64,
    /// Bought and sold.
    pub(super) trade_gross: f64,
}

/// Values of all signals with a memory, by signal and horizon.
pub(super) type Values<R> = [[R; HORIZONS]; Over::ALL.len()];

/// Values of one horizon, in the order of `Over`. `bps` is [`BPS`] over the mid in half units.
#[inline(always)]
pub(super) fn finish<R: Real>(sums: &Sums, bps: f64) -> [R; Over::ALL.len()] {
    let nothing = R::default();
    let or_nothing = |is_something: bool, value: R| if is_something { value } else { nothing };
    let is_moving = sums.variance > VARIANCE_MIN;
    let (order_gross, trade_gross) = (R::of(sums.order_gross), R::of(sums.trade_gross));
    [
        R::of(sums.log_return * BPS),
        R::of(sums.above * bps),
        or_nothing(is_moving, score(R::of(sums.above) / R::of(sums.variance).root())),
        R::of(sums.squares * (BPS * BPS)).root(),
        // After a long silence a sum may be above zero and what it is rounded to is not.
        or_nothing(order_gross > nothing, R::of(sums.order) / order_gross),
        or_nothing(trade_gross > nothing, R::of(sums.trade) / trade_gross),
    ]
}

/// Within [`SCORE_MAX`]. Two selections, which become a minimum and a maximum.
#[inline(always)]
fn score<R: Real>(value: R) -> R {
    let (least, most) = (R::of(-SCORE_MAX), R::of(SCORE_MAX));
    let value = if value < most { value } else { most };
    if value > least { value } else { least }
}

/// Writes the values of horizon `h`, or zeros where it is not among the `ready` shortest ones.
#[inline(always)]
pub(super) fn put<R: Real>(
    out: &mut Values<R>,
    h: usize,
    values: [R; Over::ALL.len()],
    ready: usize,
) {
    let shown = values.map(|value| if h < ready { value } else { R::default() });
    out[0][h] = shown[0];
    out[1][h] = shown[1];
    out[2][h] = shown[2];
    out[3][h] = shown[3];
    out[4][h] = shown[4];
    out[5][h] = shown[5];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mid that is `above` its average by half units, with a variance.
    fn scored(above: f64, variance: f64) -> f32 {
        let sums = Sums {
            above,
            variance,
            log_return: 0.0,
            squares: 0.0,
            order: 0.0,
            order_gross: 0.0,
            trade: 0.0,
            trade_gross: 0.0,
        };
        let (narrow, wide) = (finish::<f32>(&sums, 1.0), finish::<f64>(&sums, 1.0));
        let place = Over::Zscore as usize;
        assert!((f64::from(narrow[place]) - wide[place]).abs() < 1e-6);
        narrow[place]
    }

    #[test]
    fn a_score_counts_deviations_up_to_ten_and_none_that_have_faded() {
        assert_eq!(scored(-6.0, 4.0), -3.0);
        assert_eq!(scored(0.0, 4.0), 0.0);
        // One half unit after a long silence: by the quotient it would be 300, and 10^9.
        assert_eq!(scored(1.0, 1.1e-5), 10.0);
        assert_eq!(scored(-1.0, 1.1e-5), -10.0);
        assert_eq!(scored(1.0, 1e-18), 0.0);
    }

    #[test]
    fn what_has_faded_below_the_smallest_float_is_nothing() {
        let mut sums = Sums {
            above: 0.0,
            variance: 0.0,
            log_return: 0.0,
            squares: 0.0,
            order: -1e-60,
            order_gross: 1e-60,
            trade: 1e-60,
            trade_gross: 1e-60,
        };
        assert_eq!(finish::<f32>(&sums, 1.0), [0.0; Over::ALL.len()]);
        (sums.order, sums.order_gross) = (-1e-30, 2e-30);
        assert_eq!(finish::<f32>(&sums, 1.0)[Over::OrderFlow as usize], -0.5);
    }
}
