//! Pace: when frames of a tape are due.

use crate::base::Nanos;
use crate::sys::clock::Clock;

/// How fast a tape is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As fast as the machine can.
    #[default]
    Max,
    /// As it was recorded.
    Recorded,
}

/// When frames of a tape are due.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct Pacer {
    pace: Pace,
    clock: Clock,
    begun: Option<(Nanos, Nanos)>,
}

impl Pacer {
    pub(in crate::pipeline) fn new(pace: Pace, clock: Clock) -> Pacer {
        Pacer { pace, clock, begun: None }
    }

    /// Is a frame due?
    #[inline(always)]
    pub(in crate::pipeline) fn is_due(&mut self, recv_ns: Nanos) -> bool {
        self.pace == Pace::Max || self.has_come(recv_ns)
    }

    #[cold]
    fn has_come(&mut self, recv_ns: Nanos) -> bool {
        let now = self.clock.unix_now();
        let (first, began) = *self.begun.get_or_insert((recv_ns, now));
        now.0 >= began.0 + (recv_ns.0 - first.0)
    }
}
