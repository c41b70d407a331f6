//! Mean reversion: buys where the price is stretched below its moving average, sells where it is
//! stretched above, leaves where it came back.
//!
//! The z-score is the signals' (`Over::Zscore`). Entering at `entry` and leaving at `exit` is the
//! plain threshold rule of pairs trading (E. Gatev, W. Goetzmann, K. Rouwenhorst, "Pairs Trading",
//! 2006), here on one price.

use super::contract::Strategy;
use super::desk::Desk;
use super::settings::Reversion;
use crate::base::Side;
use crate::event::{Outlook, Over, Style};

impl Reversion {
    /// On which side a score this large wants to enter.
    fn wanted(&self, score: f64) -> Option<Side> {
        let is_stretched = score.abs() >= self.entry && score.abs() < self.stop;
        is_stretched.then_some(if score < 0.0 { Side::Buy } else { Side::Sell })
    }

    /// Is an entry that still rests no longer worth it? Half of the way back is: between `entry`
    /// and there it stays, or every flicker of the score would cost a cancel.
    fn is_void(&self, side: Side, score: f64) -> bool {
        let stretch = stretch(side, score);
        stretch < f64::midpoint(self.entry, self.exit) || stretch >= self.stop
    }
}

/// How far the price is from its average, seen from a position that was entered on `side`.
fn stretch(side: Side, score: f64) -> f64 {
    match side {
        Side::Buy => -score,
        Side::Sell => score,
    }
}

impl Strategy for Reversion {
    #[inline(always)]
    fn is_ready(&self, outlook: &Outlook<'_>) -> bool {
        outlook.features.is_ready(self.horizon)
    }

    #[inline]
    fn decide(&self, outlook: &Outlook<'_>, desk: &mut Desk<'_>) {
        let score = f64::from(outlook.features.over(Over::Zscore, self.horizon));
        let quote = &outlook.view.quote;
        for side in [Side::Buy, Side::Sell] {
            if desk.rests(side) && self.is_void(side, score) {
                desk.cancel(side);
            }
        }
        let net = desk.net(quote);
        if net != 0 {
            let side = if net > 0 { Side::Buy } else { Side::Sell };
            let stretch = stretch(side, score);
            let is_back = stretch <= self.exit;
            let is_lost = stretch >= self.stop;
            if (is_back || is_lost || desk.held_ns() >= self.hold_ns_max) && desk.leave(quote) {
                desk.cool(self.cooldown_ns);
            }
        } else if let Some(side) = self.wanted(score) {
            let (own, other) = match side {
                Side::Buy => (quote.bid.price, quote.ask.price),
                Side::Sell => (quote.ask.price, quote.bid.price),
            };
            if self.post_only {
                desk.enter(side, own, Style::PostOnly);
            } else {
                desk.enter(side, other, Style::ImmediateOrCancel);
            }
        }
    }

    fn rest_ns_max(&self) -> i64 {
        self.rest_ns_max
    }
}

#[cfg(test)]
mod tests {
    use super::super::Form;
    use super::super::scene::{Scene, means, reversion};
    use crate::base::{Nanos, Side};
    use crate::event::{Action, BookState, OrderState, Style};

    /// A scene that holds what it bought at a score of -2.5.
    fn long() -> Scene {
        let mut scene = Scene::reversion();
        let entry = scene.score(-2.5);
        scene.fill(&entry[0]);
        scene.wait(Nanos::MILLI);
        scene
    }

    #[test]
    fn a_price_far_below_its_average_is_bid_for() {
        let mut scene = Scene::reversion();
        assert!(scene.score(-1.99).is_empty());
        let entry = scene.score(-2.0)[0];
        assert_eq!((entry.action, entry.terms.side), (Action::Place, Side::Buy));
        assert_eq!((entry.terms.price.0, entry.terms.style), (6_000_000, Style::PostOnly));
        assert_eq!(entry.terms.qty.0, 166_000, "100 USDT in lots");
        assert!(entry.is_ready && !entry.is_reducing);
        assert_eq!(entry.stamp, scene.view.quote.stamp);
    }

    #[test]
    fn a_price_far_above_its_average_is_offered() {
        let entry = Scene::reversion().score(2.0)[0];
        assert_eq!((entry.terms.side, entry.terms.price.0), (Side::Sell, 6_000_001));
    }

    #[test]
    fn beyond_the_stop_nothing_is_entered() {
        assert!(Scene::reversion().score(-4.0).is_empty());
        assert!(Scene::reversion().score(f32::NAN).is_empty());
    }

