//! The stage: where forecasts stand, what is late, what is swapped.

use super::*;
use crate::base::{Instrument, Nanos, Symbol};
use crate::event::{Features, Now, Over, View};

/// Keeps the forecasts that come out.
#[derive(Default)]
struct Ear(Vec<Forecast>);

impl Emit<Outlook<'_>> for Ear {
    fn emit(&mut self, outlook: &Outlook<'_>) {
        assert_eq!(outlook.forecast.instrument, outlook.view.quote.instrument);
        self.0.push(*outlook.forecast);
    }
}

fn instruments(count: usize) -> Instruments {
    let mut instruments = Instruments::default();
    for n in 0..count {
        let symbol = Symbol::new(format!("S{n}").as_bytes()).unwrap();
        instruments.add(Instrument::plain("venue", symbol, 2, 8)).unwrap();
    }
    instruments
}

fn given(instruments: &[u32], bias: f64) -> Given {
    let weights = vec![
        (Features::place_now(Now::Imbalance1), 2.0),
        (Features::place(Over::OrderFlow, 3), 0.0),
    ];
    Given {
        name: String::from("m"),
        horizon_ns: 2 * Nanos::SECOND,
        instruments: instruments.iter().map(|id| InstrumentId(*id)).collect(),
        form: Form::Linear(Coefficients { bias, weights, clip_bps: 9.0, scale_bps: 1.0 }),
        deadline_ns: 0,
    }
}

fn models(given: Vec<Given>) -> Models {
    Models::new(&instruments(3), &Settings { models: given })
}

fn view(instrument: u32, state: BookState) -> View {
    let mut view = View::default();
    (view.quote.instrument, view.quote.state) = (instrument, state);
    view.quote.stamp.frame = 77;
    view
}

fn forecast(models: &mut Models, view: &View, features: &Features) -> Forecast {
    let mut ear = Ear::default();
    models.on(&Seen { view, features }, &mut ear);
    assert_eq!(ear.0.len(), 1, "exactly one outlook for each");
    ear.0[0]
}

fn ready() -> Features {
    let mut features = Features { ready: 1 << 3, ..Features::default() };
    features.values[Features::place_now(Now::Imbalance1)] = 0.5;
    features
}

#[test]
fn a_live_book_with_ready_features_has_a_forecast() {
    let mut models = models(vec![given(&[0], 0.0)]);
    let made = forecast(&mut models, &view(0, BookState::Live), &ready());
    assert_eq!((made.standing, made.stamp.frame), (Standing::Ready, 77));
    assert_eq!(made.horizon_ns, 2 * Nanos::SECOND);
    assert_eq!(made.expected_bps.to_bits(), 1_f32.to_bits());
    assert!((made.up + made.down - 1.0).abs() < 1e-6 && made.up > 0.73 && made.up < 0.74);
}

#[test]
fn a_book_that_is_not_live_warms() {
    let mut models = models(vec![given(&[0], 0.0)]);
    for state in [BookState::Empty, BookState::Syncing, BookState::Stale, BookState::Broken] {
        let made = forecast(&mut models, &view(0, state), &ready());
        assert_eq!((made.standing, made.expected_bps), (Standing::Warming, 0.0));
    }
}

#[test]
fn a_horizon_that_it_reads_and_that_is_not_ready_warms() {
    let mut models = models(vec![given(&[0], 0.0)]);
    let mut features = ready();
    features.ready = !(1 << 3);
    let made = forecast(&mut models, &view(0, BookState::Live), &features);
    assert_eq!(made.standing, Standing::Warming);
}

#[test]
fn all_horizons_that_it_reads_must_be_ready() {
    let mut both = given(&[0], 0.0);
    let Form::Linear(of) = &mut both.form else { panic!("a linear model") };
    of.weights.push((Features::place(Over::OrderFlow, 5), 0.0));
    let mut models = models(vec![both]);
    for (ready, standing) in [
        (1 << 3, Standing::Warming),
        (1 << 5, Standing::Warming),
        (1 << 3 | 1 << 5, Standing::Ready),
    ] {
        let features = Features { ready, ..self::ready() };
        let made = forecast(&mut models, &view(0, BookState::Live), &features);
        assert_eq!(made.standing, standing, "{ready:b}");
    }
}

