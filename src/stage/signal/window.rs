//! Memory that ends: each horizon `h` counts what happened in the last `h`, and nothing before.
//!
//! With the mid holding from one view to the next, over the window from `t-h` to now:
//!
//! - average and variance: of the mid over time, `1/h` times the integral of the mid, and of its
//!   squared distance from the average.
//! - log return: log mid less that of the mid which held a horizon ago.
//! - squared log returns, order flow, trades: sums of what happened after `t-h`.
//!
//! All sums are differences of whole prefix sums ([`super::ring`]), so they are exact and never
//! drift; floats come in with the last division. Usual numbers fit 64 bits, in which eight windows
//! are reckoned at once; others take 128 bits, one window after the other, to the same result.
//!
//! A window that began before the memory, or before the oldest row that there was room for, begins
//! there instead; the latter is counted.

use super::change::Change;
use super::decay::Lanes;
use super::finish::{BPS, Real, Sums, Values, finish, put};
use super::logarithm::{NEAR, far, near};
use super::ring::{Ring, Row, SQUARE_UNIT};
use crate::event::HORIZONS;

/// The windows of one instrument.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    ring: Ring,
    /// For each window the newest row that is not after its begin.
    tails: [u64; HORIZONS],
    /// What stands there, and when the row after it begins.
    then: Then,
    next_us: [i64; HORIZONS],
    /// Lowest and highest mid in this era and in the one before; an era is as long as the longest
    /// window.
    eras: [(i64, i64); 2],
    /// When this era ends.
    era_ends_us: i64,
    /// Views at which a window was shorter than it should be, for want of room.
    pub(super) shortened: u64,
}

/// The rows at the tails, side by side so that they load as vectors; the lower halves of the sums.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
struct Then {
    at_us: [i64; HORIZONS],
    mid2: [i64; HORIZONS],
    area: [i64; HORIZONS],
    area2: [i64; HORIZONS],
    squares: [i64; HORIZONS],
    order: [i64; HORIZONS],
    order_gross: [i64; HORIZONS],
    bought: [i64; HORIZONS],
    sold: [i64; HORIZONS],
}

/// How long windows are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    us: [i64; HORIZONS],
    /// Mids may be this far apart for their sums to fit 64 bits.
    range_max: i64,
}

/// Sums of one window, whole.
#[derive(Clone, Copy, Debug)]
struct Wide {
    span: i64,
    /// Integral of the mid less the mid now.
    area: i128,
    /// Integral of its square.
    area2: i128,
    squares: u128,
    order: i128,
    order_gross: i128,
}

/// Sums of eight windows, as floats.
#[derive(Clone, Copy, Debug, Default)]
struct Rounded {
    span: Lanes,
    area: Lanes,
    area2: Lanes,
    /// Mid at the begin.
    from2: Lanes,
    log_return: Lanes,
    squares: Lanes,
    order: Lanes,
    order_gross: Lanes,
    trade: Lanes,
    trade_gross: Lanes,
}

impl Lengths {
    pub(super) fn new(horizons_ns: &[i64; HORIZONS]) -> Lengths {
        let us = horizons_ns.map(|ns| (ns / 1_000).max(1));
        // Range squared times the longest window stays below 2^62.
        let range_max = ((1_i64 << 62) / us[HORIZONS - 1]).isqrt();
        Lengths { us, range_max }
    }
}

impl Windows {
    pub(super) fn new() -> Windows {
        Windows {
            ring: Ring::new(),
            tails: [0; HORIZONS],
            then: Then::default(),
            next_us: [i64::MAX; HORIZONS],
            eras: [(0, 0); 2],
            era_ends_us: 0,
            shortened: 0,
        }
    }

    /// Begins a memory.
    pub(super) fn begin(&mut self, lengths: &Lengths, change: &Change) {
        self.ring.begin(change);
        self.tails = [0; HORIZONS];
        self.eras = [(change.mid2, change.mid2); 2];
        self.era_ends_us = self.ring.last().at_us + lengths.us[HORIZONS - 1];
        self.fill_all();
    }

    /// Adds what a view changed, and moves the windows on.
    #[inline(always)]
    pub(super) fn push(&mut self, lengths: &Lengths, change: &Change) {
        self.ring.push(change);
        let (newest, oldest) = (self.ring.newest(), self.ring.oldest());
        let now_us = self.ring.row(newest).at_us;
        let mid2 = change.mid2;
        if now_us >= self.era_ends_us {
            // What held when the era ended held in the next one too.
            let held = self.ring.row(newest - u64::from(newest > oldest)).mid2;
            self.eras = [(held.min(mid2), held.max(mid2)), self.eras[0]];
            self.era_ends_us = now_us + lengths.us[HORIZONS - 1];
        }
        let (low, high) = self.eras[0];
        self.eras[0] = (low.min(mid2), high.max(mid2));
        let begins_us = lengths.us.map(|us| now_us - us);
        if newest <= 1 || self.tails[HORIZONS - 1] < oldest {
            self.make_room(oldest, &begins_us);
        }
        self.move_tails(&begins_us);
    }

