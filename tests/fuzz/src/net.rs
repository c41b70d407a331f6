//! Bytes from the network: however they are cut into pieces, they mean the same, and nothing that
//! was not sealed is opened.

use neural_kraken::limits::FRAME_PAD_BYTES;
use neural_kraken::net::inside::{Awaited, Framing, Head, Inbox, Records, front};
use neural_kraken::net::{FrameFault, HttpError, Kind};
use ring::aead::AES_128_GCM;

/// Bytes of a message or a body: small, so that a fresh buffer for each input is cheap.
const MOST: usize = 2_048;

/// What `next` finds in a stream that arrives in pieces: the first byte says how it is cut.
fn pieces<T, E>(
    stream: &[u8],
    cut: Option<u8>,
    mut next: impl FnMut(&mut Inbox) -> Result<Option<T>, E>,
) -> (Vec<T>, Option<E>) {
    let mut inbox = Inbox::new(MOST + 16_384);
    let (mut found, mut rest, mut step) = (Vec::new(), stream, usize::from(cut.unwrap_or(1)));
    while !rest.is_empty() {
        // Sizes of a walk that the fuzzer chooses by its first number.
        step = step * 5 % 251 + 1;
        let bytes = if cut.is_some() { step.min(rest.len()) } else { rest.len() };
        let room = inbox.room();
        let bytes = bytes.min(room.len());
        room[..bytes].copy_from_slice(&rest[..bytes]);
        inbox.received(bytes);
        inbox.pass();
        rest = &rest[bytes..];
        loop {
            match next(&mut inbox) {
                Ok(Some(one)) => found.push(one),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

/// Frames of a websocket: the first byte cuts, the rest is the stream.
pub fn websocket(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else { return };
    let read = |cut| {
        let mut framing = Framing::new(MOST);
        pieces::<(Kind, Vec<u8>), FrameFault>(stream, cut, |inbox| {
            let Some(frame) = framing.next(inbox)? else { return Ok(None) };
            let behind = inbox.behind(&frame.place);
            assert!(behind.len() >= frame.place.len() + FRAME_PAD_BYTES);
            let payload = behind[..frame.place.len()].to_vec();
            assert!(payload.len() <= MOST);
            let is_text = frame.kind == Kind::Text;
            assert!(!is_text || std::str::from_utf8(&payload).is_ok(), "a text is UTF-8");
            Ok(Some((frame.kind, payload)))
        })
    };
    assert_eq!(read(None), read(Some(*cut)));
}

/// Replies of HTTP: the first byte cuts, the rest is the stream.
pub fn http(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else { return };
    let read = |cut| {
        let mut awaited = Awaited::new(MOST);
        pieces::<Vec<u8>, HttpError>(stream, cut, |inbox| {
            let Some((place, head)) = awaited.next(inbox)? else { return Ok(None) };
            let reply = inbox.behind(&place)[..place.len()].to_vec();
            assert!(reply.len() - head <= MOST);
            let parsed = Head::parse(&reply).expect("a head that was taken is one");
            assert_eq!(parsed.map(|parsed| parsed.bytes), Some(head));
            Ok(Some(reply))
        })
    };
    assert_eq!(read(None), read(Some(*cut)));
}

/// Records of TLS: what was sealed is opened, wherever it goes; nothing else is.
pub fn record(data: &[u8]) {
    let records = || Records::with(7, &AES_128_GCM, &[1; 16], [2; 12]).expect("a key");
    if let Ok(Some((head, bytes))) = front(data) {
        let mut room = data[..bytes].to_vec();
        assert!(records().open(head, &mut room, 5).is_err(), "nobody sealed it");
    }
    let Some((gap, plain)) = data.split_first() else { return };
    let plain = &plain[..plain.len().min(16_384)];
    let mut record = vec![0; 5];
    record.extend_from_slice(plain);
    record.resize(5 + plain.len() + 17, 0);
    records().seal(23, &mut record).expect("a record");
    let (head, bytes) = front(&record).expect("sound").expect("whole");
    assert_eq!(bytes, record.len());
    // Room before it, into which its plaintext goes.
    let mut room = vec![0; usize::from(*gap)];
    room.extend_from_slice(&record[5..]);
    let (kind, len) = records().open(head, &mut room, usize::from(*gap)).expect("it is ours");
    assert_eq!((kind, &room[..len]), (23, plain));
    let at = 5 + usize::from(*gap) % (record.len() - 5);
    record[at] ^= 1;
    assert!(records().open(head, &mut record[5..], 0).is_err(), "a bit was changed");
}
