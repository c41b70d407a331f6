//! Kraken's checksum: CRC32 over the digits of the ten best asks and then the ten best bids.
//!
//! Rendering the digits anew for every message costs ten times the CRC. So they are kept: each of
//! the ten best levels has a slot with its digits, written when the level changes or comes in; what
//! moves when levels move is the order of the slots, ten nibbles in one word.
//! Never: a separator, a point or a leading zero; the rule has none.

use crate::event::Level;
use crate::limits::DEPTH_LEVELS;

/// Digits of the largest `u64`, as of an `i64`: 19.
const NUMBER_BYTES_MAX: usize = 19;

/// Digits of one level, and room for a whole word to be stored behind the last of them.
const SLOT_BYTES: usize = (2 * NUMBER_BYTES_MAX + 8).next_multiple_of(16);

/// Bytes copied of a slot unless it has more digits: real levels have at most 24.
const SLOT_BYTES_USUAL: usize = 32;

/// Digits of one side.
const TEXT_BYTES: usize = DEPTH_LEVELS * 2 * NUMBER_BYTES_MAX + SLOT_BYTES;

const SLOTS: usize = 16;

// While a level comes in, the one that it pushes out still has its slot.
const _: () = assert!(DEPTH_LEVELS < SLOTS);

/// The checksum of levels, best first, rendered now.
pub(super) fn of(asks: &[Level], bids: &[Level]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for level in asks.iter().chain(bids) {
        let mut slot = Slot::EMPTY;
        slot.print(level.price, level.qty);
        hasher.update(&slot.text[..slot.end as usize]);
    }
    hasher.finalize()
}

/// The digits of the best levels of one side.
#[derive(Debug)]
pub(super) struct Digits {
    slots: [Slot; SLOTS],
    /// Which slot each level has: the best in the lowest four bits.
    order: u64,
    /// A bit for each slot that no level has.
    free: u16,
    count: usize,
    /// All digits in a row, unless levels changed since.
    text: [u8; TEXT_BYTES],
    text_bytes: usize,
    is_stale: bool,
}

/// The digits of one level: price, then quantity.
#[derive(Clone, Copy, Debug)]
struct Slot {
    text: [u8; SLOT_BYTES],
    /// Where the quantity begins.
    middle: u8,
    end: u8,
}

impl Digits {
    pub(super) fn new() -> Digits {
        Digits {
            slots: [Slot::EMPTY; SLOTS],
            order: 0,
            free: u16::MAX,
            count: 0,
            text: [0; TEXT_BYTES],
            text_bytes: 0,
            is_stale: false,
        }
    }

    pub(super) fn clear(&mut self) {
        self.order = 0;
        self.free = u16::MAX;
        self.count = 0;
        self.is_stale = true;
    }

    /// How many levels have their digits here, from the best on.
    #[inline(always)]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Did levels change since [`Digits::text`]?
    #[inline(always)]
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// A level comes in at a place, at most the next after those that are here.
    #[inline(always)]
    pub(super) fn insert(&mut self, place: usize, level: Level) {
        let slot = self.free.trailing_zeros() as usize % SLOTS;
        self.free &= !(1 << slot);
        self.slots[slot].print(level.price, level.qty);
        let before = below(place);
        self.order =
            self.order & before | (slot as u64) << (4 * place) | (self.order & !before) << 4;
        self.count += 1;
        if self.count > DEPTH_LEVELS {
            self.remove(DEPTH_LEVELS);
        }
        self.is_stale = true;
    }

    #[inline(always)]
    pub(super) fn remove(&mut self, place: usize) {
        self.free |= 1 << self.slot(place);
        let before = below(place);
        self.order = self.order & before | (self.order >> 4) & !before;
        self.count -= 1;
        self.is_stale = true;
    }

    #[inline(always)]
    pub(super) fn change(&mut self, place: usize, qty: i64) {
        let slot = self.slot(place);
        self.slots[slot].print_qty(qty);
        self.is_stale = true;
    }

    /// All digits in a row, the best level's first.
    #[inline(always)]
    pub(super) fn text(&mut self) -> &[u8] {
        if self.is_stale {
            self.is_stale = false;
            self.join();
        }
        &self.text[..self.text_bytes]
    }

    #[inline(always)]
    fn join(&mut self) {
        let mut at = 0;
        let mut order = self.order;
        for _ in 0..self.count {
            let slot = &self.slots[order as usize % SLOTS];
            order >>= 4;
            let into = &mut self.text[at..at + SLOT_BYTES];
            // Fixed sizes are a few vector moves; what is copied too much is overwritten.
            into[..SLOT_BYTES_USUAL].copy_from_slice(&slot.text[..SLOT_BYTES_USUAL]);
            if slot.end as usize > SLOT_BYTES_USUAL {
                into.copy_from_slice(&slot.text);
            }
            at += slot.end as usize;
        }
        self.text_bytes = at;
    }

