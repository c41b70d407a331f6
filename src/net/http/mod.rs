//! HTTP/1.1, the client's side: heads, bodies, and a connection that is polled.
//!
//! Never: HTTP/2, pipelining, a redirect, a `HEAD` request.

mod body;
mod client;
mod head;

pub use body::{Awaited, HttpError};
pub use client::{Http, Reply};
pub use head::{Head, HeadError};
