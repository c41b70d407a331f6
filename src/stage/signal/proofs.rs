//! The whole stage: against its twin, across instruction sets, and what it promises of readiness.

use std::collections::VecDeque;

use super::twin::{self, HORIZONS_BACK, Sight, Truth};
use crate::base::{Instrument, InstrumentId, Instruments, Nanos, Symbol};
use crate::event::{
    BookState, FEATURES, Features, HORIZONS, Level as Price, Now, Over, QuoteCause, Seen, View,
};
use crate::limits::SIGNAL_WINDOW_ROWS;
use crate::stage::contract::{Emit, On};
use crate::stage::signal::{Form, Level, Settings, Signals};

/// Keeps the last features.
#[derive(Default)]
struct Keeper(Features, usize);

impl Emit<Seen<'_>> for Keeper {
    fn emit(&mut self, message: &Seen<'_>) {
        self.0 = *message.features;
        self.1 += 1;
    }
}

fn instruments() -> Instruments {
    let mut instruments = Instruments::default();
    let symbol = Symbol::new(b"BTC-USD").unwrap();
    instruments.add(Instrument::plain("venue", symbol, 2, 8)).unwrap();
    instruments
}

fn signals(form: Form, level: Option<Level>) -> Signals {
    Signals::new(&instruments(), &Settings { form, level, ..Settings::default() })
}

fn seen(signals: &mut Signals, view: &View) -> Features {
    let mut keeper = Keeper::default();
    signals.on(view, &mut keeper);
    assert_eq!(keeper.1, 1, "one for each view");
    keeper.0
}

/// A made-up market: views every 2.5 ms on average, in bursts.
struct Market {
    view: View,
    seed: u64,
    /// Units of a step of the price.
    tick: i64,
}

impl Market {
    fn new(seed: u64, tick: i64) -> Market {
        let mut view = View::default();
        view.quote.stamp.recv_ns = Nanos(1_700_000_000_000_000_000);
        view.quote.state = BookState::Live;
        view.quote.bid = Price { price: 6_183_760 * tick, qty: 100 };
        view.quote.ask = Price { price: 6_183_761 * tick, qty: 100 };
        // The counters wrap after a few trades.
        (view.quote.bought, view.quote.sold) = (i64::MAX - 1_000_000_000, i64::MAX - 70_000_000);
        Market { view, seed, tick }
    }

    fn below(&mut self, bound: i64) -> i64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((self.seed >> 33) % bound as u64) as i64
    }

    fn next(&mut self) -> &View {
        let gap = if self.below(4) == 0 { 19_000_000 } else { 300_000 };
        let gap = self.below(gap);
        let step = match self.below(100) {
            0..60 => 0,
            60..99 => self.below(7) - 3,
            _ => self.below(401) - 200,
        };
        let (width, bid_qty, ask_qty) =
            (1 + self.below(3), 1 + self.below(500_000_000), 1 + self.below(500_000_000));
        let traded = self.below(90_000_000);
        let (cause, side) = (self.below(4), self.below(2));
        let tick = self.tick;
        let quote = &mut self.view.quote;
        quote.stamp.recv_ns.0 += gap;
        if cause == 0 {
            let sum = if side == 0 { &mut quote.bought } else { &mut quote.sold };
            *sum = sum.wrapping_add(traded);
            quote.cause = QuoteCause::Trade;
        } else {
            let bid = quote.bid.price + step * tick;
            quote.bid = Price { price: bid, qty: bid_qty };
            quote.ask = Price { price: bid + width * tick, qty: ask_qty };
            quote.cause = QuoteCause::Book;
        }
        &self.view
    }
}

/// Plays `views` of a market and compares with the twin now and then, and at the end.
fn compare(form: Form, views: usize, checks: &[usize], tick: i64) -> Signals {
    let mut signals = signals(form, None);
    let horizons_ns = signals.horizons_ns();
    let mut market = Market::new(7, tick);
    let back = match form {
        Form::Exponential => HORIZONS_BACK,
        Form::Window => 2,
    };
    let mut sights = VecDeque::new();
    for n in 1..=views {
        let view = market.next();
        let sight = Sight::new(&view.quote);
        sights.push_back(sight);
        while sights.len() > 2 && sights[1].ns < sight.ns - back * horizons_ns[HORIZONS - 1] {
            sights.pop_front();
        }
        let features = seen(&mut signals, view);
        if !checks.contains(&n) && n != views {
            continue;
        }
        let mid2 = (view.quote.bid.price + view.quote.ask.price) as f64;
        let exact = signals.memory.exact(0, mid2);
        let all = sights.make_contiguous();
        for (h, horizon_ns) in horizons_ns.into_iter().enumerate() {
            let from = all.partition_point(|s| s.ns < sight.ns - back * horizon_ns);
            let recent = &all[from.saturating_sub(2)..];
            let truth = match form {
                Form::Exponential => twin::exponential(recent, horizon_ns),
                Form::Window => twin::window(recent, horizon_ns),
            };
            agree(&exact.map(|row| row[h]), &truth, 1e-9, (n, h));
            if features.is_ready(h) {
                let shown = Over::ALL.map(|over| f64::from(features.over(over, h)));
                agree(&shown, &truth, 1e-6, (n, h));
            }
        }
    }
    signals
}

