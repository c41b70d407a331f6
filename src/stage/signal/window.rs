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
//! are reckoned at once; where a window's do not it takes 128 bits, to the same result. What stands
//! at the begin of each window is kept side by side, and changes only when a row leaves it.
//!
//! A window that began before the memory, or before the oldest row that there was room for, begins
//! there instead; the latter is counted.

#![allow(
    clippy::needless_range_loop,
    reason = "one place in several arrays at once, which becomes vectors so"
)]
#![allow(clippy::needless_bitwise_bool, reason = "no branch where each part is cheap")]

use super::change::Change;
use super::decay::Lanes;
use super::finish::{BPS, Real, Sums, Values, finish, put};
use super::logarithm::{NEAR, log_ratio, near};
use super::ring::{Low, NEVER_US, Ring, Row, SQUARE_UNIT, micros, past, squared_small};
use super::unit::Unit;
use crate::event::HORIZONS;

/// The windows of one instrument.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Windows {
    then: Then,
    /// When the row after each tail begins.
    next_us: [i64; HORIZONS],
    /// For each window the newest row that is not after its begin.
    tails: [u64; HORIZONS],
    /// The newest row, which is the ring's last too.
    now: Row,
    /// At the tail of the longest window: order flow's sizes and squared returns, whole.
    oldest: (i128, u128),
    /// What the next view must keep to.
    plain: Plain,
    /// Lowest and highest mid in this era and in the one before; an era is as long as the longest
    /// window.
    eras: [(i64, i64); 2],
    /// When this era ends.
    era_ends_us: i64,
    /// What mids are counted in.
    unit: Unit,
    /// Views at which a window was shorter than it should be, for want of room.
    pub(super) shortened: u64,
    ring: Ring,
}

/// The rows at the tails, side by side so that they load as vectors; the lower halves of the sums.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
struct Then {
    at_us: [i64; HORIZONS],
    mid: [i64; HORIZONS],
    /// The mid squared.
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
#[repr(C, align(64))]
pub(super) struct Lengths {
    us: [i64; HORIZONS],
    /// Reciprocals of them.
    per_us: Lanes,
    /// Mids may be this far apart for the sums of the longest one to fit 64 bits.
    range_max: i64,
}

/// The same for all windows: the lower halves of the newest row, and the integrals until then.
#[derive(Clone, Copy, Debug)]
struct Head {
    at_us: i64,
    mid: i64,
    area: i64,
    area2: i64,
    squares: i64,
    order: i64,
    order_gross: i64,
    bought: i64,
    sold: i64,
}

/// What keeps to the plain way: 64 bits, and the short series of the logarithm.
#[derive(Clone, Copy, Debug, Default)]
struct Plain {
    /// The lowest mid that does, and how far others may lie above it.
    low: i64,
    width: i64,
    /// Have squared returns and flows of all windows been small so far?
    are_flows_small: bool,
}

impl Lengths {
    pub(super) fn new(horizons_ns: &[i64; HORIZONS]) -> Lengths {
        let us = horizons_ns.map(|ns| (ns / 1_000).max(1));
        // Range squared times the longest window stays below 2^62.
        let range_max = ((1_i64 << 62) / us[HORIZONS - 1]).isqrt();
        Lengths { us, per_us: us.map(|us| 1.0 / us as f64), range_max }
    }
}

impl Windows {
    pub(super) fn new() -> Windows {
        Windows {
            then: Then::default(),
            next_us: [NEVER_US; HORIZONS],
            tails: [0; HORIZONS],
            now: Row::default(),
            oldest: (0, 0),
            plain: Plain::default(),
            eras: [(0, 0); 2],
            era_ends_us: 0,
            unit: Unit::of(1),
            shortened: 0,
            ring: Ring::new(),
        }
    }

    /// Begins a memory.
    pub(super) fn begin(&mut self, lengths: &Lengths, change: &Change) {
        self.unit = Unit::of(change.mid2);
        let mid = self.unit.count(change.mid2).unwrap_or(change.mid2);
        self.now = Row::first(change, mid);
        self.ring.begin(&self.now);
        self.tails = [0; HORIZONS];
        self.eras = [(mid, mid); 2];
        self.era_ends_us = self.now.at_us + lengths.us[HORIZONS - 1];
        self.fill_all();
        self.plan(lengths);
    }

