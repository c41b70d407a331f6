//! The two buffers of a connection: made once, of one size, moved within only.
//!
//! Never: a venue, a socket, a byte's meaning.

mod inbox;
mod outbox;

pub use inbox::Inbox;
pub(crate) use outbox::Outbox;