    /// Moves all windows on, together: one loop that ends when it will costs less than eight.
    #[inline(always)]
    fn move_tails(&mut self, begins_us: &[i64; HORIZONS]) {
        let mut stale = 0_u32;
        loop {
            let mut out = 0_u32;
            for (h, (next, begin)) in self.next_us.iter().zip(begins_us).enumerate() {
                out |= u32::from(next <= begin) << h;
            }
            if out == 0 {
                break;
            }
            stale |= out;
            while out != 0 {
                let h = out.trailing_zeros() as usize % HORIZONS;
                self.tails[h] += 1;
                // The newest row is now, and after every begin: there always is a next one.
                self.next_us[h] = self.ring.row(self.tails[h] + 1).at_us;
                out &= out - 1;
            }
        }
        while stale != 0 {
            let h = stale.trailing_zeros() as usize % HORIZONS;
            self.then.fill(h, self.ring.row(self.tails[h]));
            stale &= stale - 1;
        }
    }

    /// The oldest rows have gone: windows that reach back beyond them begin later.
    #[cold]
    fn make_room(&mut self, oldest: u64, begins_us: &[i64; HORIZONS]) {
        let mut is_short = false;
        for (tail, begin) in self.tails.iter_mut().zip(begins_us) {
            if *tail < oldest {
                *tail = oldest;
                is_short |= self.ring.row(oldest).at_us > *begin;
            }
        }
        self.shortened += u64::from(is_short);
        self.fill_all();
    }

    fn fill_all(&mut self) {
        for h in 0..HORIZONS {
            let tail = self.tails[h];
            self.then.fill(h, self.ring.row(tail));
            let has_next = tail < self.ring.newest();
            self.next_us[h] = if has_next { self.ring.row(tail + 1).at_us } else { i64::MAX };
        }
    }

    /// Writes the values of all horizons, of which the first `ready` go out.
    #[inline(always)]
    pub(super) fn show<R: Real>(
        &self,
        lengths: &Lengths,
        mid2: f64,
        ready: usize,
        out: &mut Values<R>,
    ) {
        let mut sums =
            if self.is_usual(lengths) { self.usual(lengths) } else { self.unusual(lengths) };
        sums.log_returns(mid2);
        sums.finish(mid2, ready, out);
    }

    /// May sums be reckoned in 64 bits? They are all as large as those of the longest window at
    /// most.
    #[inline(always)]
    fn is_usual(&self, lengths: &Lengths) -> bool {
        let (now, then) =
            (self.ring.row(self.ring.newest()), self.ring.row(self.tails[HORIZONS - 1]));
        let [(low, high), (low_before, high_before)] = self.eras;
        let range = high.max(high_before) - low.min(low_before);
        let gross = now.order_gross.wrapping_sub(then.order_gross);
        let squares = now.squares.wrapping_sub(then.squares);
        range <= lengths.range_max && gross >> 62 == 0 && squares >> 62 == 0
    }

    /// The sums of all windows, in 64 bits.
    #[inline(always)]
    fn usual(&self, lengths: &Lengths) -> Rounded {
        let (now, then) = (self.ring.last(), &self.then);
        let mut sums = Rounded::default();
        for h in 0..HORIZONS {
            // The part of the tail's span that lies before the window.
            let before = (now.at_us - lengths.us[h] - then.at_us[h]).max(0);
            let span = now.at_us - then.at_us[h] - before;
            let (mid, from) = (now.mid2, then.mid2[h]);
            let area = (now.area as i64).wrapping_sub(then.area[h]);
            let area = area.wrapping_sub(from.wrapping_mul(before));
            let area2 = (now.area2 as i64).wrapping_sub(then.area2[h]);
            let area2 = area2.wrapping_sub(from.wrapping_mul(from).wrapping_mul(before));
            // Relative to the mid now, modulo 2^64, in which the true values fit.
            let all = mid.wrapping_mul(span);
            let cross = mid.wrapping_mul(area.wrapping_mul(2).wrapping_sub(all));
            sums.span[h] = span as f64;
            sums.area[h] = area.wrapping_sub(all) as f64;
            sums.area2[h] = area2.wrapping_sub(cross) as f64;
            sums.from2[h] = from as f64;
            sums.squares[h] = (now.squares as i64).wrapping_sub(then.squares[h]) as f64;
            sums.order[h] = (now.order as i64).wrapping_sub(then.order[h]) as f64;
            let gross = (now.order_gross as i64).wrapping_sub(then.order_gross[h]);
            sums.order_gross[h] = gross as f64;
            let bought = now.bought.wrapping_sub(then.bought[h]) as f64;
            let sold = now.sold.wrapping_sub(then.sold[h]) as f64;
            sums.trade[h] = bought - sold;
            sums.trade_gross[h] = bought + sold;
        }
        sums
    }

