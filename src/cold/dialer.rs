//! The dialer: connects, shakes hands and asks over REST, so that no hot thread has to.
//!
//! In: what sessions want. Out: lines that are open, answers, failures, to one hot thread.
//! Never: a retry of its own; when to try again is the session's business.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::limits;
use crate::net::{self, Wire};
use crate::venue::session::{Address, Failure, FailureKind, FetchId, Line};

/// Something to be made.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// A line.
    Line {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
        /// Whereto.
        address: Address,
    },
    /// An answer to a `GET`.
    Answer {
        /// By whom.
        venue: usize,
        /// What it is called.
        id: FetchId,
        /// Where it is asked for.
        address: Address,
    },
}

/// Something that was made, or could not be.
pub enum Made {
    /// A line is open.
    Opened {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
        /// The line.
        wire: Box<Wire>,
    },
    /// A line could not be opened.
    Failed {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
        /// Why.
        failure: Failure,
    },
    /// A question was answered, or will not be.
    Answered(Answered),
}

/// An answer, with room to read past its end.
pub struct Answered {
    /// By whom.
    pub venue: usize,
    /// Which question.
    pub id: FetchId,
    /// HTTP status; 0 where there was no answer.
    pub status: u16,
    /// `Retry-After`, ns; 0 where there was none.
    pub retry_after_ns: i64,
    /// Weight used in the last minute, where the venue says so.
    pub used_weight: Option<u32>,
    /// The body and the room behind it.
    pub body: Vec<u8>,
    /// Bytes of the body.
    pub len: usize,
}