    /// Adds what a view changed, moves the windows on, and writes the values of all horizons, of
    /// which the first `ready` go out.
    #[inline(always)]
    pub(super) fn advance<R: Real>(
        &mut self,
        lengths: &Lengths,
        change: &Change,
        ready: usize,
        out: &mut Values<R>,
    ) {
        let mid = match self.unit.count(change.mid2) {
            Some(mid) => mid,
            None => self.refine(lengths, change.mid2),
        };
        let head = Head::next(&self.now, change, mid);
        self.move_tails(lengths, &head);
        let is_plain = self.is_plain(change, &head);
        if is_plain {
            self.show_plain(lengths, &head, ready, out);
        }
        // What the next view needs comes after what this one says: so its work is done while
        // divisions and roots are under way.
        self.push(lengths, change, mid);
        if !is_plain {
            self.show_unusual(lengths, ready, out);
        }
    }

    /// Counts mids in a unit that this one is a multiple of too. Once for each zero of a price at
    /// most, and early in a memory as a rule: the last digit of a tick does not stay 0 for long.
    #[cold]
    #[inline(never)]
    fn refine(&mut self, lengths: &Lengths, mid2: i64) -> i64 {
        let finer = self.unit.finer(mid2);
        let times = self.unit.over(finer);
        self.unit = finer;
        self.now.refine(times);
        self.ring.refine(times);
        self.eras = self.eras.map(|(low, high)| (low * times, high * times));
        self.fill_all();
        self.plan(lengths);
        finer.count(mid2).unwrap_or(mid2)
    }

    #[inline(always)]
    fn push(&mut self, lengths: &Lengths, change: &Change, mid: i64) {
        let held = self.now;
        let now = held.next(change, mid);
        self.now = now;
        self.ring.push(&now, now.at_us > held.at_us);
        if now.at_us >= self.era_ends_us {
            // What held when the era ended held in the next one too.
            self.eras = [(held.mid, held.mid), self.eras[0]];
            self.era_ends_us = now.at_us + lengths.us[HORIZONS - 1];
        }
        let (low, high) = self.eras[0];
        self.eras[0] = (low.min(mid), high.max(mid));
        self.plan(lengths);
        if self.ring.newest() <= 1 || self.tails[HORIZONS - 1] < self.ring.oldest() {
            self.make_room(lengths);
        }
    }

    /// Moves the windows on whose next row has left them. Views come in bursts, so most views find
    /// none.
    #[inline(always)]
    fn move_tails(&mut self, lengths: &Lengths, head: &Head) {
        let begins_us = lengths.us.map(|us| head.at_us - us);
        let mut stale = past(&self.next_us, &begins_us);
        while stale != 0 {
            let h = stale.trailing_zeros() as usize % HORIZONS;
            self.tails[h] = self.ring.last_until(self.tails[h], head.at_us - lengths.us[h]);
            self.fill(h, head.at_us);
            stale &= stale - 1;
        }
    }

    /// There is a second row, which tails have to know of; or the oldest rows have gone, and
    /// windows that reach back beyond them begin later.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, lengths: &Lengths) {
        let oldest = self.ring.oldest();
        let mut is_short = false;
        for (tail, us) in self.tails.iter_mut().zip(lengths.us) {
            if *tail < oldest {
                *tail = oldest;
                is_short |= self.ring.begin_us(oldest) > self.now.at_us - us;
            }
        }
        self.shortened += u64::from(is_short);
        self.fill_all();
    }

    fn fill_all(&mut self) {
        for h in 0..HORIZONS {
            self.fill(h, NEVER_US);
        }
    }

    /// Puts beside the others what stands at a tail. `next_us` is when the row after the newest
    /// begins.
    #[inline(always)]
    fn fill(&mut self, h: usize, next_us: i64) {
        let tail = self.tails[h];
        self.then.fill(h, self.ring.begin_us(tail), self.ring.low(tail));
        if h == HORIZONS - 1 {
            self.oldest = self.ring.flows(tail);
        }
        let has_next = tail < self.ring.newest();
        self.next_us[h] = if has_next { self.ring.begin_us(tail + 1) } else { next_us };
    }

    /// Says what the next view must keep to. All sums are at most as large as those of the longest
    /// window.
    #[inline(always)]
    fn plan(&mut self, lengths: &Lengths) {
        // A quotient of difference and sum is at most that of the difference and twice the lowest.
        const NEAR_PARTS: i64 = (1.0 / NEAR) as i64;
        let [(low, high), (low_before, high_before)] = self.eras;
        let (low, high) = (low.min(low_before), high.max(high_before));
        let range_max = lengths.range_max.min(low / NEAR_PARTS);
        let gross = self.now.order_gross.wrapping_sub(self.oldest.0);
        let squares = self.now.squares.wrapping_sub(self.oldest.1);
        self.plain = Plain {
            low: high - range_max,
            width: 2 * range_max - (high - low),
            are_flows_small: gross >> 61 == 0 && squares >> 61 == 0,
        };
    }

