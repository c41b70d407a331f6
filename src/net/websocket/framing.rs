//! Frames in: heads read, parts of a message joined, everything that RFC 6455 forbids refused.
//!
//! In: plaintext in an inbox. Out: whole messages and control frames, where they lie in it.
//! Never: a frame taken that is masked, has a reserved bit, or is larger than was agreed; a text
//! that is not UTF-8; an allocation.

use std::ops::Range;

use super::super::buffer::Inbox;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
    /// Answered already, with the same payload.
    Ping,
    /// An answer to a ping, or a sign of life.
    Pong,
    /// The other side closes, or answers our close.
    Close {
        /// Its reason; `None` where it gives none.
        code: Option<u16>,
    },
}

/// A message, or a control frame, in an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Where its payload lies.
    pub place: Range<usize>,
}

/// Why a frame was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// No extension was agreed, so these bits are 0.
    #[error("a reserved bit is set in {0:#04x}, though no extension was agreed")]
    Reserved(u8),
    /// Opcodes 3 to 7 and 11 to 15 mean nothing.
    #[error("opcode {0} means nothing (RFC 6455, 5.2)")]
    Opcode(u8),
    /// Only a client masks.
    #[error("a server's frame is masked")]
    Masked,
    /// Control frames are short and whole.
    #[error("a control frame has {0} bytes or is cut; 125 in one frame are the most")]
    Control(u64),
    /// A part without a beginning.
    #[error("a continuation came, and no message was begun")]
    Continuation,
    /// A beginning within a message.
    #[error("a message began before the one before it ended")]
    Interleaved,
    /// Larger than was agreed.
    #[error("a message of {bytes} bytes came, and {most} are the most; see `message_bytes_max`")]
    Large {
        /// Its size, as far as its heads say.
        bytes: u64,
        /// What was agreed.
        most: usize,
    },
    /// A text, or a close's reason, is no text.
    #[error("a text is not UTF-8")]
    Utf8,
    /// A close of one byte, or with a code that may not be sent.
    #[error("a close has the code {0}, which may not be sent (RFC 6455, 7.4)")]
    Code(u16),
    /// Nothing may follow a close.
    #[error("a frame came behind a close")]
    Behind,
}

impl FrameFault {
    /// What the other side is told (RFC 6455, 7.4.1).
    pub(crate) fn close_code(self) -> u16 {
        match self {
            FrameFault::Utf8 => 1_007,
            FrameFault::Large { .. } => 1_009,
            _ => 1_002,
        }
    }
}

/// Payload bytes of a control frame at most.
pub(crate) const CONTROL_BYTES_MAX: usize = 125;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// The state between frames.
#[derive(Debug)]
pub struct Framing {
    message_bytes_max: usize,
    /// The message that was begun and is not complete.
    begun: Option<Kind>,
    closed: bool,
}

/// A frame's head.
struct Head {
    fin: bool,
    opcode: u8,
    bytes: usize,
    payload: usize,
}

impl Framing {
    /// Takes messages of up to `message_bytes_max`.
    pub fn new(message_bytes_max: usize) -> Framing {
        Framing { message_bytes_max, begun: None, closed: false }
    }

    /// Has the other side closed?
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The next message or control frame that is there in full.
    #[inline]
    pub fn next(&mut self, inbox: &mut Inbox) -> Result<Option<Frame>, FrameFault> {
        loop {
            let Some(head) = self.head(inbox.plain(), inbox.kept())? else { return Ok(None) };
            if inbox.plain().len() < head.bytes + head.payload {
                return Ok(None);
            }
            inbox.take(head.bytes);
            match (head.opcode, self.begun) {
                (1 | 2, None) if head.fin => {
                    let kind = if head.opcode == 1 { Kind::Text } else { Kind::Binary };
                    let place = inbox.take(head.payload);
                    return checked(kind, place, inbox).map(Some);
                }
                (0, Some(kind)) if head.fin => {
                    inbox.keep(head.payload);
                    self.begun = None;
                    let place = inbox.release();
                    return checked(kind, place, inbox).map(Some);
                }
                (0..=2, begun) => {
                    let kind = if head.opcode == 1 { Kind::Text } else { Kind::Binary };
                    self.begun = begun.or(Some(kind));
                    inbox.keep(head.payload);
                }
                (opcode, _) => return self.control(opcode, head.payload, inbox).map(Some),
            }
        }
    }

