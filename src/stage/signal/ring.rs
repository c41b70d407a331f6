//! The recent past of one instrument, as prefix sums in whole numbers: what lies between two
//! moments is a subtraction, exact whatever came before.
//!
//! Time is in whole microseconds here, and the mid in its [`super::unit`], so that the sums of
//! usual prices fit 64 bits. Views of the same microsecond share a row.
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
pub(super) struct Row {
    /// The integral of the mid until `t` is `area + mid t`, while this mid holds.
    pub(super) area: i128,
    /// That of its square is `area2 + mid^2 t`.
    pub(super) area2: i128,
    /// Squared log returns, units of [`SQUARE_UNIT`].
    pub(super) squares: u128,
    /// Order flow, and the sum of its parts' sizes.
    pub(super) order: i128,
    /// See `order`.
    pub(super) order_gross: i128,
    /// Since when, microseconds.
    pub(super) at_us: i64,
    /// The mid from then on, units of the memory.
    pub(super) mid: i64,
    /// What takers bought, and sold.
    pub(super) bought: i64,
    /// See `bought`.
    pub(super) sold: i64,
}

/// What windows need of a row where sums are usual: the mid and the lower halves of the sums, in
/// one cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Low {
    pub(super) mid: i64,
    pub(super) area: i64,
    pub(super) area2: i64,
    pub(super) squares: i64,
    pub(super) order: i64,
    pub(super) order_gross: i64,
    pub(super) bought: i64,
    pub(super) sold: i64,
}

/// The upper halves.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
struct High {
    area: i64,
    area2: i64,
    squares: i64,
    order: i64,
    order_gross: i64,
}

/// The rows; the oldest goes where there is no room.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    low: Box<[Low]>,
    high: Box<[High]>,
    /// When each row begins, side by side; the first ones once more behind the last, so that
    /// [`AHEAD`] of them lie together from everywhere on.
    begins_us: Box<[i64]>,
    /// Rows since the memory began.
    count: u64,
}

/// Rows that are looked at together.
const AHEAD: usize = 8;

/// A moment that does not come; the distance of any other from it is a number.
pub(super) const NEVER_US: i64 = i64::MAX / 2;

const MASK: u64 = SIGNAL_WINDOW_ROWS as u64 - 1;

impl Row {
    /// The first of a memory.
    pub(super) fn first(change: &Change, mid: i64) -> Row {
        Row { at_us: micros(change.at_ns), mid, ..Row::default() }
    }

    /// The one after it. The mid held until now, so its integrals go on from there.
    #[inline(always)]
    pub(super) fn next(&self, change: &Change, mid: i64) -> Row {
        let at_us = micros(change.at_ns);
        let (bid, ask) = (change.bid_flow, change.ask_flow);
        let fell = self.mid - mid;
        let fell2 = i128::from(fell) * i128::from(self.mid + mid);
        Row {
            area: self.area.wrapping_add(i128::from(fell) * i128::from(at_us)),
            area2: self.area2.wrapping_add(fell2.wrapping_mul(i128::from(at_us))),
            squares: self.squares.wrapping_add(squared(change.log_return)),
            order: self.order.wrapping_add(i128::from(bid) + i128::from(ask)),
            order_gross: self
                .order_gross
                .wrapping_add(i128::from(bid.unsigned_abs()) + i128::from(ask.unsigned_abs())),
            at_us,
            mid,
            bought: self.bought.wrapping_add(change.bought),
            sold: self.sold.wrapping_add(change.sold),
        }
    }

    /// Its lower halves.
    #[inline(always)]
    pub(super) fn low(&self) -> Low {
        Low {
            mid: self.mid,
            area: self.area as i64,
            area2: self.area2 as i64,
            squares: self.squares as i64,
            order: self.order as i64,
            order_gross: self.order_gross as i64,
            bought: self.bought,
            sold: self.sold,
        }
    }

    #[inline(always)]
    fn high(&self) -> High {
        High {
            area: (self.area >> 64) as i64,
            area2: (self.area2 >> 64) as i64,
            squares: (self.squares >> 64) as i64,
            order: (self.order >> 64) as i64,
            order_gross: (self.order_gross >> 64) as i64,
        }
    }

    fn of(at_us: i64, low: &Low, high: &High) -> Row {
        Row {
            area: join(high.area, low.area),
            area2: join(high.area2, low.area2),
            squares: join(high.squares, low.squares) as u128,
            order: join(high.order, low.order),
            order_gross: join(high.order_gross, low.order_gross),
            at_us,
            mid: low.mid,
            bought: low.bought,
            sold: low.sold,
        }
    }

