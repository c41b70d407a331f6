//! Dialects: the venues' side of the wire, without a socket: what a client sends in, what it is
//! told out, in virtual time.
//!
//! In: connections, texts, REST requests, what happened in the world, the time. Out: frames, pings,
//! closes, REST responses, as each venue words them.
//! Never: a socket, a clock, chance, a book of its own making: levels are the world's.

mod contract;
mod day;
mod kraken;
mod kraken_words;
mod binance;
mod binance_words;
mod coinbase;
mod coinbase_words;
mod denial;

pub use binance::Binance;
pub use coinbase::Coinbase;
pub use contract::{Ask, Conn, Control, Letter, Out, Put, Response, Venue, Word};
pub(super) use contract::{Shop, decoded};
pub use denial::denial;
pub use kraken::Kraken;
