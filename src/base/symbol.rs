//! Symbols as on the wire, and the table that finds an instrument by one.
//!
//! The table is open addressing over fixed slots: filled at start, read on the hot path without a
//! hasher, an allocation or a pointer chase. A look-up is one multiply and, nearly always, one
//! slot.

use std::fmt;

use super::id::InstrumentId;
use crate::limits;

/// A symbol as on the wire, padded with zeros; at most [`limits::SYMBOL_BYTES_MAX`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol([u8; limits::SYMBOL_BYTES_MAX]);

/// From place `SYMBOL_BYTES_MAX - n` on it keeps the first `n` bytes.
static KEEP: [u8; 2 * limits::SYMBOL_BYTES_MAX] = {
    let mut keep = [0; 2 * limits::SYMBOL_BYTES_MAX];
    let mut n = 0;
    while n < limits::SYMBOL_BYTES_MAX {
        keep[n] = 0xFF;
        n += 1;
    }
    keep
};

impl Symbol {
    /// No symbol.
    pub const NONE: Symbol = Symbol([0; limits::SYMBOL_BYTES_MAX]);

    /// From wire text; `None` where it is empty, too long or not printable ASCII.
    #[inline]
    pub fn new(text: &[u8]) -> Option<Symbol> {
        if text.is_empty() || text.len() > limits::SYMBOL_BYTES_MAX {
            return None;
        }
        if !text.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        let mut padded = [0; limits::SYMBOL_BYTES_MAX];
        padded[..text.len()].copy_from_slice(text);
        Some(Symbol(padded))
    }

    /// From the first `len` of 32 bytes that were checked elsewhere or are only looked up: what no
    /// table holds cannot be found by a symbol that is none. `NONE` where `len` is too large.
    #[inline(always)]
    pub fn cut(bytes: &[u8; limits::SYMBOL_BYTES_MAX], len: usize) -> Symbol {
        if len > limits::SYMBOL_BYTES_MAX {
            return Symbol::NONE;
        }
        // A mask from a table, and one vector of it: neither a branch nor a store of each byte.
        let keep = &KEEP[limits::SYMBOL_BYTES_MAX - len..];
        let mut cut = *bytes;
        for (byte, keep) in cut.iter_mut().zip(keep) {
            *byte &= keep;
        }
        Symbol(cut)
    }

    /// The text without its padding.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        // Only printable ASCII gets in, so this is never the empty fallback.
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }

    /// The padded text.
    pub const fn as_bytes(&self) -> &[u8; limits::SYMBOL_BYTES_MAX] {
        &self.0
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// From symbols to instruments, of one venue.
#[derive(Clone, Debug)]
pub struct SymbolTable {
    slots: Vec<(Symbol, InstrumentId)>,
    mask: usize,
    len: usize,
}

impl SymbolTable {
    /// A table with room for `instruments` symbols.
    pub fn with_capacity(instruments: usize) -> SymbolTable {
        let slots = (instruments.max(4) * 2).next_power_of_two();
        SymbolTable {
            slots: vec![(Symbol::NONE, InstrumentId::NONE); slots],
            mask: slots - 1,
            len: 0,
        }
    }

    /// Adds a symbol, or changes what it stands for. Cold: grows where there is no room.
    pub fn insert(&mut self, symbol: Symbol, instrument: InstrumentId) {
        if (self.len + 1) * 2 > self.slots.len() {
            let mut larger = SymbolTable::with_capacity(self.slots.len());
            for (symbol, instrument) in self.slots.drain(..).filter(|(s, _)| *s != Symbol::NONE) {
                larger.insert(symbol, instrument);
            }
            *self = larger;
        }
        let slot = self.find(&symbol);
        self.len += usize::from(self.slots[slot].0 == Symbol::NONE);
        self.slots[slot] = (symbol, instrument);
    }

    /// The instrument of `symbol`, or [`InstrumentId::NONE`].
    #[inline(always)]
    pub fn look_up(&self, symbol: &Symbol) -> InstrumentId {
        self.slots[self.find(symbol)].1
    }

    #[inline(always)]
    fn find(&self, symbol: &Symbol) -> usize {
        // Four independent multiplies by odd constants (digits of the golden ratio and of pi).
        const FACTORS: [u64; 4] = [
            0x9E37_79B9_7F4A_7C15,
            0x2545_F491_4F6C_DD1D,
            0xBF58_476D_1CE4_E5B9,
            0x94D0_49BB_1331_11EB,
        ];
        let (words, _) = symbol.0.as_chunks::<8>();
        let mixed = |n: usize| u64::from_le_bytes(words[n]).wrapping_mul(FACTORS[n]);
        let hash = mixed(0) ^ mixed(1) ^ mixed(2) ^ mixed(3);
        let mut slot = (hash ^ (hash >> 32)) as usize & self.mask;
        // At most half of the slots are taken, so an empty one ends the search.
        while self.slots[slot].0 != *symbol && self.slots[slot].0 != Symbol::NONE {
            slot = (slot + 1) & self.mask;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_of_many_and_nothing_else() {
        let mut table = SymbolTable::with_capacity(1);
        let name = |n: u32| Symbol::new(format!("SYM{n}USDT").as_bytes()).unwrap();
        for n in 0..2_000 {
            table.insert(name(n), InstrumentId(n));
        }
        for n in 0..2_000 {
            assert_eq!(table.look_up(&name(n)), InstrumentId(n));
        }
        assert_eq!(table.look_up(&name(2_000)), InstrumentId::NONE);
    }

    #[test]
    fn a_cut_symbol_is_the_same_as_a_checked_one() {
        let text = b"BTCUSDT_240927-ABCDEFGHIJKLMNOPQ";
        for len in 1..=text.len() {
            assert_eq!(Some(Symbol::cut(text, len)), Symbol::new(&text[..len]), "{len}");
        }
        assert_eq!(Symbol::cut(text, 33), Symbol::NONE);
    }

    #[test]
    fn refuses_what_is_no_symbol() {
        assert_eq!(Symbol::new(b""), None);
        assert_eq!(Symbol::new(b"BTC USD"), None);
        assert_eq!(Symbol::new(&[b'A'; 33]), None);
        assert_eq!(Symbol::new(b"BTC/USD").unwrap().as_str(), "BTC/USD");
    }
}
