//! Protobuf's wire format: numbers, lengths, and nothing else.
//!
//! In: bytes of any origin. Out: fields that borrow them. And back: fields into bytes.
//! Never: a byte beyond the message, a copy, a recursion.

use super::error::OnnxError;

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    pub(super) value: Wire<'a>,
    /// Where it begins in the file.
    pub(super) at: usize,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Four([u8; 4]),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
}

/// A message that is read field by field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    left: &'a [u8],
    /// Where `left` begins in the file.
    at: usize,
}

impl<'a> Message<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Message<'a> {
        Message { left: bytes, at: 0 }
    }

    /// The next field; `None` at the end.
    pub(super) fn field(&mut self) -> Result<Option<Field<'a>>, OnnxError> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let at = self.at;
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| broken(at, "begins a field without a number"))?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Eight(self.array()?),
            2 => {
                let bytes = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Wire::Bytes(self.take(bytes)?)
            }
            5 => Wire::Four(self.array()?),
            _ => return Err(broken(at, "begins a field of a kind that ONNX does not have")),
        };
        Ok(Some(Field { number, value, at }))
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], OnnxError> {
        let at = self.at;
        let (taken, left) = self
            .left
            .split_at_checked(bytes)
            .ok_or_else(|| broken(at, "begins more than the rest of the file"))?;
        self.left = left;
        self.at += bytes;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], OnnxError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A number in groups of seven bits, the lowest first.
    pub(super) fn varint(&mut self) -> Result<u64, OnnxError> {
        let at = self.at;
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(broken(at, "begins a number of more than 64 bits"))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

impl<'a> Field<'a> {
    pub(super) fn bytes(&self) -> Result<&'a [u8], OnnxError> {
        match self.value {
            Wire::Bytes(bytes) => Ok(bytes),
            _ => Err(broken(self.at, "begins a field that should hold bytes")),
        }
    }

    pub(super) fn message(&self) -> Result<Message<'a>, OnnxError> {
        // The place of its end is that of its beginning plus key and length: near enough to find.
        Ok(Message { left: self.bytes()?, at: self.at })
    }

    pub(super) fn text(&self) -> Result<&'a str, OnnxError> {
        std::str::from_utf8(self.bytes()?)
            .map_err(|_| broken(self.at, "begins a text that is none"))
    }

    pub(super) fn number(&self) -> Result<u64, OnnxError> {
        match self.value {
            Wire::Varint(number) => Ok(number),
            _ => Err(broken(self.at, "begins a field that should hold a number")),
        }
    }

    pub(super) fn float(&self) -> Result<f32, OnnxError> {
        match self.value {
            Wire::Four(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(broken(self.at, "begins a field that should hold a float")),
        }
    }

    /// Numbers one by one or packed, added to `all`.
    pub(super) fn numbers(&self, all: &mut Vec<i64>) -> Result<(), OnnxError> {
        if let Wire::Varint(number) = self.value {
            all.push(number as i64);
            return Ok(());
        }
        let mut packed = self.message()?;
        while !packed.is_empty() {
            all.push(packed.varint()? as i64);
        }
        Ok(())
    }

    /// Floats one by one or packed, added to `all`.
    pub(super) fn floats(&self, all: &mut Vec<f32>) -> Result<(), OnnxError> {
        if let Wire::Four(bytes) = self.value {
            all.push(f32::from_le_bytes(bytes));
            return Ok(());
        }
        let (floats, rest) = self.bytes()?.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(broken(self.at, "begins floats that are cut off"));
        }
        all.extend(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        Ok(())
    }
}

pub(super) fn broken(at: usize, why: &'static str) -> OnnxError {
    OnnxError::Broken { at, why }
}

/// A message that is written field by field.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, field: u32, value: u64) -> &mut Writer {
        self.varint(u64::from(field) << 3);
        self.varint(value);
        self
    }

    pub(super) fn float(&mut self, field: u32, value: f32) -> &mut Writer {
        self.varint(u64::from(field) << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn bytes(&mut self, field: u32, bytes: &[u8]) -> &mut Writer {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub(super) fn text(&mut self, field: u32, text: &str) -> &mut Writer {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn message(&mut self, field: u32, of: impl FnOnce(&mut Writer)) -> &mut Writer {
        let mut inner = Writer::default();
        of(&mut inner);
        self.bytes(field, &inner.0)
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.number(1, 300).float(2, 1.5).text(15, "näme").number(16, u64::MAX);
        writer.message(3, |inner| {
            inner.number(1, 7);
        });
        let bytes = writer.done();
        // 300 as in the format's own description: 0x08 0xAC 0x02.
        assert_eq!(bytes[..3], [0x08, 0xAC, 0x02]);
        let mut message = Message::new(&bytes);
        let mut next = || message.field().unwrap().unwrap();
        assert_eq!(next().number().unwrap(), 300);
        assert_eq!(next().float().unwrap().to_bits(), 1.5_f32.to_bits());
        assert_eq!(next().text().unwrap(), "näme");
        assert_eq!(next().number().unwrap(), u64::MAX);
        let inner = next();
        assert_eq!(inner.message().unwrap().field().unwrap().unwrap().number().unwrap(), 7);
        assert!(message.field().unwrap().is_none());
    }

    #[test]
    fn what_is_cut_off_or_endless_is_refused() {
        let hostile: [&[u8]; 6] = [
            &[0x08],
            &[0x0A, 5, 1],
            &[0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            &[0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            &[0x0B],
            &[0x00, 0x01],
        ];
        for bytes in hostile {
            assert!(Message::new(bytes).field().is_err(), "{bytes:?}");
        }
        let two = [0x12, 3, 1, 2, 3];
        let field = Message::new(&two).field().unwrap().unwrap();
        assert!(field.floats(&mut Vec::new()).is_err(), "three bytes are no floats");
        assert!(field.number().is_err() && field.float().is_err());
    }
}