    /// May this view be reckoned in the plain way?
    #[inline(always)]
    fn is_plain(&self, change: &Change, head: &Head) -> bool {
        let Plain { low, width, are_flows_small } = self.plain;
        // What one view adds: flows below 2^60 and squares below 2^60 to sums below 2^61, so that
        // all stay below 2^62.
        let above = head.mid - low;
        let flow = change.bid_flow.unsigned_abs() | change.ask_flow.unsigned_abs();
        let is_calm = change.log_return.abs() < 1.0 / 512.0;
        are_flows_small & (above >= 0) & (above <= width) & (flow >> 59 == 0) & is_calm
    }

    /// Writes the values of all horizons, of which the first `ready` go out.
    #[inline(always)]
    fn show_plain<R: Real>(
        &self,
        lengths: &Lengths,
        head: &Head,
        ready: usize,
        out: &mut Values<R>,
    ) {
        const LONGEST: usize = HORIZONS - 1;
        let bps = BPS / head.mid as f64;
        let is_full = self.then.at_us[LONGEST] <= head.at_us - lengths.us[LONGEST];
        let shorter;
        let per_us = if is_full {
            &lengths.per_us
        } else {
            shorter = self.per_us(lengths, head.at_us);
            &shorter
        };
        for h in 0..HORIZONS {
            let from = self.then.mid[h] as f64;
            let s = (head.mid as f64 - from) / (head.mid as f64 + from);
            let begin_us = self.then.at_us[h].max(head.at_us - lengths.us[h]);
            let sums = self.then.sums(h, head, begin_us, per_us[h], near(s));
            put(out, h, finish::<R>(&sums, bps), ready);
        }
    }

    /// One over each window where not all reach as far back as they should.
    #[inline(never)]
    fn per_us(&self, lengths: &Lengths, now_us: i64) -> Lanes {
        let mut all = lengths.per_us;
        for h in 0..HORIZONS {
            let span = now_us - self.then.at_us[h].max(now_us - lengths.us[h]);
            all[h] = if span > 0 { 1.0 / span as f64 } else { 1.0 };
        }
        all
    }

    /// The same where prices move far or are of many digits, or quantities are huge: each window by
    /// itself, once the view's row is in.
    #[cold]
    #[inline(never)]
    pub(super) fn show_unusual<R: Real>(
        &self,
        lengths: &Lengths,
        ready: usize,
        out: &mut Values<R>,
    ) {
        let head = Head::of(&self.now);
        let bps = BPS / head.mid as f64;
        let [(low, high), (low_before, high_before)] = self.eras;
        let per_us = self.per_us(lengths, head.at_us);
        let range = i128::from(high.max(high_before) - low.min(low_before));
        for h in 0..HORIZONS {
            let begin_us = self.then.at_us[h].max(head.at_us - lengths.us[h]);
            let span = head.at_us - begin_us;
            let log_return = log_ratio(self.then.mid[h] as f64, head.mid as f64);
            let is_small = range * range * i128::from(span) < 1 << 62;
            let sums = if is_small && self.plain.are_flows_small {
                self.then.sums(h, &head, begin_us, per_us[h], log_return)
            } else {
                wide_sums(&self.ring.row(self.tails[h]), &self.now, begin_us, per_us[h], log_return)
            };
            put(out, h, finish::<R>(&sums, bps), ready);
        }
    }
}

impl Then {
    #[inline(always)]
    fn fill(&mut self, h: usize, at_us: i64, low: &Low) {
        self.at_us[h] = at_us;
        self.mid[h] = low.mid;
        self.mid2[h] = low.mid.wrapping_mul(low.mid);
        self.area[h] = low.area;
        self.area2[h] = low.area2;
        self.squares[h] = low.squares;
        self.order[h] = low.order;
        self.order_gross[h] = low.order_gross;
        self.bought[h] = low.bought;
        self.sold[h] = low.sold;
    }

