//! One side's levels inside the window: quantities by tick modulo the window, with a bitmap over
//! them.
//!
//! Never: a price outside the window; its owner asks [`Frame::covers`] first.

use super::bitmap::Bitmap;
use super::contract::keyed;
use super::grid::Grid;
use super::room;
use crate::base::Side;
use crate::event::Level;
use crate::limits::WINDOW_TICKS_MIN;

/// Which prices the window covers, by value: what the inner loop needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) grid: Grid,
    /// First tick.
    pub(super) lo: u64,
    /// How many ticks: a power of two.
    pub(super) ticks: u64,
}

/// Levels of one side: bids where `BID`.
#[derive(Debug)]
pub(super) struct Near<const BID: bool> {
    /// By slot; only where `bits` says so.
    qty: Box<[i64]>,
    bits: Bitmap,
    /// Key of the best tick, `i64::MIN` where there is none. Between [`Near::set`] and
    /// [`Near::find_best`] it may be of a level that is gone, but never worse than the best.
    best: i64,
}

impl Frame {
    /// About 1 % of the price to either side of `middle`, within the limits.
    pub(super) fn around(grid: Grid, middle: i64, ticks_max: u64) -> Frame {
        let middle = (middle.max(0) / grid.tick()) as u64;
        let wanted = (middle / 50).next_power_of_two();
        let ticks = wanted.clamp(WINDOW_TICKS_MIN as u64, ticks_max);
        // No index of a price off the grid may be covered.
        let lo = middle.saturating_sub(ticks / 2).min(grid.index_max() - ticks);
        Frame { grid, lo, ticks }
    }

    /// Also says that the price is on the grid: the index of one that is not is out of reach.
    #[inline(always)]
    pub(super) fn covers(self, tick: u64) -> bool {
        tick.wrapping_sub(self.lo) < self.ticks
    }

    /// A tick's slot stays its own when the window moves.
    #[inline(always)]
    fn slot(self, tick: u64) -> usize {
        (tick & (self.ticks - 1)) as usize
    }

    #[inline(always)]
    fn tick(self, slot: usize) -> u64 {
        self.lo + ((slot as u64).wrapping_sub(self.lo) & (self.ticks - 1))
    }
}

impl<const BID: bool> Near<BID> {
    const SIDE: Side = if BID { Side::Buy } else { Side::Sell };

    pub(super) fn new(ticks: usize) -> Near<BID> {
        Near { qty: room::filled(ticks, 0).into_boxed_slice(), bits: Bitmap::new(), best: i64::MIN }
    }

    pub(super) fn clear(&mut self) {
        self.bits.clear();
        self.best = i64::MIN;
    }

    /// How many levels there are. Cold.
    pub(super) fn count(&self) -> usize {
        self.bits.count()
    }

    /// The best tick.
    #[inline(always)]
    pub(super) fn best(&self) -> Option<u64> {
        (self.best != i64::MIN).then(|| keyed(Self::SIDE, self.best) as u64)
    }

    /// Sets or removes the level of a tick that the frame covers. Without a branch: levels come
    /// and go in no order that could be predicted.
    #[inline(always)]
    pub(super) fn set(&mut self, frame: Frame, tick: u64, qty: i64) {
        let slot = frame.slot(tick);
        self.qty[slot] = qty;
        self.bits.put(slot, qty != 0);
        let key = keyed(Self::SIDE, tick as i64);
        self.best = self.best.max(if qty == 0 { i64::MIN } else { key });
    }

    /// Reads the slots that a run of [`Near::set`] will write: reads that know nothing of each
    /// other wait for memory together, writes one after the other.
    #[inline(always)]
    pub(super) fn read_ahead(&self, frame: Frame, levels: &[Level]) {
        let mut all = 0;
        for level in levels {
            let slot = frame.slot(frame.grid.index(level.price));
            all |= self.qty[slot] ^ self.bits.word(slot);
        }
        std::hint::black_box(all);
    }

    /// Ends a run of [`Near::set`].
    #[inline(always)]
    pub(super) fn find_best(&mut self, frame: Frame) {
        if let Some(tick) = self.best()
            && !self.bits.has(frame.slot(tick))
        {
            let next = self.worse(frame, tick);
            self.best = next.map_or(i64::MIN, |tick| keyed(Self::SIDE, tick as i64));
        }
    }

    #[inline(always)]
    pub(super) fn level(&self, frame: Frame, tick: u64) -> Level {
        Level { price: frame.grid.price(tick), qty: self.qty[frame.slot(tick)] }
    }

    /// The next worse tick; from the worst on it goes round to the best.
    #[inline(always)]
    pub(super) fn worse(&self, frame: Frame, tick: u64) -> Option<u64> {
        let slot = frame.slot(tick);
        let slot = if BID { self.bits.before(slot) } else { self.bits.after(slot) };
        slot.map(|slot| frame.tick(slot))
    }

    /// The next better tick; from the best on it goes round to the worst.
    pub(super) fn better(&self, frame: Frame, tick: u64) -> Option<u64> {
        let slot = frame.slot(tick);
        let slot = if BID { self.bits.after(slot) } else { self.bits.before(slot) };
        slot.map(|slot| frame.tick(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_ends_before_the_slot_of_its_first_tick_comes_again() {
        let frame = Frame::around(Grid::new(1), 1 << 20, 1 << 12);
        let (first, beyond) = (frame.lo, frame.lo + frame.ticks);
        assert_eq!(frame.slot(first), frame.slot(beyond));
        assert!(frame.covers(first) && frame.covers(beyond - 1));
        assert!(!frame.covers(beyond) && !frame.covers(first - 1));
    }
}
