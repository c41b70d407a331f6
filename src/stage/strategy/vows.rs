//! What holds whatever the market does and whatever is reported: budget, readiness, no side that
//! stays taken, no order against an own one; and what becomes of losses and of late fills.

use proptest::prelude::*;

use super::scene::{Scene, means, momentum, reversion};
use super::{Form, Reversion};
use crate::base::{Nanos, OrderId, Side, StrategyId};
use crate::event::{Action, BookState, Intent, OrderState, Report, Standing};

/// Instruments in a scene that draw on one budget, which two entries fill.
const INSTRUMENTS: u32 = 4;

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A market moves: score, expectation, mid, is it live, is all ready.
    Market(u32, f32, f32, i64, bool, bool),
    /// Time goes on, ms.
    Wait(i64),
    /// The order of one of the latest intents comes to a state, with a part of it filled.
    Report(usize, OrderState, i64),
    /// The cancel of one of the latest intents is reported on: by a state, or as refused.
    Cancel(usize, OrderState, bool),
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let state = || prop::sample::select(OrderState::ALL.to_vec());
    let mostly = || prop::bool::weighted(0.95);
    let market = (0..INSTRUMENTS, -4.5_f32..4.5, -2.0_f32..2.0, 0_i64..1_000, mostly(), mostly());
    let step = prop_oneof![
        5 => market.prop_map(|(n, z, bps, mid, live, ready)| {
            Step::Market(n, z, bps, mid, live, ready)
        }),
        1 => (0_i64..4_000).prop_map(Step::Wait),
        3 => (0_usize..6, state(), 0_i64..170_000)
            .prop_map(|(n, state, qty)| Step::Report(n, state, qty)),
        1 => (0_usize..3, state(), any::<bool>())
            .prop_map(|(n, state, refused)| Step::Cancel(n, state, refused)),
        1 => Just(Step::Tick),
    ];
    prop::collection::vec(step, 1..200)
}

fn forms() -> impl Strategy<Value = Form> {
    prop::sample::select(vec![
        Form::Reversion(reversion()),
        Form::Reversion(Reversion { post_only: false, ..reversion() }),
        Form::Momentum(momentum()),
    ])
}

/// What the test itself knows: every order that was sent, by the plainest means.
#[derive(Default)]
struct Plain {
    sent: Vec<Sent>,
    cancels: Vec<Intent>,
}

struct Sent {
    intent: Intent,
    filled: i64,
    state: OrderState,
}

impl Plain {
    fn open(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter().filter(|sent| !sent.state.is_over())
    }

    fn net(&self, instrument: u32) -> i64 {
        let signed = |s: &Sent| if s.intent.terms.side == Side::Buy { s.filled } else { -s.filled };
        self.sent.iter().filter(|s| s.intent.instrument.0 == instrument).map(signed).sum()
    }

    /// The least that positions and what is open beside them take, price times quantity.
    fn taken(&self) -> i128 {
        let adding = self.open().filter(|sent| !sent.intent.is_reducing).map(|sent| {
            let terms = &sent.intent.terms;
            i128::from(terms.price.0) * i128::from(terms.qty.0 - sent.filled)
        });
        // No price is below 60,000.00.
        let held = (0..INSTRUMENTS).map(|n| i128::from(self.net(n).abs()) * 6_000_000);
        adding.chain(held).sum()
    }

    fn take(&mut self, scene: &Scene, out: Vec<Intent>) -> Result<(), TestCaseError> {
        for intent in out {
            match intent.action {
                Action::Cancel => {
                    let is_known = self.open().any(|sent| sent.intent.terms == intent.terms);
                    prop_assert!(is_known, "a cancel is of an order that is open");
                    self.cancels.push(intent);
                }
                Action::Place => self.place(scene, intent)?,
            }
        }
        Ok(())
    }

    fn place(&mut self, scene: &Scene, intent: Intent) -> Result<(), TestCaseError> {
        prop_assert!(scene.view.quote.state == BookState::Live);
        prop_assert!(scene.features.ready == 0xFF && intent.is_ready);
        for other in self.open().filter(|sent| sent.intent.instrument == intent.instrument) {
            let is_other_side = other.intent.terms.side != intent.terms.side;
            let is_lost = other.state == OrderState::Unknown;
            let may = is_other_side && is_lost && intent.is_reducing;
            prop_assert!(may, "one order at a time, but for an exit beside an unknown entry");
        }
        let net = self.net(intent.instrument.0);
        if intent.is_reducing {
            let closes = if net > 0 { Side::Sell } else { Side::Buy };
            prop_assert!(intent.terms.side == closes && intent.terms.qty.0 <= net.abs());
        }
        let is_reducing = intent.is_reducing;
        self.sent.push(Sent { intent, filled: 0, state: OrderState::Sent });
        let budget = 250 * 10_i128.pow(10);
        prop_assert!(is_reducing || self.taken() <= budget, "{} of {budget}", self.taken());
        Ok(())
    }

