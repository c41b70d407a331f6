//! Why a connection is over, and why something was not sent: values for hot threads.
//!
//! Never: a text that is made, a box. Whoever is cold shows them.

use super::tls::RecordFault;
use super::websocket::FrameFault;

/// Why a connection is over. It stays over: dial again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Down {
    /// The other side said that it ends, and ended.
    #[error("the other side ended the connection in good order; dial again")]
    Ended,
    /// The stream of bytes ended without a word that it would.
    #[error(
        "the connection was cut off without a closing word (no TLS close_notify, no websocket \
         close): what came before may not be all; dial again and ask for a snapshot"
    )]
    Truncated,
    /// The system says that the connection is broken.
    #[error("the connection broke with system error {code}; dial again")]
    Broken {
        /// `errno`, 0 where there is none.
        code: i32,
    },
    /// The other side ended TLS with an alert.
    #[error("the other side sent TLS alert {code} (RFC 8446, section 6); dial again")]
    Alert {
        /// Its description.
        code: u8,
    },
    /// A TLS record was not as it must be.
    #[error("a TLS record was refused: {0}; the connection cannot be trusted, dial again")]
    Record(#[from] RecordFault),
    /// Stock rustls refused what came.
    #[error("rustls refused what came or could not write; dial again")]
    Stock,
    /// A websocket frame was not as it must be.
    #[error("a websocket frame was refused: {0}; dial again")]
    Frame(#[from] FrameFault),
    /// More came than the receive buffer was made for.
    #[error("the receive buffer is full; dial with a larger `message_bytes_max`")]
    Overrun,
}

/// Why something was not sent. Nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The socket takes no more, and the send buffer has no room.
    #[error(
        "the send buffer has no room for {bytes} bytes: the other side does not read; cancel or \
         dial again"
    )]
    Full {
        /// What was to be sent, with all heads.
        bytes: usize,
    },
    /// A close was sent; nothing may follow it.
    #[error("a close was sent on this connection, and nothing may follow it; dial again")]
    Closing,
    /// The connection is over.
    #[error("{0}")]
    Down(#[from] Down),
}
