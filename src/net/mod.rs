//! Net: sockets that are polled, TLS records opened in place, websocket frames, a little HTTP.
//!
//! A cold thread dials ([`dial()`], [`dial_http`]): names, handshakes, upgrades, all of it waiting
//! and allocating. What comes out, a [`Wire`] or an [`Http`], is sent to a hot thread, which polls
//! it and sends on it without a wait and without an allocation. [`fetch`] is for the cold side
//! alone.
//!
//! Never: a venue's word. Bytes in, frames out.

mod buffer;
mod dial;
mod down;
pub mod fetch;
mod http;
mod stream;
mod target;
mod tls;
mod websocket;
mod wire;

pub use dial::{Deadlines, DialError, Options, Step, dial, dial_http};
pub use down::{Down, SendError};
pub use http::{HeadError, Http, HttpError, Reply};
pub use stream::{Counts, Note};
pub use target::{Target, TargetError};
pub use tls::{RecordFault, Tls, TlsError, TlsSettings};
pub use websocket::{FrameFault, Kind, UpgradeFault};
pub use wire::{Message, Wire};

/// What fuzz targets and benches reach that nobody else needs.
#[doc(hidden)]
pub mod inside {
    pub use super::buffer::Inbox;
    pub use super::http::{Awaited, Head};
    pub use super::tls::{Records, front};
    pub use super::websocket::{Framing, encode, frame_bytes};
}
