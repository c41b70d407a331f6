//! What the model stage was told that no frame says: advice from other threads, answers that were
//! late, models that were swapped in.
//!
//! In: bytes of a record of [`Kind::Model`](super::Kind) and what it is about. Out: values.
//! Never: trust. Bytes that are not well formed give `None`.

use crate::base::{InstrumentId, Nanos};
use crate::event::{Advice, Late};

/// One input of the model stage. The instrument is the record's `about`, so that a reader with ids
/// of its own finds it again. The record's `frame` is the step before which the stage is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A network on a thread of its own has something to say.
    Advice(Advice),
    /// An answer was late. Told before all frames, since it is known by its own number.
    Late(Late),
    /// A model took the place of another one.
    Swapped(Swapped),
}

/// A model that took the place of another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Swapped {
    /// Its place among the models of the configuration.
    pub place: u16,
    /// Are its weights bytes?
    pub is_int8: bool,
    /// What the mid moves by on average where it moves, basis points.
    pub move_bps: f64,
    /// Its ONNX file.
    pub file: Vec<u8>,
}

const ADVICE: u8 = 1;
const LATE: u8 = 2;
const SWAPPED: u8 = 3;

impl Told {
    /// What its record is about.
    pub const fn about(&self) -> InstrumentId {
        match self {
            Told::Advice(advice) => InstrumentId(advice.instrument),
            Told::Late(late) => InstrumentId(late.instrument),
            Told::Swapped(_) => InstrumentId::NONE,
        }
    }

    /// The bytes of its record; numbers are little-endian.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Told::Advice(Advice { instrument: _, serial, row_ns, bps, up }) => {
                let mut bytes = vec![ADVICE];
                bytes.extend_from_slice(&serial.to_le_bytes());
                bytes.extend_from_slice(&row_ns.0.to_le_bytes());
                bytes.extend_from_slice(&bps.to_le_bytes());
                bytes.extend_from_slice(&up.to_le_bytes());
                bytes
            }
            Told::Late(Late { instrument: _, answer }) => {
                let mut bytes = vec![LATE];
                bytes.extend_from_slice(&answer.to_le_bytes());
                bytes
            }
            Told::Swapped(Swapped { place, is_int8, move_bps, file }) => {
                let mut bytes = vec![SWAPPED];
                bytes.extend_from_slice(&place.to_le_bytes());
                bytes.push(u8::from(*is_int8));
                bytes.extend_from_slice(&move_bps.to_le_bytes());
                bytes.extend_from_slice(file);
                bytes
            }
        }
    }

    /// From the bytes of its record and what that is about.
    pub fn decode(about: InstrumentId, bytes: &[u8]) -> Option<Told> {
        let (kind, rest) = bytes.split_first()?;
        let instrument = about.0;
        match *kind {
            ADVICE => {
                let (serial, rest) = rest.split_first_chunk()?;
                let (row_ns, rest) = rest.split_first_chunk()?;
                let (bps, rest) = rest.split_first_chunk()?;
                let up = <[u8; 4]>::try_from(rest).ok()?;
                Some(Told::Advice(Advice {
                    instrument,
                    serial: u64::from_le_bytes(*serial),
                    row_ns: Nanos(i64::from_le_bytes(*row_ns)),
                    bps: f32::from_le_bytes(*bps),
                    up: f32::from_le_bytes(up),
                }))
            }
            LATE => {
                let answer = u64::from_le_bytes(<[u8; 8]>::try_from(rest).ok()?);
                Some(Told::Late(Late { instrument, answer }))
            }
            SWAPPED => {
                let (place, rest) = rest.split_first_chunk()?;
                let (is_int8, rest) = rest.split_first()?;
                let (move_bps, file) = rest.split_first_chunk()?;
                let move_bps = f64::from_le_bytes(*move_bps);
                let is_sound = *is_int8 <= 1 && move_bps.is_finite() && move_bps > 0.0;
                is_sound.then(|| {
                    let place = u16::from_le_bytes(*place);
                    let is_int8 = *is_int8 == 1;
                    Told::Swapped(Swapped { place, is_int8, move_bps, file: file.to_vec() })
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Told; 3] {
        let row_ns = Nanos(-5);
        let advice = Advice { instrument: 7, serial: u64::MAX - 1, row_ns, bps: -0.25, up: 0.75 };
        let (place, file) = (3, vec![8, 0, 255]);
        [
            Told::Advice(advice),
            Told::Late(Late { instrument: 7, answer: 12 }),
            Told::Swapped(Swapped { place, is_int8: true, move_bps: 1.1, file }),
        ]
    }

    #[test]
    fn what_was_told_reads_back_as_written() {
        for told in all() {
            assert_eq!(Told::decode(told.about(), &told.encode()), Some(told.clone()));
        }
    }

    #[test]
    fn advice_without_a_number_keeps_its_bits() {
        let advice = Advice { bps: f32::from_bits(0x7FC0_1234), ..Advice::default() };
        let bytes = Told::Advice(advice).encode();
        let Some(Told::Advice(read)) = Told::decode(InstrumentId(0), &bytes) else {
            panic!("an advice");
        };
        assert_eq!(read.bps.to_bits(), 0x7FC0_1234);
    }

    #[test]
    fn bytes_that_are_cut_long_or_unknown_are_refused() {
        for told in all() {
            let bytes = told.encode();
            // What follows in a swap is the file, of any length.
            let least = if matches!(told, Told::Swapped(_)) { 12 } else { bytes.len() };
            for cut in 0..least {
                assert_eq!(Told::decode(told.about(), &bytes[..cut]), None, "{told:?} {cut}");
            }
            if !matches!(told, Told::Swapped(_)) {
                let long = [&bytes[..], &[0]].concat();
                assert_eq!(Told::decode(told.about(), &long), None, "{told:?}");
            }
        }
        assert_eq!(Told::decode(InstrumentId(0), &[9, 0, 0]), None);
        let mut bytes = all()[2].encode();
        bytes[3] = 2;
        assert_eq!(Told::decode(InstrumentId::NONE, &bytes), None, "neither bytes nor floats");
    }
}