    /// A report on one of the latest orders, such as a venue could send.
    fn report(&mut self, scene: &mut Scene, n: usize, state: OrderState, qty: i64) {
        let Some(at) = self.sent.len().checked_sub(1 + n) else { return };
        let sent = &mut self.sent[at];
        if sent.state.is_over() {
            return;
        }
        let left = sent.intent.terms.qty.0 - sent.filled;
        let (state, fill) = match state {
            OrderState::Filled => (state, left),
            OrderState::PartlyFilled if qty < left => (state, qty.max(1)),
            OrderState::PartlyFilled => (OrderState::Filled, left),
            _ => (state, 0),
        };
        sent.filled += fill;
        sent.state = state;
        let (intent, filled) = (sent.intent, sent.filled);
        scene.hear(&intent, state, fill, filled);
    }

    /// A report on one of the latest cancels that does not end its order.
    fn report_cancel(&mut self, scene: &mut Scene, n: usize, state: OrderState, is_refusal: bool) {
        let Some(at) = self.cancels.len().checked_sub(1 + n) else { return };
        let cancel = &self.cancels[at];
        let mut report = super::scene::report(cancel.id, state, 0, 0);
        report.stamp = scene.view.quote.stamp;
        (report.instrument, report.is_cancel_refusal) = (cancel.instrument, is_refusal);
        let is_denied = matches!(state, OrderState::Denied | OrderState::Rejected);
        if is_denied || is_refusal || !state.is_over() {
            scene.tell(&report);
        }
    }
}

fn play(scene: &mut Scene, steps: &[Step]) -> Result<Plain, TestCaseError> {
    let mut plain = Plain::default();
    for step in steps {
        match *step {
            Step::Market(instrument, score, bps, mid, is_live, is_ready) => {
                scene.turn(instrument);
                scene.quote(6_000_000 + mid, 6_000_001 + mid);
                scene.view.quote.state = if is_live { BookState::Live } else { BookState::Broken };
                scene.features.ready = if is_ready { 0xFF } else { 0 };
                scene.forecast.standing =
                    if is_ready { Standing::Ready } else { Standing::Warming };
                scene.forecast.expected_bps = bps;
                let out = scene.score(score);
                plain.take(scene, out)?;
            }
            Step::Wait(ms) => scene.wait(ms * Nanos::MILLI),
            Step::Report(n, state, qty) => plain.report(scene, n, state, qty),
            Step::Cancel(n, state, is_refusal) => {
                plain.report_cancel(scene, n, state, is_refusal);
            }
            Step::Tick => {
                let out = scene.tick();
                plain.take(scene, out)?;
            }
        }
        for n in 0..INSTRUMENTS {
            prop_assert_eq!(scene.net_of(n as usize), plain.net(n));
        }
    }
    Ok(plain)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn budget_readiness_and_sides_hold_whatever_happens(form in forms(), steps in steps()) {
        let mut scene = Scene::many(form, means(250, 100), INSTRUMENTS);
        play(&mut scene, &steps)?;
    }

    #[test]
    fn once_all_orders_are_over_no_side_stays_taken(form in forms(), steps in steps()) {
        let mut scene = Scene::many(form, means(250, 100), INSTRUMENTS);
        let mut plain = play(&mut scene, &steps)?;
        for n in 0..plain.sent.len() {
            plain.report(&mut scene, n, OrderState::Cancelled, 0);
        }
        for seat in &scene.strategies.all[0].seats {
            prop_assert!(seat.slots.iter().all(|slot| !slot.is_taken()));
            prop_assert_eq!(seat.committed, seat.money(seat.holding.cost));
        }
        scene.wait(70 * Nanos::SECOND);
        let now = scene.view.quote.stamp.recv_ns;
        let mut slots = scene.strategies.all[0].seats.iter().flat_map(|seat| &seat.slots);
        prop_assert!(slots.all(|slot| slot.is_free(now)), "whatever it waits for is over");
    }

    #[test]
    fn the_same_messages_give_the_same_intents(form in forms(), steps in steps()) {
        let run = || {
            let mut scene = Scene::many(form, means(250, 100), INSTRUMENTS);
            let plain = play(&mut scene, &steps).unwrap();
            let told = |s: &Sent| (s.intent.id, s.intent.terms, s.intent.stamp);
            plain.sent.iter().map(told).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(), run());
    }
}

#[test]
fn an_unknown_order_keeps_its_side_and_its_part_of_the_budget() {
    let mut scene = Scene::reversion();
    let entry = scene.score(-2.5)[0];
    scene.hear(&entry, OrderState::Unknown, 0, 0);
    scene.wait(3_600 * Nanos::SECOND);
    assert!(scene.score(-2.5).is_empty());
    assert!(scene.strategies.show(StrategyId(0)).unwrap().committed > 99 * 100_000_000);
    scene.hear(&entry, OrderState::Cancelled, 0, 0);
    scene.wait(2 * Nanos::SECOND);
    assert_eq!(scene.score(-2.5).len(), 1, "until the venue says what became of it");
}

