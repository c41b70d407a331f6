//! The player: a tape through a front, frame by frame, as fast as it can or as it was recorded.

use super::super::flow::link::Flow;
use super::front::{Arrival, Front};
use super::pace::Pacer;
use crate::event::{Market, Resync};
use crate::stage::contract::Emit;
use crate::tape::Tape;

/// See the module.
pub(in crate::pipeline) struct Player<'a, H> {
    pub(in crate::pipeline) tape: &'a Tape,
    /// Which connections' frames come in here.
    pub(in crate::pipeline) mine: &'a [bool],
    pub(in crate::pipeline) front: Front<'a, H>,
    pub(in crate::pipeline) pacer: Pacer,
    /// The last frame to be played.
    pub(in crate::pipeline) last: u64,
}

impl<H> Player<'_, H>
where
    H: Flow + for<'m> Emit<Market<'m>>,
{
    /// Plays the tape. `asked` takes each request for a snapshot; `done` is told each frame's
    /// number when it is out.
    pub(in crate::pipeline) fn play(
        &mut self,
        asked: &mut impl Emit<Resync>,
        mut done: impl FnMut(usize),
    ) {
        let Player { tape, mine, front, pacer, last } = self;
        front.duty.begin();
        for (n, frame) in tape.frames().enumerate() {
            while !pacer.is_due(frame.recv_ns) {
                front.duty.turn(false);
                front.wait.pause();
            }
            let connection = frame.connection.index();
            let dialect = tape.sources()[connection].dialect;
            let venue = mine[connection].then_some(dialect.name);
            let arrival = Arrival { number: n as u64, frame, arrived_tsc: 0, venue };
            front.step(&arrival, |_, _| {});
            while let Some(resync) = front.resyncs.pop() {
                asked.emit(&resync);
            }
            done(n);
            front.duty.turn(true);
            if n as u64 == *last {
                break;
            }
        }
        front.duty.end();
    }
}
