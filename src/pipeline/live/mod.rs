//! Live: the machine on lines to venues instead of a tape.
//!
//! In: a [`Carrier`] that brings frames, the sessions of its venues. Out: an outcome, and all that
//! was heard and put out, to a [`Listener`] on the cold side.
//! Never: a wait on the hot thread; a step that a replay of the journal would not make.

mod carrier;
pub(super) mod driver;
pub(super) mod ear;
mod kept;
pub(super) mod members;
mod network;
mod opening;
mod run;
mod waiting;

pub use carrier::{Carrier, Event};
pub use driver::Station;
pub use ear::{Listener, Note, Pulse};
pub use members::LiveAccount;
pub use network::Network;
pub use opening::{Opened, OpeningError, leave, open};
pub use run::{Ended, Live, live};