    /// The sums of one window, in 64 bits: modulo 2^64, in which the true values fit.
    #[inline(always)]
    fn sums(&self, h: usize, head: &Head, begin_us: i64, per_us: f64, log_return: f64) -> Sums {
        let span = head.at_us.wrapping_sub(begin_us);
        let area = head.area.wrapping_sub(self.area[h]);
        let area = area.wrapping_sub(self.mid[h].wrapping_mul(begin_us));
        let area2 = head.area2.wrapping_sub(self.area2[h]);
        let area2 = area2.wrapping_sub(self.mid2[h].wrapping_mul(begin_us));
        // Relative to the mid now.
        let all = head.mid.wrapping_mul(span);
        let cross = head.mid.wrapping_mul(area.wrapping_mul(2).wrapping_sub(all));
        let distance = area.wrapping_sub(all) as f64 * per_us;
        let bought = head.bought.wrapping_sub(self.bought[h]) as f64;
        let sold = head.sold.wrapping_sub(self.sold[h]) as f64;
        Sums {
            above: -distance,
            variance: area2.wrapping_sub(cross) as f64 * per_us - distance * distance,
            log_return,
            squares: head.squares.wrapping_sub(self.squares[h]) as f64 * SQUARE_UNIT,
            order: head.order.wrapping_sub(self.order[h]) as f64,
            order_gross: head.order_gross.wrapping_sub(self.order_gross[h]) as f64,
            trade: bought - sold,
            trade_gross: bought + sold,
        }
    }
}

impl Head {
    /// That of the row after this one, where sums are usual.
    #[inline(always)]
    fn next(held: &Row, change: &Change, mid: i64) -> Head {
        let at_us = micros(change.at_ns);
        let (bid, ask) = (change.bid_flow, change.ask_flow);
        let gross = bid.wrapping_abs().wrapping_add(ask.wrapping_abs());
        Head {
            at_us,
            mid,
            squares: (held.squares as i64).wrapping_add(squared_small(change.log_return)),
            order: (held.order as i64).wrapping_add(bid).wrapping_add(ask),
            order_gross: (held.order_gross as i64).wrapping_add(gross),
            bought: held.bought.wrapping_add(change.bought),
            sold: held.sold.wrapping_add(change.sold),
            ..Head::until(held, at_us)
        }
    }

    fn of(now: &Row) -> Head {
        Head::until(now, now.at_us)
    }

    /// The lower halves of a row, and the integrals until a moment at which its mid holds.
    #[inline(always)]
    fn until(now: &Row, at_us: i64) -> Head {
        let area = (now.area as i64).wrapping_add(now.mid.wrapping_mul(at_us));
        let mid2 = now.mid.wrapping_mul(now.mid);
        Head {
            at_us,
            mid: now.mid,
            area,
            area2: (now.area2 as i64).wrapping_add(mid2.wrapping_mul(at_us)),
            squares: now.squares as i64,
            order: now.order as i64,
            order_gross: now.order_gross as i64,
            bought: now.bought,
            sold: now.sold,
        }
    }
}

/// The sums of one window, in 128 bits.
fn wide_sums(then: &Row, now: &Row, begin_us: i64, per_us: f64, log_return: f64) -> Sums {
    let (mid, from) = (i128::from(now.mid), i128::from(then.mid));
    let (end, begin) = (i128::from(now.at_us), i128::from(begin_us));
    let until = |row: &Row, mid: i128, t: i128| {
        let area = row.area.wrapping_add(mid.wrapping_mul(t));
        (area, row.area2.wrapping_add((mid * mid).wrapping_mul(t)))
    };
    let ((area, area2), (from_area, from_area2)) = (until(now, mid, end), until(then, from, begin));
    let (area, area2) = (area.wrapping_sub(from_area), area2.wrapping_sub(from_area2));
    let all = mid * (end - begin);
    let cross = mid.wrapping_mul(area.wrapping_mul(2).wrapping_sub(all));
    let distance = area.wrapping_sub(all) as f64 * per_us;
    let bought = now.bought.wrapping_sub(then.bought) as f64;
    let sold = now.sold.wrapping_sub(then.sold) as f64;
    Sums {
        above: -distance,
        variance: area2.wrapping_sub(cross) as f64 * per_us - distance * distance,
        log_return,
        squares: now.squares.wrapping_sub(then.squares) as f64 * SQUARE_UNIT,
        order: now.order.wrapping_sub(then.order) as f64,
        order_gross: now.order_gross.wrapping_sub(then.order_gross) as f64,
        trade: bought - sold,
        trade_gross: bought + sold,
    }
}
