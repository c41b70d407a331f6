//! What both forms of a book offer.
//!
//! In: levels of one side, in wire order. Out: the best of them, and all of them.
//! Never: a state, a proof or a message; those are the book's, not the form's.

use crate::base::Side;
use crate::event::Level;
use crate::limits::DEPTH_LEVELS;

/// The best levels of one side, best first; what is not there is zero.
pub type Best = [Level; DEPTH_LEVELS];

/// Two sides of levels. Quantity zero removes a level; the last word on a price wins.
pub trait Sides {
    /// Loads a part of a whole picture; the first part clears what was there.
    fn load(&mut self, bids: &[Level], asks: &[Level], first: bool);

    /// Applies changes to one side. Until [`Sides::settle`] the sides may be over their depth.
    fn apply(&mut self, side: Side, levels: &[Level]);

    /// Ends a message: cuts the sides to their depth.
    fn settle(&mut self);

    /// The best level of a side.
    fn best(&self, side: Side) -> Option<Level>;

    /// Writes the ten best levels of a side and says how many there are. Forgets that they
    /// changed.
    fn top(&mut self, side: Side, into: &mut Best) -> usize;

    /// May the ten best levels of a side have changed since they were last asked for? Never
    /// false where they have.
    fn touched(&self, side: Side) -> bool;

    /// How many levels a side has.
    fn levels(&self, side: Side) -> usize;

    /// Were levels dropped because there was no room for them?
    fn truncated(&self) -> bool;

    /// CRC32 of the ten best levels a side, asks first, as Kraken computes it.
    fn checksum(&mut self) -> u32;

    /// Shows all levels of a side, best first. Cold.
    fn visit(&self, side: Side, seen: &mut dyn FnMut(Level));
}

/// Turns a price of `side` into a key that is larger where the price is better, and back.
#[inline(always)]
pub(super) const fn keyed(side: Side, price: i64) -> i64 {
    match side {
        Side::Buy => price,
        // The complement turns the order round without overflow.
        Side::Sell => !price,
    }
}
