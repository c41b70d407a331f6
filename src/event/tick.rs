//! Time as a message: the middle stages read no clock.

use crate::base::Nanos;

/// Logical time has reached `now`. On a 100 ms grid of `recv_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The grid point.
    pub now: Nanos,
    /// Number of the frame whose time it is.
    pub frame: u64,
}

impl Tick {
    /// The grid: 100 ms.
    pub const GRID_NS: i64 = 100 * Nanos::MILLI;
}
