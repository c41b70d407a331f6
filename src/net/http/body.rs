//! A reply on its way: its head, then its body by length or in chunks, joined in the inbox.
//!
//! In: plaintext in an inbox. Out: where the whole reply lies, in one piece.
//! Never: a body larger than [`HTTP_BODY_BYTES_MAX`], or whose length is said twice: smuggling
//! begins there (RFC 9112, 6.3).

use std::ops::Range;

use super::super::buffer::Inbox;
use super::super::down::Down;
use super::head::{Head, HeadError, number};
use crate::limits::HTTP_BODY_BYTES_MAX;

/// Why a reply was not taken. The connection cannot be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Its head is malformed.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// No length, two lengths, or a coding that is not spoken here.
    #[error("the reply's head does not say in one way how long its body is")]
    Length,
    /// Too large.
    #[error("the reply's body has {bytes} bytes, and {most} are the most")]
    Large {
        /// As far as it says.
        bytes: u64,
        /// What was agreed.
        most: usize,
    },
    /// A chunk's head is malformed.
    #[error("a chunk of the reply's body is malformed")]
    Chunk,
    /// A reply that nobody asked for.
    #[error("a reply came that was not asked for")]
    Unasked,
    /// The connection is over.
    #[error(transparent)]
    Down(#[from] Down),
}

/// What a reply still wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Its head.
    Head,
    /// So many bytes of its body, and then it is complete.
    Bytes(u64),
    /// The head of a chunk.
    Size,
    /// So many bytes of a chunk.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    /// Trailers, up to an empty line.
    Trailers,
}

/// A reply on its way.
#[derive(Debug)]
pub struct Awaited {
    wanted: Wanted,
    head_bytes: usize,
    body_bytes_max: usize,
}

/// Bytes of a line between chunks, with its end.
const LINE_BYTES_MAX: usize = 256;

impl Awaited {
    /// Takes bodies of up to `body_bytes_max`.
    pub fn new(body_bytes_max: usize) -> Awaited {
        let body_bytes_max = body_bytes_max.min(HTTP_BODY_BYTES_MAX);
        Awaited { wanted: Wanted::Head, head_bytes: 0, body_bytes_max }
    }

    /// Reads on: where the reply lies, and how much of it is its head, once it is complete.
    pub fn next(&mut self, inbox: &mut Inbox) -> Result<Option<(Range<usize>, usize)>, HttpError> {
        loop {
            match self.wanted {
                Wanted::Head => match Head::parse(inbox.plain())? {
                    None => return Ok(None),
                    Some(head) if head.status < 200 => {
                        // An interim word, and the reply follows; nobody asked to upgrade.
                        let bytes = head.bytes;
                        inbox.take(bytes);
                    }
                    Some(head) => {
                        let (bytes, wanted) = (head.bytes, self.length(&head)?);
                        (self.head_bytes, self.wanted) = (bytes, wanted);
                        inbox.keep(bytes);
                    }
                },
                Wanted::Bytes(left) => match keep(inbox, left) {
                    0 => return Ok(Some(self.complete(inbox))),
                    left => {
                        self.wanted = Wanted::Bytes(left);
                        return Ok(None);
                    }
                },
                Wanted::Chunk(left) => match keep(inbox, left) {
                    0 => self.wanted = Wanted::ChunkEnd,
                    left => {
                        self.wanted = Wanted::Chunk(left);
                        return Ok(None);
                    }
                },
                Wanted::Size | Wanted::ChunkEnd | Wanted::Trailers => {
                    let Some(line) = line(inbox.plain())? else { return Ok(None) };
                    let is_over = self.wanted == Wanted::Trailers && line.is_empty();
                    let (bytes, wanted) = (line.len() + 2, self.after(line, inbox.kept())?);
                    self.wanted = wanted;
                    inbox.take(bytes);
                    if is_over {
                        return Ok(Some(self.complete(inbox)));
                    }
                }
            }
        }
    }

    /// What follows a line between chunks.
    fn after(&self, line: &[u8], kept: usize) -> Result<Wanted, HttpError> {
        match self.wanted {
            Wanted::ChunkEnd if line.is_empty() => Ok(Wanted::Size),
            Wanted::ChunkEnd => Err(HttpError::Chunk),
            Wanted::Size => {
                let size = chunk_size(line)?;
                self.fits((kept - self.head_bytes) as u64 + size)?;
                Ok(if size == 0 { Wanted::Trailers } else { Wanted::Chunk(size) })
            }
            wanted => Ok(wanted),
        }
    }

