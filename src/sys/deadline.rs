//! Deadlines: how much of a span of time is left, for the cold side's waiting.
//!
//! In: a span. Out: what is left of it.
//! Never: waiting by itself.

use std::time::Duration;

use super::clock::monotonic_ns;

/// A moment by which something must have happened.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at_ns: u64,
}

impl Deadline {
    /// The moment `span` from now.
    pub fn after(span: Duration) -> Deadline {
        let span_ns = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Deadline { at_ns: monotonic_ns().saturating_add(span_ns) }
    }

    /// What is left until then, more than nothing; `None` once it is over.
    pub fn left(&self) -> Option<Duration> {
        let left_ns = self.at_ns.saturating_sub(monotonic_ns());
        (left_ns > 0).then(|| Duration::from_nanos(left_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_comes_nearer_and_is_over() {
        let far = Deadline::after(Duration::from_hours(1));
        let left = far.left().unwrap();
        assert!(left <= Duration::from_hours(1) && left > Duration::from_mins(59));
        assert_eq!(Deadline::after(Duration::ZERO).left(), None);
        assert!(Deadline::after(Duration::MAX).left().is_some());
    }
}
