//! The script: every frame that came in live, on its way to the cold side, which journals it.
//!
//! In: frames, on a hot thread. Out: the same, in order, on the cold one.
//! Never: a wait. A frame that finds no room is left out and counted; then the journal of the
//! session is not whole, and says so.

use super::super::flow::wait::Wait;
use crate::base::{ConnectionId, InstrumentId, Nanos};
use crate::cold::Heard;
use crate::limits;
use crate::metric::{Counter, CounterReader, counter};
use crate::ring::{self, Consumer, Producer, level};
use crate::tape::{Came, Frame};

/// What is known of a frame beside its bytes.
#[derive(Clone, Copy, Debug)]
struct Head {
    number: u64,
    came: Came,
    recv_ns: Nanos,
    connection: ConnectionId,
    about: InstrumentId,
    bytes: u32,
}

/// The writing end, on the thread that frames come in on.
pub(in crate::pipeline) struct Script {
    heads: Producer<Head>,
    bytes: level::Writer<u8>,
    lost: Counter,
    /// Where it waits for room after all.
    wait: Option<Wait>,
}

/// The reading end.
pub(in crate::pipeline) struct ScriptReader {
    heads: Consumer<Head>,
    bytes: level::Reader<u8>,
    lost: CounterReader,
}

/// The link of a front to the cold side.
pub(in crate::pipeline) fn script(wait: Option<Wait>) -> (Script, ScriptReader) {
    let (heads, heard) = ring::spsc(limits::RING_SCRIPT_SLOTS);
    let (writer, reader) = level::ring(limits::RING_SCRIPT_BYTES);
    let (lost, lost_reader) = counter();
    (
        Script { heads, bytes: writer, lost, wait },
        ScriptReader { heads: heard, bytes: reader, lost: lost_reader },
    )
}

impl Script {
    /// Hands a frame over.
    #[inline]
    pub(in crate::pipeline) fn push(&mut self, number: u64, frame: &Frame<'_>) {
        let bytes = frame.bytes.text();
        let Frame { came, connection, recv_ns, about, .. } = *frame;
        let head = Head { number, came, recv_ns, connection, about, bytes: bytes.len() as u32 };
        // The bytes first, so that whoever sees the head finds them.
        let has_room = match &self.wait {
            Some(wait) => {
                let Script { heads, bytes: ring, .. } = self;
                wait.until(|| heads.free() > 0);
                wait.until(|| bytes.is_empty() || ring.write(bytes));
                true
            }
            None => {
                self.heads.free() > 0
                    && bytes.len() <= self.bytes.count_max()
                    && (bytes.is_empty() || self.bytes.write(bytes))
            }
        };
        if !has_room || self.heads.push(head).is_err() {
            self.lost.add(1);
        }
    }
}

impl ScriptReader {
    /// Hands the oldest frame to `hear`; false where there is none.
    pub(in crate::pipeline) fn pop(&mut self, hear: &mut dyn FnMut(&Heard<'_>)) -> bool {
        let Some(head) = self.heads.pop() else { return false };
        let Head { number, came, recv_ns, connection, about, bytes: count } = head;
        let count = count as usize;
        let bytes = if count == 0 { &[][..] } else { self.bytes.read(count).unwrap_or_default() };
        assert_eq!(bytes.len(), count, "bytes are written before their head");
        hear(&Heard { number, came, recv_ns, connection, about, bytes });
        if count > 0 {
            self.bytes.release(count);
        }
        true
    }

    /// Has the front gone?
    pub(in crate::pipeline) fn is_closed(&self) -> bool {
        self.heads.is_abandoned()
    }

    /// Frames that found no room.
    pub(in crate::pipeline) fn lost(&self) -> u64 {
        self.lost.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::wire::Padded;

    #[test]
    fn frames_come_out_as_they_went_in_and_those_without_room_are_counted() {
        let (mut script, mut reader) = script(None);
        let mut room = Vec::new();
        let whole = Padded::copied(b"abcdef", &mut room).raw();
        let frame = |len| Frame {
            came: Came::Frame,
            connection: ConnectionId(3),
            recv_ns: Nanos(9),
            about: InstrumentId(7),
            bytes: Padded::new(whole, len).unwrap(),
        };
        script.push(1, &frame(6));
        script.push(2, &frame(0));
        let mut all = Vec::new();
        while reader.pop(&mut |heard| {
            all.push((heard.number, heard.bytes.to_vec(), heard.connection, heard.about));
        }) {}
        let (connection, about) = (ConnectionId(3), InstrumentId(7));
        let expected =
            [(1, b"abcdef".to_vec(), connection, about), (2, Vec::new(), connection, about)];
        assert_eq!(all, expected);
        for n in 0..limits::RING_SCRIPT_SLOTS as u64 + 5 {
            script.push(n, &frame(1));
        }
        assert_eq!(reader.lost(), 5);
        assert!(!reader.is_closed());
        drop(script);
        assert!(reader.is_closed());
    }
}
