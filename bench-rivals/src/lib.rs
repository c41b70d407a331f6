//! The plain way to do what the hot path does, written well: the benches run it beside ours.

pub mod book;
pub mod client;
pub mod decode;
pub mod plain;
pub mod order;

/// The bounded lock-free queue that most would reach for.
pub use crossbeam_queue::ArrayQueue;
