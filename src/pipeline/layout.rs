//! Layouts: which stage polls on which core.
//!
//! A stage cannot tell where it runs. `one` is the lowest latency; the others use more cores for
//! more venues or for bursts, and each hop between cores costs what a cache line takes.

use crate::sys::core::{self, CoreError};

/// Which stages share a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// All hot stages on one core, chained by direct calls.
    #[default]
    One,
    /// Each venue's feed and book on a core of its own.
    VenuePerCore,
    /// Each stage on a core of its own, connected by rings.
    StagePerCore,
    /// `venue-per-core` where there are several venues and a free core for each, else `one`.
    Auto,
}

impl Layout {
    /// All, in the order of the help text.
    pub const ALL: [Layout; 4] =
        [Layout::One, Layout::VenuePerCore, Layout::StagePerCore, Layout::Auto];

    /// As in output and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::One => "one",
            Layout::VenuePerCore => "venue-per-core",
            Layout::StagePerCore => "stage-per-core",
            Layout::Auto => "auto",
        }
    }

    /// The layout with this name.
    pub fn named(name: &str) -> Option<Layout> {
        Layout::ALL.into_iter().find(|layout| layout.name() == name)
    }

    /// What `auto` means with so many venues and cores; any other layout means itself.
    #[must_use]
    pub fn resolved(self, venues: usize, cores: usize) -> Layout {
        match self {
            Layout::Auto if venues > 1 && cores > venues => Layout::VenuePerCore,
            Layout::Auto => Layout::One,
            other => other,
        }
    }
}

/// The cores that hot threads may have, the best first: not core 0, where interrupts and
/// housekeeping run, as long as there is another.
pub fn hot_cores() -> Result<Vec<usize>, CoreError> {
    let mut cores = core::allowed()?;
    cores.sort_unstable_by_key(|core| (*core == 0, *core));
    Ok(cores)
}

/// The core of hot thread `n` of `threads`: its own where there are enough, none where cores are
/// fewer than threads, so that the system may share them out.
pub fn core_of(n: usize, threads: usize, cores: &[usize]) -> Option<usize> {
    if threads > cores.len() { None } else { cores.get(n).copied() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_takes_a_core_a_venue_only_where_one_is_left_over() {
        assert_eq!(Layout::Auto.resolved(1, 16), Layout::One);
        assert_eq!(Layout::Auto.resolved(3, 3), Layout::One);
        assert_eq!(Layout::Auto.resolved(3, 4), Layout::VenuePerCore);
        assert_eq!(Layout::StagePerCore.resolved(1, 1), Layout::StagePerCore);
    }

    #[test]
    fn threads_are_bound_only_where_each_has_a_core() {
        assert_eq!(core_of(1, 2, &[3, 5]), Some(5));
        assert_eq!(core_of(1, 2, &[3]), None);
    }
}
