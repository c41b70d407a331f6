//! "I cannot prove this book any more": the way up from book to feed.

use crate::base::{ConnectionId, InstrumentId};

/// A book asks for a fresh snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resync {
    /// Number of the frame that showed the trouble.
    pub frame: u64,
    /// The book.
    pub instrument: InstrumentId,
    /// Its connection.
    pub connection: ConnectionId,
    /// What showed the trouble.
    pub reason: ResyncReason,
}

/// What showed the trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ResyncReason {
    /// Update ids have a hole.
    Gap,
    /// The venue's checksum is not ours.
    Checksum,
    /// Best bid at or above best ask.
    Crossed,
    /// The venue's top-of-book stream contradicts the book at the same update id.
    Quote,
    /// Frames of the connection were lost or refused.
    Connection,
    /// The buffers that hold changes until their snapshot are full.
    Overflow,
    /// A number is finer than the decimals learned from the snapshot.
    Precision,
}

impl ResyncReason {
    /// As in output: lower case.
    pub const fn name(self) -> &'static str {
        match self {
            ResyncReason::Gap => "gap",
            ResyncReason::Checksum => "checksum",
            ResyncReason::Crossed => "crossed",
            ResyncReason::Quote => "quote",
            ResyncReason::Connection => "connection",
            ResyncReason::Overflow => "overflow",
            ResyncReason::Precision => "precision",
        }
    }
}
