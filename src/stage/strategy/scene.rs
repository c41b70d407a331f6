//! A scene for tests: one strategy, one instrument or some alike, and a market and reports made by
//! hand.

use super::{Form, Given, Means, Momentum, Reversion, Settings, Source, Strategies};
use crate::base::{
    AccountId, Instrument, InstrumentId, Instruments, Nanos, OrderId, Price, Qty, Side, StrategyId,
    Symbol,
};
use crate::event::{
    BookState, Features, Fill, Forecast, Intent, Level, OrderState, Outlook, Over, Reasons, Report,
    Stamp, Standing, Style, Terms, Tick, View, Wanted,
};
use crate::stage::contract::{Emit, On};

/// Bitcoin as on Binance, with prices of two decimals.
pub(super) fn btcusdt() -> Instrument {
    let symbol = Symbol::new(b"BTCUSDT").unwrap();
    Instrument {
        lot: Qty(1_000),
        qty_min: Qty(1_000),
        notional_min: 500,
        ..Instrument::plain("binance", symbol, 2, 8)
    }
}

/// Whole units of quote.
pub(super) fn means(budget: i64, order_notional: i64) -> Means {
    let unit = 100_000_000;
    Means {
        budget: budget * unit,
        order_notional: order_notional * unit,
        loss_max: 10 * unit,
        allow_short: true,
    }
}

/// Enters at 2, leaves at 0.5, gives up at 4; holds 20 s, rests 3 s, cools 5 s.
pub(super) fn reversion() -> Reversion {
    Reversion {
        horizon: 4,
        entry: 2.0,
        exit: 0.5,
        stop: 4.0,
        hold_ns_max: 20 * Nanos::SECOND,
        rest_ns_max: 3 * Nanos::SECOND,
        cooldown_ns: 5 * Nanos::SECOND,
        post_only: true,
    }
}

/// Enters at 0.5 basis points, holds two horizons.
pub(super) fn momentum() -> Momentum {
    Momentum {
        source: Source::Forecast,
        entry_bps: 0.5,
        exit_bps: 0.25,
        hold_horizons: 2,
        hold_ns_max: 30 * Nanos::SECOND,
        cooldown_ns: Nanos::SECOND,
    }
}

/// A report on the order of an intent; the fill is at 100.
pub(super) fn report(intent: u64, state: OrderState, fill: i64, filled: i64) -> Report {
    let (price, qty) = (Price(100), Qty(10));
    let mut made = Report {
        stamp: Stamp::default(),
        order: OrderId(9),
        intent,
        terms: Terms { price, qty, side: Side::Buy, style: Style::PostOnly },
        fill: Fill::default(),
        filled: Qty(filled),
        instrument: InstrumentId(0),
        reasons: Reasons::default(),
        rejection: 0,
        strategy: StrategyId(0),
        account: AccountId(0),
        state,
        is_cancel_refusal: false,
    };
    (made.fill.price, made.fill.qty) = (price, Qty(fill));
    made
}

/// What comes out: the market first, then intents.
#[derive(Default)]
pub(super) struct Ear {
    pub(super) markets: usize,
    pub(super) intents: Vec<Intent>,
}

impl Emit<Wanted<'_>> for Ear {
    fn emit(&mut self, wanted: &Wanted<'_>) {
        match wanted {
            Wanted::Market(_) => {
                assert!(self.intents.is_empty(), "the market comes first");
                self.markets += 1;
            }
            Wanted::Intent(intent) => self.intents.push(**intent),
        }
    }
}

/// One instrument or some alike, one strategy.
pub(super) struct Scene {
    pub(super) strategies: Strategies,
    pub(super) view: View,
    pub(super) features: Features,
    pub(super) forecast: Forecast,
    orders: u64,
}

impl Scene {
    pub(super) fn new(form: Form, purse: Means) -> Scene {
        Scene::many(form, purse, 1)
    }