    /// Reads a head, as soon as it is there in full, and refuses what cannot come next.
    #[inline]
    fn head(&self, plain: &[u8], kept: usize) -> Result<Option<Head>, FrameFault> {
        let [first, second, ..] = *plain else { return Ok(None) };
        let (fin, opcode) = (first & FIN != 0, first & 0x0F);
        if first & RESERVED != 0 {
            return Err(FrameFault::Reserved(first));
        }
        if second & MASKED != 0 {
            return Err(FrameFault::Masked);
        }
        if self.closed {
            return Err(FrameFault::Behind);
        }
        let (bytes, payload) = match second {
            126 => match *plain {
                [_, _, a, b, ..] => (4, u64::from(u16::from_be_bytes([a, b]))),
                _ => return Ok(None),
            },
            127 => match plain[2..].first_chunk() {
                Some(length) => (10, u64::from_be_bytes(*length)),
                None => return Ok(None),
            },
            short => (2, u64::from(short)),
        };
        let kept = match (opcode, self.begun) {
            (0, None) => return Err(FrameFault::Continuation),
            (1 | 2, Some(_)) => return Err(FrameFault::Interleaved),
            (0, Some(_)) => kept as u64,
            (8..=10, _) if !fin || payload > CONTROL_BYTES_MAX as u64 => {
                return Err(FrameFault::Control(payload));
            }
            (1 | 2, None) | (8..=10, _) => 0,
            (other, _) => return Err(FrameFault::Opcode(other)),
        };
        let whole = kept.saturating_add(payload);
        if whole > self.message_bytes_max.max(CONTROL_BYTES_MAX) as u64 {
            return Err(FrameFault::Large { bytes: whole, most: self.message_bytes_max });
        }
        Ok(Some(Head { fin, opcode, bytes, payload: payload as usize }))
    }

    fn control(
        &mut self,
        opcode: u8,
        payload: usize,
        inbox: &mut Inbox,
    ) -> Result<Frame, FrameFault> {
        let place = inbox.take(payload);
        let kind = match opcode {
            9 => Kind::Ping,
            10 => Kind::Pong,
            _ => {
                self.closed = true;
                Kind::Close { code: close_code(&inbox.behind(&place)[..payload])? }
            }
        };
        Ok(Frame { kind, place })
    }
}

/// A text is UTF-8; nearly all of it is ASCII, which is seen faster.
#[inline]
fn checked(kind: Kind, place: Range<usize>, inbox: &Inbox) -> Result<Frame, FrameFault> {
    let payload = &inbox.behind(&place)[..place.len()];
    if kind == Kind::Text && !payload.is_ascii() && std::str::from_utf8(payload).is_err() {
        return Err(FrameFault::Utf8);
    }
    Ok(Frame { kind, place })
}

