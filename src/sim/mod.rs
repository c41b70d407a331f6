//! Sim: a world in a box. Values that nobody sees, people who follow them, venues that tell.
//!
//! In: a seed. Out: recordings in the venues' real frame formats.
//! Never: a clock, a socket, or chance that is not the seed's.

mod random;
mod value;
mod listing;
mod market;
mod flow;
mod recording;
pub mod engine;
mod crowd;
mod world;
pub mod dialect;
mod keys;
mod private;
mod hall;
pub mod fault;
pub mod server;
pub mod statistics;
pub mod exchange;

pub use crowd::Deed;
pub use hall::{Hall, Meddling, VENUES};
pub use keys::Keys;
pub use private::{AccountError, Accounts, Trouble};
pub use recording::{Fault, Plan, Recording, Truth, record};
pub use world::{Listed, Played, Settings, Update, World};