#[test]
fn an_old_number_does_not_stay_where_there_is_none() {
    let mut models = models(vec![given(&[0], 0.0)]);
    forecast(&mut models, &view(0, BookState::Live), &ready());
    let mut features = ready();
    features.values[Features::place_now(Now::Imbalance1)] = f32::NAN;
    let made = forecast(&mut models, &view(0, BookState::Live), &features);
    assert_eq!((made.standing, made.expected_bps, made.up), (Standing::Failed, 0.0, 0.0));
    assert_eq!(models.counts().failed, 1);
}

#[test]
fn an_instrument_without_a_model_is_passed_on_all_the_same() {
    let mut models = models(vec![given(&[0], 0.0)]);
    let made = forecast(&mut models, &view(2, BookState::Live), &ready());
    assert_eq!(made.standing, Standing::Absent);
}

#[test]
fn the_first_model_that_is_meant_for_it_is_its_model() {
    let mut models = models(vec![given(&[1], 1.0), given(&[0, 1, 2], 2.0)]);
    let live = |id| view(id, BookState::Live);
    let bps: Vec<f32> =
        (0..3).map(|id| forecast(&mut models, &live(id), &ready()).expected_bps).collect();
    assert_eq!(bps, [3.0, 2.0, 3.0]);
}

/// Calls late what it was told to, and keeps what it was asked.
#[derive(Clone, Debug, Default)]
struct Judge {
    late: Vec<Late>,
    asked: std::sync::Arc<std::sync::Mutex<Vec<(Late, i64)>>>,
}

impl Watch for Judge {
    fn begin(&mut self) {}

    fn is_late(&mut self, answer: Late, deadline_ns: i64) -> bool {
        self.asked.lock().unwrap().push((answer, deadline_ns));
        self.late.contains(&answer)
    }
}

#[test]
fn a_late_answer_is_no_forecast_and_is_counted() {
    let mut models = models(vec![Given { deadline_ns: 900, ..given(&[0, 2], 0.0) }]);
    let judge = Judge { late: vec![Late { instrument: 2, answer: 2 }], ..Judge::default() };
    models.watch(Box::new(judge.clone()));
    let mut stood = |id| forecast(&mut models, &view(id, BookState::Live), &ready());
    let standings = [2, 0, 2, 0, 2].map(|id| stood(id).standing);
    let [ready, failed] = [Standing::Ready, Standing::Failed];
    assert_eq!(standings, [ready, ready, failed, ready, ready]);
    let asked = judge.asked.lock().unwrap();
    let told: Vec<_> = asked.iter().map(|(late, ns)| (late.instrument, late.answer, *ns)).collect();
    assert_eq!(told, [(2, 1, 900), (0, 1, 900), (2, 2, 900), (0, 2, 900), (2, 3, 900)]);
    let counts = models.counts();
    assert_eq!((counts.late, counts.failed, counts.ready), (1, 0, 4));
}

#[test]
fn a_late_answer_leaves_no_number_behind() {
    let mut models = models(vec![Given { deadline_ns: 1, ..given(&[0], 0.0) }]);
    let late = vec![Late { instrument: 0, answer: 1 }];
    models.watch(Box::new(Judge { late, ..Judge::default() }));
    let made = forecast(&mut models, &view(0, BookState::Live), &ready());
    assert_eq!((made.standing, made.expected_bps, made.up), (Standing::Failed, 0.0, 0.0));
    assert_eq!(made.down.to_bits(), 0.0_f32.to_bits());
}

#[test]
fn without_a_deadline_nobody_is_asked_what_is_late() {
    let mut models = models(vec![given(&[0], 0.0)]);
    let judge = Judge::default();
    models.watch(Box::new(judge.clone()));
    forecast(&mut models, &view(0, BookState::Live), &ready());
    assert!(judge.asked.lock().unwrap().is_empty());
}

