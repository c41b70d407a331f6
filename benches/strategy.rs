//! Model, strategies and route: from features to orders, with and without an intent.
//!
//! One outlook goes through the model (a weighted sum of three features), two strategies and the
//! router, by direct calls as on one core. With an intent, each outlook leads to exactly one; the
//! report that frees the strategy for the next one is not timed.

use std::hint::black_box;

use neural_kraken::base::{
    AccountId, Instrument, InstrumentId, Instruments, Nanos, OrderId, Qty, Symbol,
};
use neural_kraken::event::{
    BookState, Child, Features, Fill, Level, Now, OrderState, Outlook, Over, QuoteCause, Report,
    Routed, Seen, View, Wanted,
};
use neural_kraken::stage::contract::{Emit, Nowhere, On};
use neural_kraken::stage::model::{self, Coefficients, Models};
use neural_kraken::stage::route::{self, Router};
use neural_kraken::stage::strategy::{self, Means, Momentum, Reversion, Source, Strategies};

use crate::support::{Bench, Case, Contender};

/// Outlooks in a pass.
const ITEMS: usize = 20_000;

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    for (name, is_eager) in [("without an intent", false), ("with an intent", true)] {
        let case = Case::new(format!("outlook {name}"), "outlook", ITEMS);
        for case in [case.clone(), case.cold()] {
            if bench.wants(case.name()) {
                bench.run(&case, &mut Desk::new(is_eager), &mut []);
            }
        }
    }
}

/// Model, strategies, route.
struct Desk {
    models: Models,
    strategies: Strategies,
    router: Router,
    view: View,
    features: Features,
    is_eager: bool,
    last: Last,
}

/// The last child, which is what the next report is about.
#[derive(Default)]
struct Last(Option<Child>);

impl Emit<Routed<'_>> for Last {
    fn emit(&mut self, routed: &Routed<'_>) {
        match routed {
            Routed::Market(view) => {
                black_box(view);
            }
            Routed::Child(child) => self.0 = Some(**child),
        }
    }
}

struct ToStrategies<'a>(&'a mut Strategies, ToRouter<'a>);
struct ToRouter<'a>(&'a mut Router, &'a mut Last);

impl Emit<Outlook<'_>> for ToStrategies<'_> {
    fn emit(&mut self, outlook: &Outlook<'_>) {
        self.0.on(outlook, &mut self.1);
    }
}

impl Emit<Wanted<'_>> for ToRouter<'_> {
    fn emit(&mut self, wanted: &Wanted<'_>) {
        self.0.on(wanted, self.1);
    }
}

fn instruments() -> Instruments {
    let mut instruments = Instruments::default();
    let plain = Instrument::plain("binance", Symbol::new(b"BTCUSDT").unwrap(), 2, 8);
    instruments.add(Instrument { lot: Qty(1_000), ..plain }).unwrap();
    instruments
}

fn models() -> model::Settings {
    let weights = vec![
        (Features::place_now(Now::Imbalance1), 0.36),
        (Features::place_now(Now::Micro), -0.88),
        (Features::place(Over::OrderFlow, 3), 0.16),
    ];
    let linear = Coefficients { bias: 0.0, weights, clip_bps: 5.0, scale_bps: 0.6 };
    let given = model::Given {
        name: String::from("touch"),
        horizon_ns: Nanos::SECOND,
        instruments: vec![InstrumentId(0)],
        form: model::Form::Linear(linear),
        deadline_ns: 0,
    };
    model::Settings { models: vec![given] }
}

fn strategies() -> strategy::Settings {
    let unit = 100_000_000;
    let purse = Means {
        budget: 2_000 * unit,
        order_notional: 100 * unit,
        loss_max: i64::MAX,
        allow_short: true,
    };
    let reversion = Reversion {
        horizon: 4,
        entry: 2.0,
        exit: 0.5,
        stop: 4.0,
        hold_ns_max: 20 * Nanos::SECOND,
        rest_ns_max: 3 * Nanos::SECOND,
        cooldown_ns: 0,
        post_only: true,
    };
    let momentum = Momentum {
        source: Source::Forecast,
        entry_bps: 0.45,
        exit_bps: 0.2,
        hold_horizons: 5,
        hold_ns_max: 30 * Nanos::SECOND,
        cooldown_ns: 0,
    };
    let forms = [strategy::Form::Reversion(reversion), strategy::Form::Momentum(momentum)];
    let given = |form| strategy::Given {
        name: String::from("s"),
        instruments: vec![InstrumentId(0)],
        purse,
        form,
    };
    strategy::Settings { strategies: forms.map(given).into() }
}

impl Desk {
    fn new(is_eager: bool) -> Desk {
        let instruments = instruments();
        let accounts = vec![vec![("binance", AccountId(0))]; 2];
        let routes = route::Settings { accounts, taker_fees_ppm: Vec::new() };
        let mut view = View::default();
        view.quote.state = BookState::Live;
        (view.quote.price_decimals, view.quote.qty_decimals) = (2, 8);
        (view.depth.bid_count, view.depth.ask_count) = (10, 10);
        Desk {
            models: Models::new(&instruments, &models()),
            strategies: Strategies::new(&instruments, &strategies()),
            router: Router::new(&instruments, &routes),
            view,
            features: Features { ready: 0xFF, ..Features::default() },
            is_eager,
            last: Last::default(),
        }
    }

    /// The last order is filled, so that the next outlook finds a free side.
    fn fill(&mut self, child: &Child) {
        let fill = Fill { price: child.terms.price, qty: child.terms.qty, ..Fill::default() };
        let report = Report {
            stamp: self.view.quote.stamp,
            fill,
            filled: child.terms.qty,
            ..Report::of(child, OrderId(child.intent), OrderState::Filled)
        };
        self.strategies.on(&report, &mut Nowhere);
    }
}

impl Contender for Desk {
    fn reset(&mut self) {
        *self = Desk::new(self.is_eager);
    }

    fn prepare(&mut self, index: usize) {
        if let Some(child) = self.last.0.take() {
            self.fill(&child);
        }
        let quote = &mut self.view.quote;
        quote.stamp.frame = index as u64;
        quote.stamp.recv_ns = Nanos((1_000_000 + index as i64) * Nanos::MILLI);
        let mid = 6_000_000 + (index as i64 * 7_919) % 1_000;
        quote.bid = Level { price: mid, qty: 100_000_000 };
        quote.ask = Level { price: mid + 1, qty: 100_000_000 };
        // Most quotes come from the top-of-book stream and leave the ten levels as they were.
        let is_book = index.is_multiple_of(8);
        quote.cause = if is_book { QuoteCause::Book } else { QuoteCause::Top };
        if is_book {
            self.view.depth.frame = index as u64;
        }
        let way = if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        let imbalance = if self.is_eager { 2.0 } else { 0.9 };
        self.features.values[Features::place_now(Now::Imbalance1)] = way * imbalance;
        self.features.values[Features::place(Over::Zscore, 4)] = way * 1.5;
    }

    fn item(&mut self, _: usize) {
        let Desk { models, strategies, router, view, features, last, .. } = self;
        let mut out = ToStrategies(strategies, ToRouter(router, last));
        models.on(&Seen { view, features }, &mut out);
        black_box(&self.last.0);
        assert!(self.last.0.is_some() == self.is_eager, "one intent where one is due");
    }
}
