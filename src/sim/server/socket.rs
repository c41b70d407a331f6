//! Socket: one websocket, from the end of its handshake to its close.
//!
//! In: bytes of a client, and the queue of what it is given. Out: texts and control frames to the
//! hub, bytes to the client.
//! Never: a wait for the client in which its words are not heard, or in which it cannot be ended.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::hub::{Hub, Inbox};
use crate::limits::SIM_REQUEST_BYTES_MAX;
use crate::sim::dialect::{Control, Put};

/// Bytes on their way to the kernel above which the queue is left to fill.
const OUTBOX_BYTES: usize = 256 << 10;

/// How long a client has to take the last bytes.
const FAREWELL: Duration = Duration::from_secs(2);

/// Bytes that came in and have to go out: what the protocol sees of the socket.
#[derive(Debug, Default)]
struct Pipe {
    inbox: VecDeque<u8>,
    outbox: Vec<u8>,
}

/// Serves a connection to its end.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    hub: &Hub,
    mut inbox: Inbox,
) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let config = WebSocketConfig::default()
        .write_buffer_size(0)
        .max_message_size(Some(SIM_REQUEST_BYTES_MAX))
        .max_frame_size(Some(SIM_REQUEST_BYTES_MAX));
    let mut protocol = WebSocket::from_raw_socket(Pipe::default(), Role::Server, Some(config));
    let mut chunk = vec![0; 16 << 10];
    let mut outbox = Vec::new();
    let mut is_over = false;
    while !is_over || !outbox.is_empty() {
        tokio::select! {
            () = inbox.ended.notified() => break,
            read = reader.read(&mut chunk) => match read {
                Ok(bytes @ 1..) => {
                    protocol.get_mut().inbox.extend(&chunk[..bytes]);
                    is_over |= !is_heard(&mut protocol, hub, &inbox);
                }
                _ => break,
            },
            put = inbox.queue.recv(), if !is_over && outbox.len() < OUTBOX_BYTES => {
                let mut next = put;
                is_over = next.is_none();
                while let Some(put) = next {
                    is_over |= !is_written(&mut protocol, &inbox, put);
                    let has_room = !is_over && protocol.get_ref().outbox.len() < OUTBOX_BYTES;
                    next = if has_room { inbox.queue.try_recv().ok() } else { None };
                }
            }
            written = writer.write(&outbox), if !outbox.is_empty() => match written {
                Ok(bytes @ 1..) => drop(outbox.drain(..bytes)),
                _ => break,
            },
            () = tokio::time::sleep(FAREWELL), if is_over => break,
        }
        outbox.append(&mut protocol.get_mut().outbox);
    }
    hub.closed(inbox.conn);
    // Whoever has gone already does not mind.
    let _ = writer.shutdown().await;
}

/// All that has come in; false where the connection is over.
fn is_heard(protocol: &mut WebSocket<Pipe>, hub: &Hub, inbox: &Inbox) -> bool {
    loop {
        match protocol.read() {
            Ok(Message::Text(text)) => hub.text(inbox.conn, &text),
            Ok(Message::Ping(payload)) => hub.control(inbox.conn, Control::Ping(&payload)),
            Ok(Message::Pong(payload)) => hub.control(inbox.conn, Control::Pong(&payload)),
            Ok(_) => {}
            Err(Error::Io(why)) if why.kind() == ErrorKind::WouldBlock => {
                // A pong, or the answer to a close, may be due.
                return protocol.flush().is_ok();
            }
            Err(_) => return false,
        }
    }
}

/// Writes one thing; false where it was the last.
fn is_written(protocol: &mut WebSocket<Pipe>, inbox: &Inbox, put: Put) -> bool {
    let (message, bytes) = match put {
        Put::Frame(frame) => {
            let bytes = frame.len();
            // A frame that a fault has made invalid is sent as it is: that is the fault.
            let message = match String::from_utf8(frame) {
                Ok(text) => Message::text(text),
                Err(raw) => Message::binary(raw.into_bytes()),
            };
            (message, bytes)
        }
        Put::Ping(payload) => (Message::Ping(payload.into()), 0),
        Put::Close(code, reason) => {
            let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
            (Message::Close(Some(frame)), 0)
        }
    };
    let is_last = message.is_close();
    inbox.waiting.fetch_sub(bytes, Ordering::Relaxed);
    let is_written = protocol.send(message).is_ok();
    is_written && !is_last
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.inbox.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.inbox.read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outbox.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