    /// How the head says that the body ends (RFC 9112, 6.3).
    fn length(&self, head: &Head<'_>) -> Result<Wanted, HttpError> {
        if matches!(head.status, 204 | 304) {
            return Ok(Wanted::Bytes(0));
        }
        let (mut lengths, mut codings) =
            (head.all("content-length"), head.all("transfer-encoding"));
        match (lengths.next(), codings.next()) {
            (Some(length), None) if lengths.next().is_none() => {
                let bytes = number(length).ok_or(HttpError::Length)?;
                self.fits(bytes)?;
                Ok(Wanted::Bytes(bytes))
            }
            (None, Some(coding))
                if codings.next().is_none() && coding.eq_ignore_ascii_case(b"chunked") =>
            {
                Ok(Wanted::Size)
            }
            _ => Err(HttpError::Length),
        }
    }

    fn fits(&self, bytes: u64) -> Result<(), HttpError> {
        if bytes <= self.body_bytes_max as u64 {
            return Ok(());
        }
        Err(HttpError::Large { bytes, most: self.body_bytes_max })
    }

    fn complete(&mut self, inbox: &mut Inbox) -> (Range<usize>, usize) {
        self.wanted = Wanted::Head;
        (inbox.release(), self.head_bytes)
    }
}

/// Keeps what is there of `left` bytes; what is left then.
fn keep(inbox: &mut Inbox, left: u64) -> u64 {
    let bytes = (inbox.plain().len() as u64).min(left);
    inbox.keep(bytes as usize);
    left - bytes
}

/// The line at the front, without its end.
fn line(plain: &[u8]) -> Result<Option<&[u8]>, HttpError> {
    let looked_at = &plain[..plain.len().min(LINE_BYTES_MAX)];
    match looked_at.windows(2).position(|two| two == b"\r\n") {
        Some(end) => Ok(Some(&plain[..end])),
        None if looked_at.len() == LINE_BYTES_MAX => Err(HttpError::Chunk),
        None => Ok(None),
    }
}

/// Hexadecimal digits, and extensions that mean nothing here.
fn chunk_size(line: &[u8]) -> Result<u64, HttpError> {
    let end = line.iter().position(|b| *b == b';').unwrap_or(line.len());
    let digits = line[..end].trim_ascii_end();
    let is_size = (1..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).map_err(|_| HttpError::Chunk)?;
    u64::from_str_radix(text, 16).ok().filter(|_| is_size).ok_or(HttpError::Chunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bodies of a stream of replies that arrives in pieces.
    fn read(stream: &str, size: usize) -> Result<Vec<(u16, String)>, HttpError> {
        let (mut inbox, mut awaited) = (Inbox::new(4_096), Awaited::new(64));
        let mut found = Vec::new();
        for piece in stream.as_bytes().chunks(size) {
            inbox.room()[..piece.len()].copy_from_slice(piece);
            inbox.received(piece.len());
            inbox.pass();
            while let Some((place, head)) = awaited.next(&mut inbox)? {
                let reply = &inbox.behind(&place)[..place.len()];
                let status = Head::parse(reply)?.unwrap().status;
                found.push((status, String::from_utf8(reply[head..].to_vec()).unwrap()));
            }
        }
        Ok(found)
    }

    #[test]
    fn replies_are_the_same_however_they_are_cut() {
        let stream = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\
                      HTTP/1.1 204 No Content\r\n\r\n\
                      HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n\
                      HTTP/1.1 400 Bad\r\ntransfer-encoding: Chunked\r\n\r\n\
                      3;x=y\r\nabc\r\n0A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n\
                      HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let expected: Vec<(u16, String)> =
            [(200, "hello"), (204, ""), (400, "abc0123456789"), (200, "")]
                .map(|(status, body)| (status, body.to_owned()))
                .to_vec();
        for size in 1..=stream.len() {
            assert_eq!(read(stream, size), Ok(expected.clone()), "pieces of {size}");
        }
    }

    #[test]
    fn lengths_that_can_be_read_in_two_ways_are_refused() {
        for lines in [
            "",
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Content-Length: +1\r\n",
        ] {
            let reply = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
            assert_eq!(read(&reply, 4_096), Err(HttpError::Length), "{lines}");
        }
    }

    #[test]
    fn bodies_and_chunks_beyond_the_limit_are_refused_by_their_heads() {
        let large = |bytes| Err(HttpError::Large { bytes, most: 64 });
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", 999), large(65));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let two = format!("{chunked}2\r\nab\r\n3f\r\n");
        assert_eq!(read(&two, 999), large(65));
        assert_eq!(read(&format!("{chunked}fffffffffffffff\r\n"), 999), large((1 << 60) - 1));
        for wrong in ["\r\n", "g\r\n", "-1\r\n", "1000000000000000\r\n", "1\r\nab\r\n"] {
            assert_eq!(read(&format!("{chunked}{wrong}"), 999), Err(HttpError::Chunk), "{wrong:?}");
        }
        let endless = format!("{chunked}{}", "0".repeat(300));
        assert_eq!(read(&endless, 999), Err(HttpError::Chunk));
    }
}
