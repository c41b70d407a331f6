//! The deep form: quantities indexed by tick in a circular window around the market.
//!
//! Most changes of a deep book are far from its best (the median is the 85th level on Binance
//! spot), where sorted arrays lose to a tree. Here a change costs the same at any depth: no search,
//! no move. What lies off the grid or outside the window is in the far arrays.
//! Never: a result that depends on when the window was last re-centred.

use super::checksum;
use super::contract::{Best, Sides, keyed};
use super::far::{Desk, Far};
use super::grid::{Grid, common_tick};
use super::near::{Frame, Near};
use crate::base::Side;
use crate::event::Level;
use crate::limits::{DEPTH_LEVELS, PART_LEVELS_MAX, WINDOW_TICKS_MAX, WINDOW_TICKS_MIN};

/// Fewer levels say too little about the grid: by chance they have a large common divisor.
const INFER_LEVELS_MIN: usize = 8;

/// From here on the slots of all levels are read before the first is written: what that costs warm
/// (half a nanosecond a level) it gives back many times where they have left the caches.
const READ_AHEAD_LEVELS_MIN: usize = 4;

/// From here on a message is merged as a whole; below, one level at a time is faster.
const BULK_LEVELS_MIN: usize = 4_096;

/// A window of ticks, and all that lies around it.
#[derive(Debug)]
pub struct Window {
    frame: Frame,
    /// Ticks that were allocated.
    ticks_max: u64,
    /// Tick that the venue declared; 0 where it is learned from snapshots.
    declared: i64,
    bids: Half<true>,
    asks: Half<false>,
    desk: Desk,
}

/// One side: bids where `BID`.
#[derive(Debug)]
struct Half<const BID: bool> {
    near: Near<BID>,
    far: Far,
    /// Key of the best price named since [`Sides::top`].
    touched: i64,
    /// Key of the tenth best price at [`Sides::top`], `i64::MIN` where there were fewer.
    tenth: i64,
}

impl Window {
    /// A window of `ticks` ticks at most, a power of two within the limits; `tick` above 1 is the
    /// grid that the venue declared, else it is learned.
    pub fn new(ticks: usize, tick: i64) -> Window {
        let ticks = ticks.next_power_of_two().clamp(WINDOW_TICKS_MIN, WINDOW_TICKS_MAX);
        let mut window = Window {
            frame: Frame { grid: Grid::new(1), lo: 0, ticks: ticks as u64 },
            ticks_max: ticks as u64,
            declared: 0,
            bids: Half::new(ticks),
            asks: Half::new(ticks),
            desk: Desk::new(),
        };
        window.declare(tick);
        window
    }

    /// Says what grid the venue declares from the next picture on; 1 or less: none.
    pub fn declare(&mut self, tick: i64) {
        self.declared = if tick > 1 { tick } else { 0 };
    }

    /// Has the market come near the edge of the window, or left it?
    #[inline]
    pub fn wants_recentre(&self) -> bool {
        self.bids.is_astray(self.frame) || self.asks.is_astray(self.frame)
    }

    /// Moves the window so that the market is in its middle. Only what leaves or enters is
    /// touched. Cold: between frames.
    pub fn recentre(&mut self) {
        let best = |side| self.best(side).map(|level| level.price);
        let (bid, ask) = (best(Side::Buy), best(Side::Sell));
        let Some(middle) = middle(bid, ask) else {
            return;
        };
        let old = self.frame;
        let is_off_grid = |price: i64| price > 0 && price % old.grid.tick() != 0;
        let mut grid = old.grid;
        if self.declared == 0 && bid.into_iter().chain(ask).any(is_off_grid) {
            let known = [Some(grid.tick()), bid, ask];
            grid = Grid::new(common_tick(known.into_iter().flatten()).max(1));
        }
        let new = Frame::around(grid, middle, self.ticks_max);
        let is_same_grid = grid.tick() == old.grid.tick() && new.ticks == old.ticks;
        if is_same_grid && new.lo.abs_diff(old.lo) < old.ticks / 8 {
            return;
        }
        // On the same grid only the ticks outside the new range leave; else all of them.
        let stays = if is_same_grid { new.lo..new.lo + new.ticks } else { 0..0 };
        self.bids.evict(old, &stays);
        self.asks.evict(old, &stays);
        self.frame = new;
        self.bids.readmit(new);
        self.asks.readmit(new);
    }

    /// Empties the book and puts the window where the first part of a picture says the market is.
    fn begin(&mut self, bids: &[Level], asks: &[Level]) {
        self.bids.clear();
        self.asks.clear();
        let market = middle(prices(bids).max(), prices(asks).min()).unwrap_or(0);
        let mut tick = self.declared;
        if tick == 0 && bids.len() + asks.len() >= INFER_LEVELS_MIN {
            tick = common_tick(prices(bids).chain(prices(asks)));
        }
        let mut grid = Grid::new(tick.max(1));
        if grid.index_max() < 2 * self.ticks_max {
            grid = Grid::new(1);
        }
        self.frame = Frame::around(grid, market, self.ticks_max);
    }

