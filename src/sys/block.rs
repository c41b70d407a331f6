//! Blocks: memory that begins where vectors and pages do, made once and never moved.
//!
//! In: a length, a value. Out: a slice with a fixed alignment, on huge pages where it is large
//! enough and the system lends them.
//! Never: a change of length.

use std::ops::{Deref, DerefMut};

use super::memory;

/// Bytes of a cache line, and of the widest vector.
pub const LINE_BYTES: usize = 64;

/// Bytes of a huge page: blocks of at least half of one begin where one may begin.
pub const HUGE_BYTES: usize = 2 << 20;

/// A slice of plain numbers at a fixed place.
#[derive(Debug)]
pub struct Block<T: Copy> {
    room: Vec<T>,
    from: usize,
    len: usize,
}

impl<T: Copy> Block<T> {
    /// `len` times `value`, written, so that no page of it is fetched later.
    pub fn new(len: usize, value: T) -> Block<T> {
        let align = if size_of::<T>() * len >= HUGE_BYTES / 2 { HUGE_BYTES } else { LINE_BYTES };
        let spare = align.div_ceil(size_of::<T>().max(1));
        let mut room: Vec<T> = Vec::with_capacity(len + spare);
        if align == HUGE_BYTES {
            // Before the first touch: pages that are there already are not exchanged.
            memory::advise_huge_spare(&mut room);
        }
        room.resize(len + spare, value);
        let from = room.as_ptr().align_offset(align);
        assert!(from <= spare, "numbers of 1 to 64 bytes reach every boundary");
        Block { room, from, len }
    }
}

impl<T: Copy> Clone for Block<T> {
    fn clone(&self) -> Block<T> {
        match self.first() {
            Some(first) => {
                let mut block = Block::new(self.len, *first);
                block.copy_from_slice(self);
                block
            }
            None => Block { room: Vec::new(), from: 0, len: 0 },
        }
    }
}

impl<T: Copy> Deref for Block<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.room[self.from..self.from + self.len]
    }
}

impl<T: Copy> DerefMut for Block<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.room[self.from..self.from + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_blocks_begin_at_lines_and_large_ones_at_huge_pages() {
        for (len, align) in [(1, LINE_BYTES), (4_099, LINE_BYTES), (HUGE_BYTES / 4, HUGE_BYTES)] {
            let block = Block::new(len, 1.5_f32);
            assert_eq!(block.as_ptr().align_offset(align), 0, "{len}");
            assert_eq!(block.len(), len);
            assert!(block.iter().all(|value| value.to_bits() == 1.5_f32.to_bits()));
            let clone = block.clone();
            assert_eq!(clone.as_ptr().align_offset(align), 0, "a clone is aligned, too");
            assert_eq!(&*clone, &*block);
        }
        assert!(Block::new(0, 0_i8).clone().is_empty());
    }
}
