//! How a session, a line or a symbol stands, and what mends it.
//!
//! Never: text on the hot path. A state is two bytes and a time, and is put in words where it is
//! shown.

use std::fmt;

use crate::base::Nanos;

/// How something stands, why, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// How.
    pub stage: Stage,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub since: Nanos,
}

/// How something stands, best last but for the ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The venue will not serve it: somebody must change something.
    Refused,
    /// The venue has shut us out for a time.
    Banned,
    /// The venue does not serve it for now.
    Maintenance,
    /// Nothing is done for it yet.
    Idle,
    /// Waiting before the next attempt.
    BackingOff,
    /// Being connected.
    Connecting,
    /// Being asked for.
    Subscribing,
    /// Granted, but what is there is not whole yet.
    Syncing,
    /// All that is needed comes.
    Live,
}

/// Why something stands as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It goes its ordinary way.
    Ordinary,
    /// It waits for [`Session::begin`](super::contract::Session::begin).
    NotBegun,
    /// It waits for metadata.
    NoMetadata,
    /// There is no line.
    NoLine,
    /// The name of the host is unknown.
    Resolve,
    /// No TCP connection came about.
    Connect,
    /// No TLS session came about.
    Tls,
    /// An HTTP status other than the right one.
    Http(u16),
    /// The venue ended the connection, with this close code.
    Closed(u16),
    /// Nothing was heard for too long.
    Silence,
    /// An answer took too long.
    Timeout,
    /// The budget of attempts or of weight is used up.
    Budget,
    /// The venue says that it is under maintenance.
    System,
    /// The venue has halted the pair.
    Halted,
    /// The venue does not list the symbol.
    Unlisted,
    /// The venue sends it under another name.
    Aliased,
    /// The venue does not offer the depth.
    Depth,
    /// The venue refused the subscription for another reason.
    Denied,
    /// The book could not be proven.
    Unproven,
    /// What came could not be read.
    Nonsense,
    /// A stand-by that takes over when it must.
    StandBy,
    /// The key, or what is made of it: a token, a logon, a JWT.
    Key,
    /// Our clock and the venue's differ by too much.
    Clock,
}

/// What a session did so far. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts to connect.
    pub attempts: u64,
    /// Of those, lines that opened.
    pub opened: u64,
    /// Messages sent.
    pub sent: u64,
    /// Questions asked over REST.
    pub fetches: u64,
    /// Lines closed since nothing was heard.
    pub silences: u64,
    /// Books that had to be taken anew.
    pub resyncs: u64,
    /// Snapshots that were older than what had been seen.
    pub snapshots_old: u64,
    /// Frames dropped since another line had brought them.
    pub duplicates: u64,
    /// Frames dropped since they went ahead of the line that is lived on.
    pub ahead: u64,
    /// Frames for the session that it could not read.
    pub unread: u64,
    /// Errors that the venue sent.
    pub errors: u64,
    /// Successors that took over before their line ended.
    pub successions: u64,
}

impl State {
    /// A state from now on.
    pub const fn new(stage: Stage, reason: Reason, since: Nanos) -> State {
        State { stage, reason, since }
    }

    /// Changes it; the time only where something changes.
    pub fn turn(&mut self, stage: Stage, reason: Reason, now: Nanos) {
        if (self.stage, self.reason) != (stage, reason) {
            *self = State { stage, reason, since: now };
        }
    }

    /// The worst of several. What the venue does not serve counts only where there is nothing else:
    /// one symbol's trouble is not its siblings'.
    pub fn worst(states: impl Iterator<Item = State>) -> Option<State> {
        states.min_by_key(|state| (state.stage <= Stage::Maintenance, state.stage))
    }

    /// Does all that is needed come?
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }
}

impl Stage {
    /// As in output: lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Refused => "refused",
            Stage::Banned => "banned",
            Stage::Maintenance => "maintenance",
            Stage::Idle => "idle",
            Stage::BackingOff => "backing off",
            Stage::Connecting => "connecting",
            Stage::Subscribing => "subscribing",
            Stage::Syncing => "syncing",
            Stage::Live => "live",
        }
    }
}

impl fmt::Display for Reason {
    /// What is so, and what mends it where somebody must.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Ordinary => f.write_str("as it should"),
            Reason::NotBegun => f.write_str("waits for the machine to be ready"),
            Reason::NoMetadata => f.write_str("waits for metadata"),
            Reason::NoLine => f.write_str("waits for a connection"),
            Reason::Resolve => f.write_str("the host's name is unknown; check DNS and the address"),
            Reason::Connect => f.write_str("no TCP connection; check the network and the firewall"),
            Reason::Tls => f.write_str("no TLS session; check the host's clock and certificates"),
            Reason::Http(403) => f.write_str("HTTP 403; the venue does not serve this address"),
            Reason::Http(418 | 429) => {
                f.write_str("too many requests; stop other clients on this address and wait")
            }
            Reason::Http(status) => write!(f, "HTTP {status} instead of the expected answer"),
            Reason::Closed(0) => f.write_str("the connection broke"),
            Reason::Closed(1008) => f.write_str("closed with 1008; the venue saw a rule broken"),
            Reason::Closed(code) => write!(f, "the venue closed the connection with {code}"),
            Reason::Silence => f.write_str("nothing was heard for too long"),
            Reason::Timeout => f.write_str("the venue did not answer in time"),
            Reason::Budget => f.write_str("the venue's limit of requests is near; waits for room"),
            Reason::System => f.write_str("the venue is under maintenance; wait for its end"),
            Reason::Halted => f.write_str("the venue has halted it; wait until it is traded again"),
            Reason::Unlisted => f.write_str("the venue does not list it; check its spelling"),
            Reason::Aliased => {
                f.write_str("the venue sends it under its alias; follow `BASE-USD` instead")
            }
            Reason::Depth => f.write_str("the venue does not offer this depth; choose another"),
            Reason::Denied => f.write_str("the venue refused the subscription; see the log"),
            Reason::Unproven => f.write_str("the book could not be proven and is taken anew"),
            Reason::Nonsense => f.write_str("what came could not be read; see the journal"),
            Reason::StandBy => f.write_str("stands by"),
            Reason::Clock => {
                f.write_str("the host's clock is off by more than the venue takes; set it by NTP")
            }
            Reason::Key => {
                f.write_str("waits for the venue to take the key; check it and its permissions")
            }
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage.name(), self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_keeps_its_time_until_it_changes() {
        let mut state = State::new(Stage::Idle, Reason::Ordinary, Nanos(1));
        state.turn(Stage::Idle, Reason::Ordinary, Nanos(2));
        assert_eq!(state.since, Nanos(1));
        state.turn(Stage::Live, Reason::Ordinary, Nanos(3));
        assert_eq!((state.since, state.is_live()), (Nanos(3), true));
    }

    #[test]
    fn a_state_names_the_fix() {
        let state = State::new(Stage::Refused, Reason::Unlisted, Nanos(1));
        assert_eq!(state.to_string(), "refused: the venue does not list it; check its spelling");
    }
}
