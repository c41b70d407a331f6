//! The place of one resting order in the queue of its price level.
//!
//! In: what rests at the level as the venue shows it (ours is not in it), and trades at its price.
//! Out: how much of a trade reaches ours.
//! Never: a place that gets worse, or one that gets better without a reason.
//!
//! - On arrival all that is shown is ahead.
//! - A trade at our price eats what is ahead, then us.
//! - A level that shrinks by more than was traded was cancelled from: [`Cancels`] says by whom.
//! - A level that grows grows behind us.
//! - A venue may show the level after a trade before the trade itself. Then what was taken for
//!   cancels turns out, by the venue's own times, to have been that trade, and is put right.

use super::settings::Cancels;
use crate::base::Nanos;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// What rests ahead of us.
    ahead: i64,
    /// What rests at the level without us, as it was shown last.
    level: i64,
    /// Has the level been shown at all? Below the depth of a shallow book it is not.
    is_known: bool,
    /// Traded at our price since the level was shown.
    traded: i64,
    shown: Shown,
}

/// The level's last change, for trades that it turns out to contain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shown {
    at: Nanos,
    /// Ahead of us before anything was taken for a cancel.
    ahead: i64,
    /// At the level before that.
    level: i64,
    /// What was taken for cancels.
    cancelled: i64,
}

impl Place {
    /// At the end of the queue of a level; `None` where the book does not reach that far.
    pub(super) fn join(level: Option<i64>) -> Place {
        let qty = level.unwrap_or_default();
        Place { ahead: qty, level: qty, is_known: level.is_some(), ..Place::default() }
    }

    /// A trade at our price, its taker on the other side. How much of it reaches us.
    pub(super) fn trade(&mut self, qty: i64, at: Nanos, cancels: Cancels) -> i64 {
        if !self.is_known {
            return 0;
        }
        let is_in_level = at != Nanos::NONE && at <= self.shown.at;
        if !is_in_level {
            self.traded = self.traded.saturating_add(qty);
            return self.eat(qty);
        }
        if self.traded != 0 {
            return self.eat(qty);
        }
        let shown = &mut self.shown;
        let late = qty.min(shown.cancelled);
        let reaches = (late - shown.ahead).max(0);
        shown.ahead = (shown.ahead - late).max(0);
        shown.level -= late;
        shown.cancelled -= late;
        self.ahead = self.ahead.min(shown.after(cancels));
        reaches + self.eat(qty - late)
    }

    /// The level as it is shown now.
    pub(super) fn show(&mut self, level: i64, at: Nanos, cancels: Cancels) {
        if !self.is_known {
            *self = Place::join(Some(level));
            return;
        }
        let gone = (self.level - level).max(0);
        let explained = gone.min(self.traded);
        let before = self.level - explained;
        let ahead = self.ahead.min(before);
        self.shown = Shown { at, ahead, level: before, cancelled: gone - explained };
        // Where it grew all the same, nothing is known to have gone.
        self.ahead = if gone > 0 { self.shown.after(cancels) } else { self.ahead.min(level) };
        self.level = level;
        self.traded = 0;
    }

    /// The book is proven again after it was not: nobody saw who came and went.
    pub(super) fn rejoin(&mut self, level: Option<i64>) {
        let ahead = self.ahead;
        let was_known = self.is_known;
        *self = Place::join(level);
        if was_known && self.is_known {
            self.ahead = self.ahead.min(ahead);
        }
    }

    fn eat(&mut self, qty: i64) -> i64 {
        let reaches = (qty - self.ahead).max(0);
        self.ahead = (self.ahead - qty).max(0);
        reaches
    }
}