    #[inline(always)]
    fn slot(&self, place: usize) -> usize {
        (self.order >> (4 * place)) as usize % SLOTS
    }
}

impl Slot {
    const EMPTY: Slot = Slot { text: [0; SLOT_BYTES], middle: 0, end: 0 };

    #[inline(always)]
    fn print(&mut self, price: i64, qty: i64) {
        self.middle = print(price.unsigned_abs(), &mut self.text, 0) as u8;
        self.print_qty(qty);
    }

    #[inline(always)]
    fn print_qty(&mut self, qty: i64) {
        self.end = print(qty.unsigned_abs(), &mut self.text, self.middle as usize) as u8;
    }
}

/// Writes the digits of `value` at `at` and says where they end. Up to seven bytes behind them are
/// overwritten.
#[inline(always)]
fn print(value: u64, text: &mut [u8; SLOT_BYTES], at: usize) -> usize {
    const EIGHT: u64 = 100_000_000;
    let at = at.min(NUMBER_BYTES_MAX);
    if value < EIGHT {
        return put_first(value as u32, text, at);
    }
    let (high, low) = (value / EIGHT, (value % EIGHT) as u32);
    let at = if high < EIGHT {
        put_first(high as u32, text, at)
    } else {
        let at = put_first((high / EIGHT) as u32, text, at);
        put(text, at, eight_digits((high % EIGHT) as u32) | ZEROS);
        at + 8
    };
    put(text, at, eight_digits(low) | ZEROS);
    at + 8
}

const ZEROS: u64 = u64::from_ne_bytes(*b"00000000");

/// Writes a number below 10^8 without leading zeros (zero itself has one digit).
#[inline(always)]
fn put_first(value: u32, text: &mut [u8; SLOT_BYTES], at: usize) -> usize {
    let digits = eight_digits(value);
    // The first digit is the lowest byte; the last always counts.
    let leading = ((digits | 1 << 56).trailing_zeros() / 8) as usize;
    put(text, at, (digits | ZEROS) >> (8 * leading));
    at + 8 - leading
}

#[inline(always)]
fn put(text: &mut [u8; SLOT_BYTES], at: usize, word: u64) {
    text[at..at + 8].copy_from_slice(&word.to_le_bytes());
}

/// The eight digits of a number below 10^8, the first in the lowest byte: halves, quarters, eighths
/// side by side, each quotient by a multiplication that is exact in its range.
#[inline(always)]
const fn eight_digits(value: u32) -> u64 {
    let (high, low) = ((value / 10_000) as u64, (value % 10_000) as u64);
    let four = high | low << 32;
    let hundreds = ((four * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let two = hundreds | (four - 100 * hundreds) << 16;
    let tens = ((two * 103) >> 10) & 0x000F_000F_000F_000F;
    tens | (two - 10 * tens) << 8
}

/// The nibbles below `place`.
#[inline(always)]
const fn below(place: usize) -> u64 {
    (1 << (4 * place)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_of(levels: &[Level]) -> String {
        let numbers = levels.iter().flat_map(|level| [level.price, level.qty]);
        numbers.map(|number| number.to_string()).collect()
    }

    fn number() -> impl Strategy<Value = i64> {
        (0_u32..19, 0_i64..10).prop_flat_map(|(digits, _)| 1..=10_i64.pow(digits).max(1) * 9)
    }

    proptest! {
        #[test]
        fn numbers_print_as_they_do_everywhere(price in number(), qty in number()) {
            let mut slot = Slot::EMPTY;
            slot.print(price, qty);
            let text = &slot.text[..slot.end as usize];
            prop_assert_eq!(text, &format!("{price}{qty}").into_bytes()[..]);
        }

        #[test]
        fn digits_follow_their_levels(
            steps in prop::collection::vec((0_u8..3, 0_usize..10, number(), number()), 1..80),
        ) {
            let mut digits = Digits::new();
            let mut twin: Vec<Level> = Vec::new();
            for (kind, place, price, qty) in steps {
                match kind {
                    0 if place < twin.len() => {
                        digits.remove(place);
                        twin.remove(place);
                    }
                    1 if place < twin.len() => {
                        digits.change(place, qty);
                        twin[place].qty = qty;
                    }
                    _ => {
                        let place = place.min(twin.len()).min(DEPTH_LEVELS - 1);
                        let level = Level { price, qty };
                        digits.insert(place, level);
                        twin.insert(place, level);
                        twin.truncate(DEPTH_LEVELS);
                    }
                }
                prop_assert_eq!(digits.count(), twin.len());
                prop_assert_eq!(digits.text(), &text_of(&twin).into_bytes()[..]);
                prop_assert_eq!(of(&twin, &[]), crc32fast::hash(text_of(&twin).as_bytes()));
            }
        }
    }

    #[test]
    fn zero_has_one_digit() {
        let mut slot = Slot::EMPTY;
        slot.print(0, i64::MAX);
        assert_eq!(&slot.text[..slot.end as usize], b"09223372036854775807");
    }
}