    #[test]
    fn an_entry_that_does_not_rest_takes_the_other_side() {
        let form = Form::Reversion(super::Reversion { post_only: false, ..reversion() });
        let entry = Scene::new(form, means(1_000, 100)).score(-2.5)[0];
        assert_eq!((entry.terms.price.0, entry.terms.style), (6_000_001, Style::ImmediateOrCancel));
    }

    #[test]
    fn one_order_is_in_flight_at_a_time() {
        let mut scene = Scene::reversion();
        let entry = scene.score(-2.5)[0];
        assert!(scene.score(-2.6).is_empty());
        scene.hear(&entry, OrderState::Open, 0, 0);
        assert!(scene.score(-2.6).is_empty());
    }

    #[test]
    fn an_entry_is_taken_back_where_the_price_came_half_of_the_way_back() {
        let mut scene = Scene::reversion();
        let entry = scene.score(-2.5)[0];
        scene.hear(&entry, OrderState::Open, 0, 0);
        assert!(scene.score(-1.25).is_empty());
        let cancel = scene.score(-1.2)[0];
        assert_eq!((cancel.action, cancel.cancels.0), (Action::Cancel, 9));
        assert_eq!(cancel.terms, entry.terms, "of the order to be cancelled");
    }

    #[test]
    fn an_entry_is_taken_back_after_a_while_with_or_without_a_market() {
        for by_tick in [false, true] {
            let mut scene = Scene::reversion();
            let entry = scene.score(-2.5)[0];
            scene.hear(&entry, OrderState::Open, 0, 0);
            scene.wait(3 * Nanos::SECOND - 1);
            assert!(scene.tick().is_empty() && scene.look().is_empty());
            scene.wait(1);
            let out = if by_tick { scene.tick() } else { scene.look() };
            assert_eq!((out.len(), out[0].action), (1, Action::Cancel));
        }
    }

    #[test]
    fn a_book_that_is_no_longer_live_takes_the_entry_back_and_brings_none() {
        let mut scene = Scene::reversion();
        let entry = scene.score(-2.5)[0];
        scene.hear(&entry, OrderState::Open, 0, 0);
        scene.view.quote.state = BookState::Stale;
        assert_eq!(scene.score(-2.5)[0].action, Action::Cancel);
        scene.hear(&entry, OrderState::Cancelled, 0, 0);
        scene.wait(60 * Nanos::SECOND);
        assert!(scene.score(-2.5).is_empty());
    }

    #[test]
    fn a_position_is_left_at_once_where_the_price_came_back() {
        let mut scene = long();
        assert!(scene.score(-0.6).is_empty());
        let exit = scene.score(-0.5)[0];
        assert_eq!((exit.terms.side, exit.terms.price.0), (Side::Sell, 6_000_000));
        assert_eq!((exit.terms.style, exit.is_reducing), (Style::ImmediateOrCancel, true));
        assert_eq!(exit.terms.qty.0, 166_000);
        scene.fill(&exit);
        assert_eq!(scene.net(), 0);
    }

    #[test]
    fn a_position_is_left_where_the_price_went_on_or_time_is_over() {
        assert!(long().score(-4.1)[0].is_reducing);
        let mut scene = long();
        scene.wait(20 * Nanos::SECOND);
        assert!(scene.score(-2.0)[0].is_reducing);
    }

    #[test]
    fn after_it_left_it_waits() {
        let mut scene = long();
        let exit = scene.score(0.0)[0];
        scene.fill(&exit);
        scene.wait(5 * Nanos::SECOND - 1);
        assert!(scene.score(-2.5).is_empty());
        scene.wait(1);
        assert_eq!(scene.score(-2.5).len(), 1);
    }

    #[test]
    fn what_still_rests_of_an_entry_goes_before_the_exit() {
        let mut scene = Scene::reversion();
        let entry = scene.score(-2.5)[0];
        scene.hear(&entry, OrderState::PartlyFilled, 100_000, 100_000);
        let out = scene.score(0.0);
        assert_eq!((out.len(), out[0].action), (1, Action::Cancel), "it would trade with itself");
        scene.hear(&entry, OrderState::Cancelled, 0, 100_000);
        let exit = scene.score(0.0)[0];
        assert_eq!((exit.terms.qty.0, exit.is_reducing), (100_000, true));
    }

    #[test]
    fn a_short_position_is_bought_back() {
        let mut scene = Scene::reversion();
        let entry = scene.score(2.5)[0];
        scene.fill(&entry);
        assert_eq!(scene.net(), -166_000);
        let exit = scene.score(0.5)[0];
        assert_eq!((exit.terms.side, exit.terms.price.0), (Side::Buy, 6_000_001));
    }
}
