//! Frames out: heads written, payloads masked with numbers that were made before.
//!
//! In: a payload. Out: a frame in place.
//! Never: a system call for a mask, as long as [`Masks::refill`] is called in quiet turns; a mask
//! used twice (RFC 6455, 5.3 wants them unpredictable).

use ring::rand::{SecureRandom, SystemRandom};

use crate::limits::MASKS;

/// Random masks, made a block at a time.
#[derive(Debug)]
pub(crate) struct Masks {
    block: Box<[u8]>,
    /// Bytes that were used.
    used: usize,
    random: SystemRandom,
}

const MASK_BYTES: usize = 4;

impl Masks {
    /// A block of masks; `None` where the system has no random numbers.
    pub(crate) fn new() -> Option<Masks> {
        let block = vec![0; MASKS * MASK_BYTES].into_boxed_slice();
        let used = block.len();
        let mut masks = Masks { block, used, random: SystemRandom::new() };
        masks.refill();
        (masks.used == 0).then_some(masks)
    }

    /// Makes the used ones anew, once half of them are: a system call of some microseconds.
    #[inline]
    pub(crate) fn refill(&mut self) {
        if self.used * 2 >= self.block.len()
            && self.random.fill(&mut self.block[..self.used]).is_ok()
        {
            self.used = 0;
        }
    }

    /// The next mask. A block that is used up is made anew here, which takes its time.
    #[inline]
    pub(crate) fn draw(&mut self) -> [u8; MASK_BYTES] {
        if self.used == self.block.len() {
            self.refill();
        }
        let mut mask = [0; MASK_BYTES];
        if let Some(next) = self.block.get(self.used..self.used + MASK_BYTES) {
            mask.copy_from_slice(next);
            self.used += MASK_BYTES;
        }
        mask
    }
}

/// Bytes of a client's frame with a payload of `payload`.
#[inline]
pub fn frame_bytes(payload: usize) -> usize {
    let head = match payload {
        0..126 => 2,
        126..65_536 => 4,
        _ => 10,
    };
    head + MASK_BYTES + payload
}

/// Writes a whole frame into `room`, which has [`frame_bytes`].
#[inline]
pub fn encode(room: &mut [u8], opcode: u8, payload: &[u8], mask: [u8; MASK_BYTES]) {
    const FIN: u8 = 0x80;
    const MASKED: u8 = 0x80;
    // Lengths that say that two or eight bytes of length follow.
    const TWO: u8 = 0x7e;
    const EIGHT: u8 = 0x7f;
    let head = room.len() - payload.len() - MASK_BYTES;
    let (head, rest) = room.split_at_mut(head);
    head[0] = FIN | opcode;
    match payload.len() {
        short @ 0..126 => head[1] = MASKED | short as u8,
        middle @ 126..65_536 => {
            head[1] = MASKED | TWO;
            head[2..].copy_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            head[1] = MASKED | EIGHT;
            head[2..].copy_from_slice(&(long as u64).to_be_bytes());
        }
    }
    let (place, masked) = rest.split_at_mut(MASK_BYTES);
    place.copy_from_slice(&mask);
    apply(masked, payload, mask);
}

/// Eight bytes at a time, which the compiler makes vectors of.
#[inline]
fn apply(masked: &mut [u8], payload: &[u8], mask: [u8; MASK_BYTES]) {
    let [a, b, c, d] = mask;
    let wide = [a, b, c, d, a, b, c, d];
    let (places, place) = masked.as_chunks_mut::<8>();
    let (words, word) = payload.as_chunks::<8>();
    for (place, word) in places.iter_mut().zip(words) {
        *place = (u64::from_ne_bytes(*word) ^ u64::from_ne_bytes(wide)).to_ne_bytes();
    }
    for ((place, byte), mask) in place.iter_mut().zip(word).zip(wide) {
        *place = byte ^ mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(opcode: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut room = vec![0; frame_bytes(payload.len())];
        encode(&mut room, opcode, payload, mask);
        room
    }

    #[test]
    fn the_masked_example_of_rfc_6455_is_written() {
        let expected = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(framed(1, b"Hello", [0x37, 0xfa, 0x21, 0x3d]), expected);
    }

    #[test]
    fn heads_have_the_shortest_length_and_masks_come_off_again() {
        let mask = [1, 2, 3, 200];
        for (bytes, head) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10), (70_001, 10)] {
            let payload: Vec<u8> = (0..bytes).map(|n| (n * 7 / 3) as u8).collect();
            let frame = framed(2, &payload, mask);
            assert_eq!(frame.len(), head + 4 + payload.len());
            let unmasked: Vec<u8> =
                frame[head + 4..].iter().enumerate().map(|(n, b)| b ^ mask[n % 4]).collect();
            assert_eq!(unmasked, payload, "{bytes} bytes");
        }
    }

    #[test]
    fn masks_are_not_used_twice_whenever_they_are_refilled() {
        let mut masks = Masks::new().unwrap();
        let mut seen = std::collections::HashMap::new();
        for n in 0..3 * MASKS {
            if n % 700 == 0 {
                masks.refill();
            }
            *seen.entry(masks.draw()).or_insert(0) += 1;
        }
        // By chance alone, two of twelve thousand are alike once in sixty times; not many.
        assert!(seen.len() + 3 > 3 * MASKS, "{} of {}", seen.len(), 3 * MASKS);
    }
}
