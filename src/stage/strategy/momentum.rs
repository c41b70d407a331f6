//! Momentum: goes with what is expected, at once and at the other side's best price; leaves where
//! the opposite is expected, or where the time that the forecast looked ahead is over.

use super::contract::Strategy;
use super::desk::Desk;
use super::settings::{Momentum, Source};
use crate::base::Side;
use crate::event::{Outlook, Over, Standing, Style};

impl Momentum {
    /// What is expected, basis points.
    #[inline(always)]
    fn expected(&self, outlook: &Outlook<'_>) -> f64 {
        f64::from(match self.source {
            Source::Forecast => outlook.forecast.expected_bps,
            Source::Feature(horizon) => outlook.features.over(Over::Momentum, horizon),
        })
    }

    /// How long a position is held at most.
    fn hold_ns(&self, outlook: &Outlook<'_>) -> i64 {
        match self.source {
            Source::Forecast => {
                let horizons = i64::from(self.hold_horizons);
                outlook.forecast.horizon_ns.saturating_mul(horizons).min(self.hold_ns_max)
            }
            Source::Feature(_) => self.hold_ns_max,
        }
    }
}

impl Strategy for Momentum {
    #[inline(always)]
    fn is_ready(&self, outlook: &Outlook<'_>) -> bool {
        match self.source {
            Source::Forecast => outlook.forecast.standing == Standing::Ready,
            Source::Feature(horizon) => outlook.features.is_ready(horizon),
        }
    }

    #[inline]
    fn decide(&self, outlook: &Outlook<'_>, desk: &mut Desk<'_>) {
        let expected = self.expected(outlook);
        let quote = &outlook.view.quote;
        let net = desk.net(quote);
        if net != 0 {
            let ahead = if net > 0 { expected } else { -expected };
            let is_reversed = ahead < -self.exit_bps;
            if (is_reversed || desk.held_ns() >= self.hold_ns(outlook)) && desk.leave(quote) {
                desk.cool(self.cooldown_ns);
            }
        } else if expected > self.entry_bps {
            desk.enter(Side::Buy, quote.ask.price, Style::ImmediateOrCancel);
        } else if expected < -self.entry_bps {
            desk.enter(Side::Sell, quote.bid.price, Style::ImmediateOrCancel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{Scene, means, momentum};
    use super::super::{Form, Source};
    use crate::base::{Nanos, Side};
    use crate::event::{Features, OrderState, Over, Standing, Style};

    fn long() -> Scene {
        let mut scene = Scene::momentum();
        let entry = scene.expect(0.7)[0];
        scene.fill(&entry);
        scene
    }

    #[test]
    fn what_is_expected_to_rise_is_bought_at_once() {
        let mut scene = Scene::momentum();
        assert!(scene.expect(0.5).is_empty(), "more than the threshold, not as much");
        let entry = scene.expect(0.51)[0];
        assert_eq!((entry.terms.side, entry.terms.price.0), (Side::Buy, 6_000_001));
        assert_eq!(entry.terms.style, Style::ImmediateOrCancel);
    }

    #[test]
    fn what_is_expected_to_fall_is_sold_at_once() {
        let entry = Scene::momentum().expect(-0.7)[0];
        assert_eq!((entry.terms.side, entry.terms.price.0), (Side::Sell, 6_000_000));
    }

    #[test]
    fn without_a_forecast_nothing_is_wanted() {
        for standing in [Standing::Absent, Standing::Warming, Standing::Failed] {
            let mut scene = Scene::momentum();
            scene.forecast.standing = standing;
            assert!(scene.expect(5.0).is_empty());
        }
        assert!(Scene::momentum().expect(f32::NAN).is_empty());
    }

    #[test]
    fn a_position_is_left_on_reversal() {
        let mut scene = long();
        assert!(scene.expect(-0.25).is_empty());
        let exit = scene.expect(-0.26)[0];
        assert_eq!((exit.terms.side, exit.is_reducing), (Side::Sell, true));
    }

    #[test]
    fn a_short_is_left_when_a_rise_is_expected() {
        let mut scene = Scene::momentum();
        let entry = scene.expect(-0.7)[0];
        scene.fill(&entry);
        assert!(scene.expect(-0.7).is_empty() && scene.expect(0.25).is_empty());
        let exit = scene.expect(0.26)[0];
        assert_eq!((exit.terms.side, exit.is_reducing), (Side::Buy, true));
    }

    #[test]
    fn a_position_is_left_after_its_horizons() {
        let mut scene = long();
        scene.wait(2 * Nanos::SECOND - 1);
        assert!(scene.expect(0.7).is_empty());
        scene.wait(1);
        assert!(scene.expect(0.7)[0].is_reducing);
    }

    #[test]
    fn an_exit_that_found_nothing_is_tried_again_after_the_wait() {
        let mut scene = long();
        let exit = scene.expect(-1.0)[0];
        scene.hear(&exit, OrderState::Expired, 0, 0);
        assert!(scene.expect(-1.0).is_empty());
        scene.wait(crate::limits::BACKOFF_NS);
        assert!(scene.expect(-1.0)[0].is_reducing);
    }

    #[test]
    fn it_can_go_by_the_momentum_of_a_horizon() {
        let source = Source::Feature(3);
        let form = Form::Momentum(super::Momentum { source, ..momentum() });
        let mut scene = Scene::new(form, means(1_000, 100));
        scene.features.values[Features::place(Over::Momentum, 3)] = 0.7;
        scene.forecast.standing = Standing::Absent;
        assert_eq!(scene.look()[0].terms.side, Side::Buy);
        let mut scene = Scene::new(form, means(1_000, 100));
        scene.features.values[Features::place(Over::Momentum, 3)] = 0.7;
        scene.features.ready = !(1 << 3);
        assert!(scene.look().is_empty(), "that horizon is not ready");
    }
}
