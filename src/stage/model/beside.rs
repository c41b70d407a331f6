//! A network on a thread of its own: for engines that allocate and graphs that ours does not know.
//!
//! In: features; the [`Advice`] that the thread gave. Out: its latest expectation, as long as it is
//! young enough. Whatever the thread does, the answer follows from the advice alone, which is an
//! input of its own and journalled: a replay has no such thread, and gives the same answers.
//! Never: a wait for the thread, advice on rows from before the book was last not live.

use super::contract::{Answer, Expected, Model, Post};
use super::meaning::Inputs;
use crate::base::Nanos;
use crate::event::{Advice, Ask, Features, ROWS_ASKED};

/// What the stage is told of a network on a thread of its own.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// What goes in.
    pub inputs: Inputs,
    /// Rows that it must have seen of an instrument before its word counts.
    pub warmup: u32,
    /// Nanoseconds between two rows, as it was trained; 0 for a row with every view.
    pub pace_ns: i64,
    /// Advice on a row older than this is late, nanoseconds of logical time; above zero.
    pub age_ns_max: i64,
}

/// The near end of such a network.
#[derive(Debug)]
pub(super) struct Beside {
    of: Elsewhere,
    horizons: u8,
    desks: Box<[Desk]>,
    post: Option<Box<dyn Post>>,
}

/// What is kept of one instrument.
#[derive(Clone, Debug)]
struct Desk {
    ask: Ask,
    due: Nanos,
    advice: Option<Advice>,
}

impl Beside {
    /// For so many instruments; nothing is posted yet.
    pub(super) fn new(of: &Elsewhere, slots: usize) -> Beside {
        of.inputs.assert_fit(of.inputs.places.len());
        assert!(of.age_ns_max > 0, "advice may grow some age");
        let desk = Desk { ask: Ask::default(), due: Nanos::NONE, advice: None };
        Beside {
            horizons: of.inputs.horizons(),
            of: of.clone(),
            desks: vec![desk; slots].into(),
            post: None,
        }
    }

    /// Where rows go from now on.
    pub(super) fn post_to(&mut self, post: Box<dyn Post>) {
        self.post = Some(post);
    }

    /// The thread has something to say of an instrument. False where it is no news: about rows that
    /// were forgotten, or that never were.
    pub(super) fn advise(&mut self, slot: usize, advice: &Advice) -> bool {
        let Some(desk) = self.desks.get_mut(slot) else { return false };
        let is_news = (desk.ask.since..=desk.ask.serial).contains(&advice.serial)
            && desk.advice.is_none_or(|before| before.serial < advice.serial);
        if is_news {
            desk.advice = Some(*advice);
        }
        is_news
    }
}

impl Model for Beside {
    fn horizons(&self) -> u8 {
        self.horizons
    }

    #[inline]
    fn expect(&mut self, now: Nanos, features: &Features, slot: usize) -> Answer {
        let Beside { of, desks, post, .. } = self;
        let Desk { ask, due, advice } = &mut desks[slot];
        if of.pace_ns == 0 || now >= *due {
            *due = Nanos(now.0 + of.pace_ns);
            ask.serial += 1;
            ask.row_ns = now;
            of.inputs.scale(features, &mut ask.rows[ask.serial as usize % ROWS_ASKED]);
            if let Some(post) = post {
                post.post(slot, ask);
            }
        }
        let Some(advice) = advice else { return Answer::Warming };
        if advice.serial - ask.since + 1 < u64::from(of.warmup) {
            return Answer::Warming;
        }
        if now.0.saturating_sub(advice.row_ns.0) > of.age_ns_max {
            return Answer::Late;
        }
        let is_sound = advice.bps.is_finite() && (0.0..=1.0).contains(&advice.up);
        let expected = Expected { bps: advice.bps, up: advice.up };
        if is_sound { Answer::Expected(expected) } else { Answer::Failed }
    }

