//! Model: says what is expected of each instrument.
//!
//! In: [`Seen`]. Out: exactly one [`Outlook`] for each, whose forecast says where it stands.
//! Never: a forecast on a book that is not live or on features that are not ready, a number that is
//! none, a clock, an allocation after construction.

mod contract;
mod kind;
mod linear;
mod logistic;
mod lstm;
mod settings;

pub use contract::{Answer, Expected, Model};
pub use lstm::{Network, Outputs};
pub use settings::{Coefficients, Form, Given, Settings};

use kind::Kind;

use super::contract::{Emit, Idle, On};
use crate::base::{InstrumentId, Instruments};
use crate::event::{BookState, Forecast, Outlook, Seen, Standing};

/// The stage: every model of the process, and each instrument's latest forecast.
#[derive(Debug)]
pub struct Models {
    all: Box<[Loaded]>,
    /// By instrument.
    desks: Box<[Desk]>,
    counts: Counts,
}

/// How often a forecast stood where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// No model was meant for the instrument.
    pub absent: u64,
    /// The book was not live, or features were not ready.
    pub warming: u64,
    /// The model gave no number.
    pub failed: u64,
    /// There was one.
    pub ready: u64,
}

/// A model that was made.
#[derive(Debug)]
struct Loaded {
    kind: Kind,
    horizons: u8,
    horizon_ns: i64,
}

/// What is kept of one instrument.
#[derive(Clone, Debug)]
struct Desk {
    forecast: Forecast,
    /// Its model and its slot there.
    model: Option<(u16, u32)>,
}

impl Models {
    /// Makes the models; instruments that none is meant for get none.
    pub fn new(instruments: &Instruments, settings: &Settings) -> Models {
        assert!(settings.models.len() < usize::from(u16::MAX), "models are counted in 16 bits");
        let empty = Desk { forecast: Forecast::default(), model: None };
        let mut desks = vec![empty; instruments.len()];
        for (n, desk) in desks.iter_mut().enumerate() {
            desk.forecast.instrument = n as u32;
        }
        let all = settings.models.iter().enumerate().map(|(n, given)| {
            let mut slots = 0;
            for id in &given.instruments {
                if let Some(desk) = desks.get_mut(id.index())
                    && desk.model.is_none()
                {
                    desk.model = Some((n as u16, slots));
                    desk.forecast.horizon_ns = given.horizon_ns;
                    slots += 1;
                }
            }
            let kind = Kind::new(&given.form, slots as usize);
            Loaded { horizons: kind.horizons(), kind, horizon_ns: given.horizon_ns }
        });
        Models { all: all.collect(), desks: desks.into(), counts: Counts::default() }
    }

    /// How often a forecast stood where. Cold.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The latest forecast of an instrument; `None` where there is no such instrument. Cold.
    pub fn forecast(&self, id: InstrumentId) -> Option<&Forecast> {
        self.desks.get(id.index()).map(|desk| &desk.forecast)
    }
}

impl Desk {
    /// Asks the model, if it may be asked.
    #[inline(always)]
    fn update(&mut self, all: &mut [Loaded], seen: &Seen<'_>, counts: &mut Counts) {
        let forecast = &mut self.forecast;
        forecast.stamp = seen.view.quote.stamp;
        (forecast.expected_bps, forecast.up, forecast.down) = (0.0, 0.0, 0.0);
        let Some((model, slot)) = self.model else {
            forecast.standing = Standing::Absent;
            counts.absent += 1;
            return;
        };
        let model = &mut all[usize::from(model)];
        let is_live = seen.view.quote.state == BookState::Live;
        if !is_live || seen.features.ready & model.horizons != model.horizons {
            model.kind.forget(slot as usize);
            forecast.standing = Standing::Warming;
            counts.warming += 1;
            return;
        }
        let now = seen.view.quote.stamp.recv_ns;
        let expected = match model.kind.expect(now, seen.features, slot as usize) {
            Answer::Expected(expected) => expected,
            Answer::Warming => {
                forecast.standing = Standing::Warming;
                counts.warming += 1;
                return;
            }
            Answer::Failed => {
                forecast.standing = Standing::Failed;
                counts.failed += 1;
                return;
            }
        };
        debug_assert_eq!(forecast.horizon_ns, model.horizon_ns, "an instrument keeps its model");
        forecast.standing = Standing::Ready;
        forecast.expected_bps = expected.bps;
        forecast.up = expected.up;
        forecast.down = 1.0 - expected.up;
        counts.ready += 1;
    }
}

impl Idle for Models {
    #[inline]
    fn idle(&mut self) {
        self.all.iter_mut().for_each(|model| model.kind.rest());
    }
}

impl<'m> On<Seen<'m>> for Models {
    type Out<'a> = Outlook<'a>;

    #[inline]
    fn on(&mut self, seen: &Seen<'m>, out: &mut impl for<'a> Emit<Outlook<'a>>) {
        let Some(desk) = self.desks.get_mut(seen.view.quote.instrument().index()) else {
            return;
        };
        desk.update(&mut self.all, seen, &mut self.counts);
        let (view, features) = (seen.view, seen.features);
        out.emit(&Outlook { view, features, forecast: &desk.forecast });
    }
}

#[cfg(test)]
mod tests {
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
}
