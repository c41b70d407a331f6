//! `[trading]`: whether and how orders leave the house.

use std::path::PathBuf;

use super::super::section::{Bound, Section};
use crate::base::Nanos;
use crate::venue::trade::Network;

/// How live orders are entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEntry {
    /// May orders go to their venues? `run` wants `--live`, too.
    pub is_live: bool,
    /// Money in earnest, or the venues' own test networks.
    pub network: Network,
    /// Are orders only checked by the venue, never placed?
    pub is_rehearsal: bool,
    /// Time for an answer, ns: after it an order's outcome is unknown.
    pub answer_ns_max: i64,
    /// Kraken cancels all orders when it has not heard of us for so long, s; 0 for never.
    pub dead_man_s: u32,
    /// Where sessions are numbered and orders recorded; empty for the user's own place.
    pub state_dir: PathBuf,
}

const ANSWER: Bound = Bound::new("ms", 100, 60_000, "what a session waits for an answer");
const DEAD_MAN: Bound = Bound::new("s", 0, 600, "what Kraken takes");

impl OrderEntry {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<OrderEntry> {
        let is_live = section.flag("live");
        let network = section.text("network", "\"live\" or \"test\"", |text| match text {
            "live" => Some(Network::Live),
            "test" => Some(Network::Test),
            _ => None,
        });
        let is_rehearsal = section.flag("rehearsal");
        let answer_ms = section.whole("answer_ms_max", ANSWER);
        let dead_man = section.whole("dead_man_s", DEAD_MAN);
        let state_dir = section.text("state_dir", "a folder, or \"\"", |t| Some(PathBuf::from(t)));
        section.finish();
        Some(OrderEntry {
            is_live: is_live?,
            network: network?,
            is_rehearsal: is_rehearsal?,
            answer_ns_max: answer_ms? as i64 * Nanos::MILLI,
            dead_man_s: dead_man? as u32,
            state_dir: state_dir?,
        })
    }
}
