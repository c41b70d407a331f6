//! Net: sockets that are polled, TLS records opened in place, websocket frames, a little HTTP.
//!
//! Never: a venue's word. Bytes in, frames out.