    fn bulk(&mut self, side: Side, levels: &[Level]) {
        for part in levels.chunks(PART_LEVELS_MAX) {
            match side {
                Side::Buy => self.bids.bulk(self.frame, &mut self.desk, part),
                Side::Sell => self.asks.bulk(self.frame, &mut self.desk, part),
            }
        }
    }
}

impl Sides for Window {
    fn load(&mut self, bids: &[Level], asks: &[Level], first: bool) {
        if first {
            self.begin(bids, asks);
        }
        self.bulk(Side::Buy, bids);
        self.bulk(Side::Sell, asks);
    }

    #[inline]
    fn apply(&mut self, side: Side, levels: &[Level]) {
        if levels.len() >= BULK_LEVELS_MIN {
            return self.bulk(side, levels);
        }
        match side {
            Side::Buy => self.bids.apply(self.frame, levels),
            Side::Sell => self.asks.apply(self.frame, levels),
        }
    }

    #[inline(always)]
    fn settle(&mut self) {}

    #[inline]
    fn best(&self, side: Side) -> Option<Level> {
        match side {
            Side::Buy => self.bids.best(self.frame),
            Side::Sell => self.asks.best(self.frame),
        }
    }

    #[inline]
    fn top(&mut self, side: Side, into: &mut Best) -> usize {
        match side {
            Side::Buy => self.bids.top(self.frame, into),
            Side::Sell => self.asks.top(self.frame, into),
        }
    }

    #[inline(always)]
    fn touched(&self, side: Side) -> bool {
        match side {
            Side::Buy => self.bids.is_touched(),
            Side::Sell => self.asks.is_touched(),
        }
    }

    fn levels(&self, side: Side) -> usize {
        match side {
            Side::Buy => self.bids.near.count() + self.bids.far.len(),
            Side::Sell => self.asks.near.count() + self.asks.far.len(),
        }
    }

    fn truncated(&self) -> bool {
        self.bids.far.truncated() || self.asks.far.truncated()
    }

    fn checksum(&mut self) -> u32 {
        // No venue sends checksums of deep books, so their digits are not kept.
        let (mut bids, mut asks) = (Best::default(), Best::default());
        let bid_count = self.bids.ten(self.frame, &mut bids);
        let ask_count = self.asks.ten(self.frame, &mut asks);
        checksum::of(&asks[..ask_count], &bids[..bid_count])
    }

    fn visit(&self, side: Side, seen: &mut dyn FnMut(Level)) {
        match side {
            Side::Buy => self.bids.visit(self.frame, seen),
            Side::Sell => self.asks.visit(self.frame, seen),
        }
    }
}

impl<const BID: bool> Half<BID> {
    fn new(ticks: usize) -> Half<BID> {
        let side = if BID { Side::Buy } else { Side::Sell };
        let (near, far) = (Near::new(ticks), Far::new(side));
        Half { near, far, touched: i64::MIN, tenth: i64::MIN }
    }

    fn clear(&mut self) {
        self.near.clear();
        self.far.clear();
        self.tenth = i64::MIN;
        // Even an empty picture may have changed the top.
        self.touched = i64::MAX;
    }

    #[inline(always)]
    fn apply(&mut self, frame: Frame, levels: &[Level]) {
        if levels.len() >= READ_AHEAD_LEVELS_MIN {
            self.near.read_ahead(frame, levels);
        }
        let mut touched = self.touched;
        for level in levels {
            touched = touched.max(key::<BID>(level.price));
            let tick = frame.grid.index(level.price);
            if frame.covers(tick) {
                self.near.set(frame, tick, level.qty);
            } else {
                self.far.set(*level);
            }
        }
        self.touched = touched;
        self.near.find_best(frame);
    }

    fn bulk(&mut self, frame: Frame, desk: &mut Desk, levels: &[Level]) {
        for level in levels {
            self.touched = self.touched.max(key::<BID>(level.price));
            let tick = frame.grid.index(level.price);
            if frame.covers(tick) {
                self.near.set(frame, tick, level.qty);
            }
        }
        self.near.find_best(frame);
        self.far.absorb(desk, levels, |level| !frame.covers(frame.grid.index(level.price)));
    }

    #[inline(always)]
    fn is_touched(&self) -> bool {
        self.touched > i64::MIN && self.touched >= self.tenth
    }

