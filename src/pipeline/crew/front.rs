//! The front: where frames come in and orders go out, one or more loops of a machine.
//!
//! A step, in every layout: the venues come to its time and their replies come back; every stage
//! hears its reports and the time, the last one first; the frame goes down; when the last stage is
//! done with it, the venues take what was ordered and see the frame, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::flow::carry::{CarriedDecision, Lend};
use super::super::flow::exit::{Exit, Request};
use super::super::flow::link::{Flow, Parcel, Seat};
use super::super::flow::step::Step;
use super::super::flow::wait::Wait;
use super::super::trace::span::Span;
use super::duty::Duty;
use super::world::{Listeners, World};
use crate::base::InstrumentId;
use crate::event::{Body, Head, Market, Reply, Resync, Stamp};
use crate::ring::Consumer;
use crate::stage::contract::Emit;
use crate::stage::dispatch::Dispatch;
use crate::stage::feed::Feed;
use crate::sys::clock;
use crate::tape::{Came, Frame};
use crate::venue::Input;

/// Where dispatch is, seen from the front.
pub(in crate::pipeline) enum Back<'a> {
    /// At the end of the chain that begins here, or nowhere.
    Inline,
    /// On this core, fed by a ring from where orders are decided.
    Here { decisions: Consumer<Parcel<CarriedDecision>>, seat: Box<Seat<'a, Dispatch, Exit>> },
    /// On a core of its own.
    Apart(Arc<Marks>),
}

/// How far dispatch is where it has a core of its own.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Marks {
    /// Replies that it has turned into reports.
    pub(in crate::pipeline) heard: AtomicU64,
    /// Steps that are done.
    pub(in crate::pipeline) done: AtomicU64,
}

/// See the module.
pub(in crate::pipeline) struct Front<'a, H> {
    pub(in crate::pipeline) feed: &'a mut Feed,
    pub(in crate::pipeline) head: H,
    pub(in crate::pipeline) back: Back<'a>,
    pub(in crate::pipeline) world: Option<World<'a>>,
    pub(in crate::pipeline) resyncs: Consumer<Resync>,
    pub(in crate::pipeline) decode: Span,
    pub(in crate::pipeline) duty: Duty,
    pub(in crate::pipeline) wait: Wait,
    pub(in crate::pipeline) sample: Sample,
}

/// One frame, as a front takes it.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct Arrival<'a> {
    /// Its number.
    pub(in crate::pipeline) number: u64,
    /// The frame, or what else came.
    pub(in crate::pipeline) frame: Frame<'a>,
    /// Time stamp counter when it came; 0 to read it when the stages have begun.
    pub(in crate::pipeline) arrived_tsc: u64,
    /// Name of the dialect that it is in, where it comes in at this front.
    pub(in crate::pipeline) venue: Option<&'static str>,
}

/// Which frames have their stages timed one by one.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) enum Sample {
    /// One in this many, a power of two.
    Every(u64),
    /// This one.
    Only(u64),
}

impl Sample {
    #[inline(always)]
    fn takes(self, frame: u64) -> bool {
        match self {
            Sample::Every(every) => frame & (every - 1) == 0,
            Sample::Only(only) => frame == only,
        }
    }
}

