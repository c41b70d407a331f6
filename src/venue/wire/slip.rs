//! A request that is ready but for what changes: places in its text, filled in where it lies.
//!
//! In: the text around the places, once, at start; then names and numbers. Out: the bytes of a
//! request. Every place has one width, so that nothing else moves.
//! Never: an allocation after it was made, a byte that an earlier order left behind.

use super::figure::{FIGURE_BYTES, FigureText};
use crate::event::ClientId;
use crate::limits;

/// Bytes of a venue's order id as text: `11111111-1111-1111-1111-111111111111`.
const UUID_BYTES: usize = 36;

/// Digits of an HMAC-SHA256.
const SIGNATURE_BYTES: usize = 64;

/// Behind the text: where what has no place in it goes. As wide as the widest place.
const SPARE_BYTES: usize = SIGNATURE_BYTES;

/// What goes into a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// The request's own name, as text.
    Request = 0,
    /// The request's own number.
    Number = 1,
    /// The name of the order that it is about.
    Client = 2,
    /// The venue's id of the order that it is about.
    VenueOrder = 3,
    /// A price.
    Price = 4,
    /// A quantity.
    Qty = 5,
    /// When it was made.
    Time = 6,
    /// The signature over what is in the other places.
    Signature = 7,
}

/// Kinds of places.
const PLACES: usize = 8;

/// A request with places.
#[derive(Clone, Debug)]
pub struct Slip {
    /// The text, and the spare bytes behind it.
    bytes: Box<[u8]>,
    /// Bytes of the text.
    len: usize,
    /// Where each place begins: behind the text where there is none.
    at: [u16; PLACES],
}

/// A slip that is being written.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    text: Vec<u8>,
    at: [Option<u16>; PLACES],
}

impl Place {
    /// Bytes of it.
    pub const fn width(self) -> usize {
        match self {
            Place::Request | Place::Client => limits::CLIENT_ID_BYTES,
            Place::VenueOrder => UUID_BYTES,
            Place::Number | Place::Price | Place::Qty | Place::Time => FIGURE_BYTES,
            Place::Signature => SIGNATURE_BYTES,
        }
    }
}

impl Draft {
    /// Nothing yet.
    pub fn new() -> Draft {
        Draft::default()
    }

    /// Writes text as it is.
    #[must_use]
    pub fn text(mut self, text: &str) -> Draft {
        self.text.extend_from_slice(text.as_bytes());
        self
    }

    /// Leaves a place.
    #[must_use]
    pub fn place(mut self, place: Place) -> Draft {
        self.at[place as usize] = u16::try_from(self.text.len()).ok();
        self.text.resize(self.text.len() + place.width(), b'0');
        self
    }

    /// The slip; `None` where it is longer than an order may be.
    pub fn finish(self) -> Option<Slip> {
        let len = self.text.len();
        if len > limits::ORDER_BYTES_MAX {
            return None;
        }
        let mut bytes = self.text;
        bytes.resize(len + SPARE_BYTES, b' ');
        let at = self.at.map(|at| at.unwrap_or(len as u16));
        Some(Slip { bytes: bytes.into_boxed_slice(), len, at })
    }
}

impl Slip {
    /// Is there such a place?
    #[inline(always)]
    pub fn has(&self, place: Place) -> bool {
        usize::from(self.at[place as usize]) < self.len
    }

    /// Fills in a name. One that is shorter than its place ends with zeros, which are no text: our
    /// own names fill it.
    #[inline(always)]
    pub fn name(&mut self, place: Place, name: &ClientId) {
        self.fill(place, &name.0);
    }

    /// Where a price, a quantity, a number or a time goes.
    #[inline(always)]
    pub fn figure(&mut self, place: Place) -> &mut FigureText {
        debug_assert_eq!(place.width(), FIGURE_BYTES);
        let at = usize::from(self.at[place as usize]);
        let (words, _) = self.bytes[at..at + FIGURE_BYTES].as_chunks_mut();
        match words.as_mut_array() {
            Some(words) => words,
            None => unreachable!("so many bytes were taken"),
        }
    }

    /// Fills in a venue's order id.
    #[inline]
    pub fn venue_order(&mut self, id: u128) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; UUID_BYTES];
        let dashes = [8, 13, 18, 23];
        let mut left = id;
        for (at, byte) in text.iter_mut().enumerate().rev() {
            if !dashes.contains(&at) {
                *byte = HEX[(left & 15) as usize];
                left >>= 4;
            }
        }
        self.fill(Place::VenueOrder, &text);
    }

    /// The request.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    #[inline(always)]
    fn fill<const N: usize>(&mut self, place: Place, text: &[u8; N]) {
        debug_assert_eq!(place.width(), N);
        let at = usize::from(self.at[place as usize]);
        self.bytes[at..at + N].copy_from_slice(text);
    }
}

const _: () = assert!(limits::ORDER_BYTES_MAX + SPARE_BYTES <= u16::MAX as usize);
const _: () = assert!(SPARE_BYTES >= UUID_BYTES && SPARE_BYTES >= FIGURE_BYTES);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::wire::Figure;

    #[test]
    fn places_are_filled_again_and_again_and_nothing_else_moves() {
        let draft = Draft::new().text("{\"p\":").place(Place::Price).text(",\"c\":\"");
        let mut slip = draft.place(Place::Client).text("\"}").finish().unwrap();
        for (price, name) in [(645_251, b"n00000100000000001"), (5, b"n00000100000000002")] {
            Figure::bare(1).write(price, slip.figure(Place::Price));
            slip.name(Place::Client, &ClientId(*name));
            let text = String::from_utf8(slip.bytes().to_vec()).unwrap();
            let name = std::str::from_utf8(name).unwrap();
            let price = crate::base::render(price, 1);
            assert_eq!(text, format!("{{\"p\":{price:>24},\"c\":\"{name}\"}}"));
        }
    }

    #[test]
    fn what_has_no_place_leaves_no_trace() {
        let mut slip = Draft::new().text("{}").finish().unwrap();
        Figure::bare(1).write(5, slip.figure(Place::Qty));
        slip.venue_order(u128::MAX);
        assert_eq!(slip.bytes(), b"{}");
    }

    #[test]
    fn a_venues_id_is_written_as_it_writes_it() {
        let mut slip = Draft::new().place(Place::VenueOrder).finish().unwrap();
        slip.venue_order(0x0123_4567_89AB_CDEF_0011_2233_4455_6677);
        assert_eq!(slip.bytes(), b"01234567-89ab-cdef-0011-223344556677");
    }

    #[test]
    fn what_is_too_long_is_no_slip() {
        let text = "x".repeat(limits::ORDER_BYTES_MAX);
        assert!(Draft::new().text(&text).finish().is_some());
        assert!(Draft::new().text(&text).text("x").finish().is_none());
    }
}