    /// So many instruments alike; the market is that of the first until [`Scene::turn`].
    pub(super) fn many(form: Form, purse: Means, count: u32) -> Scene {
        let mut instruments = Instruments::default();
        for n in 0..count {
            let symbol = Symbol::new(format!("BTCUSDT{n}").as_bytes()).unwrap();
            instruments.add(Instrument { symbol, ..btcusdt() }).unwrap();
        }
        let traded = instruments.iter().map(|instrument| instrument.id).collect();
        let given = Given { name: String::from("s"), instruments: traded, purse, form };
        let mut scene = Scene {
            strategies: Strategies::new(&instruments, &Settings { strategies: vec![given] }),
            view: View::default(),
            features: Features { ready: 0xFF, ..Features::default() },
            forecast: Forecast {
                standing: Standing::Ready,
                horizon_ns: Nanos::SECOND,
                ..Forecast::default()
            },
            orders: 0,
        };
        let quote = &mut scene.view.quote;
        (quote.price_decimals, quote.qty_decimals) = (2, 8);
        quote.state = BookState::Live;
        quote.stamp.recv_ns = Nanos(1_000 * Nanos::SECOND);
        scene.quote(6_000_000, 6_000_001);
        scene
    }

    pub(super) fn reversion() -> Scene {
        Scene::new(Form::Reversion(reversion()), means(1_000, 100))
    }

    pub(super) fn momentum() -> Scene {
        Scene::new(Form::Momentum(momentum()), means(1_000, 100))
    }

    /// The market is that of this instrument from now on.
    pub(super) fn turn(&mut self, instrument: u32) {
        self.view.quote.instrument = instrument;
        self.features.instrument = instrument;
        self.forecast.instrument = instrument;
    }

    pub(super) fn quote(&mut self, bid: i64, ask: i64) {
        let qty = 100_000_000;
        self.view.quote.bid = Level { price: bid, qty };
        self.view.quote.ask = Level { price: ask, qty };
    }

    /// Time goes on.
    pub(super) fn wait(&mut self, ns: i64) {
        self.view.quote.stamp.recv_ns.0 += ns;
        self.view.quote.stamp.frame += 1;
    }

    /// The market as it is, with this z-score.
    pub(super) fn score(&mut self, score: f32) -> Vec<Intent> {
        for h in 0..crate::event::HORIZONS {
            self.features.values[Features::place(Over::Zscore, h)] = score;
        }
        self.look()
    }

    /// The market as it is, with this expectation.
    pub(super) fn expect(&mut self, bps: f32) -> Vec<Intent> {
        self.forecast.expected_bps = bps;
        self.look()
    }

    pub(super) fn look(&mut self) -> Vec<Intent> {
        let mut ear = Ear::default();
        let (view, features, forecast) = (&self.view, &self.features, &self.forecast);
        self.strategies.on(&Outlook { view, features, forecast }, &mut ear);
        assert_eq!(ear.markets, 1, "one market for each outlook");
        ear.intents
    }

    pub(super) fn tick(&mut self) -> Vec<Intent> {
        let mut ear = Ear::default();
        self.strategies.on(&Tick { now: self.view.quote.stamp.recv_ns, frame: 0 }, &mut ear);
        assert_eq!(ear.markets, 0);
        ear.intents
    }

    /// What became of an order: `filled` so far, `fill` of it now.
    pub(super) fn hear(&mut self, of: &Intent, state: OrderState, fill: i64, filled: i64) {
        self.orders += 1;
        let mut made = report(of.id, state, fill, filled);
        made.stamp = self.view.quote.stamp;
        (made.terms, made.instrument) = (of.terms, of.instrument);
        made.fill.price = of.terms.price;
        self.tell(&made);
    }

    pub(super) fn tell(&mut self, report: &Report) {
        let mut ear = Ear::default();
        self.strategies.on(report, &mut ear);
        assert_eq!((ear.markets, ear.intents.len()), (0, 0));
    }

    /// All of it is filled at its price.
    pub(super) fn fill(&mut self, of: &Intent) {
        self.hear(of, OrderState::Filled, of.terms.qty.0, of.terms.qty.0);
    }

    pub(super) fn net(&self) -> i64 {
        self.net_of(0)
    }

    pub(super) fn net_of(&self, instrument: usize) -> i64 {
        self.strategies.show(StrategyId(0)).unwrap().positions[instrument].1
    }
}
