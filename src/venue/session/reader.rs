//! Reading what a venue says to the session itself: acknowledgements, errors, metadata. Cold.
//!
//! In: a frame or a body. Out: what a venue's own reading of it gives.
//! Never: a market frame of the hot path.

use crate::base::InstrumentId;
use crate::event::Stamp;
use crate::venue::contract::{Described, Input, Raw, Refusal};
use crate::venue::wire::{Padded, Strict, Value};

/// Bytes that are read without growing: most of what is for the session is smaller.
const STEADY_BYTES: usize = 1 << 14;

/// A strict decoder, as a dialect has it.
type Decode = fn(&Input<'_>, &mut Strict, &mut Raw) -> Result<(), Refusal>;

/// Buffers that are used again.
#[derive(Debug)]
pub struct Reader {
    strict: Strict,
    raw: Raw,
    padded: Vec<u8>,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader { strict: Strict::with_room(STEADY_BYTES), raw: Raw::default(), padded: Vec::new() }
    }
}

impl Reader {
    /// Parses a text and hands its root to `take`.
    pub fn read<R>(
        &mut self,
        text: &[u8],
        take: impl FnOnce(Value<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        self.strict.read(text, take)
    }

    /// Instruments that a text describes.
    pub fn described(&mut self, decode: Decode, text: &[u8]) -> Result<&[Described], Refusal> {
        self.raw.clear();
        let bytes = Padded::copied(text, &mut self.padded);
        let input = Input { stamp: Stamp::default(), about: InstrumentId::NONE, bytes };
        decode(&input, &mut self.strict, &mut self.raw)?;
        Ok(&self.raw.described)
    }
}
