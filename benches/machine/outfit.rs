//! What the stages behind the signals are told in a bench: one model, one account a venue, and a
//! gate with every limit set and wide, so that each check is made and none denies.

use std::sync::Arc;

use neural_kraken::base::{
    AccountId, AssetId, Instrument, InstrumentId, Instruments, Nanos, Status,
};
use neural_kraken::event::{Features, Now, Over};
use neural_kraken::neural;
use neural_kraken::stage::model::{self, Coefficients, Models};
use neural_kraken::stage::risk::{
    AccountLimits, Gate, InstrumentLimits, OrderRate, Settings, StrategyLimits, VenueLimits,
};
use neural_kraken::stage::route::{self, Router};
use neural_kraken::venue::Dialect;

/// A limit that nothing here reaches.
const WIDE: i64 = 1 << 55;

/// Decimals of both assets.
const ASSET_DECIMALS: u8 = 8;

const QUOTE: AssetId = AssetId(0);
const BASE: AssetId = AssetId(1);

/// An hour: recordings have silences.
const QUOTE_AGE_NS: i64 = 3_600 * Nanos::SECOND;

/// The same instruments, known well enough to be traded.
pub(crate) fn tradable(instruments: &Instruments) -> Instruments {
    let mut tradable = Instruments::default();
    for instrument in instruments {
        let known = Instrument {
            base: Some(BASE),
            quote: Some(QUOTE),
            status: Status::Open,
            ..instrument.clone()
        };
        tradable.add(known).unwrap();
    }
    tradable
}

/// A weighted sum of three features for every instrument.
pub(crate) fn models(instruments: &Instruments) -> Models {
    let weights = vec![
        (Features::place_now(Now::Imbalance1), 0.36),
        (Features::place_now(Now::Micro), -0.88),
        (Features::place(Over::OrderFlow, 3), 0.16),
    ];
    let given = model::Given {
        name: String::from("touch"),
        horizon_ns: Nanos::SECOND,
        instruments: instruments.iter().map(|instrument| instrument.id).collect(),
        form: model::Form::Linear(Coefficients {
            bias: 0.0,
            weights,
            clip_bps: 5.0,
            scale_bps: 0.6,
        }),
        deadline_ns: 0,
    };
    Models::new(instruments, &model::Settings { models: vec![given] })
}

/// An LSTM of size S (20 features, 2 x 32 cells, drawn weights) for every instrument: at each view
/// it steps, whatever it says. Its features are those at the three shortest horizons and two that
/// have none.
pub(crate) fn networks(instruments: &Instruments, is_int8: bool) -> Models {
    let windowed = neural::invented(20, &[32, 32], 3, 1);
    let network = neural::Network { form: neural::Form::Streaming, window: 1, ..windowed };
    let level = neural::Level::detect();
    let engine = if is_int8 {
        neural::Engine::int8(&network, &neural::Reach::widest(&network), level)
    } else {
        neural::Engine::new(&network, level)
    };
    let memory =
        Over::ALL.into_iter().flat_map(|over| (0..3).map(move |h| Features::place(over, h)));
    let now = [Now::Imbalance1, Now::Micro].map(Features::place_now);
    let form = model::Form::Lstm(model::Network {
        engine: Arc::new(engine.unwrap()),
        inputs: model::Inputs {
            places: memory.chain(now).collect(),
            mean: vec![0.0; 20],
            factor: vec![1.0; 20],
        },
        outputs: model::Outputs::Classes { down: 0, up: 2, move_bps: 1.0 },
        warmup: 1,
        pace_ns: 0,
    });
    let given = model::Given {
        name: String::from("s"),
        horizon_ns: Nanos::SECOND,
        instruments: instruments.iter().map(|instrument| instrument.id).collect(),
        form,
        deadline_ns: 0,
    };
    Models::new(instruments, &model::Settings { models: vec![given] })
}

/// An account at each venue, in the order of the dialects.
pub(super) fn router(dialects: &[&'static Dialect], instruments: &Instruments) -> Router {
    let account = |(n, dialect): (usize, &&'static Dialect)| (dialect.name, AccountId(n as u16));
    let accounts = vec![dialects.iter().enumerate().map(account).collect()];
    Router::new(instruments, &route::Settings { accounts, taker_fees_ppm: Vec::new() })
}

/// Every limit is set, and wide.
pub(crate) fn gate(dialects: &[&'static Dialect], instruments: &Instruments) -> Gate {
    let limits = InstrumentLimits {
        qty_max: Some(WIDE),
        position_max: Some(WIDE),
        notional_max: Some(WIDE),
        collar_bps: Some(1_000),
    };
    let account = |dialect: &&'static Dialect| AccountLimits {
        venue: dialect.name,
        exposure_max: Some(WIDE),
        open_orders_max: Some(4_000),
        rate: Some(OrderRate {
            per_second: 1_000_000_000,
            burst: 1_000_000_000,
            cancel_reserve: 1,
        }),
        balances: vec![(QUOTE, WIDE), (BASE, WIDE)],
    };
    let venue = |dialect: &&'static Dialect| VenueLimits {
        venue: dialect.name,
        exposure_max: Some(WIDE),
        fee_ppm: 4_000,
    };
    let settings = Settings {
        decimals: vec![ASSET_DECIMALS; 2],
        reckoning: QUOTE,
        chains: vec![Some(vec![]), Some(vec![(QUOTE, Some(InstrumentId(0)))])],
        instruments: vec![limits; instruments.len()],
        assets: vec![Some(WIDE); 2],
        strategies: vec![StrategyLimits { exposure_max: Some(WIDE) }],
        accounts: dialects.iter().map(account).collect(),
        venues: dialects.iter().map(venue).collect(),
        gross_max: Some(WIDE),
        net_max: Some(WIDE),
        open_orders_max: Some(4_000),
        daily_loss_max: Some(WIDE),
        drawdown_max: Some(WIDE),
        quote_age_max_ns: Some(QUOTE_AGE_NS),
        ..Settings::default()
    };
    Gate::new(instruments, &settings)
}
