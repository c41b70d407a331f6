//! The middle: loops between the front and dispatch, each with its stages on a core of its own.
//!
//! A loop takes steps from its rings, all rings' begins before anything else, so that with several
//! fronts the order of their frames is the tape's.

use std::sync::atomic::Ordering;

use super::super::flow::carry::{CarriedDecision, Lend};
use super::super::flow::exit::Exit;
use super::super::flow::link::{Flow, Parcel, Seat};
use super::super::flow::step::Step;
use super::super::flow::wait::Wait;
use super::super::topology::{Carried, FromFeed, ToBooks};
use super::duty::Duty;
use super::front::Marks;
use crate::event::Market;
use crate::ring::Consumer;
use crate::stage::contract::Emit;
use crate::stage::dispatch::Dispatch;

/// What one look into a ring gave.
pub(in crate::pipeline) enum Taken {
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing will come any more.
    Closed,
    /// A step begins.
    Begin(Step),
    /// A message, which has been handed on.
    Message,
    /// A step has no more messages.
    Done(Step),
}

/// A ring from another core, as its reader's loop knows it.
pub(in crate::pipeline) trait Source<H> {
    /// Takes the next parcel; a message is handed to `head`.
    fn take(&mut self, head: &mut H) -> Taken;
}

impl<C, H> Source<H> for Consumer<Parcel<C>>
where
    C: Lend,
    H: for<'m> Emit<C::Message<'m>>,
{
    #[inline]
    fn take(&mut self, head: &mut H) -> Taken {
        // Asked before looking, so that what was written before the end is not missed.
        let is_closed = self.is_abandoned();
        let taken = self.pop_with(|parcel| match parcel {
            Parcel::Begin(step) => Taken::Begin(*step),
            Parcel::Done(step) => Taken::Done(*step),
            Parcel::Message(message) => {
                message.lend(head);
                Taken::Message
            }
        });
        taken.unwrap_or(if is_closed { Taken::Closed } else { Taken::Nothing })
    }
}

impl<H> Source<H> for FromFeed
where
    H: for<'m> Emit<Market<'m>>,
{
    #[inline]
    fn take(&mut self, head: &mut H) -> Taken {
        let is_closed = self.heads.is_abandoned();
        let Some(parcel) = self.heads.pop() else {
            return if is_closed { Taken::Closed } else { Taken::Nothing };
        };
        match parcel {
            Parcel::Begin(step) => Taken::Begin(step),
            Parcel::Done(step) => Taken::Done(step),
            Parcel::Message(carried) => {
                let count = carried.levels as usize;
                // The levels were written before the head, so they are there.
                let levels =
                    if count == 0 { &[][..] } else { self.levels.read(count).unwrap_or_default() };
                assert_eq!(levels.len(), count, "levels are written before their head");
                head.emit(&Market { head: &carried.head, levels });
                if count > 0 {
                    self.levels.release(count);
                }
                Taken::Message
            }
        }
    }
}

impl Emit<Market<'_>> for ToBooks {
    #[inline]
    fn emit(&mut self, message: &Market<'_>) {
        let levels = message.levels.len() as u32;
        if levels > 0 {
            let ring = &mut self.levels;
            self.heads.wait.until(|| ring.write(message.levels));
        }
        self.heads.push(Parcel::Message(Carried { head: *message.head, levels }));
    }
}

impl Flow for ToBooks {
    fn begin(&mut self, step: &Step) {
        self.heads.begin(step);
    }

    fn done(&mut self, step: &Step) {
        self.heads.done(step);
    }
}

/// Takes steps from `sources` until they are closed.
pub(in crate::pipeline) fn run<S, H>(sources: &mut [S], head: &mut H, duty: &mut Duty, wait: &Wait)
where
    S: Source<H>,
    H: Flow,
{
    duty.begin();
    'steps: loop {
        let mut begun = None;
        for source in &mut *sources {
            loop {
                match source.take(head) {
                    Taken::Begin(step) => {
                        assert!(begun.is_none_or(|b: Step| b.frame == step.frame), "one step");
                        begun = Some(step);
                        break;
                    }
                    Taken::Closed => break 'steps,
                    Taken::Nothing => {
                        duty.turn(false);
                        wait.pause();
                    }
                    Taken::Message | Taken::Done(_) => unreachable!("a step begins first"),
                }
            }
        }
        let Some(step) = begun else { break };
        head.begin(&step);
        let mut done = step;
        for source in &mut *sources {
            loop {
                match source.take(head) {
                    Taken::Message => {}
                    Taken::Done(step) => {
                        // The stamp of the front that had the frame counts.
                        done.arrived_tsc = done.arrived_tsc.max(step.arrived_tsc);
                        break;
                    }
                    Taken::Nothing => {
                        duty.turn(false);
                        wait.pause();
                    }
                    Taken::Closed | Taken::Begin(_) => unreachable!("a step that begins is done"),
                }
            }
        }
        head.done(&done);
        head.rest();
        duty.turn(true);
    }
    duty.end();
}

/// Dispatch on a core of its own: decisions from one ring, replies from another.
pub(in crate::pipeline) fn dispatch(
    decisions: &mut Consumer<Parcel<CarriedDecision>>,
    seat: &mut Seat<'_, Dispatch, Exit>,
    marks: &Marks,
    duty: &mut Duty,
    wait: &Wait,
) {
    duty.begin();
    loop {
        match decisions.take(seat) {
            Taken::Begin(step) => seat.begin(&step),
            Taken::Message => {}
            Taken::Done(step) => {
                seat.done(&step);
                // Release: all that the step put out is in its rings for who sees the mark.
                marks.done.store(step.frame + 1, Ordering::Release);
                duty.turn(true);
            }
            Taken::Closed => break,
            Taken::Nothing => {
                if seat.inbox.replies.iter().all(Consumer::is_empty) {
                    duty.turn(false);
                    wait.pause();
                } else {
                    seat.hear();
                    marks.heard.store(seat.inbox.heard, Ordering::Release);
                    duty.turn(true);
                }
            }
        }
    }
    duty.end();
}
