//! Which connections speak, and which have been silent for too long.
//!
//! Never: a clock. When something was said is in its stamp, and what time it is in a tick.

use crate::base::{ConnectionId, Nanos};
use crate::limits::CONNECTIONS_MAX;

/// What the book stage is told at start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Silence of a connection after which its books are stale, nanoseconds.
    pub stale_after_ns: i64,
    /// The same for single connections.
    pub stale_after_ns_of: Vec<(ConnectionId, i64)>,
}

/// All connections, by id.
#[derive(Debug)]
pub(super) struct Links {
    links: Box<[Link]>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    heard_ns: Nanos,
    stale_after_ns: i64,
    state: Voice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    /// Never heard.
    Unheard,
    Heard,
    Silent,
}

impl Default for Settings {
    /// Five seconds: Kraken's heartbeats come every second, and a busy book changes more often.
    fn default() -> Settings {
        Settings { stale_after_ns: 5 * Nanos::SECOND, stale_after_ns_of: Vec::new() }
    }
}

impl Links {
    pub(super) fn new(settings: &Settings) -> Links {
        let stale_after_ns = settings.stale_after_ns;
        let link = Link { heard_ns: Nanos::NONE, stale_after_ns, state: Voice::Unheard };
        let mut links = vec![link; CONNECTIONS_MAX].into_boxed_slice();
        for (connection, stale_after_ns) in &settings.stale_after_ns_of {
            if let Some(link) = links.get_mut(connection.index()) {
                link.stale_after_ns = *stale_after_ns;
            }
        }
        Links { links }
    }

    /// A connection said something. True where it had been silent.
    #[inline(always)]
    pub(super) fn mark(&mut self, connection: ConnectionId, now: Nanos) -> bool {
        let Some(link) = self.links.get_mut(connection.index()) else {
            return false;
        };
        link.heard_ns = now;
        let was_silent = link.state == Voice::Silent;
        link.state = Voice::Heard;
        was_silent
    }

    /// A connection that has just become silent, each once.
    pub(super) fn next_silent(&mut self, now: Nanos) -> Option<ConnectionId> {
        let is_silent = |link: &Link| {
            link.state == Voice::Heard && now.0 - link.heard_ns.0 > link.stale_after_ns
        };
        let index = self.links.iter().position(is_silent)?;
        self.links[index].state = Voice::Silent;
        Some(ConnectionId(index as u16))
    }
}
