//! The head of a reply: its status and its headers, in place.
//!
//! In: bytes that begin with a reply. Out: its status, its length, its headers on demand.
//! Never: a copy; a head larger than [`HTTP_HEAD_BYTES_MAX`].

use crate::limits::HTTP_HEAD_BYTES_MAX;

/// A head that has arrived in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// What the other side answers.
    pub status: u16,
    /// Bytes of the head, with the empty line at its end.
    pub bytes: usize,
    /// Header lines, each with its line end.
    lines: &'a [u8],
}

/// Why a head was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// It does not begin with `HTTP/1.` and a status.
    #[error("the reply does not begin with `HTTP/1.1` and a status; is this port HTTP?")]
    Status,
    /// No end in sight.
    #[error("the reply's head has more than {HTTP_HEAD_BYTES_MAX} bytes")]
    Large,
    /// A line without a colon, folded, or with a control byte.
    #[error("a header line of the reply is malformed")]
    Line,
}

impl<'a> Head<'a> {
    /// Reads a head; `None` where its end has not arrived.
    pub fn parse(reply: &'a [u8]) -> Result<Option<Head<'a>>, HeadError> {
        let begins = b"HTTP/1.";
        let known = reply.len().min(begins.len());
        if reply[..known] != begins[..known] {
            return Err(HeadError::Status);
        }
        let looked_at = &reply[..reply.len().min(HTTP_HEAD_BYTES_MAX)];
        let Some(end) = looked_at.windows(4).position(|four| four == b"\r\n\r\n") else {
            let is_large = reply.len() >= HTTP_HEAD_BYTES_MAX;
            return if is_large { Err(HeadError::Large) } else { Ok(None) };
        };
        let first = looked_at.windows(2).position(|two| two == b"\r\n").unwrap_or(end);
        let status = status(&reply[..first])?;
        let lines = &reply[(first + 2).min(end + 2)..end + 2];
        let head = Head { status, bytes: end + 4, lines };
        let is_whole = |(name, value): (&[u8], &[u8])| {
            let in_name = |b: &u8| b.is_ascii_graphic() && *b != b':';
            let in_value = |b: &u8| *b == b'\t' || (*b >= b' ' && *b != 0x7f);
            !name.is_empty() && name.iter().all(in_name) && value.iter().all(in_value)
        };
        let all = head.lines().all(|line| colon(line).is_some_and(is_whole));
        if all { Ok(Some(head)) } else { Err(HeadError::Line) }
    }

    /// The first header of a name, without blanks around it.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// A header that is a whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        number(self.header(name)?)
    }

    /// Every header of a name.
    pub(super) fn all<'b>(&self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'b> {
        let named = move |line| {
            let (found, value) = colon(line)?;
            found.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
        };
        self.lines().filter_map(named)
    }

    /// Does a list of words, in headers of a name, hold one?
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        let is = |word: &[u8]| word.trim_ascii().eq_ignore_ascii_case(token.as_bytes());
        self.all(name).any(|list| list.split(|b| *b == b',').any(is))
    }

    fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        // Each ends with a line feed, so the last piece is empty.
        let pieces = self.lines.split(|b| *b == b'\n');
        pieces.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).filter(|line| !line.is_empty())
    }
}

/// Digits alone: no sign, no blank.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let is_digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if is_digits { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

fn colon(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|b| *b == b':')?;
    Some((&line[..at], &line[at + 1..]))
}

/// `HTTP/1.1 101 ..`.
fn status(line: &[u8]) -> Result<u16, HeadError> {
    let [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9', b' ', a, b, c, rest @ ..] = line
    else {
        return Err(HeadError::Status);
    };
    let digits = [*a, *b, *c];
    let is_status = digits[0] != b'0' && matches!(rest.first(), None | Some(b' '));
    let value = number(&digits).filter(|_| is_status).ok_or(HeadError::Status)?;
    Ok(value as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_in_place_whatever_is_behind_it() {
        let reply = b"HTTP/1.1 200 OK\r\nX-A:  b \r\nx-list: One , two\r\n\r\nbody";
        let head = Head::parse(reply).unwrap().unwrap();
        assert_eq!((head.status, head.bytes), (200, reply.len() - 4));
        assert_eq!(head.header("x-a"), Some(&b"b"[..]));
        assert_eq!(head.header("x"), None);
        assert!(head.has_token("X-List", "TWO") && !head.has_token("x-list", "on"));
        for bytes in 0..head.bytes {
            assert_eq!(Head::parse(&reply[..bytes]), Ok(None), "{bytes} bytes");
        }
    }

    #[test]
    fn a_head_without_headers_or_words_is_one() {
        let head = Head::parse(b"HTTP/1.1 204\r\n\r\n").unwrap().unwrap();
        assert_eq!((head.status, head.header("a")), (204, None));
    }

    #[test]
    fn what_is_no_head_is_refused_as_soon_as_it_is_seen() {
        for garbage in ["\x16\x03", "GET / HTTP/1.1", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n"] {
            assert_eq!(Head::parse(garbage.as_bytes()), Err(HeadError::Status), "{garbage}");
        }
        for line in ["no colon", ": no name", "a b: c", " folded: x", "a: \x01"] {
            let reply = format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n");
            assert_eq!(Head::parse(reply.as_bytes()), Err(HeadError::Line), "{line}");
        }
        let endless = [&b"HTTP/1.1 200 OK\r\nA: "[..], &[b'x'; HTTP_HEAD_BYTES_MAX]].concat();
        assert_eq!(Head::parse(&endless), Err(HeadError::Large));
    }

    #[test]
    fn numbers_are_digits_alone() {
        assert_eq!(number(b"0042"), Some(42));
        for text in ["", "+1", "-1", " 1", "1,1", "99999999999999999999"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }
}
