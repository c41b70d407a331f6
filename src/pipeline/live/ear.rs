//! The ear: what a live machine hears and puts out, on the cold side, in the order of a replay.
//!
//! Never: a hot thread that waits for it, unless what waits is an order or a report.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::Duration;

use super::super::trace::script::ScriptReader;
use super::super::trace::span::Readers;
use super::super::trace::tap::{self, Output, Tapped};
use crate::base::{AccountId, InstrumentId};
use crate::cold::Heard;
use crate::metric::histogram::Snapshot;
use crate::ring::Consumer;
use crate::sys::clock::Clock;
use crate::venue::Described;
use crate::venue::session::{Action, State};
use crate::venue::trade::Fact;

/// Takes what a live machine hears and puts out.
pub trait Listener: Send {
    /// Something came in.
    fn heard(&mut self, heard: &Heard<'_>);

    /// Something went out or came back; before what came in next is heard.
    fn output(&mut self, output: &Output);

    /// Something seldom happened.
    fn note(&mut self, note: &Note);

    /// Some time has passed.
    fn pulse(&mut self, pulse: &Pulse);
}

/// What seldom happens, for the log.
#[derive(Clone, Debug)]
pub enum Note {
    /// A venue's session stands otherwise now.
    State {
        /// Whose.
        venue: usize,
        /// How.
        state: State,
    },
    /// A venue says what an instrument is.
    Described {
        /// Who.
        venue: usize,
        /// Our number for it.
        id: InstrumentId,
        /// What it is.
        described: Box<Described>,
    },
    /// An account's session stands otherwise now.
    Member {
        /// Whose.
        account: AccountId,
        /// How.
        state: State,
    },
    /// A venue says something of an account.
    Fact {
        /// Of whose.
        account: AccountId,
        /// What.
        fact: Fact,
    },
    /// Something went wrong with a line or a question.
    Trouble {
        /// Whose; members are numbered behind the stations.
        venue: usize,
        /// What, and the fix.
        why: String,
    },
    /// A session wanted something done.
    Action {
        /// Whose.
        venue: usize,
        /// What.
        action: Action,
    },
}

/// How the machine does.
#[derive(Clone, Debug, Default)]
pub struct Pulse {
    /// Frames, beats and resets so far.
    pub frames: u64,
    /// Of those, how many found no room on their way to the journal.
    pub lost: u64,
    /// All that was counted so far of tick to decision, ns.
    pub decision: Snapshot,
    /// The same of tick to order.
    pub order: Snapshot,
}

/// The way of notes to the cold side.
#[derive(Debug)]
pub(in crate::pipeline) struct Notes(pub(in crate::pipeline) Sender<Note>);

impl Notes {
    /// Says it; where nobody listens any more, the machine is about to end.
    pub(in crate::pipeline) fn say(&mut self, note: Note) {
        let _ = self.0.send(note);
    }

    /// Says what went wrong, where something did.
    pub(in crate::pipeline) fn trouble(&mut self, venue: usize, why: Option<&str>) {
        if let Some(why) = why {
            self.say(Note::Trouble { venue, why: why.to_owned() });
        }
    }
}

/// The reading ends of all that comes from the hot side.
pub(in crate::pipeline) struct Ear {
    pub(in crate::pipeline) script: ScriptReader,
    pub(in crate::pipeline) taps: Vec<Consumer<Tapped>>,
    pub(in crate::pipeline) notes: Receiver<Note>,
    pub(in crate::pipeline) readers: Readers,
    pub(in crate::pipeline) clock: Clock,
}

/// Nanoseconds between two pulses.
const PULSE_NS: u64 = 250_000_000;

/// Frames that are heard in one go.
const BATCH: usize = 1_024;

impl Ear {
    /// Listens until the hot side is gone and all of it is heard; frames that found no room.
    pub(in crate::pipeline) fn listen(mut self, to: &mut dyn Listener) -> u64 {
        let (mut frames, mut last) = (0, self.clock.ticks());
        let (mut waiting, mut room) = (VecDeque::new(), Vec::new());
        loop {
            // Asked before looking, so that what was written before the end is not missed.
            let is_closed = self.script.is_closed() && self.taps.iter().all(Consumer::is_abandoned);
            let heard = self.batch(to, &mut waiting, &mut room);
            frames += heard;
            while let Ok(note) = self.notes.try_recv() {
                to.note(&note);
            }
            let now = self.clock.ticks();
            if self.clock.span_ns(now.wrapping_sub(last)) >= PULSE_NS {
                last = now;
                let (lost, [decision, order]) = (self.script.lost(), self.readers.reactions());
                to.pulse(&Pulse { frames, lost, decision, order });
            }
            if heard == 0 {
                if is_closed {
                    for output in &waiting {
                        to.output(output);
                    }
                    return self.script.lost();
                }
                thread::park_timeout(Duration::from_micros(500));
            }
        }
    }

    /// Hears some frames, each after what went out in the steps before it; how many.
    fn batch(
        &mut self,
        to: &mut dyn Listener,
        waiting: &mut VecDeque<Output>,
        room: &mut Vec<Output>,
    ) -> u64 {
        let Ear { script, taps, .. } = self;
        let mut heard = 0;
        while heard < BATCH as u64 {
            let has_heard = script.pop(&mut |frame| {
                // All that went out in the steps before it was tapped before it was.
                for tap in &mut *taps {
                    tap::drain(tap, room);
                }
                waiting.extend(room.drain(..));
                while waiting.front().is_some_and(|output| output.step < frame.number) {
                    if let Some(output) = waiting.pop_front() {
                        to.output(&output);
                    }
                }
                to.heard(frame);
            });
            if !has_heard {
                break;
            }
            heard += 1;
        }
        // Taps must not fill while nothing comes in.
        for tap in taps {
            tap::drain(tap, room);
        }
        waiting.extend(room.drain(..));
        heard
    }
}
