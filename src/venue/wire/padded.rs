//! A frame with room behind it, so that vector loads may run past its end.

use crate::limits::FRAME_PAD_BYTES;

/// Bytes of a frame, followed in memory by at least [`FRAME_PAD_BYTES`] readable ones.
#[derive(Clone, Copy, Debug)]
pub struct Padded<'a> {
    buffer: &'a [u8],
    len: usize,
}

impl<'a> Padded<'a> {
    /// The first `len` bytes of `buffer`; `None` where the room behind them is too small.
    #[inline]
    pub fn new(buffer: &'a [u8], len: usize) -> Option<Padded<'a>> {
        (buffer.len() >= len.saturating_add(FRAME_PAD_BYTES)).then_some(Padded { buffer, len })
    }

    /// Copies `bytes` into `buffer` and pads them: for tests and cold paths.
    pub fn copied(bytes: &[u8], buffer: &'a mut Vec<u8>) -> Padded<'a> {
        buffer.clear();
        buffer.extend_from_slice(bytes);
        buffer.resize(bytes.len() + FRAME_PAD_BYTES, 0);
        Padded { buffer, len: bytes.len() }
    }

    /// The frame itself.
    #[inline(always)]
    pub fn text(&self) -> &'a [u8] {
        &self.buffer[..self.len]
    }

    /// The frame and the room behind it.
    #[inline(always)]
    pub fn raw(&self) -> &'a [u8] {
        self.buffer
    }

    /// Bytes of the frame.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Is there no byte?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}
