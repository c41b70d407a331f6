//! Trouble: what goes wrong on purpose between a member and the venue.
//!
//! In: troubles as they are planned, each for so many requests or until a time. Out: what of the
//! requests and words arrives, and when.
//! Never: a change of what happened: money and orders are as the venue has them.

use std::collections::VecDeque;

use crate::base::Nanos;
use crate::limits::SIM_QUEUE_FRAMES;
use crate::sim::dialect::{Conn, Word};

/// One kind of it. All but the last two concern requests that place, change or end orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The request never arrives.
    LostRequest,
    /// It is carried out, and the answer never arrives; of a REST request the status 504 does.
    LostReply,
    /// It is carried out, and the answer arrives so many nanoseconds later.
    LateReply(i64),
    /// It arrives twice.
    Twice,
    /// It is carried out, and the answer is an error of the venue.
    Error,
    /// A cancel is answered at once and carried out so many nanoseconds later: until then the order
    /// may fill.
    SlowCancel(i64),
    /// An event is told twice.
    TwiceTold,
    /// Fills are told so many nanoseconds later than all else.
    LateFill(i64),
}

/// Troubles at hand, each with how often it strikes.
#[derive(Clone, Debug, Default)]
pub(in crate::sim) struct Troubles {
    waiting: VecDeque<(Trouble, u64)>,
    /// How what the request at hand is answered with goes astray.
    reply: Option<Trouble>,
    held: Vec<(Nanos, Conn, Word)>,
    /// How far what REST says is behind, and until when.
    lag: Option<(i64, Nanos)>,
}

impl Troubles {
    pub(in crate::sim) fn add(&mut self, trouble: Trouble, times: u64) {
        self.waiting.push_back((trouble, times));
    }

    /// Until a time, REST shows things as they were up to so many nanoseconds before.
    pub(in crate::sim) fn lag(&mut self, behind_ns: i64, until: Nanos) {
        self.lag = Some((behind_ns, until));
    }

    pub(super) fn lag_ns(&self, now: Nanos) -> i64 {
        self.lag.filter(|(_, until)| now < *until).map_or(0, |(behind_ns, _)| behind_ns)
    }

    /// The first trouble at hand of this kind strikes once.
    fn strike<T>(&mut self, is_it: impl Fn(Trouble) -> Option<T>) -> Option<T> {
        let n = self.waiting.iter().position(|(trouble, _)| is_it(*trouble).is_some())?;
        let (trouble, left) = &mut self.waiting[n];
        let found = is_it(*trouble);
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.waiting.remove(n);
        }
        found
    }

    /// A request about orders: how often it arrives.
    pub(super) fn request(&mut self) -> usize {
        let lost = |t| matches!(t, Trouble::LostRequest).then_some(());
        if self.strike(lost).is_some() {
            return 0;
        }
        let of_reply = |t| {
            matches!(t, Trouble::LostReply | Trouble::LateReply(_) | Trouble::Error).then_some(t)
        };
        self.reply = self.strike(of_reply);
        let twice = |t| matches!(t, Trouble::Twice).then_some(());
        if self.strike(twice).is_some() { 2 } else { 1 }
    }

    /// After it.
    pub(super) fn answered(&mut self) -> Option<Trouble> {
        self.reply.take()
    }

    pub(super) fn is_error(&self) -> bool {
        self.reply == Some(Trouble::Error)
    }

    pub(super) fn reply(&mut self, conn: Conn, word: Word, now: Nanos) -> Option<Word> {
        match self.reply {
            Some(Trouble::LostReply) => None,
            Some(Trouble::LateReply(ns)) if self.held.len() < SIM_QUEUE_FRAMES => {
                self.held.push((Nanos(now.0 + ns), conn, word));
                None
            }
            _ => Some(word),
        }
    }

    pub(super) fn event(&mut self, conn: Conn, word: Word, is_fill: bool, now: Nanos) -> Vec<Word> {
        let late = |t| if let Trouble::LateFill(ns) = t { Some(ns) } else { None };
        let has_room = self.held.len() < SIM_QUEUE_FRAMES;
        if is_fill
            && has_room
            && let Some(ns) = self.strike(late)
        {
            self.held.push((Nanos(now.0 + ns), conn, word));
            return Vec::new();
        }
        let twice = |t| matches!(t, Trouble::TwiceTold).then_some(());
        if self.strike(twice).is_some() { vec![word.clone(), word] } else { vec![word] }
    }

    /// A cancel: how much later it is carried out.
    pub(super) fn slow_cancel(&mut self) -> Option<i64> {
        self.strike(|t| if let Trouble::SlowCancel(ns) = t { Some(ns) } else { None })
    }

    /// What arrives by now, in the order of its time.
    pub(super) fn due(&mut self, now: Nanos) -> Vec<(Conn, Word)> {
        self.held.sort_by_key(|(at, ..)| *at);
        let later = self.held.partition_point(|(at, ..)| *at <= now);
        self.held.drain(..later).map(|(_, conn, word)| (conn, word)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_strikes_as_often_as_it_was_planned() {
        let mut troubles = Troubles::default();
        troubles.add(Trouble::LostRequest, 2);
        troubles.add(Trouble::Twice, 1);
        let arrivals: Vec<usize> = (0..4).map(|_| troubles.request()).collect();
        assert_eq!(arrivals, [0, 0, 2, 1]);
    }

    #[test]
    fn late_words_come_in_the_order_of_their_time() {
        let mut troubles = Troubles::default();
        troubles.add(Trouble::LateFill(50), 1);
        troubles.add(Trouble::LateReply(20), 1);
        let word = |n: u8| Word::Said(vec![n]);
        assert!(troubles.event(Conn(1), word(1), true, Nanos(0)).is_empty());
        assert_eq!(troubles.request(), 1);
        assert_eq!(troubles.reply(Conn(1), word(2), Nanos(0)), None);
        assert!(troubles.due(Nanos(19)).is_empty());
        assert_eq!(troubles.due(Nanos(50)), [(Conn(1), word(2)), (Conn(1), word(1))]);
    }
}