    fn forget(&mut self, slot: usize) {
        let Desk { ask, due, advice } = &mut self.desks[slot];
        ask.since = ask.serial + 1;
        (*due, *advice) = (Nanos::NONE, None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what is posted.
    #[derive(Clone, Debug, Default)]
    struct Letterbox(Arc<Mutex<Vec<(usize, Ask)>>>);

    impl Post for Letterbox {
        fn post(&mut self, slot: usize, ask: &Ask) {
            self.0.lock().unwrap().push((slot, *ask));
        }
    }

    fn beside(warmup: u32, pace_ns: i64) -> (Beside, Letterbox) {
        let inputs = Inputs { places: vec![3, 1], mean: vec![1.0; 2], factor: vec![2.0, 4.0] };
        let mut beside = Beside::new(&Elsewhere { inputs, warmup, pace_ns, age_ns_max: 50 }, 2);
        let posted = Letterbox::default();
        beside.post_to(Box::new(posted.clone()));
        (beside, posted)
    }

    fn features(value: f32) -> Features {
        let mut features = Features::default();
        (features.values[1], features.values[3]) = (value, value + 1.0);
        features
    }

    fn advice(serial: u64, row_ns: i64) -> Advice {
        Advice { instrument: 0, serial, row_ns: Nanos(row_ns), bps: 0.5, up: 0.75 }
    }

    const SAID: Answer = Answer::Expected(Expected { bps: 0.5, up: 0.75 });

    #[test]
    fn rows_are_posted_scaled_and_numbered_at_their_pace() {
        let (mut beside, posted) = beside(1, 10);
        for now in [100, 105, 110, 119, 120] {
            beside.expect(Nanos(now), &features(now as f32), 1);
        }
        let posted = posted.0.lock().unwrap();
        let told: Vec<_> =
            posted.iter().map(|(slot, ask)| (*slot, ask.serial, ask.row_ns)).collect();
        assert_eq!(told, [(1, 1, Nanos(100)), (1, 2, Nanos(110)), (1, 3, Nanos(120))]);
        let last = &posted[2].1;
        assert_eq!(last.row(3).unwrap()[..2], [2.0 * 120.0, 4.0 * 119.0]);
        assert_eq!(last.row(1).unwrap()[..2], [2.0 * 100.0, 4.0 * 99.0], "and those before it");
    }

    #[test]
    fn advice_stands_until_it_is_too_old_by_logical_time() {
        let (mut beside, _) = beside(1, 0);
        assert_eq!(beside.expect(Nanos(100), &features(0.0), 0), Answer::Warming);
        assert!(beside.advise(0, &advice(1, 100)));
        assert_eq!(beside.expect(Nanos(150), &features(0.0), 0), SAID);
        assert_eq!(beside.expect(Nanos(151), &features(0.0), 0), Answer::Late);
        assert!(beside.advise(0, &advice(3, 151)));
        assert_eq!(beside.expect(Nanos(160), &features(0.0), 0), SAID);
        assert!(!beside.advise(0, &advice(2, 150)), "older than what is known");
        assert!(!beside.advise(0, &advice(9, 200)), "of a row that never was");
    }

    #[test]
    fn advice_on_rows_from_before_a_break_is_none() {
        let (mut beside, _) = beside(2, 0);
        for now in 0..3 {
            beside.expect(Nanos(now), &features(0.0), 0);
        }
        beside.forget(0);
        assert!(!beside.advise(0, &advice(3, 2)));
        for now in 3..5 {
            assert_eq!(beside.expect(Nanos(now), &features(0.0), 0), Answer::Warming);
        }
        assert!(beside.advise(0, &advice(4, 3)));
        assert_eq!(beside.expect(Nanos(5), &features(0.0), 0), Answer::Warming, "its first row");
        assert!(beside.advise(0, &advice(5, 4)));
        assert_eq!(beside.expect(Nanos(6), &features(0.0), 0), SAID);
    }

    #[test]
    fn advice_without_numbers_fails() {
        let (mut beside, _) = beside(1, 0);
        for (serial, (bps, up)) in (1..).zip([(f32::NAN, 0.5), (0.1, f32::NAN), (0.1, 1.5)]) {
            beside.expect(Nanos(0), &features(0.0), 0);
            assert!(beside.advise(0, &Advice { bps, up, ..advice(serial, 0) }));
            assert_eq!(beside.expect(Nanos(0), &features(0.0), 0), Answer::Failed);
        }
    }
}