#[track_caller]
fn agree(ours: &Truth, truth: &Truth, within: f64, at: (usize, usize)) {
    for ((ours, truth), over) in ours.iter().zip(truth).zip(Over::ALL) {
        let is_good = (ours - truth).abs() <= within * truth.abs().max(1.0);
        assert!(is_good, "{} at {at:?}: {ours} is not {truth}", over.name());
    }
}

#[test]
fn fading_values_are_those_of_the_definition_after_ten_million_views() {
    let checks = [1, 2, 3, 10, 100, 1_000, 10_000, 300_000, 3_000_000];
    compare(Form::Exponential, 10_000_000, &checks, 1);
}

#[test]
fn windowed_values_are_those_of_the_definition_after_ten_million_views() {
    let checks = [1, 2, 3, 10, 100, 1_000, 10_000, 20_000, 300_000, 3_000_000];
    let signals = compare(Form::Window, 10_000_000, &checks, 1);
    assert_eq!(signals.shortened(), 0);
}

#[test]
fn the_first_minutes_are_those_of_the_definition() {
    let checks = [2, 10, 100, 1_000, 5_000, 20_000];
    compare(Form::Window, 30_000, &checks, 1);
    compare(Form::Exponential, 30_000, &checks, 1);
}

#[test]
fn prices_with_many_decimals_need_128_bits_and_have_them() {
    let checks = [2, 10, 1_000, 20_000, 40_000];
    compare(Form::Window, 50_000, &checks, 999_983);
    compare(Form::Exponential, 50_000, &checks, 1_000_000);
}

#[test]
fn decimals_that_are_always_zero_make_no_difference() {
    let mut plain = signals(Form::Window, None);
    let mut padded = signals(Form::Window, None);
    let (mut market, mut same) = (Market::new(9, 1), Market::new(9, 1_000_000));
    for n in 0..60_000 {
        let (a, b) = (seen(&mut plain, market.next()), seen(&mut padded, same.next()));
        let over = Over::ALL.len() * HORIZONS;
        assert_eq!(a.values[..over], b.values[..over], "view {n}");
    }
}

#[test]
fn a_finer_price_than_all_before_keeps_what_was_summed() {
    let mut signals = signals(Form::Window, None);
    let mut sights = Vec::new();
    let mut market = Market::new(13, 1_000_000);
    for n in 0..30_000_i64 {
        let mut view = *market.next();
        // A digit more at each of these views, for that view alone.
        let finer = [(9_000, 100_000), (9_500, 1_000), (20_000, 1)];
        let more = finer.iter().find(|(at, _)| n == *at).map_or(0, |(_, more)| *more);
        view.quote.ask.price += more;
        seen(&mut signals, &view);
        sights.push(Sight::new(&view.quote));
        if more == 0 && n % 5_000 != 1 {
            continue;
        }
        let exact = signals.memory.exact(0, 0.0);
        for (h, horizon_ns) in signals.horizons_ns().into_iter().enumerate() {
            let truth = twin::window(&sights, horizon_ns);
            agree(&exact.map(|row| row[h]), &truth, 1e-9, (n as usize, h));
        }
    }
}

#[test]
fn rows_that_leave_a_window_together_all_leave_it() {
    let mut signals = signals(Form::Window, None);
    let mut market = Market::new(19, 1);
    let mut sights = Vec::new();
    for (n, pause_ms) in [20, 300, 3_000, 60_000].into_iter().enumerate() {
        for _ in 0..2_000 {
            seen(&mut signals, market.next());
            sights.push(Sight::new(&market.view.quote));
        }
        market.view.quote.stamp.recv_ns.0 += pause_ms * 1_000_000;
        seen(&mut signals, market.next());
        sights.push(Sight::new(&market.view.quote));
        let exact = signals.memory.exact(0, 0.0);
        for (h, horizon_ns) in signals.horizons_ns().into_iter().enumerate() {
            let truth = twin::window(&sights, horizon_ns);
            agree(&exact.map(|row| row[h]), &truth, 1e-9, (n, h));
        }
    }
}

