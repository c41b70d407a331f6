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

/// A variance below this is rounding and no movement: a standard deviation of 10^-12 half units,
/// where the smallest movement there is is one.
const VARIANCE_MIN: f64 = 1e-24;

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
    [
        R::of(sums.log_return * BPS),
        R::of(sums.above * bps),
        or_nothing(is_moving, R::of(sums.above) / R::of(sums.variance).root()),
        R::of(sums.squares * (BPS * BPS)).root(),
        or_nothing(sums.order_gross > 0.0, R::of(sums.order) / R::of(sums.order_gross)),
        or_nothing(sums.trade_gross > 0.0, R::of(sums.trade) / R::of(sums.trade_gross)),
    ]
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
