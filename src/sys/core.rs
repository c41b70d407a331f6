//! Cores: which ones a thread may use, and how it is bound to one of them.
//!
//! In: the calling thread's affinity mask, which a container or `taskset` may have narrowed. Out:
//! the same, narrowed to one core and read back.
//! Never: a choice of a core.

/// Why a thread could not be bound to a core.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// The system did not tell which cores may be used.
    #[error("the system does not tell which cores this thread may use (sched_getaffinity)")]
    Unknown,
    /// The core is none of those that may be used.
    #[error(
        "core {core} is not among the allowed cores {allowed:?}; choose one of them, or widen the \
         mask (taskset, AllowedCPUs=, the container's cpuset)"
    )]
    NotAllowed {
        /// The core that was asked for.
        core: usize,
        /// Those that may be used.
        allowed: Vec<usize>,
    },
    /// The system refused, or did something else.
    #[error("the thread should be bound to core {core} alone and is on {found:?}")]
    NotBound {
        /// The core that was asked for.
        core: usize,
        /// Where the thread may run instead.
        found: Vec<usize>,
    },
}

/// The cores that the calling thread may use, ascending. A bound thread sees its own core only, so
/// this is asked before the first [`pin`].
pub fn allowed() -> Result<Vec<usize>, CoreError> {
    let cores = core_affinity::get_core_ids().ok_or(CoreError::Unknown)?;
    let mut cores: Vec<usize> = cores.into_iter().map(|core| core.id).collect();
    cores.sort_unstable();
    Ok(cores)
}

/// Binds the calling thread to one core that is within its mask, or within what the system lets it
/// have, and reads back what became of it.
pub fn pin(core: usize) -> Result<(), CoreError> {
    let before = allowed()?;
    let accepted = core_affinity::set_for_current(core_affinity::CoreId { id: core });
    let found = allowed()?;
    if found == [core] {
        return Ok(());
    }
    if !accepted && !before.contains(&core) {
        return Err(CoreError::NotAllowed { core, allowed: before });
    }
    Err(CoreError::NotBound { core, found })
}

/// Keeps the calling thread, and those that it starts from now on, to these cores.
#[cfg(target_os = "linux")]
pub fn keep_to(cores: &[usize]) -> Result<(), CoreError> {
    let before = allowed()?;
    // SAFETY: a set of bits, for which all zeroes is the empty one.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for core in cores.iter().copied() {
        if core >= libc::CPU_SETSIZE as usize {
            return Err(CoreError::NotAllowed { core, allowed: before });
        }
        // SAFETY: `core` is a bit of the set.
        unsafe { libc::CPU_SET(core, &mut set) };
    }
    // SAFETY: reads as many bytes as it is told the set has; 0 is the calling thread.
    let refused =
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    let found = allowed()?;
    if refused == 0 && found.iter().all(|core| cores.contains(core)) {
        return Ok(());
    }
    let core = cores.first().copied().unwrap_or(0);
    Err(CoreError::NotBound { core, found })
}

/// There is no such thing here: the threads stay where they may be.
#[cfg(not(target_os = "linux"))]
pub fn keep_to(_cores: &[usize]) -> Result<(), CoreError> {
    Ok(())
}

/// A core that may be used, and what it shares with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub core: usize,
    /// The lowest number among the hardware threads of its physical core, itself included.
    pub physical: usize,
    /// The lowest number among the cores that share its last-level cache, itself included.
    pub cache: usize,
}

/// Where each of these cores lies, as the system tells; what it does not tell counts as shared with
/// nobody.
pub fn places(cores: &[usize]) -> Vec<Place> {
    let lowest = |core: usize, file: &str| {
        let path = format!("/sys/devices/system/cpu/cpu{core}/{file}");
        let text = std::fs::read_to_string(path).ok()?;
        // A list such as `0-3,8-11`, in ascending order.
        let first = text.trim().split([',', '-']).next()?;
        first.parse().ok()
    };
    let place = |core: &usize| Place {
        core: *core,
        physical: lowest(*core, "topology/thread_siblings_list").unwrap_or(*core),
        cache: lowest(*core, "cache/index3/shared_cpu_list").unwrap_or(*core),
    };
    cores.iter().map(place).collect()
}

/// The core that the calling thread runs on at this moment.
pub fn current() -> Option<usize> {
    // SAFETY: takes nothing and only reads.
    let core = unsafe { libc::sched_getcpu() };
    usize::try_from(core).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_runs_where_it_was_put() {
        let cores = allowed().unwrap();
        assert!(!cores.is_empty());
        for core in cores {
            // A thread of its own, since the mask stays narrow.
            let seen = std::thread::spawn(move || {
                pin(core).unwrap();
                (allowed(), current())
            });
            assert_eq!(seen.join().unwrap(), (Ok(vec![core]), Some(core)));
        }
    }

    #[test]
    fn a_core_that_does_not_exist_is_refused_by_name() {
        let cores = allowed().unwrap();
        let refused = CoreError::NotAllowed { core: 1_023, allowed: cores.clone() };
        assert_eq!(pin(1_023), Err(refused));
        assert_eq!(allowed(), Ok(cores), "and the mask is as it was");
    }
}