#[test]
fn the_plain_way_of_windows_is_the_exact_one_rounded() {
    let mut signals = signals(Form::Window, None);
    let mut market = Market::new(17, 1);
    for n in 0..60_000 {
        let features = seen(&mut signals, market.next());
        let exact = signals.memory.exact(0, 0.0);
        for (h, over) in (0..HORIZONS).flat_map(|h| Over::ALL.map(|over| (h, over))) {
            let (shown, exact) = (f64::from(features.over(over, h)), exact[over as usize][h]);
            let is_good = (shown - exact).abs() <= 1e-6 * exact.abs().max(1.0);
            assert!(is_good || !features.is_ready(h), "{over:?} {h} at {n}: {shown} {exact}");
        }
    }
}

#[test]
fn all_instruction_sets_give_the_same_bits() {
    for form in Form::ALL {
        let levels = Level::ALL.into_iter().filter(|level| level.is_here());
        let mut all: Vec<Signals> = levels.map(|level| signals(form, Some(level))).collect();
        let mut market = Market::new(11, 1);
        for n in 0..60_000 {
            let mut view = *market.next();
            if n % 9_973 == 0 {
                view.quote.state = BookState::Stale;
            }
            if n % 20_011 == 0 {
                market.view.quote.stamp.recv_ns.0 += 90_000_000_000;
            }
            let bits = |signals: &mut Signals| seen(signals, &view).values.map(f32::to_bits);
            let first = bits(&mut all[0]);
            for other in &mut all[1..] {
                assert_eq!(bits(other), first, "{form:?} view {n}");
            }
        }
    }
}

#[test]
fn a_horizon_is_ready_after_three_of_it_and_zero_before() {
    for form in Form::ALL {
        let mut signals = signals(form, None);
        let horizons_ns = signals.horizons_ns();
        let mut market = Market::new(3, 1);
        let begin = market.next().quote.stamp.recv_ns.0;
        seen(&mut signals, &market.view);
        while market.view.quote.stamp.recv_ns.0 < begin + 4 * horizons_ns[HORIZONS - 1] {
            let features = seen(&mut signals, market.next());
            let gone = market.view.quote.stamp.recv_ns.0 - begin;
            for (h, horizon_ns) in horizons_ns.into_iter().enumerate() {
                assert_eq!(features.is_ready(h), gone >= 3 * horizon_ns);
                let is_quiet = Over::ALL.iter().all(|over| features.over(*over, h) == 0.0);
                assert!(features.is_ready(h) || is_quiet);
            }
        }
        assert_eq!(seen(&mut signals, &market.view).ready, u8::MAX);
    }
}

#[test]
fn a_horizon_is_ready_at_three_of_it_to_the_nanosecond() {
    let mut signals = signals(Form::Exponential, None);
    let horizons_ns = signals.horizons_ns();
    let mut view = Market::new(3, 1).view;
    let begin = view.quote.stamp.recv_ns.0;
    seen(&mut signals, &view);
    for (h, horizon_ns) in horizons_ns.into_iter().enumerate() {
        for (early, is_ready) in [(1, false), (0, true)] {
            view.quote.stamp.recv_ns.0 = begin + 3 * horizon_ns - early;
            assert_eq!(seen(&mut signals, &view).is_ready(h), is_ready);
        }
    }
}

#[test]
fn a_book_that_was_not_live_starts_anew() {
    for form in Form::ALL {
        for state in [BookState::Stale, BookState::Broken, BookState::Syncing, BookState::Empty] {
            let (mut worn, mut fresh) = (signals(form, None), signals(form, None));
            let mut market = Market::new(5, 1);
            for _ in 0..50_000 {
                seen(&mut worn, market.next());
            }
            let mut broken = *market.next();
            broken.quote.state = state;
            let features = seen(&mut worn, &broken);
            assert_eq!((features.ready, features.values), (0, [0.0; FEATURES]));
            for _ in 0..5_000 {
                let view = market.next();
                let (a, b) = (seen(&mut worn, view), seen(&mut fresh, view));
                assert_eq!((a.ready, a.values), (b.ready, b.values));
            }
        }
    }
}

#[test]
fn a_market_that_stands_still_says_nothing() {
    for form in Form::ALL {
        let mut signals = signals(form, None);
        let mut market = Market::new(5, 1);
        for _ in 0..100_000 {
            market.view.quote.stamp.recv_ns.0 += 1_000_000;
            let features = seen(&mut signals, &market.view);
            for over in Over::ALL {
                assert!((0..HORIZONS).all(|h| features.over(over, h) == 0.0), "{over:?}");
            }
        }
        assert_eq!(seen(&mut signals, &market.view).ready, u8::MAX);
    }
}