#[test]
fn a_position_can_be_left_beside_an_unknown_entry() {
    let mut scene = Scene::reversion();
    let entry = scene.score(-2.5)[0];
    scene.hear(&entry, OrderState::PartlyFilled, 100_000, 100_000);
    scene.hear(&entry, OrderState::Unknown, 0, 100_000);
    assert!(scene.score(0.0)[0].is_reducing);
}

#[test]
fn a_fill_after_the_end_of_its_order_counts() {
    let mut scene = Scene::reversion();
    let entry = scene.score(-2.5)[0];
    scene.hear(&entry, OrderState::Cancelled, 0, 0);
    scene.hear(&entry, OrderState::Cancelled, 50_000, 50_000);
    assert_eq!(scene.net(), 50_000);
    assert!(scene.score(0.0)[0].is_reducing);
}

#[test]
fn a_fill_that_is_reported_twice_counts_once() {
    let mut scene = Scene::reversion();
    let entry = scene.score(-2.5)[0];
    scene.hear(&entry, OrderState::PartlyFilled, 50_000, 50_000);
    scene.hear(&entry, OrderState::PartlyFilled, 50_000, 50_000);
    assert_eq!(scene.net(), 50_000);
    assert_eq!(scene.strategies.show(StrategyId(0)).unwrap().counts.repeats, 1);
}

#[test]
fn a_denied_order_is_not_sent_again_at_once() {
    let mut scene = Scene::momentum();
    let entry = scene.expect(1.0)[0];
    scene.hear(&entry, OrderState::Denied, 0, 0);
    scene.wait(crate::limits::BACKOFF_NS - 1);
    assert!(scene.expect(1.0).is_empty());
    scene.wait(1);
    let again = scene.expect(1.0)[0];
    assert_eq!(again.id, entry.id + 1, "each intent has a number of its own");
    scene.hear(&again, OrderState::Denied, 0, 0);
    scene.wait(crate::limits::BACKOFF_NS);
    assert!(scene.expect(1.0).is_empty(), "the wait doubles");
}

#[test]
fn without_room_in_the_budget_nothing_is_entered() {
    let mut scene = Scene::new(Form::Momentum(momentum()), means(99, 100));
    assert!(scene.expect(1.0).is_empty());
    assert_eq!(scene.strategies.show(StrategyId(0)).unwrap().counts.unaffordable, 1);
}

#[test]
fn a_strategy_that_may_not_go_short_does_not_sell_what_it_has_not() {
    let mut purse = means(1_000, 100);
    purse.allow_short = false;
    let mut scene = Scene::new(Form::Momentum(momentum()), purse);
    assert!(scene.expect(-1.0).is_empty());
    let entry = scene.expect(1.0)[0];
    scene.fill(&entry);
    assert!(scene.expect(-1.0)[0].is_reducing);
}

#[test]
fn a_loss_beyond_its_limit_closes_the_position_for_good() {
    let mut scene = Scene::momentum();
    let entry = scene.expect(1.0)[0];
    scene.fill(&entry);
    // 0.00166 bitcoin lose 10 where the price falls by about 6,024.
    scene.quote(5_398_000, 5_398_001);
    assert!(scene.expect(1.0).is_empty());
    scene.quote(5_397_000, 5_397_001);
    let exit = scene.expect(1.0)[0];
    assert!(exit.is_reducing);
    scene.fill(&exit);
    scene.quote(6_000_000, 6_000_001);
    scene.wait(3_600 * Nanos::SECOND);
    assert!(scene.expect(2.0).is_empty());
    assert!(scene.strategies.show(StrategyId(0)).unwrap().is_stopped);
}

#[test]
fn a_quote_in_other_decimals_is_not_traded_on() {
    let mut scene = Scene::momentum();
    scene.view.quote.price_decimals = 3;
    assert!(scene.expect(1.0).is_empty());
}

#[test]
fn reports_about_nobody_are_counted_and_change_nothing() {
    let mut scene = Scene::momentum();
    let mut stray: Report = super::scene::report(1, OrderState::Filled, 10, 10);
    stray.strategy = StrategyId(7);
    scene.tell(&stray);
    assert_eq!((scene.strategies.strays(), scene.net()), (1, 0));
    stray.strategy = StrategyId(0);
    stray.instrument = crate::base::InstrumentId(7);
    stray.order = OrderId(1);
    scene.tell(&stray);
    assert_eq!(scene.strategies.show(StrategyId(0)).unwrap().counts.strays, 1);
}
