//! The operator's socket: questions about a running instance, and commands to it.
//!
//! In: lines of JSON over a local socket in the state folder, `{"say":"halt venue kraken"}`. Out:
//! lines of JSON, `{"ok":true,..}` or `{"ok":false,"why":".."}`; commands for the hot thread.
//! Never: a word of another user, a line or a client that grows without bound, a client that makes
//! another one wait.

mod client;
mod server;
mod status;
#[cfg(test)]
mod tests;

pub use client::{OperatorError, SOCKET, say};
pub use server::{Board, Desk, Serving};
pub use status::{OrderLine, Status};