#[test]
fn the_answer_to_a_step_is_the_closed_form() {
    for form in Form::ALL {
        let mut signals = signals(form, None);
        let horizons_ns = signals.horizons_ns();
        let mut market = Market::new(5, 1);
        seen(&mut signals, &market.view);
        market.view.quote.stamp.recv_ns.0 += 4 * horizons_ns[HORIZONS - 1];
        let (low, up) = (market.view.quote.bid.price, 400);
        market.view.quote.bid.price += up;
        market.view.quote.ask.price += up;
        seen(&mut signals, &market.view);
        let mid = (2 * (low + up) + 1) as f64 / 2.0;
        // Twenty views on the way to 5 s after the step: how many makes no difference.
        for _ in 0..20 {
            market.view.quote.stamp.recv_ns.0 += 250_000_000;
            seen(&mut signals, &market.view);
        }
        let exact = signals.memory.exact(0, 2.0 * mid);
        for (h, horizon_ns) in horizons_ns.into_iter().enumerate() {
            let t = 5e9 / horizon_ns as f64;
            let (left, away) = match form {
                Form::Exponential => ((-t).exp(), (-2.0 * t).exp() * (1.0 + 2.0 * t)),
                Form::Window => ((1.0 - t).max(0.0), if t < 1.0 { 1.0 } else { 0.0 }),
            };
            let log_return = (mid / (mid - up as f64)).ln();
            let deviation = up as f64 * (left * (1.0 - left)).sqrt();
            let zscore = if deviation > 1e-12 { up as f64 * left / deviation } else { 0.0 };
            let volatility = match form {
                Form::Exponential => 1e4 * log_return * left.sqrt(),
                Form::Window => 1e4 * log_return * away,
            };
            let expected =
                [1e4 * log_return * away, 1e4 * up as f64 * left / mid, zscore, volatility];
            for (n, expected) in expected.into_iter().enumerate() {
                let ours = exact[n][h];
                let is_good = (ours - expected).abs() <= 1e-9 * expected.abs().max(1.0);
                assert!(is_good, "{form:?} {:?} {h}: {ours} is not {expected}", Over::ALL[n]);
            }
        }
    }
}

#[test]
fn a_window_without_room_is_shortened_and_counted() {
    let mut signals = signals(Form::Window, None);
    let mut market = Market::new(5, 1);
    let mut sights = Vec::new();
    for n in 0..SIGNAL_WINDOW_ROWS + 5_000 {
        market.view.quote.stamp.recv_ns.0 += 100_000;
        market.view.quote.bid.price += (n % 7) as i64 - 3;
        market.view.quote.ask.price = market.view.quote.bid.price + 1;
        seen(&mut signals, &market.view);
        sights.push(Sight::new(&market.view.quote));
    }
    assert_eq!(signals.shortened(), 5_000);
    let mid2 = (market.view.quote.bid.price + market.view.quote.ask.price) as f64;
    let exact = signals.memory.exact(0, mid2);
    let kept = &sights[5_000..];
    let span_ns = kept[kept.len() - 1].ns - kept[0].ns;
    agree(&exact.map(|row| row[HORIZONS - 1]), &twin::window(kept, span_ns), 1e-9, (0, 7));
}

#[test]
fn an_unknown_instrument_has_features_that_are_not_ready() {
    let mut signals = signals(Form::Exponential, None);
    let mut view = *Market::new(5, 1).next();
    view.quote.instrument = 1;
    let features = seen(&mut signals, &view);
    assert_eq!(features.instrument(), InstrumentId(1));
    assert_eq!((features.ready, features.now(Now::Spread)), (0, 0.0));
}

#[test]
fn the_deep_imbalances_follow_each_change_of_the_levels_and_stay_on_a_trade() {
    let mut signals = signals(Form::Exponential, None);
    let mut view = Market::new(5, 1).view;
    let mut shown = |bid: i64, ask: i64, cause: QuoteCause| {
        view.quote.cause = cause;
        view.depth.bids = [Price { price: 1, qty: bid }; _];
        view.depth.asks = [Price { price: 1, qty: ask }; _];
        let features = seen(&mut signals, &view);
        [features.now(Now::Imbalance5), features.now(Now::Imbalance10)]
    };
    assert_eq!(shown(3, 1, QuoteCause::Book), [0.5; 2]);
    assert_eq!(shown(1, 3, QuoteCause::Book), [-0.5; 2]);
    // A trade says nothing of the levels: they are those of before.
    assert_eq!(shown(3, 1, QuoteCause::Trade), [-0.5; 2]);
    assert_eq!(shown(3, 1, QuoteCause::State), [0.5; 2]);
}
