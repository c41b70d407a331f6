//! Reading a small JSON text from left to right, strictly, without building anything.
//!
//! In: a request. Out: its values, one by one, as the reader asks for them. Whoever reads names
//! every key that there may be, so nothing is ever skipped.
//! Never: an allocation, an escape, a byte that is not printable ASCII: requests need none.

use crate::base::{Decimal, DecimalError};
use crate::limits;
use crate::venue::contract::Refusal;

/// A JSON text and a place in it.
#[derive(Debug)]
pub struct Pull<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Pull<'a> {
    /// At the begin of a request.
    pub fn new(text: &'a [u8]) -> Result<Pull<'a>, Refusal> {
        if text.len() > limits::ORDER_BYTES_MAX {
            return Err(Refusal::RequestTooLarge { bytes: text.len() });
        }
        Ok(Pull { text, at: 0 })
    }

    /// Takes an object; `field` takes the value of each of its keys. `key` names the object itself.
    pub fn object(
        &mut self,
        key: &'static str,
        mut field: impl FnMut(&mut Self, &'a [u8]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.open(b'{', key)?;
        if self.has(b'}') {
            return Ok(());
        }
        loop {
            let name = self.string(key)?;
            self.take(b':')?;
            field(self, name)?;
            if !self.has(b',') {
                return self.take(b'}');
            }
        }
    }

    /// Is an array next?
    pub fn is_list(&mut self) -> bool {
        self.skip_blanks();
        self.text.get(self.at) == Some(&b'[')
    }

    /// Takes an array of exactly one text.
    pub fn only_string(&mut self, key: &'static str) -> Result<&'a [u8], Refusal> {
        self.open(b'[', key)?;
        let text = self.string(key)?;
        if self.has(b',') {
            return Err(Refusal::BadValue(key));
        }
        self.take(b']')?;
        Ok(text)
    }

    /// Takes a text.
    pub fn string(&mut self, key: &'static str) -> Result<&'a [u8], Refusal> {
        self.open(b'"', key)?;
        let from = self.at;
        loop {
            match self.text.get(self.at) {
                None => return Err(Refusal::Json { at: self.at }),
                Some(b'"') => break,
                Some(b'\\') => return Err(Refusal::BadValue(key)),
                Some(b' '..=b'~') => self.at += 1,
                Some(_) => return Err(Refusal::BadValue(key)),
            }
        }
        let text = &self.text[from..self.at];
        self.at += 1;
        Ok(text)
    }

    /// Takes a bare number that is not negative.
    pub fn number(&mut self, key: &'static str) -> Result<Decimal, Refusal> {
        let text = self.bare(key)?;
        unsigned(Decimal::parse(text), key)
    }

    /// Takes a quoted number that is not negative, plain: no exponent.
    pub fn quoted_number(&mut self, key: &'static str) -> Result<Decimal, Refusal> {
        let text = self.string(key)?;
        if text.iter().any(|byte| byte.eq_ignore_ascii_case(&b'e')) {
            return Err(Refusal::Number { key, why: DecimalError::Malformed });
        }
        unsigned(Decimal::parse(text), key)
    }

    /// Takes a bare whole number.
    pub fn whole(&mut self, key: &'static str) -> Result<u64, Refusal> {
        let text = self.bare(key)?;
        let mut number = 0_u64;
        for byte in text {
            let digit = byte.wrapping_sub(b'0');
            let next = number.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit)));
            number = next.filter(|_| digit < 10).ok_or(Refusal::BadValue(key))?;
        }
        Ok(number)
    }

    /// Takes `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Result<bool, Refusal> {
        self.skip_blanks();
        for (word, flag) in [(&b"true"[..], true), (b"false", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(flag);
            }
        }
        Err(self.surprise(key))
    }

    /// The text must end here.
    pub fn end(&mut self) -> Result<(), Refusal> {
        self.skip_blanks();
        if self.at == self.text.len() { Ok(()) } else { Err(Refusal::Json { at: self.at }) }
    }

    /// A key that the reader has no use for: a request that is only half understood is not taken.
    pub fn unknown<T>(&self) -> Result<T, Refusal> {
        Err(Refusal::UnknownKey { at: self.at })
    }

    /// The text of a number as RFC 8259, section 6, has it.
    fn bare(&mut self, key: &'static str) -> Result<&'a [u8], Refusal> {
        self.skip_blanks();
        let from = self.at;
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let has_zero = self.text.get(self.at) == Some(&b'0');
        let digits = self.digits();
        if digits == 0 {
            return Err(self.surprise(key));
        }
        if has_zero && digits > 1 {
            return Err(Refusal::BadValue(key));
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.surprise(key));
            }
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.surprise(key));
            }
        }
        Ok(&self.text[from..self.at])
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - from
    }

    fn skip_blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes what a value of this kind begins with.
    fn open(&mut self, byte: u8, key: &'static str) -> Result<(), Refusal> {
        if self.has(byte) { Ok(()) } else { Err(self.surprise(key)) }
    }

    fn take(&mut self, byte: u8) -> Result<(), Refusal> {
        if self.has(byte) { Ok(()) } else { Err(Refusal::Json { at: self.at }) }
    }

    fn has(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let is_next = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// The text ends, or has another kind of value here.
    fn surprise(&self, key: &'static str) -> Refusal {
        if self.at < self.text.len() {
            Refusal::BadValue(key)
        } else {
            Refusal::Json { at: self.at }
        }
    }
}

/// Keeps the value of a key that may stand once.
pub fn once<T>(kept: &mut Option<T>, value: T, key: &'static str) -> Result<(), Refusal> {
    if kept.replace(value).is_some() { Err(Refusal::DuplicateKey(key)) } else { Ok(()) }
}

fn unsigned(number: Result<Decimal, DecimalError>, key: &'static str) -> Result<Decimal, Refusal> {
    let number = number.map_err(|why| Refusal::Number { key, why })?;
    if number.mantissa < 0 {
        return Err(Refusal::Number { key, why: DecimalError::Negative });
    }
    Ok(number)
}