    /// The same in 128 bits.
    #[cold]
    fn unusual(&self, lengths: &Lengths) -> Rounded {
        let now = self.ring.row(self.ring.newest());
        let mut sums = Rounded::default();
        for h in 0..HORIZONS {
            let then = self.ring.row(self.tails[h]);
            let wide = Wide::between(then, now, lengths.us[h]);
            sums.span[h] = wide.span as f64;
            sums.area[h] = wide.area as f64;
            sums.area2[h] = wide.area2 as f64;
            sums.from2[h] = then.mid2 as f64;
            sums.squares[h] = wide.squares as f64;
            sums.order[h] = wide.order as f64;
            sums.order_gross[h] = wide.order_gross as f64;
            let bought = now.bought.wrapping_sub(then.bought) as f64;
            let sold = now.sold.wrapping_sub(then.sold) as f64;
            sums.trade[h] = bought - sold;
            sums.trade_gross[h] = bought + sold;
        }
        sums
    }
}

impl Then {
    #[inline(always)]
    fn fill(&mut self, h: usize, row: &Row) {
        self.at_us[h] = row.at_us;
        self.mid2[h] = row.mid2;
        self.area[h] = row.area as i64;
        self.area2[h] = row.area2 as i64;
        self.squares[h] = row.squares as i64;
        self.order[h] = row.order as i64;
        self.order_gross[h] = row.order_gross as i64;
        self.bought[h] = row.bought;
        self.sold[h] = row.sold;
    }
}

impl Wide {
    fn between(then: &Row, now: &Row, length_us: i64) -> Wide {
        let before = (now.at_us - length_us - then.at_us).max(0);
        let span = now.at_us - then.at_us - before;
        let (mid, from) = (i128::from(now.mid2), i128::from(then.mid2));
        let (wide_before, wide_span) = (i128::from(before), i128::from(span));
        let area = now.area.wrapping_sub(then.area).wrapping_sub(from * wide_before);
        let area2 = now
            .area2
            .wrapping_sub(then.area2)
            .wrapping_sub((from * from).wrapping_mul(wide_before));
        let far = mid * wide_span;
        let cross = mid.wrapping_mul(area.wrapping_mul(2).wrapping_sub(far));
        Wide {
            span,
            area: area.wrapping_sub(far),
            area2: area2.wrapping_sub(cross),
            squares: now.squares.wrapping_sub(then.squares),
            order: now.order.wrapping_sub(then.order),
            order_gross: now.order_gross.wrapping_sub(then.order_gross),
        }
    }
}

impl Rounded {
    /// Adds the log returns to the mid now.
    #[inline(always)]
    fn log_returns(&mut self, mid2: f64) {
        let mut is_near = true;
        for h in 0..HORIZONS {
            let s = (mid2 - self.from2[h]) / (mid2 + self.from2[h]);
            is_near &= s.abs() <= NEAR;
            self.log_return[h] = near(s);
        }
        if !is_near {
            self.far_returns(mid2);
        }
    }

    #[cold]
    fn far_returns(&mut self, mid2: f64) {
        self.log_return = self.from2.map(|from2| far(from2, mid2));
    }

    /// Writes the values of all horizons, of which the first `ready` go out.
    #[inline(always)]
    fn finish<R: Real>(&self, mid2: f64, ready: usize, out: &mut Values<R>) {
        let bps = BPS / mid2;
        for h in 0..HORIZONS {
            let values = finish::<R>(&self.sums(h), bps);
            put(out, h, values, ready);
        }
    }

    #[inline(always)]
    fn sums(&self, h: usize) -> Sums {
        let per_span = 1.0 / if self.span[h] > 0.0 { self.span[h] } else { 1.0 };
        let distance = self.area[h] * per_span;
        let variance = self.area2[h] * per_span - distance * distance;
        Sums {
            above: -distance,
            variance,
            log_return: self.log_return[h],
            squares: self.squares[h] * SQUARE_UNIT,
            order: self.order[h],
            order_gross: self.order_gross[h],
            trade: self.trade[h],
            trade_gross: self.trade_gross[h],
        }
    }
}