    /// Counts in a unit of which `times` fit into that of before.
    pub(super) fn refine(&mut self, times: i64) {
        let times2 = i128::from(times) * i128::from(times);
        self.mid *= times;
        self.area = self.area.wrapping_mul(i128::from(times));
        self.area2 = self.area2.wrapping_mul(times2);
    }
}

impl Ring {
    pub(super) fn new() -> Ring {
        Ring {
            low: vec![Low::default(); SIGNAL_WINDOW_ROWS].into(),
            high: vec![High::default(); SIGNAL_WINDOW_ROWS].into(),
            begins_us: vec![0; SIGNAL_WINDOW_ROWS + AHEAD].into(),
            count: 0,
        }
    }

    /// Begins a memory.
    pub(super) fn begin(&mut self, row: &Row) {
        self.count = 0;
        self.push(row, true);
    }

    /// Adds a row, or puts it in the place of the newest.
    #[inline(always)]
    pub(super) fn push(&mut self, row: &Row, is_new: bool) {
        self.count += u64::from(is_new);
        let place = (self.newest() & MASK) as usize;
        self.low[place] = row.low();
        self.high[place] = row.high();
        self.begins_us[place] = row.at_us;
        if place < AHEAD {
            self.begins_us[SIGNAL_WINDOW_ROWS + place] = row.at_us;
        }
    }

    /// The lower halves of the row with this number, counted since the memory began; it must be
    /// kept still.
    #[inline(always)]
    pub(super) fn low(&self, number: u64) -> &Low {
        &self.low[(number & MASK) as usize]
    }

    /// All of it. Cold.
    pub(super) fn row(&self, number: u64) -> Row {
        let place = (number & MASK) as usize;
        Row::of(self.begins_us[place], &self.low[place], &self.high[place])
    }

    /// Its sum of order flow's sizes, and of squared log returns, whole.
    #[inline(always)]
    pub(super) fn flows(&self, number: u64) -> (i128, u128) {
        let place = (number & MASK) as usize;
        let (low, high) = (&self.low[place], &self.high[place]);
        (join(high.order_gross, low.order_gross), join(high.squares, low.squares) as u128)
    }

    /// When it begins.
    #[inline(always)]
    pub(super) fn begin_us(&self, number: u64) -> i64 {
        self.begins_us[(number & MASK) as usize]
    }

    /// The newest row that is not after a moment, from one that is not on.
    #[inline(always)]
    pub(super) fn last_until(&self, from: u64, until_us: i64) -> u64 {
        let newest = self.newest();
        let mut number = from;
        loop {
            let place = ((number + 1) & MASK) as usize;
            let ahead = self.begins_us[place..].first_chunk::<AHEAD>().unwrap_or(&[NEVER_US; _]);
            let count = u64::from(past(ahead, &[until_us; AHEAD]).trailing_ones());
            number += count;
            // Behind the newest there are rows of long ago.
            if count < AHEAD as u64 || number >= newest {
                return number.min(newest);
            }
        }
    }

    /// Counts all mids in a finer unit.
    #[cold]
    pub(super) fn refine(&mut self, times: i64) {
        let kept = (self.count as usize).min(SIGNAL_WINDOW_ROWS);
        for (low, high) in self.low.iter_mut().zip(&mut self.high).take(kept) {
            let mut row = Row::of(0, low, high);
            row.refine(times);
            (*low, *high) = (row.low(), row.high());
        }
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
}

/// Has each of these moments come until then? Bit by bit; as a sum of signs, of which the compiler
/// makes vectors where it makes a tangle of comparisons.
#[inline(always)]
pub(super) fn past(moments: &[i64; AHEAD], until: &[i64; AHEAD]) -> u32 {
    let mut bits = 0;
    for n in 0..AHEAD {
        bits |= (moments[n].wrapping_sub(until[n]).wrapping_sub(1) >> 63) & (1 << n);
    }
    bits as u32
}

#[inline(always)]
fn join(high: i64, low: i64) -> i128 {
    i128::from(high) << 64 | i128::from(low as u64)
}

/// The square in whole units, rounded.
#[inline(always)]
fn squared(log_return: f64) -> u128 {
    let units = units(log_return);
    // A usual square fits 64 bits, to which the processor rounds by itself.
    if units < 9e18 { units as i64 as u128 } else { units as u128 }
}

/// The same where it fits 63 bits.
#[inline(always)]
pub(super) fn squared_small(log_return: f64) -> i64 {
    units(log_return) as i64
}

#[inline(always)]
fn units(log_return: f64) -> f64 {
    log_return * log_return * (1.0 / SQUARE_UNIT) + 0.5
}

/// Time as it is counted here.
#[inline(always)]
pub(super) fn micros(ns: i64) -> i64 {
    ns / 1_000
}
