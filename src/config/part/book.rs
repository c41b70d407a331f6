//! `[book]`: when a book is stale, and how large books are.

use super::super::section::{Bound, Section, venues_told};
use super::super::tree::Value;
use crate::limits;
use crate::venue;

/// How books are kept.
#[derive(Clone, Debug)]
pub struct Book {
    /// Silence of a connection after which its books are stale, ns.
    pub stale_after_ns: i64,
    /// The same for single venues, by dialect name.
    pub stale_after_ns_of: Vec<(&'static str, i64)>,
    /// The widest window of a deep book, ticks; a power of two.
    pub window_ticks_max: u32,
    /// Levels a side of a shallow book.
    pub ladder_depth: u32,
}

/// Depths that Kraken offers; no other venue's books are shallow.
const OFFERED: [u64; 5] = [10, 25, 100, 500, 1_000];

const STALE_AFTER: Bound =
    Bound::new("ms", 1, limits::STALE_AFTER_MS_MAX, "limit STALE_AFTER_MS_MAX");

const WINDOW: Bound = Bound::new(
    "ticks",
    limits::WINDOW_TICKS_MIN as u64,
    limits::WINDOW_TICKS_MAX as u64,
    "limits WINDOW_TICKS_MIN, WINDOW_TICKS_MAX",
)
.power();

const DEPTH: Bound =
    Bound::new("levels", 1, limits::LADDER_LEVELS_MAX as u64, "limit LADDER_LEVELS_MAX");

impl Book {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Book> {
        let stale_after_ms = section.whole("stale_after_ms", STALE_AFTER);
        let window_ticks_max = section.whole("window_ticks_max", WINDOW);
        let ladder_depth = section.whole("ladder_depth", DEPTH);
        let ladder_depth = ladder_depth.and_then(|d| offered(&mut section, "ladder_depth", d));
        let stale_after_ns_of = silences(&mut section);
        section.finish();
        Some(Book {
            stale_after_ns: stale_after_ms? as i64 * 1_000_000,
            stale_after_ns_of,
            window_ticks_max: window_ticks_max? as u32,
            ladder_depth: ladder_depth?,
        })
    }
}

/// `[book.stale_after_ms_of]`.
fn silences(section: &mut Section<'_>) -> Vec<(&'static str, i64)> {
    let mut silences = Vec::new();
    let Some(table) = section.table_if_any("stale_after_ms_of") else { return silences };
    for (name, node) in &table.0 {
        let key = format!("stale_after_ms_of.{name}");
        let expected =
            format!("a venue ({}) with ms from 1 to {}", venues_told(), limits::STALE_AFTER_MS_MAX);
        let ms = match node.value {
            Value::Whole(ms) if (1..=limits::STALE_AFTER_MS_MAX as i64).contains(&ms) => Some(ms),
            _ => None,
        };
        match (venue::dialect(name), ms) {
            (Some(dialect), Some(ms)) => silences.push((dialect.name, ms * 1_000_000)),
            _ => section.refuse(&key, node, &expected, "write one of those"),
        }
    }
    silences
}

/// A depth that can be subscribed.
pub(super) fn offered(section: &mut Section<'_>, key: &str, depth: u64) -> Option<u32> {
    if OFFERED.contains(&depth) {
        return Some(depth as u32);
    }
    let fix = String::from("write one of those");
    section.note(key, depth.to_string(), "a depth on offer: 10, 25, 100, 500 or 1000", fix);
    None
}

/// `depth` of an instrument.
pub(super) fn depth_if_any(section: &mut Section<'_>) -> Option<u32> {
    let depth = section.whole_if_any("depth", DEPTH)?;
    offered(section, "depth", depth)
}

/// `window_ticks` of an instrument.
pub(super) fn window_if_any(section: &mut Section<'_>) -> Option<u32> {
    section.whole_if_any("window_ticks", WINDOW).map(|ticks| ticks as u32)
}
