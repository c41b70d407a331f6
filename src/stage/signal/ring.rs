//! The recent past of one instrument, as prefix sums in whole numbers: what lies between two rows
//! is a subtraction, exact whatever came before.
//!
//! Time is in whole microseconds here, so that the sums of usual prices fit 64 bits. Views of the
//! same microsecond share a row.
//!
//! Never: an allocation after construction; a float in a sum that grows.

use super::change::Change;
use crate::limits::SIGNAL_WINDOW_ROWS;

/// Squared log returns are summed in units of 2^-78: 1/3 of a half unit of a millionth, squared,
/// and a sum of 78 bps in 64 bits.
pub(super) const SQUARE_UNIT: f64 = 1.0 / (1_u128 << 78) as f64;

/// The mid from a moment on, and sums of all that was until then. Sums wrap; only differences
/// count.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Row {
    /// Since when, microseconds.
    pub(super) at_us: i64,
    /// The mid from then on, half units.
    pub(super) mid2: i64,
    /// Integral of the mid over time.
    pub(super) area: i128,
    /// Integral of its square.
    pub(super) area2: i128,
    /// Squared log returns, units of [`SQUARE_UNIT`].
    pub(super) squares: u128,
    /// Order flow, and the sum of its parts' sizes.
    pub(super) order: i128,
    /// See `order`.
    pub(super) order_gross: i128,
    /// What takers bought, and sold.
    pub(super) bought: i64,
    /// See `bought`.
    pub(super) sold: i64,
}

/// The rows; the oldest goes where there is no room.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    rows: Box<[Row]>,
    /// Rows since the memory began.
    count: u64,
}

const MASK: u64 = SIGNAL_WINDOW_ROWS as u64 - 1;

impl Ring {
    pub(super) fn new() -> Ring {
        Ring { rows: vec![Row::default(); SIGNAL_WINDOW_ROWS].into(), count: 0 }
    }

    /// Begins a memory.
    pub(super) fn begin(&mut self, change: &Change) {
        self.count = 1;
        self.rows[0] = Row { at_us: micros(change.at_ns), mid2: change.mid2, ..Row::default() };
    }

    /// Adds what a view changed. The memory must have begun.
    #[inline(always)]
    pub(super) fn push(&mut self, change: &Change) {
        let last = self.last();
        let at_us = micros(change.at_ns);
        let span = i128::from(at_us - last.at_us);
        let mid = i128::from(last.mid2);
        let (bid, ask) = (change.bid_flow, change.ask_flow);
        let row = Row {
            at_us,
            mid2: change.mid2,
            area: last.area.wrapping_add(mid * span),
            area2: last.area2.wrapping_add((mid * mid).wrapping_mul(span)),
            squares: last.squares.wrapping_add(squared(change.log_return)),
            order: last.order.wrapping_add(i128::from(bid) + i128::from(ask)),
            order_gross: last
                .order_gross
                .wrapping_add(i128::from(bid.unsigned_abs()) + i128::from(ask.unsigned_abs())),
            bought: last.bought.wrapping_add(change.bought),
            sold: last.sold.wrapping_add(change.sold),
        };
        if span > 0 {
            self.count += 1;
        }
        self.rows[((self.count - 1) & MASK) as usize] = row;
    }

    /// The row with this number, counted since the memory began; it must be kept still.
    #[inline(always)]
    pub(super) fn row(&self, number: u64) -> &Row {
        &self.rows[(number & MASK) as usize]
    }

    /// The number of the newest row.
    #[inline(always)]
    pub(super) fn newest(&self) -> u64 {
        self.count - 1
    }

    /// The number of the oldest row that is kept.
    #[inline(always)]
    pub(super) fn oldest(&self) -> u64 {
        self.count.saturating_sub(SIGNAL_WINDOW_ROWS as u64)
    }

    #[inline(always)]
    pub(super) fn last(&self) -> Row {
        *self.row(self.newest())
    }
}

/// The square in whole units, rounded.
#[inline(always)]
fn squared(log_return: f64) -> u128 {
    let units = log_return * log_return * (1.0 / SQUARE_UNIT) + 0.5;
    // A usual square fits 64 bits, to which the processor rounds by itself.
    if units < 9e18 { units as i64 as u128 } else { units as u128 }
}

#[inline(always)]
fn micros(ns: i64) -> i64 {
    ns / 1_000
}
