//! TLS: rustls shakes hands, its own TLS 1.3 records are opened and sealed here, in place.
//!
//! In: a socket and whom to trust. Out: plaintext where the record lay; records where the
//! plaintext lay. TLS 1.2, and whoever asks for `stock`, goes through rustls as it is.
//! Never: an allocation for a record of data on the own path.

mod handshake;
#[cfg(test)]
mod proofs;
mod record;
mod session;
mod stock;
mod trust;

pub(crate) use handshake::{Fresh, HandshakeError, shake};
pub use record::{RecordFault, Records, front};
pub(crate) use session::{Opened, Session};
pub(crate) use stock::Stock;
pub use trust::{Tls, TlsError, TlsSettings};
