//! Layouts: which stage polls on which core.
//!
//! A stage cannot tell where it runs. `one` is the lowest latency; the others use more cores for
//! more venues or for bursts, and each hop between cores costs what a cache line takes.

use crate::sys::core::{self, CoreError, Place};

/// Which stages share a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// All hot stages on one core, chained by direct calls.
    #[default]
    One,
    /// Each venue's feed, book, signal, model and dispatch on a core of its own, and one more for
    /// what decides.
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

    /// The hot threads of a layout that is not `auto`, by what is on them.
    pub fn threads(self, venues: &[&str]) -> Vec<String> {
        match self {
            Layout::One | Layout::Auto => vec![String::from("all")],
            Layout::VenuePerCore => {
                let venue = |venue: &&str| format!("{venue}: feed book signal model dispatch");
                let decision = String::from("strategy route risk");
                venues.iter().map(venue).chain([decision]).collect()
            }
            Layout::StagePerCore => {
                ["feed", "book", "signal", "model", "strategy", "route", "risk", "dispatch"]
                    .map(String::from)
                    .into()
            }
        }
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

/// The cores that `threads` hot threads should have, the best first; fewer where there are fewer.
pub fn hot_cores(threads: usize) -> Result<Vec<usize>, CoreError> {
    Ok(chosen(&core::places(&core::allowed()?), threads))
}

/// Cores for the hot threads of a live machine, which the calling thread and all that it starts
/// from now on keep off: what runs beside a hot thread stops it and empties its caches. None where
/// nothing would be left for the others.
pub fn reserve(threads: usize) -> Result<Vec<usize>, CoreError> {
    let (allowed, hot) = (core::allowed()?, hot_cores(threads)?);
    let others: Vec<usize> = allowed.into_iter().filter(|core| !hot.contains(core)).collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    core::keep_to(&others)?;
    Ok(hot)
}

/// Chooses cores: all behind one last-level cache where one has enough of them; not core 0, where
/// interrupts and housekeeping run; one hardware thread of a physical core. Where that leaves too
/// few, the last of these rules goes first, then that of core 0, then that of the cache.
fn chosen(places: &[Place], threads: usize) -> Vec<usize> {
    let is_first = |place: &Place| {
        let twins = places.iter().filter(|other| other.physical == place.physical);
        twins.map(|twin| (twin.core == 0, twin.core)).min() == Some((place.core == 0, place.core))
    };
    let rules: [&dyn Fn(&Place) -> bool; 3] =
        [&|place| place.core != 0 && is_first(place), &|place| place.core != 0, &|_| true];
    let mut caches: Vec<usize> = places.iter().map(|place| place.cache).collect();
    caches.sort_unstable();
    caches.dedup();
    let mut most = Vec::new();
    for rule in rules {
        // Within a relaxed rule, those that kept the stricter ones still come first.
        let kept = |place: &&Place| rule(place);
        let order = |place: &&Place| (place.core == 0, !is_first(place), place.core);
        for cache in &caches {
            let mut group: Vec<&Place> =
                places.iter().filter(|place| place.cache == *cache).filter(kept).collect();
            group.sort_unstable_by_key(order);
            if group.len() >= threads {
                return group.iter().take(threads).map(|place| place.core).collect();
            }
        }
        most = places.iter().filter(kept).collect();
        most.sort_unstable_by_key(|place| {
            (place.core == 0, !is_first(place), place.cache, place.core)
        });
    }
    most.iter().take(threads).map(|place| place.core).collect()
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

    /// Cores `0..n` with `twins` hardware threads each, `cores` physical ones a cache.
    fn host(n: usize, twins: usize, cores: usize) -> Vec<Place> {
        let place = |core: usize| Place {
            core,
            physical: core / twins * twins,
            cache: core / (twins * cores) * (twins * cores),
        };
        (0..n).map(place).collect()
    }

    #[test]
    fn cores_are_chosen_off_core_0_and_off_each_others_hardware_thread() {
        assert_eq!(chosen(&host(8, 1, 8), 2), [1, 2]);
        assert_eq!(chosen(&host(8, 2, 4), 3), [1, 2, 4], "core 0's twin is as good as its own");
        assert_eq!(chosen(&host(16, 1, 4), 4), [4, 5, 6, 7], "one cache for all of them");
    }

    #[test]
    fn where_cores_are_few_the_rules_go_one_by_one() {
        let host = host(4, 2, 2);
        assert_eq!(chosen(&host, 2), [1, 2]);
        assert_eq!(chosen(&host, 3), [1, 2, 3], "hardware threads are shared first");
        assert_eq!(chosen(&host, 4), [1, 2, 3, 0], "then core 0 is taken, too");
        assert_eq!(chosen(&host, 9), [1, 2, 3, 0], "and there are no more");
        assert_eq!(chosen(&[Place { core: 0, physical: 0, cache: 0 }], 1), [0]);
    }

    #[test]
    fn threads_are_bound_only_where_each_has_a_core() {
        assert_eq!(core_of(1, 2, &[3, 5]), Some(5));
        assert_eq!(core_of(1, 2, &[3]), None);
    }
}