/// The code of a close, and its reason as text (RFC 6455, 5.5.1 and 7.4).
fn close_code(payload: &[u8]) -> Result<Option<u16>, FrameFault> {
    let [high, low, reason @ ..] = payload else {
        return if payload.is_empty() { Ok(None) } else { Err(FrameFault::Code(0)) };
    };
    let code = u16::from_be_bytes([*high, *low]);
    let is_sent = matches!(code, 1_000..=1_003 | 1_007..=1_014 | 3_000..=4_999);
    if !is_sent {
        return Err(FrameFault::Code(code));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(FrameFault::Utf8);
    }
    Ok(Some(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FRAME_PAD_BYTES;
    use proptest::prelude::*;

    /// All messages of a stream that arrives in pieces of `sizes`, over and over.
    fn read(
        stream: &[u8],
        sizes: &[usize],
        most: usize,
    ) -> Result<Vec<(Kind, Vec<u8>)>, FrameFault> {
        let (mut inbox, mut framing) = (Inbox::new(most), Framing::new(most));
        let (mut found, mut rest, mut n) = (Vec::new(), stream, 0);
        while !rest.is_empty() {
            let room = inbox.room();
            let bytes = sizes[n % sizes.len()].clamp(1, rest.len()).min(room.len());
            room[..bytes].copy_from_slice(&rest[..bytes]);
            inbox.received(bytes);
            inbox.pass();
            (rest, n) = (&rest[bytes..], n + 1);
            while let Some(frame) = framing.next(&mut inbox)? {
                let behind = inbox.behind(&frame.place);
                assert!(behind.len() >= frame.place.len() + FRAME_PAD_BYTES);
                found.push((frame.kind, behind[..frame.place.len()].to_vec()));
            }
        }
        Ok(found)
    }

    fn whole(stream: &[u8]) -> Result<Vec<(Kind, Vec<u8>)>, FrameFault> {
        read(stream, &[usize::MAX], 1 << 20)
    }

    #[test]
    fn the_examples_of_rfc_6455_are_read() {
        // Section 5.7, those of a server.
        let text = |text: &str| Ok(vec![(Kind::Text, text.as_bytes().to_vec())]);
        assert_eq!(whole(b"\x81\x05Hello"), text("Hello"));
        assert_eq!(whole(b"\x01\x03Hel\x80\x02lo"), text("Hello"));
        assert_eq!(whole(b"\x89\x05Hello"), Ok(vec![(Kind::Ping, b"Hello".to_vec())]));
        let short = [&b"\x82\x7e\x01\x00"[..], &[7; 256]].concat();
        assert_eq!(whole(&short), Ok(vec![(Kind::Binary, vec![7; 256])]));
        let long = [&b"\x82\x7f\0\0\0\0\0\x01\0\0"[..], &vec![7; 65_536]].concat();
        assert_eq!(whole(&long), Ok(vec![(Kind::Binary, vec![7; 65_536])]));
        let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(whole(masked), Err(FrameFault::Masked));
    }

    #[test]
    fn a_ping_between_parts_comes_before_the_message_that_it_is_in() {
        let stream = b"\x01\x02ab\x89\x01!\x00\x00\x80\x02cd\x81\x01e";
        let expected = vec![
            (Kind::Ping, b"!".to_vec()),
            (Kind::Text, b"abcd".to_vec()),
            (Kind::Text, b"e".to_vec()),
        ];
        for size in 1..=stream.len() {
            assert_eq!(read(stream, &[size], 64), Ok(expected.clone()), "pieces of {size}");
        }
    }

    #[test]
    fn what_the_rfc_forbids_is_refused() {
        let refused = |stream: &[u8]| whole(stream).unwrap_err();
        assert_eq!(refused(b"\xc1\x00"), FrameFault::Reserved(0xc1));
        assert_eq!(refused(b"\x83\x00"), FrameFault::Opcode(3));
        assert_eq!(refused(b"\x8b\x00"), FrameFault::Opcode(11));
        assert_eq!(refused(b"\x80\x00"), FrameFault::Continuation);
        assert_eq!(refused(b"\x01\x00\x81\x00"), FrameFault::Interleaved);
        assert_eq!(refused(b"\x09\x00"), FrameFault::Control(0));
        assert_eq!(refused(b"\x89\x7e\x00\x7e"), FrameFault::Control(126));
        assert_eq!(refused(b"\x81\x02\xc3("), FrameFault::Utf8);
        assert_eq!(refused(b"\x88\x00\x81\x00"), FrameFault::Behind);
    }

    #[test]
    fn a_character_may_be_cut_between_parts_but_not_at_the_end() {
        let euro = [(Kind::Text, "\u{20ac}".as_bytes().to_vec())];
        assert_eq!(whole(b"\x01\x01\xe2\x80\x02\x82\xac"), Ok(euro.to_vec()));
        assert_eq!(whole(b"\x01\x01\xe2\x80\x01\x82"), Err(FrameFault::Utf8));
        assert!(whole(b"\x82\x01\xe2").is_ok(), "bytes are no text");
    }

    #[test]
    fn close_codes_are_those_that_may_be_sent() {
        let close = |payload: &[u8]| {
            let head = [0x88, payload.len() as u8];
            whole(&[&head[..], payload].concat()).map(|found| found[0].0)
        };
        assert_eq!(close(b""), Ok(Kind::Close { code: None }));
        assert_eq!(close(b"\x03\xe8bye"), Ok(Kind::Close { code: Some(1_000) }));
        assert_eq!(close(b"\x03"), Err(FrameFault::Code(0)));
        assert_eq!(close(b"\x03\xe8\xff"), Err(FrameFault::Utf8));
        for code in [0, 999, 1_004, 1_005, 1_006, 1_015, 2_999, 5_000_u16] {
            assert_eq!(close(&code.to_be_bytes()), Err(FrameFault::Code(code)));
        }
    }

    #[test]
    fn a_message_that_is_too_large_is_refused_by_its_head() {
        let large = |bytes| FrameFault::Large { bytes, most: 200 };
        assert_eq!(read(b"\x82\x7e\x00\xc9", &[9], 200), Err(large(201)));
        assert_eq!(
            read(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", &[99], 200),
            Err(large(u64::MAX))
        );
        let parts = [&b"\x02\x64"[..], &[0; 100], b"\x00\x64", &[0; 100], b"\x80\x01"].concat();
        assert_eq!(read(&parts, &[7], 200), Err(large(201)));
    }

    /// A frame as a server sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            short @ 0..126 => bytes.push(short as u8),
            middle @ 126..65_536 => {
                bytes.push(126);
                bytes.extend_from_slice(&(middle as u16).to_be_bytes());
            }
            long => {
                bytes.push(127);
                bytes.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    proptest! {
        /// However a stream is cut in frames and in pieces, its messages are the same.
        #[test]
        fn cuts_change_nothing(
            messages in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..70_000), 1_usize..9, any::<bool>()), 1..6),
            sizes in prop::collection::vec(1_usize..5_000, 1..20),
        ) {
            let (mut stream, mut expected) = (Vec::new(), Vec::new());
            for (payload, parts, pings) in messages {
                let part = payload.len().div_ceil(parts).max(1);
                let pieces: Vec<&[u8]> =
                    if payload.is_empty() { vec![&[]] } else { payload.chunks(part).collect() };
                for (n, piece) in pieces.iter().enumerate() {
                    let fin = if n + 1 == pieces.len() { FIN } else { 0 };
                    stream.extend(frame(fin | if n == 0 { 2 } else { 0 }, piece));
                    if pings && fin == 0 {
                        stream.extend(frame(FIN | 9, b"?"));
                        expected.push((Kind::Ping, b"?".to_vec()));
                    }
                }
                expected.push((Kind::Binary, payload.clone()));
            }
            prop_assert_eq!(read(&stream, &sizes, 70_000), Ok(expected));
        }
    }
}
