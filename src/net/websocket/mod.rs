//! Websocket, the client's side (RFC 6455): the upgrade, frames in, frames out.
//!
//! Never: an extension; what is compressed is refused.

mod framing;
mod mask;
mod upgrade;

pub(crate) use framing::CONTROL_BYTES_MAX;
pub use framing::{FrameFault, Framing, Kind};
pub(crate) use mask::Masks;
pub use mask::{encode, frame_bytes};
pub(crate) use upgrade::Upgrade;
pub use upgrade::UpgradeFault;
