//! A step: one frame on its way through the machine, and the time that begins with it.

use crate::base::Nanos;
use crate::event::Tick;
use crate::limits;

/// One frame on its way through the machine.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::pipeline) struct Step {
    /// Number of the frame.
    pub(in crate::pipeline) frame: u64,
    /// Logical time.
    pub(in crate::pipeline) recv_ns: Nanos,
    /// Time stamp counter at the frame's arrival; 0 as long as the step only begins.
    pub(in crate::pipeline) arrived_tsc: u64,
    /// Are the stages timed one by one?
    pub(in crate::pipeline) is_measured: bool,
}

/// Ticks on the grid of logical time.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::pipeline) struct Grid {
    next: Option<i64>,
}

impl Grid {
    /// The ticks up to and with `recv_ns`. The first frame begins the grid; of a silence so long
    /// that it would be over [`limits::TICKS_AT_ONCE_MAX`] ticks, the latest ones are given.
    #[inline(always)]
    pub(in crate::pipeline) fn up_to(
        &mut self,
        recv_ns: Nanos,
    ) -> impl Iterator<Item = Tick> + use<> {
        // Most frames come before the next tick, and a division takes as long as a stage.
        let is_before = self.next.is_some_and(|next| recv_ns.0 < next);
        let behind = match self.next {
            Some(next) if is_before => next,
            _ => (recv_ns.0 / Tick::GRID_NS + 1) * Tick::GRID_NS,
        };
        let next = self.next.unwrap_or(behind);
        let end = next.max(behind);
        self.next = Some(end);
        let begin = next.max(end - limits::TICKS_AT_ONCE_MAX * Tick::GRID_NS);
        (begin..end).step_by(Tick::GRID_NS as usize).map(|now| Tick { now: Nanos(now) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_on_the_grid_and_none_is_left_out() {
        let mut grid = Grid::default();
        let mut ticks = |ns: i64| grid.up_to(Nanos(ns)).map(|t| t.now.0).collect::<Vec<_>>();
        assert_eq!(ticks(250_000_000), Vec::<i64>::new());
        assert_eq!(ticks(299_999_999), Vec::<i64>::new());
        assert_eq!(ticks(300_000_000), [300_000_000]);
        assert_eq!(ticks(300_000_001), Vec::<i64>::new());
        assert_eq!(ticks(620_000_000), [400_000_000, 500_000_000, 600_000_000]);
    }

    #[test]
    fn a_silence_of_years_is_a_bounded_count_of_ticks() {
        let mut grid = Grid::default();
        assert_eq!(grid.up_to(Nanos(0)).count(), 0);
        let day_later = Nanos(86_400 * Nanos::SECOND);
        let mut ticks = grid.up_to(day_later);
        let last = ticks.by_ref().last();
        assert_eq!(last, Some(Tick { now: day_later }));
        let year_later = Nanos(366 * day_later.0);
        assert_eq!(grid.up_to(year_later).count() as i64, limits::TICKS_AT_ONCE_MAX);
    }
}
