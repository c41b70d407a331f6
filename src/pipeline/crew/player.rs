//! The player: a tape through a front, frame by frame, as fast as it can or as it was recorded.

use super::super::flow::link::Flow;
use super::front::{Arrival, Front};
use crate::base::Nanos;
use crate::event::{Market, Resync};
use crate::stage::contract::Emit;
use crate::sys::clock::Clock;
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
            front.step(&arrival);
            // They went out when this was recorded.
            front.orders(|_| {});
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