    #[inline(always)]
    fn best(&self, frame: Frame) -> Option<Level> {
        let near = self.near.best().map(|tick| self.near.level(frame, tick));
        match (near, self.far.best()) {
            (Some(near), Some(far)) if key::<BID>(near.price) > key::<BID>(far.price) => Some(near),
            (near, far) => far.or(near),
        }
    }

    fn is_astray(&self, frame: Frame) -> bool {
        let Some(tick) = self.near.best() else {
            return self.far.best().is_some();
        };
        let (place, quarter) = (tick - frame.lo, frame.ticks / 4);
        let is_behind = |far: Level| key::<BID>(far.price) > key::<BID>(frame.grid.price(tick));
        place < quarter || place >= 3 * quarter || self.far.best().is_some_and(is_behind)
    }

    #[inline(always)]
    fn top(&mut self, frame: Frame, into: &mut Best) -> usize {
        let count = self.ten(frame, into);
        self.touched = i64::MIN;
        self.tenth =
            if count == DEPTH_LEVELS { key::<BID>(into[DEPTH_LEVELS - 1].price) } else { i64::MIN };
        count
    }

    #[inline(always)]
    fn ten(&self, frame: Frame, into: &mut Best) -> usize {
        let mut count = 0;
        let mut next = self.near.best();
        for place in into.iter_mut() {
            let Some(tick) = next else { break };
            *place = self.near.level(frame, tick);
            count += 1;
            // Round the corner is no worse tick.
            let worse = self.near.worse(frame, tick);
            next = worse.filter(|worse| key::<BID>(*worse as i64) < key::<BID>(tick as i64));
        }
        into[count..].fill(Level::default());
        let last = into[..count].last().map_or(i64::MIN, |level| key::<BID>(level.price));
        match self.far.best() {
            Some(far) if count < DEPTH_LEVELS || key::<BID>(far.price) > last => {
                self.mix(into, count)
            }
            _ => count,
        }
    }

    /// Merges the far levels into the window's ten.
    #[cold]
    fn mix(&self, into: &mut Best, count: usize) -> usize {
        let near = *into;
        let mut near = near[..count].iter().copied().peekable();
        let mut far = self.far.iter().peekable();
        let mut mixed = 0;
        for place in into.iter_mut() {
            let is_near = match (near.peek(), far.peek()) {
                (Some(near), Some(far)) => key::<BID>(near.price) > key::<BID>(far.price),
                (near, _) => near.is_some(),
            };
            let Some(level) = (if is_near { near.next() } else { far.next() }) else {
                break;
            };
            *place = level;
            mixed += 1;
        }
        mixed
    }

    fn visit(&self, frame: Frame, seen: &mut dyn FnMut(Level)) {
        let mut far = self.far.iter().peekable();
        let mut tick = self.near.best();
        for _ in 0..self.near.count() {
            let Some(here) = tick else { break };
            let level = self.near.level(frame, here);
            let is_better = |far: &Level| key::<BID>(far.price) > key::<BID>(level.price);
            while let Some(far) = far.next_if(is_better) {
                seen(far);
            }
            seen(level);
            tick = self.near.worse(frame, here);
        }
        far.for_each(seen);
    }

    /// Moves the levels outside `stays` to the far array, the worst first, so that each lands at
    /// or near its cheap end.
    fn evict(&mut self, frame: Frame, stays: &std::ops::Range<u64>) {
        let count = self.near.count();
        // Past the best it goes round to the worst.
        let mut next = self.near.best().and_then(|tick| self.near.better(frame, tick));
        for _ in 0..count {
            let Some(tick) = next else { break };
            if !stays.contains(&tick) {
                self.far.set(self.near.level(frame, tick));
                self.near.set(frame, tick, 0);
            }
            next = self.near.better(frame, tick);
        }
        self.near.find_best(frame);
    }

    /// Takes back from the far array what the window covers now.
    fn readmit(&mut self, frame: Frame) {
        let near = &mut self.near;
        self.far.extract(|level| {
            let tick = frame.grid.index(level.price);
            let is_covered = frame.covers(tick);
            if is_covered {
                near.set(frame, tick, level.qty);
            }
            is_covered
        });
        near.find_best(frame);
    }
}

#[inline(always)]
const fn key<const BID: bool>(price: i64) -> i64 {
    keyed(if BID { Side::Buy } else { Side::Sell }, price)
}

/// Prices of the levels that are there.
fn prices(levels: &[Level]) -> impl Iterator<Item = i64> + '_ {
    levels.iter().filter(|level| level.qty != 0).map(|level| level.price)
}

fn middle(bid: Option<i64>, ask: Option<i64>) -> Option<i64> {
    match (bid, ask) {
        (Some(bid), Some(ask)) => Some(bid.midpoint(ask)),
        (one, other) => one.or(other),
    }
}