impl Shown {
    /// What is ahead of us after the cancels.
    fn after(&self, cancels: Cancels) -> i64 {
        let ahead = match cancels {
            Cancels::ProRata if self.level > 0 => {
                let gone = i128::from(self.cancelled) * i128::from(self.ahead);
                self.ahead - (gone / i128::from(self.level)) as i64
            }
            _ => self.ahead,
        };
        // More than all the level cannot be ahead.
        ahead.min(self.level - self.cancelled).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PRO_RATA: Cancels = Cancels::ProRata;

    fn at(ms: i64) -> Nanos {
        Nanos(ms * Nanos::MILLI)
    }

    /// Behind ten, and a trade of so much.
    fn reached(trade: i64) -> i64 {
        Place::join(Some(10)).trade(trade, at(1), PRO_RATA)
    }

    #[test]
    fn a_trade_eats_what_is_ahead_and_then_us() {
        assert_eq!([9, 10, 11, 12].map(reached), [0, 0, 1, 2]);
    }

    #[test]
    fn trades_add_up() {
        let mut place = Place::join(Some(10));
        let reached = [4, 4, 4].map(|qty| place.trade(qty, at(1), PRO_RATA));
        assert_eq!(reached, [0, 0, 2]);
    }

    #[test]
    fn a_level_that_shrinks_by_what_was_traded_was_not_cancelled_from() {
        let mut place = Place::join(Some(10));
        place.trade(4, at(1), PRO_RATA);
        place.show(6, at(2), PRO_RATA);
        assert_eq!(place.ahead, 6);
    }

    #[test]
    fn cancels_go_in_proportion_and_the_rest_of_the_division_stays_ahead() {
        let mut place = Place::join(Some(10));
        place.show(30, at(1), PRO_RATA);
        assert_eq!(place.ahead, 10, "they joined behind us");
        // Of eight that go, 8 * 10 / 30 = 2.67 go ahead of us: two, for certain.
        place.show(22, at(2), PRO_RATA);
        assert_eq!(place.ahead, 8);
    }

    #[test]
    fn cautious_cancels_come_from_behind_while_there_are_any() {
        let mut place = Place::join(Some(10));
        place.show(30, at(1), Cancels::Behind);
        place.show(12, at(2), Cancels::Behind);
        assert_eq!(place.ahead, 10);
        place.show(7, at(3), Cancels::Behind);
        assert_eq!(place.ahead, 7);
    }

    #[test]
    fn a_trade_that_the_level_showed_before_is_not_counted_twice() {
        let mut place = Place::join(Some(10));
        place.show(20, at(1), PRO_RATA);
        // The level shrinks by eight: four are thought to be ahead of us.
        place.show(12, at(5), PRO_RATA);
        assert_eq!(place.ahead, 6);
        // It was a trade of eight, at that very time.
        assert_eq!(place.trade(8, at(5), PRO_RATA), 0);
        assert_eq!((place.ahead, place.level), (2, 12));
    }

    #[test]
    fn a_late_trade_through_the_queue_reaches_us() {
        let mut place = Place::join(Some(10));
        place.show(0, at(5), PRO_RATA);
        assert_eq!(place.trade(12, at(4), PRO_RATA), 2);
    }

    #[test]
    fn below_the_shown_depth_all_that_appears_is_ahead() {
        let mut place = Place::join(None);
        assert_eq!(place.trade(100, at(1), PRO_RATA), 0);
        place.show(7, at(2), PRO_RATA);
        assert_eq!(place.trade(8, at(3), PRO_RATA), 1);
    }

    #[test]
    fn after_a_blind_time_the_place_is_no_better_than_it_was() {
        let mut place = Place::join(Some(10));
        place.rejoin(Some(40));
        assert_eq!(place.ahead, 10);
        place.rejoin(Some(3));
        assert_eq!(place.ahead, 3);
    }

    proptest! {
        #[test]
        fn the_place_is_within_the_level_and_never_gets_worse(
            start in 0_i64..50,
            steps in prop::collection::vec((any::<bool>(), 0_i64..60, 0_i64..3), 1..60),
            is_cautious in any::<bool>(),
        ) {
            let cancels = if is_cautious { Cancels::Behind } else { Cancels::ProRata };
            let mut place = Place::join(Some(start));
            let (mut now, mut volume, mut reached) = (1, 0, 0);
            for (is_trade, qty, wait) in steps {
                let before = place.ahead;
                now += wait;
                if is_trade {
                    volume += qty;
                    reached += place.trade(qty, at(now), cancels);
                } else {
                    place.show(qty, at(now), cancels);
                    prop_assert!(place.ahead <= qty);
                }
                prop_assert!((0..=before).contains(&place.ahead));
            }
            prop_assert!(reached <= volume, "more reached us than was traded");
        }
    }
}
