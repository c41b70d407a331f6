//! The operating system, where the standard library does not reach: clocks, cores, memory,
//! sockets, users.
//!
//! Every file offers safe functions that say what they found; the rest of the house makes no system
//! call by itself and reads no clock but the one in [`clock`].
//! Never: a decision. What a host should be like is said elsewhere.

#![allow(unsafe_code, reason = "system calls and intrinsics; each block is one call")]

pub mod alloc;
pub mod block;
pub mod clock;
pub mod core;
pub mod deadline;
pub mod environment;
pub mod memory;
pub mod socket;
pub mod user;