impl<H> Front<'_, H>
where
    H: Flow + for<'m> Emit<Market<'m>>,
{
    /// A frame goes through the machine. Venues in a box take the orders that come of it; those
    /// that leave the house wait for [`Front::orders`].
    #[inline]
    pub(in crate::pipeline) fn step(&mut self, arrival: &Arrival<'_>) {
        let step = Step {
            frame: arrival.number,
            recv_ns: arrival.frame.recv_ns,
            arrived_tsc: 0,
            is_measured: self.sample.takes(arrival.number),
            is_closing: arrival.frame.came == Came::Close,
        };
        if arrival.frame.came == Came::Reply && arrival.venue.is_some() {
            self.answer(&arrival.frame);
        }
        self.begin(&step);
        self.frame(arrival, step);
    }

    /// Hands out the orders that leave the house.
    #[inline]
    pub(in crate::pipeline) fn orders(&mut self, mut send: impl FnMut(&Request)) {
        if let Some(world) = self.world.as_mut().filter(|world| !world.is_boxed()) {
            while let Some(()) = world.wire.pop_with(&mut send) {}
        }
    }

    /// Venues have answered: dispatch hears it when the step begins. Where they are in a box, they
    /// answer for themselves.
    #[cold]
    fn answer(&mut self, frame: &Frame<'_>) {
        let Some(world) = self.world.as_mut().filter(|world| !world.is_boxed()) else {
            return;
        };
        for bytes in frame.bytes.text().chunks(Reply::BYTES) {
            // What is no reply was damaged in the journal; the order it was about stays unknown.
            if let Some(reply) = Reply::unpack(bytes) {
                world.replies.emit(&Reply { recv_ns: frame.recv_ns, ..reply });
            }
        }
    }

    /// The time of a frame has come.
    #[inline]
    fn begin(&mut self, step: &Step) {
        if let Some(world) = &mut self.world {
            world.advance(step.recv_ns);
            match &mut self.back {
                Back::Inline => {}
                Back::Here { seat, .. } => seat.begin(step),
                Back::Apart(marks) => {
                    let sent = world.replies.count;
                    self.wait.until(|| marks.heard.load(Ordering::Acquire) == sent);
                }
            }
        }
        self.head.begin(step);
    }

    #[inline]
    fn frame(&mut self, arrival: &Arrival<'_>, mut step: Step) {
        let frame = &arrival.frame;
        let venue = match frame.came {
            Came::Frame => arrival.venue,
            Came::Beat | Came::Reply | Came::Close => None,
            Came::Reset => return self.reset(arrival, step),
        };
        if venue.is_some() {
            step.arrived_tsc = match arrival.arrived_tsc {
                0 => clock::counter(),
                arrived_tsc => arrived_tsc,
            };
        }
        let input = input_of(frame, &step);
        if venue.is_some() {
            let before = if step.is_measured { clock::counter() } else { 0 };
            self.feed.decode(&input);
            if step.is_measured {
                self.decode.record_ticks(clock::counter().wrapping_sub(before));
            }
            self.feed.emit(&input, &mut self.head);
        }
        self.head.done(&step);
        self.finish(step.frame, venue.is_some());
        if let Some(world) = self.world.as_mut().filter(|world| world.is_boxed()) {
            world.take(step.recv_ns);
            if let Some(venue) = venue {
                self.feed.again(&input, &mut Listeners { venues: world.venues, venue });
            }
        }
        self.head.rest();
    }

    /// A connection begins anew, with its counter and all its books, or one book of it.
    #[cold]
    fn reset(&mut self, arrival: &Arrival<'_>, step: Step) {
        let frame = &arrival.frame;
        let stamp = input_of(frame, &step).stamp;
        let head = Head { instrument: frame.about, ..Head::about_connection(stamp, Body::Reset) };
        let market = Market { head: &head, levels: &[] };
        if arrival.venue.is_some() {
            if frame.about == InstrumentId::NONE {
                self.feed.restart(frame.connection);
            }
            self.head.emit(&market);
        }
        self.head.done(&step);
        self.finish(step.frame, false);
        if let Some(world) = self.world.as_mut().filter(|world| world.is_boxed()) {
            world.take(step.recv_ns);
            if let Some(venue) = arrival.venue {
                Listeners { venues: world.venues, venue }.emit(&market);
            }
        }
        self.head.rest();
    }

    /// Waits until the last stage is done with the frame; dispatches what is decided here.
    #[inline]
    fn finish(&mut self, frame: u64, is_mine: bool) {
        match &mut self.back {
            Back::Inline => {}
            Back::Here { decisions, seat } => {
                let mut is_over = false;
                while !is_over {
                    self.wait.until(|| !decisions.is_empty());
                    decisions.pop_with(|parcel| match parcel {
                        // The seat has begun already, before the stages that decide.
                        Parcel::Begin(_) => {}
                        Parcel::Message(decision) => decision.lend(&mut **seat),
                        Parcel::Done(step) => {
                            let arrived_tsc = if is_mine { step.arrived_tsc } else { 0 };
                            seat.done(&Step { arrived_tsc, ..*step });
                            is_over = true;
                        }
                    });
                }
            }
            Back::Apart(marks) => {
                self.wait.until(|| marks.done.load(Ordering::Acquire) == frame + 1);
            }
        }
    }
}

/// The frame as the feed takes it.
#[inline(always)]
pub(in crate::pipeline) fn input_of<'a>(frame: &Frame<'a>, step: &Step) -> Input<'a> {
    let stamp = Stamp {
        frame: step.frame,
        recv_ns: step.recv_ns,
        arrived_tsc: step.arrived_tsc,
        connection: frame.connection,
    };
    Input { stamp, about: frame.about, bytes: frame.bytes }
}