/// A drawn network that carries states, over the first features.
fn network(seed: u64, instruments: &[u32]) -> Given {
    use crate::neural::{Engine, Level, invented};
    let mut drawn = invented(4, &[6], 3, seed);
    drawn.form = crate::neural::Form::Streaming;
    let inputs = Inputs { places: (0..4).collect(), mean: vec![0.0; 4], factor: vec![1.0; 4] };
    let form = Form::Lstm(Network {
        engine: std::sync::Arc::new(Engine::new(&drawn, Level::detect()).unwrap()),
        inputs,
        outputs: Outputs::Classes { down: 0, up: 2, move_bps: 2.0 },
        warmup: 3,
        pace_ns: 0,
    });
    Given { form, horizon_ns: seed as i64, ..given(instruments, 0.0) }
}

#[test]
fn a_model_that_was_swapped_in_says_what_it_would_have_said_from_the_start() {
    let features = Features { ready: u8::MAX, ..ready() };
    let says = |models: &mut Models| {
        let made = forecast(models, &view(1, BookState::Live), &features);
        (made.standing, made.expected_bps.to_bits(), made.up.to_bits(), made.horizon_ns)
    };
    let fresh: Vec<_> = {
        let mut models = models(vec![network(9, &[1])]);
        (0..6).map(|_| says(&mut models)).collect()
    };
    let mut models = models(vec![given(&[0], 0.0), network(8, &[1])]);
    (0..5).for_each(|_| {
        says(&mut models);
    });
    assert_eq!(says(&mut models).0, Standing::Ready);
    let slots = models.instruments(1).len();
    let mut understudy = Understudy::new(&network(9, &[1]), 1, slots);
    models.swap(&mut understudy).unwrap();
    assert_eq!(models.forecast(InstrumentId(1)).unwrap().standing, Standing::Warming);
    assert_eq!((0..6).map(|_| says(&mut models)).collect::<Vec<_>>(), fresh);
    // And back: the one that was there warms anew, too.
    models.swap(&mut understudy).unwrap();
    let again = says(&mut models);
    assert_eq!((again.0, again.3), (Standing::Warming, 8));
}

#[test]
fn who_does_not_fit_is_not_swapped_in() {
    let mut models = models(vec![network(8, &[0, 1])]);
    assert_eq!(models.instruments(0), [InstrumentId(0), InstrumentId(1)]);
    let why = models.swap(&mut Understudy::new(&network(9, &[1]), 0, 1)).unwrap_err();
    assert_eq!(why, Unfit::Slots { found: 1, expected: 2 });
    let why = models.swap(&mut Understudy::new(&network(9, &[1]), 3, 2)).unwrap_err();
    assert!(why.to_string().contains("none at place 3"), "{why}");
    assert_eq!(models.forecast(InstrumentId(1)).unwrap().horizon_ns, 8);
}

#[test]
fn advice_of_a_thread_becomes_a_forecast_with_probability_and_horizon() {
    let inputs = Inputs { places: vec![0], mean: vec![0.0], factor: vec![1.0] };
    let of = Elsewhere { inputs, warmup: 1, pace_ns: 0, age_ns_max: Nanos::SECOND };
    let mut models = models(vec![Given { form: Form::Beside(of), ..given(&[2], 0.0) }]);
    let features = Features { ready: u8::MAX, ..ready() };
    let at = |now: i64| {
        let mut view = view(2, BookState::Live);
        view.quote.stamp.recv_ns = Nanos(now);
        view
    };
    let made = forecast(&mut models, &at(5), &features);
    assert_eq!(made.standing, Standing::Warming);
    let advice = Advice { instrument: 2, serial: 1, row_ns: Nanos(5), bps: -0.75, up: 0.25 };
    assert!(models.advise(&advice));
    assert!(!models.advise(&advice), "no news");
    assert!(!models.advise(&Advice { instrument: 1, ..advice }), "not its instrument");
    let made = forecast(&mut models, &at(6), &features);
    assert_eq!((made.standing, made.horizon_ns), (Standing::Ready, 2 * Nanos::SECOND));
    let numbers = [made.expected_bps, made.up, made.down].map(f32::to_bits);
    assert_eq!(numbers, [-0.75_f32, 0.25, 0.75].map(f32::to_bits));
    let made = forecast(&mut models, &at(6 + Nanos::SECOND), &features);
    assert_eq!((made.standing, models.counts().late), (Standing::Failed, 1));
}
