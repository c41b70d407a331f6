//! A step: one frame on its way through the machine, and the time that begins with it.

use crate::base::Nanos;
use crate::event::Tick;

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
    /// Does the session end: is nothing to be begun any more, and what is open to be cancelled?
    pub(in crate::pipeline) is_closing: bool,
}

/// Ticks on the grid of logical time.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::pipeline) struct Grid {
    next: Option<i64>,
}

impl Grid {
    /// The last tick up to and with a step's time, where one has passed since it was last asked.
    /// Nothing happens between the ticks of one step, so after a silence the last one says all: a
    /// stage that was told of each would do again and again what nobody can have answered yet.
    #[inline(always)]
    pub(in crate::pipeline) fn up_to(&mut self, step: &Step) -> Option<Tick> {
        let Step { recv_ns, frame, .. } = *step;
        // Most frames come before the next tick, and a division takes as long as a stage.
        if self.next.is_some_and(|next| recv_ns.0 < next) {
            return None;
        }
        let last = recv_ns.0 / Tick::GRID_NS * Tick::GRID_NS;
        let had_begun = self.next.is_some();
        self.next = Some(last + Tick::GRID_NS);
        had_begun.then_some(Tick { now: Nanos(last), frame })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ns: i64) -> Step {
        Step { frame: 7, recv_ns: Nanos(ns), ..Step::default() }
    }

    #[test]
    fn ticks_stand_on_the_grid_and_the_first_frame_begins_it() {
        let mut grid = Grid::default();
        let mut tick = |ns: i64| grid.up_to(&at(ns)).map(|t| (t.now.0, t.frame));
        assert_eq!(tick(250_000_000), None);
        assert_eq!(tick(299_999_999), None);
        assert_eq!(tick(300_000_000), Some((300_000_000, 7)));
        assert_eq!(tick(300_000_001), None);
        assert_eq!(tick(450_000_000), Some((400_000_000, 7)));
    }

    #[test]
    fn a_silence_is_one_tick_however_long_it_was() {
        let mut grid = Grid::default();
        assert_eq!(grid.up_to(&at(0)), None);
        let year_later = 366 * 86_400 * Nanos::SECOND + 1;
        let tick = Tick { now: Nanos(year_later - 1), frame: 7 };
        assert_eq!(grid.up_to(&at(year_later)), Some(tick));
        assert_eq!(grid.up_to(&at(year_later)), None);
    }

    #[test]
    fn time_that_goes_back_is_no_tick() {
        let mut grid = Grid::default();
        grid.up_to(&at(500_000_000));
        assert_eq!(grid.up_to(&at(100_000_000)), None);
        assert_eq!(grid.up_to(&at(600_000_000)).map(|t| t.now), Some(Nanos(600_000_000)));
    }
}
