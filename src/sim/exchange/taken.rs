//! What we took from price levels that the market has said nothing new about since: it is not there
//! for our next order. The venue's own words know nothing of us.
//!
//! Never: an allocation after construction, a level forgotten for want of room.

use crate::base::Side;
use crate::limits::PAPER_TAKEN_MAX;
use crate::sys::memory;

/// See the module.
#[derive(Debug)]
pub(super) struct Taken {
    levels: Vec<Level>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    listing: usize,
    side: Side,
    price: i64,
    qty: i64,
}

impl Taken {
    pub(super) fn new() -> Taken {
        Taken { levels: memory::resident(PAPER_TAKEN_MAX) }
    }

    /// How much was taken at a price.
    pub(super) fn at(&self, listing: usize, side: Side, price: i64) -> i64 {
        self.place(listing, side, price).map_or(0, |at| self.levels[at].qty)
    }

    /// Levels for which there is room.
    pub(super) fn room(&self) -> usize {
        PAPER_TAKEN_MAX - self.levels.len()
    }

    /// Adds to what was taken at a price; there must be room for it.
    pub(super) fn add(&mut self, listing: usize, side: Side, price: i64, qty: i64) {
        match self.place(listing, side, price) {
            Some(at) => self.levels[at].qty += qty,
            None if self.room() > 0 => self.levels.push(Level { listing, side, price, qty }),
            None => {}
        }
    }

    /// The market has said something new about a price.
    pub(super) fn forget(&mut self, listing: usize, side: Side, price: i64) {
        if let Some(at) = self.place(listing, side, price) {
            self.levels.swap_remove(at);
        }
    }

    /// The market has said something new about all prices of an instrument.
    pub(super) fn forget_all(&mut self, listing: usize) {
        self.levels.retain(|level| level.listing != listing);
    }

    /// Keeps what is still to be seen.
    pub(super) fn retain(&mut self, mut is_seen: impl FnMut(usize, Side, i64) -> bool) {
        self.levels.retain(|level| is_seen(level.listing, level.side, level.price));
    }

    /// Is there nothing?
    pub(super) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    fn place(&self, listing: usize, side: Side, price: i64) -> Option<usize> {
        let is_it =
            |level: &Level| (level.listing, level.side, level.price) == (listing, side, price);
        self.levels.iter().position(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_of_one_side_and_price_of_one_instrument() {
        let mut taken = Taken::new();
        taken.add(1, Side::Buy, 100, 7);
        taken.add(1, Side::Buy, 100, 2);
        assert_eq!(taken.at(1, Side::Buy, 100), 9);
        for (listing, side, price) in
            [(0, Side::Buy, 100), (1, Side::Sell, 100), (1, Side::Buy, 101)]
        {
            assert_eq!(taken.at(listing, side, price), 0);
            taken.forget(listing, side, price);
        }
        taken.forget_all(0);
        assert_eq!(taken.at(1, Side::Buy, 100), 9, "others were forgotten, not this");
        taken.forget(1, Side::Buy, 100);
        assert!(taken.is_empty());
    }
}
