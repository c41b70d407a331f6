//! The two forms behind one face: one dispatch a frame, none a level.

use super::contract::{Best, Sides};
use super::ladder::Ladder;
use super::window::Window;
use crate::base::{self, Side};
use crate::event::Level;

/// How one book is held.
#[derive(Debug)]
pub enum Form {
    /// Shallow: sorted arrays.
    Ladder(Box<Ladder>),
    /// Deep: indexed by tick.
    Window(Box<Window>),
}

macro_rules! of_either {
    ($form:expr, $sides:ident => $call:expr) => {
        match $form {
            Form::Ladder($sides) => $call,
            Form::Window($sides) => $call,
        }
    };
}

impl Form {
    /// As the instrument wants it; `tick` above 1 is the grid that the venue declares.
    pub fn new(form: base::Form, tick: i64) -> Form {
        match form {
            base::Form::Ladder { depth } => Form::Ladder(Box::new(Ladder::new(depth as usize))),
            base::Form::Window { ticks } => {
                Form::Window(Box::new(Window::new(ticks as usize, tick)))
            }
        }
    }

    /// Says what grid the venue declares from the next picture on, in that picture's decimals.
    pub fn declare(&mut self, tick: i64) {
        if let Form::Window(window) = self {
            window.declare(tick);
        }
    }

    /// Is there work for [`Form::recentre`]?
    #[inline]
    pub fn wants_recentre(&self) -> bool {
        match self {
            Form::Ladder(_) => false,
            Form::Window(window) => window.wants_recentre(),
        }
    }

    /// Puts the market back into the middle of the window. Between frames.
    pub fn recentre(&mut self) {
        if let Form::Window(window) = self {
            window.recentre();
        }
    }
}

impl Sides for Form {
    fn load(&mut self, bids: &[Level], asks: &[Level], first: bool) {
        of_either!(self, sides => sides.load(bids, asks, first));
    }

    #[inline]
    fn apply(&mut self, side: Side, levels: &[Level]) {
        of_either!(self, sides => sides.apply(side, levels));
    }

    #[inline]
    fn settle(&mut self) {
        of_either!(self, sides => sides.settle());
    }

    #[inline]
    fn best(&self, side: Side) -> Option<Level> {
        of_either!(self, sides => sides.best(side))
    }

    #[inline]
    fn top(&mut self, side: Side, into: &mut Best) -> usize {
        of_either!(self, sides => sides.top(side, into))
    }

    #[inline]
    fn touched(&self, side: Side) -> bool {
        of_either!(self, sides => sides.touched(side))
    }

    fn levels(&self, side: Side) -> usize {
        of_either!(self, sides => sides.levels(side))
    }

    fn truncated(&self) -> bool {
        of_either!(self, sides => sides.truncated())
    }

    #[inline]
    fn checksum(&mut self) -> u32 {
        of_either!(self, sides => sides.checksum())
    }

    fn visit(&self, side: Side, seen: &mut dyn FnMut(Level)) {
        of_either!(self, sides => sides.visit(side, seen));
    }
}
